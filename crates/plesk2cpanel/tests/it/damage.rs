//! Damaged backups: what can be read is converted, what is gone is said.

use std::fs;

use plesk_fixture::{Compression, MailboxSpec, MemoryFile, MemoryKind, Spec, corrupt};

use crate::support::{Place, Run, one_mailbox, served_messages, tar};

/// Messages of the mailbox `anna` in the archive, as GNU tar lists them.
fn messages(place: &Place) -> Vec<String> {
    let listing = tar(&["tzf"], &place.path("out/cpmove-examplecom.tar.gz"));
    String::from_utf8(listing)
        .unwrap()
        .lines()
        .filter(|line| line.contains("/anna/cur/1") || line.contains("/anna/new/1"))
        .map(|line| line.rsplit('/').next().unwrap().to_owned())
        .collect()
}

fn convert(place: &Place) -> Run {
    place.run(&[
        "convert",
        "backup_example.com_2401151030.tar",
        "--output",
        "out",
        "--old-server",
        "dovecot:%08Xu%08Xv",
    ])
}

const BACKUP: &str = "backup_example.com_2401151030.tar";

#[test]
fn a_truncated_outer_tar() {
    let place = Place::new();
    let path = place.pack(BACKUP, &one_mailbox(served_messages(3)));
    // The XML stands at the end of an export: a cut takes it, and the mail before it is whole.
    let archive = corrupt::member_range(&path, "backup_domainmail_2401151030.tzst").unwrap();
    corrupt::truncate(&path, archive.end + 700).unwrap();
    insta::assert_snapshot!(
        "truncated-outer-inspect",
        place.run(&["inspect", BACKUP]).transcript()
    );
    let run = convert(&place);
    insta::assert_snapshot!("truncated-outer-convert", run.transcript());
    assert_eq!(messages(&place).len(), 3);
}

#[test]
fn an_outer_tar_cut_inside_the_mail_archive() {
    let place = Place::new();
    let mut spec = one_mailbox(served_messages(3));
    spec.compression = Compression::Tar;
    let path = place.pack(BACKUP, &spec);
    let archive = corrupt::member_range(&path, "backup_domainmail_2401151030.tar").unwrap();
    // The archive's members are 512 bytes of header and some 1100 of text each.
    corrupt::truncate(&path, archive.start + (archive.end - archive.start) / 2).unwrap();
    let run = convert(&place);
    insta::assert_snapshot!("cut-inside-the-mail-archive", run.transcript());
    let kept = messages(&place);
    assert!(!kept.is_empty() && kept.len() < 3, "{kept:?}");
}

#[test]
fn a_truncated_inner_archive() {
    for (name, compression) in [("tgz", Compression::Tgz), ("tzst", Compression::Tzst)] {
        let place = Place::new();
        let mut spec = one_mailbox(served_messages(300));
        spec.compression = compression;
        let whole = place.path("tree");
        plesk_fixture::pack_directory(&spec, &whole).unwrap();
        let archive = whole.join(format!("backup_domainmail_2401151030.{name}"));
        corrupt::truncate(&archive, fs::metadata(&archive).unwrap().len() * 2 / 3).unwrap();
        let run = place.run(&[
            "convert",
            "tree",
            "--output",
            "out",
            "--old-server",
            "dovecot:%08Xu%08Xv",
        ]);
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        let kept = messages(&place);
        assert!(!kept.is_empty() && kept.len() < 300, "{name}: {}", kept.len());
        let report = place.report("out");
        let codes: Vec<&str> = report["accounts"][0]["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| finding["code"].as_str().unwrap())
            .collect();
        assert!(codes.contains(&"archive-damaged"), "{codes:?}");
        // The list stood behind the messages and is gone: they are there, and their names are not.
        assert!(codes.contains(&"state-missing"), "{codes:?}");
    }
}

#[test]
fn a_cut_message_is_left_out_and_named() {
    let place = Place::new();
    let mut spec = one_mailbox(served_messages(3));
    spec.compression = Compression::Tar;
    let tree = place.path("tree");
    plesk_fixture::pack_directory(&spec, &tree).unwrap();
    let archive = tree.join("backup_domainmail_2401151030.tar");
    let second =
        corrupt::member_range(&archive, "anna/Maildir/cur/1700000002.M1P1.old:2,S").unwrap();
    corrupt::truncate(&archive, second.start + 100).unwrap();
    let run = place.run(&["convert", "tree", "--output", "out"]);
    insta::assert_snapshot!("cut-message", run.transcript());
    assert_eq!(messages(&place), ["1700000001.M1P1.old:2,S"]);
}

#[test]
fn an_xml_that_is_cut_off() {
    let place = Place::new();
    let mut spec = one_mailbox(served_messages(2));
    spec.subscriptions[0].mailboxes.push(MailboxSpec::new("bert").with_files(vec![
        MemoryFile::file("Maildir/cur/1700000001.M2P2.old:2,", 1_700_000_001, "A: b\n\nc\n"),
    ]));
    let tree = place.path("tree");
    plesk_fixture::pack_directory(&spec, &tree).unwrap();
    corrupt::cut_xml(&tree.join("backup_info_2401151030.xml"), "name=\"bert\"").unwrap();
    insta::assert_snapshot!("cut-xml-inspect", place.run(&["inspect", "tree"]).transcript());
    let run = place.run(&["convert", "tree", "--output", "out", "--old-server", "dovecot:%u-%v"]);
    insta::assert_snapshot!("cut-xml-convert", run.transcript());
    let listing =
        String::from_utf8(tar(&["tzf"], &place.path("out/cpmove-examplecom.tar.gz")).clone());
    let listing = listing.unwrap_or_default();
    assert!(listing.contains("/anna/cur/"), "{listing}");
    assert!(listing.contains("/bert/cur/"), "mail without metadata is carried too: {listing}");
}

#[test]
fn a_mailbox_without_any_state_file() {
    let place = Place::new();
    let mut files = served_messages(3);
    files.pop();
    place.pack(BACKUP, &one_mailbox(files));
    insta::assert_snapshot!("no-state-inspect", place.run(&["inspect", BACKUP]).transcript());
    insta::assert_snapshot!("no-state-convert", convert(&place).transcript());
    assert_eq!(messages(&place).len(), 3);
}

#[test]
fn a_backup_without_mail() {
    let place = Place::new();
    let mut spec = Spec::sample();
    spec.subscriptions[0].mailboxes.clear();
    spec.subscriptions[0].sites.clear();
    place.pack("backup.tar", &spec);
    insta::assert_snapshot!("no-mail-inspect", place.run(&["inspect", "backup.tar"]).transcript());
    insta::assert_snapshot!(
        "no-mail-convert",
        place.run(&["convert", "backup.tar", "--output", "out"]).transcript()
    );
    assert_eq!(place.entries("out"), ["cpmove-exampleuser.tar.gz", "report.html", "report.json"]);
}

#[test]
fn a_backup_whose_mail_archive_is_missing() {
    let place = Place::new();
    let tree = place.path("tree");
    plesk_fixture::pack_directory(&one_mailbox(served_messages(2)), &tree).unwrap();
    fs::remove_file(tree.join("backup_domainmail_2401151030.tzst")).unwrap();
    insta::assert_snapshot!(
        "missing-archive",
        place.run(&["convert", "tree", "--output", "out"]).transcript()
    );
}

/// Messages that do not compress, so that damage of an archive hits few of them.
fn noisy_messages(count: u32) -> Vec<MemoryFile> {
    let mut files = served_messages(count);
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        format!("{state:08x}")
    };
    for file in files.iter_mut().filter(|file| file.path.starts_with(b"Maildir/cur/")) {
        let MemoryKind::File(content) = &mut file.kind else { continue };
        let lines: Vec<String> =
            (0..60).map(|_| (0..8).map(|_| noise()).collect::<String>()).collect();
        content.extend(lines.join("\n").into_bytes());
        content.push(b'\n');
    }
    files
}

/// An unpacked export of [`noisy_messages`], and its mail archive.
fn noisy(place: &Place, count: u32, compression: Compression) -> std::path::PathBuf {
    let spec = Spec { compression, ..one_mailbox(noisy_messages(count)) };
    let tree = place.path("tree");
    plesk_fixture::pack_directory(&spec, &tree).unwrap();
    let extension = match compression {
        Compression::Tar => "tar",
        Compression::Tgz => "tgz",
        Compression::Tzst => "tzst",
        Compression::Zip => "zip",
    };
    tree.join(format!("backup_domainmail_2401151030.{extension}"))
}

fn convert_tree(place: &Place) -> Run {
    place.run(&["convert", "tree", "--output", "out", "--old-server", "dovecot:%08Xu%08Xv"])
}

/// Findings of one kind about the account or the backup.
fn findings(place: &Place, code: &str) -> Vec<String> {
    let report = place.report("out");
    let of = |findings: &serde_json::Value| findings.as_array().unwrap().clone();
    let accounts = report["accounts"].as_array().unwrap();
    let all = accounts.iter().flat_map(|account| of(&account["findings"]));
    all.chain(of(&report["findings"]))
        .filter(|finding| finding["code"] == code)
        .map(|finding| {
            let text = |field: &str| finding[field].as_str().unwrap().to_owned();
            format!("{}: {}", text("object"), text("text"))
        })
        .collect()
}

#[test]
fn an_error_text_before_the_archive_is_skipped_and_told() {
    for compression in [Compression::Tgz, Compression::Tzst, Compression::Tar] {
        let place = Place::new();
        let archive = noisy(&place, 20, compression);
        let text = b"Unable to getpwnam for user example\ntar: info: file changed as we read it\n";
        corrupt::prepend(&archive, text).unwrap();
        let run = convert_tree(&place);
        assert_eq!(messages(&place).len(), 20, "{}", run.transcript());
        let name = archive.file_name().unwrap().to_str().unwrap();
        let told = findings(&place, "metadata-problem");
        let expected = format!(
            "{name}: the archive begins with {} bytes that are not its own, usually an error \
             message of the backup; they are skipped",
            text.len()
        );
        assert!(told.contains(&expected), "{told:?}");
        assert_eq!(findings(&place, "archive-damaged"), Vec::<String>::new());
    }
}

#[test]
fn a_bad_block_in_the_middle_costs_what_follows_and_is_placed() {
    for (name, compression) in [("tgz", Compression::Tgz), ("tzst", Compression::Tzst)] {
        let place = Place::new();
        let archive = noisy(&place, 200, compression);
        let middle = fs::metadata(&archive).unwrap().len() / 2;
        corrupt::overwrite(&archive, middle, &[0xff; 512]).unwrap();
        let run = convert_tree(&place);
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        insta::assert_snapshot!(format!("bad-block-{name}"), findings_of_damage(&place));
        let kept = messages(&place).len();
        // What gzip packs is made of copies of what came before, so that all headers behind the
        // block are lost with it.
        assert!(kept > 90 && kept < 190, "{name}: {kept} messages of 200");
    }
}

#[test]
fn a_cut_tail_is_placed_and_names_what_was_being_read() {
    for (name, compression) in [("tgz", Compression::Tgz), ("tzst", Compression::Tzst)] {
        let place = Place::new();
        let archive = noisy(&place, 200, compression);
        let size = fs::metadata(&archive).unwrap().len();
        corrupt::truncate(&archive, size - 10_000).unwrap();
        let run = convert_tree(&place);
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        insta::assert_snapshot!(format!("cut-tail-{name}"), findings_of_damage(&place));
        assert!(messages(&place).len() > 120, "{name}: {}", messages(&place).len());
    }
}

/// What the report says of damage, and how many messages there are.
fn findings_of_damage(place: &Place) -> String {
    let mut lines = vec![format!("{} messages are converted", messages(place).len())];
    for code in [
        "backup-damaged",
        "archive-damaged",
        "content-missing",
        "message-damaged",
        "state-missing",
        "metadata-problem",
    ] {
        let found = findings(place, code);
        lines.extend(found.iter().take(3).map(|text| format!("{code}: {text}")));
        if found.len() > 3 {
            lines.push(format!("{code}: and {} more", found.len() - 3));
        }
    }
    lines.join("\n")
}

#[test]
fn a_missing_volume_costs_only_what_is_in_it_and_behind_it() {
    let place = Place::new();
    let mut spec = one_mailbox(noisy_messages(200));
    spec.volume_size = Some(100_000);
    plesk_fixture::pack_directory(&spec, &place.path("tree")).unwrap();
    let volume = |number: u32| format!("tree/backup_domainmail_2401151030.tzst.{number:03}");
    assert!(place.path(&volume(4)).exists());
    fs::rename(place.path(&volume(3)), place.path("third")).unwrap();
    let run = convert_tree(&place);
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    insta::assert_snapshot!("missing-volume", findings_of_damage(&place));

    // Without the first there is no archive, and an account without mail is not written.
    fs::rename(place.path(&volume(1)), place.path(&volume(3))).unwrap();
    let run = place.run(&["convert", "tree", "--output", "none"]);
    insta::assert_snapshot!("missing-first-volume", run.transcript());
}

#[test]
fn a_compressed_export_that_is_damaged() {
    for (name, form) in [("gz", plesk_fixture::Form::TarGz), ("zst", plesk_fixture::Form::TarZst)] {
        let place = Place::new();
        let spec = Spec { compression: Compression::Tar, ..one_mailbox(noisy_messages(200)) };
        let path = place.path(BACKUP);
        plesk_fixture::pack_form(&spec, form, &path).unwrap();
        let size = fs::metadata(&path).unwrap().len();
        corrupt::overwrite(&path, size * 2 / 3, &[0xff; 512]).unwrap();
        let run = convert(&place);
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        insta::assert_snapshot!(format!("compressed-export-{name}"), findings_of_damage(&place));
        let kept = messages(&place).len();
        assert!(kept > 80 && kept < 200, "{name}: {kept}");
    }
}
