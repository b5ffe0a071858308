//! What the files of several dumps tell of a message that only an older dump holds: whether it was
//! still there at the time of the newest.
//!
//! Evidence, each from a dump that is newer than the message's file:
//! * Dovecot's list lacks it, where an older list of the same UIDVALIDITY had it, and the newer one's
//!   next UID is above its own. A message in neither list stays: delivery alone writes a list, too,
//!   of what it delivers.
//! * Dovecot's index says that its UID is expunged. The list does not: names of expunged messages
//!   stay in it until a quarter of all are gone.
//! * Courier's list lacks it. Its servers write their lists when they open a folder, with all that
//!   lies there, so that what is in the dump before and not in the list was gone by then.
//!
//! A list that is cut, or broken in the middle, tells nothing of what it lacks.

use std::collections::{HashMap, HashSet};
use std::io::Read;

use mail_model::courier::{ImapUidDb, Pop3SizeList};
use mail_model::dovecot::{GoneUids, UidList, UidListProblem, deleted_folders};
use mail_model::identity::RawFolder;
use mail_model::maildir::FileName;
use plesk_backup::{Member, MemberKind};

use super::ScannedMailbox;

/// Largest index that is read: of more than a million messages.
const INDEX_LIMIT: u64 = 64 << 20;

impl ScannedMailbox {
    /// Keeps what a file of Dovecot's index tells of messages and folders that are gone.
    pub(super) fn read_gone(&mut self, member: &mut Member<'_>, folder: &[u8], inner: &[&[u8]]) {
        let [name] = inner else { return };
        if !matches!(member.kind, MemberKind::File) || member.size > INDEX_LIMIT {
            return;
        }
        let mut read = || {
            let mut bytes = Vec::new();
            // An index that is cut says less; the damage is reported by the walk.
            let _ = member.read_to_end(&mut bytes);
            bytes
        };
        let gone = match *name {
            b"dovecot.index" => GoneUids::from_index(&read()),
            b"dovecot.index.log" | b"dovecot.index.log.2" => GoneUids::from_log(&read()),
            b"dovecot.mailbox.log" | b"dovecot.mailbox.log.2" if folder.is_empty() => {
                self.deleted_folders.extend(deleted_folders(&read()));
                return;
            }
            _ => return,
        };
        if let Some(gone) = gone {
            self.gone.entry(folder.to_vec()).or_default().push(gone);
        }
    }

    /// UID and base name of the messages that a folder's list names, of which there is no file, and
    /// of which no index says that they are gone: the server renamed their files while they were
    /// read. Dovecot's list counts where there are two.
    pub(crate) fn unfiled(&self, folder: usize) -> Vec<(u32, Vec<u8>)> {
        let Some(raw) = self.raw.folders.get(folder) else { return Vec::new() };
        let files: HashSet<Vec<u8>> = raw.files.iter().map(|file| key_of(&file.name)).collect();
        let has_file = |base: &[u8]| files.contains(&key_of_base(base));
        if let Some((list, _)) =
            raw.uidlist.as_ref().and_then(|list| UidList::parse(&list.bytes).ok())
        {
            let gone = self.gone.get(&raw.dir).map_or(&[][..], Vec::as_slice);
            let ids: HashSet<u32> = gone
                .iter()
                .filter(|gone| gone.uidvalidity == Some(list.uidvalidity))
                .map(|gone| gone.index_id)
                .collect();
            let of_list = |gone: &&GoneUids| ids.contains(&gone.index_id);
            let is_gone = |uid: u32| gone.iter().filter(of_list).any(|gone| gone.has(uid));
            let records = list.records.into_iter();
            let unfiled = records.filter(|it| !has_file(&it.base) && !is_gone(it.uid));
            return unfiled.map(|record| (record.uid, record.base)).collect();
        }
        let Some((db, _)) = raw.uiddb.as_ref().and_then(|db| ImapUidDb::parse(&db.bytes).ok())
        else {
            return Vec::new();
        };
        db.entries.into_iter().filter(|(_, base)| !has_file(base)).collect()
    }
}

/// What identifies a message in its folder: the base name of its file without the sizes in it,
/// which a server may add or take away.
pub(super) fn key_of(name: &[u8]) -> Vec<u8> {
    key_of_base(&FileName::parse(name).base)
}

fn key_of_base(base: &[u8]) -> Vec<u8> {
    let is_size = |part: &&[u8]| part.starts_with(b"S=") || part.starts_with(b"W=");
    let parts = base.split(|byte| *byte == b',').filter(|part| !is_size(part));
    parts.collect::<Vec<_>>().join(&b',')
}

/// What became of a message that only an older dump holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// A newer list has it, and nothing says that it is gone.
    Alive,
    /// Nothing newer tells of its folder, or nothing that could.
    Kept,
    /// It was deleted.
    Deleted,
    /// Something newer tells of its folder, and neither names it nor tells that it is gone.
    Uncertain,
}

/// One list of names and UIDs.
struct List {
    /// Which dump has it. One that stands there unchanged later was not written then: nothing
    /// follows from it for what came since.
    layer: usize,
    /// The newest dump that has it so.
    until: usize,
    /// UIDVALIDITY, or what stands for it.
    validity: u64,
    next: u64,
    uids: HashMap<Vec<u8>, u64>,
    /// Every line of it was read.
    whole: bool,
}

impl List {
    fn new<'a>(
        (layer, whole): (usize, bool),
        (validity, next): (u64, u64),
        names: impl Iterator<Item = (&'a [u8], u64)>,
    ) -> List {
        let uids = names.map(|(base, uid)| (key_of_base(base), uid)).collect();
        List { layer, until: layer, validity, next, uids, whole }
    }
}

impl List {
    /// Takes it up as the newest of its kind.
    fn add_to(self, lists: &mut Vec<List>) {
        match lists.last_mut() {
            Some(last)
                if (last.validity, last.next) == (self.validity, self.next)
                    && last.uids == self.uids =>
            {
                last.until = self.until;
                last.whole |= self.whole;
            }
            _ => lists.push(self),
        }
    }

    fn has(&self, key: &[u8]) -> bool {
        self.uids.contains_key(key)
    }

    /// Whether it is newer than a message's file and lacks the message.
    fn is_without(&self, key: &[u8], layer: usize) -> bool {
        self.whole && self.layer > layer && !self.has(key)
    }
}

/// All that the dumps tell of one folder.
#[derive(Default)]
pub(super) struct Evidence {
    dovecot: Vec<List>,
    courier: Vec<List>,
    pop3: Vec<List>,
    /// Dump, UIDVALIDITY, and what an index tells.
    gone: Vec<(usize, u32, GoneUids)>,
    /// Dumps that hold a message or a list of the folder.
    touched: Vec<usize>,
}

impl Evidence {
    /// Takes the folder as a dump has it; dumps come in their order. Of files that are not `whole`
    /// nothing follows from what they lack.
    pub(super) fn add(
        &mut self,
        (layer, whole): (usize, bool),
        folder: Option<&RawFolder>,
        sizelist: Option<&[u8]>,
        gone: &[GoneUids],
    ) {
        let is_touched = folder.is_some_and(|raw| {
            !raw.files.is_empty() || raw.uidlist.is_some() || raw.uiddb.is_some()
        });
        if is_touched || !gone.is_empty() {
            self.touched.push(layer);
        }
        let uidlist = folder.and_then(|raw| raw.uidlist.as_ref());
        if let Some(Ok((list, problems))) = uidlist.map(|file| UidList::parse(&file.bytes)) {
            let is_broken = |problem: &UidListProblem| {
                matches!(
                    problem,
                    UidListProblem::BrokenAt { .. } | UidListProblem::CutLastLine { .. }
                )
            };
            let whole = whole && !problems.iter().any(is_broken);
            let names = list.records.iter().map(|it| (it.base.as_slice(), u64::from(it.uid)));
            let numbers = (u64::from(list.uidvalidity), u64::from(list.next_uid));
            List::new((layer, whole), numbers, names).add_to(&mut self.dovecot);
        }
        let uiddb = folder.and_then(|raw| raw.uiddb.as_ref());
        if let Some(Ok((list, bad))) = uiddb.map(|file| ImapUidDb::parse(&file.bytes)) {
            let whole = whole && bad.is_empty();
            let names = list.entries.iter().map(|(uid, base)| (base.as_slice(), u64::from(*uid)));
            let numbers = (u64::from(list.uidvalidity), u64::from(list.next_uid));
            List::new((layer, whole), numbers, names).add_to(&mut self.courier);
        }
        if let Some(Ok((list, bad))) = sizelist.map(Pop3SizeList::parse) {
            let whole = whole && bad.is_empty();
            let names = list.entries.iter().map(|it| (it.name.as_slice(), u64::from(it.n)));
            let names = names.map(|(name, n)| (mail_model::maildir::base_name(name), n));
            let numbers = (list.uidv.unwrap_or_default(), u64::from(list.next));
            List::new((layer, whole), numbers, names).add_to(&mut self.pop3);
        }
        let known: HashMap<u32, u32> = self
            .gone
            .iter()
            .map(|(_, uidvalidity, gone)| (gone.index_id, *uidvalidity))
            .chain(gone.iter().filter_map(|gone| Some((gone.index_id, gone.uidvalidity?))))
            .collect();
        for gone in gone {
            // A log that was begun after another does not say whose it is, but by the index's id.
            let uidvalidity = gone.uidvalidity.or_else(|| known.get(&gone.index_id).copied());
            if let Some(uidvalidity) = uidvalidity {
                self.gone.push((layer, uidvalidity, gone.clone()));
            }
        }
    }

    /// What became of the message with this key, whose file is in the dump `layer`. `was_seen`: a
    /// client may have deleted it since, for it lies in `cur/`, and the dump is not the newest.
    pub(super) fn fate(&self, key: &[u8], layer: usize, was_seen: bool) -> Fate {
        let index =
            self.dovecot_uid(key).and_then(|(validity, uid)| self.index(validity, uid, layer));
        // Of two servers over one mailbox the later one knows better.
        let known_until = match index {
            Some((false, until)) if self.dovecot.last().is_some_and(|it| it.has(key)) => until,
            _ => 0,
        };
        let courier = [&self.courier, &self.pop3].into_iter().filter_map(|lists| lists.last());
        let mut lacks = courier.filter(|list| list.is_without(key, layer));
        if index.is_some_and(|(is_gone, _)| is_gone)
            || dropped(&self.dovecot, key, layer)
            || lacks.any(|list| list.layer > known_until)
        {
            return Fate::Deleted;
        }
        let newer =
            |lists: &Vec<List>| Some(lists.last().filter(|list| list.until > layer)?.has(key));
        if known_until > 0 || newer(&self.courier) == Some(true) {
            return Fate::Alive;
        }
        let lists = [&self.dovecot, &self.courier, &self.pop3];
        let newer: Vec<bool> = lists.iter().copied().filter_map(newer).collect();
        let is_touched = self.touched.iter().any(|touched| *touched > layer);
        // An index of another UIDVALIDITY is that of a folder that was made anew since.
        let validity = self.dovecot.last().map(|list| list.validity);
        let has_index =
            self.gone.iter().any(|(of, it, _)| *of > layer && Some(u64::from(*it)) == validity);
        let is_unlisted = !newer.is_empty() && !newer.contains(&true);
        let may_be_stale = is_touched && !self.dovecot.is_empty() && !has_index;
        // Without any list nothing tells; but that nobody opened the folder, where mail is in `new/`.
        let is_untold = was_seen && lists.iter().all(|lists| lists.is_empty());
        if is_unlisted || may_be_stale || is_untold { Fate::Uncertain } else { Fate::Kept }
    }

    /// How many names of the newest list have no file in any dump, as far as nothing says that they
    /// are gone.
    pub(super) fn absent(&self, has_file: impl Fn(&[u8]) -> bool) -> u64 {
        let lists = [&self.dovecot, &self.courier, &self.pop3];
        // Courier's list of POP3 is of the same messages as that of IMAP.
        let Some(newest) = lists.iter().find_map(|lists| lists.last()) else { return 0 };
        let is_gone = |uid: u64| {
            u32::try_from(uid).is_ok_and(|uid| {
                let of_list =
                    self.gone.iter().filter(|(_, of, _)| u64::from(*of) == newest.validity);
                !self.dovecot.is_empty() && of_list.into_iter().any(|(_, _, gone)| gone.has(uid))
            })
        };
        newest.uids.iter().filter(|(key, uid)| !has_file(key) && !is_gone(**uid)).count() as u64
    }

    /// UIDVALIDITY and UID that Dovecot's newest list with this name gives it. A message that was
    /// moved away and back has two.
    fn dovecot_uid(&self, key: &[u8]) -> Option<(u32, u32)> {
        let list = self.dovecot.iter().rev().find(|list| list.has(key))?;
        Some((u32::try_from(list.validity).ok()?, u32::try_from(*list.uids.get(key)?).ok()?))
    }

    /// Whether an index of a newer dump says that a UID is gone, and the newest dump that has one;
    /// `None` when there is none.
    fn index(&self, validity: u32, uid: u32, layer: usize) -> Option<(bool, usize)> {
        let newer = self.gone.iter().filter(|(of, known, _)| *of > layer && *known == validity);
        newer.fold(None, |found, (of, _, gone)| {
            let (is_gone, until) = found.unwrap_or((false, 0));
            Some((is_gone || gone.has(uid), until.max(*of)))
        })
    }
}

/// Whether a list of a newer dump lacks a name that an older one had, and no later one has it
/// again.
fn dropped(lists: &[List], key: &[u8], layer: usize) -> bool {
    if lists.last().is_none_or(|newest| newest.has(key)) {
        return false;
    }
    lists.iter().enumerate().any(|(at, newer)| {
        newer.is_without(key, layer)
            && lists[..at].iter().any(|older| {
                let uid = older.uids.get(key);
                older.validity == newer.validity && uid.is_some_and(|uid| *uid < newer.next)
            })
    })
}
