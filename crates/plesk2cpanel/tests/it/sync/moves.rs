//! Mail that was moved on one side while something happened to it on the other.

use super::*;

/// A client moved a message: the copy has the GUID of what it was.
fn moved(old: &mut Old, number: u32, to: u32, flags: &str) {
    old.delete("", number);
    old.deliver(".Work", to, flags);
    old.copies.insert(to, number);
}

#[test]
fn flags_go_with_mail_that_was_moved_there() {
    for since in ["first", "one.tar"] {
        let place = Place::new();
        let mut old = Old::new(1..=3);
        let mailbox = restored(&place, &old, "1000", OTHER);
        moved(&mut old, 2, 21, "RS");
        place.pack("two.tar", &old.spec(SECOND));
        let new = New(&mailbox);
        new.flag("", 2, "Fa");
        let run = sync(&place, OTHER, &["--since", since, "--merge-into", "home"]);
        assert_eq!(run.status, Some(0), "{}", run.stdout);
        assert!(new.show(".Work").contains(" 21 cur:FRSa "), "{}", new.show(".Work"));
        let again = sync(&place, OTHER, &["--since", since, "--merge-into", "home"]);
        assert!(again.stdout.contains("unchanged anna"), "{}", again.stdout);
    }
}

#[test]
fn mail_that_was_moved_there_and_deleted_here_comes_back_and_is_named() {
    let place = Place::new();
    let mut old = Old::new(1..=3);
    let mailbox = restored(&place, &old, "1000", OTHER);
    moved(&mut old, 2, 21, "S");
    place.pack("two.tar", &old.spec(SECOND));
    let new = New(&mailbox);
    new.delete("", 2);
    let run = sync(&place, OTHER, &["--since", "one.tar", "--merge-into", "home"]);
    let words = "Work: 1 added, 1 added though they may have been deleted here";
    assert!(run.stdout.contains(words), "{}", run.stdout);
    assert!(new.show(".Work").contains(" 21 cur:S "), "{}", new.show(".Work"));
}
