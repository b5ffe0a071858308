//! A mailbox between the plan and the archive: its messages with their names, and what the report
//! says of them.

use std::collections::BTreeMap;

use mail_model::identity::{
    Because, Certainty, Finding as ModelFinding, ListingEvidence, Mailbox, MatchedBy,
    NextUidReason, RawMailbox, Rules, ServerKind, resolve,
};
use plesk_backup::printable;

use crate::finding::{
    FILES_KEPT, FILES_LEFT_OUT, FILES_NOT_CARRIED, FORMAT_UNSUPPORTED, Finding, LINK_DANGLING,
    MESSAGE_DAMAGED, MESSAGE_RENAMED, MESSAGES_UNPACKED, SETTING_NOT_CARRIED, UIDL_TRUTH_DIFFERS,
    UIDL_TRUTH_UNMATCHED, UIDLIST_BROKEN, UNUSUAL_UIDL,
};
use crate::mail_findings::{because, count, describe, some};
use crate::no_maildir;
use crate::plan::MailboxPlan;
use crate::report::{
    FolderReport, LeftOut, ListingReport, MailServerName, MailboxReport, ServerReport, StateFound,
    Sureness,
};
use crate::scan::{HomeFile, ScannedMailbox, can_be_written};
use crate::write::BESIDE;

/// A mailbox whose messages have their names.
pub(crate) struct ResolvedMailbox<'a> {
    /// As planned.
    pub plan: &'a MailboxPlan,
    /// As the archives have it; absent for a mailbox that was never used.
    pub scanned: Option<&'a ScannedMailbox>,
    /// With names.
    pub model: Mailbox,
}

impl<'a> ResolvedMailbox<'a> {
    /// Works out what the old server called each message.
    pub(crate) fn new(
        plan: &'a MailboxPlan,
        scanned: Option<&'a ScannedMailbox>,
        rules: &Rules,
    ) -> ResolvedMailbox<'a> {
        let empty = RawMailbox::default();
        let model = resolve(scanned.map_or(&empty, |scanned| &scanned.raw), rules);
        ResolvedMailbox { plan, scanned, model }
    }

    /// Bytes of all messages that are written.
    pub(crate) fn bytes(&self) -> u64 {
        self.sizes().sum()
    }

    /// Files beside the mail that are kept: all whose names can be written.
    /// With their index into [`ScannedMailbox::beside`].
    pub(crate) fn kept(&self) -> impl Iterator<Item = (usize, &'a HomeFile)> + use<'a> {
        let beside = self.scanned.map_or(&[][..], |scanned| &scanned.beside);
        beside.iter().enumerate().filter(|(_, file)| can_be_written(&file.path))
    }

    fn sizes(&self) -> impl Iterator<Item = u64> {
        self.model.folders.iter().map(|folder| self.folder_bytes(folder))
    }

    fn folder_bytes(&self, folder: &mail_model::identity::Folder) -> u64 {
        let Some(scanned) = self.scanned else { return 0 };
        let files = &scanned.raw.folders[folder.source].files;
        folder.messages.iter().map(|message| files[message.file].size).sum()
    }

    /// The mailbox's entry in the report.
    pub(crate) fn report(&self, malformed: bool) -> MailboxReport {
        let server = &self.model.server;
        let mut found = Vec::new();
        let in_messages = server.because == Because::InMessages;
        if server.found.dovecot {
            found.push(if in_messages { StateFound::Mbox } else { StateFound::Dovecot });
        }
        if server.found.courier {
            found.push(StateFound::Courier);
        }
        let mut report = MailboxReport {
            address: self.plan.address.clone(),
            new_address: self.plan.new_address.clone(),
            login: self.plan.login.report(),
            quota_bytes: self.plan.quota_bytes,
            server: ServerReport {
                found,
                // UW-IMAP writes the same fields, so it may have been either.
                live: server
                    .live
                    .filter(|_| {
                        !in_messages || server.format.as_ref().is_some_and(|format| format.stated)
                    })
                    .map(|kind| match kind {
                        ServerKind::Dovecot => MailServerName::Dovecot,
                        ServerKind::Courier => MailServerName::Courier,
                    }),
                because: no_maildir::because(self.scanned)
                    .unwrap_or_else(|| because(server.because))
                    .to_owned(),
                uidl_format: server.format.as_ref().map(|format| format.format.to_string()),
                uidl_format_assumed: server.format.as_ref().is_some_and(|format| !format.stated),
            },
            messages_found: self.scanned.map_or(0, ScannedMailbox::messages),
            left_out: self.left_out(),
            messages: 0,
            bytes: 0,
            digest: None,
            uidl_certainty: BTreeMap::new(),
            uidl_listing: self.model.listing.as_ref().map(|listing| self.listing(listing)),
            uid_certainty: BTreeMap::new(),
            pop3_downloads_expected: 0,
            imap_downloads_expected: 0,
            // Headers within an mbox are not looked at.
            malformed: self
                .scanned
                .filter(|scanned| malformed && scanned.no_maildir.mboxes.is_empty())
                .map(|scanned| scanned.malformed.len() as u64),
            folders: Vec::new(),
        };
        for folder in &self.model.folders {
            let bytes = self.folder_bytes(folder);
            report.messages += folder.messages.len() as u64;
            report.bytes += bytes;
            let mut uid_certainty = BTreeMap::new();
            for message in &folder.messages {
                Sureness::count(&mut report.uid_certainty, message.uid_certainty);
                Sureness::count(&mut uid_certainty, message.uid_certainty);
                report.imap_downloads_expected +=
                    u64::from(message.uid_certainty == Certainty::Lost);
                if let Some(uidl) = &message.uidl {
                    Sureness::count(&mut report.uidl_certainty, uidl.certainty);
                    report.pop3_downloads_expected += u64::from(uidl.certainty == Certainty::Lost);
                }
            }
            report.folders.push(FolderReport {
                name: folder.name.to_string(),
                uidvalidity: folder.uidvalidity,
                uidvalidity_certainty: folder.uidvalidity_certainty.into(),
                uid_next: folder.next_uid,
                complete_below: self.scanned.map(|scanned| {
                    let unfiled = scanned.unfiled(folder.source);
                    let lowest = unfiled.iter().map(|(uid, _)| *uid).min();
                    lowest.unwrap_or(folder.next_uid).min(folder.next_uid)
                }),
                messages: folder.messages.len() as u64,
                bytes,
                uid_certainty,
                digest: None,
            });
        }
        report
            .folders
            .sort_by(|a, b| (a.name != "INBOX", &a.name).cmp(&(b.name != "INBOX", &b.name)));
        report
    }

    fn listing(&self, listing: &ListingEvidence) -> ListingReport {
        let mut report = ListingReport {
            entries: listing.matches.len() as u64,
            matched: BTreeMap::new(),
            unmatched: listing.matches.iter().filter(|found| found.is_none()).count() as u64,
            sizes_differ: 0,
            evidence: BTreeMap::new(),
        };
        for found in listing.matches.iter().flatten() {
            let by = match found.by {
                MatchedBy::Uid => "uid",
                MatchedBy::Value => "value",
                MatchedBy::Number => "number",
            };
            *report.matched.entry(by.to_owned()).or_default() += 1;
            report.sizes_differ += u64::from(found.size_agrees == Some(false));
        }
        let uidls = self.model.folders.iter().flat_map(|folder| &folder.messages);
        for uidl in uidls.filter_map(|message| message.uidl.as_ref()) {
            *report.evidence.entry(uidl.evidence.to_string()).or_default() += 1;
        }
        report
    }

    /// Messages that are found and not carried, by why.
    fn left_out(&self) -> BTreeMap<LeftOut, u64> {
        let Some(scanned) = self.scanned else { return BTreeMap::new() };
        let found = |is: fn(&ModelFinding) -> bool| {
            self.model.findings.iter().filter(|finding| is(finding)).count() as u64
        };
        // Each is counted where it was found, and none is what remains: that nothing else is
        // missing can be seen from the sum.
        let twice = found(|finding| matches!(finding, ModelFinding::SameMessageTwice { .. }));
        let not_served = found(|finding| matches!(finding, ModelFinding::FileNotServed { .. }));
        let (cut, dangling) = (scanned.cut.len() as u64, scanned.dangling.len() as u64);
        [
            (LeftOut::Cut, cut),
            (LeftOut::LinkDangling, dangling),
            (LeftOut::SameMessageTwice, twice),
            (LeftOut::NotServed, not_served),
        ]
        .into_iter()
        .filter(|(_, messages)| *messages > 0)
        .collect()
    }

    /// What the report lists about the mailbox.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let address = &self.plan.address;
        let (named, more) = collapse(&self.model.findings);
        let mut findings: Vec<Finding> = named
            .into_iter()
            .flat_map(|finding| {
                no_maildir::in_other_words(address, &self.model, self.scanned, finding)
                    .unwrap_or_else(|| vec![describe(address, finding)])
            })
            .collect();
        for (kind, number) in [
            (UIDL_TRUTH_DIFFERS, more.listing_differs),
            (UIDL_TRUTH_UNMATCHED, more.listing_unmatched),
        ] {
            if number > 0 {
                let text =
                    format!("{} more of the same sort, not named here", count(number, "message"));
                findings.push(kind.about(address, text));
            }
        }
        for (kind, number) in
            [(UNUSUAL_UIDL, more.unusual_uidls), (MESSAGE_RENAMED, more.odd_names)]
        {
            if number > 0 {
                findings.push(kind.with_remedy(
                    address,
                    format!("{} more of the same sort, not named here", count(number, "message")),
                    "nothing to do: UID, UIDL, flags and date are kept as for those that are named",
                ));
            }
        }
        let Some(scanned) = self.scanned else { return findings };
        findings.extend(no_maildir::findings(address, scanned));
        for cut in &scanned.cut {
            findings.push(MESSAGE_DAMAGED.about(
                address,
                match cut.size {
                    Some(size) => format!(
                        "`{}` is cut: {} of {size} bytes are there; the message is left out",
                        printable(&cut.path),
                        cut.read
                    ),
                    None => format!(
                        "`{}` is cut behind {} bytes, and is left out",
                        printable(&cut.path),
                        cut.read
                    ),
                },
            ));
        }
        if !scanned.compressed.is_empty() {
            let forms: Vec<String> = scanned
                .compressed
                .iter()
                .map(|(form, number)| format!("{number} as {form}"))
                .collect();
            findings.push(MESSAGES_UNPACKED.about(
                address,
                format!(
                    "messages that the old server stored compressed are written plain: {}",
                    forms.join(", ")
                ),
            ));
        }
        if !scanned.undecodable.is_empty() {
            findings.push(MESSAGE_DAMAGED.with_remedy(
                address,
                format!(
                    "{} stored compressed can't be unpacked and stay as they are: {}",
                    count(scanned.undecodable.len() as u64, "message"),
                    some(scanned.undecodable.iter().map(|path| printable(path)))
                ),
                "take these messages from the old server",
            ));
        }
        if !scanned.suspect.is_empty() {
            findings.push(MESSAGE_DAMAGED.with_remedy(
                address,
                format!(
                    "{} stand behind damage in the archive: they read well and are carried, but no \
                     checksum vouches for them",
                    count(scanned.suspect.len() as u64, "message")
                ),
                "compare a few of them with the old server",
            ));
        }
        for path in &scanned.dangling {
            findings.push(LINK_DANGLING.about(
                address,
                format!(
                    "`{}` is a second name of a message that the archive does not hold",
                    printable(path)
                ),
            ));
        }
        for (path, size) in &scanned.oversized_state {
            findings.push(UIDLIST_BROKEN.about(
                address,
                format!(
                    "`{}` has {size} bytes, more than any list of messages; it is not read",
                    printable(path)
                ),
            ));
        }
        if !scanned.scripts_not_read.is_empty() {
            findings.push(SETTING_NOT_CARRIED.about(
                address,
                format!(
                    "{} too large, or too many, to be read as filters; they are kept in the home: {}",
                    count(scanned.scripts_not_read.len() as u64, "Sieve script"),
                    some(scanned.scripts_not_read.iter().map(|path| printable(path)))
                ),
            ));
        }
        if let Some(target) = &scanned.active_script
            && scanned.sieve().is_none()
            && !scanned.scripts_not_read.iter().any(|path| file_name(path) == file_name(target))
        {
            findings.push(SETTING_NOT_CARRIED.with_remedy(
                address,
                format!(
                    "the Sieve script in use, .dovecot.sieve, is a link to `{}`, which the archive \
                     does not hold",
                    printable(target)
                ),
                "take the script from the old server, and make its filters by hand after the restore",
            ));
        }
        if scanned.dbox {
            findings.push(FORMAT_UNSUPPORTED.about(
                address,
                "the mailbox is stored as mdbox or sdbox, not as a maildir; its messages are not \
                 carried",
            ));
        }
        let kept: Vec<&HomeFile> = self.kept().map(|(_, file)| file).collect();
        if !kept.is_empty() {
            let bytes: u64 = kept.iter().map(|file| file.source.stored).sum();
            let in_use = match &scanned.active_script {
                Some(target) if scanned.sieve().is_some() => {
                    format!(
                        "; .dovecot.sieve was a link to {}, the script in use",
                        printable(target)
                    )
                }
                _ => String::new(),
            };
            findings.push(FILES_KEPT.about(
                address,
                format!(
                    "{} beside the mail ({bytes} bytes) are kept in the account's home below {BESIDE}/: {}{in_use}",
                    count(kept.len() as u64, "file"),
                    some(kept.iter().map(|file| printable(&file.path)))
                ),
            ));
        }
        let unwritable = scanned.beside.iter().filter(|file| !can_be_written(&file.path));
        let left: Vec<String> = unwritable
            .map(|file| &file.path)
            .chain(scanned.not_carried.iter().map(|(path, _)| path))
            .map(|path| printable(path))
            .collect();
        if !left.is_empty() {
            findings.push(FILES_NOT_CARRIED.about(
                address,
                format!(
                    "{} beside the mail are cut, links, devices, hidden by a later file of the \
                     same name, or have names that can't be written: {}",
                    count(left.len() as u64, "file"),
                    some(left.into_iter())
                ),
            ));
        }
        if scanned.left_out.files > 0 {
            findings.push(FILES_LEFT_OUT.about(
                address,
                format!(
                    "{} ({} bytes) of caches, counters and unfinished deliveries are left out",
                    count(scanned.left_out.files, "file"),
                    scanned.left_out.bytes
                ),
            ));
        }
        findings
    }
}

fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

/// Findings of oddities that are counted and not named.
#[derive(Default)]
struct More {
    unusual_uidls: u64,
    odd_names: u64,
    listing_differs: u64,
    listing_unmatched: u64,
}

/// Findings that are worth a line: what concerns single messages is named up to a number and counted
/// from there, and a list that dovecot-lda began is none. That program leaves `N1` in the header and
/// appends entries above it; every Dovecot goes by the entries.
fn collapse(findings: &[ModelFinding]) -> (Vec<&ModelFinding>, More) {
    const EACH: usize = 20;
    let (mut odd, mut differing, mut unmatched) = (0, 0, 0);
    let mut more = More::default();
    let named = findings
        .iter()
        .filter(|finding| {
            let (rest, named) = match finding {
                ModelFinding::UnusualUidl { .. } => (&mut more.unusual_uidls, &mut odd),
                ModelFinding::MessageNameOdd { .. } => (&mut more.odd_names, &mut odd),
                ModelFinding::ListingDiffers { .. } => (&mut more.listing_differs, &mut differing),
                ModelFinding::ListingUnmatched { .. } => {
                    (&mut more.listing_unmatched, &mut unmatched)
                }
                ModelFinding::NextUidRaised {
                    from: 1,
                    why: NextUidReason::BelowHighestUid,
                    ..
                } => return false,
                _ => return true,
            };
            *named += 1;
            *rest += u64::from(*named > EACH);
            *named <= EACH
        })
        .collect();
    (named, more)
}
