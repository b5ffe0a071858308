//! `courierpop3dsizelist`: what Courier's POP3 server called each message of INBOX.

use super::{BadLine, CourierError, excerpt, lines, number};
use crate::maildir::{Place, base_name, courier_order};
use std::collections::HashMap;

/// The names that Courier's POP3 server gave out.
///
/// ```
/// use mail_model::courier::Pop3SizeList;
///
/// let text = b"/3 54 1795387223\n1600000060.host:2,S 875 1:1795387223:0\n";
/// let (list, bad) = Pop3SizeList::parse(text).unwrap();
/// assert!(bad.is_empty());
/// assert_eq!(list.entries[0].uidl(), b"UID1-1795387223");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pop3SizeList {
    /// 0 to 3. The code of 2013 (Courier-IMAP 4.x) reads 0 to 2 and writes 2, that of 2021 (5.x)
    /// reads 2 and 3 and writes 3.
    pub version: u8,
    /// The number that the next message gets.
    pub next: u32,
    /// What follows the number: the time of the list's creation. Versions 0 and 1 have none.
    pub uidv: Option<u64>,
    /// The messages in the order of the file.
    pub entries: Vec<Pop3Entry>,
}

/// One message of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pop3Entry {
    /// The file name with the flags that it had.
    pub name: Vec<u8>,
    /// The size in bytes with CRLF line ends. The code of 2013 counts two more for a message
    /// whose last line has no LF.
    pub size: u64,
    /// The number, 0 when the UIDL is the file name.
    pub n: u32,
    /// What follows the number, 0 when nothing does.
    pub uidv: u64,
    /// Version 3: whether the message needs UTF-8.
    pub utf8: Option<bool>,
}

impl Pop3Entry {
    /// The UIDL that was served.
    pub fn uidl(&self) -> Vec<u8> {
        match (self.n, self.uidv) {
            (0, _) => file_name_uidl(base_name(&self.name)),
            (n, 0) => format!("UID{n}").into_bytes(),
            (n, uidv) => format!("UID{n}-{uidv}").into_bytes(),
        }
    }
}

/// The UIDL of a message that was there before Courier counted: its base name, with each byte
/// outside 0x21 to 0x7E and each of `'`, `"` and `+` written as `+XX` (upper-case hexadecimal).
pub fn file_name_uidl(base: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(base.len());
    for byte in base {
        if matches!(byte, 0x21..=0x7e) && !matches!(byte, b'\'' | b'"' | b'+') {
            out.push(*byte);
        } else {
            out.extend_from_slice(format!("+{byte:02X}").as_bytes());
        }
    }
    out
}

impl Pop3SizeList {
    /// Reads a list of version 0 to 3.
    ///
    /// # Errors
    /// When the header begins with `/` and is not `/<version> <next> [<time>]`, or the version is
    /// above 3.
    pub fn parse(bytes: &[u8]) -> Result<(Pop3SizeList, Vec<BadLine>), CourierError> {
        let mut list = Pop3SizeList { version: 0, next: 1, uidv: None, entries: vec![] };
        let mut all = lines(bytes).enumerate().peekable();
        let (_, first) = all.peek().copied().ok_or(CourierError::Empty)?;
        if let Some(header) = first.strip_prefix(b"/") {
            all.next();
            let mut numbers =
                header.split(u8::is_ascii_whitespace).filter(|part| !part.is_empty()).map(number);
            let bad = || CourierError::Header(excerpt(first));
            let version = numbers.next().flatten().ok_or_else(bad)?;
            list.version = u8::try_from(version)
                .ok()
                .filter(|version| (1..=3).contains(version))
                .ok_or(CourierError::Version(version))?;
            list.next = numbers
                .next()
                .flatten()
                .and_then(|next| u32::try_from(next).ok())
                .ok_or_else(bad)?;
            list.uidv = match numbers.next() {
                Some(uidv) => Some(uidv.ok_or_else(bad)?),
                None if list.version == 1 => None,
                None => return Err(bad()),
            };
        }
        let mut bad_lines = vec![];
        for (at, line) in all {
            match read_entry(line, list.version) {
                Some(entry) => list.entries.push(entry),
                None => bad_lines.push(BadLine {
                    file: b"courierpop3dsizelist".to_vec(),
                    line: at + 1,
                    text: line.to_vec(),
                }),
            }
        }
        Ok((list, bad_lines))
    }
}

/// `name size`, and from version 1 on ` n[:uidv[:utf8]]`. A name may hold spaces.
fn read_entry(line: &[u8], version: u8) -> Option<Pop3Entry> {
    let mut parts = line.rsplitn(if version == 0 { 2 } else { 3 }, |byte| *byte == b' ');
    let ids = if version == 0 { &b"0"[..] } else { parts.next()? };
    let size = number(parts.next()?)?;
    let name = parts.next()?;
    let mut ids = ids.split(|byte| *byte == b':');
    let n = u32::try_from(number(ids.next()?)?).ok()?;
    let uidv = ids.next().map_or(Some(0), number)?;
    let utf8 = match ids.next() {
        None => None,
        Some(flag) => Some(number(flag)? != 0),
    };
    (!name.is_empty()).then(|| Pop3Entry { name: name.to_vec(), size, n, uidv, utf8 })
}

/// Where a Courier UIDL is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pop3Source {
    /// The list.
    Listed,
    /// The message is not in the list and would get the next number.
    NextCounter,
    /// There is no list: POP3 was never used, and nobody has seen any UIDL.
    NoList,
}

/// One message as Courier's POP3 server lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pop3Message {
    /// Index into the files.
    pub file: usize,
    /// The UIDL. None without a list, or when the number would be the first behind a list of a
    /// version that keeps no time: Courier would take the time of that moment.
    pub uidl: Option<Vec<u8>>,
    /// Where it is from.
    pub source: Pop3Source,
}

/// Works out what Courier's POP3 server answers, in its order.
///
/// A listed name matches a file when both are equal up to a colon; a name without a colon never
/// matches one with it. Files in `new/` count as if they had one, since the server moves them to
/// `cur/` and appends `:2,` before it looks.
pub fn served_pop3(list: Option<&Pop3SizeList>, files: &[(Place, &[u8])]) -> Vec<Pop3Message> {
    let mut by_name: HashMap<(&[u8], bool), &Pop3Entry> = HashMap::new();
    if let Some(list) = list {
        for entry in &list.entries {
            by_name.insert((base_name(&entry.name), entry.name.contains(&b':')), entry);
        }
    }
    // What a name in `new/` becomes matters: a colon sorts before letters and behind commas.
    let in_cur: Vec<Vec<u8>> = files
        .iter()
        .map(|(place, name)| {
            let moved = *place == Place::New && !name.contains(&b':');
            [*name, if moved { b":2,".as_slice() } else { b"" }].concat()
        })
        .collect();
    let mut order: Vec<usize> = (0..files.len()).collect();
    order.sort_by(|a, b| {
        courier_order(&in_cur[*a], &in_cur[*b]).then_with(|| files[*a].cmp(&files[*b]))
    });
    let mut next = list.map_or(1, |list| u64::from(list.next));
    order
        .into_iter()
        .map(|file| {
            let name = in_cur[file].as_slice();
            let entry = by_name.get(&(base_name(name), name.contains(&b':')));
            match (list, entry) {
                (_, Some(entry)) => {
                    Pop3Message { file, uidl: Some(entry.uidl()), source: Pop3Source::Listed }
                }
                (Some(list), None) => {
                    let uidl = list.uidv.map(|uidv| format!("UID{next}-{uidv}").into_bytes());
                    next += 1;
                    Pop3Message { file, uidl, source: Pop3Source::NextCounter }
                }
                (None, None) => Pop3Message { file, uidl: None, source: Pop3Source::NoList },
            }
        })
        .collect()
}
