//! One walk over the archive: messages are compared as they go by, lists and settings stay.

mod mail;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Read};

use mail_model::dovecot::GoneUids;
use mail_model::identity::Message;
use mail_model::maildir::Place;
use plesk_backup::printable;

use super::archive::{Archive, Entry, Flow, Kind};
use super::digest::{Digest, DigestTable, digest_all};
use super::expected::{Bytes, Expected, ExpectedFolder};
use super::ledger::{Change, Class, Ledger};
use crate::progress::{Interrupt, Progress};

/// Bytes of the lists of all folders together, beside those that name the backup's messages.
const LISTS: u64 = 16 << 20;
/// What the line of a message takes beside names and fields.
const LINE: usize = 128;
/// Largest list of keywords or subscriptions that is read.
const NAME_LIST: u64 = 1 << 20;
/// Largest log of a server that is read. Dovecot begins another after a megabyte.
const LOG_LIMIT: u64 = 64 << 20;
/// Largest other text that is read, and all of them together.
const TEXT_LIMIT: u64 = 16 << 20;
const ALL_TEXTS: u64 = 256 << 20;
/// Bytes of names beyond those that the backup has: of a million messages and more.
const NAMES: u64 = 256 << 20;
/// What a name takes beside its bytes.
const NAME: u64 = 100;
/// Times that every file system holds: ext4 ends in 2446, others begin in 1901.
const FILE_TIMES: std::ops::RangeInclusive<i64> = -(1 << 31)..=15_032_385_535;

/// Where files lie that only the account and the mail server read.
const PRIVATE: [&[u8]; 6] = [
    b"domainkeys/private/",
    b"homedir/.autorespond/",
    b"homedir/.spamassassin/",
    b"homedir/etc/",
    b"homedir/from-plesk/",
    b"homedir/mail/",
];

/// What was found of a folder.
#[derive(Default)]
pub(super) struct FoundFolder {
    /// Which of `cur`, `new` and `tmp` are there.
    pub(super) places: BTreeSet<&'static str>,
    pub(super) uidlist: Option<Vec<u8>>,
    pub(super) keywords: Option<Vec<u8>>,
    /// `maildirfolder`.
    pub(super) marked: bool,
    pub(super) files: Vec<FoundFile>,
    /// What `dovecot.index.log` and the one before it say was deleted.
    pub(super) logs: Vec<GoneUids>,
}

/// A message that was found.
pub(super) struct FoundFile {
    pub(super) place: Place,
    pub(super) name: Vec<u8>,
    /// Its index in the folder, if the backup has it.
    pub(super) message: Option<usize>,
}

/// What was found of a mailbox.
#[derive(Default)]
pub(super) struct FoundMailbox {
    pub(super) is_there: bool,
    /// Of a mailbox without folders in the backup: which of `cur`, `new` and `tmp` are there.
    pub(super) places: BTreeSet<&'static str>,
    /// Of such a mailbox: messages, none of which the backup holds.
    pub(super) messages: Vec<Vec<u8>>,
    pub(super) subscriptions: Option<Vec<u8>>,
    /// A server has had it open since.
    pub(super) in_use: bool,
}

/// A message that the backup does not hold.
pub(super) struct Extra {
    /// The folder, if it is one of the backup's.
    pub(super) folder: Option<usize>,
    /// Absent where it can't be one of the backup's messages.
    pub(super) digest: Option<Digest>,
    size: u64,
    mtime: i64,
}

/// What a file is, whichever of its names leads to it.
#[derive(Clone, Copy)]
struct Content {
    digest: Digest,
    size: u64,
    mtime: i64,
}

/// Everything that was found.
#[derive(Default)]
pub(super) struct Found {
    /// Small files by their path.
    pub(super) texts: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Directories outside of mailboxes.
    pub(super) directories: BTreeSet<Vec<u8>>,
    /// Like [`Expected::folders`].
    pub(super) folders: Vec<FoundFolder>,
    /// Like the mailboxes of the backup.
    pub(super) mailboxes: Vec<FoundMailbox>,
    /// Mailboxes and folders that the backup does not hold, by their path below `homedir/mail/`.
    pub(super) unknown: BTreeSet<Vec<u8>>,
    /// By their path.
    pub(super) extras: BTreeMap<Vec<u8>, Extra>,
    /// Messages and kept files by their number: whether they were seen.
    pub(super) seen: Vec<bool>,
    pub(super) kept: BTreeSet<Vec<u8>>,
    /// Messages of the backup that were seen.
    pub(super) messages: u64,
}

impl Found {
    /// A text file.
    pub(super) fn text(&self, path: &str) -> Option<&[u8]> {
        self.texts.get(path.as_bytes()).map(Vec::as_slice)
    }
}

/// The walk.
pub(super) struct Collector<'a> {
    pub(super) expected: &'a Expected<'a>,
    pub(super) digests: &'a DigestTable,
    pub(super) archive: &'a Archive,
    pub(super) ledger: &'a mut Ledger,
    pub(super) progress: &'a dyn Progress,
    pub(super) interrupt: &'a Interrupt,
    found: Found,
    texts: u64,
    /// Room that is left for names.
    names: u64,
    /// Room that is left for lists.
    lists: u64,
    /// Messages and files that are not what they should be, by their path.
    wrong: HashMap<Vec<u8>, Content>,
    /// Paths of messages that have other names than they should have.
    renamed: HashMap<usize, Vec<u8>>,
    /// Where a message was seen first, for those that are in use.
    first_seen: HashMap<usize, Vec<u8>>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(
        expected: &'a Expected<'a>,
        digests: &'a DigestTable,
        archive: &'a Archive,
        ledger: &'a mut Ledger,
        progress: &'a dyn Progress,
        interrupt: &'a Interrupt,
    ) -> Collector<'a> {
        let mut found = Found { seen: vec![false; expected.messages], ..Found::default() };
        found.folders.resize_with(expected.folders.len(), FoundFolder::default);
        found.mailboxes.resize_with(expected.resolved.mailboxes.len(), FoundMailbox::default);
        Collector {
            expected,
            digests,
            archive,
            ledger,
            progress,
            interrupt,
            found,
            texts: 0,
            names: NAMES,
            lists: LISTS + expected.folders.iter().map(lines).sum::<u64>(),
            wrong: HashMap::new(),
            renamed: HashMap::new(),
            first_seen: HashMap::new(),
        }
    }

    pub(super) fn finish(self) -> Found {
        self.found
    }

    fn in_use_home(&self) -> bool {
        self.archive.shape == super::archive::Shape::Home
    }

    /// Takes a member.
    ///
    /// # Errors
    /// When it can't be read, or the run is interrupted.
    pub(super) fn entry(&mut self, entry: &mut Entry<'_>) -> io::Result<Flow> {
        if self.interrupt.is_raised() {
            return Err(io::Error::other("interrupted"));
        }
        self.mode(entry);
        if let Some(below) = entry.path.strip_prefix(b"homedir/mail/") {
            let below = below.to_vec();
            self.in_mail(&below, entry)?;
            return Ok(Flow::On);
        }
        match entry.kind {
            Kind::Directory => self.directory(entry),
            Kind::File | Kind::HardLink(_) if self.expected.kept.contains_key(&entry.path) => {
                self.kept(entry)?;
            }
            Kind::File if is_text(&entry.path) => self.text(entry)?,
            Kind::SymbolicLink if matches!(&entry.path[..], b"homedir/mail" | b"homedir/etc") => {
                self.stray(entry);
            }
            // In a home that is in use there is more than came with the archive.
            _ if self.in_use_home() => {}
            _ => self.stray(entry),
        }
        Ok(Flow::On)
    }

    /// Mail, logins and keys are nobody's but the account's. Permissions of unpacked files are whoever
    /// unpacked them.
    fn mode(&mut self, entry: &Entry<'_>) {
        if !self.archive.shape.is_file() || matches!(entry.kind, Kind::HardLink(_)) {
            return;
        }
        let secret = entry.path == b"shadow" || PRIVATE.iter().any(|at| entry.path.starts_with(at));
        // A program that runs as its owner is none of the backup's either.
        let (needed, refused) = match entry.kind {
            Kind::Directory => (0o700, 0o7022),
            _ => (0o400, if secret { 0o7027 } else { 0o7022 }),
        };
        let mode = entry.mode;
        let fits = mode & needed == needed && mode & refused == 0;
        let shown = || printable(&entry.path);
        self.ledger.check(Class::Archive, &shown(), fits, || {
            format!(
                "its permissions are {mode:04o}: {}",
                if mode & 0o7000 != 0 {
                    "no file of a backup has such ones"
                } else if mode & needed == needed {
                    "more people than the account may read or write it"
                } else {
                    "the account itself can't use it"
                }
            )
        });
    }

    /// Whether one more name that the backup does not have can be held.
    fn has_room(&mut self, path: &[u8]) -> bool {
        let left = self.names.checked_sub(path.len() as u64 + NAME);
        self.names = left.unwrap_or(self.names);
        if left.is_none() {
            self.ledger.differs(Class::Archive, &printable(path), || {
                "there are more files that the backup does not have than can be looked at"
                    .to_owned()
            });
        }
        left.is_some()
    }

    fn directory(&mut self, entry: &Entry<'_>) {
        if self.has_room(&entry.path) {
            self.found.directories.insert(entry.path.clone());
        }
    }

    fn stray(&mut self, entry: &Entry<'_>) {
        self.ledger.differs(Class::Archive, &printable(&entry.path), || match &entry.kind {
            Kind::SymbolicLink => "it is a symbolic link, and these are not followed".to_owned(),
            Kind::Other => "it is neither a file nor a directory nor a link to a member".to_owned(),
            _ => "nothing of the backup becomes this file".to_owned(),
        });
    }

    fn text(&mut self, entry: &mut Entry<'_>) -> io::Result<()> {
        if !self.has_room(&entry.path) {
            return Ok(());
        }
        let mut bytes = Vec::new();
        let room = TEXT_LIMIT.min(ALL_TEXTS - self.texts);
        (&mut entry.data).take(room + 1).read_to_end(&mut bytes)?;
        let path = printable(&entry.path);
        if bytes.len() as u64 > room {
            let size = entry.size;
            self.ledger.differs(Class::Archive, &path, || {
                format!("its {size} bytes are more than such a file has; it is not read")
            });
            return Ok(());
        }
        self.texts += bytes.len() as u64;
        if self.found.texts.insert(entry.path.clone(), bytes).is_some() {
            self.ledger.differs(Class::Archive, &path, || "it stands in the archive twice".into());
        }
        Ok(())
    }

    fn kept(&mut self, entry: &mut Entry<'_>) -> io::Result<()> {
        let expected = self.expected;
        let Some(meant) = expected.kept.get(&entry.path) else { return Ok(()) };
        let object = printable(&entry.path);
        let Some(content) = self.content(entry)? else { return Ok(()) };
        let Content { digest, size, mtime } = content;
        let wanted = match &meant.bytes {
            Bytes::OfBackup(number) => self.digests.get(*number)?,
            Bytes::Made(digest) => *digest,
        };
        if digest != wanted || meant.mtime != Some(mtime) {
            self.wrong.insert(entry.path.clone(), content);
        }
        let learns = self.in_use_home() && entry.path.starts_with(b"homedir/.spamassassin/");
        if learns && digest != wanted {
            self.ledger.changed(Change::Learned, &object, || {
                format!("the spam filter learned: it has {size} bytes now, and had {}", meant.size)
            });
        } else {
            self.ledger.check(Class::KeptFile, &object, digest == wanted, || {
                if size == meant.size {
                    format!("its {size} bytes are other ones")
                } else {
                    format!("it has {size} bytes instead of {}", meant.size)
                }
            });
            if let Some(meant) = meant.mtime {
                self.date(Class::KeptFile, &object, meant, mtime);
            }
        }
        if !self.found.kept.insert(entry.path.clone()) {
            self.ledger.differs(Class::KeptFile, &object, || "it stands there twice".to_owned());
        }
        Ok(())
    }

    fn date(&mut self, class: Class, object: &str, meant: i64, found: i64) {
        if self.archive.shape.is_file() || FILE_TIMES.contains(&meant) {
            self.ledger.check(class, object, meant == found, || {
                format!(
                    "its date is {} ({found}) instead of {} ({meant})",
                    crate::time::utc(found),
                    crate::time::utc(meant)
                )
            });
        }
    }

    /// What a member is; of a link what it leads to, if that was seen: a link has no date of its own.
    fn content(&mut self, entry: &mut Entry<'_>) -> io::Result<Option<Content>> {
        let Kind::HardLink(target) = &entry.kind else {
            let (digest, size) = digest_all(entry.data)?;
            self.progress.advance(&self.expected.resolved.plan.domain, size);
            return Ok(Some(Content { digest, size, mtime: entry.mtime }));
        };
        let known = self.behind(target)?;
        if known.is_none() {
            let shown = printable(target);
            self.ledger.differs(Class::Archive, &printable(&entry.path), || {
                format!("it is a link to `{shown}`, which does not stand before it")
            });
        }
        Ok(known)
    }

    /// A message or kept file that was seen under this very path.
    fn behind(&self, target: &[u8]) -> io::Result<Option<Content>> {
        if let Some(wrong) = self.wrong.get(target) {
            return Ok(Some(*wrong));
        }
        if let Some(extra) = self.found.extras.get(target) {
            let Extra { digest, size, mtime, .. } = *extra;
            return Ok(digest.map(|digest| Content { digest, size, mtime }));
        }
        if let Some(meant) = self.expected.kept.get(target) {
            let (Bytes::OfBackup(number), Some(mtime)) = (&meant.bytes, meant.mtime) else {
                return Ok(None); // it has no date that was meant, and stands among the wrong ones
            };
            let digest = self.digests.get(*number)?;
            let is_there = self.found.kept.contains(target);
            return Ok(is_there.then_some(Content { digest, size: meant.size, mtime }));
        }
        let Some((folder, message)) = self.message_of(target) else { return Ok(None) };
        let folder = &self.expected.folders[folder];
        let number = folder.first + message;
        let is_there = match self.renamed.get(&number) {
            Some(path) => path == target,
            None => self.found.seen[number] && folder.is_place(message, target),
        };
        if !is_there {
            return Ok(None);
        }
        let (digest, file) = (self.digests.get(number)?, folder.file(message));
        Ok(Some(Content { digest, size: file.size, mtime: file.mtime }))
    }
}

/// What the list of a folder takes at most.
fn lines(folder: &ExpectedFolder<'_>) -> u64 {
    let line = |message: &Message| {
        let uidl = message.uidl.as_ref().map_or(0, |uidl| uidl.value.len());
        let fields: usize = message.fields.iter().map(|(_, value)| value.len() + 2).sum();
        (LINE + message.name.base.len() + uidl + fields) as u64
    };
    folder.model.messages.iter().map(line).sum()
}

/// Small files that say how the account is set up.
fn is_text(path: &[u8]) -> bool {
    let Some(inside) = path.strip_prefix(b"homedir/") else { return true };
    let name = inside.rsplit(|byte| *byte == b'/').next().unwrap_or(inside);
    match inside {
        b".contactemail"
        | b".spamassassin/user_prefs"
        | b".spamassassinboxenable"
        | b".spamassassinenable" => true,
        _ if inside.starts_with(b".autorespond/") => !name.ends_with(b"_log"),
        _ if inside.starts_with(b"etc/") => {
            matches!(name, b"passwd" | b"shadow" | b"quota" | b"filter" | b"filter.yaml")
                || name.ends_with(b".suspended_incoming")
        }
        _ => false,
    }
}
