//! An archive that is complete and waits for its name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempDir, TempPath};

use super::read_back::{self, ReadMember, WrittenMember};
use super::writer::sync_directory;
use super::{Form, ReadBackError, WriteError};

/// Where an archive lies until it gets its name. Dropping it removes the archive.
#[derive(Debug)]
pub(super) enum Stored {
    File(TempPath),
    Directory(TempDir),
}

impl Stored {
    pub(super) fn path(&self) -> &Path {
        match self {
            Stored::File(path) => path,
            Stored::Directory(directory) => directory.path(),
        }
    }
}

/// A complete archive under its temporary name.
///
/// [`publish`](Self::publish) gives it its own; dropping it removes it.
#[derive(Debug)]
#[must_use = "dropping a finished archive removes it"]
pub struct FinishedArchive {
    pub(super) stored: Stored,
    pub(super) target: PathBuf,
    pub(super) top: Vec<u8>,
    pub(super) form: Form,
    pub(super) replace: bool,
    pub(super) written: Vec<WrittenMember>,
    pub(super) members: u64,
    pub(super) size: u64,
}

impl FinishedArchive {
    /// Where the archive lies at this time.
    pub fn temporary_path(&self) -> &Path {
        self.stored.path()
    }

    /// The name that it will get.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// The size of the file in bytes; for a directory, of the content of all files in it.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Reads the archive from the disk and shows every member to `visit`, in the order in which
    /// they were written and without the top directory. In a compressed archive, the checksum is
    /// checked too.
    ///
    /// # Errors
    /// [`ReadBackError`]: the archive cannot be read, holds something other than was written, or
    /// `visit` returned an error.
    pub fn read_back(
        &self,
        mut visit: impl FnMut(ReadMember<'_>) -> io::Result<()>,
    ) -> Result<(), ReadBackError> {
        let path = self.temporary_path();
        let read = match self.form {
            Form::TarGz => read_back::tar_gz(path, &self.top, &mut visit)?,
            Form::Tar => read_back::tar(path, &self.top, &mut visit)?,
            Form::Directory => read_back::directory(path, &self.written, &mut visit)?,
        };
        if read == self.members {
            Ok(())
        } else {
            Err(ReadBackError::Count { read, written: self.members })
        }
    }

    /// Gives the archive its name, and waits until that is on the disk.
    ///
    /// A file replaces another one in one step. A directory cannot: the old one is moved aside
    /// first, moved back if the new one does not get the name, and removed at the end.
    ///
    /// # Errors
    /// [`WriteError::TargetExists`] if something of that name has come up meanwhile and is not to
    /// be replaced; [`WriteError::Archive`] if the system refuses.
    pub fn publish(self) -> Result<PathBuf, WriteError> {
        let FinishedArchive { stored, target, replace, .. } = self;
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        match stored {
            Stored::File(file) => publish_file(file, &target, replace)?,
            Stored::Directory(directory) => {
                publish_directory(directory, &target, &parent, replace)?;
            }
        }
        sync_directory(&parent).map_err(failed("write to the disk the directory", &parent))?;
        Ok(target)
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_owned();
    move |source| WriteError::Archive { action, path, source }
}

fn publish_file(file: TempPath, target: &Path, replace: bool) -> Result<(), WriteError> {
    let result = if replace { file.persist(target) } else { file.persist_noclobber(target) };
    result.map_err(|error| {
        if !replace && error.error.kind() == io::ErrorKind::AlreadyExists {
            return WriteError::TargetExists { target: target.to_owned() };
        }
        failed("give the archive the name", target)(error.error)
    })
}

fn publish_directory(
    directory: TempDir,
    target: &Path,
    parent: &Path,
    replace: bool,
) -> Result<(), WriteError> {
    let naming =
        |result: io::Result<()>| result.map_err(failed("give the archive the name", target));
    if target.symlink_metadata().is_err() {
        naming(fs::rename(directory.path(), target))?;
        // It is no longer temporary: there is nothing to remove.
        let _moved = directory.keep();
        return Ok(());
    }
    if !replace {
        return Err(WriteError::TargetExists { target: target.to_owned() });
    }
    let aside = Builder::new()
        .prefix(".replaced-")
        .tempdir_in(parent)
        .map_err(failed("create a temporary directory in", parent))?;
    let old = aside.path().join("old");
    fs::rename(target, &old).map_err(failed("move aside", target))?;
    if let Err(error) = fs::rename(directory.path(), target) {
        if let Err(second) = fs::rename(&old, target) {
            // The old archive must not be removed with the directory that it is in.
            let kept = aside.keep();
            return Err(failed("move the old archive back out of", &kept)(second));
        }
        return naming(Err(error));
    }
    let _moved = directory.keep();
    let place = aside.path().to_owned();
    aside.close().map_err(failed("remove the replaced archive in", &place))
}
