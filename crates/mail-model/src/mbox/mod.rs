//! mbox: a folder as one file, its messages one after another, each behind a line `From sender date`.
//!
//! What is no part of the format but of the servers that keep such files (Dovecot, UW-IMAP) stands
//! in the headers of the messages: flags and keywords, UIDs, UIDVALIDITY. How each is read was
//! tried with Dovecot 2.3.19.1.
//!
//! * [`Splitter`] finds the messages in a file that goes by once.
//! * [`Plain`] gives the message behind the bytes between two separators.
//! * [`Mbox::add_to`] makes the files of a maildir of them, [`Mbox::uid_list`] what the server called
//!   them.
//!
//! **Where a message ends.** At an empty line with a separator behind it. Dovecot asks for no empty
//! line; every program that delivers writes one, and prose that looks like a separator is less
//! likely to follow one. A `Content-Length` counts only where it leads to such a place itself, or to
//! the end of the file: Dovecot writes lines that begin with `From ` as they are and goes by the
//! length alone, so without it a forwarded mbox would become several messages. A length that leads
//! elsewhere is a stranger's, or was right before somebody quoted the message.
//!
//! **Quoting.** One `>` is taken from lines that begin with `>`s and `From ` (`mboxrd`, what qmail
//! writes). Not from a message whose length proved right: there nobody quoted, and Dovecot served
//! the line as it is.

mod fields;
mod form;
mod separator;
mod splitter;

pub use fields::Base;
pub use form::{Form, Plain};
pub use separator::Separator;
pub use splitter::Splitter;

use crate::dovecot::{UidList, UidRecord};
use crate::identity::{RawFile, RawFolder};
use crate::maildir::{FileName, Flags, Place, base_name};

/// The messages of an mbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mbox {
    /// In the order of the file.
    pub messages: Vec<Message>,
    /// What the first message says of the folder, when a server kept its state in the file.
    pub base: Option<Base>,
    /// The first message was c-client's own and no mail; it is not among `messages`.
    pub internal: bool,
    /// Bytes before the first separator, empty lines aside, that belong to no message.
    pub leading: u64,
    /// The message within which the file is cut; it is not among `messages`.
    pub cut: Option<Cut>,
}

/// A message that is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Where it begins in the file, behind its separator.
    pub start: u64,
    /// Bytes of it that are there.
    pub read: u64,
}

/// A message in an mbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where it begins in the file, behind its separator.
    pub start: u64,
    /// Where it ends: the empty line before the next separator is not a part of it.
    pub end: u64,
    /// How these bytes are to be read.
    pub form: Form,
    /// Bytes of the message itself.
    pub size: u64,
    /// The same with every line ending in CRLF.
    pub virtual_size: u64,
    /// When it was received.
    pub separator: Separator,
    /// Its flags.
    pub flags: Flags,
    /// Whether a server has shown it to a client (`Status: O`).
    pub old: bool,
    /// Its `X-UID`, whether or not it fits the others.
    pub uid: Option<u32>,
    /// Its first `X-UIDL`, as [`HeaderFacts::x_uidl`](crate::headers::HeaderFacts::x_uidl).
    pub x_uidl: Option<Vec<u8>>,
    /// Its keywords.
    pub keywords: Vec<Vec<u8>>,
}

/// What some editors put before a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether bytes begin an mbox. Empty lines may stand before it, and a mark of UTF-8.
pub fn begins(head: &[u8]) -> bool {
    let head = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head);
    let mut lines = head.split(|byte| *byte == b'\n');
    let line = lines.find(|line| !matches!(*line, b"" | b"\r")).unwrap_or_default();
    Separator::parse(line).is_some()
}

impl Mbox {
    /// Adds the messages to a folder of a maildir: names, dates, flags and keywords, and what a
    /// server kept in the file of its numbers.
    ///
    /// A folder that comes from several files has the numbers of the first.
    pub fn add_to(&self, folder: &mut RawFolder) {
        let before = folder.files.len();
        let mut second = 0;
        for (number, message) in (before as u64..).zip(&self.messages) {
            // Servers number files by their names: what is later in the file is later in them.
            second = second.max(message.separator.date);
            let (size, virtual_size) = (message.size, message.virtual_size);
            let name = FileName::made_up(second, number, size, virtual_size, message.flags);
            if !message.keywords.is_empty() {
                folder.keywords.insert(name.base.clone(), message.keywords.clone());
            }
            folder.files.push(RawFile {
                place: self.place(message),
                name: name.to_bytes(),
                size,
                mtime: message.separator.date,
                x_uidl: message.x_uidl.clone(),
            });
        }
        if before == 0 {
            let files = &folder.files;
            folder.mbox_uids = self.uid_list(|index| base_name(&files[index].name).to_vec());
        }
    }

    /// Where the message lies in a maildir: in `new/` when the server that kept its state in the
    /// file has not shown it to anybody yet.
    pub fn place(&self, message: &Message) -> Place {
        let is_known = message.old
            || message.uid.is_some()
            || !message.flags.is_empty()
            || !message.keywords.is_empty();
        if is_known || self.base.is_none() { Place::Cur } else { Place::New }
    }

    /// UIDVALIDITY, UIDs and next UID as Dovecot reads them from the file; `name` gives the base
    /// name of the message of an index. None when no server kept its state there.
    ///
    /// A UID counts when it is above those before it, and given out already by what the first
    /// message says. Any other message gets the next UID, and is not listed here; what stands
    /// behind it has lower ones, and so gets new ones as well.
    pub fn uid_list(&self, name: impl Fn(usize) -> Vec<u8>) -> Option<UidList> {
        let base = self.base.as_ref()?;
        let first = base.last_uid.checked_add(1).filter(|uid| *uid != u32::MAX)?;
        let mut list = UidList::new(base.uidvalidity, first);
        let (mut before, mut next) = (0, first);
        for (index, message) in self.messages.iter().enumerate() {
            if let Some(uid) = message.uid.filter(|uid| before < *uid && *uid < next) {
                list.records.push(UidRecord { uid, fields: vec![], base: name(index) });
                before = uid;
            } else {
                before = next;
                next = next.saturating_add(1);
            }
        }
        Some(list)
    }
}
