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
pub(super) struct IndexRow {
    guid: Option<String>,
    owner_login: Option<String>,
    system_user: Option<String>,
}

/// Gives unreferenced archives to domains that lack their metadata; returns the others.
///
/// Of a domain without any metadata the archives of one stamp are taken: of the dump that was asked
/// for, else the newest, and none that is older than the metadata that were found.
pub(super) fn salvage(
    tree: &Tree,
    path: &Path,
    unreferenced: Vec<EntryId>,
    forced: Option<&Stamp>,
    description: &mut Description,
) -> Vec<EntryId> {
    let index = object_index(tree);
    let whole = whole_backup(path, &index);
    let newest = newest_stamps(tree, whole.as_deref(), &unreferenced, forced, description);
    // Without any metadata the archives' own names have the only date there is.
    let undated = description.stamp.is_none();
    let mut left = Vec::new();
    let volumes = Volumes::new(tree, &unreferenced);
    // Further volumes go wherever the first one goes.
    let (firsts, later): (Vec<EntryId>, Vec<EntryId>) =
        unreferenced.into_iter().partition(|id| volumes.first(tree, *id) == *id);
    for id in firsts {
        let entry = tree.get(id);
        let Some(name) = FileName::parse(base_name(&entry.path)) else {
            left.push(id);
            continue;
        };
        let Some(place) = place(&entry.path, whole.as_deref()) else {
            left.push(id);
            continue;
        };
        let evidence = printable(&entry.path);
        let known = description
            .subscriptions
            .iter_mut()
            .find(|known| known.domain.ascii_name == place.main);
        let of_known = known.as_ref().and_then(|known| known.dump.clone());
        if of_known.as_ref().or(newest.get(&place.main)) != name.stamp.as_ref() {
            left.push(id);
            continue;
        }
        let is_mail = matches!(name.kind.as_str(), "domainmail" | "mdir");
        let subscription = if let Some(known) = known {
            // Metadata that are whole and do not name it: it is left over from something, unless
            // they name mail that is not there, or is another domain's.
            if known.complete && !(is_mail && forget_lost_mail(known, &place)) {
                left.push(id);
                continue;
            }
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
        } else {
            let row = index.get(&place.main).cloned().unwrap_or_default();
            description
                .problems
                .push(Problem::Salvaged { domain: place.main.clone(), evidence: evidence.clone() });
            let mut subscription = new_subscription(&place.main, &evidence, row);
            subscription.dump.clone_from(&name.stamp);
            if undated {
                description.stamp = description.stamp.take().max(name.stamp.clone());
            }
            description.subscriptions.push(subscription);
            let last = description.subscriptions.len() - 1;
            &mut description.subscriptions[last]
        };
        add(subscription, &place, &name.kind, volumes.of(tree, id), &evidence);
    }
    let with_first: Vec<EntryId> =
        later.into_iter().filter(|id| left.contains(&volumes.first(tree, *id))).collect();
    left.extend(with_first);
    left
}

/// Takes out the references of a domain to its mail when none of them leads to anything; true when
/// there were such.
fn forget_lost_mail(subscription: &mut Subscription, place: &Place) -> bool {
    let domain = match &place.site {
        None => Some(&mut subscription.domain),
        Some(site) => subscription.sites.iter_mut().find(|known| known.ascii_name == *site),
    };
    // The archive of one mailbox lies with it, and says nothing of the others.
    let Some(mail) =
        domain.and_then(|domain| domain.mail.as_mut()).filter(|_| place.mailname.is_none())
    else {
        return false;
    };
    let is_lost = |content: &ContentRef| content.files.iter().all(|file| file.entry.is_none());
    if mail.content.is_empty() || !mail.content.iter().all(is_lost) {
        return false;
    }
    mail.content.clear();
    for mailbox in mail.mailusers.iter_mut().filter_map(|user| user.mailbox.as_mut()) {
        // They point into the domain's archive.
        mailbox.content.retain(|content| !(content.referrer && is_lost(content)));
    }
    true
}

/// The stamp whose archives are taken, by main domain.
fn newest_stamps(
    tree: &Tree,
    whole: Option<&str>,
    unreferenced: &[EntryId],
    forced: Option<&Stamp>,
    description: &Description,
) -> BTreeMap<String, Stamp> {
    let mut newest = BTreeMap::new();
    for id in unreferenced {
        let path = &tree.get(*id).path;
        let Some(stamp) = FileName::parse(base_name(path)).and_then(|name| name.stamp) else {
            continue;
        };
        let is_old = description.stamp.as_ref().is_some_and(|known| stamp < *known);
        let is_taken = forced.map_or(!is_old, |forced| stamp == *forced);
        let Some(place) = place(path, whole).filter(|_| is_taken) else { continue };
        let known = newest.entry(place.main).or_insert_with(|| stamp.clone());
        if stamp > *known {
            *known = stamp;
        }
    }
    newest
}

/// Archives that are cut into volumes, by the path without the number.
#[derive(Default)]
pub(super) struct Volumes(BTreeMap<Vec<u8>, BTreeMap<u32, EntryId>>);

impl Volumes {
    pub(super) fn new(tree: &Tree, ids: &[EntryId]) -> Volumes {
        let mut volumes: BTreeMap<Vec<u8>, BTreeMap<u32, EntryId>> = BTreeMap::new();
        for id in ids {
            let path = &tree.get(*id).path;
            if let Some((stem, number)) = volume(path) {
                volumes.entry(stem.to_vec()).or_default().insert(number, *id);
            }
        }
        Volumes(volumes)
    }

    /// The first volume that is there of the archive that `id` is of; itself when it is whole.
    pub(super) fn first(&self, tree: &Tree, id: EntryId) -> EntryId {
        volume(&tree.get(id).path)
            .and_then(|(stem, _)| self.0.get(stem)?.first_key_value())
            .map_or(id, |(_, first)| *first)
    }

    /// All volumes of the archive that `id` is of, those between that are missing as well: they are
    /// slices of one stream, so that nothing may follow a gap.
    pub(super) fn of(&self, tree: &Tree, id: EntryId) -> Vec<ContentFile> {
        let file = |id: EntryId| ContentFile {
            name: printable(base_name(&tree.get(id).path)),
            size: None,
            entry: Some(id),
        };
        let known =
            volume(&tree.get(id).path).and_then(|(stem, _)| Some((stem, self.0.get(stem)?)));
        let Some((stem, volumes)) = known else { return vec![file(id)] };
        let mut files = Vec::new();
        let mut expected = volumes.keys().next().map_or(1, |first| (*first).min(1));
        for (number, id) in volumes {
            // One name stands for any number of missing ones.
            if *number > expected {
                let name = format!("{}.{expected:03}", printable(base_name(stem)));
                files.push(ContentFile { name, size: None, entry: None });
            }
            files.push(file(*id));
            expected = number.saturating_add(1);
        }
        files
    }
}

fn volume(path: &[u8]) -> Option<(&[u8], u32)> {
    let number = FileName::parse(base_name(path))?.volume?;
    let dot = path.iter().rposition(|byte| *byte == b'.')?;
    Some((&path[..dot], number))
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
    files: Vec<ContentFile>,
    evidence: &str,
) {
    let directory = evidence.rsplit_once('/').map_or("", |(directory, _)| directory).to_owned();
    let kind = if kind == "mdir" { "mailbox" } else { kind };
    let content = ContentRef {
        kind: kind.to_owned(),
        path: directory,
        offset: None,
        referrer: false,
        files,
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
    let settings = MailboxSettings {
        enabled: true,
        kind: "mdir".to_owned(),
        content: Vec::new(),
        earlier: Vec::new(),
    };
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

pub(super) fn new_subscription(main: &str, evidence: &str, row: IndexRow) -> Subscription {
    Subscription {
        guid: row.guid,
        dump: None,
        missing_dumps: Vec::new(),
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
    domain_of_file_name(path)
}

/// The domain in the name of an export, whatever is around it: `backup_<domain>_<stamp>.tar.gz`.
pub(crate) fn domain_of_file_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let extensions = [".tar.gz", ".tar.zst", ".tar", ".tgz", ".tzst", ".zip", ".gz", ".zst"];
    let stem = extensions
        .iter()
        .find_map(|extension| name.strip_suffix(extension))
        .or_else(|| path.file_stem()?.to_str())?;
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
