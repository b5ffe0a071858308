//! The few header fields that anybody here asks for. Messages are never rewritten.

use mail_parser::{DateTime, MessageParser};

/// What the header of a message says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderFacts {
    /// The decoded subject.
    pub subject: Option<String>,
    /// The message id without its angle brackets.
    pub message_id: Option<String>,
    /// The `Date` field, in seconds since 1970-01-01 UTC.
    pub date: Option<i64>,
    /// The first `X-UIDL` field as Dovecot serves it with `pop3_reuse_xuidl`: unfolded, without
    /// surrounding white space. None when empty.
    pub x_uidl: Option<Vec<u8>>,
    /// What is wrong with the header, if anything.
    pub malformed: Option<Malformed>,
}

/// What is wrong with a header. The first that applies, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Malformed {
    /// There are no bytes at all.
    Empty,
    /// The message begins with its body: no line that could be a header field.
    NoHeader,
    /// A line of the header is neither `Name: value` nor a continuation.
    BrokenLine,
    /// A NUL byte in the header.
    NulByte,
    /// There is a `Date` field, and it says nothing that can be read as a date.
    BadDate,
}

/// Looks at the first bytes of a message, which may be cut anywhere.
///
/// ```
/// let facts = mail_model::headers::inspect(b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nX-UIDL: 4711\n\nHi\n");
/// assert_eq!(facts.subject.as_deref(), Some("Grüße"));
/// assert_eq!(facts.x_uidl.as_deref(), Some(&b"4711"[..]));
/// ```
pub fn inspect(head: &[u8]) -> HeaderFacts {
    let (header, complete) = header_part(head);
    let mut facts = HeaderFacts {
        x_uidl: field(header, b"x-uidl").filter(|value| !value.is_empty()),
        ..HeaderFacts::default()
    };
    let mut date_is_readable = true;
    // An empty line is added: the parser takes a header without one for incomplete.
    let bounded = [header, b"\n\n"].concat();
    if let Some(message) = MessageParser::new().parse_headers(&bounded) {
        facts.subject = message.subject().map(str::to_owned);
        facts.message_id = message.message_id().map(str::to_owned);
        facts.date = message.date().filter(|date| date.is_valid()).map(DateTime::to_timestamp);
        date_is_readable = facts.date.is_some() || field(header, b"date").is_none();
    }
    facts.malformed = fault(head, header, complete, date_is_readable);
    facts
}

fn fault(head: &[u8], header: &[u8], complete: bool, date_is_readable: bool) -> Option<Malformed> {
    if head.is_empty() {
        return Some(Malformed::Empty);
    }
    let lines: Vec<&[u8]> = header.split_inclusive(|byte| *byte == b'\n').collect();
    let is_field = |line: &[u8]| {
        let colon = line.iter().position(|byte| *byte == b':');
        colon.is_some_and(|at| {
            at > 0 && line[..at].trim_ascii_end().iter().all(u8::is_ascii_graphic)
        })
    };
    // An mbox separator in front of the header is met in real maildirs; readers pass over it.
    let start = usize::from(lines.first().is_some_and(|line| line.starts_with(b"From ")));
    match lines.get(start) {
        Some(line) if is_field(line) => {}
        _ => return Some(Malformed::NoHeader),
    }
    // The last line of a head that was cut may be half a line: nothing is said about it.
    let checked = if complete { lines.len() } else { lines.len() - 1 };
    let broken = lines[start..checked.max(start)]
        .iter()
        .any(|line| !is_field(line) && !matches!(line.first(), Some(b' ' | b'\t')));
    if broken {
        return Some(Malformed::BrokenLine);
    }
    if header.contains(&0) {
        return Some(Malformed::NulByte);
    }
    (complete && !date_is_readable).then_some(Malformed::BadDate)
}

/// The header without the empty line that ends it, and whether that line was there.
fn header_part(head: &[u8]) -> (&[u8], bool) {
    let mut at = 0;
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        if line == b"\n" || line == b"\r\n" {
            return (&head[..at], true);
        }
        at += line.len();
    }
    (head, false)
}

/// The first field of this lower-case name, unfolded and trimmed.
fn field(header: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut found: Option<Vec<u8>> = None;
    for line in header.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let continues = matches!(text.first(), Some(b' ' | b'\t'));
        match &mut found {
            Some(value) if continues => value.extend_from_slice(text),
            Some(_) => break,
            None if continues => {}
            None => {
                let at = text.iter().position(|byte| *byte == b':');
                if let Some(at) = at
                    && text[..at].trim_ascii_end().eq_ignore_ascii_case(name)
                {
                    found = Some(text[at + 1..].to_vec());
                }
            }
        }
    }
    found.map(|value| value.trim_ascii().to_vec())
}
