//! Flags and keywords that either side may have changed.

use super::SideMessage;
use crate::maildir::Flags;
use std::collections::BTreeSet;

const FLAGS: [Flags; 6] =
    [Flags::DRAFT, Flags::FLAGGED, Flags::PASSED, Flags::REPLIED, Flags::SEEN, Flags::TRASHED];

/// Flags and keywords of a message that both sides have, and what it had `before`.
///
/// Without knowing that, what either side has is taken, but for the mark that says that a message is
/// to be deleted: of that the new server's word counts.
pub fn merge_flags(
    before: Option<&SideMessage>,
    theirs: &SideMessage,
    ours: &SideMessage,
) -> (Flags, BTreeSet<Vec<u8>>) {
    let mut flags = Flags::default();
    for flag in FLAGS {
        let has = |message: &SideMessage| message.flags.contains(flag);
        let is_set = match before {
            Some(before) => three(has(before), has(theirs), has(ours)),
            None if flag == Flags::TRASHED => has(ours),
            None => has(theirs) || has(ours),
        };
        if is_set {
            flags.insert(flag);
        }
    }
    let mut keywords: BTreeSet<Vec<u8>> = BTreeSet::new();
    for keyword in ours.keywords.iter().chain(&theirs.keywords) {
        let has = |message: &SideMessage| holds(&message.keywords, keyword);
        let is_set = match before {
            Some(before) => three(has(before), has(theirs), has(ours)),
            None => true,
        };
        // The new server's spelling came first.
        if is_set && !holds(&keywords, keyword) {
            keywords.insert(keyword.clone());
        }
    }
    (flags, keywords)
}

/// A side that changed it decides; if both did, they agree.
fn three(before: bool, theirs: bool, ours: bool) -> bool {
    if theirs == before { ours } else { theirs }
}

/// Keywords are the same in any letter case.
fn holds(keywords: &BTreeSet<Vec<u8>>, keyword: &[u8]) -> bool {
    keywords.contains(keyword) || keywords.iter().any(|known| known.eq_ignore_ascii_case(keyword))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(flags: Flags, keywords: &[&str]) -> SideMessage {
        let keywords = keywords.iter().map(|keyword| keyword.as_bytes().to_vec()).collect();
        SideMessage { flags, keywords, ..SideMessage::default() }
    }

    #[test]
    fn who_changed_a_flag_decides() {
        let both = Flags::SEEN.union(Flags::FLAGGED);
        let before = message(both, &["Old", "Gone"]);
        let theirs = message(Flags::SEEN.union(Flags::REPLIED), &["old", "Theirs", "Gone"]);
        let ours = message(both.union(Flags::DRAFT), &["Old", "Ours"]);
        let (flags, keywords) = merge_flags(Some(&before), &theirs, &ours);
        assert_eq!(flags, Flags::SEEN.union(Flags::REPLIED).union(Flags::DRAFT));
        let names: Vec<&[u8]> = keywords.iter().map(Vec::as_slice).collect();
        assert_eq!(names, [&b"Old"[..], b"Ours", b"Theirs"]);
    }

    #[test]
    fn without_knowing_more_nothing_is_marked_for_deletion() {
        let theirs = message(Flags::TRASHED.union(Flags::SEEN), &["A"]);
        let ours = message(Flags::FLAGGED, &["a", "B"]);
        let (flags, keywords) = merge_flags(None, &theirs, &ours);
        assert_eq!(flags, Flags::SEEN.union(Flags::FLAGGED));
        assert_eq!(keywords.len(), 2);
    }
}
