//! Which message of the home is which message of the backup.

use std::collections::{HashMap, HashSet, VecDeque};

use super::digest::Digest;

/// What showed that two messages are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The base name of the file.
    Name,
    /// All its bytes.
    Content,
    /// Its bytes without the fields of its way.
    Headers,
}

/// A pair for each message of the home that has one: index of the message of the backup.
pub(super) type Pairs = Vec<Option<(usize, Shown)>>;

/// Pairs by base name; each name counts once on either side.
pub(super) fn by_name(home: &[&[u8]], old: &[&[u8]]) -> Pairs {
    let mut places: HashMap<&[u8], usize> = HashMap::with_capacity(old.len());
    for (at, name) in old.iter().enumerate() {
        places.entry(name).or_insert(at);
    }
    home.iter().map(|name| places.remove(name).map(|at| (at, Shown::Name))).collect()
}

/// Pairs what names left over. Messages of equal bytes are paired in the order in which they stand.
/// Gives those of the home of which nothing tells which message of the backup they are, or whether
/// they are one.
pub(super) fn by_digest(
    pairs: &mut Pairs,
    home: &[(usize, Digest)],
    old: &[(usize, Digest)],
) -> HashSet<usize> {
    let mut places: HashMap<_, VecDeque<usize>> = HashMap::new();
    for (at, digest) in old {
        places.entry(digest.whole).or_default().push_back(*at);
    }
    for (at, digest) in home.iter().filter(|(at, _)| pairs[*at].is_none()).collect::<Vec<_>>() {
        if let Some(partner) = places.get_mut(&digest.whole).and_then(VecDeque::pop_front) {
            pairs[*at] = Some((partner, Shown::Content));
        }
    }
    by_headers(pairs, home, old)
}

/// Pairs by what is left without the fields of the way, where the way of the one begins like all of
/// the other's.
fn by_headers(
    pairs: &mut Pairs,
    home: &[(usize, Digest)],
    old: &[(usize, Digest)],
) -> HashSet<usize> {
    // What is left of a message, and its whole way; none where it need not have come by any.
    type Key = ([u8; 32], Option<[u8; 32]>);
    let taken: HashSet<usize> = pairs.iter().flatten().map(|(old, _)| *old).collect();
    let mut groups: HashMap<Key, [Vec<usize>; 2]> = HashMap::new();
    for (at, digest) in old.iter().filter(|(at, _)| !taken.contains(at)) {
        if let Some(core) = &digest.core
            && (core.is_named || !core.ways.is_empty())
        {
            let way = core.ways.first().copied();
            groups.entry((core.left, way)).or_default()[0].push(*at);
        }
    }
    for (at, digest) in home.iter().filter(|(at, _)| pairs[*at].is_none()) {
        let Some(core) = &digest.core else { continue };
        // The longest way that they share tells most.
        let ways = core.ways.iter().copied().map(Some).chain([None]);
        let found = ways.map(|way| (core.left, way)).find(|key| groups.contains_key(key));
        if let Some(group) = found.and_then(|key| groups.get_mut(&key)) {
            group[1].push(*at);
        }
    }
    let mut unclear = HashSet::new();
    for [old, home] in groups.into_values() {
        match (old.as_slice(), home.as_slice()) {
            ([old], [home]) => pairs[*home] = Some((*old, Shown::Headers)),
            _ => unclear.extend(home),
        }
    }
    unclear
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digests(texts: &[&str]) -> Vec<(usize, Digest)> {
        let digest = |text: &&str| Digest::of(&mut text.as_bytes()).unwrap();
        texts.iter().map(digest).enumerate().collect()
    }

    #[test]
    fn names_come_first_then_content_then_what_is_left() {
        let (a, b) = ("Date: a\n\n1\n", "Received: y\nDate: b\n\n2\n");
        let (moved_b, c) = ("Received: x\nReceived: y\nDate: b\n\n2\n", "Date: c\n\n3\n");
        let mut pairs = by_name(&[b"n1", b"x", b"y", b"z"], &[b"m", b"n1", b"o"]);
        assert_eq!(pairs, [Some((1, Shown::Name)), None, None, None]);
        let home = &digests(&[a, c, moved_b, a])[1..];
        let old = digests(&[a, a, b]);
        let unclear = by_digest(&mut pairs, home, &[old[0].clone(), old[2].clone()]);
        assert!(unclear.is_empty());
        assert_eq!(pairs[1..], [None, Some((2, Shown::Headers)), Some((0, Shown::Content))]);
    }

    #[test]
    fn equal_messages_are_paired_in_order_as_far_as_they_go() {
        let a = "Date: a\n\n1\n";
        let mut pairs = vec![None; 3];
        by_digest(&mut pairs, &digests(&[a, a, a]), &digests(&[a, a]));
        assert_eq!(pairs, [Some((0, Shown::Content)), Some((1, Shown::Content)), None]);
        // A name is used once, also when the home has it twice.
        assert_eq!(by_name(&[b"n", b"n"], &[b"n"]), [Some((0, Shown::Name)), None]);
    }

    /// Indexes of the partners of these in the home, and of those that are unclear.
    fn paired(home: &[&str], old: &[&str]) -> (Vec<Option<usize>>, Vec<usize>) {
        let mut pairs = vec![None; home.len()];
        let unclear = by_digest(&mut pairs, &digests(home), &digests(old));
        let mut unclear: Vec<usize> = unclear.into_iter().collect();
        unclear.sort_unstable();
        (pairs.into_iter().map(|pair| pair.map(|(old, _)| old)).collect(), unclear)
    }

    #[test]
    fn a_new_message_with_the_text_of_an_old_one_came_by_another_way() {
        let alarm = "Date: Thu, 01 Jan 1970 00:00:00 +0000\nSubject: power lost\n\nUPS\n";
        let named = "Date: d\nMessage-ID: <1>\n\nx\n";
        let with = |way: &str, text: &str| format!("{way}{text}");
        let old = with("Received: by plesk; 1\n", alarm);
        assert_eq!(paired(&[&with("Received: by cpanel; 2\n", alarm)], &[&old]).0, [None]);
        assert_eq!(paired(&[&with("Received: by cpanel; 2\n", alarm)], &[alarm]).0, [None]);
        assert_eq!(paired(&[&with("Received: imap; 2\n", &old)], &[&old]).0, [Some(0)]);
        assert_eq!(paired(&[&with("Received: imap; 2\n", named)], &[named]).0, [Some(0)]);
        // The one that went further is the other's copy, and not the other way round.
        let (one, two) = (with("Received: a\n", named), with("Received: b\nReceived: a\n", named));
        assert_eq!(paired(&[&one], &[&two]).0, [None]);
    }

    #[test]
    fn what_fits_several_is_left_alone() {
        let one = "Received: a\nX-Spam-Flag: 1\nDate: d\n\nx\n";
        let two = "Received: a\nX-Spam-Flag: 2\nDate: d\n\nx\n";
        let copy = "Received: b\nReceived: a\nDate: d\n\nx\n";
        assert_eq!(paired(&[copy], &[one, two]), (vec![None], vec![0]));
        assert_eq!(paired(&[copy, two], &[one]), (vec![None, None], vec![0, 1]));
        assert_eq!(paired(&[copy, two], &[two]), (vec![None, Some(0)], vec![]));
    }
}
