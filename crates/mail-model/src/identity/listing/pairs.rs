//! Which message each entry of a listing names.

use super::MatchedBy;
use super::whose::Whose;
use crate::identity::imap::Numbers;
use crate::identity::pop3::Names;
use crate::identity::{Certainty, RawListing};
use crate::uidl::ListedUidl;
use crate::wire_size::WireSize;
use std::collections::{HashMap, HashSet};

/// An entry of the listing for each message, by the index of the message's file entry.
pub(super) type ByEntry = Vec<Option<(usize, MatchedBy)>>;

/// Whether a size that a server told is that of a message, in one of the ways to count.
type Counts = fn(&WireSize, u64) -> bool;

pub(super) struct Pairs<'a> {
    listed: &'a [ListedUidl],
    /// How often the listing has each size.
    times: HashMap<Option<u64>, usize>,
    sizes: &'a [Option<WireSize>],
    /// By entry of the listing.
    taken: Vec<bool>,
    pub(super) by_entry: ByEntry,
}

impl<'a> Pairs<'a> {
    /// `sizes` are by file entry.
    pub(super) fn new(listing: &'a RawListing, sizes: &'a [Option<WireSize>]) -> Self {
        let mut times = HashMap::new();
        for listed in &listing.entries {
            *times.entry(listed.size).or_default() += 1;
        }
        Pairs {
            listed: &listing.entries,
            times,
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
    ///
    /// A message that no list of the server has may have come after the listing, with the size of
    /// one that was deleted since. It is paired only where [`Whose`] says that its place can be no
    /// other's.
    pub(super) fn by_number(
        &mut self,
        names: &Names,
        order: &[usize],
        order_is_known: bool,
        whose: &Whose<'_>,
    ) {
        if self.listed.is_empty()
            || self.listed.iter().any(|listed| listed.number.is_none() || listed.size.is_none())
        {
            return;
        }
        let was_listed = |entry: &usize| names.by_entry[*entry].certainty != Certainty::Predicted;
        let only_listed: Vec<usize> = order.iter().copied().filter(was_listed).collect();
        let fitting = [order, only_listed.as_slice()]
            .into_iter()
            .find_map(|order| Some((order, self.fits(order)?)));
        let Some((order, counts)) = fitting else { return };
        let is_all = order.len() > only_listed.len();
        if is_all && order_is_known && !self.lie_in_one_way(&only_listed, counts) {
            return;
        }
        for (at, entry) in order.iter().copied().enumerate() {
            let may_be = order_is_known || self.is_alone(at);
            let may_be = may_be && whose.may_be_listed(entry, names);
            let is_anothers = || whose.is_anothers(entry, names, &self.listed[at].uidl);
            if may_be && !self.taken[at] && self.by_entry[entry].is_none() && !is_anothers() {
                self.pair(entry, at, MatchedBy::Number);
            }
        }
    }

    /// Whether no other entry has the size of this one.
    pub(super) fn is_alone(&self, at: usize) -> bool {
        self.times.get(&self.listed[at].size) == Some(&1)
    }

    /// Whether each entry of the listing may name the message at its place, and how the server
    /// counts. All sizes are those on the wire, or all are those of the files: a server has one way.
    fn fits(&self, order: &[usize]) -> Option<Counts> {
        let elsewhere = |at: usize, entry: usize| {
            self.by_entry[entry].is_some_and(|(other, _)| {
                other != at && self.listed[other].uidl != self.listed[at].uidl
            })
        };
        let all = |counts: &Counts| {
            order
                .iter()
                .copied()
                .enumerate()
                .all(|(at, entry)| self.has_size(at, entry, *counts) && !elsewhere(at, entry))
        };
        let ways: [Counts; 2] = [WireSize::is_on_wire, |size, told| size.stored == told];
        ways.into_iter().filter(|_| order.len() == self.listed.len()).find(all)
    }

    /// Whether these messages, in their order, have the sizes of entries in one way only: the first
    /// that is found from the front is the first from behind.
    fn lie_in_one_way(&self, order: &[usize], counts: Counts) -> bool {
        let mut places = 0..self.listed.len();
        let first: Vec<Option<usize>> = order
            .iter()
            .map(|entry| places.find(|at| self.has_size(*at, *entry, counts)))
            .collect();
        let mut places = (0..self.listed.len()).rev();
        let last =
            order.iter().rev().map(|entry| places.find(|at| self.has_size(*at, *entry, counts)));
        first.into_iter().rev().eq(last)
    }

    fn has_size(&self, at: usize, entry: usize, counts: Counts) -> bool {
        let (size, told) = (self.sizes[entry], self.listed[at].size);
        size.zip(told).is_some_and(|(size, told)| counts(&size, told))
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
