//! Both spellings of `pop3_uidl_format`: Dovecot 2.0 to 2.3 (`%08Xu`) and 2.4 (`%{uid | hex(8)}`).

use super::format::{Field, Modifier, Part, UidlFormat, Variable};

/// A `pop3_uidl_format` that can't be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("pop3_uidl_format `{format}`: {reason}")]
pub struct UidlFormatError {
    /// The text as given.
    pub format: String,
    /// Why it can't be used.
    pub reason: String,
}

/// No UIDL is longer than 70 characters, and a width is typed by hand.
const GREATEST_WIDTH: i32 = 255;

/// Dovecot takes no more.
const MOST_MODIFIERS: usize = 10;

impl UidlFormat {
    /// Reads a format in either spelling; one text may hold both.
    ///
    /// # Errors
    /// When a variable or modifier is unknown, when there is no variable at all (Dovecot refuses
    /// that), and for `%m`: a maildir has no MD5 of the header, and the POP3 session ends with an
    /// error there, so no client can have got a UIDL by it.
    pub fn parse(text: &str) -> Result<UidlFormat, UidlFormatError> {
        let fail = |reason: String| UidlFormatError { format: text.to_owned(), reason };
        let mut parser = Parser { rest: text.as_bytes() };
        let mut parts: Vec<Part> = vec![];
        while let Some(byte) = parser.next() {
            let literal = if byte == b'%' {
                match parser.field().map_err(&fail)? {
                    Some(field) => {
                        parts.push(Part::Field(field));
                        continue;
                    }
                    None => b'%',
                }
            } else {
                byte
            };
            match parts.last_mut() {
                Some(Part::Literal(text)) => text.push(literal),
                _ => parts.push(Part::Literal(vec![literal])),
            }
        }
        if !parts.iter().any(|part| matches!(part, Part::Field(_))) {
            return Err(fail("has no variable, so all messages would have one UIDL".to_owned()));
        }
        Ok(UidlFormat { parts })
    }
}

struct Parser<'a> {
    rest: &'a [u8],
}

impl Parser<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn take(&mut self, wanted: u8) -> bool {
        let found = self.rest.first() == Some(&wanted);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    fn number(&mut self) -> Result<i32, String> {
        let mut number = 0;
        while let Some(digit @ b'0'..=b'9') = self.rest.first() {
            number = number * 10 + i32::from(digit - b'0');
            if number > GREATEST_WIDTH {
                return Err(format!("has a width of {number} or more, {GREATEST_WIDTH} at most"));
            }
            self.rest = &self.rest[1..];
        }
        Ok(number)
    }

    /// What follows a `%`: `[[-]offset.][0][-]width[modifiers]variable`. None for `%%`.
    fn field(&mut self) -> Result<Option<Field>, String> {
        let mut negative = self.take(b'-');
        let mut zeros = self.take(b'0');
        let mut width = self.number()?;
        let mut offset = 0;
        if self.take(b'.') {
            offset = if negative { -width } else { width };
            zeros = self.take(b'0');
            negative = self.take(b'-');
            width = self.number()?;
            if negative {
                width = -width;
            }
        }
        let mut modifiers = vec![];
        while modifiers.len() < MOST_MODIFIERS {
            modifiers.push(match self.rest.first() {
                Some(b'X') => Modifier::Hex,
                Some(b'L') => Modifier::Lower,
                Some(b'U') => Modifier::Upper,
                Some(b'R') => Modifier::Reverse,
                Some(b'M') => Modifier::Md5,
                Some(b'T') => Modifier::Trim,
                Some(letter @ (b'E' | b'H' | b'N' | b'D')) => {
                    let letter = char::from(*letter);
                    return Err(format!("has the modifier `{letter}`, which is not supported"));
                }
                _ => break,
            });
            self.rest = &self.rest[1..];
        }
        let mut field = match self.next() {
            None => return Err("ends within a variable".to_owned()),
            Some(b'%') => return Ok(None),
            Some(b'u') => Field::plain(Variable::Uid),
            Some(b'v') => Field::plain(Variable::UidValidity),
            Some(b'f') => Field::plain(Variable::FileName),
            Some(b'g') => Field::plain(Variable::Guid),
            Some(b'm') => return Err(NO_MD5.to_owned()),
            Some(b'{') => self.braces()?,
            Some(byte) => {
                return Err(format!("has the unknown variable `%{}`", byte.escape_ascii()));
            }
        };
        modifiers.append(&mut field.modifiers);
        if width != 0 || zeros || offset != 0 {
            if field.width != 0 {
                return Err("has a width in front of `{` and within it".to_owned());
            }
            (field.offset, field.width, field.zeros) = (offset, width, zeros && width != 0);
        }
        field.modifiers = modifiers;
        Ok(Some(field))
    }

    /// `name | filter | filter(number)}`.
    fn braces(&mut self) -> Result<Field, String> {
        let end =
            self.rest.iter().position(|byte| *byte == b'}').ok_or("has a `%{` without `}`")?;
        let inside = String::from_utf8_lossy(&self.rest[..end]).into_owned();
        self.rest = &self.rest[end + 1..];
        let mut steps = inside.split('|').map(str::trim);
        let mut field = match steps.next().unwrap_or_default() {
            "uid" => Field::plain(Variable::Uid),
            "uidvalidity" => Field::plain(Variable::UidValidity),
            "filename" => Field::plain(Variable::FileName),
            "guid" => Field::plain(Variable::Guid),
            "md5" => return Err(NO_MD5.to_owned()),
            name => return Err(format!("has the unknown variable `{}`", name.escape_default())),
        };
        let mut steps = steps.peekable();
        while let Some(step) = steps.next() {
            let (name, argument) = filter(step)?;
            let cut_or_padded = field.width != 0 || field.offset != 0;
            match (name, argument) {
                ("lower", None) => field.modifiers.push(Modifier::Lower),
                ("upper", None) => field.modifiers.push(Modifier::Upper),
                _ if cut_or_padded => {
                    return Err(format!("has `{step}` after a width, which is not supported"));
                }
                ("reverse", None) => field.modifiers.push(Modifier::Reverse),
                ("md5", None) => {
                    if steps.next().map(filter).transpose()? != Some(("hexlify", None)) {
                        return Err("has `md5` without `hexlify` after it".to_owned());
                    }
                    field.modifiers.push(Modifier::Md5);
                }
                ("hex", width) => {
                    field.modifiers.push(Modifier::Hex);
                    field.width = width.unwrap_or(0);
                    field.zeros = field.width != 0;
                    // 2.4 also cuts to the width, where 2.3 only pads. A UID or UIDVALIDITY has
                    // 8 hexadecimal digits at most.
                    if field.width > 0 && field.width < 8 {
                        field.offset = -field.width;
                    }
                }
                ("truncate", Some(width)) if width > 0 => field.width = width,
                _ => return Err(format!("has the filter `{step}`, which is not supported")),
            }
        }
        Ok(field)
    }
}

const NO_MD5: &str = "has the header MD5, which Dovecot can't tell in a maildir: POP3 logins fail";

/// `name` or `name(number)`.
fn filter(step: &str) -> Result<(&str, Option<i32>), String> {
    let Some((name, rest)) = step.split_once('(') else { return Ok((step, None)) };
    let argument = rest
        .strip_suffix(')')
        .and_then(|digits| digits.trim().parse().ok())
        .filter(|width| (0..=GREATEST_WIDTH).contains(width))
        .ok_or_else(|| format!("has the filter `{step}`, which is not supported"))?;
    Ok((name.trim(), Some(argument)))
}
