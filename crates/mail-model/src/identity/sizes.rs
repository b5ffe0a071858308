//! File names that claim a wrong size.
//!
//! Dovecot believes `,S=` and fails to serve a message whose file has another size (POP3 logins
//! end with `SYS/TEMP`). The name is what a message is known by, but a list that is written anew
//! can name the file otherwise and keep everything that clients know: UID and UIDL stand in it,
//! and the GUID, which is the base name where no other is given, becomes a field of its own.

use super::files::FileEntry;
use super::imap::Numbers;
use super::{Finding, RawFolder};
use crate::folder::FolderName;
use std::collections::HashSet;

/// Takes wrong sizes out of names. One that would meet another name then, or that no field can
/// hold, stays as it is.
pub(super) fn mend(
    raw: &RawFolder,
    entries: &mut [FileEntry],
    numbers: &mut Numbers,
    folder: &FolderName,
    findings: &mut Vec<Finding>,
) {
    let is_wrong = |entry: &FileEntry| {
        entry.name.size().is_some_and(|size| size != raw.files[entry.file].size)
    };
    if !entries.iter().any(is_wrong) {
        return;
    }
    let mut bases: HashSet<Vec<u8>> = entries.iter().map(|entry| entry.name.base.clone()).collect();
    let (mut mended, mut left) = (0, 0);
    for numbered in &mut numbers.messages {
        let entry = &mut entries[numbered.entry];
        if !is_wrong(entry) {
            continue;
        }
        let base = without_sizes(&entry.name.base);
        // The old name becomes a field, and a field ends at a space.
        let is_field = !entry.name.base.contains(&b' ');
        if base.is_empty() || !is_field || !bases.insert(base.clone()) {
            left += 1;
            continue;
        }
        mended += 1;
        numbered.fields.retain(|(key, _)| !matches!(key, b'S' | b'W'));
        if !numbered.fields.iter().any(|(key, _)| *key == b'G') {
            numbered.fields.push((b'G', entry.name.base.clone()));
        }
        entry.name = entry.name.with_base(base);
    }
    findings.push(Finding::SizeInNameWrong { folder: folder.clone(), mended, left });
}

/// A base name without its `,S=` and `,W=`.
fn without_sizes(base: &[u8]) -> Vec<u8> {
    let parts = base.split(|byte| *byte == b',');
    let kept: Vec<&[u8]> = parts
        .enumerate()
        .filter(|(at, part)| *at == 0 || !(part.starts_with(b"S=") || part.starts_with(b"W=")))
        .map(|(_, part)| part)
        .collect();
    kept.join(&b',')
}

#[cfg(test)]
mod tests {
    use super::without_sizes;

    #[test]
    fn only_sizes_go() {
        assert_eq!(without_sizes(b"1.M2P3.host,S=5,W=6"), b"1.M2P3.host");
        assert_eq!(without_sizes(b"1.host,S=5,X=y"), b"1.host,X=y");
        assert_eq!(without_sizes(b"S=5"), b"S=5");
    }
}
