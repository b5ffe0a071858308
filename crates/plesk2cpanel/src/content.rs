//! What is wrong with the content archives of a subscription.

use std::collections::BTreeSet;

use plesk_backup::{Backup, ContentRef, Subscription, printable};

use crate::finding::{
    ARCHIVE_DAMAGED, CONTENT_MISSING, FILES_NOT_CARRIED, Finding, METADATA_PROBLEM,
};
use crate::mail_findings::{count, some};
use crate::scan::{ScannedDomain, archive_name, contents_beside};

/// What the content archives of a subscription lack, by the index of the domain.
pub(crate) fn content_findings(
    backup: &Backup,
    subscription: &Subscription,
    scanned: &[ScannedDomain],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (domain, scanned) in subscription.domains().zip(scanned) {
        let Some(mail) = &domain.mail else { continue };
        let references = mail.content.iter().chain(
            mail.mailusers
                .iter()
                .filter_map(|user| user.mailbox.as_ref())
                .flat_map(|mailbox| &mailbox.content),
        );
        let lists = mail
            .mailing_list_content
            .iter()
            .chain(mail.mailing_lists.iter().flat_map(|list| &list.content));
        for name in missing(lists) {
            // No mail is missing, so that this alone never fails an account.
            findings.push(FILES_NOT_CARRIED.with_remedy(
                &domain.name,
                format!(
                    "the metadata name the mailing list archive `{name}`, and the backup does not \
                     hold it"
                ),
                "take the list's archive from the old server if it is wanted",
            ));
        }
        for name in missing(mail.mailusers.iter().flat_map(contents_beside)) {
            // Usually the archive of all mail, which is missed for that already.
            if !missing(references.clone()).contains(name) {
                findings.push(FILES_NOT_CARRIED.with_remedy(
                    &domain.name,
                    format!(
                        "the metadata name `{name}`, with files of an autoresponder or a spam \
                         filter, and the backup does not hold it"
                    ),
                    "take these files from the old server if they are wanted",
                ));
            }
        }
        for name in missing(references) {
            findings.push(CONTENT_MISSING.about(
                &domain.name,
                format!(
                    "the metadata name the mail archive `{name}`, and the backup does not hold it"
                ),
            ));
        }
        for earlier in mail
            .earlier
            .iter()
            .chain(
                mail.mailusers
                    .iter()
                    .filter_map(|user| user.mailbox.as_ref())
                    .flat_map(|mailbox| &mailbox.earlier),
            )
            .filter(|earlier| earlier.needed)
        {
            for name in missing(earlier.content.iter()) {
                findings.push(CONTENT_MISSING.about(
                    &domain.name,
                    format!(
                        "the metadata of the dump {} name the mail archive `{name}`, and the backup \
                         does not hold it",
                        earlier.stamp
                    ),
                ));
            }
        }
        for (name, why) in &scanned.unreadable {
            findings.push(ARCHIVE_DAMAGED.about(name, why));
        }
        for archive in &scanned.archives {
            let name = archive_name(backup, &archive.content);
            for damage in &archive.damage {
                findings.push(ARCHIVE_DAMAGED.about(&name, damage.to_string()));
            }
            if archive.unlisted_damage > 0 {
                let more = count(archive.unlisted_damage, "more damaged place");
                findings.push(
                    ARCHIVE_DAMAGED.about(&name, format!("and {more}, not listed one by one")),
                );
            }
            if archive.leading_garbage > 0 {
                findings.push(METADATA_PROBLEM.with_remedy(
                    &name,
                    format!(
                        "the archive begins with {} bytes that are not its own, usually an \
                             error message of the backup; they are skipped",
                        archive.leading_garbage
                    ),
                    "nothing to do if the numbers of messages are as expected",
                ));
            }
        }
        if !scanned.elsewhere.is_empty() {
            findings.push(FILES_NOT_CARRIED.about(
                &domain.name,
                format!(
                    "{} of the mail archives belong to no mailbox: {}",
                    count(scanned.elsewhere.len() as u64, "file"),
                    some(scanned.elsewhere.iter().map(|(path, _)| printable(path)))
                ),
            ));
        }
    }
    findings
}

/// Names of archives that the backup does not hold.
fn missing<'a>(references: impl Iterator<Item = &'a ContentRef>) -> BTreeSet<&'a str> {
    references
        .flat_map(|reference| &reference.files)
        .filter(|file| file.entry.is_none())
        .map(|file| file.name.as_str())
        .collect()
}
