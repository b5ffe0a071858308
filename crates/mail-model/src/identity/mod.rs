//! From the files that a server left to what it called each message, and from there to the files
//! that make a new server call them the same.
//!
//! * [`resolve`] weighs the evidence of one mailbox and never fails: what is wrong is a [`Finding`].
//! * [`emit`] gives the new `dovecot-uidlist` and `dovecot-keywords` of a folder.
//! * [`merge`] puts a folder together that lives on two servers.
//! * [`verify_folder`] predicts what a Dovecot over written bytes answers, and compares.
//! * [`rescue`](rescue()) and [`restore`] do the same for a mailbox that was moved without that.
//!
//! What the old server itself answered counts most: a [`RawListing`] names messages exactly.
//!
//! Evidence counts before labels. A folder's own state decides; the list of installed components
//! and what the operator says settle only what it leaves open: the UIDL format, and which of two
//! kinds of state is the living one. UIDs and UIDLs are decided apart from each other, since
//! Courier keeps them apart: somebody who only used POP3 has no `courierimapuiddb`.

mod emit;
mod files;
mod finding;
mod imap;
mod input;
mod keywords;
mod listing;
pub mod merge;
mod names;
mod output;
mod pop3;
mod rescue;
mod resolve;
mod restore;
mod server;
mod sizes;
mod state;
mod unique;
mod verify;

pub use emit::{EmitOptions, FolderFiles, emit};
pub use finding::{Finding, NextUidReason, StateFileKind};
pub use input::{
    OldServer, RawFile, RawFolder, RawListing, RawMailbox, Rules, ServerKind, StateFile,
};
pub use listing::{ListedRule, ListingEvidence, Match, MatchedBy};
pub use output::{
    Because, Certainty, Folder, FormatEvidence, FoundState, Mailbox, Message, ServerEvidence,
    UidEvidence, Uidl, UidlEvidence,
};
pub use rescue::{Fate, Moved, OldName, OldNumbers, Rescue, RescueInput, rescue};
pub use resolve::resolve;
pub use restore::{NoList, RestoreInput, restore};
pub use verify::{Difference, verify_folder};

/// The highest next UID that is ever chosen here. Dovecot 2.3 and 2.4 stop with an assertion when
/// UIDs run out, so a margin stays free; what an old list holds above it is left as it is.
const HIGHEST_NEXT_UID: u32 = u32::MAX - (1 << 20);
