//! Courier's files in a maildir, and what its POP3 server over them answers.

mod keywords;
mod pop3;
mod uiddb;

pub use keywords::{MessageKeywords, read_keywords};
pub use pop3::{Pop3Entry, Pop3Message, Pop3SizeList, Pop3Source, file_name_uidl, served_pop3};
pub use uiddb::ImapUidDb;

/// A line that Courier passes over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// The file, where several are read together.
    pub file: Vec<u8>,
    /// The line, from 1.
    pub line: usize,
    /// Its text.
    pub text: Vec<u8>,
}

/// Why one of Courier's files can't be used: Courier itself would start a new one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CourierError {
    /// There is nothing in it.
    #[error("empty")]
    Empty,
    /// The first line is not the header.
    #[error("header `{0}` is not what it should be")]
    Header(String),
    /// A version that no Courier writes.
    #[error("version {0} is not known")]
    Version(u64),
}

/// An unsigned number: digits and nothing else.
fn number(digits: &[u8]) -> Option<u64> {
    let digits = str::from_utf8(digits).ok()?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// The first 80 bytes of a line, for a message.
fn excerpt(line: &[u8]) -> String {
    line[..line.len().min(80)].escape_ascii().to_string()
}

/// The lines of a file, the last one also when its LF is missing.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\n").unwrap_or(line))
}
