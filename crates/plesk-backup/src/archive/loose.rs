//! Content that is no tar: files that can each be read on their own.
//!
//! Such are the entries of a zip, a directory of the backup itself, and a single file. What is wrong
//! with one of them says nothing of the others.

use std::io::{self, Read};

use super::decoder::DecodeError;
use super::{DamageKind, MemberKind};

type Opening = Box<dyn FnOnce() -> io::Result<Box<dyn Read + Send>> + Send>;

/// A file that is read on its own.
pub(crate) struct LooseFile {
    /// As [`Member::path`](super::Member::path).
    pub(crate) path: Vec<u8>,
    pub(crate) kind: MemberKind,
    /// Bytes that its container declares.
    pub(crate) size: u64,
    /// Seconds since 1970.
    pub(crate) mtime: i64,
    /// Where its stored bytes lie, for messages about damage.
    pub(crate) offset: u64,
    /// Gives its bytes. Reading fails at the latest at their end when a checksum does not fit.
    pub(crate) open: Opening,
}

/// The bytes of a loose file.
pub(super) struct LooseBody {
    opening: Option<Opening>,
    reader: Option<Box<dyn Read + Send>>,
    offset: u64,
    size: u64,
    pub(super) read: u64,
    failure: Option<DecodeError>,
    /// Its end was met, and what follows from it is known.
    is_verified: bool,
}

impl LooseBody {
    pub(super) fn new(opening: Opening, size: u64, offset: u64) -> LooseBody {
        LooseBody {
            opening: Some(opening),
            reader: None,
            offset,
            size,
            read: 0,
            failure: None,
            is_verified: false,
        }
    }

    pub(super) fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        if let Some(failure) = &self.failure {
            return Err(failure.to_io_error());
        }
        if output.is_empty() {
            return Ok(0);
        }
        let left = self.size - self.read;
        let wanted = output.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if wanted == 0 {
            self.verify();
        } else {
            match self.read_stored(&mut output[..wanted]) {
                Ok(0) => self.fail(DamageKind::Truncated, "the file ends early".to_owned()),
                Ok(count) => {
                    self.read += count as u64;
                    return Ok(count);
                }
                Err(error) => self.fail_with(&error),
            }
        }
        self.failure.as_ref().map_or(Ok(0), |failure| Err(failure.to_io_error()))
    }

    /// At the end of its bytes the reader says whether they are right.
    fn verify(&mut self) {
        if std::mem::replace(&mut self.is_verified, true) {
            return;
        }
        match self.read_stored(&mut [0]) {
            Ok(0) => {}
            Ok(_) => self.fail(
                DamageKind::TrailingGarbage,
                format!("the file has more than the {} bytes that are declared", self.size),
            ),
            Err(error) => self.fail_with(&error),
        }
    }

    fn read_stored(&mut self, output: &mut [u8]) -> io::Result<usize> {
        if let Some(opening) = self.opening.take() {
            self.reader = Some(opening()?);
        }
        let Some(reader) = &mut self.reader else { return Ok(0) };
        loop {
            match reader.read(output) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    /// Reads what the visitor left, and on to the end, where checksums are verified.
    pub(super) fn finish(&mut self, buffer: &mut [u8]) -> Result<(), DecodeError> {
        while self.failure.is_none() && self.read < self.size {
            // A failure is kept in `failure`.
            if self.read(buffer).is_err() {
                break;
            }
        }
        if self.failure.is_none() {
            self.verify();
        }
        self.failure.take().map_or(Ok(()), Err)
    }

    fn fail_with(&mut self, error: &io::Error) {
        let kind = match error.kind() {
            io::ErrorKind::UnexpectedEof => DamageKind::Truncated,
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => DamageKind::BadBlock,
            io::ErrorKind::Unsupported => DamageKind::Unsupported,
            _ => DamageKind::Unreadable,
        };
        self.fail(kind, error.to_string());
    }

    fn fail(&mut self, kind: DamageKind, detail: String) {
        self.failure = Some(DecodeError { kind, offset: self.offset, detail });
    }
}
