//! Several merges after one conversion, each since the backup of the one before.

use mail_model::identity::Certainty;
use mail_model::identity::merge::{
    Before, FolderMerge, Had, MergeRules, Side, SideMessage, merge_folder,
};
use mail_model::uidl::UidlFormat;

const VALIDITY: u32 = 7;

fn old(next_uid: u32, list: &[(&str, u32)]) -> Side {
    let messages = list.iter().map(|(name, uid)| SideMessage {
        guid: name.as_bytes().to_vec(),
        uid: Some(*uid),
        uidl: Some(format!("UID{uid}-{VALIDITY}").into_bytes()),
        uidl_certainty: Some(Certainty::Exact),
        ..SideMessage::default()
    });
    Side { uidvalidity: VALIDITY, next_uid, messages: messages.collect(), ..Side::default() }
}

fn rules() -> MergeRules {
    MergeRules {
        is_inbox: true,
        target_format: UidlFormat::uid_dash_validity(),
        old_format: Some(UidlFormat::uid_dash_validity()),
        absence_counts: true,
        opened: true,
    }
}

/// The new server after a merge.
fn after(merge: &FolderMerge, theirs: &Side, ours: &Side) -> Side {
    let messages = merge.messages.iter().map(|merged| {
        let guid = merged.ours.map_or_else(
            || theirs.messages[merged.theirs.unwrap()].guid.clone(),
            |at| ours.messages[at].guid.clone(),
        );
        let (uid, uidl) = (merged.uid, merged.uidl.clone());
        SideMessage { guid, uid, uidl, ..SideMessage::default() }
    });
    Side { messages: messages.collect(), next_uid: merge.next_uid, ..ours.clone() }
}

/// What each message is called.
fn served(side: &Side) -> String {
    let lines = side.messages.iter().map(|message| {
        let uidl = message.uidl.as_ref().map(|uidl| String::from_utf8_lossy(uidl));
        format!("{} {}", message.guid.escape_ascii(), uidl.unwrap_or_default())
    });
    lines.collect::<Vec<_>>().join(", ")
}

fn since(backup: &Side) -> Before {
    Before {
        uidvalidity: VALIDITY,
        next_uid: backup.next_uid,
        reserved: 0,
        had: Had::Messages(backup.messages.clone()),
    }
}

/// Without a reserve: what a merge has named anew keeps that name through the next ones.
#[test]
fn a_second_merge_gives_no_uidl_out_again() {
    let first = old(4, &[("m1", 1), ("m2", 2), ("m3", 3)]);
    let mut ours = first.clone();
    ours.messages.push(SideMessage {
        guid: b"z4".to_vec(),
        uid: Some(4),
        ..SideMessage::default()
    });
    ours.next_uid = 5;
    let second = old(5, &[("m1", 1), ("m2", 2), ("m3", 3), ("x4", 4)]);
    let merge = merge_folder(Some(&since(&first)), Some(&second), Some(&ours), &rules()).unwrap();
    let ours = after(&merge, &second, &ours);
    assert_eq!(served(&ours), "m1 UID1-7, m2 UID2-7, m3 UID3-7, x4 UID5-7, z4 UID6-7");
    let third = old(6, &[("m1", 1), ("m2", 2), ("m3", 3), ("x4", 4), ("x5", 5)]);
    let merge = merge_folder(Some(&since(&second)), Some(&third), Some(&ours), &rules()).unwrap();
    let last = after(&merge, &third, &ours);
    // UID4-7 was z4 here, and UID5-7 is x5 there.
    assert_eq!(served(&last), "m1 UID1-7, m2 UID2-7, m3 UID3-7, z4 UID6-7, x4 UID5-7, x5 UID8-7");
    // The same with the report of the conversion for the backup of the last time.
    let report = Before { had: Had::Below(4), ..since(&first) };
    let merge = merge_folder(Some(&report), Some(&third), Some(&ours), &rules()).unwrap();
    assert_eq!(served(&after(&merge, &third, &ours)), served(&last));
}

/// A name that a merge gave stays, also where the conversion had another.
#[test]
fn a_name_that_a_merge_gave_is_not_corrected() {
    let base = Before { had: Had::Below(4), ..since(&old(4, &[])) };
    let theirs = old(4, &[("m1", 1)]);
    let with = |uidl: &str| {
        let mut ours = theirs.clone();
        ours.next_uid = 9;
        ours.messages[0].uidl = Some(uidl.into());
        let merge = merge_folder(Some(&base), Some(&theirs), Some(&ours), &rules()).unwrap();
        served(&after(&merge, &theirs, &ours))
    };
    assert_eq!(with("UID8-7"), "m1 UID8-7");
    assert_eq!(with("UID3-7"), "m1 UID1-7");
    assert_eq!(with("other"), "m1 UID1-7");
}
