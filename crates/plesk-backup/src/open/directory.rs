//! A directory: Plesk's own tree, or a place where exports lie.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::evidence::Sniffed;
use super::origin::UnusedFile;
use super::sets::{FileSet, Neighbours, set_of};
use crate::container::Outer;
use crate::damage::Damage;
use crate::metadata::FileName;
use crate::open_error::OpenError;
use crate::printable;
use crate::tree::{Entry, directory_index};

/// What a directory is.
pub(super) enum Look {
    /// A repository or an unpacked export, with its files.
    Tree(Vec<Entry>, Vec<Damage>),
    /// A place where exports lie.
    Files(FilesOf),
}

/// The files at the top of a directory.
pub(super) struct FilesOf {
    pub(super) sets: Vec<FileSet>,
    pub(super) unused: Vec<UnusedFile>,
}

/// Tells which. Metadata anywhere make it a tree. Without any it may still be one that lost them,
/// and the names of exports are like those of archives in it, so that content decides: an export
/// begins with Plesk's files.
pub(super) fn look(path: &Path) -> Result<Look, OpenError> {
    let (entries, damage) = directory_index::index(path);
    let is_metadata = |entry: &Entry| {
        let base = entry.path.rsplit(|byte| *byte == b'/').next().unwrap_or(&entry.path);
        FileName::parse(base).is_some_and(|name| name.is_metadata)
    };
    if entries.iter().any(is_metadata) {
        return Ok(Look::Tree(entries, damage));
    }
    let files = files_of(path)?;
    if files.sets.is_empty() {
        return Ok(Look::Tree(entries, damage));
    }
    Ok(Look::Files(files))
}

fn files_of(directory: &Path) -> Result<FilesOf, OpenError> {
    let to_error = |source| OpenError::Io { path: directory.to_owned(), source };
    let mut neighbours = Neighbours::new();
    let mut others = Vec::new();
    for item in fs::read_dir(directory).map_err(to_error)? {
        let item = item.map_err(to_error)?;
        let path = item.path();
        let name = item.file_name();
        let metadata = fs::metadata(&path);
        let plesk = FileName::parse(name.as_encoded_bytes());
        match (name.to_str(), metadata) {
            (Some(_), Ok(_)) if plesk.is_some_and(|name| name.is_content()) => {
                others.push((path, "an archive of Plesk's without its metadata".to_owned()));
            }
            (Some(name), Ok(metadata)) if metadata.is_file() => {
                neighbours.insert(name.to_owned(), path);
            }
            (_, Ok(metadata)) if metadata.is_dir() => others.push((path, "a directory".to_owned())),
            (None, Ok(_)) => others.push((path, "a file whose name is no text".to_owned())),
            (_, Ok(_)) => others.push((path, "neither a file nor a directory".to_owned())),
            (_, Err(error)) => others.push((path, error.to_string())),
        }
    }
    let mut used: BTreeSet<PathBuf> = BTreeSet::new();
    let mut sets: Vec<FileSet> = Vec::new();
    let mut later = Vec::new();
    for path in neighbours.values() {
        let sniffed = Sniffed::of_file(path)
            .map_err(|source| OpenError::Io { path: path.clone(), source })?;
        if !sniffed.begins_backup() {
            later.push((path, sniffed));
            continue;
        }
        if !used.contains(path) {
            let set = set_of(path, || Ok(Cow::Borrowed(&neighbours)))?;
            used.extend(set.files.iter().cloned());
            sets.push(set);
        }
    }
    if sets.is_empty() {
        // Parts that lack their first are told as such.
        for (path, _) in &later {
            set_of(path, || Ok(Cow::Borrowed(&neighbours)))?;
        }
    }
    for (path, sniffed) in later {
        if !used.contains(path) {
            others.push((path.clone(), what(&sniffed)));
        }
    }
    others.sort();
    let unused = others.into_iter().map(|(path, what)| UnusedFile { path, what }).collect();
    Ok(FilesOf { sets, unused })
}

fn what(sniffed: &Sniffed) -> String {
    let holds = |what: &str| {
        let first = sniffed.names.files.first();
        first.map_or_else(
            || what.to_owned(),
            |first| {
                format!("{what} without anything of Plesk's (first in it: `{}`)", printable(first))
            },
        )
    };
    match (sniffed.names.look_like(), sniffed.outer) {
        (Some(kind), _) | (None, Outer::Other(kind)) => kind.to_string(),
        (None, Outer::Container(_)) => holds("a tar archive"),
        (None, Outer::Compressed(_)) => holds(if sniffed.names.files.is_empty() {
            "something compressed"
        } else {
            "a compressed tar"
        }),
    }
}
