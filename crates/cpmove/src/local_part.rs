//! Names of mailboxes.

use std::fmt;

use thiserror::Error;

/// What a mailbox may not be called: cPanel's own files stand beside the mailboxes' directories.
const RESERVED: [&str; 8] = [
    "shadow",
    "passwd",
    "quota",
    "_archive",
    "_mainaccount",
    "_privs.json",
    "_privs.cache",
    "cpanel",
];

/// The part of a mailbox's address before the `@`, as cPanel allows it: lower-case letters,
/// digits, each of ``! # $ - = ? ^ _ { } ~``, and dots that neither lead nor follow each other.
///
/// `+` is not allowed: cPanel takes what follows it for the name of a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalPart(String);

/// Why a text cannot name a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LocalPartError {
    /// The text is empty.
    #[error("a mailbox name must not be empty")]
    Empty,
    /// The name is longer than an address allows.
    #[error("mailbox name {name:?} has {length} bytes, and an address takes at most 64")]
    TooLong {
        /// The text.
        name: String,
        /// Its length in bytes.
        length: usize,
    },
    /// A character that cPanel does not allow in a mailbox name.
    #[error("mailbox name {name:?} holds {character:?}, which cPanel does not allow")]
    Character {
        /// The text.
        name: String,
        /// The first character that is not allowed.
        character: char,
    },
    /// A dot leads, or follows a dot.
    #[error("mailbox name {name:?} has a dot at its beginning or two in a row")]
    Dots {
        /// The text.
        name: String,
    },
    /// A `#` leads: Exim takes the mailbox's line in `passwd` for a comment, and refuses its mail.
    #[error("mailbox name {name:?} begins with `#`, which Exim takes for a comment")]
    Comment {
        /// The name.
        name: String,
    },
    /// cPanel keeps the name for itself.
    #[error("mailbox name {name:?} is reserved by cPanel")]
    Reserved {
        /// The text.
        name: String,
    },
}

impl LocalPart {
    /// Checks a name. ASCII letters become lower-case, as cPanel keeps all addresses; that two
    /// names become one by it is found by [`account_members`](crate::account_members).
    ///
    /// # Errors
    /// [`LocalPartError`], the first rule that the name breaks.
    pub fn new(name: &str) -> Result<LocalPart, LocalPartError> {
        let text = || name.to_owned();
        if name.is_empty() {
            return Err(LocalPartError::Empty);
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$-=?^_{}~.".contains(c);
        if let Some(character) = name.chars().find(|c| !allowed(*c)) {
            return Err(LocalPartError::Character { name: text(), character });
        }
        if name.len() > 64 {
            return Err(LocalPartError::TooLong { name: text(), length: name.len() });
        }
        if name.starts_with('.') || name.contains("..") {
            return Err(LocalPartError::Dots { name: text() });
        }
        if name.starts_with('#') {
            return Err(LocalPartError::Comment { name: text() });
        }
        let lower = name.to_ascii_lowercase();
        let stem = lower.strip_suffix(".lock").unwrap_or(&lower);
        if RESERVED.contains(&stem) {
            return Err(LocalPartError::Reserved { name: text() });
        }
        Ok(LocalPart(lower))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LocalPart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for legal in ["anna", "a.b-c_d", "!#$-=?^_{}~", "x", "cur", "shadows", "9"] {
            assert_eq!(LocalPart::new(legal).unwrap().as_str(), legal);
        }
        assert_eq!(LocalPart::new("Anna").unwrap().as_str(), "anna");
        // `$-=` is three characters and no range: what lies between them stays forbidden.
        for refused in ["a+b", "a:b", "a%b", "a@b", "a/b", "a&b", "a'b", "a*b", "a|b", "a`b", "a b"]
        {
            assert!(
                matches!(LocalPart::new(refused), Err(LocalPartError::Character { .. })),
                "{refused}"
            );
        }
        for refused in [".a", "a..b", "..", "."] {
            assert!(matches!(LocalPart::new(refused), Err(LocalPartError::Dots { .. })));
        }
        for refused in ["shadow", "Shadow", "quota.lock", "_privs.json", "cpanel", "passwd"] {
            assert!(matches!(LocalPart::new(refused), Err(LocalPartError::Reserved { .. })));
        }
        assert!(matches!(LocalPart::new("#list"), Err(LocalPartError::Comment { .. })));
        assert_eq!(LocalPart::new(""), Err(LocalPartError::Empty));
        assert_eq!(
            LocalPart::new(&"a".repeat(65)).unwrap_err().to_string(),
            format!(
                "mailbox name {:?} has 65 bytes, and an address takes at most 64",
                "a".repeat(65)
            )
        );
        assert_eq!(
            LocalPart::new("jürgen").unwrap_err().to_string(),
            "mailbox name \"jürgen\" holds 'ü', which cPanel does not allow"
        );
    }
}
