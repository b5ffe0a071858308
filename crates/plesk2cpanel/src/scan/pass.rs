//! One walk over one content archive.

use std::io::Read;

use mail_model::identity::{RawFile, RawFolder, StateFile};
use mail_model::maildir::Place;
use plesk_backup::mail_content::{Inside, Located, locate};
use plesk_backup::{Member, MemberKind};

use super::look::look;
use super::mail_enable::{is_below_mail_root, parts};
use super::settle::{Link, MessagePlace};
use super::{Depth, HomeFile, ScannedDomain, ScannedMailbox, Source, Tally, Users, can_be_written};
use crate::progress::Interrupt;
use crate::storage::Storage;

/// Largest state file that is read: a list of two million messages.
pub(super) const STATE_LIMIT: u64 = 256 << 20;
/// Largest Sieve script that is read, and how many of one mailbox.
const SCRIPT_LIMIT: u64 = 256 << 10;
const MOST_SCRIPTS: usize = 16;
/// As much of an access list as is looked at.
const LIST_LIMIT: u64 = 64 << 10;

/// The state of one walk over one archive.
pub(super) struct Pass<'a> {
    pub(super) archive: usize,
    pub(super) depth: Depth,
    pub(super) offset: Option<&'a [u8]>,
    pub(super) mailbox: Option<&'a [u8]>,
    pub(super) lists: bool,
    pub(super) beside: Option<&'a [u8]>,
    /// The one member is the mailbox itself, an mbox.
    pub(super) raw: bool,
    pub(super) users: &'a Users,
    pub(super) interrupt: &'a Interrupt,
    /// Position of the next member.
    pub(super) ordinal: u64,
    /// Hard links, looked up when all names are known.
    pub(super) links: Vec<Link>,
    pub(super) domain: &'a mut ScannedDomain,
}

impl Pass<'_> {
    pub(super) fn member(&mut self, member: &mut Member<'_>) {
        let ordinal = self.ordinal;
        self.ordinal += 1;
        let path = member.path.clone();
        if self.lists {
            match member.kind {
                MemberKind::File if can_be_written(&path) => {
                    let source = self.plain_source(member, ordinal);
                    let path = [b"lists/", path.as_slice()].concat();
                    self.domain.of_domain.push(HomeFile { path, mtime: member.mtime, source });
                }
                MemberKind::Directory => {}
                _ => self.domain.elsewhere.push((path, member.size)),
            }
            return;
        }
        if let Some(found) = self.of_mail_enable(&path) {
            self.mail_enable(member, ordinal, found);
            return;
        }
        if is_below_mail_root(&path) {
            self.below_mail_root(member, ordinal, path);
            return;
        }
        match self.locate(&path) {
            Some((mailbox, Inside::Maildir(rest))) => {
                self.in_maildir(member, ordinal, &mailbox, &rest, path);
            }
            Some((mailbox, Inside::Home(rest))) => {
                let (mailbox, rest) = self.in_other_store(&path, mailbox, rest);
                if self.mbox(member, ordinal, &mailbox, &rest) {
                    return;
                }
                let source = self.plain_source(member, ordinal);
                let mailbox = self.domain.mailboxes.entry(mailbox).or_default();
                if !is_directory(member) {
                    mailbox.beside(member, rest, source);
                }
            }
            None => {
                if !matches!(member.kind, MemberKind::Directory) {
                    self.domain.elsewhere.push((path, member.size));
                }
            }
        }
    }

    pub(super) fn plain_source(&self, member: &Member<'_>, ordinal: u64) -> Source {
        Source {
            archive: self.archive,
            member: ordinal,
            stored: member.size,
            storage: Storage::Plain,
        }
    }

    pub(super) fn locate(&self, path: &[u8]) -> Option<(Vec<u8>, Inside)> {
        if let Some(directory) = self.beside {
            let root = self.offset.unwrap_or_default();
            let file = path.strip_prefix(root).unwrap_or(path);
            let file = file.strip_prefix(b"/").unwrap_or(file);
            // Some archives hold the directory, some what is in it.
            let inside = file.starts_with(&[directory, b"/"].concat()) || file == directory;
            let place = if inside { file.to_vec() } else { [directory, b"/", file].concat() };
            return self.mailbox.map(|mailbox| (mailbox.to_vec(), Inside::Home(place)));
        }
        let Located::Mailbox { local_part, inside } = locate(path, self.offset) else {
            return None;
        };
        if let Some(mailbox) = self.mailbox
            && matches!(inside, Inside::Home(_))
            && self.users.named(&local_part).is_none()
        {
            // No maildir, and nobody else's: the archive of one mailbox that is stored otherwise.
            return Some((mailbox.to_vec(), Inside::Home(path.to_vec())));
        }
        if !local_part.is_empty() {
            return Some((local_part, inside));
        }
        // The archive of a single mailbox: only the reference to it tells whose.
        self.mailbox.map(|mailbox| (mailbox.to_vec(), inside))
    }

    /// Whose a file is that a store keeps messages in which nobody here reads.
    fn in_other_store(&self, path: &[u8], mailbox: Vec<u8>, rest: Vec<u8>) -> (Vec<u8>, Vec<u8>) {
        if store_of(path).is_none() || self.users.named(&mailbox).is_some() {
            return (mailbox, rest);
        }
        let parts = parts(path);
        let owner = self.owner(&parts);
        owner.map_or((mailbox, rest), |(mailbox, inside)| (mailbox, inside.join(&b'/')))
    }

    /// A member below a maildir: `rest` is its path from there.
    fn in_maildir(
        &mut self,
        member: &mut Member<'_>,
        ordinal: u64,
        mailbox_name: &[u8],
        rest: &[u8],
        path: Vec<u8>,
    ) {
        let plain = self.plain_source(member, ordinal);
        let mailbox = self.domain.mailboxes.entry(mailbox_name.to_vec()).or_default();
        let parts: Vec<&[u8]> =
            rest.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).collect();
        let (folder, inner) = match parts.split_first() {
            None => {
                mailbox.folder(b"");
                return;
            }
            Some((first, inner))
                if first.starts_with(b".") && (!inner.is_empty() || is_directory(member)) =>
            {
                (*first, inner)
            }
            Some(_) => (&b""[..], &parts[..]),
        };
        match inner {
            [] => {}
            [b"cur" | b"new" | b"tmp"] if is_directory(member) => {
                mailbox.folder(folder);
            }
            [b"maildirfolder"] => {
                mailbox.folder(folder);
                mailbox.left_out.add(member.size);
            }
            [b"tmp", _] => mailbox.left_out.add(member.size),
            [directory @ (b"cur" | b"new"), name] => {
                let place = if *directory == b"cur" { Place::Cur } else { Place::New };
                let name = name.to_vec();
                match &member.kind {
                    MemberKind::File => {
                        let facts = look(self.depth, member);
                        let source = Source { storage: facts.storage, ..plain };
                        let stored = (source.archive, source.member);
                        if facts.headers.malformed {
                            mailbox.malformed.insert(stored);
                        }
                        if member.suspect {
                            mailbox.suspect.insert(stored);
                        }
                        if let Storage::Compressed(compression) = facts.storage {
                            *mailbox.compressed.entry(compression.name()).or_default() += 1;
                        }
                        if facts.undecodable {
                            mailbox.undecodable.push(rest.to_vec());
                        }
                        mailbox.message(
                            folder,
                            place,
                            name,
                            source,
                            facts.size,
                            member.mtime,
                            facts.headers.x_uidl,
                        );
                    }
                    MemberKind::HardLink(target) => {
                        mailbox.folder(folder);
                        self.links.push(Link {
                            place: MessagePlace {
                                mailbox: mailbox_name.to_vec(),
                                folder: folder.to_vec(),
                                place,
                                name,
                            },
                            target: target.clone(),
                            path,
                        });
                    }
                    _ => mailbox.beside(member, in_home(rest), plain),
                }
            }
            _ if is_directory(member) => {}
            _ => {
                if self.depth.gone {
                    mailbox.read_gone(member, folder, inner);
                }
                mailbox.state(member, folder, inner, rest, plain);
            }
        }
    }
}

impl ScannedMailbox {
    /// The folder of that directory, made when it is new.
    pub(super) fn folder(&mut self, dir: &[u8]) -> usize {
        if let Some(index) = self.by_dir.get(dir) {
            return *index;
        }
        self.by_dir.insert(dir.to_vec(), self.raw.folders.len());
        self.raw.folders.push(RawFolder { dir: dir.to_vec(), ..RawFolder::default() });
        self.sources.push(Vec::new());
        self.raw.folders.len() - 1
    }

    #[expect(clippy::too_many_arguments, reason = "the facts of one file, used twice")]
    pub(super) fn message(
        &mut self,
        folder: &[u8],
        place: Place,
        name: Vec<u8>,
        source: Source,
        size: u64,
        mtime: i64,
        x_uidl: Option<Vec<u8>>,
    ) {
        let folder = self.folder(folder);
        self.raw.folders[folder].files.push(RawFile { place, name, size, mtime, x_uidl });
        self.sources[folder].push(source);
    }

    /// A file that is no mail. What a server makes anew is left out, the rest is kept.
    pub(super) fn beside(&mut self, member: &mut Member<'_>, path: Vec<u8>, source: Source) {
        if is_dbox(&path) {
            self.dbox = true;
        }
        if let Some(store) = store_of(&path) {
            *self.no_maildir.unreadable.entry(store).or_default() += 1;
        }
        if path == b".dovecot.sieve"
            && let MemberKind::SymbolicLink(target) = &member.kind
        {
            // The link itself is nothing to keep: the script behind it is, and the report says which.
            self.active_script = Some(target.clone());
            return;
        }
        let is_script = path.ends_with(b".sieve") && matches!(member.kind, MemberKind::File);
        if is_script && (member.size > SCRIPT_LIMIT || self.scripts.len() >= MOST_SCRIPTS) {
            self.scripts_not_read.push(path.clone());
        } else if is_script {
            let mut script = Vec::new();
            // A script that is cut is found by the walk itself.
            let is_whole = member.take(SCRIPT_LIMIT).read_to_end(&mut script).is_ok();
            if is_whole || !self.scripts.contains_key(&path) {
                self.scripts.insert(path.clone(), script);
            }
        }
        match member.kind {
            MemberKind::File if is_compiled(&path) => self.left_out.add(member.size),
            MemberKind::File => self.beside.push(HomeFile { path, mtime: member.mtime, source }),
            _ => self.not_carried.push((path, member.size)),
        }
    }

    /// A file beside `cur/` and `new/`.
    fn state(
        &mut self,
        member: &mut Member<'_>,
        folder: &[u8],
        inner: &[&[u8]],
        rest: &[u8],
        source: Source,
    ) {
        let kept = match inner {
            [b"dovecot-uidlist" | b"dovecot-keywords" | b"courierimapuiddb"]
            | [b"courierimapkeywords", _] => true,
            [b"courierpop3dsizelist" | b"subscriptions" | b"courierimapsubscribed"] => {
                folder.is_empty()
            }
            _ => false,
        };
        if !kept || !matches!(member.kind, MemberKind::File) {
            if inner.iter().any(|name| name.starts_with(b"courierimap")) && only_the_owner(member) {
                self.left_out.add(member.size);
            } else if let [name] = inner
                && is_rebuilt(name)
            {
                if name.starts_with(b"dovecot.index") {
                    let folder = self.folder(folder);
                    let newest = &mut self.raw.folders[folder].index_log_mtime;
                    *newest = (*newest).max(Some(member.mtime));
                }
                self.left_out.add(member.size);
            } else {
                self.beside(member, in_home(rest), source);
            }
            return;
        }
        if member.size > STATE_LIMIT {
            self.oversized_state.push((rest.to_vec(), member.size));
            return;
        }
        let mut bytes = Vec::new();
        // A state file that is cut still says something; the damage is reported by the walk.
        let is_whole = member.read_to_end(&mut bytes).is_ok() && bytes.len() as u64 == member.size;
        if !is_whole || member.suspect {
            self.unsure_lists.insert(folder.to_vec());
        }
        let file = StateFile { bytes, mtime: member.mtime };
        let index = self.folder(folder);
        let raw = &mut self.raw.folders[index];
        let slot = match inner {
            [b"dovecot-uidlist"] => &mut raw.uidlist,
            [b"dovecot-keywords"] => &mut raw.dovecot_keywords,
            [b"courierimapuiddb"] => &mut raw.uiddb,
            [b"courierimapkeywords", name] => {
                raw.courier_keywords.push((name.to_vec(), file.bytes));
                return;
            }
            [b"courierpop3dsizelist"] => &mut self.raw.pop3_sizelist,
            [b"courierimapsubscribed"] => &mut self.raw.courier_subscribed,
            _ => &mut self.raw.dovecot_subscriptions,
        };
        // The later of two counts, but never a cut one before a whole one.
        if is_whole || slot.is_none() {
            *slot = Some(file);
        }
    }
}

impl Tally {
    fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }
}

/// A path below the maildir as one below the mailbox's directory.
fn in_home(rest: &[u8]) -> Vec<u8> {
    [b"Maildir/", rest].concat()
}

/// Compiled filters, their logs, and the memory of what was answered or delivered already.
fn is_compiled(path: &[u8]) -> bool {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    name.ends_with(b".svbin")
        || name.starts_with(b".dovecot.sieve.log")
        || name.starts_with(b".dovecot.lda-dupes")
        || name.ends_with(b".lock")
}

fn is_directory(member: &Member<'_>) -> bool {
    matches!(member.kind, MemberKind::Directory)
}

/// Whether an access list of Courier's says what holds without it: the owner may do everything.
fn only_the_owner(member: &mut Member<'_>) -> bool {
    let mut text = Vec::new();
    let read = member.take(LIST_LIMIT).read_to_end(&mut text).is_ok();
    read && text.split(|byte| *byte == b'\n').all(|line| {
        line.is_empty() || line.starts_with(b"owner ") || line.starts_with(b"administrators ")
    })
}

/// Caches and counters that a server makes anew.
fn is_rebuilt(name: &[u8]) -> bool {
    const NAMES: &[&[u8]] = &[
        b"dovecot.index",
        b"dovecot.list.index",
        b"dovecot.mailbox.log",
        b"dovecot.autoexpunge.lock",
        b"dovecot-uidvalidity",
        b"dovecot-uidlist.",
        b"maildirsize",
        b"courierpop3dsizelist.",
        b"courierimapuiddb.",
    ];
    NAMES.iter().any(|prefix| name.starts_with(prefix))
}

/// Whose a file is that other mail servers of Plesk for Windows keep messages in.
pub(super) fn store_of(path: &[u8]) -> Option<&'static str> {
    let name = path.rsplit(|byte| matches!(byte, b'/' | b'\\')).next().unwrap_or(path);
    let dot = name.iter().rposition(|byte| *byte == b'.')?;
    Some(match name[dot + 1..].to_ascii_lowercase().as_slice() {
        b"eml" => "as .eml, as hMailServer does",
        b"grp" => "as .grp, as SmarterMail does",
        b"msg" => "as .msg, as MDaemon does",
        b"mbx" => "as .mbx, as several servers do",
        _ => return None,
    })
}

/// Files of mailboxes that are not stored as one file for each message.
fn is_dbox(rest: &[u8]) -> bool {
    let name = rest.rsplit(|byte| *byte == b'/').next().unwrap_or(rest);
    let inside = |directory: &[u8]| rest.windows(directory.len()).any(|part| part == directory);
    (inside(b"dbox-Mails/") && name.starts_with(b"u."))
        || (inside(b"storage/") && name.starts_with(b"m."))
}
