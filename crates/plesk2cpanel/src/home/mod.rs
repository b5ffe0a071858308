//! The mail of an account as it stands on the cPanel server: its home, the `mail` directory alone,
//! or an archive of the account.
//!
//! A [`Home`] is read mailbox by mailbox. What belongs to its user is never trusted: no link is
//! followed, files of state have a largest size, and names are bytes. Only a home on disk can be
//! changed, list by list: [`ListLock`] is Dovecot's own lock, and [`replace_list`] puts a new list
//! in the place of the old one, which is kept.

mod archive;
mod directory;
mod lock;
mod maildir;
mod plain;
mod replace;
mod write;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use mail_model::identity::{RawFolder, StateFile};

pub(crate) use self::directory::{Dir, Kind, Named};
pub(crate) use self::lock::{LIST, ListLock, PATIENCE};
pub(crate) use self::maildir::read_folder;
pub(crate) use self::plain::plain;
pub(crate) use self::replace::replace_list;

use self::archive::ArchiveHome;
use crate::error::Error;
use crate::progress::Interrupt;

/// No file of state is larger: at a hundred bytes each, a list of this size names five million
/// messages.
const LARGEST_STATE: u64 = 512 << 20;
/// A list is at most so large, with [`LIST_PER_FILE`] for each file of the folder: whoever makes a
/// larger one wants to fill the memory of those who read it.
const LIST_WITHOUT_FILES: u64 = 1 << 20;
const LIST_PER_FILE: u64 = 1 << 10;
/// No line of a list has more fields.
const MOST_FIELDS: usize = 64;

/// Something of a home that can't be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {text}", path.display())]
pub struct HomeError {
    /// Where.
    pub path: PathBuf,
    /// Why.
    pub text: String,
}

impl HomeError {
    pub(crate) fn new(path: &Path, text: &(impl ToString + ?Sized)) -> HomeError {
        HomeError { path: path.to_owned(), text: text.to_string() }
    }
}

/// Where an account's mail stands.
pub(crate) struct Home {
    name: String,
    at: At,
}

enum At {
    /// The directory with one directory for each domain.
    Directory {
        mail: Dir,
        writable: bool,
    },
    Archive(ArchiveHome),
}

/// How a mailbox is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// One file for each message.
    Maildir,
    /// Dovecot's format with several messages in a file.
    Mdbox,
    /// Dovecot's format with a message in a file and its names in the index.
    Sdbox,
}

/// A mailbox as it stands there.
#[derive(Debug)]
pub(crate) struct HomeMailbox {
    /// How it is stored; of what is no maildir nothing more is read.
    pub(crate) format: Format,
    /// Its folders, INBOX first, by directory.
    pub(crate) folders: Vec<HomeFolder>,
    /// `subscriptions`.
    pub(crate) subscriptions: Option<StateFile>,
    /// Paths below it that are links, devices and pipes, where a file or directory should be.
    pub(crate) passed_over: Vec<Vec<u8>>,
    /// Of a home on disk.
    dir: Option<Dir>,
}

/// A folder of a maildir.
#[derive(Debug, Default)]
pub(crate) struct HomeFolder {
    /// Its directory, files and lists, as of a folder in a backup. `index_log_mtime` is that of the
    /// newest `dovecot.index*`, absent when there is none.
    pub(crate) raw: RawFolder,
    /// When a file last came into `cur/`, left it, or got another name: seconds since 1970.
    pub(crate) cur_mtime: Option<i64>,
    /// Of an archive: where each file's bytes are, as the number of the member.
    members: Vec<u64>,
}

/// One message of a mailbox: index of the folder, and of the file in it.
pub(crate) type MessageAt = (usize, usize);

/// Takes a message's bytes as they are stored, or why they can't be read. The numbers are indexes
/// into what was asked for: of an archive, all second names of a message come together.
pub(crate) type Visit<'a> =
    dyn FnMut(&[usize], io::Result<&mut dyn Read>) -> Result<(), Error> + 'a;

impl Home {
    /// Opens a home, its `mail` directory, or an archive of the account, which is read through once.
    ///
    /// # Errors
    /// When it is none of them, can't be read, or the run is interrupted.
    pub(crate) fn open(path: &Path, interrupt: &Interrupt) -> Result<Home, Error> {
        let name = path.file_name().map_or_else(
            || path.display().to_string(),
            |name| plesk_backup::printable(name.as_encoded_bytes()),
        );
        let is_file =
            std::fs::metadata(path).map_err(|error| HomeError::new(path, &error))?.is_file();
        let at = if is_file {
            At::Archive(ArchiveHome::read(path, interrupt)?)
        } else {
            let top = Dir::open(path)?;
            // A user may make a `homedir` in the home, which is no archive by that.
            let (mail, writable) = match top.child(b"mail")? {
                Some(mail) => (Some(mail), true),
                None => match top.child(b"homedir")? {
                    Some(unpacked) => (unpacked.child(b"mail")?, false),
                    None if has_mailbox(&top)? => (Some(top), true),
                    None => (None, true),
                },
            };
            let mail = mail.ok_or_else(|| {
                let text = "it is no home of a cPanel account: it has no directory `mail`, \
                            nor is it one with domains in it";
                HomeError::new(path, text)
            })?;
            At::Directory { mail, writable }
        };
        Ok(Home { name, at })
    }

    /// Its file name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is a home that a server may serve, and no archive.
    pub(crate) fn is_writable(&self) -> bool {
        matches!(self.at, At::Directory { writable: true, .. })
    }

    /// Domains that have a directory for their mail.
    ///
    /// # Errors
    /// When that can't be read.
    pub(crate) fn domains(&self) -> Result<Vec<Vec<u8>>, HomeError> {
        match &self.at {
            At::Directory { mail, .. } => Ok(directories(mail)?),
            At::Archive(archive) => Ok(archive.domains()),
        }
    }

    /// The mailbox of an address; None when nothing of it is there.
    ///
    /// # Errors
    /// When it can't be read, or a list is larger than any list.
    pub(crate) fn mailbox(
        &self,
        domain: &[u8],
        local: &[u8],
    ) -> Result<Option<HomeMailbox>, HomeError> {
        let mail = match &self.at {
            At::Archive(archive) => return Ok(archive.mailbox(domain, local)),
            At::Directory { mail, .. } => mail,
        };
        let Some(domain) = mail.child(domain)? else { return Ok(None) };
        let Some(mailbox) = domain.child(local)? else { return Ok(None) };
        HomeMailbox::read(mailbox).map(Some)
    }

    /// Gives the bytes of some messages of a mailbox, each once, in any order.
    ///
    /// # Errors
    /// What `visit` says, when an archive can't be read any more, and when the run is interrupted.
    pub(crate) fn read_messages(
        &self,
        mailbox: &HomeMailbox,
        wanted: &[MessageAt],
        interrupt: &Interrupt,
        visit: &mut Visit<'_>,
    ) -> Result<(), Error> {
        match &self.at {
            At::Directory { .. } => maildir::read_messages(mailbox, wanted, interrupt, visit),
            At::Archive(archive) => {
                let members: Vec<u64> = wanted
                    .iter()
                    .map(|(folder, file)| mailbox.folders[*folder].members[*file])
                    .collect();
                archive.read_members(&members, interrupt, visit)
            }
        }
    }
}

/// Whether a directory has one for a domain, and that one for a mailbox.
fn has_mailbox(mail: &Dir) -> Result<bool, HomeError> {
    for domain in directories(mail)? {
        let Some(domain) = mail.child(&domain)? else { continue };
        for local in directories(&domain)? {
            let Some(mailbox) = domain.child(&local)? else { continue };
            for name in [&b"cur"[..], b"new", b"storage", b"mailboxes"] {
                if mailbox.child(name)?.is_some() {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

fn directories(dir: &Dir) -> Result<Vec<Vec<u8>>, HomeError> {
    let mut names: Vec<Vec<u8>> = dir
        .entries()?
        .into_iter()
        .filter(|entry| entry.kind == Kind::Directory && !entry.name.starts_with(b"."))
        .map(|entry| entry.name)
        .collect();
    names.sort_unstable();
    Ok(names)
}

#[cfg(test)]
mod tests;
