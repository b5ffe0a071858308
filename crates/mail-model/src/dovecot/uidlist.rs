#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UidList { pub version: u8, pub uidvalidity: u32, pub next_uid: u32, pub guid: Option<Vec<u8>>, pub header_extra: Vec<(u8, Vec<u8>)>, pub records: Vec<UidRecord> }
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UidRecord { pub uid: u32, pub fields: Vec<(u8, Vec<u8>)>, pub base: Vec<u8> }
impl UidRecord { pub fn get(&self, key: u8) -> Option<&[u8]> { todo!() } }
/// Why a line of a uidlist cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LineFault { NotANumber, UidZero, UidTooLarge, NotAscending, NoName, BeyondNextUid }
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UidListProblem {
    BrokenAt { line: usize, reason: LineFault, dropped_lines: usize },
    CutLastLine { uid: Option<u32>, fields: Vec<(u8, Vec<u8>)>, name: Vec<u8> },
    DuplicateName { name: Vec<u8>, dropped_uid: u32, kept_uid: u32 },
    NextUidRaised { from: u32, to: u32 },
    FieldRemoved { line: usize, key: u8, value: Vec<u8> },
    CarriageReturns { lines: usize },
}
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UidListError { #[error("empty")] Empty, #[error("header")] Header { reason: String }, #[error("version {0}")] Version(u8) }
impl UidList {
    pub fn parse(bytes: &[u8]) -> Result<(UidList, Vec<UidListProblem>), UidListError> { todo!() }
    pub fn to_bytes(&self) -> Vec<u8> { todo!() }
}
