//! Backups of Plesk 8 for Windows: `info.xml`, which looks like rows of Plesk's database.
//!
//! The element is `clients/client/domain` below a root of any name. What is known of it comes from
//! a program that reads such backups, not from one that writes them: `name`, `hosting/sys_user/login`,
//! and for each mail account an element `mail` with `mail_name`, `mail_group`, `account` (`type`,
//! `password`), `mbox_quota`, `mail_redir` (`address`) and `dump` (`arcname`). Whether these are
//! attributes or children is not known, so either is read, and a list may stand in an element of its
//! own or not. `postbox`, `redirect`, `redir_addr`, `status` and `mail_aliases` are columns and
//! tables of the same database, and are read where they occur.

use std::collections::{BTreeMap, BTreeSet};

use super::resolve::{Resolver, base_name};
use super::select::{directory, is_below};
use super::subscription::{counts, guid, is_true};
use super::xml::{Element, Found};
use super::{
    ContentFile, ContentRef, Domain, DomainKind, FileName, Forwarding, Hosting, MailQuota,
    MailSystem, MailUser, MailboxSettings, Problem, Setting, Status, Subscription, SystemUser,
    UnnamedFiles,
};
use crate::domain_name::{to_ascii, to_unicode};
use crate::password::Password;
use crate::printable;
use crate::tree::{EntryId, Tree};

/// What the element is called here, so that it is not taken for the `domain` of a migration dump.
pub(super) const DOMAIN: &str = "domain of Plesk 8 for Windows";

/// Parts of a directory that tell whose a file is: `example.com/mail/anna`.
const UNNAMED_DEPTH: usize = 3;

/// Children and attributes of the domain that are read, or say nothing that a new server needs.
const KNOWN: [&str; 13] = [
    "id",
    "guid",
    "name",
    "displayName",
    "cr_date",
    "cl_id",
    "dns_zone_id",
    "dns_zone",
    "real_size",
    "status",
    "htype",
    "hosting",
    "mail",
];
/// Of a mail account: what is read, and numbers of rows.
const READ: [&str; 16] = [
    "id",
    "dom_id",
    "perm_id",
    "account_id",
    "account",
    "mail_name",
    "mail_group",
    "mbox_quota",
    "mail_redir",
    "mail_aliases",
    "mail_alias",
    "postbox",
    "redirect",
    "redir_addr",
    "dump",
    "password",
];

/// Reads one domain; `None` when it has no name, which is reported.
pub(super) fn read(
    found: &Found,
    metadata: &str,
    resolver: &mut Resolver<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Subscription> {
    let element = &found.element;
    let name = element.value("name").map(str::trim).unwrap_or_default();
    if name.is_empty() {
        problems.push(Problem::NotUnderstood {
            element: "domain".to_owned(),
            object: element.value("id").unwrap_or("without an id").to_owned(),
            file: metadata.to_owned(),
            detail: "it has no name and was left out".to_owned(),
        });
        return None;
    }
    let ascii_name = to_ascii(name);
    let mut reading = Reading { metadata, domain: &ascii_name, resolver, problems };
    let status = reading.status(element);
    let mail = reading.mail(element);
    let web = reading.web(name, &ascii_name);
    if !element.complete {
        problems.push(Problem::IncompleteSubscription {
            domain: ascii_name.clone(),
            file: metadata.to_owned(),
        });
    }
    let hosting = element.child("hosting");
    Some(Subscription {
        dump: None,
        missing_dumps: Vec::new(),
        guid: guid(element),
        domain: Domain {
            guid: guid(element),
            name: to_unicode(name),
            ascii_name,
            kind: DomainKind::Main,
            www_root: None,
            hosting: if hosting.is_some() { Hosting::Physical } else { Hosting::None },
            status: status.clone(),
            aliases: Vec::new(),
            mail,
        },
        sites: Vec::new(),
        system_user: hosting.and_then(system_user),
        owner_login: found.context.owner_login.clone(),
        owner_email: None,
        created: element.value("cr_date").map(str::to_owned),
        limits: BTreeMap::new(),
        ip_addresses: Vec::new(),
        status,
        metadata: metadata.to_owned(),
        complete: element.complete,
        other_content: Vec::new(),
        counts: counts(element).into_iter().chain(web).collect(),
    })
}

/// Adds what is directly in the domain and not known; of mail accounts, what is not read is a
/// setting that the report names.
pub(super) fn count_unknown(element: &Element, counts: &mut BTreeMap<String, u64>) {
    let attributes = element.attributes.iter().map(|(name, _)| format!("@{name}"));
    let children = element.children.iter().map(|child| child.name.clone());
    for name in attributes.chain(children) {
        if !KNOWN.contains(&name.trim_start_matches('@')) {
            *counts.entry(format!("domain/{name}")).or_default() += 1;
        }
    }
}

/// The files below the metadata that nothing names, by directory. Mail lies in the backup as it is,
/// so that no name of an archive tells of what the metadata do not know.
pub(super) fn unnamed(
    tree: &Tree,
    referenced: &BTreeSet<EntryId>,
    metadata: &[EntryId],
) -> Vec<UnnamedFiles> {
    let roots: Vec<&[u8]> = metadata.iter().map(|id| directory(&tree.get(*id).path)).collect();
    let mut found: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for (id, entry) in tree.iter() {
        let path = &entry.path;
        // Archives of other versions are looked at elsewhere.
        let is_known = referenced.contains(&id)
            || metadata.contains(&id)
            || FileName::parse(base_name(path)).is_some();
        let Some(root) = roots.iter().find(|root| !is_known && is_below(path, root)) else {
            continue;
        };
        let skipped = if root.is_empty() { 0 } else { root.split(|byte| *byte == b'/').count() };
        let parts: Vec<&[u8]> =
            directory(path).split(|byte| *byte == b'/').take(skipped + UNNAMED_DEPTH).collect();
        *found.entry(parts.join(&b'/')).or_default() += 1;
    }
    let file = |(directory, count): (Vec<u8>, usize)| UnnamedFiles {
        directory: printable(&directory),
        count,
    };
    found.into_iter().map(file).collect()
}

/// How many accounts without a name an element `mail` holds, which is one or a list of them.
fn nameless(mail: &Element) -> usize {
    let is_nameless = |item: &Element| {
        // What is cut is told of as such.
        item.complete && item.value("mail_name").is_none()
    };
    if mail.children.iter().any(|inner| inner.name == "mail" || inner.value("mail_name").is_some())
    {
        return mail.children.iter().filter(|inner| is_nameless(inner)).count();
    }
    let is_empty = mail.attributes.is_empty() && mail.children.is_empty();
    usize::from(!is_empty && is_nameless(mail))
}

/// The elements of a list that have a key: they stand one after another, or in one that is called
/// the same.
fn items<'a>(element: &'a Element, name: &str, key: &str) -> Vec<&'a Element> {
    let mut found = Vec::new();
    for item in element.all(name) {
        if item.value(key).is_some() {
            found.push(item);
        } else {
            found.extend(item.children.iter().filter(|inner| inner.value(key).is_some()));
        }
    }
    found
}

fn system_user(hosting: &Element) -> Option<SystemUser> {
    let user = hosting.child("sys_user")?;
    let name = user.value("login").map(str::trim).filter(|name| !name.is_empty())?;
    Some(SystemUser { name: name.to_owned(), password: password(user), shell: None })
}

/// The password of an account, with its type.
fn password(element: &Element) -> Option<Password> {
    let account = element.child("account").unwrap_or(element);
    let text = account.value("password")?;
    Some(Password::new(text, account.value("type"), None))
}

/// What an element needs around it.
struct Reading<'a, 'tree> {
    metadata: &'a str,
    domain: &'a str,
    resolver: &'a mut Resolver<'tree>,
    problems: &'a mut Vec<Problem>,
}

impl Reading<'_, '_> {
    fn not_understood(&mut self, element: &str, object: &str, detail: String) {
        self.problems.push(Problem::NotUnderstood {
            element: element.to_owned(),
            object: object.to_owned(),
            file: self.metadata.to_owned(),
            detail,
        });
    }

    /// A number of bits, of which none means on. What each bit means is not known.
    fn status(&mut self, element: &Element) -> Status {
        match element.value("status").map(str::trim) {
            None | Some("" | "0") => Status::Enabled,
            Some(other) => {
                let detail = format!("its status is `{other}`; it was taken for switched off");
                let domain = self.domain;
                self.not_understood("domain", domain, detail);
                Status::Disabled { by: vec![format!("status {other}")] }
            }
        }
    }

    fn mail(&mut self, element: &Element) -> Option<MailSystem> {
        element.child("mail")?;
        let mut mailusers = Vec::new();
        for item in items(element, "mail", "mail_name") {
            mailusers.extend(self.mail_user(item));
        }
        let nameless: usize = element.all("mail").map(nameless).sum();
        if nameless > 0 {
            let detail = format!("{nameless} of them have no name and were left out");
            let domain = self.domain;
            self.not_understood("mail", domain, detail);
        }
        Some(MailSystem { mailusers, ..MailSystem::default() })
    }

    fn mail_user(&mut self, element: &Element) -> Option<MailUser> {
        let name = element.value("mail_name").map(str::trim).unwrap_or_default();
        // Some dumps write the whole address.
        let local = name.split_once('@').map_or(name, |(local, _)| local);
        if !element.complete {
            self.problems.push(Problem::LostMailUser {
                domain: self.domain.to_owned(),
                mailuser: local.to_owned(),
                file: self.metadata.to_owned(),
            });
            return None;
        }
        let address = format!("{local}@{}", self.domain);
        let is = |key: &str| element.value(key).filter(|word| !word.is_empty()).map(is_true);
        let is_group = is("mail_group").unwrap_or(false);
        let content = self.content(element, &address);
        // A group has no mailbox; but mail that is there is never left behind for that.
        let has_mailbox = is("postbox").unwrap_or(!is_group) || !content.is_empty();
        let addresses = items(element, "mail_redir", "address");
        let mut targets: Vec<String> =
            addresses.iter().filter_map(|item| item.value("address")).map(str::to_owned).collect();
        targets.extend(element.value("redir_addr").map(str::to_owned));
        targets.retain(|target| !target.trim().is_empty());
        let enabled = !targets.is_empty() && (is_group || is("redirect").unwrap_or(true));
        let aliases = ["mail_aliases", "mail_alias"]
            .iter()
            .flat_map(|list| items(element, list, "alias"))
            .filter_map(|item| item.value("alias"))
            .map(str::to_owned)
            .collect();
        Some(MailUser {
            name: name.to_owned(),
            local_part: local.to_lowercase(),
            guid: element.value("guid").map(str::to_owned),
            password: password(element),
            quota: self.quota(element, &address),
            mailbox: has_mailbox.then(|| MailboxSettings {
                earlier: Vec::new(),
                enabled: is("postbox").unwrap_or(!is_group),
                kind: "files".to_owned(),
                content,
            }),
            aliases,
            forwarding: Forwarding { enabled, targets },
            autoresponders: None,
            spam: None,
            address_book: None,
            settings: settings(element),
        })
    }

    /// KiB; negative means no limit.
    fn quota(&mut self, element: &Element, address: &str) -> MailQuota {
        let Some(text) = element.value("mbox_quota").map(str::trim).filter(|text| !text.is_empty())
        else {
            return MailQuota::Default;
        };
        match text.parse::<i64>() {
            Ok(number) if number < 0 => MailQuota::Unlimited,
            Ok(number) => MailQuota::Bytes(number.unsigned_abs().saturating_mul(1024)),
            Err(_) => {
                let detail = format!("its quota is `{text}`; the default was taken");
                self.not_understood("mail", address, detail);
                MailQuota::Default
            }
        }
    }

    /// Where the messages are: a directory of the backup, or a file, should there be one.
    fn content(&mut self, element: &Element, address: &str) -> Vec<ContentRef> {
        let mut contents = Vec::new();
        let dumps = element.all("dump").flat_map(|dump| {
            let inner = dump.children.iter().filter(|inner| inner.value("arcname").is_some());
            let inner: Vec<&Element> = inner.collect();
            if dump.value("arcname").is_some() || inner.is_empty() { vec![dump] } else { inner }
        });
        for dump in dumps {
            let path = dump.value("arcname").map(str::trim).unwrap_or_default();
            if path.is_empty() {
                let detail = "it does not say where the messages are".to_owned();
                self.not_understood("dump", address, detail);
                continue;
            }
            let content = ContentRef {
                kind: "mailbox".to_owned(),
                path: path.to_owned(),
                offset: None,
                referrer: false,
                files: Vec::new(),
                directory: None,
            };
            if let Some((directory, _)) = self.resolver.directory(path) {
                self.note_owner(&directory, address);
                let content = ContentRef { directory: Some(directory), ..content };
                // Twice the same messages would be each of them twice.
                if !contents.iter().any(|known: &ContentRef| known.directory == content.directory) {
                    contents.push(content);
                }
                continue;
            }
            let entry = self.resolver.file(path);
            if entry.is_none() {
                self.problems.push(Problem::MissingContent {
                    owner: address.to_owned(),
                    kind: content.kind.clone(),
                    file: path.to_owned(),
                    size: None,
                });
            }
            let file = ContentFile { name: path.to_owned(), size: None, entry };
            contents.push(ContentRef { path: String::new(), files: vec![file], ..content });
        }
        contents
    }

    /// Tells when a directory is that of another account as well. Whose its messages are is not to
    /// be known, so that both have them.
    fn note_owner(&mut self, directory: &[u8], address: &str) {
        let first = self.resolver.owner(directory, address);
        if first != address {
            let detail = format!(
                "its directory `{}` is that of {first} as well; both have its messages",
                printable(directory)
            );
            self.not_understood("dump", address, detail);
        }
    }

    /// The directories of the web, which lie in the backup as they are, with how many files each
    /// has.
    fn web(&mut self, name: &str, ascii_name: &str) -> Vec<(String, u64)> {
        let mut found = Vec::new();
        for part in ["httpdocs", "httpsdocs", "cgi-bin", "private", "web_users", "subdomains"] {
            let path = format!("{name}/{part}");
            let other = format!("{ascii_name}/{part}");
            let directory =
                self.resolver.directory(&path).or_else(|| self.resolver.directory(&other));
            if let Some((_, files)) = directory {
                found.push((format!("files in `{path}`"), files as u64));
            }
        }
        found
    }
}

/// What is not read, each with all that it says but secrets.
fn settings(element: &Element) -> Vec<Setting> {
    let attributes = element
        .attributes
        .iter()
        .filter(|(name, _)| !READ.contains(&name.as_str()))
        .map(|(name, value)| Setting { name: name.clone(), value: value.clone() });
    let children = element
        .children
        .iter()
        .filter(|child| !READ.contains(&child.name.as_str()))
        .map(super::mail::setting);
    attributes.chain(children).collect()
}
