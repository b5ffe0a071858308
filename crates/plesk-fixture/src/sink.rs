//! Where the files of a backup go: into a directory, an outer tar, or an outer zip.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::tar_format::{BLOCK, Kind, Member, PSAADM, TarWriter};
use crate::zip_format::{OuterList, Style};

/// Takes the files of a backup in the order in which Plesk writes them.
pub(crate) trait Sink {
    /// Adds a file whose content `content` writes, and returns its size.
    fn file(
        &mut self,
        path: &str,
        content: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> Result<u64>;

    /// The same for a file with a time of its own, where the sink keeps times at all.
    fn file_of(
        &mut self,
        path: &str,
        _mtime: i64,
        content: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> Result<u64> {
        self.file(path, content)
    }
}

/// A repository on disk.
pub(crate) struct DirectorySink {
    pub(crate) root: PathBuf,
}

impl Sink for DirectorySink {
    fn file(
        &mut self,
        path: &str,
        content: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> Result<u64> {
        let path = self.root.join(path);
        let mut write = || -> io::Result<u64> {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            let mut out = BufWriter::new(File::create(&path)?);
            content(&mut out)?;
            out.flush()?;
            out.stream_position()
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }
}

/// An export: one plain tar. Sizes are known only when a file has been written, so the header is
/// written a second time then; nothing is kept aside.
pub(crate) struct TarSink {
    out: TarWriter<BufWriter<File>>,
    position: u64,
    mtime: i64,
    wrap: Option<String>,
    path: PathBuf,
}

impl TarSink {
    pub(crate) fn create(path: &Path, mtime: i64, wrap: Option<String>) -> Result<Self> {
        let file =
            File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
        let out = TarWriter::new(BufWriter::with_capacity(256 * 1024, file));
        Ok(Self { out, position: 0, mtime, wrap, path: path.to_path_buf() })
    }

    pub(crate) fn finish(self) -> Result<()> {
        let path = self.path;
        let finish = || self.out.finish()?.flush();
        finish().with_context(|| format!("cannot write {}", path.display()))
    }
}

impl Sink for TarSink {
    fn file(
        &mut self,
        path: &str,
        content: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> Result<u64> {
        let name = match &self.wrap {
            Some(directory) => format!("{directory}/{path}"),
            None => path.to_owned(),
        };
        let member = |size| Member {
            path: name.as_bytes(),
            mtime: self.mtime,
            kind: Kind::File { size },
            owner: &PSAADM,
        };
        let place = member(0).blocks();
        let (out, position) = (&mut self.out, &mut self.position);
        let mut write = || -> io::Result<u64> {
            out.write_all(&place)?;
            let start = *position + place.len() as u64;
            content(out)?;
            let end = out.position()?;
            let size = end - start;
            out.write_all(&vec![
                0;
                usize::try_from(end.next_multiple_of(BLOCK as u64) - end)
                    .map_err(io::Error::other)?
            ])?;
            out.patch(*position, &member(size).blocks())?;
            *position = out.position()?;
            Ok(size)
        };
        write().with_context(|| format!("cannot write {name} into {}", self.path.display()))
    }
}

/// The same as a zip, as Plesk for Windows exports it.
pub(crate) struct ZipSink {
    out: BufWriter<File>,
    position: u64,
    mtime: i64,
    wrap: Option<String>,
    path: PathBuf,
    list: OuterList,
}

impl ZipSink {
    pub(crate) fn create(
        path: &Path,
        mtime: i64,
        wrap: Option<String>,
        style: Style,
    ) -> Result<Self> {
        let file =
            File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
        let out = BufWriter::with_capacity(256 * 1024, file);
        let path = path.to_path_buf();
        Ok(Self { out, position: 0, mtime, wrap, path, list: OuterList::new(style) })
    }

    pub(crate) fn finish(self) -> Result<()> {
        let Self { mut out, position, path, list, .. } = self;
        let finish = || {
            out.write_all(&list.finish(position))?;
            out.flush()
        };
        finish().with_context(|| format!("cannot write {}", path.display()))
    }
}

impl Sink for ZipSink {
    fn file(
        &mut self,
        path: &str,
        content: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> Result<u64> {
        self.file_of(path, self.mtime, content)
    }

    fn file_of(
        &mut self,
        path: &str,
        mtime: i64,
        content: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> Result<u64> {
        let name = match &self.wrap {
            Some(directory) => format!("{directory}/{path}"),
            None => path.to_owned(),
        };
        let (mut pending, header) = self.list.begin(name.as_bytes(), mtime, self.position);
        let mut write = || -> io::Result<u64> {
            self.out.write_all(&header)?;
            let size = self.list.write(&mut pending, &mut self.out, content)?;
            let end = self.out.stream_position()?;
            self.out.seek(SeekFrom::Start(self.position))?;
            self.out.write_all(&self.list.end(&pending))?;
            self.position = end;
            self.out.seek(SeekFrom::Start(end))?;
            Ok(size)
        };
        write().with_context(|| format!("cannot write {name} into {}", self.path.display()))
    }
}

impl TarWriter<BufWriter<File>> {
    fn position(&mut self) -> io::Result<u64> {
        self.out_mut().stream_position()
    }

    /// Writes over what stands at an earlier place, and comes back.
    fn patch(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let out = self.out_mut();
        let end = out.stream_position()?;
        out.seek(SeekFrom::Start(at))?;
        out.write_all(bytes)?;
        out.seek(SeekFrom::Start(end))?;
        Ok(())
    }
}
