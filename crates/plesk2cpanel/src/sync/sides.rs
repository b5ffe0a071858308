//! A folder as the merge sees it, from a backup that was read.

use std::collections::{BTreeSet, HashSet};

use mail_model::dovecot::Keywords;
use mail_model::identity::merge::{Side, SideMessage};
use mail_model::identity::{Certainty, Folder};
use mail_model::maildir::KeywordLetters;

/// The old server's side.
pub(super) fn of_backup(folder: &Folder) -> Side {
    let mut seen = HashSet::new();
    let messages = folder.messages.iter().map(|message| {
        let guid = guid(&message.fields, &message.name.base, &mut seen);
        SideMessage {
            guid,
            uid: Some(message.uid),
            uid_unseen: message.uid_certainty >= Certainty::Predicted,
            uidl: message.uidl.as_ref().map(|uidl| uidl.value.clone()),
            uidl_certainty: message.uidl.as_ref().map(|uidl| uidl.certainty),
            flags: message.name.flags,
            keywords: names(&folder.keywords, message.name.keywords),
        }
    });
    let messages = messages.collect();
    Side { uidvalidity: folder.uidvalidity, next_uid: folder.next_uid, messages }
}

/// What names a message on both sides. Two messages of a folder with one `G` are told apart by their
/// files.
pub(super) fn guid(
    fields: &[(u8, Vec<u8>)],
    base: &[u8],
    seen: &mut HashSet<Vec<u8>>,
) -> Vec<u8> {
    let field = fields.iter().find(|(key, value)| *key == b'G' && !value.is_empty());
    let guid = field.map_or(base, |(_, value)| value).to_vec();
    if seen.insert(guid.clone()) {
        return guid;
    }
    seen.insert(base.to_vec());
    base.to_vec()
}

/// Keywords by name. A letter that has none means nothing to anybody, and stays where it is.
pub(super) fn names(keywords: &Keywords, letters: KeywordLetters) -> BTreeSet<Vec<u8>> {
    letters.iter().filter_map(|index| keywords.name(index)).map(<[u8]>::to_vec).collect()
}
