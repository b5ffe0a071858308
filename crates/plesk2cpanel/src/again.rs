//! Messages of a domain's content archives, read once more.
//!
//! The first pass knows names and sizes of files alone, which is enough to convert. Reading whole
//! messages there would cost every run what only some commands need.

use std::io::Read;

use plesk_backup::Member;

use crate::account::Run;
use crate::error::Error;
use crate::scan::{ScannedDomain, Source, archive_name};
use crate::storage::Storage;

/// Takes a message: indexes into what was wanted, and its bytes.
pub(crate) type Visit<'a> = dyn FnMut(&[usize], Option<&mut dyn Read>) -> Result<(), Error> + 'a;

/// Gives each message that is wanted, as a maildir holds it, or None when it can't be read. Several
/// may be one member, or a stretch of one: they come together, as indexes into `wanted`.
///
/// # Errors
/// What `visit` says, when an archive can't be read any more, or the run is interrupted. What is
/// damaged was told by the first walk.
pub(crate) fn read_messages(
    run: &Run<'_>,
    domain: &ScannedDomain,
    wanted: &[Source],
    visit: &mut Visit<'_>,
) -> Result<(), Error> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|at| (wanted[*at], *at));
    let mut rest = order.as_slice();
    for (index, archive) in domain.archives.iter().enumerate() {
        let here = rest.partition_point(|at| wanted[*at].archive == index);
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
                let files = queue.partition_point(|at| wanted[*at].member == ordinal);
                ordinal += 1;
                let (now, later) = queue.split_at(files);
                queue = later;
                // Bytes of the member that have gone by: an mbox holds its messages in this order.
                let mut gone = 0;
                for same in now.chunk_by(|one, other| wanted[*one] == wanted[*other]) {
                    match message(member, &mut gone, wanted[same[0]].storage) {
                        Some(mut message) => visit(same, Some(&mut message))?,
                        None => visit(same, None)?,
                    }
                }
                Ok(())
            })
            .map_err(|error| Error::walk(name, error))?;
    }
    Ok(())
}

fn message<'a>(
    member: &'a mut Member<'_>,
    gone: &mut u64,
    storage: Storage,
) -> Option<Box<dyn Read + 'a>> {
    let stored: Box<dyn Read + 'a> = match storage {
        Storage::Mbox(stretch) => {
            let between = stretch.start.saturating_sub(*gone);
            std::io::copy(&mut member.take(between), &mut std::io::sink()).ok()?;
            *gone = stretch.end;
            Box::new(member.take(stretch.end - stretch.start))
        }
        Storage::Plain | Storage::Compressed(_) | Storage::Crlf => Box::new(member),
    };
    storage.reader(stored).ok()
}
