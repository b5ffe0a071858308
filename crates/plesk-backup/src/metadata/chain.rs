//! The earlier dumps of an increment's chain: where they hold a subscription's mail.

use std::collections::{BTreeSet, HashMap};

use super::choose::{Group, Outline, Survey};
use super::resolve::base_name;
use super::salvage::Volumes;
use super::select::{Inventory, directory};
use super::{
    ContentFile, ContentRef, DomainKind, EarlierContent, FileName, MailSystem, Stamp, Subscription,
};
use crate::printable;
use crate::tree::{EntryId, Tree};

/// Mail archives by their directory, for dumps whose metadata are lost.
#[derive(Default)]
pub(super) struct Archives {
    by_directory: HashMap<Vec<u8>, Vec<(FileName, EntryId)>>,
    volumes: Volumes,
}

impl Archives {
    pub(super) fn of(tree: &Tree) -> Archives {
        let mut archives = Archives::default();
        let mut ids = Vec::new();
        for (id, entry) in tree.iter() {
            let Some(name) = FileName::parse(base_name(&entry.path)) else { continue };
            if matches!(name.kind.as_str(), "domainmail" | "mdir") && !name.is_metadata {
                let place = directory(&entry.path).to_vec();
                archives.by_directory.entry(place).or_default().push((name, id));
                ids.push(id);
            }
        }
        archives.volumes = Volumes::new(tree, &ids);
        archives
    }

    /// Whether there is any whole mail archive of a dump where a subscription has its own. `metadata`
    /// is the path of its XML.
    pub(super) fn has(
        &self,
        tree: &Tree,
        outline: &Outline,
        metadata: &[u8],
        stamp: &Stamp,
    ) -> bool {
        let mut places = BTreeSet::new();
        for domain in &outline.domains {
            let contents = domain.content.iter().chain(domain.mailboxes.values().flatten());
            places.extend(directories(tree, contents));
            places.extend(usual_directories(metadata, &domain.name));
        }
        let is_whole = |files: &Vec<ContentFile>| files.iter().all(|file| file.entry.is_some());
        places.iter().any(|place| self.find(tree, place, stamp).iter().any(is_whole))
    }

    /// The archives of a dump in a directory, each with its volumes in order.
    fn find(&self, tree: &Tree, place: &[u8], stamp: &Stamp) -> Vec<Vec<ContentFile>> {
        let here = self.by_directory.get(place).map_or(&[][..], Vec::as_slice);
        here.iter()
            .filter(|(name, _)| name.stamp.as_ref() == Some(stamp))
            .filter(|(_, id)| self.volumes.first(tree, *id) == *id)
            .map(|(_, id)| self.volumes.of(tree, *id))
            .collect()
    }

    /// Stamps of the dumps of a chain that have an archive in one of the directories.
    fn stamps(&self, places: &BTreeSet<Vec<u8>>, base: &Stamp) -> BTreeSet<Stamp> {
        let here = places.iter().filter_map(|place| self.by_directory.get(place)).flatten();
        here.filter(|(name, _)| name.base.as_ref() == Some(base))
            .filter_map(|(name, _)| name.stamp.clone())
            .collect()
    }
}

/// Directories in which content lies.
fn directories<'a>(
    tree: &Tree,
    contents: impl Iterator<Item = &'a ContentRef>,
) -> BTreeSet<Vec<u8>> {
    contents
        .flat_map(|content| &content.files)
        .filter_map(|file| file.entry)
        .map(|entry| directory(&tree.get(entry).path).to_vec())
        .collect()
}

/// Where the mail archive of a domain lies beside the XML of its subscription: of the main domain
/// there, of a site in its own directory.
fn usual_directories(metadata: &[u8], domain: &str) -> [Vec<u8>; 2] {
    let beside = directory(metadata);
    let slash: &[u8] = if beside.is_empty() { b"" } else { b"/" };
    let site = [beside, slash, b"sites/", domain.as_bytes()].concat();
    [beside.to_vec(), site]
}

/// All mail archives of a subscription, but for those of earlier dumps.
pub(super) fn mail_archives(subscription: &Subscription) -> impl Iterator<Item = EntryId> {
    let mails = subscription.domains().filter_map(|domain| domain.mail.as_ref());
    let contents = mails.flat_map(|mail| {
        let own = mail.mailusers.iter().filter_map(|user| user.mailbox.as_ref());
        mail.content.iter().chain(own.flat_map(|mailbox| &mailbox.content))
    });
    contents.flat_map(|content| &content.files).filter_map(|file| file.entry)
}

/// Stamp of the full dump below the archives of a subscription that has no metadata.
pub(super) fn base_of(tree: &Tree, subscription: &Subscription) -> Option<Stamp> {
    let entry = mail_archives(subscription).next()?;
    FileName::parse(base_name(&tree.get(entry).path))?.base
}

/// What the chosen dump of a subscription is.
pub(super) struct Chosen<'a> {
    pub(super) stamp: &'a Stamp,
    pub(super) base: &'a Stamp,
    /// Stamps that its metadata list; empty when they list none.
    pub(super) related: &'a [Stamp],
    /// The descriptions of the subscription in all dumps.
    pub(super) group: Option<&'a Group>,
}

/// What was found for an increment.
#[derive(Default)]
pub(super) struct Attached {
    /// Archives that were found by their names, as no metadata tell of them.
    pub(super) by_name: Vec<EntryId>,
    /// Archives that the metadata of an earlier dump name and the tree does not hold.
    pub(super) missing: Vec<String>,
    /// Needed dumps whose metadata of the subscription are cut, with that file.
    pub(super) cut: Vec<(Stamp, EntryId)>,
}

/// Fills in the earlier archives of an increment, and which dumps are not there.
///
/// The dumps that are needed are those that the metadata list, and the base; without a list all
/// dumps of the same base up to the chosen one. Where a needed one is missing, all others of the
/// chain are: they may hold an older copy of what stands in it.
pub(super) fn attach(
    tree: &Tree,
    inventory: &Inventory,
    survey: &Survey,
    archives: &Archives,
    chosen: &Chosen<'_>,
    subscription: &mut Subscription,
) -> Attached {
    let attaching = Attaching {
        tree,
        archives,
        outlines: Outlines { inventory, survey, group: chosen.group },
        base: chosen.base,
        metadata: subscription.metadata.clone().into_bytes(),
    };
    let mut all = attaching.outlines.stamps(chosen.base);
    for domain in subscription.domains() {
        if let Some(mail) = &domain.mail {
            let places = attaching.places(&domain.kind, &domain.ascii_name, mail);
            all.extend(archives.stamps(&places, chosen.base));
        }
    }
    let mut needed: BTreeSet<Stamp> = chosen.related.iter().cloned().collect();
    if needed.is_empty() {
        needed.clone_from(&all);
    }
    needed.insert(chosen.base.clone());
    needed.retain(|stamp| stamp < chosen.stamp);
    all.extend(needed.iter().cloned());
    all.retain(|stamp| stamp < chosen.stamp);

    let mut attached = Attached::default();
    for stamp in &all {
        let is_needed = needed.contains(stamp);
        let found = attaching.attach((stamp, is_needed), subscription, &mut attached);
        if is_needed && !found {
            subscription.missing_dumps.push(stamp.clone());
        }
    }
    if !subscription.missing_dumps.is_empty() || !attached.missing.is_empty() {
        let (main, sites) = (&mut subscription.domain, &mut subscription.sites);
        let mails = std::iter::once(main).chain(sites).filter_map(|it| it.mail.as_mut());
        for mail in mails {
            let own = mail.mailusers.iter_mut().filter_map(|user| user.mailbox.as_mut());
            let earlier = own.flat_map(|mailbox| &mut mailbox.earlier).chain(&mut mail.earlier);
            for earlier in earlier {
                earlier.needed = true;
            }
        }
    }
    attached
}

struct Attaching<'a> {
    tree: &'a Tree,
    archives: &'a Archives,
    outlines: Outlines<'a>,
    base: &'a Stamp,
    /// Path of the XML of the subscription.
    metadata: Vec<u8>,
}

impl Attaching<'_> {
    /// Directories in which a domain's archives may lie.
    fn places(&self, kind: &DomainKind, name: &str, mail: &MailSystem) -> BTreeSet<Vec<u8>> {
        let mut places = directories(self.tree, mail.content.iter());
        let [main, site] = usual_directories(&self.metadata, name);
        places.insert(if *kind == DomainKind::Main { main } else { site });
        places
    }

    /// Fills in the archives of one dump; false when the tree has nothing of it. What its metadata
    /// would name if they were not lost or cut is looked for by its name.
    fn attach(
        &self,
        dump: (&Stamp, bool),
        subscription: &mut Subscription,
        attached: &mut Attached,
    ) -> bool {
        let (stamp, needed) = dump;
        let outline = self.outlines.at(stamp, self.base);
        let cut = self.outlines.cut(stamp, self.base);
        let mut found = outline.is_some() && cut.is_none();
        if needed {
            attached.missing.extend(outline.into_iter().flat_map(|it| it.missing_mail.clone()));
            attached.cut.extend(cut.map(|file| (stamp.clone(), file)));
        }
        let by_name = outline.is_none() || cut.is_some();
        let used = &mut attached.by_name;
        let (main, sites) = (&mut subscription.domain, &mut subscription.sites);
        for domain in std::iter::once(main).chain(sites) {
            let (guid, name) = (domain.guid.as_deref(), domain.ascii_name.as_str());
            let Some(mail) = &mut domain.mail else { continue };
            let then = outline.and_then(|outline| outline.domain(guid, name));
            let places = self.places(&domain.kind, name, mail);
            let mut content = then.map(|then| then.content.clone()).unwrap_or_default();
            if content.is_empty() && by_name {
                content = self.archives.contents(self.tree, &places, stamp, "domainmail", used);
            }
            found |= !content.is_empty();
            push(&mut mail.earlier, dump, content);
            for user in &mut mail.mailusers {
                let own = then.and_then(|then| then.mailboxes.get(&user.local_part));
                let mut content = own.cloned().unwrap_or_default();
                let Some(mailbox) = &mut user.mailbox else { continue };
                if content.is_empty() && by_name {
                    let mut own = directories(self.tree, mailbox.content.iter());
                    own.retain(|place| !places.contains(place));
                    content = self.archives.contents(self.tree, &own, stamp, "mailbox", used);
                }
                found |= !content.is_empty();
                push(&mut mailbox.earlier, dump, content);
            }
        }
        found
    }
}

fn push(
    earlier: &mut Vec<EarlierContent>,
    (stamp, needed): (&Stamp, bool),
    content: Vec<ContentRef>,
) {
    if !content.is_empty() {
        earlier.push(EarlierContent { stamp: stamp.clone(), needed, content });
    }
}

impl Archives {
    fn contents(
        &self,
        tree: &Tree,
        places: &BTreeSet<Vec<u8>>,
        stamp: &Stamp,
        kind: &str,
        used: &mut Vec<EntryId>,
    ) -> Vec<ContentRef> {
        let mut contents = Vec::new();
        for place in places {
            for files in self.find(tree, place, stamp) {
                used.extend(files.iter().filter_map(|file| file.entry));
                contents.push(ContentRef {
                    kind: kind.to_owned(),
                    path: printable(place),
                    offset: None,
                    referrer: false,
                    files,
                    directory: None,
                });
            }
        }
        contents
    }
}

/// The descriptions of one subscription in all dumps.
struct Outlines<'a> {
    inventory: &'a Inventory,
    survey: &'a Survey,
    group: Option<&'a Group>,
}

impl<'a> Outlines<'a> {
    fn all(&self) -> impl Iterator<Item = &'a Outline> {
        let outlines = self.group.map_or(&[][..], |group| &group.outlines);
        let survey = self.survey;
        outlines.iter().map(move |index| &survey.outlines[*index])
    }

    /// The metadata file of a dump in which the description of the subscription is cut, unless
    /// another one describes it whole.
    fn cut(&self, stamp: &Stamp, base: &Stamp) -> Option<EntryId> {
        let outline = self.at(stamp, base).filter(|outline| !outline.whole)?;
        Some(self.inventory.files[outline.file].entry)
    }

    /// Stamps of the dumps of a chain that describe the subscription.
    fn stamps(&self, base: &Stamp) -> BTreeSet<Stamp> {
        self.all()
            .map(|outline| &self.inventory.dumps[outline.dump])
            .filter(|dump| dump.base.as_ref() == Some(base) || dump.stamp.as_ref() == Some(base))
            .filter_map(|dump| dump.stamp.clone())
            .collect()
    }

    /// The description in the dump of a stamp; that of the chain, if several dumps have the stamp,
    /// and of several in one dump one that is whole and names most archives.
    fn at(&self, stamp: &Stamp, base: &Stamp) -> Option<&'a Outline> {
        let of =
            |outline: &&Outline| self.inventory.dumps[outline.dump].stamp.as_ref() == Some(stamp);
        self.all().filter(of).max_by_key(|outline| {
            let dump = &self.inventory.dumps[outline.dump];
            let in_chain = dump.base.as_ref().or(dump.stamp.as_ref()) == Some(base);
            let archives = outline.domains.iter().map(|domain| domain.content.len()).sum::<usize>();
            (in_chain, outline.whole, archives)
        })
    }
}
