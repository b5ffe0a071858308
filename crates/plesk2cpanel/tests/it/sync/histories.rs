//! Random lives of a mailbox on two servers, through the program: packed, converted, used, packed again
//! and merged.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// What happens to a message; numbers choose among what there is.
#[derive(Clone, Debug)]
enum Event {
    Deliver(bool),
    Delete(bool, u8),
    Flag(bool, u8),
    /// From one folder to the other, where it is another file.
    Move(bool, u8),
    Open,
}

#[derive(Clone, Debug)]
struct History {
    first: Vec<Event>,
    between: Vec<Event>,
    reserve: &'static str,
    server: &'static str,
    since: &'static str,
}

fn events(both: bool) -> impl Strategy<Value = Vec<Event>> {
    let old = if both { any::<bool>().boxed() } else { Just(true).boxed() };
    let event = (old, 0..9u8, any::<u8>()).prop_map(|(old, kind, number)| match kind {
        0..=3 => Event::Deliver(old),
        4 | 5 => Event::Delete(old, number),
        6 => Event::Flag(old, number),
        7 => Event::Move(old, number),
        _ => Event::Open,
    });
    proptest::collection::vec(event, 1..16)
}

fn histories() -> impl Strategy<Value = History> {
    let lives = (events(false), events(true));
    let how = (
        proptest::sample::select(vec!["0", "1000"]),
        proptest::sample::select(vec![SAME, OTHER]),
        proptest::sample::select(vec!["first/report.json", "one.tar"]),
    );
    (lives, how).prop_map(|((first, between), (reserve, server, since))| History {
        first,
        between,
        reserve,
        server,
        since,
    })
}

/// Directory and number of the messages of the old server.
fn of_old(old: &Old) -> BTreeSet<(String, u32)> {
    let folders = old.folders.iter();
    folders
        .flat_map(|(dir, folder)| {
            folder.messages.iter().map(|(_, name, _)| (dir.clone(), number_of(name)))
        })
        .collect()
}

/// The same of the new one, with what its list says of each.
fn of_new(new: &New<'_>) -> BTreeMap<(String, u32), String> {
    let mut found = BTreeMap::new();
    for dir in ["", ".Work"] {
        for line in new.show(dir).lines().skip(1) {
            let number = line.split(' ').nth(1).unwrap().parse().unwrap();
            let twice = found.insert((dir.to_owned(), number), line.to_owned());
            assert_eq!(twice, None);
        }
    }
    found
}

fn other(dir: &str) -> &'static str {
    if dir.is_empty() { ".Work" } else { "" }
}

fn happen(event: &Event, old: &mut Old, new: Option<&New<'_>>, next: &mut u32) {
    *next += 1;
    let dir = if next.is_multiple_of(3) { ".Work" } else { "" };
    let pick = |all: Vec<(String, u32)>, number: u8| {
        (!all.is_empty()).then(|| all[usize::from(number) % all.len()].clone())
    };
    let old_pick = |old: &Old, number: u8| pick(of_old(old).into_iter().collect(), number);
    let new_pick = |new: &New<'_>, number: u8| pick(of_new(new).into_keys().collect(), number);
    match (event, new) {
        (Event::Deliver(true), _) => old.deliver(dir, *next, ""),
        (Event::Deliver(false), Some(new)) => new.receive(dir, *next),
        (Event::Delete(true, number), _) => {
            if let Some((dir, number)) = old_pick(old, *number) {
                old.delete(&dir, number);
            }
        }
        (Event::Delete(false, number), Some(new)) => {
            if let Some((dir, number)) = new_pick(new, *number) {
                new.delete(&dir, number);
            }
        }
        (Event::Flag(true, number), _) => {
            if let Some((dir, number)) = old_pick(old, *number) {
                old.flag(&dir, number, "RS");
            }
        }
        (Event::Flag(false, number), Some(new)) => {
            if let Some((dir, number)) = new_pick(new, *number) {
                new.flag(&dir, number, "FS");
            }
        }
        (Event::Move(true, number), _) => {
            if let Some((dir, number)) = old_pick(old, *number) {
                old.delete(&dir, number);
                old.deliver(other(&dir), *next, "S");
            }
        }
        (Event::Move(false, number), Some(new)) => {
            if let Some((dir, number)) = new_pick(new, *number) {
                new.delete(&dir, number);
                new.receive(other(&dir), *next);
            }
        }
        (Event::Open, Some(new)) => ["", ".Work"].iter().for_each(|dir| new.open(dir)),
        _ => {}
    }
}

fn check(history: &History) {
    let place = Place::new();
    let mut old = Old::new(1..=1);
    let mut next = 100;
    for event in &history.first {
        happen(event, &mut old, None, &mut next);
    }
    let mailbox = restored(&place, &old, history.reserve, history.server);
    let new = New(&mailbox);
    let had = of_old(&old);
    let converted = of_new(&new);
    for event in &history.between {
        happen(event, &mut old, Some(&new), &mut next);
    }
    let (old_has, new_has) = (of_old(&old), of_new(&new));
    place.pack("two.tar", &old.spec(SECOND));

    let arguments = ["--since", history.since, "--merge-into", "home"];
    let run = sync(&place, history.server, &arguments);
    assert!(matches!(run.status, Some(0 | 3)), "{}{}", run.stdout, run.stderr);
    let expected: BTreeSet<(String, u32)> = old_has
        .iter()
        .chain(new_has.keys())
        .filter(|it| !had.contains(*it) || (old_has.contains(*it) && new_has.contains_key(*it)))
        .cloned()
        .collect();
    let found = of_new(&new);
    assert_eq!(found.keys().cloned().collect::<BTreeSet<_>>(), expected, "{}", run.stdout);
    let mut uidls = BTreeSet::new();
    for (key, line) in &found {
        let words: Vec<&str> = line.split(' ').collect();
        let uidl = match words[3] {
            "-" => format!("UID{}-{VALIDITY}", words[0]),
            stored => stored.to_owned(),
        };
        assert!(key.0 == ".Work" || uidls.insert(uidl), "a UIDL twice: {line}");
        // What was there before has the UID and UIDL that it had.
        if let Some(before) = converted.get(key) {
            let before: Vec<&str> = before.split(' ').collect();
            assert_eq!((words[0], words[3]), (before[0], before[3]));
        }
    }
    for dir in ["", ".Work"] {
        let uids: Vec<u32> = new.list(dir).records.iter().map(|record| record.uid).collect();
        assert!(uids.is_sorted_by(|one, two| one < two), "{uids:?}");
    }
    let again = sync(&place, history.server, &arguments);
    assert!(again.stdout.contains("unchanged anna"), "{}", again.stdout);
    assert_eq!(of_new(&new), found);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn two_lives_become_one(history in histories()) {
        check(&history);
    }
}
