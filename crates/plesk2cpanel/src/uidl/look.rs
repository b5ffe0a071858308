//! A walk that looks into the messages of INBOX: subject, date, `X-UIDL`, and size on the wire.

use std::io::Read;

use crate::account::Run;
use crate::again::read_messages;
use crate::error::Error;
use crate::scan::{ScannedDomain, ScannedMailbox, Source};
use mail_model::wire_size::{Counter, WireSize};

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
        wanted.extend(sources.map(|(file, source)| (*source, mailbox, file)));
    }
    let sources: Vec<Source> = wanted.iter().map(|(source, ..)| *source).collect();
    read_messages(run, domain, &sources, &mut |same, message| {
        if let Some(seen) = message.and_then(read) {
            for at in same {
                let (_, mailbox, file) = wanted[*at];
                found(mailbox, file, seen.clone());
            }
        }
        Ok(())
    })
}

/// Nothing when the message can't be read: then nothing is said of it.
fn read(message: &mut dyn Read) -> Option<Seen> {
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
