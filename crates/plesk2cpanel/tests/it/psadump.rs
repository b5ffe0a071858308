//! Backups of Plesk 8 and 7, which are one mail-like file each.

mod forms;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use plesk_fixture::{
    AutoresponderSpec, Compression, DomainAliasSpec, MailboxSource, MailboxSpec, MemoryFile,
    PasswordSpec, PsadumpOptions, PsadumpVersion, SpamSpec, Spec, SubscriptionSpec,
    SyntheticServer, TransferEncoding, UnlistedSpec, corrupt, pack_psadump,
};

use crate::rich::rich;
use crate::support::{Place, Run, served_messages};

const VERSIONS: [PsadumpVersion; 2] = [PsadumpVersion::Plesk8, PsadumpVersion::Plesk7];
/// SHA-512-crypt: a password that needs no salt of this program's own.
const HASH: &str = "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1";

/// A domain with mailboxes of a Courier, one that a Dovecot served later, and addresses without a
/// mailbox; nothing that an old form cannot hold.
fn backup() -> Spec {
    let mut info = MailboxSpec {
        source: Some(MailboxSource::Synthetic {
            messages: 40,
            message_bytes: 2000,
            seed: 7,
            server: SyntheticServer::Courier,
        }),
        ..MailboxSpec::new("info")
    };
    info.quota = Some(100 << 20);
    info.aliases = vec!["contact".into(), "office".into()];
    info.forwards = vec!["copy@example.net".into()];
    info.forwarding_enabled = true;
    info.spam = Some(SpamSpec { hits: "6".into(), ..SpamSpec::default() });
    let mut anna = MailboxSpec::new("anna").with_files(served_messages(3));
    anna.quota = Some(-1);
    anna.autoresponders.push(AutoresponderSpec {
        subject: "Gone fishing".into(),
        end_date: Some("2030-01-01".into()),
        ..AutoresponderSpec::default()
    });
    let mut forward = MailboxSpec::new("forward");
    forward.mailbox = false;
    forward.forwards = vec!["a@example.net".into(), "anna".into()];
    forward.forwarding_enabled = true;
    let mut paused = MailboxSpec::new("paused");
    paused.forwards = vec!["b@example.net".into()];

    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.limits.insert("mbox_quota".into(), 50 << 20);
    subscription.aliases.push(DomainAliasSpec::new("example.org"));
    subscription.catch_all = Some("anna@example.com".into());
    subscription.system_password = Some(PasswordSpec::new("encrypted", HASH));
    subscription.ip_addresses.clear();
    subscription.mailboxes = [info, anna, forward, paused]
        .map(|mailbox| mailbox.with_password(PasswordSpec::new("encrypted", HASH)))
        .to_vec();
    Spec {
        level: plesk_fixture::Level::Subscription,
        components: vec!["courier-imap".into()],
        compression: Compression::Tgz,
        subscriptions: vec![subscription],
        ..Spec::default()
    }
}

fn pack(place: &Place, spec: &Spec, options: &PsadumpOptions) -> Vec<String> {
    pack_psadump(spec, &place.path("psadump"), options).unwrap()
}

fn convert(place: &Place, backup: &str) -> Run {
    place.run(&["convert", backup, "--output", "out", "--old-server", "dovecot:%08Xu%08Xv"])
}

/// Unpacks the account with GNU tar: members by name, below the directory that bears its name.
fn members(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let unpacked = place.path("unpacked");
    fs::create_dir_all(&unpacked).unwrap();
    let status = Command::new("tar")
        .args(["xzf", "out/cpmove-exampleuser.tar.gz", "-C", "unpacked"])
        .current_dir(place.path(""))
        .status();
    assert!(status.unwrap().success());
    let root = unpacked.join("cpmove-exampleuser");
    let mut found = BTreeMap::new();
    collect(&root, &root, &mut found);
    found
}

fn collect(root: &Path, directory: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, found);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            found.insert(name, fs::read(&path).unwrap());
        }
    }
}

fn findings(report: &serde_json::Value) -> Vec<String> {
    let of = |list: &serde_json::Value| -> Vec<String> {
        let list = list.as_array().into_iter().flatten();
        list.map(|finding| format!("{}: {}", finding["code"], finding["text"])).collect()
    };
    let accounts = report["accounts"].as_array().unwrap();
    let mut all = of(&report["findings"]);
    all.extend(accounts.iter().flat_map(|account| of(&account["findings"])));
    all
}

#[track_caller]
fn has(report: &serde_json::Value, code: &str, part: &str) {
    let findings = findings(report);
    let is_there =
        findings.iter().any(|text| text.starts_with(&format!("\"{code}\"")) && text.contains(part));
    assert!(is_there, "no {code} with `{part}` in {findings:#?}");
}

/// Without what the old forms do not tell: when the domain was made, and whose it is.
fn lines_that_stay(account: &[u8]) -> Vec<String> {
    let text = String::from_utf8(account.to_vec()).unwrap();
    let is_untold = |line: &&str| {
        ["STARTDATE=", "CONTACTEMAIL=", "MTIME="].iter().any(|name| line.starts_with(name))
    };
    text.lines().filter(|line| !is_untold(line)).map(str::to_owned).collect()
}

#[test]
fn an_account_is_the_same_from_every_form() {
    let expected = {
        let place = Place::new();
        place.pack("backup.tar", &backup());
        let run = convert(&place, "backup.tar");
        assert!(matches!(run.status, Some(0 | 3)), "{}", run.transcript());
        members(&place)
    };
    let messages = |members: &BTreeMap<String, Vec<u8>>| {
        members.keys().filter(|name| name.contains("/cur/") || name.contains("/new/")).count()
    };
    assert_eq!(messages(&expected), 43);
    for version in VERSIONS {
        let plain = PsadumpOptions::new(version);
        let encoded = PsadumpOptions {
            encoding: TransferEncoding::Base64,
            signed: true,
            has_returns: true,
            metadata_last: true,
            ..plain.clone()
        };
        let quoted =
            PsadumpOptions { encoding: TransferEncoding::QuotedPrintable, ..plain.clone() };
        for options in [plain, encoded, quoted] {
            let place = Place::new();
            pack(&place, &backup(), &options);
            let run = convert(&place, "psadump");
            assert_eq!(run.status, Some(3), "{}", run.transcript());
            let found = members(&place);
            let names = |members: &BTreeMap<String, Vec<u8>>| -> Vec<String> {
                members.keys().cloned().collect()
            };
            assert_eq!(names(&found), names(&expected), "{options:?}");
            for (name, bytes) in &expected {
                let (left, right) = (&found[name], bytes);
                if name == "cp/exampleuser" {
                    let (left, right) = (lines_that_stay(left), lines_that_stay(right));
                    assert_eq!(left, right, "{options:?}");
                } else {
                    assert!(left == right, "{name}: {options:?}");
                }
            }
        }
    }
}

#[test]
fn what_a_courier_called_its_messages_is_kept() {
    for version in VERSIONS {
        let place = Place::new();
        pack(&place, &backup(), &PsadumpOptions::new(version));
        let inspection = place.run(&["inspect", "psadump"]);
        insta::assert_snapshot!(format!("psadump-{version:?}-inspect"), inspection.transcript());
        assert_eq!(convert(&place, "psadump").status, Some(3));
        let report = place.report("out");
        assert_eq!(report["backup"]["container"], "psadump");
        let mailbox = |address: &str| {
            let mailboxes = report["accounts"][0]["mailboxes"].as_array().unwrap();
            mailboxes.iter().find(|mailbox| mailbox["address"] == address).unwrap().clone()
        };
        let info = mailbox("info@example.com");
        assert_eq!(info["server"]["found"], serde_json::json!(["courier"]));
        assert_eq!(info["quota_bytes"], 100 << 20);
        assert_eq!(info["messages"], 40);
        let anna = mailbox("anna@example.com");
        assert_eq!(
            (&anna["messages"], &anna["quota_bytes"]),
            (&3.into(), &serde_json::Value::Null)
        );
        // The default of the domain: 50 MiB.
        assert_eq!(mailbox("paused@example.com")["quota_bytes"], 50 << 20);
        let members = members(&place);
        let text = |name: &str| String::from_utf8(members[name].clone()).unwrap();
        let list = text("homedir/mail/example.com/info/dovecot-uidlist");
        // The line of Courier's list: number 1, and when it was begun.
        assert!(list.contains(" PUID1-1380000086 "), "{list}");
        let addresses = text("va/example.com");
        for line in ["contact@example.com: info@example.com", "*: anna@example.com"] {
            assert!(addresses.lines().any(|known| known == line), "{line}: {addresses}");
        }
        assert!(addresses.contains("copy@example.net") && addresses.contains("a@example.net"));
        assert!(!addresses.contains("b@example.net"), "a forward that is off: {addresses}");
    }
}

/// A plain tar in each part, so that it can be cut at a place that is known.
fn uncompressed() -> Spec {
    Spec { compression: Compression::Tar, ..backup() }
}

/// Names of the files in `cur` and `new` of a mailbox.
fn messages(place: &Place, mailbox: &str) -> Vec<String> {
    let directory = format!("homedir/mail/example.com/{mailbox}/");
    let names = members(place).into_keys();
    let names = names.filter(|name| name.starts_with(&directory));
    names
        .filter(|name| name.contains("/cur/") || name.contains("/new/"))
        .map(|name| name.rsplit('/').next().unwrap().to_owned())
        .collect()
}

fn position(bytes: &[u8], text: &[u8]) -> usize {
    bytes.windows(text.len()).position(|window| window == text).unwrap()
}

#[test]
fn a_dump_that_is_cut_in_a_part() {
    for version in VERSIONS {
        let place = Place::new();
        pack(&place, &uncompressed(), &PsadumpOptions::new(version));
        let path = place.path("psadump");
        let bytes = fs::read(&path).unwrap();
        // Inside the second of three messages: what stands before it is whole.
        let second = position(&bytes, b"Subject: number 2\n");
        corrupt::truncate(&path, second as u64 + 20).unwrap();
        let run = convert(&place, "psadump");
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        assert_eq!(messages(&place, "anna"), ["1700000001.M1P1.old:2,S"]);
        assert_eq!(messages(&place, "info").len(), 40);
        let report = place.report("out");
        let length = second + 20;
        has(&report, "backup-damaged", &format!("the backup ends at byte {length}, but goes on"));
        let part = match version {
            PsadumpVersion::Plesk8 => "anna@example.com.mdir",
            PsadumpVersion::Plesk7 => "mail.anna@example.com",
        };
        has(&report, "backup-damaged", &format!("`{part}` (at byte "));
        has(&report, "message-damaged", "1700000002.M1P1.old:2,S` is cut");
    }
}

#[test]
fn a_part_that_is_missing_and_one_that_nobody_names() {
    for (version, named, other) in [
        (PsadumpVersion::Plesk8, "filename=\"anna@", "filename=\"xxxx@"),
        (PsadumpVersion::Plesk7, "Content-ID: <mail.anna@", "Content-ID: <mail.xxxx@"),
    ] {
        let place = Place::new();
        pack(&place, &backup(), &PsadumpOptions::new(version));
        corrupt::replace(&place.path("psadump"), named.as_bytes(), other.as_bytes()).unwrap();
        let run = convert(&place, "psadump");
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        assert_eq!(messages(&place, "info").len(), 40);
        assert_eq!(messages(&place, "anna"), [""; 0]);
        let report = place.report("out");
        has(&report, "content-missing", "anna@example.com");
        has(&report, "metadata-problem", "(mailbox) is not in the backup");
        has(&report, "archive-unreferenced", "no metadata name this content archive");
    }
    // A mailbox that the metadata do not name any more.
    let place = Place::new();
    let mut spec = backup();
    let message = MemoryFile::file("Maildir/cur/1.h:2,", 1_700_000_000, "A: b\n\nc\n");
    let source = MailboxSource::Files(vec![message]);
    spec.subscriptions[0].unlisted.push(UnlistedSpec { name: "gone".into(), source });
    pack(&place, &spec, &PsadumpOptions::new(PsadumpVersion::Plesk8));
    assert_eq!(convert(&place, "psadump").status, Some(3));
    let report = place.report("out");
    let objects: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["code"] == "archive-unreferenced")
        .map(|finding| finding["object"].as_str().unwrap())
        .collect();
    assert_eq!(objects, ["gone@example.com.mdir"]);
}

#[test]
fn control_characters_in_the_metadata() {
    for version in VERSIONS {
        let place = Place::new();
        pack(&place, &backup(), &PsadumpOptions::new(version));
        let path = place.path("psadump");
        corrupt::replace(&path, b"<alias>office", b"<alias>off\x01ce").unwrap();
        let run = convert(&place, "psadump");
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        let report = place.report("out");
        has(&report, "metadata-problem", "`dump.xml` holds 1 characters that XML does not allow");
        assert_eq!(messages(&place, "info").len(), 40);
    }
}

#[test]
fn boundaries_that_are_wrong() {
    let boundary = b"_----------=_1165935600123450";
    let head: &[u8] = b"boundary=\"_----------=_1165935600123450\"";
    for version in VERSIONS {
        // The head names another one.
        let place = Place::new();
        pack(&place, &backup(), &PsadumpOptions::new(version));
        corrupt::replace(&place.path("psadump"), head, b"boundary=\"something else\"").unwrap();
        let run = convert(&place, "psadump");
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        has(&place.report("out"), "backup-damaged", "the boundary `something else`");
        assert_eq!((messages(&place, "info").len(), 40), (40, 40));

        // The line before the mailbox `anna` is damaged: the part before it swallows hers.
        let place = Place::new();
        pack(&place, &backup(), &PsadumpOptions::new(version));
        let path = place.path("psadump");
        let bytes = fs::read(&path).unwrap();
        let part = match version {
            PsadumpVersion::Plesk8 => position(&bytes, b"filename=\"anna@"),
            PsadumpVersion::Plesk7 => position(&bytes, b"<mail.anna@"),
        };
        let line = (0..part).rev().find(|at| bytes[*at..].starts_with(boundary)).unwrap();
        corrupt::flip(&path, line as u64 + 20).unwrap();
        let run = convert(&place, "psadump");
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        let report = place.report("out");
        has(&report, "content-missing", "anna@example.com");
        has(&report, "archive-damaged", "something that is no gzip follows the end of the data");
        assert_eq!(messages(&place, "info").len(), 40);
    }
}

#[test]
fn a_dump_without_its_metadata_and_a_mail_with_attachments() {
    let place = Place::new();
    let options =
        PsadumpOptions { metadata_last: true, ..PsadumpOptions::new(PsadumpVersion::Plesk8) };
    pack(&place, &backup(), &options);
    let path = place.path("psadump");
    let bytes = fs::read(&path).unwrap();
    corrupt::truncate(&path, position(&bytes, b"filename=\"dump.xml") as u64 - 60).unwrap();
    insta::assert_snapshot!("psadump-no-metadata", convert(&place, "psadump").transcript());
    let mail = "From: a@example.net\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n\
                --b\nContent-Disposition: attachment; filename=photo.jpg\n\n\u{ff}\n--b--\n";
    place.write("mail.eml", mail.as_bytes());
    insta::assert_snapshot!("a-mail", place.run(&["inspect", "mail.eml"]).transcript());
}

/// Settings of a report by what they are of: `info@example.com alias converted`.
fn settings(report: &serde_json::Value) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for account in report["accounts"].as_array().unwrap() {
        for entry in account["settings"].as_array().unwrap() {
            let text = |key: &str| entry[key].as_str().unwrap().to_owned();
            let line = format!("{} {} {}", text("object"), text("setting"), text("outcome"));
            *found.entry(line).or_default() += 1;
        }
    }
    found
}

/// How many messages came out, by address.
fn message_counts(report: &serde_json::Value) -> BTreeMap<String, u64> {
    let accounts = report["accounts"].as_array().unwrap().iter();
    let mailboxes = accounts.flat_map(|account| account["mailboxes"].as_array().unwrap());
    mailboxes
        .map(|it| (it["address"].as_str().unwrap().to_owned(), it["messages"].as_u64().unwrap()))
        .collect()
}

/// Settings that the packer writes for everybody, and old forms have not.
const OF_TODAY: [&str; 2] = ["grey-listing", "web-mail"];
/// What the packer says of a setting that does not come through as it is; `NAME` stands for the
/// account.
const SAID: [(&str, &str); 15] = [
    ("addressbook", "the address book of NAME"),
    ("content", "it is a domain of its own"),
    ("domain-alias", "aliases that are off"),
    // An alias of a site shows the web of the account's main domain; here the site is an account.
    ("domain-alias", "it is a domain of its own"),
    ("domain-keys", "DKIM"),
    ("filter", "files beside the Maildir of NAME"),
    ("forwarding", "that forwarding in XML of its own is off for NAME"),
    ("mail", "who switched its mail off"),
    ("mailbox", "the mailbox that NAME had once"),
    ("mailbox", "who switched its mail off"),
    ("mailbox-quota", "the mailbox that NAME had once"),
    ("mailing lists", "mailing lists"),
    ("maillist", "mailing lists"),
    ("messages", "the mailbox that NAME had once"),
    ("outgoing-messages", "preferences of the mail in XML of their own"),
];

/// Whether the packer said that a line of [`settings`] would differ.
fn is_said(line: &str, version: PsadumpVersion, lost: &[String]) -> bool {
    let (object, setting) = line.split_once(' ').unwrap();
    let is = |name: &str| setting.strip_prefix(name).is_some_and(|rest| rest.starts_with(' '));
    if OF_TODAY.iter().any(|name| is(name)) {
        return true;
    }
    // There was no filter for viruses yet.
    if version == PsadumpVersion::Plesk7 && is("virusfilter") {
        return true;
    }
    let name = object.split_once('@').map_or("", |(name, _)| name);
    SAID.iter().filter(|(setting, _)| is(setting)).any(|(_, text)| {
        let text = text.replace("NAME", name);
        lost.iter().any(|line| line.ends_with(&text))
    })
}

#[test]
fn of_a_rich_backup_only_what_the_form_cannot_hold_is_gone() {
    let (today, messages) = {
        let place = Place::new();
        place.pack("backup.tar", &rich());
        assert_eq!(convert(&place, "backup.tar").status, Some(3));
        let report = place.report("out");
        (settings(&report), message_counts(&report))
    };
    for version in VERSIONS {
        let place = Place::new();
        let mut lost = pack(&place, &rich(), &PsadumpOptions::new(version));
        let run = convert(&place, "psadump");
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        let report = place.report("out");
        let found = settings(&report);
        lost.sort();
        let mut text = format!("said by the packer:\n  {}\n", lost.join("\n  "));
        for (name, one, other) in [("gone", &today, &found), ("new", &found, &today)] {
            text.push_str(&format!("{name}:\n"));
            for (line, count) in one.iter().filter(|(line, count)| other.get(*line) != Some(count))
            {
                assert!(is_said(line, version, &lost), "{version:?}: {name}: {line}: {lost:#?}");
                text.push_str(&format!("  {line} ({count})\n"));
            }
        }
        insta::assert_snapshot!(format!("psadump-{version:?}-rich"), text);
        let found = message_counts(&report);
        for (address, count) in &messages {
            let is_same = found.get(address) == Some(count);
            let line = format!("{address} messages of");
            assert!(is_same || is_said(&line, version, &lost), "{version:?}: {address}: {count}");
        }
    }
}
