//! Inner archives: tar, tar and gzip, tar and zstd.

use std::io::{self, BufWriter, Write};

use flate2::GzBuilder;

use crate::spec::{Compression, Spec};
use crate::tar_format::TarWriter;

/// Compressors are handed whole buffers, not the small pieces that members are made of.
const BUFFER: usize = 256 * 1024;

/// The tar stream of an inner archive, whatever lies below.
pub(crate) type ArchiveWriter<'a> = TarWriter<BufWriter<&'a mut dyn Write>>;

/// Writes one inner archive, whose members `fill` writes.
pub(crate) fn write_archive(
    spec: &Spec,
    out: &mut dyn Write,
    fill: &mut dyn FnMut(&mut ArchiveWriter<'_>) -> io::Result<()>,
) -> io::Result<()> {
    match spec.compression {
        Compression::Tar => write_tar(out, fill),
        Compression::Tgz => {
            let level =
                u32::try_from(spec.compression_level.unwrap_or(6)).map_err(io::Error::other)?;
            // No time and "Unix", as gzip writes when it reads from a pipe.
            let mut encoder =
                GzBuilder::new().operating_system(3).write(out, flate2::Compression::new(level));
            write_tar(&mut encoder, fill)?;
            encoder.finish().map(drop)
        }
        Compression::Tzst => {
            let mut encoder = zstd::Encoder::new(out, spec.compression_level.unwrap_or(3))?;
            // The `zstd` program, which Plesk runs, adds the checksum; the library does not.
            encoder.include_checksum(true)?;
            write_tar(&mut encoder, fill)?;
            encoder.finish().map(drop)
        }
    }
}

fn write_tar(
    out: &mut dyn Write,
    fill: &mut dyn FnMut(&mut ArchiveWriter<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut tar = TarWriter::new(BufWriter::with_capacity(BUFFER, out));
    fill(&mut tar)?;
    tar.finish()?.flush()
}

/// The extension that goes with the format.
pub(crate) fn extension(compression: Compression) -> &'static str {
    match compression {
        Compression::Tar => "tar",
        Compression::Tgz => "tgz",
        Compression::Tzst => "tzst",
    }
}
