//! Taking arguments one by one: tags first, then the others, as RFC 5228 section 2.6 has it.

use crate::Text;
use crate::syntax::{Argument, Value};
use crate::unsupported::Reason;

/// Extensions that change what a string means.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Strings {
    pub(super) variables: bool,
    pub(super) encoded_characters: bool,
}

impl Strings {
    /// A string that means what it says.
    fn literal(self, text: &Text) -> Result<Text, Reason> {
        if self.encoded_characters && has_encoded_character(text) {
            return Err(Reason::EncodedCharacter { text: text.clone() });
        }
        if self.variables && has_variable(text) {
            return Err(Reason::Variable { text: text.clone() });
        }
        Ok(text.clone())
    }
}

/// What stands behind each `${`.
fn references(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.windows(2).enumerate().filter(|(_, pair)| *pair == b"${").map(|(at, _)| &text[at + 2..])
}

/// `${name}`, `${1}` or `${namespace.name}`. A name that no grammar allows is taken for one too,
/// which costs a report and never a wrong rule.
fn has_variable(text: &[u8]) -> bool {
    references(text).any(|rest| {
        let name = rest
            .iter()
            .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')));
        name.is_some_and(|length| length > 0 && rest[length] == b'}')
    })
}

/// `${hex:` or `${unicode:`, whatever follows.
fn has_encoded_character(text: &[u8]) -> bool {
    let begins = |rest: &[u8], mark: &[u8]| {
        rest.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark))
    };
    references(text).any(|rest| begins(rest, b"hex:") || begins(rest, b"unicode:"))
}

/// The arguments that are still to be taken.
pub(super) struct Arguments<'a> {
    rest: &'a [Argument],
    seen: Vec<&'a str>,
    strings: Strings,
}

impl<'a> Arguments<'a> {
    pub(super) fn new(arguments: &'a [Argument], strings: Strings) -> Self {
        Self { rest: arguments, seen: vec![], strings }
    }

    /// The next argument, if it is a tag that was not there yet.
    pub(super) fn tag(&mut self) -> Result<Option<&'a str>, Reason> {
        let [Argument { value: Value::Tag(name), .. }, rest @ ..] = self.rest else {
            return Ok(None);
        };
        if self.seen.contains(&name.as_str()) {
            return Err(Reason::ConflictingTag { name: name.clone() });
        }
        self.seen.push(name);
        self.rest = rest;
        Ok(Some(name))
    }

    /// A single string; a list of one is none, as Pigeonhole has it.
    pub(super) fn text(&mut self, expected: &'static str) -> Result<Text, Reason> {
        let [Argument { value: Value::Text(text), .. }, rest @ ..] = self.rest else {
            return Err(Reason::Missing { expected });
        };
        self.rest = rest;
        self.strings.literal(text)
    }

    /// A list of strings, or a single one.
    pub(super) fn list(&mut self, expected: &'static str) -> Result<Vec<Text>, Reason> {
        let [first, rest @ ..] = self.rest else { return Err(Reason::Missing { expected }) };
        let texts = match &first.value {
            Value::Text(text) => vec![self.strings.literal(text)?],
            Value::List(texts) => {
                texts.iter().map(|text| self.strings.literal(text)).collect::<Result<_, _>>()?
            }
            Value::Tag(_) | Value::Number(_) => return Err(Reason::Missing { expected }),
        };
        self.rest = rest;
        Ok(texts)
    }

    pub(super) fn number(&mut self, expected: &'static str) -> Result<u64, Reason> {
        let [Argument { value: Value::Number(number), .. }, rest @ ..] = self.rest else {
            return Err(Reason::Missing { expected });
        };
        self.rest = rest;
        Ok(*number)
    }

    /// Whether all are taken.
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// There must be no more.
    pub(super) fn end(&self) -> Result<(), Reason> {
        match self.rest {
            [] => Ok(()),
            [Argument { value: Value::Tag(name), .. }, ..] => {
                Err(Reason::UnknownTag { name: name.clone() })
            }
            _ => Err(Reason::TooMany { unexpected: "an argument" }),
        }
    }
}

/// The reason for a tag that nobody took.
pub(super) fn unknown(tag: &str) -> Reason {
    Reason::UnknownTag { name: tag.to_owned() }
}

/// Puts a value where none may be yet.
pub(super) fn once<T>(slot: &mut Option<T>, value: T, tag: &str) -> Result<(), Reason> {
    if slot.is_some() {
        return Err(Reason::ConflictingTag { name: tag.to_owned() });
    }
    *slot = Some(value);
    Ok(())
}
