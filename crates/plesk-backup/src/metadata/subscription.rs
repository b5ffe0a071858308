//! The elements `domain` and `site`.

use std::collections::BTreeMap;

use super::mail::{Reading, password_of};
use super::resolve::Resolver;
use super::windows8;
use super::xml::{Element, Found};
use super::{
    ContentRef, Domain, DomainAlias, DomainKind, Hosting, Problem, Status, Subscription, SystemUser,
};
use crate::domain_name::{to_ascii, to_unicode};

/// Elements that are counted because nobody carries them.
const COUNTED: [(&str, &str); 10] = [
    ("database", "databases"),
    ("dbuser", "database users"),
    ("certificate", "certificates"),
    ("ftpuser", "additional FTP users"),
    ("webuser", "web users"),
    ("pdir", "protected directories"),
    ("maillist", "mailing lists"),
    ("scheduled-tasks", "scheduled tasks"),
    ("cron", "crontabs"),
    ("sapp-installed", "applications"),
];

/// Reads one subscription; `None` when it has no name, which is reported.
pub(super) fn read(
    found: &Found,
    metadata: &str,
    resolver: &mut Resolver<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Subscription> {
    let element = &found.element;
    resolver.begin_subscription();
    if element.name == windows8::DOMAIN {
        return windows8::read(found, metadata, resolver, problems);
    }
    let domain = domain(element, DomainKind::Main, metadata, resolver, problems)?;
    let owner = domain.ascii_name.clone();
    let mut other_content = contents_below(element, metadata, &owner, resolver, problems);
    let mut sites = Vec::new();
    for site in element.all("phosting").flat_map(|hosting| hosting.all("sites")) {
        for site in site.all("site") {
            let kind = match site.attribute("parent-domain-name").filter(|name| !name.is_empty()) {
                Some(parent) => DomainKind::Subdomain { parent: parent.to_owned() },
                None => DomainKind::Addon,
            };
            let name = to_ascii(site.attribute("name").unwrap_or_default());
            other_content.extend(contents_below(site, metadata, &name, resolver, problems));
            sites.extend(self::domain(site, kind, metadata, resolver, problems));
        }
    }
    if !element.complete {
        problems.push(Problem::IncompleteSubscription {
            domain: domain.ascii_name.clone(),
            file: metadata.to_owned(),
        });
    }
    let properties = element.child("properties");
    let webspace = properties.and_then(|properties| properties.child("webspace-status"));
    let owner_login = element.attribute("owner-name").filter(|login| !login.is_empty());
    Some(Subscription {
        guid: guid(element),
        dump: None,
        missing_dumps: Vec::new(),
        status: webspace.map_or_else(|| domain.status.clone(), |status| status_of(Some(status))),
        sites,
        system_user: system_user(element),
        owner_login: owner_login
            .map(str::to_owned)
            .or_else(|| found.context.owner_login.clone())
            .or_else(|| element.attribute("vendor-login").map(str::to_owned)),
        owner_email: None,
        created: element.value("cr-date").map(str::to_owned),
        limits: limits(element, &domain.ascii_name, metadata, problems),
        ip_addresses: ip_addresses(element),
        metadata: metadata.to_owned(),
        complete: element.complete,
        other_content,
        counts: counts(element),
        domain,
    })
}

fn domain(
    element: &Element,
    kind: DomainKind,
    metadata: &str,
    resolver: &mut Resolver<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Domain> {
    let name = element.value("name").map(str::trim).unwrap_or_default();
    if name.is_empty() {
        problems.push(Problem::NotUnderstood {
            element: element.name.clone(),
            object: guid(element).unwrap_or_else(|| "without a guid".to_owned()),
            file: metadata.to_owned(),
            detail: "it has no name and was left out".to_owned(),
        });
        return None;
    }
    let ascii_name = to_ascii(name);
    let mut reading = Reading { metadata, domain: &ascii_name, resolver, problems };
    let mut mail = element.child("mailsystem").map(|mailsystem| reading.mail_system(mailsystem));
    if element.child("maillists").is_some() {
        // Lists are mail even where there is no mailbox.
        let mut with_lists = mail.take().unwrap_or_default();
        reading.mailing_lists(element, &mut with_lists);
        let has_lists =
            !with_lists.mailing_lists.is_empty() || !with_lists.mailing_list_content.is_empty();
        mail = (has_lists || element.child("mailsystem").is_some()).then_some(with_lists);
    }
    if let (Some(mail), Some(id)) = (&mut mail, element.attribute("id")) {
        mail.file_index = resolver.file_index(metadata, id);
    }
    let hosting = element.child("phosting");
    let forward = element.child("shosting").or_else(|| element.child("fhosting"));
    Some(Domain {
        guid: guid(element),
        name: to_unicode(name),
        aliases: aliases(element, &ascii_name, metadata, problems),
        ascii_name,
        kind,
        www_root: hosting.and_then(|hosting| hosting.value("www-root")).map(str::to_owned),
        hosting: match (forward, hosting) {
            (Some(forward), _) => {
                Hosting::Forward { url: forward.value("url").unwrap_or_default().to_owned() }
            }
            (None, Some(_)) => Hosting::Physical,
            (None, None) => Hosting::None,
        },
        status: status_of(element.at(&["properties", "status"]).or(element.child("status"))),
        mail,
    })
}

fn aliases(
    element: &Element,
    domain: &str,
    metadata: &str,
    problems: &mut Vec<Problem>,
) -> Vec<DomainAlias> {
    let mut aliases = Vec::new();
    let places = element.child("preferences").into_iter().chain(std::iter::once(element));
    for alias in places.flat_map(|place| place.all("domain-alias")) {
        let name = alias.attribute("name").or(alias.trimmed()).map(str::trim).unwrap_or_default();
        // Plesk 8 wrote some of them with `www.`.
        let bare = name.strip_prefix("www.").unwrap_or(name);
        if bare.is_empty() {
            problems.push(Problem::NotUnderstood {
                element: "domain-alias".to_owned(),
                object: domain.to_owned(),
                file: metadata.to_owned(),
                detail: "it has no name and was left out".to_owned(),
            });
            continue;
        }
        let flag = |key: &str, default: bool| alias.value(key).map_or(default, is_true);
        aliases.push(DomainAlias {
            name: to_unicode(bare),
            ascii_name: to_ascii(bare),
            mail: flag("mail", true),
            web: flag("web", true),
            dns: flag("dns", false),
            status: status_of(alias.child("status")),
        });
    }
    aliases
}

/// `cid` of everything but mailboxes: of the hosting, databases, lists and keys, however deep.
fn contents_below(
    element: &Element,
    metadata: &str,
    owner: &str,
    resolver: &mut Resolver<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<ContentRef> {
    let mut found = resolver.contents(element, metadata, owner, problems);
    for child in &element.children {
        let child = match child.name.as_str() {
            // Sites are domains of their own.
            "site" => continue,
            // Mailboxes are read on their own; keys of the domain lie here.
            "mailsystem" => match child.child("preferences") {
                Some(preferences) => preferences,
                None => continue,
            },
            _ => child,
        };
        found.extend(contents_below(child, metadata, owner, resolver, problems));
    }
    found
}

fn system_user(element: &Element) -> Option<SystemUser> {
    let hosting = element.child("phosting")?;
    let user = hosting.at(&["preferences", "sysuser"]).or(hosting.child("sysuser"))?;
    let name = user.attribute("name").map(str::trim).filter(|name| !name.is_empty())?;
    Some(SystemUser {
        name: name.to_owned(),
        password: user.child("password").map(password_of),
        shell: user.attribute("shell").map(str::to_owned),
    })
}

fn limits(
    element: &Element,
    domain: &str,
    metadata: &str,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, i64> {
    let mut limits = BTreeMap::new();
    let Some(parent) = element.child("limits-and-permissions") else { return limits };
    for limit in parent.children.iter().filter(|child| child.name.ends_with("limit")) {
        let (Some(name), Some(text)) = (limit.attribute("name"), limit.trimmed()) else { continue };
        match text.parse() {
            Ok(number) => {
                limits.insert(name.to_owned(), number);
            }
            Err(_) => problems.push(Problem::NotUnderstood {
                element: "limit".to_owned(),
                object: domain.to_owned(),
                file: metadata.to_owned(),
                detail: format!("`{name}` is `{text}`"),
            }),
        }
    }
    limits
}

fn ip_addresses(element: &Element) -> Vec<String> {
    let places = [
        element.child("properties"),
        element.at(&["phosting", "properties"]),
        element.at(&["mailsystem", "properties"]),
    ];
    let mut addresses: Vec<String> = Vec::new();
    for ip in places.into_iter().flatten().flat_map(|place| place.all("ip")) {
        if let Some(address) = ip.value("ip-address")
            && !addresses.iter().any(|known| known == address)
        {
            addresses.push(address.to_owned());
        }
    }
    addresses
}

pub(super) fn counts(element: &Element) -> Vec<(String, u64)> {
    COUNTED
        .iter()
        .map(|(tag, words)| ((*words).to_owned(), element.count(tag)))
        .filter(|(_, count)| *count > 0)
        .collect()
}

pub(super) fn guid(element: &Element) -> Option<String> {
    element.attribute("guid").map(str::trim).filter(|guid| !guid.is_empty()).map(str::to_owned)
}

/// Plesk writes `<enabled/>` or one `<disabled-by/>` for each who disabled it.
pub(super) fn status_of(element: Option<&Element>) -> Status {
    match element {
        None => Status::Enabled,
        Some(status) if status.child("enabled").is_some() || !status.complete => Status::Enabled,
        Some(status) => Status::Disabled {
            by: status
                .all("disabled-by")
                .map(|by| by.attribute("name").unwrap_or_default().to_owned())
                .collect(),
        },
    }
}

/// Plesk's versions differ in how they spell a boolean.
pub(super) fn is_true(text: &str) -> bool {
    matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "on" | "1" | "yes" | "enabled")
}

/// A word that switches something off; one that is neither this nor [`is_true`] tells nothing.
pub(super) fn is_false(text: &str) -> bool {
    let words = ["false", "off", "0", "no", "none", "disabled"];
    words.iter().any(|word| text.trim().eq_ignore_ascii_case(word))
}
