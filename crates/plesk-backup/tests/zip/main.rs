//! Zip, as the whole backup and as an archive in it: what other programs wrote, what nobody should
//! write, and what is cut.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod builder;
mod cut;
mod every_byte;
mod hostile;
mod large;
mod names;
mod nested;
mod other_programs;
mod properties;
mod salvage;
mod together;

use std::convert::Infallible;
use std::fs;
use std::io::Read;
use std::path::Path;

use plesk_backup::{Backup, ContentArchive, Damage, EntryId, MemberKind, WalkEnd};

/// Makes a zip pass for a backup.
const METADATA: (&str, &[u8]) = ("backup_info_2401151030.xml", b"<migration-dump/>");
const STAMPED: &str = "backup_domainmail_2401151030.zip";

/// A file of a tree: its path and its bytes, or why it could not be read.
type Read1 = (String, Result<Vec<u8>, String>);

/// Opens bytes as a backup.
fn open(bytes: &[u8]) -> (tempfile::TempDir, Backup) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("backup.zip");
    fs::write(&path, bytes).unwrap();
    let backup = Backup::open(&path).unwrap();
    (directory, backup)
}

fn read(backup: &Backup, id: EntryId) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut reader = backup.tree().open(id).map_err(|error| error.to_string())?;
    reader.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// All files in order, without the metadata.
fn files(backup: &Backup) -> Vec<Read1> {
    backup
        .tree()
        .iter()
        .filter(|(_, entry)| entry.path != METADATA.0.as_bytes())
        .map(|(id, entry)| (String::from_utf8_lossy(&entry.path).into_owned(), read(backup, id)))
        .collect()
}

fn damage(backup: &Backup) -> Vec<String> {
    backup.damage().iter().map(Damage::to_string).collect()
}

/// A directory in which bytes lie as the mail archive of a backup.
fn with_archive(bytes: &[u8]) -> (tempfile::TempDir, Backup) {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(METADATA.0), METADATA.1).unwrap();
    fs::write(directory.path().join(STAMPED), bytes).unwrap();
    let backup = Backup::open(directory.path()).unwrap();
    (directory, backup)
}

fn archive(backup: &Backup, path: &str) -> ContentArchive {
    backup.open_archive(backup.tree().find(path).unwrap()).unwrap()
}

/// Members in order: path, kind, time, and bytes or why they could not be read.
struct Seen {
    path: String,
    kind: MemberKind,
    mtime: i64,
    bytes: Result<Vec<u8>, String>,
}

fn walk(archive: ContentArchive) -> (Vec<Seen>, WalkEnd) {
    let mut seen = Vec::new();
    let end = archive
        .walk(|member| {
            let mut bytes = Vec::new();
            let read = member.read_to_end(&mut bytes).map_err(|error| error.to_string());
            seen.push(Seen {
                path: String::from_utf8_lossy(&member.path).into_owned(),
                kind: member.kind.clone(),
                mtime: member.mtime,
                bytes: read.map(|_| bytes),
            });
            Ok::<(), Infallible>(())
        })
        .unwrap();
    (seen, end)
}

/// The same through the mail archive of a backup.
fn walk_bytes(bytes: &[u8]) -> (Vec<Seen>, WalkEnd) {
    let (_directory, backup) = with_archive(bytes);
    walk(archive(&backup, STAMPED))
}

fn names(seen: &[Seen]) -> Vec<&str> {
    seen.iter().map(|seen| seen.path.as_str()).collect()
}

fn all_damage(end: &WalkEnd) -> Vec<String> {
    end.all_damage().map(ToString::to_string).collect()
}

/// The regular files below a directory, sorted.
fn tree(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut pending = vec![root.to_path_buf()];
    while let Some(directory) = pending.pop() {
        for item in fs::read_dir(directory).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}
