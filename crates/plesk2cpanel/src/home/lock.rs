//! Dovecot's own lock of a list, `dovecot-uidlist.lock`.
//!
//! Dovecot makes it, with its process and host inside, before it reads the list anew and changes
//! it. Its rules for locks that were left behind are kept here: one of a process of this host goes
//! when the process is gone, any other when it and the list have not changed for two minutes.

use std::fs::File;
use std::io::{Read, Write};
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::{AtFlags, Mode, OFlags, Stat};
use rustix::io::Errno;
use rustix::process::Pid;

use super::directory::mtime;
use super::replace::own;
use super::{Dir, HomeError};
use crate::progress::Interrupt;

/// Name of the list that it guards.
pub(crate) const LIST: &[u8] = b"dovecot-uidlist";
const LOCK: &[u8] = b"dovecot-uidlist.lock";

/// After this a lock that nobody of this host holds, and that did not change, counts for nothing.
const STALE: Duration = Duration::from_mins(2);
/// How long Dovecot itself waits.
pub(crate) const PATIENCE: Duration = Duration::from_secs(122);
/// How much longer it may take to remove locks that were left behind.
const LATE: Duration = Duration::from_secs(2);
/// A lock younger than this is surely held: its maker may not have written its number yet.
const YOUNG: i64 = 2;

/// A held lock; given back when dropped.
#[derive(Debug)]
pub(crate) struct ListLock<'a> {
    dir: &'a Dir,
    /// Device and number of the file, so that no other's is removed.
    identity: (u64, u64),
    /// Open as long as it is held: else another file could get the same number.
    _file: File,
}

impl<'a> ListLock<'a> {
    /// Takes the lock of the list in this directory.
    ///
    /// # Errors
    /// When somebody else holds it for longer than `patience`, or it can't be made.
    pub(crate) fn take(dir: &'a Dir, patience: Duration) -> Result<ListLock<'a>, HomeError> {
        let never = Interrupt::default();
        Ok(ListLock::wait(dir, patience, &never)?.expect("nobody raises this interrupt"))
    }

    /// As [`ListLock::take`]; None when the run is interrupted meanwhile.
    ///
    /// # Errors
    /// As [`ListLock::take`].
    pub(crate) fn wait(
        dir: &'a Dir,
        patience: Duration,
        interrupt: &Interrupt,
    ) -> Result<Option<ListLock<'a>>, HomeError> {
        let end = Instant::now() + patience;
        let mut wait = Duration::from_millis(20);
        let mut watched = Watched::default();
        loop {
            if interrupt.is_raised() {
                return Ok(None);
            }
            if let Some(lock) = ListLock::create(dir)? {
                return Ok(Some(lock));
            }
            let holder = watched.look(dir)?;
            // One that was just removed may be tried for once more, but somebody may make a lock that
            // looks left behind again and again.
            let late = if holder.is_some() { Duration::ZERO } else { LATE };
            if Instant::now() >= end + late {
                let text = format!(
                    "{} holds it for more than {} seconds: try again later, or look what that \
                     process does",
                    holder.as_deref().unwrap_or("somebody"),
                    patience.as_secs()
                );
                return Err(HomeError::new(&dir.path_of(LOCK), &text));
            }
            if holder.is_some() {
                std::thread::sleep(wait.min(end.saturating_duration_since(Instant::now())));
                wait = (wait * 2).min(Duration::from_millis(500));
            }
        }
    }

    /// Makes the lock, unless there is one. It has its owner and content from its first moment on,
    /// since a server that waits for it looks into it.
    fn create(dir: &'a Dir) -> Result<Option<ListLock<'a>>, HomeError> {
        let temporary = format!(".plesk2cpanel.{}.{}.lock", host(), std::process::id());
        let temporary = temporary.replace('/', "_").into_bytes();
        let flags = OFlags::CLOEXEC | OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY;
        let mode = Mode::from_raw_mode(0o600);
        let open = || rustix::fs::openat(dir.fd(), &*temporary, flags, mode);
        let fd = match open() {
            // Of another process that had our number and was killed.
            Err(Errno::EXIST) => {
                rustix::fs::unlinkat(dir.fd(), &*temporary, AtFlags::empty()).and_then(|()| open())
            }
            result => result,
        };
        let fd = fd.map_err(|error| dir.error(&temporary, error))?;
        let made = own(dir, &temporary, &fd, None).and_then(|()| {
            let stat = rustix::fs::fstat(&fd).map_err(|error| dir.error(LOCK, error))?;
            let mut file = File::from(fd);
            file.write_all(format!("{}:{}", std::process::id(), host()).as_bytes())
                .map_err(|error| HomeError::new(&dir.path_of(LOCK), &error))?;
            match rustix::fs::linkat(dir.fd(), &*temporary, dir.fd(), LOCK, AtFlags::empty()) {
                Ok(()) => Ok(Some(ListLock { dir, identity: identity(&stat), _file: file })),
                Err(Errno::EXIST) => Ok(None),
                Err(error) => Err(dir.error(LOCK, error)),
            }
        });
        let _ = rustix::fs::unlinkat(dir.fd(), &*temporary, AtFlags::empty());
        made
    }

    /// Whether it is still ours. Somebody may have taken it for one that was left behind.
    pub(crate) fn is_held(&self) -> bool {
        let stat = self.dir.stat(LOCK).ok().flatten();
        stat.is_some_and(|stat| identity(&stat) == self.identity)
    }
}

impl Drop for ListLock<'_> {
    fn drop(&mut self) {
        if self.is_held() {
            // What is left is seen to be of no living process.
            let _ = rustix::fs::unlinkat(self.dir.fd(), LOCK, AtFlags::empty());
        }
    }
}

/// What was seen of another's lock, and of the list.
#[derive(Default)]
struct Watched {
    seen: Option<[Option<Seen>; 2]>,
    since: Option<SystemTime>,
}

/// Device, number, size, time of change.
type Seen = ((u64, u64), i64, i64);

impl Watched {
    /// Who holds the lock; None when nobody does any more, so that it can be tried for at once.
    fn look(&mut self, dir: &Dir) -> Result<Option<String>, HomeError> {
        let Some(stat) = dir.stat(LOCK)? else { return Ok(None) };
        let list = dir.stat(LIST)?;
        let seen = [Some(seen(&stat)), list.as_ref().map(seen)];
        let now = SystemTime::now();
        if self.seen != Some(seen) {
            // At the first look the files say since when they are as they are.
            let changed = list.as_ref().map_or(0, mtime).max(mtime(&stat));
            let changed = SystemTime::UNIX_EPOCH
                + Duration::from_secs(u64::try_from(changed).unwrap_or_default());
            self.since = Some(if self.seen.is_none() { changed.min(now) } else { now });
            self.seen = Some(seen);
        }
        let age = mtime_age(&stat, now);
        let holder = read_holder(dir)?;
        let left_behind = match &holder {
            Holder::Here(pid) => age > YOUNG && !is_alive(*pid),
            Holder::Other(_) => {
                let since = self.since.unwrap_or(now);
                now.duration_since(since).is_ok_and(|unchanged| unchanged > STALE)
            }
        };
        if left_behind {
            let again = dir.stat(LOCK)?;
            if again.as_ref().map(self::seen) == Some(self::seen(&stat)) {
                match rustix::fs::unlinkat(dir.fd(), LOCK, AtFlags::empty()) {
                    Ok(()) | Err(Errno::NOENT) => {}
                    Err(error) => return Err(dir.error(LOCK, error)),
                }
                // Another may have come to the same thought, and be about to remove what we make.
                std::thread::sleep(Duration::from_millis(150));
            }
            return Ok(None);
        }
        Ok(Some(match holder {
            Holder::Here(pid) => format!("process {}", pid.as_raw_nonzero()),
            Holder::Other(text) if text.is_empty() => "somebody".to_owned(),
            Holder::Other(text) => format!("`{text}`"),
        }))
    }
}

enum Holder {
    /// A process of this host.
    Here(Pid),
    /// Whatever else stands in it.
    Other(String),
}

fn read_holder(dir: &Dir) -> Result<Holder, HomeError> {
    let mut text = Vec::new();
    if let Some((file, _)) = dir.file(LOCK)? {
        let mut file = file.take(512);
        file.read_to_end(&mut text).map_err(|error| HomeError::new(&dir.path_of(LOCK), &error))?;
    }
    let text = plesk_backup::printable(text.trim_ascii_end());
    let here = text.split_once(':').filter(|(_, on)| *on == host());
    let pid = here.and_then(|(pid, _)| Pid::from_raw(pid.parse().ok().filter(|pid| *pid > 0)?));
    Ok(pid.map_or(Holder::Other(text), Holder::Here))
}

/// Whether a process is there. One that may not be asked is.
fn is_alive(pid: Pid) -> bool {
    rustix::process::test_kill_process(pid) != Err(Errno::SRCH)
}

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[allow(clippy::unnecessary_cast, reason = "their types differ between systems")]
pub(super) fn identity(stat: &Stat) -> (u64, u64) {
    (stat.st_dev as u64, stat.st_ino as u64)
}

#[allow(clippy::unnecessary_cast, reason = "its type differs between systems")]
fn seen(stat: &Stat) -> Seen {
    (identity(stat), stat.st_size as i64, mtime(stat))
}

fn mtime_age(stat: &Stat, now: SystemTime) -> i64 {
    let now = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    i64::try_from(now).unwrap_or(i64::MAX).saturating_sub(mtime(stat))
}
