//! Reading one entry.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use super::bytes::{Bytes, Slice};
use super::transfer_encoding::{Base64, DecodingReader, QuotedPrintable};
use super::{Encoding, Entry, Source};
use crate::zip_format;

/// Reads one entry of a [`Tree`](super::Tree); any number of them may be open side by side.
pub struct EntryReader {
    inner: Box<dyn Read + Send>,
}

impl EntryReader {
    pub(crate) fn open(source: &Source, entry: &Entry) -> io::Result<EntryReader> {
        let (bytes, offset) = stored(source, entry)?;
        let inner: Box<dyn Read + Send> = match entry.encoding {
            Encoding::Plain => Box::new(Slice::new(bytes, offset, entry.available)),
            Encoding::Zip(place) => zip_format::open(bytes, &place)?,
            Encoding::Base64 { stored } => {
                let slice = Slice::new(bytes, offset, stored);
                Box::new(DecodingReader::new(Base64::default(), slice).take(entry.available))
            }
            Encoding::QuotedPrintable { stored } => {
                let slice = Slice::new(bytes, offset, stored);
                let reader = DecodingReader::new(QuotedPrintable::default(), slice);
                Box::new(reader.take(entry.available))
            }
        };
        Ok(EntryReader { inner })
    }
}

/// Where the bytes of an entry lie as they are stored.
pub(super) fn stored(source: &Source, entry: &Entry) -> io::Result<(Arc<Bytes>, u64)> {
    Ok(match source {
        Source::Bytes(bytes) => (Arc::clone(bytes), entry.offset),
        Source::Directory(root) => {
            (Arc::new(Bytes::one(File::open(root.join(path_of(&entry.path)?))?)?), 0)
        }
    })
}

impl std::fmt::Debug for EntryReader {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("EntryReader").finish_non_exhaustive()
    }
}

impl Read for EntryReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }
}

/// Names in a tree are bytes; so they are on Unix, and elsewhere they must be UTF-8.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "fails on other systems")]
pub(crate) fn path_of(name: &[u8]) -> io::Result<PathBuf> {
    Ok(PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(name)))
}

#[cfg(not(unix))]
pub(crate) fn path_of(name: &[u8]) -> io::Result<PathBuf> {
    std::str::from_utf8(name)
        .map(PathBuf::from)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
}
