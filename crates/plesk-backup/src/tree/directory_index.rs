//! Indexing a directory.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use super::Entry;
use crate::damage::Damage;
use crate::printable;

/// The files below `root`, sorted by path. Links are not followed: they may lead anywhere.
pub(crate) fn index(root: &Path) -> (Vec<Entry>, Vec<Damage>) {
    let mut entries = Vec::new();
    let mut damage = Vec::new();
    let mut pending = vec![Vec::new()];
    while let Some(directory) = pending.pop() {
        if let Err(error) = list(root, &directory, &mut entries, &mut pending, &mut damage) {
            damage.push(Damage::Unreadable { path: directory, detail: error.to_string() });
        }
    }
    entries.sort_by(|a: &Entry, b: &Entry| a.path.cmp(&b.path));
    (entries, damage)
}

fn list(
    root: &Path,
    directory: &[u8],
    entries: &mut Vec<Entry>,
    pending: &mut Vec<Vec<u8>>,
    damage: &mut Vec<Damage>,
) -> std::io::Result<()> {
    for item in fs::read_dir(root.join(super::reader::path_of(directory)?))? {
        let item = item?;
        let mut path = directory.to_vec();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(item.file_name().as_encoded_bytes());
        let metadata = match item.metadata() {
            Ok(metadata) => metadata,
            Err(error) => {
                damage.push(Damage::Unreadable { path, detail: error.to_string() });
                continue;
            }
        };
        if metadata.is_dir() {
            pending.push(path);
        } else if metadata.is_file() {
            let (size, mtime) = (metadata.len(), seconds(metadata.modified()?));
            entries.push(Entry::plain(path, size, mtime, 0));
        } else {
            let what = match fs::read_link(item.path()) {
                Ok(target) => {
                    let target = printable(target.as_os_str().as_encoded_bytes());
                    format!("a symbolic link to `{target}`")
                }
                Err(_) => "neither a file nor a directory".to_owned(),
            };
            damage.push(Damage::NotAFile { path, what });
        }
    }
    Ok(())
}

fn seconds(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |ago| -ago),
    }
}
