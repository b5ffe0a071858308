//! The dumps that a tree holds.

use std::collections::BTreeSet;

use super::Stamp;
use super::choose::{Choice, Group, Survey};
use super::select::{DumpFiles, Inventory};
use crate::printable;
use crate::tree::Tree;

/// One dump of a tree: what one run of Plesk's backup wrote under one stamp.
#[derive(Debug, Clone, Default)]
pub struct Dump {
    /// From the names of its metadata files; absent when somebody renamed these.
    pub stamp: Option<Stamp>,
    /// Stamp of the full dump, when this one is an increment.
    pub base: Option<Stamp>,
    /// Of what kind of object it is.
    pub level: DumpLevel,
    /// Name of that object: host name, login or domain, verbatim; absent when no XML tells it.
    pub object: Option<String>,
    /// Directory of its main metadata in the tree; empty for the root.
    pub path: String,
    /// How many metadata files it has.
    pub metadata_files: usize,
    /// How many subscriptions these describe.
    pub subscriptions: usize,
    /// Flags that Plesk left beside its metadata: `status_OK`, `dumpresult_WARNINGS` and so on,
    /// each once, sorted.
    pub flags: Vec<String>,
    /// False when its metadata say `content-included="false"`: it holds settings alone.
    pub content_included: bool,
    /// Metadata files that are damaged or unreadable, and `the main metadata` when none of the
    /// files is that of the whole object.
    pub damaged_metadata: Vec<String>,
    /// Archives that its metadata name and the tree does not hold, each once.
    pub missing_content: Vec<String>,
    /// Stamps of the dumps that hold the rest of an increment: its base, and what its metadata
    /// list as related; ascending.
    pub needs: Vec<Stamp>,
    /// Those of `needs` of which the tree has no metadata.
    pub missing_dumps: Vec<Stamp>,
    /// For how many subscriptions it was chosen.
    pub chosen_for: usize,
}

impl Dump {
    /// Whether all metadata can be read and everything that they name is there; for an increment
    /// its base, too. That a dump in between is missing does not count here: the archives that are
    /// there say more than those of the base alone.
    pub fn is_complete(&self) -> bool {
        self.damaged_metadata.is_empty()
            && self.missing_content.is_empty()
            && self.base.as_ref().is_none_or(|base| !self.missing_dumps.contains(base))
    }
}

/// The kind of object that a dump is of, widest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum DumpLevel {
    /// The whole server.
    Server,
    /// A reseller.
    Reseller,
    /// A client.
    Client,
    /// A subscription.
    Subscription,
    /// No XML tells.
    #[default]
    Unknown,
}

/// What is asked of [`Backup::describe_with`](crate::Backup::describe_with).
#[derive(Debug, Clone, Default)]
pub struct DescribeOptions {
    /// Read the dump with this stamp and no other, however complete it is.
    pub dump: Option<Stamp>,
}

/// The dumps of a tree, with what was chosen of them.
pub(super) fn list(
    tree: &Tree,
    inventory: &Inventory,
    survey: &Survey,
    choice: &Choice,
) -> Vec<Dump> {
    let known = inventory.stamps();
    let dump = |index: usize, names: &DumpFiles| {
        let files = || {
            let files = inventory.files.iter().enumerate();
            files.filter(move |(_, file)| file.dump == index)
        };
        let main = files().find(|(_, file)| Some(file.entry) == names.main);
        let main = main.map(|(at, _)| &survey.files[at]);
        let mut needs: BTreeSet<Stamp> = names.base.iter().cloned().collect();
        let mut missing: BTreeSet<String> = BTreeSet::new();
        let mut damaged = Vec::new();
        for (at, file) in files() {
            let facts = &survey.files[at];
            needs.extend(facts.related.iter().cloned());
            missing.extend(facts.missing.iter().cloned());
            if facts.damaged {
                damaged.push(printable(&tree.get(file.entry).path));
            }
        }
        if main.is_none() {
            damaged.push("the main metadata".to_owned());
        }
        let mut flags: Vec<String> = names.flags.iter().map(|(flag, _)| flag.clone()).collect();
        flags.sort();
        flags.dedup();
        let groups = choice.groups.iter();
        let holds = |group: &&Group| {
            group.outlines.iter().any(|outline| survey.outlines[*outline].dump == index)
        };
        Dump {
            stamp: names.stamp.clone(),
            base: names.base.clone(),
            level: main.map_or(DumpLevel::Unknown, |main| main.level),
            object: main.and_then(|main| main.object.clone()),
            path: printable(&names.path),
            metadata_files: files().count(),
            subscriptions: groups.clone().filter(holds).count(),
            flags,
            content_included: main.and_then(|main| main.content_included).unwrap_or(true),
            damaged_metadata: damaged,
            missing_content: missing.into_iter().collect(),
            missing_dumps: needs.iter().filter(|stamp| !known.contains(stamp)).cloned().collect(),
            needs: needs.into_iter().collect(),
            chosen_for: groups.filter(|group| group.dump == Some(index)).count(),
        }
    };
    inventory.dumps.iter().enumerate().map(|(index, names)| dump(index, names)).collect()
}
