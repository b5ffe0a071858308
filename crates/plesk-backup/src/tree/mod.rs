//! A backup as a read-only tree: path → where the bytes lie.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

mod boundary;
pub(crate) mod bytes;
pub(crate) mod directory_index;
mod entries;
mod mime_header;
pub(crate) mod psadump_index;
mod reader;
pub(crate) mod tar_index;
mod transfer_encoding;
pub(crate) mod wrapper;
pub(crate) mod zip_index;

use crate::zip_format::{Packing, Place};
use bytes::Bytes;
pub use reader::EntryReader;
pub(crate) use reader::path_of;

/// The files of a backup. Directories are not entries.
#[derive(Debug)]
pub struct Tree {
    sources: Vec<Arc<Source>>,
    entries: Vec<Entry>,
    by_path: HashMap<Vec<u8>, EntryId>,
    /// Sorted by path, for those who ask for directories.
    sorted: OnceLock<Vec<EntryId>>,
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
    /// Further names of parts: a part may have a file name and a `Content-ID`.
    names: Vec<(Vec<u8>, EntryId)>,
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
    /// In a zip, with a checksum; their beginning is that of the entry.
    Zip(Place),
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
        Tree { sources, entries, by_path, sorted: OnceLock::new(), psadump: None }
    }

    /// The same with what a psadump says beside its parts, which are found by all their names.
    pub(crate) fn with_psadump(mut self, psadump: Option<Psadump>) -> Tree {
        for (name, id) in psadump.iter().flat_map(|psadump| &psadump.names) {
            self.by_path.entry(name.clone()).or_insert(*id);
        }
        self.psadump = psadump;
        self
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
    /// [`Entry::available`] bytes. Reading a file of a zip that has another checksum fails at its
    /// end with [`io::ErrorKind::InvalidData`].
    ///
    /// # Errors
    ///
    /// When a file of a directory cannot be opened; when a file of a zip is encrypted, or packed
    /// in a way that is not read here.
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

    /// The bytes of files one after another in the place where they lie, if they lie there as they
    /// are. No checksum is verified.
    pub(crate) fn in_place(&self, ids: &[EntryId]) -> io::Result<Option<Bytes>> {
        let mut pieces = Vec::with_capacity(ids.len());
        for id in ids {
            let entry = self.get(*id);
            let is_plain = match entry.encoding {
                Encoding::Plain => true,
                Encoding::Zip(place) => place.packing == Packing::Stored,
                Encoding::Base64 { .. } | Encoding::QuotedPrintable { .. } => false,
            };
            if !is_plain {
                return Ok(None);
            }
            let (bytes, offset) = reader::stored(&self.sources[entry.source], entry)?;
            pieces.push((bytes, offset, entry.available));
        }
        let pieces =
            pieces.iter().map(|(bytes, offset, length)| (bytes.as_ref(), *offset, *length));
        Ok(Some(Bytes::pieces(pieces)))
    }

    /// The files below a directory, in the order of the tree.
    pub(crate) fn below(&self, directory: &[u8]) -> Vec<EntryId> {
        let sorted = self.sorted.get_or_init(|| {
            let mut ids: Vec<EntryId> = (0..self.entries.len()).map(EntryId).collect();
            ids.sort_by(|a, b| self.get(*a).path.cmp(&self.get(*b).path));
            ids
        });
        let prefix = if directory.is_empty() { Vec::new() } else { [directory, b"/"].concat() };
        let start = sorted.partition_point(|id| self.get(*id).path < prefix);
        let is_below = |id: &&EntryId| self.get(**id).path.starts_with(&prefix);
        let mut ids: Vec<EntryId> = sorted[start..].iter().take_while(is_below).copied().collect();
        ids.sort_unstable();
        ids
    }
}
