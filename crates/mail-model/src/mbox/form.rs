//! From the bytes in an mbox to the message.

use super::fields::{Field, NAME};
use super::separator::LOOKED_AT;

/// How a message lies in its mbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Form {
    /// Its lines end in CRLF, as its separator does.
    pub crlf: bool,
    /// A `>` stands before each line that began with `From ` or with `>`s and `From `.
    pub quoted: bool,
    /// Its header holds fields of the server's own that no client was shown.
    pub hides_fields: bool,
}

impl Form {
    /// Whether the bytes in the mbox are the message.
    pub fn is_plain(self) -> bool {
        self == Form::default()
    }
}

const FROM: &[u8] = b"From ";

/// How many `>` a line begins with when these are an mbox's quoting: one of them was added.
pub(super) fn is_quoted(line: &[u8]) -> bool {
    let line = &line[..line.len().min(LOOKED_AT)];
    let arrows = line.iter().take_while(|byte| **byte == b'>').count();
    arrows > 0 && line[arrows..].starts_with(FROM)
}

/// Gives the message behind the bytes between two separators, piece by piece.
///
/// ```
/// use mail_model::mbox::{Form, Plain};
///
/// let form = Form { quoted: true, hides_fields: true, ..Form::default() };
/// let mut plain = Plain::new(form);
/// let mut message = vec![];
/// plain.push(b"Subject: a\nX-UID: 7\n\n>From here", &mut message);
/// plain.push(b" on\n", &mut message);
/// plain.finish(&mut message);
/// assert_eq!(message, b"Subject: a\n\nFrom here on\n");
/// ```
#[derive(Debug)]
pub struct Plain {
    form: Form,
    in_header: bool,
    /// The field under way is hidden, and so are the lines that continue it.
    hiding: bool,
    at: At,
    /// Bytes of a line's beginning that are not decided yet.
    held: Vec<u8>,
    carriage_return: bool,
}

#[derive(Clone, Copy, Debug)]
enum At {
    /// The beginning of a line.
    Start,
    /// The name of a field.
    Name,
    /// Behind so many `>`, the last of which is held back.
    Arrows(usize),
    /// Inside a line that is written.
    Inside,
    /// Inside a line that is left out.
    Hidden,
}

impl Plain {
    /// Begins a message.
    pub fn new(form: Form) -> Plain {
        Plain {
            form,
            in_header: true,
            hiding: false,
            at: At::Start,
            held: vec![],
            carriage_return: false,
        }
    }

    /// Takes the next bytes, and appends what is decided of the message. What is held back of them
    /// is no more than a short line.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while let Some(byte) = bytes.first().copied() {
            let taken = match self.at {
                At::Start => self.start(byte, out),
                At::Name => self.name(byte, out),
                At::Arrows(count) => self.arrows(count, byte, out),
                At::Inside | At::Hidden => {
                    let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
                    let (line, rest) = bytes.split_at(end);
                    if matches!(self.at, At::Inside) {
                        self.emit(line, out);
                    }
                    if line.ends_with(b"\n") {
                        self.at = At::Start;
                    }
                    bytes = rest;
                    continue;
                }
            };
            if taken {
                bytes = &bytes[1..];
            }
        }
    }

    /// The end of the message.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        self.release(out);
        if self.carriage_return {
            out.push(b'\r');
        }
    }

    /// Whether the byte was used up.
    fn start(&mut self, byte: u8, out: &mut Vec<u8>) -> bool {
        let looks_at_names = self.in_header && self.form.hides_fields;
        match byte {
            b'>' if self.form.quoted => {
                self.hiding = false;
                self.at = At::Arrows(1);
                return true;
            }
            b' ' | b'\t' if looks_at_names => {
                self.at = if self.hiding { At::Hidden } else { At::Inside };
            }
            b'\n' if looks_at_names => {
                self.in_header = false;
                self.emit(b"\n", out);
                return true;
            }
            _ if looks_at_names => self.at = At::Name,
            _ => self.at = At::Inside,
        }
        false
    }

    fn name(&mut self, byte: u8, out: &mut Vec<u8>) -> bool {
        if byte == b'\n' {
            if self.held == b"\r" {
                self.in_header = false;
            }
            self.hiding = false;
            self.at = At::Inside;
            self.release(out);
            return false;
        }
        self.held.push(byte);
        if byte == b':' || self.held.len() == NAME {
            self.hiding = Field::at(&self.held).is_some_and(|(field, _)| field.is_hidden());
            if self.hiding {
                self.held.clear();
                self.at = At::Hidden;
            } else {
                self.at = At::Inside;
                self.release(out);
            }
        }
        true
    }

    fn arrows(&mut self, count: usize, byte: u8, out: &mut Vec<u8>) -> bool {
        let room = count + FROM.len() < LOOKED_AT;
        if byte == b'>' && self.held.is_empty() && room {
            // All of them are alike, so any of them can be the one that was added.
            self.emit(b">", out);
            self.at = At::Arrows(count + 1);
            return true;
        }
        if byte == FROM[self.held.len()] {
            self.held.push(byte);
            if self.held == FROM {
                self.at = At::Inside;
                self.release(out);
            }
            return true;
        }
        self.release(out);
        self.at = At::Inside;
        false
    }

    /// Writes what was held back.
    fn release(&mut self, out: &mut Vec<u8>) {
        if matches!(self.at, At::Arrows(_)) {
            self.emit(b">", out);
        }
        let held = std::mem::take(&mut self.held);
        self.emit(&held, out);
        self.held = held;
        self.held.clear();
    }

    /// Appends a line or a part of one.
    fn emit(&mut self, part: &[u8], out: &mut Vec<u8>) {
        if !self.form.crlf {
            out.extend_from_slice(part);
            return;
        }
        let Some(first) = part.first() else { return };
        if std::mem::take(&mut self.carriage_return) && *first != b'\n' {
            out.push(b'\r');
        }
        if let Some(line) = part.strip_suffix(b"\r\n") {
            out.extend_from_slice(line);
            out.push(b'\n');
        } else if let Some(line) = part.strip_suffix(b"\r") {
            out.extend_from_slice(line);
            self.carriage_return = true;
        } else {
            out.extend_from_slice(part);
        }
    }
}
