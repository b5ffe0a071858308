use super::ServerKind;
use crate::{dovecot::LineFault, folder::FolderName, uidl::{UidlFormat, UidlProblem}};
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StateFileKind { UidList, DovecotKeywords, UidDb, Pop3SizeList, CourierKeywords, DovecotSubscriptions, CourierSubscribed }
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NextUidReason { BelowHighestUid, UidlGivenOut, PredictedMessages }
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    UidListBroken { folder: FolderName, line: usize, reason: LineFault, lost: usize },
    UidListCutLine { folder: FolderName, name: Vec<u8>, uid: Option<u32>, repaired: bool },
    StateFileUnusable { folder: FolderName, file: StateFileKind, reason: String },
    StateFileBadLine { folder: FolderName, file: StateFileKind, line: usize, text: Vec<u8> },
    UidListFieldRemoved { folder: FolderName, line: usize, key: u8, value: Vec<u8> },
    UidListDuplicateName { folder: FolderName, name: Vec<u8>, dropped_uid: u32, kept_uid: u32 },
    /// No state of any server: `messages` will be downloaded again.
    StateMissing { folder: FolderName, messages: usize },
    /// Both kinds of state, and nothing says which one lives.
    ServerUnclear { taken: ServerKind, dovecot_newest: Option<i64>, courier_newest: Option<i64> },
    /// State of both kinds; `live` was taken, `from_other` are folders whose state is only the other server's.
    ServerSwitched { live: ServerKind, from_other: Vec<FolderName> },
    /// The operator or the component list names one server, the mailbox has only the other's state, which is kept.
    ServerDiffers { said: ServerKind, found: ServerKind, stated: bool },
    FormatAssumed { format: UidlFormat, messages: usize },
    DuplicateUidls { uidl: Vec<u8>, count: usize },
    UnusualUidl { name: Vec<u8>, uidl: Vec<u8>, problem: UidlProblem },
    UidlCannotBeKept { name: Vec<u8>, uidl: Vec<u8>, problem: UidlProblem, replacement: Vec<u8> },
    /// An assumed, predicted or lost value met one that is known; the message was given another UID or value.
    UidlMoved { name: Vec<u8>, from: Vec<u8>, to: Vec<u8> },
    NextUidRaised { folder: FolderName, from: u32, to: u32, why: NextUidReason },
    NextUidOverflow { folder: FolderName, wanted: u64 },
    /// No UID was left for these messages under the old UIDVALIDITY: the folder starts anew.
    UidsExhausted { folder: FolderName, messages: usize },
    SameMessageTwice { folder: FolderName, kept: Vec<u8>, dropped: Vec<u8> },
    SameNameDifferentMessage { folder: FolderName, name: Vec<u8>, renamed_to: Vec<u8> },
    KeywordsDropped { folder: FolderName, names: Vec<Vec<u8>>, messages: usize },
    KeywordsFull { folder: FolderName },
    KeywordLetterUnnamed { folder: FolderName, letter: char, messages: usize },
    FolderNameOdd { folder: FolderName, dir: Vec<u8> },
    FolderNameCollision { first: Vec<u8>, second: Vec<u8>, renamed_to: FolderName },
    FolderReencoded { folder: FolderName, from: Vec<u8>, to: Vec<u8> },
    HiddenByPop3DeletedFlag { folder: FolderName, keyword: Vec<u8>, messages: usize },
    MessageNameOdd { folder: FolderName, name: Vec<u8>, written: Vec<u8> },
    /// The server starts a new numbering over a list of this version; the list was used all the same or not.
    Pop3SizeListIgnored { reason: String },
    SubscriptionOdd { name: Vec<u8> },
}
