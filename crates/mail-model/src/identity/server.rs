//! Which server's state is the living one.

use super::files::FileEntry;
use super::listing::living;
use super::state::FolderState;
use super::{Because, Finding, FoundState, OldServer, RawMailbox, Rules, ServerKind};
use crate::courier::Pop3SizeList;
use crate::dovecot::UidList;
use crate::maildir::{base_name, dovecot_order};
use std::cmp::Ordering;
use std::collections::HashSet;

pub(super) struct Decision {
    pub(super) found: FoundState,
    pub(super) live: Option<ServerKind>,
    pub(super) because: Because,
}

/// Everything of a folder that matters here.
pub(super) struct FolderView<'a> {
    pub(super) is_inbox: bool,
    pub(super) state: &'a FolderState,
    pub(super) files: &'a [FileEntry],
}

pub(super) fn decide(
    raw: &RawMailbox,
    folders: &[FolderView<'_>],
    sizelist: Option<&Pop3SizeList>,
    rules: &Rules,
    findings: &mut Vec<Finding>,
) -> Decision {
    let found = FoundState {
        dovecot: folders.iter().any(|folder| folder.state.uidlist.is_some()),
        courier: sizelist.is_some() || folders.iter().any(|folder| folder.state.uiddb.is_some()),
    };
    let said = match &rules.old_server {
        OldServer::Auto => None,
        OldServer::Dovecot(_) => Some(ServerKind::Dovecot),
        OldServer::Courier => Some(ServerKind::Courier),
    };
    let in_messages = raw.folders.iter().any(|folder| folder.mbox_uids.is_some());
    let (live, because) = match (found.dovecot, found.courier) {
        (true, false) if in_messages => (Some(ServerKind::Dovecot), Because::InMessages),
        (false, false) => (None, Because::NoState),
        (true, false) => (Some(ServerKind::Dovecot), Because::OnlyState),
        (false, true) => (Some(ServerKind::Courier), Because::OnlyState),
        (true, true) => {
            if let Some(live) = by_listing(raw, folders, sizelist, rules) {
                (Some(live), Because::Listing)
            } else {
                let (live, because) = between_two(raw, folders, sizelist, said, rules, findings);
                (Some(live), because)
            }
        }
    };
    if because == Because::OnlyState
        && let (Some(label), Some(found)) = (said.or(rules.installed), live)
        && label != found
    {
        findings.push(Finding::ServerDiffers { said: label, found, stated: said.is_some() });
    }
    Decision { found, live, because }
}

fn by_listing(
    raw: &RawMailbox,
    folders: &[FolderView<'_>],
    sizelist: Option<&Pop3SizeList>,
    rules: &Rules,
) -> Option<ServerKind> {
    let inbox = folders.iter().find(|folder| folder.is_inbox)?;
    living(raw.listing.as_ref()?, inbox.state.uidlist.as_ref(), sizelist, rules)
}

fn between_two(
    raw: &RawMailbox,
    folders: &[FolderView<'_>],
    sizelist: Option<&Pop3SizeList>,
    said: Option<ServerKind>,
    rules: &Rules,
    findings: &mut Vec<Finding>,
) -> (ServerKind, Because) {
    let dovecot_newest = raw
        .folders
        .iter()
        .flat_map(|folder| [folder.uidlist.as_ref().map(|file| file.mtime), folder.index_log_mtime])
        .flatten()
        .max();
    let courier_newest = raw
        .folders
        .iter()
        .map(|folder| folder.uiddb.as_ref().map(|file| file.mtime))
        .chain([raw.pop3_sizelist.as_ref().map(|file| file.mtime)])
        .flatten()
        .max();
    let by_time = side(dovecot_newest.cmp(&courier_newest));
    let by_coverage = side(coverage(folders, sizelist));

    // The script copies every name that Courier gave, so its list is right as long as Courier did
    // not go on afterwards.
    let migrated = folders
        .iter()
        .any(|folder| folder.is_inbox && folder.state.uidlist.as_ref().is_some_and(was_migrated));
    let courier_went_on =
        by_time == Some(ServerKind::Courier) && by_coverage == Some(ServerKind::Courier);
    if migrated && !courier_went_on {
        return (ServerKind::Dovecot, Because::Migrated);
    }
    if let Some(said) = said {
        return (said, Because::Stated);
    }
    if let Some(installed) = rules.installed {
        return (installed, Because::Installed);
    }
    match (by_time, by_coverage) {
        (Some(newer), None) => return (newer, Because::Newer),
        (Some(newer), Some(covers)) if newer == covers => return (newer, Because::Newer),
        // One second holds both files: what the lists know decides.
        (None, Some(covers)) => return (covers, Because::Newer),
        _ => {}
    }
    let taken = by_coverage.unwrap_or(ServerKind::Dovecot);
    findings.push(Finding::ServerUnclear { taken, dovecot_newest, courier_newest });
    (taken, Because::Contradiction)
}

fn side(order: Ordering) -> Option<ServerKind> {
    match order {
        Ordering::Greater => Some(ServerKind::Dovecot),
        Ordering::Less => Some(ServerKind::Courier),
        Ordering::Equal => None,
    }
}

/// `O<n> PUID<n>-<time>` is what the migration script writes, and nothing else does.
fn was_migrated(list: &UidList) -> bool {
    list.records.iter().any(|record| {
        record.get(b'O').is_some()
            && record
                .get(b'P')
                .and_then(|uidl| uidl.strip_prefix(b"UID"))
                .is_some_and(|rest| rest.iter().all(|b| b.is_ascii_digit() || *b == b'-'))
    })
}

/// Which server knows the newer messages: folder by folder the newest file in either's list is
/// compared, and the majority of folders counts.
fn coverage(folders: &[FolderView<'_>], sizelist: Option<&Pop3SizeList>) -> Ordering {
    let mut balance = 0i64;
    for folder in folders {
        let dovecot: HashSet<&[u8]> = folder
            .state
            .uidlist
            .iter()
            .flat_map(|list| &list.records)
            .map(|record| record.base.as_slice())
            .collect();
        let mut courier: HashSet<&[u8]> = folder
            .state
            .uiddb
            .iter()
            .flat_map(|uids| uids.by_name.keys())
            .map(Vec::as_slice)
            .collect();
        if folder.is_inbox {
            courier.extend(sizelist.iter().flat_map(|l| &l.entries).map(|e| base_name(&e.name)));
        }
        if dovecot.is_empty() && courier.is_empty() {
            continue;
        }
        let newest = |known: &HashSet<&[u8]>| {
            folder
                .files
                .iter()
                .map(|file| file.name.base.as_slice())
                .filter(|base| known.contains(base))
                .max_by(|a, b| dovecot_order(a, b))
        };
        balance += match (newest(&dovecot), newest(&courier)) {
            (Some(a), Some(b)) => match dovecot_order(a, b) {
                Ordering::Greater => 1,
                Ordering::Less => -1,
                Ordering::Equal => 0,
            },
            // A folder that only one of them has ever opened says nothing of the other.
            _ => 0,
        };
    }
    balance.cmp(&0)
}
