//! What a rescue found and did, as values and as JSON.

use serde::Serialize;

use crate::finding::{Finding, Severity};

/// Version of the shape of [`RescueReport`].
const SCHEMA: u32 = 1;

/// What a rescue found and did. It names no path and no time of the run, so that two runs over the
/// same files give the same.
#[derive(Clone, Debug, Serialize)]
pub struct RescueReport {
    /// Version of this shape.
    pub schema: u32,
    /// The backup.
    pub backup: String,
    /// The homes.
    pub homes: Vec<String>,
    /// Whether lists were written; else this is what would be.
    pub written: bool,
    /// Mailboxes of the backup that stand in a home.
    pub mailboxes: Vec<MailboxRescue>,
    /// Mailboxes of the backup that stand in none of the homes, of subscriptions of which a domain does.
    pub not_found: Vec<String>,
    /// Subscriptions that can't be read from the backup, and why.
    pub failed: Vec<FailedSubscription>,
    /// What is damaged or missing in the backup. Messages that it lacks are counted as not in it.
    pub findings: Vec<Finding>,
    /// 0 when all is well, 1 when something failed, 3 when something needs a person.
    pub exit_status: u8,
}

/// A subscription of the backup that can't be read.
#[derive(Clone, Debug, Serialize)]
pub struct FailedSubscription {
    /// Its main domain.
    pub domain: String,
    /// Why.
    pub text: String,
}

/// What becomes of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// There is something to write, and this is a dry run.
    Planned,
    /// Lists were written.
    Written,
    /// There is nothing to write.
    Unchanged,
    /// It is stored in a form that can't be rescued in place.
    Refused,
    /// Reading or writing failed.
    Failed,
}

/// Whether clients may have loaded messages under the names of the new server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Visited {
    /// Nobody did.
    No,
    /// Somebody may have, by what is known.
    Maybe,
    /// Somebody did.
    Yes,
}

/// Messages of INBOX that are in the backup and in the home, by what showed it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Matched {
    /// The same base name.
    pub by_name: u64,
    /// The same bytes.
    pub by_content: u64,
    /// The same bytes without the fields that a message's way adds.
    pub by_headers: u64,
}

/// Messages of INBOX in the home by what becomes of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fates {
    /// Get their old UIDL back.
    pub restored: u64,
    /// Have it already.
    pub already: u64,
    /// Keep the new one, because somebody may have loaded them under it.
    pub kept: u64,
    /// Are none of the backup's.
    pub new: u64,
    /// Fit several messages of the backup, or several of them fit one, so that they keep what they have.
    pub unclear: u64,
    /// Nothing tells what the old server called them.
    pub nameless: u64,
    /// Stand in no list yet.
    pub unlisted: u64,
    /// Were never listed over POP3 by the old server, so that no client knows them by a UIDL of it.
    pub unseen: u64,
    /// Their old UIDL is another message's now.
    pub taken: u64,
    /// Their old UIDL can't be written.
    pub unwritable: u64,
    /// Are new, had a UIDL that the old server gave to another message, and get one of their own.
    pub renamed: u64,
    /// Are not in the backup, have a UIDL that the old server gave to another message, and keep it,
    /// because somebody may have loaded them, or they can't have another.
    pub mistaken: u64,
    /// The server does not show them.
    pub not_served: u64,
}

/// What clients will see of messages that they had on the old server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Messages that a POP3 client loads again which was not there since the move.
    pub pop3_not_connected: u64,
    /// The same without this rescue.
    pub pop3_not_connected_before: u64,
    /// Messages that a POP3 client loads once more which was there since the move.
    pub pop3_connected: u64,
    /// Messages of all folders that an IMAP client loads again which was not there since the move.
    pub imap_not_connected: u64,
    /// The same without this rescue.
    pub imap_not_connected_before: u64,
}

/// What becomes of a folder other than INBOX, or of INBOX without a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FolderRescue {
    /// Its name.
    pub name: String,
    /// Messages in it that get their old UID back.
    pub restored: u64,
    /// Messages in it that the backup does not hold.
    pub new: u64,
}

/// What becomes of a mailbox.
#[derive(Clone, Debug, Serialize)]
pub struct MailboxRescue {
    /// Its address on the old server.
    pub address: String,
    /// On the new one, where it is another.
    pub new_address: Option<String>,
    /// The home.
    pub home: String,
    /// What becomes of it.
    pub state: State,
    /// Whether clients may have loaded messages under the names of the new server.
    pub visited: Visited,
    /// What that is taken from.
    pub visited_because: String,
    /// Messages of INBOX in the backup.
    pub in_backup: u64,
    /// Messages of INBOX in the home.
    pub in_home: u64,
    /// Which of them are the same.
    pub matched: Matched,
    /// What becomes of those in the home.
    pub fates: Fates,
    /// What clients will see.
    pub seen: Seen,
    /// The next UID of INBOX before and after, where it is raised, so that no UIDL is given out
    /// a second time.
    pub next_uid: Option<(u32, u32)>,
    /// Folders without a list that get their whole identity back.
    pub folders: Vec<FolderRescue>,
    /// Old lists that were kept, below the mailbox.
    pub kept_lists: Vec<String>,
    /// What a person should know.
    pub findings: Vec<Finding>,
}

impl RescueReport {
    pub(super) fn new(
        backup: String,
        homes: Vec<String>,
        written: bool,
        mut mailboxes: Vec<MailboxRescue>,
        mut not_found: Vec<String>,
        failed: Vec<FailedSubscription>,
        findings: Vec<Finding>,
    ) -> RescueReport {
        mailboxes.sort_by(|a, b| (&a.address, &a.home).cmp(&(&b.address, &b.home)));
        not_found.sort();
        let has_failed = |mailbox: &MailboxRescue| mailbox.state == State::Failed;
        let asks = |mailbox: &MailboxRescue| {
            mailbox.findings.iter().any(|finding| finding.severity > Severity::Info)
        };
        let lacks = findings.iter().any(|finding| finding.severity > Severity::Info);
        let exit_status = if !failed.is_empty() || mailboxes.iter().any(has_failed) {
            1
        } else if !not_found.is_empty() || lacks || mailboxes.iter().any(asks) {
            3
        } else {
            0
        };
        RescueReport {
            schema: SCHEMA,
            backup,
            homes,
            written,
            mailboxes,
            not_found,
            failed,
            findings,
            exit_status,
        }
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("it has only text keys");
        text.push('\n');
        text
    }
}
