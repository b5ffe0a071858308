//! The header before a file, and its twin in the list at the end.

use super::fields::Fields;
use super::{DIRECTORY_HEADER, LOCAL_HEADER, long, word};
use crate::metadata::days_since_1970;

/// Bytes of a header before name and extra fields.
pub(super) const LOCAL_FIXED: usize = 30;
pub(super) const DIRECTORY_FIXED: usize = 46;

pub(super) const STORED: u16 = 0;
pub(super) const DEFLATED: u16 = 8;

const ENCRYPTED: u16 = 1;
const HAS_DESCRIPTOR: u16 = 1 << 3;
const STRONGLY_ENCRYPTED: u16 = 1 << 6;
const MASKED: u16 = 1 << 13;

/// A header of either kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) raw_name: Vec<u8>,
    pub(super) extra: Vec<u8>,
    pub(super) flags: u16,
    pub(super) method: u16,
    time: u16,
    date: u16,
    pub(super) crc32: u32,
    /// Bytes as they are stored.
    pub(super) stored: u64,
    /// Bytes of the file itself.
    pub(super) size: u64,
    /// System that it was written on; the header before a file does not tell it.
    pub(super) host: Option<u8>,
    /// What that system says of the file, likewise.
    pub(super) attributes: u32,
    /// Where the header before the file lies, as the list says.
    pub(super) local: u64,
}

impl Header {
    /// Whether it was written on Unix or macOS, where a name is bytes and a file has a mode.
    pub(super) fn is_unix(&self) -> bool {
        matches!(self.host, Some(3 | 19))
    }

    /// How many bytes name, extra fields and comment have behind the fixed part of the list's
    /// header.
    pub(super) fn directory_lengths(fixed: &[u8; DIRECTORY_FIXED]) -> Option<[usize; 3]> {
        fixed
            .starts_with(&DIRECTORY_HEADER)
            .then(|| [28, 30, 32].map(|at| usize::from(word(fixed, at))))
    }

    /// How many bytes name and extra fields have behind the fixed part of a file's own header.
    pub(super) fn local_lengths(fixed: &[u8; LOCAL_FIXED]) -> [usize; 2] {
        [26, 28].map(|at| usize::from(word(fixed, at)))
    }

    pub(super) fn has_local_signature(fixed: &[u8; LOCAL_FIXED]) -> bool {
        fixed.starts_with(&LOCAL_HEADER)
    }

    /// False when a size stands in an extra field that is not there.
    pub(super) fn of_directory(
        fixed: &[u8; DIRECTORY_FIXED],
        name: &[u8],
        extra: &[u8],
    ) -> (Header, bool) {
        let mut header = Header::new(fixed, 8, name, extra);
        header.host = Some(fixed[5]);
        header.attributes = long(fixed, 38);
        let fields = Fields::read(extra);
        let Header { size, stored, local, .. } = &mut header;
        *local = u64::from(long(fixed, 42));
        let is_whole = fields.widen([size, stored, local]);
        (header, is_whole)
    }

    /// Likewise of the header before a file.
    pub(super) fn of_file(fixed: &[u8; LOCAL_FIXED], name: &[u8], extra: &[u8]) -> (Header, bool) {
        let mut header = Header::new(fixed, 6, name, extra);
        let fields = Fields::read(extra);
        let Header { size, stored, .. } = &mut header;
        let is_whole = fields.widen([size, stored]);
        (header, is_whole)
    }

    /// The fields that both kinds have, from `at` on.
    fn new(fixed: &[u8], at: usize, name: &[u8], extra: &[u8]) -> Header {
        Header {
            raw_name: name.to_vec(),
            extra: extra.to_vec(),
            flags: word(fixed, at),
            method: word(fixed, at + 2),
            time: word(fixed, at + 4),
            date: word(fixed, at + 6),
            crc32: long(fixed, at + 8),
            stored: u64::from(long(fixed, at + 12)),
            size: u64::from(long(fixed, at + 16)),
            host: None,
            attributes: 0,
            local: 0,
        }
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & (ENCRYPTED | STRONGLY_ENCRYPTED | MASKED) != 0
    }

    /// Sizes and checksum stand behind the file: it was written to something that does not go back.
    pub(super) fn has_descriptor(&self) -> bool {
        self.flags & HAS_DESCRIPTOR != 0
    }

    /// Seconds since 1970. A header has the local time of a zone that it does not tell, in steps of
    /// two seconds: it is taken for UTC. Extra fields have UTC.
    pub(super) fn mtime(&self, fields: &Fields<'_>) -> i64 {
        fields.mtime().unwrap_or_else(|| dos_time(self.date, self.time))
    }

    /// The times of a file in its two headers, as far as both tell one in the same way.
    pub(super) fn common_mtimes(&self, other: &Header) -> Option<(i64, i64)> {
        let (fields, others) = (Fields::read(&self.extra), Fields::read(&other.extra));
        fields.common_mtimes(&others).or_else(|| {
            let times = [self, other].map(|header| (header.date, header.time));
            let [own, other] = times.map(|(date, time)| dos_time(date, time));
            // Where one says nothing, both need not be the same.
            (!times.contains(&(0, 0))).then_some((own, other))
        })
    }
}

/// A date that cannot be counts as the first that can, 1980-01-01.
fn dos_time(date: u16, time: u16) -> i64 {
    let part = |bits: u16, from: u32, count: u32| i64::from(bits >> from & ((1 << count) - 1));
    let (year, month, day) = (1980 + part(date, 9, 7), part(date, 5, 4), part(date, 0, 5));
    let (hour, minute, second) = (part(time, 11, 5), part(time, 5, 6), 2 * part(time, 0, 5));
    let is_date = (1..=12).contains(&month) && day >= 1;
    if !is_date || hour > 23 || minute > 59 || second > 59 {
        return days_since_1970(1980, 1, 1) * 86_400;
    }
    days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
}
