//! What a Dovecot over a maildir answers, worked out from the files alone.
//!
//! The same model reads old servers' mailboxes and reads back what was written for a new one.

use super::UidList;
use crate::maildir::{Place, base_name, is_served, sort_as_dovecot};
use crate::uidl::{UidlFormat, UidlInputs};
use std::collections::{HashMap, HashSet};

/// One file in `cur/` or `new/`.
#[derive(Clone, Copy, Debug)]
pub struct MaildirFile<'a> {
    /// Where it lies.
    pub place: Place,
    /// Its whole name.
    pub name: &'a [u8],
    /// The value of its `X-UIDL` header field, where the server is set to use it.
    pub x_uidl: Option<&'a [u8]>,
}

/// The setting `pop3_uidl_duplicates`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// Equal UIDLs are served as they are (the default).
    #[default]
    Allow,
    /// The second gets `-2`, the third `-3` appended.
    Rename,
}

/// A folder and the settings of the server.
#[derive(Clone, Copy, Debug)]
pub struct ServeInput<'a> {
    /// The folder's list, if it has one that can be read.
    pub uidlist: Option<&'a UidList>,
    /// Its files.
    pub files: &'a [MaildirFile<'a>],
    /// `pop3_uidl_format`.
    pub format: &'a UidlFormat,
    /// `pop3_reuse_xuidl`.
    pub reuse_x_uidl: bool,
    /// `pop3_uidl_duplicates`.
    pub duplicates: Duplicates,
    /// The UIDVALIDITY that a folder without a list gets.
    pub new_uidvalidity: u32,
}

/// What the server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// UIDVALIDITY.
    pub uidvalidity: u32,
    /// UIDNEXT.
    pub next_uid: u32,
    /// The messages by ascending UID.
    pub messages: Vec<ServedMessage>,
    /// The order in which POP3 lists them: indexes into `messages`.
    pub pop3_order: Vec<usize>,
    /// Files that are no messages to the server, or a second file of a name that it has had
    /// already (it renames that one to a new name first): indexes into the files.
    pub not_served: Vec<usize>,
    /// Files for which there was no UID left.
    pub without_uid: Vec<usize>,
}

/// One message as served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedMessage {
    /// Index into the files.
    pub file: usize,
    /// Its UID.
    pub uid: u32,
    /// Whether the UID is from the list; else it is the one that the message would get next.
    pub uid_listed: bool,
    /// Its UIDL.
    pub uidl: Vec<u8>,
    /// Where the UIDL is from.
    pub uidl_from: UidlSource,
}

/// Where a UIDL is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UidlSource {
    /// The `P` field of the list.
    PField,
    /// The header field `X-UIDL`.
    XUidl,
    /// `pop3_uidl_format`.
    Format,
}

/// Works out what a Dovecot (2.0.13 to 2.4) answers.
///
/// Of two files with one base name the first counts, `cur/` before `new/`; the others are in
/// [`Served::not_served`], since the server would first rename them to something nobody can know.
pub fn serve(input: &ServeInput<'_>) -> Served {
    let (uidvalidity, mut next_uid) =
        input.uidlist.map_or((input.new_uidvalidity, 1), |list| (list.uidvalidity, list.next_uid));
    let records = input.uidlist.map_or(&[][..], |list| &list.records);
    let by_name: HashMap<&[u8], usize> =
        records.iter().enumerate().map(|(at, record)| (record.base.as_slice(), at)).collect();

    let (mut listed, mut fresh, mut not_served, mut without_uid) = (vec![], vec![], vec![], vec![]);
    let mut seen: HashSet<&[u8]> = HashSet::with_capacity(input.files.len());
    let mut in_order: Vec<usize> = (0..input.files.len()).collect();
    in_order.sort_by_key(|file| input.files[*file].place);
    for file in in_order {
        let name = input.files[file].name;
        let base = base_name(name);
        if !is_served(name) || !seen.insert(base) {
            not_served.push(file);
        } else if let Some(record) = by_name.get(base) {
            listed.push((*record, file));
        } else {
            fresh.push(file);
        }
    }
    listed.sort_unstable();
    sort_as_dovecot(&mut fresh, |file| input.files[file].name.to_vec());

    let mut messages = Vec::with_capacity(listed.len() + fresh.len());
    let mut positions = Vec::with_capacity(messages.capacity());
    for (record, file) in listed {
        let record = &records[record];
        positions.push(record.get(b'O').map_or(UNPLACED, position));
        messages.push((file, record.uid, Some(record)));
    }
    for file in fresh {
        if next_uid == u32::MAX {
            without_uid.push(file);
            continue;
        }
        positions.push(UNPLACED);
        messages.push((file, next_uid, None));
        next_uid += 1;
    }

    let mut messages: Vec<ServedMessage> = messages
        .into_iter()
        .map(|(file, uid, record)| {
            let MaildirFile { name, x_uidl, .. } = input.files[file];
            let base = base_name(name);
            let stored = record.and_then(|record| record.get(b'P'));
            let reused = if input.reuse_x_uidl { x_uidl } else { None };
            let (uidl, uidl_from) = match (stored, reused) {
                // An empty `P` stands for the file name: Dovecot writes it so to save space.
                (Some(b""), _) => (base.to_vec(), UidlSource::PField),
                (Some(value), _) => (value.to_vec(), UidlSource::PField),
                (None, Some(value)) => (value.to_vec(), UidlSource::XUidl),
                (None, None) => {
                    let guid = record
                        .and_then(|record| record.get(b'G'))
                        .filter(|guid| !guid.is_empty())
                        .unwrap_or(base);
                    let inputs = UidlInputs { uid, uidvalidity, base, guid };
                    (input.format.expand(&inputs), UidlSource::Format)
                }
            };
            ServedMessage { file, uid, uid_listed: record.is_some(), uidl, uidl_from }
        })
        .collect();
    if input.duplicates == Duplicates::Rename {
        rename_duplicates(&mut messages);
    }

    let mut pop3_order: Vec<usize> = (0..messages.len()).collect();
    pop3_order.sort_by_key(|message| positions[*message]);
    Served { uidvalidity, next_uid, messages, pop3_order, not_served, without_uid }
}

/// Where a message without `O` stands: behind those that have it.
const UNPLACED: u64 = 0xffff_ffff;

/// The value of an `O` field. 0 is a position like others; what is no number is none.
fn position(value: &[u8]) -> u64 {
    str::from_utf8(value)
        .ok()
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(UNPLACED)
}

fn rename_duplicates(messages: &mut [ServedMessage]) {
    let mut counts: HashMap<Vec<u8>, u32> = HashMap::with_capacity(messages.len());
    for message in messages {
        while let Some(count) = counts.get_mut(&message.uidl) {
            *count += 1;
            message.uidl.extend_from_slice(format!("-{count}").as_bytes());
        }
        counts.insert(message.uidl.clone(), 1);
    }
}
