use super::*; use crate::{dovecot::Keywords, folder::{FolderName, NameEncoding}, maildir::{FileName, Place}, uidl::UidlFormat};
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox { pub folders: Vec<Folder>, pub subscriptions: Vec<FolderName>, pub server: ServerEvidence, pub findings: Vec<Finding> }
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FoundState { pub dovecot: bool, pub courier: bool }
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatEvidence { pub format: UidlFormat, pub stated: bool }
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEvidence { pub found: FoundState, pub live: Option<ServerKind>, pub because: Because, pub format: Option<FormatEvidence> }
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Because { OnlyState, Migrated, Stated, Installed, Newer, Contradiction, NoState }
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder { pub name: FolderName, pub encoding: NameEncoding, pub source: usize, pub uidvalidity: u32, pub uidvalidity_certainty: Certainty, pub next_uid: u32, pub guid: Option<Vec<u8>>, pub keywords: Keywords, pub messages: Vec<Message> }
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message { pub file: usize, pub name: FileName, pub place: Place, pub uid: u32, pub uid_certainty: Certainty, pub uid_evidence: UidEvidence, pub fields: Vec<(u8, Vec<u8>)>, pub uidl: Option<Uidl>, pub pop3_position: Option<u32> }
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uidl { pub value: Vec<u8>, pub certainty: Certainty, pub evidence: UidlEvidence }
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Certainty { Exact, Assumed, Predicted, Lost }
impl std::fmt::Display for Certainty { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { todo!() } }
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UidlEvidence { PField, StatedFormat, AssumedFormat, SizeList, XUidl, NextUid, NextCounter, NeverServed, NoState }
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UidEvidence { UidList, UidDb, Next, NoState }
