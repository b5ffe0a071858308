//! Folder names and subscriptions of a mailbox.

use super::{Finding, RawFolder, RawMailbox, ServerKind};
use crate::dovecot::Subscriptions;
use crate::folder::{Convention, FolderName, NameEncoding};
use std::collections::{HashMap, HashSet};

/// Whether the server kept folder names as raw UTF-8: a directory shows it, or the version of the
/// POP3 list that only Courier 5 writes.
pub(super) fn is_utf8(raw: &RawMailbox) -> bool {
    let by_dir = raw
        .folders
        .iter()
        .any(|folder| !folder.dir.is_ascii() && str::from_utf8(&folder.dir).is_ok());
    by_dir || raw.pop3_sizelist.as_ref().is_some_and(|list| list.bytes.starts_with(b"/3 "))
}

/// In a mailbox of raw UTF-8 a folder that only Dovecot has opened was made by Dovecot, after the
/// switch, in modified UTF-7.
fn convention(folder: &RawFolder, utf8: bool) -> Convention {
    let made_by_dovecot = folder.uidlist.is_some() && folder.uiddb.is_none();
    if utf8 && !made_by_dovecot { Convention::Utf8 } else { Convention::Auto }
}

/// The names of the folders in their order, each once.
pub(super) fn folders(
    raw: &RawMailbox,
    utf8: bool,
    findings: &mut Vec<Finding>,
) -> Vec<(FolderName, NameEncoding)> {
    let mut names: Vec<(FolderName, NameEncoding)> = raw
        .folders
        .iter()
        .map(|folder| FolderName::from_dir(&folder.dir, convention(folder, utf8)))
        .collect();
    // Folders whose directory stays as it is keep their name; of others the first does.
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_key(|at| names[*at].0.to_dir() != raw.folders[*at].dir);
    let mut taken: HashMap<Vec<u8>, usize> = HashMap::new();
    for at in order {
        let dir = &raw.folders[at].dir;
        if let Some(first) = taken.get(&names[at].0.to_dir()) {
            let renamed = unused_name(&names[at].0, &taken);
            findings.push(Finding::FolderNameCollision {
                first: raw.folders[*first].dir.clone(),
                second: dir.clone(),
                renamed_to: renamed.clone(),
            });
            names[at].0 = renamed;
        }
        taken.insert(names[at].0.to_dir(), at);
    }
    for (folder, (name, encoding)) in raw.folders.iter().zip(&names) {
        let (folder_name, from, to) = (name.clone(), folder.dir.clone(), name.to_dir());
        if *encoding == NameEncoding::Verbatim {
            findings.push(Finding::FolderNameOdd { folder: folder_name, dir: from });
        } else if from != to {
            findings.push(Finding::FolderReencoded { folder: folder_name, from, to });
        }
    }
    names
}

fn unused_name(name: &FolderName, taken: &HashMap<Vec<u8>, usize>) -> FolderName {
    let mut number = 2u64;
    loop {
        let mut levels = name.levels().to_vec();
        match levels.last_mut() {
            Some(last) => *last = format!("{last}_{number}"),
            None => levels.push(format!("{name}_{number}")),
        }
        let renamed = FolderName::from_levels(levels);
        if !taken.contains_key(&renamed.to_dir()) {
            return renamed;
        }
        number += 1;
    }
}

/// The subscriptions: the living server's file, else the other's.
pub(super) fn subscriptions(
    raw: &RawMailbox,
    utf8: bool,
    live: Option<ServerKind>,
    names: &[(FolderName, NameEncoding)],
    findings: &mut Vec<Finding>,
) -> Vec<FolderName> {
    let dovecot = raw.dovecot_subscriptions.as_ref().map(|file| (&file.bytes, ServerKind::Dovecot));
    let courier = raw.courier_subscribed.as_ref().map(|file| (&file.bytes, ServerKind::Courier));
    let file = match live {
        Some(ServerKind::Courier) => courier.or(dovecot),
        _ => dovecot.or(courier),
    };
    let Some((bytes, kind)) = file else { return vec![] };
    let utf8 = kind == ServerKind::Courier && (utf8 || !bytes.is_ascii());
    let convention = if utf8 { Convention::Utf8 } else { Convention::Auto };
    let known: HashSet<&FolderName> = names.iter().map(|(name, _)| name).collect();
    let mut seen = HashSet::new();
    let mut subscribed = vec![];
    for name in Subscriptions::parse_as(bytes, false, convention).names {
        let text = name.to_subscription();
        if text.starts_with(b"#") || text.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            // Courier's shared folders live in other people's mailboxes.
            findings.push(Finding::SubscriptionOdd { name: text, kept: false });
            continue;
        }
        let name = without_prefix(name, kind, &known);
        if name.levels().is_empty() && !name.is_inbox() && !known.contains(&name) {
            findings.push(Finding::SubscriptionOdd { name: text, kept: true });
        }
        if seen.insert(name.clone()) {
            subscribed.push(name);
        }
    }
    subscribed
}

/// Courier always writes `INBOX.`; Dovecot never does, but other software that writes its file
/// may. A folder that really is called `INBOX.X` keeps its name.
fn without_prefix(name: FolderName, kind: ServerKind, known: &HashSet<&FolderName>) -> FolderName {
    let stripped = match name.levels() {
        [first, rest @ ..] if first.eq_ignore_ascii_case("INBOX") && !rest.is_empty() => {
            FolderName::from_levels(rest.to_vec())
        }
        _ => {
            let text = name.to_subscription();
            if !name.levels().is_empty()
                || text.len() <= 6
                || !text[..6].eq_ignore_ascii_case(b"INBOX.")
            {
                return name;
            }
            FolderName::from_dir(&[b".", &text[6..]].concat(), Convention::Auto).0
        }
    };
    let as_written =
        kind == ServerKind::Dovecot && known.contains(&name) && !known.contains(&stripped);
    if as_written { name } else { stripped }
}
