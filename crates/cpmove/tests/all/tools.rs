//! Archives as other people's programs read them: GNU tar, gzip, Python and Perl.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use crate::common::{Expected, STAMP, expected, publish};
use cpmove::*;

/// Runs a program that must be there and succeed without complaint.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {complaint}");
    assert_eq!(complaint, "", "{command:?}");
    output.stdout
}

#[test]
fn gzip_and_perl_inflate_the_whole_archive() {
    let directory = tempfile::tempdir().unwrap();
    let packed = publish(directory.path(), Form::TarGz);
    let plain = fs::read(publish(directory.path(), Form::Tar)).unwrap();
    run(Command::new("gzip").arg("-t").arg(&packed));
    assert!(run(Command::new("gzip").arg("-dc").arg(&packed)) == plain);
    // Without MultiStream, which nobody sets, only the first member is read.
    let script = "use IO::Uncompress::Gunzip qw(gunzip $GunzipError);
        binmode STDOUT; gunzip $ARGV[0] => \\*STDOUT or die $GunzipError;";
    assert!(run(Command::new("perl").args(["-e", script]).arg(&packed)) == plain);
}

#[test]
fn gnu_tar_unpacks_what_was_written() {
    for form in [Form::TarGz, Form::Tar] {
        let directory = tempfile::tempdir().unwrap();
        let archive = publish(directory.path(), form);
        let target = directory.path().join("unpacked");
        fs::create_dir(&target).unwrap();
        let mut tar = Command::new("tar");
        // As a restore calls it; old times are worth a warning to tar, and nothing else is.
        tar.args(["--preserve-permissions", "--no-same-owner", "--warning=no-timestamp", "-xf"]);
        run(tar.arg(&archive).arg("-C").arg(&target));
        assert_eq!(fs::read_dir(&target).unwrap().count(), 1, "one top directory");
        let root = target.join("cpmove-acct");
        let mut found = BTreeMap::new();
        collect(&root, &root, &mut found);
        compare(&found, &root);
    }
}

/// The directory form is what GNU tar would have unpacked.
#[test]
fn the_directory_form_is_the_same_tree() {
    let directory = tempfile::tempdir().unwrap();
    let root = publish(directory.path(), Form::Directory);
    let mut found = BTreeMap::new();
    collect(&root, &root, &mut found);
    compare(&found, &root);
}

fn collect(root: &Path, place: &Path, found: &mut BTreeMap<Vec<u8>, Expected>) {
    for entry in fs::read_dir(place).unwrap() {
        let path = entry.unwrap().path();
        let metadata = path.symlink_metadata().unwrap();
        let name = path.strip_prefix(root).unwrap().as_os_str().as_bytes().to_vec();
        let (kind, content) = if metadata.is_dir() {
            collect(root, &path, found);
            ('d', Vec::new())
        } else {
            ('f', fs::read(&path).unwrap())
        };
        let (mode, mtime) = (metadata.mode() & 0o7777, metadata.mtime());
        found.insert(name.clone(), Expected { path: name, kind, mode, mtime, content });
    }
}

#[track_caller]
fn compare(found: &BTreeMap<Vec<u8>, Expected>, root: &Path) {
    let inode =
        |path: &[u8]| root.join(std::ffi::OsStr::from_bytes(path)).metadata().unwrap().ino();
    assert_eq!(found.len(), expected().len());
    for member in expected() {
        let name = member.path.escape_ascii();
        let there = found.get(&member.path).unwrap_or_else(|| panic!("no {name}"));
        if member.kind == 'h' {
            assert_eq!(inode(&member.path), inode(&member.content), "{name}");
        } else {
            assert!(*there == member, "{name} is otherwise");
        }
    }
}

#[test]
fn python_reads_every_member() {
    const SCRIPT: &str = r#"
import sys, tarfile
with tarfile.open(sys.argv[1]) as archive:
    for m in archive:
        kind = "d" if m.isdir() else "f" if m.isreg() else "h" if m.islnk() else m.type
        name = m.name.encode("utf-8", "surrogateescape").hex()
        link = m.linkname.encode("utf-8", "surrogateescape").hex()
        content = archive.extractfile(m).read().hex() if kind == "f" else link
        owner = (m.uid, m.gid, m.uname, m.gname) == (0, 0, "", "")
        print(name, kind, "%o" % m.mode, m.mtime, owner, content)
"#;
    let hex =
        |bytes: &[u8]| bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let top = |path: &[u8]| hex(&[b"cpmove-acct/", path].concat());
    let mut wanted = vec![format!("{} d 700 {STAMP} True ", hex(b"cpmove-acct"))];
    for Expected { path, kind, mode, mtime, content } in expected() {
        let content = if kind == 'h' { top(&content) } else { hex(&content) };
        let name = top(&path);
        wanted.push(format!("{name} {kind} {mode:o} {mtime} True {content}"));
    }
    for form in [Form::TarGz, Form::Tar] {
        let directory = tempfile::tempdir().unwrap();
        let archive = publish(directory.path(), form);
        let found = run(Command::new("python3").args(["-c", SCRIPT]).arg(&archive));
        let found = String::from_utf8(found).unwrap();
        for (found, wanted) in found.lines().zip(&wanted) {
            let start = |line: &str| line.chars().take(300).collect::<String>();
            assert!(found == wanted, "{} instead of {}", start(found), start(wanted));
        }
        assert_eq!(found.lines().count(), wanted.len());
    }
}

/// crypt(3) of the system, through Perl.
#[test]
fn crypt_accepts_hashed_passwords() {
    let long = "x".repeat(511);
    for password in ["a", "open sesame", "päss\"wörd: $1 \\ '", &long] {
        let hash = hash_password(password, b"server\0anna@example.com").unwrap();
        let script = "print crypt($ARGV[0], $ARGV[1])";
        let found = run(Command::new("perl").args(["-e", script, password, hash.as_str()]));
        assert_eq!(String::from_utf8(found).unwrap(), hash.as_str());
        assert!(hash.as_str().starts_with("$6$"));
    }
}
