//! Indexing a psadump, the mail-like file of Plesk 8 and older: one pass from front to back.
//!
//! Nothing says where the next part begins, so that every byte must be looked at once; none but
//! those of the headers is kept.

use std::io;

use super::boundary::{BoundaryLine, Scanner};
use super::bytes::Bytes;
use super::entries::Entries;
use super::mime_header::Header;
use super::transfer_encoding::{Base64, Counter, QuotedPrintable};
use super::{Encoding, Entry, EntryId, Psadump};
use crate::damage::Damage;
use crate::printable;
use crate::tar_format::inner_path;

/// Error text that leaked into the file is looked past up to here.
const HEAD_LIMIT: usize = 64 * 1024;
/// A signed backup has one multipart in another.
const DEPTH_LIMIT: usize = 16;
const VERSION: &str = "dumped-psa-version";
/// What the header of a part has one of.
const PART_FIELDS: [&str; 3] = ["content-type", "content-disposition", "content-id"];
/// Longer texts before, between and after parts are told.
const REMARK: u64 = 1024;

/// A psadump as its head describes it, with its parts.
#[derive(Debug, Default)]
struct Indexed {
    entries: Entries,
    /// `Dumped-Psa-Version` of the head.
    version: Option<String>,
    /// `Date` of the head.
    date: Option<String>,
    /// The part that holds the metadata, as an index into the entries.
    metadata: Option<usize>,
    /// Parts that sign the others.
    signatures: Vec<usize>,
    /// Further names of parts: a part may have a file name and a `Content-ID`.
    names: Vec<(Vec<u8>, usize)>,
    damage: Vec<Damage>,
}

/// Where a psadump's head begins, and what it says.
struct Head {
    header: Header,
    offset: u64,
}

/// The parts of a psadump, what is wrong with it, and what it says besides. A file that only has the
/// shape of one names neither a version nor metadata.
pub(crate) fn index(bytes: &Bytes) -> io::Result<(Vec<Entry>, Vec<Damage>, Psadump)> {
    Ok(parts(bytes)?.unwrap_or_default().apart())
}

impl Indexed {
    fn apart(self) -> (Vec<Entry>, Vec<Damage>, Psadump) {
        let psadump = Psadump {
            version: self.version,
            date: self.date,
            metadata: self.metadata.map(EntryId),
            signatures: self.signatures.into_iter().map(EntryId).collect(),
            names: self.names.into_iter().map(|(name, index)| (name, EntryId(index))).collect(),
        };
        (self.entries.into_list(), self.damage, psadump)
    }
}

/// Indexes a file that begins as a psadump does; `None` for any other.
fn parts(bytes: &Bytes) -> io::Result<Option<Indexed>> {
    match find_head(bytes)? {
        Some(head) => Indexer::new(bytes, Scanner::new(bytes)).run(&head).map(Some),
        None => Ok(None),
    }
}

/// Whether a file that begins so may be a psadump. Any mail with several parts has that shape: what
/// is in it tells.
pub(crate) fn begins(head: &[u8]) -> bool {
    is_head(&Header::parse(head, false)) || find_version(head).is_some()
}

/// Whether it surely is one: the head names the version of Plesk.
pub(crate) fn is_surely(head: &[u8]) -> bool {
    find_version(head).is_some()
}

/// The head stands at the beginning, or behind some text that is none of it.
fn find_head(bytes: &Bytes) -> io::Result<Option<Head>> {
    let header = Header::read(bytes, 0)?;
    if is_head(&header) {
        return Ok(Some(Head { header, offset: 0 }));
    }
    let mut text = vec![0; HEAD_LIMIT];
    let filled = bytes.read_full_at(&mut text, 0)?;
    text.truncate(filled);
    let Some(start) = find_version(&text) else { return Ok(None) };
    let offset = start as u64;
    Ok(Some(Head { header: Header::read(bytes, offset)?, offset }))
}

/// Where the head begins that names the version of Plesk. A mail may have any head; only Plesk's own
/// is looked for behind something else.
fn find_version(text: &[u8]) -> Option<usize> {
    let lines = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let starts = std::iter::once(0).chain(lines.map(|(at, _)| at + 1));
    let mut first = None;
    for start in starts {
        let rest = &text[start..];
        let is_field = !Header::parse(first_line(rest), true).is_empty();
        first = if is_field { first.or(Some(start)) } else { None };
        let is_version = rest.get(..=VERSION.len()).is_some_and(|name| {
            name[..VERSION.len()].eq_ignore_ascii_case(VERSION.as_bytes())
                && name[VERSION.len()] == b':'
        });
        if first.is_some() && is_version {
            return first;
        }
    }
    None
}

fn first_line(text: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'\n', text).map_or(text.len(), |end| end + 1);
    &text[..end]
}

fn is_head(header: &Header) -> bool {
    let is_multipart = header.word("content-type").is_some_and(|word| is_multipart(&word))
        && boundary_of(header).is_some();
    is_multipart || header.field(VERSION).is_some()
}

fn is_multipart(content_type: &[u8]) -> bool {
    content_type.starts_with(b"multipart/")
}

fn boundary_of(header: &Header) -> Option<Vec<u8>> {
    header.parameter("content-type", "boundary")
}

struct Indexer<'a> {
    bytes: &'a Bytes,
    scanner: Scanner<'a>,
    /// Of the multiparts that are open, the outermost first.
    boundaries: Vec<Vec<u8>>,
    /// The boundary of the first part, where it is not the one that the head names.
    in_use: Option<Vec<u8>>,
    /// Parts that were met, also those that are no entry.
    number: u64,
    indexed: Indexed,
}

impl<'a> Indexer<'a> {
    fn new(bytes: &'a Bytes, scanner: Scanner<'a>) -> Indexer<'a> {
        Indexer {
            bytes,
            scanner,
            boundaries: Vec::new(),
            in_use: None,
            number: 0,
            indexed: Indexed::default(),
        }
    }

    fn run(mut self, head: &Head) -> io::Result<Indexed> {
        let text = |name: &str| head.header.field(name).map(printable);
        self.indexed.version = text(VERSION);
        self.indexed.date = text("date");
        if head.offset > 0 {
            let detail = "some text stands before the head of the psadump".to_owned();
            self.indexed.damage.push(Damage::BadHeader { offset: 0, detail, skipped: head.offset });
        }
        self.find_boundaries(&head.header)?;
        let mut line = self.skip_to_boundary(head.header.body)?;
        while let Some(found) = line {
            line = self.step(&found)?;
        }
        self.choose_metadata();
        Ok(self.indexed)
    }

    /// The boundary that the head names; and where no line is like it, the one before the first
    /// part. One of both is wrong, and which one is seen at the second part.
    fn find_boundaries(&mut self, head: &Header) -> io::Result<()> {
        self.boundaries.extend(boundary_of(head));
        let mut text = vec![0; HEAD_LIMIT];
        let filled = self.bytes.read_full_at(&mut text, head.body)?;
        text.truncate(filled);
        let mut at = 0;
        while at < text.len() {
            let raw = first_line(&text[at..]);
            let line = raw.strip_suffix(b"\n").unwrap_or(raw);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let (start, behind) = (at, at + raw.len());
            at = behind;
            let Some(found) = line.strip_prefix(b"--").filter(|line| !line.is_empty()) else {
                continue;
            };
            if self.boundaries.iter().any(|named| named == found) {
                return Ok(());
            }
            let header = Header::parse(&text[behind..], false);
            if !PART_FIELDS.iter().any(|name| header.field(name).is_some()) {
                continue;
            }
            let found = found.to_vec();
            self.indexed.damage.push(Damage::OtherBoundary {
                offset: head.body + start as u64,
                named: self.boundaries.first().cloned(),
                found: found.clone(),
            });
            self.in_use = Some(found.clone());
            self.boundaries.push(found);
            return Ok(());
        }
        Ok(())
    }

    /// Takes what follows a boundary line, up to the next one.
    fn step(&mut self, line: &BoundaryLine) -> io::Result<Option<BoundaryLine>> {
        if line.closes {
            let is_in_use = self.in_use.as_ref() == self.boundaries.get(line.level);
            self.boundaries.truncate(line.level);
            if self.boundaries.is_empty() || is_in_use {
                self.look_behind(line.after)?;
                return Ok(None);
            }
            return self.skip_to_boundary(line.after);
        }
        self.boundaries.truncate(line.level + 1);
        let mut header = Header::read(self.bytes, line.after)?;
        if header.is_endless {
            let detail = format!("the header of a part is longer than {HEAD_LIMIT} bytes");
            let (offset, skipped) = (line.after, header.body - line.after);
            self.indexed.damage.push(Damage::BadHeader { offset, detail, skipped });
        }
        if header.is_cut {
            // Half a line at the end of the file is no content.
            header.body = self.bytes.len();
        }
        if header.is_empty() && header.body == self.bytes.len() {
            self.ends_early();
            return Ok(None);
        }
        if let Some(inner) = self.nested(&header) {
            self.boundaries.push(inner);
            return self.skip_to_boundary(header.body);
        }
        self.number += 1;
        let mut counter = decoder_of(&header).map(Counter::new);
        let mut stored = 0;
        let found = self.scanner.next(header.body, &self.boundaries, &mut |piece| {
            stored += piece.len() as u64;
            if let Some(counter) = &mut counter {
                counter.push(piece);
            }
        })?;
        self.keep(&header, stored, counter, found.is_some());
        if found.is_none() {
            self.ends_early();
        }
        Ok(found)
    }

    /// The boundary of a multipart that is a part, as a signed backup has it.
    fn nested(&self, header: &Header) -> Option<Vec<u8>> {
        let boundary = boundary_of(header)?;
        let is_file = header.parameter("content-disposition", "filename").is_some();
        let is_multipart = header.word("content-type").is_some_and(|word| is_multipart(&word));
        let is_nested = (is_multipart || !is_file)
            && self.boundaries.len() < DEPTH_LIMIT
            && !self.boundaries.contains(&boundary);
        is_nested.then_some(boundary)
    }

    /// Goes to the next boundary line over text that belongs to no part.
    fn skip_to_boundary(&mut self, from: u64) -> io::Result<Option<BoundaryLine>> {
        let mut skipped = 0;
        let found = self
            .scanner
            .next(from, &self.boundaries, &mut |piece| skipped += piece.len() as u64)?;
        if skipped > REMARK {
            let detail = "no boundary line was met".to_owned();
            self.indexed.damage.push(Damage::BadHeader { offset: from, detail, skipped });
        }
        if found.is_none() {
            self.ends_early();
        }
        Ok(found)
    }

    /// The file ends without the boundary that ends the outermost multipart.
    fn ends_early(&mut self) {
        let length = self.bytes.len();
        let boundary = self.boundaries.first().map_or(0, Vec::len) as u64;
        // CR LF `--` boundary `--`
        let needed = length + boundary + 6;
        self.indexed.damage.push(Damage::Truncated { length, needed });
    }

    fn look_behind(&mut self, offset: u64) -> io::Result<()> {
        let length = self.bytes.len() - offset;
        let mut text = vec![0; usize::try_from(length.min(REMARK)).unwrap_or(0)];
        let filled = self.bytes.read_full_at(&mut text, offset)?;
        // A file that went over tape or through a block device is filled up with NUL.
        let is_blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
        if length > REMARK || !text[..filled].iter().all(is_blank) {
            self.indexed.damage.push(Damage::TrailingData { offset, length });
        }
        Ok(())
    }

    fn keep(&mut self, header: &Header, stored: u64, counter: Option<Counter>, is_ended: bool) {
        let offset = header.body;
        let names = self.names_of(header);
        let name = self.free_name(&names);
        let Some(path) = inner_path(name).filter(|path| !path.is_empty()) else {
            self.indexed.damage.push(Damage::UnsafeName { path: name.to_vec(), offset });
            return;
        };
        let encoding = match header.word("content-transfer-encoding").as_deref() {
            Some(b"base64") => Encoding::Base64 { stored },
            Some(b"quoted-printable") => Encoding::QuotedPrintable { stored },
            None | Some(b"binary" | b"7bit" | b"8bit" | b"") => Encoding::Plain,
            Some(other) => {
                let detail = format!(
                    "its transfer encoding `{}` is not known; it was taken as it stands",
                    printable(other)
                );
                let path = path.clone();
                self.indexed.damage.push(Damage::TransferEncoding { path, offset, detail });
                Encoding::Plain
            }
        };
        let (available, garbled) = counter.map_or((stored, None), Counter::finish);
        if !is_ended {
            let (path, available) = (path.clone(), available);
            self.indexed.damage.push(Damage::UnendedEntry { path, offset, available });
        } else if let Some(garbled) = &garbled {
            let detail = format!(
                "byte {} of the encoded text: {}; what follows is lost",
                garbled.at, garbled.detail
            );
            let path = path.clone();
            self.indexed.damage.push(Damage::TransferEncoding { path, offset, detail });
        }
        // How many there should be is told nowhere.
        let size = available + u64::from(!is_ended || garbled.is_some());
        let entry = Entry { available, encoding, ..Entry::plain(path, size, 0, offset) };
        let index = self.indexed.entries.push(entry, &mut self.indexed.damage);
        self.indexed.names.extend(names.into_iter().map(|name| (name, index)));
        if is_xml(header) && self.indexed.metadata.is_none() {
            self.indexed.metadata = Some(index);
        }
        if header.word("content-type").is_some_and(|word| word.ends_with(b"-signature")) {
            self.indexed.signatures.push(index);
        }
    }

    /// What a part is called, the best name first: by its file name, else by its identifier, else
    /// by its number. In Plesk 7 the metadata go by identifiers, and only they must differ.
    fn names_of(&self, header: &Header) -> Vec<Vec<u8>> {
        let file_name = header
            .parameter("content-disposition", "filename")
            .or_else(|| header.parameter("content-disposition", "name"))
            .or_else(|| header.parameter("content-type", "name"));
        let by_identifier =
            self.indexed.version.as_ref().is_some_and(|text| text.starts_with("7."));
        let metadata = (is_xml(header) && (file_name.is_none() || by_identifier))
            .then(|| b"dump.xml".to_vec());
        let mut names = [content_id(header), file_name];
        if !by_identifier {
            names.reverse();
        }
        let mut names: Vec<Vec<u8>> =
            metadata.into_iter().chain(names.into_iter().flatten()).collect();
        if names.is_empty() {
            names.push(format!("part-{}", self.number).into_bytes());
        }
        names
    }

    /// The first name that no other part has: were two parts called alike, one would be lost.
    fn free_name<'b>(&self, names: &'b [Vec<u8>]) -> &'b [u8] {
        let is_free = |name: &&Vec<u8>| {
            inner_path(name).is_some_and(|path| self.indexed.entries.position(&path).is_none())
        };
        names.iter().find(is_free).or(names.first()).map_or(&[], Vec::as_slice)
    }

    /// The part `dump.xml`; else the first that says that it is XML; else one that is called so.
    fn choose_metadata(&mut self) {
        let named = self.indexed.entries.position(b"dump.xml");
        let called = || {
            let is_xml = |entry: &Entry| entry.path.to_ascii_lowercase().ends_with(b".xml");
            self.indexed.entries.iter().position(is_xml)
        };
        self.indexed.metadata = named.or(self.indexed.metadata).or_else(called);
    }
}

fn decoder_of(header: &Header) -> Option<Box<dyn super::transfer_encoding::Decode>> {
    match header.word("content-transfer-encoding")?.as_slice() {
        b"base64" => Some(Box::new(Base64::default())),
        b"quoted-printable" => Some(Box::new(QuotedPrintable::default())),
        _ => None,
    }
}

fn is_xml(header: &Header) -> bool {
    let content_type = header.word("content-type").unwrap_or_default();
    matches!(content_type.as_slice(), b"text/xml" | b"application/xml")
}

fn content_id(header: &Header) -> Option<Vec<u8>> {
    let value = header.field("content-id")?;
    let inner = value.strip_prefix(b"<").unwrap_or(value);
    let inner = inner.strip_suffix(b">").unwrap_or(inner).trim_ascii();
    (!inner.is_empty()).then(|| inner.to_vec())
}

#[cfg(test)]
mod tests;
