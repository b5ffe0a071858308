//! Which messages a merged folder has.

use super::flags::merge_flags;
use super::numbers::number;
use super::uidls::name;
use super::{Before, FolderMerge, Had, MergeRefusal, MergeRules, Merged, Notes, Side, SideMessage};
use std::collections::{HashMap, HashSet};

/// Puts a folder together.
///
/// A side without the folder is None. So is `before` when the first conversion did not have it. Where
/// neither side has it there is nothing to merge, and the result is empty.
///
/// # Errors
/// When the new server's folder is not what was converted, or UIDs run out.
pub fn merge_folder(
    before: Option<&Before>,
    theirs: Option<&Side>,
    ours: Option<&Side>,
    rules: &MergeRules,
) -> Result<FolderMerge, MergeRefusal> {
    if let (Some(before), Some(ours)) = (before, ours) {
        let remade = theirs.map(|theirs| before.remade_uidvalidity(theirs));
        let is_remade = !rules.is_inbox && remade == Some(ours.uidvalidity);
        if before.uidvalidity != ours.uidvalidity && !is_remade {
            let (written, found) = (before.uidvalidity, ours.uidvalidity);
            return Err(MergeRefusal::Uidvalidity { written, found });
        }
        if ours.next_uid < before.next_uid && !is_remade {
            let (written, found) = (before.next_uid, ours.next_uid);
            return Err(MergeRefusal::NextUid { written, found });
        }
    }
    let merge = Merge::new(before, theirs, ours, rules);
    let mut merged = merge.messages();
    number(&merge, &mut merged)?;
    if rules.is_inbox {
        name(&merge, &mut merged)?;
    }
    Ok(merged)
}

/// All that is known of a folder, ready to be asked.
pub(super) struct Merge<'a> {
    pub(super) before: Option<&'a Before>,
    pub(super) theirs: Option<&'a Side>,
    pub(super) ours: Option<&'a Side>,
    pub(super) rules: &'a MergeRules,
    /// What it was before, by GUID, where that is known.
    pub(super) known: HashMap<&'a [u8], &'a SideMessage>,
    /// The new server still has what was written, and has shown it to nobody.
    pub(super) untouched: bool,
    /// A UID means the same on both sides.
    pub(super) one_validity: bool,
    /// The UIDs that the new server gave to messages of its own.
    pub(super) given_by_new: std::ops::Range<u32>,
}

impl<'a> Merge<'a> {
    fn new(
        before: Option<&'a Before>,
        theirs: Option<&'a Side>,
        ours: Option<&'a Side>,
        rules: &'a MergeRules,
    ) -> Merge<'a> {
        let known = match before.map(|before| &before.had) {
            Some(Had::Messages(messages)) => by_guid(messages),
            _ => HashMap::new(),
        };
        let one_validity = match (theirs, ours) {
            (Some(theirs), Some(ours)) => theirs.uidvalidity == ours.uidvalidity,
            _ => true,
        };
        let mut merge = Merge {
            before,
            theirs,
            ours,
            rules,
            known,
            untouched: false,
            one_validity,
            given_by_new: 0..0,
        };
        merge.untouched = merge.is_untouched();
        merge.given_by_new = merge.find_given_by_new();
        merge
    }

    fn is_untouched(&self) -> bool {
        if self.rules.opened {
            return false;
        }
        let Some(ours) = self.ours else { return true };
        let theirs = by_guid(messages(self.theirs));
        let their_uid =
            |message: &SideMessage| theirs.get(message.guid.as_slice()).map(|theirs| theirs.uid);
        // A merge that was ended has put late mail there, which has its number, or none yet.
        let is_late = |message: &SideMessage| {
            their_uid(message).is_some_and(|uid| message.uid.is_none() || message.uid == uid)
        };
        let Some(before) = self.before else {
            // A merge that was ended has begun the folder.
            return self.one_validity && ours.messages.iter().all(is_late);
        };
        ours.next_uid == before.first_new_uid()
            && ours.messages.iter().all(|message| {
                let is_as_it_was = match &before.had {
                    Had::Messages(_) => self
                        .known
                        .get(message.guid.as_slice())
                        .is_some_and(|known| known.uid == message.uid),
                    Had::Below(_) => message.uid.is_some_and(|uid| uid < before.next_uid),
                };
                is_as_it_was || (message.uid.is_none() && is_late(message))
            })
    }

    /// Whether the first conversion had this message of the old server: None where that can't be told.
    pub(super) fn had_theirs(&self, message: &SideMessage) -> Option<bool> {
        let Some(before) = self.before else { return Some(false) };
        let Had::Below(sure) = &before.had else {
            return Some(self.known.contains_key(message.guid.as_slice()));
        };
        let same = self.theirs.is_some_and(|theirs| theirs.uidvalidity == before.uidvalidity);
        match message.uid.filter(|_| same && !message.uid_unseen) {
            Some(uid) if uid >= before.next_uid => Some(false),
            Some(uid) if uid < *sure => Some(true),
            _ => None,
        }
    }

    /// Whether the first conversion had this message of the new server.
    pub(super) fn had_ours(&self, message: &SideMessage) -> bool {
        let Some(before) = self.before else { return false };
        match &before.had {
            Had::Messages(_) => self.known.contains_key(message.guid.as_slice()),
            Had::Below(_) => {
                self.ours.is_some_and(|ours| ours.uidvalidity == before.uidvalidity)
                    && message.uid.is_some_and(|uid| uid < before.next_uid)
            }
        }
    }

    fn messages(&self) -> FolderMerge {
        let uidvalidity = match (self.before, self.theirs, self.ours) {
            (Some(before), Some(theirs), None) if !self.rules.is_inbox => {
                before.remade_uidvalidity(theirs)
            }
            (_, theirs, ours) => ours.or(theirs).map_or(1, |side| side.uidvalidity),
        };
        let mut merged = FolderMerge { uidvalidity, ..FolderMerge::default() };
        let (their_messages, our_messages) = (messages(self.theirs), messages(self.ours));
        let theirs = by_index(their_messages);
        let ours = by_index(our_messages);
        let notes = &mut merged.notes;
        let unfiled: HashSet<&[u8]> = self.unfiled().map(|(_, guid)| guid.as_slice()).collect();
        let first_late = self.before.map_or(1, |before| before.next_uid);
        for (uid, guid) in self.unfiled() {
            let is_here = ours.contains_key(guid.as_slice());
            if *uid >= first_late && !is_here && !self.known.contains_key(guid.as_slice()) {
                notes.lacking.push(guid.clone());
            }
        }
        for (index, message) in our_messages.iter().enumerate() {
            let other = theirs.get(message.guid.as_slice()).copied();
            if let Some(other) = other {
                merged.messages.push(self.both(other, index, notes));
                continue;
            }
            if self.had_ours(message) {
                if self.rules.absence_counts && !unfiled.contains(message.guid.as_slice()) {
                    merged.removed.push(index);
                    continue;
                }
                notes.absent_but_kept.push(message.guid.clone());
            }
            merged.messages.push(Merged {
                ours: Some(index),
                theirs: None,
                uid: message.uid,
                uidl: message.uidl.clone(),
                flags: message.flags,
                keywords: message.keywords.clone(),
            });
        }
        for (index, message) in their_messages.iter().enumerate() {
            if ours.contains_key(message.guid.as_slice()) {
                continue;
            }
            match self.had_theirs(message) {
                Some(true) => {
                    merged.stay_deleted.push(index);
                    continue;
                }
                Some(false) => {}
                None => notes.maybe_deleted.push(message.guid.clone()),
            }
            merged.messages.push(Merged {
                ours: None,
                theirs: Some(index),
                uid: None,
                uidl: None,
                flags: message.flags,
                keywords: message.keywords.clone(),
            });
        }
        merged
    }

    /// What the old server's list names, and the backup does not hold.
    fn unfiled(&self) -> impl Iterator<Item = &'a (u32, Vec<u8>)> {
        self.theirs.into_iter().flat_map(|theirs| &theirs.unfiled)
    }

    fn both(&self, theirs: usize, ours: usize, notes: &mut Notes) -> Merged {
        let (old, new) = (&messages(self.theirs)[theirs], &messages(self.ours)[ours]);
        let before = self.known.get(new.guid.as_slice()).copied();
        let (flags, keywords) = merge_flags(before, old, new);
        notes.flags_united |= before.is_none() && self.had_ours(new);
        if flags != new.flags || keywords != new.keywords {
            notes.flagged.push(new.guid.clone());
        }
        if before.is_some_and(|before| before.uid != old.uid) && self.one_validity {
            notes.other_uid.push(new.guid.clone());
        }
        let uidl = new.uidl.clone();
        Merged { ours: Some(ours), theirs: Some(theirs), uid: new.uid, uidl, flags, keywords }
    }

    /// The old server's message behind a merged one.
    pub(super) fn old(&self, merged: &Merged) -> Option<&'a SideMessage> {
        Some(&self.theirs?.messages[merged.theirs?])
    }

    /// The new server's message behind a merged one.
    pub(super) fn new_one(&self, merged: &Merged) -> Option<&'a SideMessage> {
        Some(&self.ours?.messages[merged.ours?])
    }

    /// The UIDs that the old server gave out since the first conversion.
    pub(super) fn given_by_old(&self) -> std::ops::Range<u32> {
        let Some(theirs) = self.theirs else { return 0..0 };
        let known = self.before.filter(|before| before.uidvalidity == theirs.uidvalidity);
        known.map_or(1, |before| before.next_uid)..theirs.next_uid
    }

    /// The UIDs of which the old server may have made UIDLs since the first conversion.
    pub(super) fn named_by_old(&self) -> std::ops::Range<u32> {
        let given = self.given_by_old();
        let first = self.before.map_or(1, Before::first_not_given);
        given.start.min(first)..given.end
    }

    /// The UIDs that the new server gave to messages of its own. They begin above the reserve, or where
    /// the first of them is found: after several merges, that of the conversion was a lower one.
    fn find_given_by_new(&self) -> std::ops::Range<u32> {
        let Some(ours) = self.ours else { return 0..0 };
        let theirs = by_index(messages(self.theirs));
        let received = ours.messages.iter().filter(|message| {
            !theirs.contains_key(message.guid.as_slice()) && !self.had_ours(message)
        });
        // A lower one was kept, though a backup lacked it.
        let free = self.before.map_or(1, |before| before.next_uid);
        let received = received.filter_map(|message| message.uid).filter(|uid| *uid >= free);
        let first = self.before.map_or(1, Before::first_new_uid);
        received.fold(first, u32::min)..ours.next_uid
    }
}

fn messages(side: Option<&Side>) -> &[SideMessage] {
    side.map_or(&[], |side| &side.messages)
}

fn by_guid(messages: &[SideMessage]) -> HashMap<&[u8], &SideMessage> {
    messages.iter().map(|message| (message.guid.as_slice(), message)).collect()
}

fn by_index(messages: &[SideMessage]) -> HashMap<&[u8], usize> {
    messages.iter().enumerate().map(|(at, message)| (message.guid.as_slice(), at)).collect()
}
