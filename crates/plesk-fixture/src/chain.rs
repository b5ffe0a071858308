//! What the dumps of a chain hold of each archive's files: an increment packs only what changed.
//!
//! Plesk compares path, size and the later of mtime and ctime with the index of the dump before;
//! copies of a maildir keep no ctime, so that here the mtime stands alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Every file that an archive of one directory and kind would hold if it were packed whole.
#[derive(Clone, Default)]
pub(crate) struct FileIndex {
    entries: BTreeMap<Vec<u8>, Indexed>,
}

#[derive(Clone)]
struct Indexed {
    is_directory: bool,
    size: u64,
    /// Nanoseconds since 1970, or whole seconds of them.
    time: i128,
    /// Stamp of the dump that holds it.
    stamp: String,
}

impl FileIndex {
    /// Stamps of the dumps that hold its files.
    pub(crate) fn stamps(&self) -> BTreeSet<&str> {
        self.entries.values().map(|entry| entry.stamp.as_str()).collect()
    }

    /// The rows of `cid_*`, as far as they can be guessed: Plesk's are known to begin with the
    /// encoded path, `d` or `f`, size, time, a number for the order, user, group and mode, and must
    /// say which dump holds the file.
    pub(crate) fn rows(&self) -> String {
        let mut rows = String::new();
        for (order, (path, entry)) in self.entries.iter().enumerate() {
            for byte in path {
                if byte.is_ascii_graphic() && *byte != b'%' {
                    rows.push(char::from(*byte));
                } else {
                    // Writing into a String does not fail.
                    let _ = write!(rows, "%{byte:02X}");
                }
            }
            let (kind, mode) = if entry.is_directory { ("d", "0700") } else { ("f", "0600") };
            let seconds = entry.time.div_euclid(1_000_000_000);
            let (size, stamp) = (entry.size, &entry.stamp);
            let _ = writeln!(
                rows,
                "\t{kind}\t{size}\t{seconds}\t{order}\tpopuser\tpopuser\t{mode}\t{stamp}"
            );
        }
        rows
    }
}

/// One archive of one dump while it is packed.
#[derive(Clone)]
pub(crate) struct Changes {
    stamp: String,
    before: FileIndex,
    now: FileIndex,
}

impl Changes {
    /// Everything counts as changed where `before` is empty, as in a full dump.
    pub(crate) fn new(stamp: &str, before: FileIndex) -> Self {
        Self { stamp: stamp.to_owned(), before, now: FileIndex::default() }
    }

    /// Whether a member has to be packed: it is new, or another than the dump before has.
    ///
    /// Asked twice for one path, the answer stays: a file on disk is asked for with all digits of
    /// its time, and again with those that a tar header holds.
    pub(crate) fn wants(&mut self, path: &[u8], is_directory: bool, size: u64, time: i128) -> bool {
        let path = path.strip_suffix(b"/").unwrap_or(path);
        if let Some(known) = self.now.entries.get(path) {
            return known.stamp == self.stamp;
        }
        let same = |entry: &&Indexed| {
            (entry.is_directory, entry.size, entry.time) == (is_directory, size, time)
        };
        let stamp = match self.before.entries.get(path).filter(same) {
            Some(unchanged) => unchanged.stamp.clone(),
            None => self.stamp.clone(),
        };
        let is_wanted = stamp == self.stamp;
        self.now.entries.insert(path.to_vec(), Indexed { is_directory, size, time, stamp });
        is_wanted
    }

    /// Whether the archive holds a member of this name.
    pub(crate) fn holds(&self, path: &[u8]) -> bool {
        self.now.entries.get(path).is_some_and(|entry| entry.stamp == self.stamp)
    }

    /// Whether there was anything to pack.
    pub(crate) fn any(&self) -> bool {
        self.now.entries.values().any(|entry| entry.stamp == self.stamp)
    }

    /// The index after this dump; what was deleted is gone from it.
    pub(crate) fn finish(self) -> FileIndex {
        self.now
    }
}

/// The indexes of the chains that were packed so far.
#[derive(Default)]
pub(crate) struct History {
    /// By stamp of the full dump, directory in the tree, and kind of archive.
    indexes: BTreeMap<(String, String, String), FileIndex>,
    /// Stamps of the full dumps.
    full: BTreeSet<String>,
}

impl History {
    /// The index of an archive; none before its first dump.
    pub(crate) fn get(&self, base: &str, directory: &str, kind: &str) -> Option<&FileIndex> {
        self.indexes.get(&(base.to_owned(), directory.to_owned(), kind.to_owned()))
    }

    pub(crate) fn set(&mut self, base: &str, directory: &str, kind: &str, index: FileIndex) {
        self.indexes.insert((base.to_owned(), directory.to_owned(), kind.to_owned()), index);
    }

    /// Stamps of the dumps that hold files of any archive of a chain.
    pub(crate) fn stamps(&self, base: &str) -> BTreeSet<&str> {
        let chain = self.indexes.iter().filter(|((of, _, _), _)| of == base);
        chain.flat_map(|(_, index)| index.stamps()).collect()
    }

    /// Begins a chain.
    pub(crate) fn begin(&mut self, full: &str) {
        self.full.insert(full.to_owned());
    }

    /// Whether a chain has been begun.
    pub(crate) fn knows(&self, base: &str) -> bool {
        self.full.contains(base)
    }
}
