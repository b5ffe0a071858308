//! The header fields in which servers keep what a maildir keeps in names and lists.

use crate::maildir::Flags;

/// Bytes of a line within which the name of a field that means something here ends.
pub(super) const NAME: usize = 32;
/// As much of a field's value as is kept.
pub(super) const VALUE: usize = 64 * 1024;
/// So many keywords of one message are told apart. A folder has room for 26, so whoever has more
/// loses some, and is told so, whichever these are.
pub(super) const KEYWORDS: usize = 64;

/// A field that means something in an mbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    ContentLength,
    Status,
    Subject,
    XImap,
    XImapBase,
    XKeywords,
    XStatus,
    XUid,
    XUidl,
}

const FIELDS: [(&[u8], Field); 9] = [
    (b"content-length", Field::ContentLength),
    (b"status", Field::Status),
    (b"subject", Field::Subject),
    (b"x-imap", Field::XImap),
    (b"x-imapbase", Field::XImapBase),
    (b"x-keywords", Field::XKeywords),
    (b"x-status", Field::XStatus),
    (b"x-uid", Field::XUid),
    (b"x-uidl", Field::XUidl),
];

impl Field {
    /// The field that a line begins, and where its value starts. Looks no further than [`NAME`].
    pub(super) fn at(line: &[u8]) -> Option<(Field, usize)> {
        let head = &line[..line.len().min(NAME)];
        let colon = head.iter().position(|byte| *byte == b':')?;
        let name = head[..colon].trim_ascii_end();
        let known = FIELDS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
        known.map(|(_, field)| (*field, colon + 1))
    }

    /// Whether a server that keeps its state in the mbox shows the field to no client. The list is
    /// Dovecot's, seen in what it serves; UW-IMAP is said to show `Content-Length`.
    pub(super) fn is_hidden(self) -> bool {
        !matches!(self, Field::Subject | Field::XUidl)
    }
}

/// What the first message of an mbox says for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// UIDVALIDITY; never 0.
    pub uidvalidity: u32,
    /// The highest UID that was given out.
    pub last_uid: u32,
}

impl Base {
    /// Reads the value of `X-IMAPbase` or `X-IMAP`. None when Dovecot would take it for broken.
    pub(super) fn parse(value: &[u8]) -> Option<Base> {
        let mut words = words(value);
        let uidvalidity = wrapped(words.next()?)?;
        // What is no number counts as 0 and is the first of the keywords that follow.
        let last_uid = words.next().and_then(wrapped).unwrap_or(0);
        (uidvalidity != 0).then_some(Base { uidvalidity, last_uid })
    }
}

/// A number as Dovecot takes it: the lower 32 bits of what C's `strtoul` reads.
#[expect(clippy::cast_possible_truncation, reason = "that is what Dovecot does")]
fn wrapped(word: &[u8]) -> Option<u32> {
    let digits = word.iter().all(u8::is_ascii_digit) && word.len() < 20;
    let add = |sum: u64, digit: &u8| sum.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
    digits.then(|| word.iter().fold(0, add) as u32)
}

/// The value of `X-UID`, when nothing but white space follows the number.
pub(super) fn uid(value: &[u8]) -> Option<u32> {
    number(value)?.try_into().ok()
}

/// A number and nothing else.
pub(super) fn number(value: &[u8]) -> Option<u64> {
    let digits = value.trim_ascii();
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    is_number.then(|| std::str::from_utf8(digits).ok()?.parse().ok()).flatten()
}

/// Keywords are told apart by white space.
pub(super) fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// What `Status` and `X-Status` say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks {
    pub(super) flags: Flags,
    /// `O`: a server has shown the message to a client.
    pub(super) old: bool,
    /// There was something that no server writes, so that the field may mean something else.
    pub(super) doubtful: bool,
}

impl Marks {
    pub(super) fn status(&mut self, value: &[u8]) {
        for byte in value.trim_ascii() {
            match byte {
                b'R' => self.flags.insert(Flags::SEEN),
                b'O' => self.old = true,
                b'N' | b'U' => {}
                _ => self.doubtful = true,
            }
        }
    }

    pub(super) fn x_status(&mut self, value: &[u8]) {
        for byte in value.trim_ascii() {
            match byte {
                b'A' => self.flags.insert(Flags::REPLIED),
                b'D' => self.flags.insert(Flags::TRASHED),
                b'F' => self.flags.insert(Flags::FLAGGED),
                b'T' => self.flags.insert(Flags::DRAFT),
                _ => self.doubtful = true,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Base, Field, number, uid};

    #[test]
    fn names_of_fields() {
        assert_eq!(Field::at(b"X-UID : 3"), Some((Field::XUid, 7)));
        assert_eq!(Field::at(b"sTaTuS:RO"), Some((Field::Status, 7)));
        assert_eq!(Field::at(b"Status report: RO"), None);
        assert_eq!(Field::at(b"X-UIDX: abc"), None);
        assert_eq!(Field::at(b"X-UID"), None);
        let far = [b"X-UID".as_slice(), &[b' '; 40], b":"].concat();
        assert_eq!(Field::at(&far), None);
    }

    #[test]
    fn numbers_as_dovecot_reads_them() {
        // Each was tried with Dovecot 2.3.19.1.
        let base = |value: &str| Base::parse(value.as_bytes()).map(|b| (b.uidvalidity, b.last_uid));
        assert_eq!(base(" 1000000000 0000000009 Foo\n Bar\n"), Some((1_000_000_000, 9)));
        assert_eq!(base(" 5000000000 9"), Some((705_032_704, 9)));
        assert_eq!(base(" 1000000000"), Some((1_000_000_000, 0)));
        assert_eq!(base(" 0 9"), None);
        assert_eq!(base(""), None);
        assert_eq!(uid(b" 3        \n"), Some(3));
        assert_eq!(uid(b" 3 abc\n"), None);
        assert_eq!(uid(b" 4294967297\n"), None);
        assert_eq!(number(b"\n"), None);
    }
}
