//! The archive that is looked at, in whichever form it lies: a file, unpacked, or the home of an
//! account that is in use.

mod ahead;
mod directory;
mod tar_file;

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;
use plesk_backup::printable;

use crate::error::Error;

/// In which form the archive lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `cpmove-USER.tar.gz`.
    TarGz,
    /// `cpmove-USER.tar`.
    Tar,
    /// The directory that such a file holds.
    Directory,
    /// The home directory of an account after the restore. Its paths are shown as an archive has
    /// them, behind `homedir/`.
    Home,
}

impl Shape {
    /// Its name, for the JSON.
    pub(super) fn name(self) -> &'static str {
        match self {
            Shape::TarGz => "tar.gz",
            Shape::Tar => "tar",
            Shape::Directory => "directory",
            Shape::Home => "home",
        }
    }

    /// Whether the archive is one file, as the restore takes it.
    pub(super) fn is_file(self) -> bool {
        matches!(self, Shape::TarGz | Shape::Tar)
    }
}

/// What a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A further name of an earlier member, by that member's path below the top directory.
    HardLink(Vec<u8>),
    /// A symbolic link.
    SymbolicLink,
    /// A device, a pipe, a sparse file and the like.
    Other,
}

/// One member. Its bytes are read through `data`, or left.
pub(super) struct Entry<'a> {
    /// Below the top directory, without slashes at its ends.
    pub(super) path: Vec<u8>,
    pub(super) kind: Kind,
    pub(super) size: u64,
    /// Seconds since 1970.
    pub(super) mtime: i64,
    /// Permission bits.
    pub(super) mode: u32,
    pub(super) data: &'a mut dyn Read,
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    On,
    Enough,
}

/// Receives the members.
pub(super) type Visit<'v> = dyn FnMut(&mut Entry<'_>) -> io::Result<Flow> + 'v;

/// Members whose names lead elsewhere, and what else is odd about the archive as a whole.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// Name of the top directory.
    pub(super) top: Option<Vec<u8>>,
    /// Member and what is odd about it; the first so many.
    pub(super) odd: Vec<(Vec<u8>, String)>,
    /// How many there are.
    pub(super) odd_members: u64,
}

/// Oddities that are kept by name.
const NAMED: usize = 1000;

impl Walked {
    fn odd(&mut self, path: &[u8], text: impl Into<String>) {
        self.odd_members += 1;
        if self.odd.len() < NAMED {
            self.odd.push((path.to_vec(), text.into()));
        }
    }
}

/// An archive that was found.
pub(super) struct Archive {
    /// As the user named it.
    pub(super) path: PathBuf,
    pub(super) shape: Shape,
    /// The directory below which the members lie; the file itself for a file.
    root: PathBuf,
}

impl Archive {
    /// Looks at what lies there.
    ///
    /// # Errors
    /// When it can't be read, or is none of the forms.
    pub(super) fn open(path: &Path) -> Result<Archive, Error> {
        let failed = |error: &io::Error| Error::NotAnArchive {
            path: path.to_owned(),
            text: error.to_string(),
        };
        let found = std::fs::metadata(path).map_err(|error| failed(&error))?;
        let (shape, root) = if found.is_dir() {
            directory_shape(path).map_err(|error| failed(&error))?.ok_or_else(|| {
                Error::NotAnArchive {
                    path: path.to_owned(),
                    text: "the directory holds neither an unpacked archive (cp/, homedir/) nor a \
                           home with mail/ or etc/"
                        .to_owned(),
                }
            })?
        } else if found.is_file() {
            let shape = file_shape(path).map_err(|error| failed(&error))?;
            let shape = shape.ok_or_else(|| Error::NotAnArchive {
                path: path.to_owned(),
                text: "it is neither a tar nor a gzip file".to_owned(),
            })?;
            (shape, path.to_owned())
        } else {
            return Err(Error::NotAnArchive {
                path: path.to_owned(),
                text: "it is neither a file nor a directory".to_owned(),
            });
        };
        Ok(Archive { path: path.to_owned(), shape, root })
    }

    /// Its name without the path.
    pub(super) fn name(&self) -> String {
        // `.` and the like have no name of their own.
        let full = || std::fs::canonicalize(&self.path).ok();
        let own = self.path.file_name().map(|name| printable(name.as_encoded_bytes()));
        own.or_else(|| Some(printable(full()?.file_name()?.as_encoded_bytes())))
            .unwrap_or_else(|| self.path.display().to_string())
    }

    /// Shows all members once.
    ///
    /// # Errors
    /// When the archive is damaged or can't be read, and what the visitor returned.
    pub(super) fn walk(&self, visit: &mut Visit<'_>) -> Result<Walked, Error> {
        let mut walked = Walked::default();
        let failed = |(member, error): (Vec<u8>, io::Error)| Error::ReadArchive {
            archive: self.name(),
            text: if member.is_empty() {
                error.to_string()
            } else {
                format!("at `{}`: {error}", printable(&member))
            },
        };
        match self.shape {
            Shape::TarGz => {
                let decoder = GzDecoder::new(self.file()?);
                let rest = tar_file::walk(decoder, visit, &mut walked).map_err(failed)?;
                if let Some(decoder) = rest {
                    let more = only_zeros(decoder.into_inner());
                    if !more.map_err(|error| failed((Vec::new(), error)))? {
                        walked.odd(b"", "something follows the gzip data");
                    }
                }
            }
            Shape::Tar => {
                tar_file::walk(self.file()?, visit, &mut walked).map_err(failed)?;
            }
            Shape::Directory => {
                walked.top = self.root.file_name().map(|name| name.as_encoded_bytes().to_vec());
                directory::walk(&self.root, b"", visit).map_err(failed)?;
            }
            Shape::Home => {
                directory::walk_home(&self.root, visit).map_err(failed)?;
            }
        }
        Ok(walked)
    }

    /// Whether a member is still there; only for a directory that is in use.
    pub(super) fn is_there(&self, path: &[u8]) -> bool {
        let path = path.strip_prefix(b"homedir/").unwrap_or(path);
        self.root.join(directory::os(path)).symlink_metadata().is_ok()
    }

    fn file(&self) -> Result<BufReader<File>, Error> {
        let file = File::open(&self.root).map_err(|error| Error::NotAnArchive {
            path: self.path.clone(),
            text: error.to_string(),
        })?;
        Ok(BufReader::with_capacity(128 << 10, file))
    }
}

/// Whether all that follows is padding.
fn only_zeros(mut reader: impl Read) -> io::Result<bool> {
    let mut buffer = [0; 4096];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(true),
            Ok(read) if buffer[..read].iter().any(|byte| *byte != 0) => return Ok(false),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// By the first bytes.
fn file_shape(path: &Path) -> io::Result<Option<Shape>> {
    let mut head = Vec::new();
    File::open(path)?.take(512).read_to_end(&mut head)?;
    if head.starts_with(&[0x1f, 0x8b]) {
        return Ok(Some(Shape::TarGz));
    }
    Ok(tar_file::is_header(&head).then_some(Shape::Tar))
}

/// By the directories in it.
fn directory_shape(path: &Path) -> io::Result<Option<(Shape, PathBuf)>> {
    let has = |path: &Path, name: &str| path.join(name).is_dir();
    let is_archive = |path: &Path| has(path, "cp") || has(path, "homedir");
    if is_archive(path) {
        return Ok(Some((Shape::Directory, std::fs::canonicalize(path)?)));
    }
    if has(path, "mail") || has(path, "etc") {
        return Ok(Some((Shape::Home, path.to_owned())));
    }
    let mut inner = Vec::new();
    for entry in std::fs::read_dir(path)?.take(2) {
        inner.push(entry?.path());
    }
    Ok(match inner.as_slice() {
        [only] if is_archive(only) => Some((Shape::Directory, only.clone())),
        _ => None,
    })
}
