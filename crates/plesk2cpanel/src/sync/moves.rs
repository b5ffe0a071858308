//! Mail that was moved on the old server: a message that left one folder is late mail of another.
//!
//! Dovecot leaves the GUID of the first file to the second, in a `G` field, so that the two can be
//! told to be one. Other servers tell nothing of that.

use std::collections::{HashMap, HashSet};

use mail_model::identity::merge::{Had, SideMessage, merge_flags};

use super::plan::FolderPlan;
use super::sides::guid;
use crate::mailbox::ResolvedMailbox;

/// Flags that a moved message got on the new server go with it. Of one that was deleted there meanwhile
/// it is said that it comes back: whoever moved it wanted to keep it.
pub(super) fn follow_moves(folders: &mut [FolderPlan], mailbox: &ResolvedMailbox<'_>) {
    let left = left(folders);
    for folder in folders {
        let Some(model) = folder.theirs.map(|at| &mailbox.model.folders[at]) else { continue };
        let Some(old) = &folder.old else { continue };
        for merged in folder.merge.messages.iter_mut().filter(|merged| merged.ours.is_none()) {
            let Some(at) = merged.theirs else { continue };
            let message = &model.messages[at];
            let was = guid(&message.fields, &message.name.base);
            let Some(here) = left.get(was) else { continue };
            match here {
                Some(here) => {
                    // Those of both sides: run again, it is late mail of which nothing more is known.
                    let (flags, keywords) = merge_flags(None, &old.messages[at], here);
                    (merged.flags, merged.keywords) = (flags, keywords);
                }
                None => folder.merge.notes.maybe_deleted.push(old.messages[at].guid.clone()),
            }
        }
    }
}

/// What left its folder, by its GUID, as it is on the new server; None where it was deleted there.
fn left(folders: &[FolderPlan]) -> HashMap<Vec<u8>, Option<SideMessage>> {
    let mut all: HashMap<Vec<u8>, Option<SideMessage>> = HashMap::new();
    for folder in folders {
        let Some(new) = &folder.new else { continue };
        let still: HashSet<&[u8]> = folder
            .old
            .iter()
            .flat_map(|old| {
                old.messages
                    .iter()
                    .map(|message| &message.guid)
                    .chain(old.unfiled.iter().map(|(_, guid)| guid))
            })
            .map(Vec::as_slice)
            .collect();
        if let Some(Had::Messages(had)) = folder.before.as_ref().map(|before| &before.had) {
            for message in had.iter().filter(|had| !still.contains(had.guid.as_slice())) {
                all.entry(message.guid.clone()).or_default();
            }
        }
        for message in folder.merge.removed.iter().map(|at| &new.messages[*at]) {
            all.insert(message.guid.clone(), Some(message.clone()));
        }
    }
    all
}
