//! Several descriptions of one subscription become one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Description, Problem, Stamp, Subscription};

/// One description of a subscription; a dump may hold several.
pub(super) struct Candidate {
    pub(super) subscription: Subscription,
    pub(super) problems: Vec<Problem>,
    pub(super) unknown: BTreeMap<String, u64>,
}

/// One subscription of each guid and name: the fuller one wins, and at a draw the first.
pub(super) fn merge(candidates: Vec<Candidate>, description: &mut Description) {
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

/// Within one dump; metadata without a stamp may be of any.
fn is_same(a: &Subscription, b: &Subscription) -> bool {
    if a.dump != b.dump && a.dump.is_some() && b.dump.is_some() {
        return false;
    }
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

/// Leaves out subscriptions of older dumps whose domain belongs to another one in a newer dump: the
/// subscription was deleted and made again, or the domain was moved.
pub(super) fn supersede(description: &mut Description) {
    let mut owners: BTreeMap<String, usize> = BTreeMap::new();
    for (index, subscription) in description.subscriptions.iter().enumerate() {
        for domain in subscription.domains() {
            let newest = owners.entry(domain.ascii_name.clone()).or_insert(index);
            if subscription.dump > description.subscriptions[*newest].dump {
                *newest = index;
            }
        }
    }
    let newer_owner = |subscription: &Subscription| {
        let owner = &description.subscriptions[*owners.get(&subscription.domain.ascii_name)?];
        let is_older = subscription.dump.is_some() && subscription.dump < owner.dump;
        is_older.then(|| owner.domain.ascii_name.clone())
    };
    let now: Vec<Option<String>> = description.subscriptions.iter().map(newer_owner).collect();
    let mut kept = now.iter();
    let mut left_out = Vec::new();
    description.subscriptions.retain(|subscription| {
        let now = kept.next().cloned().flatten();
        let is_kept = now.is_none();
        left_out.extend(now.map(|now| (subscription.clone(), now)));
        is_kept
    });
    for (subscription, now) in left_out {
        let of_now = || description.subscriptions.iter().flat_map(Subscription::domains);
        let is_nowhere = |name: &&String| !of_now().any(|known| known.ascii_name == **name);
        let sites = subscription.sites.iter().map(|site| &site.ascii_name);
        let sites = sites.filter(is_nowhere).cloned().collect();
        let Some(stamp) = subscription.dump else { continue };
        let domain = subscription.domain.ascii_name;
        forget_choice(&mut description.problems, &domain, &stamp);
        description.problems.push(Problem::Superseded { domain, stamp, now, sites });
    }
}

/// Takes back what was said of the dump that a subscription was taken from.
fn forget_choice(problems: &mut Vec<Problem>, domain: &str, stamp: &Stamp) {
    problems.retain_mut(|problem| match problem {
        Problem::NotInNewer { domains, taken, .. } | Problem::OlderTaken { domains, taken, .. }
            if taken == stamp =>
        {
            domains.retain(|known| known != domain);
            !domains.is_empty()
        }
        _ => true,
    });
}

/// Tells of domains that several subscriptions have: each gives an account with it, and a server
/// takes a domain once.
pub(super) fn report_shared(description: &mut Description) {
    let mut owners: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for subscription in &description.subscriptions {
        for domain in subscription.domains() {
            let owners = owners.entry(&domain.ascii_name).or_default();
            owners.insert(&subscription.domain.ascii_name);
        }
    }
    let shared = owners.into_iter().filter(|(_, owners)| owners.len() > 1);
    let problems = shared.map(|(domain, owners)| Problem::SharedDomain {
        domain: domain.to_owned(),
        subscriptions: owners.into_iter().map(str::to_owned).collect(),
    });
    let problems: Vec<Problem> = problems.collect();
    description.problems.extend(problems);
}
