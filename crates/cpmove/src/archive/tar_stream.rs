//! Members as GNU tar writes them.
//!
//! Headers are put together here instead of by [`tar::Builder`]: it takes paths apart as the
//! system's, and its long names carry what the version of the library finds right. Here every
//! byte is said.

use std::io::{self, Write};

use tar::{EntryType, Header};

/// Tar counts in blocks of so many bytes.
const BLOCK: u64 = 512;

/// GNU tar's name for a member that only carries the name of the next one.
const LONG_NAME: &[u8] = b"././@LongLink";

pub(super) struct TarStream<W: Write> {
    inner: W,
    /// What is missing to the end of the block, when the content has been written.
    padding: u64,
}

impl<W: Write> TarStream<W> {
    pub(super) fn new(inner: W) -> TarStream<W> {
        TarStream { inner, padding: 0 }
    }

    /// `path` ends with a slash.
    pub(super) fn directory(&mut self, path: &[u8], mode: u32, mtime: i64) -> io::Result<()> {
        self.header(EntryType::Directory, path, None, mode, 0, mtime)
    }

    /// Exactly `size` bytes of [`content`](Self::content) must follow, then
    /// [`end_of_content`](Self::end_of_content).
    pub(super) fn file(&mut self, path: &[u8], mode: u32, size: u64, mtime: i64) -> io::Result<()> {
        self.padding = (BLOCK - size % BLOCK) % BLOCK;
        self.header(EntryType::Regular, path, None, mode, size, mtime)
    }

    pub(super) fn hard_link(
        &mut self,
        path: &[u8],
        target: &[u8],
        mode: u32,
        mtime: i64,
    ) -> io::Result<()> {
        self.header(EntryType::Link, path, Some(target), mode, 0, mtime)
    }

    pub(super) fn content(&mut self, data: &[u8]) -> io::Result<()> {
        self.inner.write_all(data)
    }

    pub(super) fn end_of_content(&mut self) -> io::Result<()> {
        let padding = std::mem::take(&mut self.padding);
        self.zeros(padding)
    }

    /// Writes the two empty blocks that end an archive.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.zeros(2 * BLOCK)?;
        Ok(self.inner)
    }

    fn zeros(&mut self, count: u64) -> io::Result<()> {
        io::copy(&mut io::Read::take(io::repeat(0), count), &mut self.inner).map(|_| ())
    }

    fn header(
        &mut self,
        kind: EntryType,
        path: &[u8],
        target: Option<&[u8]>,
        mode: u32,
        size: u64,
        mtime: i64,
    ) -> io::Result<()> {
        if let Some(target) = target.filter(|target| target.len() > 100) {
            self.long_name(EntryType::GNULongLink, target)?;
        }
        if path.len() > 100 {
            self.long_name(EntryType::GNULongName, path)?;
        }
        let mut header = empty_header(kind, size);
        put(&mut header.as_old_mut().name, path);
        if let Some(target) = target {
            put(&mut header.as_old_mut().linkname, target);
        }
        header.set_mode(mode & 0o7777);
        set_mtime(&mut header, mtime);
        self.sealed(header)
    }

    fn long_name(&mut self, kind: EntryType, name: &[u8]) -> io::Result<()> {
        // The name is followed by a NUL, which counts.
        let size = name.len() as u64 + 1;
        let mut header = empty_header(kind, size);
        put(&mut header.as_old_mut().name, LONG_NAME);
        header.set_mode(0o644);
        header.set_mtime(0);
        self.sealed(header)?;
        self.inner.write_all(name)?;
        self.zeros(1 + (BLOCK - size % BLOCK) % BLOCK)
    }

    fn sealed(&mut self, mut header: Header) -> io::Result<()> {
        header.set_cksum();
        self.inner.write_all(header.as_bytes())
    }
}

/// A header of GNU's kind, owned by 0:0 without names: a restore gives files to the account.
fn empty_header(kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// As much of a name as its field holds.
fn put(field: &mut [u8; 100], name: &[u8]) {
    let length = name.len().min(field.len());
    field[..length].copy_from_slice(&name[..length]);
}

/// Times before 1970 are written as GNU tar does: in binary, with all higher bits set.
fn set_mtime(header: &mut Header, mtime: i64) {
    if let Ok(seconds) = u64::try_from(mtime) {
        header.set_mtime(seconds);
    } else {
        let field = &mut header.as_old_mut().mtime;
        field.fill(0xff);
        field[4..].copy_from_slice(&mtime.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands in the header of a file without a long name.
    fn header(size: u64, mtime: i64) -> Vec<u8> {
        let mut stream = TarStream::new(Vec::new());
        stream.file(b"top/file", 0o640, size, mtime).unwrap();
        stream.inner
    }

    #[test]
    fn numbers_in_headers() {
        let small = header(7, 1_700_000_000);
        assert_eq!(&small[..9], b"top/file\0");
        assert_eq!(&small[100..108], b"0000640\0");
        assert_eq!(&small[108..116], b"0000000\0");
        assert_eq!(&small[124..136], b"00000000007\0");
        assert_eq!(&small[136..148], b"14524770400\0");
        assert_eq!(small[156], b'0');
        assert_eq!(&small[257..265], b"ustar  \0");
        assert_eq!(small.len(), 512);

        // 8 GiB and more do not fit into eleven octal digits: GNU tar's binary form.
        assert_eq!(&header(8_589_934_591, 0)[124..136], b"77777777777\0");
        let nine_gigabytes = [0x80, 0, 0, 0, 0, 0, 0, 2, 0x40, 0, 0, 0];
        assert_eq!(header(9 << 30, 0)[124..136], nine_gigabytes);
        assert_eq!(header(0, -2)[136..148], [[0xff; 11].as_slice(), &[0xfe]].concat());
    }

    #[test]
    fn long_names_come_before_their_members() {
        let mut stream = TarStream::new(Vec::new());
        let name = [b'n'; 101];
        stream.hard_link(&name, &[b't'; 600], 0o600, 0).unwrap();
        let bytes = stream.inner;
        let blocks: Vec<&[u8]> = bytes.chunks(512).collect();
        // The target's name with its NUL takes two blocks, the member's one.
        assert_eq!(blocks.len(), 1 + 2 + 1 + 1 + 1);
        assert_eq!((&blocks[0][..14], blocks[0][156]), (&b"././@LongLink\0"[..], b'K'));
        assert_eq!(&blocks[0][124..136], b"00000001131\0");
        assert_eq!(blocks[2][600 - 512 - 1..][..2], *b"t\0");
        assert_eq!((&blocks[3][..14], blocks[3][156]), (&b"././@LongLink\0"[..], b'L'));
        assert_eq!(&blocks[3][124..136], b"00000000146\0");
        assert_eq!((&blocks[5][..100], blocks[5][156]), (&name[..100], b'1'));
    }
}
