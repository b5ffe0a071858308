//! What an outer file holds, told by its first bytes, and the index of it.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::archive::Compression;
use crate::damage::Damage;
use crate::looks_like::LooksLike;
use crate::metadata::FileName;
use crate::tar_format::{BLOCK, Block, is_header};
use crate::tree::bytes::Bytes;
use crate::tree::{Entry, Psadump, Source, psadump_index, tar_index, zip_index};
use crate::zip_format;

/// How the files of a backup are kept together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Container {
    /// A directory, such as `/var/lib/psa/dumps` or an unpacked export.
    Directory,
    /// A tar, as Plesk exports it.
    Tar,
    /// A zip, as Plesk for Windows exports it.
    Zip,
    /// The mail-like file of Plesk 8 and older, which `psadump` and `pleskbackup` wrote.
    Psadump,
}

impl fmt::Display for Container {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Container::Directory => "directory",
            Container::Tar => "tar",
            Container::Zip => "zip",
            Container::Psadump => "psadump",
        })
    }
}

/// What an outer file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outer {
    /// Members that can be read in place.
    Container(Container),
    /// A container that must be passed over into a spool first.
    Compressed(Compression),
    /// Nothing that holds a backup.
    Other(LooksLike),
}

/// The files of a container, where they lie, and what is wrong with it.
pub(crate) struct Indexed {
    pub(crate) sources: Vec<Source>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) damage: Vec<Damage>,
    /// The container's own end is not there.
    pub(crate) goes_on: bool,
    /// What a psadump says beside its parts.
    pub(crate) psadump: Option<Psadump>,
}

/// Tells from the first bytes. A ZIP comes before a tar, and a tar before what is compressed: a
/// member of a tar may be called anything, also as the magic of gzip.
pub(crate) fn tell(head: &[u8]) -> Outer {
    let is_tar = head.first_chunk::<BLOCK>().is_some_and(|block: &Block| {
        // A first header with a flipped bit still has its magic.
        is_header(block) || &block[257..262] == b"ustar"
    });
    if zip_format::begins(head) {
        return Outer::Container(Container::Zip);
    }
    if is_tar {
        return Outer::Container(Container::Tar);
    }
    match LooksLike::tell(head) {
        LooksLike::Gzip => Outer::Compressed(Compression::Gzip),
        LooksLike::Zstd => Outer::Compressed(Compression::Zstd),
        _ if psadump_index::begins(head) => Outer::Container(Container::Psadump),
        // Text that only talks of such backups.
        LooksLike::Plesk8 => Outer::Other(LooksLike::Text),
        other => Outer::Other(other),
    }
}

/// Lists the files of a container.
pub(crate) fn index(container: Container, bytes: &Arc<Bytes>) -> io::Result<Indexed> {
    match container {
        Container::Directory => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "a directory is no file"))
        }
        Container::Tar => {
            let (entries, damage, end) = tar_index::index(bytes)?;
            let sources = vec![Source::Bytes(Arc::clone(bytes))];
            let goes_on = end != tar_index::End::Mark;
            Ok(Indexed { sources, entries, damage, goes_on, psadump: None })
        }
        Container::Psadump => {
            let (entries, damage, psadump) = psadump_index::index(bytes)?;
            let goes_on = damage.iter().any(|damage| matches!(damage, Damage::Truncated { .. }));
            let sources = vec![Source::Bytes(Arc::clone(bytes))];
            Ok(Indexed { sources, entries, damage, goes_on, psadump: Some(psadump) })
        }
        Container::Zip => {
            let (entries, damage, end) = zip_index::index(bytes)?;
            let sources = vec![Source::Bytes(Arc::clone(bytes))];
            let goes_on = end != zip_index::End::List;
            Ok(Indexed { sources, entries, damage, goes_on, psadump: None })
        }
    }
}

/// True for the name of a file as Plesk writes it.
pub(crate) fn is_plesk_file(path: &[u8]) -> bool {
    let base = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    FileName::parse(base).is_some()
}
