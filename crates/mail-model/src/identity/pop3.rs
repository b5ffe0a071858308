//! UIDLs of INBOX, and the order in which POP3 lists its messages.

use super::files::FileEntry;
use super::imap::{Numbers, serve_dovecot};
use super::listing::State;
use super::state::FolderState;
use super::{
    Certainty, Finding, FormatEvidence, OldServer, RawFolder, Rules, ServerKind, Uidl, UidlEvidence,
};
use crate::courier::{Pop3SizeList, Pop3Source, served_pop3};
use crate::dovecot::{UidList, UidlSource};
use crate::maildir::Place;
use crate::uidl::{UidlFormat, UidlInputs, recognise};
use std::collections::HashMap;

/// What POP3 clients know.
pub(super) struct Names {
    /// By entry; None where the new server's format has to name the message.
    pub(super) by_entry: Vec<Named>,
    /// Entries in the order of the POP3 listing. None when nobody has seen any.
    pub(super) order: Option<Vec<usize>>,
    pub(super) format: Option<FormatEvidence>,
}

#[derive(Clone)]
pub(super) struct Named {
    pub(super) value: Option<Vec<u8>>,
    pub(super) certainty: Certainty,
    pub(super) evidence: UidlEvidence,
}

/// Whose state names the messages. Where the living server has none, POP3 was not used since the
/// switch, and clients know what the other server said.
fn source(
    state: &FolderState,
    sizelist: Option<&Pop3SizeList>,
    live: Option<ServerKind>,
) -> Option<ServerKind> {
    let dovecot = state.uidlist.as_ref().map(|_| ServerKind::Dovecot);
    let courier = sizelist.map(|_| ServerKind::Courier);
    match live {
        Some(ServerKind::Courier) => courier.or(dovecot),
        _ => dovecot.or(courier),
    }
}

/// The state that names the messages, for whoever compares a listing with it.
pub(super) fn state<'a>(
    state: &'a FolderState,
    sizelist: Option<&'a Pop3SizeList>,
    live: Option<ServerKind>,
) -> State<'a> {
    match (source(state, sizelist, live), &state.uidlist, sizelist) {
        (Some(ServerKind::Dovecot), Some(list), _) => State::Dovecot(list),
        (Some(ServerKind::Courier), _, Some(list)) => State::Courier(list),
        _ => State::None,
    }
}

#[allow(clippy::too_many_arguments, reason = "they are the evidence, and each is used once")]
pub(super) fn name(
    raw: &RawFolder,
    state: &FolderState,
    sizelist: Option<&Pop3SizeList>,
    list_unreadable: bool,
    live: Option<ServerKind>,
    entries: &[FileEntry],
    numbers: &Numbers,
    rules: &Rules,
    findings: &mut Vec<Finding>,
) -> Names {
    match (source(state, sizelist, live), &state.uidlist, sizelist) {
        (Some(ServerKind::Dovecot), Some(list), _) => {
            if raw.mbox_uids.is_some()
                && let OldServer::Dovecot(format) = &rules.old_server
                && needs_maildir(format)
            {
                let (format, messages) = (format.clone(), entries.len());
                findings.push(Finding::FormatNeedsMaildir { format, messages });
                return unknown(entries, Certainty::Lost);
            }
            from_dovecot(raw, list, state.repaired_uid, entries, rules)
        }
        (Some(ServerKind::Courier), _, Some(list)) => from_courier(list, entries),
        _ => {
            if !raw.said_uidls.is_empty() {
                return by_rule(&raw.said_uidls, entries);
            }
            let named = |entry: &FileEntry| {
                let never_served = numbers.from.is_some() && !list_unreadable;
                let (certainty, evidence) = if never_served || entry.place == Place::New {
                    (Certainty::Predicted, UidlEvidence::NeverServed)
                } else {
                    (Certainty::Lost, UidlEvidence::NoState)
                };
                Named { value: None, certainty, evidence }
            };
            Names { by_entry: entries.iter().map(named).collect(), order: None, format: None }
        }
    }
}

/// What rests on a rule that nobody confirmed.
pub(super) fn assumption(names: &Names) -> Option<Finding> {
    let by = |evidence| names.by_entry.iter().filter(move |named| named.evidence == evidence);
    let messages = by(UidlEvidence::SaidRule).count();
    if let Some(example) = by(UidlEvidence::SaidRule).filter_map(|named| named.value.clone()).min()
    {
        return Some(Finding::UidlRuleAssumed { example, messages });
    }
    let messages = by(UidlEvidence::AssumedFormat).count();
    let format = names.format.as_ref().filter(|_| messages > 0)?.format.clone();
    Some(Finding::FormatAssumed { format, messages })
}

/// A message in an mbox has no file name, and its GUID is no part of any file.
fn needs_maildir(format: &UidlFormat) -> bool {
    let with = |name| format.expand(&UidlInputs { uid: 1, uidvalidity: 1, base: name, guid: name });
    with(b"a") != with(b"b")
}

fn unknown(entries: &[FileEntry], certainty: Certainty) -> Names {
    let named = Named { value: None, certainty, evidence: UidlEvidence::NoState };
    Names { by_entry: vec![named; entries.len()], order: None, format: None }
}

/// UIDLs by what is said of a server.
fn by_rule(said: &HashMap<Vec<u8>, Vec<u8>>, entries: &[FileEntry]) -> Names {
    let mut names = unknown(entries, Certainty::Lost);
    for (entry, named) in entries.iter().zip(&mut names.by_entry) {
        if let Some(uidl) = said.get(&entry.name.base) {
            *named = Named {
                value: Some(uidl.clone()),
                certainty: Certainty::Assumed,
                evidence: UidlEvidence::SaidRule,
            };
        }
    }
    names
}

/// The format by which the old Dovecot named messages: what the operator said; else the one that
/// made every stored UIDL of this list, if one did (`pop3_save_uidl` stores them); else the default.
fn format_of(list: &UidList, rules: &Rules) -> FormatEvidence {
    if let OldServer::Dovecot(format) = &rules.old_server {
        return FormatEvidence { format: format.clone(), stated: true };
    }
    let samples: Vec<(UidlInputs<'_>, &[u8])> = list
        .records
        .iter()
        .filter_map(|record| {
            let base = record.base.as_slice();
            let guid = record.get(b'G').filter(|guid| !guid.is_empty()).unwrap_or(base);
            let inputs = UidlInputs { uid: record.uid, uidvalidity: list.uidvalidity, base, guid };
            Some((inputs, record.get(b'P').filter(|uidl| !uidl.is_empty())?))
        })
        .collect();
    let format = match recognise(&samples) {
        Some((format, explained)) if explained == samples.len() => format,
        _ => UidlFormat::dovecot_default(),
    };
    FormatEvidence { format, stated: false }
}

fn from_dovecot(
    raw: &RawFolder,
    list: &UidList,
    repaired: Option<u32>,
    entries: &[FileEntry],
    rules: &Rules,
) -> Names {
    let format = format_of(list, rules);
    let x_uidls: Vec<Option<Vec<u8>>> = if rules.reuse_x_uidl {
        entries.iter().map(|entry| raw.files[entry.file].x_uidl.clone()).collect()
    } else {
        vec![]
    };
    let x_uidls = rules.reuse_x_uidl.then_some(x_uidls.as_slice());
    let served = serve_dovecot(list, entries, &format.format, x_uidls);
    let nothing =
        Named { value: None, certainty: Certainty::Predicted, evidence: UidlEvidence::NextUid };
    let mut by_entry = vec![nothing; entries.len()];
    let mut order: Vec<usize> =
        served.pop3_order.iter().map(|at| served.messages[*at].file).collect();
    order.extend(&served.without_uid);
    for message in served.messages {
        let (certainty, evidence) = match (message.uidl_from, message.uid_listed) {
            (UidlSource::PField, _) => (Certainty::Exact, UidlEvidence::PField),
            (UidlSource::XUidl, true) => (Certainty::Exact, UidlEvidence::XUidl),
            // No client has seen it, and whoever sent the message chose the value.
            (UidlSource::XUidl, false) => (Certainty::Predicted, UidlEvidence::XUidl),
            (UidlSource::Format, false) => (Certainty::Predicted, UidlEvidence::NextUid),
            (UidlSource::Format, true) if format.stated => {
                (Certainty::Exact, UidlEvidence::StatedFormat)
            }
            (UidlSource::Format, true) => (Certainty::Assumed, UidlEvidence::AssumedFormat),
        };
        let certainty = if message.uid_listed && repaired == Some(message.uid) {
            certainty.max(Certainty::Assumed)
        } else {
            certainty
        };
        by_entry[message.file] = Named { value: Some(message.uidl), certainty, evidence };
    }
    Names { by_entry, order: Some(order), format: Some(format) }
}

fn from_courier(list: &Pop3SizeList, entries: &[FileEntry]) -> Names {
    let files: Vec<(Place, &[u8])> =
        entries.iter().map(|entry| (entry.place, entry.bytes.as_slice())).collect();
    let served = served_pop3(Some(list), &files);
    let nothing =
        Named { value: None, certainty: Certainty::Predicted, evidence: UidlEvidence::NextCounter };
    let mut by_entry = vec![nothing; entries.len()];
    let order = served.iter().map(|message| message.file).collect();
    for message in served {
        let named = &mut by_entry[message.file];
        named.value = message.uidl;
        if message.source == Pop3Source::Listed {
            (named.certainty, named.evidence) = (Certainty::Exact, UidlEvidence::SizeList);
        }
    }
    Names { by_entry, order: Some(order), format: None }
}

impl Named {
    /// With a value that it was given.
    pub(super) fn into_uidl(self, value: Vec<u8>) -> Uidl {
        Uidl { value, certainty: self.certainty, evidence: self.evidence }
    }
}
