//! Folders that got another directory between two dumps, and directories that got another folder.
//!
//! What the lists of all dumps tell of it is read once: a mailbox may have hundreds of folders, and
//! each has to be compared with each.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use mail_model::courier::ImapUidDb;
use mail_model::dovecot::UidList;
use mail_model::identity::RawFolder;

use super::ScannedMailbox;
use super::overlay::{Stack, place_of};

/// What the lists of a folder tell of whose they are.
#[derive(Clone, Default)]
struct Told {
    /// Dovecot's GUID of the folder.
    guid: Option<Vec<u8>>,
    /// Courier's list, by its place among all.
    uids: Option<usize>,
}

/// Courier's list of a folder.
struct Uids {
    next: u32,
    entries: HashSet<(u32, Vec<u8>)>,
}

/// The folders that a directory was: the dumps that tell of each and its GUID, by the first dump.
type Guids<'a> = Vec<(Vec<usize>, &'a [u8])>;

/// A directory, and dumps that tell of it.
type At<'a> = (&'a [u8], &'a [usize]);

/// What the lists of all dumps tell.
pub(super) struct Renames {
    /// By directory and dump, for every folder that is there.
    told: BTreeMap<Vec<u8>, BTreeMap<usize, Told>>,
    lists: Vec<Uids>,
    /// Whether the second list is that of the first one's folder, for pairs that were compared.
    same: HashMap<(usize, usize), bool>,
}

impl Renames {
    pub(super) fn new<'a>(mailboxes: impl Iterator<Item = (usize, &'a ScannedMailbox)>) -> Renames {
        let mut renames =
            Renames { told: BTreeMap::new(), lists: Vec::new(), same: HashMap::new() };
        for (at, mailbox) in mailboxes {
            for (dir, index) in &mailbox.by_dir {
                let told = renames.read(&mailbox.raw.folders[*index]);
                renames.told.entry(dir.clone()).or_default().insert(at, told);
            }
        }
        renames
    }

    fn read(&mut self, folder: &RawFolder) -> Told {
        let uids = folder.uiddb.as_ref().and_then(|file| ImapUidDb::parse(&file.bytes).ok());
        let uids = uids.map(|(list, _)| {
            let entries = list.entries.into_iter().collect();
            self.lists.push(Uids { next: list.next_uid, entries });
            self.lists.len() - 1
        });
        Told { guid: guid_of(folder), uids }
    }

    fn guids(&self, dir: &[u8]) -> Guids<'_> {
        let mut guids: Guids<'_> = Vec::new();
        for (at, told) in self.told.get(dir).into_iter().flatten() {
            let Some(guid) = told.guid.as_deref() else { continue };
            match guids.iter_mut().find(|(_, known)| *known == guid) {
                Some((dumps, _)) => dumps.push(*at),
                None => guids.push((vec![*at], guid)),
            }
        }
        guids
    }

    /// The dump from which on a directory may hold another folder, as the one before was deleted.
    pub(super) fn remade_in(&self, dir: &[u8], stack: &Stack) -> Option<usize> {
        let guids = self.guids(dir);
        let mut remade = None;
        for (dumps, guid) in &guids {
            let last = dumps.last();
            let mut logs = stack.mailboxes().map(|(at, mailbox)| (at, &mailbox.deleted_folders));
            let is_gone = |gone: &[Vec<u8>]| gone.iter().any(|it| it == guid);
            if let Some((at, _)) = logs.find(|(at, gone)| Some(at) > last && is_gone(gone)) {
                let mut next = guids.iter().filter_map(|(dumps, _)| dumps.first());
                let next = next.find(|first| Some(*first) > last).copied();
                remade = Some(next.unwrap_or(at));
            }
        }
        remade
    }

    /// The first folder that has another directory in a newer dump: its directory, that dump, and
    /// its new directory.
    pub(super) fn first(&mut self) -> Option<(Vec<u8>, usize, Vec<u8>)> {
        let by_courier = self.by_courier();
        let guids: BTreeMap<&[u8], Guids<'_>> =
            self.told.keys().map(|dir| (dir.as_slice(), self.guids(dir))).collect();
        let mut by_guid: HashMap<&[u8], Vec<At<'_>>> = HashMap::new();
        for (dir, guids) in &guids {
            for (dumps, guid) in guids {
                by_guid.entry(guid).or_default().push((dir, dumps));
            }
        }
        let by_dovecot = guids.iter().filter_map(|(dir, guids)| {
            let found = guids.iter().flat_map(|(dumps, guid)| {
                let others = by_guid[guid].iter().filter(|(other, _)| other != dir);
                others.filter_map(move |(other, theirs)| {
                    Some((*theirs.iter().find(|at| Some(*at) > dumps.last())?, *other))
                })
            });
            let (at, new) = found.min()?;
            Some((at, *dir, new))
        });
        let by_dovecot = by_dovecot.min_by_key(|(at, dir, _)| (*at, *dir));
        let by_dovecot = by_dovecot.map(|(at, dir, new)| (at, dir.to_vec(), new.to_vec()));
        let first = by_dovecot.into_iter().chain(by_courier).min();
        first.map(|(at, dir, new)| (dir, at, new))
    }

    /// The first folder of Courier's that has another directory now: another, new one, which lists
    /// the same names under the same UIDs. Courier gives copies other names.
    fn by_courier(&mut self) -> Option<(usize, Vec<u8>, Vec<u8>)> {
        let Renames { told, lists, same } = self;
        // Directories that a dump is the first to tell of, with their lists.
        let new = told.iter().filter_map(|(dir, told)| {
            let (first, told) = told.first_key_value()?;
            Some((*first, dir, told.uids?))
        });
        let new: Vec<(usize, &Vec<u8>, usize)> = new.collect();
        let renames = told.iter().filter_map(|(dir, told)| {
            if dir.is_empty() || told.values().any(|told| told.guid.is_some()) {
                return None;
            }
            let last = told.last_key_value().map(|(last, _)| *last);
            let old = told.values().rev().find_map(|told| told.uids)?;
            let (at, new, _) = new.iter().find(|(first, other, list)| {
                Some(*first) > last
                    && *other != dir
                    && *same.entry((old, *list)).or_insert_with(|| lists[*list].is_of(&lists[old]))
            })?;
            Some((*at, dir.clone(), (*new).clone()))
        });
        renames.min()
    }

    /// What dumps before `at` tell of a directory is of another one.
    fn moved(&mut self, dir: &[u8], new: &[u8], at: usize) {
        let mut of_old = self.told.remove(dir).unwrap_or_default();
        let of_new = self.told.entry(new.to_vec()).or_default();
        let before: BTreeSet<usize> = of_old.range(..at).map(|(layer, _)| *layer).collect();
        for layer in before {
            let told = of_old.remove(&layer).unwrap_or_default();
            match of_new.entry(layer) {
                Entry::Vacant(vacant) => {
                    vacant.insert(told);
                }
                Entry::Occupied(_) => {
                    of_old.insert(layer, Told::default());
                }
            }
        }
        if !of_old.is_empty() {
            self.told.insert(dir.to_vec(), of_old);
        }
    }
}

impl Uids {
    /// Whether this newer list is that of the older one's folder.
    fn is_of(&self, older: &Uids) -> bool {
        let mut shared = self.entries.iter().filter(|(uid, _)| *uid < older.next).peekable();
        shared.peek().is_some() && shared.all(|entry| older.entries.contains(entry))
    }
}

impl Stack {
    /// What dumps before `at` hold of a folder is of another directory.
    pub(super) fn move_folder(&mut self, renames: &mut Renames, dir: &[u8], new: &[u8], at: usize) {
        renames.moved(dir, new, at);
        for mailbox in self.layers[..at].iter_mut().flatten() {
            if mailbox.by_dir.contains_key(new) {
                // It was another folder's then; what cannot be told apart is not put together.
                for folder in mailbox.raw.folders.iter_mut().filter(|it| it.dir == dir) {
                    (folder.uidlist, folder.uiddb) = (None, None);
                }
                continue;
            }
            if let Some(index) = mailbox.by_dir.remove(dir) {
                mailbox.raw.folders[index].dir = new.to_vec();
                mailbox.by_dir.insert(new.to_vec(), index);
            }
            if let Some(gone) = mailbox.gone.remove(dir) {
                mailbox.gone.insert(new.to_vec(), gone);
            }
            if mailbox.unsure_lists.remove(dir) {
                mailbox.unsure_lists.insert(new.to_vec());
            }
            let cut = mailbox.cut.iter_mut().map(|cut| &mut cut.path);
            for path in cut.chain(&mut mailbox.undecodable) {
                if let Some((_, name)) = place_of(path).filter(|(of, _)| *of == dir) {
                    let slash: &[u8] = if new.is_empty() { b"" } else { b"/" };
                    *path = [new, slash, b"cur/", name].concat();
                }
            }
        }
    }
}

/// The GUID stands in the first line, and nothing behind it is read.
fn guid_of(folder: &RawFolder) -> Option<Vec<u8>> {
    let bytes = &folder.uidlist.as_ref()?.bytes;
    let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
    let (list, _) = UidList::parse(&bytes[..end]).ok()?;
    list.guid
}
