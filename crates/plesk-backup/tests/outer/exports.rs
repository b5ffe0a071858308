//! Several exports at once: a chain, a directory full of them.

use std::fs;
use std::path::PathBuf;

use plesk_backup::{Backup, Damage, OpenError};
use plesk_fixture::{MailboxSource, MemoryFile, Spec, corrupt, pack_directory, pack_tar};

use super::{damage, error, exported, files, forms, open, spec};

/// A full backup and an increment of it, each exported for itself.
fn chain() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let (full, increment) =
        (directory.path().join("full.tar"), directory.path().join("increment.tar"));
    pack_tar(&spec("2401151030"), &full).unwrap();
    let next = Spec { base_stamp: Some("2401151030".into()), ..spec("2401161030") };
    pack_tar(&next, &increment).unwrap();
    (directory, full, increment)
}

#[test]
fn a_chain_becomes_one_tree() {
    let (directory, full, increment) = chain();
    let mut all = files(&Backup::open(&full).unwrap());
    all.extend(files(&Backup::open(&increment).unwrap()));
    for given in [&[full.as_path(), &increment][..], &[directory.path()]] {
        let backup = open(given).unwrap();
        assert_eq!(forms(&backup), ["tar", "tar"]);
        assert_eq!(damage(&backup), Vec::<String>::new());
        let mut found = files(&backup);
        for about in ["dump-header", "dump-index", "archive-index"] {
            // They differ from export to export, and the first is kept.
            assert!(found.remove(about).is_some() && all.remove(about).is_some());
        }
        assert!(found == all);
        all.extend([about("dump-header"), about("dump-index"), about("archive-index")]);
    }
}

fn about(name: &str) -> (String, Vec<u8>) {
    (name.to_owned(), Vec::new())
}

#[test]
fn the_same_files_twice_are_one() {
    let (directory, path) = exported();
    let whole = files(&Backup::open(&path).unwrap());
    let copy = directory.path().join("again.tar");
    fs::copy(&path, &copy).unwrap();
    let backup = open(&[&path, &copy]).unwrap();
    assert!(files(&backup) == whole && backup.damage().is_empty());
    // A copy that is cut adds nothing and takes nothing.
    let size = fs::metadata(&copy).unwrap().len();
    corrupt::truncate(&copy, size / 2).unwrap();
    for given in [[path.as_path(), &copy], [&copy, path.as_path()]] {
        let backup = open(&given).unwrap();
        assert!(files(&backup) == whole);
        let told = damage(&backup);
        let cut = "`again.tar`: the backup ends at byte";
        assert!(told.iter().any(|it| it.starts_with(cut)), "{told:?}");
        let taken = told.iter().find(|it| it.contains("the latter was taken")).unwrap();
        let of = format!("and in `{}`", path.file_name().unwrap().to_str().unwrap());
        assert!(taken.contains(&of), "{taken}");
    }
}

#[test]
fn a_file_that_differs_is_told_and_different_backups_are_refused() {
    let (directory, path) = exported();
    let other = directory.path().join("other.tar");
    // The same metadata, another archive.
    fs::copy(&path, &other).unwrap();
    let archive = corrupt::member_range(&other, "backup_user-data_2401151030.tzst").unwrap();
    corrupt::flip(&other, archive.start + 20).unwrap();
    let backup = open(&[&path, &other]).unwrap();
    let [Damage::InTwoBackups { path: member, kept, dropped, .. }] = backup.damage() else {
        panic!("{:?}", backup.damage())
    };
    assert_eq!(member, b"backup_user-data_2401151030.tzst");
    assert_eq!(
        (kept.as_str(), dropped.as_str()),
        ("backup_example.com_2401151030.tar", "other.tar")
    );

    let mut changed = spec("2401151030");
    changed.subscriptions[0].name = "example.org".into();
    changed.subscriptions[0].mailboxes[0].source =
        Some(MailboxSource::Files(vec![MemoryFile::file("Maildir/cur/1.h:2,", 1, "A: b\n\nc\n")]));
    pack_tar(&changed, &other).unwrap();
    let refused = error(&[&path, &other]);
    let OpenError::DifferentBackups { member, .. } = &refused else { panic!("{refused}") };
    assert_eq!(member, "backup_info_2401151030.xml");
}

#[test]
fn a_directory_of_exports_tells_what_was_not_used() {
    let (directory, _, increment) = chain();
    plesk_fixture::split(&increment, 15_000).unwrap();
    let place = |name: &str| directory.path().join(name);
    fs::write(place("README"), "Backups of example.com\n").unwrap();
    fs::write(place("photo.jpg"), b"\xff\xd8\xff\xe0\0\x10JFIF").unwrap();
    let mut foreign = tar::Builder::new(fs::File::create(place("site.tar")).unwrap());
    let mut header = tar::Header::new_gnu();
    header.set_size(1);
    foreign.append_data(&mut header, "index.html", &b"x"[..]).unwrap();
    foreign.into_inner().unwrap();
    fs::create_dir(place("old")).unwrap();
    let backup = open(&[directory.path()]).unwrap();
    assert_eq!(forms(&backup), ["tar", "parts of tar"]);
    let unused: Vec<(String, &str)> = backup
        .unused()
        .iter()
        .map(|it| (it.path.file_name().unwrap().to_str().unwrap().to_owned(), it.what.as_str()))
        .collect();
    let expected = [
        ("README", "text"),
        ("old", "a directory"),
        ("photo.jpg", "a JPEG image"),
        ("site.tar", "a tar archive without anything of Plesk's (first in it: `index.html`)"),
    ];
    assert_eq!(unused, expected.map(|(name, what)| (name.to_owned(), what)));
}

#[test]
fn an_unpacked_tree_and_an_export_go_together() {
    let (directory, full, increment) = chain();
    let tree = directory.path().join("tree");
    pack_directory(&spec("2401151030"), &tree).unwrap();
    let backup = open(&[&tree, &increment]).unwrap();
    assert_eq!(forms(&backup), ["directory", "tar"]);
    let both = open(&[&full, &increment]).unwrap();
    let paths = |backup: &Backup| -> Vec<String> {
        files(backup).into_keys().filter(|name| name.starts_with("backup_")).collect()
    };
    assert_eq!(paths(&backup), paths(&both));
}

#[test]
fn a_name_tells_the_domain_only_when_all_names_agree() {
    let (directory, path) = exported();
    // Without metadata there is nothing but the name of the file.
    let strip = |path: &std::path::Path| {
        let archive = corrupt::member_range(path, "backup_domainmail_2401151030.tzst").unwrap();
        corrupt::truncate(path, archive.end).unwrap();
    };
    strip(&path);
    let domain = |paths: &[&std::path::Path]| {
        let described = open(paths).unwrap().describe();
        described.map(|it| it.subscriptions[0].domain.ascii_name.clone())
    };
    assert_eq!(domain(&[&path]).unwrap(), "example.com");
    let other = directory.path().join("backup_example.org_2401161030.tar");
    pack_tar(&spec("2401161030"), &other).unwrap();
    let archive = corrupt::member_range(&other, "backup_domainmail_2401161030.tzst").unwrap();
    corrupt::truncate(&other, archive.end).unwrap();
    assert_eq!(domain(&[&other]).unwrap(), "example.org");
    assert!(domain(&[&path, &other]).is_err(), "mail of two domains is not given to one");
}
