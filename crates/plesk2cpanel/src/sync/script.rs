//! `sync.sh` and the plan that it goes by.
//!
//! The script is one file for an admin to read; what differs from mailbox to mailbox stands beside it
//! in tables, one line for each folder, message and step.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::path::Path;

use mail_model::dovecot::UidList;
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
        let renumbered = folder.merge.notes.other_uid.len() + folder.merge.notes.renumbered.len();
        if renumbered > 0 {
            let text = format!(
                "the old server has given other UIDs to {} of folder {} that were converted, and \
                 doveadm would number them anew",
                count(renumbered as u64, "message"),
                folder.name
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

/// What is known of a mailbox beside its messages.
pub(super) struct Known<'a> {
    /// How many UIDs the conversion left free, where that is known.
    pub(super) reserved: Option<u32>,
    /// Subscribed folders as they were converted, where they are known.
    pub(super) subscribed: Option<&'a [FolderName]>,
}

/// Writes the tables of a mailbox.
///
/// # Errors
/// When that fails.
pub(super) fn plan(
    directory: &Path,
    mailbox: &ResolvedMailbox<'_>,
    merge: &MailboxMerge,
    known: &Known<'_>,
) -> Result<(), Error> {
    make_directory(directory)?;
    let (mut folders, mut messages, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    let staged: BTreeMap<&FolderName, _> = staged_folders(mailbox, merge)
        .map(|(folder, model)| (&folder.name, staged_list(folder, model)))
        .collect();
    for folder in &merge.folders {
        let Some(name) = server_name(&folder.name) else { continue };
        let renamed = renamed_from(folder, merge);
        let before = folder.before.as_ref().or(renamed.map(|(_, before)| before));
        let list = staged.get(&folder.name);
        folders.extend(folder_line(&name, folder, before, list, known.reserved).bytes());
        let was = renamed.and_then(|(was, _)| server_name(was));
        folders.extend(format!("{}\t", was.as_deref().unwrap_or("-")).bytes());
        folders.extend(folder.name.to_dir());
        folders.push(b'\n');
        gone(&mut messages, &name, folder);
        let Some(model) = folder.theirs.map(|at| &mailbox.model.folders[at]) else {
            if before.is_some() {
                steps.extend(format!("delete\t{name}\t-\t-\n").bytes());
            }
            continue;
        };
        let had = had_elsewhere(renamed.map(|(_, before)| before));
        for merged in &folder.merge.messages {
            let Some(message) = merged.theirs.map(|at| &model.messages[at]) else { continue };
            let new = merged.ours.is_none();
            let late = new && !had.contains(message.name.base.as_slice());
            let uid = merged.uid.unwrap_or(0).to_string();
            let columns: [&[u8]; 6] = [
                name.as_bytes(),
                uid.as_bytes(),
                staged_guid(message, new),
                merged.uidl.as_deref().unwrap_or_default(),
                if late { LATE } else { CONVERTED },
                &message.name.base,
            ];
            line(&mut messages, &columns);
        }
        flags(&mut steps, &name, folder);
    }
    subscriptions(&mut steps, known.subscribed.unwrap_or_default(), &mailbox.model.subscriptions);
    put(&directory.join("folders"), &folders)?;
    put(&directory.join("messages"), &messages)?;
    put(&directory.join("steps"), &steps)
}

/// Kinds of messages in the plan.
const CONVERTED: &[u8] = b"0";
const LATE: &[u8] = b"1";
const GONE: &[u8] = b"2";

fn line(table: &mut Vec<u8>, columns: &[&[u8]]) {
    table.extend(columns.join(&b'\t'));
    table.push(b'\n');
}

/// Numbers of a folder: UIDVALIDITY and next UID as they were converted, the next UID of the staged
/// list, that of the old server, the first that the new server could give to mail of its own (0 where
/// nobody said), and whether only numbers tell what was converted.
fn folder_line(
    name: &str,
    folder: &FolderPlan,
    before: Option<&Before>,
    list: Option<&UidList>,
    reserved: Option<u32>,
) -> String {
    let validity = before.map_or(0, |before| before.uidvalidity);
    let first = before.map_or(0, |before| before.next_uid);
    let staged = list.map_or(0, |list| list.next_uid);
    let old = folder.old.as_ref().map_or(0, |old| old.next_uid);
    let free = before.filter(|_| reserved.is_some()).map_or(0, Before::first_new_uid);
    let by_number = before.is_some_and(|before| matches!(before.had, Had::Below(_)));
    format!("{name}\t{validity}\t{first}\t{staged}\t{old}\t{free}\t{}\t", u8::from(by_number))
}

/// The folder that this one was when it was converted, if the old server has renamed it.
fn renamed_from<'a>(
    folder: &FolderPlan,
    merge: &'a MailboxMerge,
) -> Option<(&'a FolderName, &'a Before)> {
    let old = folder.old.as_ref().filter(|_| folder.before.is_none())?;
    let was = merge.folders.iter().filter(|it| it.theirs.is_none());
    let mut was = was.filter_map(|it| Some((&it.name, it.before.as_ref()?)));
    was.find(|(_, before)| before.uidvalidity == old.uidvalidity)
}

/// What a folder had under another name.
fn had_elsewhere(before: Option<&Before>) -> HashSet<&[u8]> {
    match before.map(|before| &before.had) {
        Some(Had::Messages(messages)) => messages.iter().map(|it| it.guid.as_slice()).collect(),
        _ => HashSet::new(),
    }
}

/// Messages that were converted and that the old server has no more. `doveadm sync` removes those
/// alone that lie below the last one that is left.
fn gone(messages: &mut Vec<u8>, name: &str, folder: &FolderPlan) {
    let by_name =
        folder.before.as_ref().is_some_and(|before| matches!(before.had, Had::Messages(_)));
    let Some(new) = folder.new.as_ref().filter(|_| by_name) else { return };
    for message in folder.merge.removed.iter().map(|at| &new.messages[*at]) {
        let uid = message.uid.unwrap_or(0).to_string();
        let guid = message.guid.as_slice();
        let uidl = message.uidl.as_deref().unwrap_or_default();
        line(messages, &[name.as_bytes(), uid.as_bytes(), guid, uidl, GONE, guid]);
    }
}

/// Subscriptions that changed on the old server, or those that it has where that is not known.
fn subscriptions(steps: &mut Vec<u8>, before: &[FolderName], now: &[FolderName]) {
    let mut only = |what: &str, these: &[FolderName], not: &[FolderName]| {
        for name in these.iter().filter(|name| !not.contains(name)).filter_map(server_name) {
            steps.extend(format!("{what}\t{name}\t-\t-\n").bytes());
        }
    };
    only("unsubscribe", before, now);
    only("subscribe", now, before);
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
    // `doveadm` takes these for a home directory, and for INBOX itself.
    let first = levels.first()?;
    let other = first.starts_with('~') || first.eq_ignore_ascii_case("INBOX");
    (!other && !levels.iter().any(odd)).then(|| format!("INBOX.{}", levels.join(".")))
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
