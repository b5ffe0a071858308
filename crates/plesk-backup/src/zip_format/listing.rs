//! All files of a zip, from its list, or, where that is lost, from the headers before them.

use std::io;

use super::body::{Packing, Place, Refusal};
use super::fault::{Cause, Fault, Faults};
use super::fields::Fields;
use super::header::{DEFLATED, Header, LOCAL_FIXED, STORED};
use super::{directory, name, salvage};
use crate::printable;
use crate::tree::bytes::Bytes;

/// No link of Unix leads further.
const LONGEST_TARGET: u64 = 4096;

/// The files of a zip in the order of its list, and what is wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) files: Vec<Listed>,
    pub(crate) faults: Vec<Fault>,
    /// Bytes that stand before the zip proper.
    pub(crate) base: u64,
    /// False when the files were found without the list at its end.
    pub(crate) has_list: bool,
}

/// A file, or something else that has a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// With `/` between its parts, and otherwise as it stands: it may lead anywhere.
    pub(crate) path: Vec<u8>,
    pub(crate) kind: Kind,
    /// Seconds since 1970.
    pub(crate) mtime: i64,
    /// Where its own header lies.
    pub(crate) header: u64,
    pub(crate) place: Place,
}

/// What it is, as far as the system that it was written on says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    /// Its bytes are what it leads to.
    SymbolicLink,
    /// By its type byte in a tar.
    Other(u8),
}

/// Lists a zip. What is wrong with it is part of the result.
///
/// The list of files at the end has the say, as it has with all programs; the header before each
/// file is compared with it. Where the list is lost, those headers are walked.
pub(crate) fn list(bytes: &Bytes) -> io::Result<Listing> {
    let mut faults = Faults::default();
    let found = match directory::find(bytes, &mut faults)? {
        Err(why) => Err(why),
        Ok(directory) => {
            directory::headers(bytes, &directory, &mut faults)?.map(|headers| (directory, headers))
        }
    };
    let has_list = found.is_ok();
    let (files, base) = match found {
        Ok((directory, headers)) => {
            let mut files = Vec::with_capacity(headers.len());
            for (at, header) in headers {
                files.push(listed(bytes, at, &header, &mut faults)?);
            }
            refuse_overlaps(&mut files, directory.start, &mut faults);
            (files, directory.base)
        }
        Err(why) => {
            let detail = format!(
                "its list of files cannot be read: {why}; its files were looked for one by one"
            );
            faults.push(Fault::Zip { offset: bytes.len(), detail });
            (salvage::walk(bytes, &mut faults)?, 0)
        }
    };
    Ok(Listing { files, faults: faults.list, base, has_list })
}

/// How many bytes stand before a zip whose list of files can be found.
pub(crate) fn bytes_before(bytes: &Bytes) -> io::Result<Option<u64>> {
    let found = directory::find(bytes, &mut Faults::default())?;
    Ok(found.ok().map(|directory| directory.base))
}

/// Names of the files in the list, without a look at the files; `None` when it cannot be read.
pub(crate) fn names(bytes: &Bytes) -> io::Result<Option<Vec<Vec<u8>>>> {
    let mut faults = Faults::default();
    let Ok(directory) = directory::find(bytes, &mut faults)? else { return Ok(None) };
    let Ok(headers) = directory::headers(bytes, &directory, &mut faults)? else { return Ok(None) };
    let named = headers.iter().map(|(_, header)| {
        let (path, _) = name::decode(header, &Fields::read(&header.extra));
        (kind(header, &path) != Kind::Directory).then_some(path)
    });
    Ok(Some(named.flatten().collect()))
}

/// Puts together what a header says, with the bytes of the file at `data`.
pub(super) fn describe(header: &Header, at: u64, data: u64, faults: &mut Faults) -> Listed {
    let fields = Fields::read(&header.extra);
    let (path, is_guessed) = name::decode(header, &fields);
    if is_guessed {
        faults.file(Cause::GuessedName, &path, at, || {
            "nothing says how its name is encoded; it was read as code page 437".to_owned()
        });
    }
    let packing = if header.is_encrypted() {
        Packing::Refused(Refusal::Encrypted)
    } else {
        match header.method {
            STORED => Packing::Stored,
            DEFLATED => Packing::Deflated,
            other => Packing::Refused(Refusal::Method(other)),
        }
    };
    if let Packing::Refused(refusal) = packing {
        faults.refused(refusal, &path, at);
    }
    let kind = kind(header, &path);
    if kind == Kind::File && path.ends_with(b"/") {
        faults.file(Cause::NamedDirectory, &path, at, || {
            "its name is that of a directory, and it has bytes; it was taken for a file".to_owned()
        });
    }
    Listed {
        kind,
        path,
        mtime: header.mtime(&fields),
        header: at,
        place: Place {
            data,
            stored: header.stored,
            size: header.size,
            available: header.size,
            crc32: header.crc32,
            packing,
        },
    }
}

fn kind(header: &Header, path: &[u8]) -> Kind {
    const DOS_DIRECTORY: u32 = 0x10;
    // The upper half is the mode of a file on Unix, and else nothing: taken for one, a stray byte
    // makes a link of a message.
    let mode = if header.is_unix() { header.attributes >> 16 } else { 0 };
    let from_mode = match mode & 0o170_000 {
        0o120_000 => Some(Kind::SymbolicLink),
        0o020_000 => Some(Kind::Other(b'3')),
        0o060_000 => Some(Kind::Other(b'4')),
        0o010_000 => Some(Kind::Other(b'6')),
        0o140_000 => Some(Kind::Other(b's')),
        0o040_000 => Some(Kind::Directory),
        _ => None,
    };
    // What has bytes is no directory, whatever else says so: nobody would look at them.
    let is_directory = header.size == 0
        && (path.ends_with(b"/") || from_mode.is_some() || header.attributes & DOS_DIRECTORY != 0);
    // Nor is it a device, or a link that leads further than any.
    let limit = if from_mode == Some(Kind::SymbolicLink) { LONGEST_TARGET } else { 0 };
    match from_mode {
        Some(kind) if kind != Kind::Directory && header.size <= limit => kind,
        _ if is_directory => Kind::Directory,
        _ => Kind::File,
    }
}

/// One file of the list, whose own header must be there.
fn listed(bytes: &Bytes, at: u64, header: &Header, faults: &mut Faults) -> io::Result<Listed> {
    let mut fixed = [0; LOCAL_FIXED];
    let is_there = bytes.read_full_at(&mut fixed, header.local)? == LOCAL_FIXED;
    let [name_length, extra_length] = Header::local_lengths(&fixed);
    let mut behind = vec![0; if is_there { name_length + extra_length } else { 0 }];
    let start = header.local.saturating_add(LOCAL_FIXED as u64);
    let is_there = is_there && bytes.read_full_at(&mut behind, start)? == behind.len();
    let data = start.saturating_add(behind.len() as u64);
    let mut listed = describe(header, header.local, data, faults);
    let (own_name, own_extra) = behind.split_at(if is_there { name_length } else { 0 });
    let is_signed = Header::has_local_signature(&fixed);
    let is_same_name = separated(own_name) == separated(&header.raw_name);
    if !is_there || !(is_signed || is_same_name) {
        refuse(&mut listed, Refusal::NoHeader, faults);
        return Ok(listed);
    }
    if !is_signed {
        faults.file(Cause::NoSignature, &listed.path, header.local, || {
            "its own header lacks its signature; it was used all the same".to_owned()
        });
    }
    let (own, is_whole) = Header::of_file(&fixed, own_name, own_extra);
    if let Some(difference) = difference(&own, header, is_whole, is_same_name) {
        faults.file(Cause::TwoHeaders, &listed.path, header.local, || {
            format!("its own header {difference} at byte {at}; the list was believed")
        });
    }
    // A time in UTC is better than one of a zone that is not told.
    if Fields::read(&header.extra).mtime().is_none()
        && let Some(mtime) = Fields::read(&own.extra).mtime().filter(|_| is_same_name)
    {
        listed.mtime = mtime;
    }
    if own.is_encrypted() && !header.is_encrypted() {
        refuse(&mut listed, Refusal::Encrypted, faults);
    }
    Ok(listed)
}

/// What a file's own header says otherwise than the list.
fn difference(own: &Header, list: &Header, is_whole: bool, is_same_name: bool) -> Option<String> {
    if !is_same_name {
        let name = printable(&own.raw_name);
        return Some(format!("calls it `{name}`, unlike the list"));
    }
    if own.method != list.method {
        let (own, list) = (own.method, list.method);
        return Some(format!("says that it is packed by method {own}, where the list says {list}"));
    }
    if own.is_encrypted() != list.is_encrypted() {
        return Some("and the list differ in whether it is encrypted".to_owned());
    }
    if let Some((own, list)) = own.common_mtimes(list).filter(|(own, list)| own != list) {
        return Some(format!(
            "is of a file changed {own} seconds after 1970, where the list has {list}"
        ));
    }
    let says_nothing = own.has_descriptor() && own.stored == 0 && own.size == 0 && own.crc32 == 0;
    // Sizes are often marked as wide, and left out, when they are to follow behind the file.
    if says_nothing || own.has_descriptor() || !is_whole {
        return None;
    }
    if (own.stored, own.size) != (list.stored, list.size) {
        return Some(format!(
            "says {} bytes, {} of them stored, where the list says {} and {}",
            own.size, own.stored, list.size, list.stored
        ));
    }
    (own.crc32 != list.crc32).then(|| {
        format!("has the checksum {:08x}, where the list has {:08x}", own.crc32, list.crc32)
    })
}

fn separated(name: &[u8]) -> Vec<u8> {
    name.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect()
}

fn refuse(listed: &mut Listed, refusal: Refusal, faults: &mut Faults) {
    if !matches!(listed.place.packing, Packing::Refused(_)) {
        listed.place.packing = Packing::Refused(refusal);
        faults.refused(refusal, &listed.path, listed.header);
    }
}

/// A file whose bytes go on into the next file, or into the list, lies about itself: so a few bytes
/// are made to give far more than any disk holds.
fn refuse_overlaps(files: &mut [Listed], directory: u64, faults: &mut Faults) {
    let no_header = Packing::Refused(Refusal::NoHeader);
    let mut order: Vec<usize> =
        (0..files.len()).filter(|index| files[*index].place.packing != no_header).collect();
    order.sort_by_key(|index| files[*index].header);
    for (position, index) in order.iter().enumerate() {
        let next = order.get(position + 1).map_or(u64::MAX, |next| files[*next].header);
        let limit = if files[*index].header < directory { next.min(directory) } else { next };
        let place = files[*index].place;
        if place.data.saturating_add(place.stored) > limit {
            refuse(&mut files[*index], Refusal::Overlap, faults);
        }
    }
}
