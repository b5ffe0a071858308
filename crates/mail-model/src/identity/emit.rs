//! The files that make a new Dovecot call messages what the old server called them.

use super::{Finding, Folder, HIGHEST_NEXT_UID};
use crate::dovecot::{Keywords, UidList, UidRecord};

/// How to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmitOptions {
    /// How many UIDs to leave free before the next one, so that messages which reach the old server
    /// later can be synchronised without meeting those that reach the new one.
    pub reserve_uids: u32,
}

/// What goes into a folder beside its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderFiles {
    /// `dovecot-uidlist`.
    pub uidlist: UidList,
    /// `dovecot-keywords`; None when there are no keywords.
    pub keywords: Option<Keywords>,
    /// [`Finding::NextUidOverflow`] when the reserve does not fit.
    pub findings: Vec<Finding>,
}

/// Makes the lists of a folder.
///
/// Every message of INBOX gets a `P`, also where it equals what the server would give anyway: so
/// it stays when an administrator or an upgrade changes the format. `O` is written only when POP3
/// lists messages in another order than that of their UIDs, and then for all of them. The fields of
/// the old list follow as they were.
pub fn emit(folder: &Folder, options: &EmitOptions) -> FolderFiles {
    let mut uidlist = UidList::new(folder.uidvalidity, folder.next_uid);
    uidlist.guid.clone_from(&folder.guid);
    let mut findings = vec![];
    if options.reserve_uids > 0 {
        let wanted = u64::from(folder.next_uid) + u64::from(options.reserve_uids);
        match u32::try_from(wanted) {
            Ok(next_uid) if next_uid <= HIGHEST_NEXT_UID => uidlist.next_uid = next_uid,
            _ => findings.push(Finding::NextUidOverflow { folder: folder.name.clone(), wanted }),
        }
    }
    // Messages are in the order of their UIDs.
    let in_uid_order = folder.messages.iter().map(|message| message.pop3_position).is_sorted();
    uidlist.records = folder
        .messages
        .iter()
        .map(|message| {
            let mut fields = vec![];
            if let Some(position) = message.pop3_position.filter(|_| !in_uid_order) {
                fields.push((b'O', position.to_string().into_bytes()));
            }
            if let Some(uidl) = &message.uidl {
                // An empty value means the base name. That is the only way to write a UIDL with a
                // space in it, and only file names can have one.
                let value = if uidl.value.contains(&b' ') && uidl.value == message.name.base {
                    vec![]
                } else {
                    uidl.value.clone()
                };
                fields.push((b'P', value));
            }
            fields.extend(message.fields.iter().cloned());
            UidRecord { uid: message.uid, fields, base: message.name.base.clone() }
        })
        .collect();
    let keywords = (!folder.keywords.is_empty()).then(|| folder.keywords.clone());
    FolderFiles { uidlist, keywords, findings }
}
