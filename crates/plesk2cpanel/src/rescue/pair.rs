//! Which message of the home is which message of the backup.

use std::collections::HashMap;
use std::hash::Hash;

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

/// Pairs what names left over. Equal messages are paired in the order in which they stand.
pub(super) fn by_digest(pairs: &mut Pairs, home: &[(usize, Digest)], old: &[(usize, Digest)]) {
    by_key(pairs, home, old, Shown::Content, |digest| Some(digest.whole));
    by_key(pairs, home, old, Shown::Headers, |digest| digest.core);
}

fn by_key<K: Eq + Hash>(
    pairs: &mut Pairs,
    home: &[(usize, Digest)],
    old: &[(usize, Digest)],
    shown: Shown,
    key: impl Fn(&Digest) -> Option<K>,
) {
    let taken: std::collections::HashSet<usize> =
        pairs.iter().flatten().map(|(old, _)| *old).collect();
    let mut places: HashMap<K, std::collections::VecDeque<usize>> = HashMap::new();
    for (at, digest) in old {
        if let Some(key) = key(digest).filter(|_| !taken.contains(at)) {
            places.entry(key).or_default().push_back(*at);
        }
    }
    for (at, digest) in home {
        if pairs[*at].is_some() {
            continue;
        }
        let partner = key(digest)
            .and_then(|key| places.get_mut(&key))
            .and_then(std::collections::VecDeque::pop_front);
        if let Some(partner) = partner {
            pairs[*at] = Some((partner, shown));
        }
    }
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
        let (a, b) = ("Date: a\n\n1\n", "Date: b\n\n2\n");
        let (moved_b, c) = ("Received: x\nDate: b\n\n2\n", "Date: c\n\n3\n");
        let mut pairs = by_name(&[b"n1", b"x", b"y", b"z"], &[b"m", b"n1", b"o"]);
        assert_eq!(pairs, [Some((1, Shown::Name)), None, None, None]);
        let home = &digests(&[a, c, moved_b, a])[1..];
        let old = digests(&[a, a, b]);
        by_digest(&mut pairs, home, &[old[0], old[2]]);
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
}
