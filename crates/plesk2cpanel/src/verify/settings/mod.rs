//! The account's files outside of its messages, read anew and held against the plan.
//!
//! What a file should say is worked out here from the plan's values and the notes on cPanel's format,
//! and not by the code that writes archives: a fault in that code would agree with itself.

mod account;
mod addresses;
mod autoresponders;
mod domains;
mod filters;
mod lines;
mod logins;
mod mailboxes;
mod skeleton;
mod spam;
mod yaml;

use std::collections::BTreeMap;

use cpmove::{Account, Domain, DomainKind, DomainName};

pub(super) use self::skeleton::DIRECTORIES;
use super::collect::Found;
use super::ledger::{Class, Ledger};
use crate::plan::AccountPlan;

/// What all comparisons of settings need.
pub(super) struct Settings<'a> {
    pub(super) plan: &'a AccountPlan,
    pub(super) account: &'a Account,
    pub(super) found: &'a Found,
    /// It is an archive, and not only the home of an account.
    pub(super) is_archive: bool,
}

/// Classes of which a home directory holds nothing.
pub(super) const NOT_IN_A_HOME: &[Class] = &[
    Class::Account,
    Class::Domain,
    Class::Routing,
    Class::Alias,
    Class::CatchAll,
    Class::DomainForward,
    Class::Dkim,
];

/// Compares everything.
pub(super) fn compare(settings: &Settings<'_>, ledger: &mut Ledger) {
    if settings.is_archive {
        skeleton::compare(settings, ledger);
        account::compare(settings, ledger);
        domains::compare(settings, ledger);
        addresses::compare(settings, ledger);
        dkim(settings, ledger);
    }
    mailboxes::compare(settings, ledger);
    filters::compare(settings, ledger);
    autoresponders::compare(settings, ledger);
    spam::compare(settings, ledger);
}

impl Settings<'_> {
    /// `/home/USER`.
    fn home(&self) -> String {
        format!("/home/{}", self.account.user)
    }

    /// Every name that mail can be sent to, the subdomains behind add-on domains included, with the
    /// domain that has it.
    fn names(&self) -> BTreeMap<&DomainName, Option<&Domain>> {
        let mut names = BTreeMap::new();
        for domain in &self.account.domains {
            names.insert(&domain.name, Some(domain));
            if let DomainKind::Addon { backing } = &domain.kind {
                names.entry(backing).or_insert(None);
            }
        }
        names
    }

    /// The text of a file that must be there, with line ends as such files have them.
    fn text(&self, class: Class, path: &str, ledger: &mut Ledger) -> Option<String> {
        let text = self.any_text(class, path, ledger)?;
        // Some programs cut them off and some take them for a part of the value.
        let plain = !text.contains("\r\n") && !text.ends_with('\r');
        ledger.check(class, path, plain, || "its lines end with carriage returns".to_owned());
        Some(text)
    }

    /// The text of a file that must be there.
    fn any_text(&self, class: Class, path: &str, ledger: &mut Ledger) -> Option<String> {
        let bytes = self.found.text(path);
        ledger.check(class, path, bytes.is_some(), || "the file is missing".to_owned());
        let bytes = bytes?;
        let text = str::from_utf8(bytes).ok();
        ledger.check(class, path, text.is_some(), || "it is no UTF-8".to_owned());
        text.map(str::to_owned)
    }
}

/// The keys, by the numbers in them and not by how their lines are broken.
fn dkim(settings: &Settings<'_>, ledger: &mut Ledger) {
    let plain = |text: &str| -> String {
        text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
    };
    let mut meant = std::collections::BTreeSet::new();
    for domain in &settings.account.domains {
        let Some(key) = &domain.mail.dkim else { continue };
        let path = format!("domainkeys/private/{}", domain.name);
        meant.insert(path.clone().into_bytes());
        let Some(text) = settings.text(Class::Dkim, &path, ledger) else { continue };
        let same = plain(&text) == plain(key.as_str());
        ledger.check(Class::Dkim, domain.name.as_str(), same, || {
            "the key is another one: signatures would not fit the record of the old one".to_owned()
        });
    }
    lines::none_beside(settings, "domainkeys/private/", &meant, Class::Dkim, ledger);
}
