//! A second plain archive of a mailbox that was converted before is refused.
//!
//! Restored over the first it brings deleted mail back, and mail that came in since is there twice or
//! not at all: what is wanted then is a synchronisation.

use std::collections::BTreeSet;
use std::path::Path;

use plesk_backup::{Description, Subscription};

use crate::error::Error;
use crate::mail_findings::some;
use crate::report::{AccountReport, Outcome, Report};

/// Refuses the subscriptions of a backup whose mailboxes a report says were converted, from another
/// dump. The same dump may be converted again. A file that is no report says nothing.
///
/// # Errors
/// [`Error::ConvertedBefore`].
pub(crate) fn refuse_second(
    report: &Path,
    name: &str,
    backup: &str,
    description: &Description,
    selected: &[&Subscription],
) -> Result<(), Error> {
    let Ok(bytes) = std::fs::read(report) else { return Ok(()) };
    let Ok(earlier) = Report::from_json(&bytes) else { return Ok(()) };
    let mut addresses = BTreeSet::new();
    let mut stamps = BTreeSet::new();
    for subscription in selected {
        let now = stamp(subscription, description);
        let mailboxes = addresses_of(subscription);
        for account in earlier.accounts.iter().filter(|it| it.outcome == Outcome::Converted) {
            let then = account.dump.as_ref().or(earlier.backup.stamp.as_ref());
            let same = match (&now, then) {
                (Some(now), Some(then)) => now == then,
                (now, then) => now.is_none() && then.is_none() && earlier.backup.name == name,
            };
            if same {
                continue;
            }
            let both = of_report(account).filter(|address| mailboxes.contains(address));
            let before = addresses.len();
            addresses.extend(both);
            if addresses.len() > before {
                let name = || earlier.backup.name.clone();
                stamps.insert(then.map_or_else(name, |stamp| format!("dump {stamp}")));
            }
        }
    }
    if addresses.is_empty() {
        return Ok(());
    }
    Err(Error::ConvertedBefore {
        several: addresses.len() > 1,
        mailboxes: some(addresses.into_iter()),
        earlier: stamps.into_iter().collect::<Vec<_>>().join(" and "),
        report: report.to_owned(),
        backup: backup.to_owned(),
    })
}

fn stamp(subscription: &Subscription, description: &Description) -> Option<String> {
    subscription.dump.as_ref().or(description.stamp.as_ref()).map(ToString::to_string)
}

fn addresses_of(subscription: &Subscription) -> BTreeSet<String> {
    let of_domain = |domain: &plesk_backup::Domain| {
        let users = domain.mail.iter().flat_map(|mail| &mail.mailusers);
        let names = users.map(|user| format!("{}@{}", user.local_part, domain.ascii_name));
        names.map(|name| name.to_lowercase()).collect::<Vec<_>>()
    };
    subscription.domains().flat_map(of_domain).collect()
}

fn of_report(account: &AccountReport) -> impl Iterator<Item = String> {
    account.mailboxes.iter().map(|mailbox| mailbox.address.to_lowercase())
}
