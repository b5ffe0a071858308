//! The UIDLs of a merged INBOX.

use super::folder::Merge;
use super::numbers::raise;
use super::{FolderMerge, MergeRefusal, Merged, SideMessage};
use crate::identity::{Certainty, HIGHEST_NEXT_UID};
use crate::uidl::{UidlFormat, UidlInputs, UidlProblem, problem};
use std::collections::{HashMap, HashSet};

/// Decides the `P` of each message, and raises the next UID above every one from which the new server
/// would make a UIDL that is in use.
pub(super) fn name(merge: &Merge<'_>, merged: &mut FolderMerge) -> Result<(), MergeRefusal> {
    let mut naming = Naming::new(merge, merged);
    let decided: Vec<Decided> = merged.messages.iter().map(|message| naming.of(message)).collect();
    let corrected: HashSet<Vec<u8>> = decided.iter().filter_map(Decided::corrected).collect();
    // What is here already comes first: it has been served.
    let mut decided: Vec<(usize, Decided)> = decided.into_iter().enumerate().collect();
    decided.sort_by_key(|(at, _)| merged.messages[*at].ours.is_none());
    for (at, decided) in decided {
        match decided {
            // The name turned out to be another message's.
            Decided::Keep(Some(uidl)) if corrected.contains(&uidl) => naming.open.push(at),
            Decided::Keep(Some(uidl)) if !naming.used.insert(uidl.clone()) => naming.open.push(at),
            Decided::Keep(uidl) => {
                merged.messages[at].uidl = uidl;
            }
            Decided::Corrected(uidl) => {
                merged.notes.corrected.push(guid(merge, &merged.messages[at]));
                naming.used.insert(uidl.clone());
                merged.messages[at].uidl = Some(uidl);
            }
            Decided::Fresh => naming.open.push(at),
        }
    }
    for at in std::mem::take(&mut naming.open) {
        merged.notes.renamed.push(guid(merge, &merged.messages[at]));
        let uidl = naming.fresh(&merged.messages[at])?;
        merged.messages[at].uidl = Some(uidl);
    }
    let target = &merge.rules.target_format;
    let all = merged.messages.iter().filter_map(|message| message.uidl.as_deref());
    let old = merge.theirs.iter().flat_map(|theirs| &theirs.messages);
    let highest = all
        .chain(old.filter_map(|message| message.uidl.as_deref()))
        .filter_map(|uidl| target.uid_of(uidl, merged.uidvalidity))
        .filter(|uid| *uid < HIGHEST_NEXT_UID)
        .max()
        .unwrap_or(0);
    merged.next_uid = naming.next.max(highest.saturating_add(1));
    Ok(())
}

fn guid(merge: &Merge<'_>, message: &Merged) -> Vec<u8> {
    let side = merge.new_one(message).or_else(|| merge.old(message));
    side.map(|side| side.guid.clone()).unwrap_or_default()
}

enum Decided {
    /// This one, or what the server gives.
    Keep(Option<Vec<u8>>),
    /// The old server's, though another was written.
    Corrected(Vec<u8>),
    /// One that nobody has seen.
    Fresh,
}

impl Decided {
    fn corrected(&self) -> Option<Vec<u8>> {
        match self {
            Decided::Corrected(uidl) => Some(uidl.clone()),
            Decided::Keep(_) | Decided::Fresh => None,
        }
    }
}

struct Naming<'a, 'b> {
    merge: &'b Merge<'a>,
    uidvalidity: u32,
    next: u32,
    /// What the old server calls its messages, and how sure.
    old: HashMap<&'a [u8], (&'a [u8], Option<Certainty>)>,
    /// The names that stand in the new server's list, and whose they are.
    stored: HashMap<&'a [u8], &'a SideMessage>,
    /// UIDLs that are or will be served.
    used: HashSet<Vec<u8>>,
    open: Vec<usize>,
}

impl<'a, 'b> Naming<'a, 'b> {
    fn new(merge: &'b Merge<'a>, merged: &FolderMerge) -> Naming<'a, 'b> {
        let theirs = || merge.theirs.iter().flat_map(|theirs| &theirs.messages);
        let ours = merge.ours.iter().flat_map(|ours| &ours.messages);
        let old = theirs()
            .filter_map(|message| {
                let uidl = message.uidl.as_deref()?;
                Some((uidl, (message.guid.as_slice(), message.uidl_certainty)))
            })
            .collect();
        Naming {
            merge,
            uidvalidity: merged.uidvalidity,
            next: merged.next_uid,
            old,
            stored: ours.filter_map(|message| Some((message.uidl.as_deref()?, message))).collect(),
            used: HashSet::new(),
            open: vec![],
        }
    }

    fn of(&self, message: &Merged) -> Decided {
        let (old, new) = (self.merge.old(message), self.merge.new_one(message));
        match (old, new) {
            // What was received here: the server's own name, or what an earlier merge gave it.
            (None, Some(new)) => self.received(message, new),
            (Some(old), Some(new)) => self.of_both(message, old, new),
            (Some(old), None) => self.late(message, old),
            (None, None) => Decided::Keep(None),
        }
    }

    fn received(&self, message: &Merged, new: &SideMessage) -> Decided {
        if let Some(stored) = &new.uidl {
            // What an earlier merge made of a UID of this server, the old one may have given out since.
            let may_be_made_here = self.is_given_by_new(stored)
                || self.old.contains_key(&**stored)
                || self.is_foretold(stored);
            if may_be_made_here && !self.merge.had_ours(new) && self.given_by_old(stored, &new.guid)
            {
                return Decided::Fresh;
            }
            return Decided::Keep(Some(stored.clone()));
        }
        let Some(uid) = new.uid else { return Decided::Keep(None) };
        let served = self.served(&new.guid, uid);
        if self.given_by_old(&served, &new.guid) {
            return Decided::Fresh;
        }
        // With another UID the server would call it otherwise from now on.
        Decided::Keep((message.uid != Some(uid)).then_some(served))
    }

    fn of_both(&self, message: &Merged, old: &SideMessage, new: &SideMessage) -> Decided {
        let Some(stored) = &new.uidl else { return self.late(message, old) };
        let sure = old.uidl_certainty.is_some_and(|certainty| certainty < Certainty::Predicted);
        match &old.uidl {
            // Clients used the old server until the switch: what it says now is what they know. But
            // what a merge gave it, clients of this server know, and the old name may be another
            // message's here.
            Some(uidl)
                if sure
                    && uidl != stored
                    && self.merge.had_ours(new)
                    && self.is_as_converted(stored, new)
                    && self.can_be(uidl, old, Some(new)) =>
            {
                Decided::Corrected(uidl.clone())
            }
            _ => Decided::Keep(Some(stored.clone())),
        }
    }

    /// Whether a message is still called as the conversion called it, and not as a merge did: such a
    /// name is made of a UID that this server gave.
    fn is_as_converted(&self, stored: &[u8], new: &SideMessage) -> bool {
        let before = self.merge.known.get(new.guid.as_slice());
        before.is_some_and(|before| before.uidl.as_deref() == Some(stored))
            || !self.is_given_by_new(stored)
    }

    /// Whether this server makes this name of a UID that it gave.
    fn is_given_by_new(&self, uidl: &[u8]) -> bool {
        let made_from = self.merge.rules.target_format.uid_of(uidl, self.uidvalidity);
        made_from.is_some_and(|uid| self.merge.given_by_new.contains(&uid))
    }

    /// Whether the old server was to make this name at the first conversion, and had not yet.
    fn is_foretold(&self, uidl: &[u8]) -> bool {
        let Some(before) = self.merge.before else { return false };
        let made_from = self.merge.rules.target_format.uid_of(uidl, self.uidvalidity);
        made_from.is_some_and(|uid| (before.first_not_given()..before.next_uid).contains(&uid))
    }

    /// Of a message that came to the old server after the first conversion, or that lost its name
    /// here.
    fn late(&self, message: &Merged, old: &SideMessage) -> Decided {
        let Some(uidl) = &old.uidl else { return Decided::Keep(None) };
        // Nobody has seen it, and it was made for another UID.
        let made_up = old.uidl_certainty == Some(Certainty::Lost) && message.uid != old.uid;
        let made_anew = message.uid.filter(|_| made_up).map(|uid| self.served(&old.guid, uid));
        let uidl = made_anew.unwrap_or_else(|| uidl.clone());
        if self.can_be(&uidl, old, self.merge.new_one(message)) {
            Decided::Keep(Some(uidl))
        } else {
            Decided::Fresh
        }
    }

    /// Whether a name is this message's alone, as far as the new server goes.
    fn can_be(&self, uidl: &[u8], old: &SideMessage, new: Option<&SideMessage>) -> bool {
        let writable = !problem(uidl).is_some_and(UidlProblem::prevents_writing);
        if !writable && uidl != old.guid {
            return false;
        }
        if self.merge.untouched {
            return true;
        }
        let made_from = self.merge.rules.target_format.uid_of(uidl, self.uidvalidity);
        let given = made_from.filter(|uid| self.merge.given_by_new.contains(uid));
        if given.is_some_and(|uid| new.is_none_or(|new| new.uid != Some(uid))) {
            return false;
        }
        // Where the old server has called two messages the other way round since, both are set right:
        // whoever was here knows both. Late mail under the name of another would be lost to him.
        let was_here = match new {
            Some(new) => self.merge.had_ours(new),
            None => self.merge.had_theirs(old) != Some(false),
        };
        self.stored
            .get(uidl)
            .is_none_or(|owner| owner.guid == old.guid || (was_here && self.merge.had_ours(owner)))
    }

    /// Whether the old server gave this name to another message, which need not be there any more.
    fn given_by_old(&self, uidl: &[u8], guid: &[u8]) -> bool {
        if let Some((owner, certainty)) = self.old.get(uidl) {
            return *owner != guid && *certainty < Some(Certainty::Predicted);
        }
        let (Some(format), Some(theirs)) = (&self.merge.rules.old_format, self.merge.theirs) else {
            return false;
        };
        let made_from = format.uid_of(uidl, theirs.uidvalidity);
        made_from.is_some_and(|uid| self.merge.named_by_old().contains(&uid))
    }

    /// What the new server calls a message without a `P`.
    fn served(&self, guid: &[u8], uid: u32) -> Vec<u8> {
        expand(&self.merge.rules.target_format, guid, uid, self.uidvalidity)
    }

    /// A name that neither server has given out. It is the new server's for a UID that nobody had, so
    /// that it will never give it to another message.
    fn fresh(&mut self, message: &Merged) -> Result<Vec<u8>, MergeRefusal> {
        let moved = self.merge.new_one(message).is_none_or(|new| new.uid != message.uid);
        if let Some(uid) = message.uid.filter(|_| moved) {
            let uidl = self.numbered(uid);
            if !self.is_known(&uidl) && self.used.insert(uidl.clone()) {
                return Ok(uidl);
            }
        }
        loop {
            let uidl = self.numbered(self.next);
            self.next = raise(self.next)?;
            if !self.is_known(&uidl) && self.used.insert(uidl.clone()) {
                return Ok(uidl);
            }
        }
    }

    fn is_known(&self, uidl: &[u8]) -> bool {
        self.old.contains_key(uidl)
    }

    /// By the new server's format, if that tells UIDs apart.
    fn numbered(&self, uid: u32) -> Vec<u8> {
        let target = &self.merge.rules.target_format;
        let value = expand(target, b"", uid, self.uidvalidity);
        if target.uid_of(&value, self.uidvalidity) == Some(uid) {
            return value;
        }
        expand(&UidlFormat::uid_dash_validity(), b"", uid, self.uidvalidity)
    }
}

fn expand(format: &UidlFormat, guid: &[u8], uid: u32, uidvalidity: u32) -> Vec<u8> {
    format.expand(&UidlInputs { uid, uidvalidity, base: guid, guid })
}
