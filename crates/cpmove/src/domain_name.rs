//! Names of domains.

use std::fmt;

use thiserror::Error;

/// A domain name in the form that cPanel keeps: lower-case ASCII (IDN as punycode), at least two
/// labels, no dot at the end.
///
/// Underscores are tolerated, since Plesk allows them in subdomains; where cPanel cannot hold
/// one, [`account_members`](crate::account_members) says so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainName(String);

/// Why a text is no domain name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DomainNameError {
    /// The name is longer than DNS allows.
    #[error("domain name {name:?} has {length} bytes, and DNS takes at most 253")]
    TooLong {
        /// The text.
        name: String,
        /// Its length in bytes.
        length: usize,
    },
    /// A character is not one of letters, digits, `-`, `_` and `.`.
    #[error("domain name {name:?} holds {character:?}")]
    Character {
        /// The text.
        name: String,
        /// The first character that is not allowed.
        character: char,
    },
    /// A label is empty (as in `a..b`), longer than 63 bytes, or has a hyphen at an end.
    #[error("domain name {name:?} has the label {label:?}")]
    Label {
        /// The text.
        name: String,
        /// The label.
        label: String,
    },
    /// There is only one label, or the last one is a number: a host name or an address.
    #[error("{name:?} is not the name of a domain")]
    NotADomain {
        /// The text.
        name: String,
    },
}

impl DomainName {
    /// Checks a name. Upper-case ASCII letters become lower-case; DNS does not tell them apart.
    ///
    /// # Errors
    /// [`DomainNameError`], the first rule that the name breaks. Names outside ASCII are refused:
    /// turning them into punycode is the caller's.
    pub fn new(name: &str) -> Result<DomainName, DomainNameError> {
        let text = || name.to_owned();
        if let Some(character) =
            name.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'))
        {
            return Err(DomainNameError::Character { name: text(), character });
        }
        if name.len() > 253 {
            return Err(DomainNameError::TooLong { name: text(), length: name.len() });
        }
        let labels: Vec<&str> = name.split('.').collect();
        let wrong = |label: &&&str| {
            label.is_empty() || label.len() > 63 || label.starts_with('-') || label.ends_with('-')
        };
        if let Some(label) = labels.iter().find(wrong) {
            return Err(DomainNameError::Label { name: text(), label: (*label).to_owned() });
        }
        let numeric_end =
            labels.last().is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()));
        if labels.len() < 2 || numeric_end {
            return Err(DomainNameError::NotADomain { name: text() });
        }
        Ok(DomainName(name.to_ascii_lowercase()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(DomainName::new("Example.COM").unwrap().as_str(), "example.com");
        for legal in ["a.b", "xn--bcher-kva.example", "my_shop.example.com", "1.2.3.x4"] {
            assert_eq!(DomainName::new(legal).unwrap().as_str(), legal);
        }
        let refused = |name: &str| DomainName::new(name).unwrap_err().to_string();
        assert_eq!(refused("a..b"), "domain name \"a..b\" has the label \"\"");
        assert_eq!(refused("example.com."), "domain name \"example.com.\" has the label \"\"");
        assert_eq!(refused(".."), "domain name \"..\" has the label \"\"");
        assert_eq!(refused("../../etc"), "domain name \"../../etc\" holds '/'");
        assert_eq!(refused("a.b\n"), "domain name \"a.b\\n\" holds '\\n'");
        assert_eq!(refused("bücher.example"), "domain name \"bücher.example\" holds 'ü'");
        assert_eq!(refused("-a.example"), "domain name \"-a.example\" has the label \"-a\"");
        assert_eq!(refused("localhost"), "\"localhost\" is not the name of a domain");
        assert_eq!(refused("192.0.2.1"), "\"192.0.2.1\" is not the name of a domain");
        assert_eq!(refused(""), "domain name \"\" has the label \"\"");
        let long = format!("{}.example", "a".repeat(64));
        assert!(matches!(DomainName::new(&long), Err(DomainNameError::Label { .. })));
        let long = "abcdefg.".repeat(32) + "example";
        assert!(matches!(
            DomainName::new(&long),
            Err(DomainNameError::TooLong { length: 263, .. })
        ));
    }
}
