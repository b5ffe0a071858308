//! Mail made while packing: Maildir folders with messages and the state files of the old server.
//!
//! Everything about a message follows from the seed and its number, so that state files can be
//! written before the messages (archives are sorted, and `courierimapuiddb` comes before `cur`)
//! and nothing is kept.

use std::fmt::Write as _;
use std::io;

use crate::archive::ArchiveWriter;
use crate::spec::SyntheticServer;
use crate::tar_format::{Kind, Member, POPUSER};
use crate::walk::join;

mod message;
mod random;

use message::Message;
use random::Words;

/// Time of the first message, a minute before the second, and so on.
const FIRST_TIME: i64 = 1_600_000_000;
/// In 2013: UIDVALIDITY of the folders is this and a number that follows from the seed.
const FIRST_VALIDITY: u64 = 1_380_000_000;

/// A mailbox that exists only as numbers.
pub(crate) struct Synthetic {
    messages: u64,
    message_bytes: u64,
    seed: u64,
    server: SyntheticServer,
    words: Words,
}

/// The folders, sorted as their directories are. Of ten messages seven are in the INBOX, two were
/// sent, one was filed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Folder {
    Archive,
    Sent,
    Inbox,
}

impl Folder {
    fn of(number: u64) -> Self {
        match number % 10 {
            3 | 8 => Self::Sent,
            6 => Self::Archive,
            _ => Self::Inbox,
        }
    }

    fn directory(self) -> &'static str {
        match self {
            Self::Archive => ".Archive",
            Self::Sent => ".Sent",
            Self::Inbox => "",
        }
    }
}

impl Synthetic {
    pub(crate) fn new(
        messages: u64,
        message_bytes: u64,
        seed: u64,
        server: SyntheticServer,
    ) -> Self {
        Self { messages, message_bytes, seed, server, words: Words::new() }
    }

    /// Time of the newest message.
    pub(crate) fn newest(&self) -> i64 {
        time_of(self.messages.saturating_sub(1))
    }

    /// Adds the Maildir as `maildir`, which may be empty for the root of the archive.
    pub(crate) fn add(&self, archive: &mut ArchiveWriter<'_>, maildir: &[u8]) -> io::Result<()> {
        if !maildir.is_empty() {
            self.directory(archive, maildir)?;
        }
        for folder in [Folder::Archive, Folder::Sent] {
            let path = join(maildir, folder.directory().as_bytes());
            self.directory(archive, &path)?;
            self.folder(archive, &path, folder)?;
        }
        self.folder(archive, maildir, Folder::Inbox)
    }

    /// The files of one folder in the order of their names.
    fn folder(
        &self,
        archive: &mut ArchiveWriter<'_>,
        path: &[u8],
        folder: Folder,
    ) -> io::Result<()> {
        let inbox = folder == Folder::Inbox;
        if self.server == SyntheticServer::Courier {
            if inbox {
                let subscribed = "INBOX\nINBOX.Archive\nINBOX.Sent\n";
                self.text(archive, path, "courierimapsubscribed", subscribed)?;
            }
            self.text(archive, path, "courierimapuiddb", &self.courier_uids(folder))?;
            if inbox {
                self.text(archive, path, "courierpop3dsizelist", &self.courier_pop3(folder))?;
            }
        }
        let current = join(path, b"cur");
        self.directory(archive, &current)?;
        for number in self.listed(folder) {
            let message = self.message(number);
            let name = format!("{}{}", message.base_name, flags(number));
            self.add_message(archive, &join(&current, name.as_bytes()), &message)?;
        }
        if self.server == SyntheticServer::Dovecot {
            self.text(archive, path, "dovecot-uidlist", &self.dovecot_uids(folder))?;
        }
        if !inbox {
            self.text(archive, path, "maildirfolder", "")?;
        }
        let new = join(path, b"new");
        self.directory(archive, &new)?;
        if inbox && self.unseen().is_some() {
            let message = self.message(self.messages - 1);
            self.add_message(archive, &join(&new, message.base_name.as_bytes()), &message)?;
        }
        if inbox && self.server == SyntheticServer::Dovecot {
            self.text(archive, path, "subscriptions", "V\t2\n\nArchive\nSent\n")?;
        }
        self.directory(archive, &join(path, b"tmp"))
    }

    /// The last message came when nobody looked any more: it lies in `new`, and no server has
    /// given it a number. Very small mailboxes have none.
    fn unseen(&self) -> Option<u64> {
        (self.messages >= 10 && Folder::of(self.messages - 1) == Folder::Inbox)
            .then(|| self.messages - 1)
    }

    fn listed(&self, folder: Folder) -> impl Iterator<Item = u64> {
        let unseen = self.unseen();
        (0..self.messages)
            .filter(move |number| Folder::of(*number) == folder && Some(*number) != unseen)
    }

    fn message(&self, number: u64) -> Message {
        // Six of ten are small, three middling, one large; the mean is what was asked for. The
        // shift at every ten keeps the large ones from lying all in one folder.
        let size = match (number + number / 10) % 10 {
            0..6 => self.message_bytes / 10,
            6..9 => self.message_bytes / 2,
            _ => self.message_bytes.saturating_mul(79) / 10,
        };
        Message::new(self.seed, number, time_of(number), size, self.server)
    }

    /// Every tenth message was deleted by its owner, so its UID is missing.
    fn uid(number: u64) -> u64 {
        number + number / 9 + 1
    }

    fn validity(&self, folder: Folder) -> u64 {
        FIRST_VALIDITY + self.seed % 1_000_000 + folder as u64
    }

    fn next_uid(&self, folder: Folder) -> u64 {
        self.listed(folder).last().map_or(0, Self::uid) + 1
    }

    /// Version 3: UID, then the name without flags. The virtual size stands in the names.
    fn dovecot_uids(&self, folder: Folder) -> String {
        let mut list = format!(
            "3 V{} N{} G{:016x}{:016x}\n",
            self.validity(folder),
            self.next_uid(folder),
            self.seed,
            folder as u64
        );
        for number in self.listed(folder) {
            // Writing into a String does not fail.
            let _ = writeln!(list, "{} :{}", Self::uid(number), self.message(number).base_name);
        }
        list
    }

    fn courier_uids(&self, folder: Folder) -> String {
        // Courier counts from a thousand million seconds on.
        let mut list =
            format!("1 {} {}\n", self.validity(folder) - 1_000_000_000, self.next_uid(folder));
        for number in self.listed(folder) {
            let _ = writeln!(list, "{} {}", Self::uid(number), self.message(number).base_name);
        }
        list
    }

    /// Version 3: name with flags, size with CR LF, `number:validity:0`.
    fn courier_pop3(&self, folder: Folder) -> String {
        let validity = self.validity(folder) + 77;
        let mut list = format!("/3 {} {validity}\n", self.next_uid(folder));
        for number in self.listed(folder) {
            let message = self.message(number);
            let _ = writeln!(
                list,
                "{}{} {} {}:{validity}:0",
                message.base_name,
                flags(number),
                message.virtual_size(),
                Self::uid(number)
            );
        }
        list
    }

    fn add_message(
        &self,
        archive: &mut ArchiveWriter<'_>,
        path: &[u8],
        message: &Message,
    ) -> io::Result<()> {
        let size = message.size;
        let kind = Kind::File { size };
        let member = Member { path, mtime: message.time, kind, owner: &POPUSER };
        archive.file(&member, size, |out| message.write(&self.words, out))
    }

    fn text(
        &self,
        archive: &mut ArchiveWriter<'_>,
        directory: &[u8],
        name: &str,
        text: &str,
    ) -> io::Result<()> {
        let size = text.len() as u64;
        let path = join(directory, name.as_bytes());
        let member = Member {
            path: &path,
            mtime: self.newest(),
            kind: Kind::File { size },
            owner: &POPUSER,
        };
        archive.file(&member, size, |out| out.write_all(text.as_bytes()))
    }

    fn directory(&self, archive: &mut ArchiveWriter<'_>, path: &[u8]) -> io::Result<()> {
        let kind = Kind::Directory;
        archive.bare(&Member { path, mtime: self.newest(), kind, owner: &POPUSER })
    }
}

fn time_of(number: u64) -> i64 {
    FIRST_TIME + 60 * i64::try_from(number).unwrap_or(i64::MAX / 120)
}

/// Most mail was read, some answered, some flagged, some only looked at by its headers.
fn flags(number: u64) -> &'static str {
    match number % 8 {
        2 => ":2,RS",
        5 => ":2,FS",
        7 => ":2,",
        _ => ":2,S",
    }
}
