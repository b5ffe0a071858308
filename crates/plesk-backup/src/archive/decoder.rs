//! From stored bytes to tar bytes, whatever the compression is.

use super::gzip::Gzip;
use super::input::Input;
use super::zstandard::Zstandard;
use super::{ArchiveFormat, DamageKind};

/// Why no more bytes come; nothing can be read after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DecodeError {
    pub(super) kind: DamageKind,
    pub(super) offset: u64,
    pub(super) detail: String,
}

pub(super) enum Decoder {
    Plain(Input),
    Gzip(Gzip),
    Zstandard(Zstandard),
}

impl Decoder {
    pub(super) fn new(format: ArchiveFormat, input: Input) -> std::io::Result<Decoder> {
        Ok(match format {
            ArchiveFormat::Tar => Decoder::Plain(input),
            ArchiveFormat::Gzip => Decoder::Gzip(Gzip::new(input)),
            ArchiveFormat::Zstd => Decoder::Zstandard(Zstandard::new(input)?),
        })
    }

    /// Reads some bytes; 0 at the end, of which all checksums are verified then.
    pub(super) fn read(&mut self, output: &mut [u8]) -> Result<usize, DecodeError> {
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
    pub(super) fn offset(&self) -> u64 {
        match self {
            Decoder::Plain(input) => input.offset(),
            Decoder::Gzip(gzip) => gzip.offset(),
            Decoder::Zstandard(zstandard) => zstandard.offset(),
        }
    }
}
