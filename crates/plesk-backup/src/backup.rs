//! Opening a backup.

use std::io;
use std::path::{Path, PathBuf};

use crate::archive::{self, ArchiveError, ContentArchive, Gap, SingleFileError, VolumeMap};
use crate::container::Container;
use crate::damage::Damage;
use crate::metadata::{self, ContentRef, DescribeError, DescribeOptions, Description, FileIndex};
use crate::open::{self, Opened, Origin, UnusedFile};
use crate::open_error::OpenError;
use crate::printable;
use crate::spool::{OpenOptions, Spool};
use crate::tree::{Entry, EntryId, Tree};

/// An opened backup: indexed, nothing read into memory but names.
#[derive(Debug)]
pub struct Backup {
    origins: Vec<Origin>,
    unused: Vec<UnusedFile>,
    tree: Tree,
    damage: Vec<Damage>,
    spool: Spool,
}

impl Backup {
    /// Opens what `path` is, told by content; see [`Backup::open_with`].
    ///
    /// # Errors
    ///
    /// As [`Backup::open_with`].
    pub fn open(path: &Path) -> Result<Backup, OpenError> {
        Backup::open_with(&[path.to_owned()], &OpenOptions::default())
    }

    /// Opens one backup from the files or directories that hold it. Each path may be
    ///
    /// * a directory in Plesk's own order: a server's repository or an unpacked export;
    /// * a tar, or a tar in gzip or zstd, which is unpacked into a [`Spool`](crate::Spool) first, or
    ///   a zip;
    /// * one part of such a file that was split: the others are found beside it by their names, or
    ///   among `paths`;
    /// * a directory in which exports lie, whole or in parts: each is taken, and what is none of
    ///   them is told by [`Backup::unused`].
    ///
    /// Several backups become one tree, as is right for a full backup and its increments. Of two
    /// files with one path that differ, the whole one or else the first is taken, and
    /// [`Backup::damage`] says so.
    ///
    /// # Errors
    ///
    /// When a path cannot be read, or is something else: the error says what it looks like, and
    /// [`OpenError::hint`] what may be done. When a part is missing that is not the last, when the
    /// order of parts cannot be told, when the files are of different backups, and when the spool
    /// cannot take what is in the file.
    pub fn open_with(paths: &[PathBuf], options: &OpenOptions<'_>) -> Result<Backup, OpenError> {
        let Opened { origins, unused, tree, damage } = open::open(paths, options)?;
        Ok(Backup { origins, unused, tree, damage, spool: options.spool.clone() })
    }

    /// What the backup was opened from, in the order of the paths, and in a directory by name.
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// Files that lie in a directory of backups and were not used.
    pub fn unused(&self) -> &[UnusedFile] {
        &self.unused
    }

    /// The path that was opened; the first of several.
    pub fn path(&self) -> &Path {
        self.origins.first().map_or(Path::new(""), |origin| &origin.path)
    }

    /// How the files are kept together; in the first of several.
    pub fn container(&self) -> Container {
        self.origins.first().map_or(Container::Directory, |origin| origin.container)
    }

    /// The files.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// What is wrong with the container.
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// Reads all metadata. Where the tree holds several dumps, each subscription is taken from the
    /// newest that is complete for it; all of them stand in [`Description::dumps`].
    ///
    /// # Errors
    ///
    /// When there is nothing from which a subscription could be told, not even a file name.
    pub fn describe(&self) -> Result<Description, DescribeError> {
        self.describe_with(&DescribeOptions::default())
    }

    /// As [`Backup::describe`], with a dump that is chosen by hand.
    ///
    /// # Errors
    ///
    /// As [`Backup::describe`], and when that dump is not in the tree.
    pub fn describe_with(&self, options: &DescribeOptions) -> Result<Description, DescribeError> {
        metadata::describe(&self.tree, self.telling_path(), options)
    }

    /// Reads Plesk's list of the files of a domain's mail,
    /// [`MailSystem::file_index`](crate::MailSystem::file_index); `None` when it is not of the form
    /// that is assumed. Its paths take some hundred bytes of memory each.
    ///
    /// # Errors
    ///
    /// When the entry cannot be read.
    pub fn read_file_index(&self, entry: EntryId) -> io::Result<Option<FileIndex>> {
        FileIndex::read(self.tree.open(entry)?)
    }

    /// The path whose name may tell of which domain a backup without metadata is. Of several only
    /// when they all tell the same: mail must not go to the wrong domain.
    fn telling_path(&self) -> &Path {
        let mut origins = self.origins.iter();
        let Some(first) = origins.next().map(Origin::whole) else { return Path::new("") };
        let domain = metadata::domain_of_file_name(first);
        let agree = origins.all(|origin| metadata::domain_of_file_name(origin.whole()) == domain);
        if agree { first } else { Path::new("") }
    }

    /// Opens a content archive that the metadata name. Readers are independent of each other.
    ///
    /// # Errors
    ///
    /// When the entry cannot be read or is no archive of a kind that is supported.
    pub fn open_archive(&self, entry: EntryId) -> Result<ContentArchive, ArchiveError> {
        self.open_volumes(&[entry], None)
    }

    /// Opens the archive of a reference, whose volumes are read one after another, up to the first
    /// that is missing or cut: the walk then ends with damage that names it. Where the reference is
    /// to a directory of the backup, its files are the members, without an archive around them.
    ///
    /// # Errors
    ///
    /// As [`Backup::open_archive`], and when no volume is in the backup, or not the first.
    pub fn open_content(&self, content: &ContentRef) -> Result<ContentArchive, ArchiveError> {
        if let Some(directory) = &content.directory {
            if self.tree.below(directory).is_empty() {
                return Err(ArchiveError::Missing { archive: printable(directory) });
            }
            return Ok(archive::of_tree::directory(&self.tree, directory));
        }
        let mut entries = Vec::with_capacity(content.files.len());
        let mut gap = None;
        for (index, file) in content.files.iter().enumerate() {
            let is_last = index + 1 == content.files.len();
            let mut cut = None;
            if let Some(id) = file.entry {
                entries.push(id);
                let Entry { available, size, .. } = *self.tree.get(id);
                // What is cut in a directory is known by the metadata alone.
                let size = file.size.unwrap_or(size).max(size);
                if is_last || available >= size {
                    continue;
                }
                cut = Some((available, size));
            }
            let (name, volumes) = (printable(file.name.as_bytes()), content.files.len());
            gap = Some(Gap { name, number: index + 1, volumes, cut });
            break;
        }
        if entries.is_empty() {
            let archive = content.files.first().map_or(&content.path, |file| &file.name).clone();
            return Err(ArchiveError::Missing { archive });
        }
        self.open_volumes(&entries, gap)
    }

    /// Opens content whose files are no archive, such as an mbox of a Plesk 8 backup: one member
    /// with the bytes of all volumes, called as the first of them, whatever these bytes look like.
    ///
    /// # Errors
    ///
    /// When a volume is not in the backup, or the reference names none.
    pub fn open_raw(&self, content: &ContentRef) -> Result<ContentArchive, ArchiveError> {
        Ok(archive::of_tree::single(&self.tree, &volumes(content)?))
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

    fn open_volumes(
        &self,
        ids: &[EntryId],
        gap: Option<Gap>,
    ) -> Result<ContentArchive, ArchiveError> {
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
        let in_place = self
            .tree
            .in_place(ids)
            .map_err(|source| ArchiveError::Io { archive: name.clone(), source })?;
        archive::open(archive::Volumes {
            name,
            declared: entries.iter().fold(0, |sum: u64, entry| sum.saturating_add(entry.size)),
            available: entries
                .iter()
                .fold(0, |sum: u64, entry| sum.saturating_add(entry.available)),
            reader: archive::chain(readers),
            in_place,
            spool: self.spool.clone(),
            map: VolumeMap {
                read: entries
                    .iter()
                    .map(|entry| (printable(&entry.path), entry.available))
                    .collect(),
                gap,
            },
        })
    }
}

/// The volumes of a reference, which must all be there.
fn volumes(content: &ContentRef) -> Result<Vec<EntryId>, ArchiveError> {
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
