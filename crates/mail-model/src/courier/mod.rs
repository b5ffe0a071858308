use std::collections::BTreeMap;
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pop3SizeList { pub version: u8, pub next: u32, pub uidv: Option<u64>, pub entries: Vec<Pop3Entry> }
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pop3Entry { pub name: Vec<u8>, pub size: u64, pub n: u32, pub uidv: u64, pub utf8: Option<bool> }
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImapUidDb { pub uidvalidity: u32, pub next_uid: u32, pub entries: Vec<(u32, Vec<u8>)> }
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine { pub file: Vec<u8>, pub line: usize, pub text: Vec<u8> }
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CourierError { #[error("empty")] Empty, #[error("header")] Header(String), #[error("version {0}")] Version(u64) }
impl Pop3SizeList { pub fn parse(bytes: &[u8]) -> Result<(Pop3SizeList, Vec<BadLine>), CourierError> { todo!() } }
impl ImapUidDb { pub fn parse(bytes: &[u8]) -> Result<(ImapUidDb, Vec<BadLine>), CourierError> { todo!() } }
/// base name -> keywords
pub fn read_keywords(files: &[(Vec<u8>, Vec<u8>)]) -> (BTreeMap<Vec<u8>, Vec<Vec<u8>>>, Vec<BadLine>) { todo!() }
pub fn file_name_uidl(base: &[u8]) -> Vec<u8> { todo!() }
