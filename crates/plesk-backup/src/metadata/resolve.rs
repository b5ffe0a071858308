//! From the file names in metadata to entries of the tree.
//!
//! The metadata give paths as they were in the server's repository, while an export begins at the
//! directory of the object that was exported; so leading parts of a path may be missing.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::select::discovered;
use super::xml::Element;
use super::{ContentFile, ContentRef, Problem};
use crate::domain_name::to_ascii;
use crate::printable;
use crate::tree::{EntryId, Tree};

/// Directories of objects within a domain: without them a file is another object's.
const OBJECT_DIRECTORIES: [&str; 5] = ["sites", "databases", "mailnames", "subdomains", "phosting"];

pub(super) struct Resolver<'a> {
    tree: &'a Tree,
    by_base_name: HashMap<&'a [u8], Vec<EntryId>>,
    /// Entries that metadata name.
    pub(super) referenced: BTreeSet<EntryId>,
    /// Whose mail lies in which directory, where it lies as single files.
    owners: HashMap<Vec<u8>, String>,
    /// What was said of the present subscription already.
    told: HashSet<String>,
}

enum Outcome {
    Found(EntryId),
    Missing,
    Ambiguous(usize),
}

impl<'a> Resolver<'a> {
    pub(super) fn new(tree: &'a Tree) -> Resolver<'a> {
        let mut by_base_name: HashMap<&[u8], Vec<EntryId>> = HashMap::new();
        for (id, entry) in tree.iter() {
            by_base_name.entry(base_name(&entry.path)).or_default().push(id);
        }
        Resolver {
            tree,
            by_base_name,
            referenced: BTreeSet::new(),
            owners: HashMap::new(),
            told: HashSet::new(),
        }
    }

    /// Forgets what was said: each subscription has problems of its own.
    pub(super) fn begin_subscription(&mut self) {
        self.told.clear();
    }

    /// All `cid` directly in `content` of an element.
    pub(super) fn contents(
        &mut self,
        element: &Element,
        metadata: &str,
        owner: &str,
        problems: &mut Vec<Problem>,
    ) -> Vec<ContentRef> {
        // What was being read when the XML ended may lack its file; the cut itself is reported.
        let cids: Vec<&Element> = element
            .all("content")
            .flat_map(|content| content.all("cid"))
            .filter(|cid| cid.complete)
            .collect();
        cids.into_iter().map(|cid| self.content(cid, metadata, owner, problems)).collect()
    }

    fn content(
        &mut self,
        cid: &Element,
        metadata: &str,
        owner: &str,
        problems: &mut Vec<Problem>,
    ) -> ContentRef {
        let kind = cid.attribute("type").unwrap_or_default().to_owned();
        let path = cid.attribute("path").unwrap_or_default().to_owned();
        let mut files = Vec::new();
        for file in cid.all("content-file") {
            let Some(name) = file.trimmed() else {
                let detail = format!("it names no file ({kind})");
                let problem = Problem::NotUnderstood {
                    element: "content-file".to_owned(),
                    object: owner.to_owned(),
                    file: metadata.to_owned(),
                    detail,
                };
                push_once(&mut self.told, problems, problem);
                continue;
            };
            let size = match file.attribute("size").map(str::trim) {
                None | Some("") => None,
                Some(text) => {
                    let parsed = text.parse().ok();
                    if parsed.is_none() {
                        push_once(
                            &mut self.told,
                            problems,
                            Problem::NotUnderstood {
                                element: "content-file".to_owned(),
                                object: owner.to_owned(),
                                file: metadata.to_owned(),
                                detail: format!("its size is `{text}`"),
                            },
                        );
                    }
                    parsed
                }
            };
            let shown = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
            let (owner, kind) = (owner.to_owned(), kind.clone());
            let entry = match self.find(metadata, &path, name, size) {
                Outcome::Found(id) if self.is_of_another(id, &kind, metadata, &owner) => {
                    let archive = printable(&self.tree.get(id).path);
                    push_once(
                        &mut self.told,
                        problems,
                        Problem::ContentElsewhere { owner, kind, file: shown, archive },
                    );
                    None
                }
                Outcome::Found(id) => {
                    self.referenced.insert(id);
                    let entry = self.tree.get(id);
                    if let Some(declared) = size.filter(|size| *size != entry.size) {
                        let file = printable(&entry.path);
                        let found = entry.size;
                        push_once(
                            &mut self.told,
                            problems,
                            Problem::ContentSize { owner, file, declared, found },
                        );
                    }
                    Some(id)
                }
                Outcome::Missing => {
                    push_once(
                        &mut self.told,
                        problems,
                        Problem::MissingContent { owner, kind, file: shown, size },
                    );
                    None
                }
                Outcome::Ambiguous(candidates) => {
                    push_once(
                        &mut self.told,
                        problems,
                        Problem::AmbiguousContent { owner, kind, file: shown, candidates },
                    );
                    None
                }
            };
            files.push(ContentFile { name: name.to_owned(), size, entry });
        }
        ContentRef {
            kind,
            path,
            offset: cid.attribute("offset").map(|offset| offset.replace('\\', "/")),
            referrer: cid.attribute("referrer").is_some_and(super::subscription::is_true),
            files,
            directory: None,
        }
    }

    /// The directory of the tree that a path of Windows names, as the tree spells it, and how many
    /// files are below it; they count as referenced from then on.
    pub(super) fn directory(&mut self, path: &str) -> Option<(Vec<u8>, usize)> {
        let parts = normal(path).filter(|parts| !parts.is_empty())?;
        let wanted = parts.join("/").into_bytes();
        let mut found = self.tree.below(&wanted);
        let mut spelled = wanted.clone();
        if found.is_empty() {
            // Windows does not tell upper from lower case, and the path was written by hand of
            // another program than the names.
            let starts_so = |path: &[u8]| {
                path.get(wanted.len()) == Some(&b'/')
                    && path[..wanted.len()].eq_ignore_ascii_case(&wanted)
            };
            let (_, entry) = self.tree.iter().find(|(_, entry)| starts_so(&entry.path))?;
            spelled = entry.path[..wanted.len()].to_vec();
            found = self.tree.below(&spelled);
        }
        self.referenced.extend(&found);
        Some((spelled, found.len()))
    }

    /// The account whose mail a directory is, which is the first that named it.
    pub(super) fn owner(&mut self, directory: &[u8], address: &str) -> String {
        self.owners.entry(directory.to_vec()).or_insert_with(|| address.to_owned()).clone()
    }

    /// The file of the tree with that path.
    pub(super) fn file(&mut self, path: &str) -> Option<EntryId> {
        let found = self.tree.find(normal(path)?.join("/"))?;
        self.referenced.insert(found);
        Some(found)
    }

    /// Plesk's list of the files of a domain's mail. That of a site lies with its subscription's.
    pub(super) fn file_index(&self, metadata: &str, domain_id: &str) -> Option<EntryId> {
        let mut path = discovered(metadata.as_bytes());
        path.extend(format!("cid_domainmail_{domain_id}").into_bytes());
        self.tree.find(path).filter(|id| self.tree.get(*id).size > 0)
    }

    /// Marks content that belongs to no subscription.
    pub(super) fn mark(&mut self, metadata: &str, path: &str, name: &str) {
        if let Outcome::Found(id) = self.find(metadata, path, name, None) {
            self.referenced.insert(id);
        }
    }

    /// True for mail that lies in the directory of another domain. Metadata of one domain have no
    /// business there: whoever follows them gives a customer's mail to another.
    fn is_of_another(&self, id: EntryId, kind: &str, metadata: &str, owner: &str) -> bool {
        if !MAIL.contains(&kind) {
            return false;
        }
        let path = String::from_utf8_lossy(&self.tree.get(id).path);
        let (domain, site) = object_of(path.split('/'));
        let (own, _) = object_of(metadata.split('/'));
        let owner = to_ascii(owner.rsplit('@').next().unwrap_or(owner));
        match (domain, own) {
            (Some(domain), Some(own)) if domain != own => true,
            (_, Some(_)) | (None, None) => site.is_some_and(|site| !is_directory_of(site, &owner)),
            // Metadata of a server or a client, which describe domains in place.
            (_, None) => site.or(domain).is_some_and(|object| !is_directory_of(object, &owner)),
        }
    }

    fn find(&self, metadata: &str, path: &str, name: &str, size: Option<u64>) -> Outcome {
        let Some(parts) = normal(path) else { return Outcome::Missing };
        let Some(name) = normal(name).map(|parts| parts.join("/")).filter(|name| !name.is_empty())
        else {
            return Outcome::Missing;
        };
        // Parts of a psadump lie side by side, and their names are all that tells them apart.
        if self.tree.psadump().is_some() {
            return self.tree.find(&name).map_or(Outcome::Missing, Outcome::Found);
        }
        let directory = metadata.rsplit_once('/').map_or("", |(directory, _)| directory);
        let exact = |below: &str, parts: &[&str]| {
            let mut whole: Vec<&str> = Vec::new();
            whole.extend(Some(below).filter(|below| !below.is_empty()));
            whole.extend(parts);
            whole.push(&name);
            self.tree.find(whole.join("/"))
        };
        for below in [directory, ""] {
            if let Some(id) = exact(below, &parts) {
                return Outcome::Found(id);
            }
        }
        let fits = |id: &EntryId| size.is_none_or(|size| self.tree.get(*id).size == size);
        let keep =
            parts.iter().rposition(|part| OBJECT_DIRECTORIES.contains(part)).unwrap_or(parts.len());
        let shortened: Vec<EntryId> = (1..=keep)
            .flat_map(|start| ["", directory].map(|below| exact(below, &parts[start..])))
            .flatten()
            .collect();
        // An archive that is cut has another size, and is still the one.
        if let Some(id) = shortened.iter().find(|id| fits(id)).or(shortened.first()) {
            return Outcome::Found(*id);
        }
        // From here on the place is a guess, and the wrong archive would put mail of one domain
        // into another: a size, where there is one, must fit.
        let base = base_name(name.as_bytes());
        // Archives of two domains have one name, and small ones may have one size.
        let whose = object_of(directory.split('/').chain(parts.iter().copied()));
        let is_others = |id: &&EntryId| {
            let path = String::from_utf8_lossy(&self.tree.get(**id).path);
            let theirs = object_of(path.split('/'));
            let differ = |ours: Option<&str>, theirs: Option<&str>| {
                ours.is_some() && theirs.is_some() && ours != theirs
            };
            differ(whose.0, theirs.0) || differ(whose.1, theirs.1)
        };
        let named = self.by_base_name.get(base).map_or(&[][..], Vec::as_slice);
        let all: Vec<EntryId> = named.iter().filter(|id| !is_others(id)).copied().collect();
        let suffix = [parts.join("/").as_str(), name.as_str()].join("/");
        let suffix = format!("/{}", suffix.trim_start_matches('/'));
        let ends_so = |id: &&EntryId| self.tree.get(**id).path.ends_with(suffix.as_bytes());
        let is_object = keep < parts.len();
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let is_below = |id: &&EntryId| self.tree.get(**id).path.starts_with(prefix.as_bytes());
        let may_guess = |_: &&EntryId| size.is_some() || !is_object;
        let groups: [Vec<EntryId>; 3] = [
            all.iter().filter(ends_so).filter(|id| fits(id)).copied().collect(),
            all.iter().filter(is_below).filter(may_guess).filter(|id| fits(id)).copied().collect(),
            all.iter().filter(may_guess).filter(|id| fits(id)).copied().collect(),
        ];
        match groups.iter().find(|group| !group.is_empty()).map(Vec::as_slice) {
            None => Outcome::Missing,
            Some([id]) => Outcome::Found(*id),
            Some(several) => Outcome::Ambiguous(several.len()),
        }
    }
}

/// Kinds of content that belong to one domain.
const MAIL: [&str; 6] =
    ["domainmail", "mailbox", "attaches", "spam-assasin", "domainmaillist", "key"];
/// Plesk cuts longer names of directories, and appends a number then.
const LONGEST_NAME: usize = 47;

/// Whether Plesk may have given a directory that name for a domain.
fn is_directory_of(directory: &str, ascii_name: &str) -> bool {
    let start = ascii_name.get(..LONGEST_NAME).unwrap_or(ascii_name);
    to_ascii(directory) == ascii_name
        || directory
            .strip_prefix(start)
            .and_then(|rest| rest.strip_prefix('_'))
            .is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The domain and the site whose directory a path is in.
fn object_of<'a>(parts: impl Iterator<Item = &'a str>) -> (Option<&'a str>, Option<&'a str>) {
    let (mut domain, mut site, mut group) = (None, None, "");
    for part in parts {
        match group {
            "domains" => (domain, site) = (Some(part), None),
            "sites" => site = Some(part),
            _ => {}
        }
        group = part;
    }
    (domain, site)
}

/// Mailboxes refer to the archive of their domain, and some references are met twice: what is wrong
/// with them is said once.
fn push_once(told: &mut HashSet<String>, problems: &mut Vec<Problem>, problem: Problem) {
    let about = match &problem {
        Problem::MissingContent { owner, file, .. }
        | Problem::ContentElsewhere { owner, file, .. }
        | Problem::ContentSize { owner, file, .. } => {
            let domain = owner.rsplit('@').next().unwrap_or(owner);
            format!("{domain}\0{file}")
        }
        other => other.to_string(),
    };
    if told.insert(about) {
        problems.push(problem);
    }
}

pub(super) fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

/// The parts of a path; `None` when it leads out of the tree. Plesk for Windows writes `\`, which is
/// part of no name: on Linux, Plesk replaces it.
fn normal(path: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> =
        path.trim().split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect();
    (!parts.contains(&"..")).then_some(parts)
}
