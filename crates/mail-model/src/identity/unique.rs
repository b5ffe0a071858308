//! One UIDL for each message: values that nobody has seen yet give way, known ones never do.

use super::files::FileEntry;
use super::imap::{Numbered, Numbers};
use super::pop3::{Named, Names};
use super::{Certainty, Finding, HIGHEST_NEXT_UID, NextUidReason, Rules, Uidl, UidlEvidence};
use crate::courier::Pop3SizeList;
use crate::folder::FolderName;
use crate::uidl::{ListedUidl, UidlFormat, UidlInputs, UidlProblem, problem};
use std::collections::HashMap;

/// The UIDLs of INBOX, by entry. May give messages without a known UID another one. No message gets
/// one of those that were given out to messages that are not here.
pub(super) fn settle(
    names: &Names,
    numbers: &mut Numbers,
    entries: &[FileEntry],
    sizelist: Option<&Pop3SizeList>,
    given_out: &[&ListedUidl],
    rules: &Rules,
    findings: &mut Vec<Finding>,
) -> Vec<Option<Uidl>> {
    let mut settler = Settler {
        uidvalidity: numbers.uidvalidity,
        next_uid: numbers.next_uid,
        entries,
        rules,
        old_format: names.format.as_ref().map_or(&rules.target_format, |found| &found.format),
        used: HashMap::with_capacity(entries.len()),
        counter: None,
    };
    let mut uidls: Vec<Option<Uidl>> = vec![None; entries.len()];
    let mut open: Vec<(usize, Named)> = vec![];
    for (at, message) in numbers.messages.iter().enumerate() {
        let named = names.by_entry[message.entry].clone();
        let base = &entries[message.entry].name.base;
        let fault = named.value.as_deref().and_then(problem);
        // A file name with a space can be written after all: as an empty `P`.
        let writable = |value: &[u8]| {
            value == base.as_slice() || !problem(value).is_some_and(UidlProblem::prevents_writing)
        };
        match (named.value.clone(), fault) {
            (Some(value), Some(problem)) if !writable(&value) => {
                let replacement = settler.target_value(message);
                findings.push(Finding::UidlCannotBeKept {
                    name: base.clone(),
                    uidl: value,
                    problem,
                    replacement: replacement.clone(),
                });
                let value = Some(replacement);
                open.push((at, Named { value, certainty: Certainty::Lost, ..named }));
            }
            (Some(value), fault) if named.certainty < Certainty::Predicted => {
                if let Some(problem) = fault {
                    let (name, uidl) = (base.clone(), value.clone());
                    findings.push(Finding::UnusualUidl { name, uidl, problem });
                }
                *settler.used.entry(value.clone()).or_default() += 1;
                uidls[message.entry] = Some(named.into_uidl(value));
            }
            _ => open.push((at, named)),
        }
    }
    let mut doubles: Vec<(&Vec<u8>, &usize)> =
        settler.used.iter().filter(|(_, count)| **count > 1).collect();
    doubles.sort();
    findings.extend(
        doubles
            .into_iter()
            .map(|(uidl, count)| Finding::DuplicateUidls { uidl: uidl.clone(), count: *count }),
    );
    for listed in given_out {
        settler.used.entry(listed.uidl.clone()).or_insert(1);
    }
    for (at, named) in open {
        let message = &mut numbers.messages[at];
        let value = named.value.clone().unwrap_or_else(|| settler.target_value(message));
        let settled = if settler.used.contains_key(&value) {
            let moved = settler.another(message, &named, &value);
            findings.push(Finding::UidlMoved {
                name: entries[message.entry].name.base.clone(),
                from: value,
                to: moved.clone(),
            });
            moved
        } else {
            value
        };
        settler.used.insert(settled.clone(), 1);
        uidls[message.entry] = Some(named.into_uidl(settled));
    }
    let next_uid = settler.next_uid;
    numbers.messages.sort_by_key(|message| message.uid);
    numbers.next_uid = next_uid;
    let formats = [&rules.target_format, settler.old_format];
    keep_clear(numbers, &uidls, sizelist, given_out, formats, findings);
    uidls
}

struct Settler<'a> {
    uidvalidity: u32,
    next_uid: u32,
    entries: &'a [FileEntry],
    rules: &'a Rules,
    old_format: &'a UidlFormat,
    used: HashMap<Vec<u8>, usize>,
    /// The next number to try for a message that Courier would have counted.
    counter: Option<u64>,
}

impl Settler<'_> {
    fn expand(&self, format: &UidlFormat, message: &Numbered, uid: u32) -> Vec<u8> {
        let base = &self.entries[message.entry].name.base;
        let guid = message.fields.iter().find(|(key, value)| *key == b'G' && !value.is_empty());
        format.expand(&UidlInputs {
            uid,
            uidvalidity: self.uidvalidity,
            base,
            guid: guid.map_or(base, |(_, value)| value),
        })
    }

    /// What the new server gives; a format that gives nothing that can be written is no use.
    fn target_value(&self, message: &Numbered) -> Vec<u8> {
        let value = self.expand(&self.rules.target_format, message, message.uid);
        if problem(&value).is_some_and(UidlProblem::prevents_writing) {
            return self.expand(&UidlFormat::uid_dash_validity(), message, message.uid);
        }
        value
    }

    /// A value that nobody uses, for a message that nobody knows by `taken`.
    fn another(&mut self, message: &mut Numbered, named: &Named, taken: &[u8]) -> Vec<u8> {
        if named.evidence == UidlEvidence::NextCounter
            && let Some(value) = self.next_counted(taken)
        {
            return value;
        }
        let format = if named.evidence == UidlEvidence::NextUid {
            self.old_format
        } else {
            &self.rules.target_format
        };
        let depends_on_uid = self.expand(format, message, 1) != self.expand(format, message, 2);
        while message.certainty >= Certainty::Predicted
            && depends_on_uid
            && self.next_uid < HIGHEST_NEXT_UID
        {
            message.uid = self.next_uid;
            self.next_uid += 1;
            let value = self.expand(format, message, message.uid);
            if !self.used.contains_key(&value) {
                return value;
            }
        }
        self.suffixed(taken)
    }

    /// `UID<n>-<time>` with a higher number.
    fn next_counted(&mut self, taken: &[u8]) -> Option<Vec<u8>> {
        let text = str::from_utf8(taken).ok()?;
        let (number, time) = text.strip_prefix("UID")?.split_once('-')?;
        let first = number.parse::<u64>().ok()?.checked_add(1)?;
        let mut number = self.counter.unwrap_or(first).max(first);
        loop {
            let value = format!("UID{number}-{time}").into_bytes();
            number = number.checked_add(1)?;
            if !self.used.contains_key(&value) {
                self.counter = Some(number);
                return Some(value);
            }
        }
    }

    /// `-2` and so on at the end, as Dovecot does with `pop3_uidl_duplicates = rename`.
    fn suffixed(&mut self, taken: &[u8]) -> Vec<u8> {
        loop {
            let count = self.used.entry(taken.to_vec()).or_default();
            *count += 1;
            let value = [taken, format!("-{count}").as_bytes()].concat();
            if !self.used.contains_key(&value) {
                return value;
            }
        }
    }
}

/// Raises the next UID above every UID from which the new server would make a UIDL that was given
/// out already: a client that knows it would take the new message for the old one, and never load
/// it. That is worse than a message loaded twice.
fn keep_clear(
    numbers: &mut Numbers,
    uidls: &[Option<Uidl>],
    sizelist: Option<&Pop3SizeList>,
    given_out: &[&ListedUidl],
    [target, old]: [&UidlFormat; 2],
    findings: &mut Vec<Finding>,
) {
    // Courier's counter also tells of messages that are gone.
    let counted = sizelist.and_then(|list| {
        Some(format!("UID{}-{}", list.next.checked_sub(1)?, list.uidv?).into_bytes())
    });
    let highest = uidls
        .iter()
        .flatten()
        .map(|uidl| uidl.value.as_slice())
        .chain(counted.as_deref())
        .chain(given_out.iter().map(|listed| listed.uidl.as_slice()))
        .filter_map(|uidl| target.uid_of(uidl, numbers.uidvalidity))
        // The old server gave these UIDs to messages that are not here, and IMAP clients know them.
        .chain(given_out.iter().filter_map(|listed| {
            listed.uid.or_else(|| old.uid_of(&listed.uidl, numbers.uidvalidity))
        }))
        .max();
    let Some(highest) = highest.filter(|uid| *uid >= numbers.next_uid) else { return };
    let folder = FolderName::inbox();
    if highest >= HIGHEST_NEXT_UID {
        findings.push(Finding::NextUidOverflow { folder, wanted: u64::from(highest) + 1 });
        return;
    }
    findings.push(Finding::NextUidRaised {
        folder,
        from: numbers.next_uid,
        to: highest + 1,
        why: NextUidReason::UidlGivenOut,
    });
    numbers.next_uid = highest + 1;
}
