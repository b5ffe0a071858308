//! Reading a finished archive from the disk.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use flate2::bufread::GzDecoder;
use tar::{Archive, Entry, EntryType};

use super::ReadBackError;
use super::error::shown;

/// How much of the file is read at a time.
const PIECE: usize = 128 * 1024;

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
    /// The path below the top directory, without a slash at the end.
    pub path: &'a [u8],
    /// What it is.
    pub kind: ReadKind<'a>,
    /// The permission bits.
    pub mode: u32,
    /// The size in bytes; 0 for directories and hard links.
    pub size: u64,
    /// The modification time in seconds since 1970. In a directory, it is what the file system
    /// made of it: ext4, for one, knows no time after May 2446.
    pub mtime: i64,
    /// The content. What is not read is skipped.
    pub data: &'a mut dyn Read,
}

/// What was written into a directory: the order is nowhere on the disk.
#[derive(Debug)]
pub(super) struct WrittenMember {
    pub(super) path: Box<[u8]>,
    pub(super) kind: WrittenKind,
    pub(super) mode: u32,
    pub(super) size: u64,
    /// Not checked: not every file system can hold every time.
    pub(super) mtime: i64,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum WrittenKind {
    Directory,
    File,
    HardLink { target: Box<[u8]> },
}

type Visit<'v> = dyn FnMut(ReadMember<'_>) -> io::Result<()> + 'v;

/// Reads a compressed archive and returns the number of members.
pub(super) fn tar_gz(path: &Path, top: &[u8], visit: &mut Visit<'_>) -> Result<u64, ReadBackError> {
    // One member, as it was written: what follows it must not be taken for content.
    let decoder = GzDecoder::new(open(path)?);
    let (members, decoder) = tar_members(decoder, path, top, visit)?;
    none_behind(decoder.into_inner(), path)?;
    Ok(members)
}

/// Reads an archive that is not compressed and returns the number of members.
pub(super) fn tar(path: &Path, top: &[u8], visit: &mut Visit<'_>) -> Result<u64, ReadBackError> {
    tar_members(open(path)?, path, top, visit).map(|(members, _)| members)
}

fn open(path: &Path) -> Result<BufReader<File>, ReadBackError> {
    let file = File::open(path).map_err(|source| unreadable(path, source))?;
    Ok(BufReader::with_capacity(PIECE, file))
}

fn unreadable(path: &Path, source: io::Error) -> ReadBackError {
    ReadBackError::Read { path: path.to_owned(), source }
}

fn tar_members<R: Read>(
    reader: R,
    path: &Path,
    top: &[u8],
    visit: &mut Visit<'_>,
) -> Result<(u64, R), ReadBackError> {
    let failed = |source| unreadable(path, source);
    let mut archive = Archive::new(reader);
    let mut members = 0;
    for (number, entry) in archive.entries().map_err(failed)?.enumerate() {
        let mut entry = entry.map_err(failed)?;
        let full = entry.path_bytes().into_owned();
        if number == 0 {
            // The top directory: the writer's own.
            expect(&full, "the top directory comes first", full == top)?;
            continue;
        }
        visit_entry(&mut entry, &full, path, top, visit)?;
        members += 1;
    }
    // The library stops at the first of the two empty blocks at the end. The rest must be read
    // for gzip to check its checksum.
    let mut reader = archive.into_inner();
    let mut end = [0xff; 512];
    reader.read_exact(&mut end).map_err(failed)?;
    if end != [0; 512] {
        return Err(ReadBackError::Trailing { path: path.to_owned(), bytes: 512 });
    }
    none_behind(&mut reader, path)?;
    Ok((members, reader))
}

fn visit_entry<R: Read>(
    entry: &mut Entry<'_, R>,
    full: &[u8],
    path: &Path,
    top: &[u8],
    visit: &mut Visit<'_>,
) -> Result<(), ReadBackError> {
    let failed = |source| unreadable(path, source);
    let mode = entry.header().mode().map_err(failed)?;
    let mtime = entry.header().mtime().map_err(failed)?.cast_signed();
    let size = entry.size();
    let Some(mut name) = full.strip_prefix(top) else {
        return Err(changed(full, "it is not in the top directory"));
    };
    let link = entry.link_name_bytes().map(std::borrow::Cow::into_owned);
    let kind = match entry.header().entry_type() {
        EntryType::Directory => {
            name = name.strip_suffix(b"/").unwrap_or(name);
            ReadKind::Directory
        }
        EntryType::Regular => ReadKind::File,
        EntryType::Link => match link.as_deref().and_then(|target| target.strip_prefix(top)) {
            Some(target) => ReadKind::HardLink { target },
            None => return Err(changed(full, "it links to nothing in the top directory")),
        },
        other => {
            let difference = format!("it is of the type {:?}", char::from(other.as_byte()));
            return Err(changed(full, &difference));
        }
    };
    visit(ReadMember { path: name, kind, mode, size, mtime, data: entry })
        .map_err(|source| ReadBackError::Visit { member: shown(name), source })
}

fn changed(member: &[u8], difference: &str) -> ReadBackError {
    ReadBackError::Changed { member: shown(member), difference: difference.to_owned() }
}

fn expect(member: &[u8], difference: &str, holds: bool) -> Result<(), ReadBackError> {
    if holds { Ok(()) } else { Err(changed(member, difference)) }
}

fn none_behind(mut reader: impl Read, path: &Path) -> Result<(), ReadBackError> {
    match io::copy(&mut reader, &mut io::sink()) {
        Ok(0) => Ok(()),
        Ok(bytes) => Err(ReadBackError::Trailing { path: path.to_owned(), bytes }),
        Err(source) => Err(unreadable(path, source)),
    }
}

/// Reads a directory in the order in which it was written.
pub(super) fn directory(
    root: &Path,
    written: &[WrittenMember],
    visit: &mut Visit<'_>,
) -> Result<u64, ReadBackError> {
    for member in written {
        visit_written(root, member, visit)?;
    }
    Ok(written.len() as u64)
}

fn visit_written(
    root: &Path,
    member: &WrittenMember,
    visit: &mut Visit<'_>,
) -> Result<(), ReadBackError> {
    let place = root.join(OsStr::from_bytes(&member.path));
    let failed = |source| unreadable(&place, source);
    let found = fs::symlink_metadata(&place).map_err(failed)?;
    let same = |what: &str, written: u64, read: u64| {
        let difference = format!("its {what} was {written} and is {read}");
        expect(&member.path, &difference, written == read)
    };
    let kind = match &member.kind {
        WrittenKind::Directory => {
            expect(&member.path, "it is no directory", found.is_dir())?;
            ReadKind::Directory
        }
        WrittenKind::File => {
            expect(&member.path, "it is no file", found.is_file())?;
            same("size", member.size, found.len())?;
            ReadKind::File
        }
        WrittenKind::HardLink { target } => {
            let first = root.join(OsStr::from_bytes(target));
            let first = fs::symlink_metadata(first).map_err(failed)?;
            same("inode", first.ino(), found.ino())?;
            ReadKind::HardLink { target }
        }
    };
    let mut nothing = io::empty();
    let mut content;
    let (size, data): (u64, &mut dyn Read) = if kind == ReadKind::File {
        content = open(&place)?;
        (found.len(), &mut content)
    } else {
        (0, &mut nothing)
    };
    // A second name shows the mode of the first: the two are one file.
    if !matches!(kind, ReadKind::HardLink { .. }) {
        same("mode", u64::from(member.mode), u64::from(found.mode() & 0o7777))?;
    }
    let mode = found.mode() & 0o7777;
    visit(ReadMember { path: &member.path, kind, mode, size, mtime: found.mtime(), data })
        .map_err(|source| ReadBackError::Visit { member: shown(&member.path), source })
}
