//! Staged maildirs, their plan, and the script.

use super::*;

#[test]
fn a_mailbox_is_staged_with_its_plan() {
    let place = Place::new();
    both_went_on(&place, "1000", OTHER);
    if let Ok(lab) = std::env::var("SYNC_LAB") {
        copy(&place.path("home"), &Path::new(&lab).join("home"));
        for name in ["one.tar", "two.tar"] {
            std::fs::copy(place.path(name), Path::new(&lab).join(name)).unwrap();
        }
        copy(&place.path("first"), &Path::new(&lab).join("first"));
    }
    let run = sync(&place, OTHER, &["--since", "one.tar", "--output", "late"]);
    insta::assert_snapshot!("staged", run.transcript());
    assert_eq!(place.entries("late"), ["plan", "staged", "sync-report.json", "sync.sh"]);
    for name in ["folders", "messages", "steps"] {
        let path = place.path("late/plan/anna@example.com").join(name);
        insta::assert_snapshot!(format!("plan-{name}"), std::fs::read_to_string(path).unwrap());
    }
    let staged = place.path("late/staged/anna@example.com");
    insta::assert_snapshot!("staged-inbox", New(&staged).show(""));
    insta::assert_snapshot!("staged-work", New(&staged).show(".Work"));
    let script = std::fs::read_to_string(place.path("late/sync.sh")).unwrap();
    assert!(script.contains("\nmailbox 'anna@example.com'\n"));
    let mut check = std::process::Command::new("bash");
    check.arg("-n").arg(place.path("late/sync.sh"));
    assert!(check.status().unwrap().success());
}

#[test]
fn a_mailbox_without_a_change_is_not_staged() {
    let place = Place::new();
    let old = Old::new(1..=2);
    restored(&place, &old, "1000", OTHER);
    place.pack("two.tar", &old.spec(SECOND));
    let run = sync(&place, OTHER, &["--since", "one.tar", "--output", "late"]);
    insta::assert_snapshot!("nothing-to-do", run.transcript());
}

/// Dovecot gives a copy within a folder the GUID of the first message.
fn with_copies(place: &Place) -> PathBuf {
    let mut old = Old::new(1..=4);
    old.copies = [(3, 1), (4, 2)].into();
    let mailbox = restored(place, &old, "1000", OTHER);
    old.delete("", 2);
    old.deliver("", 5, "");
    old.deliver("", 6, "");
    old.copies.extend([(5, 1), (6, 5)]);
    place.pack("two.tar", &old.spec(SECOND));
    mailbox
}

#[test]
fn late_copies_go_by_their_own_names() {
    let place = Place::new();
    let mailbox = with_copies(&place);
    if let Ok(lab) = std::env::var("SYNC_LAB") {
        for name in ["one.tar", "two.tar"] {
            std::fs::copy(place.path(name), Path::new(&lab).join("c").join(name)).unwrap();
        }
    }
    let run = sync(&place, OTHER, &["--since", "one.tar", "--output", "late"]);
    assert_eq!(run.status, Some(0), "{}", run.stdout);
    let path = place.path("late/plan/anna@example.com/messages");
    insta::assert_snapshot!("copies-messages", std::fs::read_to_string(path).unwrap());
    let staged = place.path("late/staged/anna@example.com/dovecot-uidlist");
    insta::assert_snapshot!("copies-list", std::fs::read_to_string(staged).unwrap());
    let run = sync(&place, OTHER, &["--since", "one.tar", "--merge-into", "home"]);
    assert_eq!(run.status, Some(0), "{}", run.stdout);
    insta::assert_snapshot!("copies-home", New(&mailbox).show(""));
}

/// What `doveadm` has merged lies under another name, and is no other message.
#[test]
fn what_doveadm_merged_is_known_by_its_guid() {
    let place = Place::new();
    let mailbox = both_went_on(&place, "1000", OTHER);
    let merge = ["--since", "one.tar", "--merge-into", "home"];
    sync(&place, OTHER, &merge);
    let (old, new) = (base(6), "1800000000.M1P2.newhost".to_owned());
    let list = std::fs::read_to_string(mailbox.join("dovecot-uidlist")).unwrap();
    let list = list.replace(&format!(":{old}"), &format!("G{old} :{new}"));
    std::fs::write(mailbox.join("dovecot-uidlist"), list).unwrap();
    std::fs::rename(mailbox.join(format!("cur/{old}:2,")), mailbox.join(format!("cur/{new}:2,")))
        .unwrap();
    let run = sync(&place, OTHER, &merge);
    assert!(run.stdout.contains("unchanged anna"), "{}", run.stdout);
}
