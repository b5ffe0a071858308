//! Single cases.

use mail_model::identity::Certainty;
use mail_model::identity::merge::{
    Before, FolderMerge, Had, MergeRefusal, MergeRules, Side, SideMessage, merge_folder,
};
use mail_model::uidl::UidlFormat;

const VALIDITY: u32 = 1_600_000_000;

fn message(name: &str, uid: u32, uidl: &str) -> SideMessage {
    SideMessage {
        guid: name.as_bytes().to_vec(),
        uid: Some(uid),
        uidl: (!uidl.is_empty()).then(|| uidl.as_bytes().to_vec()),
        uidl_certainty: Some(Certainty::Exact),
        ..SideMessage::default()
    }
}

fn unsure(name: &str, uid: u32, uidl: &str, certainty: Certainty) -> SideMessage {
    let uidl_certainty = Some(certainty);
    SideMessage { uid_unseen: true, uidl_certainty, ..message(name, uid, uidl) }
}

fn side(next_uid: u32, messages: Vec<SideMessage>) -> Side {
    Side { uidvalidity: VALIDITY, next_uid, messages, ..Side::default() }
}

fn before(next_uid: u32, reserved: u32, messages: Vec<SideMessage>) -> Before {
    Before { uidvalidity: VALIDITY, next_uid, reserved, had: Had::Messages(messages) }
}

fn rules() -> MergeRules {
    MergeRules {
        is_inbox: true,
        target_format: UidlFormat::uid_dash_validity(),
        old_format: Some(UidlFormat::parse("%08Xu%08Xv").unwrap()),
        absence_counts: true,
        opened: true,
    }
}

/// UID, GUID and UIDL of each message.
fn show(merge: &FolderMerge, theirs: &Side, ours: &Side) -> String {
    let lines = merge.messages.iter().map(|merged| {
        let of =
            |side: &Side, at: usize| String::from_utf8(side.messages[at].guid.clone()).unwrap();
        let guid =
            merged.ours.map_or_else(|| of(theirs, merged.theirs.unwrap()), |at| of(ours, at));
        let uidl = merged.uidl.as_ref().map_or("-".into(), |it| String::from_utf8_lossy(it));
        format!("{} {guid} {uidl}", merged.uid.map_or_else(|| "-".to_owned(), |it| it.to_string()))
    });
    lines.collect::<Vec<_>>().join(", ")
}

fn merged(before: &Before, theirs: &Side, ours: &Side) -> FolderMerge {
    merge_folder(Some(before), Some(theirs), Some(ours), &rules()).unwrap()
}

#[test]
fn another_mailbox_is_refused() {
    let base = before(4, 0, vec![]);
    let theirs = side(4, vec![]);
    let of = |uidvalidity, next_uid| Side { uidvalidity, next_uid, ..Side::default() };
    let refusal =
        |ours: Side| merge_folder(Some(&base), Some(&theirs), Some(&ours), &rules()).unwrap_err();
    assert_eq!(refusal(of(7, 4)), MergeRefusal::Uidvalidity { written: VALIDITY, found: 7 });
    assert_eq!(refusal(of(VALIDITY, 3)), MergeRefusal::NextUid { written: 4, found: 3 });
    let full = side(u32::MAX - (1 << 20), vec![]);
    let late = side(5, vec![message("b", 4, "u4")]);
    let refusal = merge_folder(Some(&base), Some(&late), Some(&full), &rules()).unwrap_err();
    assert_eq!(refusal, MergeRefusal::UidsUsedUp);
}

/// The old server gave waiting mail its UIDLs in another order than was foretold.
#[test]
fn what_the_old_server_says_by_now_is_set_right() {
    let was = |name, uid, uidl| unsure(name, uid, uidl, Certainty::Predicted);
    let base = before(3, 100, vec![was("a", 1, "u1"), was("b", 2, "u2")]);
    let ours = side(103, vec![message("a", 1, "u1"), message("b", 2, "u2")]);
    let theirs = side(3, vec![message("b", 1, "u1"), message("a", 2, "u2")]);
    let merge = merged(&base, &theirs, &ours);
    // UIDs below the next one can't change hands: both get new ones.
    assert_eq!(show(&merge, &theirs, &ours), "103 b u1, 104 a u2");
    assert_eq!(merge.notes.corrected.len(), 2);
    // In a folder that nobody has opened they can.
    let unopened = MergeRules { opened: false, ..rules() };
    let merge = merge_folder(Some(&base), Some(&theirs), Some(&ours), &unopened).unwrap();
    assert_eq!(show(&merge, &theirs, &ours), "1 b u1, 2 a u2");
}

#[test]
fn a_uidl_that_nobody_has_seen_follows_the_uid() {
    let base = before(2, 100, vec![]);
    let ours = side(102, vec![]);
    let made_up = format!("UID2-{VALIDITY}");
    let theirs = side(3, vec![unsure("a", 2, &made_up, Certainty::Lost)]);
    let merge = merged(&base, &theirs, &ours);
    assert_eq!(show(&merge, &theirs, &ours), format!("102 a UID102-{VALIDITY}"));
}

#[test]
fn what_a_damaged_backup_lacks_stays() {
    let base = before(3, 0, vec![message("a", 1, "u1"), message("b", 2, "u2")]);
    let ours = side(3, vec![message("a", 1, "u1"), message("b", 2, "u2")]);
    let theirs = side(3, vec![message("a", 1, "u1")]);
    let damaged = MergeRules { absence_counts: false, ..rules() };
    let merge = merge_folder(Some(&base), Some(&theirs), Some(&ours), &damaged).unwrap();
    assert_eq!(show(&merge, &theirs, &ours), "1 a u1, 2 b u2");
    assert_eq!(merge.notes.absent_but_kept, [b"b".to_vec()]);
    assert_eq!(merged(&base, &theirs, &ours).removed, [1]);
}

/// A report tells UIDs alone: of mail that was waiting then it can't tell whether it was deleted here.
#[test]
fn with_numbers_alone_doubtful_mail_comes_in() {
    let base = Before { had: Had::Below(3), ..before(4, 100, vec![]) };
    let ours = side(104, vec![message("a", 1, "u1")]);
    let theirs = side(
        6,
        vec![
            message("a", 1, "u1"),
            message("b", 2, "u2"),
            message("c", 3, "u3"),
            message("d", 5, "u5"),
        ],
    );
    let merge = merged(&base, &theirs, &ours);
    assert_eq!(show(&merge, &theirs, &ours), "1 a u1, 104 c u3, 105 d u5");
    assert_eq!(merge.stay_deleted, [1]);
    assert_eq!(merge.notes.maybe_deleted, [b"c".to_vec()]);
    // The reserve is known by what came in.
    assert_eq!(merge.next_uid, 106);
}

#[test]
fn a_folder_comes_goes_and_comes_back_for_late_mail() {
    let base = before(3, 10, vec![message("a", 1, ""), message("b", 2, "")]);
    let folder = MergeRules { is_inbox: false, opened: false, ..rules() };
    let theirs = side(4, vec![message("a", 1, ""), message("c", 3, "")]);
    let none = side(1, vec![]);
    let new = merge_folder(None, Some(&theirs), None, &folder).unwrap();
    assert_eq!(show(&new, &theirs, &none), "1 a -, 3 c -");
    assert_eq!((new.uidvalidity, new.next_uid), (VALIDITY, 4));
    // Deleted on the new server: what came since is not lost. Nobody knows which UIDs that server had
    // given out by then, so that it is another folder from now on.
    let back = merge_folder(Some(&base), Some(&theirs), None, &folder).unwrap();
    assert_eq!(show(&back, &theirs, &none), "3 c -");
    assert_eq!((back.uidvalidity, back.next_uid), (VALIDITY + 1, 4));
    // And stays that when all is run again, whatever has come in since.
    let remade = Side {
        uidvalidity: VALIDITY + 1,
        next_uid: 5,
        messages: vec![message("c", 3, ""), message("new", 4, "")],
        ..Side::default()
    };
    for had in [base.had.clone(), Had::Below(3)] {
        let base = Before { had, ..base.clone() };
        let late = side(5, [&theirs.messages[..], &[message("d", 4, "")]].concat());
        let again = merge_folder(Some(&base), Some(&late), Some(&remade), &folder).unwrap();
        assert_eq!(show(&again, &late, &remade), "3 c -, 4 new -, 5 d -");
        assert_eq!((again.removed.len(), again.uidvalidity), (0, VALIDITY + 1));
    }
    // Deleted on the old one: what came in here stays.
    let ours = side(14, vec![message("a", 1, ""), message("r", 13, "")]);
    let gone = merge_folder(Some(&base), None, Some(&ours), &folder).unwrap();
    assert_eq!(show(&gone, &none, &ours), "13 r -");
    assert_eq!(gone.removed, [0]);
}

#[test]
fn a_uidl_with_a_space_can_only_be_the_name() {
    let base = before(1, 0, vec![]);
    let ours = side(1, vec![]);
    let theirs = side(3, vec![message("a b", 1, "a b"), message("c", 2, "c d")]);
    let merge = merged(&base, &theirs, &ours);
    assert_eq!(show(&merge, &theirs, &ours), format!("1 a b a b, 2 c UID2-{VALIDITY}"));
}

/// A merge that was ended has moved late mail in, and written no list.
#[test]
fn a_merge_that_was_ended_gives_the_uids_that_it_would_have_given() {
    let base = before(3, 100, vec![message("a", 1, "u1"), message("b", 2, "u2")]);
    let theirs = side(5, vec![message("a", 1, "u1"), message("b", 2, "u2"), message("c", 4, "u4")]);
    let unopened = MergeRules { opened: false, ..rules() };
    let moved_in = SideMessage { guid: b"c".to_vec(), ..SideMessage::default() };
    for had in [base.had.clone(), Had::Below(3)] {
        let base = Before { had, ..base.clone() };
        let mut ours = side(103, vec![message("a", 1, "u1"), message("b", 2, "u2")]);
        for round in 0..2 {
            let merge = merge_folder(Some(&base), Some(&theirs), Some(&ours), &unopened).unwrap();
            let shown = show(&merge, &theirs, &ours);
            assert_eq!(shown, "1 a u1, 2 b u2, 4 c u4", "{round}");
            ours.messages.push(moved_in.clone());
        }
    }
    // A folder that is new here, with its list and some of its messages.
    for messages in [vec![], vec![message("c", 4, "")]] {
        let ours = side(5, messages);
        let merge = merge_folder(None, Some(&theirs), Some(&ours), &unopened).unwrap();
        let uids: Vec<Option<u32>> = merge.messages.iter().map(|it| it.uid).collect();
        assert_eq!(uids, [Some(1), Some(2), Some(4)]);
    }
}

/// What the backup's own list names was not deleted, though the backup lacks it.
#[test]
fn a_name_without_a_file_is_no_deletion() {
    let base = before(3, 100, vec![message("a", 1, "u1"), message("b", 2, "u2")]);
    let ours = side(103, vec![message("a", 1, "u1"), message("b", 2, "u2")]);
    let unfiled = vec![(2, b"b".to_vec()), (3, b"c".to_vec())];
    let theirs = Side { unfiled, ..side(4, vec![message("a", 1, "u1")]) };
    let merge = merged(&base, &theirs, &ours);
    assert_eq!(show(&merge, &theirs, &ours), "1 a u1, 2 b u2");
    assert_eq!(merge.notes.absent_but_kept, [b"b".to_vec()]);
    assert_eq!(merge.notes.lacking, [b"c".to_vec()]);
}

/// The old server's names may come from another server before it, with higher numbers than its own.
#[test]
fn the_next_uid_is_above_all_names() {
    let base = before(2, 0, vec![]);
    let ours = side(2, vec![]);
    let name = format!("UID50-{VALIDITY}");
    let theirs = side(3, vec![message("a", 2, &name)]);
    let merge = merged(&base, &theirs, &ours);
    assert_eq!(show(&merge, &theirs, &ours), format!("2 a {name}"));
    assert_eq!(merge.next_uid, 51);
}

/// Waiting mail was foretold the wrong way round, and the owner deleted one of the two here.
#[test]
fn late_mail_does_not_take_a_name_that_is_served() {
    let base = Before { had: Had::Below(1), ..before(3, 100, vec![]) };
    let ours = side(103, vec![message("b", 1, "u1")]);
    let foretold = |name, uid, uidl| unsure(name, uid, uidl, Certainty::Predicted);
    let theirs = side(3, vec![foretold("a", 1, "u1"), foretold("b", 2, "u2")]);
    let merge = merged(&base, &theirs, &ours);
    assert_eq!(show(&merge, &theirs, &ours), format!("1 b u1, 103 a UID103-{VALIDITY}"));
}
