//! An archive as a directory.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::read_back::WrittenKind;
use super::read_back::WrittenMember;
use crate::Compressor;
use crate::ordered::Ordered;

/// Writes members below a directory of its own. Modes are set explicitly, so that the umask has
/// no say; those of directories at the end, because one may not be writable.
pub(super) struct DirectorySink {
    root: PathBuf,
    open: Option<OpenFile>,
    /// Files on their way to the disk: waiting for each one by itself would take longer than
    /// everything else.
    syncs: Ordered<()>,
    written: Vec<WrittenMember>,
    size: u64,
}

struct OpenFile {
    file: File,
    mode: u32,
    mtime: i64,
}

impl DirectorySink {
    pub(super) fn new(root: PathBuf, compressor: Compressor) -> DirectorySink {
        DirectorySink {
            root,
            open: None,
            syncs: Ordered::new(compressor),
            written: Vec::new(),
            size: 0,
        }
    }

    pub(super) fn directory(&mut self, path: &[u8], mode: u32, mtime: i64) -> io::Result<()> {
        let place = self.place(path);
        fs::create_dir(&place)?;
        // Usable until the end, whatever the umask leaves of it.
        fs::set_permissions(&place, Permissions::from_mode(0o700))?;
        self.remember(path, WrittenKind::Directory, mode, 0, mtime);
        Ok(())
    }

    pub(super) fn file(&mut self, path: &[u8], mode: u32, size: u64, mtime: i64) -> io::Result<()> {
        let file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.place(path))?;
        self.open = Some(OpenFile { file, mode, mtime });
        self.remember(path, WrittenKind::File, mode, size, mtime);
        Ok(())
    }

    pub(super) fn content(&mut self, data: &[u8]) -> io::Result<()> {
        match &mut self.open {
            Some(open) => open.file.write_all(data),
            None => Err(io::Error::other("no file is open")),
        }
    }

    pub(super) fn end_of_content(&mut self) -> io::Result<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
        self.size += open.file.metadata()?.len();
        open.file.set_permissions(Permissions::from_mode(open.mode & 0o7777))?;
        open.file.set_modified(system_time(open.mtime)?)?;
        self.syncs.push(move || open.file.sync_all()).map(|_| ())
    }

    pub(super) fn hard_link(
        &mut self,
        path: &[u8],
        target: &[u8],
        mode: u32,
        mtime: i64,
    ) -> io::Result<()> {
        fs::hard_link(self.place(target), self.place(path))?;
        self.remember(path, WrittenKind::HardLink { target: target.into() }, mode, 0, mtime);
        Ok(())
    }

    /// Waits for the disk, and gives the directories their modes and times.
    pub(super) fn finish(mut self, stamp: i64) -> io::Result<(Vec<WrittenMember>, u64)> {
        while self.syncs.pop()?.is_some() {}
        for member in self.written.iter().rev() {
            if member.kind == WrittenKind::Directory {
                seal_directory(&self.place(&member.path), member.mode, member.mtime)?;
            }
        }
        seal_directory(&self.root, 0o700, stamp)?;
        Ok((self.written, self.size))
    }

    fn place(&self, path: &[u8]) -> PathBuf {
        self.root.join(OsStr::from_bytes(path))
    }

    fn remember(&mut self, path: &[u8], kind: WrittenKind, mode: u32, size: u64, mtime: i64) {
        let mode = mode & 0o7777;
        self.written.push(WrittenMember { path: path.into(), kind, mode, size, mtime });
    }
}

fn seal_directory(path: &Path, mode: u32, mtime: i64) -> io::Result<()> {
    let directory = File::open(path)?;
    directory.set_permissions(Permissions::from_mode(mode))?;
    directory.set_modified(system_time(mtime)?)?;
    directory.sync_all()
}

/// A time in seconds since 1970, as the system's calls take it.
fn system_time(seconds: i64) -> io::Result<SystemTime> {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    time.ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("no time of a file: {seconds}"))
    })
}
