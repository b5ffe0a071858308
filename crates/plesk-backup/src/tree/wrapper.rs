//! The directory that some packs put around everything.

use super::Entry;
use crate::damage::Damage;

/// Directories of the tree itself; a server-level backup that is cut may hold only one of them.
const OWN_DIRECTORIES: [&[u8]; 9] = [
    b"domains",
    b"clients",
    b"resellers",
    b"sites",
    b"databases",
    b"mailnames",
    b"subdomains",
    b"phosting",
    b".discovered",
];

/// Removes the one directory in which everything lies, and returns its name.
pub(crate) fn strip(entries: &mut [Entry], damage: &mut [Damage]) -> Option<Vec<u8>> {
    let first = entries.first()?;
    let slash = first.path.iter().position(|byte| *byte == b'/')?;
    let wrapper = first.path[..slash].to_vec();
    let prefix = first.path[..=slash].to_vec();
    let is_own = OWN_DIRECTORIES.contains(&wrapper.as_slice());
    if is_own || !entries.iter().all(|entry| entry.path.starts_with(&prefix)) {
        return None;
    }
    for entry in entries {
        entry.path.drain(..prefix.len());
    }
    for path in damage.iter_mut().filter_map(Damage::path_mut) {
        if path.starts_with(&prefix) {
            path.drain(..prefix.len());
        }
    }
    Some(wrapper)
}
