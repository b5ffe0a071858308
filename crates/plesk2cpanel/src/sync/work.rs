//! What the merge does to a folder of a home, step by step.

use std::collections::{HashMap, HashSet};

use mail_model::dovecot::{UidList, UidRecord};
use mail_model::identity::merge::SideMessage;
use mail_model::identity::{Folder, RawFolder};
use mail_model::maildir::{FileName, Place};
use plesk_backup::printable;

use super::into::temporary;
use super::letters::Letters;
use super::ours::At;
use super::plan::{FolderPlan, Refusal};
use super::stage::p_field;
use crate::error::Error;
use crate::home::{Dir, ListLock, replace_list};

/// What old lists are kept as: `dovecot-uidlist.before-sync`.
const KEPT_AS: &str = "sync";

/// A file that gets another name: where it lies, its name, and the same of then.
type Change<'a> = (Place, &'a [u8], Place, Vec<u8>);

/// A folder that is worked on, under its lock.
pub(super) struct Work<'a> {
    dir: &'a Dir,
    lock: &'a ListLock<'a>,
    folder: &'a FolderPlan,
    ours: Option<(&'a At, &'a RawFolder)>,
    model: Option<&'a Folder>,
    cur: Dir,
    new: Dir,
    tmp: Dir,
    letters: Letters,
    /// What comes in: its name in `tmp/`, where to, and the name there.
    come: Vec<(Vec<u8>, Place, Vec<u8>)>,
    change: Vec<Change<'a>>,
}

impl<'a> Work<'a> {
    /// Looks at a folder, and decides what comes in and what changes its name. None where there is
    /// nothing to do.
    ///
    /// # Errors
    /// When reading fails. The inner one when it is not what it should be.
    pub(super) fn prepare(
        there: Option<(&'a Dir, &'a ListLock<'a>)>,
        folder: &'a FolderPlan,
        ours: Option<(&'a At, &'a RawFolder)>,
        model: Option<&'a Folder>,
    ) -> Result<Result<Option<Work<'a>>, Refusal>, Error> {
        let comes = folder.added().next().is_some() || folder.before.is_none();
        if ours.is_none() && (model.is_none() || !comes) {
            return Ok(Ok(None));
        }
        let changed = || {
            Refusal::new(
                format!("folder {} changed while it was merged", folder.name),
                "see that nobody uses the mailbox and no mail arrives, then try again",
            )
        };
        let Some((dir, lock)) = there else { return Ok(Err(changed())) };
        let (cur, new, tmp) = (dir.make(b"cur")?, dir.make(b"new")?, dir.make(b"tmp")?);
        let letters = Letters::new(ours.map(|(_, raw)| raw));
        let (come, change) = (Vec::new(), Vec::new());
        let mut work =
            Work { dir, lock, folder, ours, model, cur, new, tmp, letters, come, change };
        let files = ours.map_or(&[][..], |(_, raw)| &raw.files);
        let bases: HashSet<Vec<u8>> =
            files.iter().map(|file| FileName::parse(&file.name).base).collect();
        for merged in &folder.merge.messages {
            if let (Some(ours), Some((at, raw))) = (merged.ours, ours) {
                let file = &raw.files[at.files[ours]];
                let name = FileName::parse(&file.name);
                let was = folder.new.as_ref().map(|new| &new.messages[ours]);
                let same = |was: &SideMessage| {
                    was.flags == merged.flags && was.keywords == merged.keywords
                };
                if was.is_some_and(same) {
                    continue;
                }
                let name = work.letters.named(name, merged);
                // Flags stand in the names of files in cur/ alone.
                work.change.push((file.place, &file.name, Place::Cur, name.to_bytes()));
            } else if let (Some(theirs), Some(model)) = (merged.theirs, model) {
                let message = &model.messages[theirs];
                if bases.contains(&message.name.base) {
                    return Ok(Err(Refusal::new(
                        format!(
                            "folder {} has another message under the name `{}`",
                            folder.name,
                            printable(&message.name.base)
                        ),
                        "move that message away on the new server, then try again",
                    )));
                }
                let from = temporary(&message.name.base);
                if work.tmp.stat(&from)?.is_none() {
                    return Ok(Err(changed()));
                }
                let name = work.letters.named(message.name.clone(), merged);
                work.come.push((from, message.place, name.to_bytes()));
            }
        }
        Ok(Ok(Some(work)))
    }

    /// Late mail gets its place, and flags change.
    ///
    /// # Errors
    /// When that fails.
    pub(super) fn add(&self) -> Result<(), Error> {
        if let Some(keywords) = self.letters.changed() {
            self.dir.put(b"dovecot-keywords", &keywords.to_bytes())?;
        }
        // A new folder would have messages and no list, if the run ended here.
        if self.ours.is_none() {
            self.write_list()?;
        }
        for (from, to, name) in &self.come {
            self.tmp.rename(from, self.place(*to), name)?;
        }
        for (from, name, to, new_name) in &self.change {
            if from != to || *name != new_name.as_slice() {
                self.place(*from).rename(name, self.place(*to), new_name)?;
            }
        }
        self.cur.sync()?;
        self.new.sync()?;
        Ok(())
    }

    /// Writes the list, if it is to be another.
    ///
    /// # Errors
    /// When that fails.
    pub(super) fn write_list(&self) -> Result<(), Error> {
        if self.folder.is_gone() {
            return Ok(());
        }
        let bytes = self.list().to_bytes();
        let old = self.ours.and_then(|(_, raw)| raw.uidlist.as_ref());
        if old.is_none_or(|old| old.bytes != bytes) {
            replace_list(self.dir, self.lock, &bytes, KEPT_AS)?;
        }
        Ok(())
    }

    /// What was deleted on the old server goes.
    ///
    /// # Errors
    /// When that fails.
    pub(super) fn remove(&self) -> Result<(), Error> {
        let Some((at, raw)) = self.ours else { return Ok(()) };
        for removed in &self.folder.merge.removed {
            let file = &raw.files[at.files[*removed]];
            self.place(file.place).remove(&file.name)?;
        }
        self.cur.sync()?;
        self.new.sync()?;
        Ok(())
    }

    /// Keywords of messages for which there was no letter left.
    pub(super) fn keywords_dropped(&self) -> u64 {
        self.letters.dropped
    }

    fn place(&self, place: Place) -> &Dir {
        if place == Place::Cur { &self.cur } else { &self.new }
    }

    /// The list as it should be.
    fn list(&self) -> UidList {
        let merge = &self.folder.merge;
        let mut list = UidList::new(merge.uidvalidity, merge.next_uid);
        match (self.ours, self.model) {
            (Some((at, _)), _) => {
                list.guid.clone_from(&at.list.guid);
                list.header_extra.clone_from(&at.list.header_extra);
            }
            // One that was deleted here and comes back is another folder.
            (None, Some(model)) if self.folder.before.is_none() => {
                list.guid.clone_from(&model.guid);
            }
            (None, _) => {}
        }
        let known: HashMap<&[u8], &UidRecord> = self
            .ours
            .iter()
            .flat_map(|(at, _)| &at.list.records)
            .map(|record| (record.base.as_slice(), record))
            .collect();
        for merged in &merge.messages {
            let Some(uid) = merged.uid else { continue };
            let theirs = merged.theirs.zip(self.model).map(|(at, model)| &model.messages[at]);
            let base = match (merged.ours, self.ours, theirs) {
                (Some(ours), Some((at, raw)), _) => {
                    FileName::parse(&raw.files[at.files[ours]].name).base
                }
                (_, _, Some(theirs)) => theirs.name.base.clone(),
                _ => continue,
            };
            let record = known.get(base.as_slice());
            let mut fields = match (record, theirs) {
                (Some(record), _) => record.fields.clone(),
                (None, Some(theirs)) => theirs.fields.clone(),
                (None, None) => Vec::new(),
            };
            let stored = record.and_then(|record| record.get(b'P'));
            let wanted = merged.uidl.as_ref().map(|uidl| p_field(uidl, &base));
            // An empty value is the file's name.
            let same = stored.map(|it| if it.is_empty() { &base[..] } else { it })
                == merged.uidl.as_deref();
            if !same {
                fields.retain(|(key, _)| *key != b'P');
                fields.splice(0..0, wanted.map(|wanted| (b'P', wanted)));
            }
            list.records.push(UidRecord { uid, fields, base });
        }
        self.keep_names(&mut list);
        list
    }

    /// Names of messages that are gone, or that go after the list was written: without theirs, a file
    /// that is still there would be taken for mail that came in here. Dovecot leaves them in its lists,
    /// too.
    fn keep_names(&self, list: &mut UidList) {
        let Some((at, _)) = self.ours else { return };
        let uids: HashSet<u32> = list.records.iter().map(|record| record.uid).collect();
        let bases: HashSet<Vec<u8>> =
            list.records.iter().map(|record| record.base.clone()).collect();
        let gone = at
            .list
            .records
            .iter()
            .filter(|record| !uids.contains(&record.uid) && !bases.contains(&record.base));
        list.records.extend(gone.cloned());
        list.records.sort_by_key(|record| record.uid);
    }
}
