//! Second pass: the account's files, then its messages, streamed from the content archives into
//! the new one.

use std::io::Read;

use cpmove::{
    Account, ArchiveWriter, Compressor, FinishedArchive, Member, MemberKind, account_members,
    maildir_path,
};
use mail_model::dovecot::Keywords;
use mail_model::identity::{EmitOptions, emit};
use mail_model::maildir::Place;
use plesk_backup::Backup;

use crate::error::Error;
use crate::finding::Finding;
use crate::mail_findings::describe;
use crate::mailbox::ResolvedMailbox;
use crate::options::WriteOptions;
use crate::plan::AccountPlan;
use crate::progress::{Interrupt, Progress};
use crate::scan::{ScannedDomain, Source, archive_name};

/// Modes as cPanel's own permission fixer sets them below `mail/`.
const DIRECTORY: u32 = 0o751;
const FILE: u32 = 0o640;

/// Everything that one account is written from.
pub(crate) struct Sources<'a> {
    /// The backup.
    pub backup: &'a Backup,
    /// The plan.
    pub plan: &'a AccountPlan,
    /// The account with its credentials.
    pub account: &'a Account,
    /// Content archives by the index of the domain.
    pub scanned: &'a [ScannedDomain],
    /// Mailboxes, in the order of the plan.
    pub mailboxes: &'a [ResolvedMailbox<'a>],
}

/// A written archive, and a checksum of each message as it went in.
pub(crate) struct Written {
    /// Not yet under its final name.
    pub archive: FinishedArchive,
    /// By mailbox, folder and message.
    pub checksums: Vec<Vec<Vec<u32>>>,
    /// What writing the lists brought up.
    pub findings: Vec<Finding>,
}

/// Writes the archive of an account under a temporary name.
///
/// # Errors
/// When reading or writing fails, or the run is interrupted; nothing is left behind then.
pub(crate) fn write_account(
    sources: &Sources<'_>,
    options: &WriteOptions,
    compressor: &Compressor,
    progress: &dyn Progress,
    interrupt: &Interrupt,
) -> Result<Written, Error> {
    let account = sources.account;
    let mut writer = ArchiveWriter::create(
        &options.output,
        &account.user,
        options.form,
        compressor,
        options.force,
        account.stamp,
    )?;
    let members = account_members(account).map_err(|error| Error::Account {
        domain: sources.plan.domain.clone(),
        text: error.to_string(),
    })?;
    for member in &members {
        writer.member(member)?;
    }
    let mut findings = Vec::new();
    for mailbox in sources.mailboxes {
        write_lists(&mut writer, sources, mailbox, options, &mut findings)?;
    }
    let mut checksums: Vec<Vec<Vec<u32>>> = sources
        .mailboxes
        .iter()
        .map(|mailbox| {
            mailbox.model.folders.iter().map(|folder| vec![0; folder.messages.len()]).collect()
        })
        .collect();
    for domain in 0..sources.scanned.len() {
        write_messages(&mut writer, sources, domain, progress, interrupt, &mut checksums)?;
    }
    Ok(Written { archive: writer.finish()?, checksums, findings })
}

/// Path of a folder of a mailbox in the archive.
pub(crate) fn folder_path(
    plan: &AccountPlan,
    mailbox: &ResolvedMailbox<'_>,
    folder: &mail_model::identity::Folder,
) -> Vec<u8> {
    let mut path =
        maildir_path(&plan.domains[mailbox.plan.domain].name, &mailbox.plan.local).into_bytes();
    let dir = folder.name.to_dir();
    if !dir.is_empty() {
        path.push(b'/');
        path.extend(dir);
    }
    path
}

/// A mailbox's directories, lists, keywords and subscriptions.
fn write_lists(
    writer: &mut ArchiveWriter,
    sources: &Sources<'_>,
    mailbox: &ResolvedMailbox<'_>,
    options: &WriteOptions,
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    let file = |path: &[u8], name: &str, bytes: Vec<u8>| Member {
        path: [path, b"/", name.as_bytes()].concat(),
        mode: FILE,
        kind: MemberKind::File(bytes),
    };
    let domain = &sources.plan.domains[mailbox.plan.domain].name;
    let inbox = maildir_path(domain, &mailbox.plan.local);
    // A mailbox that was never used is a maildir too.
    writer.directory(format!("homedir/mail/{domain}").as_bytes(), DIRECTORY)?;
    maildir(writer, inbox.as_bytes())?;
    for folder in &mailbox.model.folders {
        let path = folder_path(sources.plan, mailbox, folder);
        if !folder.name.is_inbox() {
            maildir(writer, &path)?;
            writer.member(&file(&path, "maildirfolder", Vec::new()))?;
        }
        let files = emit(folder, &EmitOptions { reserve_uids: options.reserve_uids });
        writer.member(&file(&path, "dovecot-uidlist", files.uidlist.to_bytes()))?;
        if let Some(keywords) = &files.keywords {
            writer.member(&file(&path, "dovecot-keywords", Keywords::to_bytes(keywords)))?;
        }
        findings
            .extend(files.findings.iter().map(|finding| describe(&mailbox.plan.address, finding)));
    }
    let subscriptions = &mailbox.model.subscriptions;
    if !subscriptions.is_empty() {
        let mut bytes = Vec::new();
        for name in subscriptions {
            bytes.extend(name.to_subscription());
            bytes.push(b'\n');
        }
        writer.member(&file(inbox.as_bytes(), "subscriptions", bytes))?;
    }
    Ok(())
}

fn maildir(writer: &mut ArchiveWriter, path: &[u8]) -> Result<(), Error> {
    writer.directory(path, DIRECTORY)?;
    for inner in ["cur", "new", "tmp"] {
        writer.directory(&[path, b"/", inner.as_bytes()].concat(), DIRECTORY)?;
    }
    Ok(())
}

/// One message to be written: which mailbox, folder and message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    source: Source,
    mailbox: usize,
    folder: usize,
    message: usize,
}

/// The messages of one domain's archives, in the order in which the archives hold them.
fn write_messages(
    writer: &mut ArchiveWriter,
    sources: &Sources<'_>,
    domain: usize,
    progress: &dyn Progress,
    interrupt: &Interrupt,
    checksums: &mut [Vec<Vec<u32>>],
) -> Result<(), Error> {
    let scanned = &sources.scanned[domain];
    let mut wanted = wanted(sources, domain);
    wanted.sort_unstable();
    let mut rest = wanted.as_slice();
    for (index, archive) in scanned.archives.iter().enumerate() {
        let name = archive_name(sources.backup, &archive.content);
        let here = rest.partition_point(|wanted| wanted.source.archive == index);
        let (mut queue, later) = rest.split_at(here);
        rest = later;
        let content = sources
            .backup
            .open_content(&archive.content)
            .map_err(|error| Error::Archive { archive: name.clone(), text: error.to_string() })?;
        let mut ordinal = 0;
        content
            .walk(|member| {
                if interrupt.is_raised() {
                    return Err(Error::Interrupted);
                }
                let names = queue.partition_point(|wanted| wanted.source.member == ordinal);
                ordinal += 1;
                let (now, later) = queue.split_at(names);
                queue = later;
                let Some((first, links)) = now.split_first() else { return Ok(()) };
                let file = sources.file(*first);
                let stored = first.source.stored;
                if member.size != stored {
                    return Err(Error::ChangedMeanwhile {
                        archive: name.clone(),
                        text: format!(
                            "a message had {} bytes when the archive was read first, and {} now",
                            stored, member.size
                        ),
                    });
                }
                let path = sources.path(*first);
                let plain: Box<dyn Read> = match first.source.compression {
                    None => Box::new(member),
                    Some(compression) => compression.decoder(member).map_err(|error| {
                        Error::ChangedMeanwhile { archive: name.clone(), text: error.to_string() }
                    })?,
                };
                let mut data = Checksum { inner: plain, crc: crc32fast::Hasher::new() };
                writer.file(&path, FILE, file.size, file.mtime, &mut data)?;
                let crc = data.crc.finalize();
                checksums[first.mailbox][first.folder][first.message] = crc;
                for link in links {
                    // What was one file on the old server stays one: a copy costs no space.
                    writer.hard_link(&sources.path(*link), &path, FILE, file.mtime)?;
                    checksums[link.mailbox][link.folder][link.message] = crc;
                }
                progress.advance(&sources.plan.domain, file.size);
                Ok(())
            })
            .map_err(|error| Error::walk(name.clone(), error))?;
        if let Some(missing) = queue.first() {
            return Err(Error::ChangedMeanwhile {
                archive: name,
                text: format!(
                    "`{}` was there when the archive was read first, and is gone now",
                    plesk_backup::printable(&sources.path(*missing))
                ),
            });
        }
    }
    Ok(())
}

fn wanted(sources: &Sources<'_>, domain: usize) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for (index, mailbox) in sources.mailboxes.iter().enumerate() {
        if sources.plan.domains[mailbox.plan.domain].source != Some(domain) {
            continue;
        }
        let Some(scanned) = mailbox.scanned else { continue };
        for (number, folder) in mailbox.model.folders.iter().enumerate() {
            let places = &scanned.sources[folder.source];
            wanted.extend(folder.messages.iter().enumerate().map(|(position, message)| Wanted {
                source: places[message.file],
                mailbox: index,
                folder: number,
                message: position,
            }));
        }
    }
    wanted
}

impl Sources<'_> {
    fn file(&self, wanted: Wanted) -> &mail_model::identity::RawFile {
        let mailbox = &self.mailboxes[wanted.mailbox];
        let folder = &mailbox.model.folders[wanted.folder];
        let scanned = mailbox.scanned.expect("only scanned mailboxes have messages");
        &scanned.raw.folders[folder.source].files[folder.messages[wanted.message].file]
    }

    fn path(&self, wanted: Wanted) -> Vec<u8> {
        let mailbox = &self.mailboxes[wanted.mailbox];
        let folder = &mailbox.model.folders[wanted.folder];
        let message = &folder.messages[wanted.message];
        let mut path = folder_path(self.plan, mailbox, folder);
        path.extend(match message.place {
            Place::Cur => b"/cur/",
            Place::New => b"/new/",
        });
        path.extend(message.name.to_bytes());
        path
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
