//! The files about mail: `va/`, `vad/`, `vf/`, `domainkeys/`, and `homedir/etc/DOMAIN/`.

use std::collections::BTreeMap;

use super::home_directory;
use super::lines::line;
use super::sites::Sites;
use super::tree::Tree;
use super::{autoresponders, filters, valiases};
use crate::{Account, AccountError, Domain, DomainMail, Mailbox};

/// cPanel's restore removes quotas above this.
const LARGEST_QUOTA: u64 = 4 << 50;

/// Stands for the account's user and group in `passwd`. A restore does not replace it and nothing
/// reads it, so it is an unprivileged one (`nobody`).
const PLACEHOLDER_ID: u32 = 65_534;

const SECONDS_OF_A_DAY: i64 = 24 * 60 * 60;

pub(super) fn write(
    tree: &mut Tree,
    account: &Account,
    sites: &Sites<'_>,
) -> Result<(), AccountError> {
    // Importers lose an addon domain, or its mailboxes, if its backing subdomain has no files.
    let no_mail = DomainMail::default();
    for name in sites.names() {
        let mail = sites.domains.get(name).map_or(&no_mail, |domain| &domain.mail);
        tree.file(&format!("va/{name}"), valiases::text(account, name, mail)?);
        let forward = mail.forward_domain_to.as_ref();
        let line = forward.map_or_else(String::new, |target| format!("{name}: {target}\n"));
        tree.file(&format!("vad/{name}"), line);
        tree.file(&format!("vf/{name}"), "");
    }
    for domain in sites.domains.values() {
        autoresponders::write(tree, domain)?;
        if let Some(key) = &domain.mail.dkim {
            // The public half is made from it, and so is the record in the zone.
            tree.file(&format!("domainkeys/private/{}", domain.name), key.as_str());
        }
        if !domain.mail.mailboxes.is_empty() {
            write_mailboxes(tree, account, domain)?;
        }
    }
    Ok(())
}

fn write_mailboxes(
    tree: &mut Tree,
    account: &Account,
    domain: &Domain,
) -> Result<(), AccountError> {
    let name = &domain.name;
    let home = home_directory(account);
    let today = account.stamp / SECONDS_OF_A_DAY;
    let (mut passwd, mut shadow, mut quotas) = (String::new(), String::new(), String::new());
    for mailbox in by_name(domain)? {
        let local = &mailbox.local;
        let place = format!("{home}/mail/{name}/{local}");
        line(
            &mut passwd,
            format_args!("{local}:x:{PLACEHOLDER_ID}:{PLACEHOLDER_ID}::{place}:{home}"),
        );
        let field = mailbox.login.shadow_field();
        line(&mut shadow, format_args!("{local}:{field}:{today}::::::"));
        // No line is no limit.
        if let Some(quota) = quota(domain, mailbox)? {
            line(&mut quotas, format_args!("{local}:{quota}"));
        }
        filters::write(tree, name, mailbox)?;
    }
    tree.directory(&format!("homedir/etc/{name}"), 0o750);
    for (file, content) in [("passwd", passwd), ("quota", quotas), ("shadow", shadow)] {
        tree.file_with_mode(&format!("homedir/etc/{name}/{file}"), 0o640, content);
    }
    Ok(())
}

fn by_name(domain: &Domain) -> Result<Vec<&Mailbox>, AccountError> {
    let mut mailboxes = BTreeMap::new();
    for mailbox in &domain.mail.mailboxes {
        if mailboxes.insert(&mailbox.local, mailbox).is_some() {
            return Err(AccountError::DuplicateMailbox { address: address(domain, mailbox) });
        }
    }
    Ok(mailboxes.into_values().collect())
}

fn quota(domain: &Domain, mailbox: &Mailbox) -> Result<Option<u64>, AccountError> {
    match mailbox.quota_bytes {
        None | Some(0) => Ok(None),
        Some(quota) if quota <= LARGEST_QUOTA => Ok(Some(quota)),
        Some(quota) => Err(AccountError::QuotaTooLarge {
            address: address(domain, mailbox),
            quota,
            most: LARGEST_QUOTA,
        }),
    }
}

fn address(domain: &Domain, mailbox: &Mailbox) -> String {
    format!("{}@{}", mailbox.local, domain.name)
}
