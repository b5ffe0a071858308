//! From a subscription to a cPanel account: a pure function, with no file, clock or chance in it.
//!
//! `inspect` shows the plan, `convert` carries it out, and the report is the plan with counts.

mod address_book;
mod addresses;
mod autoresponders;
mod domains;
mod extras;
mod filters;
mod lists;
mod logins;
mod mail_settings;
mod mailboxes;
mod names;
mod spam;

use std::collections::BTreeMap;

use cpmove::{Account, Destination, DomainMail, MailRouting, Mailbox};
use plesk_backup::{Description, SecretKey, Status, Subscription};
use rayon::prelude::*;

pub(crate) use domains::DomainPlan;
pub(crate) use extras::{Extra, Extras};
pub(crate) use logins::{LoginPlan, PlannedLogin};
pub(crate) use mailboxes::{MailboxPlan, OnDisk};
pub(crate) use names::{AccountName, account_names, known_domains};

use crate::error::Error;
use crate::finding::{CONTENT_NOT_CARRIED, Finding, MAIL_ROUTING, SETTING_NOT_CARRIED};
use crate::mail_findings::{count, some};
use crate::report::{SettingOutcome, SettingReport};

/// A disk quota that no disk has; beyond it, blocks of 1 KiB overflow somewhere.
const MOST_MEGABYTES: u64 = 1 << 40;

/// The mailbox directories that a subscription's content archives hold, by the index of the domain.
pub(crate) type DiskFacts = Vec<BTreeMap<Vec<u8>, OnDisk>>;

/// An account as it will be written.
pub(crate) struct AccountPlan {
    /// Main domain, as displayed.
    pub domain: String,
    /// The account, its mailboxes still without credentials.
    account: Account,
    /// Domains of the account.
    pub domains: Vec<DomainPlan>,
    /// Mailboxes by domain and local part.
    pub mailboxes: Vec<MailboxPlan>,
    /// Files that are made for the home.
    pub extras: Vec<Extra>,
    /// Members of all mailing lists as a table, for beside the archive.
    pub list_members: Option<String>,
    /// The login of the account itself.
    login: LoginPlan,
    /// What became of each setting.
    pub settings: Vec<SettingReport>,
    /// What was changed, left out or assumed.
    pub findings: Vec<Finding>,
}

impl AccountPlan {
    /// Seconds since 1970 that stand for the time of the backup wherever one is needed.
    pub(crate) fn stamp(&self) -> i64 {
        self.account.stamp
    }

    /// The account as planned, without its mailboxes and credentials.
    pub(crate) fn planned(&self) -> &Account {
        &self.account
    }

    /// The login of the account itself.
    pub(crate) fn login(&self) -> &LoginPlan {
        &self.login
    }

    /// The account with its credentials; hashes on the current thread pool.
    ///
    /// # Errors
    /// When a password can't be hashed.
    pub(crate) fn account(&self) -> Result<Account, Error> {
        let failed = |text| Error::Account { domain: self.domain.clone(), text };
        let mut account = self.account.clone();
        account.password = self.login.to_login().map_err(failed)?;
        let logins: Vec<_> =
            self.mailboxes.par_iter().map(|mailbox| mailbox.login.to_login()).collect();
        for (plan, login) in self.mailboxes.iter().zip(logins) {
            account.domains[plan.domain].mail.mailboxes.push(Mailbox {
                local: plan.local.clone(),
                login: login.map_err(failed)?,
                quota_bytes: plan.quota_bytes,
                filters: plan.filters.clone(),
                refuses_mail: plan.refuses_mail,
            });
        }
        Ok(account)
    }
}

/// What planning needs besides the subscription.
pub(crate) struct Context<'a> {
    /// The whole backup's description.
    pub description: &'a Description,
    /// The account's name.
    pub name: &'a AccountName,
    /// The old server's key.
    pub key: Option<&'a SecretKey>,
    /// What the content archives hold.
    pub on_disk: &'a DiskFacts,
    /// Private DKIM keys by the index of the domain, or why one can't be read.
    pub dkim: &'a [Option<Result<Vec<u8>, String>>],
    /// Make a group of forwards of each mailing list.
    pub lists_as_forwarders: bool,
}

/// Plans one subscription.
///
/// # Errors
/// When it can't be an account at all.
pub(crate) fn plan_account(
    subscription: &Subscription,
    context: &Context<'_>,
) -> Result<AccountPlan, Error> {
    let mut settings = Vec::new();
    let mut findings: Vec<Finding> = context.name.finding.clone().into_iter().collect();
    let domains = domains::plan_domains(subscription, &mut settings, &mut findings)?;
    let stamp = stamp_of(subscription, context.description).map_or(0, plesk_backup::Stamp::epoch);
    let salt_seed = salt_seed(subscription, context.description);

    let mut spam = spam::Merged::default();
    let mut extras = Extras::default();
    let mut mailboxes = Vec::new();
    let mut account_domains = Vec::new();
    let all: Vec<_> = subscription.domains().collect();
    let nothing = BTreeMap::new();
    for (index, plan) in domains.iter().enumerate() {
        let mut mail = DomainMail {
            routing: MailRouting::Auto,
            mailboxes: Vec::new(),
            aliases: Vec::new(),
            default: cpmove::CatchAll::default(),
            forward_domain_to: plan.forward_to.clone(),
            autoresponders: Vec::new(),
            dkim: None,
        };
        if let Some(source) = plan.source {
            let domain = all[source];
            let off = mail_off(subscription, domain);
            if let Some(system) = &domain.mail {
                settings.push(mail_service(subscription, domain, system, off));
            }
            if let Some(system) = &domain.mail
                && !system.status.is_enabled_itself()
            {
                mail.routing = MailRouting::Remote;
                findings.push(MAIL_ROUTING.about(
                    &domain.name,
                    "mail was switched off for this domain: mail for it is routed to where its MX \
                     points, not to this account",
                ));
            }
            let users = &addresses::users_once(domain, &mut settings, &mut findings);
            let mailbox_context = mailboxes::MailboxContext {
                subscription,
                domain,
                index,
                on_disk: context.on_disk.get(source).unwrap_or(&nothing),
                key: context.key,
                salt_seed: &salt_seed,
                suspended: off,
            };
            let mut planned =
                mailboxes::plan_mailboxes(&mailbox_context, users, &mut settings, &mut findings);
            mail.aliases =
                addresses::plan_addresses(domain, users, &planned, &mut settings, &mut findings);
            mail.default = addresses::plan_catch_all(domain, &mut settings, &mut findings);
            let scratch = Account::new(context.name.user.clone(), plan.name.clone(), stamp.max(0));
            let mut mail_settings = mail_settings::MailSettings {
                plan,
                domain,
                users,
                dkim: context.dkim.get(source).and_then(Option::as_ref),
                lists_as_forwarders: context.lists_as_forwarders,
                scratch: scratch.clone(),
            };
            mail_settings.apply(
                &mut mail,
                &mut planned,
                &mut spam,
                &mut settings,
                &mut findings,
                &mut extras,
            );
            addresses::keep_writable(&mut mail.aliases, &scratch, domain, &mut findings);
            mailboxes.extend(planned);
        } else if plan.forward_to.is_none() {
            // An alias for the web alone: Plesk took no mail for it, and sent mail to its MX.
            mail.routing = MailRouting::Remote;
            findings.push(MAIL_ROUTING.about(
                plan.name.as_str(),
                "the domain alias is for the web alone: mail for it is routed to where its MX \
                 points, not to this account",
            ));
        }
        account_domains.push(cpmove::Domain {
            name: plan.name.clone(),
            kind: plan.kind.clone(),
            document_root: plan.document_root.clone(),
            mail,
        });
    }
    not_carried(subscription, &mut settings, &mut findings);

    let system_user = subscription.system_user.as_ref();
    let mut seed = salt_seed;
    seed.extend(b"system user");
    let login = logins::plan_login(
        &format!("account {}", context.name.user.as_str()),
        system_user.and_then(|user| user.password.as_ref()),
        context.key,
        seed,
        None,
        &mut findings,
    );
    let account = Account {
        user: context.name.user.clone(),
        main_domain: domains[0].name.clone(),
        domains: account_domains,
        created: subscription.created.as_deref().and_then(crate::time::date).unwrap_or(stamp),
        stamp,
        contact_email: subscription
            .owner_email
            .clone()
            .filter(|address| Destination::address(address).is_ok()),
        ip: subscription
            .ip_addresses
            .iter()
            .find(|address| address.parse::<std::net::Ipv4Addr>().is_ok())
            .cloned(),
        owner: "root".to_owned(),
        plan: None,
        password: cpmove::Login::Locked,
        shell: "/usr/local/cpanel/bin/noshell".to_owned(),
        disk_quota_megabytes: subscription
            .limits
            .get("disk_space")
            .and_then(|bytes| u64::try_from(*bytes).ok())
            .map(|bytes| bytes.div_ceil(1 << 20).min(MOST_MEGABYTES))
            .filter(|megabytes| *megabytes > 0),
        suspended: match &subscription.status {
            Status::Disabled { by } if !subscription.status.is_enabled_itself() => Some(format!(
                "suspended in Plesk by {}",
                if by.is_empty() { "somebody".to_owned() } else { by.join(", ") }
            )),
            _ => None,
        },
        spam: spam.finish(context.name.user.as_str(), &mut settings, &mut findings),
    };
    Ok(AccountPlan {
        domain: subscription.domain.name.clone(),
        account,
        domains,
        mailboxes,
        list_members: (!extras.list_members.is_empty())
            .then(|| format!("{}{}", lists::TABLE_HEAD, extras.list_members)),
        extras: extras.files,
        login,
        settings,
        findings,
    })
}

/// What becomes of a domain's mail service as a whole; `off` says why nobody can log in there.
fn mail_service(
    subscription: &Subscription,
    domain: &plesk_backup::Domain,
    system: &plesk_backup::MailSystem,
    off: Option<&str>,
) -> SettingReport {
    let (outcome, detail) = if !system.status.is_enabled_itself() {
        let detail = "off: mail for it goes where the MX points, and the mailboxes are kept";
        (SettingOutcome::Adapted, detail.to_owned())
    } else if let Some(why) = off {
        let mail = if subscription.status.is_enabled_itself() {
            "new mail is stored"
        } else {
            "the account is suspended"
        };
        let detail = format!("{why}: the logins are switched off, and {mail}");
        (SettingOutcome::Adapted, detail)
    } else {
        (SettingOutcome::Converted, "on".to_owned())
    };
    SettingReport { object: domain.name.clone(), setting: "mail".to_owned(), outcome, detail }
}

/// Why nobody can log in to a domain's mailboxes, if so.
fn mail_off(subscription: &Subscription, domain: &plesk_backup::Domain) -> Option<&'static str> {
    if !subscription.status.is_enabled_itself() {
        Some("the subscription was suspended in Plesk")
    } else if !domain.status.is_enabled_itself() {
        Some("the domain was suspended in Plesk")
    } else if domain.mail.as_ref().is_some_and(|mail| !mail.status.is_enabled_itself()) {
        Some("mail was switched off for the domain in Plesk")
    } else {
        None
    }
}

/// The time of the backup: a tree may hold several dumps, and each subscription is of one.
fn stamp_of<'a>(
    subscription: &'a Subscription,
    description: &'a Description,
) -> Option<&'a plesk_backup::Stamp> {
    subscription.dump.as_ref().or(description.stamp.as_ref())
}

/// Something that this backup has and no other, so that salts differ between customers, and that
/// is no secret.
fn salt_seed(subscription: &Subscription, description: &Description) -> Vec<u8> {
    let mut seed = b"plesk2cpanel login\0".to_vec();
    for part in [
        description.server_name.as_deref(),
        subscription.guid.as_deref(),
        Some(subscription.domain.ascii_name.as_str()),
        stamp_of(subscription, description).map(plesk_backup::Stamp::as_str),
    ] {
        seed.extend(part.unwrap_or_default().as_bytes());
        seed.push(0);
    }
    seed
}

/// Settings that are present and say that there is nothing.
fn is_off(setting: &plesk_backup::Setting) -> bool {
    matches!((setting.name.as_str(), setting.value.as_str()), ("virusfilter", "state=none"))
}

/// Kinds of content beside mailboxes that come along.
const CARRIED: &[&str] = &["key", "domainmaillist"];

/// Names what the backup has and this program leaves behind.
fn not_carried(
    subscription: &Subscription,
    settings: &mut Vec<SettingReport>,
    findings: &mut Vec<Finding>,
) {
    let mut by_name: BTreeMap<String, u64> = BTreeMap::new();
    let mut skip = |object: String, setting: &plesk_backup::Setting| {
        if mail_settings::HANDLED.contains(&setting.name.as_str()) {
            return;
        }
        if is_off(setting) {
            settings.push(SettingReport {
                object,
                setting: setting.name.clone(),
                outcome: SettingOutcome::Converted,
                detail: format!("{}: off, as on a new account", setting.value),
            });
            return;
        }
        *by_name.entry(setting.name.clone()).or_default() += 1;
        settings.push(SettingReport {
            object,
            setting: setting.name.clone(),
            outcome: SettingOutcome::Skipped,
            detail: setting.value.clone(),
        });
    };
    for domain in subscription.domains() {
        let Some(mail) = &domain.mail else { continue };
        for setting in &mail.settings {
            skip(domain.name.clone(), setting);
        }
        for user in &mail.mailusers {
            for setting in &user.settings {
                skip(format!("{}@{}", user.local_part, domain.ascii_name), setting);
            }
        }
    }
    if !by_name.is_empty() {
        let list = by_name.iter().map(|(name, times)| format!("{name} ({times})"));
        findings.push(SETTING_NOT_CARRIED.about(
            &subscription.domain.name,
            format!(
                "{} not carried; the report's list of settings has each: {}",
                if by_name.len() == 1 {
                    "1 kind of mail setting is".to_owned()
                } else {
                    format!("{} kinds of mail settings are", by_name.len())
                },
                some(list)
            ),
        ));
    }
    let mut left: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    // Keys and the archives of lists have their own lines in the report.
    let others = subscription
        .other_content
        .iter()
        .filter(|content| !CARRIED.contains(&content.kind.as_str()));
    for content in others {
        let entry = left.entry(content.kind.clone()).or_default();
        entry.0 += 1;
        // The sizes are what the metadata claim, and may be anything.
        let sizes = content.files.iter().filter_map(|file| file.size);
        entry.1 = sizes.fold(entry.1, u64::saturating_add);
        settings.push(SettingReport {
            object: subscription.domain.name.clone(),
            setting: format!("content {}", content.kind),
            outcome: SettingOutcome::Skipped,
            detail: content
                .files
                .iter()
                .map(|file| file.name.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        });
    }
    for (name, number) in &subscription.counts {
        settings.push(SettingReport {
            object: subscription.domain.name.clone(),
            setting: name.clone(),
            outcome: SettingOutcome::Skipped,
            detail: number.to_string(),
        });
    }
    let mut parts: Vec<String> = left
        .iter()
        .map(|(kind, (number, bytes))| {
            format!("{kind} ({}, {bytes} bytes packed)", count(*number, "archive"))
        })
        .collect();
    parts.extend(subscription.counts.iter().map(|(name, number)| format!("{name} ({number})")));
    if !parts.is_empty() {
        findings.push(CONTENT_NOT_CARRIED.about(
            &subscription.domain.name,
            format!("besides mail the backup holds: {}", parts.join(", ")),
        ));
    }
}

#[cfg(test)]
mod tests;
