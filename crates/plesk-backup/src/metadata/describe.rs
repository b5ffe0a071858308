//! All metadata of one dump, put together.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::known::count_unknown;
use super::psadump;
use super::resolve::{Resolver, base_name};
use super::salvage::salvage;
use super::select::{Selection, select};
use super::subscription;
use super::xml::{self, Dump};
use super::{DescribeError, Description, FileName, Problem, Subscription};
use crate::domain_name::to_ascii;
use crate::printable;
use crate::tree::{EntryId, Tree};

/// One description of a subscription; a backup may hold several.
struct Candidate {
    subscription: Subscription,
    problems: Vec<Problem>,
    unknown: BTreeMap<String, u64>,
}

#[derive(Default)]
struct Collected {
    candidates: Vec<Candidate>,
    emails: HashMap<String, String>,
    /// Domains that a file lists, with that file.
    announced: Vec<(String, String)>,
    related: Vec<String>,
    /// Files that are migration dumps.
    readable: usize,
}

pub(crate) fn describe(tree: &Tree, path: &Path) -> Result<Description, DescribeError> {
    let selection = select(tree);
    let mut description = Description {
        stamp: selection.stamp.clone(),
        problems: selection.problems.clone(),
        ..Description::default()
    };
    let mut resolver = Resolver::new(tree);
    let mut collected = Collected::default();
    for id in &selection.files {
        read_file(tree, *id, &mut resolver, &mut collected, &mut description);
    }
    report_increment(&selection, &collected.related, &mut description.problems);
    merge(collected.candidates, &mut description);
    let unreferenced: Vec<EntryId> = tree
        .iter()
        .filter(|(id, entry)| {
            !resolver.referenced.contains(id)
                && FileName::parse(base_name(&entry.path)).is_some_and(|name| {
                    !name.is_metadata
                        && (selection.stamp.is_none() || name.stamp == selection.stamp)
                })
        })
        .map(|(id, _)| id)
        .collect();
    description.unreferenced = salvage(tree, path, unreferenced, &mut description);
    psadump::finish(tree, &resolver.referenced, &mut description);
    for subscription in &mut description.subscriptions {
        let login = subscription.owner_login.as_deref().unwrap_or_default();
        subscription.owner_email = collected.emails.get(login).cloned();
    }
    description.subscriptions.sort_by(|a, b| a.domain.ascii_name.cmp(&b.domain.ascii_name));
    let known: BTreeSet<&str> = description
        .subscriptions
        .iter()
        .map(|subscription| subscription.domain.ascii_name.as_str())
        .collect();
    let missing: BTreeMap<String, String> = collected
        .announced
        .into_iter()
        .filter(|(domain, _)| !known.contains(domain.as_str()))
        .collect();
    description
        .problems
        .extend(missing.into_iter().map(|(domain, file)| Problem::NotDescribed { domain, file }));
    if description.subscriptions.is_empty() && collected.readable == 0 {
        return Err(nothing_found(tree, path, &selection, description.problems));
    }
    Ok(description)
}

fn nothing_found(
    tree: &Tree,
    path: &Path,
    selection: &Selection,
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
            files: selection.files.len(),
            first: Box::new(first),
        },
        None => DescribeError::NoMetadata { backup, entries: tree.len() },
    }
}

fn read_file(
    tree: &Tree,
    id: EntryId,
    resolver: &mut Resolver<'_>,
    collected: &mut Collected,
    description: &mut Description,
) {
    let entry = tree.get(id);
    let file = printable(&entry.path);
    let reader = match tree.open(id) {
        Ok(reader) => reader,
        Err(error) => {
            let detail = error.to_string();
            description.problems.push(Problem::UnreadableXml { file, detail });
            return;
        }
    };
    let mut candidates = Vec::new();
    let mut nameless = Vec::new();
    let dump = xml::read(reader, psadump::root(tree), &mut |mut found| {
        let mut problems = Vec::new();
        psadump::modernise(tree, &mut found, &file, &mut problems);
        let mut unknown = BTreeMap::new();
        count_unknown(&found.element, &mut unknown);
        match subscription::read(&found, &file, resolver, &mut problems) {
            Some(subscription) => candidates.push(Candidate { subscription, problems, unknown }),
            None => nameless.append(&mut problems),
        }
    });
    if let Some(cut) = &dump.cut {
        description.problems.push(Problem::DamagedXml {
            file: file.clone(),
            offset: cut.offset,
            size: entry.size,
            inside: if cut.inside.is_empty() {
                "the beginning".to_owned()
            } else {
                cut.inside.clone()
            },
            detail: cut.detail.clone(),
        });
    } else if dump.root.is_none() {
        let detail = "it has no element `migration-dump`".to_owned();
        description.problems.push(Problem::NotMetadata { file: file.clone(), detail });
    }
    description.problems.append(&mut nameless);
    if dump.replaced_characters > 0 {
        let count = dump.replaced_characters;
        description.problems.push(Problem::ReplacedCharacters { file: file.clone(), count });
    }
    for (path, name) in &dump.server_content {
        resolver.mark(&file, path, name);
    }
    collected.candidates.append(&mut candidates);
    take_dump(dump, &file, collected, description);
}

/// What a file says beside its subscriptions; the shallowest file that says it wins.
fn take_dump(dump: Dump, file: &str, collected: &mut Collected, description: &mut Description) {
    if let Some(root) = &dump.root {
        collected.readable += 1;
        let attribute = |name: &str| {
            let found = root.iter().find(|(key, value)| key == name && !value.is_empty());
            found.map(|(_, value)| value.clone())
        };
        if description.plesk_version.is_none() {
            description.plesk_version =
                attribute("dump-version").or_else(|| attribute("dump-original-version"));
        }
    }
    for component in dump.components {
        if !description.components.contains(&component) {
            description.components.push(component);
        }
    }
    if description.server_name.is_none() {
        description.server_name = dump.server_name;
    }
    for (login, email) in dump.emails {
        collected.emails.entry(login).or_insert(email);
    }
    collected.announced.extend(dump.announced.iter().map(|name| (to_ascii(name), file.to_owned())));
    for stamp in dump.related {
        if !collected.related.contains(&stamp) {
            collected.related.push(stamp);
        }
    }
}

fn report_increment(selection: &Selection, related: &[String], problems: &mut Vec<Problem>) {
    if let (Some(stamp), Some(base)) = (&selection.stamp, &selection.base) {
        problems.push(Problem::Increment {
            stamp: stamp.clone(),
            base: base.clone(),
            related: if related.is_empty() { base.to_string() } else { related.join(", ") },
        });
    }
}

/// One subscription of each guid and name: the fuller one wins, and at a draw the first.
fn merge(candidates: Vec<Candidate>, description: &mut Description) {
    let mut chosen: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        let same =
            chosen.iter_mut().find(|known| is_same(&known.subscription, &candidate.subscription));
        let Some(known) = same else {
            chosen.push(candidate);
            continue;
        };
        let dropped = if fullness(&candidate.subscription) > fullness(&known.subscription) {
            std::mem::replace(known, candidate)
        } else {
            candidate
        };
        let (kept, dropped) = (&known.subscription, &dropped.subscription);
        if let Some(difference) = difference(kept, dropped) {
            description.problems.push(Problem::Contradiction {
                domain: kept.domain.ascii_name.clone(),
                kept: kept.metadata.clone(),
                dropped: dropped.metadata.clone(),
                difference,
            });
        }
    }
    for candidate in chosen {
        for (path, count) in candidate.unknown {
            *description.unknown_elements.entry(path).or_default() += count;
        }
        description.problems.extend(candidate.problems);
        description.subscriptions.push(candidate.subscription);
    }
}

fn is_same(a: &Subscription, b: &Subscription) -> bool {
    let same_guid = a.guid.is_some() && a.guid == b.guid;
    same_guid || a.domain.ascii_name == b.domain.ascii_name
}

fn accounts(subscription: &Subscription) -> BTreeSet<String> {
    let mut accounts = BTreeSet::new();
    for domain in subscription.domains() {
        for mailuser in domain.mail.iter().flat_map(|mail| &mail.mailusers) {
            accounts.insert(format!("{}@{}", mailuser.local_part, domain.ascii_name));
        }
    }
    accounts
}

fn fullness(subscription: &Subscription) -> (bool, usize, usize, bool) {
    (
        subscription.complete,
        accounts(subscription).len(),
        subscription.sites.len(),
        subscription.system_user.is_some(),
    )
}

/// What differs in two descriptions that are both whole.
fn difference(kept: &Subscription, dropped: &Subscription) -> Option<String> {
    if !kept.complete || !dropped.complete {
        return None;
    }
    if kept.domain.ascii_name != dropped.domain.ascii_name {
        let (kept, dropped) = (&kept.domain.ascii_name, &dropped.domain.ascii_name);
        return Some(format!("name `{kept}` and `{dropped}`"));
    }
    if let (Some(kept), Some(dropped)) = (&kept.guid, &dropped.guid)
        && kept != dropped
    {
        return Some(format!("guid `{kept}` and `{dropped}`"));
    }
    let (left, right) = (accounts(kept), accounts(dropped));
    if left != right {
        let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| {
            a.difference(b).map(String::as_str).collect::<Vec<_>>().join(", ")
        };
        return Some(format!(
            "{} and {} mail accounts; only in the former: [{}], only in the latter: [{}]",
            left.len(),
            right.len(),
            only(&left, &right),
            only(&right, &left)
        ));
    }
    let (left, right) = (kept.sites.len(), dropped.sites.len());
    (left != right).then(|| format!("{left} and {right} sites"))
}
