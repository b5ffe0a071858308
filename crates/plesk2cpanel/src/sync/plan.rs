//! What becomes of a mailbox: its folders put together, from the backup, from what was converted
//! before, and from the home if that is at hand.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use mail_model::folder::{Convention, FolderName};
use mail_model::identity::merge::{
    Before, FolderMerge, Had, MergeRules, Side, SideMessage, merge_folder,
};
use mail_model::identity::{Certainty, Folder};
use mail_model::uidl::UidlFormat;
use plesk_backup::Subscription;

use super::before::BeforeMailbox;
use super::moves::follow_moves;
use super::names::{Key, by_key};
use super::sides::{names_by_guid, of_backup};
use crate::account::{Resolved, Run};
use crate::chain::has_gap;
use crate::content::content_findings;
use crate::finding::{ARCHIVE_DAMAGED, CONTENT_MISSING};
use crate::mailbox::ResolvedMailbox;

/// A folder of the home, as far as the merge goes.
pub(super) struct OurFolder {
    /// Its messages are called by the names of their files.
    pub(super) side: Side,
    /// What Dovecot calls each of them.
    pub(super) guids: Vec<Vec<u8>>,
    /// It has an index: the new server has opened it.
    pub(super) opened: bool,
}

/// A folder and what becomes of it.
pub(super) struct FolderPlan {
    pub(super) name: FolderName,
    /// Index among the folders of the backup.
    pub(super) theirs: Option<usize>,
    pub(super) before: Option<Before>,
    pub(super) old: Option<Side>,
    pub(super) new: Option<Side>,
    pub(super) merge: FolderMerge,
    /// What the backup lacks of it was deleted, the folder itself included.
    pub(super) absence_counts: bool,
    /// The backup has no list of it, and nothing shows that anybody opened it on the old server.
    pub(super) never_opened: bool,
}

/// A mailbox and what becomes of it.
pub(super) struct MailboxMerge {
    pub(super) folders: Vec<FolderPlan>,
    /// What the backup lacks was deleted.
    pub(super) absence_counts: bool,
}

impl MailboxMerge {
    /// Whether `doveadm` can be given the backup's folders. What they lack it takes for deleted.
    ///
    /// # Errors
    /// When they lack what was not.
    pub(super) fn can_be_staged(&self) -> Result<(), Refusal> {
        let remedy = "make the backup again, or use --merge-into HOME on the new server while nobody \
                      uses the mailbox";
        for folder in &self.folders {
            let was_used = folder.before.as_ref().is_some_and(|before| before.next_uid > 1);
            let may_lack = was_used && !folder.was_never_used();
            if self.absence_counts && !folder.absence_counts && may_lack {
                let text = format!("the backup has no list of folder {}", folder.name);
                return Err(Refusal::new(text, remedy));
            }
            if self.absence_counts && folder.lacks_converted() {
                let text = format!(
                    "the backup lacks messages that the list of its folder {} names, and doveadm \
                     would take them for deleted",
                    folder.name
                );
                return Err(Refusal::new(text, remedy));
            }
        }
        Ok(())
    }
}

/// Why a mailbox is left as it is.
pub(super) struct Refusal {
    pub(super) text: String,
    pub(super) remedy: String,
}

impl Refusal {
    pub(super) fn new(text: impl Into<String>, remedy: impl Into<String>) -> Refusal {
        Refusal { text: text.into(), remedy: remedy.into() }
    }
}

impl FolderPlan {
    /// Nobody opened it on the old server, so that nobody deleted anything, and what was converted is
    /// still there. Such a folder has no list, and needs none.
    fn was_never_used(&self) -> bool {
        let old = self.old.iter().flat_map(|old| &old.messages);
        let here: BTreeSet<&[u8]> = old.map(|message| message.guid.as_slice()).collect();
        let is_all_there = match self.before.as_ref().map(|before| &before.had) {
            Some(Had::Messages(had)) => had.iter().all(|it| here.contains(it.guid.as_slice())),
            Some(Had::Below(below)) => *below <= 1,
            None => true,
        };
        self.never_opened && is_all_there
    }

    /// Messages that are added.
    pub(super) fn added(&self) -> impl Iterator<Item = &mail_model::identity::merge::Merged> {
        self.merge.messages.iter().filter(|message| message.ours.is_none())
    }

    /// Whether anything is to be done.
    pub(super) fn is_changed(&self) -> bool {
        let notes = &self.merge.notes;
        self.added().next().is_some()
            || !self.merge.removed.is_empty()
            || !notes.flagged.is_empty()
            || !notes.corrected.is_empty()
            || !notes.renamed.is_empty()
            || !notes.renumbered.is_empty()
            || (self.new.is_none() && self.old.is_some() && self.before.is_none())
    }

    /// Whether the old server has given out UIDs that the new one would give to other messages.
    pub(super) fn is_behind(&self) -> bool {
        let (Some(old), Some(before)) = (&self.old, &self.before) else { return false };
        before.first_new_uid() < old.next_uid
    }

    /// Its list names messages that were converted, or may have been, and the backup lacks them.
    fn lacks_converted(&self) -> bool {
        let below = |before: &&Before| matches!(before.had, Had::Below(_));
        let by_number = self.before.as_ref().filter(below).map_or(0, |before| before.next_uid);
        let mut unfiled = self.old.iter().flat_map(|old| &old.unfiled);
        !self.merge.notes.absent_but_kept.is_empty() || unfiled.any(|(uid, _)| *uid < by_number)
    }

    /// It was deleted on the old server, and has nothing left.
    pub(super) fn is_gone(&self) -> bool {
        self.absence_counts
            && !self.name.is_inbox()
            && self.old.is_none()
            && self.before.is_some()
            && self.new.is_some()
            && self.merge.messages.is_empty()
    }
}

/// What a backup and its damage say of a mailbox.
pub(super) struct Evidence {
    pub(super) absence_counts: bool,
}

impl Evidence {
    /// What the second backup lacks was deleted only if the backup is whole.
    pub(super) fn of(
        run: &Run<'_>,
        resolved: &Resolved<'_>,
        subscription: &Subscription,
        mailbox: &ResolvedMailbox<'_>,
    ) -> Evidence {
        let lacking = [CONTENT_MISSING.code, ARCHIVE_DAMAGED.code];
        let findings = content_findings(run.backup, subscription, resolved.scanned);
        let whole = run.backup.damage().is_empty()
            && !has_gap(subscription)
            && !findings.iter().any(|finding| lacking.contains(&&*finding.code));
        let mailbox_whole = mailbox.scanned.is_some_and(|scanned| {
            scanned.cut.is_empty()
                && scanned.dangling.is_empty()
                && scanned.oversized_state.is_empty()
                && !scanned.dbox
                && scanned.chain.absent == 0
                && scanned.chain.uncertain == 0
        });
        Evidence { absence_counts: whole && mailbox_whole }
    }
}

/// Puts the folders of a mailbox together; `ours` by directory. Without a home, what was converted
/// stands for it.
///
/// # Errors
/// When a folder is not what was converted, or two can't be told apart.
pub(super) fn merge_mailbox(
    mailbox: &ResolvedMailbox<'_>,
    known: &BeforeMailbox,
    evidence: &Evidence,
    reserved: Option<u32>,
    ours: Option<&BTreeMap<Key, OurFolder>>,
) -> Result<MailboxMerge, Refusal> {
    let theirs = mailbox.model.folders.iter().map(|folder| &folder.name);
    let theirs = by_key(theirs.enumerate().map(|(index, name)| (name, index)))?;
    let here = ours.iter().flat_map(|ours| ours.keys());
    let known_folders = known.folders.by_key(&theirs, here.clone())?;
    let mut names: BTreeSet<&Key> = theirs.keys().chain(known_folders.keys()).collect();
    names.extend(here);
    let has_inbox = theirs.contains_key(&Key::default());
    let mut folders = Vec::new();
    for name in names {
        let index = theirs.get(name).copied();
        let model = index.map(|index| &mailbox.model.folders[index]);
        let old = model.map(|model| of_backup(model, mailbox.scanned));
        let mut before = known_folders.get(name).cloned();
        let folder_name = model.map_or_else(|| name_of_dir(name), |folder| folder.name.clone());
        let sure_list = model.is_none_or(|it| it.uidvalidity_certainty == Certainty::Exact);
        let mut rules = MergeRules {
            is_inbox: folder_name.is_inbox(),
            target_format: UidlFormat::uid_dash_validity(),
            old_format: mailbox.model.server.format.as_ref().map(|it| it.format.clone()),
            absence_counts: evidence.absence_counts && has_inbox && sure_list,
            opened: false,
        };
        let new = match ours {
            None => before.as_ref().map(|before| as_converted(before, old.as_ref())),
            Some(ours) => ours.get(name).map(|ours| {
                rules.opened = ours.opened;
                named_alike(ours, model, before.as_ref())
            }),
        };
        if let (Some(before), None, Some(new)) = (&mut before, reserved, &new) {
            before.reserved = guessed_reserve(before, old.as_ref(), new);
        }
        let mut merge = merge_folder(before.as_ref(), old.as_ref(), new.as_ref(), &rules).map_err(
            |refusal| {
                Refusal::new(
                    format!("folder {folder_name}: {refusal}"),
                    "the mailbox is not the one that was converted, or it was made anew since: \
                     look what lies there; mail of the backup can be had by converting it into \
                     another directory",
                )
            },
        )?;
        if let (None, None, Some(old), Some(ours)) = (&before, &new, &old, ours) {
            stay_deleted(&mut merge, old, &known_folders, &theirs, ours);
        }
        let absence_counts = rules.absence_counts;
        let never_opened = model.is_some_and(|it| it.uidvalidity_certainty == Certainty::Predicted);
        folders.push(FolderPlan {
            name: folder_name,
            theirs: index,
            before,
            old,
            new,
            merge,
            absence_counts,
            never_opened,
        });
    }
    follow_moves(&mut folders, mailbox);
    // INBOX first, for people.
    folders.sort_by_key(|folder| (!folder.name.is_inbox(), folder.name.to_string()));
    Ok(MailboxMerge { folders, absence_counts: evidence.absence_counts && has_inbox })
}

/// In a folder that the old server renamed, what was deleted under the old name on the new server does
/// not come back.
fn stay_deleted(
    merge: &mut FolderMerge,
    old: &Side,
    before: &BTreeMap<Key, Before>,
    theirs: &BTreeMap<Key, usize>,
    ours: &BTreeMap<Key, OurFolder>,
) {
    let renamed = before.iter().find(|(name, before)| {
        before.uidvalidity == old.uidvalidity && !theirs.contains_key(*name)
    });
    let Some((name, Before { had: Had::Messages(had), .. })) = renamed else { return };
    let Some(ours) = ours.get(name) else { return };
    let guids = |messages: &[SideMessage]| -> HashSet<Vec<u8>> {
        messages.iter().map(|message| message.guid.clone()).collect()
    };
    let (had, there) = (guids(had), guids(&ours.side.messages));
    merge.messages.retain(|merged| {
        let Some(index) = merged.theirs else { return true };
        let guid = &old.messages[index].guid;
        let deleted = had.contains(guid) && !there.contains(guid);
        if deleted {
            merge.stay_deleted.push(index);
        }
        !deleted
    });
}

/// The new server's side, with the old server's names: what `doveadm` has merged lies under another
/// name, and has the old one as its GUID.
fn named_alike(ours: &OurFolder, model: Option<&Folder>, before: Option<&Before>) -> Side {
    let mut side = ours.side.clone();
    let of_model = model.map(|model| names_by_guid(model.messages.iter())).unwrap_or_default();
    let known = match before.map(|before| &before.had) {
        Some(Had::Messages(messages)) => messages.as_slice(),
        _ => &[],
    };
    let known: HashSet<&[u8]> = known.iter().map(|message| message.guid.as_slice()).collect();
    let mut taken: HashSet<Vec<u8>> =
        side.messages.iter().map(|message| message.guid.clone()).collect();
    for (message, guid) in side.messages.iter_mut().zip(&ours.guids) {
        let base = message.guid.as_slice();
        if known.contains(base) || of_model.get(base) == Some(&base) {
            continue;
        }
        let known = known.get(guid.as_slice());
        let name = of_model.get(guid.as_slice()).or(known).map(|name| name.to_vec());
        if let Some(name) = name.filter(|name| taken.insert(name.clone())) {
            message.guid = name;
        }
    }
    side
}

/// The new server's folder as the conversion left it. Where only numbers are known, what the old
/// server still has of it.
fn as_converted(before: &Before, old: Option<&Side>) -> Side {
    let messages = match &before.had {
        Had::Messages(messages) => messages.clone(),
        Had::Below(sure) => old
            .filter(|old| old.uidvalidity == before.uidvalidity)
            .iter()
            .flat_map(|old| &old.messages)
            .filter(|message| !message.uid_unseen && message.uid.is_some_and(|it| it < *sure))
            .cloned()
            .collect(),
    };
    let next_uid = before.first_new_uid();
    Side { uidvalidity: before.uidvalidity, next_uid, messages, ..Side::default() }
}

/// How many UIDs the conversion left free, where nobody said so: those below the first message that
/// came in here. Few say nothing, since messages may have come and gone.
fn guessed_reserve(before: &Before, old: Option<&Side>, new: &Side) -> u32 {
    const FEW: u32 = 1000;
    let known = match &before.had {
        Had::Messages(messages) => messages.as_slice(),
        Had::Below(_) => &[],
    };
    let known = known.iter().chain(old.iter().flat_map(|old| &old.messages));
    let known: HashSet<&[u8]> = known.map(|message| message.guid.as_slice()).collect();
    let received = new.messages.iter().filter(|message| !known.contains(message.guid.as_slice()));
    let first = received.filter_map(|message| message.uid).filter(|uid| *uid >= before.next_uid);
    let first = first.min().unwrap_or(new.next_uid);
    let free = first.saturating_sub(before.next_uid);
    if free < FEW { 0 } else { free }
}

/// Subscribed folders: what either side changed since the conversion. Where that is not known, those
/// of both. A backup that lacks mail may lack the list as well, and takes none away.
pub(super) fn subscriptions(
    before: Option<&[FolderName]>,
    theirs: &[FolderName],
    ours: &[FolderName],
    absence_counts: bool,
) -> Vec<FolderName> {
    let gone = |name: &FolderName| {
        absence_counts
            && before.is_some_and(|before| before.contains(name))
            && !theirs.contains(name)
    };
    let new = |name: &FolderName| !before.is_some_and(|before| before.contains(name));
    let mut merged: Vec<FolderName> = ours.iter().filter(|name| !gone(name)).cloned().collect();
    for name in theirs.iter().filter(|name| new(name)) {
        if !merged.contains(name) {
            merged.push(name.clone());
        }
    }
    merged
}

/// A folder's name by its directory in a home.
pub(super) fn name_of_dir(dir: &[u8]) -> FolderName {
    FolderName::from_dir(dir, Convention::ModifiedUtf7).0
}

#[cfg(test)]
mod tests {
    use super::super::names::named;
    use super::*;

    #[test]
    fn who_changed_a_subscription_decides() {
        let list = |text: &str| text.split(' ').map(named).collect::<Vec<FolderName>>();
        let of = |before: Option<&str>, theirs: &str, ours: &str, absence_counts: bool| {
            let before = before.map(list);
            let merged =
                subscriptions(before.as_deref(), &list(theirs), &list(ours), absence_counts);
            merged.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of(Some("A B C"), "A C T", "A B O", true), "A O T");
        assert_eq!(of(None, "A C T", "A B O", true), "A B O C T");
        // The backup is no evidence: nothing is taken away.
        assert_eq!(of(Some("A B C"), "T", "A B O", false), "A B O T");
    }
}
