//! Puts a new list in the place of the old one, so that at every moment one of both is there whole.

use std::fs::File;
use std::io::Write;

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Stat, Uid};
use rustix::io::Errno;

use super::lock::{LIST, ListLock, identity};
use super::{Dir, HomeError};

/// As many old lists as are kept beside one.
const MOST_KEPT: u32 = 10_000;

/// Writes a list under a temporary name, keeps the old one beside as `dovecot-uidlist.before-WHAT`,
/// and renames. The new one belongs to whom the old one did, or to the owner of the directory.
///
/// Gives the name under which the old list is kept; None when there was none.
///
/// # Errors
/// When anything fails, or the lock is no longer held: then the old list is there as it was.
pub(crate) fn replace_list(
    dir: &Dir,
    lock: &ListLock<'_>,
    bytes: &[u8],
    what: &str,
) -> Result<Option<Vec<u8>>, HomeError> {
    let old = dir.stat(LIST)?;
    if old.as_ref().is_some_and(|old| kind(old) != FileType::RegularFile) {
        return Err(HomeError::new(&dir.path_of(LIST), "it is no file"));
    }
    let temporary = format!("dovecot-uidlist.new-{what}").into_bytes();
    let written = write(dir, &temporary, bytes, old.as_ref());
    let kept = written.and_then(|()| {
        let kept = old.as_ref().map(|old| keep(dir, old, what)).transpose()?;
        if !lock.is_held() {
            return Err(HomeError::new(&dir.path_of(LIST), "its lock was taken away meanwhile"));
        }
        rustix::fs::renameat(dir.fd(), &*temporary, dir.fd(), LIST)
            .map_err(|error| dir.error(LIST, error))?;
        Ok(kept)
    });
    if kept.is_err() {
        let _ = rustix::fs::unlinkat(dir.fd(), &*temporary, AtFlags::empty());
    }
    let kept = kept?;
    rustix::fs::fsync(dir.fd()).map_err(|error| dir.error(b"", error))?;
    Ok(kept)
}

fn write(dir: &Dir, name: &[u8], bytes: &[u8], old: Option<&Stat>) -> Result<(), HomeError> {
    let flags = OFlags::CLOEXEC | OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW;
    let create = || rustix::fs::openat(dir.fd(), name, flags, Mode::from_raw_mode(0o600));
    let fd = match create() {
        // Of a run that was killed: under the lock nobody else writes it.
        Err(Errno::EXIST) => rustix::fs::unlinkat(dir.fd(), name, AtFlags::empty())
            .and_then(|()| create())
            .map_err(|error| dir.error(name, error))?,
        result => result.map_err(|error| dir.error(name, error))?,
    };
    own(dir, name, &fd, old)?;
    let mut file = File::from(fd);
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(|error| HomeError::new(&dir.path_of(name), &error))
}

/// Gives a new file the owner and mode of the old one, or what suits its directory.
pub(super) fn own(
    dir: &Dir,
    name: &[u8],
    fd: &impl rustix::fd::AsFd,
    old: Option<&Stat>,
) -> Result<(), HomeError> {
    let of_dir = dir.own_stat()?;
    // Who may search a directory may read the files in it.
    let mode = old.map_or(of_dir.st_mode & 0o666, |old| old.st_mode & 0o777);
    let (uid, gid) = old.map_or((of_dir.st_uid, of_dir.st_gid), |old| (old.st_uid, old.st_gid));
    let mine = rustix::fs::fstat(fd).map_err(|error| dir.error(name, error))?;
    if (mine.st_uid, mine.st_gid) != (uid, gid) {
        rustix::fs::fchown(fd, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))
            .map_err(|error| dir.error(name, error))?;
    }
    // After the owner: a change of owner takes bits away.
    rustix::fs::fchmod(fd, Mode::from_raw_mode(mode)).map_err(|error| dir.error(name, error))
}

/// A second name for the old list. One that a killed run made already is taken again, and none of
/// another list is touched.
fn keep(dir: &Dir, old: &Stat, what: &str) -> Result<Vec<u8>, HomeError> {
    for number in 1..MOST_KEPT {
        let name = match number {
            1 => format!("dovecot-uidlist.before-{what}"),
            number => format!("dovecot-uidlist.before-{what}-{number}"),
        }
        .into_bytes();
        match rustix::fs::linkat(dir.fd(), LIST, dir.fd(), &*name, AtFlags::empty()) {
            Ok(()) => return Ok(name),
            Err(Errno::EXIST) => {
                let there = dir.stat(&name)?;
                if there.is_some_and(|there| identity(&there) == identity(old)) {
                    return Ok(name);
                }
            }
            Err(error) => return Err(dir.error(&name, error)),
        }
    }
    Err(HomeError::new(dir.path(), "there are thousands of old lists: remove some"))
}

fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}
