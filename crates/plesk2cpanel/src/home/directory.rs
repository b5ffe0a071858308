//! Directories that are reached from an open handle, one name at a time.
//!
//! A home belongs to its user, and these commands run as root. A path that is looked up anew each
//! time could be led elsewhere by a link that was not there a moment ago. So every step is taken
//! from a handle, and no step follows a link.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use mail_model::identity::StateFile;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::HomeError;

/// An open directory of a home.
#[derive(Debug)]
pub(crate) struct Dir {
    fd: OwnedFd,
    path: PathBuf,
}

/// What a directory holds under one name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Named {
    /// The name.
    pub(crate) name: Vec<u8>,
    /// What it is.
    pub(crate) kind: Kind,
}

/// What lies under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A link, a device, a pipe.
    Other,
}

const OPEN: OFlags = OFlags::CLOEXEC.union(OFlags::NOFOLLOW);

impl Dir {
    /// Opens the directory that somebody named; links on the way there are their own.
    ///
    /// # Errors
    /// When it can't be opened, or is none.
    pub(crate) fn open(path: &Path) -> Result<Dir, HomeError> {
        let flags = OFlags::CLOEXEC | OFlags::DIRECTORY | OFlags::RDONLY;
        let fd = rustix::fs::open(path, flags, Mode::empty())
            .map_err(|error| HomeError::new(path, &error))?;
        Ok(Dir { fd, path: path.to_owned() })
    }

    /// Where it is, for messages to people.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Path of something in it, for messages to people.
    pub(crate) fn path_of(&self, name: &[u8]) -> PathBuf {
        self.path.join(OsStr::from_bytes(name))
    }

    /// The handle.
    pub(crate) fn fd(&self) -> &OwnedFd {
        &self.fd
    }

    pub(super) fn error(&self, name: &[u8], error: Errno) -> HomeError {
        HomeError::new(&self.path_of(name), &error)
    }

    /// A directory in it. None when there is none of that name; a link is none.
    ///
    /// # Errors
    /// When it can't be opened.
    pub(crate) fn child(&self, name: &[u8]) -> Result<Option<Dir>, HomeError> {
        if !is_one_name(name) {
            return Ok(None);
        }
        let flags = OPEN | OFlags::DIRECTORY | OFlags::RDONLY;
        match rustix::fs::openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => Ok(Some(Dir { fd, path: self.path_of(name) })),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::MLINK) => Ok(None),
            Err(error) => Err(self.error(name, error)),
        }
    }

    /// The same directory, opened once more.
    ///
    /// # Errors
    /// When that fails.
    pub(crate) fn again(&self) -> Result<Dir, HomeError> {
        let flags = OPEN | OFlags::DIRECTORY | OFlags::RDONLY;
        let fd = rustix::fs::openat(&self.fd, ".", flags, Mode::empty())
            .map_err(|error| HomeError::new(&self.path, &error))?;
        Ok(Dir { fd, path: self.path.clone() })
    }

    /// All that it holds, in no order.
    ///
    /// # Errors
    /// When it can't be read.
    pub(crate) fn entries(&self) -> Result<Vec<Named>, HomeError> {
        let failed = |error: Errno| HomeError::new(&self.path, &error);
        let mut entries = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.fd).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let mut kind = entry.file_type();
            if kind == FileType::Unknown {
                // Some file systems keep the type elsewhere.
                match self.stat(name)? {
                    Some(stat) => kind = FileType::from_raw_mode(stat.st_mode),
                    None => continue,
                }
            }
            let kind = match kind {
                FileType::RegularFile => Kind::File,
                FileType::Directory => Kind::Directory,
                _ => Kind::Other,
            };
            entries.push(Named { name: name.to_vec(), kind });
        }
        Ok(entries)
    }

    /// What is known of a name; of a link, of the link itself. None when it is not there.
    ///
    /// # Errors
    /// When the system doesn't say.
    pub(crate) fn stat(&self, name: &[u8]) -> Result<Option<Stat>, HomeError> {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(self.error(name, error)),
        }
    }

    /// What is known of the directory itself.
    ///
    /// # Errors
    /// When the system doesn't say.
    pub(crate) fn own_stat(&self) -> Result<Stat, HomeError> {
        rustix::fs::fstat(&self.fd).map_err(|error| HomeError::new(&self.path, &error))
    }

    /// Opens a regular file for reading. None when there is none of that name; a link, a device or a
    /// pipe is none.
    ///
    /// # Errors
    /// When it can't be opened.
    pub(crate) fn file(&self, name: &[u8]) -> Result<Option<(File, Stat)>, HomeError> {
        if !is_one_name(name) {
            return Ok(None);
        }
        // A pipe would wait for somebody who writes.
        let flags = OPEN | OFlags::RDONLY | OFlags::NONBLOCK;
        let fd = match rustix::fs::openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::NOENT | Errno::LOOP | Errno::MLINK | Errno::NXIO) => return Ok(None),
            Err(error) => return Err(self.error(name, error)),
        };
        let stat = rustix::fs::fstat(&fd).map_err(|error| self.error(name, error))?;
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        Ok(is_file.then(|| (File::from(fd), stat)))
    }

    /// A file of state, with its time and what else is known of it.
    ///
    /// # Errors
    /// When it can't be read, or is larger than any of its kind.
    pub(crate) fn state(&self, name: &[u8]) -> Result<Option<(StateFile, Stat)>, HomeError> {
        self.state_up_to(name, super::LARGEST_STATE)
    }

    /// As [`Dir::state`], of at most so many bytes.
    ///
    /// # Errors
    /// As [`Dir::state`].
    pub(super) fn state_up_to(
        &self,
        name: &[u8],
        limit: u64,
    ) -> Result<Option<(StateFile, Stat)>, HomeError> {
        let Some((file, stat)) = self.file(name)? else { return Ok(None) };
        let bytes =
            bounded(file, limit).map_err(|error| HomeError::new(&self.path_of(name), &error))?;
        Ok(Some((StateFile { bytes, mtime: mtime(&stat) }, stat)))
    }
}

/// The time of last change, in seconds since 1970.
#[allow(clippy::unnecessary_cast, reason = "its type differs between systems")]
pub(super) fn mtime(stat: &Stat) -> i64 {
    stat.st_mtime as i64
}

/// All of a file of state, which is never larger than `limit`.
pub(super) fn bounded(file: impl Read, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file.take(limit + 1).read_to_end(&mut bytes)? as u64 > limit {
        let text = format!("larger than {limit} bytes, which no list of messages is");
        return Err(std::io::Error::other(text));
    }
    Ok(bytes)
}

/// Whether this is one name and no way to elsewhere.
pub(super) fn is_one_name(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.iter().any(|byte| matches!(byte, b'/' | 0))
}
