//! Several files that are one backup: a full one and its increments, exported each for itself.

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::damage::Damage;
use crate::metadata::FileName;
use crate::open_error::OpenError;
use crate::printable;
use crate::tree::{Entry, EntryReader, Source, Tree};

/// What Plesk Obsidian adds to each export: about that file alone, and read by nobody.
const ABOUT_THE_EXPORT: [&[u8]; 3] = [b"dump-header", b"dump-index", b"archive-index"];
const BUFFER: usize = 256 * 1024;

/// The files of one backup file, its wrapping directory taken off.
pub(super) struct Piece {
    pub(super) path: PathBuf,
    pub(super) sources: Vec<Source>,
    pub(super) entries: Vec<Entry>,
}

/// Puts the files of all of them into one tree. Of two with one path the whole one is taken, and
/// else the first.
pub(super) fn unite(
    pieces: Vec<Piece>,
    cancelled: &dyn Fn() -> bool,
) -> Result<(Tree, Vec<Damage>), OpenError> {
    let mut sources: Vec<Source> = Vec::new();
    let mut entries: Vec<Entry> = Vec::new();
    let mut damage = Vec::new();
    // Position of the entry and whose it is.
    let mut by_path: HashMap<Vec<u8>, (usize, usize)> = HashMap::new();
    let mut paths: Vec<PathBuf> = Vec::new();
    for (index, piece) in pieces.into_iter().enumerate() {
        let shift = sources.len();
        sources.extend(piece.sources);
        paths.push(piece.path);
        for mut entry in piece.entries {
            entry.source += shift;
            let Some(&(position, owner)) = by_path.get(&entry.path) else {
                by_path.insert(entry.path.clone(), (entries.len(), index));
                entries.push(entry);
                continue;
            };
            // Within one file the index of its container has decided already.
            if owner == index || ABOUT_THE_EXPORT.contains(&entry.path.as_slice()) {
                continue;
            }
            let known = &entries[position];
            let clash = Clash { sources: &sources, known, other: &entry, cancelled };
            match clash.judge() {
                Ok(Verdict::Same) => {}
                Ok(verdict) => {
                    let takes_other = verdict == Verdict::OtherIsWhole;
                    if verdict == Verdict::Different && is_main_metadata(&entry.path) {
                        return Err(OpenError::DifferentBackups {
                            first: paths[owner].clone(),
                            second: paths[index].clone(),
                            member: printable(&entry.path),
                        });
                    }
                    let (kept, dropped) = if takes_other { (index, owner) } else { (owner, index) };
                    damage.push(Damage::InTwoBackups {
                        path: entry.path.clone(),
                        kept: file_name(&paths[kept]),
                        kept_size: if takes_other { entry.available } else { known.available },
                        dropped: file_name(&paths[dropped]),
                        dropped_size: if takes_other { known.available } else { entry.available },
                    });
                    if takes_other {
                        by_path.insert(entry.path.clone(), (position, index));
                        entries[position] = entry;
                    }
                }
                Err(Failure::Cancelled) => return Err(OpenError::Cancelled),
                Err(Failure::Io(source)) => {
                    return Err(OpenError::Io { path: paths[index].clone(), source });
                }
            }
        }
    }
    Ok((Tree::new(sources, entries), damage))
}

/// Metadata at the root say what the backup is of.
fn is_main_metadata(path: &[u8]) -> bool {
    !path.contains(&b'/') && FileName::parse(path).is_some_and(|name| name.is_metadata)
}

fn file_name(path: &Path) -> String {
    super::parts::name(path)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Same,
    /// Both are whole, or both are cut, and they differ.
    Different,
    KnownIsWhole,
    OtherIsWhole,
}

enum Failure {
    Cancelled,
    Io(io::Error),
}

/// Two files of one path.
struct Clash<'a> {
    sources: &'a [Source],
    known: &'a Entry,
    other: &'a Entry,
    cancelled: &'a dyn Fn() -> bool,
}

impl Clash<'_> {
    fn judge(&self) -> Result<Verdict, Failure> {
        let is_whole = |entry: &Entry| entry.available == entry.size;
        match (is_whole(self.known), is_whole(self.other)) {
            (true, false) => return Ok(Verdict::KnownIsWhole),
            (false, true) => return Ok(Verdict::OtherIsWhole),
            _ => {}
        }
        let same_size =
            self.known.size == self.other.size && self.known.available == self.other.available;
        if !same_size || !self.has_same_bytes()? {
            return Ok(Verdict::Different);
        }
        Ok(Verdict::Same)
    }

    /// Reads both: an increment's export may hold the full backup's archives once more.
    fn has_same_bytes(&self) -> Result<bool, Failure> {
        let open = |entry: &Entry| {
            EntryReader::open(&self.sources[entry.source], entry).map_err(Failure::Io)
        };
        let (mut known, mut other) = (open(self.known)?, open(self.other)?);
        let (mut left, mut right) = (vec![0; BUFFER], vec![0; BUFFER]);
        loop {
            if (self.cancelled)() {
                return Err(Failure::Cancelled);
            }
            let count = fill(&mut known, &mut left).map_err(Failure::Io)?;
            if fill(&mut other, &mut right).map_err(Failure::Io)? != count
                || left[..count] != right[..count]
            {
                return Ok(false);
            }
            if count < BUFFER {
                return Ok(true);
            }
        }
    }
}

fn fill(reader: &mut EntryReader, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
