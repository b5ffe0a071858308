//! A backup as a read-only tree: path → where the bytes lie.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) mod bytes;
pub(crate) mod directory_index;
mod reader;
pub(crate) mod tar_index;
pub(crate) mod wrapper;

use bytes::Bytes;
pub use reader::EntryReader;
pub(crate) use reader::path_of;

/// The files of a backup. Directories are not entries.
#[derive(Debug)]
pub struct Tree {
    sources: Vec<Arc<Source>>,
    entries: Vec<Entry>,
    by_path: HashMap<Vec<u8>, EntryId>,
}

/// What lies below the tree.
#[derive(Debug)]
pub(crate) enum Source {
    /// One run of bytes that holds everything: a file, parts of one, or a spool file.
    Bytes(Arc<Bytes>),
    /// A directory; paths of entries are relative to it.
    Directory(PathBuf),
}

/// Names an entry of one [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(usize);

/// A file of the backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `/`-separated, without a leading `./` and without the directory that wraps everything.
    pub path: Vec<u8>,
    /// Declared bytes.
    pub size: u64,
    /// Bytes that are there; fewer than `size` when the backup is cut.
    pub available: u64,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Where the bytes begin in the outer file; 0 for directories.
    pub offset: u64,
    /// How they are stored there.
    pub(crate) encoding: Encoding,
    /// Which of the tree's sources holds them.
    pub(crate) source: usize,
}

/// How the bytes of an entry are stored in its container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// As they are.
    Plain,
}

impl Entry {
    /// An entry whose bytes are there, as they are, in the first source.
    pub(crate) fn plain(path: Vec<u8>, size: u64, mtime: i64, offset: u64) -> Entry {
        let encoding = Encoding::Plain;
        Entry { path, size, available: size, mtime, offset, encoding, source: 0 }
    }
}

impl Tree {
    pub(crate) fn new(sources: Vec<Source>, entries: Vec<Entry>) -> Tree {
        let by_path = entries
            .iter()
            .enumerate()
            .map(|(index, entry)| (entry.path.clone(), EntryId(index)))
            .collect();
        Tree { sources: sources.into_iter().map(Arc::new).collect(), entries, by_path }
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when there is no file.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All files: in the order of the tar, or sorted by path for a directory.
    pub fn iter(&self) -> impl Iterator<Item = (EntryId, &Entry)> {
        self.entries.iter().enumerate().map(|(index, entry)| (EntryId(index), entry))
    }

    /// The file that `id` names.
    ///
    /// # Panics
    ///
    /// When `id` is of another tree that has more files.
    pub fn get(&self, id: EntryId) -> &Entry {
        &self.entries[id.0]
    }

    /// Looks a path up, exactly as [`Entry::path`] spells it.
    pub fn find(&self, path: impl AsRef<[u8]>) -> Option<EntryId> {
        self.by_path.get(path.as_ref()).copied()
    }

    /// Opens a file. The reader is independent of all others; it ends after
    /// [`Entry::available`] bytes.
    ///
    /// # Errors
    ///
    /// When a file of a directory cannot be opened.
    pub fn open(&self, id: EntryId) -> io::Result<EntryReader> {
        self.opener(id)()
    }

    /// Opens a file later, when the tree may be gone: a file of a directory is not held open till
    /// then.
    pub(crate) fn opener(
        &self,
        id: EntryId,
    ) -> impl FnOnce() -> io::Result<EntryReader> + Send + use<> {
        let entry = self.get(id).clone();
        let source = Arc::clone(&self.sources[entry.source]);
        move || EntryReader::open(&source, &entry)
    }

    /// The files below a directory, in the order of the tree.
    pub(crate) fn below<'a>(
        &'a self,
        directory: &'a [u8],
    ) -> impl Iterator<Item = (EntryId, &'a Entry, &'a [u8])> {
        self.iter().filter_map(move |(id, entry)| {
            let rest = entry.path.strip_prefix(directory)?;
            let inside = if directory.is_empty() { rest } else { rest.strip_prefix(b"/")? };
            Some((id, entry, inside))
        })
    }
}
