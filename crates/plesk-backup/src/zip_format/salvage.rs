//! The files of a zip whose list is lost: from header to header, as far as they go.

use std::io::{self, Read};
use std::sync::Arc;

use flate2::{Decompress, FlushDecompress, Status};

use super::body::{self, Packing, Place};
use super::descriptor::{Descriptors, descriptor, find};
use super::fault::{Cause, Fault, Faults};
use super::header::{DEFLATED, Header, LOCAL_FIXED, STORED};
use super::listing::{Listed, describe};
use super::{DIRECTORY_END, DIRECTORY_END_64, DIRECTORY_HEADER, LOCAL_HEADER, number};
use crate::container::{Container, Outer, tell};
use crate::tar_format::BLOCK;
use crate::tree::bytes::Bytes;

const BUFFER: usize = 128 * 1024;
/// Newer versions of the format than there are.
const HIGHEST_VERSION: u8 = 63;
/// No name is longer on any system that Plesk runs on.
const LONGEST_NAME: usize = 32 * 1024;

/// All files whose headers can be found.
pub(super) fn walk(bytes: &Bytes, faults: &mut Faults) -> io::Result<Vec<Listed>> {
    let mut walk = Walk { bytes, faults, files: Vec::new(), is_exact: true, descriptors: None };
    let mut next = Some(0);
    while let Some(offset) = next {
        next = walk.step(offset)?;
    }
    Ok(walk.files)
}

struct Walk<'a> {
    bytes: &'a Bytes,
    faults: &'a mut Faults,
    files: Vec<Listed>,
    /// False from where a header had to be looked for: it may be one of a zip inside of this one.
    is_exact: bool,
    /// Made when the first file needs it.
    descriptors: Option<Descriptors>,
}

/// What a file holds: in archives there may be headers that are not of this zip.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    Zip,
    Archive,
    /// A message, or anything that is packed.
    Other,
}

/// What follows a file, or says how long it was.
struct Extent {
    stored: u64,
    size: u64,
    crc32: Option<u32>,
    next: u64,
}

impl Walk<'_> {
    /// Takes what stands at `offset` and tells where the next header should be.
    fn step(&mut self, offset: u64) -> io::Result<Option<u64>> {
        if offset >= self.bytes.len() {
            return Ok(None);
        }
        let mut fixed = [0; LOCAL_FIXED];
        let filled = self.bytes.read_full_at(&mut fixed, offset)?;
        if is_end(&fixed[..filled]) && self.is_exact {
            return Ok(None);
        }
        if filled < LOCAL_FIXED && fixed[..filled].starts_with(&LOCAL_HEADER) {
            self.cut(offset + LOCAL_FIXED as u64);
            return Ok(None);
        }
        if !is_plausible(&fixed) {
            return self.look_for_header(offset);
        }
        let [name, extra] = Header::local_lengths(&fixed);
        let mut behind = vec![0; name + extra];
        let data = offset + (LOCAL_FIXED + behind.len()) as u64;
        let start = offset + LOCAL_FIXED as u64;
        let is_cut = self.bytes.read_full_at(&mut behind, start)? < behind.len();
        // No name goes on into the next file: a length of this header is damaged.
        if behind.windows(LOCAL_HEADER.len()).any(|four| four == LOCAL_HEADER)
            && self.next_header(start)?.is_some_and(|next| next < data)
        {
            return self.look_for_header(offset);
        }
        if is_cut {
            self.cut(data);
            return Ok(None);
        }
        let (header, is_whole) = Header::of_file(&fixed, &behind[..name], &behind[name..]);
        // Sizes that are not there yet follow behind the file.
        let is_unknown = header.has_descriptor() && (header.stored == 0 || !is_whole);
        // A file that has a descriptor after all is not empty: its flags are damaged.
        let is_empty = header.stored == 0 && header.size == 0 && !header.raw_name.ends_with(b"/");
        let is_unknown = is_unknown
            || (is_empty
                && !self.is_followed(data, false)?
                && self.look_for_descriptor(data)?.is_some());
        if !is_whole && !is_unknown {
            return self.look_for_header(offset);
        }
        if is_unknown {
            self.measured(offset, data, header)
        } else {
            self.known(offset, data, &header)
        }
    }

    /// A file whose header has its sizes.
    fn known(&mut self, offset: u64, data: u64, header: &Header) -> io::Result<Option<u64>> {
        let end = data.saturating_add(header.stored);
        if !self.is_followed(end, header.has_descriptor())?
            && self.content(data, header)? == Content::Other
            && let Some(next) = self.next_header(data)?.filter(|next| *next < end)
        {
            self.overlong(offset, data, header, next);
            return Ok(Some(next));
        }
        let mut listed = describe(header, offset, data, self.faults);
        if end > self.bytes.len() {
            self.cut(end);
            self.count_available(&mut listed, self.bytes.len())?;
            self.files.push(listed);
            return Ok(None);
        }
        self.files.push(listed);
        if header.has_descriptor() { self.behind_descriptor(end) } else { Ok(Some(end)) }
    }

    /// A file that would go on into the next one: its length is damaged, and perhaps nothing else.
    fn overlong(&mut self, offset: u64, data: u64, header: &Header, next: u64) {
        let mut listed = describe(header, offset, data, self.faults);
        let place = &mut listed.place;
        place.stored = next - data;
        if place.packing == Packing::Stored {
            place.available = place.size.min(place.stored);
        }
        self.files.push(listed);
        self.is_exact = false;
    }

    /// Whether a header stands at the end of a file, or the end of all, or one of them behind a
    /// descriptor.
    fn is_followed(&self, end: u64, has_descriptor: bool) -> io::Result<bool> {
        let lengths: &[u64] = if has_descriptor { &[0, 16, 24, 12, 20] } else { &[0] };
        for length in lengths {
            let mut signature = [0; 4];
            let at = end.saturating_add(*length);
            let filled = self.bytes.read_full_at(&mut signature, at)?;
            if at == self.bytes.len()
                || (filled == signature.len()
                    && (signature.starts_with(&LOCAL_HEADER) || is_end(&signature)))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A file whose sizes stand behind it, so that its end must be looked for.
    fn measured(&mut self, offset: u64, data: u64, mut header: Header) -> io::Result<Option<u64>> {
        let mut bad_from = None;
        let mut extent = None;
        if header.method == DEFLATED && !header.is_encrypted() {
            let mut inflater = Inflater::new(self.bytes, data);
            match inflater.run()? {
                Inflated::Whole => {
                    let found = self.inflated(data, &inflater)?;
                    // A changed bit may end it early: then its descriptor stands further on.
                    extent = match found.crc32 {
                        Some(_) => Some(found),
                        None => self.look_for_descriptor(data)?.or(Some(found)),
                    };
                }
                Inflated::Cut => {}
                Inflated::Bad => bad_from = Some(data + inflater.input),
            }
        }
        if extent.is_none() {
            extent = self.look_for_descriptor(data)?;
        }
        let Some(extent) = extent else { return self.endless(offset, data, header, bad_from) };
        (header.stored, header.size) = (extent.stored, extent.size);
        header.crc32 = extent.crc32.unwrap_or(0);
        let mut listed = describe(&header, offset, data, self.faults);
        if extent.crc32.is_none() {
            listed.place.crc32 = self.checksum(&listed.place)?;
            self.faults.file(Cause::NoChecksum, &listed.path, offset, || {
                "no checksum of it follows its bytes; they may be damaged".to_owned()
            });
        }
        self.files.push(listed);
        Ok(Some(extent.next))
    }

    /// A file whose end is not there: neither how long it was nor its checksum are known.
    fn endless(
        &mut self,
        offset: u64,
        data: u64,
        mut header: Header,
        bad_from: Option<u64>,
    ) -> io::Result<Option<u64>> {
        let mut end = self.bytes.len();
        // Where what tells its end is damaged, it ends at the next header at the latest. But headers
        // in a zip are those of its own files, and other archives may hold a zip.
        let mut next = bad_from;
        if header.method != DEFLATED || header.is_encrypted() {
            let content = self.content(data, &header)?;
            next = if content == Content::Zip { None } else { self.next_header(data)? };
            if let Some(next) = next.filter(|_| content == Content::Other) {
                end = next;
            }
        }
        header.stored = end - data;
        header.size = u64::MAX;
        let mut listed = describe(&header, offset, data, self.faults);
        self.count_available(&mut listed, end)?;
        listed.place.size = listed.place.available.saturating_add(1);
        self.files.push(listed);
        match next {
            Some(from) if bad_from.is_some() => self.look_for_header(from),
            Some(next) => {
                self.is_exact = false;
                Ok(Some(next))
            }
            None => {
                self.cut(self.bytes.len() + 1);
                Ok(None)
            }
        }
    }

    fn content(&self, data: u64, header: &Header) -> io::Result<Content> {
        if header.method != STORED || header.is_encrypted() {
            return Ok(Content::Other);
        }
        let mut head = [0; BLOCK];
        let filled = self.bytes.read_full_at(&mut head, data)?;
        Ok(match tell(&head[..filled]) {
            Outer::Container(Container::Zip) => Content::Zip,
            Outer::Container(Container::Tar) | Outer::Compressed(_) => Content::Archive,
            _ => Content::Other,
        })
    }

    fn cut(&mut self, needed: u64) {
        self.faults.push(Fault::Truncated { length: self.bytes.len(), needed });
    }

    /// How many bytes of a file can be read whose stored bytes end early.
    fn count_available(&self, listed: &mut Listed, end: u64) -> io::Result<()> {
        let place = &mut listed.place;
        let there = end.saturating_sub(place.data);
        place.available = match place.packing {
            Packing::Stored => there.min(place.size),
            Packing::Deflated => {
                let mut inflater = Inflater::new(self.bytes, place.data);
                inflater.run()?;
                // A file of which all is there but the mark of its end is cut as well.
                inflater.output.min(place.size.saturating_sub(1))
            }
            Packing::Refused(_) => 0,
        };
        place.stored = there;
        Ok(())
    }

    /// Where the next header is behind a file that is followed by its sizes.
    fn behind_descriptor(&self, end: u64) -> io::Result<Option<u64>> {
        for length in [0, 16, 24, 12, 20] {
            let mut signature = [0; 4];
            let filled = self.bytes.read_full_at(&mut signature, end + length)?;
            let is_header = signature.starts_with(&LOCAL_HEADER) || is_end(&signature);
            if filled == 0 || (filled == signature.len() && is_header) {
                return Ok(Some(end + length));
            }
        }
        Ok(Some(end))
    }

    fn look_for_header(&mut self, offset: u64) -> io::Result<Option<u64>> {
        let found = self.next_header(offset + 1)?;
        let mut here = [0; 4];
        self.bytes.read_full_at(&mut here, offset)?;
        // The list of this zip, or of one inside of it.
        if !is_end(&here) {
            let detail = "there is no header of a file".to_owned();
            let skipped = found.unwrap_or(self.bytes.len()) - offset;
            self.faults.push(Fault::BadHeader { offset, detail, skipped });
        }
        self.is_exact = false;
        Ok(found)
    }

    /// The next header of a file.
    fn next_header(&self, mut from: u64) -> io::Result<Option<u64>> {
        loop {
            let found = find(self.bytes, from, |found| found == LOCAL_HEADER)?;
            let Some((position, _)) = found else { return Ok(None) };
            let mut fixed = [0; LOCAL_FIXED];
            let filled = self.bytes.read_full_at(&mut fixed, position)?;
            if filled == LOCAL_FIXED && is_plausible(&fixed) {
                return Ok(Some(position));
            }
            from = position + 1;
        }
    }

    /// A deflated file that was gone through to its end, with what stands behind it.
    fn inflated(&self, data: u64, inflater: &Inflater<'_>) -> io::Result<Extent> {
        let (stored, size) = (inflater.input, inflater.output);
        let end = data + stored;
        Ok(match descriptor(self.bytes, end, stored, Some(size))? {
            Some((crc32, _, length)) => {
                Extent { stored, size, crc32: Some(crc32), next: end + length }
            }
            None => Extent { stored, size, crc32: None, next: end },
        })
    }

    /// The end of a file that nothing but its descriptor tells.
    fn look_for_descriptor(&mut self, data: u64) -> io::Result<Option<Extent>> {
        let descriptors = match &mut self.descriptors {
            Some(descriptors) => descriptors,
            none => none.insert(Descriptors::find_all(self.bytes, data)?),
        };
        let Some(position) = descriptors.of_file(data) else { return Ok(None) };
        let stored = position - data;
        let found = descriptor(self.bytes, position, stored, None)?;
        Ok(found.map(|(crc32, size, length)| Extent {
            stored,
            size,
            crc32: Some(crc32),
            next: position + length,
        }))
    }

    fn checksum(&self, place: &Place) -> io::Result<u32> {
        let whole = Arc::new(Bytes::pieces([(self.bytes, 0, self.bytes.len())]));
        // One byte more than is there keeps the reader from comparing what is not known.
        let place = Place { size: place.size.saturating_add(1), ..*place };
        let mut reader = body::open(whole, &place)?;
        let mut sum = flate2::Crc::new();
        let mut buffer = vec![0; BUFFER];
        loop {
            match reader.read(&mut buffer)? {
                0 => return Ok(sum.sum()),
                count => sum.update(&buffer[..count]),
            }
        }
    }
}

fn is_end(head: &[u8]) -> bool {
    [DIRECTORY_HEADER, DIRECTORY_END, DIRECTORY_END_64].iter().any(|mark| head.starts_with(mark))
}

/// Whether this is the header of a file, and not four bytes that happen to begin like one.
fn is_plausible(fixed: &[u8; LOCAL_FIXED]) -> bool {
    Header::has_local_signature(fixed) && is_rest_plausible(fixed)
}

/// Whether this is a header with one changed bit in its signature.
pub(super) fn is_nearly_header(head: &[u8]) -> bool {
    let changed =
        head.iter().zip(LOCAL_HEADER).map(|(found, wanted)| (found ^ wanted).count_ones());
    changed.sum::<u32>() == 1 && head.first_chunk().is_some_and(is_rest_plausible)
}

fn is_rest_plausible(fixed: &[u8; LOCAL_FIXED]) -> bool {
    let [name, _] = Header::local_lengths(fixed);
    let method = number::<2>(fixed, 8);
    fixed[4] <= HIGHEST_VERSION
        && matches!(method, 0..=20 | 93..=99)
        && (1..=LONGEST_NAME).contains(&name)
}

/// How inflating ended.
enum Inflated {
    Whole,
    Cut,
    Bad,
}

/// Inflates without keeping anything, to find where it ends.
struct Inflater<'a> {
    bytes: &'a Bytes,
    data: u64,
    input: u64,
    output: u64,
}

impl<'a> Inflater<'a> {
    fn new(bytes: &'a Bytes, data: u64) -> Inflater<'a> {
        Inflater { bytes, data, input: 0, output: 0 }
    }

    /// `input` and `output` then tell how far it went.
    fn run(&mut self) -> io::Result<Inflated> {
        let mut decoder = Decompress::new(false);
        let mut buffer = vec![0; BUFFER];
        let mut plain = vec![0; BUFFER];
        loop {
            let filled = self.bytes.read_full_at(&mut buffer, self.data + self.input)?;
            let status = decoder.decompress(&buffer[..filled], &mut plain, FlushDecompress::None);
            let is_stuck = decoder.total_in() == self.input && decoder.total_out() == self.output;
            (self.input, self.output) = (decoder.total_in(), decoder.total_out());
            match status {
                Ok(Status::StreamEnd) => return Ok(Inflated::Whole),
                Ok(_) if !is_stuck => {}
                Ok(_) if filled == 0 => return Ok(Inflated::Cut),
                _ => return Ok(Inflated::Bad),
            }
        }
    }
}
