//! Password hashes, as `shadow` files hold them.

use std::fmt;

use sha_crypt::{Params, sha512_crypt};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The alphabet of crypt(3), in the order of its values.
const CRYPT_ALPHABET: &[u8; 64] =
    b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The longest password that libxcrypt's crypt(3) takes, in bytes.
const LONGEST_PASSWORD: usize = 511;

/// What stands between cPanel and a mailbox or an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// The password with this hash opens it.
    Hash(PasswordHash),
    /// The hash is kept behind a `!`: nobody gets in until an administrator switches it on again.
    LockedHash(PasswordHash),
    /// No hash is known: nobody gets in until a password is set. Written as `!!`, which cPanel's
    /// tools know as a disabled login.
    Locked,
}

impl Login {
    /// The second field of a `shadow` line.
    pub(crate) fn shadow_field(&self) -> String {
        match self {
            Login::Hash(hash) => hash.as_str().to_owned(),
            Login::LockedHash(hash) => format!("!{}", hash.as_str()),
            Login::Locked => "!!".to_owned(),
        }
    }
}

/// A password hash in a form that crypt(3) knows.
///
/// Known are SHA-512 (`$6$`), SHA-256 (`$5$`), MD5 (`$1$`), bcrypt (`$2a$`, `$2b$`, `$2y$`),
/// yescrypt, gost-yescrypt and scrypt (`$y$`, `$gy$`, `$7$`), and traditional and BSDi DES. The
/// shape is checked, so that no hash can split the line that it stands in.
///
/// Neither [`fmt::Debug`] nor the errors show the hash.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

/// Why a text is no password hash. The text itself is never shown.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PasswordHashError {
    /// The beginning is none that crypt(3) knows.
    #[error("a password hash of {length} bytes has no form that crypt(3) knows")]
    UnknownForm {
        /// The length of the text in bytes.
        length: usize,
    },
    /// The beginning is known, and what follows does not fit it.
    #[error("a password hash of {length} bytes begins as {form} and does not go on as one")]
    Malformed {
        /// The form that the beginning announces.
        form: &'static str,
        /// The length of the text in bytes.
        length: usize,
    },
}

impl PasswordHash {
    /// Checks a hash by its shape.
    ///
    /// # Errors
    /// [`PasswordHashError`] for anything that crypt(3) would not read.
    pub fn new(hash: &str) -> Result<PasswordHash, PasswordHashError> {
        let length = hash.len();
        let form = form_of(hash).ok_or(PasswordHashError::UnknownForm { length })?;
        if fits(form, hash) {
            Ok(PasswordHash(hash.to_owned()))
        } else {
            Err(PasswordHashError::Malformed { form, length })
        }
    }

    /// The hash. It is a secret: it belongs into `shadow` and nowhere else.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for MD5 and DES hashes. cPanel 132 and later refuse them, unless its administrator
    /// allows weak schemes.
    pub fn is_weak(&self) -> bool {
        matches!(form_of(&self.0), Some(MD5 | DES | BSDI_DES))
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PasswordHash({})", form_of(&self.0).unwrap_or("?"))
    }
}

const SHA512: &str = "SHA-512";
const SHA256: &str = "SHA-256";
const MD5: &str = "MD5";
const BCRYPT: &str = "bcrypt";
const YESCRYPT: &str = "yescrypt";
const SCRYPT: &str = "scrypt";
const DES: &str = "DES";
const BSDI_DES: &str = "BSDi DES";

fn form_of(hash: &str) -> Option<&'static str> {
    const PREFIXES: [(&str, &str); 9] = [
        ("$6$", SHA512),
        ("$5$", SHA256),
        ("$1$", MD5),
        ("$2a$", BCRYPT),
        ("$2b$", BCRYPT),
        ("$2y$", BCRYPT),
        ("$y$", YESCRYPT),
        ("$gy$", YESCRYPT),
        ("$7$", SCRYPT),
    ];
    if let Some((_, form)) = PREFIXES.iter().find(|(prefix, _)| hash.starts_with(prefix)) {
        return Some(form);
    }
    match hash.len() {
        13 if is_crypt_text(hash) => Some(DES),
        20 if hash.starts_with('_') => Some(BSDI_DES),
        _ => None,
    }
}

fn fits(form: &'static str, hash: &str) -> bool {
    let fields: Vec<&str> = hash.split('$').skip(2).collect();
    match (form, fields.as_slice()) {
        (SHA512, [salt, digest]) => salted(salt, 16, digest, 86),
        (SHA512, [rounds, salt, digest]) => is_rounds(rounds) && salted(salt, 16, digest, 86),
        (SHA256, [salt, digest]) => salted(salt, 16, digest, 43),
        (SHA256, [rounds, salt, digest]) => is_rounds(rounds) && salted(salt, 16, digest, 43),
        (MD5, [salt, digest]) => salted(salt, 8, digest, 22),
        (BCRYPT, [cost, rest]) => {
            cost.len() == 2
                && cost.bytes().all(|b| b.is_ascii_digit())
                && rest.len() == 53
                && is_crypt_text(rest)
        }
        (YESCRYPT, [parameters, salt, digest]) => {
            !parameters.is_empty()
                && is_crypt_text(parameters)
                && is_crypt_text(salt)
                && digest.len() == 43
                && is_crypt_text(digest)
        }
        (SCRYPT, [settings, digest]) => {
            settings.len() > 11
                && is_crypt_text(settings)
                && digest.len() == 43
                && is_crypt_text(digest)
        }
        (DES, _) => true,
        (BSDI_DES, _) => is_crypt_text(&hash[1..]),
        _ => false,
    }
}

fn is_crypt_text(text: &str) -> bool {
    text.bytes().all(|byte| CRYPT_ALPHABET.contains(&byte))
}

fn is_rounds(text: &str) -> bool {
    text.strip_prefix("rounds=").is_some_and(|number| {
        (1..=9).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Salts may hold more than the alphabet of crypt(3): what made them was not always crypt(3).
/// An empty one is legal. What would end the field or make the hash look locked is not.
fn salted(salt: &str, longest: usize, digest: &str, digest_length: usize) -> bool {
    salt.len() <= longest
        && salt.bytes().all(|b| b.is_ascii_graphic() && !b":!*\\".contains(&b))
        && digest.len() == digest_length
        && is_crypt_text(digest)
}

/// Why a password was not hashed. The password itself is never shown.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HashPasswordError {
    /// An empty password would let everybody in.
    #[error("an empty password is not hashed: it would let everybody in")]
    Empty,
    /// A NUL byte ends a password in crypt(3): the rest of it would not count.
    #[error("the password of {length} bytes holds a NUL byte")]
    Nul {
        /// The length of the password in bytes.
        length: usize,
    },
    /// crypt(3) takes no password of this length.
    #[error("the password has {length} bytes, and crypt(3) takes at most 511")]
    TooLong {
        /// The length of the password in bytes.
        length: usize,
    },
}

/// Hashes a password by SHA-512 crypt (`$6$`, 5000 rounds), the form that cPanel itself writes.
///
/// The salt is 16 characters made from `salt_seed`: the same password and seed give the same
/// hash, so that a conversion can be repeated. Give every mailbox a seed of its own (say, the old
/// server's identity and the address), so that no two hashes share a salt.
///
/// **The seed must not contain the password, nor anything computed from it.** The salt is
/// readable in the hash; made from the password, it would test a guess with one SHA-256 instead
/// of 5000 rounds of SHA-512.
///
/// # Errors
/// [`HashPasswordError`] if the password is empty, holds a NUL byte or is longer than 511 bytes.
///
/// ```
/// let hash = cpmove::hash_password("open sesame", b"server 7f3a\0anna@example.com")?;
/// assert!(hash.as_str().starts_with("$6$"));
/// # Ok::<(), cpmove::HashPasswordError>(())
/// ```
pub fn hash_password(plain: &str, salt_seed: &[u8]) -> Result<PasswordHash, HashPasswordError> {
    let length = plain.len();
    if plain.is_empty() {
        return Err(HashPasswordError::Empty);
    }
    if plain.contains('\0') {
        return Err(HashPasswordError::Nul { length });
    }
    if length > LONGEST_PASSWORD {
        return Err(HashPasswordError::TooLong { length });
    }
    let seed =
        Sha256::new().chain_update(b"cpmove salt of SHA-512 crypt\0").chain_update(salt_seed);
    let salt: String = seed.finalize().iter().take(16).map(|byte| crypt_character(*byte)).collect();
    Ok(PasswordHash(sha512_crypt_text(plain, &salt)))
}

fn sha512_crypt_text(plain: &str, salt: &str) -> String {
    let digest = sha512_crypt(plain.as_bytes(), salt.as_bytes(), Params::RECOMMENDED);
    format!("$6${salt}${}", encode_digest(&digest))
}

/// The value of the low six bits in crypt(3)'s alphabet.
fn crypt_character(bits: u8) -> char {
    char::from(CRYPT_ALPHABET[usize::from(bits & 63)])
}

/// SHA-512 crypt's text form of its digest: 21 groups of three bytes, taken at distance 21 in an
/// order that turns by one place from group to group, each as four characters with the low bits
/// first; then the last byte as two characters.
fn encode_digest(digest: &[u8; 64]) -> String {
    let mut text = String::with_capacity(86);
    for group in 0..21 {
        let at = [group, group + 21, group + 42];
        let turn = group % 3;
        let byte = |place: usize| u32::from(digest[at[(turn + place) % 3]]);
        push_characters(&mut text, byte(0) << 16 | byte(1) << 8 | byte(2), 4);
    }
    push_characters(&mut text, u32::from(digest[63]), 2);
    text
}

fn push_characters(text: &mut String, mut value: u32, count: usize) {
    for _ in 0..count {
        text.push(crypt_character((value & 63) as u8));
        value >>= 6;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the specification's own test vectors (Drepper, "Unix crypt using SHA-256 and
    /// SHA-512"), the one with the default number of rounds.
    #[test]
    fn published_vector() {
        assert_eq!(
            sha512_crypt_text("Hello world!", "saltstring"),
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJu\
             esI68u4OTLiBFdcbYEdFCoEOfaS35inz1"
        );
    }

    #[test]
    fn hashes_are_repeatable_and_salted_by_the_seed() {
        let hash = |plain: &str, seed: &str| {
            hash_password(plain, seed.as_bytes()).unwrap().as_str().to_owned()
        };
        assert_eq!(hash("a", "one"), hash("a", "one"));
        let salt = |hash: &str| hash.split('$').nth(2).map(str::to_owned).unwrap();
        assert_ne!(salt(&hash("a", "one")), salt(&hash("a", "two")));
        // The salt knows nothing of the password.
        assert_eq!(salt(&hash("a", "one")), salt(&hash("b", "one")));
        assert_eq!(salt(&hash("a", "one")).len(), 16);
        assert!(PasswordHash::new(&hash("päss wörd:\"'", "x")).is_ok());
    }

    #[test]
    fn passwords_that_are_not_hashed() {
        assert_eq!(hash_password("", b"x"), Err(HashPasswordError::Empty));
        assert_eq!(hash_password("a\0b", b"x"), Err(HashPasswordError::Nul { length: 3 }));
        assert_eq!(
            hash_password(&"a".repeat(512), b"x"),
            Err(HashPasswordError::TooLong { length: 512 })
        );
        assert!(hash_password(&"a".repeat(511), b"x").is_ok());
    }

    #[test]
    fn known_forms() {
        let bcrypt = format!("$2y$10${}", "a".repeat(53));
        let yescrypt = format!("$y$j9T$salt.salt${}", "b".repeat(43));
        let sha512 = format!("$6$rounds=1000$salt${}", "c".repeat(86));
        let sha256 = format!("$5$salt${}", "d".repeat(43));
        for strong in [&bcrypt, &yescrypt, &sha512, &sha256] {
            assert!(!PasswordHash::new(strong).unwrap().is_weak(), "{strong}");
        }
        let md5 = format!("$1$12345678${}", "e".repeat(22));
        for weak in [md5.as_str(), "abJnggxhB/yWI", "_J9..rasmBYk8r9AiWNc"] {
            assert!(PasswordHash::new(weak).unwrap().is_weak(), "{weak}");
        }
    }

    #[test]
    fn nothing_splits_a_line_or_looks_locked() {
        let digest = "c".repeat(86);
        for salt in ["a:b", "a\nb", "!", "*", "a\\b", "a b", "ä", "12345678901234567"] {
            let refused = PasswordHash::new(&format!("$6${salt}${digest}")).unwrap_err();
            assert!(matches!(refused, PasswordHashError::Malformed { form: "SHA-512", .. }));
        }
        for unknown in
            ["", "!", "!!", "*", "x", "plain text", "$apr1$a$b", "{SSHA}abc", "12345678901:3"]
        {
            let refused = PasswordHash::new(unknown).unwrap_err();
            assert_eq!(refused, PasswordHashError::UnknownForm { length: unknown.len() });
        }
        assert!(PasswordHash::new(&format!("$6$salt${digest}c")).is_err());
        assert!(PasswordHash::new(&format!("$6$salt${digest}\n")).is_err());
        assert!(PasswordHash::new("$2y$10$short").is_err());
        assert!(PasswordHash::new("_J9..rasmBYk8r9AiWN:").is_err());
    }

    #[test]
    fn secrets_are_not_shown() {
        let hash = hash_password("open sesame", b"seed").unwrap();
        let shown = format!("{:?}", Login::LockedHash(hash));
        assert_eq!(shown, "LockedHash(PasswordHash(SHA-512))");
    }
}
