//! After the walk: hard links get their bytes' place, and what was cut goes.

use std::collections::{HashMap, HashSet};

use mail_model::maildir::Place;
use plesk_backup::ArchiveDamage;
use plesk_backup::mail_content::Inside;

use super::pass::Pass;
use super::{CutMessage, HomeFile, ScannedMailbox, Source};
use crate::storage::Storage;

/// A message that the archive stores as a second name of another member.
///
/// A server that copies a message may do so with a hard link (Dovecot does by default), and tar
/// stores the bytes only under the first name.
pub(super) struct Link {
    pub(super) place: MessagePlace,
    pub(super) target: Vec<u8>,
    pub(super) path: Vec<u8>,
}

/// What a hard link takes from the member that it names.
#[derive(Clone)]
struct Target {
    source: Source,
    size: u64,
    mtime: i64,
    x_uidl: Option<Vec<u8>>,
}

/// Members that are cut, by their place in the archive, and how much of each could be read.
type CutMembers = HashMap<u64, u64>;

/// A file of `cur/` or `new/`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct MessagePlace {
    pub(super) mailbox: Vec<u8>,
    pub(super) folder: Vec<u8>,
    pub(super) place: Place,
    pub(super) name: Vec<u8>,
}

impl Pass<'_> {
    /// After the walk: hard links get their bytes' place, and what was cut goes.
    pub(super) fn finish(&mut self, damage: &[ArchiveDamage]) {
        self.resolve_links();
        // By its place: an archive may hold one name twice, and only one of both is cut.
        let cut: CutMembers = damage
            .iter()
            .filter_map(|damage| Some((damage.ordinal?, damage.member_read)))
            .collect();
        if cut.is_empty() {
            return;
        }
        let archive = self.archive;
        for mailbox in self.domain.mailboxes.values_mut() {
            mailbox.drop_cut(archive, &cut);
            mailbox.not_carried.extend(take_cut(&mut mailbox.beside, archive, &cut));
        }
        let of_domain = take_cut(&mut self.domain.of_domain, archive, &cut);
        self.domain.elsewhere.extend(of_domain);
    }

    fn resolve_links(&mut self) {
        if self.links.is_empty() {
            return;
        }
        let wanted: Vec<Option<MessagePlace>> =
            self.links.iter().map(|link| self.message_place(&link.target)).collect();
        let mut found: HashMap<&MessagePlace, Target> = HashMap::new();
        let wanted_set: HashSet<&MessagePlace> = wanted.iter().flatten().collect();
        for (name, mailbox) in &self.domain.mailboxes {
            for (folder, sources) in mailbox.raw.folders.iter().zip(&mailbox.sources) {
                for (file, source) in folder.files.iter().zip(sources) {
                    if source.archive != self.archive {
                        continue;
                    }
                    let place = MessagePlace {
                        mailbox: name.clone(),
                        folder: folder.dir.clone(),
                        place: file.place,
                        name: file.name.clone(),
                    };
                    if let Some(wanted) = wanted_set.get(&place) {
                        let target = Target {
                            source: *source,
                            size: file.size,
                            mtime: file.mtime,
                            x_uidl: file.x_uidl.clone(),
                        };
                        found.insert(*wanted, target);
                    }
                }
            }
        }
        let mut resolved = Vec::new();
        for (link, wanted) in self.links.drain(..).zip(&wanted) {
            let target = wanted.as_ref().and_then(|wanted| found.get(wanted)).cloned();
            resolved.push((link, target));
        }
        for (link, target) in resolved {
            let mailbox = self.domain.mailboxes.entry(link.place.mailbox).or_default();
            match target {
                Some(Target { source, size, mtime, x_uidl }) => mailbox.message(
                    &link.place.folder,
                    link.place.place,
                    link.place.name,
                    source,
                    size,
                    mtime,
                    x_uidl,
                ),
                None => mailbox.dangling.push(link.path),
            }
        }
    }

    /// The message that a member's path means, if it is one.
    fn message_place(&self, path: &[u8]) -> Option<MessagePlace> {
        let (mailbox, Inside::Maildir(rest)) = self.locate(path)? else { return None };
        let parts: Vec<&[u8]> = rest.split(|byte| *byte == b'/').collect();
        let (folder, directory, name) = match parts[..] {
            [directory, name] => (&b""[..], directory, name),
            [folder, directory, name] => (folder, directory, name),
            _ => return None,
        };
        let place = match directory {
            b"cur" => Place::Cur,
            b"new" => Place::New,
            _ => return None,
        };
        Some(MessagePlace { mailbox, folder: folder.to_vec(), place, name: name.to_vec() })
    }
}

/// Takes out the files beside the mail that are cut: they are not kept as if they were whole.
fn take_cut(
    files: &mut Vec<HomeFile>,
    archive: usize,
    cut: &CutMembers,
) -> impl Iterator<Item = (Vec<u8>, u64)> {
    let read = move |file: &HomeFile| read_of(file.source, archive, cut);
    let taken: Vec<_> = files.extract_if(.., |file| read(file).is_some()).collect();
    taken.into_iter().map(move |file| {
        let read = read(&file).unwrap_or(0);
        (file.path, read)
    })
}

/// How many bytes could be read of what lies there, if it is cut.
fn read_of(source: Source, archive: usize, cut: &CutMembers) -> Option<u64> {
    cut.get(&source.member).filter(|_| source.archive == archive).copied()
}

impl ScannedMailbox {
    /// Takes out every message whose bytes are those of a cut member.
    fn drop_cut(&mut self, archive: usize, cut: &CutMembers) {
        for (folder, sources) in self.raw.folders.iter_mut().zip(&mut self.sources) {
            let mut kept = Vec::with_capacity(sources.len());
            let mut files = Vec::with_capacity(sources.len());
            for (file, source) in folder.files.drain(..).zip(sources.drain(..)) {
                // Which messages of an mbox are cut was seen when it was split.
                let is_whole_file = !matches!(source.storage, Storage::Mbox(_));
                let read = read_of(source, archive, cut).filter(|_| is_whole_file);
                let Some(read) = read else {
                    kept.push(source);
                    files.push(file);
                    continue;
                };
                let mut path = folder.dir.clone();
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend(if file.place == Place::Cur { b"cur/" } else { b"new/" });
                path.extend(&file.name);
                self.cut.push(CutMessage { path, read, size: Some(source.stored) });
            }
            (folder.files, *sources) = (files, kept);
        }
    }
}
