//! Second pass: messages and other files go from the content archives straight into the new one.

use std::collections::HashMap;
use std::io::Read;

use cpmove::ArchiveWriter;
use mail_model::maildir::Place;
use plesk_backup::{Member, printable};

use super::{FILE, KeptFile, PRIVATE_FILE, Sources, domain_path, folder_path, kept_path};
use crate::error::Error;
use crate::progress::{Interrupt, Progress};
use crate::scan::{Source, archive_name};
use crate::storage::Storage;

/// Checksums of all that went through.
pub(super) struct Sums {
    /// By mailbox, folder and message.
    pub(super) checksums: Vec<Vec<Vec<u32>>>,
    /// By path.
    pub(super) kept: HashMap<Vec<u8>, KeptFile>,
}

/// What a member becomes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Message { mailbox: usize, folder: usize, message: usize },
    Kept { mailbox: usize, file: usize },
    OfDomain { domain: usize, file: usize },
}

/// A member that is wanted, and as what.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    source: Source,
    target: Target,
}

/// A file as it is written.
struct NewFile {
    path: Vec<u8>,
    mode: u32,
    size: u64,
    mtime: i64,
}

/// The second pass.
pub(super) struct Stream<'a> {
    writer: &'a mut ArchiveWriter,
    sources: &'a Sources<'a>,
    progress: &'a dyn Progress,
    interrupt: &'a Interrupt,
    sums: Sums,
}

impl<'a> Stream<'a> {
    pub(super) fn new(
        writer: &'a mut ArchiveWriter,
        sources: &'a Sources<'a>,
        progress: &'a dyn Progress,
        interrupt: &'a Interrupt,
    ) -> Stream<'a> {
        let checksums = sources
            .mailboxes
            .iter()
            .map(|mailbox| {
                mailbox.model.folders.iter().map(|folder| vec![0; folder.messages.len()]).collect()
            })
            .collect();
        let sums = Sums { checksums, kept: HashMap::new() };
        Stream { writer, sources, progress, interrupt, sums }
    }

    pub(super) fn finish(self) -> Sums {
        self.sums
    }

    /// The files of one domain's archives, in the order in which the archives hold them.
    pub(super) fn domain(&mut self, domain: usize) -> Result<(), Error> {
        let mut wanted = self.wanted(domain);
        wanted.sort_unstable();
        let mut rest = wanted.as_slice();
        for (index, archive) in self.sources.scanned[domain].archives.iter().enumerate() {
            let name = archive_name(self.sources.backup, &archive.content);
            let here = rest.partition_point(|wanted| wanted.source.archive == index);
            let (mut queue, later) = rest.split_at(here);
            rest = later;
            // Of a chain some dumps hold only what changed again later.
            if queue.is_empty() {
                continue;
            }
            let content = archive.open(self.sources.backup).map_err(|error| Error::Archive {
                archive: name.clone(),
                text: error.to_string(),
            })?;
            let mut ordinal = 0;
            content
                .walk(|member| {
                    if self.interrupt.is_raised() {
                        return Err(Error::Interrupted);
                    }
                    let names = queue.partition_point(|wanted| wanted.source.member == ordinal);
                    ordinal += 1;
                    let (now, later) = queue.split_at(names);
                    queue = later;
                    self.member(&name, member, now)
                })
                .map_err(|error| Error::walk(name.clone(), error))?;
            if let Some(missing) = queue.first() {
                let path = printable(&self.new_file(missing.target).path);
                return Err(Error::ChangedMeanwhile {
                    archive: name,
                    text: format!(
                        "`{path}` was there when the archive was read first, and is gone now"
                    ),
                });
            }
        }
        Ok(())
    }

    /// Writes a member under all its new names.
    fn member(
        &mut self,
        archive: &str,
        member: &mut Member<'_>,
        wanted: &[Wanted],
    ) -> Result<(), Error> {
        let Some(first) = wanted.first() else { return Ok(()) };
        if member.size != first.source.stored {
            return Err(Error::ChangedMeanwhile {
                archive: archive.to_owned(),
                text: format!(
                    "a file had {} bytes when the archive was read first, and {} now",
                    first.source.stored, member.size
                ),
            });
        }
        // Bytes of the member that have gone by: an mbox holds its messages in the order of `wanted`.
        let mut gone = 0;
        for same in wanted.chunk_by(|one, other| one.source == other.source) {
            if self.interrupt.is_raised() {
                return Err(Error::Interrupted);
            }
            self.file(archive, member, &mut gone, same)?;
        }
        Ok(())
    }

    /// Writes a file, or a stretch of one, under all its new names.
    fn file(
        &mut self,
        archive: &str,
        member: &mut Member<'_>,
        gone: &mut u64,
        wanted: &[Wanted],
    ) -> Result<(), Error> {
        let Some((first, links)) = wanted.split_first() else { return Ok(()) };
        let changed = |text: String| Error::ChangedMeanwhile { archive: archive.to_owned(), text };
        let storage = first.source.storage;
        let stored: Box<dyn Read> = match storage {
            Storage::Mbox(stretch) => {
                let between = stretch.start.saturating_sub(*gone);
                let skipped = std::io::copy(&mut member.take(between), &mut std::io::sink());
                skipped.map_err(|error| changed(error.to_string()))?;
                *gone = stretch.end;
                Box::new(member.take(stretch.end - stretch.start))
            }
            Storage::Plain | Storage::Compressed(_) | Storage::Crlf => Box::new(&mut *member),
        };
        let file = self.new_file(first.target);
        let plain = storage.reader(stored).map_err(|error| changed(error.to_string()))?;
        let mut data = Checksum { inner: plain, crc: crc32fast::Hasher::new() };
        self.writer.file(&file.path, file.mode, file.size, file.mtime, &mut data)?;
        let crc = data.crc.finalize();
        for link in links {
            // What was one file on the old server stays one: a copy costs no space.
            let path = self.new_file(link.target).path;
            self.writer.hard_link(&path, &file.path, file.mode, file.mtime)?;
            self.sum(link.target, path, file.size, crc);
        }
        self.progress.advance(&self.sources.plan.domain, file.size);
        self.sum(first.target, file.path, file.size, crc);
        Ok(())
    }

    fn sum(&mut self, target: Target, path: Vec<u8>, size: u64, crc: u32) {
        match target {
            Target::Message { mailbox, folder, message } => {
                self.sums.checksums[mailbox][folder][message] = crc;
            }
            Target::Kept { .. } | Target::OfDomain { .. } => {
                self.sums.kept.insert(path, KeptFile { size, crc });
            }
        }
    }

    fn wanted(&self, domain: usize) -> Vec<Wanted> {
        let files = self.sources.scanned[domain].of_domain.iter().enumerate();
        let mut wanted: Vec<Wanted> = files
            .map(|(file, known)| Wanted {
                source: known.source,
                target: Target::OfDomain { domain, file },
            })
            .collect();
        for (index, mailbox) in self.sources.mailboxes.iter().enumerate() {
            if self.sources.plan.domains[mailbox.plan.domain].source != Some(domain) {
                continue;
            }
            let Some(scanned) = mailbox.scanned else { continue };
            for (number, folder) in mailbox.model.folders.iter().enumerate() {
                let places = &scanned.sources[folder.source];
                wanted.extend(folder.messages.iter().enumerate().map(|(position, message)| {
                    Wanted {
                        source: places[message.file],
                        target: Target::Message {
                            mailbox: index,
                            folder: number,
                            message: position,
                        },
                    }
                }));
            }
            wanted.extend(mailbox.kept().map(|(number, file)| Wanted {
                source: file.source,
                target: Target::Kept { mailbox: index, file: number },
            }));
        }
        wanted
    }

    fn new_file(&self, target: Target) -> NewFile {
        match target {
            Target::Message { mailbox, folder, message } => {
                let mailbox = &self.sources.mailboxes[mailbox];
                let folder = &mailbox.model.folders[folder];
                let message = &folder.messages[message];
                let scanned = mailbox.scanned.expect("only scanned mailboxes have messages");
                let raw = &scanned.raw.folders[folder.source].files[message.file];
                let mut path = folder_path(self.sources.plan, mailbox, folder);
                path.extend(match message.place {
                    Place::Cur => b"/cur/",
                    Place::New => b"/new/",
                });
                path.extend(message.name.to_bytes());
                NewFile { path, mode: FILE, size: raw.size, mtime: raw.mtime }
            }
            Target::OfDomain { domain, file } => {
                let file = &self.sources.scanned[domain].of_domain[file];
                NewFile {
                    path: domain_path(self.sources.plan, domain, &file.path),
                    mode: PRIVATE_FILE,
                    size: file.source.stored,
                    mtime: file.mtime,
                }
            }
            Target::Kept { mailbox, file } => {
                let mailbox = &self.sources.mailboxes[mailbox];
                let scanned = mailbox.scanned.expect("only scanned mailboxes have files");
                let file = &scanned.beside[file];
                NewFile {
                    path: kept_path(self.sources, mailbox, &file.path),
                    mode: PRIVATE_FILE,
                    size: file.source.stored,
                    mtime: file.mtime,
                }
            }
        }
    }
}

/// Sums up what goes through, to be compared with what is read back.
struct Checksum<R> {
    inner: R,
    crc: crc32fast::Hasher,
}

impl<R: Read> Read for Checksum<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.crc.update(&buffer[..read]);
        Ok(read)
    }
}
