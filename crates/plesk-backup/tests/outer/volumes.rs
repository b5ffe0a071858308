//! Inner archives that are cut into volumes.

use std::fs;
use std::path::{Path, PathBuf};

use plesk_backup::{ArchiveError, Backup, ContentRef, DamageKind, WalkEnd};
use plesk_fixture::{Compression, Level, MailboxSource, MemoryFile, Spec, corrupt, pack_directory};

const VOLUME: u64 = 30_000;

/// An unpacked export whose mail archive has several volumes, and their paths.
fn packed(compression: Compression) -> (tempfile::TempDir, Vec<PathBuf>) {
    let directory = tempfile::tempdir().unwrap();
    let mut spec = Spec { level: Level::Subscription, compression, ..Spec::sample() };
    spec.volume_size = Some(VOLUME);
    let messages = (0..100_u32).map(|number| {
        let lines = (0..1000)
            .map(|line| format!("{:08x}", (number * 1000 + line).wrapping_mul(2_654_435_769)));
        let noise = lines.collect::<Vec<String>>().concat();
        MemoryFile::file(format!("Maildir/cur/{number:02}.h:2,"), 1, format!("A: b\n\n{noise}\n"))
    });
    spec.subscriptions[0].mailboxes[0].source = Some(MailboxSource::Files(messages.collect()));
    pack_directory(&spec, directory.path()).unwrap();
    let extension = match compression {
        Compression::Tar => "tar",
        Compression::Tgz => "tgz",
        Compression::Tzst => "tzst",
        Compression::Zip => "zip",
    };
    let volumes = (1..1000)
        .map(|number| format!("backup_domainmail_2401151030.{extension}.{number:03}"))
        .map(|name| directory.path().join(name))
        .take_while(|path| path.exists())
        .collect::<Vec<_>>();
    assert!(volumes.len() > 10, "{compression:?}: {volumes:?}");
    (directory, volumes)
}

fn mail(backup: &Backup) -> ContentRef {
    let domain = backup.describe().unwrap().subscriptions.remove(0).domain;
    domain.mail.unwrap().content.remove(0)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// Names of the members that read well, and how the walk ended.
fn walk(path: &Path) -> (Vec<String>, WalkEnd) {
    let backup = Backup::open(path).unwrap();
    let mut names = Vec::new();
    let end = backup
        .open_content(&mail(&backup))
        .unwrap()
        .walk(|member| {
            if std::io::copy(member, &mut std::io::sink()).is_ok() {
                names.push(String::from_utf8(member.path.clone()).unwrap());
            }
            Ok::<(), ()>(())
        })
        .unwrap();
    (names, end)
}

const ALL: [Compression; 3] = [Compression::Tar, Compression::Tgz, Compression::Tzst];

#[test]
fn volumes_read_as_one_archive() {
    for compression in ALL {
        let (directory, volumes) = packed(compression);
        let (names, end) = walk(directory.path());
        assert_eq!(end.damage, None, "{compression:?}");
        assert_eq!(names.iter().filter(|name| name.contains("/cur/")).count(), 101);
        // Without the metadata the numbers tell the order.
        fs::remove_file(directory.path().join("backup_info_2401151030.xml")).unwrap();
        let backup = Backup::open(directory.path()).unwrap();
        assert_eq!(mail(&backup).files.len(), volumes.len());
        assert_eq!(walk(directory.path()).0, names, "{compression:?}");
    }
}

#[test]
fn before_a_missing_volume_all_is_read_and_the_volume_is_named() {
    for compression in ALL {
        let (directory, volumes) = packed(compression);
        let whole = walk(directory.path()).0;
        fs::remove_file(&volumes[6]).unwrap();
        for has_metadata in [true, false] {
            if !has_metadata {
                fs::remove_file(directory.path().join("backup_info_2401151030.xml")).unwrap();
            }
            let (names, end) = walk(directory.path());
            assert!(whole.starts_with(&names) && !names.is_empty(), "{compression:?}: {names:?}");
            let damage = end.damage.unwrap();
            assert_eq!(
                damage.what,
                DamageKind::Truncated,
                "{compression:?} {has_metadata}: {damage}"
            );
            let missing = format!("`{}`, volume 7 of {}", name(&volumes[6]), volumes.len());
            assert!(damage.detail.contains(&missing), "{damage}");
            let place = damage.volume.unwrap();
            assert_eq!(place.volume, name(&volumes[5]), "{compression:?}");
            assert_eq!(damage.offset, 5 * VOLUME + place.offset);
        }
    }
}

#[test]
fn nothing_is_read_behind_a_volume_that_is_cut() {
    for compression in ALL {
        let (directory, volumes) = packed(compression);
        let whole = walk(directory.path()).0;
        // In an exported tar only the last member can be cut; in a directory any file.
        corrupt::truncate(&volumes[6], 100).unwrap();
        let (names, end) = walk(directory.path());
        assert!(whole.starts_with(&names) && !names.is_empty(), "{compression:?}: {names:?}");
        assert!(end.damage.is_some(), "{compression:?}");
    }
}

#[test]
fn a_bad_block_is_placed_in_its_volume() {
    for compression in [Compression::Tgz, Compression::Tzst] {
        let (directory, volumes) = packed(compression);
        corrupt::overwrite(&volumes[6], 1000, &[0xff; 200]).unwrap();
        let damage = walk(directory.path()).1.damage.unwrap();
        let text = damage.to_string();
        let place = damage.volume.unwrap();
        // A block of zstd is told by its beginning, and gzip may notice a little later.
        assert!(damage.offset > 4 * VOLUME && place.volume > name(&volumes[3]), "{text}");
        assert!(text.contains(&format!("(byte {} of `{}`)", place.offset, place.volume)), "{text}");
    }
}

#[test]
fn without_the_first_volume_there_is_no_archive() {
    let (directory, volumes) = packed(Compression::Tzst);
    fs::remove_file(&volumes[0]).unwrap();
    let backup = Backup::open(directory.path()).unwrap();
    let error = backup.open_content(&mail(&backup)).unwrap_err();
    let ArchiveError::Missing { archive } = &error else { panic!("{error}") };
    assert_eq!(archive, "backup_domainmail_2401151030.tzst.001");
}
