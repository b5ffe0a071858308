//! A walk that looks into the messages of INBOX: subject, date, `X-UIDL`, and size on the wire.
//!
//! The first pass knows names and sizes of files alone, which is enough to convert. Reading whole
//! messages there would cost every run what only these commands need.

use std::io::Read;

use mail_model::wire_size::{Counter, WireSize};
use plesk_backup::Member;

use crate::account::Run;
use crate::error::Error;
use crate::scan::{ScannedDomain, ScannedMailbox, Source, archive_name};
use crate::storage::Storage;

/// As much of a message as its headers are looked for in.
const HEADERS: usize = 64 << 10;
/// No mail is larger.
const LARGEST: u64 = 4 << 30;

/// What was seen in a message.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) subject: Option<String>,
    /// Seconds since 1970.
    pub(super) date: Option<i64>,
    pub(super) x_uidl: Option<Vec<u8>>,
    pub(super) size: WireSize,
}

/// A file that is looked into. Several may be one member, or a stretch of one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    source: Source,
    mailbox: usize,
    file: usize,
}

/// Index of INBOX among the folders of a mailbox.
pub(super) fn inbox_of(mailbox: &ScannedMailbox) -> Option<usize> {
    mailbox.raw.folders.iter().position(|folder| folder.dir.is_empty())
}

/// Tells what it sees in the messages of the INBOX of each of these mailboxes, with the index of the
/// mailbox and that of the file.
///
/// # Errors
/// When an archive can't be read any more, or the run is interrupted. What is damaged was told by
/// the first walk.
pub(super) fn look(
    run: &Run<'_>,
    domain: &ScannedDomain,
    directories: &[Vec<u8>],
    mut found: impl FnMut(usize, usize, Seen),
) -> Result<(), Error> {
    let mut wanted = Vec::new();
    for (mailbox, directory) in directories.iter().enumerate() {
        let Some(scanned) = domain.mailboxes.get(directory) else { continue };
        let Some(inbox) = inbox_of(scanned) else { continue };
        let sources = scanned.sources[inbox].iter().enumerate();
        wanted.extend(sources.map(|(file, source)| Wanted { source: *source, mailbox, file }));
    }
    wanted.sort_unstable();
    let mut rest = wanted.as_slice();
    for (index, archive) in domain.archives.iter().enumerate() {
        let here = rest.partition_point(|wanted| wanted.source.archive == index);
        let (mut queue, later) = rest.split_at(here);
        rest = later;
        if queue.is_empty() {
            continue;
        }
        let name = archive_name(run.backup, &archive.content);
        let content = archive
            .open(run.backup)
            .map_err(|error| Error::Archive { archive: name.clone(), text: error.to_string() })?;
        let mut ordinal = 0;
        content
            .walk(|member| {
                if run.interrupt.is_raised() {
                    return Err(Error::Interrupted);
                }
                let files = queue.partition_point(|wanted| wanted.source.member == ordinal);
                ordinal += 1;
                let (now, later) = queue.split_at(files);
                queue = later;
                // Bytes of the member that have gone by: an mbox holds its messages in this order.
                let mut gone = 0;
                for same in now.chunk_by(|one, other| one.source == other.source) {
                    let Some(seen) = read(member, &mut gone, same[0].source.storage) else {
                        continue;
                    };
                    for file in same {
                        found(file.mailbox, file.file, seen.clone());
                    }
                }
                Ok(())
            })
            .map_err(|error| Error::walk(name, error))?;
    }
    Ok(())
}

/// Nothing when the message can't be read: then nothing is said of it.
fn read(member: &mut Member<'_>, gone: &mut u64, storage: Storage) -> Option<Seen> {
    let stored: Box<dyn Read + '_> = match storage {
        Storage::Mbox(stretch) => {
            let between = stretch.start.saturating_sub(*gone);
            std::io::copy(&mut member.take(between), &mut std::io::sink()).ok()?;
            *gone = stretch.end;
            Box::new(member.take(stretch.end - stretch.start))
        }
        Storage::Plain | Storage::Compressed(_) | Storage::Crlf => Box::new(member),
    };
    let mut message = storage.reader(stored).ok()?;
    let mut head = Vec::new();
    let mut counter = Counter::default();
    let mut buffer = vec![0; 64 << 10];
    let mut left = LARGEST;
    loop {
        let read = message.read(&mut buffer).ok()?;
        if read == 0 {
            break;
        }
        left = left.checked_sub(read as u64)?;
        counter.add(&buffer[..read]);
        let room = HEADERS.saturating_sub(head.len()).min(read);
        head.extend_from_slice(&buffer[..room]);
    }
    let facts = mail_model::headers::inspect(&head);
    let size = counter.finish();
    Some(Seen { subject: facts.subject, date: facts.date, x_uidl: facts.x_uidl, size })
}
