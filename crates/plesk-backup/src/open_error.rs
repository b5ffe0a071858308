//! Why a backup could not be opened, and what the file looks like instead.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a path could not be opened as a backup.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The system refused.
    #[error("cannot open `{}`", path.display())]
    Io {
        /// What was to be opened.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Neither a file nor a directory.
    #[error("`{}` is {what}, not a file or a directory", path.display())]
    NotAFile {
        /// What was to be opened.
        path: PathBuf,
        /// What it is, e.g. `a named pipe`.
        what: &'static str,
    },
    /// A file of another kind.
    #[error("`{}` is no plain tar: it looks like {looks_like}", path.display())]
    NotATar {
        /// What was to be opened.
        path: PathBuf,
        /// What it looks like.
        looks_like: LooksLike,
    },
    /// A readable tar or directory in which nothing is Plesk's.
    #[error(
        "`{}` holds no Plesk backup: no `*_info_*.xml` and no content archive among {files} files{}",
        path.display(),
        first.as_ref().map(|name| format!(" (the first is `{name}`)")).unwrap_or_default()
    )]
    NoPleskFiles {
        /// What was to be opened.
        path: PathBuf,
        /// Files in it.
        files: usize,
        /// Name of the first.
        first: Option<String>,
    },
}

/// What the first bytes of a file say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LooksLike {
    /// No byte at all.
    Empty,
    /// gzip.
    Gzip,
    /// zstd.
    Zstd,
    /// ZIP: also what Plesk for Windows exports.
    Zip,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// RAR.
    Rar,
    /// 7-Zip.
    SevenZip,
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// PDF.
    Pdf,
    /// An ELF program.
    Elf,
    /// A Windows program.
    WindowsProgram,
    /// The mail-like file of Plesk 8 and older.
    Plesk8,
    /// Plesk metadata on their own.
    PleskXml,
    /// Other XML.
    Xml,
    /// HTML: often the page that a failed download left.
    Html,
    /// SQL.
    Sql,
    /// An mbox.
    Mbox,
    /// Other text.
    Text,
    /// NUL bytes only.
    Zeros,
    /// Anything else.
    Unknown,
}

impl fmt::Display for LooksLike {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            LooksLike::Empty => "an empty file (0 bytes)",
            LooksLike::Gzip => "gzip",
            LooksLike::Zstd => "zstd",
            LooksLike::Zip => "a ZIP archive",
            LooksLike::Bzip2 => "bzip2",
            LooksLike::Xz => "xz",
            LooksLike::Rar => "a RAR archive",
            LooksLike::SevenZip => "a 7-Zip archive",
            LooksLike::Jpeg => "a JPEG image",
            LooksLike::Png => "a PNG image",
            LooksLike::Pdf => "a PDF document",
            LooksLike::Elf => "an ELF program",
            LooksLike::WindowsProgram => "a Windows program",
            LooksLike::Plesk8 => "a backup of Plesk 8 or older (one mail-like file)",
            LooksLike::PleskXml => "the metadata XML of a Plesk backup, without the backup",
            LooksLike::Xml => "XML",
            LooksLike::Html => "an HTML page",
            LooksLike::Sql => "an SQL dump",
            LooksLike::Mbox => "an mbox",
            LooksLike::Text => "text",
            LooksLike::Zeros => "nothing but NUL bytes",
            LooksLike::Unknown => "no kind of file that is known here",
        })
    }
}

impl LooksLike {
    /// Tells from the first bytes of a file that is no plain tar.
    pub(crate) fn tell(head: &[u8]) -> LooksLike {
        const MAGICS: [(&[u8], LooksLike); 16] = [
            (b"PK\x03\x04", LooksLike::Zip),
            (b"PK\x05\x06", LooksLike::Zip),
            (b"PK\x07\x08", LooksLike::Zip),
            (b"\x1f\x8b", LooksLike::Gzip),
            (b"\x28\xb5\x2f\xfd", LooksLike::Zstd),
            (b"BZh", LooksLike::Bzip2),
            (b"\xfd7zXZ\0", LooksLike::Xz),
            (b"Rar!\x1a\x07", LooksLike::Rar),
            (b"7z\xbc\xaf\x27\x1c", LooksLike::SevenZip),
            (b"\xff\xd8\xff", LooksLike::Jpeg),
            (b"\x89PNG\r\n\x1a\n", LooksLike::Png),
            (b"%PDF-", LooksLike::Pdf),
            (b"\x7fELF", LooksLike::Elf),
            (b"MZ\x90\0", LooksLike::WindowsProgram),
            (b"-- MySQL dump", LooksLike::Sql),
            (b"From ", LooksLike::Mbox),
        ];
        if head.is_empty() {
            return LooksLike::Empty;
        }
        if let Some((_, kind)) = MAGICS.iter().find(|(magic, _)| head.starts_with(magic)) {
            return *kind;
        }
        if head.iter().all(|byte| *byte == 0) {
            return LooksLike::Zeros;
        }
        LooksLike::tell_text(head).unwrap_or(LooksLike::Unknown)
    }

    fn tell_text(head: &[u8]) -> Option<LooksLike> {
        let is_text =
            |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x20..=0x7e | 0x80..);
        if !head.iter().all(is_text) {
            return None;
        }
        let text = String::from_utf8_lossy(head).to_lowercase();
        let start = text.trim_start_matches('\u{feff}').trim_start();
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
        } else if head.is_ascii() || std::str::from_utf8(head).is_ok() {
            LooksLike::Text
        } else {
            LooksLike::Unknown
        })
    }
}

impl OpenError {
    /// What may be done about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            OpenError::Io { path, source } if source.kind() == io::ErrorKind::NotFound => {
                Some(format!("check the path; `{}` does not exist", path.display()))
            }
            OpenError::Io { source, .. }
                if source.kind() == io::ErrorKind::PermissionDenied =>
            {
                Some("backups belong to root: read it as a user who may, or copy it".to_owned())
            }
            OpenError::Io { .. } => None,
            OpenError::NotAFile { .. } => {
                Some("save the backup to a file and give that file's path".to_owned())
            }
            OpenError::NoPleskFiles { .. } => Some(
                "give the .tar that Plesk exported, or the directory that holds `backup_info_*.xml`"
                    .to_owned(),
            ),
            OpenError::NotATar { path, looks_like } => {
                Some(looks_like.hint(&path.display().to_string()))
            }
        }
    }
}

impl LooksLike {
    /// True for what is compressed or an archive of another kind, whatever text it holds.
    pub(crate) fn is_packed(self) -> bool {
        matches!(
            self,
            LooksLike::Gzip
                | LooksLike::Zstd
                | LooksLike::Zip
                | LooksLike::Bzip2
                | LooksLike::Xz
                | LooksLike::Rar
                | LooksLike::SevenZip
        )
    }

    fn hint(self, path: &str) -> String {
        match self {
            LooksLike::Empty | LooksLike::Zeros | LooksLike::Html => {
                "the download or copy failed: fetch the backup again".to_owned()
            }
            LooksLike::Gzip => format!("unpack it first: `gzip -dc '{path}' > backup.tar`"),
            LooksLike::Zstd => format!("unpack it first: `zstd -dc '{path}' > backup.tar`"),
            LooksLike::Bzip2 => format!("unpack it first: `bzip2 -dc '{path}' > backup.tar`"),
            LooksLike::Xz => format!("unpack it first: `xz -dc '{path}' > backup.tar`"),
            LooksLike::Zip | LooksLike::Rar | LooksLike::SevenZip => {
                "unpack it into an empty directory and give that directory".to_owned()
            }
            LooksLike::Plesk8 => {
                "convert it with Plesk's own `pre9-backup-convert`, or restore it on a newer Plesk and export from there".to_owned()
            }
            LooksLike::PleskXml => {
                "give the directory in which this XML lies together with its archives".to_owned()
            }
            _ => "give the .tar that Plesk exported, or the directory that holds `backup_info_*.xml`"
                .to_owned(),
        }
    }
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
            (b"PK\x03\x04rest", LooksLike::Zip),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", LooksLike::Jpeg),
            (b"\x7fELF\x02", LooksLike::Elf),
            (b"\xef\xbb\xbf<?xml version=\"1.0\"?><migration-dump a=\"1\">", LooksLike::PleskXml),
            (b"<?xml version=\"1.0\"?><other/>", LooksLike::Xml),
            (b"<!DOCTYPE html><title>Log in</title>", LooksLike::Html),
            (b"Dumped-Psa-Version: 8.6.0\nContent-Type: multipart/mixed", LooksLike::Plesk8),
            (b"just some text\n", LooksLike::Text),
            (b"\0\0\0\0", LooksLike::Zeros),
            (b"\x01\x02\x03", LooksLike::Unknown),
        ] {
            assert_eq!(LooksLike::tell(head), kind, "{}", head.escape_ascii());
        }
    }
}
