//! The bytes of a backup file, or of all its parts.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::sets::FileSet;
use crate::container::{Container, Indexed, index};
use crate::damage::Damage;
use crate::printable;
use crate::tree::bytes::Bytes;

/// Opens the parts as one.
pub(super) fn concatenated(set: &FileSet) -> io::Result<Arc<Bytes>> {
    files(set).and_then(Bytes::concatenated).map(Arc::new)
}

/// Lists the files of a container in parts.
///
/// Whoever splits a file makes parts of one size, so that a part that is smaller, and is not the
/// last, is cut. Then everything behind it stands at the wrong place, unless what it lacks is
/// counted in. Where the parts make a whole without that, they were only made otherwise.
pub(super) fn index_parts(
    set: &FileSet,
    container: Container,
    bytes: &Arc<Bytes>,
) -> io::Result<Indexed> {
    let plain = index(container, bytes)?;
    let cut = cut_parts(set, bytes);
    if cut.is_empty() || (plain.damage.is_empty() && !plain.goes_on) {
        return Ok(plain);
    }
    let padded = Arc::new(Bytes::padded(files(set)?)?);
    let with_holes = index(container, &padded)?;
    let has_more = plain.entries.len() > with_holes.entries.len();
    let mut better = if has_more { plain } else { with_holes };
    better.damage.splice(0..0, cut);
    Ok(better)
}

/// Parts before the last that are smaller than others.
pub(super) fn cut_parts(set: &FileSet, bytes: &Bytes) -> Vec<Damage> {
    let lengths = bytes.part_lengths();
    let Some((_last, others)) = lengths.split_last() else { return Vec::new() };
    let size = others.iter().copied().max().unwrap_or_default();
    let cut = others.iter().zip(&set.files).filter(|(length, _)| **length < size);
    cut.map(|(length, file)| Damage::ShortPart {
        part: name(file),
        length: *length,
        expected: size,
    })
    .collect()
}

/// File name of a part, for people.
pub(super) fn name(path: &std::path::Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    printable(name.as_encoded_bytes())
}

fn files(set: &FileSet) -> io::Result<Vec<File>> {
    set.files.iter().map(File::open).collect()
}
