//! Subscriptions as they were before Plesk 10: one domain each.

use crate::layout::{Layout, Mail};
use crate::spec::{DatabaseSpec, DomainAliasSpec, Hosting, PasswordSpec, SiteSpec};

/// A domain with everything that belongs to it.
pub(super) struct OldDomain<'a> {
    pub(super) name: &'a str,
    pub(super) ascii_name: &'a str,
    /// Login and mail address of the client, `None` for the administrator's own.
    pub(super) client: Option<(&'a str, &'a str)>,
    pub(super) aliases: &'a [DomainAliasSpec],
    pub(super) disabled_by: &'a [String],
    pub(super) ip_addresses: &'a [String],
    pub(super) limits: Vec<(&'a str, i64)>,
    pub(super) hosting: &'a Hosting,
    pub(super) system_user: String,
    pub(super) system_password: Option<&'a PasswordSpec>,
    pub(super) shell: &'a str,
    pub(super) databases: &'a [DatabaseSpec],
    pub(super) subdomains: Vec<&'a SiteSpec>,
    pub(super) mail: Option<Mail<'a>>,
    pub(super) extra_xml: Option<&'a str>,
}

/// All domains in order; what does not fit is noted.
pub(super) fn flatten<'a>(layout: &'a Layout<'a>, lost: &mut Vec<String>) -> Vec<OldDomain<'a>> {
    let mut domains = Vec::new();
    for subscription in &layout.subscriptions {
        let spec = subscription.spec;
        let is_label = |site: &SiteSpec| !site.mail && site.parent.as_ref() == Some(&spec.name);
        let client = (spec.owner != "admin").then_some((&*spec.owner, &*spec.owner_email));
        let limits = spec.limits.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        domains.push(OldDomain {
            name: &spec.name,
            ascii_name: &subscription.domain.ascii_name,
            client,
            aliases: &spec.aliases,
            disabled_by: &spec.disabled_by,
            ip_addresses: &spec.ip_addresses,
            limits,
            hosting: &spec.hosting,
            system_user: spec.system_user.clone(),
            system_password: spec.system_password.as_ref(),
            shell: &spec.shell,
            databases: &spec.databases,
            subdomains: spec.sites.iter().filter(|site| is_label(site)).collect(),
            mail: subscription.domain.mail,
            extra_xml: spec.extra_xml.as_deref(),
        });
        let sites = subscription.sites.iter().filter(|site| !is_label(site.spec));
        for (number, site) in (2..).zip(sites) {
            lost.push(format!(
                "{}: as a site of {}; it is a domain of its own",
                site.spec.name, spec.name
            ));
            domains.push(OldDomain {
                name: &site.spec.name,
                ascii_name: &site.domain.ascii_name,
                client,
                aliases: &site.spec.aliases,
                disabled_by: &site.spec.disabled_by,
                ip_addresses: &spec.ip_addresses,
                limits: Vec::new(),
                hosting: &site.spec.hosting,
                // Two domains cannot have one user.
                system_user: format!("{}{number}", spec.system_user),
                system_password: None,
                shell: &spec.shell,
                databases: &[],
                subdomains: Vec::new(),
                mail: site.domain.mail,
                extra_xml: site.spec.extra_xml.as_deref(),
            });
        }
    }
    domains
}
