//! The merge into the files of a home.

use super::*;

#[test]
fn late_mail_comes_in_and_deletions_of_both_sides_hold() {
    let place = Place::new();
    let mailbox = both_went_on(&place, "1000", OTHER);
    let run = sync(&place, OTHER, &["--since", "first/report.json", "--merge-into", "home"]);
    insta::assert_snapshot!("report-as-base", run.transcript());
    insta::assert_snapshot!("report-as-base-inbox", New(&mailbox).show(""));
    insta::assert_snapshot!("report-as-base-work", New(&mailbox).show(".Work"));
}

#[test]
fn the_backup_tells_flags_as_they_were() {
    let place = Place::new();
    let mailbox = both_went_on(&place, "1000", OTHER);
    let run = sync(&place, OTHER, &["--since", "one.tar", "--merge-into", "home/mail"]);
    insta::assert_snapshot!("backup-as-base", run.transcript());
    insta::assert_snapshot!("backup-as-base-inbox", New(&mailbox).show(""));
    // A second run finds nothing to do, and changes nothing.
    let before = New(&mailbox).show("");
    let again = sync(&place, OTHER, &["--since", "one.tar", "--merge-into", "home"]);
    assert_eq!(again.status, Some(0), "{}", again.stdout);
    assert!(again.stdout.contains("unchanged anna@example.com"), "{}", again.stdout);
    assert_eq!(New(&mailbox).show(""), before);
}

#[test]
fn without_free_uids_nobody_takes_one_message_for_another() {
    let place = Place::new();
    let mailbox = both_went_on(&place, "0", SAME);
    let run = sync(&place, SAME, &["--since", "first", "--merge-into", "home"]);
    insta::assert_snapshot!("overlap", run.transcript());
    insta::assert_snapshot!("overlap-inbox", New(&mailbox).show(""));
    let before = New(&mailbox).show("");
    let again = sync(&place, SAME, &["--since", "first", "--merge-into", "home"]);
    assert_eq!(again.status, Some(0), "{}", again.stdout);
    assert_eq!(New(&mailbox).show(""), before);
}

/// Wherever a run was ended, the next one does what is left.
#[test]
fn an_ended_run_is_finished_by_the_next() {
    let place = Place::new();
    let mailbox = both_went_on(&place, "1000", OTHER);
    let list = std::fs::read(mailbox.join("dovecot-uidlist")).unwrap();
    let arguments = ["--since", "first", "--merge-into", "home"];
    sync(&place, OTHER, &arguments);
    let done = New(&mailbox).show("");
    // The lists come last: the files are all there, and the old list is, too.
    std::fs::write(mailbox.join("dovecot-uidlist"), &list).unwrap();
    let again = sync(&place, OTHER, &arguments);
    assert_eq!(again.status, Some(0), "{}", again.stdout);
    assert_eq!(New(&mailbox).show(""), done);
    assert!(mailbox.join("dovecot-uidlist.before-sync").exists());
    assert!(!mailbox.join("dovecot-uidlist.lock").exists());
}

#[test]
fn folders_come_and_go() {
    let place = Place::new();
    let mut old = Old::new(1..=2);
    for dir in [".Gone", ".Kept", ".&ANw-bung"] {
        let folder = OldFolder { next: 1, messages: Vec::new() };
        old.folders.insert(dir.to_owned(), folder);
        old.deliver(dir, 31, "S");
    }
    let mailbox = restored(&place, &old, "1000", OTHER);
    let new = New(&mailbox);
    new.receive(".Kept", 41);
    old.folders.remove(".Gone");
    old.folders.remove(".Kept");
    old.folders.insert(".Fresh".to_owned(), OldFolder { next: 1, messages: Vec::new() });
    old.deliver(".Fresh", 51, "S");
    // Deleted here, and written to there.
    std::fs::remove_dir_all(mailbox.join(".Work")).unwrap();
    old.deliver(".Work", 52, "");
    old.deliver(".&ANw-bung", 53, "");
    place.pack("two.tar", &old.spec(SECOND));
    if let Ok(lab) = std::env::var("SYNC_LAB") {
        for name in ["one.tar", "two.tar"] {
            std::fs::copy(place.path(name), Path::new(&lab).join("f").join(name)).unwrap();
        }
    }
    let run = sync(&place, OTHER, &["--since", "one.tar", "--merge-into", "home"]);
    insta::assert_snapshot!("folders", run.transcript());
    assert!(!mailbox.join(".Gone").exists());
    insta::assert_snapshot!("folders-kept", new.show(".Kept"));
    insta::assert_snapshot!("folders-fresh", new.show(".Fresh"));
    insta::assert_snapshot!("folders-work", new.show(".Work"));
}

#[test]
fn both_dumps_may_lie_in_one_tree() {
    let place = Place::new();
    let mut old = Old::new(1..=3);
    let first = old.spec(FIRST);
    old.deliver("", 4, "");
    old.delete("", 1);
    plesk_fixture::pack_dumps_directory(&[first, old.spec(SECOND)], &place.path("tree")).unwrap();
    let convert = ["convert", "tree", "--dump", FIRST, "--output", "first", "--as", "dir"];
    place.run(&[&convert[..], &["--old-server", OTHER, "--reserve-uids", "1000"]].concat());
    copy(&place.path("first/cpmove-examplecom/homedir"), &place.path("home"));
    let new = place.path("home/mail/example.com/anna");
    New(&new).open("");
    for since in [&["--since", "first"][..], &["--since", "tree", "--since-dump", FIRST]] {
        let sync = ["sync", "tree", "--old-server", OTHER, "--merge-into", "home"];
        let run = place.run(&[&sync[..], since].concat());
        assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    }
    insta::assert_snapshot!("one-tree", New(&new).show(""));
}

#[test]
fn a_mailbox_that_was_never_used_gets_its_first_mail() {
    let place = Place::new();
    place.pack("one.tar", &spec(Vec::new(), FIRST));
    let convert = ["convert", "one.tar", "--output", "first", "--as", "dir"];
    let run = place.run(&convert);
    assert_eq!(run.status, Some(3), "{}{}", run.stdout, run.stderr);
    copy(&place.path("first/cpmove-examplecom/homedir"), &place.path("home"));
    place.pack("two.tar", &spec(Vec::new(), SECOND));
    let merge = ["--since", "first", "--merge-into", "home"];
    let run = sync(&place, OTHER, &merge);
    assert_eq!(run.status, Some(0), "{}", run.stdout);
    place.pack("two.tar", &Old::new(1..=2).spec(SECOND));
    let staged = sync(&place, OTHER, &["--since", "first", "--output", "late"]);
    assert_eq!(staged.status, Some(0), "{}", staged.stdout);
    let run = sync(&place, OTHER, &merge);
    assert_eq!(run.status, Some(0), "{}", run.stdout);
    let new = place.path("home/mail/example.com/anna");
    insta::assert_snapshot!("never-used", New(&new).show(""));
}
