//! One pass over the members of a content archive.

use std::fmt;
use std::io::{self, Read};

use super::decoder::{DecodeError, Decoder};
use super::input::Input;
use super::stream::{Body, Next, TarStream};
use super::{ArchiveDamage, ArchiveFormat, DamageKind};
use crate::tar_format::{MemberHeader, inner_path};

/// More damage than this is not listed: an archive of garbage has it at every block.
const DAMAGE_LIMIT: usize = 1000;
const SKIP_BUFFER: usize = 64 * 1024;

/// A content archive, ready to be read once from its beginning.
pub struct ContentArchive {
    /// How it is packed.
    pub format: ArchiveFormat,
    /// Bytes before the archive's magic that were skipped: error text that Plesk leaked into it.
    pub leading_garbage: u64,
    pub(super) reader: Box<dyn Read + Send>,
    pub(super) declared: u64,
    pub(super) available: u64,
}

impl fmt::Debug for ContentArchive {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ContentArchive")
            .field("format", &self.format)
            .field("leading_garbage", &self.leading_garbage)
            .field("declared", &self.declared)
            .field("available", &self.available)
            .finish_non_exhaustive()
    }
}

/// A member of a content archive. Its bytes are read through [`Read`], or left.
pub struct Member<'a> {
    /// Without a leading `./` and without slashes at the end. A name that is absolute or holds
    /// `..` stands as it is.
    pub path: Vec<u8>,
    /// Kind.
    pub kind: MemberKind,
    /// Declared bytes; 0 for links.
    pub size: u64,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Permission bits.
    pub mode: u32,
    /// True when the archive was damaged before this member, so that it is suspect although it
    /// reads well.
    pub suspect: bool,
    body: Body<'a>,
}

/// Kind of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberKind {
    /// Regular file.
    File,
    /// Directory.
    Directory,
    /// A further name of an earlier member, with that member's path as [`Member::path`] spells it.
    HardLink(Vec<u8>),
    /// Symbolic link, with its target verbatim.
    SymbolicLink(Vec<u8>),
    /// Anything else, with its tar type byte: devices, pipes, `S` for sparse files.
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
    /// or cannot be decoded, reading it fails, with [`io::ErrorKind::UnexpectedEof`] or
    /// [`io::ErrorKind::InvalidData`]: a message that is cut can never be taken for a whole one.
    /// The visitor then does what it must and returns `Ok`; the walk ends with that damage, which
    /// names the member. Members that the visitor leaves are checked likewise.
    ///
    /// After a block that should be a tar header and is none, the walk goes on at the next valid
    /// header, as GNU tar does; members from there on are [`Member::suspect`]. After the last
    /// member the rest of the archive is read as well, so that its checksums are verified.
    ///
    /// # Errors
    ///
    /// What the visitor returns ends the walk at once. Damage of the archive does not: it is part
    /// of [`WalkEnd`].
    pub fn walk<E>(
        self,
        mut visit: impl FnMut(&mut Member<'_>) -> Result<(), E>,
    ) -> Result<WalkEnd, WalkError<E>> {
        let input = Input::new(self.reader, self.leading_garbage);
        let decoder = Decoder::new(self.format, input).map_err(WalkError::Decoder)?;
        let mut stream = TarStream::new(decoder);
        let mut end = WalkEnd { members: 0, damage: None, further_damage: Vec::new() };
        let mut buffer = vec![0; SKIP_BUFFER];
        let mut next = stream.next();
        loop {
            match next {
                Ok(Next::Member(header)) => {
                    end.members += 1;
                    let mut member = Member::new(&header, &mut stream, end.damage.is_some());
                    visit(&mut member).map_err(WalkError::Visitor)?;
                    if let Err(failure) = member.body.finish(&mut buffer) {
                        let damage = member.damage(failure);
                        end.note(damage);
                        break;
                    }
                    next = stream.next();
                }
                Ok(Next::Damage(mut damage)) => {
                    let resumed = stream.resynchronise();
                    let (skipped, then) = match resumed {
                        Ok((skipped, then)) => (Some(skipped), Ok(then)),
                        Err(failure) => (None, Err(failure)),
                    };
                    if let Some(skipped) = skipped {
                        damage.detail.push_str("; ");
                        damage.detail.push_str(&skipped.to_string());
                        damage.detail.push_str(" bytes of the tar were skipped");
                    }
                    end.note(damage);
                    next = then;
                }
                Ok(Next::End) => break,
                Err(failure) => {
                    end.note(outside_members(failure));
                    break;
                }
            }
        }
        if end.damage.is_none() && self.available < self.declared {
            // The cut lies between members, where the tar alone looks whole.
            end.note(outside_members(DecodeError {
                kind: DamageKind::Truncated,
                offset: self.available,
                detail: format!(
                    "{} of {} bytes of the archive are there",
                    self.available, self.declared
                ),
            }));
        }
        Ok(end)
    }
}

impl WalkEnd {
    /// The first damage and all after it.
    pub fn all_damage(&self) -> impl Iterator<Item = &ArchiveDamage> {
        self.damage.iter().chain(&self.further_damage)
    }

    fn note(&mut self, damage: ArchiveDamage) {
        if self.damage.is_none() {
            self.damage = Some(damage);
        } else if self.further_damage.len() < DAMAGE_LIMIT {
            self.further_damage.push(damage);
        }
    }
}

fn outside_members(failure: DecodeError) -> ArchiveDamage {
    ArchiveDamage {
        what: failure.kind,
        offset: failure.offset,
        member: None,
        member_read: 0,
        member_size: 0,
        detail: failure.detail,
    }
}

impl<'a> Member<'a> {
    fn new(header: &MemberHeader, stream: &'a mut TarStream, suspect: bool) -> Member<'a> {
        let normal = |path: &[u8]| inner_path(path).unwrap_or_else(|| path.to_vec());
        let kind = if header.is_directory() {
            MemberKind::Directory
        } else if header.is_file() {
            MemberKind::File
        } else {
            match header.type_byte {
                b'1' => MemberKind::HardLink(normal(&header.link)),
                b'2' => MemberKind::SymbolicLink(header.link.clone()),
                other => MemberKind::Other(other),
            }
        };
        Member {
            path: normal(&header.path),
            kind,
            size: header.size,
            mtime: header.mtime,
            mode: header.mode,
            suspect,
            body: Body { stream, size: header.size, read: 0, failure: None },
        }
    }

    fn damage(&self, failure: DecodeError) -> ArchiveDamage {
        ArchiveDamage {
            what: failure.kind,
            offset: failure.offset,
            member: Some(self.path.clone()),
            member_read: self.body.read,
            member_size: self.size,
            detail: failure.detail,
        }
    }
}

impl fmt::Debug for Member<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Member")
            .field("path", &crate::printable(&self.path))
            .field("kind", &self.kind)
            .field("size", &self.size)
            .field("mtime", &self.mtime)
            .finish_non_exhaustive()
    }
}

impl Read for Member<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.body.read(buffer)
    }
}
