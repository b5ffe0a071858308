//! Files that are no Plesk backup, and what is said of them.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flate2::write::GzEncoder;
use plesk_backup::Backup;

use crate::support::{Place, one_mailbox, served_messages};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn tar_of(names: &[&str]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for name in names {
        let mut header = tar::Header::new_gnu();
        header.set_size(5);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, &b"bytes"[..]).unwrap();
    }
    builder.into_inner().unwrap()
}

/// The local header of the first member of a ZIP.
fn zip_of(name: &str) -> Vec<u8> {
    let mut bytes = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend([0; 12]);
    bytes.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    bytes.extend([0; 2]);
    bytes.extend(name.as_bytes());
    bytes
}

/// Bytes without any order (the finalizer of MurmurHash3).
fn hash(number: u32) -> u32 {
    let mixed = (number ^ (number >> 16)).wrapping_mul(0x85eb_ca6b);
    let mixed = (mixed ^ (mixed >> 13)).wrapping_mul(0xc2b2_ae35);
    mixed ^ (mixed >> 16)
}

fn at(offset: usize, bytes: &[u8]) -> Vec<u8> {
    [vec![1; offset], bytes.to_vec(), vec![1; 100]].concat()
}

#[test]
fn each_is_told_by_what_is_in_it() {
    let place = Place::new();
    let empty_zip = [b"PK\x05\x06".to_vec(), vec![0; 18]].concat();
    let many: Vec<String> = (0..200).map(|number| format!("site/{number}.html")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let elf = fs::read(env!("CARGO_BIN_EXE_plesk2cpanel")).unwrap();
    let random = (0..4096_u32).map(|number| hash(number).to_be_bytes()[0]).collect();
    for (name, bytes) in [
        ("photo.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01".to_vec()),
        ("logo.png", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec()),
        ("plesk2cpanel", elf[..100_000].to_vec()),
        ("setup.exe", b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0".to_vec()),
        ("site.tar", tar_of(&["index.html", "style.css"])),
        ("site.tar.gz", gzip(&tar_of(&["index.html", "style.css"]))),
        ("site.tgz", gzip(&tar_of(&many))),
        ("empty.zip", empty_zip),
        ("letter.docx", zip_of("[Content_Types].xml")),
        ("library.jar", zip_of("META-INF/MANIFEST.MF")),
        ("some.zip", zip_of("readme.txt")),
        ("notes.txt.gz", gzip(b"Dear diary, no backup today.\n")),
        ("half.tar.gz", gzip(&tar_of(&["index.html"]))[..30].to_vec()),
        ("twice.tar.gz.gz", gzip(&gzip(&tar_of(&["backup_info_2401151030.xml"])))),
        ("site.tar.xz", b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4F".to_vec()),
        ("site.tar.bz2", b"BZh91AY&SY\x8d\x03".to_vec()),
        ("site.rar", b"Rar!\x1a\x07\x01\0".to_vec()),
        ("mail.sqlite", b"SQLite format 3\0\x10\0\x01\x01".to_vec()),
        ("dump.sql", b"-- MySQL dump 10.19  Distrib 10.3.39-MariaDB\n".to_vec()),
        ("inbox.mbox", b"From a@example.com Mon Jan 15 10:30:00 2024\nSubject: x\n\nx\n".to_vec()),
        ("message.eml", b"Return-Path: <a@example.com>\nSubject: x\n\nx\n".to_vec()),
        ("disk.img", at(1080, b"\x53\xef")),
        ("disk.qcow2", b"QFI\xfb\0\0\0\x03".to_vec()),
        ("backup.tar.gpg", b"\x8c\x0d\x04\x07\x03\x02".to_vec()),
        ("backup.tar.enc", b"Salted__\x01\x02\x03\x04\x05\x06\x07\x08".to_vec()),
        ("backup.bin", random),
        ("zeros.tar", vec![0; 100_000]),
        ("login.tar", b"<!DOCTYPE html>\n<title>Plesk: log in</title>\n".to_vec()),
        ("backup_info_2401151030.xml", b"<?xml version=\"1.0\"?>\n<migration-dump/>\n".to_vec()),
        ("user.admin.anna.tar.gz", gzip(&tar_of(&["backup/user.conf", "domains/example.com/x"]))),
        ("anna.2024-01-15.tar", tar_of(&["./hestia/user.conf", "./mail/example.com/x"])),
        ("example.com.tar.gz", gzip(&tar_of(&["./.backup/example.com_virtualmin"]))),
        ("unknown.dat", b"\x01\x02\x03\x04".to_vec()),
    ] {
        place.write(name, &bytes);
    }
    // What this program writes, given back to it.
    place.pack("backup.tar", &one_mailbox(served_messages(2)));
    let convert = ["convert", "backup.tar", "--output", "."];
    assert_eq!(place.run(&convert).status, Some(3));
    assert_eq!(place.run(&[&convert[..], &["--force", "--as", "dir"]].concat()).status, Some(3));
    for name in ["backup.tar", "report.json"] {
        fs::remove_file(place.path(name)).unwrap();
    }
    let mut told = String::new();
    for name in place.entries("") {
        let run = place.run(&["inspect", &name]);
        assert_eq!((run.status, run.stdout.as_str()), (Some(1), ""), "{name}");
        told.push_str(&run.stderr);
        told.push('\n');
    }
    insta::assert_snapshot!("kinds", told);
}

/// Files of this machine, of as many kinds as there are, and at most so many.
fn files_of_the_machine(limit: usize) -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map_or_else(PathBuf::new, PathBuf::from);
    let cargo = std::env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut pending: VecDeque<PathBuf> =
        ["crates", "docs", "benches", "scripts"].map(|name| repository.join(name)).into();
    pending.extend([
        cargo.join("registry"),
        "/usr/bin".into(),
        "/usr/lib".into(),
        "/usr/share".into(),
    ]);
    let mut by_kind: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    let mut seen = 0;
    while let Some(directory) = pending.pop_front() {
        let Ok(listed) = fs::read_dir(&directory) else { continue };
        let mut listed: Vec<PathBuf> = listed.flatten().map(|file| file.path()).collect();
        listed.sort();
        for path in listed {
            let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
            if metadata.is_dir() {
                pending.push_back(path);
            } else if metadata.is_file() && fs::File::open(&path).is_ok() {
                seen += 1;
                let kind = path.extension().unwrap_or_default().to_string_lossy().into_owned();
                by_kind.entry(kind).or_default().push(path);
            }
        }
        if seen > 60_000 {
            break;
        }
    }
    let mut files = Vec::new();
    for place in 0.. {
        let before = files.len();
        files.extend(by_kind.values().filter_map(|paths| paths.get(place)).cloned());
        if files.len() >= limit || files.len() == before {
            break;
        }
    }
    files.truncate(limit);
    files
}

#[test]
fn no_file_of_this_machine_is_taken_for_a_backup() {
    let files = files_of_the_machine(2000);
    assert!(files.len() > 200, "only {} files were found", files.len());
    for path in &files {
        let began = Instant::now();
        let error = match Backup::open(path) {
            Ok(backup) => panic!("{} was opened: {:?}", path.display(), backup.origins()),
            Err(error) => error,
        };
        let name = path.file_name().unwrap().to_string_lossy();
        assert!(error.to_string().contains(&*name), "{error}");
        assert!(error.hint().is_some(), "{error}");
        // Most take no time at all; the machine may be busy.
        assert!(began.elapsed() < Duration::from_secs(20), "{} took too long", path.display());
    }
}
