//! Opening a backup.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::archive::{self, ArchiveError, ContentArchive, SingleFileError};
use crate::damage::Damage;
use crate::metadata::{self, ContentRef, DescribeError, Description, FileName};
use crate::open_error::{LooksLike, OpenError};
use crate::printable;
use crate::tar_format::{BLOCK, Block, is_header};
use crate::tree::{Entry, EntryId, Source, Tree, directory_index, tar_index, wrapper};

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
        let to_error = |source| OpenError::Io { path: path.to_owned(), source };
        let metadata = fs::metadata(path).map_err(to_error)?;
        let (container, source, mut entries, mut damage) = if metadata.is_dir() {
            fs::read_dir(path).map_err(to_error)?;
            let (entries, damage) = directory_index::index(path);
            (Container::Directory, Source::Directory(path.to_owned()), entries, damage)
        } else if metadata.is_file() {
            let file = File::open(path).map_err(to_error)?;
            let length = file.metadata().map_err(to_error)?.len();
            if let Some(looks_like) = not_a_tar(&file).map_err(to_error)? {
                return Err(OpenError::NotATar { path: path.to_owned(), looks_like });
            }
            let (entries, damage) = tar_index::index(&file, length).map_err(to_error)?;
            (Container::Tar, Source::Tar(Arc::new(file)), entries, damage)
        } else {
            return Err(OpenError::NotAFile { path: path.to_owned(), what: special(&metadata) });
        };
        if !entries.iter().any(|entry| is_plesk_file(&entry.path)) {
            return Err(OpenError::NoPleskFiles {
                path: path.to_owned(),
                files: entries.len(),
                first: entries.first().map(|entry| printable(&entry.path)),
            });
        }
        let stripped = wrapper::strip(&mut entries, &mut damage);
        let source = match (source, stripped) {
            (Source::Directory(root), Some(name)) => {
                Source::Directory(root.join(crate::tree::path_of(&name).map_err(to_error)?))
            }
            (source, _) => source,
        };
        let tree = Tree::new(source, entries);
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

    /// Opens the archive of a reference, whose volumes are read one after another.
    ///
    /// # Errors
    ///
    /// As [`Backup::open_archive`], and when a volume is not in the backup.
    pub fn open_content(&self, content: &ContentRef) -> Result<ContentArchive, ArchiveError> {
        let mut entries = Vec::with_capacity(content.files.len());
        for file in &content.files {
            let missing = || ArchiveError::Missing { archive: file.name.clone() };
            entries.push(file.entry.ok_or_else(missing)?);
        }
        if entries.is_empty() {
            return Err(ArchiveError::Missing { archive: content.path.clone() });
        }
        self.open_volumes(&entries)
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

/// What the file is, if it does not begin as a tar does.
fn not_a_tar(file: &File) -> io::Result<Option<LooksLike>> {
    let mut head = [0; 4096];
    let filled = tar_index::read_full_at(file, &mut head, 0)?;
    let head = &head[..filled];
    let is_tar = head.first_chunk::<BLOCK>().is_some_and(|block: &Block| {
        // A first header with a flipped bit still has its magic.
        is_header(block) || &block[257..262] == b"ustar"
    });
    let is_zip = head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06");
    Ok((is_zip || !is_tar).then(|| LooksLike::tell(head)))
}

fn is_plesk_file(path: &[u8]) -> bool {
    let base = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    FileName::parse(base).is_some()
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
