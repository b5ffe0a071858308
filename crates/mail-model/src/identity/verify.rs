use super::*; use crate::{maildir::Place, uidl::UidlFormat};
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    ListUnreadable { reason: String }, ListProblem { problem: String },
    Uidvalidity { intended: u32, served: u32 }, NextUid { intended: u32, served: u32 },
    Missing { name: Vec<u8>, uid: u32 }, Extra { name: Vec<u8>, uid: u32 },
    Uid { name: Vec<u8>, intended: u32, served: u32 },
    Uidl { name: Vec<u8>, intended: Vec<u8>, served: Vec<u8> },
    Order { position: u32, intended: Vec<u8>, served: Vec<u8> },
    Place { name: Vec<u8>, intended: Place, found: Place },
    Flags { name: Vec<u8>, intended: Vec<u8>, found: Vec<u8> },
    Keywords { name: Vec<u8>, intended: Vec<Vec<u8>>, found: Vec<Vec<u8>> },
}
impl std::fmt::Display for Difference { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { todo!() } }
pub fn verify_folder(intended: &Folder, emitted_uidlist: &[u8], emitted_keywords: Option<&[u8]>, files: &[(Place, Vec<u8>)], format: &UidlFormat) -> Vec<Difference> { todo!() }
