//! From which dump each subscription is taken.
//!
//! Of every subscription of every dump only an outline is held: a repository may have thousands of
//! metadata files times several dumps, and all but one of a subscription's descriptions are dropped.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::chain::Archives;
use super::select::{Inventory, directory, is_below};
use super::{ContentRef, DumpLevel, MailSystem, Problem, Stamp, Subscription};
use crate::printable;
use crate::tree::Tree;

/// What is remembered of one description of a subscription.
pub(super) struct Outline {
    /// Index into [`Inventory::dumps`].
    pub(super) dump: usize,
    /// Index into [`Inventory::files`].
    pub(super) file: usize,
    guid: Option<String>,
    /// ASCII name of the main domain.
    name: String,
    /// Its element was closed.
    pub(super) whole: bool,
    /// Mail archives that it names and the tree does not hold.
    pub(super) missing_mail: Vec<String>,
    /// Whether an account has a mailbox.
    has_mailbox: bool,
    /// The main domain and the sites.
    pub(super) domains: Vec<MailOutline>,
}

/// Where the mail of one domain lies.
pub(super) struct MailOutline {
    guid: Option<String>,
    pub(super) name: String,
    pub(super) content: Vec<ContentRef>,
    /// By local part, archives that are not those of the domain.
    pub(super) mailboxes: BTreeMap<String, Vec<ContentRef>>,
}

impl Outline {
    pub(super) fn new(
        (dump, file): (usize, usize),
        subscription: &Subscription,
        problems: &[Problem],
    ) -> Outline {
        let missing_mail = problems.iter().filter_map(|problem| match problem {
            Problem::MissingContent { kind, file, .. }
            | Problem::AmbiguousContent { kind, file, .. }
                if is_mail(kind) =>
            {
                Some(file.clone())
            }
            _ => None,
        });
        let mails = || subscription.domains().filter_map(|domain| domain.mail.as_ref());
        Outline {
            dump,
            file,
            guid: subscription.guid.clone(),
            name: subscription.domain.ascii_name.clone(),
            whole: subscription.complete,
            missing_mail: missing_mail.collect(),
            has_mailbox: mails().any(|mail| mail.mailusers.iter().any(|it| it.mailbox.is_some())),
            domains: subscription
                .domains()
                .filter_map(|domain| {
                    Some(MailOutline::new(
                        domain.guid.clone(),
                        domain.ascii_name.clone(),
                        domain.mail.as_ref()?,
                    ))
                })
                .collect(),
        }
    }

    /// The outline of a domain, which may have had another name then.
    pub(super) fn domain(&self, guid: Option<&str>, name: &str) -> Option<&MailOutline> {
        self.domains.iter().find(|domain| domain.name == name).or_else(|| {
            self.domains.iter().find(|domain| guid.is_some() && domain.guid.as_deref() == guid)
        })
    }

    fn has_content(&self) -> bool {
        self.domains.iter().any(|domain| !domain.content.is_empty() || !domain.mailboxes.is_empty())
    }
}

impl MailOutline {
    fn new(guid: Option<String>, name: String, mail: &MailSystem) -> MailOutline {
        let mut mailboxes = BTreeMap::new();
        for user in &mail.mailusers {
            let own: Vec<ContentRef> = user
                .mailbox
                .iter()
                .flat_map(|mailbox| &mailbox.content)
                .filter(|content| !mail.content.iter().any(|known| known.files == content.files))
                .cloned()
                .collect();
            if !own.is_empty() {
                mailboxes.insert(user.local_part.clone(), own);
            }
        }
        MailOutline { guid, name, content: mail.content.clone(), mailboxes }
    }
}

pub(super) fn is_mail(kind: &str) -> bool {
    matches!(kind, "domainmail" | "mailbox")
}

/// What one metadata file tells beside its subscriptions.
#[derive(Default)]
pub(super) struct FileFacts {
    /// Stamps of the dumps whose archives are needed.
    pub(super) related: Vec<Stamp>,
    /// It could not be read to its end, or is no metadata.
    pub(super) damaged: bool,
    /// `content-included`.
    pub(super) content_included: Option<bool>,
    pub(super) level: DumpLevel,
    pub(super) object: Option<String>,
    /// Archives that it names and the tree does not hold.
    pub(super) missing: Vec<String>,
}

/// All metadata of a tree, in outline.
#[derive(Default)]
pub(super) struct Survey {
    pub(super) outlines: Vec<Outline>,
    /// By the index into [`Inventory::files`].
    pub(super) files: Vec<FileFacts>,
}

/// Everything that is one subscription, at whatever time.
#[derive(Default)]
pub(super) struct Group {
    /// Indexes into [`Survey::outlines`].
    pub(super) outlines: Vec<usize>,
    /// The dump that it is taken from.
    pub(super) dump: Option<usize>,
}

/// The choice for all subscriptions.
pub(super) struct Choice {
    pub(super) groups: Vec<Group>,
    by_guid: HashMap<String, usize>,
    by_name: HashMap<String, usize>,
    pub(super) problems: Vec<Problem>,
}

impl Choice {
    /// The group that a description belongs to.
    pub(super) fn group(&self, subscription: &Subscription) -> Option<&Group> {
        let name = &subscription.domain.ascii_name;
        find(&self.by_guid, &self.by_name, subscription.guid.as_ref(), name)
            .map(|index| &self.groups[index])
    }
}

/// A subscription is known by its guid, and without one by its name: a domain may be deleted and
/// made again, or change its name.
fn find(
    by_guid: &HashMap<String, usize>,
    by_name: &HashMap<String, usize>,
    guid: Option<&String>,
    name: &str,
) -> Option<usize> {
    match guid {
        Some(guid) => by_guid.get(guid).copied(),
        None => by_name.get(name).copied(),
    }
}

/// Takes for each subscription the newest complete dump that holds it; if none is complete, the
/// newest. Whether a dump is complete is asked for the subscription alone: what another one lacks
/// there is no reason to fall back on older mail.
pub(super) fn choose(
    tree: &Tree,
    inventory: &Inventory,
    survey: &Survey,
    archives: &Archives,
    forced: Option<&Stamp>,
) -> Choice {
    let mut choice = group(survey);
    let stamp = |dump: usize| inventory.dumps[dump].stamp.as_ref();
    let mut older: BTreeMap<(Stamp, Stamp, String), BTreeSet<String>> = BTreeMap::new();
    let mut gone: BTreeMap<(Stamp, Stamp), BTreeSet<String>> = BTreeMap::new();
    for group in &mut choice.groups {
        let judge = Judge { tree, inventory, survey, archives, group };
        let mut dumps: BTreeMap<usize, Option<String>> = BTreeMap::new();
        for index in &group.outlines {
            let outline = &survey.outlines[*index];
            if forced.is_some_and(|forced| stamp(outline.dump) != Some(forced)) {
                continue;
            }
            let lacks = judge.lacks(outline);
            // Of several descriptions in one dump the best counts.
            let known = dumps.entry(outline.dump).or_insert_with(|| lacks.clone());
            if lacks.is_none() {
                *known = None;
            }
        }
        let taken = dumps
            .iter()
            .max_by_key(|(dump, lacks)| {
                let width = usize::MAX - inventory.dumps[**dump].path.len();
                (lacks.is_none(), stamp(**dump), width)
            })
            .map(|(dump, _)| *dump);
        let Some(taken) = taken else { continue };
        group.dump = Some(taken);
        let (Some(of), None) = (stamp(taken), forced) else { continue };
        let name = group
            .outlines
            .iter()
            .map(|index| &survey.outlines[*index])
            .find(|outline| outline.dump == taken)
            .map(|outline| outline.name.clone())
            .unwrap_or_default();
        for (dump, lacks) in &dumps {
            if let (Some(newer), Some(lacks)) = (stamp(*dump).filter(|newer| *newer > of), lacks) {
                let key = (newer.clone(), of.clone(), lacks.clone());
                older.entry(key).or_default().insert(name.clone());
            }
        }
        let damaged = damaged(tree, inventory, survey, group, taken);
        for (dump, file) in &damaged {
            let Some(newer) = stamp(*dump) else { continue };
            let key = (newer.clone(), of.clone(), format!("its metadata are damaged: `{file}`"));
            older.entry(key).or_default().insert(name.clone());
        }
        if let Some(newer) = without(tree, inventory, survey, group, taken)
            && !damaged.iter().any(|(dump, _)| stamp(*dump) == Some(&newer))
        {
            gone.entry((newer, of.clone())).or_default().insert(name);
        }
    }
    choice.problems.extend(older.into_iter().map(|((newer, taken, reason), domains)| {
        let domains = domains.into_iter().collect();
        Problem::OlderTaken { domains, newer, taken, reason }
    }));
    choice.problems.extend(gone.into_iter().map(|((newer, taken), domains)| Problem::NotInNewer {
        domains: domains.into_iter().collect(),
        newer,
        taken,
    }));
    choice
}

fn group(survey: &Survey) -> Choice {
    let mut choice = Choice {
        groups: Vec::new(),
        by_guid: HashMap::new(),
        by_name: HashMap::new(),
        problems: Vec::new(),
    };
    // Those with a guid first, so that one without joins them by its name.
    let (with, without): (Vec<usize>, Vec<usize>) =
        (0..survey.outlines.len()).partition(|index| survey.outlines[*index].guid.is_some());
    for index in with.into_iter().chain(without) {
        let outline = &survey.outlines[index];
        let known = find(&choice.by_guid, &choice.by_name, outline.guid.as_ref(), &outline.name);
        let at = known.unwrap_or_else(|| {
            choice.groups.push(Group::default());
            choice.groups.len() - 1
        });
        choice.groups[at].outlines.push(index);
        if let Some(guid) = &outline.guid {
            choice.by_guid.insert(guid.clone(), at);
        }
        choice.by_name.insert(outline.name.clone(), at);
    }
    choice
}

/// Judges the descriptions of one subscription.
struct Judge<'a> {
    tree: &'a Tree,
    inventory: &'a Inventory,
    survey: &'a Survey,
    archives: &'a Archives,
    group: &'a Group,
}

impl Judge<'_> {
    /// What a description lacks to be complete for mail; nothing when it lacks nothing.
    fn lacks(&self, outline: &Outline) -> Option<String> {
        if !outline.whole {
            return Some("its metadata are cut off".to_owned());
        }
        if let Some(missing) = outline.missing_mail.first() {
            return Some(format!("`{missing}` is not in the backup"));
        }
        if let Some(base) = &self.inventory.dumps[outline.dump].base {
            return self.base_lacks(outline, base);
        }
        let excluded = self.survey.files[outline.file].content_included == Some(false);
        let without_mail = excluded || (outline.has_mailbox && !outline.has_content());
        let others_have = || self.outlines().any(Outline::has_content);
        (without_mail && others_have()).then(|| "it was made without mail".to_owned())
    }

    fn base_lacks(&self, outline: &Outline, base: &Stamp) -> Option<String> {
        let of_base =
            |other: &&Outline| self.inventory.dumps[other.dump].stamp.as_ref() == Some(base);
        let has = || self.archives.has(self.tree, outline, self.path(outline), base);
        match self.outlines().filter(of_base).max_by_key(|other| other.whole) {
            Some(found) => match found.missing_mail.first() {
                Some(missing) => {
                    Some(format!("`{missing}` of its base {base} is not in the backup"))
                }
                None if found.whole || found.has_content() || has() => None,
                None => Some(format!("the metadata of its base {base} are cut off")),
            },
            None if has() => None,
            None => Some(format!("its base {base} is not in the backup")),
        }
    }

    fn path(&self, outline: &Outline) -> &[u8] {
        &self.tree.get(self.inventory.files[outline.file].entry).path
    }

    fn outlines(&self) -> impl Iterator<Item = &Outline> {
        self.group.outlines.iter().map(|index| &self.survey.outlines[*index])
    }
}

/// Newer dumps that do not describe a subscription as far as they can be read, with the damaged file
/// by whose place they may have described it.
fn damaged(
    tree: &Tree,
    inventory: &Inventory,
    survey: &Survey,
    group: &Group,
    taken: usize,
) -> Vec<(usize, String)> {
    let outlines = || group.outlines.iter().map(|index| &survey.outlines[*index]);
    let Some(of) = outlines().find(|outline| outline.dump == taken) else { return Vec::new() };
    let path_of = |file: usize| &tree.get(inventory.files[file].entry).path;
    let stamp = |dump: usize| inventory.dumps[dump].stamp.as_ref();
    let files = inventory.files.iter().enumerate();
    files
        .filter(|(index, file)| survey.files[*index].damaged && stamp(file.dump) > stamp(taken))
        .filter(|(index, _)| is_below(path_of(of.file), directory(path_of(*index))))
        .filter(|(_, file)| !outlines().any(|outline| outline.dump == file.dump))
        .map(|(index, file)| (file.dump, printable(path_of(index))))
        .collect()
}

/// Dumps of which no metadata can be read, and in whose place nothing else was taken.
pub(super) fn unreadable(
    tree: &Tree,
    inventory: &Inventory,
    survey: &Survey,
    choice: &Choice,
) -> Vec<usize> {
    let path_of = |file: usize| &tree.get(inventory.files[file].entry).path;
    let taken = |dump: usize| {
        let outlines = choice.groups.iter().filter(|group| group.dump.is_some());
        let mut outlines = outlines.flat_map(|group| &group.outlines);
        let path = &inventory.dumps[dump].path;
        outlines.any(|outline| is_below(path_of(survey.outlines[*outline].file), path))
    };
    let is_damaged = |dump: usize| {
        let mut files = inventory.files.iter().enumerate().filter(|(_, file)| file.dump == dump);
        files.any(|(index, _)| survey.files[index].damaged)
    };
    (0..inventory.dumps.len())
        .filter(|dump| inventory.dumps[*dump].stamp.is_some() && is_damaged(*dump))
        .filter(|dump| !survey.outlines.iter().any(|outline| outline.dump == *dump))
        .filter(|dump| !taken(*dump))
        .collect()
}

/// The newest dump that should hold a subscription, by the object that it is of, and does not.
fn without(
    tree: &Tree,
    inventory: &Inventory,
    survey: &Survey,
    group: &Group,
    taken: usize,
) -> Option<Stamp> {
    let outlines = || group.outlines.iter().map(|index| &survey.outlines[*index]);
    let file = outlines().find(|outline| outline.dump == taken)?.file;
    let path = &tree.get(inventory.files[file].entry).path;
    let of = inventory.dumps[taken].stamp.as_ref()?;
    let mut newest = None;
    for (index, dump) in inventory.dumps.iter().enumerate() {
        let Some(stamp) = dump.stamp.as_ref().filter(|stamp| *stamp > of) else { continue };
        let main = inventory.files.iter().position(|file| Some(file.entry) == dump.main);
        let is_wide = main.is_some_and(|main| {
            let facts = &survey.files[main];
            facts.level < DumpLevel::Subscription && !facts.damaged
        });
        let holds = outlines().any(|outline| outline.dump == index);
        if is_wide && !holds && is_below(path, &dump.path) {
            newest = newest.max(Some(stamp));
        }
    }
    newest.cloned()
}
