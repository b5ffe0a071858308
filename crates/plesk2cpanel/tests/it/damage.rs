//! Damaged backups: what can be read is converted, what is gone is said.

use std::fs;

use plesk_fixture::{Compression, MailboxSpec, MemoryFile, Spec, corrupt};

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
