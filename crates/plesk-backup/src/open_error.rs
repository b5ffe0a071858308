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
        write!(out, "{self:?}")
    }
}

impl OpenError {
    /// What may be done about it.
    pub fn hint(&self) -> Option<String> {
        None
    }
}
