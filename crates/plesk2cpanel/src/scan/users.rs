//! The mail users of a domain, by which archives are told apart that hold no maildirs.

use std::collections::BTreeMap;

use plesk_backup::MailSystem;

/// Local parts that the metadata name, in lower case, and whether their mailbox is an mbox.
#[derive(Debug, Default)]
pub(crate) struct Users(BTreeMap<Vec<u8>, bool>);

impl Users {
    /// Those of a domain.
    pub(crate) fn of(mail: Option<&MailSystem>) -> Users {
        let user = |user: &plesk_backup::MailUser| {
            let kind = user.mailbox.as_ref().map(|mailbox| mailbox.kind.as_str());
            let is_mbox = kind.is_some_and(|kind| kind.eq_ignore_ascii_case("mbox"));
            (user.local_part.to_lowercase().into_bytes(), is_mbox)
        };
        Users(mail.iter().flat_map(|mail| &mail.mailusers).map(user).collect())
    }

    /// The user that a directory belongs to, as the metadata spell the name.
    pub(super) fn named(&self, directory: &[u8]) -> Option<&[u8]> {
        let name = String::from_utf8_lossy(directory).to_lowercase();
        self.0.get_key_value(name.as_bytes()).map(|(name, _)| name.as_slice())
    }

    /// Whether the metadata say that the mailbox is an mbox.
    pub(super) fn is_mbox(&self, directory: &[u8]) -> bool {
        self.named(directory).is_some_and(|name| self.0[name])
    }
}
