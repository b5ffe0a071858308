//! The merge into the files of a home that nobody uses.
//!
//! First the messages are read from the backup into `tmp/` of their folders, all mailboxes of a domain
//! in one walk. Then each mailbox is taken by itself: under the locks of its lists it is read once
//! more, late mail gets its place, then flags change, then deleted mail goes, and the lists come last.
//! Wherever a run is ended, nothing is lost, and the next one finds what is left to do: a file that no
//! list names yet is known by its name.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;

use mail_model::dovecot::{Subscriptions, UidList, UidRecord};
use mail_model::folder::FolderName;
use mail_model::identity::merge::SideMessage;
use mail_model::identity::{Folder, RawFolder};
use mail_model::maildir::{FileName, Place};
use plesk_backup::printable;
use sha2::{Digest, Sha256};

use super::letters::Letters;
use super::ours::{At, Ours};
use super::plan::{FolderPlan, MailboxMerge, Refusal, subscriptions};
use super::stage::{check_size, p_field, subscription_lines, time};
use super::stream::{Wanted, messages};
use crate::account::{Resolved, Run};
use crate::error::Error;
use crate::home::{Dir, HomeError, HomeMailbox, ListLock, PATIENCE, replace_list};
use crate::mailbox::ResolvedMailbox;

/// What old lists are kept as: `dovecot-uidlist.before-sync`.
const KEPT_AS: &str = "sync";

/// Name in `tmp/` of a message that is on its way: short, whatever its own is.
fn temporary(message: &[u8]) -> Vec<u8> {
    let mut name = b"plesk2cpanel.".to_vec();
    for byte in Sha256::digest(message) {
        name.extend(format!("{byte:02x}").bytes());
    }
    name
}

/// Reads late mail of an account's mailboxes into `tmp/` of its folders.
///
/// # Errors
/// When reading or writing fails, or the run is interrupted.
pub(super) fn fetch(
    run: &Run<'_>,
    resolved: &Resolved<'_>,
    merges: &[Option<(Dir, &MailboxMerge)>],
) -> Result<(), Error> {
    for (domain, scanned) in resolved.scanned.iter().enumerate() {
        let mut dirs: Vec<Dir> = Vec::new();
        let mut targets: Vec<(usize, Vec<u8>, u64, i64)> = Vec::new();
        let mut wanted = Vec::new();
        for (mailbox, merge) in resolved.mailboxes.iter().zip(merges) {
            let Some((root, merge)) = merge else { continue };
            if resolved.plan.domains[mailbox.plan.domain].source != Some(domain) {
                continue;
            }
            let Some(of_mailbox) = mailbox.scanned else { continue };
            for folder in &merge.folders {
                let Some(model) = folder.theirs.map(|at| &mailbox.model.folders[at]) else {
                    continue;
                };
                let late: Vec<usize> = folder.added().filter_map(|merged| merged.theirs).collect();
                if late.is_empty() && folder.new.is_some() {
                    continue;
                }
                let at = make_folder(root, &folder.name)?;
                dirs.push(at.make(b"tmp")?);
                for message in late {
                    let message = &model.messages[message];
                    let file = &of_mailbox.raw.folders[model.source].files[message.file];
                    let source = of_mailbox.sources[model.source][message.file];
                    wanted.push(Wanted { source, number: targets.len() });
                    let name = temporary(&message.name.base);
                    targets.push((dirs.len() - 1, name, file.size, file.mtime));
                }
            }
        }
        messages(run, scanned, wanted, &mut |numbers, bytes| {
            let Some((first, more)) = numbers.split_first() else { return Ok(()) };
            let (dir, name, size, mtime) = &targets[*first];
            let dir = &dirs[*dir];
            let failed = |error: io::Error| HomeError::new(&dir.path_of(name), &error);
            let mut file = dir.create(name)?;
            let copied = io::copy(bytes, &mut file).map_err(failed)?;
            check_size(&dir.path_of(name), copied, *size)?;
            file.set_modified(time(*mtime)).map_err(failed)?;
            file.sync_all().map_err(failed)?;
            for link in more {
                let (to, linked, _, mtime) = &targets[*link];
                let to = &dirs[*to];
                // A file of its own: hard links of one message confuse who counts space.
                let mut copy = to.create(linked)?;
                let (mut from, _) = dir
                    .file(name)?
                    .ok_or_else(|| HomeError::new(&dir.path_of(name), "it is gone"))?;
                let failed = |error: io::Error| HomeError::new(&to.path_of(linked), &error);
                io::copy(&mut from, &mut copy).map_err(failed)?;
                copy.set_modified(time(*mtime)).map_err(failed)?;
                copy.sync_all().map_err(failed)?;
            }
            run.progress.advance(&resolved.plan.domain, *size);
            Ok(())
        })?;
    }
    Ok(())
}

/// The directory of a folder, made if it is not there.
fn make_folder(root: &Dir, name: &FolderName) -> Result<Dir, HomeError> {
    let dir = name.to_dir();
    let at = if dir.is_empty() { root.again()? } else { root.make(&dir)? };
    for inner in [&b"cur"[..], b"new", b"tmp"] {
        at.make(inner)?;
    }
    if !dir.is_empty() && at.stat(b"maildirfolder")?.is_none() {
        at.create(b"maildirfolder")?;
    }
    Ok(at)
}

/// What was done to a mailbox.
pub(super) struct Applied {
    pub(super) merge: MailboxMerge,
    /// Keywords of messages for which a folder had no letter left.
    pub(super) keywords_dropped: u64,
}

/// Locks all lists of a mailbox, reads it again, and changes it as `merge` says for what it is then.
///
/// # Errors
/// When reading or writing fails. The inner one when it is not what it should be.
pub(super) fn apply(
    root: &Dir,
    mailbox: &ResolvedMailbox<'_>,
    before: Option<&[FolderName]>,
    first: &MailboxMerge,
    merge: &dyn Fn(&Ours) -> Result<MailboxMerge, Refusal>,
) -> Result<Result<Applied, Refusal>, Error> {
    let mut dirs: BTreeMap<String, Dir> = BTreeMap::new();
    for folder in &first.folders {
        let name = folder.name.to_dir();
        let dir = if name.is_empty() { Some(root.again()?) } else { root.child(&name)? };
        dirs.extend(dir.map(|dir| (folder.name.to_string(), dir)));
    }
    let mut locks: BTreeMap<&str, ListLock<'_>> = BTreeMap::new();
    for (name, dir) in &dirs {
        locks.insert(name, ListLock::take(dir, PATIENCE)?);
    }
    let ours = match Ours::new(HomeMailbox::read(root.again()?)?) {
        Ok(ours) => ours,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let merged = match merge(&ours) {
        Ok(merged) => merged,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut keywords_dropped = 0;
    for folder in &merged.folders {
        let Some(dir) = dirs.get(&folder.name.to_string()) else { continue };
        let Some(lock) = locks.get(folder.name.to_string().as_str()) else { continue };
        let work = Work { dir, lock, folder, ours: ours.raw(&folder.name.to_string()) };
        let model = folder.theirs.map(|at| &mailbox.model.folders[at]);
        match work.carry_out(model)? {
            Ok(dropped) => keywords_dropped += dropped,
            Err(refusal) => return Ok(Err(refusal)),
        }
    }
    let gone: Vec<Vec<u8>> = merged
        .folders
        .iter()
        .filter(|folder| is_gone(folder))
        .map(|folder| folder.name.to_dir())
        .collect();
    drop(locks);
    drop(dirs);
    for dir in &gone {
        remove_folder(root, dir)?;
    }
    let state = ours.mailbox.subscriptions.as_ref();
    let old = state.map_or(&[][..], |state| &state.bytes);
    let old = Subscriptions::parse(old, true).names;
    let mut new = subscriptions(before, &mailbox.model.subscriptions, &old);
    new.retain(|name| !gone.contains(&name.to_dir()));
    if new != old {
        root.put(b"subscriptions", &subscription_lines(&new))?;
    }
    if merged.folders.iter().any(FolderPlan::is_changed) {
        // Dovecot counts anew what is used of the quota.
        root.remove(b"maildirsize")?;
    }
    root.sync()?;
    Ok(Ok(Applied { merge: merged, keywords_dropped }))
}

/// A folder that was deleted on the old server and has nothing left.
fn is_gone(folder: &FolderPlan) -> bool {
    !folder.name.is_inbox()
        && folder.old.is_none()
        && folder.before.is_some()
        && folder.new.is_some()
        && folder.merge.messages.is_empty()
}

/// Removes an empty folder. Whatever else lies in it keeps it.
fn remove_folder(root: &Dir, name: &[u8]) -> Result<(), HomeError> {
    let Some(dir) = root.child(name)? else { return Ok(()) };
    for inner in [&b"cur"[..], b"new", b"tmp"] {
        if !dir.remove_empty(inner) {
            return Ok(());
        }
    }
    for entry in dir.entries()? {
        if entry.name.starts_with(b"dovecot") || entry.name == b"maildirfolder" {
            dir.remove(&entry.name)?;
        }
    }
    root.remove_empty(name);
    Ok(())
}

/// A folder that is worked on, under its lock.
struct Work<'a> {
    dir: &'a Dir,
    lock: &'a ListLock<'a>,
    folder: &'a FolderPlan,
    ours: Option<(&'a At, &'a RawFolder)>,
}

impl Work<'_> {
    fn carry_out(&self, model: Option<&Folder>) -> Result<Result<u64, Refusal>, Error> {
        if self.ours.is_none() && model.is_none() {
            return Ok(Ok(0));
        }
        let (cur, new) = (self.dir.make(b"cur")?, self.dir.make(b"new")?);
        let tmp = self.dir.make(b"tmp")?;
        let place = |place: Place| if place == Place::Cur { &cur } else { &new };
        let files = self.ours.map_or(&[][..], |(_, raw)| &raw.files);
        let mut letters = Letters::new(self.ours.map(|(_, raw)| raw));

        // What comes in and what changes its name, decided before anything is done.
        let mut come: Vec<(Vec<u8>, Place, Vec<u8>)> = Vec::new();
        let mut change: Vec<(Place, &[u8], Place, Vec<u8>)> = Vec::new();
        let bases: HashSet<Vec<u8>> =
            files.iter().map(|file| FileName::parse(&file.name).base).collect();
        for merged in &self.folder.merge.messages {
            if let (Some(ours), Some((at, raw))) = (merged.ours, self.ours) {
                let file = &raw.files[at.files[ours]];
                let name = FileName::parse(&file.name);
                let was = self.folder.new.as_ref().map(|new| &new.messages[ours]);
                let same = |was: &SideMessage| {
                    was.flags == merged.flags && was.keywords == merged.keywords
                };
                if was.is_some_and(same) {
                    continue;
                }
                let name = letters.named(name, merged);
                // Flags stand in the names of files in cur/ alone.
                change.push((file.place, &file.name, Place::Cur, name.to_bytes()));
            } else if let (Some(theirs), Some(model)) = (merged.theirs, model) {
                let message = &model.messages[theirs];
                if bases.contains(&message.name.base) {
                    return Ok(Err(Refusal::new(
                        format!(
                            "folder {} has another message under the name `{}`",
                            self.folder.name,
                            printable(&message.name.base)
                        ),
                        "move that message away on the new server, then try again",
                    )));
                }
                let from = temporary(&message.name.base);
                if tmp.stat(&from)?.is_none() {
                    return Ok(Err(Refusal::new(
                        format!("folder {} changed while it was merged", self.folder.name),
                        "see that nobody uses the mailbox and no mail arrives, then try again",
                    )));
                }
                let name = letters.named(message.name.clone(), merged);
                come.push((from, message.place, name.to_bytes()));
            }
        }

        if let Some(keywords) = letters.changed() {
            self.dir.put(b"dovecot-keywords", &keywords.to_bytes())?;
        }
        for (from, to, name) in &come {
            tmp.rename(from, place(*to), name)?;
        }
        for (from, name, to, new_name) in &change {
            if from != to || *name != new_name.as_slice() {
                place(*from).rename(name, place(*to), new_name)?;
            }
        }
        if let Some((at, raw)) = self.ours {
            for removed in &self.folder.merge.removed {
                let file = &raw.files[at.files[*removed]];
                place(file.place).remove(&file.name)?;
            }
        }
        cur.sync()?;
        new.sync()?;
        let bytes = self.list(model).to_bytes();
        let old = self.ours.and_then(|(_, raw)| raw.uidlist.as_ref());
        if !is_gone(self.folder) && old.is_none_or(|old| old.bytes != bytes) {
            replace_list(self.dir, self.lock, &bytes, KEPT_AS)?;
        }
        Ok(Ok(letters.dropped))
    }

    /// The list as it should be.
    fn list(&self, model: Option<&Folder>) -> UidList {
        let merge = &self.folder.merge;
        let mut list = UidList::new(merge.uidvalidity, merge.next_uid);
        match (self.ours, model) {
            (Some((at, _)), _) => {
                list.guid.clone_from(&at.list.guid);
                list.header_extra.clone_from(&at.list.header_extra);
            }
            (None, Some(model)) => list.guid.clone_from(&model.guid),
            (None, None) => {}
        }
        let known: HashMap<&[u8], &UidRecord> = self
            .ours
            .iter()
            .flat_map(|(at, _)| &at.list.records)
            .map(|record| (record.base.as_slice(), record))
            .collect();
        for merged in &merge.messages {
            let Some(uid) = merged.uid else { continue };
            let theirs = merged.theirs.zip(model).map(|(at, model)| &model.messages[at]);
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
        list
    }
}
