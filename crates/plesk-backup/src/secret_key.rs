//! The key of the old server.

use std::fmt;

use base64::Engine;

use crate::password::LENIENT_BASE64;

/// The 16 bytes of `/etc/psa/private/secret_key` of the old server, or of the value `sym_key` below
/// `PLESK\PSA Config\Config\sym_key` in the registry of a Windows server: they open the passwords
/// that a backup holds as `$AES-128-CBC$`. A backup never contains them.
#[derive(Clone)]
pub struct SecretKey([u8; 16]);

/// Why a file is no secret key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Nothing in it.
    #[error("the secret key is empty, 16 bytes are needed")]
    Empty,
    /// Neither of the three forms.
    #[error(
        "the secret key has {length} bytes and is neither 16 raw bytes nor 32 hexadecimal digits nor base64 of 16 bytes"
    )]
    Form {
        /// Bytes that were given.
        length: usize,
    },
}

impl SecretKey {
    /// Reads a key as the file holds it, or as people copy it: 16 raw bytes, 32 hexadecimal
    /// digits, or base64. A newline at the end is tolerated, and so is `hex:` with commas between
    /// the bytes, as the registry editor of Windows writes them.
    ///
    /// # Errors
    ///
    /// When the bytes have none of these forms.
    pub fn read(bytes: &[u8]) -> Result<SecretKey, KeyError> {
        if bytes.is_empty() {
            return Err(KeyError::Empty);
        }
        // The raw form comes first: a raw key may end in a byte that looks like a newline.
        let without_newline = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let without_newline = without_newline.strip_suffix(b"\r").unwrap_or(without_newline);
        for raw in [bytes, bytes.strip_suffix(b"\n").unwrap_or(bytes), without_newline] {
            if let Ok(key) = <[u8; 16]>::try_from(raw) {
                return Ok(SecretKey(key));
            }
        }
        let text = bytes.trim_ascii();
        from_hex(text)
            .or_else(|| LENIENT_BASE64.decode(text).ok()?.try_into().ok())
            .map(SecretKey)
            .ok_or(KeyError::Form { length: bytes.len() })
    }

    pub(crate) fn bytes(&self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SecretKey(..)")
    }
}

fn from_hex(text: &[u8]) -> Option<[u8; 16]> {
    let bytes = text.strip_prefix(b"hex:").unwrap_or(text);
    let digits: Vec<u8> = bytes
        .iter()
        .filter(|byte| **byte != b',')
        .map(|byte| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    if digits.len() == 32 { bytes.try_into().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::{KeyError, SecretKey};

    #[test]
    fn all_three_forms_with_and_without_newline() {
        let key = *b"0123456789abcdef";
        for form in [
            &b"0123456789abcdef"[..],
            b"0123456789abcdef\n",
            b"0123456789abcdef\r\n",
            b"30313233343536373839616263646566",
            b"30313233343536373839616263646566\n",
            b"hex:30,31,32,33,34,35,36,37,38,39,61,62,63,64,65,66\r\n",
            b"30313233343536373839414243444546\n".to_ascii_lowercase().as_slice(),
            b"MDEyMzQ1Njc4OWFiY2RlZg==",
            b"MDEyMzQ1Njc4OWFiY2RlZg\n",
        ] {
            let read = SecretKey::read(form).unwrap().bytes();
            assert!(read.eq_ignore_ascii_case(&key), "{}", String::from_utf8_lossy(form));
        }
    }

    #[test]
    fn raw_key_that_ends_in_a_newline_byte_stays_whole() {
        let raw = *b"0123456789abcde\n";
        assert_eq!(SecretKey::read(&raw).unwrap().bytes(), raw);
    }

    #[test]
    fn other_lengths_are_errors_with_the_number() {
        assert_eq!(SecretKey::read(b"").unwrap_err(), KeyError::Empty);
        assert_eq!(SecretKey::read(b"short").unwrap_err(), KeyError::Form { length: 5 });
        assert_eq!(SecretKey::read(&[b'x'; 40]).unwrap_err(), KeyError::Form { length: 40 });
        assert_eq!(format!("{:?}", SecretKey::read(b"0123456789abcdef").unwrap()), "SecretKey(..)");
    }
}
