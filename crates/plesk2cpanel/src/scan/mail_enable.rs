//! MailEnable's mailboxes, of Plesk for Windows: a directory for each folder, and in it a file
//! `<GUID>.MAI` for each message.
//!
//! The vendor says of the store (knowledge base, ME020705): messages are plain text files, named by
//! a GUID; directories are the folders that clients see; flags, delivery times and the numbers of
//! IMAP stand in `_index.xml` of each folder and nowhere else. The form of that file is not
//! published, so flags and UIDs are not known here.
//!
//! What its POP3 server answers to `UIDL` is not published either. It keeps no list beside that
//! index, which another service may rebuild at any time, and the name of the file is all that stays
//! with a message; the name without `.MAI` is therefore what is assumed, and reported so.

use std::io::{self, Read};

use mail_model::maildir::{FileName, Flags, Place};
use plesk_backup::{Member, MemberKind};

use super::look::{HEADERS, headers};
use super::pass::Pass;
use super::stores::Stored;
use super::{CutMessage, Source};
use crate::storage::{LineEnds, Storage};

const PIECE: usize = 16 << 10;

/// A file of MailEnable's.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OfMailEnable {
    mailbox: Vec<u8>,
    /// Its path below the mailbox.
    path: Vec<Vec<u8>>,
}

impl Pass<'_> {
    /// Tells a message, or a file of the server's own beside messages, by its name.
    pub(super) fn of_mail_enable(&self, path: &[u8]) -> Option<OfMailEnable> {
        let parts = parts(path);
        let (name, directories) = parts.split_last()?;
        if !(is_message(name) || is_own(name)) || directories.iter().any(|part| is_unix(part)) {
            return None;
        }
        let (mailbox, inside) = self.owner(&parts)?;
        let path = inside.iter().map(|part| part.to_vec()).collect();
        Some(OfMailEnable { mailbox, path })
    }

    /// Whose a file of a store is that knows no maildirs, and its path below the mailbox.
    ///
    /// Behind `MAILROOT` the mailboxes stand. In an archive of one mailbox everything is its own,
    /// with or without a directory of its name around. In others the first directory that is called
    /// like a mail user is the mailbox, and else the first of all.
    pub(super) fn owner<'p>(&self, parts: &'p [&'p [u8]]) -> Option<(Vec<u8>, &'p [&'p [u8]])> {
        let named = |name: &[u8]| self.users.named(name).unwrap_or(name).to_vec();
        let directories = parts.len() - 1;
        if let Some(at) = parts.iter().position(|part| is_mail_root(part)) {
            let inside = &parts[at + 1..];
            return (inside.len() > 1).then(|| (named(inside[0]), &inside[1..]));
        }
        // A reference into an archive says that there is more in it than this mailbox.
        let is_shared = self.offset.is_some_and(|offset| !self::parts(offset).is_empty());
        if let Some(mailbox) = self.mailbox.filter(|_| !is_shared) {
            let own = |part: &&[u8]| part.eq_ignore_ascii_case(mailbox);
            let is_prefixed = parts[..directories].first().is_some_and(own);
            return Some((mailbox.to_vec(), &parts[usize::from(is_prefixed)..]));
        }
        let at = parts[..directories].iter().position(|part| self.users.named(part).is_some());
        let at = at.unwrap_or(0);
        (directories > 0).then(|| (named(parts[at]), &parts[at + 1..]))
    }

    /// A directory, or a file that is no mail. Empty folders stand in an archive as directories only.
    pub(super) fn below_mail_root(&mut self, member: &mut Member<'_>, ordinal: u64, path: Vec<u8>) {
        let plain = self.plain_source(member, ordinal);
        let is_directory = matches!(member.kind, MemberKind::Directory);
        let mut parts = parts(&path);
        if is_directory {
            // As if there was a file in it.
            parts.push(b"");
        }
        let owner = self.owner(&parts).map(|(mailbox, inside)| (mailbox, inside.to_vec()));
        match owner {
            Some((mailbox, inside)) if is_directory => {
                if let Some((_, levels @ [_, ..])) = inside.split_last() {
                    let mailbox = self.domain.mailboxes.entry(mailbox).or_default();
                    let dir = mailbox.folder_dir(levels);
                    mailbox.folder(&dir);
                }
            }
            Some((mailbox, inside)) => {
                let mailbox = self.domain.mailboxes.entry(mailbox).or_default();
                mailbox.beside(member, inside.join(&b'/'), plain);
            }
            None if is_directory => {}
            None => self.domain.elsewhere.push((path, member.size)),
        }
    }

    pub(super) fn mail_enable(
        &mut self,
        member: &mut Member<'_>,
        ordinal: u64,
        found: OfMailEnable,
    ) {
        let plain = self.plain_source(member, ordinal);
        let depth = self.depth;
        let mailbox = self.domain.mailboxes.entry(found.mailbox).or_default();
        let path = found.path.join(&b'/');
        let Some((name, levels)) = found.path.split_last() else { return };
        let levels: Vec<&[u8]> = levels.iter().map(Vec::as_slice).collect();
        let dir = mailbox.folder_dir(&levels);
        let folder = mailbox.folder(&dir);
        if !is_message(name) || !matches!(member.kind, MemberKind::File) {
            mailbox.beside(member, path, plain);
            return;
        }
        let mut head = Vec::new();
        let ends = match read(member, &mut head) {
            Ok(ends) => ends,
            Err(read) => {
                mailbox.cut.push(CutMessage { path, read, size: Some(member.size) });
                return;
            }
        };
        let facts = headers(depth, &head);
        let stored = (plain.archive, plain.member);
        if facts.malformed {
            mailbox.malformed.insert(stored);
        }
        if member.suspect {
            mailbox.suspect.insert(stored);
        }
        mailbox.no_maildir.mail_enable += 1;
        mailbox.no_maildir.crlf += u64::from(ends.has_crlf());
        let storage = if ends.has_crlf() { Storage::Crlf } else { Storage::Plain };
        // Made up names of two archives must never be alike: where dumps are laid over each other, a
        // message of the newer one would take the place of another.
        let number =
            mailbox.raw.folders[folder].files.len() as u64 + ((plain.archive as u64) << 32);
        let new =
            FileName::made_up(member.mtime, number, ends.in_lf(), ends.in_crlf(), Flags::default());
        if dir.is_empty() {
            let said = name[..name.len() - EXTENSION.len()].to_vec();
            mailbox.raw.folders[folder].said_uidls.insert(new.base.clone(), said);
        }
        let file = new.to_bytes();
        let stored = Stored::File(name.to_ascii_lowercase());
        mailbox.stored.insert((folder, file.clone()), stored);
        mailbox.message(
            &dir,
            Place::Cur,
            file,
            Source { storage, ..plain },
            ends.in_lf(),
            member.mtime,
            facts.x_uidl,
        );
    }
}

const EXTENSION: &[u8] = b".MAI";

fn is_message(name: &[u8]) -> bool {
    let start = name.len().saturating_sub(EXTENSION.len());
    start > 0 && name[start..].eq_ignore_ascii_case(EXTENSION)
}

/// Directories of a mailbox on Linux, where a file may be called anything.
fn is_unix(directory: &[u8]) -> bool {
    matches!(directory, b"Maildir" | b"cur" | b"new" | b"tmp" | b"@attachments")
        || directory.starts_with(b".")
}

/// The directory of a post office's mailboxes.
fn is_mail_root(directory: &[u8]) -> bool {
    directory.eq_ignore_ascii_case(b"MAILROOT")
}

/// Whether a path leads into a post office's mailboxes. A mailbox on Linux may have a folder of that
/// name, which begins with a dot.
pub(super) fn is_below_mail_root(path: &[u8]) -> bool {
    let parts = parts(path);
    parts.iter().any(|part| is_mail_root(part)) && !parts.iter().any(|part| is_unix(part))
}

/// Files that MailEnable keeps beside messages.
fn is_own(name: &[u8]) -> bool {
    const OWN: [&[u8]; 3] = [b"_index.xml", b"_mailbox.cfg", b"_change.dty"];
    OWN.iter().any(|own| name.eq_ignore_ascii_case(own))
}

/// The parts of a path, by Windows' separator as well.
pub(super) fn parts(path: &[u8]) -> Vec<&[u8]> {
    path.split(|byte| matches!(byte, b'/' | b'\\'))
        .filter(|part| !matches!(*part, b"" | b"." | b".."))
        .collect()
}

/// Reads a message to its end; an error is how many bytes there were.
fn read(member: &mut Member<'_>, head: &mut Vec<u8>) -> Result<LineEnds, u64> {
    let mut ends = LineEnds::default();
    let mut piece = [0; PIECE];
    let mut bytes = 0;
    loop {
        match member.read(&mut piece) {
            Ok(0) => return Ok(ends),
            Ok(count) => {
                ends.count(&piece[..count]);
                let room = HEADERS.saturating_sub(head.len());
                head.extend_from_slice(&piece[..count.min(room)]);
                bytes += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(bytes),
        }
    }
}
