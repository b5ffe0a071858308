//! Extra fields of a header: what did not fit into it, and what other systems add.

use super::{long, number, word};

/// Sizes and offset beyond 32 bits.
const ZIP64: u16 = 0x0001;
/// Times of a Windows file system.
const NTFS: u16 = 0x000a;
/// Info-ZIP's times, as Unix counts them.
const EXTENDED_TIMESTAMP: u16 = 0x5455;
/// The same of old versions.
const OLD_UNIX: u16 = 0x5855;
/// Info-ZIP's name in UTF-8.
const UNICODE_PATH: u16 = 0x7075;

/// Between 1601, where Windows begins to count, and 1970.
const WINDOWS_EPOCH: i64 = 11_644_473_600;

/// What of the extra fields matters.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    zip64: Option<&'a [u8]>,
    extended: Option<i64>,
    windows: Option<i64>,
    old_unix: Option<i64>,
    /// Checksum of the name that it replaces, and the name.
    pub(super) unicode_path: Option<(u32, &'a [u8])>,
}

impl<'a> Fields<'a> {
    /// What follows a field that is cut or has a wrong length is not looked at.
    pub(super) fn read(mut extra: &'a [u8]) -> Fields<'a> {
        let mut fields = Fields::default();
        while extra.len() >= 4 {
            let (id, length) = (word(extra, 0), usize::from(word(extra, 2)));
            let Some(data) = extra.get(4..4 + length) else { break };
            extra = &extra[4 + length..];
            match id {
                ZIP64 => fields.zip64 = Some(data),
                EXTENDED_TIMESTAMP if data.len() >= 5 && data[0] & 1 == 1 => {
                    fields.extended = Some(signed(data, 1));
                }
                OLD_UNIX if data.len() >= 8 => fields.old_unix = Some(signed(data, 4)),
                NTFS => fields.windows = windows_mtime(data),
                UNICODE_PATH if data.len() > 5 && data[0] == 1 => {
                    fields.unicode_path = Some((long(data, 1), &data[5..]));
                }
                _ => {}
            }
        }
        fields
    }

    /// Seconds since 1970: times in UTC, where the header has a local one.
    pub(super) fn mtime(&self) -> Option<i64> {
        self.extended.or(self.windows).or(self.old_unix)
    }

    /// The times of a file in its two headers, of the first kind that both have.
    pub(super) fn common_mtimes(&self, other: &Fields<'_>) -> Option<(i64, i64)> {
        let kinds = [
            (self.extended, other.extended),
            (self.windows, other.windows),
            (self.old_unix, other.old_unix),
        ];
        kinds.into_iter().find_map(|(own, other)| own.zip(other))
    }

    /// Replaces the numbers that stand in this field, in the order given; each of the others keeps
    /// what it has. False when one of them should stand there and does not.
    pub(super) fn widen<const N: usize>(&self, numbers: [&mut u64; N]) -> bool {
        let mut rest = self.zip64.unwrap_or_default();
        for wide in numbers {
            if *wide != u64::from(u32::MAX) {
                continue;
            }
            let Some((found, behind)) = rest.split_at_checked(8) else { return false };
            *wide = number::<8>(found, 0);
            rest = behind;
        }
        true
    }
}

fn signed(data: &[u8], at: usize) -> i64 {
    i64::from(i32::from_le_bytes([data[at], data[at + 1], data[at + 2], data[at + 3]]))
}

/// Attribute 1 of the NTFS field has three times in units of 100 ns; the first is of the last
/// change.
fn windows_mtime(data: &[u8]) -> Option<i64> {
    let mut rest = data.get(4..)?;
    while rest.len() >= 4 {
        let (tag, length) = (word(rest, 0), usize::from(word(rest, 2)));
        let attribute = rest.get(4..4 + length)?;
        if tag == 1 && length >= 8 {
            let ticks = i64::try_from(number::<8>(attribute, 0)).ok()?;
            return Some(ticks / 10_000_000 - WINDOWS_EPOCH);
        }
        rest = &rest[4 + length..];
    }
    None
}
