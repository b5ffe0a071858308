//! The domains of an account, sorted by what they are.

use std::collections::{BTreeMap, BTreeSet};

use super::check;
use crate::{Account, AccountError, Domain, DomainKind, DomainName};

/// A web site of its own: cPanel calls all of them but the main one subdomains.
pub(super) struct Site<'a> {
    /// The name of the virtual host.
    pub(super) host: &'a DomainName,
    /// The label and the parent of the subdomain.
    pub(super) label: &'a str,
    pub(super) parent: &'a DomainName,
    /// The addon domain that it backs.
    pub(super) addon: Option<&'a Domain>,
    pub(super) document_root: &'a str,
}

/// Everything checked: names are unique, subdomains can be said.
pub(super) struct Sites<'a> {
    pub(super) main: &'a Domain,
    /// By name of the host.
    pub(super) subdomains: Vec<Site<'a>>,
    /// By name.
    pub(super) parked: Vec<&'a Domain>,
    /// All domains by name; without the backing subdomains.
    pub(super) domains: BTreeMap<&'a DomainName, &'a Domain>,
}

impl<'a> Sites<'a> {
    pub(super) fn of(account: &'a Account) -> Result<Sites<'a>, AccountError> {
        let main = main_domain(account)?;
        let mut names = BTreeSet::new();
        let backings = account.domains.iter().filter_map(|domain| match &domain.kind {
            DomainKind::Addon { backing } => Some(backing),
            _ => None,
        });
        for name in account.domains.iter().map(|domain| &domain.name).chain(backings) {
            if !names.insert(name) {
                return Err(AccountError::DuplicateDomain { domain: name.clone() });
            }
        }
        let domains: BTreeMap<_, _> =
            account.domains.iter().map(|domain| (&domain.name, domain)).collect();
        let mut subdomains = Vec::new();
        let mut parked = Vec::new();
        for domain in domains.values().copied() {
            match &domain.kind {
                DomainKind::Main => check::document_root(&domain.document_root)?,
                DomainKind::Parked => parked.push(domain),
                DomainKind::Addon { backing } => subdomains.push(addon(main, domain, backing)?),
                DomainKind::Subdomain { label, of } => {
                    subdomains.push(subdomain(&domains, domain, label, of)?);
                }
            }
        }
        subdomains.sort_by_key(|site| site.host);
        Ok(Sites { main, subdomains, parked, domains })
    }

    /// All names that need files of their own, the backing subdomains included, by name.
    pub(super) fn names(&self) -> BTreeSet<&'a DomainName> {
        self.domains.keys().copied().chain(self.subdomains.iter().map(|site| site.host)).collect()
    }
}

fn main_domain(account: &Account) -> Result<&Domain, AccountError> {
    let mains: Vec<&Domain> =
        account.domains.iter().filter(|domain| domain.kind == DomainKind::Main).collect();
    if let Some(other) = mains.iter().find(|domain| domain.name != account.main_domain) {
        let (main, domain) = (account.main_domain.clone(), other.name.clone());
        return Err(AccountError::SecondMainDomain { main, domain });
    }
    if let [main] = mains.as_slice() {
        return Ok(main);
    }
    Err(AccountError::MainDomain { main: account.main_domain.clone(), count: mains.len() })
}

fn addon<'a>(
    main: &'a Domain,
    domain: &'a Domain,
    backing: &'a DomainName,
) -> Result<Site<'a>, AccountError> {
    let label = backing
        .as_str()
        .strip_suffix(main.name.as_str())
        .and_then(|front| front.strip_suffix('.'))
        .ok_or_else(|| AccountError::BackingElsewhere {
            domain: domain.name.clone(),
            backing: backing.clone(),
            main: main.name.clone(),
        })?;
    site(backing, label, &main.name, Some(domain), &domain.document_root)
}

fn subdomain<'a>(
    domains: &BTreeMap<&'a DomainName, &'a Domain>,
    domain: &'a Domain,
    label: &'a str,
    of: &'a DomainName,
) -> Result<Site<'a>, AccountError> {
    let parent_is_ours =
        domains.get(of).is_some_and(|parent| !matches!(parent.kind, DomainKind::Subdomain { .. }));
    if !parent_is_ours || domain.name.as_str() != format!("{label}.{of}") {
        return Err(AccountError::NotASubdomain {
            domain: domain.name.clone(),
            label: label.to_owned(),
            of: of.clone(),
        });
    }
    site(&domain.name, label, of, None, &domain.document_root)
}

/// cPanel's lists say `label_parent`, are cut at every underscore, and only the first two pieces
/// count: neither half may hold one.
fn site<'a>(
    host: &'a DomainName,
    label: &'a str,
    parent: &'a DomainName,
    addon: Option<&'a Domain>,
    document_root: &'a str,
) -> Result<Site<'a>, AccountError> {
    if label.contains('_') || parent.as_str().contains('_') {
        return Err(AccountError::Underscore { label: label.to_owned(), of: parent.clone() });
    }
    check::document_root(document_root)?;
    Ok(Site { host, label, parent, addon, document_root })
}
