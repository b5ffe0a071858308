//! Opening a backup.

use std::path::{Path, PathBuf};

use crate::archive::{ArchiveError, ContentArchive};
use crate::damage::Damage;
use crate::metadata::{DescribeError, Description};
use crate::open_error::OpenError;
use crate::tree::{EntryId, Tree};

/// An opened backup: indexed, nothing read into memory but names.
#[derive(Debug)]
pub struct Backup {
    path: PathBuf,
    container: Container,
    tree: Tree,
    damage: Vec<Damage>,
}

/// How the files of a backup are kept together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Container {
    /// A directory, such as `/var/lib/psa/dumps` or an unpacked export.
    Directory,
    /// A plain tar, as Plesk exports it.
    Tar,
}

impl Backup {
    /// Opens a directory or a plain tar; which of both is told by content.
    ///
    /// # Errors
    ///
    /// When the path cannot be read, or is something else: the error says what it looks like, and
    /// [`OpenError::hint`] what may be done.
    pub fn open(path: &Path) -> Result<Backup, OpenError> {
        todo!("{}", path.display())
    }

    /// The path that was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How the files are kept together.
    pub fn container(&self) -> Container {
        self.container
    }

    /// The files.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// What is wrong with the container.
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// Reads all metadata of the newest dump in the tree.
    ///
    /// # Errors
    ///
    /// When there is nothing from which a subscription could be told, not even a file name.
    pub fn describe(&self) -> Result<Description, DescribeError> {
        todo!()
    }

    /// Opens a content archive that the metadata name. Readers are independent of each other.
    ///
    /// # Errors
    ///
    /// When the entry cannot be read or is no archive of a kind that is supported.
    pub fn open_archive(&self, entry: EntryId) -> Result<ContentArchive, ArchiveError> {
        todo!("{entry:?}")
    }
}
