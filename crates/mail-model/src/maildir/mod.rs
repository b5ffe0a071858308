//! Maildir file names: what is the message's name, what are its flags, and in which order servers
//! take files they have not seen before.

mod file_name;
mod flags;
mod order;

pub use file_name::{FileName, Suffix, base_name};
pub use flags::{Flags, KeywordLetters};
pub use order::{courier_order, dovecot_order, sort_as_dovecot};

/// The directory of a maildir a message lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// `cur/`: a client has been told about the message.
    Cur,
    /// `new/`: no client has.
    New,
}

/// Whether servers take a file of this name for a message at all.
///
/// Dovecot and Courier pass over names that begin with a dot; Dovecot also ignores names that
/// hold a CR or LF, because its list has no way to write them. A slash or NUL can't be in a file
/// name, but can be in an archive's idea of one.
pub fn is_served(name: &[u8]) -> bool {
    !matches!(name.first(), None | Some(b'.'))
        && !name.iter().any(|byte| matches!(byte, b'\r' | b'\n' | b'/' | 0))
}
