//! Texts and numbers as the page shows them.

use plesk_backup::printable;
use serde_json::Value;

use crate::wording;

/// A stretch of a text; `code` where it stood between backticks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Phrase<'a> {
    pub(super) code: bool,
    pub(super) text: &'a str,
}

/// A text at its backticks, which stand around names and commands.
pub(super) fn phrases(text: &str) -> Vec<Phrase<'_>> {
    let parts: Vec<&str> = text.split('`').collect();
    // A name may hold a backtick: then it is not known which belong together.
    if parts.len().is_multiple_of(2) {
        return vec![Phrase { code: false, text }];
    }
    let parts = parts.into_iter().enumerate();
    parts
        .map(|(index, text)| Phrase { code: index % 2 == 1, text })
        .filter(|phrase| !phrase.text.is_empty())
        .collect()
}

/// A number as a template has it: itself, or through any number of references.
pub(super) trait Number {
    fn get(&self) -> u64;
}

impl Number for u64 {
    fn get(&self) -> u64 {
        *self
    }
}

impl Number for usize {
    fn get(&self) -> u64 {
        *self as u64
    }
}

impl<T: Number> Number for &T {
    fn get(&self) -> u64 {
        (**self).get()
    }
}

/// `1,234,567`.
pub(super) fn digits(number: impl Number) -> String {
    let digits = number.get().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 mailbox`, `1,200 mailboxes`.
pub(super) fn count(number: impl Number, noun: &str) -> String {
    let number = number.get();
    let ending = match noun {
        _ if number == 1 => "",
        "mailbox" => "es",
        _ => "s",
    };
    format!("{} {noun}{ending}", digits(number))
}

/// `1.5 MB`.
pub(super) fn size(bytes: impl Number) -> String {
    wording::bytes(bytes.get())
}

/// `2401151030` as `2024-01-15 10:30`; anything else as it is.
pub(super) fn moment(stamp: &str) -> String {
    if stamp.len() != 10 || !stamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return stamp.to_owned();
    }
    let part = |from: usize| &stamp[from..from + 2];
    format!("20{}-{}-{} {}:{}", part(0), part(2), part(4), part(6), part(8))
}

/// `UIDL format assumed` for `uidl-format-assumed`.
pub(super) fn title(code: &str) -> String {
    let words = code.split('-').enumerate().map(|(index, word)| match word {
        "uid" | "uidl" | "uidls" | "pop3" | "dkim" | "mx" => {
            word.to_uppercase().replace("UIDLS", "UIDLs")
        }
        _ if index == 0 => {
            let mut letters = word.chars();
            let first = letters.next().map(|letter| letter.to_uppercase().to_string());
            first.unwrap_or_default() + letters.as_str()
        }
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// All texts of a value in visible characters.
pub(super) fn visible(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(printable(text.as_bytes())),
        Value::Array(values) => values.into_iter().map(visible).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name, visible(value))).collect()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{Phrase, count, digits, moment, phrases, title};

    #[test]
    fn numbers_and_moments_read_well() {
        assert_eq!(digits(0_u64), "0");
        assert_eq!(digits(999_u64), "999");
        assert_eq!(digits(1000_u64), "1,000");
        assert_eq!(digits(1_234_567_u64), "1,234,567");
        assert_eq!(count(1_u64, "mailbox"), "1 mailbox");
        assert_eq!(count(1200_u64, "mailbox"), "1,200 mailboxes");
        assert_eq!(moment("2401151030"), "2024-01-15 10:30");
        assert_eq!(moment("yesterday!"), "yesterday!");
        assert_eq!(moment("é4011510é"), "é4011510é");
    }

    #[test]
    fn codes_become_titles() {
        assert_eq!(title("uidl-format-assumed"), "UIDL format assumed");
        assert_eq!(title("hidden-by-pop3-deleted-flag"), "Hidden by POP3 deleted flag");
        assert_eq!(title("duplicate-uidls"), "Duplicate UIDLs");
        assert_eq!(title(""), "");
    }

    #[test]
    fn what_stands_between_backticks_is_set_apart() {
        let phrase = |code, text| Phrase { code, text };
        assert_eq!(
            phrases("run `a b` now"),
            [phrase(false, "run "), phrase(true, "a b"), phrase(false, " now")]
        );
        assert_eq!(phrases("`a`b` is odd"), [phrase(false, "`a`b` is odd")]);
        assert_eq!(phrases(""), []);
    }
}
