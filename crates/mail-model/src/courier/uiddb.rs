//! `courierimapuiddb`: the UIDs of a folder.

use super::{BadLine, CourierError, excerpt, lines, number};

/// A folder's UIDs as Courier's IMAP server gave them out.
///
/// ```
/// use mail_model::courier::ImapUidDb;
///
/// let (db, bad) = ImapUidDb::parse(b"1 795387225 3\n1 1600000060.host\n2 1600000120.host\n").unwrap();
/// assert!(bad.is_empty());
/// assert_eq!((db.uidvalidity, db.next_uid), (795387225, 3));
/// assert_eq!(db.entries[1], (2, b"1600000120.host".to_vec()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImapUidDb {
    /// UIDVALIDITY: the time of creation less 10^9.
    pub uidvalidity: u32,
    /// The UID that the next message gets, as the header has it.
    pub next_uid: u32,
    /// UID and base name, in the order of the file.
    pub entries: Vec<(u32, Vec<u8>)>,
}

impl ImapUidDb {
    /// Reads the file.
    ///
    /// # Errors
    /// When Courier would start the folder anew: the header is not `1 <uidvalidity> <next uid>`, or
    /// its numbers do not fit 32 bits, or are 0.
    pub fn parse(bytes: &[u8]) -> Result<(ImapUidDb, Vec<BadLine>), CourierError> {
        let mut all = lines(bytes);
        let header = all.next().ok_or(CourierError::Empty)?;
        let mut numbers =
            header.split(u8::is_ascii_whitespace).filter(|part| !part.is_empty()).map(number);
        let bad = || CourierError::Header(excerpt(header));
        let mut next = || numbers.next().flatten().ok_or_else(bad);
        match next()? {
            1 => {}
            version => return Err(CourierError::Version(version)),
        }
        let mut small = || {
            let number = next()?;
            u32::try_from(number).ok().filter(|number| *number > 0).ok_or_else(bad)
        };
        let (uidvalidity, next_uid) = (small()?, small()?);
        let mut db = ImapUidDb { uidvalidity, next_uid, entries: vec![] };
        let mut bad_lines = vec![];
        for (at, line) in all.enumerate() {
            let space = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
            let uid = number(&line[..space]).and_then(|uid| u32::try_from(uid).ok());
            let name = line.get(space + 1..).unwrap_or_default();
            match uid {
                Some(uid) if uid > 0 && uid < u32::MAX && !name.is_empty() => {
                    db.entries.push((uid, name.to_vec()));
                }
                _ => bad_lines.push(BadLine {
                    file: b"courierimapuiddb".to_vec(),
                    line: at + 2,
                    text: line.to_vec(),
                }),
            }
        }
        Ok((db, bad_lines))
    }
}
