//! The files of a folder: which are messages, and under which name.

use super::state::FolderState;
use super::{Finding, RawFolder};
use crate::courier::Pop3SizeList;
use crate::folder::FolderName;
use crate::maildir::{FileName, Place, Suffix, base_name, is_served};
use std::collections::{HashMap, HashSet};

/// One message's file.
pub(super) struct FileEntry {
    /// Index into the folder's files.
    pub(super) file: usize,
    pub(super) name: FileName,
    pub(super) place: Place,
    /// The name as the old server had it.
    pub(super) bytes: Vec<u8>,
}

/// The messages of a folder, each base name once.
pub(super) fn messages(
    raw: &RawFolder,
    state: &FolderState,
    sizelist: Option<&Pop3SizeList>,
    folder: &FolderName,
    findings: &mut Vec<Finding>,
) -> Vec<FileEntry> {
    let mut entries: Vec<FileEntry> = Vec::with_capacity(raw.files.len());
    let listed = listed_names(state, sizelist);
    for (file, raw_file) in raw.files.iter().enumerate() {
        if !is_served(&raw_file.name) || base_name(&raw_file.name).is_empty() {
            findings.push(Finding::FileNotServed {
                folder: folder.clone(),
                name: raw_file.name.clone(),
            });
            continue;
        }
        let mut name = FileName::parse(&raw_file.name);
        if matches!(name.suffix, Suffix::Substitute(_)) {
            if listed.contains(raw_file.name.as_slice()) {
                name = FileName::whole(raw_file.name.clone());
            } else {
                findings.push(Finding::MessageNameOdd {
                    folder: folder.clone(),
                    name: raw_file.name.clone(),
                    written: name.to_bytes(),
                });
            }
        }
        let bytes = name.to_bytes();
        entries.push(FileEntry { file, name, place: raw_file.place, bytes });
    }
    settle_doubles(entries, raw, &listed, folder, findings)
}

/// The names that servers knew. A name that is one of them is whole and not mangled.
fn listed_names<'a>(
    state: &'a FolderState,
    sizelist: Option<&'a Pop3SizeList>,
) -> HashSet<&'a [u8]> {
    let dovecot = state.uidlist.iter().flat_map(|list| &list.records).map(|r| r.base.as_slice());
    let imap = state.uiddb.iter().flat_map(|uids| uids.by_name.keys()).map(Vec::as_slice);
    let pop3 = sizelist.iter().flat_map(|list| &list.entries).map(|e| base_name(&e.name));
    dovecot.chain(imap).chain(pop3).collect()
}

/// Of files with one base name and one size a single one stays: that in `cur/` rather than that
/// in `new/`, and the later in the input, which is the later name of a file that was renamed while
/// the backup walked the directory. Others get a name of their own.
fn settle_doubles(
    entries: Vec<FileEntry>,
    raw: &RawFolder,
    listed: &HashSet<&[u8]>,
    folder: &FolderName,
    findings: &mut Vec<Finding>,
) -> Vec<FileEntry> {
    let mut groups: HashMap<Vec<u8>, Vec<usize>> = HashMap::with_capacity(entries.len());
    for (at, entry) in entries.iter().enumerate() {
        groups.entry(entry.name.base.clone()).or_default().push(at);
    }
    if groups.len() == entries.len() {
        return entries;
    }
    // A listed name without a file was a message that is gone: clients know its UID and UIDL, and
    // would never fetch another message under them.
    let listed = listed.iter().map(|base| base.to_vec());
    let mut bases: HashSet<Vec<u8>> = groups.keys().cloned().chain(listed).collect();
    let mut entries: Vec<Option<FileEntry>> = entries.into_iter().map(Some).collect();
    let mut doubles: Vec<Vec<usize>> =
        groups.into_values().filter(|group| group.len() > 1).collect();
    doubles.sort_unstable();
    for mut group in doubles {
        let place = |at: &usize| entries[*at].as_ref().map(|entry| entry.place);
        group.sort_by_key(|at| (place(at), std::cmp::Reverse(*at)));
        // By size: the message that stays.
        let mut kept: HashMap<u64, Vec<u8>> = HashMap::new();
        let mut number = 2u64;
        for at in group {
            let Some(entry) = &mut entries[at] else { continue };
            let raw_file = &raw.files[entry.file];
            if let Some(kept) = kept.get(&raw_file.size) {
                findings.push(Finding::SameMessageTwice {
                    folder: folder.clone(),
                    kept: kept.clone(),
                    dropped: raw_file.name.clone(),
                });
                entries[at] = None;
                continue;
            }
            if !kept.is_empty() {
                let base = unused_base(&entry.name.base, &mut number, &mut bases);
                entry.name = entry.name.with_base(base);
                entry.bytes = entry.name.to_bytes();
                findings.push(Finding::SameNameDifferentMessage {
                    folder: folder.clone(),
                    name: raw_file.name.clone(),
                    renamed_to: entry.bytes.clone(),
                });
            }
            kept.insert(raw_file.size, raw_file.name.clone());
        }
    }
    entries.into_iter().flatten().collect()
}

/// A base name that no file has, nor a list: a number goes in front of the first comma, so that the sizes
/// which follow it are still found.
fn unused_base(base: &[u8], number: &mut u64, bases: &mut HashSet<Vec<u8>>) -> Vec<u8> {
    let comma = base.iter().position(|byte| *byte == b',').unwrap_or(base.len());
    loop {
        let (head, tail) = base.split_at(comma);
        let renamed = [head, format!("_{number}").as_bytes(), tail].concat();
        *number += 1;
        if bases.insert(renamed.clone()) {
            return renamed;
        }
    }
}
