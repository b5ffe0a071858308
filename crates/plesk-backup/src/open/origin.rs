//! What a backup was opened from.

use std::fmt;
use std::path::{Path, PathBuf};

use super::sets::FileSet;
use crate::archive::Compression;
use crate::container::Container;

/// A file, a file in parts, or a directory that a backup was opened from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Origin {
    /// The file or directory; of a file in parts, its first.
    pub path: PathBuf,
    /// All parts in their order; empty for what is whole.
    pub parts: Vec<PathBuf>,
    /// What holds the files.
    pub container: Container,
    /// Set for what was compressed as a whole.
    pub spooled: Option<Spooled>,
    compression: Option<Compression>,
    /// The path that the file had before it was split.
    whole: PathBuf,
}

/// Where a compressed backup was unpacked to. The file there has no name, and is gone when the
/// backup is dropped or the program ends.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spooled {
    /// How many bytes it takes.
    pub bytes: u64,
    /// The directory on whose disk it lies.
    pub directory: PathBuf,
}

/// A file of a directory full of backups that belongs to none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnusedFile {
    /// Where it lies.
    pub path: PathBuf,
    /// What it is instead.
    pub what: String,
}

impl Origin {
    pub(super) fn new(
        set: &FileSet,
        container: Container,
        compression: Option<Compression>,
        spooled: Option<Spooled>,
    ) -> Origin {
        let parts = if set.files.len() > 1 { set.files.clone() } else { Vec::new() };
        let path = set.first().to_owned();
        Origin { path, parts, container, spooled, compression, whole: set.whole.clone() }
    }

    /// The path that the file had before it was split: its name may tell the domain.
    pub(crate) fn whole(&self) -> &Path {
        &self.whole
    }
}

/// `directory`, `tar`, `tar.gz`, `parts of tar.zst`.
impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.parts.is_empty() {
            out.write_str("parts of ")?;
        }
        write!(out, "{}", self.container)?;
        match self.compression {
            Some(Compression::Gzip) => out.write_str(".gz"),
            Some(Compression::Zstd) => out.write_str(".zst"),
            _ => Ok(()),
        }
    }
}
