//! Exports that somebody compressed.

use std::cell::Cell;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use plesk_backup::{Backup, Damage, LooksLike, OpenError, OpenOptions};
use plesk_fixture::{Compression, MailboxSource, MemoryFile, Spec, corrupt, pack_tar};

use super::{damage, error, exported, files, forms, open, spec};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd_of(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An export of several blocks of zstd.
fn large() -> (tempfile::TempDir, PathBuf) {
    let (directory, path) = exported();
    let mut spec = spec("2401151030");
    spec.compression = Compression::Tar;
    let lines = (0..100_000_u32).map(|line| format!("{:08x}", line.wrapping_mul(2_654_435_769)));
    let text = lines.collect::<Vec<String>>().join("\n");
    let message = MemoryFile::file("Maildir/cur/1.h:2,", 1, format!("A: b\n\n{text}"));
    spec.subscriptions[0].mailboxes[0].source = Some(MailboxSource::Files(vec![message]));
    pack_tar(&spec, &path).unwrap();
    (directory, path)
}

/// A skippable frame of zstd, as `pzstd` writes them between others.
const SKIPPABLE: &[u8] = b"\x50\x2a\x4d\x18\x04\0\0\0abcd";

#[test]
fn whatever_is_around_it_the_files_are_the_same() {
    let (directory, path) = exported();
    let plain = Backup::open(&path).unwrap();
    assert_eq!(forms(&plain), ["tar"]);
    assert_eq!(plain.origins()[0].spooled, None);
    let tar = fs::read(&path).unwrap();
    let (one, two) = tar.split_at(tar.len() / 3);
    for (name, bytes, form) in [
        ("a.tar.gz", gzip(&tar), "tar.gz"),
        ("no-extension", gzip(&tar), "tar.gz"),
        ("members.tgz", [gzip(one), gzip(b""), gzip(two)].concat(), "tar.gz"),
        ("padded.tgz", [gzip(&tar), vec![0; 5000]].concat(), "tar.gz"),
        ("a.tar.zst", zstd_of(&tar), "tar.zst"),
        ("called.tar", zstd_of(&tar), "tar.zst"),
        ("frames.zst", [SKIPPABLE, &zstd_of(one), SKIPPABLE, &zstd_of(two)].concat(), "tar.zst"),
    ] {
        let path = directory.path().join(name);
        fs::write(&path, bytes).unwrap();
        let backup = Backup::open(&path).unwrap();
        assert_eq!(forms(&backup), [form], "{name}");
        assert!(files(&backup) == files(&plain), "{name}");
        assert_eq!(backup.damage(), [], "{name}");
        let spooled = backup.origins()[0].spooled.as_ref().unwrap();
        assert_eq!((spooled.bytes, &spooled.directory), (tar.len() as u64, &std::env::temp_dir()));
        let described = |backup: &Backup| format!("{:?}", backup.describe().unwrap());
        assert!(described(&backup) == described(&plain), "{name}");
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_wrapping_directory_may_be_in_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.tar");
    pack_tar(&Spec { wrap: Some("saved".into()), ..spec("2401151030") }, &path).unwrap();
    let plain = files(&Backup::open(&path).unwrap());
    fs::write(&path, gzip(&fs::read(&path).unwrap())).unwrap();
    let backup = Backup::open(&path).unwrap();
    assert!(files(&backup) == plain && plain.contains_key("backup_info_2401151030.xml"));
}

#[test]
fn what_came_before_a_cut_is_read_and_the_cut_is_told() {
    let (_directory, path) = large();
    let tar = fs::read(&path).unwrap();
    let all = files(&Backup::open(&path).unwrap());
    for stored in [gzip(&tar), zstd_of(&tar)] {
        for length in [stored.len() - 1, stored.len() * 2 / 3] {
            fs::write(&path, &stored[..length]).unwrap();
            let backup = Backup::open(&path).unwrap();
            let Damage::Compressed { offset, length: had, unpacked, .. } = &backup.damage()[0]
            else {
                panic!("{:?}", backup.damage())
            };
            assert_eq!((*offset, *had), (length as u64, length as u64));
            assert_eq!(*unpacked, backup.origins()[0].spooled.as_ref().unwrap().bytes);
            assert!(damage(&backup)[0].contains("came out of it"), "{}", damage(&backup)[0]);
            for (name, bytes) in files(&backup) {
                assert!(all[&name].starts_with(&bytes), "{name}");
            }
            // The domain is told by the file's name when the metadata are gone.
            let domain = &backup.describe().unwrap().subscriptions[0].domain.ascii_name;
            assert_eq!(domain, "example.com");
        }
    }
}

#[test]
fn a_bad_block_in_the_middle_is_told_with_its_place() {
    let (_directory, path) = large();
    let tar = fs::read(&path).unwrap();
    for (stored, kind) in [(gzip(&tar), "gzip"), (zstd_of(&tar), "zstd")] {
        fs::write(&path, &stored).unwrap();
        let middle = stored.len() as u64 / 2;
        corrupt::overwrite(&path, middle, &[0xff; 64]).unwrap();
        let backup = Backup::open(&path).unwrap();
        let Damage::Compressed { offset, .. } = &backup.damage()[0] else {
            panic!("{kind}: {:?}", backup.damage())
        };
        assert!(*offset > middle / 2 && *offset < stored.len() as u64, "{kind}: {offset}");
        assert!(backup.tree().find("backup_domainmail_2401151030.tar").is_some(), "{kind}");
    }
}

#[test]
fn a_checksum_that_does_not_fit_is_told_although_all_came_out() {
    let (_directory, path) = exported();
    let tar = fs::read(&path).unwrap();
    let stored = gzip(&tar);
    fs::write(&path, &stored).unwrap();
    corrupt::flip(&path, stored.len() as u64 - 8).unwrap();
    let backup = Backup::open(&path).unwrap();
    let [told] = damage(&backup).try_into().unwrap();
    assert!(told.contains("the gzip checksum is"), "{told}");
    assert!(told.contains(&format!("the {} bytes that came out", tar.len())), "{told}");
}

#[test]
fn what_holds_no_backup_is_refused_before_anything_is_unpacked() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.tar.gz");
    let mut foreign = tar::Builder::new(Vec::new());
    for number in 0..3000 {
        let mut header = tar::Header::new_gnu();
        header.set_size(2000);
        foreign.append_data(&mut header, format!("photos/{number}.jpg"), &[7; 2000][..]).unwrap();
    }
    let foreign = foreign.into_inner().unwrap();
    for (bytes, expected) in [
        (gzip(b"just some text\n"), LooksLike::Text),
        (zstd_of(b"\x7fELF\x02\x01"), LooksLike::Elf),
        (gzip(&gzip(b"twice")), LooksLike::Gzip),
        (gzip(b""), LooksLike::Empty),
    ] {
        fs::write(&path, bytes).unwrap();
        let told = Cell::new(false);
        let progress = |_, _| told.set(true);
        let options = OpenOptions { progress: &progress, ..OpenOptions::default() };
        let error = Backup::open_with(std::slice::from_ref(&path), &options).unwrap_err();
        let OpenError::NoBackupInside { looks_like, .. } = &error else { panic!("{error}") };
        assert_eq!(*looks_like, expected, "{error}");
        assert!(error.hint().is_some() && !told.get(), "{error}");
    }
    fs::write(&path, gzip(&foreign)).unwrap();
    let told = Cell::new(false);
    let progress = |_, _| told.set(true);
    let options = OpenOptions { progress: &progress, ..OpenOptions::default() };
    let refused = Backup::open_with(std::slice::from_ref(&path), &options).unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("among the first ") && text.contains("`photos/0.jpg`"), "{text}");
    assert!(!told.get(), "it was unpacked");

    fs::write(&path, &gzip(b"text")[..7]).unwrap();
    let text = error(&[&path]).to_string();
    let expected = "is gzip, of which too little can be unpacked to tell what it holds: the archive ends inside a gzip header";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn several_compressed_files_share_the_limit_of_the_spool() {
    let directory = tempfile::tempdir().unwrap();
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut bytes = 0;
    for stamp in ["2401151030", "2401161030"] {
        let path = directory.path().join(format!("{stamp}.tar.gz"));
        pack_tar(&spec(stamp), &path).unwrap();
        let tar = fs::read(&path).unwrap();
        bytes += tar.len() as u64;
        fs::write(&path, gzip(&tar)).unwrap();
        paths.push(path);
    }
    let mut options = OpenOptions::default();
    options.spool.limit = Some(bytes);
    let backup = Backup::open_with(&paths, &options).unwrap();
    let used: u64 = backup.origins().iter().map(|it| it.spooled.as_ref().unwrap().bytes).sum();
    assert_eq!(used, bytes);
    options.spool.limit = Some(bytes - 1);
    let error = Backup::open_with(&paths, &options).unwrap_err();
    assert!(matches!(&error, OpenError::SpoolLimit { path, .. } if *path == paths[1]), "{error}");
}

#[test]
fn a_compressed_file_in_parts() {
    let (directory, path) = large();
    let plain = files(&Backup::open(&path).unwrap());
    let stored = zstd_of(&fs::read(&path).unwrap());
    fs::remove_file(&path).unwrap();
    let place = |number: usize| directory.path().join(format!("backup.tar.zst.{number}"));
    let size = stored.len() / 5 + 1;
    for (index, part) in stored.chunks(size).enumerate() {
        fs::write(place(index), part).unwrap();
    }
    let backup = open(&[&place(2)]).unwrap();
    assert_eq!(forms(&backup), ["parts of tar.zst"]);
    assert!(files(&backup) == plain);
    assert_eq!(backup.origins()[0].parts.len(), 5);

    fs::remove_file(place(4)).unwrap();
    fs::remove_file(place(3)).unwrap();
    let backup = open(&[&place(0)]).unwrap();
    assert!(damage(&backup)[0].contains("behind its last part `backup.tar.zst.2`"));

    corrupt::truncate(&place(1), 10).unwrap();
    let backup = open(&[directory.path()]).unwrap();
    let told = damage(&backup);
    let expected = format!("part `backup.tar.zst.1` is cut: 10 of {size} bytes");
    assert!(told.iter().any(|it| it.starts_with(&expected)), "{told:?}");
    assert!(
        told.iter().any(|it| it.contains("the compressed backup is damaged at byte")),
        "{told:?}"
    );
}

#[test]
fn the_spool_is_not_in_any_directory() {
    let (directory, path) = exported();
    fs::write(&path, gzip(&fs::read(&path).unwrap())).unwrap();
    let spool = directory.path().join("spool");
    fs::create_dir(&spool).unwrap();
    let mut options = OpenOptions::default();
    options.spool.directory = Some(spool.clone());
    let backup = Backup::open_with(std::slice::from_ref(&path), &options).unwrap();
    assert!(!files(&backup).is_empty());
    assert_eq!(fs::read_dir(&spool).unwrap().count(), 0);
    options.spool.directory = Some(Path::new("/nowhere").to_owned());
    let error = Backup::open_with(&[path], &options).unwrap_err();
    assert!(matches!(error, OpenError::SpoolFile { .. }), "{error}");
}

#[test]
fn odd_gzip_is_read_as_gzip_reads_it() {
    let (_directory, path) = exported();
    let tar = fs::read(&path).unwrap();
    let plain = files(&Backup::open(&path).unwrap());
    // Every optional field that the format has: extra, name, comment, and a checksum of them.
    let compressed = gzip(&tar);
    let (head, deflated) = compressed.split_at(10);
    let mut fields = head.to_vec();
    fields[3] = 0x02 | 0x04 | 0x08 | 0x10;
    fields.extend(u16::MAX.to_le_bytes());
    fields.extend(vec![0xff; usize::from(u16::MAX)]);
    fields.extend([vec![b'n'; 70_000], vec![0], vec![b'c'; 70_000], vec![0], vec![1, 2]].concat());
    fields.extend(deflated);
    let empty = gzip(b"");
    let many_empty = [empty.repeat(10_000), gzip(&tar), empty.repeat(10)].concat();
    for (name, stored) in [("fields", fields), ("empty members", many_empty)] {
        fs::write(&path, stored).unwrap();
        let backup = Backup::open(&path).unwrap();
        assert!(files(&backup) == plain && backup.damage().is_empty(), "{name}");
    }
}

#[test]
fn bombs_and_what_no_memory_holds_are_refused_without_a_spool() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bomb.tar.gz");
    let mut bomb = GzEncoder::new(fs::File::create(&path).unwrap(), flate2::Compression::fast());
    for _ in 0..64 {
        bomb.write_all(&vec![0; 16 << 20]).unwrap();
    }
    bomb.finish().unwrap();
    let began = std::time::Instant::now();
    let refused = error(&[&path]);
    let OpenError::NoBackupInside { looks_like, .. } = &refused else { panic!("{refused}") };
    assert_eq!(*looks_like, LooksLike::Zeros);
    // Unpacking 1 GiB takes longer, also where nobody else is at work.
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());

    // Window descriptor: exponent 10 + 21 = 31, no mantissa: 2 GiB.
    fs::write(&path, b"\x28\xb5\x2f\xfd\x00\xa8\x01\0\0").unwrap();
    let text = error(&[&path]).to_string();
    assert!(text.contains("needs a window of 2147483648 bytes, at most 134217728"), "{text}");
    // Descriptor: one byte of dictionary number; a window; number 7; one raw block of one byte.
    fs::write(&path, b"\x28\xb5\x2f\xfd\x01\x50\x07\x09\0\0x").unwrap();
    let text = error(&[&path]).to_string();
    assert!(text.contains("a zstd frame is refused"), "{text}");
}

#[test]
fn a_bomb_in_plesks_clothes_ends_at_the_limit() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bomb.tar.gz");
    let mut encoder = GzEncoder::new(fs::File::create(&path).unwrap(), flate2::Compression::fast());
    let mut header = tar::Header::new_gnu();
    header.set_path("backup_user-data_2401151030.tar").unwrap();
    header.set_size(1 << 40);
    header.set_cksum();
    encoder.write_all(header.as_bytes()).unwrap();
    for _ in 0..8 {
        encoder.write_all(&vec![0; 16 << 20]).unwrap();
    }
    encoder.finish().unwrap();
    assert!(fs::metadata(&path).unwrap().len() < 2 << 20);
    let mut options = OpenOptions::default();
    options.spool.limit = Some(64 << 20);
    let refused = Backup::open_with(std::slice::from_ref(&path), &options).unwrap_err();
    assert!(matches!(refused, OpenError::SpoolLimit { .. }), "{refused}");
}

#[cfg(unix)]
#[test]
fn what_can_be_read_only_once_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let refused = error(&[&pipe]);
    assert!(refused.to_string().ends_with("is a named pipe, not a file or a directory"));
    assert!(refused.hint().unwrap().contains("save the backup to a file"));
}
