//! Where the messages of an mbox begin and end.

use std::collections::BTreeMap;

use super::fields::{Base, Field, KEYWORDS, Marks, VALUE, number, uid, words};
use super::form::{Form, is_quoted};
use super::separator::{LOOKED_AT, Separator};
use super::{BYTE_ORDER_MARK, Cut, Mbox, Message};
use crate::maildir::Flags;

/// Finds the messages of an mbox that goes by in pieces.
///
/// Holds some dozens of bytes for each message, and at most 64 KiB of a header field; never lines
/// or messages.
///
/// ```
/// let mut splitter = mail_model::mbox::Splitter::new();
/// splitter.push(b"From a@x Thu Nov 29 22:33:52 2001\nSubject: a\n\nHi\n\nFrom b@x Thu");
/// splitter.push(b" Nov 29 22:33:53 2001\nStatus: RO\n\n>From me\n");
/// let mbox = splitter.finish();
/// assert_eq!(mbox.messages.len(), 2);
/// assert_eq!(mbox.messages[0].size, 15);
/// assert_eq!(mbox.messages[1].size, 20);
/// ```
#[derive(Debug, Default)]
pub struct Splitter {
    /// Bytes that have gone by.
    position: u64,
    line_start: u64,
    /// The first bytes of the line under way.
    line: Vec<u8>,
    /// The last bytes that went by.
    tail: [u8; 3],
    /// Lines before the one under way.
    lines: Lines,
    /// Set when the line before was empty: where it began, and the lines before it.
    blank: Option<(u64, Lines)>,
    open: Option<Open>,
    /// Nothing of a first message was met yet.
    past_first: bool,
    done: Vec<Message>,
    /// Ends that `Content-Length` fields claim.
    claims: BTreeMap<u64, Claim>,
    base: Option<Base>,
    internal: bool,
    leading: u64,
}

/// Lines by how they end, counted so that the size of any stretch is a difference.
#[derive(Clone, Copy, Debug, Default)]
struct Lines {
    /// In LF alone.
    lf: u64,
    /// In CRLF.
    crlf: u64,
    /// Of these, in CR CR LF: one CR stays when line ends become LF.
    crcrlf: u64,
    /// Lines that are quoted.
    quoted: u64,
}

/// A message whose end is not met yet.
#[derive(Clone, Debug)]
struct Open {
    start: u64,
    lines: Lines,
    separator: Separator,
    crlf: bool,
    in_header: bool,
    field: Option<Field>,
    value: Vec<u8>,
    /// What the fields that a server hides take up.
    hidden: u64,
    hidden_lines: Lines,
    marks: Marks,
    keywords: Vec<Vec<u8>>,
    uid: Option<u32>,
    x_uidl: Option<Vec<u8>>,
    length: Option<u64>,
    /// Set for the first message of the file, which alone speaks for the folder.
    first: Option<First>,
}

/// What may be c-client's own message.
#[derive(Clone, Copy, Debug, Default)]
struct First {
    by_c_client: bool,
    has_its_subject: bool,
}

/// A message that says where it ends.
#[derive(Debug)]
struct Claim {
    /// How many messages stood before it.
    index: usize,
    open: Open,
}

/// What c-client calls the message in which it keeps a folder's numbers.
const INTERNAL_SUBJECT: &[u8] = b"DON'T DELETE THIS MESSAGE";

impl Splitter {
    /// Begins a file.
    pub fn new() -> Splitter {
        Splitter::default()
    }

    /// Takes the next bytes of the file.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while let Some(at) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(at + 1);
            self.extend(line);
            self.end_of_line();
            bytes = rest;
        }
        self.extend(bytes);
    }

    /// The file ended, and is whole.
    pub fn finish(mut self) -> Mbox {
        if self.position > self.line_start {
            self.end_of_line();
        }
        let length = self.position;
        let (end, lines) = self.blank.take().unwrap_or((length, self.lines));
        let claimed = self.claim(length).map(|claim| (claim, length, self.lines));
        let claimed = claimed.or_else(|| Some((self.claim(end)?, end, lines)));
        match claimed {
            Some((claim, end, lines)) => self.collapse(claim, end, lines),
            None => self.close(end, lines, true),
        }
        self.result(None)
    }

    /// The file was cut: its last message is not whole, and [`Mbox::cut`] names it.
    ///
    /// In a file that a server kept by `Content-Length`, a message that claims to go on behind the
    /// cut is the cut one, whatever looked like separators within it.
    pub fn finish_cut(mut self) -> Mbox {
        let length = self.position;
        let claims = std::mem::take(&mut self.claims);
        let outer = claims
            .into_iter()
            .filter(|(end, claim)| *end > length && self.base.is_some() && self.is_valid(claim))
            .map(|(_, claim)| claim)
            .min_by_key(|claim| claim.index);
        if let Some(claim) = outer {
            self.done.truncate(claim.index);
            self.open = Some(claim.open);
        }
        let cut = self.open.take().map(|open| Cut { start: open.start, read: length - open.start });
        self.result(cut)
    }

    fn result(self, cut: Option<Cut>) -> Mbox {
        Mbox {
            messages: self.done,
            base: self.base,
            internal: self.internal,
            leading: self.leading,
            cut,
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        let room = LOOKED_AT - self.line.len();
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
        for byte in &bytes[bytes.len().saturating_sub(self.tail.len())..] {
            self.tail = [self.tail[1], self.tail[2], *byte];
        }
        self.position += bytes.len() as u64;
    }

    /// The line under way is whole, or the file ended within it.
    fn end_of_line(&mut self) {
        let whole = std::mem::take(&mut self.line);
        let mut line = whole.as_slice();
        let mut length = self.position - self.line_start;
        if self.line_start == 0
            && let Some(rest) = line.strip_prefix(BYTE_ORDER_MARK)
        {
            line = rest;
            length -= BYTE_ORDER_MARK.len() as u64;
        }
        // The line before ended in LF, so that no CR of it can be met here.
        let [before, last, end] = self.tail;
        let mut lines = Lines { quoted: u64::from(is_quoted(line)), ..Lines::default() };
        match end {
            b'\n' if last == b'\r' => {
                lines.crlf = 1;
                lines.crcrlf = u64::from(before == b'\r');
            }
            b'\n' => lines.lf = 1,
            _ => {}
        }
        let is_blank = length == lines.lf + 2 * lines.crlf;
        let may_separate = self.blank.is_some() || self.line_start == 0;
        match may_separate.then(|| Separator::parse(line)).flatten() {
            Some(separator) => self.separate(separator, lines),
            None => match &mut self.open {
                Some(open) => {
                    let header = open.in_header;
                    open.line(line, length, lines, is_blank, &mut self.base);
                    if header && !open.in_header {
                        self.note_claim();
                    }
                }
                None if is_blank => {}
                None => self.leading += length,
            },
        }
        self.blank = is_blank.then_some((self.line_start, self.lines));
        self.lines = self.lines.plus(lines);
        self.line_start = self.position;
        self.line = whole;
        self.line.clear();
    }

    /// A separator: the empty line before it ends the message before, or one further up that
    /// claimed to end there.
    fn separate(&mut self, separator: Separator, line: Lines) {
        if let Some((end, lines)) = self.blank {
            match self.claim(end) {
                Some(claim) => self.collapse(claim, end, lines),
                None => self.close(end, lines, true),
            }
            // What was claimed and not met counts for nothing from here on.
            self.claims = self.claims.split_off(&end);
        }
        self.open = Some(Open {
            start: self.position,
            lines: self.lines.plus(line),
            separator,
            crlf: line.crlf > 0,
            in_header: true,
            field: None,
            value: vec![],
            hidden: 0,
            hidden_lines: Lines::default(),
            marks: Marks::default(),
            keywords: vec![],
            uid: None,
            x_uidl: None,
            length: None,
            first: (!std::mem::replace(&mut self.past_first, true)).then(First::default),
        });
    }

    /// A header has ended: where the message says that it ends.
    fn note_claim(&mut self) {
        let Some(open) = &self.open else { return };
        let Some(end) = open.length.and_then(|length| self.position.checked_add(length)) else {
            return;
        };
        let taken = self.claims.get(&end).is_some_and(|claim| self.is_valid(claim));
        if !taken {
            self.claims.insert(end, Claim { index: self.done.len(), open: open.clone() });
        }
    }

    /// The outermost message that claimed to end here.
    fn claim(&mut self, end: u64) -> Option<Claim> {
        let claim = self.claims.remove(&end)?;
        self.is_valid(&claim).then_some(claim)
    }

    /// A message that turned out to be a part of another claims nothing.
    fn is_valid(&self, claim: &Claim) -> bool {
        let start = match self.done.get(claim.index) {
            Some(message) => Some(message.start),
            None if self.done.len() == claim.index => self.open.as_ref().map(|open| open.start),
            None => None,
        };
        start == Some(claim.open.start)
    }

    /// What looked like messages since the claim was a part of its message.
    fn collapse(&mut self, claim: Claim, end: u64, lines: Lines) {
        self.done.truncate(claim.index);
        self.open = Some(claim.open);
        // Whoever finds messages by their length has no need to quote, and Dovecot doesn't.
        self.close(end, lines, false);
    }

    fn close(&mut self, end: u64, lines: Lines, quoted: bool) {
        let Some(mut open) = self.open.take() else { return };
        open.end_of_field(&mut self.base);
        if open.first.is_some_and(|first| first.by_c_client && first.has_its_subject) {
            self.internal = true;
            return;
        }
        self.done.push(open.into_message(end, lines, quoted, self.base.is_some()));
    }
}

impl Open {
    fn line(
        &mut self,
        line: &[u8],
        length: u64,
        lines: Lines,
        is_blank: bool,
        base: &mut Option<Base>,
    ) {
        if !self.in_header {
            return;
        }
        let continues = matches!(line.first(), Some(b' ' | b'\t')) && !is_blank;
        let mut value = line;
        if !continues {
            self.end_of_field(base);
            if is_blank {
                self.in_header = false;
                return;
            }
            let field = Field::at(line);
            self.field = field.map(|(field, _)| field);
            value = &line[field.map_or(line.len(), |(_, at)| at)..];
        }
        if let Some(field) = self.field {
            let room = VALUE - self.value.len();
            self.value.extend_from_slice(&value[..value.len().min(room)]);
            if field.is_hidden() {
                self.hidden += length;
                self.hidden_lines = self.hidden_lines.plus(lines);
            }
        }
    }

    fn end_of_field(&mut self, base: &mut Option<Base>) {
        let value = std::mem::take(&mut self.value);
        match self.field.take() {
            Some(Field::ContentLength) => self.length = self.length.or_else(|| number(&value)),
            Some(Field::Status) => self.marks.status(&value),
            Some(Field::XStatus) => self.marks.x_status(&value),
            Some(Field::XKeywords) => {
                for word in words(&value) {
                    let is_known = |known: &Vec<u8>| known.eq_ignore_ascii_case(word);
                    if self.keywords.len() < KEYWORDS && !self.keywords.iter().any(is_known) {
                        self.keywords.push(word.to_vec());
                    }
                }
            }
            // A UID before UIDVALIDITY is none to Dovecot.
            Some(Field::XUid) if self.first.is_none() || base.is_some() => {
                self.uid = self.uid.or_else(|| uid(&value));
            }
            Some(field @ (Field::XImap | Field::XImapBase)) => {
                if let Some(first) = &mut self.first
                    && base.is_none()
                {
                    *base = Base::parse(&value);
                    first.by_c_client = field == Field::XImap && base.is_some();
                }
            }
            // Values that fit no answer of a server are no use.
            Some(Field::XUidl) if self.x_uidl.is_none() && value.len() <= LOOKED_AT => {
                let unfolded: Vec<u8> =
                    value.into_iter().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
                let trimmed = unfolded.trim_ascii();
                self.x_uidl = (!trimmed.is_empty()).then(|| trimmed.to_vec());
            }
            Some(Field::Subject) => {
                if let Some(first) = &mut self.first {
                    first.has_its_subject |= value.trim_ascii_start().starts_with(INTERNAL_SUBJECT);
                }
            }
            Some(Field::XUid | Field::XUidl) | None => {}
        }
    }

    fn into_message(self, end: u64, lines: Lines, quoted: bool, hides_fields: bool) -> Message {
        let form = Form { crlf: self.crlf, quoted, hides_fields };
        let mut within = lines.minus(self.lines);
        let mut size = end.saturating_sub(self.start);
        if hides_fields {
            size -= self.hidden;
            within = within.minus(self.hidden_lines);
        }
        let mut bare = within.lf;
        if form.crlf {
            size -= within.crlf;
            bare += within.crlf - within.crcrlf;
        }
        if form.quoted {
            size -= within.quoted;
        }
        // Without a server's marks in the file, a sender may have meant something else by `Status`.
        let flags =
            if hides_fields || !self.marks.doubtful { self.marks.flags } else { Flags::default() };
        Message {
            start: self.start,
            end: end.max(self.start),
            form,
            size,
            virtual_size: size + bare,
            separator: self.separator,
            flags,
            old: self.marks.old,
            uid: self.uid,
            x_uidl: self.x_uidl,
            keywords: self.keywords,
        }
    }
}

impl Lines {
    fn plus(self, other: Lines) -> Lines {
        Lines {
            lf: self.lf + other.lf,
            crlf: self.crlf + other.crlf,
            crcrlf: self.crcrlf + other.crcrlf,
            quoted: self.quoted + other.quoted,
        }
    }

    fn minus(self, other: Lines) -> Lines {
        Lines {
            lf: self.lf.saturating_sub(other.lf),
            crlf: self.crlf.saturating_sub(other.crlf),
            crcrlf: self.crcrlf.saturating_sub(other.crcrlf),
            quoted: self.quoted.saturating_sub(other.quoted),
        }
    }
}
