//! What an old server answered when it was asked for the UIDLs of a mailbox.
//!
//! Such an answer is kept in a file, and it is told by its content how it was taken:
//!
//! * a POP3 session with `UIDL` and perhaps `LIST`, in either order: the answers alone, as a server's
//!   `pop3` program gives them when it is fed on its standard input, or with what a telnet, openssl
//!   or `curl -v` puts around them;
//! * the bodies alone, as curl prints them: lines of a number and a UIDL, and perhaps lines of a
//!   number and a size behind them;
//! * lines of number, size and UIDL;
//! * `doveadm fetch "uid pop3.uidl size.virtual" mailbox INBOX`, in its own form, with `-f tab` or
//!   with `-f flow`. It knows stored UIDLs alone: where the server makes them by a format, it
//!   prints nothing.

mod doveadm;
mod session;

/// A listing of UIDLs.
///
/// ```
/// use mail_model::uidl::{Listing, ListingForm};
///
/// let text = b"+OK\r\n1 0000000859682f00\r\n.\r\n+OK 1 messages:\r\n1 1363\r\n.\r\n";
/// let listing = Listing::parse(text).unwrap();
/// assert_eq!(listing.form, ListingForm::Session);
/// assert_eq!(listing.entries[0].uidl, b"0000000859682f00");
/// assert_eq!(listing.entries[0].size, Some(1363));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// How it was taken.
    pub form: ListingForm,
    /// Its messages, in the order of the server.
    pub entries: Vec<ListedUidl>,
    /// What was not as it should be.
    pub problems: Vec<ListingProblem>,
}

/// How a listing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListingForm {
    /// A POP3 session, with its `+OK`.
    Session,
    /// The bodies of a POP3 session's answers, without `+OK`.
    Bodies,
    /// Lines of number, size and UIDL.
    Columns,
    /// Dovecot's `doveadm fetch`.
    Doveadm,
}

/// One message of a listing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListedUidl {
    /// Its number in the POP3 listing, from 1. doveadm tells none.
    pub number: Option<u32>,
    /// Its UID, which only doveadm tells.
    pub uid: Option<u32>,
    /// Its size in octets as the server told it.
    pub size: Option<u64>,
    /// Its UIDL.
    pub uidl: Vec<u8>,
}

/// What was not as it should be in a listing that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the nouns of the line above them")]
pub enum ListingProblem {
    /// The server ends a list with a dot; without it the listing may be cut.
    #[error("the list that begins at line {line} has no end: it may be cut")]
    NoEnd { line: usize },
    /// Lines that belong to no answer. They are never shown: a session may hold a password.
    #[error("{lines} lines are no part of a listing; the first is line {first}")]
    NotUnderstood { first: usize, lines: usize },
    /// The numbers are not those from 1 on, each once.
    #[error("the messages are not numbered from 1 on: line {line} has {number} after {before}")]
    Numbering { line: usize, before: u32, number: u32 },
    /// The sizes are of other messages than the UIDLs.
    #[error("{uidls} messages have a UIDL and {sizes} a size; sizes are left aside")]
    OtherSizes { uidls: usize, sizes: usize },
    /// Messages of which doveadm tells no UIDL, since none is stored.
    #[error("doveadm tells no UIDL of {messages} messages, since the server stores none")]
    NotStored { messages: usize },
}

/// Why a file is no listing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the nouns of the line above them")]
pub enum ListingError {
    /// There is nothing in it.
    #[error("it is empty: no server answered")]
    Empty,
    /// The server refused.
    #[error("the server refused: `{answer}`")]
    Refused { answer: String },
    /// It holds sizes alone.
    #[error("it holds the answer to LIST, sizes alone, and none to UIDL")]
    SizesOnly,
    /// It holds no UIDL.
    #[error("it holds no line of a number and a UIDL")]
    NoUidl,
    /// It holds several listings that differ.
    #[error("it holds two listings that differ, from line {first} and from line {second}")]
    Several { first: usize, second: usize },
    /// doveadm tells of no UIDL at all.
    #[error("doveadm tells stored UIDLs alone, and the server stores none of {messages} messages")]
    NothingStored { messages: usize },
    /// doveadm's output in a form that does not tell where a value ends.
    #[error("doveadm's tables and JSON are not read")]
    DoveadmForm,
}

impl Listing {
    /// Reads a listing in any of its forms. Line ends may have carriage returns.
    ///
    /// The order of two lists that are all numbers decides where nothing else does: UIDLs come
    /// first. A single list that is all numbers counts as UIDLs, since some formats make such.
    ///
    /// # Errors
    /// When there is no listing in it, or several that differ.
    pub fn parse(bytes: &[u8]) -> Result<Listing, ListingError> {
        // What Windows puts in front of a text.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if bytes.trim_ascii().is_empty() {
            return Err(ListingError::Empty);
        }
        if doveadm::is_it(bytes) { doveadm::read(bytes) } else { session::read(bytes) }
    }
}

/// Lines with their number, from 1, without their ends.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let lines = bytes.split(|byte| *byte == b'\n');
    lines.enumerate().map(|(at, line)| (at + 1, line.strip_suffix(b"\r").unwrap_or(line)))
}

/// A number as servers print it.
fn number<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    let text = str::from_utf8(digits).ok()?;
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}
