//! What a path that is given as a backup is, and its files.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::damage::Damage;
use crate::metadata::FileName;
use crate::open_error::{LooksLike, OpenError};
use crate::printable;
use crate::tar_format::{BLOCK, Block, is_header};
use crate::tree::bytes::Bytes;
use crate::tree::{Source, Tree, directory_index, path_of, psadump_index, tar_index, wrapper};

/// How the files of a backup are kept together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Container {
    /// A directory, such as `/var/lib/psa/dumps` or an unpacked export.
    Directory,
    /// A plain tar, as Plesk exports it.
    Tar,
    /// The mail-like file of Plesk 8 and older, which `psadump` and `pleskbackup` wrote.
    Psadump,
}

/// A container that was opened and indexed.
pub(crate) struct Opened {
    pub(crate) container: Container,
    pub(crate) tree: Tree,
    pub(crate) damage: Vec<Damage>,
}

/// Opens whatever `path` is, told by content.
pub(crate) fn open(path: &Path) -> Result<Opened, OpenError> {
    let to_error = |source| OpenError::Io { path: path.to_owned(), source };
    let metadata = fs::metadata(path).map_err(to_error)?;
    let (container, source, mut entries, mut damage) = if metadata.is_dir() {
        fs::read_dir(path).map_err(to_error)?;
        let (entries, damage) = directory_index::index(path);
        (Container::Directory, Source::Directory(path.to_owned()), entries, damage)
    } else if metadata.is_file() {
        let file = File::open(path).map_err(to_error)?;
        let bytes = Bytes::one(file).map_err(to_error)?;
        if let Some(looks_like) = not_a_tar(&bytes).map_err(to_error)? {
            return open_psadump(path, bytes, looks_like);
        }
        let (entries, damage) = tar_index::index(&bytes).map_err(to_error)?;
        (Container::Tar, Source::Bytes(Arc::new(bytes)), entries, damage)
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
            Source::Directory(root.join(path_of(&name).map_err(to_error)?))
        }
        (source, _) => source,
    };
    Ok(Opened { container, tree: Tree::new(vec![source], entries), damage })
}

/// Opens bytes that are no tar as a psadump, if they begin as one.
fn open_psadump(path: &Path, bytes: Bytes, looks_like: LooksLike) -> Result<Opened, OpenError> {
    let indexed = if looks_like.is_packed() { Ok(None) } else { psadump_index::index(&bytes) };
    let mut indexed = match indexed {
        // Any mail with attachments has the shape of a psadump.
        Ok(Some(indexed)) if indexed.version.is_some() || indexed.metadata.is_some() => indexed,
        Ok(_) => {
            let is_old = looks_like == LooksLike::Plesk8;
            let looks_like = if is_old { LooksLike::Text } else { looks_like };
            return Err(OpenError::NotATar { path: path.to_owned(), looks_like });
        }
        Err(source) => return Err(OpenError::Io { path: path.to_owned(), source }),
    };
    let damage = std::mem::take(&mut indexed.damage);
    let tree = Tree::of_psadump(Source::Bytes(Arc::new(bytes)), indexed);
    Ok(Opened { container: Container::Psadump, tree, damage })
}

/// What the file is, if it does not begin as a tar does.
fn not_a_tar(bytes: &Bytes) -> io::Result<Option<LooksLike>> {
    let mut head = [0; 4096];
    let filled = bytes.read_full_at(&mut head, 0)?;
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
