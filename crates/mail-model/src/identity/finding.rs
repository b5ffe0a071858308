//! What was not as it should be. Texts, severities and remedies belong to the caller.

use super::ServerKind;
use crate::dovecot::LineFault;
use crate::folder::FolderName;
use crate::uidl::{UidlFormat, UidlProblem};

/// A file of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum StateFileKind {
    /// `dovecot-uidlist`.
    UidList,
    /// `dovecot-keywords`.
    DovecotKeywords,
    /// `courierimapuiddb`.
    UidDb,
    /// `courierpop3dsizelist`.
    Pop3SizeList,
    /// A file in `courierimapkeywords/`.
    CourierKeywords,
    /// `subscriptions`.
    DovecotSubscriptions,
    /// `courierimapsubscribed`.
    CourierSubscribed,
}

impl StateFileKind {
    /// The name on disk.
    pub fn file_name(self) -> &'static str {
        match self {
            StateFileKind::UidList => "dovecot-uidlist",
            StateFileKind::DovecotKeywords => "dovecot-keywords",
            StateFileKind::UidDb => "courierimapuiddb",
            StateFileKind::Pop3SizeList => "courierpop3dsizelist",
            StateFileKind::CourierKeywords => "courierimapkeywords",
            StateFileKind::DovecotSubscriptions => "subscriptions",
            StateFileKind::CourierSubscribed => "courierimapsubscribed",
        }
    }
}

/// Why the next UID was raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NextUidReason {
    /// The list's own value was not above its highest UID.
    BelowHighestUid,
    /// The new server would have given out a UIDL a second time.
    UidlGivenOut,
}

/// Something a person may want to know about a mailbox. Every value is one case; counts are of
/// messages unless the field says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the nouns of the line above them")]
pub enum Finding {
    /// A uidlist is broken at a line; it and all after it, `lost` lines, count for nothing, for
    /// the old server too.
    UidListBroken { folder: FolderName, line: usize, reason: LineFault, lost: usize },
    /// The last line of a uidlist is cut. `repaired`: it could belong to one file only, which got
    /// its UID; else the message counts as not listed.
    UidListCutLine { folder: FolderName, name: Vec<u8>, uid: Option<u32>, repaired: bool },
    /// A field of a uidlist without a valid letter was dropped, by the old server too. What follows
    /// a space in a UIDL is such a field.
    UidListFieldRemoved { folder: FolderName, line: usize, key: u8, value: Vec<u8> },
    /// A file is listed twice; the later line counts, for the old server too.
    UidListDuplicateName { folder: FolderName, name: Vec<u8>, dropped_uid: u32, kept_uid: u32 },
    /// A file of state can't be used at all.
    StateFileUnusable { folder: FolderName, file: StateFileKind, reason: String },
    /// A line (from 1; 0 when the file as a whole is meant) of a file of state is passed over.
    StateFileBadLine { folder: FolderName, file: StateFileKind, line: usize, text: Vec<u8> },
    /// A folder with messages has no list: IMAP clients load all of them again, and for INBOX
    /// POP3 clients too unless Courier's POP3 list is there. `messages` lie in `cur/`; `in_new`
    /// more lie in `new/`, where no client has seen them yet.
    StateMissing { folder: FolderName, messages: usize, in_new: usize },
    /// Both kinds of state, and nothing says for sure which one lives; `taken` was used. Times are
    /// those of the newest files, in seconds since 1970.
    ServerUnclear { taken: ServerKind, dovecot_newest: Option<i64>, courier_newest: Option<i64> },
    /// Both kinds of state: the server was switched. `from_other`: folders whose state is only
    /// that of the server that does not live any more; it was kept.
    ServerSwitched { live: ServerKind, from_other: Vec<FolderName> },
    /// One server was said (`stated`) or installed, but the mailbox has only the other's state,
    /// which was kept: it was not opened since.
    ServerDiffers { said: ServerKind, found: ServerKind, stated: bool },
    /// UIDLs rest on a format that nobody confirmed.
    FormatAssumed { format: UidlFormat, messages: usize },
    /// The listing has another UIDL for a message than its files; `listed` is None where it gives the
    /// UIDL that the files have to another message. The listing counts.
    ListingDiffers { name: Vec<u8>, files_say: Vec<u8>, listed: Option<Vec<u8>> },
    /// The listing shows that the operator's format is not the server's. `listed` is the one that
    /// is, where one explains the listing.
    ListingRefutesFormat { stated: UidlFormat, listed: Option<UidlFormat>, messages: usize },
    /// An entry of the listing that names no message here.
    ListingUnmatched { number: Option<u32>, uidl: Vec<u8> },
    /// The listing holds sizes where UIDLs should stand, and is not used.
    ListingOfSizes { entries: usize },
    /// UIDLs rest on what is said of a server; `example` is one of them.
    UidlRuleAssumed { example: Vec<u8>, messages: usize },
    /// The stated format names messages by what a message in an mbox does not have.
    FormatNeedsMaildir { format: UidlFormat, messages: usize },
    /// The old server served one UIDL for several messages. Kept; getmail refuses such a mailbox.
    DuplicateUidls { uidl: Vec<u8>, count: usize },
    /// A UIDL that RFC 1939 does not allow, kept.
    UnusualUidl { name: Vec<u8>, uidl: Vec<u8>, problem: UidlProblem },
    /// A UIDL that no uidlist can hold; clients will load the message again.
    UidlCannotBeKept { name: Vec<u8>, uidl: Vec<u8>, problem: UidlProblem, replacement: Vec<u8> },
    /// A UIDL that nobody has seen yet met one that is known, and gave way.
    UidlMoved { name: Vec<u8>, from: Vec<u8>, to: Vec<u8> },
    /// The next UID was raised.
    NextUidRaised { folder: FolderName, from: u32, to: u32, why: NextUidReason },
    /// The next UID should have become `wanted`, which is beyond what is safe; it was left.
    NextUidOverflow { folder: FolderName, wanted: u64 },
    /// There were no UIDs left for messages that are in no list: the folder got a new UIDVALIDITY.
    UidsExhausted { folder: FolderName, messages: usize },
    /// One message, the same size, under two names (a flag changed while the backup ran, or it lies
    /// in `new/` and `cur/`): one is kept.
    SameMessageTwice { folder: FolderName, kept: Vec<u8>, dropped: Vec<u8> },
    /// Two messages of different size with one base name; one was renamed.
    SameNameDifferentMessage { folder: FolderName, name: Vec<u8>, renamed_to: Vec<u8> },
    /// Keywords for which no letter was left.
    KeywordsDropped { folder: FolderName, names: Vec<Vec<u8>>, messages: usize },
    /// All 26 letters are used: further keywords, if there were any, lived in index files only.
    KeywordsFull { folder: FolderName },
    /// File names hold a keyword letter that stands for nothing. Kept as it is.
    KeywordLetterUnnamed { folder: FolderName, letter: char, messages: usize },
    /// A folder name that fits no encoding, or that no client can open; kept byte by byte.
    FolderNameOdd { folder: FolderName, dir: Vec<u8> },
    /// Two folders have one name after decoding; the second was renamed.
    FolderNameCollision { first: Vec<u8>, second: Vec<u8>, renamed_to: FolderName },
    /// A folder's directory is spelt anew.
    FolderReencoded { folder: FolderName, from: Vec<u8>, to: Vec<u8> },
    /// Messages that the old server hid from POP3 (`pop3_deleted_flag`) will be listed again.
    HiddenByPop3DeletedFlag { folder: FolderName, keyword: Vec<u8>, messages: usize },
    /// A file name that went through a file system without colons was set right.
    MessageNameOdd { folder: FolderName, name: Vec<u8>, written: Vec<u8> },
    /// Names claimed sizes that their files do not have: `mended` are written without, with UID,
    /// UIDL and GUID as they were; `left` stay, as another file has the name that would result.
    SizeInNameWrong { folder: FolderName, mended: usize, left: usize },
    /// A file that is no message to any server, because of its name; left out.
    FileNotServed { folder: FolderName, name: Vec<u8> },
    /// A subscription that names no folder of this mailbox in any readable way. `kept` as it is, or
    /// left out.
    SubscriptionOdd { name: Vec<u8>, kept: bool },
}
