//! A subscription's domains in cPanel's terms.

use std::collections::BTreeSet;

use cpmove::{DomainKind, DomainName};
use plesk_backup::{Domain, Hosting, Subscription};

use crate::error::Error;
use crate::finding::{CONTENT_NOT_CARRIED, DOMAIN_ADAPTED, Finding};
use crate::report::{SettingOutcome, SettingReport};

/// A domain of the account, and the one of the backup that it comes from.
#[derive(Clone, Debug)]
pub(crate) struct DomainPlan {
    /// Its name.
    pub name: DomainName,
    /// What it is to the account.
    pub kind: DomainKind,
    /// Relative to the home.
    pub document_root: String,
    /// Index into the subscription's domains: 0 the main one, then the sites. None for aliases.
    pub source: Option<usize>,
    /// Where an alias forwards the mail that it gets.
    pub forward_to: Option<DomainName>,
}

/// Plans all domains: main, add-on, subdomains, aliases.
///
/// # Errors
/// When the main domain has no name that could be written.
pub(super) fn plan_domains(
    subscription: &Subscription,
    settings: &mut Vec<SettingReport>,
    findings: &mut Vec<Finding>,
) -> Result<Vec<DomainPlan>, Error> {
    let main = DomainName::new(&subscription.domain.ascii_name).map_err(|error| {
        Error::Account { domain: subscription.domain.name.clone(), text: error.to_string() }
    })?;
    let mut plans = Vec::new();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for (index, domain) in subscription.domains().enumerate() {
        let name = match DomainName::new(&domain.ascii_name) {
            Ok(name) if taken.insert(name.as_str().to_owned()) => name,
            Ok(name) => {
                skipped(settings, findings, domain, &format!("`{}` stands twice", name.as_str()));
                continue;
            }
            Err(error) => {
                skipped(settings, findings, domain, &error.to_string());
                continue;
            }
        };
        let kind = if index == 0 {
            DomainKind::Main
        } else {
            site_kind(subscription, domain, &name, &main, findings)
        };
        if let Hosting::Forward { url } = &domain.hosting {
            findings.push(CONTENT_NOT_CARRIED.with_remedy(
                &domain.name,
                format!("the domain forwards web visitors to {url}; the redirect is not carried"),
                "set up a redirect after the restore",
            ));
        }
        let document_root = document_root(domain, index == 0);
        plans.push(DomainPlan { name, kind, document_root, source: Some(index), forward_to: None });
    }
    for (index, domain) in subscription.domains().enumerate() {
        for alias in &domain.aliases {
            let object = &alias.name;
            let mut record = |outcome, detail: String| {
                settings.push(SettingReport {
                    object: object.clone(),
                    setting: "domain-alias".to_owned(),
                    outcome,
                    detail,
                });
            };
            let name = match DomainName::new(&alias.ascii_name) {
                Ok(name) if !taken.contains(name.as_str()) => name,
                Ok(name) => {
                    record(SettingOutcome::Skipped, format!("`{}` stands twice", name.as_str()));
                    continue;
                }
                Err(error) => {
                    record(SettingOutcome::Skipped, error.to_string());
                    findings.push(DOMAIN_ADAPTED.about(object, error.to_string()));
                    continue;
                }
            };
            if !alias.status.is_enabled_itself() || !(alias.mail || alias.web) {
                record(
                    SettingOutcome::Skipped,
                    "switched off, or neither for mail nor for the web".to_owned(),
                );
                continue;
            }
            let target = DomainName::new(&domain.ascii_name).ok().filter(|_| alias.mail);
            if index > 0 && alias.web {
                findings.push(DOMAIN_ADAPTED.about(
                    object,
                    format!(
                        "an alias of {}: cPanel parks domains on the main domain, so the web shows \
                         {} there; mail goes to {}",
                        domain.name, subscription.domain.name, domain.name
                    ),
                ));
            }
            taken.insert(name.as_str().to_owned());
            record(
                SettingOutcome::Converted,
                format!(
                    "parked domain{}",
                    if target.is_some() { ", mail forwarded to the domain" } else { "" }
                ),
            );
            plans.push(DomainPlan {
                name,
                kind: DomainKind::Parked,
                document_root: "public_html".to_owned(),
                source: None,
                forward_to: target,
            });
        }
    }
    Ok(plans)
}

fn skipped(
    settings: &mut Vec<SettingReport>,
    findings: &mut Vec<Finding>,
    domain: &Domain,
    why: &str,
) {
    settings.push(SettingReport {
        object: domain.name.clone(),
        setting: "domain".to_owned(),
        outcome: SettingOutcome::Skipped,
        detail: why.to_owned(),
    });
    findings.push(DOMAIN_ADAPTED.about(&domain.name, format!("the domain is left out: {why}")));
}

/// A site is a subdomain where it can be one, else an add-on domain with a backing subdomain.
fn site_kind(
    subscription: &Subscription,
    domain: &Domain,
    name: &DomainName,
    main: &DomainName,
    findings: &mut Vec<Finding>,
) -> DomainKind {
    if let plesk_backup::DomainKind::Subdomain { parent } = &domain.kind {
        let parent = subscription
            .domains()
            .find(|other| other.name == *parent || other.ascii_name == *parent)
            .map(|other| other.ascii_name.clone());
        let label = parent
            .as_ref()
            .and_then(|parent| name.as_str().strip_suffix(parent.as_str()))
            .and_then(|rest| rest.strip_suffix('.'))
            .filter(|label| !label.is_empty());
        match (label, DomainName::new(parent.as_deref().unwrap_or_default())) {
            // cPanel's list of subdomains is split at every underscore.
            (Some(label), Ok(of)) if !label.contains('_') => {
                return DomainKind::Subdomain { label: label.to_owned(), of };
            }
            _ => findings.push(DOMAIN_ADAPTED.about(
                &domain.name,
                "a subdomain that cPanel's list of subdomains can't hold; it becomes an add-on \
                 domain",
            )),
        }
    }
    let label = name.as_str().replace('_', "-");
    match DomainName::new(&format!("{label}.{}", main.as_str())) {
        Ok(backing) => DomainKind::Addon { backing },
        // Only a name near the length limit comes here; the dots are what can be spared.
        Err(_) => DomainKind::Addon { backing: name.clone() },
    }
}

fn document_root(domain: &Domain, main: bool) -> String {
    if main {
        return "public_html".to_owned();
    }
    let root = domain.www_root.as_deref().unwrap_or_default().trim_matches('/');
    let plain = !root.is_empty()
        && root.split('/').all(|part| {
            !matches!(part, "" | "." | "..")
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
        });
    if plain && root != "mail" && root != "etc" {
        root.to_owned()
    } else {
        domain.ascii_name.clone()
    }
}
