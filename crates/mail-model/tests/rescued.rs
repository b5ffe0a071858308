//! Mailboxes that were moved without their names: what a Dovecot serves after the rescue.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::{HashMap, HashSet};

use mail_model::dovecot::{Duplicates, MaildirFile, ServeInput, Served, UidList, serve};
use mail_model::identity::{
    Certainty, Fate, Moved, NoList, OldName, OldNumbers, RawFile, RawFolder, RawMailbox, Rescue,
    RescueInput, RestoreInput, Rules, StateFile, rescue, resolve, restore,
};
use mail_model::maildir::Place;
use mail_model::uidl::UidlFormat;
use proptest::prelude::*;

fn served(list: &UidList, names: &[Vec<u8>], format: &UidlFormat) -> Served {
    let files: Vec<MaildirFile<'_>> =
        names.iter().map(|name| MaildirFile { place: Place::Cur, name, x_uidl: None }).collect();
    serve(&ServeInput {
        uidlist: Some(list),
        files: &files,
        format,
        reuse_x_uidl: false,
        duplicates: Duplicates::Allow,
        new_uidvalidity: 1,
    })
}

/// UIDL by index of the file.
fn uidls(served: &Served) -> HashMap<usize, Vec<u8>> {
    served.messages.iter().map(|message| (message.file, message.uidl.clone())).collect()
}

fn old(uidls: &[&str]) -> Vec<OldName> {
    let name =
        |uidl: &&str| OldName { uidl: uidl.as_bytes().to_vec(), certainty: Certainty::Exact };
    uidls.iter().map(name).collect()
}

/// A home with files `a`, `b` and so on, each with a partner or none.
fn run(list: &str, partners: &[Option<usize>], loaded: &[usize], old: &[OldName]) -> Rescue {
    let names: Vec<Vec<u8>> = (b'a'..).take(partners.len()).map(|name| vec![name]).collect();
    let messages: Vec<Moved<'_>> = names
        .iter()
        .zip(partners)
        .enumerate()
        .map(|(at, (name, partner))| Moved {
            file: MaildirFile { place: Place::Cur, name, x_uidl: None },
            old: *partner,
            was_loaded: loaded.contains(&at),
            is_new: partner.is_none(),
            has_old_name: false,
        })
        .collect();
    rescue(&RescueInput {
        list: &UidList::parse(list.as_bytes()).unwrap().0,
        messages: &messages,
        old,
        given_out: &[],
        numbers: &[],
        format: &UidlFormat::uid_dash_validity(),
        lists_more: false,
    })
}

fn text(list: &UidList) -> String {
    String::from_utf8(list.to_bytes()).unwrap()
}

#[test]
fn only_p_fields_are_written_and_only_where_nobody_loaded_anything() {
    let list = "3 V7 N9 Gabababababababababababababababab Xx\n1 W5 :a\n3 Pkeep S4 :b\n5 :c\n8 :d\n";
    let found = run(list, &[Some(0), Some(1), Some(2), None], &[2], &old(&["o1", "o2", "o3"]));
    assert_eq!(found.fates, [Fate::Restored, Fate::Restored, Fate::Kept, Fate::New]);
    assert_eq!(
        text(&found.list),
        "3 V7 N9 Gabababababababababababababababab Xx\n1 Po1 W5 :a\n3 Po2 S4 :b\n5 :c\n8 :d\n"
    );
    let after: Vec<_> =
        found.after.iter().flatten().map(|uidl| str::from_utf8(uidl).unwrap()).collect();
    assert_eq!(after, ["o1", "o2", "UID5-7", "UID8-7"]);
    assert!(found.changes && found.next_uid_was.is_none());
}

#[test]
fn a_value_that_another_message_keeps_is_not_given_twice() {
    // `b` keeps UID2-7, which `a` wants; `c` wants what `a` then keeps.
    let list = "3 V7 N4\n1 :a\n2 :b\n3 :c\n";
    let found = run(list, &[Some(0), Some(2), Some(1)], &[1], &old(&["UID2-7", "UID1-7", "x"]));
    assert_eq!(found.fates, [Fate::Taken, Fate::Kept, Fate::Taken]);
    assert!(!found.changes);
    // Both change places when nobody loaded anything.
    let found = run(list, &[Some(0), Some(1)], &[], &old(&["UID2-7", "UID1-7"]));
    assert_eq!(found.fates[..2], [Fate::Restored, Fate::Restored]);
    // What the old server gave twice is given once.
    let found = run(list, &[Some(0), Some(1)], &[], &old(&["same", "same"]));
    assert_eq!(found.fates[..2], [Fate::Restored, Fate::Taken]);
}

#[test]
fn new_mail_does_not_hide_behind_an_old_uidl() {
    let list = "3 V7 N4\n1 :a\n2 :b\n";
    let gone = old(&["UID2-7"]);
    let found = run(list, &[None, None], &[], &gone);
    assert_eq!(found.fates, [Fate::New, Fate::Renamed]);
    assert_eq!(found.after[1].as_deref(), Some(&b"UID2-7-2"[..]));
    let twice = run("3 V7 N4\n1 PUID2-7 :a\n2 :b\n", &[None, None], &[], &gone);
    let after: HashSet<_> = twice.after.iter().flatten().collect();
    assert_eq!((twice.fates, after.len()), (vec![Fate::Renamed, Fate::Renamed], 2));
    let found = run(list, &[None, None], &[1], &gone);
    assert_eq!((found.fates[1], found.changes), (Fate::Mistaken, false));
}

#[test]
fn the_next_uid_stays_clear_of_what_the_old_server_gave() {
    let found = run("3 V7 N4\n1 :a\n", &[None], &[], &old(&["UID40-7", "UID90-8"]));
    assert_eq!((found.list.next_uid, found.next_uid_was), (41, Some(4)));
    assert!(found.changes);
}

#[test]
fn new_mail_under_a_uidl_of_a_message_that_is_gone_gives_way() {
    // The old server came to UID 5, and 2 to 4 are gone; one is listed by somebody.
    let names: [&[u8]; 5] = [b"a", b"b", b"c", b"d", b"e"];
    let list = UidList::parse(b"3 V7 N7\n1 :a\n2 :b\n3 :c\n4 :d\n6 :e\n").unwrap().0;
    let format = UidlFormat::uid_dash_validity();
    let messages: Vec<Moved<'_>> = names
        .iter()
        .enumerate()
        .map(|(at, name)| Moved {
            file: MaildirFile { place: Place::Cur, name, x_uidl: None },
            old: (at == 0).then_some(0),
            was_loaded: at == 2,
            is_new: at != 0,
            has_old_name: at == 3,
        })
        .collect();
    let old = old(&["UID1-7"]);
    let input = RescueInput {
        list: &list,
        messages: &messages,
        old: &old,
        given_out: &[],
        numbers: &[OldNumbers { format: format.clone(), uidvalidity: 7, next_uid: 6 }],
        format: &format,
        lists_more: false,
    };
    let found = rescue(&input);
    assert_eq!(found.fates, [Fate::Already, Fate::Renamed, Fate::Mistaken, Fate::New, Fate::New]);
    assert_eq!(text(&found.list), "3 V7 N7\n1 :a\n2 PUID2-7-2 :b\n3 :c\n4 :d\n6 :e\n");
    let listed = [b"UID2-7".to_vec(), b"UID6-7".to_vec()];
    let found = rescue(&RescueInput { given_out: &listed, numbers: &[], ..input });
    let fates = [Fate::Already, Fate::Renamed, Fate::New, Fate::New, Fate::Renamed];
    assert_eq!(found.fates, fates);
    // One that nobody could compare keeps what it has, and that is told.
    let mut unread = messages.clone();
    unread[1].is_new = false;
    assert_eq!(rescue(&RescueInput { messages: &unread, ..input }).fates[1], Fate::Mistaken);
}

#[test]
fn a_next_uid_that_can_not_be_raised_is_told() {
    let found = run("3 V7 N2\n1 :a\n", &[Some(0)], &[], &old(&["UID4294967295-7"]));
    assert!(found.is_near_end && found.next_uid_was.is_none());
    assert!(!run("3 V7 N2\n1 :a\n", &[Some(0)], &[], &old(&["UID9-7"])).is_near_end);
}

#[test]
fn names_that_no_list_can_hold_are_told() {
    let found = run("3 V7 N4\n1 :a\n2 :b\n", &[Some(0), Some(1)], &[], &old(&["with space", ""]));
    assert_eq!(found.fates, [Fate::Unwritable, Fate::Unwritable]);
    let unknown = [OldName { uidl: vec![], certainty: Certainty::Lost }];
    assert_eq!(run("3 V7 N4\n1 :a\n", &[Some(0)], &[], &unknown).fates, [Fate::Nameless]);
}

#[test]
fn a_folder_without_a_list_is_what_it_was() {
    let file = |name: &[u8]| RawFile {
        place: Place::Cur,
        name: name.to_vec(),
        size: 5,
        mtime: 1,
        x_uidl: None,
    };
    let raw = RawMailbox {
        folders: vec![RawFolder {
            files: vec![file(b"1.a,S=5:2,S"), file(b"2.b:2,"), file(b"3.c:2,")],
            uidlist: Some(StateFile {
                bytes: b"3 V77 N30\n3 Px W6 :1.a,S=5\n9 W6 :2.b\n20 :3.c\n".to_vec(),
                mtime: 2,
            }),
            ..RawFolder::default()
        }],
        ..RawMailbox::default()
    };
    let mailbox = resolve(&raw, &Rules::default());
    let names: [&[u8]; 4] = [b"9.new:2,", b"8.other:2,S", b"1.a,S=5:2,", b"7.newer:2,"];
    let files = names.map(|name| MaildirFile { place: Place::Cur, name, x_uidl: None });
    let list = restore(&RestoreInput {
        folder: &mailbox.folders[0],
        files: &files,
        old: &[None, Some(1), Some(0), None],
        given_out: &[b"UID50-77".to_vec()],
        format: &UidlFormat::uid_dash_validity(),
    })
    .unwrap();
    let full = [b"UID4294967295-77".to_vec()];
    let input = RestoreInput {
        folder: &mailbox.folders[0],
        files: &files,
        old: &[None; 4],
        given_out: &full,
        format: &UidlFormat::uid_dash_validity(),
    };
    assert_eq!(restore(&input), Err(NoList::NoUidLeft));
    // Sizes tell of other bytes where the name is another.
    assert_eq!(
        text(&list),
        "3 V77 N51\n3 Px W6 :1.a,S=5\n9 P000000090000004d :8.other\n30 :7.newer\n31 :9.new\n"
    );
}

#[derive(Clone, Debug)]
struct Case {
    list: UidList,
    names: Vec<Vec<u8>>,
    partners: Vec<Option<usize>>,
    loaded: Vec<bool>,
    old: Vec<OldName>,
    given_out: Vec<Vec<u8>>,
    numbers: Vec<OldNumbers>,
    format: UidlFormat,
    lists_more: bool,
}

/// Values from a small world, so that they meet.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (1u32..30).prop_map(|uid| format!("UID{uid}-7").into_bytes()),
        (1u32..30).prop_map(|uid| format!("{uid:08x}00000007").into_bytes()),
        (0u8..9).prop_map(|letter| vec![b'p', b'0' + letter]),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let certainty = prop_oneof![
        6 => Just(Certainty::Exact),
        1 => Just(Certainty::Assumed),
        1 => Just(Certainty::Predicted),
        1 => Just(Certainty::Lost)
    ];
    let old = prop::collection::vec((value(), certainty), 0..12);
    let home = prop::collection::vec(
        (
            any::<bool>(),
            prop::option::weighted(0.2, value()),
            any::<prop::sample::Index>(),
            0..4u8,
            any::<bool>(),
        ),
        0..12,
    );
    (old, home, prop::collection::vec(value(), 0..4), 0..30u32, any::<bool>(), any::<bool>())
        .prop_map(|(old, home, given_out, next, target_is_default, lists_more)| {
            let mut list = UidList::new(7, 1);
            let mut free: Vec<usize> = (0..old.len()).collect();
            let (mut names, mut partners, mut loaded) = (vec![], vec![], vec![]);
            for (at, (listed, p, index, pairs, was_loaded)) in home.into_iter().enumerate() {
                let name = format!("{at}.x").into_bytes();
                if listed {
                    let fields = p.into_iter().map(|value| (b'P', value)).collect();
                    let uid = list.next_uid;
                    list.records.push(mail_model::dovecot::UidRecord {
                        uid,
                        fields,
                        base: name.clone(),
                    });
                    list.next_uid = uid + 1 + u32::from(pairs);
                }
                names.push(name);
                let pairs = pairs > 0 && !free.is_empty();
                partners.push(pairs.then(|| free.swap_remove(index.index(free.len()))));
                loaded.push(was_loaded);
            }
            list.next_uid += next;
            let format = if target_is_default { "UID%u-%v" } else { "%08Xu%08Xv" };
            Case {
                list,
                names,
                partners,
                loaded,
                old: old
                    .into_iter()
                    .map(|(uidl, certainty)| OldName {
                        uidl: if certainty == Certainty::Lost { vec![] } else { uidl },
                        certainty,
                    })
                    .collect(),
                given_out,
                numbers: vec![OldNumbers {
                    format: UidlFormat::parse("%08Xu%08Xv").unwrap(),
                    uidvalidity: 7,
                    next_uid: next,
                }],
                format: UidlFormat::parse(format).unwrap(),
                lists_more,
            }
        })
}

fn rescued(case: &Case, list: &UidList) -> Rescue {
    let messages: Vec<Moved<'_>> = (0..case.names.len())
        .map(|at| Moved {
            file: MaildirFile { place: Place::Cur, name: &case.names[at], x_uidl: None },
            old: case.partners[at],
            was_loaded: case.loaded[at],
            is_new: case.partners[at].is_none(),
            has_old_name: false,
        })
        .collect();
    rescue(&RescueInput {
        list,
        messages: &messages,
        old: &case.old,
        given_out: &case.given_out,
        numbers: &case.numbers,
        format: &case.format,
        lists_more: case.lists_more,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn nothing_gets_worse(case in case()) {
        let found = rescued(&case, &case.list);
        let (parsed, problems) = UidList::parse(&found.list.to_bytes()).unwrap();
        prop_assert!(problems.is_empty(), "{problems:?}");
        prop_assert_eq!(&parsed, &found.list);
        // UIDs and UIDVALIDITY stay, and the next UID never goes down.
        prop_assert_eq!(parsed.uidvalidity, case.list.uidvalidity);
        prop_assert!(parsed.next_uid >= case.list.next_uid);
        for record in &case.list.records {
            let now = parsed.records.iter().find(|now| now.base == record.base).unwrap();
            prop_assert_eq!(now.uid, record.uid);
        }
        let before = served(&case.list, &case.names, &case.format);
        let after = served(&parsed, &case.names, &case.format);
        let (old_names, new_names) = (uidls(&before), uidls(&after));
        let listed: HashSet<usize> =
            before.messages.iter().filter(|message| message.uid_listed).map(|m| m.file).collect();
        for file in 0..case.names.len() {
            prop_assert_eq!(found.after[file].as_ref(), new_names.get(&file));
            match found.fates[file] {
                Fate::Restored => {
                    prop_assert!(!case.loaded[file]);
                    let partner = case.partners[file].unwrap();
                    prop_assert_eq!(&new_names[&file], &case.old[partner].uidl);
                }
                Fate::Renamed => prop_assert!(!case.loaded[file]),
                // All others are called what they were called, as far as they had a name.
                _ if listed.contains(&file) => {
                    prop_assert_eq!(&new_names[&file], &old_names[&file]);
                }
                _ => {}
            }
        }
        // No UIDL is given twice that was not before.
        let twice = |names: &HashMap<usize, Vec<u8>>| {
            let mut seen = HashSet::new();
            names.values().filter(|uidl| !seen.insert((*uidl).clone())).cloned().collect::<HashSet<_>>()
        };
        let (had, has) = (twice(&old_names), twice(&new_names));
        prop_assert!(has.is_subset(&had), "{has:?} {had:?}");
        // What the old server gave out is never made anew.
        let next = found.list.next_uid;
        for uidl in case.old.iter().map(|old| &old.uidl).chain(&case.given_out) {
            let uid = case.format.uid_of(uidl, 7);
            prop_assert!(uid.is_none_or(|uid| uid < next), "{uid:?} {next}");
        }
        // A second time there is nothing to do.
        let again = rescued(&case, &found.list);
        prop_assert!(!again.changes, "{:?}\n{}\n{}", again.fates, text(&found.list), text(&again.list));
    }
}
