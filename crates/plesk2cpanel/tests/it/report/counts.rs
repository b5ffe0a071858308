//! What the backup holds is carried or left out, message for message.

use plesk_fixture::{MailboxSource, MemoryFile, corrupt, pack_directory};
use serde_json::{Value, json};

use super::recorded;
use crate::support::{Place, one_mailbox, served_messages};

const TEXT: &str = "From: a@example.net\nSubject: hello\n\nA message.\n";

fn file(path: &str) -> MemoryFile {
    MemoryFile::file(path, 1_700_000_000, TEXT)
}

/// Sums hold in every mailbox and over them. Every number is counted by itself, where it arises.
fn check(report: &Value) {
    let number = |value: &Value| value.as_u64().unwrap();
    let sum = |value: &Value| value.as_object().unwrap().values().map(number).sum::<u64>();
    let (mut found, mut written) = (0, 0);
    for account in report["accounts"].as_array().unwrap() {
        found += number(&account["orphaned_messages"]);
        for mailbox in account["mailboxes"].as_array().unwrap() {
            let messages = number(&mailbox["messages"]);
            assert_eq!(number(&mailbox["messages_found"]), messages + sum(&mailbox["left_out"]));
            assert_eq!(sum(&mailbox["uid_certainty"]), messages);
            let folders = mailbox["folders"].as_array().unwrap();
            let each = folders.iter().map(|folder| {
                assert_eq!(sum(&folder["uid_certainty"]), number(&folder["messages"]));
                number(&folder["messages"])
            });
            assert_eq!(each.sum::<u64>(), messages);
            found += number(&mailbox["messages_found"]);
            written += if account["outcome"] == "converted" { messages } else { 0 };
        }
    }
    assert_eq!(report["totals"]["messages_found"], found);
    assert_eq!(report["totals"]["messages_written"], written);
}

#[test]
fn a_whole_backup_is_carried_as_a_whole() {
    let (_, report) = recorded();
    check(&report);
    // What GNU tar lists in the recording's archive, below cur/ and new/.
    assert_eq!(report["totals"]["messages_found"], 84);
    assert_eq!(report["totals"]["messages_written"], 84);
}

#[test]
fn each_way_to_be_left_out_is_counted() {
    let place = Place::new();
    let mut spec = one_mailbox(Vec::new());
    spec.compression = plesk_fixture::Compression::Tar;
    spec.subscriptions[0].mailboxes[0].source = Some(MailboxSource::Raw(vec![
        file("anna/Maildir/cur/1.a:2,S"),
        file("anna/Maildir/new/1.a"),
        file("anna/Maildir/cur/.hidden"),
        MemoryFile::hard_link("anna/Maildir/cur/2.lost:2,S", 1, "anna/Maildir/cur/9.gone:2,S"),
        file("gone/Maildir/cur/4.orphan:2,S"),
        file("gone/Maildir/.Old/cur/5.orphan:2,S"),
        file("anna/Maildir/cur/3.cut:2,S"),
    ]));
    let tree = place.path("tree");
    pack_directory(&spec, &tree).unwrap();
    let archive = tree.join("backup_domainmail_2401151030.tar");
    let last = corrupt::member_range(&archive, "anna/Maildir/cur/3.cut:2,S").unwrap();
    corrupt::truncate(&archive, last.start + 10).unwrap();

    let run = place.run(&["convert", "tree", "--output", "out"]);
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    let report = place.report("out");
    check(&report);
    let account = &report["accounts"][0];
    assert_eq!(account["orphaned_messages"], 2);
    assert_eq!(account["mailboxes"][0]["messages"], 1);
    assert_eq!(
        account["mailboxes"][0]["left_out"],
        json!({"cut": 1, "link-dangling": 1, "same-message-twice": 1, "not-served": 1})
    );
    assert_eq!(report["totals"]["messages_found"], 7);
    // Each has a finding that names it.
    let findings = account["findings"].to_string();
    for name in ["3.cut", "2.lost", "1.a", ".hidden", "gone@example.com"] {
        assert!(findings.contains(name), "{name} is not in {findings}");
    }
    let page = std::fs::read_to_string(place.path("out/report.html")).unwrap();
    assert!(page.contains("Of the backup&#39;s 7 messages, 1 stand in the archives."));
    // Those of the mailbox; the orphans are of none.
    assert!(page.contains(">4 not carried<"), "{page}");
}

#[test]
fn what_is_only_looked_at_is_not_written() {
    let place = Place::new();
    place.pack("backup.tar", &one_mailbox(served_messages(3)));
    let report: Value =
        serde_json::from_str(&place.run(&["inspect", "backup.tar", "--json"]).stdout).unwrap();
    check(&report);
    assert_eq!(report["totals"]["messages_found"], 3);
    assert_eq!(report["totals"]["messages_written"], 0);
    assert!(!report.to_string().contains("digest"));
}
