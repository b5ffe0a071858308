//! Zips that are given together, of which one is damaged.

use std::fs;

use plesk_backup::{Backup, OpenError, OpenOptions};

use crate::builder::{File, Zip, backup, zip};
use crate::{METADATA, damage, files};

const PATH: &str = "backup_domainmail_2401151030.tgz";
const CONTENT: &[u8] = b"what an archive holds";

fn open(zips: [&Zip; 2]) -> Result<(tempfile::TempDir, Backup), OpenError> {
    let directory = tempfile::tempdir().unwrap();
    let paths = ["a.zip", "b.zip"].map(|name| directory.path().join(name));
    for (path, zip) in paths.iter().zip(zips) {
        fs::write(path, &zip.bytes).unwrap();
    }
    let backup = Backup::open_with(&paths, &OpenOptions::default())?;
    Ok((directory, backup))
}

fn made() -> Zip {
    backup(vec![File::new(PATH, CONTENT)])
}

/// The same with a flipped bit in the archive.
fn flipped() -> Zip {
    let mut zip = made();
    let at = zip.data[1].start + 3;
    zip.bytes[at] ^= 1;
    zip
}

fn encrypted() -> Zip {
    backup(vec![File { flags: 1, ..File::new(PATH, CONTENT) }])
}

#[test]
fn the_one_that_can_be_read_is_taken() {
    let longer = backup(vec![File::new(PATH, b"another one, which is longer")]);
    let mut bad_longer = longer.bytes.clone();
    bad_longer[longer.data[1].start] ^= 1;
    let bad_longer = Zip { bytes: bad_longer, ..Zip::default() };
    for bad in [flipped(), encrypted(), bad_longer] {
        let good = made();
        for (zips, names) in
            [([&bad, &good], ["a.zip", "b.zip"]), ([&good, &bad], ["b.zip", "a.zip"])]
        {
            let (_directory, backup) = open(zips).unwrap();
            assert_eq!(files(&backup), [(PATH.to_owned(), Ok(CONTENT.to_vec()))]);
            let [bad, good] = names;
            let told = damage(&backup);
            let of_bad = format!("`{bad}`: `{PATH}`");
            assert!(told.iter().any(|it| it.starts_with(&of_bad)), "{told:?}");
            let taken = told.iter().find(|it| it.ends_with("the latter was taken")).unwrap();
            assert!(taken.contains(&format!("in `{bad}`")), "{taken}");
            assert!(taken.contains(&format!("and in `{good}`")), "{taken}");
        }
    }
}

#[test]
fn where_no_one_can_be_read_everything_else_is_there() {
    let other = "backup_user-data_2401151030.tgz";
    let lock = |file: File, is_locked: bool| File { flags: u16::from(is_locked), ..file };
    for (first, is_locked) in [(flipped(), false), (encrypted(), true)] {
        let mut second =
            backup(vec![lock(File::new(PATH, CONTENT), is_locked), File::new(other, b"more")]);
        let at = second.data[1].start + 5;
        second.bytes[at] ^= 1;
        let (_directory, backup) = open([&first, &second]).unwrap();
        let found = files(&backup);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].0, PATH);
        assert!(found[0].1.is_err());
        assert_eq!(found[1], (other.to_owned(), Ok(b"more".to_vec())));
        let told = damage(&backup);
        for file in ["a.zip", "b.zip"] {
            let of_file = format!("`{file}`: `{PATH}`");
            assert!(told.iter().any(|it| it.starts_with(&of_file)), "{told:?}");
        }
    }
}

#[test]
fn damaged_metadata_do_not_make_another_backup() {
    let good = made();
    let mut bad = made();
    let at = bad.data[0].start + 1;
    bad.bytes[at] ^= 1;
    for zips in [[&good, &bad], [&bad, &good]] {
        let (_directory, backup) = open(zips).unwrap();
        let id = backup.tree().find(METADATA.0).unwrap();
        assert_eq!(crate::read(&backup, id).unwrap(), METADATA.1);
    }
    let other = zip([File::new(METADATA.0, b"<migration-dump />"), File::new(PATH, CONTENT)]);
    let refused = open([&good, &other]).unwrap_err();
    assert!(matches!(refused, OpenError::DifferentBackups { .. }), "{refused}");
}
