//! Which domains there are, what they are to the account, and where their web roots lie.

use std::collections::{BTreeMap, BTreeSet};

use cpmove::{Domain, DomainKind};

use super::Settings;
use super::lines::{line_set, none_beside};
use super::yaml::Yaml;
use crate::verify::ledger::{Class, Ledger};

/// A web site of its own.
struct Site<'a> {
    host: &'a str,
    label: String,
    parent: &'a str,
    /// The domain that people know it by, if it only stands behind one.
    addon: Option<&'a str>,
    root: &'a str,
}

pub(super) fn compare(settings: &Settings<'_>, ledger: &mut Ledger) {
    let sites = sites(settings);
    lists(settings, &sites, ledger);
    for domain in &settings.account.domains {
        if domain.kind != DomainKind::Parked {
            roots(settings, domain, ledger);
        }
    }
    map(settings, &sites, ledger);
    hosts(settings, &sites, ledger);
    cache(settings, &sites, ledger);
}

fn sites<'a>(settings: &Settings<'a>) -> Vec<Site<'a>> {
    let account = settings.account;
    let main = account.main_domain.as_str();
    let mut sites = Vec::new();
    for domain in &account.domains {
        let root = domain.document_root.as_str();
        match &domain.kind {
            DomainKind::Main | DomainKind::Parked => {}
            DomainKind::Addon { backing } => {
                let host = backing.as_str();
                let label = host.strip_suffix(main).unwrap_or(host).trim_end_matches('.');
                let addon = Some(domain.name.as_str());
                sites.push(Site { host, label: label.to_owned(), parent: main, addon, root });
            }
            DomainKind::Subdomain { label, of } => sites.push(Site {
                host: domain.name.as_str(),
                label: label.clone(),
                parent: of.as_str(),
                addon: None,
                root,
            }),
        }
    }
    sites
}

fn parked<'a>(settings: &Settings<'a>) -> impl Iterator<Item = &'a str> {
    let domains = settings.account.domains.iter();
    domains.filter(|domain| domain.kind == DomainKind::Parked).map(|domain| domain.name.as_str())
}

/// `pds`, `addons`, `sds`, `sds2`.
fn lists(settings: &Settings<'_>, sites: &[Site<'_>], ledger: &mut Ledger) {
    let parked: BTreeSet<String> = parked(settings).map(str::to_owned).collect();
    line_set(settings, "pds", &parked, Class::Domain, ledger);
    let name = |site: &Site<'_>| format!("{}_{}", site.label, site.parent);
    let addons: BTreeSet<String> =
        sites.iter().filter_map(|site| Some(format!("{}={}", site.addon?, name(site)))).collect();
    line_set(settings, "addons", &addons, Class::Domain, ledger);
    let subdomains: BTreeSet<String> = sites.iter().map(name).collect();
    line_set(settings, "sds", &subdomains, Class::Domain, ledger);
    let with_roots: BTreeSet<String> =
        sites.iter().map(|site| format!("{}={}", name(site), site.root)).collect();
    line_set(settings, "sds2", &with_roots, Class::Domain, ledger);
}

fn roots(settings: &Settings<'_>, domain: &Domain, ledger: &mut Ledger) {
    let path = format!("homedir/{}", domain.document_root);
    let is_there = settings.found.directories.contains(path.as_bytes());
    ledger.check(Class::Domain, domain.name.as_str(), is_there, || {
        format!("the directory of its web site, {path}, is missing")
    });
}

/// `userdata/main`: a map of lists, in the plainest YAML.
fn map(settings: &Settings<'_>, sites: &[Site<'_>], ledger: &mut Ledger) {
    let path = "userdata/main";
    let Some(text) = settings.text(Class::Domain, path, ledger) else { return };
    let Some(found) = yaml(&text, path, ledger) else { return };
    let set = |items: Vec<String>| items.into_iter().collect::<BTreeSet<String>>();
    let addons = sites.iter().filter_map(|site| Some(format!("{}: {}", site.addon?, site.host)));
    let meant = [
        ("addon_domains", set(addons.collect())),
        ("main_domain", set(vec![settings.account.main_domain.to_string()])),
        ("parked_domains", set(parked(settings).map(str::to_owned).collect())),
        ("sub_domains", set(sites.iter().map(|site| site.host.to_owned()).collect())),
    ];
    for (key, items) in &meant {
        let got = found.get(key).and_then(|value| listed(key, value));
        ledger.check(Class::Domain, path, got.is_some(), || {
            format!("`{key}` is missing, or is not what stands in such a file")
        });
        let got = got.unwrap_or_default();
        ledger.same_set(Class::Domain, path, items, &got, |item| format!("`{item}` in `{key}`"));
        let twice = got.iter().collect::<BTreeSet<_>>().len() < got.len();
        ledger.check(Class::Domain, path, !twice, || format!("a name in `{key}` stands twice"));
    }
    for key in found.keys().iter().filter(|key| !meant.iter().any(|(known, _)| known == *key)) {
        ledger.differs(Class::Domain, path, || format!("`{key}` should not be there"));
    }
}

/// What a key of the map holds, in the shape that this key has.
fn listed(key: &str, value: &Yaml) -> Option<Vec<String>> {
    let text = |value: &Yaml| match value {
        Yaml::Scalar(text) => Some(text.clone()),
        _ => None,
    };
    match (key, value) {
        ("main_domain", value) => Some(vec![text(value)?]),
        ("addon_domains", Yaml::Mapping(entries)) => {
            entries.iter().map(|(name, host)| Some(format!("{name}: {}", text(host)?))).collect()
        }
        ("parked_domains" | "sub_domains", Yaml::Sequence(items)) => {
            items.iter().map(text).collect()
        }
        _ => None,
    }
}

fn yaml(text: &str, path: &str, ledger: &mut Ledger) -> Option<Yaml> {
    let found = Yaml::parse(text);
    let why = found.as_ref().err();
    ledger.check(Class::Domain, path, why.is_none(), || {
        format!("it can't be read: {}", why.map_or("", String::as_str))
    });
    found.ok()
}

/// `userdata/HOST` of each web site.
fn hosts(settings: &Settings<'_>, sites: &[Site<'_>], ledger: &mut Ledger) {
    let main = settings.account.main_domain.as_str();
    let services = |name: &str| [format!("mail.{name}"), format!("www.{name}")];
    let mut paths = BTreeSet::from([b"userdata/main".to_vec(), b"userdata/cache.json".to_vec()]);
    let mut aliases: BTreeSet<String> = services(main).into();
    for name in parked(settings) {
        aliases.insert(name.to_owned());
        aliases.extend(services(name));
    }
    let root = settings.account.domains.iter().find(|domain| domain.kind == DomainKind::Main);
    let root = root.map_or("public_html", |domain| domain.document_root.as_str());
    let mut all = vec![(main, root, aliases)];
    for site in sites {
        let mut aliases = BTreeSet::from([format!("www.{}", site.host)]);
        if let Some(addon) = site.addon {
            aliases.extend(services(addon));
            if addon != site.host {
                aliases.insert(addon.to_owned());
            }
        }
        all.push((site.host, site.root, aliases));
    }
    for (host, root, aliases) in all {
        let path = format!("userdata/{host}");
        paths.insert(path.clone().into_bytes());
        self::host(settings, &path, host, root, &aliases, ledger);
    }
    none_beside(settings, "userdata/", &paths, Class::Domain, ledger);
}

fn host(
    settings: &Settings<'_>,
    path: &str,
    host: &str,
    root: &str,
    aliases: &BTreeSet<String>,
    ledger: &mut Ledger,
) {
    let Some(text) = settings.text(Class::Domain, path, ledger) else { return };
    let account = settings.account;
    let Some(found) = yaml(&text, path, ledger) else { return };
    let mut values: BTreeMap<&str, Option<String>> = BTreeMap::new();
    for (key, value) in found.entries().unwrap_or_default() {
        let text = if let Yaml::Scalar(text) = value { Some(text.clone()) } else { None };
        values.insert(key, text);
    }
    let (home, user) = (settings.home(), account.user.to_string());
    let meant = [
        ("documentroot", Class::Domain, Some(format!("{home}/{root}"))),
        ("group", Class::Account, Some(user.clone())),
        ("hascgi", Class::Domain, Some("1".to_owned())),
        ("homedir", Class::Account, Some(home)),
        ("ip", Class::Account, account.ip.clone()),
        ("owner", Class::Account, Some(account.owner.clone())),
        ("phpopenbasedirprotect", Class::Domain, Some("1".to_owned())),
        ("port", Class::Domain, Some("80".to_owned())),
        ("serveradmin", Class::Domain, Some(format!("webmaster@{host}"))),
        ("servername", Class::Domain, Some(host.to_owned())),
        ("usecanonicalname", Class::Domain, Some("Off".to_owned())),
        ("user", Class::Account, Some(user)),
    ];
    for (key, class, meant) in meant {
        let got = values.remove(key).flatten();
        ledger.equal_or_none(class, path, key, meant.as_ref(), got.as_ref());
    }
    let listed = values.remove("serveralias").flatten().unwrap_or_default();
    let listed: BTreeSet<String> = listed.split_whitespace().map(str::to_owned).collect();
    ledger.same_set(Class::Domain, path, aliases, &listed, |name| format!("the alias {name}"));
    for key in values.into_keys() {
        ledger.differs(Class::Domain, path, || format!("`{key}` should not be there"));
    }
}

/// `userdata/cache.json`: a row of texts for each domain.
fn cache(settings: &Settings<'_>, sites: &[Site<'_>], ledger: &mut Ledger) {
    let path = "userdata/cache.json";
    let Some(text) = settings.text(Class::Domain, path, ledger) else { return };
    let Ok(mut found) = serde_json::from_str::<BTreeMap<String, Vec<String>>>(&text) else {
        ledger.differs(Class::Domain, path, || "it is no JSON of rows of texts".to_owned());
        return;
    };
    let account = settings.account;
    let main = account.main_domain.as_str();
    let root = account.domains.iter().find(|domain| domain.kind == DomainKind::Main);
    let root = root.map_or("public_html", |domain| domain.document_root.as_str());
    let mut rows = vec![(main, "main", main, root)];
    rows.extend(parked(settings).map(|name| (name, "parked", main, root)));
    for site in sites {
        rows.push((site.host, "sub", site.parent, site.root));
        rows.extend(site.addon.map(|addon| (addon, "addon", main, site.root)));
    }
    let listen = account.ip.as_ref().map_or_else(String::new, |ip| format!("{ip}:80"));
    for (name, kind, parent, root) in rows {
        let row = found.remove(name);
        ledger.check(Class::Domain, path, row.is_some(), || format!("{name} is missing"));
        let row = row.unwrap_or_default();
        let meant = [
            account.user.to_string(),
            account.owner.clone(),
            kind.to_owned(),
            parent.to_owned(),
            format!("{}/{root}", settings.home()),
            listen.clone(),
            // TLS, its owner, another address, and a version of PHP: an archive names none.
            String::new(),
            String::new(),
            String::new(),
            String::new(),
        ];
        ledger.check(Class::Domain, path, row == meant, || {
            format!(
                "the row of {name} is `{}` instead of `{}`",
                row.join("`, `"),
                meant.join("`, `")
            )
        });
    }
    for name in found.into_keys() {
        ledger.differs(Class::Domain, path, || format!("{name} should not be there"));
    }
}
