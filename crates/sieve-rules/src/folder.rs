//! The name of a folder in a script, and the two ways to read it.

use crate::Text;

/// A folder name, as the bytes that a script holds.
///
/// RFC 5228 has folder names in UTF-8, and so does Pigeonhole read them. Other servers took
/// modified UTF-7, and webmails have a setting for it (Horde writes modified UTF-7 unless `utf8` is
/// set), so a script can hold either. Which one was meant shows only in the folders that exist:
/// this offers both readings and decides nothing.
///
/// ```
/// use sieve_rules::{FolderName, Text};
/// let name = FolderName::from(Text::from("INBOX.Entw&APw-rfe"));
/// assert_eq!(name.as_utf8(), Some("INBOX.Entw&APw-rfe"));
/// assert_eq!(name.as_mutf7().as_deref(), Some("INBOX.Entwürfe"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FolderName(Text);

impl FolderName {
    /// The bytes as they stand in the script, without the string's escapes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name when the script is in UTF-8, as it should be.
    pub fn as_utf8(&self) -> Option<&str> {
        self.0.as_utf8()
    }

    /// The name when the script is in modified UTF-7 (RFC 3501 section 5.1.3), decoded; nothing
    /// when the bytes are no valid modified UTF-7. For ASCII without `&` both readings agree.
    pub fn as_mutf7(&self) -> Option<String> {
        let mut name = String::with_capacity(self.0.len());
        let mut rest = self.as_bytes();
        while let [byte, after @ ..] = rest {
            if *byte != b'&' {
                if !matches!(byte, b' '..=b'~') {
                    return None;
                }
                name.push(char::from(*byte));
                rest = after;
                continue;
            }
            let length = after.iter().position(|byte| *byte == b'-')?;
            let (shifted, dash) = after.split_at(length);
            match shifted {
                [] => name.push('&'),
                _ => decode_shift(shifted, &mut name)?,
            }
            rest = &dash[1..];
        }
        Some(name)
    }
}

impl From<Text> for FolderName {
    fn from(name: Text) -> Self {
        Self(name)
    }
}

/// Base64 with a comma for the slash, of UTF-16 in network order, bits left over being zero.
fn decode_shift(shifted: &[u8], name: &mut String) -> Option<()> {
    let mut units = vec![];
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in shifted {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b',' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 16 {
            held -= 16;
            units.push(u16::try_from(bits >> held).ok()?);
            bits &= (1 << held) - 1;
        }
    }
    // Six bits or more left over would be a letter too many.
    if held >= 6 || bits != 0 {
        return None;
    }
    for character in char::decode_utf16(units) {
        // What can stand for itself must, so that a name has one spelling.
        name.push(character.ok().filter(|character| !matches!(character, '\0' | ' '..='~'))?);
    }
    Some(())
}
