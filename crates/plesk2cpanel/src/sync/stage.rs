//! Maildirs that `doveadm sync` merges: a mailbox as the old server has it in the end, under the
//! names that the conversion gave.
//!
//! Folders are whole, since a message that is missing counts as deleted. The next UID of a staged list
//! is the one behind its last message: what lies above it on the new server was received there, and
//! keeps its UID and UIDL. A higher one would make `doveadm` number that mail anew.

use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use mail_model::dovecot::{UidList, UidRecord};
use mail_model::folder::FolderName;
use mail_model::identity::{Folder, Message, RawFile};
use mail_model::maildir::Place;
use plesk_backup::printable;

use super::plan::{FolderPlan, MailboxMerge};
use super::sides::guid;
use super::stream::{Wanted, messages};
use crate::account::{Resolved, Run};
use crate::error::Error;
use crate::mailbox::ResolvedMailbox;

const DIRECTORY: u32 = 0o700;
const FILE: u32 = 0o600;

/// A message on its way: where to, and what it is.
struct Target<'a> {
    path: PathBuf,
    file: &'a RawFile,
}

/// Writes the maildirs of an account's mailboxes; `merges` in the order of the plan, with the
/// directory of each.
///
/// # Errors
/// When reading or writing fails, or the run is interrupted.
pub(super) fn stage(
    run: &Run<'_>,
    resolved: &Resolved<'_>,
    merges: &[Option<(PathBuf, &MailboxMerge)>],
) -> Result<(), Error> {
    for (domain, scanned) in resolved.scanned.iter().enumerate() {
        let mut targets: Vec<Target<'_>> = Vec::new();
        let mut wanted = Vec::new();
        for (mailbox, merge) in resolved.mailboxes.iter().zip(merges) {
            let Some((root, merge)) = merge else { continue };
            if resolved.plan.domains[mailbox.plan.domain].source != Some(domain) {
                continue;
            }
            let Some(of_mailbox) = mailbox.scanned else { continue };
            lists(root, mailbox, merge)?;
            for (folder, model) in staged_folders(mailbox, merge) {
                let dir = below(root, &folder.name.to_dir())?;
                for message in staged_messages(folder, model) {
                    let inner = if message.place == Place::Cur { "cur" } else { "new" };
                    let name = message.name.to_bytes();
                    let path = below(&dir.join(inner), &name)?;
                    let number = targets.len();
                    let source = of_mailbox.sources[model.source][message.file];
                    wanted.push(Wanted { source, number });
                    let file = &of_mailbox.raw.folders[model.source].files[message.file];
                    targets.push(Target { path, file });
                }
            }
        }
        messages(run, scanned, wanted, &mut |numbers, bytes| {
            let Some((first, links)) = numbers.split_first() else { return Ok(()) };
            let first = &targets[*first];
            write(first, bytes)?;
            run.progress.advance(&resolved.plan.domain, first.file.size);
            for link in links {
                let link = &targets[*link];
                let linked = std::fs::hard_link(&first.path, &link.path);
                linked.map_err(|source| failed(&link.path, source))?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Folders that the old server has, with what becomes of each.
pub(super) fn staged_folders<'a>(
    mailbox: &'a ResolvedMailbox<'_>,
    merge: &'a MailboxMerge,
) -> impl Iterator<Item = (&'a FolderPlan, &'a Folder)> {
    let with_model =
        |folder: &'a FolderPlan| Some((folder, &mailbox.model.folders[folder.theirs?]));
    merge.folders.iter().filter_map(with_model)
}

/// The old server's messages of a folder, by ascending new UID.
fn staged_messages<'a>(
    folder: &'a FolderPlan,
    model: &'a Folder,
) -> impl Iterator<Item = &'a Message> {
    folder.merge.messages.iter().filter_map(|merged| Some(&model.messages[merged.theirs?]))
}

/// What a staged message is called. A copy in a folder has the GUID of the first, and `doveadm` would make
/// of a late one another copy of that, UIDL and all (measured): late mail goes by the name of its file.
pub(super) fn staged_guid(message: &Message, late: bool) -> &[u8] {
    if late { &message.name.base } else { guid(&message.fields, &message.name.base) }
}

/// The list of a staged folder.
pub(super) fn staged_list(folder: &FolderPlan, model: &Folder) -> UidList {
    let mut list = UidList::new(folder.merge.uidvalidity, 1);
    list.guid.clone_from(&model.guid);
    for merged in &folder.merge.messages {
        let (Some(theirs), Some(uid)) = (merged.theirs, merged.uid) else { continue };
        let message = &model.messages[theirs];
        let mut fields = Vec::new();
        fields.extend(merged.uidl.as_ref().map(|uidl| (b'P', p_field(uidl, &message.name.base))));
        let late = merged.ours.is_none();
        let kept = message.fields.iter().filter(|(key, _)| !(late && *key == b'G'));
        fields.extend(kept.cloned());
        list.records.push(UidRecord { uid, fields, base: message.name.base.clone() });
        list.next_uid = uid.saturating_add(1);
    }
    list
}

/// The value of a `P` field. A UIDL with a space in it can only be a file name, for which an empty
/// value stands.
pub(super) fn p_field(uidl: &[u8], base: &[u8]) -> Vec<u8> {
    if uidl == base && uidl.contains(&b' ') { Vec::new() } else { uidl.to_vec() }
}

/// The lines of `subscriptions`.
pub(super) fn subscription_lines(names: &[FolderName]) -> Vec<u8> {
    let lines = names.iter().flat_map(|name| [name.to_subscription(), b"\n".to_vec()]);
    lines.collect::<Vec<_>>().concat()
}

fn lists(root: &Path, mailbox: &ResolvedMailbox<'_>, merge: &MailboxMerge) -> Result<(), Error> {
    make_maildir(root)?;
    for (folder, model) in staged_folders(mailbox, merge) {
        let dir = below(root, &folder.name.to_dir())?;
        make_maildir(&dir)?;
        if !folder.name.is_inbox() {
            put(&dir.join("maildirfolder"), &[])?;
        }
        put(&dir.join("dovecot-uidlist"), &staged_list(folder, model).to_bytes())?;
        if !model.keywords.is_empty() {
            put(&dir.join("dovecot-keywords"), &model.keywords.to_bytes())?;
        }
    }
    if !mailbox.model.subscriptions.is_empty() {
        let lines = subscription_lines(&mailbox.model.subscriptions);
        put(&root.join("subscriptions"), &lines)?;
    }
    Ok(())
}

/// A file or folder in a directory; INBOX is the directory itself. A name that comes from a backup may
/// lead elsewhere.
fn below(directory: &Path, name: &[u8]) -> Result<PathBuf, Error> {
    if name == b"." || name == b".." || name.iter().any(|byte| matches!(byte, b'/' | 0)) {
        let path = directory.join(printable(name).replace('/', "_"));
        return Err(failed(&path, io::Error::other("it is no name for a file")));
    }
    Ok(if name.is_empty() { directory.to_owned() } else { directory.join(OsStr::from_bytes(name)) })
}

pub(super) fn failed(path: &Path, source: io::Error) -> Error {
    Error::Output { path: path.to_owned(), source }
}

pub(super) fn make_directory(path: &Path) -> Result<(), Error> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(DIRECTORY);
    builder.create(path).map_err(|source| failed(path, source))
}

fn make_maildir(path: &Path) -> Result<(), Error> {
    ["cur", "new", "tmp"].into_iter().try_for_each(|inner| make_directory(&path.join(inner)))
}

pub(super) fn put(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let write = || {
        std::fs::write(path, bytes)?;
        std::fs::set_permissions(path, Permissions::from_mode(FILE))
    };
    write().map_err(|source| failed(path, source))
}

fn write(target: &Target<'_>, bytes: &mut dyn Read) -> Result<(), Error> {
    let mut write = || -> io::Result<u64> {
        let mut file = File::create_new(&target.path)?;
        let size = io::copy(bytes, &mut file)?;
        file.set_permissions(Permissions::from_mode(FILE))?;
        file.set_modified(time(target.file.mtime))?;
        Ok(size)
    };
    let size = write().map_err(|source| failed(&target.path, source))?;
    check_size(&target.path, size, target.file.size)
}

/// Seconds since 1970, which IMAP shows as the date of a message's arrival.
pub(super) fn time(seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

pub(super) fn check_size(path: &Path, found: u64, expected: u64) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    let name =
        path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Err(Error::ChangedMeanwhile {
        archive: name,
        text: format!(
            "the message had {expected} bytes when the archive was read first, and {found} now"
        ),
    })
}
