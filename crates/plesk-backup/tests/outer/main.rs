//! The outer forms: whatever is around a backup, the same files are in it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod compressed;
mod exports;
mod parts;
mod volumes;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use plesk_backup::{Backup, OpenError, OpenOptions};
use plesk_fixture::{Level, Spec, pack_tar};

/// Path in the tree and bytes of every file.
type Files = BTreeMap<String, Vec<u8>>;

/// An exported subscription in a directory of its own.
fn exported() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("backup_example.com_2401151030.tar");
    pack_tar(&spec("2401151030"), &path).unwrap();
    (directory, path)
}

fn spec(stamp: &str) -> Spec {
    Spec { level: Level::Subscription, stamp: stamp.to_owned(), ..Spec::sample() }
}

fn open(paths: &[&Path]) -> Result<Backup, OpenError> {
    let paths: Vec<PathBuf> = paths.iter().map(|path| path.to_path_buf()).collect();
    Backup::open_with(&paths, &OpenOptions::default())
}

fn files(backup: &Backup) -> Files {
    let mut files = Files::new();
    for (id, entry) in backup.tree().iter() {
        let mut bytes = Vec::new();
        backup.tree().open(id).unwrap().read_to_end(&mut bytes).unwrap();
        files.insert(String::from_utf8(entry.path.clone()).unwrap(), bytes);
    }
    files
}

/// What the backup was opened from, in words.
fn forms(backup: &Backup) -> Vec<String> {
    backup.origins().iter().map(ToString::to_string).collect()
}

fn damage(backup: &Backup) -> Vec<String> {
    backup.damage().iter().map(ToString::to_string).collect()
}

fn error(paths: &[&Path]) -> OpenError {
    match open(paths) {
        Ok(backup) => panic!("it was opened as {:?}", forms(&backup)),
        Err(error) => error,
    }
}

/// Names of the files in a directory, sorted.
fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
