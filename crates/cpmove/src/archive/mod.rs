//! Writing an archive, reading it back, and giving it its name.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::{Compressor, Member, UserName};

/// The form of an archive. cPanel takes all three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `cpmove-USER.tar.gz`.
    TarGz,
    /// `cpmove-USER.tar`, not compressed.
    Tar,
    /// The directory `cpmove-USER`.
    Directory,
}

/// Why a path cannot be a member's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct MemberPathError {
    reason: &'static str,
}

/// Why an archive was not written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// To be detailed.
    #[error("poisoned")]
    Poisoned,
}

/// Why an archive was not read back.
#[derive(Debug, Error)]
pub enum ReadBackError {
    /// To be detailed.
    #[error("io")]
    Io(io::Error),
}

/// Writes one archive under a temporary name.
#[derive(Debug)]
pub struct ArchiveWriter {}

#[allow(
    clippy::unused_self,
    clippy::needless_pass_by_value,
    unused_variables,
    missing_docs,
    clippy::missing_errors_doc
)]
impl ArchiveWriter {
    pub fn create(
        dir: &Path,
        user: &UserName,
        form: Form,
        compressor: &Compressor,
        replace: bool,
        stamp: i64,
    ) -> Result<ArchiveWriter, WriteError> {
        Err(WriteError::Poisoned)
    }
    pub fn member(&mut self, member: &Member) -> Result<(), WriteError> {
        Err(WriteError::Poisoned)
    }
    pub fn directory(&mut self, path: &[u8], mode: u32) -> Result<(), WriteError> {
        Err(WriteError::Poisoned)
    }
    pub fn file(
        &mut self,
        path: &[u8],
        mode: u32,
        size: u64,
        mtime: i64,
        data: &mut dyn Read,
    ) -> Result<(), WriteError> {
        Err(WriteError::Poisoned)
    }
    pub fn hard_link(
        &mut self,
        path: &[u8],
        target: &[u8],
        mode: u32,
        mtime: i64,
    ) -> Result<(), WriteError> {
        Err(WriteError::Poisoned)
    }
    pub fn finish(self) -> Result<FinishedArchive, WriteError> {
        Err(WriteError::Poisoned)
    }
}

/// A complete archive that has no name yet.
#[derive(Debug)]
pub struct FinishedArchive {}

#[allow(
    clippy::unused_self,
    clippy::needless_pass_by_value,
    unused_variables,
    missing_docs,
    clippy::missing_errors_doc
)]
impl FinishedArchive {
    pub fn temporary_path(&self) -> &Path {
        Path::new("")
    }
    pub fn target(&self) -> &Path {
        Path::new("")
    }
    pub fn size(&self) -> u64 {
        0
    }
    pub fn read_back(
        &self,
        visit: impl FnMut(ReadMember<'_>) -> io::Result<()>,
    ) -> Result<(), ReadBackError> {
        Ok(())
    }
    pub fn publish(self) -> Result<PathBuf, WriteError> {
        Err(WriteError::Poisoned)
    }
}

/// What a member is that was read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadKind<'a> {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// Another name of an earlier member.
    HardLink {
        /// That member's path below the top directory.
        target: &'a [u8],
    },
}

/// One member, as it was read back.
pub struct ReadMember<'a> {
    /// The path below the top directory.
    pub path: &'a [u8],
    /// What it is.
    pub kind: ReadKind<'a>,
    /// The permission bits.
    pub mode: u32,
    /// The size in bytes; 0 for directories and hard links.
    pub size: u64,
    /// The modification time in seconds since 1970.
    pub mtime: i64,
    /// The content. What is not read is skipped.
    pub data: &'a mut dyn Read,
}
