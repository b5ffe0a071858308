//! What a file looks like that is no Plesk backup.

use std::fmt;

macro_rules! kinds {
    ($($name:ident = $text:literal $(, $offset:literal => $magic:literal)*;)*) => {
        /// What the first bytes of a file, or the names in it, say.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum LooksLike {
            $(
                #[doc = concat!("Looks like ", $text, ".")]
                $name,
            )*
        }

        impl fmt::Display for LooksLike {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(match self {
                    $(LooksLike::$name => $text,)*
                })
            }
        }

        /// Where in a file which bytes stand, and what they tell; the first that fits counts.
        const MAGICS: &[(usize, &[u8], LooksLike)] = &[$($(($offset, $magic, LooksLike::$name),)*)*];
    };
}

// Offsets and bytes as in the specifications of the formats, and in `file(1)`.
kinds! {
    Empty = "an empty file (0 bytes)";
    Zeros = "nothing but NUL bytes";
    Gzip = "gzip", 0 => b"\x1f\x8b";
    Zstd = "zstd", 0 => b"\x28\xb5\x2f\xfd";
    Zip = "a ZIP archive", 0 => b"PK\x03\x04", 0 => b"PK\x05\x06", 0 => b"PK\x07\x08";
    Office = "an Office document";
    OpenDocument = "an OpenDocument or EPUB document";
    Jar = "a Java archive";
    Bzip2 = "bzip2", 0 => b"BZh11AY&SY", 0 => b"BZh21AY&SY", 0 => b"BZh31AY&SY", 0 => b"BZh41AY&SY",
        0 => b"BZh51AY&SY", 0 => b"BZh61AY&SY", 0 => b"BZh71AY&SY", 0 => b"BZh81AY&SY",
        0 => b"BZh91AY&SY";
    Xz = "xz", 0 => b"\xfd7zXZ\0";
    Lz4 = "LZ4", 0 => b"\x04\x22\x4d\x18";
    Lzip = "lzip", 0 => b"LZIP";
    Compress = "a .Z file of compress", 0 => b"\x1f\x9d";
    Rar = "a RAR archive", 0 => b"Rar!\x1a\x07";
    SevenZip = "a 7-Zip archive", 0 => b"7z\xbc\xaf\x27\x1c";
    Cabinet = "a Windows cabinet", 0 => b"MSCF\0\0\0\0";
    Cpio = "a cpio archive", 0 => b"070701", 0 => b"070702", 0 => b"070707";
    Ar = "a Debian package or a static library", 0 => b"!<arch>\n", 0 => b"!<thin>\n";
    Rpm = "an RPM package", 0 => b"\xed\xab\xee\xdb";
    Tar = "a tar archive";
    Cpanel = "a cPanel account archive";
    DirectAdmin = "a DirectAdmin backup";
    Hestia = "a HestiaCP or VestaCP backup";
    Virtualmin = "a Virtualmin backup";
    Jpeg = "a JPEG image", 0 => b"\xff\xd8\xff";
    Png = "a PNG image", 0 => b"\x89PNG\r\n\x1a\n";
    Gif = "a GIF image", 0 => b"GIF87a", 0 => b"GIF89a";
    Image = "an image", 0 => b"II*\0", 0 => b"MM\0*", 8 => b"WEBPVP8", 0 => b"8BPS";
    Media = "sound or a video", 4 => b"ftyp", 0 => b"ID3", 0 => b"OggS", 0 => b"fLaC",
        0 => b"\x1a\x45\xdf\xa3", 8 => b"WAVEfmt ", 8 => b"AVI LIST";
    Font = "a font", 0 => b"\0\x01\0\0\0", 0 => b"OTTO\0", 0 => b"wOFF", 0 => b"wOF2", 0 => b"ttcf\0";
    Pdf = "a PDF document", 0 => b"%PDF-";
    PostScript = "PostScript", 0 => b"%!PS";
    OldOffice = "an old Office document or a Windows installer",
        0 => b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
    Elf = "an ELF program", 0 => b"\x7fELF";
    WindowsProgram = "a Windows program", 0 => b"MZ\x90\0";
    MacProgram = "a macOS program", 0 => b"\xcf\xfa\xed\xfe", 0 => b"\xce\xfa\xed\xfe";
    JavaClass = "a Java class", 0 => b"\xca\xfe\xba\xbe";
    Wasm = "WebAssembly", 0 => b"\0asm";
    Sqlite = "an SQLite database", 0 => b"SQLite format 3\0";
    DiskImage = "a disk image or a file system", 0 => b"QFI\xfb", 0 => b"KDMV", 0 => b"vhdxfile",
        0 => b"conectix", 64 => b"\x7f\x10\xda\xbe", 512 => b"EFI PART", 0 => b"hsqs", 0 => b"XFSB",
        3 => b"NTFS    ", 82 => b"FAT32   ", 54 => b"FAT16   ", 32769 => b"CD001", 510 => b"\x55\xaa",
        1080 => b"\x53\xef";
    Encrypted = "an encrypted file", 0 => b"Salted__", 0 => b"-----BEGIN PGP MESSAGE",
        0 => b"age-encryption.org/", 0 => b"\x85\x01\x0c\x03", 0 => b"\x85\x02\x0c\x03",
        0 => b"\x84\x5e\x03", 0 => b"\x8c\x0d\x04", 0 => b"LUKS\xba\xbe", 0 => b"AES\x02\0";
    Plesk8 = "a backup of Plesk 8 or older (one mail-like file)";
    PleskXml = "the metadata XML of a Plesk backup, without the backup";
    Xml = "XML";
    Html = "an HTML page";
    Sql = "an SQL dump", 0 => b"-- MySQL dump", 0 => b"-- MariaDB dump", 0 => b"/*M!999999",
        0 => b"--\n-- PostgreSQL database dump", 0 => b"-- phpMyAdmin SQL Dump", 0 => b"PGDMP";
    Pem = "a certificate or key", 0 => b"-----BEGIN ";
    Mbox = "an mbox";
    Mail = "a mail message";
    Script = "a script", 0 => b"#!/", 0 => b"#! /";
    Text = "text";
    Random = "bytes without any order: encrypted, or a piece of something compressed";
    Unknown = "nothing that is known here";
}

/// Bytes in which to look for what a file is: the mark of an ISO image stands at 32769.
pub(crate) const HEAD: usize = 34 * 1024;
/// Names in an archive that are looked at.
const NAMES: usize = 1000;

impl LooksLike {
    /// Tells from the first bytes of a file, as many of [`HEAD`] as there are.
    pub(crate) fn tell(head: &[u8]) -> LooksLike {
        if head.is_empty() {
            return LooksLike::Empty;
        }
        if head.iter().all(|byte| *byte == 0) {
            return LooksLike::Zeros;
        }
        let fits = |offset: usize, magic: &[u8]| {
            head.get(offset..).is_some_and(|rest| rest.starts_with(magic))
        };
        match MAGICS.iter().find(|(offset, magic, _)| fits(*offset, magic)) {
            // What is packed as a ZIP tells itself by its first member.
            Some((_, _, LooksLike::Zip)) => first_in_zip(head)
                .and_then(|name| LooksLike::of_names(std::iter::once(name)))
                .unwrap_or(LooksLike::Zip),
            Some((_, _, kind)) => *kind,
            // A frame that is to be skipped, which `pzstd` puts before each.
            None if matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]) => LooksLike::Zstd,
            None if is_windows_program(head) => LooksLike::WindowsProgram,
            None => tell_text(head).unwrap_or_else(|| {
                if is_random(head) { LooksLike::Random } else { LooksLike::Unknown }
            }),
        }
    }

    /// Tells from the names in an archive or a directory that holds nothing of Plesk's.
    pub(crate) fn of_names<'a>(names: impl Iterator<Item = &'a [u8]>) -> Option<LooksLike> {
        let mut account = false;
        let mut home = false;
        for name in names.take(NAMES) {
            let parts: Vec<&[u8]> = name
                .split(|byte| *byte == b'/')
                .filter(|part| !part.is_empty() && *part != b".")
                .collect();
            match parts.as_slice() {
                [b"[Content_Types].xml"] => return Some(LooksLike::Office),
                [b"mimetype"] | [b"META-INF", b"container.xml"] => {
                    return Some(LooksLike::OpenDocument);
                }
                [b"META-INF", b"MANIFEST.MF"] => return Some(LooksLike::Jar),
                [b"backup", b"user.conf"] => return Some(LooksLike::DirectAdmin),
                [b"hestia" | b"vesta", b"user.conf"] => return Some(LooksLike::Hestia),
                [b".backup", file] if file.ends_with(b"_virtualmin") => {
                    return Some(LooksLike::Virtualmin);
                }
                [first, _, ..] if first.starts_with(b"cpmove-") => return Some(LooksLike::Cpanel),
                [b"cp", _] | [_, b"cp", _] => account = true,
                [b"homedir" | b"homedir.tar", ..] | [_, b"homedir" | b"homedir.tar", ..] => {
                    home = true;
                }
                _ => {}
            }
        }
        (account && home).then_some(LooksLike::Cpanel)
    }

    /// What may be done with such a file.
    pub(crate) fn hint(self, path: &str) -> String {
        let text = match self {
            LooksLike::Empty | LooksLike::Zeros | LooksLike::Html => {
                "the download or copy failed: fetch the backup again"
            }
            LooksLike::Bzip2 => return format!("unpack it first: `bzip2 -dk '{path}'`"),
            LooksLike::Xz => return format!("unpack it first: `xz -dk '{path}'`"),
            LooksLike::Lz4 => return format!("unpack it first: `lz4 -dk '{path}'`"),
            LooksLike::Lzip => return format!("unpack it first: `lzip -dk '{path}'`"),
            LooksLike::Compress => {
                return format!("unpack it first: `gzip -dc '{path}' > backup.tar`");
            }
            LooksLike::Zip | LooksLike::Rar | LooksLike::SevenZip | LooksLike::Cabinet => {
                "unpack it into an empty directory and give that directory"
            }
            LooksLike::Plesk8 => "give that file itself, alone and as it is",
            LooksLike::PleskXml => {
                "give the directory in which this XML lies together with its archives"
            }
            LooksLike::Cpanel => {
                "it is for a cPanel server already: restore it there; give the backup that Plesk made"
            }
            LooksLike::Encrypted => {
                "decrypt it first; a password that was set in Plesk encrypts values in the backup and never the file"
            }
            LooksLike::Random => {
                "decrypt it first if it is encrypted; if it is one part of a backup that was split, give the first part, or all of them"
            }
            _ => {
                "give the file that Plesk exported, or the directory that holds `backup_info_*.xml`"
            }
        };
        text.to_owned()
    }
}

/// The name in the first local header of a ZIP.
fn first_in_zip(head: &[u8]) -> Option<&[u8]> {
    let length = head.get(26..28)?;
    let length = usize::from(u16::from_le_bytes([length[0], length[1]]));
    head.get(30..30 + length)
}

/// Some linkers leave out the stub that `MZ\x90\0` belongs to.
fn is_windows_program(head: &[u8]) -> bool {
    let place = head.get(0x3c..0x40).map(|bytes| [bytes[0], bytes[1], bytes[2], bytes[3]]);
    let place = place.and_then(|bytes| usize::try_from(u32::from_le_bytes(bytes)).ok());
    head.starts_with(b"MZ")
        && place.and_then(|place| head.get(place..)).is_some_and(|rest| rest.starts_with(b"PE\0\0"))
}

fn tell_text(head: &[u8]) -> Option<LooksLike> {
    let is_text =
        |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b | 0x20..=0x7e | 0x80..);
    if !head.iter().all(is_text) {
        return None;
    }
    let text = String::from_utf8_lossy(head).to_lowercase();
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let first_line = start.lines().next().unwrap_or_default();
    let is_header = |name: &str| start.starts_with(name);
    Some(if start.starts_with("<!doctype html") || start.starts_with("<html") {
        LooksLike::Html
    } else if start.starts_with('<') && start.contains("<migration-dump") {
        LooksLike::PleskXml
    } else if start.starts_with("<?xml") {
        LooksLike::Xml
    } else if text.contains("dumped-psa-version")
        || (start.starts_with("content-type: multipart/") && start.contains("boundary="))
    {
        LooksLike::Plesk8
    } else if first_line.starts_with("from ") && first_line.contains(':') {
        LooksLike::Mbox
    } else if [
        "return-path:",
        "received:",
        "delivered-to:",
        "message-id:",
        "from:",
        "mime-version:",
        "x-original-to:",
    ]
    .iter()
    .any(|name| is_header(name))
    {
        LooksLike::Mail
    } else if std::str::from_utf8(head).is_ok() || is_cut_utf8(head) || is_eight_bit_text(head) {
        LooksLike::Text
    } else {
        return None;
    })
}

/// The head of a file may end inside a character.
fn is_cut_utf8(head: &[u8]) -> bool {
    std::str::from_utf8(head).is_err_and(|error| error.error_len().is_none())
}

/// ISO-8859 and the like: mostly ASCII with some letters beyond it.
fn is_eight_bit_text(head: &[u8]) -> bool {
    head.iter().filter(|byte| !byte.is_ascii()).count() * 4 < head.len()
}

/// True when all bytes are about equally frequent: Pearson's chi-squared of 255 degrees of freedom
/// is 255 on average with a deviation of 23, while anything with a structure has thousands.
fn is_random(head: &[u8]) -> bool {
    let sample = &head[..head.len().min(4096)];
    if sample.len() < 1024 {
        return false;
    }
    let mut counts = [0_u64; 256];
    for byte in sample {
        counts[usize::from(*byte)] += 1;
    }
    let total = sample.len() as u64;
    // Sum of (count - total/256)^2 / (total/256), times `total`, in whole numbers.
    let squares: u64 = counts.iter().map(|count| count * count).sum();
    squares * 256 < total * (total + 400)
}

#[cfg(test)]
mod tests {
    use super::LooksLike;

    #[test]
    fn kinds_are_told_by_content() {
        for (head, kind) in [
            (&b""[..], LooksLike::Empty),
            (b"\x1f\x8b\x08\0", LooksLike::Gzip),
            (b"\x28\xb5\x2f\xfd\x04", LooksLike::Zstd),
            (b"\x50\x2a\x4d\x18\x04\0\0\0", LooksLike::Zstd),
            (b"PK\x03\x04rest", LooksLike::Zip),
            (b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", LooksLike::Zip),
            (
                b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x13\0\0\0[Content_Types].xml",
                LooksLike::Office,
            ),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", LooksLike::Jpeg),
            (b"\x7fELF\x02", LooksLike::Elf),
            (b"MZ is how some letters begin\n", LooksLike::Text),
            (b"SQLite format 3\0\x10\0", LooksLike::Sqlite),
            (b"QFI\xfb\0\0\0\x03", LooksLike::DiskImage),
            (b"-----BEGIN PGP MESSAGE-----\n", LooksLike::Encrypted),
            (b"-----BEGIN PRIVATE KEY-----\n", LooksLike::Pem),
            (b"\xef\xbb\xbf<?xml version=\"1.0\"?><migration-dump a=\"1\">", LooksLike::PleskXml),
            (b"<?xml version=\"1.0\"?><other/>", LooksLike::Xml),
            (b"<!DOCTYPE html><title>Log in</title>", LooksLike::Html),
            (b"Dumped-Psa-Version: 8.6.0\nContent-Type: multipart/mixed", LooksLike::Plesk8),
            (b"From a@example.com Mon Jan 15 10:30:00 2024\nSubject: x\n", LooksLike::Mbox),
            (b"From here on it is text\n", LooksLike::Text),
            (b"Received: from a by b\nSubject: x\n", LooksLike::Mail),
            (b"just some text\n", LooksLike::Text),
            (b"caf\xe9 au lait\n", LooksLike::Text),
            (b"\0\0\0\0", LooksLike::Zeros),
            (b"\x01\x02\x03", LooksLike::Unknown),
        ] {
            assert_eq!(LooksLike::tell(head), kind, "{}", head.escape_ascii());
        }
    }

    #[test]
    fn bytes_without_order_are_told_from_those_that_have_one() {
        let mut state = 1_u64;
        let mut random = || {
            // SplitMix64.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed.to_le_bytes()[7]
        };
        let encrypted: Vec<u8> = (0..4096).map(|_| random()).collect();
        assert_eq!(LooksLike::tell(&encrypted), LooksLike::Random);
        let numbers: Vec<u8> = (0..1024_u32).flat_map(u32::to_le_bytes).collect();
        assert_eq!(LooksLike::tell(&numbers), LooksLike::Unknown);
    }

    #[test]
    fn other_panels_are_told_by_names() {
        let tell = |names: &[&str]| LooksLike::of_names(names.iter().map(|name| name.as_bytes()));
        assert_eq!(tell(&["cpmove-anna/", "cpmove-anna/version"]), Some(LooksLike::Cpanel));
        assert_eq!(
            tell(&[
                "backup-1.15.2024_10-30-00_anna/cp/anna",
                "backup-1.15.2024_10-30-00_anna/homedir/mail"
            ]),
            Some(LooksLike::Cpanel)
        );
        assert_eq!(tell(&["cp/anna", "homedir.tar"]), Some(LooksLike::Cpanel));
        assert_eq!(tell(&["./backup/user.conf"]), Some(LooksLike::DirectAdmin));
        assert_eq!(tell(&["./hestia/user.conf"]), Some(LooksLike::Hestia));
        assert_eq!(tell(&["./.backup/example.com_virtualmin"]), Some(LooksLike::Virtualmin));
        assert_eq!(tell(&["src/main.rs", "cp/main.rs"]), None);
    }
}
