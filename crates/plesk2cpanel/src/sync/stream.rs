//! Messages of a backup, read once more for their bytes.

use std::io::Read;

use plesk_backup::Member;

use crate::account::Run;
use crate::error::Error;
use crate::scan::{ScannedDomain, Source, archive_name};
use crate::storage::Storage;

/// A message that is wanted, and by what number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wanted {
    pub(super) source: Source,
    pub(super) number: usize,
}

/// Takes a message's bytes, and the numbers under which it is wanted: several where it has several
/// names.
pub(super) type Take<'a> = dyn FnMut(&[usize], &mut dyn Read) -> Result<(), Error> + 'a;

/// Gives the wanted messages, in the order in which the archives hold them.
///
/// # Errors
/// What `take` says, when an archive can't be read any more or lacks a message that it had, and when
/// the run is interrupted.
pub(super) fn messages(
    run: &Run<'_>,
    domain: &ScannedDomain,
    mut wanted: Vec<Wanted>,
    take: &mut Take<'_>,
) -> Result<(), Error> {
    wanted.sort_unstable();
    let mut rest = wanted.as_slice();
    for (index, archive) in domain.archives.iter().enumerate() {
        let here = rest.partition_point(|wanted| wanted.source.archive == index);
        let (mut queue, later) = rest.split_at(here);
        rest = later;
        if queue.is_empty() {
            continue;
        }
        let name = archive_name(run.backup, &archive.content);
        let content = archive
            .open(run.backup)
            .map_err(|error| Error::Archive { archive: name.clone(), text: error.to_string() })?;
        let mut ordinal = 0;
        content
            .walk(|member| {
                if run.interrupt.is_raised() {
                    return Err(Error::Interrupted);
                }
                let files = queue.partition_point(|wanted| wanted.source.member == ordinal);
                ordinal += 1;
                let (now, later) = queue.split_at(files);
                queue = later;
                if now.is_empty() { Ok(()) } else { member_of(&name, member, now, take) }
            })
            .map_err(|error| Error::walk(name.clone(), error))?;
        if !queue.is_empty() {
            let text = "a message was there when the archive was read first, and is gone now";
            return Err(Error::ChangedMeanwhile { archive: name, text: text.to_owned() });
        }
    }
    Ok(())
}

fn member_of(
    archive: &str,
    member: &mut Member<'_>,
    wanted: &[Wanted],
    take: &mut Take<'_>,
) -> Result<(), Error> {
    let changed = |text: String| Error::ChangedMeanwhile { archive: archive.to_owned(), text };
    if member.size != wanted[0].source.stored {
        return Err(changed(format!(
            "a file had {} bytes when the archive was read first, and {} now",
            wanted[0].source.stored, member.size
        )));
    }
    // Bytes of the member that have gone by: an mbox holds its messages in the order of `wanted`.
    let mut gone = 0;
    for same in wanted.chunk_by(|one, other| one.source == other.source) {
        let storage = same[0].source.storage;
        let stored: Box<dyn Read + '_> = match storage {
            Storage::Mbox(stretch) => {
                let between = stretch.start.saturating_sub(gone);
                let skipped = std::io::copy(&mut member.take(between), &mut std::io::sink());
                skipped.map_err(|error| changed(error.to_string()))?;
                gone = stretch.end;
                Box::new(member.take(stretch.end - stretch.start))
            }
            Storage::Plain | Storage::Compressed(_) | Storage::Crlf => Box::new(&mut *member),
        };
        let mut plain = storage.reader(stored).map_err(|error| changed(error.to_string()))?;
        let numbers: Vec<usize> = same.iter().map(|wanted| wanted.number).collect();
        take(&numbers, &mut plain)?;
    }
    Ok(())
}
