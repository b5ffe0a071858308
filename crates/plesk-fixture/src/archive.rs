//! Inner archives: tar, tar and gzip, tar and zstd, zip.

use std::io::{self, BufWriter, Write};

use flate2::GzBuilder;

use crate::chain::Changes;
use crate::spec::{Compression, Spec, System};
use crate::tar_format::{Kind, Member, TarWriter};
use crate::zip_format::{Style, ZipWriter};

/// Compressors are handed whole buffers, not the small pieces that members are made of.
const BUFFER: usize = 256 * 1024;

/// The members of an inner archive, whatever lies below. Members that an earlier dump of the
/// chain holds already are left out.
pub(crate) struct ArchiveWriter<'a> {
    out: Members<BufWriter<&'a mut dyn Write>>,
    /// None where the archive is whole in any case.
    changes: Option<&'a mut Changes>,
}

enum Members<W: Write> {
    Tar(TarWriter<W>),
    Zip(ZipWriter<W>),
}

impl ArchiveWriter<'_> {
    /// Whether a second name of a file is stored as such.
    pub(crate) fn knows_hard_links(&self) -> bool {
        matches!(self.out, Members::Tar(_))
    }

    /// Whether a member of this name, size and time in nanoseconds has to be packed.
    pub(crate) fn wants(&mut self, path: &[u8], size: u64, nanoseconds: i128) -> bool {
        self.is_wanted(path, false, size, nanoseconds)
    }

    fn is_wanted(&mut self, path: &[u8], is_directory: bool, size: u64, nanoseconds: i128) -> bool {
        let Some(changes) = &mut self.changes else { return true };
        changes.wants(path, is_directory, size, nanoseconds)
    }

    /// A member without content.
    pub(crate) fn bare(&mut self, member: &Member<'_>) -> io::Result<()> {
        let is_directory = matches!(member.kind, Kind::Directory);
        let nanoseconds = i128::from(member.mtime) * 1_000_000_000;
        if !self.is_wanted(member.path, is_directory, 0, nanoseconds) {
            return Ok(());
        }
        if let Kind::HardLink(target) = member.kind
            && let Some(changes) = &self.changes
            && !changes.holds(target)
        {
            // GNU tar would store the bytes under this name; here they are not at hand.
            return Err(io::Error::other(format!(
                "{}: a link to {}, which this archive does not hold",
                String::from_utf8_lossy(member.path),
                String::from_utf8_lossy(target)
            )));
        }
        match &mut self.out {
            Members::Tar(tar) => tar.bare(member),
            Members::Zip(zip) => zip.bare(member),
        }
    }

    /// A file whose content is written by `content`, which must write exactly `size` bytes.
    pub(crate) fn file(
        &mut self,
        member: &Member<'_>,
        size: u64,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let nanoseconds = i128::from(member.mtime) * 1_000_000_000;
        if self.is_wanted(member.path, false, size, nanoseconds) {
            match &mut self.out {
                Members::Tar(tar) => tar.file(member, size, content),
                Members::Zip(zip) => zip.file(member, size, content),
            }
        } else {
            Ok(())
        }
    }
}

/// Writes one inner archive, whose members `fill` writes.
pub(crate) fn write_archive(
    spec: &Spec,
    out: &mut dyn Write,
    changes: Option<&mut Changes>,
    fill: &mut dyn FnMut(&mut ArchiveWriter<'_>) -> io::Result<()>,
) -> io::Result<()> {
    match spec.compression {
        Compression::Tar => write_tar(out, changes, fill),
        Compression::Tgz => {
            let level =
                u32::try_from(spec.compression_level.unwrap_or(6)).map_err(io::Error::other)?;
            // No time and "Unix", as gzip writes when it reads from a pipe.
            let mut encoder =
                GzBuilder::new().operating_system(3).write(out, flate2::Compression::new(level));
            write_tar(&mut encoder, changes, fill)?;
            encoder.finish().map(drop)
        }
        Compression::Tzst => {
            let mut encoder = zstd::Encoder::new(out, spec.compression_level.unwrap_or(3))?;
            // The `zstd` program, which Plesk runs, adds the checksum; the library does not.
            encoder.include_checksum(true)?;
            write_tar(&mut encoder, changes, fill)?;
            encoder.finish().map(drop)
        }
        Compression::Zip => {
            let level =
                u32::try_from(spec.compression_level.unwrap_or(6)).map_err(io::Error::other)?;
            let style = Style { windows: spec.system == System::Windows, level: Some(level) };
            write_zip(out, style, changes, fill)
        }
    }
}

/// Writes the bare tar.
pub(crate) fn write_tar<'a>(
    out: &'a mut dyn Write,
    changes: Option<&'a mut Changes>,
    fill: &mut dyn FnMut(&mut ArchiveWriter<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let out = Members::Tar(TarWriter::new(BufWriter::with_capacity(BUFFER, out)));
    finish(ArchiveWriter { out, changes }, fill)
}

fn write_zip<'a>(
    out: &'a mut dyn Write,
    style: Style,
    changes: Option<&'a mut Changes>,
    fill: &mut dyn FnMut(&mut ArchiveWriter<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let out = BufWriter::with_capacity(BUFFER, out);
    let out = Members::Zip(ZipWriter::new(out, style));
    finish(ArchiveWriter { out, changes }, fill)
}

fn finish(
    mut archive: ArchiveWriter<'_>,
    fill: &mut dyn FnMut(&mut ArchiveWriter<'_>) -> io::Result<()>,
) -> io::Result<()> {
    fill(&mut archive)?;
    match archive.out {
        Members::Tar(tar) => tar.finish()?.flush(),
        Members::Zip(zip) => zip.finish()?.flush(),
    }
}

/// The extension that goes with the format.
pub(crate) fn extension(compression: Compression) -> &'static str {
    match compression {
        Compression::Tar => "tar",
        Compression::Tgz => "tgz",
        Compression::Tzst => "tzst",
        Compression::Zip => "zip",
    }
}
