//! Damage in small steps, for tests of what a reader saves from it.
//!
//! Each step changes a file in place. To damage an inner archive or an XML file, pack a directory,
//! or take its place in an outer tar from [`member_range`].

use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Cuts a file off: bytes from `at` on are gone.
///
/// # Errors
///
/// When the file cannot be changed or has no more than `at` bytes.
pub fn truncate(path: &Path, at: u64) -> Result<()> {
    let file = open(path)?;
    let size = file.metadata()?.len();
    ensure!(at < size, "{}: cannot cut at {at}, the file has {size} bytes", path.display());
    file.set_len(at)?;
    Ok(())
}

/// Inverts all bits of the byte at `offset`.
///
/// # Errors
///
/// When the file cannot be changed or ends before `offset`.
pub fn flip(path: &Path, offset: u64) -> Result<()> {
    let mut file = open(path)?;
    let mut byte = [0];
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(&mut byte)
        .with_context(|| format!("{}: no byte at {offset}", path.display()))?;
    overwrite(path, offset, &[!byte[0]])
}

/// Writes `bytes` over what stands at `offset`; the size stays.
///
/// # Errors
///
/// When the file cannot be changed or ends before the last of the bytes.
pub fn overwrite(path: &Path, offset: u64, bytes: &[u8]) -> Result<()> {
    let mut file = open(path)?;
    let size = file.metadata()?.len();
    let end = offset + bytes.len() as u64;
    ensure!(end <= size, "{}: {end} is behind its {size} bytes", path.display());
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)?;
    Ok(())
}

/// Takes the bytes of `range` out; what follows moves forward.
///
/// # Errors
///
/// When the file cannot be changed or does not have these bytes.
pub fn remove_range(path: &Path, range: Range<usize>) -> Result<()> {
    let mut bytes = read(path)?;
    let size = bytes.len();
    ensure!(range.end <= size, "{}: {} is behind its {size} bytes", path.display(), range.end);
    bytes.drain(range);
    write(path, &bytes)
}

/// Puts bytes before the content, as an error text that leaked into an archive.
///
/// # Errors
///
/// When the file cannot be changed.
pub fn prepend(path: &Path, bytes: &[u8]) -> Result<()> {
    write(path, &[bytes, &read(path)?].concat())
}

/// Puts bytes behind the content.
///
/// # Errors
///
/// When the file cannot be changed.
pub fn append(path: &Path, bytes: &[u8]) -> Result<()> {
    write(path, &[&read(path)?, bytes].concat())
}

/// Cuts an XML file off before the first occurrence of `text`.
///
/// # Errors
///
/// When the file cannot be changed or does not hold the text.
pub fn cut_xml(path: &Path, text: &str) -> Result<()> {
    let at = find(&read(path)?, text.as_bytes())
        .with_context(|| format!("{} does not hold {text:?}", path.display()))?;
    truncate(path, at as u64)
}

/// Replaces the first occurrence of `old`.
///
/// # Errors
///
/// When the file cannot be changed or does not hold `old`.
pub fn replace(path: &Path, old: &[u8], new: &[u8]) -> Result<()> {
    let mut bytes = read(path)?;
    let at = find(&bytes, old).with_context(|| {
        format!("{} does not hold {:?}", path.display(), String::from_utf8_lossy(old))
    })?;
    bytes.splice(at..at + old.len(), new.iter().copied());
    write(path, &bytes)
}

/// Where the content of a member lies in an outer tar.
///
/// # Errors
///
/// When the tar cannot be read or has no such member.
pub fn member_range(tar: &Path, member: &str) -> Result<Range<u64>> {
    let mut archive = tar::Archive::new(open(tar)?);
    for entry in archive.entries_with_seek()? {
        let entry = entry?;
        if entry.path_bytes() == member.as_bytes() {
            let start = entry.raw_file_position();
            return Ok(start..start + entry.size());
        }
    }
    anyhow::bail!("{} has no member {member}", tar.display())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len().max(1)).position(|window| window == wanted)
}

fn open(path: &Path) -> Result<fs::File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .with_context(|| format!("cannot open {}", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
