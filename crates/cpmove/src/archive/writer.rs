//! The writer of an archive.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::Builder;

use super::directory::DirectorySink;
use super::error::shown;
use super::finished::{FinishedArchive, Stored};
use super::member_path::{check, parent};
use super::tar_stream::TarStream;
use super::{Form, WriteError};
use crate::gzip::GzipWriter;
use crate::{Compressor, Member, MemberKind, UserName};

/// How much of a member is in memory at a time.
const PIECE: usize = 128 * 1024;

/// Writes one archive, member after member, under a temporary name beside its later one.
///
/// Every member lies below the top directory `cpmove-USER`, which the writer makes. Directories
/// come before what they hold. The bytes depend on nothing but what is given: not on the number
/// of threads, the time, the user, the umask or the locale.
///
/// Dropping the writer, or the [`FinishedArchive`] that it becomes, removes what was written.
#[derive(Debug)]
pub struct ArchiveWriter {
    sink: Sink,
    stored: Stored,
    target: PathBuf,
    /// The top directory's name with a slash; empty where the archive is a directory itself.
    top: Vec<u8>,
    form: Form,
    replace: bool,
    stamp: i64,
    /// What was written, by digest of the path: a digest takes less room than a long name.
    seen: HashMap<[u8; 16], Seen>,
    poisoned: bool,
    buffer: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Directory,
    File,
    HardLink,
}

enum Sink {
    TarGz(TarStream<GzipWriter<BufWriter<File>>>),
    Tar(TarStream<BufWriter<File>>),
    Directory(DirectorySink),
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Sink::TarGz(_) => "TarGz",
            Sink::Tar(_) => "Tar",
            Sink::Directory(_) => "Directory",
        })
    }
}

/// Calls the same method of each sink.
macro_rules! each_sink {
    ($sink:expr, $name:ident ( $($argument:expr),* )) => {
        match $sink {
            Sink::TarGz(sink) => sink.$name($($argument),*),
            Sink::Tar(sink) => sink.$name($($argument),*),
            Sink::Directory(sink) => sink.$name($($argument),*),
        }
    };
}

impl ArchiveWriter {
    /// Begins the archive of `user` in the directory `dir`: a temporary file of mode 0600 (or a
    /// directory of mode 0700) with a name like `.cpmove-USER.tar.gz.partial-abc123`.
    ///
    /// `stamp` is the modification time, in seconds since 1970, of everything that is given
    /// without one.
    ///
    /// # Errors
    /// [`WriteError::TargetExists`] if there is something of the final name and `replace` is
    /// false; [`WriteError::Archive`] if the temporary one cannot be made.
    pub fn create(
        dir: &Path,
        user: &UserName,
        form: Form,
        compressor: &Compressor,
        replace: bool,
        stamp: i64,
    ) -> Result<ArchiveWriter, WriteError> {
        let top = format!("cpmove-{user}");
        let name = match form {
            Form::TarGz => format!("{top}.tar.gz"),
            Form::Tar => format!("{top}.tar"),
            Form::Directory => top.clone(),
        };
        let target = dir.join(&name);
        if !replace && target.symlink_metadata().is_ok() {
            return Err(WriteError::TargetExists { target });
        }
        let failed = |source| WriteError::Archive {
            action: "create a temporary file in",
            path: dir.to_owned(),
            source,
        };
        let prefix = OsString::from(format!(".{name}.partial-"));
        let mut builder = Builder::new();
        builder.prefix(&prefix);
        let (sink, stored) = if form == Form::Directory {
            builder.permissions(Permissions::from_mode(0o700));
            let directory = builder.tempdir_in(dir).map_err(failed)?;
            // The umask can take bits away from the mode that it was made with.
            let mode = Permissions::from_mode(0o700);
            fs::set_permissions(directory.path(), mode).map_err(failed)?;
            let sink = DirectorySink::new(directory.path().to_owned(), compressor.clone());
            (Sink::Directory(sink), Stored::Directory(directory))
        } else {
            builder.permissions(Permissions::from_mode(0o600));
            let (file, path) = builder.tempfile_in(dir).map_err(failed)?.into_parts();
            // Likewise.
            file.set_permissions(Permissions::from_mode(0o600)).map_err(failed)?;
            (file_sink(file, form, compressor).map_err(failed)?, Stored::File(path))
        };
        let mut writer = ArchiveWriter {
            sink,
            stored,
            target,
            top: if form == Form::Directory { Vec::new() } else { format!("{top}/").into() },
            form,
            replace,
            stamp,
            seen: HashMap::new(),
            poisoned: false,
            buffer: vec![0; PIECE],
        };
        if form != Form::Directory {
            let top = writer.top.clone();
            let written = each_sink!(&mut writer.sink, directory(&top, 0o700, stamp));
            writer.written(b"", written)?;
        }
        Ok(writer)
    }

    /// Writes a member that is complete in memory; its time is the archive's stamp.
    ///
    /// # Errors
    /// As [`directory`](Self::directory) and [`file`](Self::file).
    pub fn member(&mut self, member: &Member) -> Result<(), WriteError> {
        match &member.kind {
            MemberKind::Directory => self.directory(&member.path, member.mode),
            MemberKind::File(content) => {
                let size = content.len() as u64;
                self.file(&member.path, member.mode, size, self.stamp, &mut content.as_slice())
            }
        }
    }

    /// Writes a directory; its time is the archive's stamp. One that was written before stays as
    /// it is, whatever the mode, and that is no error.
    ///
    /// # Errors
    /// [`WriteError`]: the path is not legal or was a file's before, its parent was not written,
    /// or writing failed.
    pub fn directory(&mut self, path: &[u8], mode: u32) -> Result<(), WriteError> {
        self.check_path(path)?;
        match self.seen.get(&digest(path)) {
            Some(Seen::Directory) => return Ok(()),
            Some(_) => return Err(WriteError::Duplicate { path: shown(path) }),
            None => {}
        }
        let mut full = self.full(path);
        if self.form != Form::Directory {
            full.push(b'/');
        }
        let written = each_sink!(&mut self.sink, directory(&full, mode, self.stamp));
        self.written(path, written)?;
        self.seen.insert(digest(path), Seen::Directory);
        Ok(())
    }

    /// Writes a file of exactly `size` bytes, reading them from `data` piece by piece.
    ///
    /// # Errors
    /// [`WriteError`]: the path is not legal or was written before, or its parent was not; then
    /// nothing was written. Or `data` gave fewer or more bytes or failed, or writing failed; then
    /// the archive is broken, and everything that follows is [`WriteError::Poisoned`].
    pub fn file(
        &mut self,
        path: &[u8],
        mode: u32,
        size: u64,
        mtime: i64,
        data: &mut dyn Read,
    ) -> Result<(), WriteError> {
        self.check_new(path)?;
        let full = self.full(path);
        let written = each_sink!(&mut self.sink, file(&full, mode, size, mtime));
        self.written(path, written)?;
        // Poisoned until the content is complete, whichever way this ends.
        self.poisoned = true;
        self.copy(path, size, data)?;
        self.poisoned = false;
        let written = each_sink!(&mut self.sink, end_of_content());
        self.written(path, written)?;
        self.seen.insert(digest(path), Seen::File);
        Ok(())
    }

    /// Writes another name of a file that was written before.
    ///
    /// `mode` and `mtime` should be that file's: in a directory the two are one file, and keep
    /// what the first name got.
    ///
    /// # Errors
    /// [`WriteError`], as [`file`](Self::file); [`WriteError::LinkTarget`] if `target` is not the
    /// path of a file written before.
    pub fn hard_link(
        &mut self,
        path: &[u8],
        target: &[u8],
        mode: u32,
        mtime: i64,
    ) -> Result<(), WriteError> {
        self.check_new(path)?;
        if self.seen.get(&digest(target)) != Some(&Seen::File) {
            return Err(WriteError::LinkTarget { path: shown(path), target: shown(target) });
        }
        let (full, full_target) = (self.full(path), self.full(target));
        let written = each_sink!(&mut self.sink, hard_link(&full, &full_target, mode, mtime));
        self.written(path, written)?;
        self.seen.insert(digest(path), Seen::HardLink);
        Ok(())
    }

    /// Completes the archive and waits until it is on the disk, still under its temporary name.
    ///
    /// # Errors
    /// [`WriteError::Poisoned`] after an earlier error, [`WriteError::Archive`] if the rest cannot
    /// be written.
    pub fn finish(self) -> Result<FinishedArchive, WriteError> {
        if self.poisoned {
            return Err(WriteError::Poisoned);
        }
        let temporary = self.stored.path().to_owned();
        let failed = |source| WriteError::Archive { action: "complete", path: temporary, source };
        let members = self.seen.len() as u64;
        let (written, size) = match self.sink {
            Sink::TarGz(stream) => {
                let out = stream.finish().and_then(GzipWriter::finish);
                (Vec::new(), out.and_then(sync).map_err(failed)?)
            }
            Sink::Tar(stream) => (Vec::new(), stream.finish().and_then(sync).map_err(failed)?),
            Sink::Directory(sink) => sink.finish(self.stamp).map_err(failed)?,
        };
        Ok(FinishedArchive {
            stored: self.stored,
            target: self.target,
            top: self.top,
            form: self.form,
            replace: self.replace,
            written,
            members,
            size,
        })
    }

    fn check_path(&self, path: &[u8]) -> Result<(), WriteError> {
        if self.poisoned {
            return Err(WriteError::Poisoned);
        }
        check(path).map_err(|reason| WriteError::Path { path: shown(path), reason })?;
        match parent(path) {
            Some(parent) if self.seen.get(&digest(parent)) != Some(&Seen::Directory) => {
                Err(WriteError::NoParent { path: shown(path) })
            }
            _ => Ok(()),
        }
    }

    fn check_new(&self, path: &[u8]) -> Result<(), WriteError> {
        self.check_path(path)?;
        if self.seen.contains_key(&digest(path)) {
            return Err(WriteError::Duplicate { path: shown(path) });
        }
        Ok(())
    }

    fn full(&self, path: &[u8]) -> Vec<u8> {
        [&self.top, path].concat()
    }

    fn written(&mut self, path: &[u8], result: io::Result<()>) -> Result<(), WriteError> {
        result.map_err(|source| {
            self.poisoned = true;
            WriteError::Member { path: shown(path), source }
        })
    }

    fn copy(&mut self, path: &[u8], size: u64, data: &mut dyn Read) -> Result<(), WriteError> {
        let mut given = 0;
        while given < size {
            let wanted = usize::try_from(size - given).unwrap_or(PIECE).min(PIECE);
            let piece = &mut self.buffer[..wanted];
            let count = read(data, piece).map_err(|source| WriteError::Content {
                path: shown(path),
                announced: size,
                given,
                source,
            })?;
            if count == 0 {
                return Err(WriteError::TooShort { path: shown(path), announced: size, given });
            }
            each_sink!(&mut self.sink, content(&piece[..count]))
                .map_err(|source| WriteError::Member { path: shown(path), source })?;
            given += count as u64;
        }
        match read(data, &mut self.buffer[..1]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(WriteError::TooLong { path: shown(path), announced: size }),
            Err(source) => {
                Err(WriteError::Content { path: shown(path), announced: size, given, source })
            }
        }
    }
}

fn file_sink(file: File, form: Form, compressor: &Compressor) -> io::Result<Sink> {
    let out = BufWriter::with_capacity(PIECE, file);
    Ok(if form == Form::TarGz {
        Sink::TarGz(TarStream::new(GzipWriter::new(out, compressor.clone())?))
    } else {
        Sink::Tar(TarStream::new(out))
    })
}

/// Reads once; an interruption by a signal is no failure.
fn read(data: &mut dyn Read, piece: &mut [u8]) -> io::Result<usize> {
    loop {
        match data.read(piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Waits until a file is on the disk, and says how long it is.
fn sync(out: BufWriter<File>) -> io::Result<u64> {
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

fn digest(path: &[u8]) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&Sha256::digest(path)[..16]);
    short
}

/// Writes the entries of a directory to the disk.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A device that is full stands in for a disk that is.
    fn onto_full_disk(form: Form) -> (tempfile::TempDir, ArchiveWriter) {
        let directory = tempfile::tempdir().unwrap();
        let user = UserName::new("acct").unwrap();
        let compressor = Compressor::new(2).unwrap();
        let mut writer =
            ArchiveWriter::create(directory.path(), &user, form, &compressor, false, 1).unwrap();
        let full = File::options().write(true).open("/dev/full").unwrap();
        writer.sink = file_sink(full, form, &compressor).unwrap();
        (directory, writer)
    }

    #[test]
    fn a_full_disk_is_an_error_and_leaves_nothing() {
        for form in [Form::TarGz, Form::Tar] {
            let (directory, mut writer) = onto_full_disk(form);
            // 64 MiB of noise do not fit into what is buffered or in flight.
            let mut noise = 1_u64;
            let piece: Vec<u8> = std::iter::repeat_with(|| {
                noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (noise >> 56) as u8
            })
            .take(1 << 20)
            .collect();
            let error = (0..64)
                .find_map(|number| {
                    let name = format!("file{number}");
                    writer.file(name.as_bytes(), 0o600, 1 << 20, 0, &mut piece.as_slice()).err()
                })
                .unwrap();
            let WriteError::Member { source, .. } = error else { panic!("{error}") };
            assert_eq!(source.kind(), io::ErrorKind::StorageFull);
            assert!(matches!(writer.directory(b"x", 0o700), Err(WriteError::Poisoned)));
            assert!(matches!(writer.finish(), Err(WriteError::Poisoned)));
            assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_disk_that_is_full_at_the_end_is_an_error() {
        for form in [Form::TarGz, Form::Tar] {
            let (directory, mut writer) = onto_full_disk(form);
            writer.file(b"small", 0o600, 1, 0, &mut &b"x"[..]).unwrap();
            let error = writer.finish().unwrap_err();
            let WriteError::Archive { source, .. } = error else { panic!("{error}") };
            assert_eq!(source.kind(), io::ErrorKind::StorageFull);
            assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        }
    }
}
