//! Which message each entry of a listing names.

use super::MatchedBy;
use crate::identity::imap::Numbers;
use crate::identity::pop3::Names;
use crate::identity::{Certainty, RawListing};
use crate::uidl::ListedUidl;
use crate::wire_size::WireSize;
use std::collections::{HashMap, HashSet};

/// An entry of the listing for each message, by the index of the message's file entry.
pub(super) type ByEntry = Vec<Option<(usize, MatchedBy)>>;

pub(super) struct Pairs<'a> {
    listed: &'a [ListedUidl],
    sizes: &'a [Option<WireSize>],
    /// By entry of the listing.
    taken: Vec<bool>,
    pub(super) by_entry: ByEntry,
}

impl<'a> Pairs<'a> {
    /// `sizes` are by file entry.
    pub(super) fn new(listing: &'a RawListing, sizes: &'a [Option<WireSize>]) -> Self {
        Pairs {
            listed: &listing.entries,
            sizes,
            taken: vec![false; listing.entries.len()],
            by_entry: vec![None; sizes.len()],
        }
    }

    fn pair(&mut self, entry: usize, listed: usize, by: MatchedBy) {
        self.by_entry[entry] = Some((listed, by));
        self.taken[listed] = true;
    }

    fn agrees(&self, entry: usize, listed: usize) -> Option<bool> {
        agrees(&self.listed[listed], self.sizes[entry])
    }

    /// Pairs by UID. A UID that the server has yet to give may go to another message, so that there
    /// the size has to agree.
    pub(super) fn by_uid(&mut self, numbers: &Numbers) {
        let known: HashMap<u32, (usize, Certainty)> = numbers
            .messages
            .iter()
            .map(|message| (message.uid, (message.entry, message.certainty)))
            .collect();
        for at in 0..self.listed.len() {
            let Some((entry, certainty)) = self.listed[at].uid.and_then(|uid| known.get(&uid))
            else {
                continue;
            };
            let is_given = *certainty < Certainty::Predicted;
            if self.by_entry[*entry].is_none()
                && (is_given || self.agrees(*entry, at) == Some(true))
            {
                self.pair(*entry, at, MatchedBy::Uid);
            }
        }
    }

    /// Pairs by what the files say that a message was called. Sizes have to agree where both are
    /// known, unless `whatever_size`; then the server must have had the message in its list.
    pub(super) fn by_value(&mut self, names: &Names, order: &[usize], whatever_size: bool) {
        let mut open: HashMap<&[u8], Vec<usize>> = HashMap::new();
        for (at, listed) in self.listed.iter().enumerate().rev() {
            if !self.taken[at] {
                open.entry(&listed.uidl).or_default().push(at);
            }
        }
        for entry in order.iter().copied() {
            let named = &names.by_entry[entry];
            let Some(value) = &named.value else { continue };
            if self.by_entry[entry].is_some()
                || (whatever_size && named.certainty >= Certainty::Predicted)
            {
                continue;
            }
            let Some(candidates) = open.get_mut(value.as_slice()) else { continue };
            // The last of them is the first of the listing.
            let found = candidates
                .iter()
                .rposition(|at| whatever_size || self.agrees(entry, *at) != Some(false));
            if let Some(found) = found {
                let at = candidates.remove(found);
                self.pair(entry, at, MatchedBy::Value);
            }
        }
    }

    /// Pairs by place, when all sizes agree and nothing that was paired before lies elsewhere.
    pub(super) fn by_number(&mut self, names: &Names, order: &[usize], order_is_known: bool) {
        if self.listed.is_empty()
            || self.listed.iter().any(|listed| listed.number.is_none() || listed.size.is_none())
        {
            return;
        }
        let was_listed = |entry: &usize| names.by_entry[*entry].certainty != Certainty::Predicted;
        let only_listed: Vec<usize> = order.iter().copied().filter(was_listed).collect();
        let Some(order) =
            [order, only_listed.as_slice()].into_iter().find(|order| self.fits(order))
        else {
            return;
        };
        let mut times: HashMap<Option<u64>, usize> = HashMap::new();
        for listed in self.listed {
            *times.entry(listed.size).or_default() += 1;
        }
        for (at, entry) in order.iter().copied().enumerate() {
            let once = times.get(&self.listed[at].size) == Some(&1);
            if !self.taken[at] && self.by_entry[entry].is_none() && (order_is_known || once) {
                self.pair(entry, at, MatchedBy::Number);
            }
        }
    }

    /// Whether each entry of the listing may name the message at its place. All sizes are those on
    /// the wire, or all are those of the files: a server has one way to count.
    fn fits(&self, order: &[usize]) -> bool {
        let elsewhere = |at: usize, entry: usize| {
            self.by_entry[entry].is_some_and(|(other, _)| {
                other != at && self.listed[other].uidl != self.listed[at].uidl
            })
        };
        let all = |counts: fn(&WireSize, u64) -> bool| {
            order.iter().copied().enumerate().all(|(at, entry)| {
                let (size, told) = (self.sizes[entry], self.listed[at].size);
                size.zip(told).is_some_and(|(size, told)| counts(&size, told))
                    && !elsewhere(at, entry)
            })
        };
        order.len() == self.listed.len()
            && (all(WireSize::is_on_wire) || all(|size, told| size.stored == told))
    }
}

/// Whether the size that a server told is that of a message, where both are known.
pub(super) fn agrees(listed: &ListedUidl, size: Option<WireSize>) -> Option<bool> {
    Some(size?.agrees(listed.size?))
}

/// Whether the values of a listing are the sizes of the messages: what a server answers to `LIST`.
pub(super) fn is_of_sizes(listing: &RawListing, sizes: &[Option<WireSize>]) -> bool {
    let numbers: Option<Vec<u64>> = listing
        .entries
        .iter()
        .map(|listed| {
            let text = str::from_utf8(&listed.uidl).ok().filter(|_| listed.size.is_none())?;
            text.parse().ok()
        })
        .collect();
    let known: HashSet<u64> = sizes.iter().flatten().map(|size| size.octets).collect();
    numbers.is_some_and(|numbers| {
        let met = numbers.iter().filter(|number| known.contains(number)).count();
        !numbers.is_empty() && met * 2 >= numbers.len()
    })
}

/// The order of the listing, when it is another than `order`; messages that it does not name
/// follow in theirs.
pub(super) fn corrected_order(order: &[usize], by_entry: &ByEntry) -> Option<Vec<usize>> {
    let place = |entry: usize| by_entry[entry].map(|(listed, _)| listed);
    if order.iter().copied().filter_map(place).is_sorted() {
        return None;
    }
    let mut corrected = order.to_vec();
    corrected.sort_by_key(|entry| place(*entry).unwrap_or(usize::MAX));
    Some(corrected)
}
