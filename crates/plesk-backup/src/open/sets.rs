//! Which files are parts of one backup, and which are backups of their own.
//!
//! Names say which files may belong together, and what they hold decides: a later part begins
//! anywhere in the middle, while each of several exports begins as a backup does. So `x.tar.1` and
//! `x.tar.2` may be two parts, or two copies that were kept in turn.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::evidence::{Sniffed, read_head};
use super::part_name::{Disorder, NumberedSet, after_base, has_part_number, sets};
use crate::container::{Container, Outer};
use crate::looks_like::LooksLike;
use crate::open_error::OpenError;
use crate::tree::bytes::Bytes;
use crate::tree::tar_index;

/// Bytes by which a copy of the first part is known.
const SAME: usize = 4096;

/// A backup file, or all parts of one in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileSet {
    pub(super) files: Vec<PathBuf>,
    /// The path that the whole had, or would have.
    pub(super) whole: PathBuf,
    /// The name says that there may be further parts, which are not there.
    pub(super) is_numbered: bool,
}

/// Files that may be parts of each other, by name.
pub(super) type Neighbours = BTreeMap<String, PathBuf>;

impl FileSet {
    pub(super) fn first(&self) -> &Path {
        &self.files[0]
    }

    /// A directory is not split.
    pub(super) fn directory(path: &Path) -> FileSet {
        let whole = path.to_owned();
        FileSet { files: vec![path.to_owned()], whole, is_numbered: false }
    }

    fn alone(path: &Path) -> FileSet {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_numbered = has_part_number(name);
        let whole = match super::part_name::whole_name(name).filter(|_| is_numbered) {
            Some(whole) => path.with_file_name(whole),
            None => path.to_owned(),
        };
        FileSet { files: vec![path.to_owned()], whole, is_numbered }
    }
}

/// The file `path` with the parts that go with it. Its neighbours are asked for only where it may
/// have parts.
pub(super) fn set_of<'a>(
    path: &Path,
    neighbours: impl FnOnce() -> Result<Cow<'a, Neighbours>, OpenError>,
) -> Result<FileSet, OpenError> {
    let to_error = |source| OpenError::Io { path: path.to_owned(), source };
    let sniffed = Sniffed::of_file(path).map_err(to_error)?;
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return Ok(FileSet::alone(path));
    };
    if is_whole(path, &sniffed).map_err(to_error)? {
        return Ok(FileSet::alone(path));
    }
    let neighbours = neighbours()?;
    let names: Vec<&str> = neighbours.keys().map(String::as_str).collect();
    for set in candidates(name, &names) {
        if let Some(found) = judge(&set, &neighbours)? {
            return found.check(path, &neighbours);
        }
    }
    missing_first(path, name, &sniffed, &names)?;
    Ok(FileSet::alone(path))
}

/// A set that was found to be parts.
struct Found<'a> {
    base: Option<String>,
    set: &'a NumberedSet<'a>,
}

impl Found<'_> {
    fn check(&self, path: &Path, neighbours: &Neighbours) -> Result<FileSet, OpenError> {
        self.set.check().map_err(|disorder| match disorder {
            Disorder::Missing { name } => {
                OpenError::MissingPart { path: path.to_owned(), missing: name }
            }
            Disorder::Twice { first, second } => {
                OpenError::PartTwice { path: path.to_owned(), first, second }
            }
        })?;
        let names = self.base.as_deref().into_iter().chain(self.set.names());
        let files: Vec<PathBuf> = names.filter_map(|name| neighbours.get(name)).cloned().collect();
        let first = read_start(&files[0])?;
        for other in &files[1..] {
            if first.len() >= 512 && read_start(other)? == first {
                let (first, second) = (files[0].clone(), other.clone());
                return Err(OpenError::PartCopied { first, second });
            }
        }
        let whole = files[0].with_file_name(self.set.whole_name());
        Ok(FileSet { files, whole, is_numbered: true })
    }
}

fn candidates<'a>(name: &'a str, names: &[&'a str]) -> Vec<NumberedSet<'a>> {
    let mut found = sets(name, names);
    found.extend(after_base(name, names));
    found
}

/// Decides from what the files hold; `None` when they are not parts of one backup.
fn judge<'a>(
    set: &'a NumberedSet<'a>,
    neighbours: &Neighbours,
) -> Result<Option<Found<'a>>, OpenError> {
    let sniff = |name: &str| -> Result<Option<Sniffed>, OpenError> {
        let Some(path) = neighbours.get(name) else { return Ok(None) };
        match Sniffed::of_file(path) {
            Ok(sniffed) => Ok(Some(sniffed)),
            Err(source) => Err(OpenError::Io { path: path.clone(), source }),
        }
    };
    let mut names = set.names();
    let Some(lowest) = names.next() else { return Ok(None) };
    let Some(first) = sniff(lowest)? else { return Ok(None) };
    let (base, first_name, first, later): (Option<String>, &str, Sniffed, Vec<&str>) =
        if first.may_be_backup() {
            (None, lowest, first, names.collect())
        } else {
            // `x.tar` may come before `x.tar.1`, but not beside an `x.tar.1` that begins by itself.
            let base = set.base().filter(|base| neighbours.contains_key(base));
            let Some((base, sniffed)) =
                base.and_then(|base| Some((base.clone(), sniff(&base).transpose()?)))
            else {
                return Ok(None);
            };
            let sniffed = sniffed?;
            if !sniffed.may_be_backup() {
                return Ok(None);
            }
            (Some(base), lowest, sniffed, set.names().collect())
        };
    let path = base.as_deref().or(Some(first_name)).and_then(|name| neighbours.get(name));
    let Some(path) = path else { return Ok(None) };
    let to_error = |source| OpenError::Io { path: path.clone(), source };
    if later.is_empty() || is_whole(path, &first).map_err(to_error)? {
        return Ok(None);
    }
    let mut all_begin = true;
    for name in later {
        all_begin &= sniff(name)?.is_some_and(|sniffed| sniffed.begins_backup());
    }
    if all_begin && !ends_between_members(path, &first).map_err(to_error)? {
        return Ok(None);
    }
    Ok(Some(Found { base, set }))
}

/// Two or more parts in a row, and the first is not among them.
fn missing_first(
    path: &Path,
    name: &str,
    sniffed: &Sniffed,
    names: &[&str],
) -> Result<(), OpenError> {
    let is_middle = matches!(
        sniffed.outer,
        Outer::Other(LooksLike::Random | LooksLike::Unknown | LooksLike::Zeros)
    );
    if !is_middle || !has_part_number(name) {
        return Ok(());
    }
    for set in sets(name, names) {
        if let Err(Disorder::Missing { name: missing }) = set.check()
            && !names.contains(&missing.as_str())
        {
            return Err(OpenError::MissingPart { path: path.to_owned(), missing });
        }
    }
    Ok(())
}

/// A tar with its end mark, or a zip with its list, has no further parts, whatever lies beside it.
fn is_whole(path: &Path, sniffed: &Sniffed) -> io::Result<bool> {
    if sniffed.outer == Outer::Container(Container::Zip) {
        return Ok(sniffed.names.all);
    }
    Ok(tar_end(path, sniffed)?.is_some_and(|end| end == tar_index::End::Mark))
}

/// A tar that ends where a further member would begin.
fn ends_between_members(path: &Path, sniffed: &Sniffed) -> io::Result<bool> {
    Ok(tar_end(path, sniffed)?.is_some_and(|end| end == tar_index::End::BetweenMembers))
}

fn tar_end(path: &Path, sniffed: &Sniffed) -> io::Result<Option<tar_index::End>> {
    if sniffed.outer != Outer::Container(Container::Tar) {
        return Ok(None);
    }
    let (_, _, end) = tar_index::index(&Bytes::one(File::open(path)?)?)?;
    Ok(Some(end))
}

fn read_start(path: &Path) -> Result<Vec<u8>, OpenError> {
    let read = || read_head(&Bytes::one(File::open(path)?)?, SAME);
    read().map_err(|source| OpenError::Io { path: path.to_owned(), source })
}
