//! A domain's mailboxes in cPanel's terms.

use std::collections::{BTreeMap, BTreeSet};

use cpmove::{LocalPart, MailboxFilter};
use plesk_backup::{Domain, MailQuota, MailUser, SecretKey, Subscription, printable};

use super::logins::{LoginPlan, PlannedLogin, plan_login};
use crate::finding::{
    ADDRESS_NOT_CARRIED, Finding, LOCAL_PART_ADAPTED, LOGIN_LOCKED, ORPHANED_MAIL, QUOTA_DEFAULTED,
};
use crate::mail_findings::count;
use crate::report::{SettingOutcome, SettingReport};

/// 4 PiB.
const MOST_QUOTA: u64 = 4 << 50;

/// What a content archive holds for one mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OnDisk {
    /// Messages in all folders.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The Sieve script that is in use.
    pub sieve: Option<Vec<u8>>,
}

/// A mailbox of the account.
#[derive(Clone)]
pub(crate) struct MailboxPlan {
    /// Address on the old server.
    pub address: String,
    /// Address on the new one, where it had to change.
    pub new_address: Option<String>,
    /// Index into the account's domains.
    pub domain: usize,
    /// Local part on the new server.
    pub local: LocalPart,
    /// Its login.
    pub login: LoginPlan,
    /// Bytes; absent for no limit.
    pub quota_bytes: Option<u64>,
    /// Mail for it is refused, as Plesk refused it.
    pub refuses_mail: bool,
    /// Its filters.
    pub filters: Vec<MailboxFilter>,
    /// The Sieve script that its owner had in use.
    pub sieve: Option<Vec<u8>>,
    /// Its directory in the domain's content archives; absent when nothing was ever stored.
    pub directory: Option<Vec<u8>>,
}

/// All that planning a domain's mailboxes needs.
pub(super) struct MailboxContext<'a> {
    /// The subscription, for its limits.
    pub subscription: &'a Subscription,
    /// The domain of the backup.
    pub domain: &'a Domain,
    /// Index into the account's domains.
    pub index: usize,
    /// Mailbox directories of the domain's content archives.
    pub on_disk: &'a BTreeMap<Vec<u8>, OnDisk>,
    /// The old server's key.
    pub key: Option<&'a SecretKey>,
    /// Something that only this backup has, for salts.
    pub salt_seed: &'a [u8],
    /// Why every login of the domain is off, if it is.
    pub suspended: Option<&'a str>,
}

/// Plans the mailboxes, by local part.
pub(super) fn plan_mailboxes(
    context: &MailboxContext<'_>,
    users: &[&MailUser],
    settings: &mut Vec<SettingReport>,
    findings: &mut Vec<Finding>,
) -> Vec<MailboxPlan> {
    let mut plans: Vec<MailboxPlan> = Vec::new();
    let mut claimed: BTreeSet<Vec<u8>> = BTreeSet::new();
    let mut taken: BTreeSet<String> = users
        .iter()
        .flat_map(|user| user.aliases.iter().map(|alias| alias.to_lowercase()))
        .chain(users.iter().map(|user| user.local_part.clone()))
        .collect();
    for user in users {
        let address = format!("{}@{}", user.local_part, context.domain.ascii_name);
        let directory = find_directory(context.on_disk, &user.local_part);
        if let Some(directory) = &directory {
            claimed.insert(directory.clone());
        }
        let disk = directory.as_ref().and_then(|name| context.on_disk.get(name));
        let off = match &user.mailbox {
            Some(mailbox) => (!mailbox.enabled).then_some("the mailbox is switched off in Plesk"),
            // An address without a mailbox can still have mail from the time when it had one.
            None if disk.is_some_and(|disk| disk.messages > 0) => {
                Some("the address has no mailbox any more, and its mail is still there")
            }
            None => continue,
        };
        let Some(local) = local_part(&address, &user.local_part, &mut taken, findings) else {
            continue;
        };
        let changed = local.as_str() != user.local_part;
        // With forwards or an answer the address did take mail; that its mailbox now keeps a copy
        // is the nearest form.
        let refuses_mail = off.is_some() && !user.forwards() && !user.answers();
        let mut salt_seed = context.salt_seed.to_vec();
        salt_seed.extend(address.as_bytes());
        let login = plan_login(
            &address,
            user.password.as_ref(),
            context.key,
            salt_seed,
            off.or(context.suspended),
            findings,
        );
        let new_address =
            changed.then(|| format!("{}@{}", local.as_str(), context.domain.ascii_name));
        settings.push(SettingReport {
            object: address.clone(),
            setting: "mailbox".to_owned(),
            outcome: if changed
                || (off.is_some() && !refuses_mail)
                || (off.is_none() && context.suspended.is_some())
            {
                SettingOutcome::Adapted
            } else {
                SettingOutcome::Converted
            },
            detail: mailbox_detail(new_address.as_deref(), off, refuses_mail, context.suspended),
        });
        let quota_bytes = quota(context, user, &address, settings, findings);
        plans.push(MailboxPlan {
            address,
            new_address,
            domain: context.index,
            local,
            login,
            quota_bytes,
            refuses_mail,
            filters: Vec::new(),
            sieve: disk.and_then(|disk| disk.sieve.clone()),
            directory,
        });
    }
    let mut names: BTreeSet<String> = users
        .iter()
        .map(|user| user.local_part.clone())
        .chain(plans.iter().map(|plan| plan.local.as_str().to_owned()))
        .collect();
    // A directory that is spelled as addresses are goes before one that is not.
    let mut orphans: Vec<_> =
        context.on_disk.iter().filter(|(directory, _)| !claimed.contains(*directory)).collect();
    orphans.sort_by_key(|(directory, _)| directory.iter().any(u8::is_ascii_uppercase));
    for (directory, disk) in orphans {
        let plan = orphan(context, directory, disk, &names, &mut taken, findings);
        if let Some(plan) = plan {
            names.insert(plan.local.as_str().to_owned());
            taken.insert(plan.local.as_str().to_owned());
            plans.push(plan);
        }
    }
    plans.sort_by(|a, b| a.local.as_str().cmp(b.local.as_str()));
    plans
}

fn mailbox_detail(
    new_address: Option<&str>,
    off: Option<&str>,
    refuses_mail: bool,
    suspended: Option<&str>,
) -> String {
    let mut parts = Vec::new();
    if let Some(new) = new_address {
        parts.push(format!("becomes {new}"));
    }
    if let Some(why) = off {
        parts.push(why.to_owned());
        parts.push(
            if refuses_mail {
                "new mail is refused, as before"
            } else {
                "the address goes on forwarding or answering, and the mailbox keeps a copy"
            }
            .to_owned(),
        );
    } else if let Some(why) = suspended {
        parts.push(format!("{why}; its own login is switched off"));
    }
    parts.join("; ")
}

/// Directories are spelled in lower case, and old ones not always.
fn find_directory(on_disk: &BTreeMap<Vec<u8>, OnDisk>, local_part: &str) -> Option<Vec<u8>> {
    let exact = local_part.as_bytes();
    if on_disk.contains_key(exact) {
        return Some(exact.to_vec());
    }
    on_disk.keys().find(|name| name.eq_ignore_ascii_case(exact)).cloned()
}

/// A directory that no mail account of the metadata claims; `names` are those of other mailboxes.
fn orphan(
    context: &MailboxContext<'_>,
    directory: &[u8],
    disk: &OnDisk,
    names: &BTreeSet<String>,
    taken: &mut BTreeSet<String>,
    findings: &mut Vec<Finding>,
) -> Option<MailboxPlan> {
    let name = printable(directory);
    let address = format!("{name}@{}", context.domain.ascii_name);
    if context.subscription.complete {
        // A deleted mailbox leaves its directory behind: bringing it back would surprise.
        if disk.messages > 0 {
            findings.push(ORPHANED_MAIL.about(
                &address,
                format!(
                    "the archive holds {} ({} bytes) of a mailbox that the backup's metadata do \
                     not name; they are left out",
                    count(disk.messages, "message"),
                    disk.bytes
                ),
            ));
        }
        return None;
    }
    let wanted = std::str::from_utf8(directory).ok().map(str::to_lowercase);
    let local = wanted.as_ref().and_then(|wanted| {
        if names.contains(wanted) {
            let why = format!("`{wanted}` is another mailbox");
            nearest(&address, wanted, &why, taken, findings)
        } else {
            local_part(&address, wanted, taken, findings)
        }
    });
    let Some(local) = local else {
        findings.push(ADDRESS_NOT_CARRIED.about(
            &address,
            format!(
                "{} of a directory that is no address are left out",
                count(disk.messages, "message")
            ),
        ));
        return None;
    };
    findings.push(LOGIN_LOCKED.about(
        &address,
        "the backup's metadata are damaged and do not name this mailbox: its mail is carried, and \
         the login is locked",
    ));
    let changed = wanted.as_deref() != Some(local.as_str());
    Some(MailboxPlan {
        new_address: changed.then(|| format!("{}@{}", local.as_str(), context.domain.ascii_name)),
        domain: context.index,
        local,
        login: LoginPlan { login: PlannedLogin::Locked, suspended: false },
        quota_bytes: None,
        refuses_mail: false,
        filters: Vec::new(),
        sieve: disk.sieve.clone(),
        directory: Some(directory.to_vec()),
        address,
    })
}

/// The local part, or the nearest that cPanel takes: each byte that it refuses becomes `-`.
fn local_part(
    address: &str,
    wanted: &str,
    taken: &mut BTreeSet<String>,
    findings: &mut Vec<Finding>,
) -> Option<LocalPart> {
    match LocalPart::new(wanted) {
        Ok(local) => Some(local),
        Err(error) => {
            let why = format!("cPanel can't hold this address ({error})");
            nearest(address, wanted, &why, taken, findings)
        }
    }
}

/// The nearest name that is free.
fn nearest(
    address: &str,
    wanted: &str,
    why: &str,
    taken: &mut BTreeSet<String>,
    findings: &mut Vec<Finding>,
) -> Option<LocalPart> {
    let plain: String = wanted
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '-' })
        .collect();
    let plain = plain.trim_matches('-');
    let base = if plain.is_empty() { "mailbox" } else { plain };
    for number in 1..1000 {
        let candidate = if number == 1 { base.to_owned() } else { format!("{base}-{number}") };
        if taken.contains(&candidate) {
            continue;
        }
        if let Ok(local) = LocalPart::new(&candidate) {
            taken.insert(candidate.clone());
            findings.push(
                LOCAL_PART_ADAPTED
                    .about(address, format!("{why}; the mailbox becomes `{candidate}`")),
            );
            return Some(local);
        }
    }
    findings.push(ADDRESS_NOT_CARRIED.about(address, why));
    None
}

fn quota(
    context: &MailboxContext<'_>,
    user: &MailUser,
    address: &str,
    settings: &mut Vec<SettingReport>,
    findings: &mut Vec<Finding>,
) -> Option<u64> {
    let (bytes, detail) = match user.quota {
        MailQuota::Unlimited => (None, "no limit".to_owned()),
        // cPanel takes a quota above 4 PiB away on restore.
        MailQuota::Bytes(bytes) if bytes > MOST_QUOTA => {
            (None, format!("{bytes} bytes, which is as good as no limit"))
        }
        MailQuota::Bytes(bytes) => (Some(bytes), format!("{bytes} bytes")),
        MailQuota::Default => {
            match context.subscription.limits.get("mbox_quota").copied().map(u64::try_from) {
                Some(Ok(bytes)) if bytes <= MOST_QUOTA => {
                    findings.push(QUOTA_DEFAULTED.about(
                        address,
                        format!("no quota of its own: the subscription's {bytes} bytes are set"),
                    ));
                    (Some(bytes), format!("{bytes} bytes, from the subscription"))
                }
                _ => (None, "no limit".to_owned()),
            }
        }
    };
    settings.push(SettingReport {
        object: address.to_owned(),
        setting: "mailbox-quota".to_owned(),
        outcome: SettingOutcome::Converted,
        detail,
    });
    bytes
}
