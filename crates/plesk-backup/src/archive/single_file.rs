//! Small archives that hold one file.

use std::convert::Infallible;
use std::io::{self, Read};

use super::{ArchiveDamage, ArchiveError, ContentArchive, DamageKind, MemberKind, WalkError};
use crate::printable;

/// Why the only file of an archive could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SingleFileError {
    /// The archive cannot be opened.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The decoder could not be set up.
    #[error("cannot decode `{archive}`")]
    Decoder {
        /// First file of the reference.
        archive: String,
        /// What it said.
        source: io::Error,
    },
    /// The archive is damaged: what was read of the file may not be what was packed.
    #[error("`{archive}` is damaged: {damage}")]
    Damaged {
        /// First file of the reference.
        archive: String,
        /// What is wrong.
        damage: Box<ArchiveDamage>,
    },
    /// There is no file in it.
    #[error("`{archive}` holds no file among {members} members")]
    NoFile {
        /// First file of the reference.
        archive: String,
        /// Members of other kinds: directories, links.
        members: u64,
    },
    /// There are several, and nothing tells which is meant.
    #[error(
        "`{archive}` holds {files} files where one was expected; the first two are `{first}` and `{second}`"
    )]
    SeveralFiles {
        /// First file of the reference.
        archive: String,
        /// How many.
        files: u64,
        /// Path of one.
        first: String,
        /// Path of another.
        second: String,
    },
    /// It is larger than the caller wants it.
    #[error("`{member}` in `{archive}` has {size} bytes, at most {limit} are read")]
    TooLarge {
        /// First file of the reference.
        archive: String,
        /// Path of the file.
        member: String,
        /// Bytes that its header declares.
        size: u64,
        /// Bytes that the caller allowed.
        limit: u64,
    },
}

/// Reads the only regular file of an archive; memory grows with what is read.
pub(crate) fn read_single_file(
    archive: ContentArchive,
    name: &str,
    limit: u64,
) -> Result<Vec<u8>, SingleFileError> {
    let mut bytes = Vec::new();
    let mut files = 0_u64;
    let mut first = None;
    let mut second = None;
    let walked = archive.walk(|member| {
        if member.kind != MemberKind::File {
            return Ok::<(), Infallible>(());
        }
        files += 1;
        match files {
            1 => {
                first = Some((printable(&member.path), member.size));
                if member.size <= limit {
                    // When this fails, the walk ends with the damage that made it fail.
                    let _damaged = member.read_to_end(&mut bytes);
                }
            }
            2 => second = Some(printable(&member.path)),
            _ => {}
        }
        Ok(())
    });
    let archive = || name.to_owned();
    let end = match walked {
        Ok(end) => end,
        Err(WalkError::Decoder(source)) => {
            return Err(SingleFileError::Decoder { archive: archive(), source });
        }
        Err(WalkError::Visitor(never)) => match never {},
    };
    // Whatever follows the end of the archive is no part of the file, and a choice that was made
    // before reading is none against what the file's checksum says.
    let mut damage = end.all_damage().filter(|damage| {
        !matches!(damage.what, DamageKind::TrailingGarbage | DamageKind::Inconsistent)
    });
    if let Some(damage) = damage.next() {
        return Err(SingleFileError::Damaged {
            archive: archive(),
            damage: Box::new(damage.clone()),
        });
    }
    match (first, second) {
        (None, _) => Err(SingleFileError::NoFile { archive: archive(), members: end.members }),
        (Some((first, _)), Some(second)) => {
            Err(SingleFileError::SeveralFiles { archive: archive(), files, first, second })
        }
        (Some((member, size)), None) if size > limit => {
            Err(SingleFileError::TooLarge { archive: archive(), member, size, limit })
        }
        (Some(_), None) => Ok(bytes),
    }
}
