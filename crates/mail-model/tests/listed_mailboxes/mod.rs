//! Mailboxes with a listing, and what came of them.

use mail_model::identity::*;
use mail_model::maildir::Place;
use mail_model::uidl::{ListedUidl, UidlFormat};
use mail_model::wire_size::WireSize;

pub(crate) fn state(text: &str, mtime: i64) -> StateFile {
    StateFile { bytes: text.as_bytes().to_vec(), mtime }
}

/// A file whose size on the wire is twice its number.
pub(crate) fn file(name: &str, size: u64) -> RawFile {
    let (place, name) = match name.strip_prefix("new/") {
        Some(name) => (Place::New, name.to_owned()),
        None => (Place::Cur, format!("{name}:2,S")),
    };
    RawFile { place, name: name.into_bytes(), size, mtime: 0, x_uidl: None }
}

pub(crate) fn inbox(files: Vec<RawFile>, uidlist: &str) -> RawMailbox {
    let uidlist = (!uidlist.is_empty()).then(|| state(uidlist, 9));
    let folder = RawFolder { files, uidlist, ..RawFolder::default() };
    RawMailbox { folders: vec![folder], ..RawMailbox::default() }
}

/// Three messages with the UIDs 8, 9 and 12, of which the last is in no list.
pub(crate) fn three() -> RawMailbox {
    three_of("N12")
}

pub(crate) fn three_of(next: &str) -> RawMailbox {
    let list = format!("3 V7 {next}\n8 :1.a\n9 :2.b\n");
    inbox(vec![file("1.a", 10), file("2.b", 20), file("new/3.c", 30)], &list)
}

/// (uidl, size) of each message, numbered from 1. Size 0 is none.
pub(crate) fn listed(mut raw: RawMailbox, entries: &[(&str, u64)]) -> RawMailbox {
    let entries = entries.iter().zip(1..).map(|((uidl, size), number)| ListedUidl {
        number: Some(number),
        uid: None,
        size: (*size > 0).then_some(*size),
        uidl: uidl.as_bytes().to_vec(),
    });
    let sizes = raw.folders[0].files.iter().map(|file| {
        Some(WireSize { octets: file.size * 2, stored: file.size, last_line_open: false })
    });
    raw.listing = Some(RawListing { entries: entries.collect(), sizes: sizes.collect() });
    raw
}

pub(crate) fn stated(format: &str) -> Rules {
    let old_server = OldServer::Dovecot(UidlFormat::parse(format).unwrap());
    Rules { old_server, new_uidvalidity: 1000, ..Rules::default() }
}

/// (base name, UIDL, certainty, evidence) in POP3 order.
pub(crate) fn rows(mailbox: &Mailbox) -> Vec<(String, String, Certainty, String)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut messages: Vec<&Message> = mailbox.folders[0].messages.iter().collect();
    messages.sort_by_key(|message| message.pop3_position);
    messages
        .iter()
        .map(|message| {
            let uidl = message.uidl.as_ref().unwrap();
            let evidence = uidl.evidence.to_string();
            (text(&message.name.base), text(&uidl.value), uidl.certainty, evidence)
        })
        .collect()
}

pub(crate) fn row(
    base: &str,
    uidl: &str,
    certainty: Certainty,
    why: &str,
) -> (String, String, Certainty, String) {
    (base.to_owned(), uidl.to_owned(), certainty, why.to_owned())
}

pub(crate) fn by(mailbox: &Mailbox) -> Vec<Option<MatchedBy>> {
    mailbox.listing.as_ref().unwrap().matches.iter().map(|found| found.map(|m| m.by)).collect()
}

pub(crate) fn unmatched(number: u32, uidl: &str) -> Finding {
    Finding::ListingUnmatched { number: Some(number), uidl: uidl.as_bytes().to_vec() }
}
