//! The list of files at the end of a zip: where it is, and its headers.

use std::io;

use super::fault::{Fault, Faults};
use super::header::{DIRECTORY_FIXED, Header};
use super::{
    DIRECTORY_END, DIRECTORY_END_64, DIRECTORY_HEADER, DIRECTORY_LOCATOR_64, LOCAL_HEADER, long,
    number, word,
};
use crate::tree::bytes::Bytes;

/// Bytes of the end record before its comment.
const END_FIXED: usize = 22;
/// A comment has at most 65535 bytes, so that the end record begins not further from the end.
const END_SEARCH: u64 = 65_535 + END_FIXED as u64;
const END_64_FIXED: usize = 56;
const LOCATOR_64: usize = 20;
/// Three lengths of 16 bits, and a fixed part.
const LARGEST_HEADER: usize = DIRECTORY_FIXED + 3 * 65_535;
const WINDOW: usize = 256 * 1024;

/// Where the list of files is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Directory {
    pub(super) start: u64,
    pub(super) end: u64,
    /// What must be added to every offset: bytes before the zip proper.
    pub(super) base: u64,
    /// Files that the end record counts.
    files: u64,
    /// That count is of 16 bits only, and starts again at 65536.
    is_short_count: bool,
    /// Where the end record lies.
    record: u64,
}

/// Finds the list; else tells why there is none.
pub(super) fn find(bytes: &Bytes, faults: &mut Faults) -> io::Result<Result<Directory, String>> {
    let from = bytes.len().saturating_sub(END_SEARCH);
    let mut tail = vec![0; usize::try_from(bytes.len() - from).unwrap_or(0)];
    let filled = bytes.read_full_at(&mut tail, from)?;
    tail.truncate(filled);
    let mut first = [0; 4];
    let begins_with_file =
        bytes.read_full_at(&mut first, 0)? == first.len() && first == LOCAL_HEADER;
    let mut why = None;
    for at in (0..tail.len()).rev() {
        let Some(record) = tail[at..].strip_prefix(&DIRECTORY_END).map(|_| &tail[at..]) else {
            continue;
        };
        if record.len() < END_FIXED {
            continue;
        }
        let comment = usize::from(word(record, 20));
        let Some(behind) = record.get(END_FIXED + comment..) else { continue };
        let position = from + at as u64;
        match locate(bytes, record, position, begins_with_file)? {
            Ok(directory) => {
                if behind.iter().any(|byte| *byte != 0) {
                    let length = behind.len() as u64;
                    faults.push(Fault::TrailingData { offset: bytes.len() - length, length });
                }
                return Ok(Ok(directory));
            }
            Err(detail) => why = why.or(Some(detail)),
        }
    }
    Ok(Err(why.unwrap_or_else(|| "it is not there".to_owned())))
}

/// The list that an end record tells of, if it is there.
fn locate(
    bytes: &Bytes,
    record: &[u8],
    position: u64,
    begins_with_file: bool,
) -> io::Result<Result<Directory, String>> {
    let mut disks = [word(record, 4), word(record, 6)].map(u32::from);
    let mut files = u64::from(word(record, 10));
    let mut size = u64::from(long(record, 12));
    let mut offset = u64::from(long(record, 16));
    let mut end = position;
    let mut is_short_count = true;
    if let Some((wide, at)) = record_64(bytes, position)? {
        disks = [long(&wide, 16), long(&wide, 20)];
        files = number::<8>(&wide, 32);
        size = number::<8>(&wide, 40);
        offset = number::<8>(&wide, 48);
        end = at;
        is_short_count = false;
    }
    if disks.iter().any(|disk| *disk != 0) {
        return Ok(Err("it is one of several parts of a zip, and not the first".to_owned()));
    }
    let found = |base: u64| Directory {
        start: base + offset,
        end: base + offset + size,
        base,
        files,
        is_short_count,
        record: position,
    };
    let fits = offset.checked_add(size).is_some_and(|directory_end| directory_end <= end);
    if !fits {
        return Ok(Err(format!(
            "its end record at byte {position} says that it lies at byte {offset} with {size} \
             bytes, which is behind that record"
        )));
    }
    if begins_list(bytes, offset, size)? && (size > 0 || offset == end) {
        return Ok(Ok(found(0)));
    }
    // Everything is moved when something stands before the zip. But in a zip that is cut, the last
    // end record may be that of a zip inside of it.
    let base = end - size - offset;
    if base > 0 && begins_list(bytes, base + offset, size)? {
        return Ok(if begins_with_file {
            Err(format!("the last one, which ends at byte {position}, is of a zip inside of it"))
        } else {
            Ok(found(base))
        });
    }
    Ok(Err(format!("its end record at byte {position} leads to no list")))
}

/// The record that replaces the numbers of the end record, and where it lies.
fn record_64(bytes: &Bytes, position: u64) -> io::Result<Option<([u8; END_64_FIXED], u64)>> {
    let Some(locator_at) = position.checked_sub(LOCATOR_64 as u64) else { return Ok(None) };
    let mut locator = [0; LOCATOR_64];
    let filled = bytes.read_full_at(&mut locator, locator_at)?;
    if filled < locator.len() || !locator.starts_with(&DIRECTORY_LOCATOR_64) {
        return Ok(None);
    }
    // Before the locator, where it is when something stands before the zip.
    let places = [Some(number::<8>(&locator, 8)), locator_at.checked_sub(END_64_FIXED as u64)];
    for place in places.into_iter().flatten() {
        let mut record = [0; END_64_FIXED];
        let filled = bytes.read_full_at(&mut record, place)?;
        if filled == record.len() && record.starts_with(&DIRECTORY_END_64) {
            return Ok(Some((record, place)));
        }
    }
    Ok(None)
}

fn begins_list(bytes: &Bytes, offset: u64, size: u64) -> io::Result<bool> {
    let mut signature = [0; 4];
    let filled = bytes.read_full_at(&mut signature, offset)?;
    Ok(size == 0 || (filled == signature.len() && signature == DIRECTORY_HEADER))
}

/// All headers of the list with their offsets; else tells what is wrong with one.
pub(super) fn headers(
    bytes: &Bytes,
    directory: &Directory,
    faults: &mut Faults,
) -> io::Result<Result<Vec<(u64, Header)>, String>> {
    let mut window = Window { bytes, buffer: Vec::new(), start: 0 };
    let mut headers = Vec::new();
    let mut offset = directory.start;
    while offset < directory.end {
        let at = |detail: &str| Ok(Err(format!("it is damaged at byte {offset}: {detail}")));
        let Some(fixed) = window.get(offset, DIRECTORY_FIXED)?.and_then(<[u8]>::first_chunk) else {
            return at("a header is cut");
        };
        let fixed: [u8; DIRECTORY_FIXED] = *fixed;
        let Some([name, extra, comment]) = Header::directory_lengths(&fixed) else {
            return at("there is no header");
        };
        let length = DIRECTORY_FIXED + name + extra + comment;
        if offset + length as u64 > directory.end {
            return at("a header goes on behind its end");
        }
        let Some(whole) = window.get(offset, length)? else { return at("a header is cut") };
        let behind = &whole[DIRECTORY_FIXED..];
        let (mut header, is_whole) =
            Header::of_directory(&fixed, &behind[..name], &behind[name..name + extra]);
        let Some(local) = header.local.checked_add(directory.base).filter(|_| is_whole) else {
            return at("a size or an offset of 64 bits is missing");
        };
        header.local = local;
        headers.push((offset, header));
        offset += length as u64;
    }
    let found = headers.len() as u64;
    let fits = if directory.is_short_count {
        found % 65_536 == directory.files
    } else {
        found == directory.files
    };
    if !fits {
        let detail =
            format!("its end record counts {} files, where its list has {found}", directory.files);
        faults.push(Fault::Zip { offset: directory.record, detail });
    }
    Ok(Ok(headers))
}

/// Reads on and on without a call of the system for each header.
struct Window<'a> {
    bytes: &'a Bytes,
    buffer: Vec<u8>,
    start: u64,
}

impl Window<'_> {
    /// Bytes from an offset on; `None` when there are not so many.
    fn get(&mut self, offset: u64, length: usize) -> io::Result<Option<&[u8]>> {
        debug_assert!(length <= LARGEST_HEADER);
        let inside = |window: &Self| {
            let from = usize::try_from(offset.checked_sub(window.start)?).ok()?;
            (window.buffer.len().checked_sub(from)? >= length).then_some(from)
        };
        if inside(self).is_none() {
            self.buffer.resize(WINDOW.max(length), 0);
            let filled = self.bytes.read_full_at(&mut self.buffer, offset)?;
            self.buffer.truncate(filled);
            self.start = offset;
        }
        Ok(inside(self).map(|from| &self.buffer[from..from + length]))
    }
}
