//! What a Dovecot wrote down of deletions: the transaction log beside a folder's index.
//!
//! A list of UIDs forgets a message as soon as its file is gone, whoever removed it. Only the log
//! tells that a client deleted it. It has a header, then records: their length in four bytes of
//! seven bits each, their type in four bytes of which the lowest comes first, and their data. A
//! record of deletions is one of type 1 (pairs of UIDs) or 0x2000 (a UID and a GUID), with a mark by
//! which Dovecot makes sure that no damaged record deletes anything; one of type 0x20 writes into the
//! header of the index, where UIDVALIDITY stands at 24. Seen in Dovecot 2.3.19.1, of which
//! `tests/data/dovecot.index.log` is recorded; version 1 of the log holds since Dovecot 1.0.

/// The mark, and the two types.
const MARK: u32 = 0xcd90;
const BY_RANGE: u32 = 0x0001;
const BY_GUID: u32 = 0x2000;
/// A record that writes into the index's header, and where UIDVALIDITY stands there.
const HEADER: u32 = 0x0020;
const UIDVALIDITY: u16 = 24;
/// Records that are about the index itself; flags of the type say who wrote it.
const TYPE: u32 = 0x0fff_ffff;

/// UIDs, in ranges.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Uids(Vec<(u32, u32)>);

impl Uids {
    /// Whether a UID is among them.
    pub(super) fn contains(&self, uid: u32) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&uid))
    }

    /// Adds those that a log says were deleted, unless it is of another UIDVALIDITY: an index may
    /// be left from a folder that lay there before. A log that is damaged counts as far as it goes.
    pub(super) fn add_expunged(&mut self, log: &[u8], uidvalidity: u32) {
        let [1, _, low, high, ..] = log else { return };
        let header = usize::from(u16::from_le_bytes([*low, *high]));
        let mut rest = log.get(header..).unwrap_or_default();
        let mut is_ours = true;
        while let Some((length, kind, data)) = record(rest) {
            match kind & TYPE {
                HEADER => {
                    is_ours &= written(data).is_none_or(|found| found == uidvalidity);
                }
                kind if is_ours => self.record(kind, data),
                _ => {}
            }
            rest = &rest[length..];
        }
    }

    fn record(&mut self, kind: u32, data: &[u8]) {
        if kind == MARK | BY_RANGE {
            for pair in data.as_chunks::<8>().0 {
                self.0.push((number(&pair[..4]), number(&pair[4..])));
            }
        } else if kind == MARK | BY_GUID {
            for entry in data.as_chunks::<20>().0 {
                let uid = number(&entry[..4]);
                self.0.push((uid, uid));
            }
        }
    }
}

/// The UIDVALIDITY that a record writes: pieces of an offset, a size, and bytes up to the next multiple
/// of four.
fn written(mut data: &[u8]) -> Option<u32> {
    while let [low, high, size_low, size_high, rest @ ..] = data {
        let offset = u16::from_le_bytes([*low, *high]);
        let size = usize::from(u16::from_le_bytes([*size_low, *size_high]));
        if offset == UIDVALIDITY && size == 4 {
            return rest.get(..4).map(number);
        }
        data = rest.get(size.next_multiple_of(4)..)?;
    }
    None
}

/// Whole length, type and data of the first record.
fn record(bytes: &[u8]) -> Option<(usize, u32, &[u8])> {
    let head = bytes.get(..8)?;
    // Until a record is whole, its length lacks the highest bits.
    if head[..4].iter().any(|byte| byte & 0x80 == 0) {
        return None;
    }
    let words = head[..4].iter().fold(0_usize, |sum, byte| sum << 7 | usize::from(byte & 0x7f));
    let length = words * 4;
    let data = bytes.get(8..length)?;
    Some((length, number(&head[4..]), data))
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDED: &[u8] = include_bytes!("../../tests/data/dovecot.index.log");

    fn deleted(log: &[u8]) -> Vec<u32> {
        let mut uids = Uids::default();
        uids.add_expunged(log, 1_700_000_000);
        (0..100).filter(|uid| uids.contains(*uid)).collect()
    }

    #[test]
    fn what_a_real_dovecot_wrote() {
        // Nine messages from 11 on; 12 to 14 and 17 were expunged.
        assert_eq!(deleted(RECORDED), [12, 13, 14, 17]);
    }

    #[test]
    fn a_log_that_is_cut_or_is_none_counts_as_far_as_it_goes() {
        for end in 0..RECORDED.len() {
            let found = deleted(&RECORDED[..end]);
            assert!(found.iter().all(|uid| [12, 13, 14, 17].contains(uid)), "{end}: {found:?}");
        }
        assert_eq!(deleted(&RECORDED[..0x350]), [12, 13, 14]);
        assert_eq!(deleted(b"\x01\x00\xff\xff"), [0; 0]);
        assert_eq!(deleted(&[1, 3, 4, 0, 0x80, 0x80, 0x80, 0x80, 0, 0, 0, 0]), [0; 0]);
        assert_eq!(deleted(&[0xff; 100]), [0; 0]);
    }

    #[test]
    fn a_log_of_another_folder_says_nothing() {
        let mut uids = Uids::default();
        uids.add_expunged(RECORDED, 1_700_000_001);
        assert_eq!(uids, Uids::default());
    }

    #[test]
    fn ranges_of_uids() {
        let mut log = vec![1, 3, 4, 0];
        log.extend([0x80, 0x80, 0x80, 0x84, 0x91, 0xcd, 0, 0x10]);
        log.extend([3, 0, 0, 0, 5, 0, 0, 0]);
        assert_eq!(deleted(&log), [3, 4, 5]);
        // Without the mark it is no deletion.
        log[8] = 1;
        log[9] = 0;
        assert_eq!(deleted(&log), [0; 0]);
    }
}
