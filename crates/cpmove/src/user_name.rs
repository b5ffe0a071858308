//! The name of a cPanel account.

use std::fmt;

use thiserror::Error;

/// The longest name that cPanel gives to a new account, in bytes.
const LONGEST: usize = 16;

/// How many numbers [`UserName::derive`] tries behind a name.
const LAST_NUMBER: u32 = 99_999;

/// Beginnings that cPanel keeps for itself or refuses.
const RESERVED_PREFIXES: [&str; 6] = ["test", "cpanel", "cpbackup", "cpmydns", "cpses", "cptkt"];

/// The one reserved ending that is made of letters; the others hold a dot, which no name may.
const RESERVED_SUFFIX: &str = "assword";

/// Names of system users, databases and mail aliases, which cPanel gives to no account.
/// Its own list is longer and differs by version; these are the ones that are known.
const RESERVED: &[&str] = &[
    "abuse",
    "adm",
    "admin",
    "all",
    "anonymous",
    "apache",
    "avahi",
    "backup",
    "bin",
    "chrony",
    "clamav",
    "cpanel",
    "cphulkd",
    "cpses",
    "cptkt",
    "daemon",
    "dbus",
    "dirs",
    "dnsadmin",
    "dovecot",
    "dovenull",
    "eximstats",
    "files",
    "ftp",
    "games",
    "halt",
    "info",
    "list",
    "lp",
    "mail",
    "mailman",
    "mailnull",
    "man",
    "marketing",
    "modsec",
    "munin",
    "mydns",
    "mysql",
    "named",
    "news",
    "nobody",
    "ntp",
    "operator",
    "polkitd",
    "postfix",
    "postgres",
    "postmaster",
    "proftpd",
    "proxy",
    "root",
    "roundcube",
    "rpc",
    "rpm",
    "sales",
    "security",
    "shadow",
    "shutdown",
    "spamassassin",
    "spamd",
    "ssh",
    "sshd",
    "ssl",
    "sudo",
    "support",
    "sync",
    "sys",
    "system",
    "tmp",
    "tomcat",
    "toor",
    "usenet",
    "uucp",
    "virtfs",
    "virtual",
    "webmaster",
    "wheel",
    "whmxfer",
    "www",
];

/// A name for a new cPanel account: 1 to 16 of `a-z` and `0-9`, not beginning with a digit, and
/// none of the names that cPanel reserves.
///
/// A restore tolerates `-`, `.` and `_` as well; this type keeps to the rule for new accounts,
/// because what is refused for a new account is refused again on the next change of its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(String);

/// Why a text is no name for an account.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UserNameError {
    /// The text is empty.
    #[error("an account name must not be empty")]
    Empty,
    /// The text is longer than 16 bytes.
    #[error("account name {name:?} has {length} bytes, and cPanel takes at most 16")]
    TooLong {
        /// The text.
        name: String,
        /// Its length in bytes.
        length: usize,
    },
    /// A character is neither a lower-case ASCII letter nor a digit.
    #[error("account name {name:?} holds {character:?}, and cPanel takes only a-z and 0-9")]
    Character {
        /// The text.
        name: String,
        /// The first character that is not allowed.
        character: char,
    },
    /// The first character is a digit.
    #[error("account name {name:?} begins with a digit")]
    LeadingDigit {
        /// The text.
        name: String,
    },
    /// cPanel keeps the name, or names that begin or end like it, for itself.
    #[error("account name {name:?} is reserved by cPanel ({rule})")]
    Reserved {
        /// The text.
        name: String,
        /// Which rule it met, for people.
        rule: String,
    },
}

impl UserName {
    /// Takes a name as it is, or says why cPanel would not.
    ///
    /// # Errors
    /// [`UserNameError`], the first rule that the name breaks.
    pub fn new(name: &str) -> Result<UserName, UserNameError> {
        let text = || name.to_owned();
        if name.is_empty() {
            return Err(UserNameError::Empty);
        }
        if let Some(character) =
            name.chars().find(|c| !c.is_ascii_lowercase() && !c.is_ascii_digit())
        {
            return Err(UserNameError::Character { name: text(), character });
        }
        if name.len() > LONGEST {
            return Err(UserNameError::TooLong { name: text(), length: name.len() });
        }
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(UserNameError::LeadingDigit { name: text() });
        }
        if RESERVED.contains(&name) {
            return Err(UserNameError::Reserved { name: text(), rule: "the name itself".into() });
        }
        if let Some(prefix) = RESERVED_PREFIXES.iter().find(|prefix| name.starts_with(**prefix)) {
            let rule = format!("names that begin with {prefix:?}");
            return Err(UserNameError::Reserved { name: text(), rule });
        }
        if name.ends_with(RESERVED_SUFFIX) {
            let rule = format!("names that end with {RESERVED_SUFFIX:?}");
            return Err(UserNameError::Reserved { name: text(), rule });
        }
        Ok(UserName(text()))
    }

    /// The legal name nearest to `wanted` that `taken` does not know. The same arguments give
    /// the same name.
    ///
    /// ASCII letters become lower-case and everything but `a-z0-9` is left out; if nothing stays,
    /// the letters and digits of `main_domain` take its place, and if nothing stays there either,
    /// `account`. The result is cut to 16. A name that begins with a digit or with a reserved
    /// beginning gets a `u` in front: dropping digits instead would make one name of `1site` and
    /// `2site`. A name that is then reserved or taken gets the first free number from 2 on, and
    /// loses as many characters before it as the number needs.
    ///
    /// `taken` is asked for legal names only. If it claims every one of the 99 999 numbers, the
    /// last of them is returned although it is taken.
    ///
    /// MySQL servers of cPanel want the first eight characters to be unique too (MariaDB does
    /// not); callers that care say so through `taken`.
    pub fn derive(wanted: &str, main_domain: &str, taken: &dyn Fn(&str) -> bool) -> UserName {
        let mut base = letters_and_digits(wanted);
        if base.is_empty() {
            base = letters_and_digits(main_domain);
        }
        if base.is_empty() {
            "account".clone_into(&mut base);
        }
        let base = with_legal_beginning(base);
        let mut last = UserName(format!("u{LAST_NUMBER}"));
        for number in 1..=LAST_NUMBER {
            let suffix = if number == 1 { String::new() } else { number.to_string() };
            let kept = base.len().min(LONGEST - suffix.len());
            let Ok(name) = UserName::new(&format!("{}{suffix}", &base[..kept])) else { continue };
            if !taken(name.as_str()) {
                return name;
            }
            last = name;
        }
        last
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn letters_and_digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn with_legal_beginning(base: String) -> String {
    let refused = base.starts_with(|c: char| c.is_ascii_digit())
        || RESERVED_PREFIXES.iter().any(|prefix| base.starts_with(prefix));
    if refused { format!("u{base}") } else { base }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_rule_for_new_accounts() {
        for legal in ["a", "shop", "exampl3", "abcdefghijklmnop", "utest", "passwordx"] {
            assert_eq!(UserName::new(legal).unwrap().as_str(), legal);
        }
        let refused = |name: &str| UserName::new(name).unwrap_err().to_string();
        assert_eq!(refused(""), "an account name must not be empty");
        assert_eq!(
            refused("abcdefghijklmnopq"),
            "account name \"abcdefghijklmnopq\" has 17 bytes, and cPanel takes at most 16"
        );
        assert_eq!(refused("9lives"), "account name \"9lives\" begins with a digit");
        assert_eq!(
            refused("a.b"),
            "account name \"a.b\" holds '.', and cPanel takes only a-z and 0-9"
        );
        for reserved in ["root", "mysql", "sales", "tester", "cpanelx", "mypassword", "virtfs"] {
            assert!(matches!(UserName::new(reserved), Err(UserNameError::Reserved { .. })));
        }
    }

    #[test]
    fn nearest_legal_name() {
        let free = |_: &str| false;
        let derived =
            |wanted: &str| UserName::derive(wanted, "example.com", &free).as_str().to_owned();
        assert_eq!(derived("shop"), "shop");
        assert_eq!(derived("Shop_User.1"), "shopuser1");
        assert_eq!(derived("averyveryverylongname"), "averyveryverylon");
        assert_eq!(derived("1site"), "u1site");
        assert_eq!(derived("2site"), "u2site");
        assert_eq!(derived("testing"), "utesting");
        assert_eq!(derived("admin"), "admin2");
        assert_eq!(derived("mypassword"), "mypassword2");
        assert_eq!(derived("用户"), "examplecom");
        assert_eq!(UserName::derive("", "", &free).as_str(), "account");
    }

    #[test]
    fn taken_names_get_numbers_and_stay_within_sixteen() {
        let taken = |name: &str| ["abcdefghijklmnop", "abcdefghijklmno2"].contains(&name);
        assert_eq!(
            UserName::derive("abcdefghijklmnopqr", "x.y", &taken).as_str(),
            "abcdefghijklmno3"
        );
        // A register that claims everything must not hang.
        assert_eq!(UserName::derive("shop", "x.y", &|_| true).as_str(), "shop99999");
    }
}
