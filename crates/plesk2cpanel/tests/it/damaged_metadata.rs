//! Metadata that are damaged, or say what is not so.

use std::fs;
use std::path::PathBuf;

use plesk_fixture::{Level, MailboxSpec, corrupt, pack_directory};

use crate::support::{Place, Run, one_mailbox, served_messages, tar};

/// An unpacked export of one mailbox with two messages.
fn packed(place: &Place) -> PathBuf {
    pack_directory(&one_mailbox(served_messages(2)), &place.path("tree")).unwrap();
    place.path("tree/backup_info_2401151030.xml")
}

fn convert(place: &Place) -> Run {
    place.run(&["convert", "tree", "--output", "out", "--old-server", "dovecot:%08Xu%08Xv"])
}

/// Messages in the archive of the account.
fn messages(place: &Place) -> usize {
    let listing = tar(&["tzf"], &place.path("out/cpmove-examplecom.tar.gz"));
    let listing = String::from_utf8(listing).unwrap();
    listing.lines().filter(|line| line.contains("/anna/cur/1")).count()
}

/// What the report says of the backup itself.
fn problems(place: &Place) -> Vec<String> {
    let report = place.report("out");
    let findings = report["findings"].as_array().unwrap().clone();
    let text = |finding: &serde_json::Value| finding["text"].as_str().unwrap().to_owned();
    findings.iter().map(text).collect()
}

#[test]
fn characters_that_xml_does_not_allow_are_counted_and_cost_nothing() {
    let place = Place::new();
    let xml = packed(&place);
    let broken = b"<description>made by\x01 an old\x08 script\x1b[0m</description><os-description";
    corrupt::replace(&xml, b"<os-description", broken).unwrap();
    let run = convert(&place);
    assert_eq!(messages(&place), 2, "{}", run.transcript());
    let problems = problems(&place);
    assert!(
        problems.contains(
            &"`backup_info_2401151030.xml` holds 3 characters that XML does not allow; each was \
              read as `?`"
                .to_owned()
        ),
        "{problems:?}"
    );
}

#[test]
fn a_wrong_or_missing_size_costs_nothing() {
    for (attribute, expected) in [
        (&b"size=\"99999999\""[..], Some("bytes, the metadata say 99999999")),
        (b"size=\"many\"", Some("its size is `many`")),
        (b"size=\"-1\"", Some("its size is `-1`")),
        (b"size=\"\"", None),
        (b"", None),
    ] {
        let place = Place::new();
        let xml = packed(&place);
        let archive = place.path("tree/backup_domainmail_2401151030.tzst");
        let size = format!("size=\"{}\"", fs::metadata(archive).unwrap().len());
        // The domain names the archive, and the mailbox once more.
        for _ in 0..2 {
            corrupt::replace(&xml, size.as_bytes(), attribute).unwrap();
        }
        let run = convert(&place);
        assert_eq!(messages(&place), 2, "{}", run.transcript());
        let problems = problems(&place);
        match expected {
            Some(text) => {
                let told = problems.iter().filter(|problem| problem.contains(text)).count();
                assert!((1..=2).contains(&told), "{problems:?}");
            }
            None => assert_eq!(problems, Vec::<String>::new()),
        }
    }
}

#[test]
fn a_content_file_outside_the_backup_is_never_followed() {
    let name = b"backup_domainmail_2401151030.tzst</content-file>";
    for (elsewhere, expected) in [
        ("../../other/mail.tzst", "other/mail.tzst` (domainmail) is not in the backup"),
        ("/etc/passwd", "etc/passwd` (domainmail) is not in the backup"),
        ("a/../../../etc/passwd", "a/../../../etc/passwd` (domainmail) is not in the backup"),
    ] {
        let place = Place::new();
        let xml = packed(&place);
        // What it leads to is there, and would be read if it were followed.
        fs::create_dir(place.path("other")).unwrap();
        fs::rename(
            place.path("tree/backup_domainmail_2401151030.tzst"),
            place.path("other/mail.tzst"),
        )
        .unwrap();
        let replaced = format!("{elsewhere}</content-file>");
        for _ in 0..2 {
            corrupt::replace(&xml, name, replaced.as_bytes()).unwrap();
        }
        let run = convert(&place);
        assert_eq!(run.status, Some(1), "{}", run.transcript());
        let problems = problems(&place);
        assert!(problems.iter().any(|it| it.ends_with(expected)), "{problems:?}");
        assert_eq!(place.entries("out"), ["report.html", "report.json"]);
    }
}

#[test]
fn a_mailbox_more_or_less_in_the_metadata() {
    let place = Place::new();
    let xml = packed(&place);
    // The archive holds `anna`; the metadata know `bert`.
    let known = [&b"name=\"anna\""[..], b"anna/Maildir"];
    for name in known {
        let other = String::from_utf8(name.to_vec()).unwrap().replace("anna", "bert");
        corrupt::replace(&xml, name, other.as_bytes()).unwrap();
    }
    let run = convert(&place);
    insta::assert_snapshot!("another-mailbox", run.transcript());
}

#[test]
fn mail_of_another_domain_is_never_taken() {
    let place = Place::new();
    let mut spec = one_mailbox(served_messages(2));
    let mut other = spec.subscriptions[0].clone();
    other.name = "example.org".into();
    other.mailboxes[0] = MailboxSpec::new("anna").with_files(served_messages(7));
    spec.subscriptions.push(other);
    spec.level = Level::Server;
    pack_directory(&spec, &place.path("tree")).unwrap();
    let xml = place.path("tree/domains/example.com/backup_info_2401151030.xml");
    // The domain names the archive, and the mailbox once more.
    for _ in 0..2 {
        corrupt::replace(&xml, b"path=\"domains/example.com\"", b"path=\"domains/example.org\"")
            .unwrap();
    }
    let run = convert(&place);
    insta::assert_snapshot!("mail-of-another-domain", run.transcript());
    let messages_of = |user: &str| {
        let listing = tar(&["tzf"], &place.path(&format!("out/cpmove-{user}.tar.gz")));
        String::from_utf8(listing).unwrap().matches("/anna/cur/1").count()
    };
    // Its own archive lies where it should, and nothing else names it.
    assert_eq!((messages_of("examplecom"), messages_of("exampleorg")), (2, 7));

    fs::remove_file(place.path("tree/domains/example.com/backup_domainmail_2401151030.tzst"))
        .unwrap();
    let run = place.run(&["convert", "tree", "--output", "without", "--only", "example.com"]);
    assert_eq!(run.status, Some(1), "{}", run.transcript());
    assert_eq!(place.entries("without"), ["report.html", "report.json"]);
}
