//! What becomes of an INBOX: which list it gets, and what that means to clients.

use std::collections::{HashMap, HashSet};

use mail_model::courier::Pop3SizeList;
use mail_model::dovecot::{MaildirFile, UidList, UidListProblem};
use mail_model::identity::{
    Certainty, Fate, Folder, Moved, NoList, OldName, OldNumbers, RawFolder, Rescue, RescueInput,
    RestoreInput, rescue, restore,
};
use mail_model::maildir::base_name;
use mail_model::uidl::{UidlFormat, UidlInputs};

use super::matching::Matching;
use super::visits::Verdict;
use crate::mailbox::ResolvedMailbox;
use crate::uidl::tells_of_old;

/// What is known of a folder on the old server.
pub(super) struct Old<'a> {
    pub(super) folder: &'a Folder,
    /// By the index of the message; empty for folders other than INBOX.
    pub(super) names: Vec<OldName>,
    /// By the index of the message: whether clients know it by a UIDL of the old server, be it one that
    /// nothing tells.
    pub(super) known: Vec<bool>,
    /// UIDLs that went to messages which the backup does not hold.
    pub(super) given_out: Vec<Vec<u8>>,
    /// What may have gone to messages of which nothing is left.
    pub(super) numbers: Vec<OldNumbers>,
    /// Base names of the files on the old server, and of those that its list still has.
    pub(super) bases: HashSet<Vec<u8>>,
}

impl<'a> Old<'a> {
    pub(super) fn new(mailbox: &ResolvedMailbox<'_>, folder: &'a Folder) -> Old<'a> {
        let mut old = Old {
            folder,
            names: Vec::new(),
            known: Vec::new(),
            given_out: Vec::new(),
            numbers: Vec::new(),
            bases: HashSet::new(),
        };
        if !folder.name.is_inbox() {
            return old;
        }
        let unknown = || OldName { uidl: Vec::new(), certainty: Certainty::Lost };
        let name = |uidl: &mail_model::identity::Uidl| OldName {
            uidl: uidl.value.clone(),
            certainty: uidl.certainty,
        };
        old.names = folder
            .messages
            .iter()
            .map(|message| message.uidl.as_ref().filter(|uidl| tells_of_old(uidl)))
            .map(|uidl| uidl.map_or_else(unknown, name))
            .collect();
        old.known = folder
            .messages
            .iter()
            .map(|message| message.uidl.as_ref())
            .map(|uidl| uidl.is_some_and(|uidl| uidl.certainty != Certainty::Predicted))
            .collect();
        let Some(raw) = mailbox.scanned.map(|scanned| &scanned.raw) else { return old };
        if let Some(raw) = raw.folders.get(folder.source) {
            let files = raw.files.iter().map(|file| base_name(&file.name).to_vec());
            let list = raw.uidlist.as_ref().and_then(|state| UidList::parse(&state.bytes).ok());
            let listed = list.into_iter().flat_map(|(list, _)| list.records);
            old.bases = files.chain(listed.map(|record| record.base)).collect();
        }
        if let (Some(listing), Some(found)) = (&raw.listing, &mailbox.model.listing)
            && !found.of_sizes
        {
            let open = listing.entries.iter().zip(&found.matches);
            let open = open.filter(|(_, found)| found.is_none());
            old.given_out.extend(open.map(|(entry, _)| entry.uidl.clone()));
        }
        // Both counters also tell of messages that are gone.
        if let Some(state) = &raw.pop3_sizelist
            && let Ok((list, _)) = Pop3SizeList::parse(&state.bytes)
            && let Some(uidvalidity) = list.uidv.and_then(|uidv| u32::try_from(uidv).ok())
        {
            let format = UidlFormat::uid_dash_validity();
            old.numbers.push(OldNumbers { format, uidvalidity, next_uid: list.next });
        }
        if let Some(evidence) = &mailbox.model.server.format
            && folder.uidvalidity_certainty < Certainty::Predicted
        {
            let (format, next_uid) = (evidence.format.clone(), folder.next_uid);
            old.numbers.push(OldNumbers { format, uidvalidity: folder.uidvalidity, next_uid });
        }
        let last = old.numbers.iter().filter_map(|numbers| {
            Some(numbers.format.expand(&UidlInputs {
                uid: numbers.next_uid.checked_sub(1).filter(|uid| *uid > 0)?,
                uidvalidity: numbers.uidvalidity,
                base: b"",
                guid: b"",
            }))
        });
        let last: Vec<Vec<u8>> = last.collect();
        old.given_out.extend(last);
        old
    }
}

/// The files of a folder, as a server over it sees them.
pub(super) fn served_files(raw: &RawFolder) -> Vec<MaildirFile<'_>> {
    raw.files
        .iter()
        .map(|file| MaildirFile { place: file.place, name: &file.name, x_uidl: None })
        .collect()
}

/// Why a folder is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// It has an index and no list: messages would become invisible.
    Index,
    /// Its list can't be read, or is broken.
    Broken(String),
    /// No UID is left above all that the old server used.
    Full,
    /// Nothing is known of what the old server called its messages.
    Nothing,
}

/// What a folder gets.
pub(super) enum Decision {
    /// The list that is there, with old UIDLs.
    Rescue(Box<Rescue>),
    /// A list, where there was none.
    Restore { list: UidList, restored: u64, new: u64 },
    /// Nothing.
    Leave(Left),
}

/// Decides about a folder as it is now.
pub(super) fn decide(
    raw: &RawFolder,
    old: &Old<'_>,
    matching: &Matching,
    verdict: &Verdict,
    format: &UidlFormat,
) -> Decision {
    let Some(state) = &raw.uidlist else { return without_list(raw, old, matching, format) };
    let list = match UidList::parse(&state.bytes) {
        Err(error) => return Decision::Leave(Left::Broken(error.to_string())),
        Ok((list, problems)) => {
            let broken = problems.iter().find_map(|problem| match problem {
                UidListProblem::BrokenAt { line, reason, .. } => {
                    Some(format!("broken at line {line}: {reason}"))
                }
                _ => None,
            });
            if let Some(broken) = broken {
                return Decision::Leave(Left::Broken(broken));
            }
            list
        }
    };
    let messages: Vec<Moved<'_>> = served_files(raw)
        .into_iter()
        .map(|file| {
            let base = base_name(file.name);
            Moved {
                file,
                old: matching.of(base),
                was_loaded: verdict.may_have_loaded(file.name, old.bases.contains(base)),
                is_new: matching.is_new(base),
                has_old_name: old.bases.contains(base),
            }
        })
        .collect();
    Decision::Rescue(Box::new(rescue(&RescueInput {
        list: &list,
        messages: &messages,
        old: &old.names,
        given_out: &old.given_out,
        numbers: &old.numbers,
        format,
        // An index may know a higher next UID, and would hide what gets a lower one.
        lists_more: raw.index_log_mtime.is_none(),
    })))
}

fn without_list(
    raw: &RawFolder,
    old: &Old<'_>,
    matching: &Matching,
    format: &UidlFormat,
) -> Decision {
    if raw.index_log_mtime.is_some() {
        return Decision::Leave(Left::Index);
    }
    let files = served_files(raw);
    let partners: Vec<Option<usize>> =
        files.iter().map(|file| matching.of(base_name(file.name))).collect();
    let input = RestoreInput {
        folder: old.folder,
        files: &files,
        old: &partners,
        given_out: &old.given_out,
        format,
    };
    let list = match restore(&input) {
        Ok(list) => list,
        Err(NoList::Unknown) => return Decision::Leave(Left::Nothing),
        Err(NoList::NoUidLeft) => return Decision::Leave(Left::Full),
    };
    let names: HashSet<&[u8]> = list.records.iter().map(|record| record.base.as_slice()).collect();
    let restored = names.iter().filter(|name| matching.of(name).is_some()).count() as u64;
    Decision::Restore { restored, new: names.len() as u64 - restored, list }
}

/// What would be wrong with a list: it is parsed from its bytes and served once more. Nothing is
/// written that this does not pass.
pub(super) fn fault(raw: &RawFolder, decision: &Decision, format: &UidlFormat) -> Option<String> {
    let list = match decision {
        Decision::Rescue(rescue) => &rescue.list,
        Decision::Restore { list, .. } => list,
        Decision::Leave(_) => return None,
    };
    let parsed = match UidList::parse(&list.to_bytes()) {
        Ok((parsed, problems)) if problems.is_empty() => parsed,
        Ok((_, problems)) => return Some(format!("the new list has a fault: {:?}", problems[0])),
        Err(error) => return Some(format!("the new list can't be read: {error}")),
    };
    let files = served_files(raw);
    let serve = |list: &UidList| {
        mail_model::dovecot::serve(&mail_model::dovecot::ServeInput {
            uidlist: Some(list),
            files: &files,
            format,
            reuse_x_uidl: false,
            duplicates: mail_model::dovecot::Duplicates::Allow,
            new_uidvalidity: list.uidvalidity,
        })
    };
    let now = serve(&parsed);
    let Decision::Rescue(rescue) = decision else {
        let unlisted = now.messages.iter().filter(|message| !message.uid_listed).count();
        return (unlisted > 0).then(|| format!("the new list leaves out {unlisted} messages"));
    };
    let before = raw.uidlist.as_ref().and_then(|state| UidList::parse(&state.bytes).ok());
    let Some((before, _)) = before else { return Some("the old list is gone".to_owned()) };
    if parsed.uidvalidity != before.uidvalidity || parsed.next_uid < before.next_uid {
        return Some("UIDVALIDITY or the next UID would change".to_owned());
    }
    let uids: HashMap<usize, u32> =
        now.messages.iter().map(|message| (message.file, message.uid)).collect();
    let before = serve(&before);
    let moved =
        before.messages.iter().filter(|m| m.uid_listed && uids.get(&m.file) != Some(&m.uid));
    let moved = moved.count();
    if moved > 0 {
        return Some(format!("{moved} messages would get another UID"));
    }
    let twice = |uidls: &mut dyn Iterator<Item = Vec<u8>>| {
        let mut seen = HashSet::new();
        uidls.filter(|uidl| !seen.insert(uidl.clone())).collect::<HashSet<Vec<u8>>>()
    };
    let doubles = twice(&mut before.messages.iter().map(|message| message.uidl.clone()));
    let new_doubles = twice(&mut now.messages.iter().map(|message| message.uidl.clone()));
    if let Some(double) = new_doubles.difference(&doubles).next() {
        let double = plesk_backup::printable(double);
        return Some(format!("`{double}` would be the UIDL of two messages"));
    }
    let differs =
        now.messages.iter().find(|m| rescue.after[m.file].as_ref() != Some(&m.uidl)).is_some();
    differs.then(|| "the new list is served otherwise than meant".to_owned())
}

/// Counts what becomes of messages.
pub(super) fn fates(
    rescue: &Rescue,
    raw: &RawFolder,
    old: &Old<'_>,
    matching: &Matching,
) -> super::report::Fates {
    let mut fates = super::report::Fates::default();
    for (fate, file) in rescue.fates.iter().zip(&raw.files) {
        let base = base_name(&file.name);
        let partner = matching.of(base);
        let is_known = partner.and_then(|partner| old.known.get(partner)) == Some(&true);
        *match fate {
            Fate::Restored => &mut fates.restored,
            Fate::Already => &mut fates.already,
            Fate::Kept => &mut fates.kept,
            Fate::Taken => &mut fates.taken,
            Fate::Unwritable => &mut fates.unwritable,
            Fate::Unlisted => &mut fates.unlisted,
            Fate::New if matching.is_unclear(base) => &mut fates.unclear,
            Fate::Nameless if is_known => &mut fates.nameless,
            Fate::Unseen | Fate::Nameless => &mut fates.unseen,
            Fate::Renamed => &mut fates.renamed,
            Fate::Mistaken => &mut fates.mistaken,
            Fate::NotServed => &mut fates.not_served,
            _ => &mut fates.new,
        } += 1;
    }
    fates
}
