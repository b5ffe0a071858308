//! Opening a backup.

use std::io;
use std::path::{Path, PathBuf};

use crate::archive::{self, ArchiveError, ContentArchive, SingleFileError};
use crate::container::{self, Container, Opened};
use crate::damage::Damage;
use crate::metadata::{self, ContentRef, DescribeError, Description};
use crate::open_error::OpenError;
use crate::printable;
use crate::tree::{Entry, EntryId, Tree};

/// An opened backup: indexed, nothing read into memory but names.
#[derive(Debug)]
pub struct Backup {
    path: PathBuf,
    container: Container,
    tree: Tree,
    damage: Vec<Damage>,
}

impl Backup {
    /// Opens a directory, a plain tar, or a psadump; which of them is told by content.
    ///
    /// # Errors
    ///
    /// When the path cannot be read, or is something else: the error says what it looks like, and
    /// [`OpenError::hint`] what may be done.
    pub fn open(path: &Path) -> Result<Backup, OpenError> {
        let Opened { container, tree, damage } = container::open(path)?;
        Ok(Backup { path: path.to_owned(), container, tree, damage })
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

    /// Reads all metadata of one dump: of the widest object in the tree, and of its dumps the
    /// newest full one, else the newest increment. Other dumps are named in
    /// [`Description::problems`].
    ///
    /// # Errors
    ///
    /// When there is nothing from which a subscription could be told, not even a file name.
    pub fn describe(&self) -> Result<Description, DescribeError> {
        metadata::describe(&self.tree, &self.path)
    }

    /// Opens a content archive that the metadata name. Readers are independent of each other.
    ///
    /// # Errors
    ///
    /// When the entry cannot be read or is no archive of a kind that is supported.
    pub fn open_archive(&self, entry: EntryId) -> Result<ContentArchive, ArchiveError> {
        self.open_volumes(&[entry])
    }

    /// Opens the archive of a reference, whose volumes are read one after another. Where the
    /// reference is to a directory of the backup, its files are the members, without an archive
    /// around them.
    ///
    /// # Errors
    ///
    /// As [`Backup::open_archive`], and when a volume or the directory is not in the backup.
    pub fn open_content(&self, content: &ContentRef) -> Result<ContentArchive, ArchiveError> {
        match &content.directory {
            Some(directory) if self.tree.below(directory).next().is_none() => {
                Err(ArchiveError::Missing { archive: printable(directory) })
            }
            Some(directory) => Ok(archive::of_tree::directory(&self.tree, directory)),
            None => self.open_volumes(&self.volumes(content)?),
        }
    }

    /// Opens content whose files are no archive, such as an mbox of a Plesk 8 backup: one member
    /// with the bytes of all volumes, called as the first of them, whatever these bytes look like.
    ///
    /// # Errors
    ///
    /// When a volume is not in the backup, or the reference names none.
    pub fn open_raw(&self, content: &ContentRef) -> Result<ContentArchive, ArchiveError> {
        Ok(archive::of_tree::single(&self.tree, &self.volumes(content)?))
    }

    fn volumes(&self, content: &ContentRef) -> Result<Vec<EntryId>, ArchiveError> {
        let mut entries = Vec::with_capacity(content.files.len());
        for file in &content.files {
            let missing = || ArchiveError::Missing { archive: file.name.clone() };
            entries.push(file.entry.ok_or_else(missing)?);
        }
        if entries.is_empty() {
            return Err(ArchiveError::Missing { archive: content.path.clone() });
        }
        Ok(entries)
    }

    /// Reads an archive that holds one small file, such as the private key of
    /// [`Dkim`](crate::Dkim). Directories and links beside it are no matter.
    ///
    /// # Errors
    ///
    /// As [`Backup::open_content`]; and when the archive is damaged, or holds no file, several
    /// files, or one of more than `limit` bytes.
    pub fn read_single_file(
        &self,
        content: &ContentRef,
        limit: u64,
    ) -> Result<Vec<u8>, SingleFileError> {
        let archive = self.open_content(content)?;
        let name = content.files.first().map_or("", |file| file.name.as_str());
        archive::read_single_file(archive, name, limit)
    }

    fn open_volumes(&self, ids: &[EntryId]) -> Result<ContentArchive, ArchiveError> {
        let entries: Vec<&Entry> = ids.iter().map(|id| self.tree.get(*id)).collect();
        let name = entries.first().map(|entry| printable(&entry.path)).unwrap_or_default();
        let mut readers: Vec<Box<dyn io::Read + Send>> = Vec::with_capacity(ids.len());
        for id in ids {
            let reader = self.tree.open(*id).map_err(|source| ArchiveError::Io {
                archive: printable(&self.tree.get(*id).path),
                source,
            })?;
            readers.push(Box::new(reader));
        }
        archive::open(archive::Volumes {
            name,
            declared: entries.iter().fold(0, |sum: u64, entry| sum.saturating_add(entry.size)),
            available: entries
                .iter()
                .fold(0, |sum: u64, entry| sum.saturating_add(entry.available)),
            reader: archive::chain(readers),
        })
    }
}
