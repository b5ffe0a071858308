//! The UIDs of a merged folder.

use super::folder::Merge;
use super::{FolderMerge, MergeRefusal, Merged, Side};
use crate::identity::HIGHEST_NEXT_UID;
use std::collections::{HashMap, HashSet};

/// Gives each message its UID.
///
/// A folder that nobody has opened takes the old server's, late mail included: its clients know them.
/// In any other folder UIDs below the next one belong to the past, so late mail that has such a UID
/// gets a new one; and so does a message under whose UID the clients of the old server know another.
pub(super) fn number(merge: &Merge<'_>, merged: &mut FolderMerge) -> Result<(), MergeRefusal> {
    let mut next = merge.ours.map_or(1, |ours| ours.next_uid).max(1);
    if let Some(theirs) = merge.theirs.filter(|_| merge.one_validity || merge.rules.is_inbox) {
        next = next.max(theirs.next_uid);
    }
    let keep = |merged: &mut FolderMerge, of: &dyn Fn(&Merged) -> Option<u32>| {
        let mut used = HashSet::new();
        for message in &mut merged.messages {
            let uid = of(message).filter(|uid| used.insert(*uid));
            message.uid = uid;
        }
        used
    };
    let old_uid = |message: &Merged| merge.old(message).and_then(|old| old.uid);
    let new_uid = |message: &Merged| merge.new_one(message).and_then(|new| new.uid);
    if merge.untouched && merge.one_validity {
        let theirs: HashSet<u32> = merge.theirs.map(Side::uids).unwrap_or_default();
        keep(merged, &|message| {
            old_uid(message).or_else(|| new_uid(message).filter(|uid| !theirs.contains(uid)))
        });
    } else {
        let owners = owners(merge);
        let given = merge.given_by_old();
        // A UID that the new server has yet to give is free, and clients of the old one may know it.
        let free =
            |uid: &u32| merge.one_validity && merge.ours.is_none_or(|it| *uid >= it.next_uid);
        keep(merged, &|message| {
            let Some(uid) = new_uid(message) else { return old_uid(message).filter(free) };
            let own = old_uid(message) == Some(uid);
            let others = merge.one_validity
                && !own
                && (owners.get(&uid).is_some_and(|theirs| Some(*theirs) != message.theirs)
                    || given.contains(&uid));
            (!others).then_some(uid)
        });
    }
    let mut open: Vec<usize> = (0..merged.messages.len())
        .filter(|at| {
            let message = &merged.messages[*at];
            // A file that no list names and that only the new server has is left to that.
            message.uid.is_none() && (message.theirs.is_some() || new_uid(message).is_some())
        })
        .collect();
    open.sort_by_key(|at| {
        let message = &merged.messages[*at];
        (message.theirs.is_none(), old_uid(message).or_else(|| new_uid(message)), *at)
    });
    for at in open {
        let message = &mut merged.messages[at];
        if let Some(new) = merge.new_one(message).filter(|new| new.uid.is_some()) {
            merged.notes.renumbered.push(new.guid.clone());
        }
        message.uid = Some(next);
        next = raise(next)?;
    }
    let highest = merged.messages.iter().filter_map(|message| message.uid).max().unwrap_or(0);
    merged.next_uid = next.max(highest.saturating_add(1));
    merged.messages.sort_by_key(|message| message.uid.unwrap_or(u32::MAX));
    Ok(())
}

/// The UID after this one.
pub(super) fn raise(uid: u32) -> Result<u32, MergeRefusal> {
    if uid >= HIGHEST_NEXT_UID { Err(MergeRefusal::UidsUsedUp) } else { Ok(uid + 1) }
}

/// Which of the old server's messages its clients know by a UID.
fn owners(merge: &Merge<'_>) -> HashMap<u32, usize> {
    let messages = merge.theirs.map_or(&[][..], |theirs| &theirs.messages);
    let seen = messages.iter().enumerate().filter(|(_, message)| !message.uid_unseen);
    seen.filter_map(|(at, message)| Some((message.uid?, at))).collect()
}
