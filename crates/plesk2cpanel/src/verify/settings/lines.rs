//! Files that are made of lines.

use std::collections::{BTreeMap, BTreeSet};

use plesk_backup::printable;

use super::Settings;
use crate::verify::ledger::{Class, Ledger};

/// Lines `KEY<separator>VALUE`; what is no such line, and what stands twice, is a difference.
pub(super) fn key_values(
    text: &str,
    separator: char,
    path: &str,
    class: Class,
    ledger: &mut Ledger,
) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for line in text.lines() {
        let Some((key, value)) = line.split_once(separator) else {
            ledger.differs(class, path, || format!("the line `{line}` has no `{separator}`"));
            continue;
        };
        if values.insert(key.to_owned(), value.to_owned()).is_some() {
            ledger.differs(class, path, || format!("`{key}` stands there twice"));
        }
    }
    values
}

/// A file of lines in no order.
pub(super) fn line_set(
    settings: &Settings<'_>,
    path: &str,
    meant: &BTreeSet<String>,
    class: Class,
    ledger: &mut Ledger,
) {
    let Some(text) = settings.text(class, path, ledger) else { return };
    let found: Vec<String> = text.lines().map(str::to_owned).collect();
    let set: BTreeSet<String> = found.iter().cloned().collect();
    ledger.same_set(class, path, meant, &set, |line| format!("the line `{line}`"));
    ledger.check(class, path, set.len() == found.len(), || "a line stands there twice".to_owned());
}

/// Whether a directory holds nothing but what is meant.
pub(super) fn none_beside(
    settings: &Settings<'_>,
    directory: &str,
    meant: &BTreeSet<Vec<u8>>,
    class: Class,
    ledger: &mut Ledger,
) {
    let start = directory.as_bytes().to_vec();
    for path in settings.found.texts.range(start.clone()..).map(|(path, _)| path) {
        if !path.starts_with(&start) {
            break;
        }
        ledger.check(class, &printable(path), meant.contains(path), || {
            "nothing of the backup becomes this file".to_owned()
        });
    }
}
