//! What a merge does to the files of a mailbox. Every new file and directory belongs to whom the
//! directory belongs that it is made in.

use std::fs::File;
use std::io::Write;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::directory::is_one_name;
use super::replace::own;
use super::{Dir, HomeError};

impl Dir {
    /// A new file; one that a killed run left is begun anew.
    ///
    /// # Errors
    /// When it can't be made.
    pub(crate) fn create(&self, name: &[u8]) -> Result<File, HomeError> {
        self.check(name)?;
        let flags =
            OFlags::CLOEXEC | OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW;
        let create = || rustix::fs::openat(self.fd(), name, flags, Mode::from_raw_mode(0o600));
        let fd = match create() {
            Err(Errno::EXIST) => {
                self.remove(name)?;
                create()
            }
            result => result,
        };
        let fd = fd.map_err(|error| self.error(name, error))?;
        own(self, name, &fd, None)?;
        Ok(File::from(fd))
    }

    /// Puts a whole file in the place of another, or of none.
    ///
    /// # Errors
    /// When it can't be written; the old file is there as it was then.
    pub(crate) fn put(&self, name: &[u8], bytes: &[u8]) -> Result<(), HomeError> {
        let temporary = [name, b".plesk2cpanel"].concat();
        let mut file = self.create(&temporary)?;
        file.write_all(bytes)
            .and_then(|()| file.sync_all())
            .map_err(|error| HomeError::new(&self.path_of(&temporary), &error))?;
        self.rename(&temporary, self, name)
    }

    /// Gives a file another name, perhaps in another directory. What had that name is gone.
    ///
    /// # Errors
    /// When that can't be done.
    pub(crate) fn rename(&self, from: &[u8], to: &Dir, name: &[u8]) -> Result<(), HomeError> {
        to.check(name)?;
        rustix::fs::renameat(self.fd(), from, to.fd(), name)
            .map_err(|error| self.error(from, error))
    }

    /// Removes a file; that it is not there is no error.
    ///
    /// # Errors
    /// When it can't be removed.
    pub(crate) fn remove(&self, name: &[u8]) -> Result<(), HomeError> {
        match rustix::fs::unlinkat(self.fd(), name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(self.error(name, error)),
        }
    }

    /// Removes a directory if it is empty. Whether it is gone.
    pub(crate) fn remove_empty(&self, name: &[u8]) -> bool {
        matches!(
            rustix::fs::unlinkat(self.fd(), name, AtFlags::REMOVEDIR),
            Ok(()) | Err(Errno::NOENT)
        )
    }

    /// A directory in it, made if it is not there.
    ///
    /// # Errors
    /// When it can't be made, or something else has the name.
    pub(crate) fn make(&self, name: &[u8]) -> Result<Dir, HomeError> {
        self.check(name)?;
        if let Some(dir) = self.child(name)? {
            return Ok(dir);
        }
        let made = rustix::fs::mkdirat(self.fd(), name, Mode::from_raw_mode(0o700));
        match made {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(self.error(name, error)),
        }
        let dir = self
            .child(name)?
            .ok_or_else(|| HomeError::new(&self.path_of(name), "it is no directory"))?;
        let (mine, above) = (dir.own_stat()?, self.own_stat()?);
        if (mine.st_uid, mine.st_gid) != (above.st_uid, above.st_gid) {
            let (uid, gid) = (above.st_uid, above.st_gid);
            let owner = Some(rustix::fs::Uid::from_raw(uid));
            rustix::fs::fchown(dir.fd(), owner, Some(rustix::fs::Gid::from_raw(gid)))
                .map_err(|error| self.error(name, error))?;
        }
        rustix::fs::fchmod(dir.fd(), Mode::from_raw_mode(above.st_mode & 0o777))
            .map_err(|error| self.error(name, error))?;
        Ok(dir)
    }

    /// A name that comes from a backup may lead elsewhere.
    fn check(&self, name: &[u8]) -> Result<(), HomeError> {
        if is_one_name(name) {
            return Ok(());
        }
        Err(HomeError::new(&self.path_of(name), "it is no name for a file"))
    }

    /// Has the disk keep what names it holds.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn sync(&self) -> Result<(), HomeError> {
        rustix::fs::fsync(self.fd()).map_err(|error| HomeError::new(self.path(), &error))
    }
}
