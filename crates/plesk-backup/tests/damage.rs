//! Damaged, hostile and foreign input: what can be read is, and what is gone is named.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::{Path, PathBuf};

use plesk_backup::{
    Backup, Damage, DamageKind, DescribeError, Description, LooksLike, OpenError, Problem,
};
use plesk_fixture::{Level, Spec, corrupt, pack_directory, pack_tar};

fn packed(level: Level) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("backup_example.com_2401151030.tar");
    pack_tar(&Spec { level, ..Spec::sample() }, &path).unwrap();
    (directory, path)
}

fn unpacked(level: Level) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tree");
    pack_directory(&Spec { level, ..Spec::sample() }, &path).unwrap();
    (directory, path)
}

fn describe(path: &Path) -> Description {
    Backup::open(path).unwrap().describe().unwrap()
}

fn mail_users(description: &Description) -> Vec<&str> {
    let domain = &description.subscriptions[0].domain;
    domain.mail.iter().flat_map(|mail| &mail.mailusers).map(|user| user.name.as_str()).collect()
}

#[test]
fn foreign_files_say_what_they_look_like_and_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.tar");
    for (bytes, kind, hint) in [
        (&b""[..], LooksLike::Empty, "fetch the backup again"),
        (b"\xfd7zXZ\0", LooksLike::Xz, "xz -dk"),
        (b"\xff\xd8\xff\xe0", LooksLike::Jpeg, "the file that Plesk exported"),
        (b"\x7fELF", LooksLike::Elf, "the file that Plesk exported"),
        (b"<?xml version='1.0'?><migration-dump>", LooksLike::PleskXml, "the directory"),
        (&[0; 4096], LooksLike::Zeros, "fetch the backup again"),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = Backup::open(&path).unwrap_err();
        let OpenError::NotABackup { looks_like, .. } = &error else { panic!("{error}") };
        assert_eq!(*looks_like, kind);
        assert!(error.hint().unwrap().contains(hint), "{:?}", error.hint());
        assert!(error.to_string().contains(&kind.to_string()));
    }
    let error = Backup::open(&directory.path().join("absent.tar")).unwrap_err();
    assert!(matches!(&error, OpenError::Io { .. }));
    assert!(error.hint().unwrap().contains("does not exist"));
    let error = Backup::open(Path::new("/dev/null")).unwrap_err();
    assert!(error.to_string().ends_with("is a device, not a file or a directory"), "{error}");
}

#[test]
fn a_tar_or_directory_without_anything_of_plesk() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.tar");
    let mut builder = tar::Builder::new(fs::File::create(&path).unwrap());
    let mut header = tar::Header::new_gnu();
    header.set_size(1);
    builder.append_data(&mut header, "holiday/photo.jpg", &b"x"[..]).unwrap();
    builder.into_inner().unwrap();
    let error = Backup::open(&path).unwrap_err();
    let text = error.to_string();
    assert!(text.ends_with("among 1 files (the first is `holiday/photo.jpg`)"), "{text}");
    fs::remove_file(&path).unwrap();
    let error = Backup::open(directory.path()).unwrap_err();
    assert!(error.to_string().ends_with("among 0 files"), "{error}");
}

#[test]
fn every_truncation_of_the_outer_tar_ends_in_a_value() {
    for level in [Level::Server, Level::Subscription] {
        let (_directory, path) = packed(level);
        let whole = fs::metadata(&path).unwrap().len();
        let full = Backup::open(&path).unwrap();
        let entries: Vec<_> = full.tree().iter().map(|(_, entry)| entry.clone()).collect();
        for length in (0..whole).rev().step_by(509) {
            corrupt::truncate(&path, length).unwrap();
            let backup = match Backup::open(&path) {
                Ok(backup) => backup,
                Err(error) => {
                    let is_early = length < entries[0].offset;
                    assert!(is_early, "{error} at {length}");
                    continue;
                }
            };
            for (_, entry) in backup.tree().iter() {
                let before = entries.iter().find(|known| known.path == entry.path).unwrap();
                assert_eq!((entry.size, entry.offset), (before.size, before.offset));
                assert_eq!(entry.available, entry.size.min(length - entry.offset));
            }
            for entry in entries.iter().filter(|entry| entry.offset + entry.size <= length) {
                assert!(backup.tree().find(&entry.path).is_some(), "{:?} at {length}", entry.path);
            }
            for damage in backup.damage() {
                if let Damage::CutEntry { size, available, offset, .. } = damage {
                    assert!(available < size && offset + available == length);
                }
            }
            // The mail comes first and the XML last: there is always a subscription, and never
            // more than what can be read of it.
            let description = backup.describe().unwrap();
            assert_eq!(description.subscriptions.len(), 1, "at {length}");
            assert_eq!(description.subscriptions[0].domain.ascii_name, "example.com");
        }
    }
}

#[test]
fn without_xml_the_file_names_tell_the_domain() {
    for level in [Level::Server, Level::Subscription] {
        let (_directory, path) = unpacked(level);
        let mut pending = vec![path.clone()];
        while let Some(directory) = pending.pop() {
            for file in fs::read_dir(directory).unwrap() {
                let file = file.unwrap();
                if file.file_type().unwrap().is_dir() {
                    pending.push(file.path());
                } else if file.path().extension().is_some_and(|extension| extension == "xml") {
                    fs::remove_file(file.path()).unwrap();
                }
            }
        }
        let backup = Backup::open(&path).unwrap();
        let description = backup.describe().unwrap();
        let [subscription] = description.subscriptions.as_slice() else { panic!() };
        assert_eq!(subscription.domain.ascii_name, "example.com");
        assert!(!subscription.complete);
        let content = &subscription.domain.mail.as_ref().unwrap().content[0];
        let archive = backup.open_content(content).unwrap();
        assert!(archive.walk(|_| Ok::<(), ()>(())).unwrap().members > 10);
        assert_eq!(subscription.sites[0].ascii_name, "addon.test");
        assert!(subscription.sites[0].mail.is_some());
        assert!(
            description.problems.iter().any(
                |problem| matches!(problem, Problem::Salvaged { domain, .. } if domain == "example.com")
            ),
            "{:?}",
            description.problems
        );
        assert_eq!(description.unreferenced, []);
    }
}

#[test]
fn nothing_that_tells_a_domain_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("backup_domainmail_2401151030.tzst"), b"x").unwrap();
    let error = Backup::open(directory.path()).unwrap().describe().unwrap_err();
    assert!(matches!(&error, DescribeError::NoMetadata { entries: 1, .. }), "{error}");
    fs::write(directory.path().join("backup_info_2401151030.xml"), b"<html></html>").unwrap();
    let error = Backup::open(directory.path()).unwrap().describe().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("none of the 1 metadata files"), "{text}");
    assert!(text.ends_with("it has no element `migration-dump`"), "{text}");
}

#[test]
fn a_cut_xml_keeps_what_came_before_and_names_what_was_being_read() {
    let (_directory, path) = unpacked(Level::Subscription);
    let xml = path.join("backup_info_2401151030.xml");
    let text = fs::read_to_string(&xml).unwrap();
    let at = text.find("name=\"sales\"").unwrap();
    let at = at + text[at..].find("<properties>").unwrap() + 12;
    fs::write(&xml, &text[..at]).unwrap();
    let description = describe(&path);
    assert_eq!(mail_users(&description), ["info"]);
    assert!(!description.subscriptions[0].complete);
    let texts: Vec<String> = description.problems.iter().map(ToString::to_string).collect();
    let expect =
        |text: &str| assert!(texts.iter().any(|found| found == text), "{text}: {texts:#?}");
    expect(
        "mail account `sales@example.com` is cut off in `backup_info_2401151030.xml` and was left out",
    );
    expect(
        "the metadata of `example.com` are cut off in `backup_info_2401151030.xml`: settings after that are lost",
    );
    expect(&format!(
        "`backup_info_2401151030.xml` is damaged at byte {at} of {at}, inside `migration-dump/domain/mailsystem/mailusers/mailuser/properties`: the file ends early"
    ));
}

#[test]
fn a_cut_xml_anywhere_never_panics_and_never_invents() {
    let (_directory, path) = unpacked(Level::Subscription);
    let xml = path.join("backup_info_2401151030.xml");
    let text = fs::read(&xml).unwrap();
    let all = ["info", "sales", "unused", "forwardonly"];
    for length in (0..text.len()).step_by(37) {
        fs::write(&xml, &text[..length]).unwrap();
        let description = describe(&path);
        let [subscription] = description.subscriptions.as_slice() else { panic!("at {length}") };
        let users = mail_users(&description);
        assert_eq!(users, all[..users.len()], "at {length}");
        let mail = subscription.domain.mail.as_ref();
        // Whatever is left of the XML: the mail of the domain can be reached.
        assert!(mail.is_some_and(|mail| mail.content.len() == 1), "at {length}");
        assert!(!description.problems.is_empty() || subscription.complete);
    }
}

#[test]
fn a_missing_archive_is_named_with_its_size() {
    let (_directory, path) = unpacked(Level::Subscription);
    let archive = path.join("backup_domainmail_2401151030.tzst");
    let size = fs::metadata(&archive).unwrap().len();
    fs::remove_file(archive).unwrap();
    let description = describe(&path);
    let missing: Vec<&Problem> = description
        .problems
        .iter()
        .filter(|problem| matches!(problem, Problem::MissingContent { kind, .. } if kind == "domainmail"))
        .collect();
    // The add-on domain has an archive of this name: it must not be taken instead.
    let [Problem::MissingContent { owner, size: declared, .. }] = missing.as_slice() else {
        panic!("{:?}", description.problems)
    };
    assert_eq!((owner.as_str(), *declared), ("example.com", Some(size)));
    let content = &description.subscriptions[0].domain.mail.as_ref().unwrap().content[0];
    assert_eq!(content.files[0].entry, None);
    let error = Backup::open(&path).unwrap().open_content(content).unwrap_err();
    assert_eq!(error.to_string(), "`backup_domainmail_2401151030.tzst` is not in the backup");
}

#[test]
fn a_truncated_inner_archive_is_named_by_size_and_by_its_walk() {
    let (_directory, path) = unpacked(Level::Subscription);
    let archive = path.join("backup_domainmail_2401151030.tzst");
    let size = fs::metadata(&archive).unwrap().len();
    corrupt::truncate(&archive, size - 20).unwrap();
    let backup = Backup::open(&path).unwrap();
    let description = backup.describe().unwrap();
    let expected = Problem::ContentSize {
        owner: "example.com".to_owned(),
        file: "backup_domainmail_2401151030.tzst".to_owned(),
        declared: size,
        found: size - 20,
    };
    assert!(description.problems.contains(&expected), "{:?}", description.problems);
    let content = &description.subscriptions[0].domain.mail.as_ref().unwrap().content[0];
    let end = backup.open_content(content).unwrap().walk(|_| Ok::<(), ()>(())).unwrap();
    let damage = end.damage.unwrap();
    assert_eq!((damage.what, damage.offset), (DamageKind::Truncated, size - 20));
}

#[test]
fn a_flipped_bit_in_an_outer_header_costs_nothing_or_one_file() {
    let (_directory, path) = packed(Level::Server);
    let full = Backup::open(&path).unwrap();
    let count = full.tree().len();
    let second = full.tree().iter().nth(1).unwrap().1.clone();
    // The size field of its header, so that the header leads astray; then the time field.
    for (field, lost) in [(124 + 10, 1), (136 + 10, 0)] {
        corrupt::flip(&path, second.offset - 512 + field).unwrap();
        let backup = Backup::open(&path).unwrap();
        assert_eq!(backup.tree().len(), count - lost, "{:?}", backup.damage());
        let [damage] = backup.damage() else { panic!("{:?}", backup.damage()) };
        match damage {
            Damage::BadHeader { offset, skipped, .. } => {
                assert_eq!((*offset, lost), (second.offset - 512, 1));
                assert_eq!(*skipped, 512 + second.size.next_multiple_of(512));
            }
            Damage::HeaderChecksum { offset, found, computed, .. } => {
                assert_eq!((*offset, lost), (second.offset - 512, 0));
                assert_ne!(found, computed);
            }
            other => panic!("{other}"),
        }
        backup.describe().unwrap();
        corrupt::flip(&path, second.offset - 512 + field).unwrap();
    }
}

#[test]
fn names_that_lead_out_links_and_doubles_are_left_out_and_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.tar");
    let mut builder = tar::Builder::new(fs::File::create(&path).unwrap());
    let mut add = |name: &str, kind: tar::EntryType, link: &str, data: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        if !link.is_empty() {
            header.set_link_name_literal(link).unwrap();
        }
        header.set_size(data.len() as u64);
        header.set_mode(0o600);
        header.set_cksum();
        builder.append(&header, data).unwrap();
    };
    let (file, hard, soft) =
        (tar::EntryType::Regular, tar::EntryType::Link, tar::EntryType::Symlink);
    add("./././backup_info_2401151030.xml", file, "", b"<migration-dump/>");
    add("/etc/passwd", file, "", b"x");
    add("a/../../b", file, "", b"x");
    add("link", soft, "/etc", b"");
    add("same", hard, "backup_info_2401151030.xml", b"");
    add("early", hard, "late", b"");
    add("double", file, "", b"first");
    add("double", file, "", b"second");
    builder.into_inner().unwrap();
    let backup = Backup::open(&path).unwrap();
    let tree = backup.tree();
    let paths: Vec<&[u8]> = tree.iter().map(|(_, entry)| &entry.path[..]).collect();
    assert_eq!(paths, [&b"backup_info_2401151030.xml"[..], b"same", b"double"]);
    let text = |name: &str| {
        let mut text = String::new();
        let mut reader = tree.open(tree.find(name).unwrap()).unwrap();
        std::io::Read::read_to_string(&mut reader, &mut text).unwrap();
        text
    };
    assert_eq!(text("same"), "<migration-dump/>");
    assert_eq!(text("double"), "second");
    let damage: Vec<String> = backup.damage().iter().map(ToString::to_string).collect();
    // Headers lie at 0, 1024, 2048, 3072, 3584, 4096, 4608 and 5632.
    assert_eq!(
        damage,
        [
            "member `/etc/passwd` at byte 1024 was left out: its name leads out of the backup",
            "member `a/../../b` at byte 2048 was left out: its name leads out of the backup",
            "`link` was left out: a symbolic link to `/etc`",
            "`early` was left out: a hard link to `late`, which is not before it",
            "`double` is in the backup twice, with data at byte 5120 (5 bytes) and at byte 6144 (6 bytes); the latter was taken",
        ]
    );
}

#[test]
fn a_declared_size_beyond_any_disk_allocates_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.tar");
    let mut header = tar::Header::new_gnu();
    header.set_path("backup_info_2401151030.xml").unwrap();
    header.set_size((1 << 62) - 1);
    header.set_cksum();
    let bytes = [&header.as_bytes()[..], b"<migration-dump/>"].concat();
    fs::write(&path, bytes).unwrap();
    let backup = Backup::open(&path).unwrap();
    let (_, entry) = backup.tree().iter().next().unwrap();
    assert_eq!((entry.size, entry.available), ((1 << 62) - 1, 17));
    assert_eq!(backup.damage().len(), 2);
    assert_eq!(backup.describe().unwrap().subscriptions.len(), 0);
}

#[cfg(unix)]
#[test]
fn links_in_a_directory_are_not_followed() {
    let (_directory, path) = unpacked(Level::Subscription);
    std::os::unix::fs::symlink("/etc", path.join("etc")).unwrap();
    let backup = Backup::open(&path).unwrap();
    let damage: Vec<String> = backup.damage().iter().map(ToString::to_string).collect();
    assert_eq!(damage, ["`etc` was left out: a symbolic link to `/etc`"]);
}
