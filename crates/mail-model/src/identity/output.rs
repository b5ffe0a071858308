//! What a mailbox is: folders and messages, with the names that clients know and how sure they are.

use super::{Finding, ListingEvidence, ServerKind};
use crate::dovecot::Keywords;
use crate::folder::{FolderName, NameEncoding};
use crate::maildir::{FileName, Place};
use crate::uidl::UidlFormat;
use std::fmt;

/// A mailbox with everything decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// Its folders, in the order of the input.
    pub folders: Vec<Folder>,
    /// Subscribed folders in their order, without any `INBOX.` prefix.
    pub subscriptions: Vec<FolderName>,
    /// Which server's state was believed, and why.
    pub server: ServerEvidence,
    /// What became of the listing, where there was one and an INBOX.
    pub listing: Option<ListingEvidence>,
    /// Everything that was not as it should be.
    pub findings: Vec<Finding>,
}

/// Which kinds of state can be read in a mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FoundState {
    /// At least one `dovecot-uidlist`, or an mbox whose messages hold UIDs.
    pub dovecot: bool,
    /// A `courierpop3dsizelist` or at least one `courierimapuiddb`.
    pub courier: bool,
}

/// The UIDL format of an old Dovecot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatEvidence {
    /// The format.
    pub format: UidlFormat,
    /// Whether the operator stated it, or a listing shows it. Else it is Dovecot's default, or the one by which all
    /// stored UIDLs of the mailbox were made.
    pub stated: bool,
}

/// Which server's state was believed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEvidence {
    /// What there is.
    pub found: FoundState,
    /// The server whose state is the living one. None without any.
    pub live: Option<ServerKind>,
    /// What decided that.
    pub because: Because,
    /// The UIDL format by which messages of INBOX without a stored UIDL are named; only where a
    /// Dovecot list decides them.
    pub format: Option<FormatEvidence>,
}

/// What decided which server's state is the living one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Because {
    /// There is only one kind of state.
    OnlyState,
    /// Dovecot's list was made from Courier's by the usual migration script: it holds
    /// `O<n> PUID<n>-<time>` fields.
    Migrated,
    /// Both kinds; the operator named the server.
    Stated,
    /// Both kinds; a listing from the living server has the names of one.
    Listing,
    /// Both kinds; one server was installed.
    Installed,
    /// Both kinds; one is newer, and knows the newest messages.
    Newer,
    /// Both kinds, and the evidence does not agree. Somebody has to say.
    Contradiction,
    /// The messages themselves hold UIDs, as Dovecot and UW-IMAP write them into an mbox.
    InMessages,
    /// There is no state.
    NoState,
}

/// A folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its name.
    pub name: FolderName,
    /// How the name was read from the directory.
    pub encoding: NameEncoding,
    /// Index into [`super::RawMailbox::folders`].
    pub source: usize,
    /// UIDVALIDITY.
    pub uidvalidity: u32,
    /// Exact, or lost when it had to be chosen.
    pub uidvalidity_certainty: Certainty,
    /// The UID that the next new message gets: above every UID here and every UIDL given out.
    pub next_uid: u32,
    /// The folder's GUID, 32 hexadecimal digits.
    pub guid: Option<Vec<u8>>,
    /// The keywords that letters in file names stand for; 26 at most.
    pub keywords: Keywords,
    /// The messages by ascending UID.
    pub messages: Vec<Message>,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Index into the files of its [`super::RawFolder`].
    pub file: usize,
    /// The file name to be written. Its base is untouched, unless a finding says otherwise.
    pub name: FileName,
    /// The directory to write it to.
    pub place: Place,
    /// Its UID.
    pub uid: u32,
    /// How sure that is.
    pub uid_certainty: Certainty,
    /// Where it is from.
    pub uid_evidence: UidEvidence,
    /// Fields of its line in the old uidlist, other than `P` and `O`.
    pub fields: Vec<(u8, Vec<u8>)>,
    /// Its UIDL: of every message of INBOX, and of no other.
    pub uidl: Option<Uidl>,
    /// Its place in the POP3 listing, from 1; in INBOX only.
    pub pop3_position: Option<u32>,
}

/// A UIDL and how sure it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uidl {
    /// The value.
    pub value: Vec<u8>,
    /// How sure it is that clients know the message by it.
    pub certainty: Certainty,
    /// Where it is from.
    pub evidence: UidlEvidence,
}

/// How sure something is, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Certainty {
    /// Stored state says it.
    Exact,
    /// It follows from stored state by a rule that nobody confirmed.
    Assumed,
    /// The old server would have given it next; nobody has seen it.
    Predicted,
    /// It is not known what the old server had. A client will take the message for a new one.
    Lost,
}

impl fmt::Display for Certainty {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Certainty::Exact => "exact",
            Certainty::Assumed => "assumed",
            Certainty::Predicted => "predicted",
            Certainty::Lost => "lost",
        })
    }
}

/// Where a UIDL is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum UidlEvidence {
    /// A listing that was taken from the living server.
    Listing,
    /// Stored in the uidlist.
    PField,
    /// By the format that the operator stated.
    StatedFormat,
    /// By the format of other messages that a listing names.
    ListedFormat,
    /// By a format that nobody confirmed.
    AssumedFormat,
    /// Stored in Courier's list.
    SizeList,
    /// The message's own `X-UIDL`.
    XUidl,
    /// In no Dovecot list: the next UID, by the old server's format.
    NextUid,
    /// In no Courier list: the next number.
    NextCounter,
    /// By the rule of a server that keeps no list. Nobody confirmed the rule.
    SaidRule,
    /// POP3 was never used: what the new server gives.
    NeverServed,
    /// A listing shows that the rule is another, and does not name the message: what the new server
    /// gives.
    NotListed,
    /// No state, or none from which it follows: what the new server gives.
    NoState,
}

impl fmt::Display for UidlEvidence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            UidlEvidence::Listing => "listing",
            UidlEvidence::PField => "stored",
            UidlEvidence::StatedFormat => "stated-format",
            UidlEvidence::ListedFormat => "listed-format",
            UidlEvidence::AssumedFormat => "assumed-format",
            UidlEvidence::SizeList => "size-list",
            UidlEvidence::XUidl => "x-uidl",
            UidlEvidence::NextUid => "next-uid",
            UidlEvidence::NextCounter => "next-counter",
            UidlEvidence::SaidRule => "said-rule",
            UidlEvidence::NeverServed => "never-served",
            UidlEvidence::NotListed => "not-listed",
            UidlEvidence::NoState => "no-state",
        })
    }
}

/// Where a UID is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum UidEvidence {
    /// Dovecot's list, or the messages of an mbox.
    UidList,
    /// Courier's list.
    UidDb,
    /// In no list of a folder that has one: the next UID.
    Next,
    /// The folder has no list, and nothing shows that IMAP was ever used for the mailbox.
    NeverServed,
    /// The folder has no list.
    NoState,
}
