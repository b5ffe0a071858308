//! Mailboxes that are mbox files: a member holds a whole folder.

use std::io::{self, Read};

use mail_model::identity::StateFile;
use mail_model::mbox::{Mbox, Splitter, begins};
use plesk_backup::{ArchiveError, Backup, ContentArchive, Member, MemberKind};

use super::archives::ArchiveToScan;
use super::mail_enable::parts;
use super::pass::{Pass, STATE_LIMIT};
use super::stores::{MboxFile, Stored};
use super::{CutMessage, ScannedMailbox, Source, Users};
use crate::storage::{Storage, Stretch};

const PIECE: usize = 64 << 10;
/// As much as a separator is looked for in.
const HEAD: u64 = 1024;

impl ArchiveToScan {
    /// Whether the metadata say that this is one mailbox, and an mbox.
    pub(super) fn is_mbox(&self, users: &Users) -> bool {
        self.mailbox.as_deref().is_some_and(|mailbox| users.is_mbox(mailbox))
    }

    /// Opens it; with true where it is no archive, but an mbox itself.
    ///
    /// # Errors
    /// As [`Backup::open_content`].
    pub(super) fn open(&self, backup: &Backup) -> Result<(ContentArchive, bool), ArchiveError> {
        let error = match backup.open_content(&self.content) {
            Ok(content) => return Ok((content, false)),
            Err(error @ ArchiveError::NotAnArchive { .. }) if self.mailbox.is_some() => error,
            Err(error) => return Err(error),
        };
        let mut head = Vec::new();
        if let Some(entry) = self.content.files.first().and_then(|file| file.entry)
            && let Ok(reader) = backup.tree().open(entry)
        {
            // What can't be read now can't be read later either, and is told then.
            let _ = reader.take(HEAD).read_to_end(&mut head);
        }
        if begins(&head) { Ok((backup.open_raw(&self.content)?, true)) } else { Err(error) }
    }
}

impl Pass<'_> {
    /// Reads a member as an mbox of the mailbox, if it is one. `path` is its path below the mailbox.
    ///
    /// Only in mailboxes that are said to be mboxes, and in archives of one mailbox: somebody may
    /// keep an old mbox beside the mail.
    pub(super) fn mbox(
        &mut self,
        member: &mut Member<'_>,
        ordinal: u64,
        mailbox: &[u8],
        path: &[u8],
    ) -> bool {
        let may_be = self.raw || self.mailbox.is_some() || self.users.is_mbox(mailbox);
        let is_file = matches!(member.kind, MemberKind::File) && !path.ends_with(b".sieve");
        if !may_be || !is_file {
            return false;
        }
        let plain = self.plain_source(member, ordinal);
        if path.ends_with(b"/.subscriptions") || path == b".subscriptions" {
            let size = member.size;
            if size > STATE_LIMIT {
                let mailbox = self.domain.mailboxes.entry(mailbox.to_vec()).or_default();
                mailbox.oversized_state.push((path.to_vec(), size));
                return true;
            }
            let mut bytes = Vec::new();
            // One that is cut still says something; the damage is reported by the walk.
            let _ = member.read_to_end(&mut bytes);
            if !bytes.starts_with(b"V\t") {
                // The first version has levels as the server shows them, which is by a slash here.
                bytes.iter_mut().filter(|byte| **byte == b'/').for_each(|byte| *byte = b'.');
            }
            let state = StateFile { bytes, mtime: member.mtime };
            let mailbox = self.domain.mailboxes.entry(mailbox.to_vec()).or_default();
            mailbox.raw.dovecot_subscriptions = Some(state);
            return true;
        }
        let mut head = Vec::new();
        // An error of reading is met again below.
        let _ = member.take(HEAD).read_to_end(&mut head);
        if !begins(&head) {
            return false;
        }
        let Some((mbox, whole)) = self.split(&head, member) else { return true };
        let is_inbox = self.raw || is_inbox(path, mailbox);
        let suspect = member.suspect;
        let mailbox = self.domain.mailboxes.entry(mailbox.to_vec()).or_default();
        let dir = if is_inbox { Vec::new() } else { mailbox.folder_dir(&levels(path)) };
        if suspect {
            mailbox.suspect.insert((plain.archive, plain.member));
        }
        // The archive that is the mbox itself is called otherwise in every dump.
        let path = if self.raw { b"" } else { path };
        mailbox.mbox(&mbox, (path, whole && !suspect), &dir, plain);
        true
    }

    /// The messages, and whether all of the file could be read; None when the run was interrupted.
    fn split(&self, head: &[u8], member: &mut Member<'_>) -> Option<(Mbox, bool)> {
        let mut splitter = Splitter::new();
        splitter.push(head);
        let mut piece = vec![0; PIECE];
        loop {
            if self.interrupt.is_raised() {
                return None;
            }
            match member.read(&mut piece) {
                Ok(0) => return Some((splitter.finish(), true)),
                Ok(count) => splitter.push(&piece[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Some((splitter.finish_cut(), false)),
            }
        }
    }
}

impl ScannedMailbox {
    /// Takes up the messages of an mbox.
    fn mbox(&mut self, mbox: &Mbox, (path, whole): (&[u8], bool), dir: &[u8], plain: Source) {
        let folder = self.folder(dir);
        let before = self.raw.folders[folder].files.len();
        mbox.add_to(&mut self.raw.folders[folder]);
        for file in &self.raw.folders[folder].files[before..] {
            self.stored.insert((folder, file.name.clone()), Stored::Mbox(path.to_vec()));
        }
        self.sources[folder].extend(mbox.messages.iter().map(|message| {
            let stretch = Stretch { start: message.start, end: message.end, form: message.form };
            Source { storage: Storage::Mbox(stretch), ..plain }
        }));
        let without_zone = mbox.messages.iter().filter(|message| !message.separator.zone_known);
        let file = MboxFile {
            dir: dir.to_vec(),
            whole,
            without_zone: without_zone.count() as u64,
            internal: mbox.internal,
        };
        let counts = &mut self.no_maildir;
        counts.mboxes.insert(path.to_vec(), file);
        counts.in_mbox += mbox.messages.len() as u64;
        if let Some(cut) = mbox.cut {
            let path = [path, format!(", message at byte {}", cut.start).as_bytes()].concat();
            self.cut.push(CutMessage { path, read: cut.read, size: None });
        }
    }
}

/// Names that mail programs give to the file of the inbox.
fn is_inbox(path: &[u8], mailbox: &[u8]) -> bool {
    let parts = parts(path);
    let name = match parts.as_slice() {
        [name] => name,
        [directory, name] if is_mail(directory) => name,
        _ => return false,
    };
    let name = without_extension(name);
    [b"inbox".as_slice(), b"mbox", b"mailbox", mailbox]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// The folder that a file is: without the directory that holds all of them, and without the endings
/// that some programs give to files and to directories of folders.
fn levels(path: &[u8]) -> Vec<&[u8]> {
    let mut levels = parts(path);
    if levels.len() > 1 && is_mail(levels[0]) {
        levels.remove(0);
    }
    for level in &mut levels {
        *level = without_extension(level);
    }
    levels
}

fn is_mail(directory: &[u8]) -> bool {
    directory.eq_ignore_ascii_case(b"mail")
}

fn without_extension(name: &[u8]) -> &[u8] {
    [b".mbox".as_slice(), b".mbx", b".sbd"]
        .iter()
        .find_map(|extension| {
            let start = name.len().checked_sub(extension.len()).filter(|start| *start > 0)?;
            name[start..].eq_ignore_ascii_case(extension).then_some(&name[..start])
        })
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::{is_inbox, levels};

    #[test]
    fn files_are_folders() {
        for path in ["mbox", "INBOX", "anna", "mail/inbox", "INBOX.mbox", "./mbox"] {
            assert!(is_inbox(path.as_bytes(), b"anna"), "{path}");
        }
        for path in ["Sent", "mail/Sent", "old/mbox", "mail/old/inbox"] {
            assert!(!is_inbox(path.as_bytes(), b"anna"), "{path}");
        }
        let levels = |path: &str| -> Vec<String> {
            let levels = levels(path.as_bytes());
            levels.into_iter().map(|level| String::from_utf8(level.to_vec()).unwrap()).collect()
        };
        assert_eq!(levels("mail/Work/2020.mbox"), ["Work", "2020"]);
        assert_eq!(levels("Work.sbd/2020"), ["Work", "2020"]);
        assert_eq!(levels("mail"), ["mail"]);
        assert_eq!(levels(".mbox"), [".mbox"]);
    }
}
