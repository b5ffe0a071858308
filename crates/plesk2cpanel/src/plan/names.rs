//! Which account name each subscription gets.

use std::collections::{BTreeMap, BTreeSet};

use cpmove::UserName;
use plesk_backup::Subscription;

use crate::error::Error;
use crate::finding::{ACCOUNT_RENAMED, Finding};

/// An account name, and the finding to report where it is not the system user's.
#[derive(Clone, Debug)]
pub(crate) struct AccountName {
    /// The name.
    pub user: UserName,
    /// Why it differs from the old one.
    pub finding: Option<Finding>,
}

/// Names for all subscriptions of a backup, in their order.
///
/// Names chosen by hand go first, so that a derived one never takes a chosen one away. The rest
/// follow in the order of the subscriptions, which the backup fixes: the same backup gives the same
/// names, whatever part of it is converted.
///
/// # Errors
/// When `users` names a subscription that is not there, or gives one name twice.
pub(crate) fn account_names(
    backup: &str,
    subscriptions: &[Subscription],
    users: &BTreeMap<String, UserName>,
) -> Result<Vec<AccountName>, Error> {
    let mut chosen: Vec<Option<UserName>> = vec![None; subscriptions.len()];
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    for (domain, user) in users {
        let index = subscriptions.iter().position(|subscription| {
            subscription.domain.ascii_name == *domain
                || subscription.domain.name.to_lowercase() == *domain
        });
        let Some(index) = index else {
            return Err(Error::UnknownSubscription {
                backup: backup.to_owned(),
                domain: domain.clone(),
                known: known_domains(subscriptions),
            });
        };
        let name = subscriptions[index].domain.name.clone();
        if let Some(first) = taken.insert(user.as_str().to_owned(), name.clone()) {
            return Err(Error::UserTwice { name: user.as_str().to_owned(), first, second: name });
        }
        chosen[index] = Some(user.clone());
    }
    let mut taken: BTreeSet<String> = taken.into_keys().collect();
    let mut names = Vec::with_capacity(subscriptions.len());
    for (subscription, chosen) in subscriptions.iter().zip(chosen) {
        let old = subscription.system_user.as_ref().map(|user| user.name.as_str());
        let name = if let Some(user) = chosen {
            AccountName { user, finding: None }
        } else {
            let wanted = old.unwrap_or(&subscription.domain.ascii_name);
            let user = UserName::derive(wanted, &subscription.domain.ascii_name, &|name| {
                taken.contains(name)
            });
            let finding = (old != Some(user.as_str())).then(|| {
                ACCOUNT_RENAMED.about(
                    &subscription.domain.name,
                    match old {
                        Some(old) => format!(
                            "the system user `{old}` is no account name that cPanel takes, or is \
                             taken: the account is `{}`",
                            user.as_str()
                        ),
                        None => format!(
                            "the subscription has no system user: the account is `{}`",
                            user.as_str()
                        ),
                    },
                )
            });
            AccountName { user, finding }
        };
        taken.insert(name.user.as_str().to_owned());
        names.push(name);
    }
    Ok(names)
}

/// The first few subscriptions, for an error message.
pub(crate) fn known_domains(subscriptions: &[Subscription]) -> String {
    if subscriptions.is_empty() {
        return "none".to_owned();
    }
    crate::mail_findings::some(
        subscriptions.iter().map(|subscription| subscription.domain.name.clone()),
    )
}
