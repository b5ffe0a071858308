//! A folder as the merge sees it, from a backup that was read.

use std::collections::{BTreeSet, HashMap};

use mail_model::dovecot::Keywords;
use mail_model::identity::merge::{Side, SideMessage};
use mail_model::identity::{Certainty, Folder, Message};
use mail_model::maildir::KeywordLetters;

use crate::scan::ScannedMailbox;

/// The old server's side.
pub(super) fn of_backup(folder: &Folder, scanned: Option<&ScannedMailbox>) -> Side {
    let messages = folder.messages.iter().map(|message| SideMessage {
        guid: message.name.base.clone(),
        uid: Some(message.uid),
        uid_unseen: message.uid_certainty >= Certainty::Predicted,
        uidl: message.uidl.as_ref().map(|uidl| uidl.value.clone()),
        uidl_certainty: message.uidl.as_ref().map(|uidl| uidl.certainty),
        flags: message.name.flags,
        keywords: names(&folder.keywords, message.name.keywords),
    });
    let messages = messages.collect();
    let unfiled = scanned.map(|scanned| scanned.unfiled(folder.source)).unwrap_or_default();
    Side { uidvalidity: folder.uidvalidity, next_uid: folder.next_uid, messages, unfiled }
}

/// What a Dovecot calls a message: the `G` field of its entry, or else the name of its file. It is not
/// what names a message here: a copy within a folder has the GUID of the first.
pub(super) fn guid<'a>(fields: &'a [(u8, Vec<u8>)], base: &'a [u8]) -> &'a [u8] {
    let field = fields.iter().find(|(key, value)| *key == b'G' && !value.is_empty());
    field.map_or(base, |(_, value)| value)
}

/// File names of a folder's messages by what they may be called elsewhere: by that name, or by a GUID
/// that `doveadm` has given on in a `G` field.
pub(super) fn names_by_guid<'a>(
    messages: impl Iterator<Item = &'a Message> + Clone,
) -> HashMap<&'a [u8], &'a [u8]> {
    let base = |message: &'a Message| message.name.base.as_slice();
    let mut names: HashMap<&[u8], &[u8]> =
        messages.clone().map(|message| (base(message), base(message))).collect();
    for message in messages {
        names.entry(guid(&message.fields, base(message))).or_insert(base(message));
    }
    names
}

/// Keywords by name. A letter that has none means nothing to anybody, and stays where it is.
pub(super) fn names(keywords: &Keywords, letters: KeywordLetters) -> BTreeSet<Vec<u8>> {
    letters.iter().filter_map(|index| keywords.name(index)).map(<[u8]>::to_vec).collect()
}
