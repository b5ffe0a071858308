//! A walk that looks into the messages of INBOX: subject, date, `X-UIDL`, and size on the wire.
//!
//! The first pass knows names and sizes of files alone, which is enough to convert. Reading whole
//! messages there would cost every run what only these commands need.

use std::collections::BTreeMap;
use std::io::Read;

use mail_model::wire_size::{Counter, WireSize};
use plesk_backup::Member;

use crate::account::Run;
use crate::error::Error;
use crate::scan::{ScannedDomain, ScannedMailbox, Source, archive_name};

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

/// A file that is looked into. Several may be one member.
struct Wanted {
    mailbox: usize,
    file: usize,
    source: Source,
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
    // By archive and member.
    let mut wanted: BTreeMap<(usize, u64), Vec<Wanted>> = BTreeMap::new();
    for (mailbox, directory) in directories.iter().enumerate() {
        let Some(scanned) = domain.mailboxes.get(directory) else { continue };
        let Some(inbox) = inbox_of(scanned) else { continue };
        for (file, source) in scanned.sources[inbox].iter().enumerate() {
            let place = (source.archive, source.member);
            wanted.entry(place).or_default().push(Wanted { mailbox, file, source: *source });
        }
    }
    for (index, archive) in domain.archives.iter().enumerate() {
        if wanted.range((index, 0)..(index + 1, 0)).next().is_none() {
            continue;
        }
        let name = archive_name(run.backup, &archive.content);
        let content = run
            .backup
            .open_content(&archive.content)
            .map_err(|error| Error::Archive { archive: name.clone(), text: error.to_string() })?;
        let mut ordinal = 0;
        content
            .walk(|member| {
                if run.interrupt.is_raised() {
                    return Err(Error::Interrupted);
                }
                let files = wanted.get(&(index, ordinal));
                ordinal += 1;
                if let Some([first, ..]) = files.map(Vec::as_slice)
                    && let Some(seen) = read(member, first.source)
                {
                    for file in files.into_iter().flatten() {
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
fn read(member: &mut Member<'_>, source: Source) -> Option<Seen> {
    let mut message: Box<dyn Read + '_> = match source.compression {
        None => Box::new(member),
        Some(compression) => compression.decoder(member).ok()?,
    };
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
