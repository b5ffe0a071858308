//! Flags and keyword letters as small sets.

use std::fmt;

const LETTERS: [u8; 6] = *b"DFPRST";

/// A set of the six maildir flags. Letters come out in ASCII order, as the format demands.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(u8);

impl Flags {
    /// `D`, IMAP's `\Draft`.
    pub const DRAFT: Flags = Flags(1);
    /// `F`, IMAP's `\Flagged`.
    pub const FLAGGED: Flags = Flags(1 << 1);
    /// `P`, passed on to somebody else; IMAP has no system flag for it.
    pub const PASSED: Flags = Flags(1 << 2);
    /// `R`, IMAP's `\Answered`.
    pub const REPLIED: Flags = Flags(1 << 3);
    /// `S`, IMAP's `\Seen`.
    pub const SEEN: Flags = Flags(1 << 4);
    /// `T`, IMAP's `\Deleted`.
    pub const TRASHED: Flags = Flags(1 << 5);

    /// The flag that a letter stands for.
    pub fn from_letter(letter: u8) -> Option<Flags> {
        LETTERS.iter().position(|known| *known == letter).map(|index| Flags(1 << index))
    }

    /// Adds every flag of `other`.
    pub fn insert(&mut self, other: Flags) {
        self.0 |= other.0;
    }

    /// Whether every flag of `other` is set.
    pub fn contains(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// The flags set in either.
    #[must_use]
    pub fn union(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// Whether no flag is set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The letters of the flags that are set, in ASCII order.
    pub fn iter_letters(self) -> impl Iterator<Item = u8> {
        LETTERS.iter().enumerate().filter(move |(i, _)| self.0 & (1 << i) != 0).map(|(_, l)| *l)
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter_letters().try_for_each(|letter| write!(out, "{}", char::from(letter)))
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Flags({self})")
    }
}

/// A set of keyword letters `a` to `z`, by index 0 to 25.
///
/// What a letter means stands in the folder's `dovecot-keywords`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct KeywordLetters(u32);

impl KeywordLetters {
    /// Whether the letter of this index is in the set.
    pub fn contains(self, index: u8) -> bool {
        index < 26 && self.0 & (1 << index) != 0
    }

    /// Adds the letter of this index.
    ///
    /// # Panics
    /// When `index` is 26 or more: there is no such letter, and dropping it would lose a keyword.
    pub fn insert(&mut self, index: u8) {
        assert!(index < 26, "keyword index {index}, but letters end at 25");
        self.0 |= 1 << index;
    }

    /// The indexes in the set, ascending.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..26).filter(move |index| self.contains(*index))
    }

    /// The letters in the set, ascending.
    pub fn iter_letters(self) -> impl Iterator<Item = u8> {
        self.iter().map(|index| b'a' + index)
    }

    /// The letters in either.
    #[must_use]
    pub fn union(self, other: KeywordLetters) -> KeywordLetters {
        KeywordLetters(self.0 | other.0)
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many letters are in the set.
    pub fn count(self) -> u32 {
        self.0.count_ones()
    }
}

impl fmt::Display for KeywordLetters {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter_letters().try_for_each(|letter| write!(out, "{}", char::from(letter)))
    }
}

impl fmt::Debug for KeywordLetters {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "KeywordLetters({self})")
    }
}
