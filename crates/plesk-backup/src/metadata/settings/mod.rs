//! Typed settings of mail accounts and mail domains.

mod address_book;
mod autoresponder;
mod dkim;
mod mailing_list;
mod spam;
mod text;

pub use address_book::{AddressBook, Contact, ContactGroup};
pub use autoresponder::{Autoresponder, Autoresponders};
pub use dkim::Dkim;
pub use mailing_list::{MailingList, Recipient};
pub use spam::{SpamAction, SpamFilter, SpamScore};

use super::Problem;
use super::mail::Reading;
use super::subscription::{is_false, is_true};
use super::xml::Element;
use crate::printable;

/// A longer quotation of what was not understood helps nobody.
const QUOTED_CHARACTERS: usize = 80;

impl Reading<'_, '_> {
    pub(super) fn not_understood_of(&mut self, element: &str, object: &str, detail: String) {
        self.problems.push(Problem::NotUnderstood {
            element: element.to_owned(),
            object: object.to_owned(),
            file: self.metadata.to_owned(),
            detail,
        });
    }

    fn altered(&mut self, element: &str, object: &str, detail: String) {
        self.problems.push(Problem::AlteredText {
            element: element.to_owned(),
            object: object.to_owned(),
            file: self.metadata.to_owned(),
            detail,
        });
    }

    /// A boolean; a word that is none is reported and counts as not being there.
    pub(super) fn switch(&mut self, element: &Element, key: &str, object: &str) -> Option<bool> {
        let word = element.value(key).map(str::trim).filter(|word| !word.is_empty())?;
        if is_true(word) {
            return Some(true);
        }
        if is_false(word) {
            return Some(false);
        }
        let detail = format!("`{key}` is `{}`, neither on nor off", quoted(word));
        self.not_understood_of(&element.name, object, detail);
        None
    }

    /// The same for the main switch of a setting: without one it is off, as nobody switched it on.
    fn main_switch(&mut self, element: &Element, key: &str, object: &str) -> bool {
        if element.value(key).is_none_or(|word| word.trim().is_empty()) {
            let detail = format!("it has no `{key}` and was taken for switched off");
            self.not_understood_of(&element.name, object, detail);
        }
        self.switch(element, key, object).unwrap_or(false)
    }

    /// Texts of the children of a name; how many are empty is reported.
    fn members(&mut self, element: &Element, tag: &str, object: &str) -> Vec<String> {
        let mut members = Vec::new();
        let mut empty = 0_u64;
        for member in element.all(tag) {
            match member.trimmed() {
                Some(text) => members.push(text.to_owned()),
                None => empty += 1,
            }
        }
        self.report_empty(tag, object, empty);
        members
    }

    fn report_empty(&mut self, tag: &str, object: &str, empty: u64) {
        if empty > 0 {
            let detail = format!("{empty} of them hold nothing and were left out");
            self.not_understood_of(tag, object, detail);
        }
    }
}

/// A text as messages show it.
fn quoted(text: &str) -> String {
    let mut characters = text.chars();
    let short: String = characters.by_ref().take(QUOTED_CHARACTERS).collect();
    let mut shown = printable(short.as_bytes());
    if characters.next().is_some() {
        shown.push_str("...");
    }
    shown
}
