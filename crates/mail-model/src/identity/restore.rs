//! The whole identity of a folder that has no list on the new server.

use super::rescue::{can_be_stored, keep_clear};
use super::{Certainty, EmitOptions, Folder, HIGHEST_NEXT_UID, Message, UidEvidence, emit};
use crate::dovecot::{MaildirFile, UidList};
use crate::maildir::{FileName, base_name, is_served, sort_as_dovecot};
use crate::uidl::UidlFormat;
use std::collections::HashSet;

/// A folder without a list, after its move.
#[derive(Clone, Copy, Debug)]
pub struct RestoreInput<'a> {
    /// The folder on the old server.
    pub folder: &'a Folder,
    /// The files on the new one.
    pub files: &'a [MaildirFile<'a>],
    /// For each file, which of the folder's messages it is.
    pub old: &'a [Option<usize>],
    /// UIDLs that the old server gave to messages that are not in the folder.
    pub given_out: &'a [Vec<u8>],
    /// `pop3_uidl_format` of the new server.
    pub format: &'a UidlFormat,
}

/// Why a folder gets no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoList {
    /// Nothing is known of what the old server called its messages.
    Unknown,
    /// No UID is left above all from which the new server would make a UIDL that the old one gave out.
    NoUidLeft,
}

/// Makes the list by which a Dovecot calls the messages what the old server called them; messages
/// that the old server did not have get UIDs behind all of its own, in the order in which Dovecot
/// would give them.
///
/// Only for a folder that has neither list nor index: nobody can have been served from it.
///
/// # Errors
/// When there is none to make.
pub fn restore(input: &RestoreInput<'_>) -> Result<UidList, NoList> {
    let old = input.folder;
    let named = old.uidvalidity_certainty != Certainty::Lost
        || old.messages.iter().any(|message| {
            message.uidl.as_ref().is_some_and(|uidl| uidl.certainty < Certainty::Predicted)
        });
    if !named {
        return Err(NoList::Unknown);
    }
    let mut folder = Folder { messages: vec![], ..old.clone() };
    let mut used = HashSet::new();
    let mut seen = HashSet::new();
    let mut fresh = vec![];
    // As Dovecot takes them: the first file of a name, cur/ before new/.
    let mut order: Vec<usize> = (0..input.files.len()).collect();
    order.sort_by_key(|file| input.files[*file].place);
    for file in order {
        let name = input.files[file].name;
        if !is_served(name) || !seen.insert(base_name(name)) {
            continue;
        }
        let partner = input.old[file].filter(|partner| used.insert(*partner));
        match partner.and_then(|partner| old.messages.get(partner)) {
            Some(message) => folder.messages.push(renamed(message, name)),
            None => fresh.push(file),
        }
    }
    folder.messages.sort_by_key(|message| message.uid);
    let last = folder.messages.iter().filter_map(|message| message.pop3_position).max();
    sort_as_dovecot(&mut fresh, |file| input.files[file].name.to_vec());
    for (position, file) in (last.unwrap_or_default().saturating_add(1)..).zip(fresh) {
        if folder.next_uid >= HIGHEST_NEXT_UID {
            return Err(NoList::NoUidLeft);
        }
        folder.messages.push(Message {
            file,
            name: FileName::whole(base_name(input.files[file].name).to_vec()),
            place: input.files[file].place,
            uid: folder.next_uid,
            uid_certainty: Certainty::Predicted,
            uid_evidence: UidEvidence::Next,
            fields: vec![],
            uidl: None,
            pop3_position: last.map(|_| position),
        });
        folder.next_uid += 1;
    }
    let mut list = emit(&folder, &EmitOptions::default()).uidlist;
    let uidls = old.messages.iter().filter_map(|message| message.uidl.as_ref());
    let given_out = uidls.map(|uidl| uidl.value.as_slice());
    let given_out = given_out.chain(input.given_out.iter().map(Vec::as_slice));
    // Where it would give one out a second time, the list is not made.
    keep_clear(&mut list, given_out, input.format).then_some(list).ok_or(NoList::NoUidLeft)
}

/// The message under the name of its file here.
fn renamed(message: &Message, name: &[u8]) -> Message {
    let base = base_name(name);
    let mut message = message.clone();
    if message.name.base != base {
        // They tell of the bytes and the name, which are others.
        message.fields.retain(|(key, _)| !b"GSW".contains(key));
        message.name = FileName::whole(base.to_vec());
    }
    message.uidl = message
        .uidl
        .filter(|uidl| uidl.certainty != Certainty::Lost && can_be_stored(&uidl.value, base));
    message
}
