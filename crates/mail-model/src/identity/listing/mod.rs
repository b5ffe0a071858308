//! What the old server itself said of its UIDLs: the one evidence that needs no rule.
//!
//! A listing says which UIDLs there are and in which order, perhaps with sizes, and not which
//! message has which. A message of INBOX is taken for an entry by the first of these that holds:
//!
//! 1. The entry names its UID, which only doveadm does.
//! 2. The entry's UIDL is what the message's stored state gives (`P` field, Courier's list), or the
//!    format that explains the listing, or its own `X-UIDL`; and the sizes, where both are known,
//!    agree.
//! 3. The place: the listing has as many entries as INBOX has messages (or as it has without those
//!    that are in no list of the server), every entry has the size of the message at its place, and
//!    nothing that was matched before lies elsewhere. No entry counts that can't be that message's
//!    (`whose`), and where a size repeats, the place is an assumption. Where no state tells the
//!    order, this counts only for sizes that the listing has once, and never in `new/`.
//! 4. As 2, whatever the sizes, for messages that the server had in its list.
//!
//! Sizes agree when they are those on the wire, where a message without a final line end may count
//! two more (Courier 4), or those of the files (Dovecot's `pop3_fast_size_lookups`); for 3, all
//! are of one sort. A listing has no dates, so none are compared. What nothing matches stays as it is without a
//! listing, except that a rule which the listing refutes names no message any more.

mod apply;
mod living;
mod pairs;
mod rule;
mod whose;

use super::{RawListing, ServerKind};
use crate::uidl::{ListedUidl, UidlFormat};

pub(super) use apply::apply;
pub(super) use living::living;
pub(super) use rule::{State, find as find_rule, rules_of};

/// What became of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListingEvidence {
    /// For each entry of the listing the message that it names.
    pub matches: Vec<Option<Match>>,
    /// The rule that the listing shows.
    pub rule: ListedRule,
    /// It holds sizes and no UIDLs: the answer to another question. Nothing is matched then.
    pub of_sizes: bool,
}

impl ListingEvidence {
    /// Entries that name no message here. Their UIDLs were given out, so that nobody else may get
    /// them.
    pub(super) fn unmatched<'a>(&self, listing: &'a RawListing) -> Vec<&'a ListedUidl> {
        let entries = listing.entries.iter().zip(&self.matches);
        let open = entries.filter(|(_, found)| found.is_none() && !self.of_sizes);
        open.map(|(entry, _)| entry).collect()
    }
}

/// A message that a listing names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// Index into the files of INBOX, as in [`super::Message::file`].
    pub file: usize,
    /// What showed it.
    pub by: MatchedBy,
    /// Whether the sizes agree, where both are known.
    pub size_agrees: Option<bool>,
}

/// What showed which message an entry of a listing names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchedBy {
    /// Its UID.
    Uid,
    /// Its UIDL.
    Value,
    /// Its number, with all sizes.
    Number,
}

/// The rule by which a server made the UIDLs of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedRule {
    /// The server by whose state the listing was read; none without any.
    pub server: Option<ServerKind>,
    /// The formats of a Dovecot that explain most, the preferred one first: all explain the same
    /// entries. Empty where none explains any, or none is needed.
    pub formats: Vec<UidlFormat>,
    /// `X-UIDL` headers name messages.
    pub reuse_x_uidl: bool,
    /// Entries that stand in the server's own lists.
    pub stored: usize,
    /// Further entries that the rule explains.
    pub by_rule: usize,
    /// Further entries that the rule made for messages which are not here.
    pub elsewhere: usize,
    /// Entries that nothing explains.
    pub unexplained: usize,
    /// Whether the rule can be trusted for messages that the listing does not name.
    pub fits: bool,
}
