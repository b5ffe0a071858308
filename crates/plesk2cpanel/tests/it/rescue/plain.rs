//! Copied as it is, with the old server's list or without.

use super::{ANNA, LATER, Moved, codes, old_uidl};

#[test]
fn a_dry_run_says_what_would_be_written_and_writes_nothing() {
    let moved = Moved::new();
    let before = (moved.names(""), moved.list());
    insta::assert_snapshot!(
        "rescue-dry",
        moved.run(&["--trust-files", "--since", LATER]).transcript()
    );
    assert_eq!((moved.names(""), moved.list()), before);
}

#[test]
fn old_uidls_go_into_the_list_and_nothing_else_changes() {
    let moved = Moved::new();
    moved.renumber();
    let before = moved.list();
    insta::assert_snapshot!(
        "rescue-write",
        moved.run(&["--trust-files", "--since", LATER, "--write"]).transcript()
    );
    let mut expected = before.clone();
    for uid in 1..=5 {
        expected = expected.replace(
            &format!("\n{} W9", 100 + uid),
            &format!("\n{} P{} W9", 100 + uid, old_uidl(uid)),
        );
    }
    assert_eq!(moved.list(), expected);
    assert_eq!(moved.read("dovecot-uidlist.before-rescue"), before);
    // Once more: all is so already.
    let again = moved.report(0, &["--trust-files", "--since", LATER, "--write"]);
    assert_eq!(again["state"], "unchanged");
    assert_eq!(again["fates"]["already"], 5);
    assert_eq!(moved.list(), expected);
    assert_eq!(moved.names("").iter().filter(|name| name.contains("uidlist")).count(), 2);
}

#[test]
fn a_new_server_with_the_old_format_has_nothing_to_change() {
    let moved = Moved::new();
    let found = moved.report(0, &["--trust-files", "--since", LATER, "--new-format", "%08Xu%08Xv"]);
    assert_eq!((&found["state"], &found["fates"]["already"]), (&"unchanged".into(), &5.into()));
}

#[test]
fn what_the_old_server_itself_listed_counts_before_its_rule() {
    let moved = Moved::new();
    moved.renumber();
    std::fs::create_dir(moved.place.path("truth")).unwrap();
    let listing: String = (1..=5)
        .fold(String::new(), |listing, uid| listing + &format!("uid={uid} pop3.uidl=told-{uid}\n"));
    moved.place.write("truth/anna@example.com.txt", listing.as_bytes());
    let found =
        moved.report(0, &["--trust-files", "--since", LATER, "--write", "--uidl-truth", "truth"]);
    assert_eq!(found["fates"]["restored"], 5);
    assert!(moved.list().contains("103 Ptold-3 W9 :1700000003.M1P1.old\n"), "{}", moved.list());
}

#[test]
fn mail_that_pop3_never_listed_has_nothing_to_lose() {
    let mut files = crate::support::served_messages(2);
    let list = files.pop().unwrap();
    let uids = "1 700000000 3\n1 1700000001.M1P1.old\n2 1700000002.M1P1.old\n";
    files.push(plesk_fixture::MemoryFile::file("Maildir/courierimapuiddb", list.mtime, uids));
    let moved = Moved::of(files);
    moved.renumber();
    let before = moved.list();
    super::age(&moved.place.path("home"));
    let run = moved.place.run(&[
        "rescue",
        "backup.tar",
        "home",
        "--old-server",
        "courier",
        "--trust-files",
        "--since",
        LATER,
        "--write",
        "--json",
    ]);
    assert_eq!(run.status, Some(0), "{}", run.transcript());
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let found = &report["mailboxes"][0];
    assert_eq!((&found["fates"]["unseen"], &found["fates"]["nameless"]), (&2.into(), &0.into()));
    assert_eq!(found["seen"]["pop3_not_connected"], 0);
    assert_eq!(moved.list(), before);
}

#[test]
fn without_a_list_the_whole_identity_comes_back() {
    let moved = Moved::new();
    moved.place.write("ignored", b"");
    std::fs::remove_file(moved.path("dovecot-uidlist")).unwrap();
    moved.write("new/1800000000.M1P1.new", "Subject: a new one\nDate: now\n\nx\n");
    let found = moved.report(0, &["--since", "@1", "--write"]);
    assert_eq!(found["state"], "written");
    assert_eq!(found["folders"][0]["restored"], 5);
    assert_eq!(found["seen"]["pop3_not_connected"], 0);
    assert_eq!(found["seen"]["pop3_not_connected_before"], 5);
    assert_eq!(found["seen"]["imap_not_connected"], 0);
    assert_eq!(found["seen"]["imap_not_connected_before"], 5);
    let list = moved.list();
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines[0].starts_with("3 V1700000000 N7"), "{list}");
    assert_eq!(lines[1], format!("1 P{} :1700000001.M1P1.old", old_uidl(1)));
    assert_eq!(lines[6], "6 :1800000000.M1P1.new");
    let again = moved.report(0, &["--trust-files", "--since", LATER, "--write"]);
    assert_eq!(again["state"], "unchanged");
    assert_eq!(moved.list(), list);
}

#[test]
fn an_index_without_a_list_is_left_alone() {
    let moved = Moved::new();
    std::fs::remove_file(moved.path("dovecot-uidlist")).unwrap();
    moved.write("dovecot.index.log", "x");
    let found = moved.report(3, &["--trust-files", "--since", LATER, "--write"]);
    assert_eq!(codes(&found), ["rescue-index-without-list"]);
    assert!(!moved.path("dovecot-uidlist").exists());
}

#[test]
fn folders_without_a_list_get_theirs_back() {
    let mut files = crate::support::served_messages(2);
    let file = |path: &str, text: &str| plesk_fixture::MemoryFile::file(path, 1_700_000_500, text);
    files.push(file("Maildir/.Work/cur/7.M1P1.old:2,S", "Subject: w\nDate: d\n\nw\n"));
    files.push(file("Maildir/.Work/dovecot-uidlist", "3 V1700000777 N10\n7 :7.M1P1.old\n"));
    files.push(file("Maildir/.Sent/cur/8.M1P1.old:2,S", "Subject: s\nDate: d\n\ns\n"));
    files.push(file("Maildir/.Sent/dovecot-uidlist", "3 V1700000778 N9\n8 :8.M1P1.old\n"));
    let moved = Moved::of(files);
    std::fs::remove_file(moved.path(".Work/dovecot-uidlist")).unwrap();
    // Put there by a program that copies over IMAP: another name.
    std::fs::rename(
        moved.path(".Work/cur/7.M1P1.old:2,S"),
        moved.path(".Work/cur/1800000000.M2P2.new:2,S"),
    )
    .unwrap();
    let sent = moved.read(".Sent/dovecot-uidlist");
    let found = moved.report(0, &["--trust-files", "--since", LATER, "--write"]);
    assert_eq!(found["folders"].as_array().unwrap().len(), 1);
    assert_eq!(found["folders"][0]["name"], "Work");
    assert_eq!(moved.read(".Work/dovecot-uidlist"), "3 V1700000777 N10\n7 :1800000000.M2P2.new\n");
    assert_eq!(moved.read(".Sent/dovecot-uidlist"), sent);
}

#[test]
fn the_mail_directory_alone_is_enough_and_other_mailboxes_are_named() {
    let moved = Moved::new();
    super::age(&moved.place.path("home"));
    let run = moved.place.run(&[
        "rescue",
        "backup.tar",
        "home/mail",
        "--trust-files",
        "--since",
        LATER,
        "--json",
    ]);
    // The format of the old server is a guess here.
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    assert!(run.stdout.contains("uidl-format-assumed"));
    std::fs::rename(moved.place.path(ANNA), moved.place.path("home/mail/example.com/bert"))
        .unwrap();
    let run = moved.run(&["--trust-files", "--since", LATER]);
    assert_eq!(run.status, Some(1));
    assert!(run.stderr.contains("no mailbox of backup.tar is in the homes"), "{}", run.stderr);
}
