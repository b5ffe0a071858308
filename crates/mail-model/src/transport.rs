//! A message without what its way added to it.
//!
//! A message that was fetched from one server and put on another, or forwarded by one to the
//! other, has other bytes: fields of its way stand before its own, lines end otherwise. What is
//! left of it without these is the same.

/// Fields that servers, filters and stores put into a message on its way or afterwards, in lower
/// case. A name that ends in `-` stands for all that begin so.
const ADDED: &[&str] = &[
    "authentication-results",
    "content-length",
    "delivered-to",
    "delivery-date",
    "envelope-to",
    "lines",
    "received",
    "received-spf",
    "return-path",
    "status",
    "x-antivirus",
    "x-antivirus-status",
    "x-delivered-to",
    "x-envelope-from",
    "x-envelope-to",
    "x-failed-recipients",
    "x-ham-report",
    "x-imap",
    "x-imapbase",
    "x-keywords",
    "x-mozilla-keys",
    "x-mozilla-status",
    "x-mozilla-status2",
    "x-original-to",
    "x-ppp-message-id",
    "x-ppp-vhost",
    "x-spam-",
    "x-status",
    "x-uid",
    "x-uidl",
    "x-virus-scanned",
    "x-virus-status",
];

/// No field that counts has a longer name.
const LONGEST_NAME: usize = 128;
/// No message has more of these: servers take longer ones for messages that go in a circle.
const MOST_RECEIVED: usize = 64 << 10;

/// Whether a field of this name, in any case, is one that a message's way adds.
pub fn is_added(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    ADDED.iter().any(|added| {
        let added = added.as_bytes();
        if added.ends_with(b"-") { name.starts_with(added) } else { name == added }
    })
}

/// Turns CR LF into LF, piece by piece.
#[derive(Clone, Debug, Default)]
pub struct Lf {
    held_cr: bool,
}

impl Lf {
    /// Takes the next bytes and adds what they are to `out`.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while !bytes.is_empty() {
            if self.held_cr {
                self.held_cr = false;
                if bytes[0] != b'\n' {
                    out.push(b'\r');
                }
            }
            let Some(at) = memchr::memchr(b'\r', bytes) else {
                out.extend_from_slice(bytes);
                return;
            };
            out.extend_from_slice(&bytes[..at]);
            self.held_cr = true;
            bytes = &bytes[at + 1..];
        }
    }

    /// Adds what was held back at the end.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.held_cr) {
            out.push(b'\r');
        }
    }
}

/// Leaves out of a message, given in pieces with LF, what its way added: the fields that
/// [`is_added`] names, an mbox's line in front, and empty lines at the end.
///
/// ```
/// use mail_model::transport::Core;
///
/// let mut core = Core::default();
/// let mut out = vec![];
/// core.push(b"Received: from a\n\tby b\nDate: today\n\nHi\n\n", &mut out);
/// assert_eq!(out, b"Date: today\n\nHi");
/// assert!(core.has_date() && !core.has_id());
/// assert_eq!(core.received().unwrap(), [b"from a by b"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Core {
    at: At,
    /// What the field before is, and so are its further lines.
    field: Field,
    begun: bool,
    has_id: bool,
    has_date: bool,
    received: Vec<Vec<u8>>,
    /// Bytes of these.
    of_received: usize,
    held_lf: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Field {
    #[default]
    Kept,
    LeftOut,
    /// Left out, and kept aside.
    Received,
}

#[derive(Clone, Debug)]
enum At {
    /// In the name of a field; holds what there is of it.
    Name(Vec<u8>),
    /// In a line of the header whose beginning is known.
    Line,
    Body,
}

impl Default for At {
    fn default() -> At {
        At::Name(vec![])
    }
}

impl Core {
    /// Takes the next bytes and adds what stays to `out`.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while !bytes.is_empty() {
            bytes = match &mut self.at {
                At::Body => {
                    let text = bytes.iter().rposition(|byte| *byte != b'\n').map_or(0, |at| at + 1);
                    if text > 0 {
                        out.extend(std::iter::repeat_n(b'\n', std::mem::take(&mut self.held_lf)));
                        out.extend_from_slice(&bytes[..text]);
                    }
                    self.held_lf += bytes.len() - text;
                    return;
                }
                At::Line => {
                    let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
                    match self.field {
                        Field::Kept => out.extend_from_slice(&bytes[..end]),
                        Field::LeftOut => {}
                        Field::Received => self.more_received(&bytes[..end]),
                    }
                    if bytes[end - 1] == b'\n' {
                        self.at = At::default();
                    }
                    &bytes[end..]
                }
                At::Name(_) => self.name(bytes, out),
            };
        }
    }

    fn name<'a>(&mut self, bytes: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        let At::Name(name) = &mut self.at else { return bytes };
        let (byte, rest) = (bytes[0], &bytes[1..]);
        match (byte, name.as_slice()) {
            (b'\n', []) => {
                // With an empty body this is one of the empty lines at the end.
                self.held_lf = 1;
                self.at = At::Body;
            }
            (b' ' | b'\t', []) => {
                self.at = At::Line;
                return bytes;
            }
            (b':', _) => {
                let trimmed = name.trim_ascii_end();
                let left_out = is_added(trimmed);
                self.has_id |= trimmed.eq_ignore_ascii_case(b"message-id");
                self.has_date |= trimmed.eq_ignore_ascii_case(b"date");
                let is_received = trimmed.eq_ignore_ascii_case(b"received");
                self.start_line(left_out, out);
                if is_received {
                    self.field = Field::Received;
                    self.received.push(vec![]);
                    self.of_received += 1;
                    return &bytes[1..];
                }
                return bytes;
            }
            (b'\n', _) => {
                self.start_line(false, out);
                return bytes;
            }
            _ if name.len() >= LONGEST_NAME => {
                self.start_line(false, out);
                return bytes;
            }
            // Of an mbox's line the first colon is in its time.
            _ => name.push(byte),
        }
        rest
    }

    fn start_line(&mut self, left_out: bool, out: &mut Vec<u8>) {
        self.field = if left_out { Field::LeftOut } else { Field::Kept };
        if let At::Name(name) = std::mem::replace(&mut self.at, At::Line) {
            if !self.begun && name.starts_with(b"From ") {
                self.field = Field::LeftOut;
            }
            if self.field == Field::Kept {
                out.extend_from_slice(&name);
            }
        }
        self.begun = true;
    }

    /// The next bytes of a `Received`. Lines that are folded otherwise are the same.
    fn more_received(&mut self, bytes: &[u8]) {
        let Some(field) = self.received.last_mut() else { return };
        if self.of_received >= MOST_RECEIVED {
            return;
        }
        for byte in bytes {
            if !byte.is_ascii_whitespace() {
                field.push(*byte);
            } else if field.last().is_some_and(|last| *last != b' ') {
                field.push(b' ');
            }
        }
        self.of_received += bytes.len();
    }

    /// Whether the header has a `Message-ID`.
    pub fn has_id(&self) -> bool {
        self.has_id
    }

    /// Whether the header has a `Date`.
    pub fn has_date(&self) -> bool {
        self.has_date
    }

    /// What stands in its `Received` fields, the last server's first; None where that is more than
    /// any message has.
    pub fn received(&self) -> Option<Vec<&[u8]>> {
        let fields = self.received.iter().map(|field| field.trim_ascii_end());
        (self.of_received < MOST_RECEIVED).then(|| fields.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn core(text: &str, piece: usize) -> (String, bool) {
        let (mut lf, mut core) = (Lf::default(), Core::default());
        let mut out = vec![];
        for bytes in text.as_bytes().chunks(piece) {
            let mut plain = vec![];
            lf.push(bytes, &mut plain);
            core.push(&plain, &mut out);
        }
        let mut rest = vec![];
        lf.finish(&mut rest);
        core.push(&rest, &mut out);
        (String::from_utf8(out).unwrap(), core.has_id() || core.has_date())
    }

    #[test]
    fn its_way_is_kept_aside() {
        let text =
            "Received: from a\n\tby b;  now\nDate: d\nRECEIVED : c\nReceived:\n d\n\nReceived: e\n";
        for piece in 1..9 {
            let (mut core, mut out) = (Core::default(), vec![]);
            text.as_bytes().chunks(piece).for_each(|bytes| core.push(bytes, &mut out));
            assert_eq!(core.received().unwrap(), [&b"from a by b; now"[..], b"c", b"d"], "{piece}");
        }
        let mut core = Core::default();
        core.push(&b"Received: from a by b\n".repeat(10_000), &mut vec![]);
        assert_eq!(core.received(), None);
        assert!(core.received.iter().map(Vec::len).sum::<usize>() <= MOST_RECEIVED);
    }

    #[test]
    fn what_the_way_added_is_left_out() {
        let long = format!("{}: x\nDate: d\n\nb", "n".repeat(300));
        for (text, left, identified) in [
            ("", "", false),
            ("\n", "", false),
            ("\n\n\n", "", false),
            ("Date: d\n\n", "Date: d\n", true),
            ("Date: d\n\nb\n\n\nc\n\n", "Date: d\n\nb\n\n\nc", true),
            (
                "RECEIVED : a\n b\n\tc\nMessage-Id: <1>\nX-Spam-Score: 1\n\nb",
                "Message-Id: <1>\n\nb",
                true,
            ),
            ("From a Thu Jan  1 00:00:00 1970\nFrom: b\n\nb", "From: b\n\nb", false),
            (
                "Subject: s\nX-UIDL: 4711\n\nReceived: stays\n",
                "Subject: s\n\nReceived: stays",
                false,
            ),
            ("no header at all", "", false),
            ("no header at all\nand more\n", "no header at all\nand more\n", false),
            ("Received: cut", "", false),
            (&long, &long, true),
        ] {
            for piece in 1..7 {
                assert_eq!(core(text, piece), (left.to_owned(), identified), "{text:?}");
                let crlf = text.replace('\n', "\r\n");
                assert_eq!(core(&crlf, piece).0, left, "{crlf:?}");
            }
        }
    }

    #[test]
    fn a_lone_cr_stays() {
        for piece in 1..4 {
            assert_eq!(core("A: b\r\n\r\nc\rd\r\r\ne\r", piece).0, "A: b\n\nc\rd\r\ne\r");
        }
    }

    #[test]
    fn names_are_told_in_any_case() {
        assert!(is_added(b"Return-Path") && is_added(b"X-SPAM-flag") && is_added(b"x-uid"));
        assert!(!is_added(b"X-Spammer") && !is_added(b"Received2") && !is_added(b"Subject"));
    }
}
