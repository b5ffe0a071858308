//! Zips of other programs: Python, Info-ZIP, 7-Zip, and the `zip` crate.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{METADATA, damage, files, open, tree};

/// Runs a program that must be there and succeed.
#[track_caller]
fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {complaint}");
}

/// A tree on disk, with names and contents of all kinds.
fn made(directory: &Path) -> PathBuf {
    let root = directory.join("tree");
    let long: Vec<u8> =
        (0..50_000_u32).flat_map(|number| (number * number).to_le_bytes()).collect();
    let zeros = vec![0; 300_000];
    for (path, content) in [
        (METADATA.0, METADATA.1),
        ("empty", b""),
        ("domains/a.example/backup_domainmail_2401151030.zip", &long),
        ("domains/a.example/zeros", &zeros),
        ("mail/Entwürfe/1.MAI", b"message"),
        ("mail/with blank/x", b"x"),
    ] {
        fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        fs::write(root.join(path), content).unwrap();
        let file = fs::File::options().write(true).open(root.join(path)).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_705_314_621);
        file.set_modified(time).unwrap();
    }
    root
}

/// The zip at `path` must hold what the tree holds, and nothing may be wrong with it. Times are
/// compared where the program writes them in UTC.
fn compare(path: &Path, root: &Path, exact_times: bool) {
    let (_directory, opened) = open(&fs::read(path).unwrap());
    assert_eq!(damage(&opened), Vec::<String>::new(), "{}", path.display());
    let mut found: Vec<(String, Vec<u8>)> =
        files(&opened).into_iter().map(|(name, bytes)| (name, bytes.unwrap())).collect();
    found.sort();
    let mut expected = tree(root);
    expected.retain(|(name, _)| name != METADATA.0);
    assert!(found == expected, "{}", path.display());
    if exact_times {
        for (_, entry) in opened.tree().iter() {
            assert_eq!(entry.mtime, 1_705_314_621, "{}", path.display());
        }
    }
}

#[test]
fn info_zip() {
    let directory = tempfile::tempdir().unwrap();
    let root = made(directory.path());
    for (number, options) in
        [&["-r"][..], &["-r", "-0"], &["-r", "-fz"], &["-r", "-fd"], &["-r", "-D"]]
            .iter()
            .enumerate()
    {
        let path = directory.path().join(format!("{number}.zip"));
        let mut zip = Command::new("zip");
        run(zip.args(*options).args(["-q"]).arg(&path).arg(".").current_dir(&root));
        compare(&path, &root, true);
    }
    // Written to a pipe, so that sizes follow the files.
    let path = directory.path().join("pipe.zip");
    let script = "zip -q -r - . | cat > \"$0\"";
    run(Command::new("sh").args(["-c", script]).arg(&path).current_dir(&root));
    compare(&path, &root, true);
}

#[test]
fn seven_zip() {
    let directory = tempfile::tempdir().unwrap();
    let root = made(directory.path());
    for (number, option) in ["-mm=Deflate", "-mm=Copy"].iter().enumerate() {
        let path = directory.path().join(format!("{number}.zip"));
        let mut zip = Command::new("7zz");
        run(zip.args(["a", "-tzip", "-bd", option]).arg(&path).arg(".").current_dir(&root));
        compare(&path, &root, false);
    }
    // Encrypted: each file says so.
    let path = directory.path().join("secret.zip");
    let mut zip = Command::new("7zz");
    run(zip.args(["a", "-tzip", "-bd", "-psecret"]).arg(&path).arg(".").current_dir(&root));
    let (_directory, opened) = open(&fs::read(&path).unwrap());
    let text = damage(&opened);
    assert_eq!(text.len(), 1, "{text:?}");
    assert!(
        text[0].contains("and 5 more files of the zip: cannot be read: it is encrypted"),
        "{text:?}"
    );
}

#[test]
fn python() {
    let directory = tempfile::tempdir().unwrap();
    let root = made(directory.path());
    let script = r#"
import os, sys, zipfile, io
root, out, method, way = sys.argv[1:]
method = getattr(zipfile, method)
class Pipe(io.RawIOBase):
    def __init__(self, path): self.file = open(path, "wb")
    def writable(self): return True
    def write(self, data): return self.file.write(data)
target = Pipe(out) if way == "pipe" else out
with zipfile.ZipFile(target, "w", method) as archive:
    for place, directories, names in sorted(os.walk(root)):
        for name in sorted(names):
            path = os.path.join(place, name)
            entry = zipfile.ZipInfo.from_file(path, os.path.relpath(path, root))
            entry.compress_type = method
            if way == "windows":
                entry.create_system = 0
            with archive.open(entry, "w", force_zip64=way == "wide") as out:
                out.write(open(path, "rb").read())
"#;
    for method in ["ZIP_STORED", "ZIP_DEFLATED"] {
        for way in ["plain", "pipe", "wide", "windows"] {
            let path = directory.path().join(format!("{method}-{way}.zip"));
            let mut python = Command::new("python3");
            run(python.args(["-c", script]).arg(&root).arg(&path).args([method, way]));
            compare(&path, &root, false);
        }
    }
}
