//! Letters that stand for keywords in names of files.

use mail_model::dovecot::Keywords;
use mail_model::identity::RawFolder;
use mail_model::identity::merge::Merged;
use mail_model::maildir::{FileName, Flags, KeywordLetters};

use super::ours::read_keywords;

/// The letters of a folder's keywords.
pub(super) struct Letters {
    keywords: Keywords,
    known: usize,
    /// Letters that names of files use and that stand for nothing.
    unnamed: KeywordLetters,
    /// Keywords for which none is left, counted by message.
    pub(super) dropped: u64,
}

impl Letters {
    pub(super) fn new(raw: Option<&RawFolder>) -> Letters {
        let keywords = raw.map(read_keywords).unwrap_or_default();
        let mut unnamed = KeywordLetters::default();
        for file in raw.iter().flat_map(|raw| &raw.files) {
            for index in FileName::parse(&file.name).keywords.iter() {
                if keywords.name(index).is_none() {
                    unnamed.insert(index);
                }
            }
        }
        Letters { known: keywords.len(), keywords, unnamed, dropped: 0 }
    }

    /// A file's name with the flags and keywords of the merge. A keyword for which no letter is left
    /// stays away.
    pub(super) fn named(&mut self, mut name: FileName, merged: &Merged) -> FileName {
        let own = merged.ours.is_some();
        let mut letters = KeywordLetters::default();
        for index in name.keywords.iter().filter(|index| own && self.unnamed.contains(*index)) {
            letters.insert(index);
        }
        for keyword in &merged.keywords {
            let unnamed = self.unnamed;
            match self.keywords.intern_except(keyword, |it| unnamed.contains(it)) {
                Some(index) => letters.insert(index),
                None => self.dropped += 1,
            }
        }
        let flags: Flags = merged.flags;
        name.flags = flags;
        name.with_keywords(letters)
    }

    /// The keywords, if there are new ones.
    pub(super) fn changed(&self) -> Option<&Keywords> {
        (self.keywords.len() > self.known).then_some(&self.keywords)
    }
}
