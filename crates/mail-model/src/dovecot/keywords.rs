//! `dovecot-keywords`: which keyword each letter in a file name stands for.

use super::{Line, lines};
use std::collections::HashSet;

/// The keywords of a folder by their index: 0 is the letter `a`, 25 is `z`.
///
/// ```
/// use mail_model::dovecot::Keywords;
///
/// let (mut keywords, _) = Keywords::parse(b"0 $Label1\n1 Invoice\n");
/// assert_eq!(keywords.name(1), Some(&b"Invoice"[..]));
/// assert_eq!(keywords.intern(b"invoice"), Some(1));
/// assert_eq!(keywords.intern(b"Paid"), Some(2));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keywords(Vec<(u8, Vec<u8>)>);

/// A line that Dovecot passes over, or takes otherwise than it looks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeywordsProblem {
    /// No number, no space, or no name.
    BadLine {
        /// The line, from 1.
        line: usize,
        /// Its text.
        text: Vec<u8>,
    },
    /// There is no letter for the index.
    IndexTooLarge {
        /// The line, from 1.
        line: usize,
        /// The index.
        index: u32,
        /// The keyword.
        name: Vec<u8>,
    },
    /// The keyword stands in an earlier line (letter case does not count).
    Duplicate {
        /// The line, from 1.
        line: usize,
        /// The keyword.
        name: Vec<u8>,
    },
    /// The index stood in an earlier line; the later keyword counts.
    Replaced {
        /// The line, from 1.
        line: usize,
        /// The index.
        index: u8,
        /// The keyword that no longer has a letter.
        name: Vec<u8>,
    },
    /// The last line has no LF and is ignored.
    CutLastLine {
        /// What there is of it.
        text: Vec<u8>,
    },
}

/// Indexes for which there are letters.
const LETTERS: u8 = 26;

impl Keywords {
    /// Reads the file as Dovecot does.
    pub fn parse(bytes: &[u8]) -> (Keywords, Vec<KeywordsProblem>) {
        let mut keywords = Keywords::default();
        let mut problems = vec![];
        let mut seen: HashSet<Vec<u8>> = HashSet::new();
        let (whole, rest) = lines(bytes);
        for (at, Line { text, .. }) in whole.enumerate() {
            let line = at + 1;
            let space = text.iter().position(|byte| *byte == b' ').unwrap_or(text.len());
            let (digits, name) = (&text[..space], text.get(space + 1..).unwrap_or_default());
            let index = str::from_utf8(digits)
                .ok()
                .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|digits| digits.parse::<u32>().ok());
            let Some(index) = index.filter(|_| !name.is_empty()) else {
                problems.push(KeywordsProblem::BadLine { line, text: text.to_vec() });
                continue;
            };
            let name = name.to_vec();
            if seen.contains(&name.to_ascii_lowercase()) {
                problems.push(KeywordsProblem::Duplicate { line, name });
                continue;
            }
            match u8::try_from(index).ok().filter(|index| *index < LETTERS) {
                None => problems.push(KeywordsProblem::IndexTooLarge { line, index, name }),
                Some(index) => {
                    seen.insert(name.to_ascii_lowercase());
                    if let Some(old) = keywords.set(index, name) {
                        problems.push(KeywordsProblem::Replaced { line, index, name: old });
                    }
                }
            }
        }
        if !rest.is_empty() {
            problems.push(KeywordsProblem::CutLastLine { text: rest.to_vec() });
        }
        (keywords, problems)
    }

    /// Puts a keyword at an index; returns the one it takes the place of.
    fn set(&mut self, index: u8, name: Vec<u8>) -> Option<Vec<u8>> {
        match self.0.binary_search_by_key(&index, |(known, _)| *known) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, name)),
            Err(at) => {
                self.0.insert(at, (index, name));
                None
            }
        }
    }

    /// The file, one `index name` for each line.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![];
        for (index, name) in self.iter() {
            out.extend_from_slice(format!("{index} ").as_bytes());
            out.extend_from_slice(name);
            out.push(b'\n');
        }
        out
    }

    /// The keyword of an index.
    pub fn name(&self, index: u8) -> Option<&[u8]> {
        self.iter().find(|(known, _)| *known == index).map(|(_, name)| name)
    }

    /// The index of a keyword, letter case aside.
    pub fn index(&self, name: &[u8]) -> Option<u8> {
        self.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(index, _)| index)
    }

    /// The index of a keyword, which is given the lowest free one when it has none. None when all
    /// 26 letters are taken.
    pub fn intern(&mut self, name: &[u8]) -> Option<u8> {
        self.intern_except(name, |_| false)
    }

    /// Like [`Keywords::intern`], but leaves out indexes that are `reserved`, because file names
    /// use their letters without anybody knowing for what.
    pub fn intern_except(&mut self, name: &[u8], reserved: impl Fn(u8) -> bool) -> Option<u8> {
        if let Some(index) = self.index(name) {
            return Some(index);
        }
        let free = (0..LETTERS).find(|index| self.name(*index).is_none() && !reserved(*index))?;
        self.set(free, name.to_vec());
        Some(free)
    }

    /// The keywords by ascending index.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &[u8])> {
        self.0.iter().map(|(index, name)| (*index, name.as_slice()))
    }

    /// How many keywords there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
