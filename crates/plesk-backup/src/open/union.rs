//! Several files that are one backup: a full one and its increments, exported each for itself.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::archive::is_damage;
use crate::damage::Damage;
use crate::metadata::FileName;
use crate::open_error::OpenError;
use crate::printable;
use crate::tree::{Encoding, Entry, EntryReader, Source, Tree};

/// What Plesk Obsidian adds to each export: about that file alone, and read by nobody.
const ABOUT_THE_EXPORT: [&[u8]; 3] = [b"dump-header", b"dump-index", b"archive-index"];
const BUFFER: usize = 256 * 1024;

/// The files of one backup file, its wrapping directory taken off.
pub(super) struct Piece {
    pub(super) path: PathBuf,
    pub(super) sources: Vec<Source>,
    pub(super) entries: Vec<Entry>,
}

/// Puts the files of all of them into one tree. Of two with one path the one is taken that is
/// whole and can be read, and else the first.
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
            let Judgement { verdict, broken } = match clash.judge() {
                Ok(judgement) => judgement,
                Err(Failure::Cancelled) => return Err(OpenError::Cancelled),
                Err(Failure::Io(which, source)) => {
                    let path = paths[which.of(owner, index)].clone();
                    return Err(OpenError::Io { path, source });
                }
            };
            for (which, detail) in broken {
                let (path, file) = (entry.path.clone(), file_name(&paths[which.of(owner, index)]));
                let damaged = Box::new(Damage::Unreadable { path, detail });
                damage.push(Damage::OfFile { file, damage: damaged });
            }
            if verdict == Verdict::Same {
                continue;
            }
            if verdict == Verdict::Different && is_main_metadata(&entry.path) {
                return Err(OpenError::DifferentBackups {
                    first: paths[owner].clone(),
                    second: paths[index].clone(),
                    member: printable(&entry.path),
                });
            }
            let takes_other = verdict == Verdict::TakesOther;
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Same,
    /// Nothing says that one of both is damaged, and they differ.
    Different,
    /// They differ, and the other one is not better.
    KeepsKnown,
    /// They differ, and the other one is better.
    TakesOther,
}

/// What came of two files of one path.
struct Judgement {
    verdict: Verdict,
    /// Which of them were found to be damaged when they were read, and how.
    broken: Vec<(Which, String)>,
}

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Known,
    Other,
}

impl Which {
    fn of<T>(self, known: T, other: T) -> T {
        match self {
            Which::Known => known,
            Which::Other => other,
        }
    }
}

enum Failure {
    Cancelled,
    Io(Which, io::Error),
}

/// Two files of one path.
struct Clash<'a> {
    sources: &'a [Source],
    known: &'a Entry,
    other: &'a Entry,
    cancelled: &'a dyn Fn() -> bool,
}

impl Clash<'_> {
    fn judge(&self) -> Result<Judgement, Failure> {
        let by_index = |verdict| Ok(Judgement { verdict, broken: Vec::new() });
        match usefulness(self.known).cmp(&usefulness(self.other)) {
            Ordering::Greater => return by_index(Verdict::KeepsKnown),
            Ordering::Less => return by_index(Verdict::TakesOther),
            Ordering::Equal => {}
        }
        let same_size =
            self.known.size == self.other.size && self.known.available == self.other.available;
        if self.known.is_refused() {
            // Nothing but the checksum tells what is in them.
            let is_same = same_size && checksum(self.known) == checksum(self.other);
            return by_index(if is_same { Verdict::Same } else { Verdict::Different });
        }
        // Without checksums, reading tells nothing of files with different sizes.
        let has_sums = checksum(self.known).is_some() || checksum(self.other).is_some();
        if !same_size && !has_sums {
            return by_index(Verdict::Different);
        }
        let Contents { same, known, other } = self.read_both()?;
        let verdict = match (&known, &other) {
            (None, None) if same_size && same => Verdict::Same,
            (None, None) => Verdict::Different,
            (Some(_), None) => Verdict::TakesOther,
            (_, Some(_)) => Verdict::KeepsKnown,
        };
        let broken = [(Which::Known, known), (Which::Other, other)];
        let broken = broken.into_iter().filter_map(|(which, detail)| Some((which, detail?)));
        Ok(Judgement { verdict, broken: broken.collect() })
    }

    /// Reads both: an increment's export may hold the full backup's archives once more.
    fn read_both(&self) -> Result<Contents, Failure> {
        let mut known = Reading::open(self.sources, self.known, Which::Known)?;
        let mut other = Reading::open(self.sources, self.other, Which::Other)?;
        let mut same = true;
        while known.goes_on() || other.goes_on() {
            if (self.cancelled)() {
                return Err(Failure::Cancelled);
            }
            known.read_on()?;
            other.read_on()?;
            same &= known.block() == other.block();
            // What has no checksum is as good as it ever will be.
            if !same && !known.is_checked && !other.is_checked {
                break;
            }
        }
        Ok(Contents { same, known: known.broken, other: other.broken })
    }
}

/// What reading two files tells: whether their bytes are the same, and how each is damaged.
struct Contents {
    same: bool,
    known: Option<String>,
    other: Option<String>,
}

/// What gives nothing is less than what gives a part, and that is less than the whole.
fn usefulness(entry: &Entry) -> u8 {
    if entry.is_refused() { 0 } else { 1 + u8::from(entry.is_whole()) }
}

fn checksum(entry: &Entry) -> Option<u32> {
    match entry.encoding {
        Encoding::Zip(place) => Some(place.crc32),
        _ => None,
    }
}

/// A file that is read block by block, up to its end or to what is wrong with it.
struct Reading {
    which: Which,
    reader: Option<EntryReader>,
    buffer: Vec<u8>,
    filled: usize,
    is_checked: bool,
    broken: Option<String>,
}

impl Reading {
    fn open(sources: &[Source], entry: &Entry, which: Which) -> Result<Reading, Failure> {
        let reader = EntryReader::open(&sources[entry.source], entry)
            .map_err(|error| Failure::Io(which, error))?;
        Ok(Reading {
            which,
            reader: Some(reader),
            buffer: vec![0; BUFFER],
            filled: 0,
            is_checked: checksum(entry).is_some(),
            broken: None,
        })
    }

    fn goes_on(&self) -> bool {
        self.reader.is_some()
    }

    fn block(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }

    fn read_on(&mut self) -> Result<(), Failure> {
        self.filled = 0;
        while let Some(reader) = &mut self.reader
            && self.filled < self.buffer.len()
        {
            match reader.read(&mut self.buffer[self.filled..]) {
                Ok(0) => self.reader = None,
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_damage(&error) => {
                    self.broken = Some(error.to_string());
                    self.reader = None;
                }
                Err(error) => return Err(Failure::Io(self.which, error)),
            }
        }
        Ok(())
    }
}
