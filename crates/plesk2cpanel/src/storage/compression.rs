//! Messages that the old server stored compressed.
//!
//! With its zlib plugin Dovecot writes messages as gzip, bzip2, LZ4 (in a frame of its own) or zstd,
//! and older versions as xz; it reads all of them, told by their first bytes. A file's name holds
//! the size of the message as it was before. The new server may have no such plugin, so what is
//! written is the message itself.

use std::io::{self, BufReader, Read};

/// Bytes that tell every form.
pub(crate) const HEAD: usize = 15;

/// What Dovecot puts before its LZ4 frames.
const LZ4_MAGIC: &[u8; HEAD] = b"Dovecot-LZ4\r*\x9b\xc5";
/// Dovecot cuts a message into pieces of 64 KiB; nothing it wrote has larger ones.
const LZ4_LARGEST: usize = 1 << 20;

/// Memory that a message may make its decoder take: what the highest usual levels need.
const WINDOW: u32 = 16 << 20;

/// The same for xz, whose levels 7 to 9 take windows of 16 to 64 MiB, and the decoder some more.
const XZ_WINDOW: u32 = 80 << 20;

/// How a message was compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Compression {
    Gzip,
    Bzip2,
    Xz,
    Lz4,
    Zstd,
}

impl Compression {
    /// By the first bytes of a file. No message begins like this: a header is text.
    pub(crate) fn detect(head: &[u8]) -> Option<Compression> {
        Some(match head {
            [0x1f, 0x8b, 8, ..] => Compression::Gzip,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Compression::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Compression::Xz,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
            _ if head.starts_with(LZ4_MAGIC) => Compression::Lz4,
            _ => return None,
        })
    }

    /// Its name, for the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Compression::Gzip => "gzip",
            Compression::Bzip2 => "bzip2",
            Compression::Xz => "xz",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        }
    }

    /// The message behind the stored bytes.
    pub(crate) fn decoder<'a>(self, stored: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
        Ok(match self {
            Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(stored)),
            Compression::Bzip2 => Box::new(bzip2::read::MultiBzDecoder::new(stored)),
            Compression::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(
                BufReader::new(stored),
                true,
                XZ_WINDOW / 1024,
            )),
            Compression::Zstd => {
                let mut decoder = zstd::Decoder::new(stored)?;
                decoder.window_log_max(WINDOW.ilog2())?;
                Box::new(decoder)
            }
            Compression::Lz4 => Box::new(Lz4::new(stored)?),
        })
    }
}

/// Dovecot's LZ4 form: the magic, the largest piece as four bytes, then for each piece four bytes of
/// its length and the piece as a bare LZ4 block.
struct Lz4<R> {
    stored: R,
    largest: usize,
    piece: Vec<u8>,
    position: usize,
}

impl<R: Read> Lz4<R> {
    fn new(mut stored: R) -> io::Result<Lz4<R>> {
        let mut head = [0; HEAD + 4];
        stored.read_exact(&mut head)?;
        let (magic, largest) = head.split_at(HEAD);
        let largest = largest.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        if magic != LZ4_MAGIC || largest > LZ4_LARGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "no LZ4 frame of Dovecot's"));
        }
        Ok(Lz4 { stored, largest, piece: Vec::new(), position: 0 })
    }

    /// Reads the next piece; false at the end.
    fn next(&mut self) -> io::Result<bool> {
        let mut length = [0; 4];
        let mut filled = 0;
        while filled < length.len() {
            match self.stored.read(&mut length[filled..])? {
                0 if filled == 0 => return Ok(false),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => filled += read,
            }
        }
        let length = u32::from_be_bytes(length);
        // What does not shrink grows by less than a hundredth; a length beyond that is a lie that
        // would be paid with memory.
        if length as usize > 2 * LZ4_LARGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "an LZ4 piece is too long"));
        }
        let mut block = Vec::new();
        let read = (&mut self.stored).take(u64::from(length)).read_to_end(&mut block)?;
        if read < length as usize {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.piece = lz4_flex::block::decompress(&block, self.largest)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        self.position = 0;
        Ok(true)
    }
}

impl<R: Read> Read for Lz4<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.position == self.piece.len() {
            if !self.next()? {
                return Ok(0);
            }
        }
        let read = (&self.piece[self.position..]).read(buffer)?;
        self.position += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::Path;

    use super::*;

    fn message() -> Vec<u8> {
        let mut text = b"From: a@example.net\nSubject: long\n\n".to_vec();
        for number in 0..20_000 {
            text.extend(format!("line {number}\n").into_bytes());
        }
        text
    }

    fn lz4(plain: &[u8]) -> Vec<u8> {
        let mut stored = LZ4_MAGIC.to_vec();
        stored.extend(65_536_u32.to_be_bytes());
        for piece in plain.chunks(65_536) {
            let block = lz4_flex::block::compress(piece);
            stored.extend(u32::try_from(block.len()).unwrap().to_be_bytes());
            stored.extend(block);
        }
        stored
    }

    fn forms() -> Vec<(Compression, Vec<u8>)> {
        let plain = message();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(&plain).unwrap();
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
        bzip2.write_all(&plain).unwrap();
        let options = lzma_rust2::XzOptions::default();
        let mut xz = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
        xz.write_all(&plain).unwrap();
        vec![
            (Compression::Gzip, gzip.finish().unwrap()),
            (Compression::Bzip2, bzip2.finish().unwrap()),
            (Compression::Xz, xz.finish().unwrap()),
            (Compression::Lz4, lz4(&plain)),
            (Compression::Zstd, zstd::encode_all(&plain[..], 3).unwrap()),
        ]
    }

    fn decode(compression: Compression, stored: &[u8]) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        compression.decoder(stored)?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn every_form_gives_the_message_back() {
        for (compression, stored) in forms() {
            assert_eq!(Compression::detect(&stored[..HEAD]), Some(compression));
            assert!(decode(compression, &stored).unwrap() == message(), "{compression:?}");
        }
    }

    #[test]
    fn every_level_of_xz_is_read() {
        let packed = |options: lzma_rust2::XzOptions| {
            let mut xz = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
            xz.write_all(b"Subject: packed\n\nx\n").unwrap();
            xz.finish().unwrap()
        };
        for preset in 0..=9 {
            let stored = packed(lzma_rust2::XzOptions::with_preset(preset));
            let plain = decode(Compression::Xz, &stored).unwrap();
            assert_eq!(plain, b"Subject: packed\n\nx\n", "{preset}");
        }
        let mut options = lzma_rust2::XzOptions::default();
        options.lzma_options.dict_size = 128 << 20;
        assert!(decode(Compression::Xz, &packed(options)).is_err());
    }

    #[test]
    fn what_is_cut_or_bad_is_an_error() {
        for (compression, stored) in forms() {
            assert!(decode(compression, &stored[..stored.len() - 3]).is_err(), "{compression:?}");
            assert!(decode(compression, &stored[..=HEAD]).is_err(), "{compression:?}");
        }
        let mut claims_too_much = LZ4_MAGIC.to_vec();
        claims_too_much.extend([0xff; 8]);
        assert!(decode(Compression::Lz4, &claims_too_much).is_err());
        let mut long_piece = lz4(b"")[..HEAD + 4].to_vec();
        long_piece.extend((4_u32 << 20).to_be_bytes());
        long_piece.resize(long_piece.len() + (4 << 20), 0);
        let error = decode(Compression::Lz4, &long_piece).unwrap_err();
        assert_eq!(error.to_string(), "an LZ4 piece is too long");
    }

    #[test]
    fn text_is_no_compression() {
        for text in ["From: a", "BZh is a word", "", "Dovecot-LZ4 is a format"] {
            assert_eq!(Compression::detect(text.as_bytes()), None);
        }
    }

    #[test]
    fn what_a_real_dovecot_wrote() {
        // No xz: Dovecot 2.3 reads it, and can't write it.
        for (method, expected) in [
            ("gz", Compression::Gzip),
            ("bz2", Compression::Bzip2),
            ("lz4", Compression::Lz4),
            ("zstd", Compression::Zstd),
        ] {
            let recorded = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../../fixtures/compressed")
                .join(method);
            let stored = std::fs::read(recorded.with_extension("stored")).unwrap();
            // As sent over IMAP; in a file lines end with LF.
            let served = std::fs::read(recorded.with_extension("eml")).unwrap();
            assert_eq!(Compression::detect(&stored[..HEAD]), Some(expected), "{method}");
            let mut plain = served;
            plain.retain(|byte| *byte != b'\r');
            assert!(decode(expected, &stored).unwrap() == plain, "{method}");
        }
    }
}
