//! First pass over a mail domain's content archives: which mailboxes, folders and messages there
//! are, and the state files that say what they were called.
//!
//! A content archive holds all mailboxes of a domain in one compressed stream, and a folder's
//! state files may stand behind its messages. So nothing can be written before the stream has gone
//! by once: file names may need keyword letters, a mail of one folder may prove which server was
//! in use, and a message that is cut must be known before its header is written. Holding the
//! messages back would need memory or a spool as large as the mailbox; reading the stream twice
//! costs one more inflate, which is little beside deflating the output.

mod archives;
mod flatten;
mod folders;
mod gone;
mod layers;
mod look;
mod mail_enable;
mod mbox;
mod overlay;
mod pass;
mod renames;
mod settle;
mod stores;
mod users;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use mail_model::dovecot::GoneUids;
use mail_model::identity::RawMailbox;
use plesk_backup::{
    ArchiveDamage, ArchiveError, Backup, ContentArchive, ContentRef, EntryId, FileIndex, printable,
};

pub(crate) use self::archives::contents_beside;
use self::archives::{ArchiveToScan, place};
pub(crate) use self::layers::{Layer, layers_of};
pub(crate) use self::overlay::{ChainFacts, FolderEnd};
use self::pass::Pass;
use self::stores::{MboxFile, Stored};
pub(crate) use self::users::Users;

use crate::error::Error;
use crate::progress::Interrupt;
use crate::storage::Storage;

/// What a scan looks for besides names.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Depth {
    /// Read `X-UIDL` headers, for a server that served them.
    pub x_uidl: bool,
    /// Count messages with malformed headers.
    pub malformed: bool,
    /// Read what tells of messages that are gone, for an overlay, and for who compares two backups.
    pub gone: bool,
}

/// One content archive of a domain.
#[derive(Clone, Debug)]
pub(crate) struct ScannedArchive {
    /// Where it lies in the backup, in its volumes.
    pub content: ContentRef,
    /// It is a mailbox in one file, and no archive.
    pub raw: bool,
    /// What is broken in it, in order.
    pub damage: Vec<ArchiveDamage>,
    /// How much more is broken than is listed there.
    pub unlisted_damage: u64,
    /// Bytes of error text before the archive proper.
    pub leading_garbage: u64,
}

/// Where the bytes of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source {
    /// Index into [`ScannedDomain::archives`].
    pub archive: usize,
    /// Position among the archive's members. For a hard link, that of the member it names.
    pub member: u64,
    /// Bytes that the member has.
    pub stored: u64,
    /// How the message stands in them.
    pub storage: Storage,
}

impl ScannedArchive {
    /// Opens it once more, as it was opened for the scan.
    ///
    /// # Errors
    /// As [`Backup::open_content`].
    pub(crate) fn open(&self, backup: &Backup) -> Result<ContentArchive, ArchiveError> {
        if self.raw { backup.open_raw(&self.content) } else { backup.open_content(&self.content) }
    }
}

/// A mailbox as the archives have it.
#[derive(Debug, Default)]
pub(crate) struct ScannedMailbox {
    /// Names and state, for the resolver.
    pub raw: RawMailbox,
    /// Index into `raw.folders` by directory.
    by_dir: HashMap<Vec<u8>, usize>,
    /// For each of `raw.folders`, where the bytes of each of its files are.
    pub sources: Vec<Vec<Source>>,
    /// Messages whose bytes are not whole.
    pub cut: Vec<CutMessage>,
    /// Messages behind damage: they read well, and nothing vouches for them. By archive and member.
    pub suspect: BTreeSet<(usize, u64)>,
    /// Links to members that the archive does not hold.
    pub dangling: Vec<Vec<u8>>,
    /// Files that the new server makes anew or never showed: caches, locks, `tmp/`.
    pub left_out: Tally,
    /// Files that are no mail: filters, attachments of autoresponders, and what else lies there.
    pub beside: Vec<HomeFile>,
    /// Sieve scripts by their path, for the one that is in use.
    pub scripts: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Scripts that are too large, or too many, to be read.
    pub scripts_not_read: Vec<Vec<u8>>,
    /// What `.dovecot.sieve` points to.
    pub active_script: Option<Vec<u8>>,
    /// Links, devices, files that a later one of the same name hides, and the like: nothing to keep.
    pub not_carried: Vec<(Vec<u8>, u64)>,
    /// State files that were too large to read.
    pub oversized_state: Vec<(Vec<u8>, u64)>,
    /// Stored as mdbox or sdbox, which hold no files that could be carried.
    pub dbox: bool,
    /// Messages that are stored compressed, by the name of the form.
    pub compressed: BTreeMap<&'static str, u64>,
    /// Messages that seem to be stored compressed and can't be unpacked.
    pub undecodable: Vec<Vec<u8>>,
    /// Messages with malformed headers, when asked for. By archive and member.
    pub malformed: BTreeSet<(usize, u64)>,
    /// What Dovecot's indexes tell of messages that are gone, by folder, when asked for.
    gone: HashMap<Vec<u8>, Vec<GoneUids>>,
    /// Folders of which a list is cut, or stands behind damage.
    unsure_lists: HashSet<Vec<u8>>,
    /// GUIDs of folders that Dovecot deleted, when asked for.
    deleted_folders: Vec<Vec<u8>>,
    /// What came of laying several dumps over each other.
    pub chain: ChainFacts,
    /// What was no maildir.
    pub no_maildir: NoMaildir,
    /// What messages of other stores were stored as, by folder and file name.
    stored: HashMap<(usize, Vec<u8>), Stored>,
}

/// What of a mailbox was stored otherwise than as a maildir.
#[derive(Debug, Default)]
pub(crate) struct NoMaildir {
    /// The metadata say that it is an mbox.
    pub said_mbox: bool,
    /// mbox files, by their path.
    pub mboxes: BTreeMap<Vec<u8>, MboxFile>,
    /// Messages in them.
    pub in_mbox: u64,
    /// Messages of MailEnable's.
    pub mail_enable: u64,
    /// Of these, with lines that end in CRLF.
    pub crlf: u64,
    /// Files of stores that nobody here reads, by whose they seem to be.
    pub unreadable: BTreeMap<&'static str, u64>,
    /// Nothing says which folders were subscribed, so that all are.
    pub subscribed: bool,
    /// Folders that a maildir can't name as they were: the path, and the new name.
    pub renamed: Vec<(Vec<u8>, String)>,
    /// The directory of each folder, by its path.
    folders: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl NoMaildir {
    /// Adds what a newer dump holds, but for messages and files: those are counted when it is known
    /// which are kept.
    fn add(&mut self, other: NoMaildir) {
        self.mboxes.extend(other.mboxes);
        self.said_mbox |= other.said_mbox;
        let renamed = other.renamed.into_iter();
        let renamed: Vec<_> = renamed.filter(|it| !self.renamed.contains(it)).collect();
        self.renamed.extend(renamed);
        self.folders.extend(other.folders);
    }
}

impl ScannedMailbox {
    /// Messages that the archives name, whole or not.
    pub(crate) fn messages(&self) -> u64 {
        let whole: usize = self.raw.folders.iter().map(|folder| folder.files.len()).sum();
        (whole + self.cut.len() + self.dangling.len()) as u64
    }

    /// The Sieve script that the owner has in use: `.dovecot.sieve`, which is a file or a link to
    /// one.
    pub(crate) fn sieve(&self) -> Option<&[u8]> {
        let target = self.active_script.as_deref().unwrap_or(b".dovecot.sieve");
        let target = target.strip_prefix(b"./").unwrap_or(target);
        let found = self.scripts.get(target).or_else(|| {
            // An absolute link leads to the mailbox's directory on the old server.
            let name = target.rsplit(|byte| *byte == b'/').next()?;
            self.scripts.get([b"sieve/", name].concat().as_slice())
        });
        found.map(Vec::as_slice)
    }
}

/// A file of a mailbox's directory that is no mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HomeFile {
    /// Path below the mailbox's directory: `sieve/a.sieve`, `Maildir/notes`.
    pub path: Vec<u8>,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Where its bytes are.
    pub source: Source,
}

/// A message that the archive holds only in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CutMessage {
    /// Its member name.
    pub path: Vec<u8>,
    /// Bytes that are there.
    pub read: u64,
    /// Bytes that should be there; of a message in an mbox nothing says how many.
    pub size: Option<u64>,
}

/// Files counted, not named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// All that the content archives of a domain hold.
#[derive(Debug, Default)]
pub(crate) struct ScannedDomain {
    /// The archives, each once, in the order of the metadata.
    pub archives: Vec<ScannedArchive>,
    /// Archives that can't be read at all, and why.
    pub unreadable: Vec<(String, String)>,
    /// Mailboxes by the name of their directory.
    pub mailboxes: BTreeMap<Vec<u8>, ScannedMailbox>,
    /// Files of the domain that are of no mailbox: archives of mailing lists below `lists/`, and
    /// what lies with an address that has no mailbox. Their paths are below the domain's directory
    /// of the home.
    pub of_domain: Vec<HomeFile>,
    /// Members outside any mailbox.
    pub elsewhere: Vec<(Vec<u8>, u64)>,
}

/// The dumps that a domain's mail lies in.
#[derive(Clone, Copy)]
pub(crate) struct Chain<'a> {
    /// The dumps, the oldest first.
    pub layers: &'a [Layer],
    /// Some that are needed are missing.
    pub gap: bool,
    /// The files of the newest, as far as the form of Plesk's list is understood.
    pub index: Option<&'a FileIndex>,
}

/// Reads all archives of a mail domain once, and lays the dumps of a chain over each other.
///
/// # Errors
/// When the run is interrupted. Damage, and archives that are none, are part of the result.
pub(crate) fn scan_domain(
    backup: &Backup,
    chain: &Chain<'_>,
    users: &Users,
    depth: Depth,
    interrupt: &Interrupt,
) -> Result<ScannedDomain, Error> {
    let Chain { layers, gap, index } = *chain;
    let is_chain = gap || layers.len() > 1;
    let depth = Depth { gone: depth.gone || is_chain, ..depth };
    let mut scanned = Vec::new();
    let mut archives = 0;
    for layer in layers {
        let domain = scan_layer(backup, &layer.archives, users, archives, depth, interrupt)?;
        archives += domain.archives.len();
        scanned.push((layer, domain));
    }
    if is_chain {
        return Ok(overlay::overlay(scanned, gap, index));
    }
    Ok(scanned.pop().map(|(_, domain)| domain).unwrap_or_default())
}

/// Reads the archives of one dump; the first of them has the number `first`.
fn scan_layer(
    backup: &Backup,
    archives: &[ArchiveToScan],
    users: &Users,
    first: usize,
    depth: Depth,
    interrupt: &Interrupt,
) -> Result<ScannedDomain, Error> {
    let mut domain = ScannedDomain::default();
    for archive in archives {
        let (content, raw) = match archive.open(backup) {
            Ok(opened) => opened,
            // An mbox without a message has no bytes.
            Err(ArchiveError::Empty { declared: 0, .. }) if archive.is_mbox(users) => {
                let mailbox = archive.mailbox.clone().unwrap_or_default();
                let mailbox = domain.mailboxes.entry(mailbox).or_default();
                mailbox.folder(b"");
                let empty = MboxFile { whole: true, ..MboxFile::default() };
                mailbox.no_maildir.mboxes.insert(Vec::new(), empty);
                continue;
            }
            Err(error) => {
                let name = archive_name(backup, &archive.content);
                domain.unreadable.push((name, error.to_string()));
                continue;
            }
        };
        let mut scanned = ScannedArchive {
            content: archive.content.clone(),
            raw,
            damage: Vec::new(),
            unlisted_damage: 0,
            leading_garbage: content.leading_garbage,
        };
        let mut pass = Pass {
            archive: first + domain.archives.len(),
            depth,
            offset: archive.content.offset.as_deref().map(str::as_bytes),
            mailbox: archive.mailbox.as_deref(),
            lists: archive.lists,
            beside: archive.beside,
            raw,
            users,
            interrupt,
            ordinal: 0,
            links: Vec::new(),
            domain: &mut domain,
        };
        let end = content
            .walk(|member| {
                if interrupt.is_raised() {
                    return Err(Error::Interrupted);
                }
                pass.member(member);
                Ok(())
            })
            .map_err(|error| Error::walk(archive_name(backup, &archive.content), error))?;
        // One member alone may take long.
        if interrupt.is_raised() {
            return Err(Error::Interrupted);
        }
        scanned.damage = end.damage.into_iter().chain(end.further_damage).collect();
        scanned.unlisted_damage = end.unlisted_damage;
        pass.finish(&scanned.damage);
        domain.archives.push(scanned);
    }
    for (name, mailbox) in &mut domain.mailboxes {
        mailbox.no_maildir.said_mbox = users.is_mbox(name);
        mailbox.not_carried.extend(take_hidden(&mut mailbox.beside));
        mailbox.finish_folders();
    }
    domain.elsewhere.extend(take_hidden(&mut domain.of_domain));
    Ok(domain)
}

/// Takes out the files that unpacking the archive would not leave: one that another follows under
/// the same name, and one whose name is a directory to another.
fn take_hidden(files: &mut Vec<HomeFile>) -> Vec<(Vec<u8>, u64)> {
    let directories: HashSet<Vec<u8>> = files
        .iter()
        .flat_map(|file| {
            let slashes = file.path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
            slashes.map(|(end, _)| file.path[..end].to_vec())
        })
        .collect();
    let mut seen = HashSet::new();
    let mut hidden = Vec::new();
    let mut kept = Vec::with_capacity(files.len());
    for file in files.drain(..).rev() {
        if directories.contains(&file.path) || !seen.insert(file.path.clone()) {
            hidden.push((file.path, file.source.stored));
        } else {
            kept.push(file);
        }
    }
    kept.reverse();
    hidden.reverse();
    *files = kept;
    hidden
}

/// A member's path for people.
pub(crate) fn entry_name(backup: &Backup, entry: EntryId) -> String {
    printable(&backup.tree().get(entry).path)
}

/// The path of an archive's first volume, or of the directory instead of one, for people.
pub(crate) fn archive_name(backup: &Backup, content: &ContentRef) -> String {
    match place(content) {
        Some((_, Some(directory))) => printable(directory),
        Some((volumes, None)) if !volumes.is_empty() => entry_name(backup, volumes[0]),
        _ => content.path.clone(),
    }
}

/// Whether each part of a path is a name that every system takes.
pub(crate) fn can_be_written(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').all(|part| {
        !matches!(part, b"" | b"." | b"..")
            && part.len() <= 255
            && !part.iter().any(u8::is_ascii_control)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_unpacking_would_not_leave_is_taken_out() {
        let file = |path: &str, member| HomeFile {
            path: path.as_bytes().to_vec(),
            mtime: 0,
            source: Source { archive: 0, member, stored: member, storage: Storage::Plain },
        };
        let mut files =
            vec![file("notes", 0), file("a", 1), file("notes", 2), file("a/b", 3), file("c", 4)];
        let hidden = take_hidden(&mut files);
        assert_eq!(files, [file("notes", 2), file("a/b", 3), file("c", 4)]);
        assert_eq!(hidden, [(b"notes".to_vec(), 0), (b"a".to_vec(), 1)]);
    }
}
