//! A backup as a read-only tree: path → where the bytes lie.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

mod boundary;
pub(crate) mod bytes;
pub(crate) mod directory_index;
mod mime_header;
pub(crate) mod psadump_index;
mod reader;
pub(crate) mod tar_index;
mod transfer_encoding;
pub(crate) mod wrapper;

use bytes::Bytes;
use psadump_index::Indexed;
pub use reader::EntryReader;
pub(crate) use reader::path_of;

/// The files of a backup. Directories are not entries.
#[derive(Debug)]
pub struct Tree {
    sources: Vec<Arc<Source>>,
    entries: Vec<Entry>,
    by_path: HashMap<Vec<u8>, EntryId>,
    psadump: Option<Psadump>,
}

/// What is known of a psadump besides its parts.
#[derive(Debug)]
pub(crate) struct Psadump {
    /// `Dumped-Psa-Version` of the head.
    pub(crate) version: Option<String>,
    /// `Date` of the head.
    pub(crate) date: Option<String>,
    /// The part that holds the metadata.
    pub(crate) metadata: Option<EntryId>,
    /// Parts that sign the others.
    pub(crate) signatures: Vec<EntryId>,
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
    /// Declared bytes. Parts of a psadump declare none: decoded bytes up to the boundary, and where
    /// there is no boundary or what lies before it cannot be decoded, one more than are there.
    pub size: u64,
    /// Bytes that are there; fewer than `size` when the backup is cut.
    pub available: u64,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Where the stored bytes begin in the outer file; 0 for directories.
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
    /// In base64, with line breaks.
    Base64 {
        /// Encoded bytes.
        stored: u64,
    },
    /// Quoted-printable.
    QuotedPrintable {
        /// Encoded bytes.
        stored: u64,
    },
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
        let sources = sources.into_iter().map(Arc::new).collect();
        Tree { sources, entries, by_path, psadump: None }
    }

    /// The parts of a psadump.
    pub(crate) fn of_psadump(source: Source, indexed: Indexed) -> Tree {
        let Indexed { entries, version, date, metadata, signatures, names, damage: _ } = indexed;
        let mut tree = Tree::new(vec![source], entries);
        for (name, index) in names {
            tree.by_path.entry(name).or_insert(EntryId(index));
        }
        let signatures = signatures.into_iter().map(EntryId).collect();
        let metadata = metadata.map(EntryId);
        tree.psadump = Some(Psadump { version, date, metadata, signatures });
        tree
    }

    /// What a psadump says beside its parts; `None` for any other container.
    pub(crate) fn psadump(&self) -> Option<&Psadump> {
        self.psadump.as_ref()
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when there is no file.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All files: in the order of the outer file, or sorted by path for a directory.
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

    /// Looks a path up, exactly as [`Entry::path`] spells it; a part of a psadump that has a file
    /// name and a `Content-ID` is found by both.
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
