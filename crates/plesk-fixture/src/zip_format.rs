//! Zip as Plesk for Windows packs it, and as people pack a tree again.
//!
//! The `zip` crate's writer wants to go back in what it has written, or writes every file as a
//! stream; and it writes no `\` between the parts of a name.

use std::io::{self, Write};

use flate2::write::DeflateEncoder;

use crate::tar_format::{Kind, Member};

/// A file that is no larger is put together in memory, so that its sizes can stand before it.
const IN_MEMORY: u64 = 64 * 1024;
/// From here on sizes and offsets stand in a field of 64 bits.
const WIDE: u64 = 0xffff_0000;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
const SIZES_FOLLOW: u16 = 1 << 3;
const UTF8: u16 = 1 << 11;
/// Seconds from 1601, where Windows begins to count, to 1970.
const WINDOWS_EPOCH: i64 = 11_644_473_600;

/// How the files of a zip are written.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    /// As a program for Windows writes: `\` between the parts of a name, and no modes.
    pub(crate) windows: bool,
    /// Level of deflate; none stores files as they are.
    pub(crate) level: Option<u32>,
}

/// What the headers of a file say of it.
struct Header {
    name: Vec<u8>,
    flags: u16,
    method: u16,
    mtime: i64,
    crc32: u32,
    stored: u64,
    size: u64,
    system: u8,
    attributes: u32,
    /// Where the header lies that stands before it.
    offset: u64,
    /// Whether that header has room for sizes of 64 bits.
    wide: bool,
}

impl Header {
    fn new(style: Style, path: &[u8], mtime: i64, kind: Kind<'_>, mode: u32) -> Header {
        const DOS_DIRECTORY: u32 = 0x10;
        const DOS_ARCHIVE: u32 = 0x20;
        let mut name = path.to_vec();
        let is_directory = matches!(kind, Kind::Directory);
        if is_directory && !name.ends_with(b"/") {
            name.push(b'/');
        }
        if style.windows {
            name.iter_mut().filter(|byte| **byte == b'/').for_each(|byte| *byte = b'\\');
        }
        let unix = match kind {
            Kind::Directory => 0o040_000,
            Kind::SymbolicLink(_) => 0o120_000,
            _ => 0o100_000,
        };
        let dos = if is_directory { DOS_DIRECTORY } else { DOS_ARCHIVE };
        let is_unicode = !name.is_ascii() && std::str::from_utf8(&name).is_ok();
        Header {
            name,
            flags: if is_unicode { UTF8 } else { 0 },
            method: STORED,
            mtime,
            crc32: 0,
            stored: 0,
            size: 0,
            system: if style.windows { 0 } else { 3 },
            attributes: if style.windows { dos } else { (unix | mode) << 16 | dos },
            offset: 0,
            wide: false,
        }
    }

    /// The header before the file.
    fn before(&self) -> Vec<u8> {
        let follows = self.flags & SIZES_FOLLOW != 0;
        let [crc32, stored, size] =
            if follows { [0; 3] } else { [u64::from(self.crc32), self.stored, self.size] };
        let mut extra = Vec::new();
        if self.wide {
            field(&mut extra, 1, &[size.to_le_bytes(), stored.to_le_bytes()].concat());
        }
        self.time_field(&mut extra);
        let mut bytes = b"PK\x03\x04".to_vec();
        let narrow = |value: u64| if self.wide { u32::MAX } else { low(value) };
        self.common(&mut bytes, low(crc32), narrow(stored), narrow(size));
        push16(&mut bytes, self.name.len());
        push16(&mut bytes, extra.len());
        bytes.extend(&self.name);
        bytes.extend(extra);
        bytes
    }

    /// Checksum and sizes behind a file that was written as a stream.
    fn behind(&self) -> Vec<u8> {
        let mut bytes = b"PK\x07\x08".to_vec();
        bytes.extend(self.crc32.to_le_bytes());
        if self.wide {
            bytes.extend(self.stored.to_le_bytes());
            bytes.extend(self.size.to_le_bytes());
        } else {
            bytes.extend(low(self.stored).to_le_bytes());
            bytes.extend(low(self.size).to_le_bytes());
        }
        bytes
    }

    /// The header in the list of files.
    fn in_list(&self) -> Vec<u8> {
        let mut wide = Vec::new();
        let mut narrow = |value: u64| {
            if value < WIDE {
                return low(value);
            }
            wide.extend(value.to_le_bytes());
            u32::MAX
        };
        // In this order they stand in the field.
        let [size, stored, offset] = [self.size, self.stored, self.offset].map(&mut narrow);
        let mut extra = Vec::new();
        if !wide.is_empty() {
            field(&mut extra, 1, &wide);
        }
        self.time_field(&mut extra);
        let mut bytes = b"PK\x01\x02".to_vec();
        bytes.extend([45, self.system]);
        self.common(&mut bytes, self.crc32, stored, size);
        push16(&mut bytes, self.name.len());
        push16(&mut bytes, extra.len());
        // No comment, the first disk, no attributes inside.
        bytes.extend([0; 6]);
        bytes.extend(self.attributes.to_le_bytes());
        bytes.extend(offset.to_le_bytes());
        bytes.extend(&self.name);
        bytes.extend(extra);
        bytes
    }

    fn common(&self, bytes: &mut Vec<u8>, crc32: u32, stored: u32, size: u32) {
        let (date, time) = dos_time(self.mtime);
        for value in [45, self.flags, self.method, time, date] {
            bytes.extend(value.to_le_bytes());
        }
        for value in [crc32, stored, size] {
            bytes.extend(value.to_le_bytes());
        }
    }

    /// Times of a Windows file system: the header's own have two seconds and no zone.
    fn time_field(&self, extra: &mut Vec<u8>) {
        let ticks = u64::try_from(self.mtime + WINDOWS_EPOCH).unwrap_or(0) * 10_000_000;
        let times = [ticks.to_le_bytes(); 3].concat();
        field(extra, 0x000a, &[&[0, 0, 0, 0, 1, 0, 24, 0][..], &times].concat());
    }
}

fn field(extra: &mut Vec<u8>, id: u16, data: &[u8]) {
    extra.extend(id.to_le_bytes());
    push16(extra, data.len());
    extra.extend(data);
}

fn push16(bytes: &mut Vec<u8>, length: usize) {
    // Names and fields that are longer are cut by nobody: the zip would be wrong, and be seen to be.
    bytes.extend(u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes());
}

fn low(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Date and time of the header, in UTC; the first that there is for earlier ones.
fn dos_time(mtime: i64) -> (u16, u16) {
    const FIRST: i64 = 315_532_800;
    let seconds = mtime.max(FIRST);
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Years from March on, as Howard Hinnant counts them.
    let shifted = days + 719_468;
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + 400 * shifted.div_euclid(146_097) + i64::from(month <= 2);
    let date = (year - 1980) * 512 + month * 32 + day;
    let time = of_day / 3600 * 2048 + of_day / 60 % 60 * 32 + of_day % 60 / 2;
    (u16::try_from(date).unwrap_or(u16::MAX), u16::try_from(time).unwrap_or(u16::MAX))
}

/// Counts and sums what goes by.
struct Counted<W> {
    out: W,
    count: u64,
    sum: flate2::Crc,
}

impl<W> Counted<W> {
    fn new(out: W) -> Counted<W> {
        Counted { out, count: 0, sum: flate2::Crc::new() }
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.out.write(bytes)?;
        self.count += length as u64;
        self.sum.update(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes what `content` gives, packed; gives checksum, stored bytes and bytes.
fn pack(
    out: &mut dyn Write,
    level: Option<u32>,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<(u32, u64, u64)> {
    let stored = Counted::new(out);
    let Some(level) = level else {
        let mut plain = stored;
        content(&mut plain)?;
        return Ok((plain.sum.sum(), plain.count, plain.count));
    };
    let mut plain = Counted::new(DeflateEncoder::new(stored, flate2::Compression::new(level)));
    content(&mut plain)?;
    let (crc32, size) = (plain.sum.sum(), plain.count);
    Ok((crc32, plain.out.finish()?.count, size))
}

/// Writes files one after another, and never goes back.
pub(crate) struct ZipWriter<W> {
    out: W,
    written: u64,
    list: Vec<u8>,
    files: u64,
    style: Style,
}

impl<W: Write> ZipWriter<W> {
    pub(crate) fn new(out: W, style: Style) -> ZipWriter<W> {
        ZipWriter { out, written: 0, list: Vec::new(), files: 0, style }
    }

    /// A member without content. Zip knows no hard links.
    pub(crate) fn bare(&mut self, member: &Member<'_>) -> io::Result<()> {
        match member.kind {
            Kind::Directory | Kind::File { .. } => self.file(member, 0, |_| Ok(())),
            Kind::SymbolicLink(target) => {
                self.file(member, target.len() as u64, |out| out.write_all(target))
            }
            Kind::HardLink(_) | Kind::Other(_) => Err(io::Error::other(format!(
                "{}: zip knows no members of its kind",
                String::from_utf8_lossy(member.path)
            ))),
        }
    }

    /// A file whose content is written by `content`, which must write exactly `size` bytes.
    pub(crate) fn file(
        &mut self,
        member: &Member<'_>,
        size: u64,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let mode = match member.kind {
            Kind::Directory => member.owner.directory_mode,
            Kind::SymbolicLink(_) => 0o777,
            _ => member.owner.file_mode,
        };
        let mut header = Header::new(self.style, member.path, member.mtime, member.kind, mode);
        header.offset = self.written;
        let level = self.style.level.filter(|_| size > 0);
        header.method = if level.is_some() { DEFLATED } else { STORED };
        let written = if size <= IN_MEMORY {
            let mut stored = Vec::new();
            (header.crc32, header.stored, header.size) = pack(&mut stored, level, content)?;
            self.write(&header.before())?;
            self.write(&stored)?;
            header.size
        } else {
            header.flags |= SIZES_FOLLOW;
            header.wide = size >= WIDE;
            self.write(&header.before())?;
            (header.crc32, header.stored, header.size) = pack(&mut self.out, level, content)?;
            self.written += header.stored;
            self.write(&header.behind())?;
            header.size
        };
        if written != size {
            let name = String::from_utf8_lossy(member.path);
            return Err(io::Error::other(format!(
                "{name}: {written} bytes were written where {size} were announced"
            )));
        }
        self.list.extend(header.in_list());
        self.files += 1;
        Ok(())
    }

    /// The list of files, and the end.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        let end = end(self.written, &self.list, self.files);
        let list = std::mem::take(&mut self.list);
        self.write(&list)?;
        self.write(&end)?;
        Ok(self.out)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }
}

/// What stands behind the list, which begins at `start`.
fn end(start: u64, list: &[u8], files: u64) -> Vec<u8> {
    let size = list.len() as u64;
    let mut bytes = Vec::new();
    if files >= 0xffff || size >= WIDE || start >= WIDE {
        bytes.extend(b"PK\x06\x06");
        bytes.extend(44_u64.to_le_bytes());
        bytes.extend([45, 0, 45, 0]);
        bytes.extend([0; 8]);
        for value in [files, files, size, start] {
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend(b"PK\x06\x07\0\0\0\0");
        bytes.extend((start + size).to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
    }
    let count = u16::try_from(files).unwrap_or(u16::MAX).to_le_bytes();
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([count, count].concat());
    bytes.extend(low(size).to_le_bytes());
    bytes.extend(low(start).to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

/// A file of an outer zip whose size is known only when it has been written.
pub(crate) struct Pending(Header);

/// Files of an outer zip: the header before a file is written again when the file is there.
pub(crate) struct OuterList {
    style: Style,
    list: Vec<u8>,
    files: u64,
}

impl OuterList {
    pub(crate) fn new(style: Style) -> OuterList {
        OuterList { style, list: Vec::new(), files: 0 }
    }

    /// The header of a file that begins at `offset`. Its length does not depend on the size.
    pub(crate) fn begin(&self, path: &[u8], mtime: i64, offset: u64) -> (Pending, Vec<u8>) {
        let mut header = Header::new(self.style, path, mtime, Kind::File { size: 0 }, 0o600);
        header.offset = offset;
        header.method = if self.style.level.is_some() { DEFLATED } else { STORED };
        // A content archive may have any size.
        header.wide = true;
        let bytes = header.before();
        (Pending(header), bytes)
    }

    /// Writes the file.
    pub(crate) fn write(
        &self,
        pending: &mut Pending,
        out: &mut dyn Write,
        content: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<u64> {
        let header = &mut pending.0;
        (header.crc32, header.stored, header.size) = pack(out, self.style.level, content)?;
        Ok(header.size)
    }

    /// The header as it is when the file is there.
    pub(crate) fn end(&mut self, pending: &Pending) -> Vec<u8> {
        self.list.extend(pending.0.in_list());
        self.files += 1;
        pending.0.before()
    }

    /// The list, which begins at `start`, and what stands behind it.
    pub(crate) fn finish(mut self, start: u64) -> Vec<u8> {
        let end = end(start, &self.list, self.files);
        self.list.extend(end);
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::dos_time;

    #[test]
    fn times_of_the_header() {
        // date -ud '2024-02-29 23:59:58' +%s
        let (date, time) = dos_time(1_709_251_198);
        assert_eq!((date >> 9, date >> 5 & 15, date & 31), (44, 2, 29));
        assert_eq!((time >> 11, time >> 5 & 63, time & 31), (23, 59, 29));
        assert_eq!(dos_time(0), (33, 0));
        assert_eq!(dos_time(1_704_067_199), dos_time(1_704_067_198));
    }
}
