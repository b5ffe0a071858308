//! UIDs and UIDVALIDITY of a folder.

use super::files::FileEntry;
use super::state::FolderState;
use super::{Certainty, Finding, ServerKind, UidEvidence};
use crate::dovecot::{Duplicates, MaildirFile, ServeInput, Served, UidList, serve};
use crate::folder::FolderName;
use crate::maildir::{Place, courier_order, sort_as_dovecot};
use crate::uidl::UidlFormat;
use std::collections::BTreeSet;

/// One message's UID.
#[derive(Clone)]
pub(super) struct Numbered {
    /// Index into the folder's entries.
    pub(super) entry: usize,
    pub(super) uid: u32,
    pub(super) certainty: Certainty,
    pub(super) evidence: UidEvidence,
    pub(super) fields: Vec<(u8, Vec<u8>)>,
}

/// A folder's numbers.
pub(super) struct Numbers {
    pub(super) uidvalidity: u32,
    pub(super) uidvalidity_certainty: Certainty,
    pub(super) next_uid: u32,
    pub(super) guid: Option<Vec<u8>>,
    /// By ascending UID.
    pub(super) messages: Vec<Numbered>,
    /// Whose state it is.
    pub(super) from: Option<ServerKind>,
}

/// UIDVALIDITY values for folders that have none: each once, and none that was ever used.
pub(super) struct NewUidvalidities {
    next: u32,
    used: BTreeSet<u32>,
}

impl NewUidvalidities {
    pub(super) fn new(first: u32, used: impl Iterator<Item = u32>) -> Self {
        NewUidvalidities { next: first.max(1), used: used.collect() }
    }

    fn take(&mut self) -> u32 {
        while !self.used.insert(self.next) {
            self.next = self.next.checked_add(1).unwrap_or(1);
        }
        self.next
    }
}

/// Whose state names the UIDs of a folder: the living server's, else the other's, for a folder that
/// was not opened since the switch keeps what its clients know.
pub(super) fn source(state: &FolderState, live: Option<ServerKind>) -> Option<ServerKind> {
    let dovecot = state.uidlist.as_ref().map(|_| ServerKind::Dovecot);
    let courier = state.uiddb.as_ref().map(|_| ServerKind::Courier);
    match live {
        Some(ServerKind::Courier) => courier.or(dovecot),
        _ => dovecot.or(courier),
    }
}

/// What Dovecot makes of its list and these files.
pub(super) fn serve_dovecot(
    list: &UidList,
    entries: &[FileEntry],
    format: &UidlFormat,
    x_uidls: Option<&[Option<Vec<u8>>]>,
) -> Served {
    let files: Vec<MaildirFile<'_>> = entries
        .iter()
        .enumerate()
        .map(|(at, entry)| MaildirFile {
            place: entry.place,
            name: &entry.bytes,
            x_uidl: x_uidls.and_then(|values| values[at].as_deref()),
        })
        .collect();
    serve(&ServeInput {
        uidlist: Some(list),
        files: &files,
        format,
        reuse_x_uidl: x_uidls.is_some(),
        duplicates: Duplicates::Allow,
        new_uidvalidity: list.uidvalidity,
    })
}

/// Numbers the messages of a folder. `pop3_only`: the folder is the INBOX of a mailbox that Courier
/// served by POP3 and that IMAP was never used for, so that there are no UIDs to lose.
pub(super) fn number(
    state: &FolderState,
    live: Option<ServerKind>,
    entries: &[FileEntry],
    name: &FolderName,
    pop3_only: bool,
    new: &mut NewUidvalidities,
    findings: &mut Vec<Finding>,
) -> Numbers {
    let from = source(state, live);
    let numbers = match (from, &state.uidlist, &state.uiddb) {
        (Some(ServerKind::Dovecot), Some(list), _) => {
            from_dovecot(list, state.repaired_uid, entries)
        }
        (Some(ServerKind::Courier), _, Some(_)) => from_courier(state, entries),
        _ if pop3_only => {
            let mut numbers = anew(entries, new);
            numbers.uidvalidity_certainty = Certainty::Predicted;
            for message in &mut numbers.messages {
                message.certainty = Certainty::Predicted;
                message.evidence = UidEvidence::NeverServed;
            }
            Ok(numbers)
        }
        _ => {
            let in_new = entries.iter().filter(|entry| entry.place == Place::New).count();
            // Without a message in cur/ no session was ever there, and nobody has anything to lose.
            if in_new < entries.len() {
                let messages = entries.len() - in_new;
                findings.push(Finding::StateMissing { folder: name.clone(), messages, in_new });
            }
            Ok(anew(entries, new))
        }
    };
    numbers.unwrap_or_else(|without_uid| {
        findings.push(Finding::UidsExhausted { folder: name.clone(), messages: without_uid });
        anew(entries, new)
    })
}

/// An error is the number of messages for which there is no UID left.
fn from_dovecot(
    list: &UidList,
    repaired: Option<u32>,
    entries: &[FileEntry],
) -> Result<Numbers, usize> {
    let served = serve_dovecot(list, entries, &UidlFormat::dovecot_default(), None);
    if !served.without_uid.is_empty() {
        return Err(served.without_uid.len());
    }
    let mut records = list.records.iter().peekable();
    let messages = served
        .messages
        .into_iter()
        .map(|message| {
            // Both go by ascending UID.
            while records.next_if(|record| record.uid < message.uid).is_some() {}
            let record =
                records.peek().filter(|record| message.uid_listed && record.uid == message.uid);
            let fields = record.map_or(&[][..], |record| &record.fields);
            Numbered {
                entry: message.file,
                uid: message.uid,
                certainty: match (message.uid_listed, repaired) {
                    (false, _) => Certainty::Predicted,
                    (true, Some(uid)) if uid == message.uid => Certainty::Assumed,
                    (true, _) => Certainty::Exact,
                },
                evidence: if message.uid_listed { UidEvidence::UidList } else { UidEvidence::Next },
                fields: fields.iter().filter(|(key, _)| !b"PO".contains(key)).cloned().collect(),
            }
        })
        .collect();
    Ok(Numbers {
        uidvalidity: list.uidvalidity,
        uidvalidity_certainty: Certainty::Exact,
        next_uid: served.next_uid,
        guid: list.guid.clone(),
        messages,
        from: Some(ServerKind::Dovecot),
    })
}

fn from_courier(state: &FolderState, entries: &[FileEntry]) -> Result<Numbers, usize> {
    let Some(uids) = &state.uiddb else { return Err(entries.len()) };
    let mut messages: Vec<Numbered> = vec![];
    let mut fresh: Vec<usize> = vec![];
    for (at, entry) in entries.iter().enumerate() {
        match uids.by_name.get(&entry.name.base) {
            Some(uid) => messages.push(Numbered {
                entry: at,
                uid: *uid,
                certainty: Certainty::Exact,
                evidence: UidEvidence::UidDb,
                fields: vec![],
            }),
            None => fresh.push(at),
        }
    }
    messages.sort_by_key(|message| message.uid);
    fresh.sort_by(|a, b| courier_order(&entries[*a].name.base, &entries[*b].name.base));
    let mut next_uid = uids.next_uid;
    for (done, entry) in fresh.iter().enumerate() {
        if next_uid == u32::MAX {
            return Err(fresh.len() - done);
        }
        messages.push(Numbered {
            entry: *entry,
            uid: next_uid,
            certainty: Certainty::Predicted,
            evidence: UidEvidence::Next,
            fields: vec![],
        });
        next_uid += 1;
    }
    Ok(Numbers {
        uidvalidity: uids.uidvalidity,
        uidvalidity_certainty: Certainty::Exact,
        next_uid,
        guid: None,
        messages,
        from: Some(ServerKind::Courier),
    })
}

/// A folder that starts anew: UIDs from 1 in the order in which a Dovecot would give them.
///
/// The names of messages in `cur/` are lost. Those in `new/` had none yet: the first session that
/// sees a message moves it.
fn anew(entries: &[FileEntry], new: &mut NewUidvalidities) -> Numbers {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    sort_as_dovecot(&mut order, |at| entries[at].bytes.clone());
    let mut next_uid = 1u32;
    let messages = order
        .into_iter()
        .map(|entry| {
            let uid = next_uid;
            // A folder of 2^32 files does not exist: every entry is some 100 bytes of memory.
            next_uid = next_uid.saturating_add(1);
            let (certainty, evidence) = match entries[entry].place {
                Place::Cur => (Certainty::Lost, UidEvidence::NoState),
                Place::New => (Certainty::Predicted, UidEvidence::NeverServed),
            };
            Numbered { entry, uid, certainty, evidence, fields: vec![] }
        })
        .collect();
    Numbers {
        uidvalidity: new.take(),
        uidvalidity_certainty: if entries.iter().any(|entry| entry.place == Place::Cur) {
            Certainty::Lost
        } else {
            Certainty::Predicted
        },
        next_uid,
        guid: None,
        messages,
        from: None,
    }
}
