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
use std::sync::{Mutex, PoisonError};

use mail_model::identity::{Because, Certainty, Mailbox, Rules, ServerKind, Uidl, UidlEvidence};
use plesk_backup::printable;
use serde::Serialize;

pub use self::compare::{Comparison, Difference};
pub use self::how::commands;
pub use self::truth::Truth;
pub use self::verdict::Verdict;

use self::look::Seen;
use crate::account::{Resolved, Run};
use crate::content::content_findings;
use crate::error::Error;
use crate::finding::{
    ARCHIVE_DAMAGED, CONTENT_MISSING, DUPLICATE_UIDLS, FORMAT_UNSUPPORTED, Finding,
    HIDDEN_MESSAGES, LINK_DANGLING, MESSAGE_DAMAGED, SERVER_SWITCHED, SERVER_UNCLEAR,
    STATE_MISSING, Severity, UIDL_FORMAT_ASSUMED, UIDL_NOT_KEPT, UIDLIST_BROKEN, UIDLIST_CUT,
};
use crate::job::{Job, thread_pool};
use crate::mailbox::ResolvedMailbox;
use crate::progress::{Interrupt, Progress};
use crate::report::{ServerReport, Sureness};
use crate::scan::Depth;

/// Version of the shape of what is printed as JSON.
const SCHEMA: u32 = 1;

/// Findings that bear on the names of messages, or on whether all messages are there.
pub(crate) const ABOUT_MESSAGES: &[&str] = &[
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
    /// How sure that is.
    pub certainty: Sureness,
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
struct Opened<'a> {
    rules: &'a Rules,
    mailbox: &'a ResolvedMailbox<'a>,
    /// What was seen in the messages of INBOX, by the index of the file.
    seen: BTreeMap<usize, Seen>,
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
        let run = self.run(false, &pool, progress, interrupt, None);
        self.with_mailbox(address, &run, |opened, of_archives| {
            let mut findings = of_archives.to_vec();
            findings.extend(opened.mailbox.findings());
            findings.retain(|finding| {
                finding.severity > Severity::Info && ABOUT_MESSAGES.contains(&&*finding.code)
            });
            let server = &opened.mailbox.model.server;
            Ok(MailboxUidls {
                schema: SCHEMA,
                backup: self.name.clone(),
                address: opened.mailbox.plan.address.clone(),
                server: opened.mailbox.report(false).server,
                kind: server.live.filter(|_| server.because != Because::Contradiction),
                messages: rows(opened),
                findings,
            })
        })
    }

    /// Reads a mailbox with its subscription, as a conversion does, and looks into the messages of its
    /// inbox. `then` gets what is wrong with the content archives, too.
    fn with_mailbox<T: Send>(
        &self,
        address: &str,
        run: &Run<'_>,
        then: impl Fn(&Opened<'_>, &[Finding]) -> Result<T, Error> + Sync,
    ) -> Result<T, Error> {
        let subscriptions = &self.description.subscriptions;
        let unknown = |more: &[String]| Error::UnknownAddress {
            backup: self.name.clone(),
            address: printable(address.as_bytes()),
            near: address::near(subscriptions, more, address),
        };
        let meant = address::find(subscriptions, address).ok_or_else(|| unknown(&[]))?;
        let subscription = &subscriptions[meant.subscription];
        let result: Mutex<Option<Result<T, Error>>> = Mutex::default();
        let look = |resolved: &Resolved<'_>| {
            let found = resolved.mailboxes.iter().find(|mailbox| {
                let domain = &resolved.plan.domains[mailbox.plan.domain];
                domain.source == Some(meant.domain) && mailbox.plan.address == meant.address
            });
            let done = match found {
                None => {
                    let mailboxes = resolved.mailboxes.iter();
                    let known = mailboxes.map(|mailbox| mailbox.plan.address.clone());
                    Err(unknown(&known.collect::<Vec<_>>()))
                }
                Some(mailbox) => {
                    let mut seen = BTreeMap::new();
                    if let Some(directory) = &mailbox.plan.directory {
                        let domain = &resolved.scanned[meant.domain];
                        look::look(
                            run,
                            domain,
                            std::slice::from_ref(directory),
                            |_, file, facts| {
                                seen.insert(file, facts);
                            },
                        )?;
                    }
                    let rules = &run.rules(resolved.plan);
                    let damage = content_findings(run.backup, subscription, resolved.scanned);
                    then(&Opened { rules, mailbox, seen }, &damage)
                }
            };
            *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
            Ok(())
        };
        // A listing may have to do with a message's own X-UIDL, whatever was said.
        let depth = Depth { x_uidl: true, ..run.depth };
        let run = Run { look: Some(&look), depth, ..*run };
        let report = run.account(subscription, &self.names[meant.subscription])?;
        let result = result.into_inner().unwrap_or_else(PoisonError::into_inner);
        result.unwrap_or_else(|| {
            // It did not come to that.
            let (text, hint) =
                report.error.map_or_else(Default::default, |error| (error.text, error.hint));
            Err(Error::NotVerified { text, hint })
        })
    }
}

/// The messages of INBOX in the order of the listing.
fn rows(opened: &Opened<'_>) -> Vec<UidlRow> {
    let Some(scanned) = opened.mailbox.scanned else { return Vec::new() };
    let mut rows = Vec::new();
    for folder in inbox(&opened.mailbox.model) {
        for message in &folder.messages {
            let (Some(uidl), Some(number)) = (&message.uidl, message.pop3_position) else {
                continue;
            };
            let raw = &scanned.raw.folders[folder.source].files[message.file];
            let facts = opened.seen.get(&message.file);
            rows.push(UidlRow {
                number,
                uidl: tells_of_old(uidl).then(|| printable(&uidl.value)),
                certainty: uidl.certainty.into(),
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
pub(crate) fn tells_of_old(uidl: &Uidl) -> bool {
    let given = matches!(
        uidl.evidence,
        UidlEvidence::NeverServed | UidlEvidence::NotListed | UidlEvidence::NoState
    );
    uidl.certainty != Certainty::Lost && !given
}

fn inbox(model: &Mailbox) -> impl Iterator<Item = &mail_model::identity::Folder> {
    model.folders.iter().filter(|folder| folder.name.is_inbox())
}
