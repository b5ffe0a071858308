//! A backup as a read-only tree: path → where the bytes lie.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) mod directory_index;
mod reader;
pub(crate) mod tar_index;
pub(crate) mod wrapper;

pub use reader::EntryReader;
pub(crate) use reader::path_of;

/// The files of a backup. Directories are not entries.
#[derive(Debug)]
pub struct Tree {
    source: Source,
    entries: Vec<Entry>,
    by_path: HashMap<Vec<u8>, EntryId>,
}

/// What lies below the tree.
#[derive(Debug)]
pub(crate) enum Source {
    /// One file that holds everything; read by position, so that readers do not disturb each other.
    Tar(Arc<File>),
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
}

impl Tree {
    pub(crate) fn new(source: Source, entries: Vec<Entry>) -> Tree {
        let by_path = entries
            .iter()
            .enumerate()
            .map(|(index, entry)| (entry.path.clone(), EntryId(index)))
            .collect();
        Tree { source, entries, by_path }
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
        EntryReader::open(&self.source, self.get(id))
    }
}
