//! Whose an entry of a listing can't be, whatever its place and size.
//!
//! A listing is older than the backup, or at least older than some of its mail: a message in it may
//! be deleted, and another may have come, of the same size. A client that knows the UIDL of the one
//! would never fetch the other.

use super::ListedRule;
use super::rule::{State, counted};
use crate::courier::Pop3Entry;
use crate::identity::Certainty;
use crate::identity::files::FileEntry;
use crate::identity::imap::serve_dovecot;
use crate::identity::pop3::Names;
use crate::maildir::{Place, base_name};
use crate::uidl::UidlFormat;
use std::collections::{HashMap, HashSet};

/// What the server's state tells of it.
pub(super) struct Whose<'a> {
    rule: &'a ListedRule,
    state: &'a State<'a>,
    entries: &'a [FileEntry],
    /// UIDs by entry: those of Dovecot's list, and those that it would give next.
    uids: HashMap<usize, u32>,
    /// UIDLs that the list has for messages which are not here.
    gone: HashSet<Vec<u8>>,
    /// The newest message that the server numbered is here.
    ends_here: bool,
}

impl<'a> Whose<'a> {
    pub(super) fn new(
        rule: &'a ListedRule,
        state: &'a State<'a>,
        entries: &'a [FileEntry],
    ) -> Self {
        let mut uids = HashMap::new();
        let mut gone = HashSet::new();
        let here: HashSet<&[u8]> = entries.iter().map(|it| it.name.base.as_slice()).collect();
        let ends_here = match state {
            State::Dovecot(list) => {
                let records = list.records.iter().filter(|it| !here.contains(it.base.as_slice()));
                gone.extend(records.filter_map(|record| record.get(b'P')).map(<[u8]>::to_vec));
                let served = serve_dovecot(list, entries, &UidlFormat::dovecot_default(), None);
                uids.extend(served.messages.iter().map(|message| (message.file, message.uid)));
                let listed = served.messages.iter().filter(|message| message.uid_listed);
                let highest = listed.map(|message| message.uid).max().unwrap_or(0);
                highest.checked_add(1) == Some(list.next_uid)
            }
            State::Courier(list) => {
                let is_here = |it: &&Pop3Entry| here.contains(base_name(&it.name));
                gone.extend(list.entries.iter().filter(|it| !is_here(it)).map(Pop3Entry::uidl));
                let highest = list.entries.iter().filter(is_here).map(|entry| entry.n).max();
                // Of messages from before the counter none is the newest by number.
                highest.unwrap_or(0).checked_add(1) == Some(list.next)
                    && (highest > Some(0) || gone.is_empty())
            }
            State::None => false,
        };
        Whose { rule, state, entries, uids, gone, ends_here }
    }

    /// Whether a listing may have a message, which may be in a list of the server or in none.
    ///
    /// A session writes the server's list. So either the listing is newer than that list, and then
    /// all that the list tells of was there, or it is older than the message. Where the newest that
    /// the list tells of is gone, the second may be, and the entry may be the gone message's.
    /// Without any state only the place tells: the first session moves a message out of `new/`.
    pub(super) fn may_be_listed(&self, entry: usize, names: &Names) -> bool {
        match self.state {
            State::None => self.entries[entry].place != Place::New,
            _ => names.by_entry[entry].certainty != Certainty::Predicted || self.ends_here,
        }
    }

    /// Whether the server made a UIDL for another message than this one.
    pub(super) fn is_anothers(&self, entry: usize, names: &Names, uidl: &[u8]) -> bool {
        let is_its_own = names.by_entry[entry].value.as_deref() == Some(uidl);
        if self.gone.contains(uidl) && !is_its_own {
            return true;
        }
        match self.state {
            State::Dovecot(list) => self
                .uids
                .get(&entry)
                .is_some_and(|uid| self.rule.is_anothers(uidl, list.uidvalidity, *uid)),
            // What the counter has passed was given to those in the list, and to those that are gone.
            State::Courier(list) => {
                let is_passed =
                    counted(uidl).is_some_and(|(n, time)| n < list.next && Some(time) == list.uidv);
                is_passed && !is_its_own
            }
            State::None => false,
        }
    }
}
