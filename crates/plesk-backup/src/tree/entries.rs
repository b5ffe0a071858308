//! The entries of a container while it is indexed.

use std::collections::HashMap;

use super::{Encoding, Entry};
use crate::damage::Damage;
use crate::zip_format::Packing;

/// Entries in the order of their container, each path once.
#[derive(Debug, Default)]
pub(super) struct Entries {
    list: Vec<Entry>,
    by_path: HashMap<Vec<u8>, usize>,
}

impl Entries {
    /// Takes up an entry, and tells where it stands. The later of two with one path is taken, as
    /// programs do that unpack; but never one that is not whole instead of one that is. The other
    /// one is told in the damage.
    pub(super) fn push(&mut self, entry: Entry, damage: &mut Vec<Damage>) -> usize {
        let Some(index) = self.position(&entry.path) else {
            self.by_path.insert(entry.path.clone(), self.list.len());
            self.list.push(entry);
            return self.list.len() - 1;
        };
        let earlier = &mut self.list[index];
        let dropped = if !entry.is_whole() && earlier.is_whole() {
            entry
        } else {
            std::mem::replace(earlier, entry)
        };
        let kept = &self.list[index];
        damage.push(Damage::DuplicateEntry {
            path: kept.path.clone(),
            dropped: dropped.offset,
            dropped_size: dropped.size,
            kept: kept.offset,
            kept_size: kept.size,
        });
        index
    }

    pub(super) fn position(&self, path: &[u8]) -> Option<usize> {
        self.by_path.get(path).copied()
    }

    pub(super) fn get(&self, path: &[u8]) -> Option<&Entry> {
        self.position(path).map(|index| &self.list[index])
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.list.iter()
    }

    pub(super) fn into_list(self) -> Vec<Entry> {
        self.list
    }
}

impl Entry {
    /// Whether all its bytes are there, and in a form that can be read. Whether they are right is
    /// only known when they are read.
    pub(crate) fn is_whole(&self) -> bool {
        self.available == self.size && !self.is_refused()
    }

    /// Whether none of its bytes can be read, because it is encrypted or packed in another way.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.encoding, Encoding::Zip(place) if matches!(place.packing, Packing::Refused(_)))
    }
}
