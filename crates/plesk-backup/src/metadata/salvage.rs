//! Subscriptions whose metadata are lost: file names tell of them.
//!
//! Plesk writes the XML last, so a backup that is cut has its mail and lacks what describes it.

use std::collections::BTreeMap;
use std::path::Path;

use super::resolve::base_name;
use super::select::read_small;
use super::{
    ContentFile, ContentRef, Description, Domain, DomainKind, FileName, Forwarding, Hosting,
    MailQuota, MailSystem, MailUser, MailboxSettings, Problem, Stamp, Status, Subscription,
    SystemUser,
};
use crate::domain_name::{is_plausible, to_ascii, to_unicode};
use crate::printable;
use crate::tree::{EntryId, Tree};

/// What a path tells of an archive.
struct Place {
    main: String,
    site: Option<String>,
    mailname: Option<String>,
}

/// A row of `object_index`: domain, guid, owner, system user.
#[derive(Debug, Clone, Default)]
struct IndexRow {
    guid: Option<String>,
    owner_login: Option<String>,
    system_user: Option<String>,
}

/// Gives unreferenced archives to domains that lack their metadata; returns the others.
pub(super) fn salvage(
    tree: &Tree,
    path: &Path,
    unreferenced: Vec<EntryId>,
    description: &mut Description,
) -> Vec<EntryId> {
    let index = object_index(tree);
    let whole = whole_backup(path, &index);
    // Without any metadata the archives' own names have the only date there is.
    let undated = description.stamp.is_none();
    let mut left = Vec::new();
    for id in unreferenced {
        let entry = tree.get(id);
        let Some(name) = FileName::parse(base_name(&entry.path)) else {
            left.push(id);
            continue;
        };
        let Some(place) = place(&entry.path, whole.as_deref()) else {
            left.push(id);
            continue;
        };
        if undated {
            description.stamp = description.stamp.take().max(name.stamp.clone());
        }
        let evidence = printable(&entry.path);
        let known = description
            .subscriptions
            .iter_mut()
            .find(|known| known.domain.ascii_name == place.main);
        let is_mail = matches!(name.kind.as_str(), "domainmail" | "mdir");
        let subscription = match known {
            // Metadata that are whole and do not name it: it is left over from something.
            Some(known) if known.complete => {
                left.push(id);
                continue;
            }
            Some(known) => {
                if is_mail
                    && known.metadata != evidence
                    && !is_salvaged(&description.problems, &place.main)
                {
                    description.problems.push(Problem::TakenByPath {
                        domain: place.site.clone().unwrap_or_else(|| place.main.clone()),
                        archive: evidence.clone(),
                    });
                }
                known
            }
            None => {
                let row = index.get(&place.main).cloned().unwrap_or_default();
                description.problems.push(Problem::Salvaged {
                    domain: place.main.clone(),
                    evidence: evidence.clone(),
                });
                description.subscriptions.push(new_subscription(&place.main, &evidence, row));
                let last = description.subscriptions.len() - 1;
                &mut description.subscriptions[last]
            }
        };
        let file =
            ContentFile { name: printable(base_name(&entry.path)), size: None, entry: Some(id) };
        add(subscription, &place, &name.kind, file, &evidence);
    }
    left
}

fn is_salvaged(problems: &[Problem], main: &str) -> bool {
    problems
        .iter()
        .any(|problem| matches!(problem, Problem::Salvaged { domain, .. } if domain == main))
}

fn add(
    subscription: &mut Subscription,
    place: &Place,
    kind: &str,
    file: ContentFile,
    evidence: &str,
) {
    let directory = evidence.rsplit_once('/').map_or("", |(directory, _)| directory).to_owned();
    let kind = if kind == "mdir" { "mailbox" } else { kind };
    let content = ContentRef {
        kind: kind.to_owned(),
        path: directory,
        offset: None,
        referrer: false,
        files: vec![file],
        directory: None,
    };
    if !matches!(kind, "domainmail" | "mailbox") {
        subscription.other_content.push(content);
        return;
    }
    let domain = match &place.site {
        None => &mut subscription.domain,
        Some(site) => {
            let known = subscription.sites.iter().position(|known| known.ascii_name == *site);
            let index = known.unwrap_or_else(|| {
                subscription.sites.push(new_domain(site, DomainKind::Addon));
                subscription.sites.len() - 1
            });
            &mut subscription.sites[index]
        }
    };
    let mail = domain.mail.get_or_insert_with(MailSystem::default);
    if kind == "domainmail" {
        mail.content.push(content);
        return;
    }
    // The archive of one mailbox: its directory is the only thing that tells whose.
    let Some(mailname) = &place.mailname else {
        subscription.other_content.push(content);
        return;
    };
    let local_part = mailname.to_lowercase();
    let settings = MailboxSettings { enabled: true, kind: "mdir".to_owned(), content: Vec::new() };
    let index = mail.mailusers.iter().position(|known| known.local_part == local_part);
    let index = index.unwrap_or_else(|| {
        mail.mailusers.push(MailUser {
            name: mailname.clone(),
            local_part,
            guid: None,
            password: None,
            quota: MailQuota::Default,
            mailbox: None,
            aliases: Vec::new(),
            forwarding: Forwarding::default(),
            autoresponders: None,
            spam: None,
            address_book: None,
            settings: Vec::new(),
        });
        mail.mailusers.len() - 1
    });
    mail.mailusers[index].mailbox.get_or_insert(settings).content.push(content);
}

fn new_subscription(main: &str, evidence: &str, row: IndexRow) -> Subscription {
    Subscription {
        guid: row.guid,
        domain: new_domain(main, DomainKind::Main),
        sites: Vec::new(),
        system_user: row.system_user.map(|name| SystemUser { name, password: None, shell: None }),
        owner_login: row.owner_login,
        owner_email: None,
        created: None,
        limits: BTreeMap::new(),
        ip_addresses: Vec::new(),
        status: Status::Enabled,
        metadata: evidence.to_owned(),
        complete: false,
        other_content: Vec::new(),
        counts: Vec::new(),
    }
}

fn new_domain(ascii_name: &str, kind: DomainKind) -> Domain {
    Domain {
        guid: None,
        name: to_unicode(ascii_name),
        ascii_name: ascii_name.to_owned(),
        kind,
        www_root: None,
        hosting: Hosting::None,
        status: Status::Enabled,
        aliases: Vec::new(),
        mail: None,
    }
}

/// `domains/<d>/…`, `sites/<s>/…`, `mailnames/<m>/…`; the main domain of an export of one
/// subscription is that of the whole backup.
fn place(path: &[u8], whole: Option<&str>) -> Option<Place> {
    let text = std::str::from_utf8(path).ok()?;
    let parts: Vec<&str> = text.split('/').collect();
    let (directories, _file) = parts.split_at(parts.len() - 1);
    let after = |group: &str| {
        let index = directories.iter().rposition(|part| *part == group)?;
        directories.get(index + 1).map(|name| (*name).to_owned())
    };
    let domain =
        |group: &str| after(group).filter(|name| is_plausible(name)).map(|name| to_ascii(&name));
    let is_inside_domain = directories
        .first()
        .is_none_or(|first| matches!(*first, "sites" | "databases" | "mailnames"));
    let main =
        domain("domains").or_else(|| whole.filter(|_| is_inside_domain).map(str::to_owned))?;
    Some(Place { main, site: domain("sites"), mailname: after("mailnames") })
}

/// The domain of an export of one subscription: from its index, else from its name
/// `backup_<domain>_<stamp>.tar`.
fn whole_backup(path: &Path, index: &BTreeMap<String, IndexRow>) -> Option<String> {
    if index.len() == 1 {
        return index.keys().next().cloned();
    }
    let stem = path.file_stem()?.to_str()?;
    let (rest, stamp) = stem.rsplit_once('_')?;
    Stamp::parse(stamp)?;
    let (_prefix, domain) = rest.split_once('_')?;
    is_plausible(domain).then(|| to_ascii(domain))
}

/// Rows `subscription\t<domain>\t<guid>\t<owner login>\t<owner type>\t<system user>`.
fn object_index(tree: &Tree) -> BTreeMap<String, IndexRow> {
    let mut rows = BTreeMap::new();
    for (id, entry) in tree.iter() {
        let is_index = base_name(&entry.path) == b"object_index"
            && entry.path.split(|byte| *byte == b'/').any(|part| part == b".discovered");
        let Some(text) = is_index.then(|| read_small(tree, id)).flatten() else { continue };
        for line in text.lines() {
            let fields: Vec<&str> = line.split('\t').map(str::trim).collect();
            let field = |index: usize| {
                let text = fields.get(index).copied().filter(|text| !text.is_empty());
                text.map(str::to_owned)
            };
            if fields.first() == Some(&"subscription")
                && let Some(domain) = field(1).filter(|name| is_plausible(name))
            {
                let row = IndexRow { guid: field(2), owner_login: field(3), system_user: field(5) };
                rows.insert(to_ascii(&domain), row);
            }
        }
    }
    rows
}
