//! The archives that a mail domain's content stands in, each once.

use plesk_backup::{ContentRef, EntryId};

/// A content archive to read, and whose maildir it is when it holds only one.
#[derive(Clone, Debug)]
pub(crate) struct ArchiveToScan {
    /// Where it lies, in its volumes, and the directory in it that counts.
    pub content: ContentRef,
    /// The mailbox, for an archive that holds a single maildir at its root.
    pub mailbox: Option<Vec<u8>>,
    /// It holds archives of mailing lists, and no mailbox.
    pub lists: bool,
    /// It holds this directory of the mailbox and no mail: Plesk 9 and dumps of parts of a domain
    /// pack what lies beside a maildir in archives of their own.
    pub beside: Option<&'static [u8]>,
}

/// What may be packed on its own beside a maildir: the archives, and the mailbox's directory that
/// they hold.
fn beside(user: &plesk_backup::MailUser) -> impl Iterator<Item = (&ContentRef, &'static [u8])> {
    let attachments = user.autoresponders.iter().flat_map(|answers| &answers.content);
    let learned = user.spam.iter().flat_map(|spam| &spam.content);
    attachments
        .map(|content| (content, &b"@attachments"[..]))
        .chain(learned.map(|content| (content, &b".spamassassin"[..])))
}

/// Archives beside the mail that a mail account refers to.
pub(crate) fn contents_beside(user: &plesk_backup::MailUser) -> impl Iterator<Item = &ContentRef> {
    beside(user).map(|(content, _)| content)
}

/// The distinct archives that a mail domain's content stands in.
pub(crate) fn archives_of(mail: &plesk_backup::MailSystem) -> Vec<ArchiveToScan> {
    let mut archives: Vec<ArchiveToScan> = Vec::new();
    let mut add = |reference: &ContentRef, mailbox: Option<&str>| {
        // What is missing is told by the metadata and stands in the report.
        let Some(place) = place(reference) else { return };
        // A mailbox's own reference usually points into the domain's archive again.
        if archives.iter().any(|known| self::place(&known.content).as_ref() == Some(&place)) {
            return;
        }
        archives.push(ArchiveToScan {
            content: ContentRef {
                offset: mailbox.and(reference.offset.clone()),
                ..reference.clone()
            },
            mailbox: mailbox.map(|name| name.as_bytes().to_vec()),
            lists: false,
            beside: None,
        });
    };
    for reference in &mail.content {
        add(reference, None);
    }
    for user in &mail.mailusers {
        for reference in user.mailbox.iter().flat_map(|mailbox| &mailbox.content) {
            add(reference, Some(&user.local_part));
        }
    }
    for user in &mail.mailusers {
        for (reference, directory) in beside(user) {
            // A reference usually points into the domain's archive again.
            let known = archives.iter().any(|known| place(&known.content) == place(reference));
            if !known && place(reference).is_some() {
                archives.push(ArchiveToScan {
                    content: reference.clone(),
                    mailbox: Some(user.local_part.as_bytes().to_vec()),
                    lists: false,
                    beside: Some(directory),
                });
            }
        }
    }
    let own = mail.mailing_lists.iter().flat_map(|list| &list.content);
    for content in mail.mailing_list_content.iter().chain(own) {
        // A list's own reference may point into the domain's archive of lists again.
        let Some(place) = place(content) else { continue };
        let known = archives
            .iter()
            .any(|known| known.lists && self::place(&known.content).as_ref() == Some(&place));
        if !known {
            let (mailbox, beside) = (None, None);
            archives.push(ArchiveToScan { content: content.clone(), mailbox, lists: true, beside });
        }
    }
    archives
}

/// Where content lies: in the volumes of an archive, up to the first that is missing, or in a
/// directory; `None` when nothing of it is there.
pub(super) fn place(content: &ContentRef) -> Option<(Vec<EntryId>, Option<&[u8]>)> {
    let volumes: Vec<EntryId> = content.files.iter().map_while(|file| file.entry).collect();
    let directory = content.directory.as_deref();
    (!volumes.is_empty() || directory.is_some()).then_some((volumes, directory))
}
