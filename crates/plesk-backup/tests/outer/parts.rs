//! Exports that were split.

use std::fs;
use std::path::{Path, PathBuf};

use plesk_backup::{Backup, OpenError};
use plesk_fixture::{Compression, Level, Spec, corrupt, pack_tar, split};

use super::{Files, damage, error, exported, files, forms, names, open, spec};

/// An export in parts of `size` bytes that are called as `name` says, and what is in it.
fn in_parts(size: u64, name: impl Fn(usize) -> String) -> (tempfile::TempDir, Vec<PathBuf>, Files) {
    let (directory, path) = exported();
    let plain = files(&Backup::open(&path).unwrap());
    let mut parts = Vec::new();
    for (index, part) in split(&path, size).unwrap().into_iter().enumerate() {
        let renamed = directory.path().join(name(index));
        fs::rename(part, &renamed).unwrap();
        parts.push(renamed);
    }
    assert!(parts.len() > 2);
    (directory, parts, plain)
}

fn letters(index: usize) -> String {
    let letter = |number: usize| char::from(b'a' + u8::try_from(number).unwrap());
    format!("{}{}", letter(index / 26), letter(index % 26))
}

/// A way of naming parts, and the name of the part that comes after so many others.
type Way = (&'static str, fn(usize) -> String);

#[test]
fn parts_are_found_under_every_usual_name() {
    let ways: [Way; 11] = [
        (".001", |index| format!("backup.tar.{:03}", index + 1)),
        (".00", |index| format!("backup.tar.{index:02}")),
        (".1", |index| format!("backup.tar.{}", index + 1)),
        ("_1", |index| format!("backup.tar_{}", index + 1)),
        ("-01", |index| format!("backup-{:02}", index + 1)),
        (".part1", |index| format!("backup.tar.part{}", index + 1)),
        ("part1.tar", |index| format!("backup.part{}.tar", index + 1)),
        ("_001.tar", |index| format!("backup_2401151030_{:03}.tar", index + 1)),
        (".aa", |index| format!("backup.tar.{}", letters(index))),
        ("xaa", |index| format!("x{}", letters(index))),
        ("base and .1", |index| match index {
            0 => "backup.tar".to_owned(),
            _ => format!("backup.tar.{index}"),
        }),
    ];
    for (way, name) in ways {
        let (directory, parts, plain) = in_parts(9_000, name);
        fs::write(directory.path().join("backup.tar.md5"), "d41d8cd98f00b204e9800998ecf8427e\n")
            .unwrap();
        let all: Vec<&Path> = parts.iter().rev().map(PathBuf::as_path).collect();
        for given in [&all[..], &[&parts[0]], &[&parts[2]], &[directory.path()]] {
            let backup = open(given).unwrap_or_else(|error| panic!("{way}: {given:?}: {error}"));
            assert_eq!(forms(&backup), ["parts of tar"], "{way}");
            assert_eq!(backup.origins()[0].parts, parts, "{way}: {given:?}");
            assert!(files(&backup) == plain && backup.damage().is_empty(), "{way}: {given:?}");
        }
        let unused = open(&[directory.path()]).unwrap().unused().to_vec();
        assert_eq!(unused.len(), 1, "{way}: {unused:?}");
        assert_eq!(unused[0].what, "text");
    }
}

#[test]
fn parts_of_every_size_are_told_from_exports() {
    // A boundary may fall on a header of the export, or of a plain tar in it.
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("backup.tar");
    let spec = Spec { level: Level::Subscription, compression: Compression::Tar, ..Spec::sample() };
    pack_tar(&spec, &path).unwrap();
    let whole = fs::read(&path).unwrap();
    let plain = files(&Backup::open(&path).unwrap());
    for size in (512..whole.len()).step_by(512) {
        for part in fs::read_dir(directory.path()).unwrap() {
            fs::remove_file(part.unwrap().path()).unwrap();
        }
        fs::write(&path, &whole).unwrap();
        let parts = split(&path, size as u64).unwrap();
        let backup = open(&[&parts[0]]).unwrap_or_else(|error| panic!("{size}: {error}"));
        if backup.origins()[0].parts.is_empty() {
            // All that is left for the second part is the filling behind the end mark.
            assert!(fs::read(&parts[1]).unwrap().iter().all(|byte| *byte == 0), "{size}");
        }
        assert!(
            files(&backup) == plain && damage(&backup).is_empty(),
            "{size}: {:?}",
            damage(&backup)
        );
    }
}

#[test]
fn parts_in_two_directories_are_put_together() {
    let (directory, parts, plain) = in_parts(9_000, |index| format!("b.tar.{}", index + 1));
    let other = directory.path().join("other");
    fs::create_dir(&other).unwrap();
    let moved = other.join("b.tar.2");
    fs::rename(&parts[1], &moved).unwrap();
    let backup = open(&[&moved, &parts[0]]).unwrap();
    assert!(files(&backup) == plain);
    assert_eq!(backup.origins()[0].parts[1], moved);
}

#[test]
fn a_missing_part_is_named() {
    let (_directory, parts, _) = in_parts(9_000, |index| format!("b.tar.{:03}", index + 1));
    fs::remove_file(&parts[1]).unwrap();
    let missing = |expected: &str, given: &Path| {
        let error = error(&[given]);
        let OpenError::MissingPart { missing, .. } = &error else { panic!("{error}") };
        assert_eq!(missing, expected);
        assert!(error.hint().unwrap().contains(expected), "{error}");
    };
    missing("b.tar.002", &parts[0]);
    missing("b.tar.002", &parts[2]);
    missing("b.tar.002", parts[0].parent().unwrap());
    fs::remove_file(&parts[0]).unwrap();
    missing("b.tar.001", &parts[2]);
    missing("b.tar.001", parts[0].parent().unwrap());
}

#[test]
fn a_missing_last_part_costs_only_what_it_held() {
    let (_directory, parts, plain) = in_parts(9_000, |index| format!("b.tar.{:03}", index + 1));
    fs::remove_file(parts.last().unwrap()).unwrap();
    fs::remove_file(&parts[parts.len() - 2]).unwrap();
    let backup = open(&[&parts[0]]).unwrap();
    let last = parts[parts.len() - 3].file_name().unwrap().to_str().unwrap();
    assert!(damage(&backup)[0].contains(&format!("behind its last part `{last}`")));
    for (name, bytes) in files(&backup) {
        assert!(plain[&name].starts_with(&bytes), "{name}");
    }
    // The first part alone, without any other, is a cut export that says so.
    for part in &parts[1..parts.len() - 2] {
        fs::remove_file(part).unwrap();
    }
    let backup = open(&[&parts[0]]).unwrap();
    assert_eq!(forms(&backup), ["tar"]);
    assert!(damage(&backup)[0].contains("behind its last part `b.tar.001`"));
}

#[test]
fn parts_in_no_order_or_twice_are_refused() {
    let (directory, parts, _) = in_parts(9_000, |index| format!("b.tar.{}", index + 1));
    let copy = directory.path().join("b.tar.02");
    fs::copy(&parts[1], &copy).unwrap();
    let refused = error(&[&parts[0]]);
    let OpenError::PartTwice { first, second, .. } = &refused else { panic!("{refused}") };
    assert_eq!((first.as_str(), second.as_str()), ("b.tar.2", "b.tar.02"));
    fs::remove_file(copy).unwrap();

    fs::copy(&parts[0], &parts[2]).unwrap();
    let refused = error(&[&parts[0]]);
    let OpenError::PartCopied { first, second } = &refused else { panic!("{refused}") };
    assert_eq!((first, second), (&parts[0], &parts[2]));

    let twice = error(&[&parts[0], &directory.path().join("./b.tar.1")]);
    assert!(matches!(twice, OpenError::GivenTwice { .. }), "{twice}");
}

#[test]
fn a_part_that_is_cut_costs_only_what_it_lacks() {
    let (_directory, parts, plain) = in_parts(4_096, |index| format!("b.tar.{:03}", index + 1));
    for length in [0, 1, 1000, 4_095] {
        corrupt_part(&parts[2], length);
        let backup = open(&[&parts[0]]).unwrap();
        let told = damage(&backup);
        assert_eq!(
            told[0],
            format!("part `b.tar.003` is cut: {length} of 4096 bytes are there"),
            "{told:?}"
        );
        let mut changed = 0;
        for (name, bytes) in &plain {
            let found = files(&backup).get(name).cloned();
            changed += usize::from(found.as_ref() != Some(bytes));
        }
        assert!(changed < plain.len() / 2, "{length}: {changed} of {} files", plain.len());
    }
}

/// Keeps the first bytes and nothing else.
fn corrupt_part(path: &Path, length: u64) {
    let whole = fs::read(path).unwrap();
    if whole.len() < 4_096 {
        fs::write(path, [whole, vec![b'x'; 4_096]].concat()).unwrap();
    }
    corrupt::truncate(path, length).unwrap();
}

#[test]
fn exports_that_were_kept_in_turn_are_no_parts() {
    let (directory, path) = exported();
    let newest = directory.path().join("backup.tar");
    fs::rename(&path, &newest).unwrap();
    let old = directory.path().join("backup.tar.1");
    pack_tar(&super::spec("2401141030"), &old).unwrap();
    let older = directory.path().join("backup.tar.2");
    pack_tar(&super::spec("2401131030"), &older).unwrap();
    for (path, stamp) in [(&newest, "2401151030"), (&old, "2401141030"), (&older, "2401131030")] {
        let backup = open(&[path]).unwrap();
        assert_eq!(forms(&backup), ["tar"]);
        assert_eq!(backup.describe().unwrap().stamp.unwrap().as_str(), stamp);
        // Also when it is cut: the others still begin as exports do.
        let size = fs::metadata(path).unwrap().len();
        corrupt::truncate(path, size - 12_000).unwrap();
        let backup = open(&[path]).unwrap();
        assert_eq!((forms(&backup), names(directory.path()).len()), (vec!["tar".to_owned()], 3));
    }
}

#[test]
fn a_whole_zip_has_no_parts_whatever_lies_beside_it() {
    let directory = tempfile::tempdir().unwrap();
    let place = |name: &str| directory.path().join(name);
    let own = place("site_1.zip");
    plesk_fixture::pack_zip(&spec("2401151030"), &own).unwrap();
    let plain = files(&Backup::open(&own).unwrap());
    // An empty zip, and what is none.
    let foreign = [b"PK\x05\x06".iter().copied().chain([0; 18]).collect(), vec![7; 5000]];
    for bytes in foreign {
        fs::write(place("site_2.zip"), bytes).unwrap();
        for given in [own.as_path(), directory.path()] {
            let backup = open(&[given]).unwrap();
            assert_eq!(forms(&backup), ["zip"]);
            assert!(files(&backup) == plain);
            assert_eq!(damage(&backup), Vec::<String>::new());
        }
        assert_eq!(open(&[directory.path()]).unwrap().unused()[0].path, place("site_2.zip"));
    }
    fs::remove_file(place("site_2.zip")).unwrap();
    // One that is split still has parts, also with whole zips inside of it.
    split(&own, 3000).unwrap();
    let backup = open(&[directory.path()]).unwrap();
    assert_eq!(forms(&backup), ["parts of zip"]);
    assert!(files(&backup) == plain);
}
