//! Messages of mailboxes that were no maildirs, in several dumps: their files have made-up names,
//! and what they were stored as tells which are the same.

use std::collections::{BTreeMap, HashMap, HashSet};

use mail_model::identity::RawFile;

use super::ScannedMailbox;
use super::gone::Fate;
use super::overlay::Verdict;
use super::pass::store_of;
use crate::storage::Storage;

/// What a message was stored as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// A file of its own, by the name that its folder has it under, in small letters.
    File(Vec<u8>),
    /// A part of an mbox, by its path.
    Mbox(Vec<u8>),
}

/// What is known of an mbox.
#[derive(Clone, Debug, Default)]
pub(crate) struct MboxFile {
    /// The directory of the folder that it is.
    pub dir: Vec<u8>,
    /// It could be read to its end.
    pub whole: bool,
    /// Messages with a date that names no zone.
    pub without_zone: u64,
    /// Its first message was c-client's own and no mail.
    pub internal: bool,
}

impl ScannedMailbox {
    /// What the message of a file was stored as, where that is no maildir.
    pub(super) fn stored_as(&self, dir: &[u8], file: &RawFile) -> Option<&Stored> {
        if self.stored.is_empty() {
            return None;
        }
        self.stored.get(&(*self.by_dir.get(dir)?, file.name.clone()))
    }

    /// Counts a message that is kept of several dumps.
    pub(super) fn count_stored(&mut self, stored: &Stored, storage: Storage) {
        match stored {
            Stored::File(_) => {
                self.no_maildir.mail_enable += 1;
                self.no_maildir.crlf += u64::from(storage == Storage::Crlf);
            }
            Stored::Mbox(_) => self.no_maildir.in_mbox += 1,
        }
    }

    /// Counts files of stores that nobody here reads, when those of all dumps are known.
    pub(super) fn count_unreadable(&mut self) {
        let paths = self.beside.iter().map(|file| file.path.as_slice());
        let paths = paths.chain(self.not_carried.iter().map(|(path, _)| path.as_slice()));
        let mut unreadable = BTreeMap::new();
        for store in paths.filter_map(store_of) {
            *unreadable.entry(store).or_default() += 1;
        }
        self.no_maildir.unreadable = unreadable;
    }
}

/// The mboxes of a folder in newer dumps than the one that is looked at.
#[derive(Default)]
pub(super) struct Newer {
    mboxes: HashMap<Vec<u8>, NewerMbox>,
}

#[derive(Default)]
struct NewerMbox {
    /// One of them could be read to its end, and has all that was there then.
    whole: bool,
    names: HashSet<Vec<u8>>,
    /// How many messages there are of each date and size; servers change both in no message.
    messages: HashMap<(i64, u64), usize>,
}

impl Newer {
    /// What becomes of the messages of a folder that stand in mboxes, by file name. Dumps come from
    /// the newest to the oldest.
    pub(super) fn take<'a>(
        &mut self,
        mailbox: &ScannedMailbox,
        dir: &[u8],
        files: &'a [RawFile],
    ) -> HashMap<&'a [u8], Verdict> {
        let mut by_path: BTreeMap<&[u8], Vec<&RawFile>> = BTreeMap::new();
        for file in files {
            if let Some(Stored::Mbox(path)) = mailbox.stored_as(dir, file) {
                by_path.entry(path).or_default().push(file);
            }
        }
        let of_dir = mailbox.no_maildir.mboxes.iter().filter(|(_, mbox)| mbox.dir == dir);
        let mut verdicts = HashMap::new();
        for (path, mbox) in of_dir {
            let files = by_path.remove(path.as_slice()).unwrap_or_default();
            let names = files.iter().map(|file| file.name.as_slice());
            verdicts.extend(names.zip(self.verdicts(path, &files, mbox.whole)));
        }
        // One without a message looks like no mbox.
        for file in mailbox.beside.iter().filter(|file| file.source.stored == 0) {
            self.mboxes.entry(file.path.clone()).or_default().whole = true;
        }
        verdicts
    }

    /// What becomes of the messages of an mbox in an older dump, `files`; these are newer ones from
    /// then on. An mbox that an increment lacks is as it was.
    fn verdicts(&mut self, path: &[u8], files: &[&RawFile], whole: bool) -> Vec<Verdict> {
        let Some(newer) = self.mboxes.get_mut(path) else {
            self.mboxes.insert(path.to_vec(), NewerMbox::new(files, whole));
            return vec![Verdict::Last(Fate::Kept); files.len()];
        };
        let mut left = newer.messages.clone();
        let mut take = |file: &RawFile| match left.get_mut(&(file.mtime, file.size)) {
            Some(times) if *times > 0 => {
                *times -= 1;
                true
            }
            _ => false,
        };
        // A file of the same name first: two of one name could not be told apart.
        let mut same: Vec<bool> =
            files.iter().map(|file| newer.names.contains(&file.name) && take(file)).collect();
        for (file, same) in files.iter().zip(&mut same) {
            *same = *same || take(file);
        }
        let gone = if newer.whole { Fate::Deleted } else { Fate::Uncertain };
        let of = NewerMbox::new(files, whole);
        newer.whole |= of.whole;
        newer.names.extend(of.names);
        for (message, times) in of.messages {
            let known = newer.messages.entry(message).or_default();
            *known = times.max(*known);
        }
        let verdict = |same| if same { Verdict::Replaced } else { Verdict::Last(gone) };
        same.into_iter().map(verdict).collect()
    }
}

impl NewerMbox {
    fn new(files: &[&RawFile], whole: bool) -> NewerMbox {
        let mut mbox = NewerMbox { whole, ..NewerMbox::default() };
        for file in files {
            mbox.names.insert(file.name.clone());
            *mbox.messages.entry((file.mtime, file.size)).or_default() += 1;
        }
        mbox
    }
}

#[cfg(test)]
mod tests {
    use mail_model::maildir::Place;

    use super::*;

    #[test]
    fn an_mbox_that_is_cut_replaces_what_it_has() {
        let file = |number: u64, date: i64| RawFile {
            place: Place::Cur,
            name: format!("{date}.M{number}P1.plesk2cpanel,S=10,W=12").into_bytes(),
            size: 10,
            mtime: date,
            x_uidl: None,
        };
        let (a, b, c) = (file(0, 1), file(1, 1), file(2, 3));
        let mut newer = Newer::default();
        let kept = Verdict::Last(Fate::Kept);
        let replaced = Verdict::Replaced;
        assert_eq!(newer.verdicts(b"mbox", &[&b], false), [kept]);
        // Two are alike, and only one is in the newer file: that of its name.
        let uncertain = Verdict::Last(Fate::Uncertain);
        let found = newer.verdicts(b"mbox", &[&a, &b, &c], true);
        assert_eq!(found, [uncertain, replaced, uncertain]);
        let gone = Verdict::Last(Fate::Deleted);
        let found = newer.verdicts(b"mbox", &[&a, &b, &c, &file(3, 4)], true);
        assert_eq!(found, [replaced, replaced, replaced, gone]);
        assert_eq!(newer.verdicts(b"other", &[&a], true), [kept]);
    }
}
