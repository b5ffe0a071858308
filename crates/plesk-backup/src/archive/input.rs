//! The stored bytes of an archive, buffered and counted.

use std::io::{self, Read};

use super::DamageKind;
use super::decoder::DecodeError;

const BUFFER: usize = 128 * 1024;

pub(crate) struct Input {
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
}

impl Input {
    /// `offset` is where in the stored archive the reader stands.
    pub(crate) fn new(reader: Box<dyn Read + Send>, offset: u64) -> Input {
        Input { reader, buffer: vec![0; BUFFER], start: 0, end: 0, offset }
    }

    /// Offset of the next byte.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The bytes at hand: at least `wanted`, unless the archive ends before.
    pub(super) fn fill(&mut self, wanted: usize) -> Result<&[u8], DecodeError> {
        debug_assert!(wanted <= BUFFER);
        if self.end - self.start < wanted && self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        while self.end - self.start < wanted {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(0) => break,
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let offset = self.offset + (self.end - self.start) as u64;
                    return Err(failure(&error, offset));
                }
            }
        }
        Ok(&self.buffer[self.start..self.end])
    }

    pub(super) fn consume(&mut self, count: usize) {
        debug_assert!(count <= self.end - self.start);
        self.start += count;
        self.offset += count as u64;
    }

    /// Takes exactly `N` bytes; `None` when the archive ends before.
    pub(super) fn take<const N: usize>(&mut self) -> Result<Option<[u8; N]>, DecodeError> {
        let head = self.fill(N)?;
        let Some(bytes) = head.first_chunk::<N>().copied() else {
            let rest = head.len();
            self.consume(rest);
            return Ok(None);
        };
        self.consume(N);
        Ok(Some(bytes))
    }
}

/// What the container of the archive says of its bytes is damage of the archive.
fn failure(error: &io::Error, offset: u64) -> DecodeError {
    let kind = match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => DamageKind::BadBlock,
        io::ErrorKind::UnexpectedEof => DamageKind::Truncated,
        _ => {
            let detail = format!("the system could not read on: {error}");
            return DecodeError { kind: DamageKind::Unreadable, offset, detail };
        }
    };
    DecodeError { kind, offset, detail: format!("as it is packed in the backup, {error}") }
}
