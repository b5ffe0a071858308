//! Damage is where it was asked for, and other programs see it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use plesk_fixture::{Spec, corrupt, pack_directory, pack_tar};
use tempfile::TempDir;

use super::text;

fn file(content: &[u8]) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, content).unwrap();
    (directory, path)
}

#[test]
fn each_step_changes_what_it_says() {
    let (_directory, path) = file(b"0123456789");
    let now = || String::from_utf8(fs::read(&path).unwrap()).unwrap();
    corrupt::truncate(&path, 8).unwrap();
    assert_eq!(now(), "01234567");
    corrupt::overwrite(&path, 6, b"xy").unwrap();
    assert_eq!(now(), "012345xy");
    corrupt::remove_range(&path, 1..5).unwrap();
    assert_eq!(now(), "05xy");
    corrupt::prepend(&path, b"<").unwrap();
    corrupt::append(&path, b">").unwrap();
    assert_eq!(now(), "<05xy>");
    corrupt::replace(&path, b"5x", b"five").unwrap();
    assert_eq!(now(), "<0fivey>");
    corrupt::cut_xml(&path, "ive").unwrap();
    assert_eq!(now(), "<0f");
    corrupt::flip(&path, 1).unwrap();
    assert_eq!(fs::read(&path).unwrap(), [b'<', !b'0', b'f']);
}

#[test]
fn steps_that_would_change_nothing_are_refused() {
    let (_directory, path) = file(b"0123");
    assert!(corrupt::truncate(&path, 4).is_err());
    assert!(corrupt::flip(&path, 4).is_err());
    assert!(corrupt::overwrite(&path, 3, b"xy").is_err());
    assert!(corrupt::remove_range(&path, 2..5).is_err());
    assert!(corrupt::replace(&path, b"5", b"").is_err());
    assert!(corrupt::cut_xml(&path, "5").is_err());
    assert_eq!(fs::read(&path).unwrap(), b"0123");
}

#[test]
fn a_flipped_byte_breaks_the_archive_for_zstd() {
    let directory = tempfile::tempdir().unwrap();
    pack_directory(&Spec::sample(), directory.path()).unwrap();
    let archive = directory.path().join("domains/example.com/backup_domainmail_2401151030.tzst");
    let sound = || Command::new("zstd").args(["-tq", text(&archive)]).output().unwrap().status;
    assert!(sound().success());
    let middle = fs::metadata(&archive).unwrap().len() / 2;
    corrupt::flip(&archive, middle).unwrap();
    assert!(!sound().success());
}

#[test]
fn members_of_the_outer_tar_are_found() {
    let directory = tempfile::tempdir().unwrap();
    let tar = directory.path().join("backup.tar");
    pack_tar(&Spec::sample(), &tar).unwrap();
    let member = "domains/example.com/backup_domainmail_2401151030.tzst";
    let range = corrupt::member_range(&tar, member).unwrap();
    let bytes = fs::read(&tar).unwrap();
    let start = usize::try_from(range.start).unwrap();
    assert_eq!(bytes[start..start + 4], [0x28, 0xb5, 0x2f, 0xfd]);
    // The next header follows at the next block.
    let next = usize::try_from(range.end).unwrap().next_multiple_of(512);
    assert!(bytes[next..].starts_with(b"domains/example.com/sites/addon.test/"));
    assert!(corrupt::member_range(&tar, "nothing").is_err());
}
