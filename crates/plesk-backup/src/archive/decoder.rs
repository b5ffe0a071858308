//! From stored bytes to tar bytes, whatever the compression is.

use std::io;

use super::DamageKind;
use super::gzip::Gzip;
use super::input::Input;
use super::zstandard::Zstandard;

/// What is around a tar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

/// Why no more bytes come; nothing can be read after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DecodeError {
    pub(crate) kind: DamageKind,
    pub(crate) offset: u64,
    pub(crate) detail: String,
}

impl DecodeError {
    /// What whoever reads the bytes is told.
    pub(crate) fn to_io_error(&self) -> io::Error {
        let kind = match self.kind {
            DamageKind::Truncated => io::ErrorKind::UnexpectedEof,
            DamageKind::Unreadable => io::ErrorKind::Other,
            _ => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, format!("{} at byte {}", self.detail, self.offset))
    }
}

pub(crate) enum Decoder {
    Plain(Input),
    Gzip(Gzip),
    Zstandard(Zstandard),
}

impl Decoder {
    pub(crate) fn new(format: Compression, input: Input) -> io::Result<Decoder> {
        Ok(match format {
            Compression::None => Decoder::Plain(input),
            Compression::Gzip => Decoder::Gzip(Gzip::new(input)),
            Compression::Zstd => Decoder::Zstandard(Zstandard::new(input)?),
        })
    }

    /// Reads some bytes; 0 at the end, of which all checksums are verified then.
    pub(crate) fn read(&mut self, output: &mut [u8]) -> Result<usize, DecodeError> {
        match self {
            Decoder::Plain(input) => {
                let bytes = input.fill(1)?;
                let count = bytes.len().min(output.len());
                output[..count].copy_from_slice(&bytes[..count]);
                input.consume(count);
                Ok(count)
            }
            Decoder::Gzip(gzip) => gzip.read(output),
            Decoder::Zstandard(zstandard) => zstandard.read(output),
        }
    }

    /// How far the stored bytes were used.
    pub(crate) fn offset(&self) -> u64 {
        match self {
            Decoder::Plain(input) => input.offset(),
            Decoder::Gzip(gzip) => gzip.offset(),
            Decoder::Zstandard(zstandard) => zstandard.offset(),
        }
    }
}
