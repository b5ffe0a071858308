//! Regular expressions that Exim is known to take.
//!
//! A filter with an expression that PCRE refuses fails as a whole, and Exim then keeps all mail of
//! the mailbox back. A second implementation of PCRE to ask was rejected: what is accepted here is
//! a part of the language that is the same everywhere. Groups are not repeated, since repeated
//! groups are what makes a search take for ever.

use std::iter::Peekable;
use std::str::Chars;

/// Groups within groups.
const DEEPEST: usize = 50;

/// Longest repetition.
const MOST: u32 = 255;

/// Checks an expression.
///
/// # Errors
/// What is wrong with it, or not taken.
pub(crate) fn check(expression: &str) -> Result<(), String> {
    let mut parser = Parser { rest: expression.chars().peekable(), depth: 0 };
    parser.alternatives()?;
    match parser.rest.next() {
        None => Ok(()),
        Some(_) => Err("a parenthesis closes what none has opened".to_owned()),
    }
}

/// What was read last, and what may follow it.
enum Atom {
    /// `^`, `\b`: nothing to repeat.
    Place,
    /// One byte.
    Byte,
    /// A character of several bytes: Exim matches bytes, and a repetition would mean the last.
    Character,
    Group,
}

struct Parser<'a> {
    rest: Peekable<Chars<'a>>,
    depth: usize,
}

impl Parser<'_> {
    /// Reads to the end or to the parenthesis that closes the group, which is left.
    fn alternatives(&mut self) -> Result<(), String> {
        while let Some(character) = self.rest.next_if(|c| *c != ')') {
            let atom = match character {
                '|' | '^' | '$' => Atom::Place,
                '(' => self.group()?,
                '[' => self.class()?,
                '\\' => self.escape()?,
                '*' | '+' | '?' => return Err(format!("{character} repeats nothing")),
                ']' | '{' | '}' => return Err(format!("{character} stands without a backslash")),
                other if other.is_ascii() => Atom::Byte,
                _ => Atom::Character,
            };
            self.repetition(&atom)?;
        }
        Ok(())
    }

    fn group(&mut self) -> Result<Atom, String> {
        if self.rest.next_if_eq(&'?').is_some() && self.rest.next_if_eq(&':').is_none() {
            return Err("a group begins with ? and something else than a colon".to_owned());
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("its groups are more than {DEEPEST} deep"));
        }
        self.alternatives()?;
        self.depth -= 1;
        match self.rest.next() {
            Some(')') => Ok(Atom::Group),
            _ => Err("a group is not closed".to_owned()),
        }
    }

    fn escape(&mut self) -> Result<Atom, String> {
        match self.rest.next() {
            Some('b' | 'B' | 'A' | 'z' | 'Z') => Ok(Atom::Place),
            Some('d' | 'D' | 'w' | 'W' | 's' | 'S') => Ok(Atom::Byte),
            Some(character) if character.is_ascii_punctuation() => Ok(Atom::Byte),
            Some(character) => Err(format!("\\{} is not taken", character.escape_default())),
            None => Err("it ends with a backslash".to_owned()),
        }
    }

    /// Behind the bracket that opens it.
    fn class(&mut self) -> Result<Atom, String> {
        // PCRE reads [:a:], [.a.] and [=a=] in a way of its own, whatever is escaped in them.
        let mut ahead = self.rest.clone();
        if matches!(ahead.next(), Some(':' | '.' | '=')) && ahead.next() != Some(']') {
            return Err("a class begins with one of : . = and has more than that".to_owned());
        }
        self.rest.next_if_eq(&'^');
        let mut before = None;
        let mut empty = true;
        loop {
            let character = self.rest.next().ok_or("a class is not closed")?;
            let item = match character {
                ']' if empty => return Err("a class is empty".to_owned()),
                ']' => return Ok(Atom::Byte),
                '[' => return Err("[ stands in a class without a backslash".to_owned()),
                '\\' => self.escape_in_class()?,
                '-' if !empty && self.rest.peek().is_some_and(|next| *next != ']') => {
                    let first = before.ok_or("a range begins with no character")?;
                    let last = match self.rest.next() {
                        Some('\\') => self.escape_in_class()?,
                        other => other.filter(|next| *next != '['),
                    };
                    let last = last.ok_or("a range ends with no character")?;
                    if !last.is_ascii() || last < first {
                        return Err(format!("the range {first}-{last} is empty or not ASCII"));
                    }
                    None
                }
                other => Some(other),
            };
            if item.is_some_and(|character| !character.is_ascii()) {
                return Err("a class holds a character outside ASCII".to_owned());
            }
            before = item;
            empty = false;
        }
    }

    /// The character, or none for a kind of characters.
    fn escape_in_class(&mut self) -> Result<Option<char>, String> {
        match self.rest.next() {
            Some('d' | 'D' | 'w' | 'W' | 's' | 'S') => Ok(None),
            Some(character) if character.is_ascii_punctuation() => Ok(Some(character)),
            _ => Err("a class holds a backslash before something else than punctuation".to_owned()),
        }
    }

    fn repetition(&mut self, atom: &Atom) -> Result<(), String> {
        let Some(sign) = self.rest.next_if(|c| matches!(c, '*' | '+' | '?' | '{')) else {
            return Ok(());
        };
        match (atom, sign) {
            (Atom::Byte, _) | (Atom::Group, '?') => {}
            (Atom::Place, _) => return Err(format!("{sign} repeats nothing")),
            (Atom::Group, _) => return Err("a group is repeated".to_owned()),
            (Atom::Character, _) => {
                return Err("a character outside ASCII is repeated".to_owned());
            }
        }
        if sign == '{' {
            self.numbers()?;
        }
        // As few as possible.
        self.rest.next_if_eq(&'?');
        Ok(())
    }

    /// `m}`, `m,}` or `m,n}`.
    fn numbers(&mut self) -> Result<(), String> {
        let least = self.number()?;
        let mut most = least;
        if self.rest.next_if_eq(&',').is_some() {
            most = if self.rest.peek() == Some(&'}') { MOST } else { self.number()? };
        }
        if self.rest.next() != Some('}') || least > most || most > MOST {
            return Err(format!("a repetition is not {{m}}, {{m,}} or {{m,n}} up to {MOST}"));
        }
        Ok(())
    }

    fn number(&mut self) -> Result<u32, String> {
        let mut digits = String::new();
        while let Some(digit) = self.rest.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        digits.parse().map_err(|_| format!("{digits:?} is no number of repetitions"))
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn taken() {
        for expression in [
            "",
            "a.c",
            "^\\[SPAM\\]",
            "(invoice|receipt)s? [0-9]{4,}$",
            "\\A(?:re|fwd): .*\\z",
            "[^a-z\\d_.-]+?",
            "für (Käufer)?",
            "x{2}y{2,3}z{0,255}",
            "[-a][a-]",
            "[.][a.:][^:]",
            "a||b",
            "\\$\\{run\\}",
            "((((a))))",
        ] {
            assert_eq!(check(expression), Ok(()), "{expression}");
        }
        assert_eq!(check(&format!("{}a{}", "(".repeat(50), ")".repeat(50))), Ok(()));
    }

    #[test]
    fn refused() {
        for (expression, reason) in [
            ("*a", "* repeats nothing"),
            ("a(", "a group is not closed"),
            ("a)", "a parenthesis closes what none has opened"),
            ("[a", "a class is not closed"),
            ("[]", "a class is empty"),
            ("[^]", "a class is empty"),
            ("[::]", "a class begins with one of : . = and has more than that"),
            ("[.a\\.]", "a class begins with one of : . = and has more than that"),
            ("[[:alpha:]]", "[ stands in a class without a backslash"),
            ("[z-a]", "the range z-a is empty or not ASCII"),
            ("[ä]", "a class holds a character outside ASCII"),
            ("[\\n]", "a class holds a backslash before something else than punctuation"),
            ("(a+)+", "a group is repeated"),
            ("(a|a)*", "a group is repeated"),
            ("(ab){2}", "a group is repeated"),
            ("ä?", "a character outside ASCII is repeated"),
            ("ä+", "a character outside ASCII is repeated"),
            ("^*", "* repeats nothing"),
            ("\\b+", "+ repeats nothing"),
            ("a**", "* repeats nothing"),
            ("a{300}", "a repetition is not {m}, {m,} or {m,n} up to 255"),
            ("a{3,2}", "a repetition is not {m}, {m,} or {m,n} up to 255"),
            ("a{,2}", "\"\" is no number of repetitions"),
            ("a{99999999999}", "\"99999999999\" is no number of repetitions"),
            ("{", "{ stands without a backslash"),
            ("a}", "} stands without a backslash"),
            ("\\1", "\\1 is not taken"),
            ("\\N", "\\N is not taken"),
            ("\\Qa", "\\Q is not taken"),
            ("a\\", "it ends with a backslash"),
            ("(?R)", "a group begins with ? and something else than a colon"),
            ("(?<=a)b", "a group begins with ? and something else than a colon"),
        ] {
            assert_eq!(check(expression), Err(reason.to_owned()), "{expression}");
        }
        let deep = format!("{}a{}", "(".repeat(51), ")".repeat(51));
        assert_eq!(check(&deep), Err("its groups are more than 50 deep".to_owned()));
        // Not a matter of the stack.
        assert!(check(&"(".repeat(1_000_000)).is_err());
    }
}
