//! What POP3 clients know: the listing that the old server gave of a mailbox, foretold from the
//! backup, held against the server's own, or corrected by it.

mod address;
mod compare;
mod how;
mod look;
pub mod text;
mod truth;
mod verdict;

use std::collections::BTreeMap;

use mail_model::identity::{Because, Certainty, Mailbox, ServerKind, Uidl, UidlEvidence};
use plesk_backup::printable;
use serde::Serialize;

pub use self::compare::{Comparison, Difference};
pub use self::how::commands;
pub use self::truth::Truth;
pub use self::verdict::Verdict;

use self::look::Seen;
use crate::account::Run;
use crate::content::content_findings;
use crate::error::Error;
use crate::finding::{
    ARCHIVE_DAMAGED, CONTENT_MISSING, DUPLICATE_UIDLS, FORMAT_UNSUPPORTED, Finding,
    HIDDEN_MESSAGES, LINK_DANGLING, MESSAGE_DAMAGED, SERVER_SWITCHED, SERVER_UNCLEAR,
    STATE_MISSING, Severity, UIDL_FORMAT_ASSUMED, UIDL_NOT_KEPT, UIDLIST_BROKEN, UIDLIST_CUT,
};
use crate::job::{Job, thread_pool};
use crate::mailbox::ResolvedMailbox;
use crate::plan::AccountPlan;
use crate::progress::{Interrupt, Progress, Stage};
use crate::report::ServerReport;
use crate::scan::{Depth, ScannedDomain};

/// Version of the shape of what is printed as JSON.
const SCHEMA: u32 = 1;

/// Findings that bear on the names of messages, or on whether all messages are there.
const ABOUT_MESSAGES: &[&str] = &[
    ARCHIVE_DAMAGED.code,
    CONTENT_MISSING.code,
    DUPLICATE_UIDLS.code,
    FORMAT_UNSUPPORTED.code,
    HIDDEN_MESSAGES.code,
    LINK_DANGLING.code,
    MESSAGE_DAMAGED.code,
    SERVER_SWITCHED.code,
    SERVER_UNCLEAR.code,
    STATE_MISSING.code,
    UIDL_FORMAT_ASSUMED.code,
    UIDL_NOT_KEPT.code,
    UIDLIST_BROKEN.code,
    UIDLIST_CUT.code,
];

/// What an old server listed of a mailbox over POP3, as the backup tells it.
#[derive(Clone, Debug, Serialize)]
pub struct MailboxUidls {
    /// Version of this shape.
    pub schema: u32,
    /// The backup that was read.
    pub backup: String,
    /// The mailbox, on the old server.
    pub address: String,
    /// Which server's state was found, and which counts.
    pub server: ServerReport,
    #[serde(skip)]
    kind: Option<ServerKind>,
    /// Its messages, in the order of the listing.
    pub messages: Vec<UidlRow>,
    /// What bears on the names of messages, or on whether all are there.
    pub findings: Vec<Finding>,
}

/// One message of a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UidlRow {
    /// Its number in the listing, from 1.
    pub number: u32,
    /// Its UIDL; bytes that are no text stand as `\x1b`. Absent when nothing tells what the old server
    /// called it, or would have.
    pub uidl: Option<String>,
    /// `exact`, `assumed`, `predicted` or `lost`.
    pub certainty: String,
    /// Where the UIDL is from.
    pub evidence: String,
    /// Its IMAP UID.
    pub uid: u32,
    /// Octets on the wire; absent when the message can't be read.
    pub size: Option<u64>,
    /// When it was written by its header, in seconds since 1970.
    pub date: Option<i64>,
    /// When the server received it, in seconds since 1970.
    pub received: i64,
    /// Its subject, decoded.
    pub subject: Option<String>,
    /// The name of its file.
    pub file: String,
}

impl MailboxUidls {
    /// As JSON.
    pub fn to_json(&self) -> String {
        to_json(self)
    }

    /// The commands that take this listing from the old server.
    pub fn commands(&self) -> String {
        commands(self.kind, Some(&self.address))
    }

    /// 3 when messages may be missing from the listing, else 0.
    pub fn exit_status(&self) -> u8 {
        let error = self.findings.iter().any(|finding| finding.severity == Severity::Error);
        if error { 3 } else { 0 }
    }
}

fn to_json(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("it has only text keys");
    text.push('\n');
    text
}

/// A mailbox of the backup, read.
struct Opened {
    plan: AccountPlan,
    scanned: Vec<ScannedDomain>,
    /// Index into the plan's mailboxes.
    mailbox: usize,
    /// What was seen in the messages of INBOX, by the index of the file.
    seen: BTreeMap<usize, Seen>,
    findings: Vec<Finding>,
}

impl Opened {
    fn resolved(&self, run: &Run<'_>) -> ResolvedMailbox<'_> {
        let plan = &self.plan.mailboxes[self.mailbox];
        let source = self.plan.domains[plan.domain].source;
        let scanned =
            source.and_then(|source| self.scanned[source].mailboxes.get(plan.directory.as_ref()?));
        ResolvedMailbox::new(plan, scanned, &run.rules(&self.plan))
    }

    fn address(&self) -> &str {
        &self.plan.mailboxes[self.mailbox].address
    }
}

impl Job {
    /// What the old server listed of a mailbox, which may be named by an alias.
    ///
    /// # Errors
    /// When the backup has no such mailbox, can't be read, or the run is interrupted.
    pub fn uidls(
        &self,
        address: &str,
        jobs: usize,
        progress: &dyn Progress,
        interrupt: &Interrupt,
    ) -> Result<MailboxUidls, Error> {
        let pool = thread_pool(jobs)?;
        let mut run = self.run(false, &pool, progress, interrupt, None);
        run.depth = Depth { x_uidl: true, ..run.depth };
        let opened = self.open_mailbox(address, &run)?;
        let resolved = opened.resolved(&run);
        let mut findings = opened.findings.clone();
        findings.extend(resolved.findings());
        findings.retain(|finding| {
            finding.severity > Severity::Info && ABOUT_MESSAGES.contains(&finding.code)
        });
        Ok(MailboxUidls {
            schema: SCHEMA,
            backup: self.name.clone(),
            address: opened.address().to_owned(),
            server: resolved.report(false).server,
            kind: match resolved.model.server.because {
                Because::Contradiction => None,
                _ => resolved.model.server.live,
            },
            messages: rows(&resolved, &opened.seen),
            findings,
        })
    }

    fn open_mailbox(&self, address: &str, run: &Run<'_>) -> Result<Opened, Error> {
        let subscriptions = &self.description.subscriptions;
        let unknown = |more: &[String]| Error::UnknownAddress {
            backup: self.name.clone(),
            address: printable(address.as_bytes()),
            near: address::near(subscriptions, more, address),
        };
        let found = address::find(subscriptions, address).ok_or_else(|| unknown(&[]))?;
        let subscription = &subscriptions[found.subscription];
        let domain = &subscription.domain.name;
        run.progress.stage(domain, Stage::Reading, None);
        let scanned = run.scan(subscription)?;
        let plan = run.plan(subscription, &self.names[found.subscription], &scanned)?;
        let mailbox = plan.mailboxes.iter().position(|mailbox| {
            plan.domains[mailbox.domain].source == Some(found.domain)
                && mailbox.address == found.address
        });
        let Some(mailbox) = mailbox else {
            let known: Vec<String> =
                plan.mailboxes.iter().map(|mailbox| mailbox.address.clone()).collect();
            return Err(unknown(&known));
        };
        let directory = plan.mailboxes[mailbox].directory.clone();
        let mut seen = BTreeMap::new();
        if let Some(directory) = directory {
            let domain = &scanned[found.domain];
            look::look(run, domain, &[directory], |_, file, facts| {
                seen.insert(file, facts);
            })?;
        }
        run.progress.done(domain);
        let findings = content_findings(run.backup, subscription, &scanned);
        Ok(Opened { plan, scanned, mailbox, seen, findings })
    }
}

/// The messages of INBOX in the order of the listing.
fn rows(resolved: &ResolvedMailbox<'_>, seen: &BTreeMap<usize, Seen>) -> Vec<UidlRow> {
    let Some(scanned) = resolved.scanned else { return Vec::new() };
    let mut rows = Vec::new();
    for folder in inbox(&resolved.model) {
        for message in &folder.messages {
            let (Some(uidl), Some(number)) = (&message.uidl, message.pop3_position) else {
                continue;
            };
            let raw = &scanned.raw.folders[folder.source].files[message.file];
            let facts = seen.get(&message.file);
            rows.push(UidlRow {
                number,
                uidl: tells_of_old(uidl).then(|| printable(&uidl.value)),
                certainty: uidl.certainty.to_string(),
                evidence: uidl.evidence.to_string(),
                uid: message.uid,
                size: facts.map(|facts| facts.size.octets),
                date: facts.and_then(|facts| facts.date),
                received: raw.mtime,
                subject: facts.and_then(|facts| facts.subject.clone()),
                file: printable(&raw.name),
            });
        }
    }
    rows.sort_by_key(|row| row.number);
    rows
}

/// Whether a UIDL is the old server's: others are those that the new one gives instead.
fn tells_of_old(uidl: &Uidl) -> bool {
    let given = matches!(
        uidl.evidence,
        UidlEvidence::NeverServed | UidlEvidence::NotListed | UidlEvidence::NoState
    );
    uidl.certainty != Certainty::Lost && !given
}

fn inbox(model: &Mailbox) -> impl Iterator<Item = &mail_model::identity::Folder> {
    model.folders.iter().filter(|folder| folder.name.is_inbox())
}
