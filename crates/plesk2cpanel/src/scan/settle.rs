//! After the walk: hard links get their bytes' place, and what was cut goes.

use std::collections::{HashMap, HashSet};

use mail_model::maildir::Place;
use plesk_backup::ArchiveDamage;
use plesk_backup::mail_content::Inside;

use super::pass::Pass;
use super::{CutMessage, HomeFile, ScannedMailbox, Source};

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
        for damage in damage {
            self.drop_cut_file(damage);
            let Some(place) = damage.member.as_ref().and_then(|path| self.message_place(path))
            else {
                continue;
            };
            // A member that stands twice is cut where it stands last: the walk ended there.
            let source = self.domain.mailboxes.get(&place.mailbox).and_then(|mailbox| {
                let index = *mailbox.by_dir.get(&place.folder)?;
                let files = &mailbox.raw.folders[index].files;
                let file = files
                    .iter()
                    .rposition(|file| file.place == place.place && file.name == place.name)?;
                mailbox.sources[index].get(file).copied()
            });
            let Some(source) = source.filter(|source| source.archive == self.archive) else {
                continue;
            };
            for mailbox in self.domain.mailboxes.values_mut() {
                mailbox.drop_cut(source, damage);
            }
        }
    }

    /// A file beside the mail that is cut is not kept as if it were whole.
    fn drop_cut_file(&mut self, damage: &ArchiveDamage) {
        let Some(path) = &damage.member else { return };
        let archive = self.archive;
        let is_cut = |file: &HomeFile| {
            file.source.archive == archive
                && file.source.stored == damage.member_size
                && path.ends_with(&file.path)
        };
        let files = self
            .domain
            .mailboxes
            .values_mut()
            .map(|mailbox| (&mut mailbox.beside, Some(&mut mailbox.not_carried)));
        for (files, left) in files.chain([(&mut self.domain.of_domain, None)]) {
            let Some(at) = files.iter().rposition(is_cut) else { continue };
            let file = files.remove(at);
            let cut = (file.path, damage.member_read);
            match left {
                Some(left) => left.push(cut),
                None => self.domain.elsewhere.push(cut),
            }
            return;
        }
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

impl ScannedMailbox {
    /// Takes out every message whose bytes are those of the cut member.
    fn drop_cut(&mut self, source: Source, damage: &ArchiveDamage) {
        for (folder, sources) in self.raw.folders.iter_mut().zip(&mut self.sources) {
            while let Some(index) = sources.iter().position(|other| *other == source) {
                sources.remove(index);
                let file = folder.files.remove(index);
                let mut path = folder.dir.clone();
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend(if file.place == Place::Cur { b"cur/" } else { b"new/" });
                path.extend(&file.name);
                let (read, size) = (damage.member_read, Some(source.stored));
                self.cut.push(CutMessage { path, read, size });
            }
        }
    }
}
