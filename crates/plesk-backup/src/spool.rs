//! A compressed backup is passed over once into a file that has no name.
//!
//! What is compressed as a whole can only be read from its beginning, while the metadata stand at
//! the end and say which archives to read, each at its place. Reading the whole once for each
//! archive would need no disk and take hours; unpacking members to files of their own would leave
//! them behind when the program is killed. So everything goes into one file that is taken out of
//! its directory as soon as it is made: the system frees it however the program ends.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::archive::{Compression, DecodeError, Decoder, Input};
use crate::damage::Damage;
use crate::open_error::OpenError;
use crate::tree::bytes::{Bytes, Slice};

/// Bytes that are written at once.
const BUFFER: usize = 1024 * 1024;

/// Where compressed backups are unpacked to, and how large that may become.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spool {
    /// An existing directory; the system's temporary one when there is none.
    pub directory: Option<PathBuf>,
    /// Most bytes that may be unpacked, over all files of a backup; no limit but the disk when
    /// there is none.
    pub limit: Option<u64>,
}

impl Spool {
    /// The directory that is used.
    pub fn directory(&self) -> PathBuf {
        self.directory.clone().unwrap_or_else(std::env::temp_dir)
    }
}

/// How a backup is opened.
#[derive(Clone)]
pub struct OpenOptions<'a> {
    /// Where compressed backups are unpacked to.
    pub spool: Spool,
    /// Told now and then while a compressed backup is unpacked: bytes of the compressed file that
    /// are done, and how many it has.
    pub progress: &'a dyn Fn(u64, u64),
    /// Asked now and then while a compressed backup is unpacked: true ends it with
    /// [`OpenError::Cancelled`].
    pub cancelled: &'a dyn Fn() -> bool,
}

impl Default for OpenOptions<'_> {
    /// A spool in the system's temporary directory without a limit, told to nobody.
    fn default() -> Self {
        OpenOptions { spool: Spool::default(), progress: &|_, _| {}, cancelled: &|| false }
    }
}

impl std::fmt::Debug for OpenOptions<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("OpenOptions").field("spool", &self.spool).finish_non_exhaustive()
    }
}

/// An unpacked backup.
pub(crate) struct Spooled {
    pub(crate) bytes: Bytes,
    /// Set when the compressed data end early or cannot be decoded to their end.
    pub(crate) damage: Option<Damage>,
}

/// Unpacks `stored` up to its end, or to where it cannot be decoded any more.
///
/// `used` bytes of the spool's limit are taken already.
pub(crate) fn unpack(
    path: &Path,
    stored: &Arc<Bytes>,
    compression: Compression,
    options: &OpenOptions<'_>,
    used: u64,
) -> Result<Spooled, OpenError> {
    let directory = options.spool.directory();
    let mut file = tempfile::tempfile_in(&directory).map_err(|source| OpenError::SpoolFile {
        path: path.to_owned(),
        directory: directory.clone(),
        source,
    })?;
    let limit = options.spool.limit.map(|limit| limit.saturating_sub(used));
    let decoder = decoder(stored, compression)
        .map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
    let (written, damage) = match copy(decoder, stored.len(), &mut file, limit, options) {
        Ok(done) => done,
        Err(Failure::Cancelled) => return Err(OpenError::Cancelled),
        Err(Failure::Limit) => {
            return Err(OpenError::SpoolLimit {
                path: path.to_owned(),
                directory,
                limit: options.spool.limit.unwrap_or_default(),
            });
        }
        Err(Failure::Full { written, source }) => {
            let path = path.to_owned();
            let written = used + written;
            return Err(OpenError::SpoolFull { path, directory, written, source });
        }
        Err(Failure::Io(source)) => {
            return Err(OpenError::SpoolFile { path: path.to_owned(), directory, source });
        }
    };
    let damage = damage.map(|error| Damage::Compressed {
        offset: error.offset,
        length: stored.len(),
        detail: error.detail,
        unpacked: written,
    });
    let to_error = |source| OpenError::SpoolFile {
        path: path.to_owned(),
        directory: directory.clone(),
        source,
    };
    Ok(Spooled { bytes: Bytes::one(file).map_err(to_error)?, damage })
}

#[derive(Debug)]
enum Failure {
    Cancelled,
    Limit,
    Full { written: u64, source: io::Error },
    Io(io::Error),
}

/// Copies until the data end or cannot be decoded any more; tells how much, and what is wrong.
fn copy(
    mut decoder: Decoder,
    length: u64,
    out: &mut impl Write,
    limit: Option<u64>,
    options: &OpenOptions<'_>,
) -> Result<(u64, Option<DecodeError>), Failure> {
    let mut buffer = vec![0; BUFFER];
    let mut written = 0_u64;
    loop {
        if (options.cancelled)() {
            return Err(Failure::Cancelled);
        }
        let mut filled = 0;
        let mut end = None;
        while filled < buffer.len() && end.is_none() {
            match decoder.read(&mut buffer[filled..]) {
                Ok(0) => end = Some(None),
                Ok(count) => filled += count,
                Err(error) => end = Some(Some(error)),
            }
        }
        if limit.is_some_and(|limit| written + filled as u64 > limit) {
            return Err(Failure::Limit);
        }
        if let Err(source) = out.write_all(&buffer[..filled]) {
            let is_full = matches!(
                source.kind(),
                io::ErrorKind::StorageFull
                    | io::ErrorKind::QuotaExceeded
                    | io::ErrorKind::FileTooLarge
            );
            return Err(if is_full {
                Failure::Full { written, source }
            } else {
                Failure::Io(source)
            });
        }
        written += filled as u64;
        (options.progress)(decoder.offset(), length);
        if let Some(broken) = end {
            return Ok((written, broken));
        }
    }
}

/// The first bytes of a compressed file, without a spool.
pub(crate) struct Peek {
    pub(crate) head: Vec<u8>,
    /// All of it is in `head`.
    pub(crate) is_whole: bool,
    /// Why no more came.
    pub(crate) error: Option<String>,
}

/// Unpacks at most `limit` bytes into memory.
pub(crate) fn peek(
    stored: &Arc<Bytes>,
    compression: Compression,
    limit: usize,
) -> io::Result<Peek> {
    let mut decoder = decoder(stored, compression)?;
    let mut head = vec![0; limit];
    let mut filled = 0;
    let (mut is_whole, mut error) = (false, None);
    while filled < limit && !is_whole && error.is_none() {
        match decoder.read(&mut head[filled..]) {
            Ok(0) => is_whole = true,
            Ok(count) => filled += count,
            Err(broken) => error = Some(broken.to_io_error().to_string()),
        }
    }
    head.truncate(filled);
    Ok(Peek { head, is_whole, error })
}

fn decoder(stored: &Arc<Bytes>, compression: Compression) -> io::Result<Decoder> {
    let reader = Slice::new(Arc::clone(stored), 0, stored.len());
    Decoder::new(compression, Input::new(Box::new(reader), 0))
}

/// A file's bytes without its name, for the tests.
#[cfg(test)]
fn stored_file(content: &[u8]) -> Arc<Bytes> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    Arc::new(Bytes::one(file).unwrap())
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    fn compressed() -> (Vec<u8>, Vec<(Compression, Vec<u8>)>) {
        let plain: Vec<u8> = (0..1_500_000_u32).flat_map(u32::to_le_bytes).collect();
        let gzip = |bytes: &[u8]| {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        };
        let (first, second) = plain.split_at(2_000_000);
        let members = [gzip(first), gzip(second)].concat();
        let frames =
            [zstd::encode_all(first, 1).unwrap(), zstd::encode_all(second, 1).unwrap()].concat();
        (plain, vec![(Compression::Gzip, members), (Compression::Zstd, frames)])
    }

    fn read_all(spooled: &Spooled) -> Vec<u8> {
        let mut all = vec![0; usize::try_from(spooled.bytes.len()).unwrap()];
        assert_eq!(spooled.bytes.read_full_at(&mut all, 0).unwrap(), all.len());
        all
    }

    /// Takes so many bytes.
    struct FullDisk(usize);
    impl Write for FullDisk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            Ok(taken)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn members_and_frames_come_out_one_after_another_and_no_file_is_seen() {
        let (plain, forms) = compressed();
        for (compression, stored) in forms {
            let directory = tempfile::tempdir().unwrap();
            let told = RefCell::new(Vec::new());
            let seen = Cell::new(0);
            let progress = |done, total| {
                told.borrow_mut().push((done, total));
                seen.set(seen.get() + std::fs::read_dir(directory.path()).unwrap().count());
            };
            let options = OpenOptions {
                spool: Spool { directory: Some(directory.path().to_owned()), limit: None },
                progress: &progress,
                ..OpenOptions::default()
            };
            let path = Path::new("x");
            let spooled = unpack(path, &stored_file(&stored), compression, &options, 0).unwrap();
            assert!(spooled.damage.is_none() && read_all(&spooled) == plain, "{compression:?}");
            let length = stored.len() as u64;
            let told = told.into_inner();
            assert_eq!(told.last(), Some(&(length, length)));
            assert!(told.is_sorted() && told.len() > 5, "{told:?}");
            assert_eq!(seen.get(), 0, "the file has a name");
        }
    }

    #[test]
    fn what_comes_before_the_damage_is_kept() {
        let (plain, forms) = compressed();
        for (compression, stored) in forms {
            let cut = stored_file(&stored[..stored.len() / 2]);
            let spooled =
                unpack(Path::new("x"), &cut, compression, &OpenOptions::default(), 0).unwrap();
            let all = read_all(&spooled);
            assert!(all.len() > 500_000 && plain.starts_with(&all), "{compression:?}");
            let Some(Damage::Compressed { offset, length, unpacked, .. }) = spooled.damage else {
                panic!("no damage was told")
            };
            assert_eq!((offset, length), (cut.len(), cut.len()));
            assert_eq!(unpacked, all.len() as u64);
        }
    }

    #[test]
    fn the_limit_the_disk_and_whoever_waits_can_end_it() {
        let (_, forms) = compressed();
        let (compression, stored) = &forms[0];
        let stored = stored_file(stored);
        let limited = OpenOptions {
            spool: Spool { directory: None, limit: Some(3_000_000) },
            ..OpenOptions::default()
        };
        let error = unpack(Path::new("x"), &stored, *compression, &limited, 0).err().unwrap();
        assert!(matches!(error, OpenError::SpoolLimit { limit: 3_000_000, .. }), "{error}");
        // Another file of the same backup has taken what is left.
        let roomy = OpenOptions {
            spool: Spool { directory: None, limit: Some(7_000_000) },
            ..OpenOptions::default()
        };
        assert!(unpack(Path::new("x"), &stored, *compression, &roomy, 1_000_000).is_ok());
        assert!(unpack(Path::new("x"), &stored, *compression, &roomy, 1_000_001).is_err());

        let asked = Cell::new(0);
        let cancelled = || {
            asked.set(asked.get() + 1);
            asked.get() > 2
        };
        let options = OpenOptions { cancelled: &cancelled, ..OpenOptions::default() };
        let error = unpack(Path::new("x"), &stored, *compression, &options, 0).err().unwrap();
        assert!(matches!(error, OpenError::Cancelled), "{error}");

        let options = OpenOptions::default();
        let decoder = decoder(&stored, *compression).unwrap();
        let result = copy(decoder, stored.len(), &mut FullDisk(2_500_000), None, &options);
        let Err(Failure::Full { written, .. }) = result else { panic!("the disk was not full") };
        // Whole buffers are counted.
        assert_eq!(written, 2 * BUFFER as u64);
    }

    #[test]
    fn a_directory_that_is_not_there_is_named() {
        let (_, forms) = compressed();
        let options = OpenOptions {
            spool: Spool { directory: Some("/nowhere/at/all".into()), limit: None },
            ..OpenOptions::default()
        };
        let error = unpack(Path::new("x"), &stored_file(&forms[0].1), forms[0].0, &options, 0)
            .err()
            .unwrap();
        assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
    }

    #[test]
    fn a_peek_takes_no_more_than_it_was_asked_for() {
        let (plain, forms) = compressed();
        for (compression, stored) in forms {
            let peeked = peek(&stored_file(&stored), compression, 1000).unwrap();
            assert_eq!((peeked.head.as_slice(), peeked.is_whole), (&plain[..1000], false));
            let peeked = peek(&stored_file(&stored[..3]), compression, 1000).unwrap();
            assert!(peeked.head.is_empty() && peeked.error.is_some(), "{compression:?}");
        }
    }
}
