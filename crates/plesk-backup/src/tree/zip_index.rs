//! Indexing an outer zip: its files, wherever their headers are.

use std::io;

use super::bytes::Bytes;
use super::entries::Entries;
use super::{Encoding, Entry};
use crate::damage::Damage;
use crate::tar_format::inner_path;
use crate::zip_format::{self, Fault, Kind, Listed};

/// How a zip ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// With the list of its files.
    List,
    /// That list is damaged, or there is more of the zip than there are bytes.
    NoList,
}

/// The files of a zip in the order of its list, and what is wrong with it.
pub(crate) fn index(bytes: &Bytes) -> io::Result<(Vec<Entry>, Vec<Damage>, End)> {
    let listing = zip_format::list(bytes)?;
    let mut indexer = Indexer {
        entries: Entries::default(),
        damage: listing.faults.into_iter().map(Damage::from).collect(),
    };
    for file in listing.files {
        indexer.keep(file);
    }
    let end = if listing.has_list { End::List } else { End::NoList };
    Ok((indexer.entries.into_list(), indexer.damage, end))
}

/// Names of the files of a zip, and whether there are no others: from its list, or, where that is
/// not there, from the headers in its first bytes.
pub(crate) fn names(bytes: &Bytes, limit: u64) -> io::Result<(Vec<Vec<u8>>, bool)> {
    if let Some(names) = zip_format::names(bytes)? {
        return Ok((names, true));
    }
    let head = Bytes::pieces([(bytes, 0, limit)]);
    let files = zip_format::list(&head)?.files.into_iter();
    let files = files.filter(|file| file.kind != Kind::Directory);
    Ok((files.map(|file| file.path).collect(), false))
}

struct Indexer {
    entries: Entries,
    damage: Vec<Damage>,
}

impl Indexer {
    fn keep(&mut self, file: Listed) {
        let Some(path) = safe_path(&file.path) else {
            self.damage.push(Damage::UnsafeName { path: file.path, offset: file.header });
            return;
        };
        let place = file.place;
        match file.kind {
            Kind::Directory => return,
            Kind::File => {}
            Kind::SymbolicLink => {
                self.damage.push(Damage::NotAFile { path, what: "a symbolic link".to_owned() });
                return;
            }
            Kind::Other(_) => {
                let what = "neither a file nor a directory".to_owned();
                self.damage.push(Damage::NotAFile { path, what });
                return;
            }
        }
        let (size, available) = (place.size, place.available);
        if available < size {
            let (path, offset) = (path.clone(), place.data);
            self.damage.push(Damage::CutEntry { path, offset, size, available });
        }
        let plain = Entry::plain(path, size, file.mtime, place.data);
        let entry = Entry { available, encoding: Encoding::Zip(place), ..plain };
        self.entries.push(entry, &mut self.damage);
    }
}

/// A path without `.` and empty parts; `None` when it is none, or leads out of the tree, on Windows
/// too.
fn safe_path(name: &[u8]) -> Option<Vec<u8>> {
    let has_drive = matches!(name, [letter, b':', ..] if letter.is_ascii_alphabetic());
    inner_path(name).filter(|path| !path.is_empty() && !has_drive)
}

impl From<Fault> for Damage {
    fn from(fault: Fault) -> Damage {
        match fault {
            Fault::Zip { offset, detail } => Damage::Zip { offset, detail },
            Fault::Truncated { length, needed } => Damage::Truncated { length, needed },
            Fault::BadHeader { offset, detail, skipped } => {
                Damage::BadHeader { offset, detail, skipped }
            }
            Fault::TrailingData { offset, length } => Damage::TrailingData { offset, length },
            Fault::Files { path, offset, others, detail, .. } => {
                Damage::ZipFiles { path, offset, others, detail }
            }
        }
    }
}
