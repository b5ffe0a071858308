//! One metadata file, read.

use std::collections::BTreeMap;

use super::choose::{FileFacts, Outline, Survey};
use super::known::count_unknown;
use super::merge::Candidate;
use super::part::{self, Part};
use super::resolve::Resolver;
use super::xml::{self, Dump as DumpXml};
use super::{DumpLevel, FileName, Problem, Stamp, psadump, subscription, windows8};
use crate::printable;
use crate::tree::{EntryId, Tree};

/// What one metadata file holds.
pub(super) struct FileReading {
    pub(super) entry: EntryId,
    /// Its path.
    pub(super) file: String,
    pub(super) candidates: Vec<Candidate>,
    pub(super) parts: Vec<Part>,
    /// What is wrong with the file itself.
    pub(super) problems: Vec<Problem>,
    /// Stamps of the dumps that it needs; none when it does not list them, or not legibly.
    pub(super) related: Vec<Stamp>,
    /// What it says beside its subscriptions.
    pub(super) dump: DumpXml,
}

pub(super) fn read_file(tree: &Tree, id: EntryId, resolver: &mut Resolver<'_>) -> FileReading {
    let entry = tree.get(id);
    let file = printable(&entry.path);
    let mut reading = FileReading {
        entry: id,
        file: file.clone(),
        candidates: Vec::new(),
        parts: Vec::new(),
        problems: Vec::new(),
        related: Vec::new(),
        dump: DumpXml::default(),
    };
    let reader = match tree.open(id) {
        Ok(reader) => reader,
        Err(error) => {
            let detail = error.to_string();
            reading.problems.push(Problem::UnreadableXml { file, detail });
            return reading;
        }
    };
    let mut nameless = Vec::new();
    let dump = xml::read(reader, psadump::root(tree), &mut |mut found| {
        let mut problems = Vec::new();
        psadump::modernise(tree, &mut found, &file, &mut problems);
        if !matches!(found.element.name.as_str(), "domain" | windows8::DOMAIN) {
            reading.parts.extend(part::read(found.element, &file, resolver, &mut nameless));
            return;
        }
        let mut unknown = BTreeMap::new();
        count_unknown(&found.element, &mut unknown);
        match subscription::read(&found, &file, resolver, &mut problems) {
            Some(subscription) => {
                reading.candidates.push(Candidate { subscription, problems, unknown });
            }
            None => nameless.append(&mut problems),
        }
    });
    if let Some(cut) = &dump.cut {
        reading.problems.push(Problem::DamagedXml {
            file: file.clone(),
            offset: cut.offset,
            size: entry.size,
            inside: if cut.inside.is_empty() {
                "the beginning".to_owned()
            } else {
                cut.inside.clone()
            },
            detail: cut.detail.clone(),
        });
    } else if dump.root.is_none() {
        let detail = "it has no element `migration-dump`".to_owned();
        reading.problems.push(Problem::NotMetadata { file: file.clone(), detail });
    }
    reading.problems.append(&mut nameless);
    if dump.replaced_characters > 0 {
        let count = dump.replaced_characters;
        reading.problems.push(Problem::ReplacedCharacters { file: file.clone(), count });
    }
    match related(&dump.related) {
        Ok(stamps) => reading.related = stamps,
        Err(text) => reading.problems.push(Problem::NotUnderstood {
            element: "related-dump".to_owned(),
            object: "the dumps that it needs".to_owned(),
            file: file.clone(),
            detail: format!("`{text}` names no dump; all of its chain were taken for needed"),
        }),
    }
    for (path, name) in &dump.server_content {
        resolver.mark(&file, path, name);
    }
    reading.dump = dump;
    reading
}

/// The dumps of a list, each a stamp or the name of its metadata. Of a list of which one cannot be
/// read none is taken: what the list lacks would pass for deleted.
fn related(texts: &[String]) -> Result<Vec<Stamp>, &str> {
    let of_name = |text: &str| {
        let name = text.rsplit(['/', '\\']).next().unwrap_or(text);
        let stem = name.strip_suffix(".xml").unwrap_or(name);
        FileName::parse(format!("{stem}.xml").as_bytes())?.stamp
    };
    let stamp = |text: &str| Stamp::parse(text).or_else(|| of_name(text));
    texts.iter().map(|text| stamp(text).ok_or(text.as_str())).collect()
}

impl Survey {
    /// Keeps the outline of what a file holds.
    pub(super) fn take(&mut self, index: usize, dump: usize, reading: &FileReading) {
        let mut facts = FileFacts {
            damaged: reading.dump.root.is_none() || reading.dump.cut.is_some(),
            related: reading.related.clone(),
            ..FileFacts::default()
        };
        let included = reading.dump.attribute("content-included");
        facts.content_included = included.map(subscription::is_true);
        if let Some((element, name)) = &reading.dump.object {
            facts.level = match element.as_str() {
                "admin" => DumpLevel::Server,
                "reseller" => DumpLevel::Reseller,
                "client" => DumpLevel::Client,
                _ => DumpLevel::Subscription,
            };
            facts.object.clone_from(name);
        }
        let parts = reading.parts.iter().map(|part| &part.problems);
        let of_candidates = reading.candidates.iter().map(|candidate| &candidate.problems);
        for problem in of_candidates.chain(parts).flatten() {
            if let Problem::MissingContent { file, .. } | Problem::AmbiguousContent { file, .. } =
                problem
            {
                facts.missing.push(file.clone());
            }
        }
        self.files.push(facts);
        for candidate in &reading.candidates {
            let place = (dump, index);
            self.outlines.push(Outline::new(place, &candidate.subscription, &candidate.problems));
        }
    }
}
