//! An archive that must be read at any place, while its container gives it from the beginning only.

use std::io::{self, Read, Write};

use super::ArchiveError;
use super::detect::is_damage;
use crate::spool::Spool;
use crate::tree::bytes::Bytes;

const BUFFER: usize = 256 * 1024;

/// A copy of an archive in a file without a name.
pub(super) struct Spooled {
    pub(super) bytes: Bytes,
    /// Why it is not whole.
    pub(super) failure: Option<io::Error>,
}

/// Copies an archive as far as its container gives it.
pub(super) fn spool(
    archive: &str,
    mut reader: impl Read,
    spool: &Spool,
) -> Result<Spooled, ArchiveError> {
    let directory = spool.directory();
    let failed = |source| ArchiveError::Spool {
        archive: archive.to_owned(),
        directory: spool.directory(),
        source,
    };
    let mut file = tempfile::tempfile_in(&directory).map_err(failed)?;
    let mut buffer = vec![0; BUFFER];
    let mut written = 0_u64;
    let failure = loop {
        match reader.read(&mut buffer) {
            Ok(0) => break None,
            Ok(count) => {
                written += count as u64;
                if let Some(limit) = spool.limit.filter(|limit| written > *limit) {
                    let archive = archive.to_owned();
                    return Err(ArchiveError::SpoolLimit { archive, directory, limit });
                }
                file.write_all(&buffer[..count]).map_err(failed)?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if is_damage(&error) => break Some(error),
            Err(source) => {
                return Err(ArchiveError::Io { archive: archive.to_owned(), source });
            }
        }
    };
    Ok(Spooled { bytes: Bytes::one(file).map_err(failed)?, failure })
}
