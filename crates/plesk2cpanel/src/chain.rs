//! What the report says of an increment and the dumps below it.

use plesk_backup::{ContentRef, Subscription, printable};

use crate::finding::{
    CHAIN_GAP, DELETED_IN_CHAIN, Finding, LIST_FROM_OLDER_DUMP, MAYBE_DELETED_IN_CHAIN,
};
use crate::mail_findings::{count, some};
use crate::scan::{ChainFacts, FolderEnd, ScannedDomain};

/// Archives of earlier dumps that a subscription's mail needs.
pub(crate) fn earlier_content(subscription: &Subscription) -> impl Iterator<Item = &ContentRef> {
    let mails = subscription.domains().filter_map(|domain| domain.mail.as_ref());
    mails
        .flat_map(|mail| {
            let own = mail.mailusers.iter().filter_map(|user| user.mailbox.as_ref());
            mail.earlier.iter().chain(own.flat_map(|mailbox| &mailbox.earlier))
        })
        .filter(|earlier| earlier.needed)
        .flat_map(|earlier| &earlier.content)
}

/// Whether a dump that the chosen one needs is missing, or an archive of it.
pub(crate) fn has_gap(subscription: &Subscription) -> bool {
    !subscription.missing_dumps.is_empty()
        || earlier_content(subscription)
            .any(|content| content.files.iter().any(|file| file.entry.is_none()))
}

/// What a chain with a gap lacks.
pub(crate) fn gap_finding(
    subscription: &Subscription,
    scanned: &[ScannedDomain],
) -> Option<Finding> {
    if !has_gap(subscription) {
        return None;
    }
    let stamp = subscription.dump.as_ref().map_or("", |stamp| stamp.as_str());
    let missing = match subscription.missing_dumps.as_slice() {
        [] => "archives of earlier dumps".to_owned(),
        stamps => some(stamps.iter().map(ToString::to_string)),
    };
    let mailboxes = || scanned.iter().flat_map(|domain| domain.mailboxes.values());
    let absent: u64 = mailboxes().map(|mailbox| mailbox.chain.absent).sum();
    let uncertain: u64 = mailboxes().map(|mailbox| mailbox.chain.uncertain).sum();
    let stand = count_are(absent, "message stands", "messages stand");
    let untold = match uncertain {
        0 => String::new(),
        1 => "; of 1 older message it can't be told whether it was deleted in between".to_owned(),
        several => format!(
            "; of {several} older messages it can't be told whether they were deleted in between"
        ),
    };
    let text = format!(
        "dump {stamp} is an increment, and the backup lacks {missing}, which it needs: mail that is \
         only there is missing ({stand} in the server's lists and in no dump at hand){untold}"
    );
    Some(CHAIN_GAP.about(&subscription.domain.name, text))
}

fn count_are(number: u64, one: &str, several: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {several}") }
}

/// What came of laying the dumps of a mailbox over each other.
pub(crate) fn chain_findings(address: &str, facts: &ChainFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let gone: Vec<String> = facts
        .folders
        .iter()
        .map(|(dir, end)| match end {
            FolderEnd::Deleted => format!("{} was deleted", folder(dir)),
            FolderEnd::Remade => format!("{} was deleted and made again", folder(dir)),
            FolderEnd::Renamed(new) => format!("{} became {}", folder(dir), folder(new)),
        })
        .collect();
    if facts.deleted > 0 || !gone.is_empty() {
        let deleted = format!(
            "{} of older dumps {} deleted before the newest, and do not come back",
            count(facts.deleted, "message"),
            if facts.deleted == 1 { "was" } else { "were" }
        );
        let assumed = format!(
            "for {} of them this is assumed from the dump's list of files",
            facts.deleted_by_index
        );
        let parts = [
            (facts.deleted > 0).then_some(deleted),
            (facts.deleted_by_index > 0).then_some(assumed),
            (!gone.is_empty()).then(|| format!("folders: {}", some(gone.into_iter()))),
        ];
        let text = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
        findings.push(DELETED_IN_CHAIN.about(address, text));
    }
    if facts.uncertain > 0 {
        findings.push(MAYBE_DELETED_IN_CHAIN.about(
            address,
            format!(
                "{} of older dumps may have been deleted since: no list of a newer dump names {}, \
                 or nothing tells of deletions; {} kept",
                count(facts.uncertain, "message"),
                if facts.uncertain == 1 { "it" } else { "them" },
                if facts.uncertain == 1 { "it is" } else { "they are" }
            ),
        ));
    }
    for (dir, of, newer) in &facts.older_lists {
        findings.push(LIST_FROM_OLDER_DUMP.about(
            format!("{address} {}", folder(dir)),
            format!(
                "the list of UIDs is that of dump {of}: the newer dump {newer} has messages of the \
                 folder and no list"
            ),
        ));
    }
    if !facts.older_copies.is_empty() {
        findings.push(LIST_FROM_OLDER_DUMP.with_remedy(
            address,
            format!(
                "{} cut in a newer dump; the copy of an older one is taken, with its flags as they \
                 were then: {}",
                count_are(facts.older_copies.len() as u64, "message is", "messages are"),
                some(facts.older_copies.iter().map(|path| printable(path)))
            ),
            "nothing to do: the messages are whole",
        ));
    }
    findings
}

fn folder(dir: &[u8]) -> String {
    if dir.is_empty() { "INBOX".to_owned() } else { format!("`{}`", printable(dir)) }
}
