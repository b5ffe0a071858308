//! One pass over the members of a content archive.

use std::io::{self, Read};

use super::{ArchiveDamage, ArchiveFormat};

/// A content archive, ready to be read once from its beginning.
pub struct ContentArchive {
    /// How it is packed.
    pub format: ArchiveFormat,
    /// Bytes before the archive's magic that were skipped: error text that Plesk leaked into it.
    pub leading_garbage: u64,
}

/// A member of a content archive. Its bytes are read through [`Read`], or skipped.
pub struct Member<'a> {
    /// Without a leading `./` and without slashes at the end.
    pub path: Vec<u8>,
    /// Kind.
    pub kind: MemberKind,
    /// Declared bytes.
    pub size: u64,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Permission bits.
    pub mode: u32,
    /// True when the archive was damaged before this member, so that it is suspect although it
    /// reads well.
    pub suspect: bool,
    reader: &'a mut dyn Read,
}

/// Kind of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberKind {
    /// Regular file.
    File,
    /// Directory.
    Directory,
    /// A further name of an earlier member, with that member's path without a leading `./`.
    HardLink(Vec<u8>),
    /// Symbolic link, with its target verbatim.
    SymbolicLink(Vec<u8>),
    /// Anything else, with its tar type byte.
    Other(u8),
}

/// How a walk ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkEnd {
    /// Members that were visited.
    pub members: u64,
    /// The first damage.
    pub damage: Option<ArchiveDamage>,
    /// Damage after the first, when the members went on behind it.
    pub further_damage: Vec<ArchiveDamage>,
}

/// Why a walk was given up.
#[derive(Debug, thiserror::Error)]
pub enum WalkError<E> {
    /// The visitor gave it up.
    #[error("{0}")]
    Visitor(E),
    /// The decoder could not be set up.
    #[error("cannot decode the archive")]
    Decoder(#[source] io::Error),
}

impl ContentArchive {
    /// Streams the archive once, member by member.
    ///
    /// The visitor may read a member's bytes or leave them. When the bytes of a member end early
    /// or cannot be decoded, reading it fails with [`io::ErrorKind::UnexpectedEof`] or
    /// [`io::ErrorKind::InvalidData`]: a message that is cut can never be taken for a whole one.
    /// The visitor then does what it must and returns `Ok`; the walk ends with that damage, which
    /// names the member. Members that the visitor leaves are checked likewise.
    ///
    /// # Errors
    ///
    /// What the visitor returns ends the walk at once. Damage of the archive does not: it is part
    /// of [`WalkEnd`].
    pub fn walk<E>(
        self,
        visit: impl FnMut(&mut Member<'_>) -> Result<(), E>,
    ) -> Result<WalkEnd, WalkError<E>> {
        let _ = visit;
        todo!()
    }
}

impl Read for Member<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}
