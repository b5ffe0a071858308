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
    // Whatever is or will be a domain of the account: no backing subdomain may be called so.
    let mut names: BTreeSet<String> = subscription
        .domains()
        .flat_map(|domain| {
            let aliases = domain.aliases.iter().map(|alias| &alias.ascii_name);
            std::iter::once(&domain.ascii_name).chain(aliases)
        })
        .map(|name| name.to_ascii_lowercase())
        .collect();
    // A subdomain is one of a domain that is there, so that these come last.
    let mut order: Vec<_> = subscription.domains().enumerate().collect();
    order.sort_by_key(|(index, domain)| {
        *index > 0 && matches!(domain.kind, plesk_backup::DomainKind::Subdomain { .. })
    });
    for (index, domain) in order {
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
        } else if let Some(kind) = site_kind(domain, &name, &main, &plans, &mut names, findings) {
            kind
        } else {
            let why = format!("no subdomain of {} can stand behind it", main.as_str());
            skipped(settings, findings, domain, &why);
            continue;
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
    plans.sort_by_key(|plan| plan.source);
    for (index, domain) in subscription.domains().enumerate() {
        let left_out = plans.iter().all(|plan| plan.source != Some(index));
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
            if left_out {
                let why = format!("the domain {} is left out", domain.name);
                record(SettingOutcome::Skipped, why.clone());
                findings.push(DOMAIN_ADAPTED.about(object, why));
                continue;
            }
            let target = DomainName::new(&domain.ascii_name).ok().filter(|_| alias.mail);
            taken.insert(name.as_str().to_owned());
            let forwards = if target.is_some() { ", mail forwarded to the domain" } else { "" };
            if index > 0 && alias.web {
                let mail = match &target {
                    Some(_) => format!("; mail goes to {}", domain.name),
                    None => String::new(),
                };
                let why = format!(
                    "an alias of {}: cPanel parks domains on the main domain, so the web shows {} \
                     there{mail}",
                    domain.name, subscription.domain.name
                );
                record(
                    SettingOutcome::Adapted,
                    format!("parked on the main domain, whose web pages it shows{forwards}"),
                );
                findings.push(DOMAIN_ADAPTED.about(object, why));
            } else {
                record(SettingOutcome::Converted, format!("parked domain{forwards}"));
            }
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

/// A site is a subdomain where it can be one, else an add-on domain with a backing subdomain; `plans`
/// are those that it may be a subdomain of. None where the account can hold neither.
fn site_kind(
    domain: &Domain,
    name: &DomainName,
    main: &DomainName,
    plans: &[DomainPlan],
    names: &mut BTreeSet<String>,
    findings: &mut Vec<Finding>,
) -> Option<DomainKind> {
    if let plesk_backup::DomainKind::Subdomain { parent } = &domain.kind {
        let label_of = |of: &DomainName| -> Option<String> {
            let label = name.as_str().strip_suffix(of.as_str())?.strip_suffix('.')?;
            // cPanel's list of subdomains is split at every underscore.
            let fits = !label.is_empty() && !name.as_str().contains('_');
            fits.then(|| label.to_owned())
        };
        let parent = idna::domain_to_ascii(parent).unwrap_or_else(|_| parent.clone());
        let of = plans.iter().find(|plan| {
            plan.name.as_str() == parent && !matches!(plan.kind, DomainKind::Subdomain { .. })
        });
        if let Some(of) = of.map(|plan| &plan.name)
            && let Some(label) = label_of(of)
        {
            return Some(DomainKind::Subdomain { label, of: of.clone() });
        }
    }
    let backing = backing(name, main, names)?;
    names.insert(backing.as_str().to_owned());
    if matches!(domain.kind, plesk_backup::DomainKind::Subdomain { .. }) {
        findings.push(DOMAIN_ADAPTED.about(
            &domain.name,
            "a subdomain that cPanel's list of subdomains can't hold; it becomes an add-on domain",
        ));
    }
    Some(DomainKind::Addon { backing })
}

/// A free name below the main domain: made of the site's, or any where that can't be one, because it
/// is near the limit of length or has an underscore at an end.
fn backing(name: &DomainName, main: &DomainName, names: &BTreeSet<String>) -> Option<DomainName> {
    if main.as_str().contains('_') {
        return None;
    }
    let label = name.as_str().replace('_', "-");
    [label.as_str(), "site"].into_iter().find_map(|label| {
        (1..=names.len() + 1)
            .map(|number| match number {
                1 => format!("{label}.{}", main.as_str()),
                _ => format!("{label}-{number}.{}", main.as_str()),
            })
            .find(|name| !names.contains(name))
            .and_then(|name| DomainName::new(&name).ok())
    })
}

fn document_root(domain: &Domain, main: bool) -> String {
    if main {
        return "public_html".to_owned();
    }
    let root = domain.www_root.as_deref().unwrap_or_default().trim_matches('/');
    let plain = !root.is_empty()
        && root.split('/').all(|part| {
            // Files and directories of the home that are cPanel's own begin with a dot.
            !part.is_empty()
                && !part.starts_with('.')
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
        });
    if plain && !matches!(root.split('/').next(), Some("mail" | "etc")) {
        root.to_owned()
    } else {
        domain.ascii_name.clone()
    }
}
