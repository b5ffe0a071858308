//! The decision for mailboxes that were no maildir: an mbox, and a store of loose messages.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking")]

use std::collections::HashMap;

use mail_model::identity::*;
use mail_model::maildir::{FileName, Flags, Place};
use mail_model::mbox::{Mbox, Splitter};
use mail_model::uidl::UidlFormat;

fn split(fields: &[&str]) -> Mbox {
    let mut splitter = Splitter::new();
    for (number, fields) in fields.iter().enumerate() {
        let text = format!(
            "From a@x Thu Nov 29 22:33:{number:02} 2001\n{fields}Subject: {number}\n\nx\n\n"
        );
        splitter.push(text.as_bytes());
    }
    splitter.finish()
}

fn resolved(mbox: &Mbox, rules: &Rules) -> Mailbox {
    let mut inbox = RawFolder::default();
    mbox.add_to(&mut inbox);
    resolve(&RawMailbox { folders: vec![inbox], ..RawMailbox::default() }, rules)
}

fn stated(format: &str) -> Rules {
    let format = UidlFormat::parse(format).unwrap();
    Rules { old_server: OldServer::Dovecot(format), new_uidvalidity: 5, ..Rules::default() }
}

/// UID and UIDL with their certainties.
fn rows(mailbox: &Mailbox) -> Vec<(u32, Certainty, String, Certainty)> {
    let messages = mailbox.folders[0].messages.iter();
    let row = |message: &Message| {
        let uidl = message.uidl.as_ref().unwrap();
        let value = String::from_utf8(uidl.value.clone()).unwrap();
        (message.uid, message.uid_certainty, value, uidl.certainty)
    };
    messages.map(row).collect()
}

const KEPT: [&str; 3] = [
    "X-IMAPbase: 1000000000 9\nX-UID: 3\nStatus: RO\nX-Keywords: Work\n",
    "X-UID: 5\nStatus: O\nX-UIDL: of-its-own\n",
    "",
];

#[test]
fn uids_in_an_mbox_are_what_dovecot_serves() {
    use Certainty::{Assumed, Exact, Predicted};
    let found = resolved(&split(&KEPT), &Rules::default());
    assert_eq!(found.server.because, Because::InMessages);
    assert_eq!(
        rows(&found),
        [
            (3, Exact, "000000033b9aca00".to_owned(), Assumed),
            (5, Exact, "000000053b9aca00".to_owned(), Assumed),
            (10, Predicted, "0000000a3b9aca00".to_owned(), Predicted),
        ]
    );
    let folder = &found.folders[0];
    assert_eq!((folder.uidvalidity, folder.next_uid), (1_000_000_000, 11));
    assert_eq!(folder.messages[0].name.flags, Flags::SEEN);
    assert_eq!(folder.keywords.name(0), Some(&b"Work"[..]));
    assert_eq!(folder.messages[0].name.keywords.to_string(), "a");
    assert_eq!(
        found.findings,
        [Finding::FormatAssumed { format: UidlFormat::dovecot_default(), messages: 2 }]
    );
}

#[test]
fn a_stated_format_makes_uidls_exact() {
    use Certainty::{Exact, Predicted};
    let uidls = |rules: &Rules| -> Vec<(String, Certainty)> {
        rows(&resolved(&split(&KEPT), rules)).into_iter().map(|row| (row.2, row.3)).collect()
    };
    // UW-IMAP's rule can be stated like any of Dovecot's.
    assert_eq!(
        uidls(&stated("%08Xv%08Xu")),
        [
            ("3b9aca0000000003".to_owned(), Exact),
            ("3b9aca0000000005".to_owned(), Exact),
            ("3b9aca000000000a".to_owned(), Predicted),
        ]
    );
    let reuse = Rules { reuse_x_uidl: true, ..stated("%u") };
    assert_eq!(uidls(&reuse)[1], ("of-its-own".to_owned(), Exact));
}

#[test]
fn a_format_that_names_files_says_nothing_of_an_mbox() {
    let found = resolved(&split(&KEPT), &stated("%f"));
    assert!(rows(&found).iter().all(|row| row.3 == Certainty::Lost));
    assert_eq!(rows(&found)[0].2, "UID3-1000000000");
    let expected =
        Finding::FormatNeedsMaildir { format: UidlFormat::parse("%f").unwrap(), messages: 3 };
    assert_eq!(found.findings, [expected]);
}

#[test]
fn an_mbox_without_uids_is_lost() {
    let mbox = split(&["Status: RO\n", "Status: O\n"]);
    let found = resolved(&mbox, &Rules { new_uidvalidity: 5, ..Rules::default() });
    assert_eq!(found.server.because, Because::NoState);
    assert_eq!(
        rows(&found),
        [
            (1, Certainty::Lost, "UID1-5".to_owned(), Certainty::Lost),
            (2, Certainty::Lost, "UID2-5".to_owned(), Certainty::Lost),
        ]
    );
}

#[test]
fn what_is_said_of_a_server_is_assumed() {
    use Certainty::{Assumed, Lost};
    let mut inbox = RawFolder::default();
    let mut said = HashMap::new();
    for (number, uidl) in [(1, "B2"), (2, "A1"), (3, "B2")] {
        let name = FileName::made_up(100 + number, 0, 9, 9, Flags::default());
        said.insert(name.base.clone(), uidl.as_bytes().to_vec());
        let name = name.to_bytes();
        inbox.files.push(RawFile { place: Place::Cur, name, size: 9, mtime: 1, x_uidl: None });
    }
    inbox.said_uidls = said;
    let sent = RawFolder { dir: b".Sent Items".to_vec(), ..inbox.clone() };
    let raw = RawMailbox { folders: vec![inbox, sent], ..RawMailbox::default() };
    let found = resolve(&raw, &Rules { new_uidvalidity: 5, ..Rules::default() });
    let uidls: Vec<_> = rows(&found).into_iter().map(|row| (row.1, row.2, row.3)).collect();
    assert_eq!(
        uidls,
        [
            (Lost, "B2".to_owned(), Assumed),
            (Lost, "A1".to_owned(), Assumed),
            (Lost, "B2".to_owned(), Assumed),
        ]
    );
    assert!(found.folders[1].messages.iter().all(|message| message.uidl.is_none()));
    let assumed = Finding::UidlRuleAssumed { example: b"A1".to_vec(), messages: 3 };
    assert!(found.findings.contains(&assumed), "{:?}", found.findings);
    let double = Finding::DuplicateUidls { uidl: b"B2".to_vec(), count: 2 };
    assert!(found.findings.contains(&double), "{:?}", found.findings);
}
