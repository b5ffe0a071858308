//! Directories of an archive that nothing of the backup needs. An empty one may be more than empty:
//! unpacked over a file of the same name it takes that file's place, and below `homedir/mail/` and
//! `homedir/etc/` it is a domain.

use std::collections::BTreeSet;

use plesk_backup::printable;

use super::expected::Expected;
use super::ledger::{Class, Ledger};
use super::settings::{DIRECTORIES, Settings};

pub(super) fn compare(expected: &Expected<'_>, settings: &Settings<'_>, ledger: &mut Ledger) {
    let meant = meant(expected, settings);
    for path in &settings.found.directories {
        // A file that should not be there is said by itself.
        let inner = [path.as_slice(), b"/"].concat();
        let next = settings.found.texts.range(inner.clone()..).next();
        let has_texts = next.is_some_and(|(text, _)| text.starts_with(&inner));
        ledger.check(Class::Archive, &printable(path), meant.contains(path) || has_texts, || {
            "nothing of the backup becomes this directory".to_owned()
        });
    }
}

/// Every directory that is there for a reason, outside of mailboxes.
fn meant(expected: &Expected<'_>, settings: &Settings<'_>) -> BTreeSet<Vec<u8>> {
    let mut meant: BTreeSet<Vec<u8>> =
        DIRECTORIES.iter().map(|path| path.as_bytes().to_vec()).collect();
    let account = settings.account;
    for domain in &account.domains {
        with_parents(format!("homedir/{}", domain.document_root).as_bytes(), &mut meant);
        if !domain.mail.autoresponders.is_empty() {
            meant.insert(b"homedir/.autorespond".to_vec());
        }
    }
    if account.spam.is_some() {
        meant.insert(b"homedir/.spamassassin".to_vec());
    }
    for mailbox in &settings.plan.mailboxes {
        let domain = settings.plan.domains[mailbox.domain].name.as_str();
        meant.insert(format!("homedir/mail/{domain}").into_bytes());
        meant.insert(format!("homedir/etc/{domain}").into_bytes());
        if !mailbox.filters.is_empty() || mailbox.refuses_mail {
            meant.insert(format!("homedir/etc/{domain}/{}", mailbox.local).into_bytes());
        }
    }
    for path in expected.kept.keys() {
        let end = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        with_parents(&path[..end], &mut meant);
    }
    meant
}

fn with_parents(path: &[u8], meant: &mut BTreeSet<Vec<u8>>) {
    let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    for end in slashes.map(|(at, _)| at).chain([path.len()]) {
        meant.insert(path[..end].to_vec());
    }
}
