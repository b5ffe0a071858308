//! Modified UTF-7 (RFC 3501 section 5.1.3), the form in which Dovecot and Courier up to 4.x keep
//! folder names on disk and in which IMAP has always spoken of them.

use base64::Engine;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

const ENGINE: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

/// Why bytes are not modified UTF-7.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mutf7Error {
    /// A byte that has to be encoded stands for itself.
    #[error("byte {byte:#04x} at offset {at} stands for itself, but only 0x20 to 0x7e may")]
    Unencoded {
        /// Where.
        at: usize,
        /// The byte.
        byte: u8,
    },
    /// An `&` without its `-`.
    #[error("the shift that begins at offset {at} has no end")]
    NotClosed {
        /// Where the `&` is.
        at: usize,
    },
    /// What is between `&` and `-` is not base64 of whole UTF-16 units.
    #[error("the shift that begins at offset {at} is not base64 of UTF-16")]
    NotBase64 {
        /// Where the `&` is.
        at: usize,
    },
    /// Half of a surrogate pair.
    #[error("the shift that begins at offset {at} holds half of a surrogate pair")]
    LoneSurrogate {
        /// Where the `&` is.
        at: usize,
    },
    /// The text has a shorter spelling, and only that is valid: an encoded character that stands
    /// for itself, or two shifts side by side.
    #[error("the shift that begins at offset {at} encodes what has another spelling, or NUL")]
    NotCanonical {
        /// Where the `&` is.
        at: usize,
    },
}

/// Encodes text.
///
/// ```
/// use mail_model::folder::mutf7;
/// assert_eq!(mutf7::encode("Übung & Co"), "&ANw-bung &- Co");
/// ```
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut shifted: Vec<u8> = vec![];
    let flush = |shifted: &mut Vec<u8>, out: &mut String| {
        if !shifted.is_empty() {
            out.push('&');
            ENGINE.encode_string(&*shifted, out);
            out.push('-');
            shifted.clear();
        }
    };
    for character in text.chars() {
        if matches!(character, ' '..='~') {
            flush(&mut shifted, &mut out);
            out.push(character);
            if character == '&' {
                out.push('-');
            }
        } else {
            let mut units = [0u16; 2];
            for unit in character.encode_utf16(&mut units) {
                shifted.extend_from_slice(&unit.to_be_bytes());
            }
        }
    }
    flush(&mut shifted, &mut out);
    out
}

/// Decodes strictly: only the spelling that [`encode`] gives is accepted, and no NUL.
///
/// Strictness is what makes a folder's directory and its name one to one.
///
/// # Errors
/// When the bytes are not modified UTF-7 in its one valid spelling.
pub fn decode(bytes: &[u8]) -> Result<String, Mutf7Error> {
    let mut out = String::with_capacity(bytes.len());
    let mut at = 0;
    let mut after_shift = false;
    while let Some(&byte) = bytes.get(at) {
        if byte != b'&' {
            if !matches!(byte, b' '..=b'~') {
                return Err(Mutf7Error::Unencoded { at, byte });
            }
            out.push(char::from(byte));
            at += 1;
            after_shift = false;
            continue;
        }
        let length = bytes[at..]
            .iter()
            .position(|byte| *byte == b'-')
            .ok_or(Mutf7Error::NotClosed { at })?;
        let shifted = &bytes[at + 1..at + length];
        if shifted.is_empty() {
            out.push('&');
            after_shift = false;
        } else {
            if after_shift {
                return Err(Mutf7Error::NotCanonical { at });
            }
            decode_shift(shifted, at, &mut out)?;
            after_shift = true;
        }
        at += length + 1;
    }
    Ok(out)
}

fn decode_shift(shifted: &[u8], at: usize, out: &mut String) -> Result<(), Mutf7Error> {
    // The engine refuses stray trailing bits, so that there is one spelling only.
    let octets = ENGINE.decode(shifted).map_err(|_| Mutf7Error::NotBase64 { at })?;
    let (pairs, []) = octets.as_chunks::<2>() else { return Err(Mutf7Error::NotBase64 { at }) };
    let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
    for character in char::decode_utf16(units) {
        let character = character.map_err(|_| Mutf7Error::LoneSurrogate { at })?;
        if matches!(character, ' '..='~' | '\0') {
            return Err(Mutf7Error::NotCanonical { at });
        }
        out.push(character);
    }
    Ok(())
}
