//! Content that is no archive: files of the backup itself.

use std::io::{self, Read};

use super::{ArchiveFormat, ContentArchive, LooseFile, MemberKind, chain};
use crate::tree::{Entry, EntryId, Tree};

/// All files below a directory of the tree; members are called as they are below it.
pub(crate) fn directory(tree: &Tree, directory: &[u8]) -> ContentArchive {
    let skipped = if directory.is_empty() { 0 } else { directory.len() + 1 };
    let files = tree
        .below(directory)
        .into_iter()
        .map(|id| {
            let (entry, open) = (tree.get(id), tree.opener(id));
            loose(entry.path[skipped..].to_vec(), entry, move || Ok(Box::new(open()?)))
        })
        .collect();
    ContentArchive::of_files(ArchiveFormat::Files, files)
}

/// Files that are one, such as the volumes of an mbox: a single member, called as the first.
pub(crate) fn single(tree: &Tree, ids: &[EntryId]) -> ContentArchive {
    let entries: Vec<&Entry> = ids.iter().map(|id| tree.get(*id)).collect();
    let file = entries.first().map(|first| {
        let name = first.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let openers: Vec<_> = ids.iter().map(|id| tree.opener(*id)).collect();
        let open = move || -> io::Result<Box<dyn Read + Send>> {
            let mut readers: Vec<Box<dyn Read + Send>> = Vec::with_capacity(openers.len());
            for open in openers {
                readers.push(Box::new(open()?));
            }
            Ok(chain(readers))
        };
        let size = entries.iter().fold(0, |sum: u64, entry| sum.saturating_add(entry.size));
        LooseFile { size, ..loose(name.to_vec(), first, open) }
    });
    ContentArchive::of_files(ArchiveFormat::Files, file.into_iter().collect())
}

fn loose(
    path: Vec<u8>,
    entry: &Entry,
    open: impl FnOnce() -> io::Result<Box<dyn Read + Send>> + Send + 'static,
) -> LooseFile {
    LooseFile {
        path,
        kind: MemberKind::File,
        size: entry.size,
        mtime: entry.mtime,
        offset: entry.offset,
        open: Box::new(open),
    }
}
