//! The bytes of one file.

use std::fmt;
use std::io::{self, BufReader, Read};
use std::sync::Arc;

use crate::tree::bytes::{Bytes, Slice};

const BUFFER: usize = 64 * 1024;

/// Where the bytes of a file lie, and what must come out of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where they begin as they are stored.
    pub(crate) data: u64,
    /// How many of them there are.
    pub(crate) stored: u64,
    /// Bytes that the file has.
    pub(crate) size: u64,
    /// Bytes that can be read of it; fewer when the zip is cut inside it.
    pub(crate) available: u64,
    /// Of the file.
    pub(crate) crc32: u32,
    pub(crate) packing: Packing,
}

/// How they are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    Stored,
    Deflated,
    Refused(Refusal),
}

/// Why a file cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Refusal {
    Encrypted,
    Method(u16),
    Overlap,
    NoHeader,
}

impl Refusal {
    fn kind(self) -> io::ErrorKind {
        match self {
            Refusal::Encrypted | Refusal::Method(_) => io::ErrorKind::Unsupported,
            Refusal::Overlap | Refusal::NoHeader => io::ErrorKind::InvalidData,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Encrypted => out.write_str(
                "it is encrypted; unpack the zip with its password, and give the directory",
            ),
            Refusal::Method(number) => {
                let name = match number {
                    9 => " (Deflate64)",
                    12 => " (bzip2)",
                    14 => " (LZMA)",
                    93 => " (zstd)",
                    95 => " (xz)",
                    _ => "",
                };
                write!(
                    out,
                    "it is compressed by method {number}{name}, where stored and deflated files \
                     are read; unpack the zip with another program, and give the directory"
                )
            }
            Refusal::Overlap => out.write_str("its bytes overlap those of the next file"),
            Refusal::NoHeader => {
                out.write_str("where the zip's list of files places it, there is no header of it")
            }
        }
    }
}

/// Opens a file. Reading fails at the latest at its end when size or checksum do not fit; only a
/// file that is cut ends early without a word, after [`Place::available`] bytes.
pub(crate) fn open(bytes: Arc<Bytes>, place: &Place) -> io::Result<Box<dyn Read + Send>> {
    let stored = Slice::new(bytes, place.data, place.stored);
    let inner: Box<dyn Read + Send> = match place.packing {
        Packing::Stored => Box::new(stored),
        Packing::Deflated => {
            Box::new(flate2::bufread::DeflateDecoder::new(BufReader::with_capacity(BUFFER, stored)))
        }
        Packing::Refused(refusal) => {
            return Err(io::Error::new(refusal.kind(), refusal.to_string()));
        }
    };
    Ok(Box::new(Checked { inner, place: *place, read: 0, sum: flate2::Crc::new(), verdict: None }))
}

/// Counts, and compares at the end.
struct Checked {
    inner: Box<dyn Read + Send>,
    place: Place,
    read: u64,
    sum: flate2::Crc,
    /// What was found at the end: it is said again when somebody asks again.
    verdict: Option<Result<(), (io::ErrorKind, String)>>,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.verdict.is_none() && self.read < self.place.available {
            let left = usize::try_from(self.place.available - self.read).unwrap_or(usize::MAX);
            let wanted = buffer.len().min(left);
            match self.inner.read(&mut buffer[..wanted]) {
                Ok(0) => {
                    let detail =
                        format!("its stored bytes give {} of {} bytes", self.read, self.place.size);
                    self.verdict = Some(Err((io::ErrorKind::UnexpectedEof, detail)));
                }
                Ok(count) => {
                    self.sum.update(&buffer[..count]);
                    self.read += count as u64;
                    return Ok(count);
                }
                Err(error) => self.fail(error)?,
            }
        }
        if self.verdict.is_none() {
            self.verdict = Some(self.at_end()?);
        }
        match &self.verdict {
            Some(Err((kind, detail))) => Err(io::Error::new(*kind, detail.clone())),
            _ => Ok(0),
        }
    }
}

impl Checked {
    /// What the decoder says stays so; what the system says may pass.
    fn fail(&mut self, error: io::Error) -> io::Result<()> {
        let is_data = matches!(
            error.kind(),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
        );
        if !is_data {
            return Err(error);
        }
        let detail = format!("its compressed bytes cannot be decoded after {} bytes", self.read);
        self.verdict = Some(Err((io::ErrorKind::InvalidData, detail)));
        Ok(())
    }

    fn at_end(&mut self) -> io::Result<Result<(), (io::ErrorKind, String)>> {
        if self.place.available < self.place.size {
            return Ok(Ok(()));
        }
        let invalid = |detail| Ok(Err((io::ErrorKind::InvalidData, detail)));
        match self.inner.read(&mut [0]) {
            Ok(0) => {}
            Ok(_) => {
                let size = self.place.size;
                return invalid(format!("it has more than the {size} bytes that the zip says"));
            }
            Err(error) => {
                self.fail(error)?;
                return Ok(self.verdict.take().unwrap_or(Ok(())));
            }
        }
        let (found, declared) = (self.sum.sum(), self.place.crc32);
        if found != declared {
            return invalid(format!(
                "its bytes have the checksum {found:08x}, where the zip says {declared:08x}"
            ));
        }
        Ok(Ok(()))
    }
}
