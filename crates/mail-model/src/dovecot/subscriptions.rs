//! `subscriptions`: the folders a client shows.

use super::Line;
use crate::folder::{Convention, FolderName};

/// Subscribed folders in their order.
///
/// ```
/// use mail_model::dovecot::Subscriptions;
///
/// let list = Subscriptions::parse(b"V\t2\n\nINBOX\nWork\t2020\n", true);
/// assert_eq!(list.names[1].to_string(), "Work/2020");
/// assert_eq!(list.to_bytes(), b"INBOX\nWork.2020\n");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscriptions {
    /// The folders. One that occurs twice is there once.
    pub names: Vec<FolderName>,
}

const VERSION_2: &[u8] = b"V\t2\n\n";

impl Subscriptions {
    /// Reads version 1 (levels by `.`) and 2 (levels by TAB), told by the header. A last line
    /// without LF counts, as it does for Dovecot. With `strip_prefix`, a leading `INBOX.` is
    /// taken off: servers whose namespace has that prefix do not write it, other software does.
    pub fn parse(bytes: &[u8], strip_prefix: bool) -> Subscriptions {
        Subscriptions::parse_as(bytes, strip_prefix, Convention::ModifiedUtf7)
    }

    /// Like [`Subscriptions::parse`], for names in another encoding than modified UTF-7.
    pub fn parse_as(bytes: &[u8], strip_prefix: bool, convention: Convention) -> Subscriptions {
        let (version_2, body) = match bytes.strip_prefix(VERSION_2) {
            Some(body) => (true, body),
            None => (false, bytes),
        };
        let (whole, rest) = super::lines(body);
        let last = Line { text: rest, carriage_return: false };
        let mut names: Vec<FolderName> = vec![];
        let mut seen = std::collections::HashSet::new();
        for Line { text, .. } in whole.chain([last]) {
            if text.is_empty() {
                continue;
            }
            let line = if version_2 { unescape(text) } else { text.to_vec() };
            let name = read_name(&line, strip_prefix, convention);
            if seen.insert(name.clone()) {
                names.push(name);
            }
        }
        Subscriptions { names }
    }

    /// The file in version 1, which every Dovecot reads and other panels' importers too.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![];
        for name in &self.names {
            out.extend(name.to_subscription());
            out.push(b'\n');
        }
        out
    }
}

fn read_name(line: &[u8], strip_prefix: bool, convention: Convention) -> FolderName {
    if line.eq_ignore_ascii_case(b"INBOX") {
        return FolderName::inbox();
    }
    let prefixed = line.len() > 6 && line[..6].eq_ignore_ascii_case(b"INBOX.");
    let line = if prefixed && strip_prefix { &line[6..] } else { line };
    FolderName::from_dir(&[b".", line].concat(), convention).0
}

/// Version 2: TAB between levels, and `^A` before a letter for what would otherwise end a line.
fn unescape(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    let mut bytes = line.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\t' => out.push(b'.'),
            1 => match bytes.next() {
                Some(b'0') => out.push(0),
                Some(b't') => out.push(b'\t'),
                Some(b'r') => out.push(b'\r'),
                Some(b'n') => out.push(b'\n'),
                Some(b'1') | None => out.push(1),
                Some(other) => out.push(*other),
            },
            byte => out.push(*byte),
        }
    }
    out
}
