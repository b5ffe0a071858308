//! `sync.sh` and the plan that it goes by.
//!
//! The script is one file for an admin to read; what differs from mailbox to mailbox stands beside it
//! in tables, one line for each folder, message and step.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use mail_model::folder::FolderName;
use mail_model::identity::merge::{Before, Had, Merged};
use mail_model::maildir::Flags;

use super::plan::{FolderPlan, MailboxMerge, Refusal};
use super::sides::guid;
use super::stage::{make_directory, put, staged_folders, staged_guid, staged_list};
use crate::error::Error;
use crate::mail_findings::count;
use crate::mailbox::ResolvedMailbox;

const SCRIPT: &str = include_str!("sync.sh");
/// Line of the script below which the mailboxes stand.
const MAILBOXES: &str = "# The mailboxes, one after another.\n";
/// UIDs named in one step.
const UIDS: usize = 400;

/// Whether `doveadm` can do what is planned.
///
/// # Errors
/// Why not, and what to do instead.
pub(super) fn can_be_scripted(
    mailbox: &ResolvedMailbox<'_>,
    merge: &MailboxMerge,
) -> Result<(), Refusal> {
    let offline = "use --merge-into HOME on the new server while nobody uses the mailbox";
    if !merge.absence_counts {
        return Err(Refusal::new(
            "the backup is damaged here or lacks mail, and doveadm would take what is missing for \
             deleted",
            format!("make the backup again, or {offline}"),
        ));
    }
    for folder in &merge.folders {
        let Some(old) = &folder.old else { continue };
        let corrected = folder.merge.notes.corrected.len();
        if corrected > 0 {
            let text = format!(
                "the old server has given other UIDLs to {} that were converted, and doveadm changes \
                 none",
                count(corrected as u64, "message")
            );
            return Err(Refusal::new(text, offline));
        }
        let before = folder.before.as_ref();
        if before.is_some_and(|before| before.uidvalidity != old.uidvalidity) {
            let text =
                format!("the old server has given folder {} another UIDVALIDITY", folder.name);
            return Err(Refusal::new(text, offline));
        }
        let odd = |bytes: &[u8]| bytes.iter().any(u8::is_ascii_control);
        let uidls = old.messages.iter().filter_map(|message| message.uidl.as_deref());
        let model = folder.theirs.map(|at| &mailbox.model.folders[at]);
        let messages = model.iter().flat_map(|model| &model.messages);
        let names = messages.flat_map(|it| [guid(&it.fields, &it.name.base), &it.name.base]);
        if server_name(&folder.name).is_none() || uidls.chain(names).any(odd) {
            let text = format!("folder {} has names that doveadm can't be told", folder.name);
            return Err(Refusal::new(text, offline));
        }
    }
    Ok(())
}

/// Writes the tables of a mailbox.
///
/// # Errors
/// When that fails.
pub(super) fn plan(
    directory: &Path,
    mailbox: &ResolvedMailbox<'_>,
    merge: &MailboxMerge,
) -> Result<(), Error> {
    make_directory(directory)?;
    let (mut folders, mut messages, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    let staged: BTreeMap<&FolderName, _> = staged_folders(mailbox, merge)
        .map(|(folder, model)| (&folder.name, staged_list(folder, model)))
        .collect();
    for folder in &merge.folders {
        let Some(name) = server_name(&folder.name) else { continue };
        let before = folder.before.as_ref();
        let validity = before.map_or(0, |before| before.uidvalidity);
        let first = before.map_or(0, |before| before.next_uid);
        let list = staged.get(&folder.name);
        let next = list.map_or(0, |list| list.next_uid);
        folders.extend(format!("{name}\t{validity}\t{first}\t{next}\t").bytes());
        folders.extend(folder.name.to_dir());
        folders.push(b'\n');
        if list.is_none() {
            gone(&mut steps, &name, before);
            continue;
        }
        let Some(model) = folder.theirs.map(|at| &mailbox.model.folders[at]) else { continue };
        for merged in &folder.merge.messages {
            let Some(message) = merged.theirs.map(|at| &model.messages[at]) else { continue };
            messages.extend(format!("{name}\t{}\t", merged.uid.unwrap_or(0)).bytes());
            messages.extend(staged_guid(message, merged.ours.is_none()));
            messages.push(b'\t');
            messages.extend(merged.uidl.as_deref().unwrap_or_default());
            messages.extend(if merged.ours.is_none() { b"\t1\n" } else { b"\t0\n" });
        }
        deleted(&mut steps, &name, folder);
        flags(&mut steps, &name, folder);
    }
    put(&directory.join("folders"), &folders)?;
    put(&directory.join("messages"), &messages)?;
    put(&directory.join("steps"), &steps)
}

/// Messages that were deleted on the old server, which go before `doveadm sync` looks: it takes a message
/// for deleted only below the highest UID that both sides have, and gives those above a new UID and UIDL.
fn deleted(steps: &mut Vec<u8>, name: &str, folder: &FolderPlan) {
    let (Some(before), Some(old)) = (&folder.before, &folder.old) else { return };
    match &before.had {
        Had::Messages(_) => {
            let Some(new) = &folder.new else { return };
            let removed = folder.merge.removed.iter();
            let uids: Vec<u32> = removed.filter_map(|&at| new.messages[at].uid).collect();
            step(steps, "expunge", name, &uids, "");
        }
        Had::Below(below) => {
            let there: BTreeSet<u32> = old.messages.iter().filter_map(|it| it.uid).collect();
            let mut next = 1;
            for uid in there.into_iter().filter(|uid| uid < below).chain([*below]) {
                if next < uid {
                    steps.extend(format!("expunge\t{name}\t{next}:{}\t\n", uid - 1).bytes());
                }
                next = uid.saturating_add(1);
            }
        }
    }
}

/// What `doveadm` does not do with a folder that the old server has no more.
fn gone(steps: &mut Vec<u8>, name: &str, before: Option<&Before>) {
    let Some(before) = before else { return };
    match &before.had {
        Had::Messages(messages) => {
            let uids: Vec<u32> = messages.iter().filter_map(|message| message.uid).collect();
            step(steps, "expunge", name, &uids, "");
        }
        Had::Below(below) if *below > 1 => {
            steps.extend(format!("expunge\t{name}\t1:{}\t\n", below - 1).bytes());
        }
        Had::Below(_) => return,
    }
    steps.extend(format!("delete\t{name}\t\t\n").bytes());
}

/// Flags that changed on the old server: of a mailbox that somebody has opened, `doveadm sync` takes
/// those of the new server.
fn flags(steps: &mut Vec<u8>, name: &str, folder: &FolderPlan) {
    let (Some(old), Some(new)) = (&folder.old, &folder.new) else { return };
    let known = folder.before.as_ref().is_some_and(|it| matches!(it.had, Had::Messages(_)));
    let mut changes: BTreeMap<(&str, String), Vec<u32>> = BTreeMap::new();
    let both = |merged: &Merged| Some((merged.ours?, merged.theirs?));
    for (ours, theirs) in folder.merge.messages.iter().filter_map(both) {
        let (before, now) = (&new.messages[ours], &old.messages[theirs]);
        let Some(uid) = before.uid else { continue };
        let mut change = |what: &'static str, flag: String| {
            changes.entry((what, flag)).or_default().push(uid);
        };
        for (flag, imap) in FLAGS {
            let (was, is) = (before.flags.contains(flag), now.flags.contains(flag));
            if is && (!was || (!known && flag != Flags::TRASHED)) {
                change("add", imap.to_owned());
            } else if was && !is {
                change("remove", imap.to_owned());
            }
        }
        let word = |keyword: &[u8]| String::from_utf8(keyword.to_vec()).ok();
        for keyword in now.keywords.iter().filter_map(|it| word(it)) {
            if !known || !before.keywords.contains(keyword.as_bytes()) {
                change("add", keyword);
            }
        }
        let removed = before.keywords.iter().filter(|it| !now.keywords.contains(*it));
        removed.filter_map(|it| word(it)).for_each(|keyword| change("remove", keyword));
    }
    for ((what, flag), uids) in changes {
        step(steps, what, name, &uids, &flag);
    }
}

const FLAGS: [(Flags, &str); 5] = [
    (Flags::DRAFT, "\\Draft"),
    (Flags::FLAGGED, "\\Flagged"),
    (Flags::REPLIED, "\\Answered"),
    (Flags::SEEN, "\\Seen"),
    (Flags::TRASHED, "\\Deleted"),
];

/// Lines of a step: what, folder, UIDs, flag.
fn step(steps: &mut Vec<u8>, what: &str, name: &str, uids: &[u32], flag: &str) {
    for uids in uids.chunks(UIDS) {
        let list: Vec<String> = uids.iter().map(u32::to_string).collect();
        steps.extend(format!("{what}\t{name}\t{}\t{flag}\n", list.join(",")).bytes());
    }
}

/// A folder's name as `doveadm` takes it. None when it has none.
fn server_name(name: &FolderName) -> Option<String> {
    if name.is_inbox() {
        return Some("INBOX".to_owned());
    }
    let levels = name.levels();
    let odd = |level: &String| level.contains(['*', '%']) || level.chars().any(char::is_control);
    (!levels.is_empty() && !levels.iter().any(odd)).then(|| format!("INBOX.{}", levels.join(".")))
}

/// The script for these mailboxes, by their new addresses.
pub(super) fn script(backup: &str, since: &str, addresses: &[String]) -> String {
    let (head, tail) = SCRIPT.split_once(MAILBOXES).unwrap_or((SCRIPT, ""));
    let comment = |text: &str| text.replace(|letter: char| letter.is_control(), "?");
    let mut text = head.replace("[BACKUP]", &comment(backup)).replace("[SINCE]", &comment(since));
    text.push_str(MAILBOXES);
    for address in addresses {
        let _ = writeln!(text, "mailbox {}", quoted(address));
    }
    text.push_str(tail);
    text
}

/// A word for the shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}
