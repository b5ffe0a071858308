//! Private keys that sign mail.

use std::fmt;

use thiserror::Error;

/// The private RSA key that signs a domain's mail, as PEM: PKCS#1 (`RSA PRIVATE KEY`) or PKCS#8
/// (`PRIVATE KEY`), not encrypted.
///
/// The text stays what it was but for its line ends and what stood around it. cPanel makes the
/// public half and the DNS record from it; the selector is `default`, which is Plesk's too.
#[derive(Clone, PartialEq, Eq)]
pub struct DkimKey(String);

/// Why a text is no such key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DkimKeyError {
    /// No line begins a key.
    #[error("it holds no line -----BEGIN RSA PRIVATE KEY----- or -----BEGIN PRIVATE KEY-----")]
    NoBeginning,
    /// The line that ends it is missing.
    #[error("it holds no line -----END {label}-----")]
    NoEnd {
        /// What the key calls itself.
        label: &'static str,
    },
    /// The lines between are not base64. Encrypted keys are among these.
    #[error("line {line} is not base64")]
    Base64 {
        /// The number of the line in the text, from 1.
        line: usize,
    },
    /// The bytes are not a private RSA key.
    #[error("its {length} bytes are not a private RSA key: {reason}")]
    NotAKey {
        /// How many bytes the base64 held.
        length: usize,
        /// What was found.
        reason: &'static str,
    },
}

const LABELS: [&str; 2] = ["RSA PRIVATE KEY", "PRIVATE KEY"];

impl DkimKey {
    /// Checks a key: that the text is whole, and that it holds the nine numbers of an RSA key.
    /// Whether the numbers belong together is not checked.
    ///
    /// # Errors
    /// [`DkimKeyError`], the first thing that is wrong.
    pub fn new(pem: &str) -> Result<DkimKey, DkimKeyError> {
        let mut lines = pem.lines().map(str::trim).enumerate();
        let label = lines
            .by_ref()
            .find_map(|(_, line)| {
                let label = line.strip_prefix("-----BEGIN ")?.strip_suffix("-----")?;
                LABELS.into_iter().find(|known| *known == label)
            })
            .ok_or(DkimKeyError::NoBeginning)?;
        let end = format!("-----END {label}-----");
        let mut text = format!("-----BEGIN {label}-----\n");
        let mut base64 = Base64::default();
        for (number, line) in lines {
            if line == end {
                text.push_str(&end);
                text.push('\n');
                let bytes = base64.finish().ok_or(DkimKeyError::Base64 { line: number })?;
                let checked = if label == LABELS[0] { pkcs1(&bytes) } else { pkcs8(&bytes) };
                let length = bytes.len();
                return match checked {
                    Ok(()) => Ok(DkimKey(text)),
                    Err(reason) => Err(DkimKeyError::NotAKey { length, reason }),
                };
            }
            if !line.bytes().all(|byte| base64.push(byte)) {
                return Err(DkimKeyError::Base64 { line: number + 1 });
            }
            text.push_str(line);
            text.push('\n');
        }
        Err(DkimKeyError::NoEnd { label })
    }

    /// The text, lines ended with LF.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Without the key: messages and logs are no place for it.
impl fmt::Debug for DkimKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DkimKey(..)")
    }
}

#[derive(Default)]
struct Base64 {
    bytes: Vec<u8>,
    bits: u32,
    /// Characters of the group of four so far.
    digits: u8,
    padding: u8,
}

impl Base64 {
    /// Whether the character could stand there.
    fn push(&mut self, character: u8) -> bool {
        if character == b'=' {
            self.padding += 1;
            return self.padding + self.digits <= 4 && self.digits >= 2;
        }
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return false,
        };
        self.bits = self.bits << 6 | u32::from(value);
        self.digits += 1;
        if self.digits == 4 {
            let [_, first, second, third] = self.bits.to_be_bytes();
            self.bytes.extend([first, second, third]);
            (self.bits, self.digits) = (0, 0);
        }
        self.padding == 0
    }

    /// The bytes, if the last group is whole.
    fn finish(mut self) -> Option<Vec<u8>> {
        let [_, first, second, _] = (self.bits << (6 * (4 - u32::from(self.digits)))).to_be_bytes();
        match (self.digits, self.padding) {
            (0, 0) => {}
            (2, 2) => self.bytes.push(first),
            (3, 1) => self.bytes.extend([first, second]),
            _ => return None,
        }
        Some(self.bytes)
    }
}

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// The object identifier 1.2.840.113549.1.1.1, `rsaEncryption`, with its tag and length.
const RSA: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// A version, and the numbers n, e, d, p, q, d mod p-1, d mod q-1 and 1/q mod p.
fn pkcs1(bytes: &[u8]) -> Result<(), &'static str> {
    let (mut inside, rest) = element(bytes, SEQUENCE)?;
    if !rest.is_empty() {
        return Err("something follows the key");
    }
    for number in 0..9 {
        let (value, rest) = element(inside, INTEGER)?;
        if number == 0 && value != [0] {
            return Err("its version is not 0");
        }
        inside = rest;
    }
    if inside.is_empty() { Ok(()) } else { Err("it has more than nine numbers") }
}

/// A version, the kind of the key, and the key itself; attributes may follow.
fn pkcs8(bytes: &[u8]) -> Result<(), &'static str> {
    let (inside, rest) = element(bytes, SEQUENCE)?;
    if !rest.is_empty() {
        return Err("something follows the key");
    }
    let (_version, inside) = element(inside, INTEGER)?;
    let (kind, inside) = element(inside, SEQUENCE)?;
    if !kind.starts_with(&RSA) {
        return Err("it is of another kind");
    }
    let (key, _attributes) = element(inside, OCTET_STRING)?;
    pkcs1(key)
}

/// The content of the first element, which must be of that kind, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Result<(&[u8], &[u8]), &'static str> {
    let [found, first, rest @ ..] = bytes else { return Err("it ends early") };
    if *found != tag {
        return Err("an element is of another kind than it should be");
    }
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let size = usize::from(first & 0x7f);
        // Four bytes say more than any key holds.
        let digits = rest.get(..size).filter(|_| (1..=4).contains(&size));
        let digits = digits.ok_or("the length of an element is none")?;
        let length = digits.iter().fold(0_u64, |length, byte| length << 8 | u64::from(*byte));
        let length = usize::try_from(length).map_err(|_| "the length of an element is none")?;
        (length, rest.get(size..).unwrap_or(&[]))
    };
    rest.split_at_checked(length).ok_or("it ends early")
}
