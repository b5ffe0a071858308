//! Addresses of the backup's mailboxes, however somebody writes them.

use std::collections::BTreeSet;

use plesk_backup::{Domain, Subscription, printable};

use crate::mail_findings::some;

/// A mailbox that an address means.
pub(super) struct Found {
    /// Index of the subscription.
    pub(super) subscription: usize,
    /// Index among the subscription's domains.
    pub(super) domain: usize,
    /// Its address as the plan and the report have it: lower case, the domain in punycode.
    pub(super) address: String,
}

/// Looks up an address: a mailbox, an alias of one, either of them at a domain or at an alias of
/// that. Nothing when no domain of the backup is meant. Whether there is a mailbox, only the plan
/// knows: metadata that are damaged name not all.
pub(super) fn find(subscriptions: &[Subscription], address: &str) -> Option<Found> {
    let (local, domain) = split(address)?;
    let at = |is_meant: &dyn Fn(&Domain) -> bool| {
        subscriptions.iter().enumerate().find_map(|(subscription, known)| {
            let domain = known.domains().position(is_meant)?;
            Some((subscription, domain))
        })
    };
    let (subscription, index) = at(&|known| known.ascii_name == domain).or_else(|| {
        at(&|known| known.aliases.iter().any(|alias| alias.mail && alias.ascii_name == domain))
    })?;
    let found = subscriptions[subscription].domains().nth(index)?;
    let users = found.mail.iter().flat_map(|mail| &mail.mailusers);
    let is_alias = |alias: &String| alias.to_lowercase() == local;
    let mut by_alias = users.clone().filter(|user| user.aliases.iter().any(is_alias));
    // A mailbox counts before an alias of the same name.
    let owner = users.clone().find(|user| user.local_part == local).or_else(|| by_alias.next());
    let local = owner.map_or(local.as_str(), |user| user.local_part.as_str());
    let address = format!("{local}@{}", found.ascii_name);
    Some(Found { subscription, domain: index, address })
}

/// Local part and domain in the form that the backup has them in.
pub(super) fn split(address: &str) -> Option<(String, String)> {
    let (local, domain) = address.trim().rsplit_once('@')?;
    let domain = idna::domain_to_ascii(domain.trim_end_matches('.')).ok()?;
    (!local.is_empty() && !domain.is_empty()).then(|| (local.to_lowercase(), domain))
}

/// The end of a sentence that denies an address: those that somebody may have meant.
pub(super) fn near(subscriptions: &[Subscription], more: &[String], wanted: &str) -> String {
    let mut known: BTreeSet<String> = more.iter().cloned().collect();
    for domain in subscriptions.iter().flat_map(Subscription::domains) {
        let users = domain.mail.iter().flat_map(|mail| &mail.mailusers);
        let with_mailbox = users.filter(|user| user.mailbox.is_some());
        known.extend(with_mailbox.map(|user| {
            printable(format!("{}@{}", user.local_part, domain.ascii_name).as_bytes())
        }));
    }
    if known.is_empty() {
        return "; it has no mailbox at all".to_owned();
    }
    let (local, domain) =
        split(wanted).unwrap_or_else(|| (wanted.trim().to_lowercase(), String::new()));
    let wanted = format!("{local}@{domain}");
    let parts = |address: &'_ String| {
        let (its_local, its_domain) = address.rsplit_once('@').unwrap_or((address, ""));
        (distance(&local, its_local), distance(&domain, its_domain))
    };
    // Mailboxes that are called alike, else those of the domain, else any.
    let alike = |address: &String| parts(address).0.min(distance(&wanted, address));
    let at_domain = |address: &String| parts(address).1;
    let close = nearest(&known, alike);
    let close = if close.is_empty() { nearest(&known, at_domain) } else { close };
    if close.is_empty() {
        return format!("; it has {}", some(known.into_iter()));
    }
    format!("; near it: {}", some(close.into_iter()))
}

/// Addresses at most two letters away, the nearest first.
fn nearest(known: &BTreeSet<String>, distance: impl Fn(&String) -> usize) -> Vec<String> {
    let mut scored: Vec<(usize, &String)> =
        known.iter().map(|address| (distance(address), address)).collect();
    scored.retain(|(distance, _)| *distance <= 2);
    scored.sort();
    scored.into_iter().map(|(_, address)| address.clone()).collect()
}

/// How many letters differ, with a bound: long names are cut.
fn distance(a: &str, b: &str) -> usize {
    let letters = |text: &str| text.chars().take(80).collect::<Vec<char>>();
    let (a, b) = (letters(a), letters(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, letter) in a.iter().enumerate() {
        let mut before = row[0];
        row[0] = at + 1;
        for (other, known) in b.iter().enumerate() {
            let replaced = before + usize::from(letter != known);
            before = row[other + 1];
            row[other + 1] = replaced.min(row[other] + 1).min(before + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, split};

    #[test]
    fn letters_that_differ() {
        assert_eq!(distance("anna", "anna"), 0);
        assert_eq!(distance("ana", "anna"), 1);
        assert_eq!(distance("anan", "anna"), 2);
        assert_eq!(distance("", "anna"), 4);
    }

    #[test]
    fn one_form_for_every_spelling() {
        let expected = Some(("info".to_owned(), "xn--bcher-kva.example".to_owned()));
        for address in
            ["info@b\u{fc}cher.example", "INFO@XN--Bcher-kva.example.", " info@B\u{dc}CHER.example"]
        {
            assert_eq!(split(address), expected, "{address}");
        }
        assert_eq!(split("info"), None);
        assert_eq!(split("@example.com"), None);
    }
}
