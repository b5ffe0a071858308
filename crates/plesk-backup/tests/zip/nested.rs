//! Archives inside of a zip: read in place, streamed, or copied.

use std::convert::Infallible;
use std::fs;

use plesk_backup::{
    ArchiveError, ArchiveFormat, Backup, ContentFile, ContentRef, DamageKind, OpenOptions, Spool,
};

use crate::builder::{File, deflate, zip};
use crate::{METADATA, STAMPED, archive, names, walk};

fn inner() -> Vec<u8> {
    let long: Vec<u8> = (0..9000_u32).flat_map(|number| (number * number).to_le_bytes()).collect();
    zip([File::new("anna/new/1", b"message"), File::deflated("anna/new/2", &long)]).bytes
}

fn outer(deflated: bool, bytes: &[u8]) -> (tempfile::TempDir, Backup) {
    let metadata = File::deflated(METADATA.0, METADATA.1);
    let file = File { deflated, ..File::new(STAMPED, bytes) };
    crate::open(&zip([file, metadata]).bytes)
}

/// The same backup with another place for copies.
fn reopen(directory: &tempfile::TempDir, spool: Spool) -> Backup {
    let options = OpenOptions { spool, ..OpenOptions::default() };
    Backup::open_with(&[directory.path().join("backup.zip")], &options).unwrap()
}

#[test]
fn a_zip_in_a_zip() {
    for deflated in [false, true] {
        let (_directory, backup) = outer(deflated, &inner());
        let opened = archive(&backup, STAMPED);
        assert_eq!((opened.format, opened.leading_garbage), (ArchiveFormat::Zip, 0));
        let (seen, end) = walk(opened);
        assert_eq!((names(&seen), end.damage), (vec!["anna/new/1", "anna/new/2"], None));
        assert_eq!(seen[0].bytes.as_deref(), Ok(&b"message"[..]));
        assert_eq!(seen[1].bytes.as_ref().unwrap().len(), 36_000);
    }
}

#[test]
fn a_copy_leaves_nothing_behind_and_has_a_limit() {
    let (directory, backup) = outer(true, &inner());
    let place = tempfile::tempdir_in(directory.path()).unwrap();
    let spool = |limit| Spool { directory: Some(place.path().to_owned()), limit };
    let size = inner().len() as u64;
    let id = backup.tree().find(STAMPED).unwrap();
    let backup = reopen(&directory, spool(Some(size)));
    let opened = backup.open_archive(id).unwrap();
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    assert_eq!(walk(opened).1.members, 2);
    let backup = reopen(&directory, spool(Some(size - 1)));
    let error = backup.open_archive(id).unwrap_err();
    assert!(matches!(error, ArchiveError::SpoolLimit { limit, .. } if limit == size - 1));
    let text = error.to_string();
    assert!(text.contains(STAMPED) && text.contains(place.path().to_str().unwrap()), "{text}");
    let nowhere = directory.path().join("nowhere");
    let backup = reopen(&directory, Spool { directory: Some(nowhere.clone()), limit: None });
    let error = backup.open_archive(id).unwrap_err().to_string();
    let expected = format!("cannot unpack `{STAMPED}` into `{}`", nowhere.display());
    assert_eq!(error, expected);
    // What lies in the backup as it is needs no copy.
    let (directory, _backup) = outer(false, &inner());
    let plain = reopen(&directory, Spool { directory: Some(nowhere), limit: Some(0) });
    assert_eq!(walk(archive(&plain, STAMPED)).1.members, 2);
}

#[test]
fn other_archives_in_a_zip_are_streamed() {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(7);
    builder.append_data(&mut header, "anna/new/1", &b"message"[..]).unwrap();
    let tar = builder.into_inner().unwrap();
    for deflated in [false, true] {
        for (bytes, format) in [
            (tar.clone(), ArchiveFormat::Tar),
            (zstd::encode_all(&tar[..], 1).unwrap(), ArchiveFormat::Zstd),
        ] {
            let (directory, _backup) = outer(deflated, &bytes);
            let none = Spool { directory: Some("/nowhere".into()), limit: Some(0) };
            let backup = reopen(&directory, none);
            let opened = archive(&backup, STAMPED);
            assert_eq!(opened.format, format);
            let (seen, end) = walk(opened);
            assert_eq!((names(&seen), end.damage), (vec!["anna/new/1"], None));
        }
    }
}

/// What the outer zip says of the bytes of an archive is damage of that archive.
#[test]
fn an_archive_that_its_zip_cannot_give_whole() {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(7);
    builder.append_data(&mut header, "anna/new/1", &b"message"[..]).unwrap();
    let tar = builder.into_inner().unwrap();
    let mut made = zip([File::deflated(STAMPED, &tar), File::new(METADATA.0, METADATA.1)]);
    let (header, list) = (made.headers[0], made.list[0]);
    made.put32(header + 14, 7);
    made.put32(list + 16, 7);
    let (_directory, backup) = crate::open(&made.bytes);
    let (seen, end) = walk(archive(&backup, STAMPED));
    assert_eq!(names(&seen), ["anna/new/1"]);
    let damage = end.damage.unwrap();
    assert_eq!(damage.what, DamageKind::BadBlock);
    assert!(damage.detail.contains("where the zip says 00000007"), "{damage}");

    // A zip that is cut inside of another: the members before are there.
    let stored = deflate(&inner());
    let mut made = zip([File::deflated(STAMPED, &inner()), File::new(METADATA.0, METADATA.1)]);
    let middle = made.data[0].start + stored.len() / 2;
    made.bytes[middle..middle + 16].fill(0xff);
    let (_directory, backup) = crate::open(&made.bytes);
    let (seen, end) = walk(archive(&backup, STAMPED));
    assert_eq!(names(&seen)[0], "anna/new/1");
    assert_eq!(seen[0].bytes.as_deref(), Ok(&b"message"[..]));
    let first = end.damage.unwrap();
    assert!(first.detail.starts_with("the archive could not be unpacked to its end"), "{first}");
}

#[test]
fn volumes_are_one_zip() {
    let bytes = inner();
    let (first, second) = bytes.split_at(100);
    let (second, third) = second.split_at(17);
    let parts = [first, second, third];
    let names_of = |number: usize| format!("{STAMPED}.{number:03}");
    // As files of a directory, stored in a zip, and with one of them deflated.
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(METADATA.0), METADATA.1).unwrap();
    for (number, part) in parts.iter().enumerate() {
        fs::write(directory.path().join(names_of(number)), part).unwrap();
    }
    let packed = |deflated: usize| {
        let volumes = parts.iter().enumerate().map(|(number, part)| File {
            deflated: number == deflated,
            ..File::new(&names_of(number), part)
        });
        crate::open(&zip(volumes.chain([File::new(METADATA.0, METADATA.1)])).bytes)
    };
    let (_first, stored) = packed(9);
    let (_second, deflated) = packed(1);
    for backup in [Backup::open(directory.path()).unwrap(), stored, deflated] {
        let files = (0..parts.len())
            .map(|number| ContentFile {
                name: names_of(number),
                size: None,
                entry: backup.tree().find(names_of(number)),
            })
            .collect();
        let content = ContentRef {
            kind: "domainmail".to_owned(),
            path: String::new(),
            offset: None,
            referrer: false,
            files,
            directory: None,
        };
        let (seen, end) = walk(backup.open_content(&content).unwrap());
        assert_eq!((names(&seen), end.damage), (vec!["anna/new/1", "anna/new/2"], None));
    }
}

#[test]
fn files_of_a_directory_in_a_zip_have_checksums() {
    let mut made = zip([
        File::new("mail/anna/1.MAI", b"first"),
        File::deflated("mail/anna/2.MAI", b"second"),
        File::new("mail/anna/3.MAI", b"third"),
        File::new(METADATA.0, METADATA.1),
    ]);
    let at = made.data[0].start;
    made.bytes[at] = b'F';
    let (_directory, backup) = crate::open(&made.bytes);
    let content = ContentRef {
        kind: "mailbox".to_owned(),
        path: "mail/anna".to_owned(),
        offset: None,
        referrer: false,
        files: Vec::new(),
        directory: Some(b"mail/anna".to_vec()),
    };
    let (seen, end) = walk(backup.open_content(&content).unwrap());
    let whole: Vec<bool> = seen.iter().map(|seen| seen.bytes.is_ok()).collect();
    assert_eq!((names(&seen), whole), (vec!["1.MAI", "2.MAI", "3.MAI"], vec![false, true, true]));
    assert_eq!(end.damage.unwrap().member.as_deref(), Some(&b"1.MAI"[..]));
    // Members that nobody reads are checked all the same.
    let end =
        backup.open_content(&content).unwrap().walk(|_member| Ok::<(), Infallible>(())).unwrap();
    assert_eq!(end.damage.unwrap().member.as_deref(), Some(&b"1.MAI"[..]));
}
