//! Content archives that are zip, as Plesk for Windows packs them.

use std::io::{self, Cursor, Read};
use std::sync::Arc;

use super::detect::Volumes;
use super::spooled::{Spooled, spool};
use super::{
    ArchiveDamage, ArchiveError, ArchiveFormat, ContentArchive, DamageKind, LooseFile, MemberKind,
};
use crate::printable;
use crate::tar_format::inner_path;
use crate::tree::bytes::Bytes;
use crate::zip_format::{self, Cause, Fault, Kind, Listed, Listing, Place};

/// Opens a zip: in place where its bytes lie in the backup as they are, else from a copy.
pub(super) fn open(volumes: Volumes, head: Vec<u8>) -> Result<ContentArchive, ArchiveError> {
    let name = volumes.name.clone();
    list(whole(volumes, head)?, name)
}

/// Opens a zip before which a text of at most `limit` bytes stands. What is no such zip is handed
/// back as nothing.
pub(super) fn open_behind_text(
    volumes: Volumes,
    head: Vec<u8>,
    limit: usize,
) -> Result<Option<ContentArchive>, ArchiveError> {
    let name = volumes.name.clone();
    let whole = whole(volumes, head)?;
    let before = zip_format::bytes_before(&whole.bytes)
        .map_err(|source| ArchiveError::Io { archive: name.clone(), source })?;
    if before.is_none_or(|before| before == 0 || before >= limit as u64) {
        return Ok(None);
    }
    list(whole, name).map(Some)
}

/// The bytes of an archive, so that they can be read at any place.
fn whole(volumes: Volumes, head: Vec<u8>) -> Result<Spooled, ArchiveError> {
    match volumes.in_place {
        Some(bytes) => Ok(Spooled { bytes, failure: None }),
        None => spool(&volumes.name, Cursor::new(head).chain(volumes.reader), &volumes.spool),
    }
}

fn list(whole: Spooled, name: String) -> Result<ContentArchive, ArchiveError> {
    let Spooled { bytes, failure } = whole;
    let bytes = Arc::new(bytes);
    let listing =
        zip_format::list(&bytes).map_err(|source| ArchiveError::Io { archive: name, source })?;
    let mut damage = Vec::new();
    if let Some(error) = failure {
        let detail = format!("the archive could not be unpacked to its end: {error}");
        damage.push(outside(DamageKind::Truncated, bytes.len(), detail));
    }
    let Listing { files, faults, base, .. } = listing;
    damage.extend(faults.into_iter().filter_map(damage_of));
    // Two files may have one name: as in a tar, both are members.
    let files = files.into_iter().map(|file| loose(file, &bytes)).collect();
    Ok(ContentArchive {
        leading_garbage: base,
        ..ContentArchive::of_files(ArchiveFormat::Zip, files).with_damage(damage)
    })
}

fn loose(file: Listed, bytes: &Arc<Bytes>) -> LooseFile {
    let Listed { path, kind, mtime, place, .. } = file;
    let path = inner_path(&path).unwrap_or(path);
    let whole = Arc::clone(bytes);
    let kind = match kind {
        Kind::File => MemberKind::File,
        Kind::Directory => MemberKind::Directory,
        Kind::Other(byte) => MemberKind::Other(byte),
        Kind::SymbolicLink => match target(bytes, &place) {
            // A changed bit makes a link of a message, whose lines lead nowhere.
            Ok(target) if target.iter().any(|byte| matches!(byte, 0 | b'\n')) => MemberKind::File,
            Ok(target) => MemberKind::SymbolicLink(target),
            // Why it cannot be read is found again when the walk comes to it.
            Err(_) => MemberKind::Other(b'2'),
        },
    };
    if let MemberKind::SymbolicLink(_) = kind {
        let open = || -> io::Result<Box<dyn Read + Send>> { Ok(Box::new(io::empty())) };
        return LooseFile { path, kind, size: 0, mtime, offset: place.data, open: Box::new(open) };
    }
    LooseFile {
        path,
        kind,
        size: place.size,
        mtime,
        offset: place.data,
        open: Box::new(move || zip_format::open(whole, &place)),
    }
}

/// Where a link leads: that is what its bytes say.
fn target(bytes: &Arc<Bytes>, place: &Place) -> io::Result<Vec<u8>> {
    let mut target = Vec::new();
    zip_format::open(Arc::clone(bytes), place)?.read_to_end(&mut target)?;
    Ok(target)
}

/// What is wrong with the archive beside single members.
fn damage_of(fault: Fault) -> Option<ArchiveDamage> {
    Some(match fault {
        Fault::Zip { offset, detail } => outside(DamageKind::BadHeader, offset, detail),
        Fault::Truncated { length, needed } => outside(
            DamageKind::Truncated,
            length,
            format!("the zip goes on to at least byte {needed}, and ends"),
        ),
        Fault::BadHeader { offset, detail, skipped } => {
            let detail = format!("{detail}; {skipped} bytes of the zip were skipped");
            outside(DamageKind::BadHeader, offset, detail)
        }
        Fault::TrailingData { offset, length } => outside(
            DamageKind::TrailingGarbage,
            offset,
            format!("{length} bytes that are no zip follow its end"),
        ),
        // Each of them is damaged on its own when it is read.
        Fault::Files { cause: Cause::Refused(_), .. } => return None,
        Fault::Files { path, offset, others, detail, .. } => {
            let path = printable(&path);
            let more =
                if others == 0 { String::new() } else { format!(" and {others} more members") };
            outside(DamageKind::Inconsistent, offset, format!("`{path}`{more}: {detail}"))
        }
    })
}

fn outside(what: DamageKind, offset: u64, detail: String) -> ArchiveDamage {
    ArchiveDamage {
        what,
        offset,
        member: None,
        ordinal: None,
        member_read: 0,
        member_size: 0,
        suspect_before: None,
        volume: None,
        detail,
    }
}
