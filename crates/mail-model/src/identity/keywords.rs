//! Keywords: letters in file names, from Dovecot's as they are, from Courier's newly given.

use super::files::FileEntry;
use super::state::{FolderState, bad_lines};
use super::{Finding, RawFolder, ServerKind, StateFileKind};
use crate::courier::{MessageKeywords, read_keywords};
use crate::dovecot::Keywords;
use crate::folder::FolderName;
use crate::maildir::{KeywordLetters, Place};
use std::collections::HashMap;

/// The name that people who use `pop3_deleted_flag` give it, after Dovecot's documentation.
const POP3_DELETED: &[u8] = b"$POP3Deleted";

/// Gives every message of the folder its letters.
///
/// Courier's keywords count where Courier's state names the folder's messages, or where there is
/// no state at all; behind a Dovecot list they are a leftover that no client has seen since.
pub(super) fn assign(
    raw: &RawFolder,
    state: &mut FolderState,
    from: Option<ServerKind>,
    entries: &mut [FileEntry],
    folder: &FolderName,
    findings: &mut Vec<Finding>,
) -> Keywords {
    let mut keywords = std::mem::take(&mut state.keywords);
    let mut in_names = KeywordLetters::default();
    for entry in entries.iter() {
        in_names = in_names.union(entry.name.keywords);
    }
    if !raw.keywords.is_empty() {
        give_letters(&raw.keywords, &mut keywords, in_names, entries, folder, findings);
    } else if from != Some(ServerKind::Dovecot) && !raw.courier_keywords.is_empty() {
        let (by_message, bad) = read_keywords(&raw.courier_keywords);
        findings.extend(bad_lines(bad, folder, StateFileKind::CourierKeywords));
        give_letters(&by_message, &mut keywords, in_names, entries, folder, findings);
    } else if keywords.len() == 26 {
        findings.push(Finding::KeywordsFull { folder: folder.clone() });
    }
    for index in in_names.iter().filter(|index| keywords.name(*index).is_none()) {
        findings.push(Finding::KeywordLetterUnnamed {
            folder: folder.clone(),
            letter: char::from(b'a' + index),
            messages: entries.iter().filter(|e| e.name.keywords.contains(index)).count(),
        });
    }
    if let Some(index) = keywords.index(POP3_DELETED) {
        let messages = entries.iter().filter(|entry| entry.name.keywords.contains(index)).count();
        if messages > 0 {
            findings.push(Finding::HiddenByPop3DeletedFlag {
                folder: folder.clone(),
                keyword: keywords.name(index).unwrap_or(POP3_DELETED).to_vec(),
                messages,
            });
        }
    }
    keywords
}

fn give_letters(
    by_message: &MessageKeywords,
    keywords: &mut Keywords,
    in_names: KeywordLetters,
    entries: &mut [FileEntry],
    folder: &FolderName,
    findings: &mut Vec<Finding>,
) {
    // The keywords of most messages come first, so that those beyond 26 lose least; equal ones in
    // byte order. Letter case does not tell keywords apart, the first spelling met is taken.
    let mut uses: HashMap<Vec<u8>, (usize, Vec<u8>)> = HashMap::new();
    for entry in entries.iter() {
        for name in by_message.get(&entry.name.base).into_iter().flatten() {
            let spelt = uses.entry(name.to_ascii_lowercase()).or_insert((0, name.clone()));
            spelt.0 += 1;
            if *name < spelt.1 {
                spelt.1.clone_from(name);
            }
        }
    }
    let mut by_use: Vec<(usize, Vec<u8>)> = uses.into_values().collect();
    by_use.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let mut dropped: Vec<Vec<u8>> = vec![];
    for (_, name) in by_use {
        // A letter that file names use for nobody knows what would mark messages wrongly.
        let reserved = |index| in_names.contains(index);
        let usable = !name.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0));
        if !usable || keywords.intern_except(&name, reserved).is_none() {
            dropped.push(name);
        }
    }

    let mut messages = 0;
    for entry in entries.iter_mut() {
        let Some(names) = by_message.get(&entry.name.base) else { continue };
        let mut letters = entry.name.keywords;
        let mut lost = false;
        for name in names {
            match keywords.index(name) {
                Some(index) => letters.insert(index),
                None => lost = true,
            }
        }
        messages += usize::from(lost);
        if letters != entry.name.keywords {
            entry.name = entry.name.with_keywords(letters);
            // Names in `new/` carry no flags.
            entry.place = Place::Cur;
        }
    }
    if !dropped.is_empty() {
        let folder = folder.clone();
        findings.push(Finding::KeywordsDropped { folder, names: dropped, messages });
    }
}
