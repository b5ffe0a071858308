//! `userdata/`: the map of the domains, and the settings of each virtual host.

use super::home_directory;
use super::lines::line;
use super::sites::{Site, Sites};
use super::tree::Tree;
use crate::Account;

pub(super) fn write(tree: &mut Tree, account: &Account, sites: &Sites<'_>) {
    tree.file("userdata/main", main(sites));
    tree.file("userdata/cache.json", cache(account, sites));
    let parked = sites.parked.iter().map(|domain| domain.name.as_str());
    let names = std::iter::once(sites.main.name.as_str()).chain(parked);
    let host = Host {
        name: sites.main.name.as_str(),
        aliases: with_services(names, sites.main.name.as_str()),
        document_root: &sites.main.document_root,
    };
    tree.file(&format!("userdata/{}", host.name), host.text(account));
    for site in &sites.subdomains {
        let host = of_subdomain(site);
        tree.file(&format!("userdata/{}", host.name), host.text(account));
    }
}

/// Plain scalars with one space behind the colon, which is all that one of the other importers
/// can read. The space behind the dashes stands in cPanel's own files.
fn main(sites: &Sites<'_>) -> String {
    let mut addons: Vec<(&str, &str)> = sites
        .subdomains
        .iter()
        .filter_map(|site| Some((site.addon?.name.as_str(), site.host.as_str())))
        .collect();
    addons.sort_unstable();
    let mut text = "--- \n".to_owned();
    text.push_str(if addons.is_empty() { "addon_domains: {}\n" } else { "addon_domains:\n" });
    for (addon, backing) in addons {
        line(&mut text, format_args!("  {addon}: {backing}"));
    }
    line(&mut text, format_args!("main_domain: {}", sites.main.name));
    list(&mut text, "parked_domains", sites.parked.iter().map(|domain| domain.name.as_str()));
    list(&mut text, "sub_domains", sites.subdomains.iter().map(|site| site.host.as_str()));
    text
}

fn list<'a>(text: &mut String, key: &str, names: impl Iterator<Item = &'a str>) {
    let mut names = names.peekable();
    let start = if names.peek().is_none() { " []" } else { "" };
    line(text, format_args!("{key}:{start}"));
    for name in names {
        line(text, format_args!("  - {name}"));
    }
}

struct Host<'a> {
    name: &'a str,
    aliases: Vec<String>,
    document_root: &'a str,
}

impl Host<'_> {
    fn text(&self, account: &Account) -> String {
        let (user, home, name) = (&account.user, home_directory(account), self.name);
        let mut text = "--- \n".to_owned();
        let mut set = |key: &str, value: &str| line(&mut text, format_args!("{key}: {value}"));
        set("documentroot", &format!("{home}/{}", self.document_root));
        set("group", user.as_str());
        set("hascgi", "1");
        set("homedir", &home);
        if let Some(ip) = &account.ip {
            set("ip", ip);
        }
        set("owner", &account.owner);
        set("phpopenbasedirprotect", "1");
        set("port", "80");
        set("serveradmin", &format!("webmaster@{name}"));
        set("serveralias", &self.aliases.join(" "));
        set("servername", name);
        set("usecanonicalname", "'Off'");
        set("user", user.as_str());
        text
    }
}

fn of_subdomain<'a>(site: &'a Site<'_>) -> Host<'a> {
    let name = site.host.as_str();
    let mut aliases = vec![format!("www.{name}")];
    if let Some(addon) = site.addon {
        aliases.extend(with_services(std::iter::once(addon.name.as_str()), name));
    }
    Host { name, aliases, document_root: site.document_root }
}

/// Domains under which people reach a site: the names, and `mail.` and `www.` before each.
fn with_services<'a>(names: impl Iterator<Item = &'a str>, host: &str) -> Vec<String> {
    let mut aliases = Vec::new();
    for name in names {
        if name != host {
            aliases.push(name.to_owned());
        }
        aliases.push(format!("mail.{name}"));
        aliases.push(format!("www.{name}"));
    }
    aliases
}

/// `{domain: [user, owner, kind, parent or main domain, web root, address:port, …]}`. cPanel
/// makes its own; CyberPanel's importer stops without it, and Hestia's loses the parked domains.
fn cache(account: &Account, sites: &Sites<'_>) -> String {
    let mut rows: Vec<(&str, &str, &str, &str)> = Vec::new();
    let main = &sites.main;
    rows.push((main.name.as_str(), "main", main.name.as_str(), &main.document_root));
    for domain in &sites.parked {
        rows.push((domain.name.as_str(), "parked", main.name.as_str(), &main.document_root));
    }
    for site in &sites.subdomains {
        rows.push((site.host.as_str(), "sub", site.parent.as_str(), site.document_root));
        if let Some(addon) = site.addon {
            rows.push((addon.name.as_str(), "addon", main.name.as_str(), site.document_root));
        }
    }
    rows.sort_unstable();
    let home = home_directory(account);
    let listen = account.ip.as_ref().map_or_else(String::new, |ip| format!("{ip}:80"));
    let lines: Vec<String> = rows
        .into_iter()
        .map(|(name, kind, parent, root)| {
            // Every value was checked to hold neither quotes nor backslashes nor controls.
            format!(
                "\"{name}\":[\"{}\",\"{}\",\"{kind}\",\"{parent}\",\"{home}/{root}\",\
                 \"{listen}\",\"\",\"\",\"\",\"\"]",
                account.user, account.owner
            )
        })
        .collect();
    format!("{{{}}}", lines.join(",\n"))
}
