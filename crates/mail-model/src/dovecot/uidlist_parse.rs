//! Reading `dovecot-uidlist` the way Dovecot 2.3.19.1 does, faults included.
//!
//! What Dovecot makes of a damaged list decides which UIDs its clients saw, so the reader here
//! accepts and drops exactly what Dovecot accepts and drops, and says what it dropped.

use super::{Line, UidList, UidRecord, lines};
use crate::maildir::base_name;
use std::collections::HashMap;

/// Why a line of a uidlist makes Dovecot take the list for broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum LineFault {
    /// It does not begin with a UID and a space.
    #[error("no uid at its beginning")]
    NotANumber,
    /// The UID is 0.
    #[error("uid 0")]
    UidZero,
    /// The UID is 2^32 - 1.
    #[error("uid 4294967295 is too high")]
    UidTooLarge,
    /// The UID is not above that of the line before.
    #[error("uid {uid} after uid {previous}")]
    NotAscending {
        /// The UID of this line.
        uid: u32,
        /// The UID before it.
        previous: u32,
    },
    /// There is no `:` with a file name behind it.
    #[error("no file name")]
    NoName,
    /// The file name holds a `/`.
    #[error("a file name with a slash")]
    SlashInName,
    /// Version 1 only: the UID is not below the header's next UID.
    #[error("uid {uid}, but the header says that the next is {next_uid}")]
    BeyondNextUid {
        /// The UID of this line.
        uid: u32,
        /// The header's next UID.
        next_uid: u32,
    },
}

/// Something about a uidlist that Dovecot dropped or changed in reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UidListProblem {
    /// Everything from this line on is dropped.
    BrokenAt {
        /// The line, the header being 1.
        line: usize,
        /// Why.
        reason: LineFault,
        /// How many lines are dropped, this one included, and one without LF at the end too.
        dropped_lines: usize,
    },
    /// The last line has no LF and is ignored. What can be read of it:
    CutLastLine {
        /// The UID, when the space after it is there.
        uid: Option<u32>,
        /// Fields that are whole.
        fields: Vec<(u8, Vec<u8>)>,
        /// The file name up to the first colon, or as much as there is of it.
        name: Vec<u8>,
    },
    /// A file is listed twice; the later line counts.
    DuplicateName {
        /// The base name.
        name: Vec<u8>,
        /// The UID that is void.
        dropped_uid: u32,
        /// The UID that counts.
        kept_uid: u32,
    },
    /// The header's next UID was not above the highest UID.
    NextUidRaised {
        /// What the header says.
        from: u32,
        /// What counts.
        to: u32,
    },
    /// A field whose letter is none of `A` to `Z` is dropped; so goes the rest of a `P` value
    /// with a space in it.
    FieldRemoved {
        /// The line, the header being 1.
        line: usize,
        /// The first byte.
        key: u8,
        /// The rest.
        value: Vec<u8>,
    },
    /// Version 1: a line without a file name, which nothing can match.
    NamelessRecord {
        /// The line, the header being 1.
        line: usize,
        /// Its UID.
        uid: u32,
    },
    /// Lines end in CR LF. Dovecot 2.3 does not mind.
    CarriageReturns {
        /// How many.
        lines: usize,
    },
    /// Bytes from a NUL on are ignored in these lines.
    NulBytes {
        /// How many.
        lines: usize,
    },
}

/// Why a uidlist can't be used at all: Dovecot starts the folder anew.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UidListError {
    /// There is no whole line in it.
    #[error("holds no whole line ({0} bytes)")]
    Empty(usize),
    /// The first line is no header.
    #[error("header is not that of a uidlist: {0}")]
    Header(String),
    /// Another version than 1 and 3.
    #[error("version {0}, but only 1 and 3 can be read")]
    Version(u8),
}

impl UidList {
    /// Reads a list of version 1 or 3.
    ///
    /// # Errors
    /// When Dovecot would make a new UIDVALIDITY: no whole line, a header that is none, or a
    /// version other than 1 and 3. Damage behind the header is a problem and no error.
    pub fn parse(bytes: &[u8]) -> Result<(UidList, Vec<UidListProblem>), UidListError> {
        let (mut whole, rest) = lines(bytes);
        let header = whole.next().ok_or(UidListError::Empty(bytes.len()))?;
        let list = read_header(up_to_nul(header.text).0)?;
        let mut reader = Reader {
            header_next_uid: list.next_uid,
            highest: 0,
            list,
            problems: vec![],
            by_name: HashMap::new(),
            void: vec![],
        };
        let (mut carriage_returns, mut nuls) = (usize::from(header.carriage_return), 0);
        let mut number = 1;
        let mut broken = None;
        for Line { text, carriage_return } in whole.by_ref() {
            number += 1;
            carriage_returns += usize::from(carriage_return);
            let (text, cut) = up_to_nul(text);
            nuls += usize::from(cut);
            if let Err(reason) = reader.line(number, text) {
                broken = Some(reason);
                break;
            }
        }
        if let Some(reason) = broken {
            let dropped_lines = 1 + whole.count() + usize::from(!rest.is_empty());
            reader.problems.push(UidListProblem::BrokenAt { line: number, reason, dropped_lines });
        } else if !rest.is_empty() {
            let problem = reader.cut_line(rest);
            reader.problems.push(problem);
        }
        if carriage_returns > 0 {
            reader.problems.push(UidListProblem::CarriageReturns { lines: carriage_returns });
        }
        if nuls > 0 {
            reader.problems.push(UidListProblem::NulBytes { lines: nuls });
        }
        Ok(reader.finish())
    }
}

/// Dovecot's lines are C strings.
fn up_to_nul(text: &[u8]) -> (&[u8], bool) {
    text.iter().position(|byte| *byte == 0).map_or((text, false), |at| (&text[..at], true))
}

fn read_header(text: &[u8]) -> Result<UidList, UidListError> {
    let bad = |what: String| UidListError::Header(what);
    let [version @ b'0'..=b'9', b' ', rest @ ..] = text else {
        return Err(bad(format!("begins with `{}`", text[..text.len().min(40)].escape_ascii())));
    };
    let mut list = UidList::new(0, 0);
    list.version = version - b'0';
    match list.version {
        1 => {
            let mut numbers = rest
                .split(|byte| matches!(byte, b' ' | b'\t'..=b'\r'))
                .filter(|part| !part.is_empty());
            let mut next = || {
                let part = numbers.next().unwrap_or_default();
                let end = part.iter().position(|b| !b.is_ascii_digit()).unwrap_or(part.len());
                parse_u32(&part[..end])
                    .ok_or_else(|| bad("two numbers should follow the version".to_owned()))
            };
            list.uidvalidity = next()?;
            list.next_uid = next()?;
        }
        3 => {
            for field in rest.split(|byte| *byte == b' ').filter(|field| !field.is_empty()) {
                let value = &field[1..];
                let number = || {
                    parse_u32(value).ok_or_else(|| {
                        bad(format!("`{}` is no 32-bit number", field.escape_ascii()))
                    })
                };
                match field[0] {
                    b'V' => list.uidvalidity = number()?,
                    b'N' => list.next_uid = number()?,
                    b'G' if value.len() == 32 && value.iter().all(u8::is_ascii_hexdigit) => {
                        list.guid = Some(value.to_vec());
                    }
                    b'G' => {
                        let value = value.escape_ascii();
                        return Err(bad(format!("`G{value}` is not 32 hexadecimal digits")));
                    }
                    key => list.header_extra.push((key, value.to_vec())),
                }
            }
        }
        version => return Err(UidListError::Version(version)),
    }
    if list.uidvalidity == 0 || list.next_uid == 0 {
        let UidList { uidvalidity, next_uid, .. } = list;
        return Err(bad(format!(
            "uidvalidity {uidvalidity} and next uid {next_uid}, 0 is neither"
        )));
    }
    Ok(list)
}

fn parse_u32(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(digits).ok()?.parse().ok()
}

struct Reader {
    list: UidList,
    problems: Vec<UidListProblem>,
    header_next_uid: u32,
    highest: u32,
    /// Base name to position in `list.records`.
    by_name: HashMap<Vec<u8>, usize>,
    /// Positions of records whose name came again later.
    void: Vec<usize>,
}

impl Reader {
    fn line(&mut self, number: usize, text: &[u8]) -> Result<(), LineFault> {
        let (uid, rest) = read_uid(text);
        match uid {
            _ if rest.first() != Some(&b' ') => return Err(LineFault::NotANumber),
            0 => return Err(LineFault::UidZero),
            _ if uid <= self.highest => {
                return Err(LineFault::NotAscending { uid, previous: self.highest });
            }
            u32::MAX => return Err(LineFault::UidTooLarge),
            _ => {}
        }
        self.highest = uid;
        if self.list.version == 1 && uid >= self.header_next_uid {
            return Err(LineFault::BeyondNextUid { uid, next_uid: self.header_next_uid });
        }
        let (fields, name) = if self.list.version == 1 {
            (vec![], trim_spaces(rest))
        } else {
            let (fields, removed, name) = read_fields(trim_spaces(rest));
            for (key, value) in removed {
                self.problems.push(UidListProblem::FieldRemoved { line: number, key, value });
            }
            (fields, name.filter(|name| !name.is_empty()).ok_or(LineFault::NoName)?)
        };
        if name.contains(&b'/') {
            return Err(LineFault::SlashInName);
        }
        if name.is_empty() {
            self.problems.push(UidListProblem::NamelessRecord { line: number, uid });
            return Ok(());
        }
        let base = base_name(name).to_vec();
        let position = self.list.records.len();
        if let Some(earlier) = self.by_name.insert(base.clone(), position) {
            self.problems.push(UidListProblem::DuplicateName {
                name: base.clone(),
                dropped_uid: self.list.records[earlier].uid,
                kept_uid: uid,
            });
            self.void.push(earlier);
        }
        self.list.records.push(UidRecord { uid, fields, base });
        Ok(())
    }

    fn cut_line(&self, rest: &[u8]) -> UidListProblem {
        let rest = up_to_nul(rest).0;
        let (uid, after) = read_uid(rest);
        let uid =
            (after.first() == Some(&b' ') && uid > self.highest && uid != u32::MAX).then_some(uid);
        let (fields, name) = if self.list.version == 1 {
            (vec![], Some(trim_spaces(after)))
        } else {
            let (fields, _, name) = read_fields(trim_spaces(after));
            (fields, name)
        };
        // Without the colon nobody knows whether the last field is whole.
        let fields = if name.is_some() { fields } else { vec![] };
        let name = base_name(name.unwrap_or_default()).to_vec();
        UidListProblem::CutLastLine { uid, fields, name }
    }

    fn finish(mut self) -> (UidList, Vec<UidListProblem>) {
        if self.list.next_uid <= self.highest {
            let to = self.highest + 1;
            let from = self.list.next_uid;
            self.problems.push(UidListProblem::NextUidRaised { from, to });
            self.list.next_uid = to;
        }
        if !self.void.is_empty() {
            self.void.sort_unstable();
            let mut void = self.void.iter().copied().peekable();
            let mut position = 0;
            self.list.records.retain(|_| {
                let drop = void.next_if_eq(&position).is_some();
                position += 1;
                !drop
            });
        }
        (self.list, self.problems)
    }
}

/// Digits, in 32 bits that wrap as they do in Dovecot.
fn read_uid(text: &[u8]) -> (u32, &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let uid = text[..end]
        .iter()
        .fold(0u32, |sum, digit| sum.wrapping_mul(10).wrapping_add(u32::from(digit - b'0')));
    (uid, &text[end..])
}

fn trim_spaces(text: &[u8]) -> &[u8] {
    &text[text.iter().position(|byte| *byte != b' ').unwrap_or(text.len())..]
}

type Fields = Vec<(u8, Vec<u8>)>;

/// The valid fields, those without a valid letter, and what follows the colon if there is one.
fn read_fields(mut text: &[u8]) -> (Fields, Fields, Option<&[u8]>) {
    let (mut fields, mut removed) = (vec![], vec![]);
    loop {
        match text {
            [] => return (fields, removed, None),
            [b':', name @ ..] => return (fields, removed, Some(name)),
            [key, after @ ..] => {
                let end = after.iter().position(|byte| *byte == b' ').unwrap_or(after.len());
                let field = (*key, after[..end].to_vec());
                if key.is_ascii_uppercase() {
                    fields.push(field);
                } else {
                    removed.push(field);
                }
                text = trim_spaces(&after[end..]);
            }
        }
    }
}
