//! Archives in all forms: what comes back, what is refused, and what is left behind.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use crate::common::{Expected, STAMP, expected, noise, publish, write};
use cpmove::*;

const FORMS: [Form; 3] = [Form::TarGz, Form::Tar, Form::Directory];

fn begin(directory: &Path, form: Form, replace: bool) -> Result<ArchiveWriter, WriteError> {
    let user = UserName::new("acct").unwrap();
    let compressor = Compressor::new(2).unwrap();
    ArchiveWriter::create(directory, &user, form, &compressor, replace, STAMP)
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn read_all(archive: &FinishedArchive) -> Result<Vec<Expected>, ReadBackError> {
    let mut members = Vec::new();
    archive.read_back(|member| {
        let mut content = Vec::new();
        member.data.read_to_end(&mut content)?;
        assert_eq!(member.size, content.len() as u64);
        let kind = match member.kind {
            ReadKind::Directory => 'd',
            ReadKind::File => 'f',
            ReadKind::HardLink { target } => {
                content = target.to_vec();
                'h'
            }
        };
        let (path, mode, mtime) = (member.path.to_vec(), member.mode, member.mtime);
        members.push(Expected { path, kind, mode, mtime, content });
        Ok(())
    })?;
    Ok(members)
}

#[test]
fn what_is_written_comes_back() {
    for form in FORMS {
        let directory = tempfile::tempdir().unwrap();
        let archive = write(directory.path(), form, 2);
        let found = read_all(&archive).unwrap();
        for (found, expected) in found.iter().zip(expected()) {
            assert!(*found == expected, "{form:?}: {}", expected.path.escape_ascii());
        }
        assert_eq!(found.len(), expected().len());
        // Whoever wants no content need not read it.
        let mut count = 0;
        archive
            .read_back(|_| {
                count += 1;
                Ok(())
            })
            .unwrap();
        assert_eq!(count, expected().len());
    }
}

#[test]
fn names_sizes_and_modes_of_the_archive_itself() {
    for (form, name, mode) in [
        (Form::TarGz, "cpmove-acct.tar.gz", 0o600),
        (Form::Tar, "cpmove-acct.tar", 0o600),
        (Form::Directory, "cpmove-acct", 0o700),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let archive = write(directory.path(), form, 2);
        let temporary = names(directory.path());
        assert_eq!(temporary.len(), 1);
        assert!(temporary[0].starts_with(&format!(".{name}.partial-")), "{temporary:?}");
        assert_eq!(archive.target(), directory.path().join(name));
        let size = archive.size();
        let path = archive.publish().unwrap();
        assert_eq!(path, directory.path().join(name));
        assert_eq!(names(directory.path()), [name]);
        let metadata = path.metadata().unwrap();
        assert_eq!(metadata.permissions().mode() & 0o7777, mode);
        if form == Form::Directory {
            let files: u64 = expected()
                .iter()
                .filter(|member| member.kind == 'f')
                .map(|member| member.content.len() as u64)
                .sum();
            assert_eq!(size, files);
            assert_eq!(metadata.mtime(), STAMP);
        } else {
            assert_eq!(size, metadata.len());
        }
    }
}

#[test]
fn same_bytes_for_any_number_of_threads() {
    let bytes = |threads| {
        let directory = tempfile::tempdir().unwrap();
        fs::read(write(directory.path(), Form::TarGz, threads).temporary_path()).unwrap()
    };
    let one = bytes(1);
    for threads in 2..=8 {
        assert!(bytes(threads) == one, "{threads} threads");
    }
}

/// Runs itself again under another umask, time zone and locale.
#[test]
fn same_bytes_in_any_surroundings() {
    const VARIABLE: &str = "CPMOVE_TEST_DIRECTORY";
    if let Some(directory) = std::env::var_os(VARIABLE) {
        for form in FORMS {
            publish(Path::new(&directory), form);
        }
        return;
    }
    let mut archives = Vec::new();
    for (umask, zone, locale) in
        [("000", "UTC", "C"), ("077", "Asia/Tokyo", "tr_TR.UTF-8"), ("777", "UTC", "C")]
    {
        let directory = tempfile::tempdir().unwrap();
        let child = Command::new("sh")
            .args(["-c", "umask $1; shift; exec \"$@\"", "sh", umask])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "archive::same_bytes_in_any_surroundings"])
            .envs([("TZ", zone), ("LC_ALL", locale)])
            .env(VARIABLE, directory.path())
            .current_dir("/")
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success() && output.contains("1 passed"), "{output}");
        let read = |name| fs::read(directory.path().join(name)).unwrap();
        let root = directory.path().join("cpmove-acct");
        let mode = |path: &str| root.join(path).metadata().unwrap().mode() & 0o7777;
        assert_eq!(mode(""), 0o700);
        assert_eq!(mode("homedir"), 0o711);
        assert_eq!(mode("homedir/mail/size512"), 0o640);
        assert_eq!(mode("homedir/mail/modes"), 0o407);
        archives.push((read("cpmove-acct.tar.gz"), read("cpmove-acct.tar")));
    }
    assert!(archives.iter().all(|pair| *pair == archives[0]));
}

/// Runs itself again where files may not grow beyond a limit, which is an error like a full disk.
#[test]
fn a_limit_on_files_is_an_error_and_leaves_nothing() {
    const VARIABLE: &str = "CPMOVE_TEST_LIMITED";
    if std::env::var_os(VARIABLE).is_some() {
        for form in FORMS {
            let directory = tempfile::tempdir().unwrap();
            let mut writer = begin(directory.path(), form, false).unwrap();
            let content = noise(1 << 20);
            let written = writer.file(b"x", 0o600, 1 << 20, 0, &mut content.as_slice());
            let error = match written.and_then(|()| writer.finish()) {
                Err(WriteError::Member { source, .. } | WriteError::Archive { source, .. }) => {
                    source
                }
                other => panic!("{form:?}: {other:?}"),
            };
            assert_eq!(error.kind(), io::ErrorKind::FileTooLarge, "{form:?}");
            assert!(names(directory.path()).is_empty());
        }
        return;
    }
    for blocks in ["1", "300", "2000"] {
        let child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f $1; shift; exec \"$@\"", "sh", blocks])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "archive::a_limit_on_files_is_an_error_and_leaves_nothing"])
            .env(VARIABLE, "1")
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success() && output.contains("1 passed"), "{blocks}: {output}");
    }
}

/// Gives some bytes, some of them with interruptions, and then fails or ends.
struct Source {
    data: Vec<u8>,
    at: usize,
    fails: bool,
    interrupted: bool,
}

impl Source {
    fn new(length: usize, fails: bool) -> Source {
        Source { data: noise(length), at: 0, fails, interrupted: false }
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if self.at == self.data.len() && self.fails {
            return Err(io::Error::other("the source broke"));
        }
        let count = buffer.len().min(self.data.len() - self.at).min(997);
        buffer[..count].copy_from_slice(&self.data[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[test]
fn content_must_be_as_long_as_announced() {
    const PATH: &[u8] = b"message";
    for form in FORMS {
        for (given, fails, message) in [
            (0, false, "member message was announced with 5000 bytes and ended after 0"),
            (4999, false, "member message was announced with 5000 bytes and ended after 4999"),
            (5001, false, "member message was announced with 5000 bytes and has more"),
            (0, true, "could not read the content of member message after 0 of 5000 bytes"),
            (4999, true, "could not read the content of member message after 4999 of 5000 bytes"),
            (5000, true, "could not read the content of member message after 5000 of 5000 bytes"),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let mut writer = begin(directory.path(), form, false).unwrap();
            let error =
                writer.file(PATH, 0o600, 5000, 0, &mut Source::new(given, fails)).unwrap_err();
            assert_eq!(error.to_string(), message);
            // Nothing more goes in, and no archive comes out.
            let again = writer.file(b"next", 0o600, 0, 0, &mut io::empty());
            assert!(matches!(again, Err(WriteError::Poisoned)));
            assert!(matches!(writer.directory(b"d", 0o700), Err(WriteError::Poisoned)));
            assert!(matches!(writer.finish(), Err(WriteError::Poisoned)));
            assert!(names(directory.path()).is_empty());
        }
        let directory = tempfile::tempdir().unwrap();
        let mut writer = begin(directory.path(), form, false).unwrap();
        writer.file(PATH, 0o600, 5000, 0, &mut Source::new(5000, false)).unwrap();
        let found = read_all(&writer.finish().unwrap()).unwrap();
        assert!(found[0].content == noise(5000));
    }
}

#[test]
fn a_size_that_is_only_claimed_takes_no_memory() {
    for form in FORMS {
        let directory = tempfile::tempdir().unwrap();
        let mut writer = begin(directory.path(), form, false).unwrap();
        let error = writer.file(b"huge", 0o600, u64::MAX / 4, 0, &mut &b"x"[..]).unwrap_err();
        assert!(matches!(error, WriteError::TooShort { given: 1, .. }), "{error}");
    }
}

#[test]
fn refused_members_leave_the_archive_whole() {
    for form in FORMS {
        let directory = tempfile::tempdir().unwrap();
        let mut writer = begin(directory.path(), form, false).unwrap();
        let refused = |result: Result<(), WriteError>| result.unwrap_err().to_string();
        writer.directory(b"a", 0o700).unwrap();
        writer.file(b"a/b", 0o600, 1, 0, &mut &b"x"[..]).unwrap();
        for (path, message) in [
            (
                &b"/etc/passwd"[..],
                "member /etc/passwd cannot be written: the path has an empty component",
            ),
            (
                b"a/../../x",
                "member a/../../x cannot be written: the path has the component . or ..",
            ),
            (b"", "member  cannot be written: the path is empty"),
            (b"a/x\ny", "member a/x\\ny cannot be written: the path holds byte 0x0a"),
            (b"a/\x1b[0m\0", "member a/\\x1b[0m\\x00 cannot be written: the path holds byte 0x00"),
            (b"a/b", "member a/b was written before"),
            (b"a", "member a was written before"),
            (b"a/b/c", "the directory of member a/b/c was not written before it"),
            (b"new/c", "the directory of member new/c was not written before it"),
        ] {
            let result = writer.file(path, 0o600, 1, 0, &mut &b"y"[..]);
            assert_eq!(refused(result), message);
        }
        assert_eq!(refused(writer.directory(b"a/b", 0o700)), "member a/b was written before");
        for (target, shown) in [(&b"a"[..], "a"), (b"a/later", "a/later"), (b"../x", "../x")] {
            assert_eq!(
                refused(writer.hard_link(b"a/l", target, 0o600, 0)),
                format!("hard link a/l leads to {shown}, which is no file written before it")
            );
        }
        // A directory may be said twice.
        writer.directory(b"a", 0o755).unwrap();
        let found = read_all(&writer.finish().unwrap()).unwrap();
        let found: Vec<(&[u8], u32)> = found.iter().map(|m| (&m.path[..], m.mode)).collect();
        assert_eq!(found, [(&b"a"[..], 0o700), (&b"a/b"[..], 0o600)]);
    }
}

#[test]
fn an_archive_that_exists_is_kept_unless_told_otherwise() {
    for form in FORMS {
        let directory = tempfile::tempdir().unwrap();
        let target = publish(directory.path(), form);
        let before = names(directory.path());
        let error = begin(directory.path(), form, false).unwrap_err();
        assert_eq!(error.to_string(), format!("{} exists already", target.display()));

        let mut writer = begin(directory.path(), form, true).unwrap();
        writer.file(b"new", 0o600, 3, 0, &mut &b"new"[..]).unwrap();
        let archive = writer.finish().unwrap();
        assert_eq!(archive.publish().unwrap(), target);
        assert_eq!(names(directory.path()), before);
        if form == Form::Directory {
            assert_eq!(names(&target), ["new"]);
        } else {
            assert!(target.metadata().unwrap().len() < 10_000);
        }
    }
}

#[test]
fn an_archive_that_comes_up_meanwhile_is_kept() {
    for form in FORMS {
        let directory = tempfile::tempdir().unwrap();
        let archive = write(directory.path(), form, 1);
        let target = archive.target().to_owned();
        if form == Form::Directory {
            fs::create_dir(&target).unwrap();
            fs::write(target.join("theirs"), "theirs").unwrap();
        } else {
            fs::write(&target, "theirs").unwrap();
        }
        let error = archive.publish().unwrap_err();
        assert!(matches!(error, WriteError::TargetExists { .. }), "{error}");
        let kept = if form == Form::Directory { target.join("theirs") } else { target };
        assert_eq!(fs::read(kept).unwrap(), b"theirs");
        assert_eq!(names(directory.path()).len(), 1);
    }
}

#[test]
fn what_is_dropped_is_removed() {
    for form in FORMS {
        let directory = tempfile::tempdir().unwrap();
        let mut writer = begin(directory.path(), form, false).unwrap();
        writer.directory(b"a", 0o700).unwrap();
        writer.file(b"a/b", 0o600, 3, 0, &mut &b"new"[..]).unwrap();
        drop(writer);
        assert!(names(directory.path()).is_empty());
        drop(write(directory.path(), form, 1));
        assert!(names(directory.path()).is_empty());
    }
}

#[test]
fn a_directory_that_is_not_there() {
    let error = begin(Path::new("/nonexistent"), Form::TarGz, false).unwrap_err();
    assert_eq!(error.to_string(), "could not create a temporary file in /nonexistent");
}
