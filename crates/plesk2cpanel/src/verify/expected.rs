//! What must be there: every message and every kept file of the backup under the path that an
//! archive gives it, numbered, with its digest.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Read};

use mail_model::identity::{Folder, RawFile};
use mail_model::maildir::Place;
use plesk_backup::{Member, printable};

use super::digest::{Digest, DigestTable, digest_all, digest_of};
use crate::account::{Resolved, Run};
use crate::error::Error;
use crate::mailbox::ResolvedMailbox;
use crate::progress::Stage;
use crate::scan::{HomeFile, Source, archive_name};
use crate::storage::Storage;

/// Below the home: what lay beside the mail in Plesk.
const KEPT: &str = "homedir/from-plesk";
/// What SpamAssassin learned: the mailbox that learned most gives the account's.
const LEARNED: &[u8] = b".spamassassin/bayes_";

/// A folder that must be there.
pub(super) struct ExpectedFolder<'a> {
    /// Index into the mailboxes.
    pub(super) mailbox: usize,
    pub(super) model: &'a Folder,
    files: &'a [RawFile],
    /// Number of its first message; the others follow.
    pub(super) first: usize,
    /// `ADDRESS FOLDER`, for messages.
    pub(super) name: String,
    /// Index of a message by its base name.
    pub(super) by_base: HashMap<&'a [u8], usize>,
    /// Sizes of its messages.
    pub(super) sizes: HashSet<u64>,
}

impl ExpectedFolder<'_> {
    /// The file that a message comes from.
    pub(super) fn file(&self, message: usize) -> &RawFile {
        &self.files[self.model.messages[message].file]
    }

    /// Whether a message should lie at this path, of which directory and base name are right already.
    pub(super) fn is_place(&self, message: usize, path: &[u8]) -> bool {
        let message = &self.model.messages[message];
        let place = if message.place == Place::Cur { &b"cur"[..] } else { b"new" };
        let mut parts = path.rsplit(|byte| *byte == b'/');
        parts.next() == Some(&message.name.to_bytes()) && parts.next() == Some(place)
    }
}

/// A file beside the mail that must be there.
pub(super) struct ExpectedFile {
    pub(super) size: u64,
    /// Seconds since 1970; absent where the file is made by the conversion.
    pub(super) mtime: Option<i64>,
    pub(super) bytes: Bytes,
}

/// What a file holds.
pub(super) enum Bytes {
    /// By its number.
    OfBackup(usize),
    /// Made by the conversion.
    Made(Digest),
}

/// Everything that must be there.
pub(super) struct Expected<'a> {
    pub(super) resolved: &'a Resolved<'a>,
    pub(super) folders: Vec<ExpectedFolder<'a>>,
    /// Index of a folder by its path below `homedir/mail/`.
    pub(super) by_path: HashMap<Vec<u8>, usize>,
    /// Index of a mailbox by `DOMAIN/LOCAL`.
    pub(super) mailboxes: HashMap<Vec<u8>, usize>,
    /// Files beside the mail by their path.
    pub(super) kept: BTreeMap<Vec<u8>, ExpectedFile>,
    /// Messages in all folders.
    pub(super) messages: usize,
    /// Their bytes.
    pub(super) bytes: u64,
    /// Messages and files of the backup, which have numbers.
    numbered: usize,
    /// By the index of the domain: where bytes lie, and their number.
    sources: Vec<Vec<(Source, usize)>>,
}

impl<'a> Expected<'a> {
    /// Works out paths and numbers.
    pub(super) fn new(resolved: &'a Resolved<'a>) -> Expected<'a> {
        let mut expected = Expected {
            resolved,
            folders: Vec::new(),
            by_path: HashMap::new(),
            mailboxes: HashMap::new(),
            kept: BTreeMap::new(),
            messages: 0,
            bytes: 0,
            numbered: 0,
            sources: vec![Vec::new(); resolved.scanned.len()],
        };
        for (index, mailbox) in resolved.mailboxes.iter().enumerate() {
            expected.mailbox(index, mailbox);
        }
        expected.messages = expected.numbered;
        for mailbox in resolved.mailboxes {
            for (_, file) in mailbox.kept() {
                let path = kept_path(resolved, mailbox, &file.path);
                expected.kept_file(path, file, source_domain(resolved, mailbox));
            }
        }
        for (index, scanned) in resolved.scanned.iter().enumerate() {
            let domain = resolved.plan.domains.iter().find(|plan| plan.source == Some(index));
            let name = domain.map_or("domain", |plan| plan.name.as_str());
            for file in &scanned.of_domain {
                let path = [format!("{KEPT}/{name}/").as_bytes(), &file.path].concat();
                expected.kept_file(path, file, Some(index));
            }
        }
        expected.made();
        expected
    }

    fn mailbox(&mut self, index: usize, mailbox: &'a ResolvedMailbox<'a>) {
        let path = mailbox_path(self.resolved, mailbox);
        self.mailboxes.insert(path.clone(), index);
        for folder in &mailbox.model.folders {
            let files = mailbox
                .scanned
                .map_or(&[][..], |scanned| scanned.raw.folders[folder.source].files.as_slice());
            let mut folder_path = path.clone();
            if !folder.name.is_inbox() {
                folder_path.push(b'/');
                folder_path.extend(folder.name.to_dir());
            }
            self.by_path.insert(folder_path, self.folders.len());
            let first = self.numbered;
            let messages = folder.messages.iter().enumerate();
            let by_base = messages.map(|(at, message)| (message.name.base.as_slice(), at));
            self.folders.push(ExpectedFolder {
                mailbox: index,
                model: folder,
                files,
                first,
                name: format!("{} {}", mailbox.plan.address, folder.name),
                by_base: by_base.collect(),
                sizes: folder.messages.iter().map(|message| files[message.file].size).collect(),
            });
            let places = mailbox.scanned.map(|scanned| &scanned.sources[folder.source]);
            for message in &folder.messages {
                self.bytes += files[message.file].size;
                if let (Some(places), Some(domain)) =
                    (places, source_domain(self.resolved, mailbox))
                {
                    self.sources[domain].push((places[message.file], self.numbered));
                }
                self.numbered += 1;
            }
        }
    }

    fn kept_file(&mut self, path: Vec<u8>, file: &HomeFile, domain: Option<usize>) {
        if let Some(domain) = domain {
            self.sources[domain].push((file.source, self.numbered));
        }
        self.kept.insert(
            path,
            ExpectedFile {
                size: file.source.stored,
                mtime: Some(file.mtime),
                bytes: Bytes::OfBackup(self.numbered),
            },
        );
        self.numbered += 1;
    }

    /// Files that the conversion makes: one whose name is taken gets a number.
    fn made(&mut self) {
        let mut taken: HashSet<Vec<u8>> = self.kept.keys().cloned().collect();
        for extra in &self.resolved.plan.extras {
            let mut path = extra.path.clone();
            for number in 2.. {
                if taken.insert(path.clone().into_bytes()) {
                    break;
                }
                path = format!("{}.{number}", extra.path);
            }
            let bytes = Bytes::Made(digest_of(&extra.bytes));
            let size = extra.bytes.len() as u64;
            self.kept.insert(path.into_bytes(), ExpectedFile { size, mtime: None, bytes });
        }
    }

    /// Reads the backup's archives once more and takes the digest of everything that has a number.
    ///
    /// # Errors
    /// When the backup is not any more what it was at the first look, and when the run is
    /// interrupted.
    pub(super) fn digests(&mut self, run: &Run<'_>) -> Result<DigestTable, Error> {
        let failed = |source| Error::Temporary { source };
        let mut table = DigestTable::new(self.numbered).map_err(failed)?;
        let bytes = self.bytes;
        run.progress.stage(&self.resolved.plan.domain, Stage::Reading, Some(bytes));
        for (domain, mut wanted) in std::mem::take(&mut self.sources).into_iter().enumerate() {
            wanted.sort_unstable();
            let mut rest = wanted.as_slice();
            for (index, archive) in self.resolved.scanned[domain].archives.iter().enumerate() {
                let here = rest.partition_point(|(source, _)| source.archive == index);
                let (mut queue, later) = rest.split_at(here);
                rest = later;
                if queue.is_empty() {
                    continue;
                }
                let name = archive_name(run.backup, &archive.content);
                let changed =
                    |text: String| Error::ChangedMeanwhile { archive: name.clone(), text };
                let content = archive.open(run.backup).map_err(|error| Error::Archive {
                    archive: name.clone(),
                    text: error.to_string(),
                })?;
                let mut ordinal = 0;
                content
                    .walk(|member| {
                        if run.interrupt.is_raised() {
                            return Err(Error::Interrupted);
                        }
                        let same = queue.partition_point(|(source, _)| source.member == ordinal);
                        ordinal += 1;
                        let (now, later) = queue.split_at(same);
                        queue = later;
                        let path = printable(&member.path);
                        // An mbox holds its messages in the order of `wanted`.
                        let mut gone = 0;
                        for same in now.chunk_by(|one, other| one.0 == other.0) {
                            let Some((source, _)) = same.first() else { continue };
                            let digest = plain_digest(member, *source, &mut gone)
                                .map_err(|error| changed(format!("`{path}`: {error}")))?;
                            for (_, number) in same {
                                table.set(*number, digest).map_err(failed)?;
                            }
                        }
                        if !now.is_empty() {
                            run.progress.advance(&self.resolved.plan.domain, member.size);
                        }
                        Ok(())
                    })
                    .map_err(|error| Error::walk(name.clone(), error))?;
                if !queue.is_empty() {
                    let text =
                        format!("{} files were there at the first look and are gone", queue.len());
                    return Err(changed(text));
                }
            }
        }
        Ok(table)
    }
}

/// The digest of a message as it is to be written, whatever way the old server stored it; of an mbox
/// `gone` bytes have been read.
fn plain_digest(member: &mut Member<'_>, source: Source, gone: &mut u64) -> io::Result<Digest> {
    if member.size != source.stored {
        let text =
            format!("it had {} bytes at the first look, and has {}", source.stored, member.size);
        return Err(io::Error::other(text));
    }
    let stored: Box<dyn Read + '_> = match source.storage {
        Storage::Mbox(stretch) => {
            let between = stretch.start.saturating_sub(*gone);
            io::copy(&mut member.take(between), &mut io::sink())?;
            *gone = stretch.end;
            Box::new(member.take(stretch.end - stretch.start))
        }
        Storage::Plain | Storage::Compressed(_) | Storage::Crlf => Box::new(member),
    };
    let mut plain = source.storage.reader(stored)?;
    digest_all(&mut plain).map(|(digest, _)| digest)
}

/// `DOMAIN/LOCAL`.
pub(super) fn mailbox_path(resolved: &Resolved<'_>, mailbox: &ResolvedMailbox<'_>) -> Vec<u8> {
    let domain = &resolved.plan.domains[mailbox.plan.domain].name;
    format!("{domain}/{}", mailbox.plan.local).into_bytes()
}

fn kept_path(resolved: &Resolved<'_>, mailbox: &ResolvedMailbox<'_>, file: &[u8]) -> Vec<u8> {
    let learned = file.strip_prefix(LEARNED).is_some_and(|name| !name.contains(&b'/'));
    if learned && resolved.bayes == Some(mailbox.plan.address.as_str()) {
        return [b"homedir/", file].concat();
    }
    [format!("{KEPT}/").as_bytes(), &mailbox_path(resolved, mailbox), b"/", file].concat()
}

fn source_domain(resolved: &Resolved<'_>, mailbox: &ResolvedMailbox<'_>) -> Option<usize> {
    resolved.plan.domains[mailbox.plan.domain].source
}
