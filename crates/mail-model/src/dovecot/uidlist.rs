//! `dovecot-uidlist`: which UID each file has, and what else is known of it.

/// A `dovecot-uidlist` as Dovecot has it in memory after reading the file.
///
/// ```
/// use mail_model::dovecot::UidList;
///
/// let text = b"3 V1795386944 N54\n8 P0000000859682f00 W1363 :1600000480.M1P4.host,S=1337\n";
/// let (list, problems) = UidList::parse(text).unwrap();
/// assert!(problems.is_empty());
/// assert_eq!(list.next_uid, 54);
/// assert_eq!(list.records[0].get(b'P'), Some(&b"0000000859682f00"[..]));
/// assert_eq!(list.to_bytes(), text);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UidList {
    /// The version of the file: 1 or 3.
    pub version: u8,
    /// UIDVALIDITY of the folder; never 0.
    pub uidvalidity: u32,
    /// The UID that the next message gets; above every UID in `records`.
    pub next_uid: u32,
    /// The folder's GUID, 32 hexadecimal digits. Dovecot makes one where it is missing.
    pub guid: Option<Vec<u8>>,
    /// Header fields other than `V`, `N` and `G`, in their order. Dovecot keeps and never uses them.
    pub header_extra: Vec<(u8, Vec<u8>)>,
    /// The messages by ascending UID, each base name once.
    pub records: Vec<UidRecord>,
}

/// One line of a uidlist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UidRecord {
    /// The UID; never 0 nor 2^32 - 1.
    pub uid: u32,
    /// Fields by their letter (`A` to `Z`), in their order.
    pub fields: Vec<(u8, Vec<u8>)>,
    /// The file name up to the first colon.
    pub base: Vec<u8>,
}

impl UidRecord {
    /// The value of a field; the first one when a letter comes twice, as Dovecot takes it.
    pub fn get(&self, key: u8) -> Option<&[u8]> {
        self.fields.iter().find(|(found, _)| *found == key).map(|(_, value)| value.as_slice())
    }
}

impl UidList {
    /// An empty list.
    pub fn new(uidvalidity: u32, next_uid: u32) -> UidList {
        UidList {
            version: 3,
            uidvalidity,
            next_uid,
            guid: None,
            header_extra: vec![],
            records: vec![],
        }
    }

    /// The file in version 3, with its final LF: without one Dovecot ignores the last line.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = format!("3 V{} N{}", self.uidvalidity, self.next_uid).into_bytes();
        let guid = self.guid.iter().map(|value| (b'G', value));
        let extra = self.header_extra.iter().map(|(key, value)| (*key, value));
        for (key, value) in guid.chain(extra) {
            out.push(b' ');
            out.push(key);
            out.extend_from_slice(value);
        }
        out.push(b'\n');
        for record in &self.records {
            out.extend_from_slice(record.uid.to_string().as_bytes());
            for (key, value) in &record.fields {
                out.push(b' ');
                out.push(*key);
                out.extend_from_slice(value);
            }
            out.extend_from_slice(b" :");
            out.extend_from_slice(&record.base);
            out.push(b'\n');
        }
        out
    }
}
