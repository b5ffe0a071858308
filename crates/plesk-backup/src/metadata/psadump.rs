//! Metadata of a psadump: which part holds them, and what they were before Plesk 9 brought into the
//! shape of today, which is then read like any other.
//!
//! Bringing the elements into today's shape, rather than reading each shape into the description on
//! its own, keeps one home for what a setting means.

use std::collections::BTreeSet;

use super::resolve::base_name;
use super::select::{DumpFiles, Inventory, MetadataFile};
use super::xml::{Element, Found, Root};
use super::{
    ContentFile, ContentRef, Description, FileName, Problem, Stamp, Subscription, percent, plesk7,
    plesk8,
};
use crate::printable;
use crate::tree::{EntryId, Tree};

/// Parts of a web space that are found by name alone: `example.com.httpdocs`.
const WEB_PARTS: [&str; 15] = [
    "httpdocs",
    "htdocs",
    "httpsdocs",
    "htsdocs",
    "cgi-bin",
    "cgi",
    "conf",
    "statistics",
    "logs",
    "pd",
    "private",
    "anon_ftp",
    "error_docs",
    "web_users",
    "webstat",
];

/// The one part that holds metadata; `None` when the tree is no psadump.
pub(super) fn inventory(tree: &Tree) -> Option<Inventory> {
    let psadump = tree.psadump()?;
    let main = psadump.metadata;
    let files = main.into_iter().map(|entry| MetadataFile { entry, dump: 0 }).collect();
    let dump = DumpFiles {
        stamp: psadump.date.as_deref().and_then(stamp_of),
        base: None,
        path: Vec::new(),
        main,
        flags: Vec::new(),
    };
    Some(Inventory { files, dumps: vec![dump] })
}

/// What subscriptions must stand below.
pub(super) fn root(tree: &Tree) -> Root {
    if tree.psadump().is_some() { Root::Any } else { Root::MigrationDump }
}

/// What an element of old needs around it.
pub(super) struct Old<'a> {
    pub(super) tree: &'a Tree,
    pub(super) domain: String,
    pub(super) file: &'a str,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Old<'_> {
    pub(super) fn not_understood(&mut self, element: &str, object: String, detail: String) {
        let (element, file) = (element.to_owned(), self.file.to_owned());
        self.problems.push(Problem::NotUnderstood { element, object, file, detail });
    }
}

/// Brings a subscription of a psadump into the shape of today.
pub(super) fn modernise(tree: &Tree, found: &mut Found, file: &str, problems: &mut Vec<Problem>) {
    let Some(psadump) = tree.psadump() else { return };
    let version = psadump.version.as_ref().or(found.context.plesk_version.as_ref());
    let major = version.and_then(|text| major(text));
    let element = &mut found.element;
    let domain = element.value("name").unwrap_or_default().trim().to_owned();
    let mut old = Old { tree, domain, file, problems };
    // By shape: a version may be missing, and only one of both has accounts in `user`.
    if element.child("mailsystem").is_none() && element.child("user").is_some() {
        plesk7::reshape(element, &mut old);
    }
    plesk8::modernise(element, &mut old, major);
}

fn major(version: &str) -> Option<u32> {
    let digits = version.trim().split(|letter: char| !letter.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// What is told beside the subscriptions, once they are read.
pub(super) fn finish(tree: &Tree, referenced: &BTreeSet<EntryId>, description: &mut Description) {
    let Some(psadump) = tree.psadump() else { return };
    if let Some(version) = &psadump.version {
        description.plesk_version = Some(version.clone());
    }
    let version = description.plesk_version.as_deref().and_then(major);
    if description.components.is_empty() && version.is_none_or(|version| version < 9) {
        description.components.push("courier-imap".to_owned());
    }
    for (id, entry) in tree.iter() {
        let is_known = referenced.contains(&id)
            || psadump.metadata == Some(id)
            || psadump.signatures.contains(&id)
            || description.unreferenced.contains(&id);
        if is_known {
            continue;
        }
        let name = printable(&entry.path);
        match web_part(&name, &mut description.subscriptions) {
            Some((subscription, kind)) => subscription.other_content.push(ContentRef {
                kind,
                path: String::new(),
                offset: None,
                referrer: false,
                directory: None,
                files: vec![ContentFile { name, size: Some(entry.size), entry: Some(id) }],
            }),
            // Those that are called like archives of today were looked at already.
            None if FileName::parse(base_name(&entry.path)).is_none() => {
                description.unreferenced.push(id);
            }
            None => {}
        }
    }
}

/// The subscription that a part belongs to by its name, and what of it the part is.
fn web_part<'a>(
    name: &str,
    subscriptions: &'a mut [Subscription],
) -> Option<(&'a mut Subscription, String)> {
    let (domain, kind) = name.rsplit_once('.')?;
    let kind = WEB_PARTS.iter().find(|known| **known == kind)?;
    let subscription = subscriptions.iter_mut().find(|subscription| {
        subscription.domains().any(|known| known.ascii_name.eq_ignore_ascii_case(domain))
    })?;
    Some((subscription, (*kind).to_owned()))
}

/// The stamp that a backup of today would have: `Tue, 12 Dec 2006 15:08:00 +0100` is 0612121508.
fn stamp_of(date: &str) -> Option<Stamp> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let words: Vec<&str> = date.split([' ', ',', '\t']).filter(|word| !word.is_empty()).collect();
    let at = words.iter().position(|word| {
        MONTHS.iter().any(|month| word.len() >= 3 && word.to_lowercase().starts_with(month))
    })?;
    let month = MONTHS.iter().position(|month| words[at].to_lowercase().starts_with(month))?;
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number < 10_000);
    let day = number(words.get(at.checked_sub(1)?)?)?;
    let year = number(words.get(at + 1)?)?;
    let (hour, rest) = words.get(at + 2)?.split_once(':')?;
    let minute = rest.split(':').next()?;
    Stamp::parse(&format!(
        "{:02}{:02}{day:02}{:02}{:02}",
        year % 100,
        month + 1,
        number(hour)?,
        number(minute)?
    ))
}

/// A reference to a part, as today's metadata spell it.
pub(super) fn cid(tree: &Tree, kind: &str, reference: &str) -> Element {
    let name = part_name(tree, reference);
    let mut file = Element::of_text("content-file", &name);
    if let Some(id) = tree.find(&name) {
        file.set("size", &tree.get(id).size.to_string());
    }
    let mut cid = Element::new("cid");
    cid.set("type", kind);
    cid.children.push(file);
    cid
}

/// The name of the part that a `cid` or a `src="cid:..."` means.
fn part_name(tree: &Tree, reference: &str) -> String {
    let bare = reference.trim();
    let bare = bare.strip_prefix("cid:").unwrap_or(bare);
    let bare = bare.strip_prefix('<').and_then(|bare| bare.strip_suffix('>')).unwrap_or(bare);
    // An address of a part is a URL, in which an `@` may be `%40`.
    if tree.find(bare).is_none()
        && let Ok(decoded) = String::from_utf8(percent::decoded(bare.as_bytes()))
        && tree.find(&decoded).is_some()
    {
        return decoded;
    }
    bare.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{major, stamp_of};

    #[test]
    fn dates_of_mail_are_stamps() {
        let stamp = |text: &str| stamp_of(text).map(|stamp| stamp.to_string());
        assert_eq!(stamp("Tue, 12 Dec 2006 15:08:00 +0100").as_deref(), Some("0612121508"));
        assert_eq!(stamp("2 january 2009 03:04").as_deref(), Some("0901020304"));
        for text in ["", "Dec", "Dec 2006 15:08", "12 Dec 2006", "99 Dec 2006 1:2", "12 Dec x 1:2"]
        {
            assert_eq!(stamp(text), None, "{text}");
        }
    }

    #[test]
    fn versions() {
        assert_eq!(major("8.6.0"), Some(8));
        assert_eq!(major("psa 8"), None);
    }
}
