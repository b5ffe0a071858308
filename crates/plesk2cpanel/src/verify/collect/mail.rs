//! Members below `homedir/mail/`: messages, lists, and what else lies in a maildir.

use std::io::{self, Read};

use mail_model::dovecot::GoneUids;
use mail_model::maildir::{Place, base_name, is_served};
use plesk_backup::printable;

use super::{Collector, Content, Extra, FoundFile, LOG_LIMIT, NAME_LIST};
use crate::verify::archive::{Entry, Kind};
use crate::verify::ledger::Class;

/// What a path below `homedir/mail/` means.
struct InMail<'p> {
    /// `DOMAIN/LOCAL`.
    mailbox: &'p [u8],
    /// `DOMAIN/LOCAL` or `DOMAIN/LOCAL/.Folder`.
    folder: &'p [u8],
    /// Behind it.
    rest: Vec<&'p [u8]>,
}

impl Collector<'_> {
    /// The message of the backup that a path means.
    pub(super) fn message_of(&self, path: &[u8]) -> Option<(usize, usize)> {
        let inside = split(path.strip_prefix(b"homedir/mail/")?)?;
        let [b"cur" | b"new", name] = inside.rest[..] else { return None };
        let folder = *self.expected.by_path.get(inside.folder)?;
        let message = *self.expected.folders[folder].by_base.get(base_name(name))?;
        Some((folder, message))
    }

    pub(super) fn in_mail(&mut self, below: &[u8], entry: &mut Entry<'_>) -> io::Result<()> {
        let Some(inside) = split(below) else {
            // A directory of a domain, or something of the account's own inbox.
            if entry.kind == Kind::Directory {
                self.directory(entry);
            } else if !self.in_use_home() {
                self.stray(entry);
            }
            return Ok(());
        };
        let is_file = entry.kind != Kind::Directory;
        let Some(mailbox) = self.expected.mailboxes.get(inside.mailbox).copied() else {
            // The account's own inbox may have folders.
            let own = inside.mailbox.starts_with(b".")
                || [&b"cur/"[..], b"new/", b"tmp/"]
                    .iter()
                    .any(|place| inside.mailbox.starts_with(place));
            if self.in_use_home() && (own || is_file && inside.rest.is_empty()) {
                return Ok(());
            }
            if is_file && inside.rest.is_empty() {
                self.stray(entry);
            } else {
                self.unknown(inside.mailbox);
                self.extra_message(&inside, None, entry)?;
            }
            return Ok(());
        };
        self.found.mailboxes[mailbox].is_there |= !is_file || !inside.rest.is_empty();
        let Some(folder) = self.expected.by_path.get(inside.folder).copied() else {
            if inside.folder == inside.mailbox {
                self.in_unused(mailbox, &inside, entry)?;
            } else if !is_file || !inside.rest.is_empty() {
                self.unknown(inside.folder);
                self.extra_message(&inside, None, entry)?;
            } else if !self.in_use_home() {
                self.stray(entry);
            }
            return Ok(());
        };
        match (&inside.rest[..], &entry.kind) {
            ([], Kind::Directory) => {}
            ([place], Kind::Directory) => match place_of(place) {
                Some(place) => {
                    self.found.folders[folder].places.insert(place);
                }
                None if self.in_use_home() => {}
                None => self.stray(entry),
            },
            ([b"cur" | b"new", _], Kind::File | Kind::HardLink(_)) => {
                self.message(folder, &inside, entry)?;
            }
            ([name], Kind::File) => self.beside(mailbox, Some(folder), name, entry)?,
            _ if self.in_use_home() => {}
            _ => self.stray(entry),
        }
        Ok(())
    }

    /// A mailbox that was never used has no folder in the backup, and a maildir here.
    fn in_unused(
        &mut self,
        mailbox: usize,
        inside: &InMail<'_>,
        entry: &mut Entry<'_>,
    ) -> io::Result<()> {
        let place = |rest: &[&[u8]]| rest.first().and_then(|first| place_of(first));
        match (&inside.rest[..], &entry.kind) {
            ([], Kind::Directory) => {}
            (rest @ [_], Kind::Directory) if place(rest).is_some() => {
                self.found.mailboxes[mailbox].places.extend(place(rest));
            }
            ([b"cur" | b"new", name], Kind::File | Kind::HardLink(_)) => {
                if self.has_room(&entry.path) {
                    self.found.mailboxes[mailbox].messages.push(name.to_vec());
                }
            }
            ([name], Kind::File) => self.beside(mailbox, None, name, entry)?,
            _ if self.in_use_home() => {}
            _ => self.stray(entry),
        }
        Ok(())
    }

    fn unknown(&mut self, path: &[u8]) {
        if !self.found.unknown.contains(path) && self.has_room(path) {
            self.found.unknown.insert(path.to_vec());
        }
    }

    fn message(&mut self, at: usize, inside: &InMail<'_>, entry: &mut Entry<'_>) -> io::Result<()> {
        let (place, name) = match inside.rest[..] {
            [b"new", name] => (Place::New, name),
            [_, name] => (Place::Cur, name),
            _ => return Ok(()),
        };
        let expected = self.expected;
        let folder = &expected.folders[at];
        let Some(message) = folder.by_base.get(base_name(name)).copied() else {
            return self.extra_message(inside, Some(at), entry);
        };
        let number = folder.first + message;
        let object = folder.name.clone();
        let shown = printable(name);
        if self.found.seen[number] {
            let moved = self.in_use_home()
                && self.first_seen.get(&number).is_some_and(|path| !self.archive.is_there(path));
            if moved {
                // A server moved it meanwhile; its bytes were compared.
                let files = &mut self.found.folders[at].files;
                if let Some(file) = files.iter_mut().find(|file| file.message == Some(message)) {
                    (file.place, file.name) = (place, name.to_vec());
                }
            } else {
                self.ledger
                    .differs(Class::Twice, &object, || format!("`{shown}` is there a second time"));
            }
            return Ok(());
        }
        let Some(content) = self.content(entry)? else { return Ok(()) };
        let Content { digest, size, mtime } = content;
        self.found.seen[number] = true;
        self.found.messages += 1;
        if self.in_use_home() {
            self.first_seen.insert(number, entry.path.clone());
        }
        let meant = folder.file(message);
        let wanted = self.digests.get(number)?;
        if digest != wanted || mtime != meant.mtime {
            self.wrong.insert(entry.path.clone(), content);
        }
        if self.archive.shape.is_file() && !folder.is_place(message, &entry.path) {
            self.renamed.insert(number, entry.path.clone());
        }
        self.ledger.check(Class::Content, &object, digest == wanted, || {
            if size == meant.size {
                format!("the {size} bytes of `{shown}` are other ones")
            } else {
                format!("`{shown}` has {size} bytes instead of {}", meant.size)
            }
        });
        self.date(Class::Date, &format!("{object}: `{shown}`"), meant.mtime, mtime);
        let file = FoundFile { place, name: name.to_vec(), message: Some(message) };
        self.found.folders[at].files.push(file);
        Ok(())
    }

    /// A file in `cur/` or `new/` that the backup does not hold.
    fn extra_message(
        &mut self,
        inside: &InMail<'_>,
        folder: Option<usize>,
        entry: &mut Entry<'_>,
    ) -> io::Result<()> {
        let ([place @ (b"cur" | b"new"), name], Kind::File | Kind::HardLink(_)) =
            (&inside.rest[..], &entry.kind)
        else {
            return Ok(());
        };
        if !self.has_room(&entry.path) {
            return Ok(());
        }
        // Only what has the size of a message of the backup can be one of them. In a tar the bytes have
        // to be passed by anyway, and a link may lead to them.
        let may_be = |at: usize| self.expected.folders[at].sizes.contains(&entry.size);
        let mut extra = Extra { folder, digest: None, size: entry.size, mtime: entry.mtime };
        if (self.archive.shape.is_file() || folder.is_some_and(may_be))
            && let Some(Content { digest, size, mtime }) = self.content(entry)?
        {
            extra = Extra { folder, digest: Some(digest), size, mtime };
        }
        self.found.extras.insert(entry.path.clone(), extra);
        if let Some(at) = folder {
            let place = if *place == b"cur" { Place::Cur } else { Place::New };
            if is_served(name) {
                let file = FoundFile { place, name: name.to_vec(), message: None };
                self.found.folders[at].files.push(file);
            }
        }
        Ok(())
    }

    /// The mark of a folder: empty, and the inbox has none. A delivery agent takes a maildir that has
    /// one for a part of another, and counts its messages there.
    fn mark(&mut self, at: usize, entry: &Entry<'_>) {
        let was_there = std::mem::replace(&mut self.found.folders[at].marked, true);
        if self.in_use_home() {
            return;
        }
        if self.expected.folders[at].model.name.is_inbox() {
            self.stray(entry);
            return;
        }
        let path = printable(&entry.path);
        for (holds, text) in
            [(!was_there, "it stands there twice"), (entry.size == 0, "it should be empty")]
        {
            self.ledger.check(Class::Archive, &path, holds, || text.to_owned());
        }
    }

    /// A file beside `cur/` and `new/`.
    fn beside(
        &mut self,
        mailbox: usize,
        folder: Option<usize>,
        name: &[u8],
        entry: &mut Entry<'_>,
    ) -> io::Result<()> {
        let is_log = matches!(name, b"dovecot.index.log" | b"dovecot.index.log.2");
        if self.in_use_home()
            && [
                &b"dovecot.index"[..],
                b"dovecot.list.index",
                b"dovecot.mailbox.log",
                b"dovecot-uidvalidity",
            ]
            .iter()
            .any(|trace| name.starts_with(trace))
        {
            self.found.mailboxes[mailbox].in_use = true;
        }
        let wanted = match name {
            b"dovecot-uidlist" | b"dovecot-keywords" => true,
            b"subscriptions" => {
                folder.is_none_or(|at| self.expected.folders[at].model.name.is_inbox())
            }
            _ => is_log && self.in_use_home(),
        };
        if let Some(at) = folder.filter(|_| name == b"maildirfolder") {
            self.mark(at, entry);
            return Ok(());
        }
        if !wanted {
            if !self.in_use_home() {
                self.stray(entry);
            }
            return Ok(());
        }
        let most = match name {
            b"dovecot-uidlist" => self.lists,
            _ if is_log => LOG_LIMIT,
            _ => NAME_LIST.min(self.lists),
        };
        let mut bytes = Vec::new();
        (&mut entry.data).take(most + 1).read_to_end(&mut bytes)?;
        let path = printable(&entry.path);
        let read = bytes.len() as u64;
        if read > most {
            self.ledger.differs(Class::List, &path, || {
                "it is larger than what the backup needs, and is not read".into()
            });
            return Ok(());
        }
        if !is_log {
            self.lists -= read;
        }
        if name == b"subscriptions" {
            let slot = &mut self.found.mailboxes[mailbox].subscriptions;
            if slot.replace(bytes).is_some() {
                self.ledger.differs(Class::Archive, &path, || "it stands there twice".to_owned());
            }
            return Ok(());
        }
        let Some(at) = folder else {
            // Without a folder in the backup there is nothing to list.
            if !self.in_use_home() {
                self.stray(entry);
            }
            return Ok(());
        };
        let found = &mut self.found.folders[at];
        if is_log {
            found.logs.extend(GoneUids::from_log(&bytes));
            return Ok(());
        }
        let slot =
            if name == b"dovecot-uidlist" { &mut found.uidlist } else { &mut found.keywords };
        if slot.replace(bytes).is_some() {
            self.ledger.differs(Class::Archive, &path, || "it stands there twice".to_owned());
        }
        Ok(())
    }
}

/// One of the directories of a maildir.
fn place_of(name: &[u8]) -> Option<&'static str> {
    ["cur", "new", "tmp"].into_iter().find(|place| place.as_bytes() == name)
}

/// Takes apart a path below `homedir/mail/`; none above a mailbox.
fn split(below: &[u8]) -> Option<InMail<'_>> {
    let slashes: Vec<usize> =
        below.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at).collect();
    let end = slashes.get(1).copied().unwrap_or(below.len());
    slashes.first()?;
    let mailbox = &below[..end];
    let parts: Vec<&[u8]> =
        below[end..].split(|byte| *byte == b'/').filter(|part| !part.is_empty()).collect();
    match parts.split_first() {
        // A file may begin with a dot, too; a folder is a directory with something in it.
        Some((first, rest)) if first.starts_with(b".") => {
            Some(InMail { mailbox, folder: &below[..end + 1 + first.len()], rest: rest.to_vec() })
        }
        _ => Some(InMail { mailbox, folder: mailbox, rest: parts }),
    }
}
