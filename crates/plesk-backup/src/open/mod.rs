//! From the paths that are given as a backup to one tree: files and their parts are found, told by
//! content, unpacked into a spool where they are compressed, indexed, and put together.

mod directory;
mod evidence;
mod origin;
mod part_name;
mod parts;
mod sets;
mod union;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use evidence::{Names, Sniffed};
pub use origin::{Origin, Spooled, UnusedFile};
use sets::{FileSet, Neighbours, set_of};
use union::{Piece, unite};

use crate::archive::Compression;
use crate::container::{Container, Indexed, Outer, is_plesk_file, tell};
use crate::damage::Damage;
use crate::looks_like::LooksLike;
use crate::open_error::OpenError;
use crate::printable;
use crate::spool::{self, OpenOptions};
use crate::tar_format::BLOCK;
use crate::tree::{Entry, Psadump, Source, Tree, path_of, wrapper};

/// Everything that was opened.
pub(crate) struct Opened {
    pub(crate) origins: Vec<Origin>,
    pub(crate) unused: Vec<UnusedFile>,
    pub(crate) tree: Tree,
    pub(crate) damage: Vec<Damage>,
}

/// One backup file, or directory, on its own.
struct Single {
    origin: Origin,
    sources: Vec<Source>,
    entries: Vec<Entry>,
    damage: Vec<Damage>,
    psadump: Option<Psadump>,
}

/// What is to be opened.
enum Input {
    Tree(PathBuf, Vec<Entry>, Vec<Damage>),
    File(FileSet),
}

/// Opens whatever the paths are.
pub(crate) fn open(paths: &[PathBuf], options: &OpenOptions<'_>) -> Result<Opened, OpenError> {
    if paths.is_empty() {
        return Err(OpenError::NoPath);
    }
    refuse_given_twice(paths)?;
    let mut unused = Vec::new();
    let inputs = inputs(paths, &mut unused)?;
    let mut singles = Vec::with_capacity(inputs.len());
    let mut spooled = 0_u64;
    for input in inputs {
        let single = match input {
            Input::Tree(path, entries, damage) => tree(&path, entries, damage)?,
            Input::File(set) => file(&set, options, spooled)?,
        };
        spooled += single.origin.spooled.as_ref().map_or(0, |spooled| spooled.bytes);
        singles.push(single);
    }
    let are_several = singles.len() > 1;
    let mut of_psadump = None;
    let mut origins = Vec::new();
    let mut damage = Vec::new();
    let mut pieces = Vec::new();
    for single in singles {
        let Single { origin, sources, entries, damage: own, psadump } = single;
        if psadump.is_some() && are_several {
            return Err(OpenError::OldAmongSeveral { path: origin.path.clone() });
        }
        of_psadump = psadump;
        let file = parts::name(&origin.path);
        damage.extend(own.into_iter().map(|own| {
            if are_several {
                Damage::OfFile { file: file.clone(), damage: Box::new(own) }
            } else {
                own
            }
        }));
        pieces.push(Piece { path: origin.path.clone(), sources, entries });
        origins.push(origin);
    }
    let tree = match <[Piece; 1]>::try_from(pieces) {
        Ok([only]) => Tree::new(only.sources, only.entries).with_psadump(of_psadump),
        Err(pieces) => {
            let (tree, of_both) = unite(pieces, options.cancelled)?;
            damage.extend(of_both);
            tree
        }
    };
    Ok(Opened { origins, unused, tree, damage })
}

fn refuse_given_twice(paths: &[PathBuf]) -> Result<(), OpenError> {
    let mut seen = BTreeSet::new();
    for path in paths {
        // What cannot be followed fails when it is opened, with its reason.
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        if !seen.insert(real) {
            return Err(OpenError::GivenTwice { path: path.clone() });
        }
    }
    Ok(())
}

fn inputs(paths: &[PathBuf], unused: &mut Vec<UnusedFile>) -> Result<Vec<Input>, OpenError> {
    let mut inputs = Vec::new();
    // Files that went into the set of an earlier one.
    let mut used: BTreeSet<PathBuf> = BTreeSet::new();
    for path in paths {
        if used.contains(path) {
            continue;
        }
        let to_error = |source| OpenError::Io { path: path.clone(), source };
        let metadata = fs::metadata(path).map_err(to_error)?;
        if metadata.is_dir() {
            fs::read_dir(path).map_err(to_error)?;
            match directory::look(path)? {
                directory::Look::Tree(entries, damage) => {
                    inputs.push(Input::Tree(path.clone(), entries, damage));
                }
                directory::Look::Files(found) => {
                    inputs.extend(found.sets.into_iter().map(Input::File));
                    unused.extend(found.unused);
                }
            }
        } else if metadata.is_file() {
            let set = set_of(path, || neighbours(path, paths).map(Cow::Owned))?;
            used.extend(set.files.iter().cloned());
            inputs.push(Input::File(set));
        } else {
            return Err(OpenError::NotAFile { path: path.clone(), what: special(&metadata) });
        }
    }
    Ok(inputs)
}

/// Files that may be parts together with `path`: given ones go before those that lie beside it.
fn neighbours(path: &Path, given: &[PathBuf]) -> Result<Neighbours, OpenError> {
    let mut neighbours = Neighbours::new();
    let mut directories = BTreeSet::new();
    for given in given {
        directories.insert(parent(given));
        let Some(name) = given.file_name().and_then(OsStr::to_str) else { continue };
        neighbours.entry(name.to_owned()).or_insert_with(|| given.clone());
    }
    if let Some(name) = path.file_name().and_then(OsStr::to_str) {
        neighbours.insert(name.to_owned(), path.to_owned());
    }
    for directory in directories {
        // Who may read a file may not always list its directory; then it is taken as it is given.
        let Ok(listed) = fs::read_dir(directory) else { continue };
        for item in listed {
            let to_error = |source| OpenError::Io { path: directory.to_owned(), source };
            let item = item.map_err(to_error)?;
            let name = item.file_name();
            let Some(name) = name.to_str() else { continue };
            if !neighbours.contains_key(name)
                && fs::metadata(item.path()).is_ok_and(|it| it.is_file())
            {
                neighbours.insert(name.to_owned(), beside(directory, name));
            }
        }
    }
    Ok(neighbours)
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn beside(directory: &Path, name: &str) -> PathBuf {
    if directory == Path::new(".") { PathBuf::from(name) } else { directory.join(name) }
}

/// A directory with Plesk's files in it.
fn tree(path: &Path, entries: Vec<Entry>, damage: Vec<Damage>) -> Result<Single, OpenError> {
    let sources = vec![Source::Directory(path.to_owned())];
    let indexed = Indexed { sources, entries, damage, goes_on: false, psadump: None };
    let origin = Origin::new(&FileSet::directory(path), Container::Directory, None, None);
    finish(origin, path, indexed)
}

/// A backup file with all its parts.
fn file(set: &FileSet, options: &OpenOptions<'_>, used: u64) -> Result<Single, OpenError> {
    let path = set.first();
    let to_error = |source| OpenError::Io { path: path.to_owned(), source };
    let bytes = parts::concatenated(set).map_err(to_error)?;
    let sniffed = Sniffed::of_bytes(&bytes).map_err(to_error)?;
    let (container, indexed, compression, spooled) = match sniffed.outer {
        Outer::Other(looks_like) => {
            return Err(OpenError::NotABackup { path: path.to_owned(), looks_like });
        }
        Outer::Container(container) => {
            let indexed = parts::index_parts(set, container, &bytes).map_err(to_error)?;
            (container, indexed, None, None)
        }
        Outer::Compressed(compression) => {
            let container = inside(path, compression, &sniffed)?;
            let unpacked = spool::unpack(path, &bytes, compression, options, used)?;
            let inner = Arc::new(unpacked.bytes);
            let mut indexed = crate::container::index(container, &inner).map_err(to_error)?;
            indexed.damage.splice(0..0, unpacked.damage);
            indexed.damage.splice(0..0, parts::cut_parts(set, &bytes));
            let directory = options.spool.directory();
            let spooled = Spooled { bytes: inner.len(), directory };
            (container, indexed, Some(compression), Some(spooled))
        }
    };
    let mut indexed = indexed;
    if set.is_numbered && indexed.goes_on {
        let last = set.files.last().map_or(path, PathBuf::as_path);
        indexed.damage.insert(0, Damage::LastPartMissing { last: parts::name(last) });
    }
    let origin = Origin::new(set, container, compression, spooled);
    finish(origin, path, indexed)
}

/// What a compressed file holds, before all of it is unpacked.
fn inside(
    path: &Path,
    compression: Compression,
    sniffed: &Sniffed,
) -> Result<Container, OpenError> {
    let (head, error) =
        sniffed.peek.as_ref().map_or((&[][..], None), |peek| (&peek.head[..], peek.error.clone()));
    match tell(head) {
        Outer::Container(container) => {
            if sniffed.names.are_foreign() {
                return Err(no_plesk_files(path, &sniffed.names));
            }
            Ok(container)
        }
        Outer::Compressed(inner) => Err(no_backup_inside(path, compression, looks(inner))),
        Outer::Other(_) if error.is_some() && head.len() < BLOCK => Err(OpenError::NothingInside {
            path: path.to_owned(),
            compression: looks(compression),
            detail: error.unwrap_or_default(),
        }),
        Outer::Other(looks_like) => Err(no_backup_inside(path, compression, looks_like)),
    }
}

fn looks(compression: Compression) -> LooksLike {
    match compression {
        Compression::Zstd => LooksLike::Zstd,
        _ => LooksLike::Gzip,
    }
}

fn no_backup_inside(path: &Path, compression: Compression, looks_like: LooksLike) -> OpenError {
    let compression = looks(compression);
    OpenError::NoBackupInside { path: path.to_owned(), compression, looks_like }
}

fn no_plesk_files(path: &Path, names: &Names) -> OpenError {
    OpenError::NoPleskFiles {
        path: path.to_owned(),
        files: names.files.len(),
        more: !names.all,
        first: names.files.first().map(|name| printable(name)),
        looks_like: names.look_like(),
    }
}

/// Refuses what is nothing of Plesk's, and takes the wrapping directory off.
fn finish(origin: Origin, path: &Path, indexed: Indexed) -> Result<Single, OpenError> {
    let Indexed { sources, mut entries, mut damage, psadump, .. } = indexed;
    if let Some(psadump) = psadump {
        // Any mail with attachments has the shape of a psadump.
        if psadump.version.is_none() && psadump.metadata.is_none() {
            let looks_like = LooksLike::Mail;
            return Err(OpenError::NotABackup { path: path.to_owned(), looks_like });
        }
        return Ok(Single { origin, sources, entries, damage, psadump: Some(psadump) });
    }
    if !entries.iter().any(|entry| is_plesk_file(&entry.path)) {
        let files = entries.into_iter().map(|entry| entry.path).collect();
        let mut error = no_plesk_files(path, &Names { files, all: true });
        if let OpenError::NoPleskFiles { looks_like: looks_like @ None, .. } = &mut error
            && origin.container == Container::Zip
        {
            *looks_like = Some(LooksLike::Zip);
        }
        return Err(error);
    }
    let wrapper = wrapper::strip(&mut entries, &mut damage);
    let mut stripped = Vec::with_capacity(sources.len());
    for source in sources {
        stripped.push(match (source, &wrapper) {
            (Source::Directory(root), Some(name)) => {
                let to_error = |source| OpenError::Io { path: path.to_owned(), source };
                Source::Directory(root.join(path_of(name).map_err(to_error)?))
            }
            (source, _) => source,
        });
    }
    Ok(Single { origin, sources: stripped, entries, damage, psadump: None })
}

#[cfg(unix)]
fn special(metadata: &fs::Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn special(_metadata: &fs::Metadata) -> &'static str {
    "a special file"
}
