//! Messages that have other names, or other bytes, after the move.

use std::io::Write;

use super::{LATER, Moved, codes, old_uidl};

fn text(moved: &Moved, name: &str) -> Vec<u8> {
    std::fs::read(moved.path(&format!("cur/{name}"))).unwrap()
}

fn replace(moved: &Moved, old: u32, new: &str, bytes: &[u8]) {
    let old = format!("cur/{}.M1P1.old:2,S", 1_700_000_000 + old);
    std::fs::remove_file(moved.path(&old)).unwrap();
    moved.write(&format!("cur/{new}"), bytes);
}

fn p_of(moved: &Moved, base: &str) -> Option<String> {
    let list = moved.list();
    let line = list.lines().find(|line| line.ends_with(&format!(":{base}"))).unwrap();
    let field = line.split(' ').find_map(|field| field.strip_prefix('P'))?;
    Some(field.to_owned())
}

#[test]
fn every_way_of_copying_is_seen_through() {
    let mut files = crate::support::served_messages(5);
    let plesk_fixture::MemoryKind::File(fourth) = &mut files[3].kind else { panic!() };
    fourth.splice(..0, *b"Received: by plesk; yesterday\n");
    let moved = Moved::of(files);
    let of = |number: u32| text(&moved, &format!("{}.M1P1.old:2,S", 1_700_000_000 + number));
    let [second, third, fourth, fifth] = [2, 3, 4, 5].map(of);
    // By name; by content; with CRLF; with fields of its way; and compressed.
    replace(&moved, 2, "1800000002.M1P1.new:2,S", &second);
    let crlf = String::from_utf8(third).unwrap().replace('\n', "\r\n");
    replace(&moved, 3, "1800000003.M1P1.new:2,S", crlf.as_bytes());
    let way = b"Return-Path: <a@example.net>\nReceived: from a\n\tby b; today\nX-Spam-Status: No,\n score=1\n";
    replace(&moved, 4, "1800000004.M1P1.new:2,", &[way, fourth.as_slice(), b"\n"].concat());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&fifth).unwrap();
    replace(&moved, 5, "1800000005.M1P1.new,S=1107:2,S", &gzip.finish().unwrap());
    moved.write("new/1800000009.M1P1.new", "Subject: a new one\nDate: now\n\nx\n");
    moved.renumber();
    let found = moved.report(0, &["--trust-files", "--since", LATER, "--write"]);
    assert_eq!(
        found["matched"],
        serde_json::json!({"by_name": 1, "by_content": 3, "by_headers": 1})
    );
    assert_eq!((&found["fates"]["restored"], &found["fates"]["new"]), (&5.into(), &1.into()));
    for (base, uid) in [
        ("1700000001.M1P1.old", 1),
        ("1800000002.M1P1.new", 2),
        ("1800000003.M1P1.new", 3),
        ("1800000004.M1P1.new", 4),
        ("1800000005.M1P1.new,S=1107", 5),
    ] {
        assert_eq!(p_of(&moved, base), Some(old_uidl(uid)), "{base}");
    }
    assert_eq!(p_of(&moved, "1800000009.M1P1.new"), None);
}

#[test]
fn the_old_side_may_be_compressed_too() {
    let mut files = crate::support::served_messages(2);
    let plain = b"Subject: number 1\nDate: d\n\nbody\n";
    let packed = zstd::encode_all(&plain[..], 3).unwrap();
    files[0] = plesk_fixture::MemoryFile::file(
        "Maildir/cur/1700000001.M1P1.old:2,S",
        1_700_000_001,
        packed,
    );
    let moved = Moved::of(files);
    replace(&moved, 1, "1800000001.M1P1.new:2,S", plain);
    moved.renumber();
    moved.report(0, &["--trust-files", "--since", LATER, "--write"]);
    assert_eq!(p_of(&moved, "1800000001.M1P1.new"), Some(old_uidl(1)));
}

#[test]
fn what_dovecot_copied_itself_is_known_by_its_guid() {
    let moved = Moved::new();
    let bytes = text(&moved, "1700000001.M1P1.old:2,S");
    // Changed, so that nothing else tells.
    replace(&moved, 1, "1800000001.M1P1.new:2,S", &[b"X-Own: y\n", bytes.as_slice()].concat());
    moved.renumber();
    let list = moved
        .list()
        .replace(" W9 :1800000001.M1P1.new", " G1700000001.M1P1.old W9 :1800000001.M1P1.new");
    moved.write("dovecot-uidlist", list);
    moved.report(0, &["--trust-files", "--since", LATER, "--write"]);
    assert_eq!(p_of(&moved, "1800000001.M1P1.new"), Some(old_uidl(1)));
}

#[test]
fn another_mailbox_of_the_same_name_is_told() {
    let moved = Moved::new();
    for number in 1..=5 {
        let text = format!("Subject: other {number}\nDate: d{number}\n\nx\n");
        replace(&moved, number, &format!("180000000{number}.M1P1.new:2,S"), text.as_bytes());
    }
    moved.renumber();
    let before = moved.list();
    let found = moved.report(3, &["--trust-files", "--since", LATER, "--write"]);
    assert_eq!(codes(&found), ["rescue-nothing-matched"]);
    assert_eq!(moved.list(), before);
}

#[test]
fn new_mail_under_an_old_uidl_gets_one_of_its_own() {
    // Equal formats: after the copy the new server gave UID 5 to a new message, and the old server
    // had given it to another.
    let moved = Moved::new();
    let mut lines: Vec<String> = moved.list().lines().map(str::to_owned).collect();
    std::fs::remove_file(moved.path("cur/1700000005.M1P1.old:2,S")).unwrap();
    moved.write("new/1800000000.M1P1.new", "Subject: a new one\nDate: now\n\nx\n");
    lines[5] = "5 :1800000000.M1P1.new".to_owned();
    moved.write("dovecot-uidlist", lines.join("\n") + "\n");
    let arguments = ["--trust-files", "--since", LATER, "--write", "--new-format", "%08Xu%08Xv"];
    let found = moved.report(0, &arguments);
    assert_eq!(found["fates"]["renamed"], 1);
    assert_eq!(p_of(&moved, "1800000000.M1P1.new"), Some(format!("{}-2", old_uidl(5))));
    let again = moved.report(0, &arguments);
    assert_eq!(again["state"], "unchanged");
}

#[test]
fn a_new_message_with_the_text_of_an_old_one_is_new() {
    // A device whose clock stands still.
    let alarm = "Date: Thu, 01 Jan 1970 00:00:00 +0000\nSubject: power lost\n\nbattery\n";
    let mut files = crate::support::served_messages(3);
    let old = format!("Received: from ups by plesk; yesterday\n{alarm}");
    files[1] =
        plesk_fixture::MemoryFile::file("Maildir/cur/1700000002.M1P1.old:2,S", 1_700_000_002, old);
    let moved = Moved::of(files);
    let new = format!("Return-Path: <ups@b>\nReceived: from ups by cpanel; today\n{alarm}");
    replace(&moved, 2, "1700001500.M9P9.new:2,", new.as_bytes());
    moved.renumber();
    let found = moved.report(0, &["--trust-files", "--since", LATER, "--write"]);
    assert_eq!((&found["fates"]["restored"], &found["fates"]["new"]), (&2.into(), &1.into()));
    assert_eq!(p_of(&moved, "1700001500.M9P9.new"), None);
}

#[test]
fn new_mail_under_the_uidl_of_a_message_that_is_gone_gets_one_of_its_own() {
    // Message 5 is gone from the backup, too: only the old list's next UID tells of it.
    let mut files = crate::support::served_messages(5);
    files.remove(4);
    let list = "3 V1700000000 N6\n1 :1700000001.M1P1.old\n2 :1700000002.M1P1.old\n";
    files[4] = plesk_fixture::MemoryFile::file("Maildir/dovecot-uidlist", 1_700_000_900, list);
    let moved = Moved::of(files);
    moved.write("new/1700001500.M9P9.new", "Subject: a new one\nDate: now\n\nx\n");
    moved.write("dovecot-uidlist", format!("{list}4 :1700001500.M9P9.new\n"));
    let arguments = ["--trust-files", "--since", LATER, "--write", "--new-format", "%08Xu%08Xv"];
    let found = moved.report(0, &arguments);
    assert_eq!(found["fates"]["renamed"], 1);
    assert_eq!(p_of(&moved, "1700001500.M9P9.new"), Some(format!("{}-2", old_uidl(4))));
    // Somebody may have loaded it so: it keeps that, and it is told.
    moved.write("dovecot-uidlist", format!("{list}4 :1700001500.M9P9.new\n"));
    let found = moved.report(3, &arguments[1..]);
    assert_eq!((&found["fates"]["mistaken"], codes(&found)), (&1.into(), vec!["rescue-conflict"]));
}

#[test]
fn of_two_files_of_one_name_the_first_counts() {
    let moved = Moved::new();
    let second = text(&moved, "1700000002.M1P1.old:2,S");
    std::fs::remove_file(moved.path("cur/1700000002.M1P1.old:2,S")).unwrap();
    moved.renumber();
    // The server shows the other one, which is message 1.
    moved.write("new/1700000001.M1P1.old", &second);
    moved.report(0, &["--trust-files", "--since", LATER, "--write"]);
    assert_eq!(p_of(&moved, "1700000001.M1P1.old"), Some(old_uidl(1)));
}
