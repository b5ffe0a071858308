//! Zip: the list of files at its end, the header before each file, and the files' bytes.
//!
//! Read here and not by the `zip` crate, as with tar, because damaged archives matter. That crate
//! keeps one of two files of the same name and does not say so, gives up an archive of which one
//! header is bad, and has nothing for one whose end is missing. It is what the tests compare this
//! reader with. Facts about the format: APPNOTE.TXT 6.3.10 of PKWARE, and what Info-ZIP's extra
//! fields are.

mod body;
mod descriptor;
mod directory;
mod fault;
mod fields;
mod header;
mod listing;
mod name;
mod salvage;

pub(crate) use body::{Packing, Place, Refusal, open};
pub(crate) use fault::{Cause, Fault};
pub(crate) use listing::{Kind, Listed, Listing, bytes_before, list, names};

const LOCAL_HEADER: [u8; 4] = *b"PK\x03\x04";
const DIRECTORY_HEADER: [u8; 4] = *b"PK\x01\x02";
const DIRECTORY_END: [u8; 4] = *b"PK\x05\x06";
const DIRECTORY_END_64: [u8; 4] = *b"PK\x06\x06";
const DIRECTORY_LOCATOR_64: [u8; 4] = *b"PK\x06\x07";
const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";

/// Whether bytes begin as a zip does: with a file, or, when it has none, with its end. One changed
/// bit of the signature is no reason to give up all files.
pub(crate) fn begins(head: &[u8]) -> bool {
    head.starts_with(&LOCAL_HEADER)
        || head.starts_with(&DIRECTORY_END)
        || salvage::is_nearly_header(head)
}

/// Whether a zip may begin somewhere in these bytes.
pub(crate) fn may_begin_in(bytes: &[u8]) -> bool {
    bytes.windows(LOCAL_HEADER.len()).any(|window| window == LOCAL_HEADER)
}

/// A little-endian number of `N` bytes, which must be there.
fn number<const N: usize>(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + N].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn word(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
