//! From a mailbox in all dumps of a chain to one.

use std::collections::{BTreeMap, HashMap, HashSet};

use mail_model::identity::RawFolder;
use plesk_backup::FileIndex;

use super::gone::{Fate, key_of};
use super::overlay::{FolderEnd, FolderStack, Stack, Verdict, path_of, place_of};
use super::{HomeFile, ScannedMailbox, Source};
use crate::storage::Storage;

/// What flattening a mailbox needs around it.
pub(super) struct Context<'a> {
    /// The mailbox's directory.
    pub(super) name: &'a [u8],
    /// By dump.
    pub(super) stamps: &'a [String],
    /// By dump, whether it may hold a file that was still there.
    pub(super) needed: &'a [bool],
    /// The first archive of the newest dump.
    pub(super) newest: usize,
    /// The files of the newest dump, when there is a list that can be used.
    pub(super) index: Option<&'a FileIndex>,
}

impl Context<'_> {
    /// Whether a file of an older dump was still there, as far as the list tells.
    fn is_listed(&self, source: &Source, path: &[u8]) -> Option<bool> {
        let index = self.index.filter(|_| source.archive < self.newest)?;
        Some(index.contains(&[self.name, b"/", path].concat()))
    }
}

impl Stack {
    /// One mailbox of all dumps.
    pub(super) fn flatten(mut self, context: &Context<'_>) -> ScannedMailbox {
        let mut whole = ScannedMailbox::default();
        let folders = std::mem::take(&mut self.folders);
        for (dir, new) in std::mem::take(&mut self.renamed) {
            whole.chain.folders.push((dir, FolderEnd::Renamed(new)));
        }
        for (dir, stack) in &folders {
            self.flatten_folder(dir, stack, context, &mut whole);
        }
        let used: BTreeMap<(usize, u64), Source> = whole
            .sources
            .iter()
            .flatten()
            .map(|source| ((source.archive, source.member), *source))
            .collect();
        let compressed = used.values().filter_map(|source| match source.storage {
            Storage::Compressed(compression) => Some(compression),
            Storage::Plain | Storage::Crlf | Storage::Mbox(_) => None,
        });
        for compression in compressed {
            *whole.compressed.entry(compression.name()).or_default() += 1;
        }
        let keys: HashMap<Vec<u8>, HashSet<Vec<u8>>> = whole
            .raw
            .folders
            .iter()
            .map(|raw| (raw.dir.clone(), raw.files.iter().map(|it| key_of(&it.name)).collect()))
            .collect();
        let is_there = |path: &[u8]| {
            let Some((dir, name)) = place_of(path) else { return false };
            keys.get(dir).is_some_and(|keys| keys.contains(&key_of(name)))
        };
        let mut beside: BTreeMap<Vec<u8>, (usize, HomeFile)> = BTreeMap::new();
        for (layer, mailbox) in self.layers.into_iter().enumerate() {
            let Some(mailbox) = mailbox else { continue };
            whole.suspect.extend(mailbox.suspect.into_iter().filter(|it| used.contains_key(it)));
            whole
                .malformed
                .extend(mailbox.malformed.into_iter().filter(|it| used.contains_key(it)));
            take_newer(&mut whole.raw.pop3_sizelist, mailbox.raw.pop3_sizelist);
            if !mailbox.no_maildir.subscribed {
                let newer = mailbox.raw.dovecot_subscriptions;
                take_newer(&mut whole.raw.dovecot_subscriptions, newer);
            }
            take_newer(&mut whole.raw.courier_subscribed, mailbox.raw.courier_subscribed);
            whole.cut.extend(mailbox.cut.into_iter().filter(|cut| {
                let is_gone = place_of(&cut.path).is_some_and(|(dir, name)| {
                    folders.get(dir).is_some_and(|folder| {
                        let fate = || folder.evidence.fate(&key_of(name), layer, true);
                        layer < folder.begins || fate() == Fate::Deleted
                    })
                });
                !is_gone && !is_there(&cut.path)
            }));
            whole.undecodable.extend(mailbox.undecodable.into_iter().filter(|it| is_there(it)));
            whole.dangling.extend(mailbox.dangling);
            whole.no_maildir.add(mailbox.no_maildir);
            whole.left_out.files += mailbox.left_out.files;
            whole.left_out.bytes += mailbox.left_out.bytes;
            whole.dbox |= mailbox.dbox;
            lay_scripts(&mut whole, mailbox.scripts, mailbox.scripts_not_read);
            if mailbox.active_script.is_some() {
                whole.active_script = mailbox.active_script;
            }
            for file in mailbox.beside {
                lay_over(&mut beside, (layer, file));
            }
            for (path, size) in mailbox.not_carried {
                beside.remove(&path);
                replace(&mut whole.not_carried, path, size);
            }
            whole.not_carried.retain(|(path, _)| !beside.contains_key(path));
            for (path, size) in mailbox.oversized_state {
                replace(&mut whole.oversized_state, path, size);
            }
        }
        beside.retain(|path, (layer, file)| {
            context.needed[*layer] && context.is_listed(&file.source, path) != Some(false)
        });
        whole.scripts.retain(|path, _| beside.contains_key(path));
        whole.beside = beside.into_values().map(|(_, file)| file).collect();
        whole.count_unreadable();
        whole.subscribe();
        whole
    }

    /// One folder of all dumps; nothing is added for one that is gone.
    fn flatten_folder(
        &self,
        dir: &[u8],
        stack: &FolderStack,
        context: &Context<'_>,
        whole: &mut ScannedMailbox,
    ) {
        let mut folder = RawFolder { dir: dir.to_vec(), ..RawFolder::default() };
        let mut sources = Vec::new();
        let (mut lists, mut messages, mut last) = (None, None, None);
        for (layer, raw, places) in self.folder(dir) {
            // Of mailboxes that were no maildir, by names that no other dump gives.
            folder.said_uidls.extend(raw.said_uidls.clone());
            folder.keywords.extend(raw.keywords.clone());
            folder.mbox_uids = raw.mbox_uids.clone().or(folder.mbox_uids);
            for ((file, source), verdict) in raw.files.iter().zip(places).zip(&stack.fates[layer]) {
                let path = path_of(dir, file.place, &file.name);
                let stored = self.layers[layer].as_ref().and_then(|it| it.stored_as(dir, file));
                let is_listed = || context.is_listed(source, &[&b"Maildir/"[..], &path].concat());
                // A list of files can't have a name that was made up.
                let is_listed = if stored.is_some() { None } else { is_listed() };
                let is_kept = match (*verdict, is_listed) {
                    (Verdict::Replaced, _) => false,
                    (Verdict::WithFolder, _) | (Verdict::Last(Fate::Deleted), None) => {
                        whole.chain.deleted += 1;
                        false
                    }
                    // The dump's list of those that it needs against the server's own files: what
                    // these name is not thrown away.
                    (Verdict::Last(Fate::Alive), None) if !context.needed[layer] => {
                        whole.chain.uncertain += 1;
                        true
                    }
                    (Verdict::Last(_), None) if !context.needed[layer] => {
                        whole.chain.deleted += 1;
                        false
                    }
                    (Verdict::Last(fate), Some(false)) => {
                        whole.chain.deleted += 1;
                        whole.chain.deleted_by_index += u64::from(fate != Fate::Deleted);
                        false
                    }
                    (Verdict::Last(Fate::Uncertain), None) => {
                        whole.chain.uncertain += 1;
                        true
                    }
                    (Verdict::Instead, _) => {
                        whole.chain.older_copies.push(path);
                        true
                    }
                    (Verdict::Last(_), _) => true,
                };
                if is_kept {
                    if let Some(stored) = stored {
                        whole.count_stored(stored, source.storage);
                    }
                    folder.files.push(file.clone());
                    sources.push(*source);
                }
            }
            if layer < stack.begins {
                continue;
            }
            last = Some(layer);
            if !raw.files.is_empty() && context.needed[layer] {
                messages = Some(layer);
            }
            if raw.uidlist.is_some() || raw.uiddb.is_some() {
                lists = Some(layer);
            }
            take_newer(&mut folder.uidlist, raw.uidlist.clone());
            take_newer(&mut folder.uiddb, raw.uiddb.clone());
            take_newer(&mut folder.dovecot_keywords, raw.dovecot_keywords.clone());
            folder.index_log_mtime = folder.index_log_mtime.max(raw.index_log_mtime);
            lay_keywords(&mut folder.courier_keywords, &raw.courier_keywords);
        }
        let mut is_deleted = stack.is_deleted;
        if let Some(index) = context.index
            && last.is_some_and(|last| last + 1 < self.layers.len())
            && !dir.is_empty()
            && index.contains_directory(&[context.name, b"/Maildir"].concat())
            && !index.contains_directory(&[context.name, b"/Maildir/", dir].concat())
        {
            (last, is_deleted) = (None, true);
        }
        if is_deleted {
            let end = if last.is_some() { FolderEnd::Remade } else { FolderEnd::Deleted };
            whole.chain.folders.push((dir.to_vec(), end));
        }
        if last.is_none() && !dir.is_empty() {
            return;
        }
        if let (Some(lists), Some(messages)) = (lists, messages)
            && lists < messages
        {
            let (of, newer) = (context.stamps[lists].clone(), context.stamps[messages].clone());
            whole.chain.older_lists.push((dir.to_vec(), of, newer));
        }
        let keys: HashSet<Vec<u8>> = folder.files.iter().map(|file| key_of(&file.name)).collect();
        whole.chain.absent += stack.evidence.absent(|key| keys.contains(key));
        let gone = self.mailboxes().filter_map(|(_, mailbox)| mailbox.gone.get(dir)).flatten();
        whole.gone.entry(dir.to_vec()).or_default().extend(gone.cloned());
        whole.by_dir.insert(dir.to_vec(), whole.raw.folders.len());
        whole.raw.folders.push(folder);
        whole.sources.push(sources);
    }
}

fn take_newer<T>(kept: &mut Option<T>, newer: Option<T>) {
    if newer.is_some() {
        *kept = newer;
    }
}

/// The newer of two entries of one path.
fn replace(kept: &mut Vec<(Vec<u8>, u64)>, path: Vec<u8>, size: u64) {
    kept.retain(|(known, _)| *known != path);
    kept.push((path, size));
}

/// A newer file takes the place of an older one, and of what was a directory then, or is one now.
fn lay_over(kept: &mut BTreeMap<Vec<u8>, (usize, HomeFile)>, (layer, file): (usize, HomeFile)) {
    let below = [file.path.as_slice(), b"/"].concat();
    kept.retain(|path, (of, _)| !(path.starts_with(&below) && *of < layer));
    for (end, _) in file.path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
        if kept.get(&file.path[..end]).is_some_and(|(of, _)| *of < layer) {
            kept.remove(&file.path[..end]);
        }
    }
    kept.insert(file.path.clone(), (layer, file));
}

/// Courier's list of keywords replaces all that was there before; updates to it are files of their
/// own until it is written anew.
fn lay_keywords(kept: &mut Vec<(Vec<u8>, Vec<u8>)>, newer: &[(Vec<u8>, Vec<u8>)]) {
    if newer.iter().any(|(name, _)| name == b":list") {
        kept.clear();
    }
    for (name, bytes) in newer {
        kept.retain(|(known, _)| known != name);
        kept.push((name.clone(), bytes.clone()));
    }
}

fn lay_scripts(
    whole: &mut ScannedMailbox,
    scripts: BTreeMap<Vec<u8>, Vec<u8>>,
    not_read: Vec<Vec<u8>>,
) {
    for (path, script) in scripts {
        if path == b".dovecot.sieve" {
            // It was a link before.
            whole.active_script = None;
        }
        whole.scripts_not_read.retain(|known| *known != path);
        whole.scripts.insert(path, script);
    }
    for path in not_read {
        whole.scripts.remove(&path);
        whole.scripts_not_read.retain(|known| *known != path);
        whole.scripts_not_read.push(path);
    }
}
