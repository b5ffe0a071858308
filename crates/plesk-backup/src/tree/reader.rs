//! Reading one entry by position.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use super::{Entry, Source};

/// Reads one entry of a [`Tree`](super::Tree); any number of them may be open side by side.
#[derive(Debug)]
pub struct EntryReader {
    file: Arc<File>,
    start: u64,
    length: u64,
    position: u64,
}

impl EntryReader {
    pub(super) fn open(source: &Source, entry: &Entry) -> io::Result<EntryReader> {
        let file = match source {
            Source::Tar(file) => Arc::clone(file),
            Source::Directory(root) => Arc::new(File::open(root.join(path_of(&entry.path)?))?),
        };
        Ok(EntryReader { file, start: entry.offset, length: entry.available, position: 0 })
    }

    /// Bytes of the entry.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl Read for EntryReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.length.saturating_sub(self.position);
        let wanted = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let got = read_at(&self.file, &mut buffer[..wanted], self.start + self.position)?;
        self.position += got as u64;
        Ok(got)
    }
}

impl Seek for EntryReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(delta) => self.length.checked_add_signed(delta),
            SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
        };
        self.position = position.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "seek to before the beginning of an entry")
        })?;
        Ok(self.position)
    }
}

#[cfg(unix)]
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
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
