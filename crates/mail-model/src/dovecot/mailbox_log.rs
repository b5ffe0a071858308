//! `dovecot.mailbox.log`: which folders were deleted.

/// Size of a record: type, three bytes to fill up, GUID, time.
const RECORD: usize = 24;
const DELETE_MAILBOX: u8 = 1;

/// GUIDs of the folders that were deleted, as 32 lower-case hexadecimal digits: so they stand in
/// the header of each folder's uidlist ([`UidList::guid`](super::UidList::guid)), and no folder
/// gets one a second time.
///
/// The file is kept in the root of the maildir and only grows; format as read in Dovecot's sources
/// and seen in a file of 2.3.19.1.
///
/// ```
/// use mail_model::dovecot::deleted_folders;
///
/// let mut record = vec![1, 0, 0, 0];
/// record.extend([0xab; 16]);
/// record.extend([0; 4]);
/// assert_eq!(deleted_folders(&record), [b"ab".repeat(16)]);
/// ```
pub fn deleted_folders(bytes: &[u8]) -> Vec<Vec<u8>> {
    let records = bytes.chunks_exact(RECORD).filter(|record| record[0] == DELETE_MAILBOX);
    records
        .map(|record| {
            let digits = record[4..20].iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
            digits.map(|digit| b"0123456789abcdef"[usize::from(digit)]).collect()
        })
        .collect()
}
