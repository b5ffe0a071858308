//! Telling how an archive is packed.

use std::io::{self, Cursor, Read};

use super::decoder::{Compression, Decoder};
use super::input::Input;
use super::walk::Packing;
use super::{ArchiveError, ArchiveFormat, ContentArchive, VolumeMap, zip};
use crate::LooksLike;
use crate::spool::Spool;
use crate::tar_format::{BLOCK, Block, is_header};
use crate::tree::bytes::Bytes;
use crate::zip_format;

/// Error text that leaked into an archive is looked past up to here.
const SCAN: usize = 64 * 1024;
/// A block of zstd gives nothing before all of it is there: 128 KiB and its headers.
const LOOK_AHEAD: u64 = 192 * 1024;
/// What GNU tar writes when there is nothing to write.
const EMPTY_TAR: u64 = 10_240;

/// The stored bytes of an archive: one file, or volumes one after another.
pub(crate) struct Volumes {
    pub(crate) name: String,
    /// Bytes that the container declares.
    pub(crate) declared: u64,
    /// Bytes that are there.
    pub(crate) available: u64,
    pub(crate) reader: Box<dyn Read + Send>,
    /// The same bytes at any place, where they lie in the backup as they are.
    pub(crate) in_place: Option<Bytes>,
    /// Where they are copied to when they do not, and must be read so.
    pub(crate) spool: Spool,
    /// Where one ends and the next begins.
    pub(crate) map: VolumeMap,
}

/// Opens an archive that the metadata name as content.
pub(crate) fn open(volumes: Volumes) -> Result<ContentArchive, ArchiveError> {
    let Volumes { name, declared, available, mut reader, in_place, spool, map } = volumes;
    let mut head = Vec::new();
    read_on(&name, &mut reader, SCAN as u64, &mut head)?;
    if head.is_empty() {
        return Err(ArchiveError::Empty { archive: name, declared });
    }
    if zip_format::begins(&head) {
        let volumes = Volumes { name, declared, available, reader, in_place, spool, map };
        return zip::open(volumes, head);
    }
    // An empty tar is NUL as well, but no longer than one record of tar: more is a hole.
    let is_hole = available > EMPTY_TAR && head.iter().all(|byte| *byte == 0);
    let mut found = at_start(&head).map(|compression| (compression, 0)).filter(|_| !is_hole);
    if found.is_none() {
        read_on(&name, &mut reader, LOOK_AHEAD, &mut head)?;
        found = behind_text(&head);
        // Archives in a zip are no sign of what the zip is not.
        found = found.filter(|(_, start)| !zip_format::may_begin_in(&head[..*start]));
    }
    let Some((compression, skipped)) = found else {
        let looks_like = LooksLike::tell(&head);
        if zip_format::may_begin_in(&head[..head.len().min(SCAN)]) {
            let archive = name.clone();
            let volumes =
                Volumes { name: archive, declared, available, reader, in_place, spool, map };
            if let Some(archive) = zip::open_behind_text(volumes, head, SCAN)? {
                return Ok(archive);
            }
        }
        return Err(ArchiveError::NotAnArchive { archive: name, looks_like });
    };
    let rest = Cursor::new(head.split_off(skipped)).chain(reader);
    Ok(ContentArchive {
        format: match compression {
            Compression::None => ArchiveFormat::Tar,
            Compression::Gzip => ArchiveFormat::Gzip,
            Compression::Zstd => ArchiveFormat::Zstd,
        },
        leading_garbage: skipped as u64,
        packing: Packing::Tar {
            compression,
            reader: Box::new(rest),
            declared,
            available,
            volumes: map,
        },
    })
}

/// Reads some more of an archive. What its container says against it comes when it is walked to
/// that place: what stands before is good.
fn read_on(
    name: &str,
    reader: &mut Box<dyn Read + Send>,
    limit: u64,
    head: &mut Vec<u8>,
) -> Result<(), ArchiveError> {
    match reader.by_ref().take(limit).read_to_end(head) {
        Ok(_) => Ok(()),
        Err(error) if is_damage(&error) => {
            *reader = Box::new(Failing(error.kind(), error.to_string()));
            Ok(())
        }
        Err(source) => Err(ArchiveError::Io { archive: name.to_owned(), source }),
    }
}

/// Whether the container itself is wrong, so that nothing more will ever come.
pub(crate) fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof
    )
}

/// Says again what was said already.
struct Failing(io::ErrorKind, String);

impl Read for Failing {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::new(self.0, self.1.clone()))
    }
}

fn at_start(head: &[u8]) -> Option<Compression> {
    if head.first_chunk::<BLOCK>().is_some_and(is_start_of_tar) {
        return Some(Compression::None);
    }
    compression(head)
}

/// The format of what begins behind some error text, and how long that is.
fn behind_text(head: &[u8]) -> Option<(Compression, usize)> {
    // A magic alone may stand in any text; what follows it must begin a tar.
    (1..head.len().min(SCAN)).find_map(|start| {
        let tail = &head[start..];
        // A tar without its magic is not told from text.
        let is_tar = |block: &Block| &block[257..262] == b"ustar" && is_header(block);
        if tail.first_chunk::<BLOCK>().is_some_and(is_tar) {
            return Some((Compression::None, start));
        }
        let compression = compression(tail)?;
        begins_tar(compression, tail).then_some((compression, start))
    })
}

/// A tar without members begins with its end mark.
fn is_start_of_tar(block: &Block) -> bool {
    is_header(block) || block.iter().all(|byte| *byte == 0) || &block[257..262] == b"ustar"
}

fn compression(bytes: &[u8]) -> Option<Compression> {
    match bytes {
        [0x1f, 0x8b, ..] => Some(Compression::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Compression::Zstd),
        _ => None,
    }
}

fn begins_tar(compression: Compression, stored: &[u8]) -> bool {
    let input = Input::new(Box::new(Cursor::new(stored.to_vec())), 0);
    let Ok(mut decoder) = Decoder::new(compression, input) else { return false };
    let mut block: Block = [0; BLOCK];
    let mut filled = 0;
    while filled < BLOCK {
        match decoder.read(&mut block[filled..]) {
            Ok(0) | Err(_) => return false,
            Ok(count) => filled += count,
        }
    }
    is_start_of_tar(&block)
}

/// For the tests, which have archives in memory.
#[cfg(test)]
pub(super) fn open_bytes(bytes: &[u8], declared: u64) -> Result<ContentArchive, ArchiveError> {
    open(Volumes {
        name: "test".to_owned(),
        declared,
        available: bytes.len() as u64,
        reader: Box::new(Cursor::new(bytes.to_vec())),
        in_place: None,
        spool: Spool::default(),
        map: VolumeMap::default(),
    })
}

/// Reads all of them in turn.
pub(crate) fn chain(readers: Vec<Box<dyn Read + Send>>) -> Box<dyn Read + Send> {
    readers
        .into_iter()
        .reduce(|first, second| Box::new(first.chain(second)))
        .unwrap_or_else(|| Box::new(io::empty()))
}
