//! All metadata of a tree, put together.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::chain::{self, Archives, Chosen, mail_archives};
use super::choose::{Choice, Outline, Survey, choose, unreadable};
use super::merge::{Candidate, merge, report_shared, supersede};
use super::part::Part;
use super::psadump;
use super::reading::{FileReading, read_file};
use super::resolve::{Resolver, base_name};
use super::salvage::salvage;
use super::select::{Inventory, MetadataFile, is_good_news};
use super::{
    DescribeError, DescribeOptions, Description, FileName, Problem, Stamp, Subscription, dump,
    windows8,
};
use crate::domain_name::to_ascii;
use crate::printable;
use crate::tree::{EntryId, Tree};

#[derive(Default)]
struct Collected {
    candidates: Vec<Candidate>,
    parts: Vec<(Option<Stamp>, Part)>,
    emails: HashMap<String, String>,
    /// Domains that a file lists, with that file.
    announced: Vec<(String, String)>,
    /// Files that are migration dumps.
    readable: usize,
    /// Metadata files of Plesk 8 for Windows.
    windows8: Vec<EntryId>,
}

/// Reads each metadata file once, and keeps outlines; where there is a choice between dumps, the
/// files of those that were chosen are read again. Holding all descriptions of all dumps instead
/// would take as much memory as there are dumps; reading a file takes about as long as its bytes
/// take from the disk.
pub(crate) fn describe(
    tree: &Tree,
    path: &Path,
    options: &DescribeOptions,
) -> Result<Description, DescribeError> {
    let inventory = Inventory::of(tree);
    let forced = options.dump.as_ref();
    if let Some(stamp) = forced
        && !inventory.stamps().contains(stamp)
    {
        return Err(DescribeError::UnknownDump {
            backup: path.display().to_string(),
            stamp: stamp.clone(),
            known: inventory.stamps(),
        });
    }
    let mut resolver = Resolver::new(tree);
    let mut survey = Survey::default();
    let mut readings = Vec::new();
    for (index, file) in inventory.files.iter().enumerate() {
        let reading = read_file(tree, file.entry, &mut resolver);
        survey.take(index, file.dump, &reading);
        if !inventory.is_choice() {
            readings.push((file.dump, reading));
        }
    }
    let archives = Archives::of(tree);
    let mut choice = choose(tree, &inventory, &survey, &archives, forced);
    let mut chosen: BTreeSet<usize> = choice.groups.iter().filter_map(|group| group.dump).collect();
    let wanted = wanted_anyway(&inventory, &survey, &chosen, forced);
    if forced.is_none() && !chosen.is_empty() {
        // Their archives are all that is left of what they hold, and file names may tell whose.
        chosen.extend(unreadable(tree, &inventory, &survey, &choice));
    }
    chosen.extend(wanted);
    if inventory.is_choice() {
        // The newest first: what the dumps say of the server is taken from the first that says it.
        for dump in chosen.iter().rev() {
            for file in inventory.files.iter().filter(|file| file.dump == *dump) {
                readings.push((*dump, read_file(tree, file.entry, &mut resolver)));
            }
        }
    }

    let mut description = Description {
        stamp: chosen.iter().filter_map(|dump| inventory.dumps[*dump].stamp.clone()).max(),
        ..Description::default()
    };
    description.problems.append(&mut choice.problems);
    let mut collected = Collected::default();
    for (dump, reading) in readings {
        let stamp = inventory.dumps[dump].stamp.as_ref();
        collect(dump, stamp, reading, &choice, &mut collected, &mut description);
    }
    report_flags(tree, &inventory, &chosen, &mut description.problems);
    let candidates = collected.candidates.iter().map(|candidate| &candidate.subscription);
    let mut named: BTreeSet<EntryId> = candidates.flat_map(mail_archives).collect();
    merge(collected.candidates, &mut description);
    for (stamp, part) in collected.parts {
        attach_part(stamp, part, &mut named, &mut description);
    }
    let lost = lost(named, &description);
    supersede(&mut description);

    let mut unreferenced = unreferenced(tree, &inventory, &resolver, &chosen);
    unreferenced = salvage(tree, path, unreferenced, forced, &mut description);
    let used = attach_chains(tree, &inventory, &survey, &archives, &choice, &mut description);
    unreferenced.retain(|id| !used.contains(id));
    unreferenced.extend(lost);
    description.unreferenced = unreferenced;
    description.unnamed = windows8::unnamed(tree, &resolver.referenced, &collected.windows8);
    psadump::finish(tree, &resolver.referenced, &mut description);
    report_shared(&mut description);
    finish(&collected.emails, collected.announced, &mut description);
    description.dumps = dump::list(tree, &inventory, &survey, &choice);
    if description.subscriptions.is_empty() && collected.readable == 0 {
        return Err(nothing_found(tree, path, &inventory, description.problems));
    }
    Ok(description)
}

/// Dumps that are read although no subscription was chosen from them: metadata without a stamp may
/// belong to any; and where nothing was found at all, the widest object's newest full dump is what
/// there is to tell of.
fn wanted_anyway(
    inventory: &Inventory,
    survey: &Survey,
    chosen: &BTreeSet<usize>,
    forced: Option<&Stamp>,
) -> Vec<usize> {
    let mut wanted: Vec<usize> = (0..inventory.dumps.len())
        .filter(|dump| match (&inventory.dumps[*dump].stamp, forced) {
            (None, forced) => forced.is_none(),
            (stamp, forced) => forced.is_some() && stamp.as_ref() == forced,
        })
        .collect();
    let level = |dump: &usize| {
        let of = |file: &(usize, &MetadataFile)| file.1.dump == *dump;
        let files = inventory.files.iter().enumerate().filter(of);
        files.map(|(index, _)| survey.files[index].level).min().unwrap_or_default()
    };
    if chosen.is_empty() && forced.is_none() {
        wanted.extend((0..inventory.dumps.len()).max_by_key(|dump| {
            let files = &inventory.dumps[*dump];
            (std::cmp::Reverse(level(dump)), files.base.is_none(), files.stamp.clone())
        }));
    }
    wanted
}

/// Takes what a file of a chosen dump holds; of the server, what the first file says that says it.
fn collect(
    dump: usize,
    stamp: Option<&Stamp>,
    reading: FileReading,
    choice: &Choice,
    collected: &mut Collected,
    description: &mut Description,
) {
    description.problems.extend(reading.problems);
    for mut candidate in reading.candidates {
        let group = choice.group(&candidate.subscription);
        if stamp.is_none() || group.is_some_and(|group| group.dump == Some(dump)) {
            candidate.subscription.dump = stamp.cloned();
            collected.candidates.push(candidate);
        }
    }
    collected.parts.extend(reading.parts.into_iter().map(|part| (stamp.cloned(), part)));
    let of_file = reading.dump;
    if of_file.is_windows8 {
        collected.windows8.push(reading.entry);
    }
    if of_file.root.is_some() {
        collected.readable += 1;
        if description.plesk_version.is_none() {
            let version = of_file.attribute("dump-version");
            description.plesk_version =
                version.or(of_file.attribute("dump-original-version")).map(str::to_owned);
        }
    }
    // Which server was installed may have changed between the dumps.
    let is_newest = stamp.is_none() || stamp == description.stamp.as_ref();
    for component in of_file.components {
        if is_newest && !description.components.contains(&component) {
            description.components.push(component);
        }
    }
    if description.operating_system.is_none() {
        description.operating_system = of_file.operating_system;
    }
    if description.server_name.is_none() {
        description.server_name = of_file.server_name;
    }
    for (login, email) in of_file.emails {
        collected.emails.entry(login).or_insert(email);
    }
    let file = reading.file;
    collected.announced.extend(of_file.announced.iter().map(|name| (to_ascii(name), file.clone())));
}

/// Mail archives that metadata name which were not taken, and nothing else does.
fn lost(mut named: BTreeSet<EntryId>, description: &Description) -> BTreeSet<EntryId> {
    for entry in description.subscriptions.iter().flat_map(mail_archives) {
        named.remove(&entry);
    }
    named
}

/// Parts without a stamp, and those of metadata without one, may be of any dump.
fn attach_part(
    stamp: Option<Stamp>,
    mut part: Part,
    named: &mut BTreeSet<EntryId>,
    description: &mut Description,
) {
    let is_it = |known: &Subscription| known.dump == stamp && part.is_of(known);
    let may_be =
        |known: &Subscription| (known.dump.is_none() || stamp.is_none()) && part.is_of(known);
    let subscriptions = &description.subscriptions;
    let known = subscriptions.iter().position(is_it).or(subscriptions.iter().position(may_be));
    let at = known.or_else(|| {
        // It may be that this dump was chosen for others alone.
        let elsewhere = description.subscriptions.iter().any(|known| part.is_of(known));
        (!elsewhere).then(|| {
            let (mut subscription, problem) = part.alone();
            subscription.dump = stamp;
            description.problems.push(problem);
            description.subscriptions.push(subscription);
            description.subscriptions.len() - 1
        })
    });
    if let Some(at) = at {
        named.extend(mail_archives(&part.subscription));
        description.problems.append(&mut part.problems);
        for (path, count) in std::mem::take(&mut part.unknown) {
            *description.unknown_elements.entry(path).or_default() += count;
        }
        description.problems.extend(part.attach(&mut description.subscriptions[at]));
    }
}

/// What Plesk says of the chosen dumps, unless all is well.
fn report_flags(
    tree: &Tree,
    inventory: &Inventory,
    chosen: &BTreeSet<usize>,
    problems: &mut Vec<Problem>,
) {
    for (flag, id) in chosen.iter().flat_map(|dump| &inventory.dumps[*dump].flags) {
        if !is_good_news(flag) {
            let status = flag.split_once('_').map_or(flag.as_str(), |(_, status)| status);
            problems.push(Problem::DumpStatus {
                file: printable(&tree.get(*id).path),
                status: status.to_owned(),
            });
        }
    }
}

/// Archives that no metadata name: of the chosen dumps, and of those of which there is nothing else.
fn unreferenced(
    tree: &Tree,
    inventory: &Inventory,
    resolver: &Resolver<'_>,
    chosen: &BTreeSet<usize>,
) -> Vec<EntryId> {
    let passed_over: BTreeSet<&Stamp> = inventory
        .dumps
        .iter()
        .enumerate()
        .filter(|(index, _)| !chosen.contains(index))
        .filter_map(|(_, dump)| dump.stamp.as_ref())
        .collect();
    let is_of_interest = |name: &FileName| {
        !name.is_metadata && name.stamp.as_ref().is_none_or(|stamp| !passed_over.contains(stamp))
    };
    tree.iter()
        .filter(|(id, entry)| {
            !resolver.referenced.contains(id)
                && FileName::parse(base_name(&entry.path)).is_some_and(|name| is_of_interest(&name))
        })
        .map(|(id, _)| id)
        .collect()
}

/// Gives each subscription of an increment the archives of the dumps before it. Returns those that
/// no metadata name.
fn attach_chains(
    tree: &Tree,
    inventory: &Inventory,
    survey: &Survey,
    archives: &Archives,
    choice: &Choice,
    description: &mut Description,
) -> BTreeSet<EntryId> {
    let mut used = BTreeSet::new();
    let mut gaps: BTreeMap<(Stamp, Stamp, Vec<Stamp>), Vec<String>> = BTreeMap::new();
    let mut cut: BTreeMap<(EntryId, Stamp, Stamp), Vec<String>> = BTreeMap::new();
    for subscription in &mut description.subscriptions {
        let Some(stamp) = subscription.dump.clone() else { continue };
        let group = choice.group(subscription);
        let outline = group.and_then(|group| {
            let outlines = group.outlines.iter().map(|index| &survey.outlines[*index]);
            outlines.into_iter().find(|outline| Some(outline.dump) == group.dump)
        });
        let base = match outline {
            Some(outline) => inventory.dumps[outline.dump].base.clone(),
            None => chain::base_of(tree, subscription),
        };
        let Some(base) = base else { continue };
        let related = outline.map_or(&[][..], |outline| survey.related(inventory, outline));
        let chosen = Chosen { stamp: &stamp, base: &base, related, group };
        let attached = chain::attach(tree, inventory, survey, archives, &chosen, subscription);
        used.extend(attached.by_name);
        let owner = &subscription.domain.ascii_name;
        for (earlier, file) in attached.cut {
            cut.entry((file, earlier, stamp.clone())).or_default().push(owner.clone());
        }
        description.problems.extend(attached.missing.into_iter().map(|file| {
            let (owner, kind) = (owner.clone(), "domainmail".to_owned());
            Problem::MissingContent { owner, kind, file, size: None }
        }));
        if !subscription.missing_dumps.is_empty() {
            let key = (stamp, base, subscription.missing_dumps.clone());
            gaps.entry(key).or_default().push(owner.clone());
        }
    }
    description.problems.extend(cut.into_iter().map(|((file, earlier, stamp), domains)| {
        let file = printable(&tree.get(file).path);
        Problem::EarlierCut { domains, file, earlier, stamp }
    }));
    description.problems.extend(gaps.into_iter().map(|((stamp, base, missing), domains)| {
        Problem::ChainGap { domains, stamp, base, missing }
    }));
    used
}

impl Survey {
    /// The dumps that a description needs, by its own file, else by the main one of its dump.
    fn related(&self, inventory: &Inventory, outline: &Outline) -> &[Stamp] {
        let own = &self.files[outline.file].related;
        if !own.is_empty() {
            return own;
        }
        let dump = &inventory.dumps[outline.dump];
        let main = inventory.files.iter().position(|file| Some(file.entry) == dump.main);
        main.map_or(&[], |main| &self.files[main].related)
    }
}

/// Mail addresses of owners, the order, and who is announced and not described.
fn finish(
    emails: &HashMap<String, String>,
    announced: Vec<(String, String)>,
    description: &mut Description,
) {
    for subscription in &mut description.subscriptions {
        let login = subscription.owner_login.as_deref().unwrap_or_default();
        subscription.owner_email = emails.get(login).cloned();
    }
    description.subscriptions.sort_by(|a, b| a.domain.ascii_name.cmp(&b.domain.ascii_name));
    let known: BTreeSet<&str> = description
        .subscriptions
        .iter()
        .flat_map(Subscription::domains)
        .map(|domain| domain.ascii_name.as_str())
        .collect();
    let missing: BTreeMap<String, String> =
        announced.into_iter().filter(|(domain, _)| !known.contains(domain.as_str())).collect();
    description
        .problems
        .extend(missing.into_iter().map(|(domain, file)| Problem::NotDescribed { domain, file }));
}

fn nothing_found(
    tree: &Tree,
    path: &Path,
    inventory: &Inventory,
    problems: Vec<Problem>,
) -> DescribeError {
    let backup = path.display().to_string();
    let about_files = |problem: &Problem| {
        matches!(
            problem,
            Problem::DamagedXml { .. }
                | Problem::UnreadableXml { .. }
                | Problem::NotMetadata { .. }
        )
    };
    match problems.into_iter().find(about_files) {
        Some(first) => DescribeError::NothingReadable {
            backup,
            files: inventory.files.len(),
            first: Box::new(first),
        },
        None => DescribeError::NoMetadata { backup, entries: tree.len() },
    }
}
