//! Why a backup could not be opened.

use std::io;
use std::path::PathBuf;

use crate::looks_like::LooksLike;

/// Why a path could not be opened as a backup.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Nothing was given to be opened.
    #[error("no backup was named")]
    NoPath,
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
    #[error("`{}` is no Plesk backup: it looks like {looks_like}", path.display())]
    NotABackup {
        /// What was to be opened.
        path: PathBuf,
        /// What it looks like.
        looks_like: LooksLike,
    },
    /// A compressed file in which something of another kind is.
    #[error(
        "`{}` is no Plesk backup: it is {compression}, and what is in it looks like {looks_like}",
        path.display()
    )]
    NoBackupInside {
        /// What was to be opened.
        path: PathBuf,
        /// [`LooksLike::Gzip`] or [`LooksLike::Zstd`].
        compression: LooksLike,
        /// What is in it.
        looks_like: LooksLike,
    },
    /// A compressed file of which not even the beginning can be told.
    #[error("`{}` is {compression}, of which too little can be unpacked to tell what it holds: {detail}", path.display())]
    NothingInside {
        /// What was to be opened.
        path: PathBuf,
        /// [`LooksLike::Gzip`] or [`LooksLike::Zstd`].
        compression: LooksLike,
        /// Why, and at which byte.
        detail: String,
    },
    /// A readable container or directory in which nothing is Plesk's.
    #[error(
        "`{}` holds no Plesk backup: no `*_info_*.xml` and no content archive among {}{files} files{}{}",
        path.display(),
        if *more { "the first " } else { "" },
        first.as_ref().map(|name| format!(" (the first is `{name}`)")).unwrap_or_default(),
        looks_like.map(|kind| format!("; it looks like {kind}")).unwrap_or_default()
    )]
    NoPleskFiles {
        /// What was to be opened.
        path: PathBuf,
        /// Files in it.
        files: usize,
        /// There are more, which were not looked at.
        more: bool,
        /// Name of the first.
        first: Option<String>,
        /// What the names look like.
        looks_like: Option<LooksLike>,
    },
    /// A part is missing of a backup that was split, and it is not the last.
    #[error("part `{missing}` of `{}` is missing", path.display())]
    MissingPart {
        /// A part that is there.
        path: PathBuf,
        /// Name of the part that is not.
        missing: String,
    },
    /// Two parts have the same place, so that the order cannot be told.
    #[error("`{first}` and `{second}` have the same number, so that the order of the parts of `{}` cannot be told", path.display())]
    PartTwice {
        /// A part.
        path: PathBuf,
        /// Name of one.
        first: String,
        /// Name of the other.
        second: String,
    },
    /// A later part holds what the first one holds.
    #[error("parts `{first}` and `{second}` of a backup begin with the same bytes: one is a copy of the other", first = first.display(), second = second.display())]
    PartCopied {
        /// The first part.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// One file was given twice.
    #[error("`{}` was given twice", path.display())]
    GivenTwice {
        /// The path.
        path: PathBuf,
    },
    /// A psadump among several files: each is a backup of its own.
    #[error("`{}` is a backup of Plesk 8 or older, and can't be joined with another file", path.display())]
    OldAmongSeveral {
        /// The psadump.
        path: PathBuf,
    },
    /// Two files that were given together, or lie in one directory, are different backups.
    #[error(
        "`{first}` and `{second}` are different backups: `{member}` is not the same in both",
        first = first.display(),
        second = second.display()
    )]
    DifferentBackups {
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        /// Metadata that both hold, with different contents.
        member: String,
    },
    /// The spool could not be made or written.
    #[error("cannot unpack `{}` into a spool file in `{}`", path.display(), directory.display())]
    SpoolFile {
        /// The backup.
        path: PathBuf,
        /// The spool's directory.
        directory: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk of the spool is full.
    #[error(
        "`{}` is too small to unpack `{}` into: the disk is full after {written} bytes",
        directory.display(),
        path.display()
    )]
    SpoolFull {
        /// The backup.
        path: PathBuf,
        /// The spool's directory.
        directory: PathBuf,
        /// Bytes that were written before; more are needed.
        written: u64,
        /// What the system said.
        source: io::Error,
    },
    /// The limit of the spool was reached.
    #[error(
        "`{}` has more than {limit} bytes when it is unpacked, which is the limit of the spool in `{}`",
        path.display(),
        directory.display()
    )]
    SpoolLimit {
        /// The backup.
        path: PathBuf,
        /// The spool's directory.
        directory: PathBuf,
        /// Bytes that were allowed.
        limit: u64,
    },
    /// Whoever asked for the backup does not want it any more.
    #[error("opening the backup was cancelled")]
    Cancelled,
}

impl OpenError {
    /// What may be done about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            OpenError::Io { path, source } if source.kind() == io::ErrorKind::NotFound => {
                return Some(format!("check the path; `{}` does not exist", path.display()));
            }
            OpenError::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "backups belong to root: read it as a user who may, or copy it"
            }
            OpenError::NoPath | OpenError::Io { .. } | OpenError::Cancelled => return None,
            OpenError::NotAFile { .. } => "save the backup to a file and give that file's path",
            OpenError::NotABackup { path, looks_like } => {
                return Some(looks_like.hint(&path.display().to_string()));
            }
            OpenError::NoBackupInside { path, compression, looks_like, .. } => match looks_like {
                LooksLike::Gzip | LooksLike::Zstd => {
                    let program = if *compression == LooksLike::Gzip { "gzip" } else { "zstd" };
                    return Some(format!(
                        "it was compressed twice: undo it once with `{program} -dc '{}' > backup`",
                        path.display()
                    ));
                }
                LooksLike::Empty => "the download or copy failed: fetch the backup again",
                _ => {
                    "give the file that Plesk exported, or the directory that holds `backup_info_*.xml`"
                }
            },
            OpenError::NothingInside { .. } => {
                "if it was split, put its other parts beside it; else the download or copy failed: fetch the backup again"
            }
            OpenError::NoPleskFiles { looks_like: Some(LooksLike::Cpanel), path, .. } => {
                return Some(LooksLike::Cpanel.hint(&path.display().to_string()));
            }
            OpenError::NoPleskFiles { .. } => {
                "give the file that Plesk exported, or the directory that holds `backup_info_*.xml`"
            }
            OpenError::MissingPart { missing, .. } => {
                return Some(format!(
                    "put `{missing}` beside the others; if it is lost for good, an empty file of \
                     that name lets what the other parts hold be read"
                ));
            }
            OpenError::PartTwice { .. } => "move the one that does not belong to the backup away",
            OpenError::PartCopied { .. } => "fetch the part that should stand there again",
            OpenError::GivenTwice { .. } => "name each file once",
            OpenError::OldAmongSeveral { .. } | OpenError::DifferentBackups { .. } => {
                "convert each on its own; only a backup and its increments are one"
            }
            OpenError::SpoolFile { .. } => {
                "name a directory for the spool that exists and can be written"
            }
            OpenError::SpoolFull { .. } => {
                "name a directory for the spool with more room, or unpack the backup where there is"
            }
            OpenError::SpoolLimit { .. } => {
                "raise the limit if so much is to be expected of this backup"
            }
        };
        Some(hint.to_owned())
    }
}
