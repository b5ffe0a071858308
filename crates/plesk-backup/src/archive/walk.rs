//! One pass over the members of a content archive.

use std::fmt;
use std::io::{self, Read};

use super::decoder::{Compression, DecodeError, Decoder};
use super::input::Input;
use super::loose::{LooseBody, LooseFile};
use super::stream::{Body as TarBody, Next, TarStream};
use super::{ArchiveDamage, ArchiveFormat, DamageKind, VolumeMap};
use crate::tar_format::{MemberHeader, inner_path};

/// More damage than this is counted and not listed: an archive of garbage has it at every block.
/// Damage of a member always is listed: nobody must take that member for whole.
const DAMAGE_LIMIT: usize = 1000;
const SKIP_BUFFER: usize = 64 * 1024;

/// A content archive, ready to be read once from its beginning.
pub struct ContentArchive {
    /// How it is packed.
    pub format: ArchiveFormat,
    /// Bytes before the archive's magic that were skipped: error text that Plesk leaked into it.
    pub leading_garbage: u64,
    pub(super) packing: Packing,
}

/// Where the members of an archive come from.
pub(super) enum Packing {
    Tar {
        compression: Compression,
        reader: Box<dyn Read + Send>,
        /// Bytes that the container declares.
        declared: u64,
        /// Bytes that are there.
        available: u64,
        volumes: VolumeMap,
    },
    Loose {
        files: Vec<LooseFile>,
        /// What is wrong besides, and was found already.
        damage: Vec<ArchiveDamage>,
    },
}

impl fmt::Debug for ContentArchive {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ContentArchive")
            .field("format", &self.format)
            .field("leading_garbage", &self.leading_garbage)
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

enum Body<'a> {
    Tar(TarBody<'a>),
    Loose(LooseBody),
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WalkEnd {
    /// Members that were visited.
    pub members: u64,
    /// The first damage.
    pub damage: Option<ArchiveDamage>,
    /// Damage after the first, when the members went on behind it.
    pub further_damage: Vec<ArchiveDamage>,
    /// How much more damage there is than these lists name.
    pub unlisted_damage: u64,
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
        visit: impl FnMut(&mut Member<'_>) -> Result<(), E>,
    ) -> Result<WalkEnd, WalkError<E>> {
        match self.packing {
            Packing::Tar { compression, reader, declared, available, volumes } => {
                let input = Input::new(reader, self.leading_garbage);
                let decoder = Decoder::new(compression, input).map_err(WalkError::Decoder)?;
                let is_compressed = compression != Compression::None;
                let end = walk_tar(TarStream::new(decoder), is_compressed, visit)?;
                let mut end = end.with_length(declared, available, volumes.gap.is_some());
                for damage in end.damage.iter_mut().chain(&mut end.further_damage) {
                    volumes.locate(damage);
                }
                Ok(end)
            }
            Packing::Loose { files, damage } => walk_files(files, damage, visit),
        }
    }

    /// Files that can each be read on their own.
    pub(crate) fn of_files(format: ArchiveFormat, files: Vec<LooseFile>) -> ContentArchive {
        ContentArchive {
            format,
            leading_garbage: 0,
            packing: Packing::Loose { files, damage: Vec::new() },
        }
    }

    /// The same archive, of which this is known to be wrong before any member is read.
    pub(super) fn with_damage(mut self, known: Vec<ArchiveDamage>) -> ContentArchive {
        if let Packing::Loose { damage, .. } = &mut self.packing {
            damage.extend(known);
        }
        self
    }
}

fn walk_tar<E>(
    mut stream: TarStream,
    is_compressed: bool,
    mut visit: impl FnMut(&mut Member<'_>) -> Result<(), E>,
) -> Result<WalkEnd, WalkError<E>> {
    let mut end = WalkEnd::default();
    let mut buffer = vec![0; SKIP_BUFFER];
    let mut next = stream.next();
    // The last member that has bytes.
    let mut last = None;
    loop {
        match next {
            Ok(Next::Member(header)) => {
                let ordinal = end.members;
                end.members += 1;
                let mut member = Member::in_tar(&header, &mut stream, end.damage.is_some());
                visit(&mut member).map_err(WalkError::Visitor)?;
                if let Err(failure) = member.body.finish(&mut buffer) {
                    let damage = member.damage(failure, ordinal);
                    end.note(damage);
                    break;
                }
                if member.size > 0 {
                    last = Some(member.path);
                }
                next = stream.next();
            }
            Ok(Next::Damage(mut damage)) => {
                let (skipped, then) = match stream.resynchronise() {
                    Ok((skipped, then)) => {
                        (format!("{skipped} bytes of the tar were skipped"), Ok(then))
                    }
                    Err(failure) => {
                        ("no other was found up to the next damage".to_owned(), Err(failure))
                    }
                };
                damage.detail.push_str("; ");
                damage.detail.push_str(&skipped);
                // A bit that flipped in a header is all that is wrong with a plain tar. Else the
                // damage began in what came before, and was noticed here.
                let began_before = is_compressed || damage.member.is_none();
                damage.suspect_before = last.take_if(|_| began_before);
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
    Ok(end)
}

fn walk_files<E>(
    files: Vec<LooseFile>,
    damage: Vec<ArchiveDamage>,
    mut visit: impl FnMut(&mut Member<'_>) -> Result<(), E>,
) -> Result<WalkEnd, WalkError<E>> {
    let mut end = WalkEnd::default();
    for damage in damage {
        end.note(damage);
    }
    let mut buffer = vec![0; SKIP_BUFFER];
    for file in files {
        let ordinal = end.members;
        end.members += 1;
        let mut member = Member::loose(file);
        visit(&mut member).map_err(WalkError::Visitor)?;
        if let Err(failure) = member.body.finish(&mut buffer) {
            let damage = member.damage(failure, ordinal);
            end.note(damage);
        }
    }
    Ok(end)
}

impl WalkEnd {
    /// The first damage and all after it.
    pub fn all_damage(&self) -> impl Iterator<Item = &ArchiveDamage> {
        self.damage.iter().chain(&self.further_damage)
    }

    /// The cut of an archive may lie between members, where the tar alone looks whole.
    fn with_length(mut self, declared: u64, available: u64, has_gap: bool) -> WalkEnd {
        if has_gap && self.all_damage().all(|damage| damage.what != DamageKind::Truncated) {
            self.note(outside_members(DecodeError {
                kind: DamageKind::Truncated,
                offset: available,
                detail: "the archive ends early".to_owned(),
            }));
        } else if self.damage.is_none() && available < declared {
            self.note(outside_members(DecodeError {
                kind: DamageKind::Truncated,
                offset: available,
                detail: format!("{available} of {declared} bytes of the archive are there"),
            }));
        }
        self
    }

    fn note(&mut self, damage: ArchiveDamage) {
        if self.damage.is_none() {
            self.damage = Some(damage);
        } else if damage.member.is_some() || self.further_damage.len() < DAMAGE_LIMIT {
            self.further_damage.push(damage);
        } else {
            self.unlisted_damage += 1;
        }
    }
}

fn outside_members(failure: DecodeError) -> ArchiveDamage {
    ArchiveDamage {
        what: failure.kind,
        offset: failure.offset,
        volume: None,
        member: None,
        ordinal: None,
        member_read: 0,
        member_size: 0,
        suspect_before: None,
        detail: failure.detail,
    }
}

impl<'a> Member<'a> {
    fn in_tar(header: &MemberHeader, stream: &'a mut TarStream, suspect: bool) -> Member<'a> {
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
            body: Body::Tar(TarBody { stream, size: header.size, read: 0, failure: None }),
        }
    }

    fn loose(file: LooseFile) -> Member<'static> {
        Member {
            path: file.path,
            kind: file.kind,
            size: file.size,
            mtime: file.mtime,
            mode: 0o600,
            suspect: false,
            body: Body::Loose(LooseBody::new(file.open, file.size, file.offset)),
        }
    }

    fn damage(&self, failure: DecodeError, ordinal: u64) -> ArchiveDamage {
        ArchiveDamage {
            what: failure.kind,
            offset: failure.offset,
            volume: None,
            member: Some(self.path.clone()),
            ordinal: Some(ordinal),
            member_read: self.body.bytes_read(),
            member_size: self.size,
            suspect_before: None,
            detail: failure.detail,
        }
    }
}

impl Body<'_> {
    fn finish(&mut self, buffer: &mut [u8]) -> Result<(), DecodeError> {
        match self {
            Body::Tar(body) => body.finish(buffer),
            Body::Loose(body) => body.finish(buffer),
        }
    }

    fn bytes_read(&self) -> u64 {
        match self {
            Body::Tar(body) => body.read,
            Body::Loose(body) => body.read,
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
        match &mut self.body {
            Body::Tar(body) => body.read(buffer),
            Body::Loose(body) => body.read(buffer),
        }
    }
}
