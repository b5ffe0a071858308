//! The merge into the files of a home that nobody uses.
//!
//! First the messages are read from the backup into `tmp/` of their folders, all mailboxes of a domain
//! in one walk. Then each mailbox is taken by itself: under the locks of its lists it is read once
//! more, and all its folders are looked at. Then, in all of them, late mail gets its place and flags
//! change; then the lists are written; and deleted mail goes last. Wherever a run is ended, nothing is
//! lost, and the next one finds what is left to do: a file that no list names yet is known by its name.

use std::collections::BTreeMap;
use std::io;

use mail_model::dovecot::Subscriptions;
use mail_model::folder::FolderName;
use sha2::{Digest, Sha256};

use super::names::Key;
use super::ours::Ours;
use super::plan::{FolderPlan, MailboxMerge, Refusal, subscriptions};
use super::stage::{check_size, subscription_lines, time};
use super::stream::{Wanted, messages};
use super::work::Work;
use crate::account::{Resolved, Run};
use crate::error::Error;
use crate::home::{Dir, HomeError, HomeMailbox, ListLock, PATIENCE};
use crate::mailbox::ResolvedMailbox;

/// Name in `tmp/` of a message that is on its way: short, whatever its own is.
pub(super) fn temporary(message: &[u8]) -> Vec<u8> {
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
                // What the owner deleted here comes back for late mail alone.
                if late.is_empty() && (folder.new.is_some() || folder.before.is_some()) {
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
    let mut dirs: BTreeMap<Key, Dir> = BTreeMap::new();
    for folder in &first.folders {
        let name = folder.name.to_dir();
        let dir = if name.is_empty() { Some(root.again()?) } else { root.child(&name)? };
        dirs.extend(dir.map(|dir| (name, dir)));
    }
    let mut locks: BTreeMap<Key, ListLock<'_>> = BTreeMap::new();
    for (name, dir) in &dirs {
        locks.insert(name.clone(), ListLock::take(dir, PATIENCE)?);
    }
    let ours = match Ours::new(HomeMailbox::read(root.again()?)?) {
        Ok(ours) => ours,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let merged = match merge(&ours) {
        Ok(merged) => merged,
        Err(refusal) => return Ok(Err(refusal)),
    };
    // All is looked at before anything is done: mail that was moved from one folder to another would be
    // gone if the second could not be merged.
    let mut works = Vec::new();
    for folder in &merged.folders {
        let key = folder.name.to_dir();
        let there = dirs.get(&key).zip(locks.get(&key));
        let model = folder.theirs.map(|at| &mailbox.model.folders[at]);
        match Work::prepare(there, folder, ours.raw(&key), model)? {
            Ok(work) => works.extend(work),
            Err(refusal) => return Ok(Err(refusal)),
        }
    }
    for work in &works {
        work.add()?;
    }
    for work in &works {
        work.write_list()?;
    }
    for work in &works {
        work.remove()?;
    }
    let keywords_dropped = works.iter().map(Work::keywords_dropped).sum();
    drop(works);
    let gone = merged.folders.iter().filter(|folder| folder.is_gone());
    let gone: Vec<Vec<u8>> = gone.map(|folder| folder.name.to_dir()).collect();
    drop(locks);
    drop(dirs);
    for dir in &gone {
        remove_folder(root, dir)?;
    }
    let state = ours.mailbox.subscriptions.as_ref();
    let old = state.map_or(&[][..], |state| &state.bytes);
    let old = Subscriptions::parse(old, true).names;
    let theirs = &mailbox.model.subscriptions;
    let mut new = subscriptions(before, theirs, &old, merged.absence_counts);
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
