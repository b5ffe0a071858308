//! One maildir file name, taken apart and put together again.

use super::{Flags, KeywordLetters};

/// How the flags were joined to the base name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Suffix {
    /// Not at all: there is no colon.
    None,
    /// By `:2,`, as the format says.
    Colon,
    /// By something that stands for `:2,` on a file system that knows no colon. Holds what was met.
    Substitute(Vec<u8>),
    /// A colon that does not begin `:2,`; holds everything from the first colon on, kept as it is.
    Foreign(Vec<u8>),
}

/// A maildir file name in its parts.
///
/// ```
/// use mail_model::maildir::{FileName, Flags};
///
/// let name = FileName::parse(b"1600000420.M7P4.host,S=1866:2,SF");
/// assert_eq!(name.base, b"1600000420.M7P4.host,S=1866");
/// assert!(name.flags.contains(Flags::FLAGGED));
/// assert_eq!(name.size(), Some(1866));
/// assert_eq!(name.to_bytes(), b"1600000420.M7P4.host,S=1866:2,SF");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileName {
    /// What identifies the message: everything before the first colon.
    pub base: Vec<u8>,
    /// The flags.
    pub flags: Flags,
    /// The keyword letters.
    pub keywords: KeywordLetters,
    /// Flag bytes nobody knows, and whatever follows a second comma. Kept.
    pub other: Vec<u8>,
    /// How flags were joined to the base.
    pub suffix: Suffix,
    /// The flag bytes in the order they were met, so that an unchanged name is written unchanged.
    met: Vec<u8>,
}

/// The part of a file name that identifies the message: up to the first colon, as Dovecot
/// and Courier take it.
pub fn base_name(raw: &[u8]) -> &[u8] {
    raw.iter().position(|byte| *byte == b':').map_or(raw, |at| &raw[..at])
}

/// What trees that passed through Windows have instead of `:2,`: a semicolon or exclamation mark
/// (maildir's own habit there), a percent escape, the private-use character that Samba and WSL
/// put for a colon, the wide colon that rclone puts, or an underscore from archivers that replace
/// what they can't write.
const SUBSTITUTES: [&[u8]; 7] =
    [b";2,", b"!2,", b"%3A2,", b"%3a2,", "\u{f03a}2,".as_bytes(), "\u{ff1a}2,".as_bytes(), b"_2,"];

struct FlagPart {
    flags: Flags,
    keywords: KeywordLetters,
    other: Vec<u8>,
}

/// Reads flag bytes as Dovecot does: up to a second comma; unknown bytes mean nothing to it.
fn read_flags(bytes: &[u8]) -> FlagPart {
    let mut part =
        FlagPart { flags: Flags::default(), keywords: KeywordLetters::default(), other: vec![] };
    for (at, byte) in bytes.iter().enumerate() {
        match *byte {
            b',' => {
                part.other.extend_from_slice(&bytes[at..]);
                break;
            }
            letter @ b'a'..=b'z' => part.keywords.insert(letter - b'a'),
            byte => match Flags::from_letter(byte) {
                Some(flag) => part.flags.insert(flag),
                None => part.other.push(byte),
            },
        }
    }
    part
}

/// Finds a substitute for `:2,` that is followed by nothing but flag letters. Asking for that
/// keeps a name like `1.M2_2,S=5` whole: there `S=5` is a size and not a flag.
fn find_substitute(raw: &[u8]) -> Option<(usize, usize)> {
    SUBSTITUTES
        .iter()
        .filter_map(|mark| {
            let at = raw.windows(mark.len()).rposition(|window| window == *mark)?;
            let rest = &raw[at + mark.len()..];
            let letters = rest
                .iter()
                .all(|byte| byte.is_ascii_lowercase() || Flags::from_letter(*byte).is_some());
            (at > 0 && letters).then_some((at, mark.len()))
        })
        .max()
}

impl FileName {
    /// A name with these flags and no keywords; no suffix is written when there are no flags.
    pub fn new(base: Vec<u8>, flags: Flags) -> FileName {
        FileName {
            base,
            flags,
            keywords: KeywordLetters::default(),
            other: vec![],
            suffix: if flags.is_empty() { Suffix::None } else { Suffix::Colon },
            met: vec![],
        }
    }

    /// A name for a message that was stored in no maildir: second of delivery, and a number that no
    /// other message of the folder has. The same in, the same name out.
    pub fn made_up(second: i64, number: u64, size: u64, virtual_size: u64, flags: Flags) -> Self {
        let second = second.max(0);
        let base = format!("{second}.M{number}P1.plesk2cpanel,S={size},W={virtual_size}");
        FileName::new(base.into_bytes(), flags)
    }

    /// A name that is all base: no flags are looked for.
    pub fn whole(base: Vec<u8>) -> FileName {
        FileName::new(base, Flags::default())
    }

    /// Takes a name apart. Nothing fails: what is not understood is kept.
    ///
    /// The base ends at the first colon; Dovecot 2.3 and 2.4 look for flags behind the last one,
    /// so a name with two colons (`a:b:2,S`) has flags but a suffix that is not plain `:2,`, and
    /// counts as [`Suffix::Foreign`] with its flags read. Substitutes are looked for only in names
    /// without any colon.
    pub fn parse(raw: &[u8]) -> FileName {
        let base = base_name(raw);
        let (base, suffix, met) = if base.len() == raw.len() {
            match find_substitute(raw) {
                Some((at, length)) => (
                    &raw[..at],
                    Suffix::Substitute(raw[at..at + length].to_vec()),
                    &raw[at + length..],
                ),
                None => (raw, Suffix::None, &raw[raw.len()..]),
            }
        } else {
            let tail = &raw[base.len()..];
            match tail.strip_prefix(b":2,") {
                Some(flags) if !flags.contains(&b':') => (base, Suffix::Colon, flags),
                _ => {
                    let last = tail.iter().rposition(|byte| *byte == b':').unwrap_or(0);
                    let flags = tail[last..].strip_prefix(b":2,").unwrap_or(b"");
                    (base, Suffix::Foreign(tail.to_vec()), flags)
                }
            }
        };
        let part = read_flags(met);
        FileName {
            base: base.to_vec(),
            flags: part.flags,
            keywords: part.keywords,
            other: part.other,
            suffix,
            met: met.to_vec(),
        }
    }

    /// The name as bytes.
    ///
    /// A name that was parsed and not changed comes out as it was, unsorted flags included, but
    /// for [`Suffix::Substitute`], which becomes `:2,`: that is what the server that made the file
    /// had called it. Changed flags are written in ASCII order. A foreign suffix stays as long as
    /// the flags are those it holds; else the flags follow it in a set of their own, which is
    /// where Dovecot looks for them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.base.clone();
        let met = read_flags(&self.met);
        let unchanged =
            met.flags == self.flags && met.keywords == self.keywords && met.other == self.other;
        match &self.suffix {
            Suffix::Foreign(tail) if unchanged => {
                out.extend_from_slice(tail);
                return out;
            }
            Suffix::Foreign(tail) => {
                // A set of flags at the end of the tail is replaced, anything else stays.
                let last = tail.iter().rposition(|byte| *byte == b':').unwrap_or(0);
                let keep = if tail[last..].starts_with(b":2,") { last } else { tail.len() };
                out.extend_from_slice(&tail[..keep]);
            }
            Suffix::None if self.flags.is_empty() && self.keywords.is_empty() => {
                if self.other.is_empty() {
                    return out;
                }
            }
            Suffix::None | Suffix::Colon | Suffix::Substitute(_) => {}
        }
        out.extend_from_slice(b":2,");
        if unchanged {
            out.extend_from_slice(&self.met);
        } else {
            let end = self.other.iter().position(|byte| *byte == b',').unwrap_or(self.other.len());
            let mut letters: Vec<u8> = self
                .flags
                .iter_letters()
                .chain(self.keywords.iter_letters())
                .chain(self.other[..end].iter().copied())
                .collect();
            letters.sort_unstable();
            out.extend_from_slice(&letters);
            out.extend_from_slice(&self.other[end..]);
        }
        out
    }

    /// The same name with these keyword letters instead of its own.
    #[must_use]
    pub fn with_keywords(&self, letters: KeywordLetters) -> FileName {
        FileName { keywords: letters, ..self.clone() }
    }

    /// The same flags under another base name.
    #[must_use]
    pub fn with_base(&self, base: Vec<u8>) -> FileName {
        FileName { base, ..self.clone() }
    }

    /// The file size in bytes that the name claims (`,S=`).
    pub fn size(&self) -> Option<u64> {
        number_field(&self.base, b'S')
    }

    /// The size in bytes with CRLF line ends that the name claims (`,W=`).
    pub fn virtual_size(&self) -> Option<u64> {
        number_field(&self.base, b'W')
    }
}

/// The first `,X=` decides, even when no number follows it: so does Dovecot.
fn number_field(base: &[u8], key: u8) -> Option<u64> {
    let at = base.windows(3).position(|window| window == [b',', key, b'='])?;
    let rest = &base[at + 3..];
    let end = rest.iter().position(|byte| *byte == b',').unwrap_or(rest.len());
    let digits = &rest[..end];
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    digits
        .iter()
        .try_fold(0u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
}
