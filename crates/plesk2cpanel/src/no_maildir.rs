//! What the report says of mailboxes that were no maildir.

use std::fmt::Write;

use mail_model::identity::{Because, Finding as ModelFinding, Mailbox};
use plesk_backup::printable;

use crate::finding::{
    FOLDER_ODD, FORMAT_UNSUPPORTED, Finding, MAILENABLE_CONVERTED, MBOX_CONVERTED, MBOX_NOT_READ,
    STATE_MISSING, UIDL_FORMAT_ASSUMED,
};
use crate::mail_findings::{count, some};
use crate::scan::ScannedMailbox;

/// What a server of that kind makes of a finding; None leaves it to the general words.
pub(crate) fn in_other_words(
    address: &str,
    model: &Mailbox,
    scanned: Option<&ScannedMailbox>,
    finding: &ModelFinding,
) -> Option<Vec<Finding>> {
    match finding {
        // Said once for the mailbox, with the reason.
        ModelFinding::StateMissing { .. } if is_mail_enable(scanned) => Some(Vec::new()),
        ModelFinding::FormatAssumed { format, messages }
            if model.server.because == Because::InMessages =>
        {
            Some(vec![UIDL_FORMAT_ASSUMED.with_remedy(
                address,
                format!(
                    "the UIDs of {} stand in the mbox, as Dovecot and UW-IMAP write them; that \
                     UIDLs were made from them by Dovecot's default, {format}, is an assumption",
                    count(*messages as u64, "message")
                ),
                "find out which server served the mbox, and convert with --old-server \
                 dovecot:FORMAT; UW-IMAP's format is %08Xv%08Xu",
            )])
        }
        _ => None,
    }
}

/// Findings of the mailbox as it was stored.
pub(crate) fn findings(address: &str, scanned: &ScannedMailbox) -> Vec<Finding> {
    let mut findings = Vec::new();
    let found = &scanned.no_maildir;
    let subscribed = if found.subscribed { "; every folder is subscribed" } else { "" };
    let has_internal = found.mboxes.values().any(|mbox| mbox.internal);
    if found.in_mbox > 0 || has_internal {
        let mut text = format!(
            "{} in {} become files of a maildir",
            count(found.in_mbox, "message"),
            match found.mboxes.len() {
                1 => "an mbox".to_owned(),
                several => format!("{several} mboxes"),
            }
        );
        let without_zone: u64 = found.mboxes.values().map(|mbox| mbox.without_zone).sum();
        if without_zone > 0 {
            let _ =
                write!(text, "; the dates of {without_zone} name no time zone and are read as UTC");
        }
        if has_internal {
            text.push_str(
                "; a first message in which UW-IMAP kept its numbers was no mail and is left out",
            );
        }
        text.push_str(subscribed);
        findings.push(MBOX_CONVERTED.about(address, text));
    }
    if found.mail_enable > 0 {
        let messages = count(found.mail_enable, "message");
        findings.push(MAILENABLE_CONVERTED.about(
            address,
            format!(
                "{messages} of a MailEnable server become files of a maildir; line ends of {} are \
                 changed from CRLF to LF{subscribed}",
                found.crlf
            ),
        ));
        findings.push(STATE_MISSING.with_remedy(
            address,
            format!(
                "MailEnable keeps flags and IMAP's numbers in _index.xml, in a form that is not \
                 published: all mail becomes unread ({messages}), and IMAP clients download it again"
            ),
            "tell the owner; nothing in the backup says more",
        ));
    }
    if !found.renamed.is_empty() {
        let renamed =
            found.renamed.iter().map(|(path, name)| format!("`{}` -> {name}", printable(path)));
        findings.push(FOLDER_ODD.about(
            address,
            format!(
                "{} can't be called in a maildir as they were: {}",
                count(found.renamed.len() as u64, "folder"),
                some(renamed)
            ),
        ));
    }
    let has_mail = scanned.raw.folders.iter().any(|folder| !folder.files.is_empty());
    let files = scanned.beside.iter().filter(|file| file.source.stored > 0);
    let files: Vec<String> = files.map(|file| format!("`{}`", printable(&file.path))).collect();
    if found.said_mbox && !has_mail && found.mboxes.is_empty() && !files.is_empty() {
        findings.push(MBOX_NOT_READ.about(
            address,
            format!(
                "the metadata say that the mailbox is an mbox, and none of its files begins like \
                 one: {}",
                some(files.into_iter())
            ),
        ));
    }
    if !has_mail {
        for (store, files) in &found.unreadable {
            findings.push(FORMAT_UNSUPPORTED.with_remedy(
                address,
                format!(
                    "the mailbox holds no mail in a form that can be read here; {} kept {store}",
                    if *files == 1 { "1 file is".to_owned() } else { format!("{files} files are") }
                ),
                "copy the mail over IMAP while the old server is there, or export it with that \
                 server's own tools",
            ));
        }
    }
    findings
}

/// Why a server's state is known or not, where that is no server of maildirs.
pub(crate) fn because(scanned: Option<&ScannedMailbox>) -> Option<&'static str> {
    is_mail_enable(scanned).then_some("MailEnable's index is not read")
}

fn is_mail_enable(scanned: Option<&ScannedMailbox>) -> bool {
    scanned.is_some_and(|scanned| scanned.no_maildir.mail_enable > 0)
}
