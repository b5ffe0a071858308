//! Bytes of a metadata file as UTF-8 that an XML parser accepts.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

/// One tag or text, its attributes included.
const TOKEN_LIMIT: u64 = 16 * 1024 * 1024;
/// All of a file.
const TOTAL_LIMIT: u64 = 512 * 1024 * 1024;
const BUFFER: usize = 64 * 1024;

/// What the reader and the parser tell each other while the parser owns the reader.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Bytes since the parser began its present token.
    pub(super) token: Cell<u64>,
    /// Characters that were replaced.
    pub(super) replaced: Cell<u64>,
    total: Cell<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    /// ISO-8859-1, and windows-1252 without its 32 extra characters, which become `?`.
    Latin1,
}

/// Replaces what XML does not allow by `?`, decodes ISO-8859-1, and keeps the limits.
pub(super) struct CleanText<R> {
    inner: R,
    encoding: Encoding,
    raw: Vec<u8>,
    clean: Vec<u8>,
    position: usize,
    at_end: bool,
    counters: Rc<Counters>,
}

impl<R: Read> CleanText<R> {
    /// Looks at the beginning for a byte order mark and the declared encoding.
    pub(super) fn new(mut inner: R, counters: Rc<Counters>) -> io::Result<CleanText<R>> {
        let mut raw = Vec::with_capacity(BUFFER);
        inner.by_ref().take(1024).read_to_end(&mut raw)?;
        if raw.starts_with(b"\xff\xfe") || raw.starts_with(b"\xfe\xff") {
            return Err(invalid(
                "the encoding is UTF-16; UTF-8 and ISO-8859-1 are read".to_owned(),
            ));
        }
        let encoding = if raw.starts_with(b"\xef\xbb\xbf") {
            raw.drain(..3);
            Encoding::Utf8
        } else {
            declared_encoding(&raw)?
        };
        let (clean, position, at_end) = (Vec::new(), 0, false);
        Ok(CleanText { inner, encoding, raw, clean, position, at_end, counters })
    }

    fn refill(&mut self) -> io::Result<()> {
        self.clean.clear();
        self.position = 0;
        while self.clean.is_empty() && !(self.at_end && self.raw.is_empty()) {
            if !self.at_end {
                let mut chunk = [0; BUFFER / 4];
                let count = match self.inner.read(&mut chunk) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    other => other?,
                };
                self.at_end = count == 0;
                self.raw.extend_from_slice(&chunk[..count]);
            }
            match self.encoding {
                Encoding::Utf8 => self.take_utf8(),
                Encoding::Latin1 => self.take_latin1(),
            }
        }
        Ok(())
    }

    fn take_utf8(&mut self) {
        let mut kept = 0;
        let mut chunks = self.raw.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            for character in chunk.valid().bytes() {
                push(&mut self.clean, character, &self.counters);
            }
            let invalid = chunk.invalid();
            // A character may be split between two reads.
            if chunks.peek().is_none() && !self.at_end && invalid.len() < 4 {
                kept = invalid.len();
                break;
            }
            for _ in invalid {
                self.clean.push(b'?');
                self.counters.replaced.set(self.counters.replaced.get() + 1);
            }
        }
        self.raw.drain(..self.raw.len() - kept);
    }

    fn take_latin1(&mut self) {
        for byte in self.raw.drain(..) {
            match byte {
                // Control characters in ISO-8859-1.
                0x80..=0x9f => push(&mut self.clean, 0, &self.counters),
                0xa0.. => {
                    let mut utf8 = [0; 2];
                    let text = char::from(byte).encode_utf8(&mut utf8);
                    self.clean.extend_from_slice(text.as_bytes());
                }
                _ => push(&mut self.clean, byte, &self.counters),
            }
        }
    }
}

impl<R: Read> BufRead for CleanText<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.counters.token.get() > TOKEN_LIMIT {
            return Err(invalid(format!("a tag or text is larger than {TOKEN_LIMIT} bytes")));
        }
        if self.counters.total.get() > TOTAL_LIMIT {
            return Err(invalid(format!("the file is larger than {TOTAL_LIMIT} bytes")));
        }
        if self.position == self.clean.len() {
            self.refill()?;
        }
        Ok(&self.clean[self.position..])
    }

    fn consume(&mut self, count: usize) {
        self.position += count;
        self.counters.token.set(self.counters.token.get() + count as u64);
        self.counters.total.set(self.counters.total.get() + count as u64);
    }
}

impl<R: Read> Read for CleanText<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

fn push(clean: &mut Vec<u8>, byte: u8, counters: &Counters) {
    if byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r') {
        clean.push(b'?');
        counters.replaced.set(counters.replaced.get() + 1);
    } else {
        clean.push(byte);
    }
}

fn declared_encoding(head: &[u8]) -> io::Result<Encoding> {
    let text = String::from_utf8_lossy(head);
    let Some(declaration) = text.strip_prefix("<?xml").and_then(|rest| rest.split("?>").next())
    else {
        return Ok(Encoding::Utf8);
    };
    let Some((_, value)) = declaration.split_once("encoding") else { return Ok(Encoding::Utf8) };
    let value = value.trim_start().trim_start_matches('=').trim_start();
    let name = value.get(1..).and_then(|rest| rest.split(['"', '\'']).next()).unwrap_or_default();
    match name.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "us-ascii" | "" => Ok(Encoding::Utf8),
        "iso-8859-1" | "latin1" | "windows-1252" => Ok(Encoding::Latin1),
        _ => Err(invalid(format!("the encoding is `{name}`; UTF-8 and ISO-8859-1 are read"))),
    }
}

fn invalid(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}
