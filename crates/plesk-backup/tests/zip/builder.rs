//! Writes zips byte by byte, also such as no program would write.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// Where sizes and checksum stand when they stand behind a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Descriptor {
    Signed,
    Bare,
    Signed64,
}

/// 2024-01-15 10:30:20
pub(crate) const DATE: u16 = (44 << 9) + (1 << 5) + 15;
pub(crate) const TIME: u16 = (10 << 11) + (30 << 5) + 10;

#[derive(Clone)]
pub(crate) struct File {
    pub(crate) name: Vec<u8>,
    pub(crate) content: Vec<u8>,
    pub(crate) deflated: bool,
    pub(crate) descriptor: Option<Descriptor>,
    pub(crate) flags: u16,
    pub(crate) host: u8,
    pub(crate) attributes: u32,
    pub(crate) date: u16,
    pub(crate) time: u16,
    /// Of the file's own header and of that in the list.
    pub(crate) extra: [Vec<u8>; 2],
    pub(crate) local_name: Option<Vec<u8>>,
    /// Sizes and the offset stand in an extra field.
    pub(crate) zip64: bool,
}

impl File {
    pub(crate) fn new(name: &str, content: &[u8]) -> File {
        File {
            name: name.as_bytes().to_vec(),
            content: content.to_vec(),
            deflated: false,
            descriptor: None,
            flags: 0,
            host: 0,
            attributes: 0,
            date: DATE,
            time: TIME,
            extra: [Vec::new(), Vec::new()],
            local_name: None,
            zip64: false,
        }
    }

    pub(crate) fn deflated(name: &str, content: &[u8]) -> File {
        File { deflated: true, ..File::new(name, content) }
    }
}

/// A zip with the places of its parts, so that tests can change it.
#[derive(Default)]
pub(crate) struct Zip {
    pub(crate) bytes: Vec<u8>,
    /// Headers before the files.
    pub(crate) headers: Vec<usize>,
    /// Bytes of the files as they are stored.
    pub(crate) data: Vec<std::ops::Range<usize>>,
    /// Headers in the list.
    pub(crate) list: Vec<usize>,
    /// The end record.
    pub(crate) end: usize,
}

impl Zip {
    pub(crate) fn put16(&mut self, at: usize, value: u16) {
        self.bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn put32(&mut self, at: usize, value: u32) {
        self.bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
}

pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// A field with its number and length.
pub(crate) fn extra(id: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    [&id.to_le_bytes()[..], &length.to_le_bytes(), data].concat()
}

fn short(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap().to_le_bytes()
}

/// Metadata first, then these files, then the list.
pub(crate) fn backup(files: Vec<File>) -> Zip {
    let metadata = File::new(super::METADATA.0, super::METADATA.1);
    zip(std::iter::once(metadata).chain(files))
}

pub(crate) fn zip(files: impl IntoIterator<Item = File>) -> Zip {
    let mut zip = Zip::default();
    let mut list = Vec::new();
    let mut lengths = Vec::new();
    for file in files {
        let header = zip.bytes.len();
        zip.headers.push(header);
        let stored = if file.deflated { deflate(&file.content) } else { file.content.clone() };
        let crc = crc32(&file.content);
        let (size, length) = (file.content.len() as u64, stored.len() as u64);
        let narrow = |value: u64| {
            if file.zip64 { u32::MAX } else { u32::try_from(value).unwrap() }.to_le_bytes()
        };
        let flags = file.flags | if file.descriptor.is_some() { 8 } else { 0 };
        let method = if file.deflated { 8_u16 } else { 0 };
        let common = |crc: u32, stored: [u8; 4], size: [u8; 4]| {
            let mut bytes = Vec::new();
            bytes.extend(20_u16.to_le_bytes());
            bytes.extend(flags.to_le_bytes());
            bytes.extend(method.to_le_bytes());
            bytes.extend(file.time.to_le_bytes());
            bytes.extend(file.date.to_le_bytes());
            bytes.extend(crc.to_le_bytes());
            bytes.extend(stored);
            bytes.extend(size);
            bytes
        };
        let mut own_extra = file.extra[0].clone();
        let mut list_extra = file.extra[1].clone();
        if file.zip64 {
            let sizes = [size.to_le_bytes(), length.to_le_bytes()].concat();
            own_extra.extend(extra(1, &sizes));
            list_extra.extend(extra(1, &[&sizes[..], &(header as u64).to_le_bytes()].concat()));
        }
        let own_name = file.local_name.as_ref().unwrap_or(&file.name);
        zip.bytes.extend(b"PK\x03\x04");
        zip.bytes.extend(match file.descriptor {
            Some(_) => common(0, [0; 4], [0; 4]),
            None => common(crc, narrow(length), narrow(size)),
        });
        zip.bytes.extend(short(own_name.len()));
        zip.bytes.extend(short(own_extra.len()));
        zip.bytes.extend(own_name);
        zip.bytes.extend(&own_extra);
        zip.data.push(zip.bytes.len()..zip.bytes.len() + stored.len());
        zip.bytes.extend(&stored);
        match file.descriptor {
            None => {}
            Some(Descriptor::Signed64) => {
                zip.bytes.extend(b"PK\x07\x08");
                zip.bytes.extend(crc.to_le_bytes());
                zip.bytes.extend(length.to_le_bytes());
                zip.bytes.extend(size.to_le_bytes());
            }
            Some(kind) => {
                if kind == Descriptor::Signed {
                    zip.bytes.extend(b"PK\x07\x08");
                }
                zip.bytes.extend(crc.to_le_bytes());
                zip.bytes.extend(u32::try_from(length).unwrap().to_le_bytes());
                zip.bytes.extend(u32::try_from(size).unwrap().to_le_bytes());
            }
        }
        let mut entry = b"PK\x01\x02".to_vec();
        entry.extend([20, file.host]);
        entry.extend(common(crc, narrow(length), narrow(size)));
        entry.extend(short(file.name.len()));
        entry.extend(short(list_extra.len()));
        entry.extend([0; 6]);
        entry.extend(file.attributes.to_le_bytes());
        entry.extend(narrow(header as u64));
        entry.extend(&file.name);
        entry.extend(&list_extra);
        lengths.push(entry.len());
        list.extend(entry);
    }
    let start = zip.bytes.len();
    zip.bytes.extend(&list);
    zip.end = zip.bytes.len();
    let mut at = start;
    for length in &lengths {
        zip.list.push(at);
        at += length;
    }
    zip.bytes.extend(b"PK\x05\x06\0\0\0\0");
    zip.bytes.extend(short(lengths.len() % 65_536));
    zip.bytes.extend(short(lengths.len() % 65_536));
    zip.bytes.extend(u32::try_from(list.len()).unwrap().to_le_bytes());
    zip.bytes.extend(u32::try_from(start).unwrap().to_le_bytes());
    zip.bytes.extend([0; 2]);
    zip
}

/// A comment behind the end record.
pub(crate) fn with_comment(mut zip: Zip, comment: &[u8]) -> Zip {
    let at = zip.end + 20;
    zip.put16(at, u16::try_from(comment.len()).unwrap());
    zip.bytes.extend(comment);
    zip
}

/// The end record says nothing but that one of 64 bits stands before it.
pub(crate) fn with_end_64(mut zip: Zip) -> Zip {
    let end = zip.bytes.split_off(zip.end);
    let number = |at: usize, length: usize| {
        end[at..at + length].iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))
    };
    let (files, size, offset) = (number(10, 2), number(12, 4), number(16, 4));
    let record = zip.bytes.len() as u64;
    zip.bytes.extend(b"PK\x06\x06");
    zip.bytes.extend(44_u64.to_le_bytes());
    zip.bytes.extend([45, 0, 45, 0]);
    zip.bytes.extend([0; 8]);
    for value in [files, files, size, offset] {
        zip.bytes.extend(value.to_le_bytes());
    }
    zip.bytes.extend(b"PK\x06\x07\0\0\0\0");
    zip.bytes.extend(record.to_le_bytes());
    zip.bytes.extend(1_u32.to_le_bytes());
    zip.end = zip.bytes.len();
    zip.bytes.extend(b"PK\x05\x06\0\0\0\0");
    zip.bytes.extend([0xff; 12]);
    zip.bytes.extend([0; 2]);
    zip
}
