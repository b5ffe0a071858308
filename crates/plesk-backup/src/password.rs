//! Passwords as the metadata hold them.

use std::fmt;

use aes::Aes128;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};

use crate::secret_key::SecretKey;

/// Plesk pads base64 on Linux and does not on Windows.
pub(crate) const LENIENT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const SYMMETRIC_PREFIX: &str = "$AES-128-CBC$";

/// A password of the backup. What it is is told by its content rather than by its declared type.
///
/// Neither `Debug` nor anything else but [`Password::recover`] shows the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Password {
    text: String,
    /// The text is what could not be decoded.
    garbled: bool,
    declared: Option<String>,
}

/// How a password is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordKind {
    /// Readable.
    Plain,
    /// `$AES-128-CBC$`: needs the secret key of the old server.
    Symmetric,
    /// One-way hash.
    Hash(HashScheme),
    /// Nothing: such a login must stay locked.
    Empty,
    /// Not understood.
    Unknown,
}

/// Scheme of a one-way hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HashScheme {
    /// `$6$`
    Sha512,
    /// `$5$`
    Sha256,
    /// `$1$`
    Md5,
    /// `$2$`, `$2a$`, `$2b$`, `$2y$`
    Bcrypt,
    /// `$y$`
    Yescrypt,
    /// `$apr1$`
    Apr1,
    /// `$argon2i$`, `$argon2d$`, `$argon2id$`
    Argon2,
    /// Thirteen characters of traditional crypt.
    Des,
    /// `{SCHEME}` before the hash.
    Braced(String),
}

/// What could be got back from a password.
#[derive(Clone, PartialEq, Eq)]
pub enum Recovered {
    /// The password itself.
    Plain(Secret),
    /// A hash, as it stands.
    Hash(String),
    /// It is encrypted, and no key was given.
    NeedsKey,
    /// It is encrypted, and the key does not open it.
    WrongKey,
    /// There is none.
    Empty,
    /// It was not understood.
    Unknown,
}

/// A text that `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: String) -> Secret {
        Secret(text)
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Password {
    /// From the text of the element and its attributes `type` and `encoding`.
    pub fn new(text: &str, declared: Option<&str>, encoding: Option<&str>) -> Password {
        let trimmed = text.trim();
        let is_base64 = encoding.is_some_and(|name| name.eq_ignore_ascii_case("base64"));
        // A `$` is no base64: then the attribute is a relic, and the text stands for itself.
        let decoded = if is_base64 && !trimmed.contains('$') { decode(trimmed) } else { None };
        let (text, garbled) = match decoded.map(String::from_utf8) {
            None => (trimmed.to_owned(), false),
            Some(Ok(text)) => (text, false),
            // Which character set it had is not known, and a guess would be another password.
            Some(Err(_)) => (trimmed.to_owned(), true),
        };
        Password { text, garbled, declared: declared.map(|name| name.trim().to_ascii_lowercase()) }
    }

    /// How it is kept.
    pub fn kind(&self) -> PasswordKind {
        if self.text.is_empty() {
            return PasswordKind::Empty;
        }
        if self.garbled {
            return PasswordKind::Unknown;
        }
        if self.text.starts_with(SYMMETRIC_PREFIX) {
            return PasswordKind::Symmetric;
        }
        let declared = self.declared.as_deref();
        let declared_plain = declared == Some("plain");
        if let Some(scheme) = hash_scheme(&self.text)
            // Thirteen letters and digits, or a word in braces, are a fine password as well.
            && !(declared_plain && matches!(scheme, HashScheme::Des | HashScheme::Braced(_)))
        {
            return PasswordKind::Hash(scheme);
        }
        match declared {
            None | Some("plain" | "") => PasswordKind::Plain,
            Some(_) => PasswordKind::Unknown,
        }
    }

    /// Gets back what can be got back; `key` matters for [`PasswordKind::Symmetric`] only.
    pub fn recover(&self, key: Option<&SecretKey>) -> Recovered {
        match self.kind() {
            PasswordKind::Plain => Recovered::Plain(Secret(self.text.clone())),
            PasswordKind::Hash(_) => Recovered::Hash(self.text.clone()),
            PasswordKind::Empty => Recovered::Empty,
            PasswordKind::Unknown => Recovered::Unknown,
            PasswordKind::Symmetric => match (split_symmetric(&self.text), key) {
                (None, _) => Recovered::Unknown,
                (Some(_), None) => Recovered::NeedsKey,
                (Some((vector, cipher_text)), Some(key)) => decrypt(key, vector, &cipher_text),
            },
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Password({:?})", self.kind())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(..)")
    }
}

impl fmt::Debug for Recovered {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Recovered::Plain(_) => "Plain(..)",
            Recovered::Hash(_) => "Hash(..)",
            Recovered::NeedsKey => "NeedsKey",
            Recovered::WrongKey => "WrongKey",
            Recovered::Empty => "Empty",
            Recovered::Unknown => "Unknown",
        })
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let compact: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    LENIENT_BASE64.decode(compact).ok()
}

/// The scheme, if the text has the shape of a hash and could stand in a line of a password file.
fn hash_scheme(text: &str) -> Option<HashScheme> {
    if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':') {
        return None;
    }
    if let Some(rest) = text.strip_prefix('$') {
        let (scheme, hash) = rest.split_once('$')?;
        if hash.is_empty() {
            return None;
        }
        return match scheme {
            "6" => Some(HashScheme::Sha512),
            "5" => Some(HashScheme::Sha256),
            "1" => Some(HashScheme::Md5),
            "2" | "2a" | "2b" | "2y" => Some(HashScheme::Bcrypt),
            "y" => Some(HashScheme::Yescrypt),
            "apr1" => Some(HashScheme::Apr1),
            "argon2i" | "argon2d" | "argon2id" => Some(HashScheme::Argon2),
            _ => None,
        };
    }
    if let Some(rest) = text.strip_prefix('{') {
        let (scheme, hash) = rest.split_once('}')?;
        let is_scheme = !scheme.is_empty()
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        return (is_scheme && !hash.is_empty()).then(|| HashScheme::Braced(scheme.to_owned()));
    }
    let is_des = text.len() == 13
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"./".contains(&byte));
    is_des.then_some(HashScheme::Des)
}

/// `$AES-128-CBC$<base64 vector>$<base64 cipher text>`, as both Linux and Windows write it.
fn split_symmetric(text: &str) -> Option<([u8; 16], Vec<u8>)> {
    let (vector, cipher_text) = text.strip_prefix(SYMMETRIC_PREFIX)?.split_once('$')?;
    let vector = LENIENT_BASE64.decode(vector).ok()?.try_into().ok()?;
    let cipher_text = LENIENT_BASE64.decode(cipher_text).ok()?;
    (!cipher_text.is_empty() && cipher_text.len().is_multiple_of(16))
        .then_some((vector, cipher_text))
}

fn decrypt(key: &SecretKey, vector: [u8; 16], cipher_text: &[u8]) -> Recovered {
    let mut decryptor = cbc::Decryptor::<Aes128>::new(&key.bytes().into(), &vector.into());
    let mut text = Vec::with_capacity(cipher_text.len());
    for chunk in cipher_text.chunks_exact(16) {
        let mut block = [0_u8; 16];
        block.copy_from_slice(chunk);
        let mut block = block.into();
        decryptor.decrypt_block(&mut block);
        text.extend_from_slice(&block);
    }
    match String::from_utf8(without_padding(text)) {
        Ok(text) if text.is_empty() => Recovered::Empty,
        Ok(text) if !text.chars().any(char::is_control) => Recovered::Plain(Secret(text)),
        _ => Recovered::WrongKey,
    }
}

/// Linux fills up with NUL, Windows as PKCS#7 says; a text of full blocks has no NUL at all.
fn without_padding(mut text: Vec<u8>) -> Vec<u8> {
    if let Some(&last) = text.last()
        && (1..=16).contains(&last)
        && text.iter().rev().take(usize::from(last)).all(|byte| *byte == last)
    {
        text.truncate(text.len() - usize::from(last));
        return text;
    }
    while text.last() == Some(&0) {
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{HashScheme, Password, PasswordKind, Recovered, Secret};
    use crate::SecretKey;

    fn key() -> SecretKey {
        SecretKey::read(b"0123456789abcdef").unwrap()
    }

    fn plain(text: &str) -> Recovered {
        Recovered::Plain(Secret::new(text.to_owned()))
    }

    #[test]
    fn known_answers_with_both_paddings_and_without_base64_padding() {
        for (cipher_text, text) in [
            ("$AES-128-CBC$AAECAwQFBgcICQoLDA0ODw==$QYE8ZOq+Gi0NB4hQ3Nb0+Q==", "Secr3t!pass"),
            ("$AES-128-CBC$AAECAwQFBgcICQoLDA0ODw$QYE8ZOq+Gi0NB4hQ3Nb0+Q", "Secr3t!pass"),
            (
                "$AES-128-CBC$EBESExQVFhcYGRobHB0eHw==$iFk1al0yATfyL/R2H8a48XFllVO4WlL7X2R5cOg9mHs=",
                "a much longer passphrase 42",
            ),
            ("$AES-128-CBC$AAECAwQFBgcICQoLDA0ODw==$AJIU3+ZWvmKP/GUTt2Fyag==", "exactly16bytes!!"),
            ("$AES-128-CBC$AAECAwQFBgcICQoLDA0ODw==$J8IUdS2R3IbS8HEYezLlRg==", "Secr3t!pass"),
            // As Windows writes it: filled up as PKCS#7 says, and base64 without its own padding.
            ("$AES-128-CBC$AAECAwQFBgcICQoLDA0ODw$J8IUdS2R3IbS8HEYezLlRg", "Secr3t!pass"),
        ] {
            let password = Password::new(&format!("\n  {cipher_text} "), Some("sym"), None);
            assert_eq!(password.kind(), PasswordKind::Symmetric);
            assert!(password.recover(Some(&key())) == plain(text), "{cipher_text}");
            assert!(password.recover(None) == Recovered::NeedsKey);
            let other = SecretKey::read(b"fedcba9876543210").unwrap();
            assert!(password.recover(Some(&other)) == Recovered::WrongKey, "{cipher_text}");
        }
    }

    #[test]
    fn broken_cipher_texts_are_unknown_whatever_the_key() {
        for text in [
            "$AES-128-CBC$",
            "$AES-128-CBC$AAEC$QYE8ZOq+Gi0NB4hQ3Nb0+Q==",
            "$AES-128-CBC$AAECAwQFBgcICQoLDA0ODw==$",
            "$AES-128-CBC$AAECAwQFBgcICQoLDA0ODw==$QYE8ZOq+",
            "$AES-128-CBC$!!$!!",
        ] {
            let password = Password::new(text, Some("sym"), None);
            assert!(password.recover(Some(&key())) == Recovered::Unknown, "{text}");
            assert!(password.recover(None) == Recovered::Unknown, "{text}");
        }
    }

    #[test]
    fn content_tells_the_kind() {
        let kind = |text: &str, declared: Option<&str>| Password::new(text, declared, None).kind();
        let hash = PasswordKind::Hash;
        assert_eq!(kind("$6$salt$hash", Some("plain")), hash(HashScheme::Sha512));
        assert_eq!(kind("$5$salt$hash", None), hash(HashScheme::Sha256));
        assert_eq!(kind("$1$salt$hash", Some("crypt")), hash(HashScheme::Md5));
        assert_eq!(kind("$2y$10$abc", Some("encrypted")), hash(HashScheme::Bcrypt));
        assert_eq!(kind("$y$j9T$salt$hash", Some("encrypted")), hash(HashScheme::Yescrypt));
        assert_eq!(kind("$apr1$x$y", Some("encrypted")), hash(HashScheme::Apr1));
        assert_eq!(kind("$argon2id$v=19$m=1", Some("encrypted")), hash(HashScheme::Argon2));
        assert_eq!(kind("abCDefGH12./x", Some("encrypted")), hash(HashScheme::Des));
        assert_eq!(
            kind("{SSHA}abc=", Some("encrypted")),
            hash(HashScheme::Braced("SSHA".to_owned()))
        );
        assert_eq!(kind("thirteenchars", Some("plain")), PasswordKind::Plain);
        assert_eq!(kind("{smile}yes", Some("plain")), PasswordKind::Plain);
        assert_eq!(kind("no hash", Some("encrypted")), PasswordKind::Unknown);
        assert_eq!(kind("$6$a:b$c", Some("encrypted")), PasswordKind::Unknown);
        assert_eq!(kind("  \n", Some("plain")), PasswordKind::Empty);
        assert_eq!(kind("pa$$word", None), PasswordKind::Plain);
    }

    #[test]
    fn base64_is_decoded_when_announced() {
        let password = Password::new("UGxhaW5QYTU1\n", Some("plain"), Some("base64"));
        assert!(password.recover(None) == plain("PlainPa55"));
        // `päßword` in Latin-1: no other password is made up.
        let password = Password::new("cOTfd29yZA==", Some("plain"), Some("base64"));
        assert!(password.recover(None) == Recovered::Unknown);
        // An attribute that is a relic does no harm.
        let password = Password::new("$6$salt$hash", Some("encrypted"), Some("base64"));
        assert_eq!(password.kind(), PasswordKind::Hash(HashScheme::Sha512));
    }

    #[test]
    fn nothing_secret_is_shown() {
        let password = Password::new("PlainPa55", Some("plain"), None);
        assert_eq!(format!("{password:?}"), "Password(Plain)");
        assert_eq!(format!("{:?}", password.recover(None)), "Plain(..)");
        assert_eq!(format!("{:?}", Secret::new("x".to_owned())), "Secret(..)");
    }
}
