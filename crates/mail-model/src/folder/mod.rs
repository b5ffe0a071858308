//! Folder names: directories below a maildir, names for people, and lines of subscriptions.

pub mod mutf7;

use std::fmt;

/// The name of a folder.
///
/// INBOX is the maildir itself and has no levels; every other folder has at least one. A name whose
/// directory fits no encoding is kept as the bytes that were met.
///
/// ```
/// use mail_model::folder::{Convention, FolderName, NameEncoding};
///
/// let (name, encoding) = FolderName::from_dir(b".&ANw-bung.2020", Convention::Auto);
/// assert_eq!(name.to_string(), "Übung/2020");
/// assert_eq!(encoding, NameEncoding::ModifiedUtf7);
/// assert_eq!(name.to_dir(), b".&ANw-bung.2020");
/// assert_eq!(name.to_subscription(), b"&ANw-bung.2020");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FolderName {
    levels: Vec<String>,
    /// The directory name without its leading dot.
    verbatim: Option<Vec<u8>>,
}

/// How a folder's directory name was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameEncoding {
    /// As modified UTF-7 with at least one `&`.
    ModifiedUtf7,
    /// As raw UTF-8 (Courier 5 keeps names so).
    Utf8,
    /// Printable ASCII for which the encodings do not differ, or whose `&` was taken literally.
    Ascii,
    /// Not at all: bytes are kept.
    Verbatim,
}

/// In which encoding the server kept folder names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Convention {
    /// Not known: modified UTF-7 when the name is valid as such, else raw UTF-8 when it holds
    /// 8-bit characters.
    #[default]
    Auto,
    /// Modified UTF-7 (Dovecot, Courier up to 4.x).
    ModifiedUtf7,
    /// Raw UTF-8 (Courier 5). An `&` stands for itself, unless the name is valid modified UTF-7
    /// with an encoded character in it: such folders come from the time before the upgrade, and
    /// nobody names a folder `&ANw-bung`. `&-` alone is no such proof.
    Utf8,
}

impl FolderName {
    /// INBOX.
    pub fn inbox() -> Self {
        FolderName { levels: vec![], verbatim: None }
    }

    /// Whether this is INBOX.
    pub fn is_inbox(&self) -> bool {
        self.levels.is_empty() && self.verbatim.is_none()
    }

    /// Reads a directory name below the maildir, such as `.Work.2020`; empty is INBOX. The leading
    /// dot may be missing.
    pub fn from_dir(dir: &[u8], convention: Convention) -> (FolderName, NameEncoding) {
        let name = dir.strip_prefix(b".").unwrap_or(dir);
        if dir.is_empty() {
            return (FolderName::inbox(), NameEncoding::Ascii);
        }
        let shifted = || mutf7::decode(name).ok();
        let literal = || str::from_utf8(name).ok().map(str::to_owned);
        let read = if name.is_ascii() {
            let has_shift = name.contains(&b'&');
            match (has_shift, convention) {
                (false, _) => literal().map(|text| (text, NameEncoding::Ascii)),
                (true, Convention::Auto | Convention::ModifiedUtf7) => {
                    shifted().map(|text| (text, NameEncoding::ModifiedUtf7))
                }
                (true, Convention::Utf8) => shifted()
                    .filter(|text| !text.is_ascii())
                    .map(|text| (text, NameEncoding::ModifiedUtf7))
                    .or_else(|| literal().map(|text| (text, NameEncoding::Ascii))),
            }
        } else if convention == Convention::ModifiedUtf7 {
            None
        } else {
            literal().map(|text| (text, NameEncoding::Utf8))
        };
        match read {
            Some((text, encoding)) if is_usable(&text) => {
                let levels = text.split('.').map(str::to_owned).collect();
                (FolderName { levels, verbatim: None }, encoding)
            }
            _ => (
                FolderName { levels: vec![], verbatim: Some(name.to_vec()) },
                NameEncoding::Verbatim,
            ),
        }
    }

    /// A folder by its levels; none is INBOX.
    ///
    /// Maildir++ has no way to write a `.` or `/` within a level, nor an empty level, and a control
    /// character helps nobody: `_` is put in their place. Whoever has such names compares
    /// [`FolderName::levels`] with what was given.
    pub fn from_levels(levels: Vec<String>) -> Self {
        let levels = levels
            .into_iter()
            .map(|level| {
                if level.is_empty() {
                    return "_".to_owned();
                }
                level
                    .chars()
                    .map(|c| if matches!(c, '.' | '/') || c.is_control() { '_' } else { c })
                    .collect()
            })
            .collect();
        FolderName { levels, verbatim: None }
    }

    /// The levels of the name; none for INBOX and for a name that is kept as bytes.
    pub fn levels(&self) -> &[String] {
        &self.levels
    }

    /// The directory below the maildir: leading dot and modified UTF-7, empty for INBOX.
    pub fn to_dir(&self) -> Vec<u8> {
        if self.is_inbox() {
            return vec![];
        }
        let mut out = vec![b'.'];
        out.extend(self.to_subscription());
        out
    }

    /// The line of a version 1 `subscriptions` file: without the leading dot, `INBOX` for INBOX.
    pub fn to_subscription(&self) -> Vec<u8> {
        match &self.verbatim {
            Some(bytes) => bytes.clone(),
            None if self.levels.is_empty() => b"INBOX".to_vec(),
            None => mutf7::encode(&self.levels.join(".")).into_bytes(),
        }
    }
}

/// No empty level (Dovecot refuses such names), no slash, no control character.
fn is_usable(text: &str) -> bool {
    text.split('.').all(|level| !level.is_empty())
        && !text.chars().any(|c| c == '/' || c.is_control())
}

impl fmt::Display for FolderName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verbatim {
            Some(bytes) => write!(out, "{}", bytes.escape_ascii()),
            None if self.levels.is_empty() => out.write_str("INBOX"),
            None => out.write_str(&self.levels.join("/")),
        }
    }
}
