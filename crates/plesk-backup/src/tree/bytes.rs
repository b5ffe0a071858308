//! One run of bytes that lies in one or more files.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

/// Files that are read as one, by position, so that readers do not disturb each other.
#[derive(Debug)]
pub(crate) struct Bytes {
    parts: Vec<Part>,
    length: u64,
}

#[derive(Debug)]
struct Part {
    file: Arc<File>,
    /// Where in the file it begins.
    from: u64,
    /// Where it begins among all bytes.
    start: u64,
    length: u64,
}

impl Bytes {
    /// A file on its own.
    pub(crate) fn one(file: File) -> io::Result<Bytes> {
        Bytes::concatenated([file])
    }

    /// Files one after another, such as the parts into which an export was split.
    pub(crate) fn concatenated(files: impl IntoIterator<Item = File>) -> io::Result<Bytes> {
        let mut bytes = Bytes { parts: Vec::new(), length: 0 };
        for file in files {
            let length = file.metadata()?.len();
            bytes.push(Arc::new(file), 0, length);
        }
        Ok(bytes)
    }

    /// Pieces of other bytes, each from an offset and so long, one after another: an archive in the
    /// place where it lies.
    pub(crate) fn pieces<'a>(pieces: impl IntoIterator<Item = (&'a Bytes, u64, u64)>) -> Bytes {
        let mut bytes = Bytes { parts: Vec::new(), length: 0 };
        for (whole, offset, length) in pieces {
            let end = offset.saturating_add(length);
            for (index, part) in whole.parts.iter().enumerate() {
                // What a part lacks up to the next one is lacking in the piece, too.
                let room = whole.parts.get(index + 1).map_or(whole.length, |next| next.start);
                let from = offset.clamp(part.start, room);
                let to = end.clamp(from, room);
                if from < to {
                    let inside = from - part.start;
                    let there = part.length.saturating_sub(inside).min(to - from);
                    bytes.push(Arc::clone(&part.file), part.from + inside, there);
                    bytes.length += to - from - there;
                }
            }
        }
        bytes
    }

    fn push(&mut self, file: Arc<File>, from: u64, length: u64) {
        self.parts.push(Part { file, from, start: self.length, length });
        self.length += length;
    }

    /// The same, where each file but the last fills as many bytes as the largest: what one of them
    /// lacks is read as NUL, so that everything behind it stands where it should.
    pub(crate) fn padded(files: impl IntoIterator<Item = File>) -> io::Result<Bytes> {
        let mut bytes = Bytes::concatenated(files)?;
        let Some((last, others)) = bytes.parts.split_last_mut() else { return Ok(bytes) };
        let size = others.iter().map(|part| part.length).max().unwrap_or_default();
        let mut start = 0_u64;
        for part in others {
            part.start = start;
            start = start.saturating_add(size);
        }
        last.start = start;
        bytes.length = start.saturating_add(last.length);
        Ok(bytes)
    }

    /// True when some bytes are missing and read as NUL.
    pub(crate) fn has_holes(&self) -> bool {
        let next = |index: usize| self.parts.get(index + 1).map_or(self.length, |part| part.start);
        self.parts.iter().enumerate().any(|(index, part)| part.start + part.length < next(index))
    }

    /// Length of each file.
    pub(crate) fn part_lengths(&self) -> Vec<u64> {
        self.parts.iter().map(|part| part.length).collect()
    }

    /// How many bytes there are.
    pub(crate) fn len(&self) -> u64 {
        self.length
    }

    /// Reads some bytes; 0 only at the end or for an empty buffer.
    pub(crate) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let next = self.parts.partition_point(|part| part.start <= offset);
        // Parts without bytes begin where the next one begins.
        let Some(part) = self.parts[..next].last() else { return Ok(0) };
        let inside = offset - part.start;
        let end = self.parts.get(next).map_or(self.length, |part| part.start);
        let to_usize = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        if inside >= part.length {
            let wanted = buffer.len().min(to_usize(end.saturating_sub(offset)));
            buffer[..wanted].fill(0);
            return Ok(wanted);
        }
        let wanted = buffer.len().min(to_usize(part.length - inside));
        read_file_at(&part.file, &mut buffer[..wanted], part.from + inside)
    }

    /// Fills the buffer as far as the bytes go.
    pub(crate) fn read_full_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read_at(&mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

/// Reads a piece of [`Bytes`] from its beginning to its end.
#[derive(Debug)]
pub(crate) struct Slice {
    bytes: Arc<Bytes>,
    position: u64,
    end: u64,
}

impl Slice {
    pub(crate) fn new(bytes: Arc<Bytes>, offset: u64, length: u64) -> Slice {
        Slice { bytes, position: offset, end: offset.saturating_add(length) }
    }
}

impl Read for Slice {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.end.saturating_sub(self.position);
        let wanted = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let got = self.bytes.read_at(&mut buffer[..wanted], self.position)?;
        self.position += got as u64;
        Ok(got)
    }
}

#[cfg(unix)]
fn read_file_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_file_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(content: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        file
    }

    #[test]
    fn parts_read_as_one() {
        let files = [&b"ab"[..], b"", b"cdef", b"", b"g"].map(file);
        let bytes = Arc::new(Bytes::concatenated(files).unwrap());
        assert_eq!(bytes.len(), 7);
        for start in 0..=8_u64 {
            for length in 0..=8 {
                let mut buffer = vec![0; length];
                let filled = bytes.read_full_at(&mut buffer, start).unwrap();
                let from = usize::try_from(start).unwrap().min(7);
                assert_eq!(buffer[..filled], b"abcdefg"[from..(from + length).min(7)]);
            }
        }
        assert_eq!(bytes.part_lengths(), [2, 0, 4, 0, 1]);
        let mut text = String::new();
        Slice::new(bytes, 1, 4).read_to_string(&mut text).unwrap();
        assert_eq!(text, "bcde");
    }

    #[test]
    fn pieces_are_read_where_they_lie() {
        let whole = Bytes::concatenated([&b"ab"[..], b"", b"cdef"].map(file)).unwrap();
        let other = Bytes::one(file(b"xyz")).unwrap();
        let read = |pieces: &[(&Bytes, u64, u64)]| {
            let bytes = Bytes::pieces(pieces.iter().copied());
            let mut buffer = vec![0; 32];
            let filled = bytes.read_full_at(&mut buffer, 0).unwrap();
            assert_eq!(filled as u64, bytes.len());
            buffer.truncate(filled);
            String::from_utf8(buffer).unwrap()
        };
        for start in 0..=7_u64 {
            for length in 0..=7_u64 {
                let (from, to) = (start.min(6), (start + length).min(6));
                let expected =
                    &"abcdef"[usize::try_from(from).unwrap()..usize::try_from(to).unwrap()];
                assert_eq!(read(&[(&whole, start, length)]), expected);
            }
        }
        assert_eq!(read(&[(&whole, 1, 3), (&other, 1, u64::MAX), (&whole, 5, 1)]), "bcdyzf");
        // A piece of a piece.
        let piece = Bytes::pieces([(&whole, 1, 4)]);
        assert_eq!(read(&[(&piece, 1, 2)]), "cd");
        // A piece of parts of which one lacks bytes.
        let padded = Bytes::padded([&b"abc"[..], b"d", b"ef"].map(file)).unwrap();
        assert_eq!(read(&[(&padded, 1, 7), (&other, 0, 1)]), "bcd\0\0efx");
        assert_eq!(read(&[(&padded, 4, 1), (&other, 0, 1)]), "\0x");
    }

    #[test]
    fn what_a_part_lacks_is_read_as_nul() {
        let padded = |parts: &[&[u8]]| {
            let bytes = Bytes::padded(parts.iter().map(|part| file(part))).unwrap();
            let mut all = vec![1; 20];
            let filled = bytes.read_full_at(&mut all, 0).unwrap();
            assert_eq!(bytes.has_holes(), parts.len() > 1);
            assert_eq!(filled as u64, bytes.len());
            all[..filled].to_vec()
        };
        assert_eq!(padded(&[b"abc", b"d", b"", b"efgh"]), b"abcd\0\0\0\0\0efgh");
        assert_eq!(padded(&[b"abc"]), b"abc");
        assert_eq!(padded(&[]), b"");
    }
}
