//! What stands behind a file whose header was written before its sizes were known.

use std::collections::HashMap;
use std::io;

use super::{
    DESCRIPTOR, DIRECTORY_END, DIRECTORY_END_64, DIRECTORY_HEADER, LOCAL_HEADER, long, number,
};
use crate::tree::bytes::Bytes;

const BUFFER: usize = 128 * 1024;
/// Bytes of a descriptor without its signature, with sizes of 32 and of 64 bits.
const LENGTHS: [u64; 2] = [12, 20];
/// So many are kept, in about 100 MB: no list has as many files that this is needed for.
const MOST: usize = 2 << 20;

/// All places where a descriptor may stand, by where the file would begin that it is of.
///
/// They are looked for once: a search from each file on would take its time for every one of many
/// files of which none has an end.
#[derive(Debug, Default)]
pub(super) struct Descriptors {
    by_data: HashMap<u64, u64>,
}

impl Descriptors {
    /// Those behind `from`: with a signature, or before a header or the end, where one without a
    /// signature stands.
    pub(super) fn find_all(bytes: &Bytes, from: u64) -> io::Result<Descriptors> {
        let mut all = Descriptors::default();
        let mut position = from;
        while let Some((at, signature)) = find(bytes, position, is_mark)? {
            if signature == DESCRIPTOR {
                all.note(bytes, from, at, 4)?;
            } else {
                all.note_before(bytes, from, at)?;
            }
            if all.by_data.len() >= MOST {
                break;
            }
            position = at + 1;
        }
        all.note_before(bytes, from, bytes.len())?;
        Ok(all)
    }

    /// Where the first one stands that may be of the file whose bytes begin at `data`.
    pub(super) fn of_file(&self, data: u64) -> Option<u64> {
        self.by_data.get(&data).copied()
    }

    fn note_before(&mut self, bytes: &Bytes, from: u64, end: u64) -> io::Result<()> {
        for length in LENGTHS {
            if let Some(at) = end.checked_sub(length).filter(|at| *at >= from) {
                self.note(bytes, from, at, 0)?;
            }
        }
        Ok(())
    }

    fn note(&mut self, bytes: &Bytes, from: u64, at: u64, skip: usize) -> io::Result<()> {
        let mut whole = [0; 24];
        let filled = bytes.read_full_at(&mut whole, at)?;
        let fields = &whole[skip..];
        let sizes = [(8, number::<4>(fields, 4)), (12, number::<8>(fields, 4))];
        for (needed, stored) in sizes {
            let data = at.checked_sub(stored).filter(|data| *data >= from);
            if let Some(data) = data.filter(|_| filled >= skip + needed) {
                self.by_data.entry(data).or_insert(at);
            }
        }
        Ok(())
    }
}

fn is_mark(signature: [u8; 4]) -> bool {
    [DESCRIPTOR, LOCAL_HEADER, DIRECTORY_HEADER, DIRECTORY_END, DIRECTORY_END_64]
        .contains(&signature)
}

/// The next place from `from` on where four bytes are what is looked for, and those bytes.
pub(super) fn find(
    bytes: &Bytes,
    from: u64,
    is_wanted: impl Fn([u8; 4]) -> bool,
) -> io::Result<Option<(u64, [u8; 4])>> {
    // Mostly it is near.
    let mut buffer = vec![0; BUFFER / 32];
    let mut position = from;
    loop {
        let filled = bytes.read_full_at(&mut buffer, position)?;
        let mut at = 0;
        // All signatures begin alike.
        while let Some(found) = memchr::memchr(b'P', &buffer[at..filled]) {
            at += found;
            let Some(four) = buffer[at..filled].first_chunk::<4>() else { break };
            if is_wanted(*four) {
                return Ok(Some((position + at as u64, *four)));
            }
            at += 1;
        }
        if filled < buffer.len() {
            return Ok(None);
        }
        position += (filled - 3) as u64;
        buffer.resize(BUFFER, 0);
    }
}

/// Checksum and size that stand behind a file, if they are of a file of that length, and how
/// many bytes they take: with or without a signature, of 32 or 64 bits.
pub(super) fn descriptor(
    bytes: &Bytes,
    at: u64,
    stored: u64,
    size: Option<u64>,
) -> io::Result<Option<(u32, u64, u64)>> {
    let mut whole = [0; 24];
    let filled = bytes.read_full_at(&mut whole, at)?;
    for skip in [4, 0] {
        if skip > 0 && !whole.starts_with(&DESCRIPTOR) {
            continue;
        }
        for wide in [false, true] {
            let length = skip + if wide { 20 } else { 12 };
            if length > filled {
                continue;
            }
            let fields = &whole[skip..];
            let (found_stored, found_size) = if wide {
                (number::<8>(fields, 4), number::<8>(fields, 12))
            } else {
                (number::<4>(fields, 4), number::<4>(fields, 8))
            };
            // The size would be the second half of a number of 64 bits.
            if size.is_none() && !wide && found_size == 0 && stored > 0 {
                continue;
            }
            if found_stored == stored && size.is_none_or(|size| size == found_size) {
                return Ok(Some((long(fields, 0), found_size, length as u64)));
            }
        }
    }
    Ok(None)
}
