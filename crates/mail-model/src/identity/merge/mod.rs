//! A folder that lives on two servers, put together: what both had, what the old one has now, and
//! what the new one has now.
//!
//! A mailbox was converted, and the new server began to receive; meanwhile the old one went on. A
//! second backup tells what the old one has in the end. [`merge_folder`] says what the new server
//! should have then, so that mail that came in on either side is there, what was deleted on either
//! side is gone, and no client takes one message for another:
//!
//! * A message is known by the base name of its file on the old server. What is on one side alone was
//!   deleted on the other if both had it before, and is new if not. Where nobody can tell, it stays:
//!   a message that comes back can be deleted again.
//! * A UID or UIDL that one server gave to one message and the other server to another can't be kept
//!   for either: a client that knows it would never load the one, or show the other in its place.
//!   Messages of the old server that both sides had keep theirs; others get new ones.
//! * UIDs only go up, and the next one lies above all that either server gave out.

mod flags;
mod folder;
mod numbers;
mod uidls;

pub use flags::merge_flags;
pub use folder::merge_folder;

use super::Certainty;
use crate::maildir::Flags;
use crate::uidl::UidlFormat;
use std::collections::{BTreeSet, HashSet};

/// A message as one side has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SideMessage {
    /// What names it on both sides: the base name of its file on the old server. A merge by `doveadm`
    /// leaves that in a `G` field; but a copy within a folder has the first message's name there.
    pub guid: Vec<u8>,
    /// Its UID; None when no list names it.
    pub uid: Option<u32>,
    /// Of the old server: nobody has seen the UID there.
    pub uid_unseen: bool,
    /// On the old server, what it was called; on the new one, the `P` that stands in the list.
    pub uidl: Option<Vec<u8>>,
    /// How sure a UIDL of the old server is.
    pub uidl_certainty: Option<Certainty>,
    /// Its flags.
    pub flags: Flags,
    /// Its keywords.
    pub keywords: BTreeSet<Vec<u8>>,
}

/// A folder as one side has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// UIDVALIDITY.
    pub uidvalidity: u32,
    /// The next UID.
    pub next_uid: u32,
    /// Its messages, each GUID once.
    pub messages: Vec<SideMessage>,
    /// UID and GUID of messages that the old server's list names, of which the backup holds no file,
    /// and of which nothing says that they were deleted: a server that lives renames files while they
    /// are read.
    pub unfiled: Vec<(u32, Vec<u8>)>,
}

/// What the first conversion wrote of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// UIDVALIDITY.
    pub uidvalidity: u32,
    /// The old server's next UID then, without the reserve.
    pub next_uid: u32,
    /// How many UIDs were left free above it.
    pub reserved: u32,
    /// Which messages it had.
    pub had: Had,
}

/// Which messages a folder had at the first conversion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Had {
    /// These.
    Messages(Vec<SideMessage>),
    /// Only numbers are known: all of the old server's with a UID below this one, as long as its
    /// UIDVALIDITY is the same. 0 where not even that is sure.
    Below(u32),
}

/// What holds for the merge of one folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeRules {
    /// The folder is INBOX, which POP3 lists.
    pub is_inbox: bool,
    /// The new server's `pop3_uidl_format`.
    pub target_format: UidlFormat,
    /// The old server's, as far as it has one.
    pub old_format: Option<UidlFormat>,
    /// What the second backup lacks was deleted on the old server. False where the backup is damaged
    /// or the folder's evidence is missing.
    pub absence_counts: bool,
    /// The new server has opened the folder: it has an index, so that UIDs below its next one are
    /// taken for deleted messages.
    pub opened: bool,
}

/// Why a folder is not merged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeRefusal {
    /// The new server has another UIDVALIDITY than was converted.
    #[error("UIDVALIDITY is {found} on the new server, and {written} was converted")]
    Uidvalidity {
        /// Converted.
        written: u32,
        /// There.
        found: u32,
    },
    /// The new server's next UID is lower than what was converted.
    #[error("the next UID is {found} on the new server, and {written} was converted")]
    NextUid {
        /// Converted.
        written: u32,
        /// There.
        found: u32,
    },
    /// There is no room for more UIDs.
    #[error("its UIDs are used up")]
    UidsUsedUp,
}

/// A message of the merged folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Index among the new server's messages; None for one that is added.
    pub ours: Option<usize>,
    /// Index among the old server's messages.
    pub theirs: Option<usize>,
    /// Its UID; None for a file that the new server has not numbered yet, and will.
    pub uid: Option<u32>,
    /// The `P` of its entry.
    pub uidl: Option<Vec<u8>>,
    /// Its flags.
    pub flags: Flags,
    /// Its keywords.
    pub keywords: BTreeSet<Vec<u8>>,
}

/// What becomes of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FolderMerge {
    /// UIDVALIDITY.
    pub uidvalidity: u32,
    /// The next UID.
    pub next_uid: u32,
    /// Its messages by ascending UID, those without one at the end.
    pub messages: Vec<Merged>,
    /// Indexes of messages of the new server that were deleted on the old one.
    pub removed: Vec<usize>,
    /// Indexes of messages of the old server that were deleted on the new one, and stay so.
    pub stay_deleted: Vec<usize>,
    /// What else is worth a word.
    pub notes: Notes,
}

/// Messages of a merged folder that a person may want to know of, by GUID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// The second backup lacks them, and does not count as evidence, or names them all the same: they
    /// stay.
    pub absent_but_kept: Vec<Vec<u8>>,
    /// Late mail that the old server's list names, and that the second backup does not hold.
    pub lacking: Vec<Vec<u8>>,
    /// On the old server and not on the new one, and it can't be told whether they were deleted
    /// there: they are added.
    pub maybe_deleted: Vec<Vec<u8>>,
    /// Messages that got a new UID, because clients of the old server know another message by theirs.
    pub renumbered: Vec<Vec<u8>>,
    /// Messages that got a new UIDL, because both servers gave theirs to different messages: POP3
    /// clients load them a second time, where with the old value some would never load them.
    pub renamed: Vec<Vec<u8>>,
    /// Messages that both had whose UIDL becomes what the old server says by now.
    pub corrected: Vec<Vec<u8>>,
    /// Messages that both had whose UID on the old server is another by now; the new server's stays.
    pub other_uid: Vec<Vec<u8>>,
    /// Messages whose flags or keywords change here.
    pub flagged: Vec<Vec<u8>>,
    /// Flags as they were before are not known, so that those of both sides are put together.
    pub flags_united: bool,
}

impl Side {
    /// The UIDs that its messages have.
    fn uids(&self) -> HashSet<u32> {
        self.messages.iter().filter_map(|message| message.uid).collect()
    }
}

impl Before {
    /// The lowest UID that the new server may have given to a message of its own.
    pub fn first_new_uid(&self) -> u32 {
        self.next_uid.saturating_add(self.reserved)
    }

    /// The lowest UID that the old server had not given to a message yet: below the next one are those
    /// that were only foretold.
    fn first_not_given(&self) -> u32 {
        let Had::Messages(messages) = &self.had else { return self.next_uid };
        let unseen = messages.iter().filter(|message| message.uid_unseen);
        unseen.filter_map(|message| message.uid).fold(self.next_uid, u32::min)
    }

    /// UIDVALIDITY of a folder that was deleted on the new server and comes back for late mail. What
    /// UIDs it had given out is not known any more, so that it must not be taken for what it was.
    pub fn remade_uidvalidity(&self, theirs: &Side) -> u32 {
        self.uidvalidity.max(theirs.uidvalidity).saturating_add(1)
    }
}
