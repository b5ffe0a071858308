//! Which messages of a folder of the home are which of the backup's.

use std::collections::{HashMap, HashSet};

use mail_model::dovecot::UidList;
use mail_model::identity::{Folder, RawFolder};
use mail_model::maildir::base_name;

use super::digest::Digest;
use super::pair::{self, Pairs, Shown};
use super::report::Matched;
use crate::account::{Resolved, Run};
use crate::again::read_messages;
use crate::error::Error;
use crate::home::{Home, HomeMailbox, MessageAt, plain};
use crate::mailbox::ResolvedMailbox;

/// Pairs by the base name in the home. Names stay when flags change, so that this holds for the
/// folder as it is a moment later, too.
#[derive(Debug, Default)]
pub(super) struct Matching {
    by_base: HashMap<Vec<u8>, (usize, Shown)>,
    /// Compared with all messages of the backup, and none of them.
    new: HashSet<Vec<u8>>,
    /// Fit several messages of the backup, or are several that fit one.
    unclear: HashSet<Vec<u8>>,
}

impl Matching {
    /// Index of the message of the backup.
    pub(super) fn of(&self, base: &[u8]) -> Option<usize> {
        self.by_base.get(base).map(|(old, _)| *old)
    }

    pub(super) fn is_new(&self, base: &[u8]) -> bool {
        self.new.contains(base)
    }

    pub(super) fn is_unclear(&self, base: &[u8]) -> bool {
        self.unclear.contains(base)
    }

    pub(super) fn counts(&self) -> Matched {
        let count = |shown| self.by_base.values().filter(|(_, by)| *by == shown).count() as u64;
        Matched {
            by_name: count(Shown::Name),
            by_content: count(Shown::Content),
            by_headers: count(Shown::Headers),
        }
    }
}

/// Where the two sides of a folder are.
pub(super) struct Sides<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) resolved: &'a Resolved<'a>,
    pub(super) mailbox: &'a ResolvedMailbox<'a>,
    pub(super) home: &'a Home,
    pub(super) home_mailbox: &'a HomeMailbox,
}

impl Sides<'_> {
    /// Pairs the messages of a folder: by name, and where `reads`, by what they say.
    pub(super) fn matching(
        &self,
        folder: &Folder,
        home_folder: usize,
        reads: bool,
    ) -> Result<Matching, Error> {
        let raw = &self.home_mailbox.folders[home_folder].raw;
        let bases: Vec<&[u8]> = raw.files.iter().map(|file| base_name(&file.name)).collect();
        let old: Vec<&[u8]> =
            folder.messages.iter().map(|message| self.old_base(folder, message)).collect();
        let mut pairs = pair::by_name(&bases, &old);
        by_guid(&mut pairs, raw, &bases, folder, &old);
        let paired: HashSet<usize> = pairs.iter().flatten().map(|(old, _)| *old).collect();
        let open_old: Vec<usize> = (0..old.len()).filter(|at| !paired.contains(at)).collect();
        let open_home: Vec<usize> = (0..bases.len()).filter(|at| pairs[*at].is_none()).collect();
        let (mut compared, mut unclear) = (HashSet::new(), HashSet::new());
        if open_old.is_empty() {
            compared.extend(open_home.iter().copied());
        } else if reads && !open_home.is_empty() {
            let old = self.old_digests(folder, &open_old)?;
            let home = self.home_digests(raw, home_folder, &open_home)?;
            unclear = pair::by_digest(&mut pairs, &home, &old);
            if old.len() == open_old.len() {
                compared.extend(home.iter().map(|(at, _)| *at));
            }
        }
        let mut matching = Matching::default();
        for (at, pair) in pairs.into_iter().enumerate() {
            match pair {
                // Of two files of one name the server shows the first.
                Some(pair) => drop(matching.by_base.entry(bases[at].to_vec()).or_insert(pair)),
                None if unclear.contains(&at) => {
                    matching.unclear.insert(bases[at].to_vec());
                }
                None if compared.contains(&at) => drop(matching.new.insert(bases[at].to_vec())),
                None => {}
            }
        }
        Ok(matching)
    }

    /// The base name of a message as the old server had it.
    fn old_base<'m>(
        &'m self,
        folder: &Folder,
        message: &'m mail_model::identity::Message,
    ) -> &'m [u8] {
        let files = self.mailbox.scanned.map(|scanned| &scanned.raw.folders[folder.source].files);
        files.map_or(&message.name.base, |files| base_name(&files[message.file].name))
    }

    fn old_digests(&self, folder: &Folder, open: &[usize]) -> Result<Vec<(usize, Digest)>, Error> {
        let (Some(scanned), Some(domain)) =
            (self.mailbox.scanned, self.resolved.plan.domains[self.mailbox.plan.domain].source)
        else {
            return Ok(Vec::new());
        };
        let sources = &scanned.sources[folder.source];
        let wanted: Vec<_> = open.iter().map(|at| sources[folder.messages[*at].file]).collect();
        let domain = &self.resolved.scanned[domain];
        let mut found = Vec::new();
        read_messages(self.run, domain, &wanted, &mut |same, message| {
            if let Some(digest) = message.and_then(|message| Digest::of(message).ok()) {
                found.extend(same.iter().map(|at| (open[*at], digest.clone())));
            }
            Ok(())
        })?;
        found.sort_unstable_by_key(|(at, _)| *at);
        Ok(found)
    }

    fn home_digests(
        &self,
        raw: &RawFolder,
        home_folder: usize,
        open: &[usize],
    ) -> Result<Vec<(usize, Digest)>, Error> {
        let wanted: Vec<MessageAt> = open.iter().map(|at| (home_folder, *at)).collect();
        let mut found = Vec::new();
        let interrupt = self.run.interrupt;
        self.home.read_messages(self.home_mailbox, &wanted, interrupt, &mut |same, message| {
            let digest = message.and_then(plain).and_then(|mut message| Digest::of(&mut message));
            // What can't be read is not matched.
            if let Ok(digest) = digest {
                found.extend(same.iter().map(|at| (open[*at], digest.clone())));
            }
            Ok(())
        })?;
        // In the order of UIDs, as far as there are any, else by name.
        let list = raw.uidlist.as_ref();
        let list = list.and_then(|state| UidList::parse(&state.bytes).ok());
        let uids: HashMap<&[u8], u32> = list
            .iter()
            .flat_map(|(list, _)| &list.records)
            .map(|record| (record.base.as_slice(), record.uid))
            .collect();
        found.sort_by_key(|(at, _)| {
            let base = base_name(&raw.files[*at].name);
            (uids.get(base).copied().unwrap_or(u32::MAX), *at)
        });
        Ok(found)
    }
}

/// A message that Dovecot itself copied, as `doveadm sync` does, has another name, and the old one as
/// its GUID in the list.
fn by_guid(pairs: &mut Pairs, raw: &RawFolder, bases: &[&[u8]], folder: &Folder, old: &[&[u8]]) {
    let list = raw.uidlist.as_ref();
    let Some((list, _)) = list.and_then(|state| UidList::parse(&state.bytes).ok()) else { return };
    let guids: HashMap<&[u8], &[u8]> = list
        .records
        .iter()
        .filter_map(|record| Some((record.base.as_slice(), record.get(b'G')?)))
        .collect();
    if guids.is_empty() {
        return;
    }
    let taken: HashSet<usize> = pairs.iter().flatten().map(|(old, _)| *old).collect();
    let mut places: HashMap<&[u8], usize> = HashMap::new();
    for at in (0..old.len()).filter(|at| !taken.contains(at)) {
        let guid = folder.messages[at].fields.iter().find(|(key, _)| *key == b'G');
        let guid = guid.map_or(old[at], |(_, value)| value);
        for name in [old[at], guid] {
            places.entry(name).or_insert(at);
        }
    }
    let mut used = HashSet::new();
    for (pair, base) in pairs.iter_mut().zip(bases) {
        let partner = guids.get(base).and_then(|guid| places.get(guid)).copied();
        if let Some(partner) = partner.filter(|partner| pair.is_none() && used.insert(*partner)) {
            *pair = Some((partner, Shown::Name));
        }
    }
}
