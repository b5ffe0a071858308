//! What a mail domain has besides mailboxes and addresses: answers, filters, spam, keys, address
//! books, lists.

use cpmove::{Account, DkimKey, DomainMail, Login, Mailbox};
use plesk_backup::{Domain, MailUser};

use super::autoresponders::plan_autoresponders;
use super::extras::{Extra, Extras};
use super::filters::{Converted, ConvertedFilter, convert_script};
use super::lists::plan_lists;
use super::mailboxes::MailboxPlan;
use super::spam::Merged;
use super::{DomainPlan, address_book};
use crate::finding::{Finding, SETTING_ADAPTED, SETTING_NOT_CARRIED};
use crate::mail_findings::count;
use crate::report::{SettingOutcome, SettingReport};

/// Settings that are handled here or have nothing to carry; the rest is reported as left behind.
pub(crate) const HANDLED: &[&str] =
    &["autoresponders", "spamassassin", "addressbook", "domain-keys", "web-mail", "grey-listing"];

/// A domain's part in the plan.
pub(crate) struct MailSettings<'a> {
    pub(crate) plan: &'a DomainPlan,
    pub(crate) domain: &'a Domain,
    pub(crate) users: &'a [&'a MailUser],
    /// The private DKIM key of the backup, or why it can't be read.
    pub(crate) dkim: Option<&'a Result<Vec<u8>, String>>,
    pub(crate) lists_as_forwarders: bool,
    /// An account by which the writer is asked what it takes.
    pub(crate) scratch: Account,
}

impl MailSettings<'_> {
    /// Puts everything into the domain's mail, its mailboxes, the account's spam settings and the
    /// home.
    pub(crate) fn apply(
        &mut self,
        mail: &mut DomainMail,
        mailboxes: &mut [MailboxPlan],
        spam: &mut Merged,
        settings: &mut Vec<SettingReport>,
        findings: &mut Vec<Finding>,
        extras: &mut Extras,
    ) {
        self.scratch.main_domain = self.plan.name.clone();
        self.scratch.domains[0].name = self.plan.name.clone();
        let answers = plan_autoresponders(
            self.domain,
            self.users,
            mailboxes,
            &self.scratch,
            settings,
            findings,
            extras,
        );
        mail.autoresponders = answers.autoresponders;
        for (local, destination) in answers.redirects {
            match mail.aliases.iter_mut().find(|alias| alias.local == local) {
                Some(alias) if alias.destinations.contains(&destination) => {}
                Some(alias) => alias.destinations.push(destination),
                None => mail.aliases.push(cpmove::Alias { local, destinations: vec![destination] }),
            }
        }
        for user in self.users {
            let address = format!("{}@{}", user.local_part, self.domain.ascii_name);
            let mailbox = mailboxes.iter_mut().find(|mailbox| mailbox.address == address);
            let filter = spam.add(self.domain, user, mailbox.is_some(), findings);
            if let (Some(filter), Some(mailbox)) = (filter, mailbox) {
                mailbox.filters.push(filter);
            }
            self.address_book(user, &address, settings, extras);
        }
        for mailbox in mailboxes {
            self.sieve(mailbox, mail, settings, findings);
        }
        self.dkim(mail, settings, findings, extras);
        self.of_the_server(settings);
        plan_lists(self.domain, self.lists_as_forwarders, mail, settings, findings, extras);
    }

    fn address_book(
        &self,
        user: &MailUser,
        address: &str,
        settings: &mut Vec<SettingReport>,
        extras: &mut Extras,
    ) {
        let Some(book) = user.address_book.as_ref().filter(|book| !book.contacts.is_empty()) else {
            return;
        };
        let extra = Extra::beside(
            self.domain,
            &user.local_part,
            "addressbook.vcf",
            address_book::vcards(book),
        );
        settings.push(SettingReport {
            object: address.to_owned(),
            setting: "addressbook".to_owned(),
            outcome: SettingOutcome::Adapted,
            detail: format!(
                "{} as vCards in {}",
                count(book.contacts.len() as u64, "contact"),
                extra.path
            ),
        });
        extras.files.push(extra);
    }

    fn sieve(
        &self,
        mailbox: &mut MailboxPlan,
        mail: &mut DomainMail,
        settings: &mut Vec<SettingReport>,
        findings: &mut Vec<Finding>,
    ) {
        let Some(script) = &mailbox.sieve else { return };
        let mut scratch = self.scratch.clone();
        scratch.domains[0].mail.mailboxes = vec![Mailbox {
            local: mailbox.local.clone(),
            login: Login::Locked,
            quota_bytes: None,
            filters: mailbox.filters.clone(),
            refuses_mail: false,
        }];
        let address = mailbox.address.clone();
        let mut record = |name: String, outcome, detail: String| {
            settings.push(SettingReport {
                object: address.clone(),
                setting: format!("filter {name}"),
                outcome,
                detail,
            });
        };
        let Converted { filters, vacation, mut left } =
            match convert_script(script, mailbox.local.as_str(), &scratch) {
                Ok(filters) => filters,
                Err(error) => {
                    findings.push(SETTING_NOT_CARRIED.about(
                        &address,
                        format!("the Sieve script can't be read ({error}); it is kept in the home"),
                    ));
                    record("script".to_owned(), SettingOutcome::Skipped, error);
                    return;
                }
            };
        for ConvertedFilter { filter, change } in &filters {
            let odd = filter.actions.iter().any(
                |action| matches!(action, cpmove::Action::Save(folder) if folder.contains('&')),
            );
            if odd {
                findings.push(SETTING_ADAPTED.with_remedy(
                    &address,
                    format!(
                        "the filter `{}` files mail into a folder whose name is not plain ASCII: it \
                         works as it is written, and no more once it is saved on cPanel's pages",
                        filter.name
                    ),
                    "tell the owner not to edit this filter, or to choose a folder with a plain name",
                ));
            }
            match change {
                None => {
                    let state = if filter.enabled { "" } else { "switched off, as it was" };
                    record(filter.name.clone(), SettingOutcome::Converted, state.to_owned());
                }
                Some(change) => {
                    record(filter.name.clone(), SettingOutcome::Adapted, change.clone());
                    findings.push(
                        SETTING_ADAPTED
                            .about(&address, format!("the filter `{}`: {change}", filter.name)),
                    );
                }
            }
        }
        mailbox.filters.extend(filters.into_iter().map(|converted| converted.filter));
        if let Some(answer) = vacation {
            if mail.autoresponders.iter().any(|other| other.local == answer.local) {
                left.push((
                    "vacation".to_owned(),
                    "the address has an autoresponder already".to_owned(),
                    answer.body,
                ));
            } else {
                record(
                    "vacation".to_owned(),
                    SettingOutcome::Adapted,
                    "an autoresponder".to_owned(),
                );
                mail.autoresponders.push(answer);
            }
        }
        for (name, why, text) in left {
            let has_rest = mailbox.filters.iter().any(|filter| filter.name == name);
            findings.push(SETTING_NOT_CARRIED.with_remedy(
                &address,
                format!(
                    "the filter `{name}` can't be said in cPanel's terms ({why}): {}",
                    text.trim()
                ),
                "make the filter by hand after the restore; the script is kept in the home",
            ));
            // What is left of it as a filter has its line already.
            if !has_rest {
                record(name, SettingOutcome::Skipped, why);
            }
        }
    }

    fn dkim(
        &self,
        mail: &mut DomainMail,
        settings: &mut Vec<SettingReport>,
        findings: &mut Vec<Finding>,
        extras: &mut Extras,
    ) {
        let Some(dkim) = self.domain.mail.as_ref().and_then(|mail| mail.dkim.as_ref()) else {
            return;
        };
        let bytes = self.dkim.and_then(|key| key.as_ref().ok());
        let key = self.dkim.map(|key| {
            key.as_ref()
                .map_err(Clone::clone)
                .and_then(|bytes| std::str::from_utf8(bytes).map_err(|error| error.to_string()))
                .and_then(|pem| DkimKey::new(pem).map_err(|error| error.to_string()))
        });
        let (outcome, mut detail) = match key {
            Some(Ok(key)) if dkim.enabled => {
                mail.dkim = Some(key);
                (
                    SettingOutcome::Converted,
                    "the same key: the record of the selector default stays right".to_owned(),
                )
            }
            Some(Ok(_)) | None if !dkim.enabled => {
                (SettingOutcome::Skipped, "mail was not signed".to_owned())
            }
            Some(Err(why)) => {
                (SettingOutcome::Skipped, format!("the backup's key can't be used: {why}"))
            }
            _ => (SettingOutcome::Skipped, "the backup does not hold the key".to_owned()),
        };
        // cPanel signs as soon as a key lies in its place.
        if let Some(bytes) = bytes.filter(|_| outcome == SettingOutcome::Skipped) {
            let extra = Extra::of_domain(self.domain, "domainkey.pem", bytes.clone());
            detail = format!("{detail}; the key is kept in the home as {}", extra.path);
            extras.files.push(extra);
        }
        if dkim.enabled && outcome == SettingOutcome::Skipped {
            findings.push(SETTING_NOT_CARRIED.with_remedy(
                &self.domain.name,
                format!("DKIM: {detail}"),
                "let cPanel make a new key after the restore, and publish its record",
            ));
        }
        settings.push(SettingReport {
            object: self.domain.name.clone(),
            setting: "domain-keys".to_owned(),
            outcome,
            detail,
        });
    }

    /// Settings that are the server's on the new side.
    fn of_the_server(&self, settings: &mut Vec<SettingReport>) {
        let Some(system) = &self.domain.mail else { return };
        let mut adapted = |setting: &str, detail: String| {
            settings.push(SettingReport {
                object: self.domain.name.clone(),
                setting: setting.to_owned(),
                outcome: SettingOutcome::Adapted,
                detail,
            });
        };
        if let Some(web_mail) = &system.web_mail {
            adapted("web-mail", format!("{web_mail}: every mailbox has cPanel's own webmail"));
        }
        if let Some(on) = system.grey_listing {
            let word = if on { "on" } else { "off" };
            adapted("grey-listing", format!("{word}: cPanel has it for the whole server"));
        }
    }
}
