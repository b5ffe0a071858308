//! Listings of UIDLs from the old server, as the truth of a conversion.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use plesk_fixture::{MailboxSpec, MemoryFile, Spec};
use serde_json::Value;

use crate::support::{Place, Run, one_mailbox, served_messages, tar};
use crate::uidl::{answer_to_list, backup, fixtures};

/// UIDLs in the order in which Dovecot lists what the archive holds: read anew and by nothing of ours
/// but this.
fn served(archive: &Path, account: &str, mailbox: &str) -> Vec<String> {
    let member = format!("cpmove-{account}/homedir/mail/{mailbox}/dovecot-uidlist");
    let list = String::from_utf8(tar(&["-xzO", &member, "-f"], archive)).unwrap();
    let mut messages: Vec<(u64, u64, String)> = list
        .lines()
        .skip(1)
        .map(|line| {
            let (fields, _) = line.split_once(" :").unwrap();
            let mut fields = fields.split(' ');
            let uid: u64 = fields.next().unwrap().parse().unwrap();
            let fields: BTreeMap<char, &str> =
                fields.map(|field| (field.chars().next().unwrap(), &field[1..])).collect();
            let order = fields.get(&'O').map_or(u64::MAX, |order| order.parse().unwrap());
            (order, uid, fields[&'P'].to_owned())
        })
        .collect();
    messages.sort();
    messages.into_iter().map(|(.., uidl)| uidl).collect()
}

/// UIDLs of a recorded session.
fn listed(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let uidls = text.split("\r\n.\r\n").next().unwrap();
    uidls.lines().skip(1).map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
}

#[test]
fn the_archive_serves_exactly_the_listing() {
    for (name, how) in [("reused", "value"), ("hashed", "number"), ("dovecot-default", "value")] {
        let place = Place::new();
        let truth = place.path("truth");
        std::fs::create_dir(&truth).unwrap();
        let listings = fixtures().join("listings").join(name);
        for address in ["alice@example.com.txt", "sales@example.com.txt"] {
            std::fs::copy(listings.join(address), truth.join(address)).unwrap();
        }
        // Without its ending, too.
        std::fs::rename(truth.join("sales@example.com.txt"), truth.join("sales@example.com"))
            .unwrap();
        let backup = backup("dovecot-default");
        let run = place.run(&["convert", &backup, "--output", "plain"]);
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        let run = place.run(&["convert", &backup, "--output", "out", "--uidl-truth", "truth"]);
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        let archive = |output: &str| place.path(output).join("cpmove-exampleuser.tar.gz");
        let report = place.report("out");
        for (local, count) in [("alice", 31), ("sales", 9)] {
            let mailbox = format!("example.com/{local}");
            let expected = listed(&listings.join(format!("{local}@example.com.txt")));
            assert_eq!(expected.len(), count);
            assert_eq!(served(&archive("out"), "exampleuser", &mailbox), expected, "{name}");
            // By the default it would have been otherwise.
            let is_default = name == "dovecot-default";
            assert_eq!(served(&archive("plain"), "exampleuser", &mailbox) == expected, is_default);
            let told = reported(&report, &format!("{local}@example.com"));
            // Two sizes of hers stand twice, and the place alone tells those messages apart.
            let certainty = if (name, local) == ("hashed", "alice") {
                serde_json::json!({ "exact": count - 4, "assumed": 4 })
            } else {
                serde_json::json!({ "exact": count })
            };
            assert_eq!(told["uidl_certainty"], certainty, "{name}");
            let listing = &told["uidl_listing"];
            assert_eq!(listing["matched"], serde_json::json!({ how: count }), "{name}");
            assert_eq!(listing["evidence"], serde_json::json!({ "listing": count }), "{name}");
            assert_eq!((&listing["unmatched"], &listing["sizes_differ"]), (&0.into(), &0.into()));
            assert_eq!(told["server"]["uidl_format_assumed"], false, "{name}");
        }
        // Where there is no listing everything is as without.
        let team = reported(&report, "team@example.com");
        assert_eq!(team["uidl_listing"], Value::Null);
        assert_eq!(team["server"]["uidl_format_assumed"], true);
        assert!(!run.stdout.contains("uidl-truth"), "{}", run.stdout);

        // What the listings say is part of what should be there.
        let archive = archive("out");
        let verify = |more: &[&str]| {
            let archive = archive.to_str().unwrap();
            place.run(&[&["verify", &backup, archive], more].concat()).status
        };
        assert_eq!(verify(&["--uidl-truth", "truth"]), Some(0), "{name}");
        assert_eq!(verify(&[]), Some(i32::from(name != "dovecot-default")), "{name}");

        let run = place.run(&["inspect", &backup, "--uidl-truth", "truth"]);
        let line = "listing from the old server: 31 of 31 messages are here";
        assert!(run.stdout.contains(line), "{}", run.stdout);
    }
}

fn reported<'a>(report: &'a Value, address: &str) -> &'a Value {
    let mailboxes = report["accounts"][0]["mailboxes"].as_array().unwrap();
    mailboxes.iter().find(|mailbox| mailbox["address"] == address).unwrap()
}

/// Findings about listings: (code, object, text).
fn findings(report: &Value) -> Vec<(String, String, String)> {
    let of_accounts = report["accounts"].as_array().unwrap().iter();
    let lists = of_accounts.map(|account| &account["findings"]).chain([&report["findings"]]);
    let all = lists.flat_map(|list| list.as_array().unwrap());
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    all.filter(|finding| text(finding, "code").starts_with("uidl-truth"))
        .map(|finding| (text(finding, "code"), text(finding, "object"), text(finding, "text")))
        .collect()
}

fn convert_with(spec: &Spec, listings: &[(&str, &str)], more: &[&str]) -> (Place, Run) {
    let place = Place::new();
    place.pack("backup.tar", spec);
    std::fs::create_dir(place.path("truth")).unwrap();
    for (name, text) in listings {
        std::fs::write(place.path("truth").join(name), text).unwrap();
    }
    let mut arguments = vec!["convert", "backup.tar", "--output", "out", "--uidl-truth", "truth"];
    arguments.extend(more);
    let run = place.run(&arguments);
    (place, run)
}

#[test]
fn what_the_listing_says_otherwise_is_reported() {
    let mut files = served_messages(3);
    let list = "3 V1700000000 N4\n1 Pstored-1 :1700000001.M1P1.old\n2 Pstored-2 :1700000002.M1P1.old\n\
                3 :1700000003.M1P1.old\n";
    files[3] = MemoryFile::file("Maildir/dovecot-uidlist", 1_700_000_900, list);
    let spec = one_mailbox(files);
    let sizes = sizes_of(&spec);
    let listing = format!("1 other\n2 stored-2\n3 3-1700000000\n{sizes}");
    let (place, run) = convert_with(
        &spec,
        &[
            ("anna@example.com.txt", &listing),
            ("bert@example.com.txt", "1 a\n2 b\n"),
            ("anna@example.net", "1 a\n"),
            ("README", "What this is.\n"),
            (".DS_Store", "\0\0"),
        ],
        &["--old-server", "dovecot:UID%u-%v"],
    );
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    let archive = place.path("out/cpmove-examplecom.tar.gz");
    assert_eq!(
        served(&archive, "examplecom", "example.com/anna"),
        ["other", "stored-2", "3-1700000000"]
    );
    let found: Vec<String> = findings(&place.report("out"))
        .into_iter()
        .map(|(code, object, text)| format!("{code}: {object}: {text}"))
        .collect();
    insta::assert_snapshot!("truth-findings", found.join("\n"));
}

#[test]
fn what_no_message_is_stays_nobodys() {
    let listing = "1 000000016553f100\n2 000000036553f100\n3 0000000a6553f100\n4 mystery\n";
    let spec = one_mailbox(served_messages(3));
    let (place, run) = convert_with(&spec, &[("anna@example.com", listing)], &[]);
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    let report = place.report("out");
    let found: Vec<(String, String, String)> = findings(&report);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|(code, ..)| code == "uidl-truth-unmatched"), "{found:?}");
    let archive = place.path("out/cpmove-examplecom.tar.gz");
    assert_eq!(
        served(&archive, "examplecom", "example.com/anna"),
        ["000000016553f100", "000000026553f100", "000000036553f100"]
    );
    // UID 10 is known to clients of the old server.
    assert_eq!(report["accounts"][0]["mailboxes"][0]["folders"][0]["uid_next"], 11);
    let told = &report["accounts"][0]["mailboxes"][0]["uidl_listing"];
    assert_eq!(told["evidence"], serde_json::json!({ "listing": 2, "listed-format": 1 }));
}

#[test]
fn many_of_one_sort_are_counted() {
    let mut listing = String::new();
    for number in 1..=40 {
        let _ = writeln!(listing, "{number} nobody-{number}");
    }
    let spec = one_mailbox(served_messages(3));
    let (place, _) = convert_with(&spec, &[("anna@example.com", &listing)], &[]);
    let found = findings(&place.report("out"));
    assert_eq!(found.len(), 21);
    assert!(found[20].2.starts_with("20 messages more"), "{:?}", found[20]);
    assert_eq!(place.report("out")["accounts"][0]["mailboxes"][0]["uidl_listing"]["unmatched"], 40);
}

#[test]
fn a_truth_that_can_not_be_one_stops_before_anything_is_written() {
    let spec = one_mailbox(served_messages(3));
    let show = |listings: &[(&str, &str)]| {
        let (place, run) = convert_with(&spec, listings, &[]);
        assert_eq!(run.status, Some(1), "{}", run.transcript());
        assert!(!place.path("out").exists(), "{}", run.transcript());
        run.transcript()
    };
    insta::assert_snapshot!("truth-refused", show(&[("anna@example.com.txt", "-ERR no\r\n")]));
    insta::assert_snapshot!(
        "truth-twice",
        show(&[("anna@example.com", "1 a\n"), ("Anna@example.com.txt", "1 a\n")])
    );
    let place = Place::new();
    place.pack("backup.tar", &spec);
    let run = place.run(&["inspect", "backup.tar", "--uidl-truth", "nowhere"]);
    insta::assert_snapshot!("truth-missing", run.transcript());
}

#[test]
fn a_listing_that_may_be_cut_is_odd_and_used() {
    let spec = one_mailbox(served_messages(3));
    let cut = "+OK\r\n1 000000016553f100\r\nnoise\r\n2 000000026553f100\r\n";
    let (place, run) = convert_with(&spec, &[("anna@example.com", cut)], &[]);
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    let codes: Vec<String> =
        findings(&place.report("out")).into_iter().map(|(code, ..)| code).collect();
    assert_eq!(codes, ["uidl-truth-odd", "uidl-truth-odd"]);
    let (place, _) = convert_with(&spec, &[("anna@example.com", &sizes_of(&spec))], &[]);
    let found = findings(&place.report("out"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].2.contains("answer to LIST"), "{found:?}");
}

fn sizes_of(spec: &Spec) -> String {
    let place = Place::new();
    place.pack("backup.tar", spec);
    answer_to_list(&place)
}

#[test]
fn a_listing_of_a_subscription_that_is_left_aside_is_no_stranger() {
    let mut spec = one_mailbox(served_messages(2));
    let mut other = plesk_fixture::SubscriptionSpec::new("other.example");
    other.hosting = plesk_fixture::Hosting::None;
    other.mailboxes.push(MailboxSpec::new("bert").with_files(served_messages(2)));
    spec.level = plesk_fixture::Level::Server;
    spec.subscriptions.push(other);
    let listing = "1 000000016553f100\n2 000000026553f100\n";
    let listings = [("anna@example.com", listing), ("bert@other.example", listing)];
    let (place, run) = convert_with(&spec, &listings, &["--only", "example.com"]);
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    assert_eq!(findings(&place.report("out")), []);
    let (place, _) = convert_with(&spec, &listings, &[]);
    assert_eq!(findings(&place.report("out")), []);
}
