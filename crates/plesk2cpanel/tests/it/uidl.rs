//! Listings of UIDLs: shown, and held against what real servers answered.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use plesk_fixture::{Compression, DomainAliasSpec, MailboxSpec, MemoryFile, corrupt};
use serde_json::Value;

use crate::support::{Place, one_mailbox, served_messages};

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").canonicalize().unwrap()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

pub fn backup(recording: &str) -> String {
    fixtures().join("recorded").join(recording).join("backup.tar").to_str().unwrap().to_owned()
}

/// What a real server answered to UIDL and LIST, as the session that it was.
fn session(pop3: &[Value], rename: impl Fn(&str) -> String) -> String {
    let mut text = String::from("+OK\r\n");
    for (number, message) in (1..).zip(pop3) {
        let _ = write!(text, "{number} {}\r\n", rename(message["uidl"].as_str().unwrap()));
    }
    let _ = write!(text, ".\r\n+OK {} messages:\r\n", pop3.len());
    for (number, message) in (1..).zip(pop3) {
        let _ = write!(text, "{number} {}\r\n", message["size"]);
    }
    text + ".\r\n+OK Logging out.\r\n"
}

fn compare(place: &Place, backup: &str, address: &str, more: &[&str]) -> (Value, Option<i32>) {
    let mut arguments = vec!["uidl", backup, address, "--compare", "listing", "--json"];
    arguments.extend(more);
    let run = place.run(&arguments);
    assert!(matches!(run.status, Some(0 | 3)), "{}", run.transcript());
    (serde_json::from_str(&run.stdout).unwrap(), run.status)
}

/// Every recorded server, and every mailbox of it that anybody listed over POP3.
fn recorded(mut each: impl FnMut(&str, &Value, &str, &[Value])) {
    let mut names: Vec<String> = std::fs::read_dir(fixtures().join("recorded"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 10, "{names:?}");
    for name in names {
        let truth = json(&fixtures().join("recorded").join(&name).join("truth.json"));
        for (address, mailbox) in truth["mailboxes"].as_object().unwrap() {
            if let Some(pop3) = mailbox["pop3"].as_array() {
                each(&name, &truth["server"], address, pop3);
            }
        }
    }
}

#[test]
fn each_format_is_recognised_from_what_a_real_server_answered() {
    let place = Place::new();
    let mut told_apart = BTreeMap::new();
    recorded(|name, server, address, pop3| {
        place.write("listing", session(pop3, str::to_owned).as_bytes());
        let what = format!("{name}, {address}");
        let (found, _) = compare(&place, &backup(name), address, &[]);
        let verdict = &found["verdict"];
        // The server was switched, and this mailbox not opened since.
        let of_courier = name == "switched" && address == "sales@example.com";
        let option = if of_courier { "courier" } else { server["option"].as_str().unwrap() };
        assert_eq!(verdict["fits"], true, "{what}: {verdict}");
        assert_eq!(verdict["explained"], pop3.len(), "{what}: {verdict}");
        let format = option.strip_prefix("dovecot:").unwrap_or(option);
        let also = verdict["also"].as_array().unwrap();
        let is_it = verdict["old_server"] == option;
        assert!(is_it || also.iter().any(|other| other == format), "{what}: {verdict}");
        *told_apart.entry(name.to_owned()).or_insert(false) |= is_it && also.is_empty();
        assert_eq!((&found["only_here"], &found["only_there"]), (&0.into(), &0.into()), "{what}");
        assert_eq!(found["sizes_differ"], 0, "{what}");

        // With the value that it prints, everything is equal.
        let printed = verdict["old_server"].as_str().unwrap();
        let (found, status) = compare(&place, &backup(name), address, &["--old-server", printed]);
        assert_eq!((&found["equal"], status), (&pop3.len().into(), Some(0)), "{what}: {found}");
    });
    // A mailbox without copied messages may fit two formats; each server has one that tells.
    assert!(told_apart.values().all(|told| *told), "{told_apart:?}");
}

#[test]
fn a_listing_that_no_rule_makes_is_called_so() {
    let place = Place::new();
    recorded(|name, _, address, pop3| {
        let odd = |uidl: &str| format!("x{}", uidl.chars().rev().collect::<String>());
        place.write("listing", session(pop3, odd).as_bytes());
        let what = format!("{name}, {address}");
        let (found, status) = compare(&place, &backup(name), address, &[]);
        let verdict = &found["verdict"];
        assert_eq!(status, Some(3), "{what}");
        if address == "empty@example.com" {
            // One message: anything may be a rule of one.
            return;
        }
        assert_eq!(
            (&verdict["fits"], &verdict["old_server"]),
            (&false.into(), &Value::Null),
            "{what}"
        );
        assert_eq!((&verdict["explained"], &found["equal"]), (&0.into(), &0.into()), "{what}");
        // The order and all sizes still show which message is which; but not where the newest
        // message that the server had numbered is gone, and may be the one that is listed there.
        let is_cut = (name, address) == ("courier", "sales@example.com");
        let shown = pop3.iter().filter(|message| !is_cut || message["listed"] == true);
        assert_eq!(found["different"], shown.count(), "{what}");
    });
}

#[test]
fn every_form_of_a_listing_is_read() {
    let place = Place::new();
    let listings = fixtures().join("listings");
    let servers = json(&listings.join("servers.json"));
    let mut read = 0;
    for (name, server) in servers.as_object().unwrap() {
        let backup = fixtures().join(server["backup"].as_str().unwrap());
        let backup = backup.to_str().unwrap();
        for file in std::fs::read_dir(listings.join(name)).unwrap() {
            let file = file.unwrap().path();
            let what = file.display().to_string();
            let address = match file.file_stem().unwrap().to_str().unwrap() {
                address if address.contains('@') => address.to_owned(),
                _ => "alice@example.com".to_owned(),
            };
            std::fs::copy(&file, place.path("listing")).unwrap();
            if what.contains("doveadm") && name == "dovecot-default" {
                let run = place.run(&["uidl", backup, &address, "--compare", "listing"]);
                assert_eq!(run.status, Some(1), "{}", run.transcript());
                assert!(run.stderr.contains("stores none of 31 messages"), "{}", run.stderr);
                continue;
            }
            let (found, _) = compare(&place, backup, &address, &[]);
            let expected = match name.as_str() {
                "dovecot-default" => Some("dovecot:%08Xu%08Xv"),
                "saved" => Some("dovecot:%u-%v"),
                "courier" => Some("courier"),
                "reused" => Some("dovecot:%08Xv%08Xu"),
                _ => None,
            };
            assert_eq!(found["verdict"]["old_server"].as_str(), expected, "{what}: {found}");
            // In one of Alice's messages there is an X-UIDL.
            let reuse = name == "reused" && address == "alice@example.com";
            assert_eq!(found["verdict"]["reuse_x_uidl"], reuse, "{what}");
            assert_eq!(found["there"], if address.starts_with("alice") { 31 } else { 9 }, "{what}");
            assert_eq!(
                (&found["only_here"], &found["only_there"]),
                (&0.into(), &0.into()),
                "{what}"
            );
            assert_eq!(found["notes"].as_array().unwrap().len(), 0, "{what}: {}", found["notes"]);
            read += 1;
        }
    }
    assert!(read >= 15, "{read} listings were read");
}

#[test]
fn what_people_see() {
    let place = Place::new();
    let alice = "alice@example.com";
    let show = |arguments: &[&str]| {
        let run = place.run(arguments);
        for line in run.stdout.lines() {
            // A UIDL is never cut, nor is a command.
            let is_uidl = |word: &str| word.len() > 60;
            let fits = line.chars().count() <= 80 || line.split(' ').any(is_uidl);
            let is_exact = arguments.iter().any(|argument| ["--json", "--how"].contains(argument));
            assert!(fits || is_exact, "{line}");
        }
        run.transcript().replace(fixtures().to_str().unwrap(), "[FIXTURES]")
    };
    let cpanel = backup("dovecot-cpanel");
    let named = backup("dovecot-f");
    insta::assert_snapshot!("list", show(&["uidl", &cpanel, alice]));
    insta::assert_snapshot!(
        "list-long-uidls",
        show(&["uidl", &named, alice, "--old-server", "dovecot:%f"])
    );
    insta::assert_snapshot!("list-json", show(&["uidl", &named, "sales@example.com", "--json"]));
    insta::assert_snapshot!("how-dovecot", show(&["uidl", "--how", &cpanel, alice]));
    insta::assert_snapshot!("how-courier", show(&["uidl", "--how", &backup("courier"), alice]));
    insta::assert_snapshot!("how", show(&["uidl", "--how"]));

    let listing = |name: &str| {
        fixtures().join("listings").join(name).join(format!("{alice}.txt")).display().to_string()
    };
    let default = backup("dovecot-default");
    let compare = |listing: &str| show(&["uidl", &default, alice, "--compare", listing]);
    insta::assert_snapshot!("compare-equal", compare(&listing("dovecot-default")));
    insta::assert_snapshot!("compare-other-format", compare(&listing("reused")));
    insta::assert_snapshot!("compare-no-format", compare(&listing("hashed")));
    insta::assert_snapshot!("compare-other-server", compare(&listing("courier")));
}

#[test]
fn listings_that_are_none() {
    let place = Place::new();
    place.pack("backup.tar", &one_mailbox(served_messages(3)));
    let show = |text: &str| {
        place.write("listing", text.as_bytes());
        place.run(&["uidl", "backup.tar", "anna@example.com", "--compare", "listing"]).transcript()
    };
    insta::assert_snapshot!("listing-empty", show(""));
    insta::assert_snapshot!("listing-refused", show("-ERR [AUTH] Authentication failed.\r\n"));
    insta::assert_snapshot!("listing-of-sizes", show("+OK 3 messages:\n1 9\n2 9\n3 9\n.\n"));
    insta::assert_snapshot!("listing-twice", show("1 a\n2 b\n1 c\n2 d\n"));
    let missing = place.run(&["uidl", "backup.tar", "anna@example.com", "--compare", "nothing"]);
    insta::assert_snapshot!("listing-missing", missing.transcript());
    // Sizes without a word about what they are: no session is to be trusted by its first line.
    let run = show(&answer_to_list(&place));
    assert!(run.contains("exit status: 1") && run.contains("sizes alone"), "{run}");
}

/// The bodies of an answer to LIST, with the sizes that the program itself tells.
pub fn answer_to_list(place: &Place) -> String {
    let run = place.run(&["uidl", "backup.tar", "anna@example.com", "--json"]);
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    let rows = found["messages"].as_array().unwrap();
    let lines: Vec<String> =
        rows.iter().map(|row| format!("{} {}\n", row["number"], row["size"])).collect();
    lines.concat()
}

#[test]
fn a_part_of_a_listing_says_what_is_missing_on_which_side() {
    let place = Place::new();
    place.pack("backup.tar", &one_mailbox(served_messages(3)));
    // UIDVALIDITY 1700000000 is 6553f100; UID 9 was given after the backup.
    place.write("listing", b"1 000000016553f100\n2 000000036553f100\n3 000000096553f100\n");
    let run = place.run(&["uidl", "backup.tar", "anna@example.com", "--compare", "listing"]);
    insta::assert_snapshot!("compare-part", run.transcript());
}

#[test]
fn an_address_is_found_however_it_is_written() {
    let place = Place::new();
    let mut spec = one_mailbox(served_messages(2));
    let subscription = &mut spec.subscriptions[0];
    subscription.mailboxes[0].aliases = vec!["Office".to_owned()];
    subscription.aliases.push(DomainAliasSpec::new("b\u{fc}cher.example"));
    let mut forward = MailboxSpec::new("away");
    forward.mailbox = false;
    forward.forwards = vec!["a@example.net".to_owned()];
    subscription.mailboxes.push(forward);
    place.pack("backup.tar", &spec);
    let list = |address: &str| place.run(&["uidl", "backup.tar", address, "--json"]);
    for address in [
        "anna@example.com",
        "ANNA@Example.COM",
        "office@example.com",
        "anna@b\u{fc}cher.example",
        "office@xn--bcher-kva.example",
    ] {
        let run = list(address);
        assert_eq!(run.status, Some(0), "{}", run.transcript());
        let found: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(found["address"], "anna@example.com");
        assert_eq!(found["messages"].as_array().unwrap().len(), 2);
    }
    for (address, near) in [
        ("ana@example.com", "near it: anna@example.com"),
        ("anna@exmaple.com", "near it: anna@example.com"),
        ("away@example.com", "it: anna@example.com"),
        ("zacharias", "it has anna@example.com"),
        ("a\x1b]0;b@\x07", "it has anna@example.com"),
    ] {
        let run = list(address);
        assert_eq!(run.status, Some(1), "{}", run.transcript());
        assert!(run.stderr.contains(near), "{address}: {}", run.stderr);
        assert!(!run.stderr.contains('\x1b'), "{}", run.stderr);
    }
}

#[test]
fn a_subject_can_not_speak_to_the_terminal() {
    let place = Place::new();
    let mut files = served_messages(1);
    let name = "1700000001.M1P1.old";
    let text = "Subject: =?utf-8?q?=1B]0;owned=07=E2=80=AEgnp.exe?=\nX-UIDL: x\n\nHi\n";
    files[0] = MemoryFile::file(format!("Maildir/cur/{name}:2,S"), 1_700_000_001, text);
    files[1] = MemoryFile::file(
        "Maildir/dovecot-uidlist",
        1_700_000_900,
        format!("3 V1700000000 N2\n1 P\x1b[2J\u{202e} :{name}\n"),
    );
    place.pack("backup.tar", &one_mailbox(files));
    for more in [&[][..], &["--json"]] {
        let run = place.run(&[&["uidl", "backup.tar", "anna@example.com"], more].concat());
        assert_eq!(run.status, Some(0), "{}", run.transcript());
        assert!(!run.stdout.contains(['\x1b', '\x07']), "{:?}", run.stdout);
        // JSON is for programs, and holds the subject as it is.
        assert_eq!(run.stdout.contains('\u{202e}'), !more.is_empty(), "{:?}", run.stdout);
        let subject = if more.is_empty() { "\\x1b]0;owned\\x07" } else { "gnp.exe" };
        assert!(run.stdout.contains(subject) && run.stdout.contains("[2J"), "{}", run.stdout);
    }
}

#[test]
fn what_may_be_missing_is_said() {
    let place = Place::new();
    let mut spec = one_mailbox(served_messages(4));
    spec.subscriptions[0].mailboxes[0].source = None;
    place.pack("never.tar", &spec);
    let run = place.run(&["uidl", "never.tar", "anna@example.com"]);
    assert_eq!(run.status, Some(0), "{}", run.transcript());
    assert!(run.stdout.contains("0 messages"), "{}", run.stdout);

    // The end is gone, with messages, the state file, and the metadata that name the mailbox.
    let mut spec = one_mailbox(served_messages(3));
    spec.compression = Compression::Tar;
    let name = "backup_example.com_2401151030.tar";
    let path = place.pack(name, &spec);
    let archive = corrupt::member_range(&path, "backup_domainmail_2401151030.tar").unwrap();
    corrupt::truncate(&path, archive.start + (archive.end - archive.start) / 2).unwrap();
    let run = place.run(&["uidl", name, "anna@example.com"]);
    insta::assert_snapshot!("list-damaged", run.transcript());
}

#[test]
fn wrong_usage() {
    let place = Place::new();
    for arguments in [
        &["uidl"][..],
        &["uidl", "b.tar"],
        &["uidl", "--how", "b.tar"],
        &["uidl", "--how", "--json"],
        &["uidl", "b.tar", "a@b.c", "--how", "--compare", "x"],
    ] {
        let run = place.run(arguments);
        assert_eq!(run.status, Some(2), "{}", run.transcript());
    }
}
