//! What can be wrong with a content archive.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::VolumeOffset;
use crate::printable;

/// How a content archive is packed: told by its first bytes, never by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArchiveFormat {
    /// Plain tar.
    Tar,
    /// tar in gzip, of any number of members.
    Gzip,
    /// tar in zstd, of any number of frames.
    Zstd,
    /// zip.
    Zip,
    /// Files of the backup itself, without an archive around them.
    Files,
}

/// Why a content archive could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The system refused.
    #[error("cannot read `{archive}`")]
    Io {
        /// Path in the tree.
        archive: String,
        /// What the system said.
        source: io::Error,
    },
    /// No byte of it is there.
    #[error("`{archive}` is empty: 0 of {declared} bytes are there")]
    Empty {
        /// Path in the tree.
        archive: String,
        /// Bytes that its header declares.
        declared: u64,
    },
    /// It is not in the backup.
    #[error("`{archive}` is not in the backup")]
    Missing {
        /// Name that the metadata give.
        archive: String,
    },
    /// It must be unpacked to be read, and that failed.
    #[error("cannot unpack `{archive}` into `{}`", directory.display())]
    Spool {
        /// Path in the tree.
        archive: String,
        /// Where it was to be unpacked to.
        directory: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It must be unpacked to be read, and is too large for that.
    #[error(
        "`{archive}` has more than {limit} bytes when it is unpacked, and no more may be written to `{}`",
        directory.display()
    )]
    SpoolLimit {
        /// Path in the tree.
        archive: String,
        /// Where it was being unpacked to.
        directory: PathBuf,
        /// Bytes that [`Spool::limit`](crate::Spool::limit) allows.
        limit: u64,
    },
    /// A file of another kind.
    #[error("`{archive}` is no tar, gzip, zstd or zip: it looks like {looks_like}")]
    NotAnArchive {
        /// Path in the tree.
        archive: String,
        /// What it looks like.
        looks_like: crate::LooksLike,
    },
}

/// Kind of damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DamageKind {
    /// The data end too early.
    Truncated,
    /// A checksum does not fit: everything that it covers is suspect.
    BadChecksum,
    /// A compressed block cannot be decoded.
    BadBlock,
    /// A tar header is none.
    BadHeader,
    /// Something that is no archive follows the end.
    TrailingGarbage,
    /// Packed in a way that is refused: a dictionary, a window beyond the limit, encryption.
    Unsupported,
    /// The archive says two things of a member, or of its name not enough: it was read all the
    /// same, and the choice is told.
    Inconsistent,
    /// The system could not read on.
    Unreadable,
}

/// What was wrong with a content archive, where, and what was being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveDamage {
    /// Kind.
    pub what: DamageKind,
    /// Offset in the archive as it is stored (compressed), or as near as is known.
    pub offset: u64,
    /// The same in the volume, for an archive that is cut into several.
    pub volume: Option<VolumeOffset>,
    /// The member that was being read.
    pub member: Option<Vec<u8>>,
    /// Its place among the members that were visited, from 0. An archive may hold one name twice,
    /// so that the name alone does not tell which one is damaged. `None` when it was not visited:
    /// its header is known, and is damaged.
    pub ordinal: Option<u64>,
    /// Bytes of that member that could be read.
    pub member_read: u64,
    /// Bytes of that member that its header declares.
    pub member_size: u64,
    /// The member before, which read well and may be changed all the same: the damage was noticed
    /// behind it.
    pub suspect_before: Option<Vec<u8>>,
    /// What was found, with both numbers.
    pub detail: String,
}

impl fmt::Display for ArchiveDamage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at byte {}", self.detail, self.offset)?;
        if let Some(VolumeOffset { volume, offset }) = &self.volume {
            write!(out, " (byte {offset} of `{volume}`)")?;
        }
        if let Some(member) = &self.member {
            write!(
                out,
                ", in `{}` ({} of {} bytes read)",
                printable(member),
                self.member_read,
                self.member_size
            )?;
        }
        if let Some(before) = &self.suspect_before {
            write!(out, "; `{}` before it may be changed, too", printable(before))?;
        }
        Ok(())
    }
}
