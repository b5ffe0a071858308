//! `pop3_uidl_format`, taken apart, expanded, and spelt again.

use super::md5;
use std::fmt;

/// What a variable is replaced by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Variable {
    Uid,
    UidValidity,
    FileName,
    Guid,
}

/// What is done to the value before it is cut or padded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Modifier {
    Hex,
    Lower,
    Upper,
    Reverse,
    Md5,
    Trim,
}

/// One variable with everything that is done to it, in the terms of Dovecot 2.3.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Field {
    pub(super) variable: Variable,
    pub(super) modifiers: Vec<Modifier>,
    /// Bytes left out at the front, or when negative, how many are kept at the end.
    pub(super) offset: i32,
    /// Nothing when 0. With `zeros` the least length, else the greatest; when negative, how many
    /// bytes are cut at the end.
    pub(super) width: i32,
    pub(super) zeros: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Literal(Vec<u8>),
    Field(Field),
}

/// A parsed `pop3_uidl_format`. Two are equal when they say the same, however they were spelt;
/// [`Display`](fmt::Display) gives the spelling of Dovecot 2.3.
///
/// ```
/// use mail_model::uidl::{UidlFormat, UidlInputs};
///
/// let old = UidlFormat::parse("%08Xu%08Xv").unwrap();
/// let new = UidlFormat::parse("%{uid | hex(8)}%{uidvalidity | hex(8)}").unwrap();
/// assert_eq!(old, new);
/// let message = UidlInputs { uid: 2372, uidvalidity: 1722480203, base: b"", guid: b"" };
/// assert_eq!(old.expand(&message), b"0000094466aaf64b");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UidlFormat {
    pub(super) parts: Vec<Part>,
}

/// What a format is expanded from: one message of one mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UidlInputs<'a> {
    /// The IMAP UID.
    pub uid: u32,
    /// The UIDVALIDITY of INBOX.
    pub uidvalidity: u32,
    /// The file name up to the first colon.
    pub base: &'a [u8],
    /// The message GUID: the `G` field of the uidlist, else the base name.
    pub guid: &'a [u8],
}

impl UidlFormat {
    /// The UIDL of one message, as Dovecot 2.3.19.1 and 2.4 expand it.
    pub fn expand(&self, inputs: &UidlInputs<'_>) -> Vec<u8> {
        let mut out = vec![];
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.extend_from_slice(text),
                Part::Field(field) => field.expand(inputs, &mut out),
            }
        }
        out
    }

    /// `UID%u-%v`, which looks like Courier's UIDLs and which cPanel sets.
    pub fn uid_dash_validity() -> UidlFormat {
        UidlFormat {
            parts: vec![
                Part::Literal(b"UID".to_vec()),
                Part::Field(Field::plain(Variable::Uid)),
                Part::Literal(b"-".to_vec()),
                Part::Field(Field::plain(Variable::UidValidity)),
            ],
        }
    }

    /// `%08Xu%08Xv`, what Dovecot 2.0 and later use when nothing is set.
    pub fn dovecot_default() -> UidlFormat {
        let padded = |variable| {
            Part::Field(Field {
                modifiers: vec![Modifier::Hex],
                width: 8,
                zeros: true,
                ..Field::plain(variable)
            })
        };
        UidlFormat { parts: vec![padded(Variable::Uid), padded(Variable::UidValidity)] }
    }
}

impl Field {
    pub(super) fn plain(variable: Variable) -> Field {
        Field { variable, modifiers: vec![], offset: 0, width: 0, zeros: false }
    }

    fn expand(&self, inputs: &UidlInputs<'_>, out: &mut Vec<u8>) {
        let mut value = match self.variable {
            Variable::Uid => inputs.uid.to_string().into_bytes(),
            Variable::UidValidity => inputs.uidvalidity.to_string().into_bytes(),
            Variable::FileName => inputs.base.to_vec(),
            Variable::Guid => inputs.guid.to_vec(),
        };
        for modifier in &self.modifiers {
            modifier.apply(&mut value);
        }
        let size = |number: i32| usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX);
        let skip = if self.offset < 0 {
            value.len().saturating_sub(size(self.offset))
        } else {
            size(self.offset).min(value.len())
        };
        let value = &value[skip..];
        let width = size(self.width);
        if self.width == 0 {
            out.extend_from_slice(value);
        } else if self.zeros {
            // Never shorter, never cut. A negative width pads nothing.
            if self.width > 0 {
                out.resize(out.len() + width.saturating_sub(value.len()), b'0');
            }
            out.extend_from_slice(value);
        } else if self.width < 0 {
            out.extend_from_slice(&value[..value.len().saturating_sub(width)]);
        } else {
            out.extend_from_slice(&value[..value.len().min(width)]);
        }
    }
}

impl Modifier {
    fn apply(self, value: &mut Vec<u8>) {
        match self {
            Modifier::Hex => {
                let number = str::from_utf8(value).ok().and_then(|text| {
                    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                    if digits { text.parse::<u64>().ok() } else { None }
                });
                // What is no number counts as 0 in Dovecot 2.3.
                *value = format!("{:x}", number.unwrap_or(0)).into_bytes();
            }
            Modifier::Lower => value.make_ascii_lowercase(),
            Modifier::Upper => value.make_ascii_uppercase(),
            Modifier::Reverse => value.reverse(),
            Modifier::Md5 => *value = md5::hex_digest(value),
            Modifier::Trim => value.truncate(value.trim_ascii_end().len()),
        }
    }

    fn letter(self) -> char {
        match self {
            Modifier::Hex => 'X',
            Modifier::Lower => 'L',
            Modifier::Upper => 'U',
            Modifier::Reverse => 'R',
            Modifier::Md5 => 'M',
            Modifier::Trim => 'T',
        }
    }
}

impl fmt::Display for UidlFormat {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Literal(text) => {
                    let text = String::from_utf8_lossy(text);
                    out.write_str(&text.replace('%', "%%"))?;
                }
                Part::Field(field) => write!(out, "{field}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Field {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("%")?;
        if self.offset != 0 || self.width < 0 {
            write!(out, "{}.", self.offset)?;
        }
        if self.zeros {
            out.write_str("0")?;
        }
        if self.width != 0 {
            write!(out, "{}", self.width)?;
        }
        for modifier in &self.modifiers {
            write!(out, "{}", modifier.letter())?;
        }
        out.write_str(match self.variable {
            Variable::Uid => "u",
            Variable::UidValidity => "v",
            Variable::FileName => "f",
            Variable::Guid => "g",
        })
    }
}
