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
