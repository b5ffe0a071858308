//! Runs that were ended, and what they leave to the next.

use super::evidence::numbers;
use super::*;

/// Mail that was moved on the old server would be gone if one folder was merged and the next could not
/// be.
#[test]
fn what_one_folder_can_not_stops_all() {
    for since in ["first", "one.tar"] {
        let place = Place::new();
        let mut old = Old::new(1..=3);
        let mailbox = restored(&place, &old, "1000", OTHER);
        old.delete("", 2);
        old.deliver(".Work", 21, "S");
        place.pack("two.tar", &old.spec(SECOND));
        let new = New(&mailbox);
        // The new list can't be written.
        let in_the_way = mailbox.join(".Work/dovecot-uidlist.new-sync");
        std::fs::create_dir(&in_the_way).unwrap();
        let arguments = ["--since", since, "--merge-into", "home"];
        let run = sync(&place, OTHER, &arguments);
        assert_eq!(run.status, Some(1), "{}{}", run.stdout, run.stderr);
        assert_eq!(numbers(&new, ""), [1, 2, 3]);
        std::fs::remove_dir(in_the_way).unwrap();
        let run = sync(&place, OTHER, &arguments);
        assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
        assert_eq!(all(&new, &["", ".Work"]).len(), 2);
        assert_eq!((numbers(&new, ""), numbers(&new, ".Work")), (vec![1, 3], vec![21]));
        assert!(new.show(".Work").contains("\n1 21 "), "{}", new.show(".Work"));
    }
}

/// Everything of a mailbox that counts, with its lists.
fn all(new: &New<'_>, dirs: &[&str]) -> Vec<String> {
    dirs.iter().map(|dir| new.show(dir)).collect()
}

#[test]
fn a_new_folder_is_finished() {
    let place = Place::new();
    let mut old = Old::new(1..=2);
    let mailbox = restored(&place, &old, "1000", OTHER);
    old.folders.insert(".Fresh".to_owned(), OldFolder { next: 5, messages: Vec::new() });
    old.deliver(".Fresh", 31, "S");
    old.deliver(".Fresh", 32, "");
    place.pack("two.tar", &old.spec(SECOND));
    let new = New(&mailbox);
    let arguments = ["--since", "one.tar", "--merge-into", "home"];
    assert_eq!(sync(&place, OTHER, &arguments).status, Some(0));
    let done = all(&new, &["", ".Fresh"]);
    assert!(done[1].contains("\n6 32 cur:"), "{}", done[1]);
    // The list comes before the messages.
    for left in [vec![31], vec![32], vec![31, 32]] {
        for number in left {
            let name = format!("{}:2,{}", base(number), if number == 31 { "S" } else { "" });
            std::fs::remove_file(mailbox.join(".Fresh/cur").join(name)).unwrap();
        }
        let run = sync(&place, OTHER, &arguments);
        assert_eq!(run.status, Some(0), "{}", run.stdout);
        assert_eq!(all(&new, &["", ".Fresh"]), done);
    }
}

#[test]
fn a_removal_that_was_not_made_is_made() {
    for since in ["first", "one.tar"] {
        let place = Place::new();
        let mut old = Old::new(1..=3);
        let mailbox = restored(&place, &old, "1000", OTHER);
        old.delete("", 2);
        old.deliver("", 4, "");
        place.pack("two.tar", &old.spec(SECOND));
        let new = New(&mailbox);
        let arguments = ["--since", since, "--merge-into", "home"];
        let path = mailbox.join("cur").join(format!("{}:2,S", base(2)));
        sync(&place, OTHER, &arguments);
        let done = new.show("");
        assert_eq!(numbers(&new, ""), [1, 3, 4]);
        // Lists are written before anything goes.
        std::fs::write(&path, text(2)).unwrap();
        let run = sync(&place, OTHER, &arguments);
        assert!(run.stdout.contains("INBOX: 1 removed"), "{}", run.stdout);
        assert_eq!(new.show(""), done);
        let run = sync(&place, OTHER, &arguments);
        assert!(run.stdout.contains("unchanged anna"), "{}", run.stdout);
        assert_eq!(new.show(""), done);
    }
}

/// What the owner deleted here does not come back as an empty folder; for late mail it does, as another
/// folder.
#[test]
fn a_deleted_folder_stays_deleted() {
    for since in ["first", "one.tar"] {
        let place = Place::new();
        let mut old = Old::new(1..=1);
        old.deliver(".Work", 21, "S");
        let mailbox = restored(&place, &old, "1000", OTHER);
        std::fs::remove_dir_all(mailbox.join(".Work")).unwrap();
        old.deliver("", 2, "");
        place.pack("two.tar", &old.spec(SECOND));
        let arguments = ["--since", since, "--merge-into", "home"];
        let run = sync(&place, OTHER, &arguments);
        assert_eq!(run.status, Some(0), "{}", run.stdout);
        assert!(!mailbox.join(".Work").exists(), "{}", run.stdout);
        old.deliver(".Work", 22, "");
        place.pack("two.tar", &old.spec(SECOND));
        sync(&place, OTHER, &arguments);
        let new = New(&mailbox);
        assert_eq!(numbers(&new, ".Work"), [22]);
        let validity = VALIDITY + ".Work".bytes().map(u32::from).sum::<u32>();
        assert_eq!(new.list(".Work").uidvalidity, validity + 1);
        new.receive(".Work", 41);
        let run = sync(&place, OTHER, &arguments);
        assert!(run.stdout.contains("unchanged anna"), "{}", run.stdout);
        assert_eq!(numbers(&new, ".Work"), [22, 41]);
    }
}
