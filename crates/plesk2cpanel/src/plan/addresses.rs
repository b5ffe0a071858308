//! A domain's aliases, forwards and catch-all as lines of its valiases file.

use std::collections::{BTreeMap, BTreeSet};

use cpmove::{Account, Alias, CatchAll, Destination};
use plesk_backup::{Domain, MailUser};

use super::mailboxes::MailboxPlan;
use crate::finding::{ADDRESS_NOT_CARRIED, Finding};
use crate::report::{SettingOutcome, SettingReport};

/// What an unknown address is told where the backup has no text of its own.
const NO_SUCH_USER: &str = "No Such User Here";

/// A domain's addresses, each once: names that differ in capitals alone are one address, and the
/// first entry counts for everything that is planned.
pub(super) fn users_once<'a>(
    domain: &'a Domain,
    settings: &mut Vec<SettingReport>,
    findings: &mut Vec<Finding>,
) -> Vec<&'a MailUser> {
    let mut seen = BTreeSet::new();
    let mut users = Vec::new();
    for user in domain.mail.iter().flat_map(|mail| &mail.mailusers) {
        if seen.insert(&user.local_part) {
            users.push(user);
            continue;
        }
        let address = format!("{}@{}", user.local_part, domain.ascii_name);
        let why = format!("`{}` stands twice in the backup; the first entry counts", user.name);
        settings.push(SettingReport {
            object: address.clone(),
            setting: "mailbox".to_owned(),
            outcome: SettingOutcome::Skipped,
            detail: why.clone(),
        });
        findings.push(ADDRESS_NOT_CARRIED.with_remedy(
            &address,
            why,
            "compare the mailbox's settings with the old server",
        ));
    }
    users
}

/// Aliases and forwards of a domain, by local part.
pub(super) fn plan_addresses(
    domain: &Domain,
    users: &[&MailUser],
    mailboxes: &[MailboxPlan],
    settings: &mut Vec<SettingReport>,
    findings: &mut Vec<Finding>,
) -> Vec<Alias> {
    let mut lines: BTreeMap<String, Vec<Destination>> = BTreeMap::new();
    for user in users {
        let address = format!("{}@{}", user.local_part, domain.ascii_name);
        let mailbox = mailboxes.iter().find(|mailbox| mailbox.address == address);
        let target =
            mailbox.and_then(|mailbox| mailbox.new_address.clone()).unwrap_or(address.clone());
        let local = mailbox.map_or(user.local_part.as_str(), |mailbox| mailbox.local.as_str());
        let forwards = forwards(domain, user, local, settings, findings);
        if !forwards.is_empty() {
            lines.entry(local.to_owned()).or_default().extend(forwards.clone());
        }
        if let Some(new) = mailbox.and_then(|mailbox| mailbox.new_address.as_ref()) {
            // The mailbox had to take another name; mail for the old one still gets there.
            match Alias::check_local(&user.local_part) {
                Ok(()) => {
                    let alias = Destination::Address(new.clone());
                    lines.entry(user.local_part.clone()).or_default().push(alias);
                }
                Err(error) => findings.push(ADDRESS_NOT_CARRIED.about(
                    &address,
                    format!("the mailbox becomes {new}, and mail for the old address is not taken: {error}"),
                )),
            }
        }
        let reachable = mailbox.is_some() || !forwards.is_empty() || user.answers();
        for alias in &user.aliases {
            let local = alias.to_lowercase();
            let mut record = |outcome, detail: String| {
                settings.push(SettingReport {
                    object: address.clone(),
                    setting: "alias".to_owned(),
                    outcome,
                    detail,
                });
            };
            if !reachable {
                record(
                    SettingOutcome::Skipped,
                    format!(
                        "{local}: the address itself neither stores, forwards nor answers mail"
                    ),
                );
            } else if let Err(error) = Alias::check_local(&local) {
                record(SettingOutcome::Skipped, format!("{local}: {error}"));
                findings.push(ADDRESS_NOT_CARRIED.about(
                    format!("{local}@{}", domain.ascii_name),
                    format!("an alias of {address} that cPanel can't hold: {error}"),
                ));
            } else {
                record(SettingOutcome::Converted, local.clone());
                lines.entry(local).or_default().push(Destination::Address(target.clone()));
            }
        }
    }
    lines
        .into_iter()
        .map(|(local, mut destinations)| {
            let mut known = BTreeSet::new();
            destinations.retain(|destination| known.insert(format!("{destination:?}")));
            Alias { local, destinations }
        })
        .collect()
}

/// Leaves out every line that the writer does not take, so that it costs itself alone.
pub(super) fn keep_writable(
    aliases: &mut Vec<Alias>,
    scratch: &Account,
    domain: &Domain,
    findings: &mut Vec<Finding>,
) {
    aliases.retain(|alias| {
        let mut account = scratch.clone();
        account.domains[0].mail.aliases = vec![alias.clone()];
        match cpmove::account_members(&account) {
            Ok(_) => true,
            Err(error) => {
                findings.push(ADDRESS_NOT_CARRIED.about(
                    format!("{}@{}", alias.local, domain.ascii_name),
                    format!("the address and what it leads to are left out: {error}"),
                ));
                false
            }
        }
    });
}

/// Where a forward of a user goes; `local` is the name that its line would have.
fn forwards(
    domain: &Domain,
    user: &MailUser,
    local: &str,
    settings: &mut Vec<SettingReport>,
    findings: &mut Vec<Finding>,
) -> Vec<Destination> {
    let address = format!("{}@{}", user.local_part, domain.ascii_name);
    let no_line = Alias::check_local(local).err();
    let mut destinations = Vec::new();
    for target in &user.forwarding.targets {
        let mut record = |outcome, detail: String| {
            settings.push(SettingReport {
                object: address.clone(),
                setting: "forwarding".to_owned(),
                outcome,
                detail,
            });
        };
        // Plesk keeps the targets of a forward that is switched off.
        if !user.forwarding.enabled {
            record(SettingOutcome::Skipped, format!("{target}: switched off in Plesk"));
            continue;
        }
        let full = full_address(domain, target);
        if let Some(error) = &no_line {
            record(SettingOutcome::Skipped, format!("{full}: the address can't forward: {error}"));
            findings.push(ADDRESS_NOT_CARRIED.about(
                &address,
                format!("it forwards to `{full}`, which can't be set up for it: {error}"),
            ));
            continue;
        }
        if full.eq_ignore_ascii_case(&address) {
            record(SettingOutcome::Skipped, format!("{full}: the mailbox itself"));
            continue;
        }
        match Destination::address(&full) {
            Ok(destination) => {
                record(SettingOutcome::Converted, full);
                destinations.push(destination);
            }
            Err(error) => {
                record(SettingOutcome::Skipped, format!("{full}: {error}"));
                findings.push(ADDRESS_NOT_CARRIED.about(
                    &address,
                    format!("it forwards to `{full}`, which can't be written: {error}"),
                ));
            }
        }
    }
    destinations
}

/// A target as it is sent to: one without a domain is of the address's own.
pub(super) fn full_address(domain: &Domain, target: &str) -> String {
    let target = target.trim();
    if target.contains('@') {
        ascii_address(target)
    } else {
        format!("{target}@{}", domain.ascii_name)
    }
}

/// An address with its domain as it is sent: punycode where it is displayed in Unicode.
fn ascii_address(address: &str) -> String {
    let ascii = address
        .rsplit_once('@')
        .and_then(|(local, domain)| Some((local, idna::domain_to_ascii(domain).ok()?)));
    ascii.map_or_else(|| address.to_owned(), |(local, domain)| format!("{local}@{domain}"))
}

/// A bounce text as an SMTP reply can carry it: one line of ASCII without quotes.
fn refusal_text(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars()
        .filter(|letter| !matches!(letter, '"' | '\\'))
        .map(|letter| if letter.is_ascii_graphic() || letter == ' ' { letter } else { '?' })
        .collect()
}

/// What happens to mail for addresses that do not exist.
pub(super) fn plan_catch_all(
    domain: &Domain,
    settings: &mut Vec<SettingReport>,
    findings: &mut Vec<Finding>,
) -> CatchAll {
    let Some(text) = domain.mail.as_ref().and_then(|mail| mail.catch_all.as_deref()) else {
        return CatchAll::Reject { text: NO_SUCH_USER.to_owned() };
    };
    let text = text.trim();
    let reject = || CatchAll::Reject { text: NO_SUCH_USER.to_owned() };
    let (catch_all, outcome, detail) = if text.is_empty() || text == "reject" {
        (reject(), SettingOutcome::Converted, "unknown addresses are refused".to_owned())
    } else if let Some(message) = text.strip_prefix("bounce:") {
        let message = refusal_text(message);
        let message = if message.is_empty() { NO_SUCH_USER.to_owned() } else { message };
        (
            CatchAll::Reject { text: message.clone() },
            SettingOutcome::Adapted,
            format!("bounced with a text; cPanel refuses with it at once: {message}"),
        )
    } else if text == "discard" {
        (CatchAll::Discard, SettingOutcome::Converted, "mail is thrown away".to_owned())
    } else if let Ok(Destination::Address(address)) = Destination::address(&ascii_address(text)) {
        (CatchAll::Address(address.clone()), SettingOutcome::Converted, address)
    } else {
        findings.push(ADDRESS_NOT_CARRIED.with_remedy(
            &domain.name,
            format!("the catch-all `{text}` is not understood; unknown addresses are refused"),
            "set the default address of the domain after the restore",
        ));
        (reject(), SettingOutcome::Skipped, format!("not understood: {text}"))
    };
    settings.push(SettingReport {
        object: domain.name.clone(),
        setting: "catch-all".to_owned(),
        outcome,
        detail,
    });
    catch_all
}
