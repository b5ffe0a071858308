//! The dumps of a chain laid over each other: what a mailbox held at the time of the newest.
//!
//! A message of a newer dump replaces that of an older one: a changed flag renames its file, and
//! nothing marks the old name as gone. What was deleted is not marked either; `gone` tells what can
//! be told. A message of which nothing can be told stays.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use mail_model::identity::RawFolder;
use mail_model::maildir::{FileName, Place};
use plesk_backup::FileIndex;

use super::flatten::Context;
use super::gone::{Evidence, Fate, key_of};
use super::renames::Renames;
use super::stores::{Newer, Stored};
use super::{Layer, ScannedDomain, ScannedMailbox, Source};

/// What came of laying several dumps over each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChainFacts {
    /// Messages of older dumps that were deleted since, and do not come back.
    pub deleted: u64,
    /// Of these, those that only the dump's list of files told of, whose form is assumed.
    pub deleted_by_index: u64,
    /// Messages of older dumps that may have been deleted since, and stay.
    pub uncertain: u64,
    /// Folders of older dumps that are gone.
    pub folders: Vec<(Vec<u8>, FolderEnd)>,
    /// Folders whose lists are of an older dump than their newest messages: directory, the dump of
    /// the lists, and the newer one.
    pub older_lists: Vec<(Vec<u8>, String, String)>,
    /// Messages that are cut in a newer dump and whole in an older one, which is taken.
    pub older_copies: Vec<Vec<u8>>,
    /// Messages that the newest lists name and that no dump holds.
    pub absent: u64,
}

/// How a folder ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FolderEnd {
    /// It was deleted.
    Deleted,
    /// It was deleted, and its directory is another folder's now.
    Remade,
    /// It has another directory now.
    Renamed(Vec<u8>),
}

/// Lays the dumps of a domain's mail over each other, the oldest first. With a `gap` some of them
/// are missing.
pub(super) fn overlay(
    layers: Vec<(&Layer, ScannedDomain)>,
    gap: bool,
    index: Option<&FileIndex>,
) -> ScannedDomain {
    let count = layers.len();
    let mut whole = ScannedDomain::default();
    let mut stamps = Vec::new();
    let needed: Vec<bool> = layers.iter().map(|(layer, _)| layer.needed).collect();
    let mut stacks: BTreeMap<Vec<u8>, Vec<Option<ScannedMailbox>>> = BTreeMap::new();
    // Archives of the newest dump begin here.
    let mut newest = 0;
    for (at, (Layer { stamp, .. }, layer)) in layers.into_iter().enumerate() {
        newest = whole.archives.len();
        stamps.push(stamp.as_ref().map_or("without a stamp".to_owned(), ToString::to_string));
        whole.archives.extend(layer.archives);
        whole.unreadable.extend(layer.unreadable);
        // What is no mail is whole in every dump.
        whole.of_domain = layer.of_domain;
        for (path, size) in layer.elsewhere {
            whole.elsewhere.retain(|(known, _)| *known != path);
            whole.elsewhere.push((path, size));
        }
        for (name, mailbox) in layer.mailboxes {
            let stack = stacks.entry(name).or_insert_with(|| (0..count).map(|_| None).collect());
            stack[at] = Some(mailbox);
        }
    }
    let stacks: BTreeMap<Vec<u8>, Stack> =
        stacks.into_iter().map(|(name, layers)| (name, Stack::new(layers, gap))).collect();
    let index = index.filter(|index| is_credible(index, &stacks));
    for (name, stack) in stacks {
        let (stamps, needed) = (&stamps, &needed);
        let context = Context { name: &name, stamps, needed, newest, index };
        let mailbox = stack.flatten(&context);
        whole.mailboxes.insert(name, mailbox);
    }
    whole
}

/// A mailbox in all dumps.
pub(super) struct Stack {
    pub(super) layers: Vec<Option<ScannedMailbox>>,
    pub(super) folders: BTreeMap<Vec<u8>, FolderStack>,
    /// Directories of folders that have another one now.
    pub(super) renamed: Vec<(Vec<u8>, Vec<u8>)>,
}

/// A folder in all dumps.
pub(super) struct FolderStack {
    /// What dumps before this one hold of the directory is not in the folder any more.
    pub(super) begins: usize,
    /// An earlier folder of this directory was deleted.
    pub(super) is_deleted: bool,
    pub(super) evidence: Evidence,
    /// By dump, what became of each file.
    pub(super) fates: Vec<Vec<Verdict>>,
}

/// What becomes of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A newer dump has the message.
    Replaced,
    /// The newest dump that has the message has this file.
    Last(Fate),
    /// It is taken because the newer copy is cut.
    Instead,
    /// It went with its folder.
    WithFolder,
}

impl Stack {
    fn new(layers: Vec<Option<ScannedMailbox>>, gap: bool) -> Stack {
        let mut stack = Stack { layers, folders: BTreeMap::new(), renamed: Vec::new() };
        let mut whole_from = BTreeMap::new();
        let mut renames = Renames::new(stack.mailboxes());
        while let Some((dir, at, new)) = renames.first() {
            stack.move_folder(&mut renames, &dir, &new, at);
            // Under its new directory all of a folder is new, so that the dump after holds all of
            // it; unless that dump is missing.
            whole_from.insert(new.clone(), if gap { 0 } else { at });
            stack.renamed.push((dir, new));
        }
        for dir in stack.dirs() {
            let mut evidence = Evidence::default();
            for (layer, mailbox) in stack.mailboxes() {
                let sizelist = mailbox.raw.pop3_sizelist.as_ref().filter(|_| dir.is_empty());
                let gone = mailbox.gone.get(&dir).map_or(&[][..], Vec::as_slice);
                let folder = mailbox.folder_of(&dir).map(|(folder, _)| folder);
                let whole = !mailbox.unsure_lists.contains(&dir);
                let sizelist = sizelist.map(|file| file.bytes.as_slice());
                evidence.add((layer, whole), folder, sizelist, gone);
            }
            let remade = renames.remade_in(&dir, &stack);
            let begins = remade.max(whole_from.get(&dir).copied()).unwrap_or_default();
            let fates = stack.fates(&dir, begins, &evidence);
            let is_deleted = remade.is_some();
            stack.folders.insert(dir, FolderStack { begins, is_deleted, evidence, fates });
        }
        stack
    }

    pub(super) fn mailboxes(&self) -> impl DoubleEndedIterator<Item = (usize, &ScannedMailbox)> {
        self.layers.iter().enumerate().filter_map(|(at, layer)| Some((at, layer.as_ref()?)))
    }

    /// The folder of a directory by dump.
    pub(super) fn folder(
        &self,
        dir: &[u8],
    ) -> impl DoubleEndedIterator<Item = (usize, &RawFolder, &[Source])> {
        self.mailboxes().filter_map(move |(at, mailbox)| {
            let (folder, sources) = mailbox.folder_of(dir)?;
            Some((at, folder, sources))
        })
    }

    /// What becomes of each file of a folder. Files in dumps before `begins` are of a folder that is
    /// gone.
    fn fates(&self, dir: &[u8], begins: usize, evidence: &Evidence) -> Vec<Vec<Verdict>> {
        let mut fates: Vec<Vec<Verdict>> = self.layers.iter().map(|_| Vec::new()).collect();
        // By key: dump, and the size that the name claims.
        let mut newer: HashMap<Vec<u8>, Vec<(usize, Option<u64>)>> = HashMap::new();
        let mut cut: HashSet<Vec<u8>> = HashSet::new();
        let mut mboxes = Newer::default();
        for (layer, mailbox) in self.mailboxes().rev() {
            let files = mailbox.folder_of(dir).map_or(&[][..], |(folder, _)| &folder.files);
            let mut of_mboxes = mboxes.take(mailbox, dir, files);
            for file in files {
                if let Some(verdict) = of_mboxes.remove(file.name.as_slice()) {
                    fates[layer].push(verdict);
                    continue;
                }
                let (key, size) = match mailbox.stored_as(dir, file) {
                    // Its name is made up, and another in each dump. No name of a maildir has a NUL.
                    Some(Stored::File(name)) => ([b"\0", name.as_slice()].concat(), None),
                    _ => (key_of(&file.name), FileName::parse(&file.name).size()),
                };
                let known = newer.entry(key.clone()).or_default();
                // Names that claim different sizes are of two messages.
                let is_replaced = known.iter().any(|(of, other)| {
                    *of > layer && (size.is_none() || other.is_none() || size == *other)
                });
                known.push((layer, size));
                fates[layer].push(if is_replaced {
                    Verdict::Replaced
                } else if layer < begins {
                    Verdict::WithFolder
                } else if cut.contains(&key) {
                    Verdict::Instead
                } else {
                    let is_older = layer + 1 < self.layers.len();
                    let was_seen = file.place == Place::Cur && is_older;
                    Verdict::Last(evidence.fate(&key, layer, was_seen))
                });
            }
            cut.extend(mailbox.cut.iter().filter_map(|cut| {
                let (of, name) = place_of(&cut.path)?;
                (of == dir).then(|| key_of(name))
            }));
        }
        fates
    }

    /// Every directory that a dump tells of.
    fn dirs(&self) -> BTreeSet<Vec<u8>> {
        let dirs = self.mailboxes().flat_map(|(_, it)| it.by_dir.keys().chain(it.gone.keys()));
        dirs.cloned().collect()
    }
}

impl ScannedMailbox {
    fn folder_of(&self, dir: &[u8]) -> Option<(&RawFolder, &[Source])> {
        let index = *self.by_dir.get(dir)?;
        Some((&self.raw.folders[index], &self.sources[index]))
    }
}

/// Whether the list of files can be what it is taken for: it has every file that the newest dump
/// packed, some of those that only older ones hold, and every message that the servers' own files say
/// is still there. A list of changes alone would not.
fn is_credible(index: &FileIndex, stacks: &BTreeMap<Vec<u8>, Stack>) -> bool {
    let mut has_older = false;
    for (name, stack) in stacks {
        let listed = |path: &[u8]| index.contains(&[name.as_slice(), b"/", path].concat());
        for (layer, mailbox) in stack.mailboxes() {
            let is_newest = layer + 1 == stack.layers.len();
            if is_newest && !mailbox.beside.iter().all(|file| listed(&file.path)) {
                return false;
            }
            for (dir, folder) in &stack.folders {
                let Some((raw, _)) = mailbox.folder_of(dir) else { continue };
                for (file, verdict) in raw.files.iter().zip(&folder.fates[layer]) {
                    let path = path_of(dir, file.place, &file.name);
                    let is_listed = listed(&[&b"Maildir/"[..], &path].concat());
                    let must_be = is_newest || *verdict == Verdict::Last(Fate::Alive);
                    if must_be && !is_listed {
                        return false;
                    }
                    has_older |= is_listed && !is_newest;
                }
            }
        }
    }
    has_older
}

/// The path of a message below the maildir.
pub(super) fn path_of(dir: &[u8], place: Place, name: &[u8]) -> Vec<u8> {
    let place: &[u8] = if place == Place::Cur { b"cur/" } else { b"new/" };
    let slash: &[u8] = if dir.is_empty() { b"" } else { b"/" };
    [dir, slash, place, name].concat()
}

/// Directory and file name of such a path.
pub(super) fn place_of(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    match parts[..] {
        [_, name] => Some((b"", name)),
        [dir, _, name] => Some((dir, name)),
        _ => None,
    }
}
