//! The merge into the files of a home.

use super::*;

/// Both sides go on after the first backup.
fn both_went_on(place: &Place, reserve: &str) -> PathBuf {
    let mut old = Old::new(1..=5);
    old.deliver(".Work", 21, "");
    let mailbox = restored(place, &old, reserve);
    old.deliver("", 6, "");
    old.deliver("", 7, "Fb");
    old.delete("", 2);
    old.flag("", 3, "RS");
    old.deliver(".Work", 22, "S");
    place.pack("two.tar", &old.spec(SECOND));
    let new = New(&mailbox);
    new.receive("", 11);
    new.delete("", 4);
    new.flag("", 3, "FS");
    new.flag("", 5, "");
    mailbox
}

#[test]
fn late_mail_comes_in_and_deletions_of_both_sides_hold() {
    let place = Place::new();
    let mailbox = both_went_on(&place, "1000");
    let run = sync(&place, &["--since", "first/report.json", "--merge-into", "home"]);
    insta::assert_snapshot!("report-as-base", run.transcript());
    insta::assert_snapshot!("report-as-base-inbox", New(&mailbox).show(""));
    insta::assert_snapshot!("report-as-base-work", New(&mailbox).show(".Work"));
}

#[test]
fn the_backup_tells_flags_as_they_were() {
    let place = Place::new();
    let mailbox = both_went_on(&place, "1000");
    let run = sync(&place, &["--since", "one.tar", "--merge-into", "home/mail"]);
    insta::assert_snapshot!("backup-as-base", run.transcript());
    insta::assert_snapshot!("backup-as-base-inbox", New(&mailbox).show(""));
    // A second run finds nothing to do, and changes nothing.
    let before = New(&mailbox).show("");
    let again = sync(&place, &["--since", "one.tar", "--merge-into", "home"]);
    assert_eq!(again.status, Some(0), "{}", again.stdout);
    assert!(again.stdout.contains("unchanged anna@example.com"), "{}", again.stdout);
    assert_eq!(New(&mailbox).show(""), before);
}

#[test]
fn without_free_uids_nobody_takes_one_message_for_another() {
    let place = Place::new();
    let mailbox = both_went_on(&place, "0");
    let first = ["sync", "two.tar", "--old-server", "dovecot:UID%u-%v"];
    let rest = ["--since", "first", "--merge-into", "home"];
    let run = place.run(&[&first[..], &rest[..]].concat());
    insta::assert_snapshot!("overlap", run.transcript());
    insta::assert_snapshot!("overlap-inbox", New(&mailbox).show(""));
}
