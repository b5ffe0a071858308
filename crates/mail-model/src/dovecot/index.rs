//! `dovecot.index` and `dovecot.index.log`: which UIDs of a folder are gone.
//!
//! A uidlist can't tell: Dovecot leaves the names of expunged messages in it until a quarter of all
//! are gone. The index can. Only what tells of messages that are gone is read here; flags and
//! caches are not. Formats as read in Dovecot's sources (index version 7 and log version 1, which
//! all of 2.x has) and seen in files of 2.3.19.1.

/// UIDs that one file of a folder's index knows to be gone.
///
/// A UID that is gone never comes back, so that what several files of one folder say, of whatever
/// times, may be put together.
///
/// ```
/// use mail_model::dovecot::GoneUids;
///
/// assert!(GoneUids::from_log(b"no log").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoneUids {
    /// Which index the file is of: a folder that is made anew gets another.
    pub index_id: u32,
    /// UIDVALIDITY of the folder; `None` when the file does not say it, as a log that was begun
    /// after another does not.
    pub uidvalidity: Option<u32>,
    /// The UIDs that are there, ascending, and the UID below which there are no others.
    present: Option<(Vec<u32>, u32)>,
    /// First and last UID of each run that was expunged.
    expunged: Vec<(u32, u32)>,
}

const INDEX_MAJOR: u8 = 7;
const LOG_MAJOR: u8 = 1;
/// Flag of both headers. All machines that Plesk runs on write little-endian.
const LITTLE_ENDIAN: u8 = 1;
/// The index itself says that it is damaged.
const CORRUPTED: u32 = 1;

/// Types of log records, with the bits by which Dovecot guards expunges.
const EXPUNGE: u32 = 0x1 | 0xcd90;
const EXPUNGE_GUID: u32 = 0x2000 | 0xcd90;
const HEADER_UPDATE: u32 = 0x20;
/// The message is gone from the folder already; without it somebody asks for that.
const EXTERNAL: u32 = 0x1000_0000;
const TYPE_MASK: u32 = 0x0fff_ffff;
/// Where UIDVALIDITY stands in the index header.
const UIDVALIDITY_AT: usize = 24;

impl GoneUids {
    /// Whether the file says that the message with this UID is gone.
    pub fn has(&self, uid: u32) -> bool {
        let run = self.expunged.partition_point(|(_, last)| *last < uid);
        let in_runs = self.expunged.get(run).is_some_and(|(first, _)| *first <= uid);
        let absent = self
            .present
            .as_ref()
            .is_some_and(|(uids, next)| uid < *next && uids.binary_search(&uid).is_err());
        in_runs || absent
    }

    /// Reads `dovecot.index`; `None` when it is of another version or byte order, cut, or damaged.
    pub fn from_index(bytes: &[u8]) -> Option<GoneUids> {
        let flags = u32_at(bytes, 20)?;
        if *bytes.first()? != INDEX_MAJOR
            || bytes.get(12)? & LITTLE_ENDIAN == 0
            || flags & CORRUPTED != 0
        {
            return None;
        }
        let header_size = usize::try_from(u32_at(bytes, 4)?).ok()?;
        let record_size = usize::try_from(u32_at(bytes, 8)?).ok().filter(|size| *size >= 8)?;
        let count = usize::try_from(u32_at(bytes, 32)?).ok()?;
        let uidvalidity = u32_at(bytes, UIDVALIDITY_AT)?;
        let records = bytes.get(header_size..)?.chunks_exact(record_size);
        let uids: Vec<u32> =
            records.take(count).map(|record| u32_at(record, 0)).collect::<Option<_>>()?;
        if uids.len() != count || !uids.is_sorted_by(|a, b| a < b) {
            return None;
        }
        Some(GoneUids {
            index_id: u32_at(bytes, 16)?,
            uidvalidity: (uidvalidity != 0).then_some(uidvalidity),
            present: Some((uids, u32_at(bytes, 28)?)),
            expunged: vec![],
        })
    }

    /// Reads `dovecot.index.log` or `dovecot.index.log.2` as far as it goes; `None` when it is of
    /// another version or byte order.
    pub fn from_log(bytes: &[u8]) -> Option<GoneUids> {
        let header_size = usize::from(u16_at(bytes, 2)?);
        // The flags were added to the header later.
        let is_foreign = header_size > 32 && bytes.get(32)? & LITTLE_ENDIAN == 0;
        if *bytes.first()? != LOG_MAJOR || header_size < 24 || is_foreign {
            return None;
        }
        let mut gone = GoneUids {
            index_id: u32_at(bytes, 4)?,
            uidvalidity: None,
            present: None,
            expunged: vec![],
        };
        let mut at = header_size;
        while let (Some(size), Some(kind)) = (size_at(bytes, at), u32_at(bytes, at + 4)) {
            let Some(data) = bytes.get(at + 8..at + size) else { break };
            let external = kind & EXTERNAL != 0;
            match kind & TYPE_MASK {
                HEADER_UPDATE => {
                    if let Some(uidvalidity) = header_update(data) {
                        gone.uidvalidity = Some(uidvalidity);
                    }
                }
                EXPUNGE if external => {
                    let runs = data.chunks_exact(8);
                    gone.expunged
                        .extend(runs.filter_map(|run| Some((u32_at(run, 0)?, u32_at(run, 4)?))));
                }
                EXPUNGE_GUID if external => {
                    let each = data.chunks_exact(20);
                    let uids = each.filter_map(|record| u32_at(record, 0));
                    gone.expunged.extend(uids.map(|uid| (uid, uid)));
                }
                _ => {}
            }
            at += size;
        }
        gone.merge_runs();
        Some(gone)
    }

    /// Runs that touch become one, so that asking takes no longer than it must.
    fn merge_runs(&mut self) {
        self.expunged.sort_unstable();
        let mut merged: Vec<(u32, u32)> = vec![];
        for (first, last) in self.expunged.drain(..) {
            match merged.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => {
                    before.1 = before.1.max(last);
                }
                _ => merged.push((first, last)),
            }
        }
        self.expunged = merged;
    }
}

/// UIDVALIDITY, when a change of the index header holds it: `offset size bytes`, each change filled
/// up to four bytes.
fn header_update(mut data: &[u8]) -> Option<u32> {
    let mut found = None;
    while let (Some(offset), Some(size)) = (u16_at(data, 0), u16_at(data, 2)) {
        let (offset, size) = (usize::from(offset), usize::from(size));
        let Some(value) = data.get(4..4 + size) else { break };
        if offset <= UIDVALIDITY_AT && offset + size >= UIDVALIDITY_AT + 4 {
            found = u32_at(value, UIDVALIDITY_AT - offset).filter(|number| *number != 0).or(found);
        }
        let Some(rest) = data.get(4 + size.next_multiple_of(4)..) else { break };
        data = rest;
    }
    found
}

/// The size of a record, its eight bytes of header included: seven bits in each of four bytes, all
/// with the highest bit set, in units of four. A record that is being written has none yet.
fn size_at(bytes: &[u8], at: usize) -> Option<usize> {
    let digits = bytes.get(at..at + 4)?;
    let size = digits.iter().try_fold(0, |sum, digit| {
        (digit & 0x80 != 0).then_some(sum << 7 | usize::from(digit & 0x7f))
    })?;
    Some(size << 2).filter(|size| *size >= 8)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_le_bytes)
}
