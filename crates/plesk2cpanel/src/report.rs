//! `report.json`: what went in, what came out, and how sure each name is.
//!
//! Holds no time, no absolute path and no password, so that the same input
//! gives the same report, and a report can be shown to a customer.

use std::collections::BTreeMap;

use mail_model::identity::Certainty;
use serde::Serialize;

use crate::finding::{Finding, Severity};

/// Version of the report's shape; raised when a field changes its meaning or goes.
pub const SCHEMA: u32 = 1;

/// Everything that one run did.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Name and version of the program.
    pub program: String,
    /// The backup that was read.
    pub backup: BackupFacts,
    /// One entry for each subscription, by domain.
    pub accounts: Vec<AccountReport>,
    /// What concerns the backup as a whole.
    pub findings: Vec<Finding>,
    /// Sums over the accounts.
    pub totals: Totals,
    /// The exit status that follows from all this.
    pub exit_status: u8,
}

/// What the backup says about itself.
#[derive(Clone, Debug, Serialize)]
pub struct BackupFacts {
    /// File or directory name, without its path; of several, joined with ` + `.
    pub name: String,
    /// What it is: `directory`, `tar`, `tar.gz`, `parts of tar.zst` and so on; of several, joined
    /// with ` + `.
    pub container: String,
    /// Names of the parts in their order, when it was split.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
    /// Bytes that the unpacked backup took in the spool, when it was compressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spool_bytes: Option<u64>,
    /// Where the spool was; for people, and no part of the file.
    #[serde(skip)]
    pub spool_directory: Option<String>,
    /// `YYMMDDhhmm`, the old server's local time; where there are several dumps, the newest that was
    /// taken for any account.
    pub stamp: Option<String>,
    /// The dumps that it holds, the oldest first; absent when there is only one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dumps: Vec<DumpReport>,
    /// Version of the panel that wrote it.
    pub plesk_version: Option<String>,
    /// `dovecot` or `courier`, as the backup's list of components has it.
    pub installed_server: Option<String>,
}

/// One dump of a backup that holds several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DumpReport {
    /// `YYMMDDhhmm`; absent when its files were renamed.
    pub stamp: Option<String>,
    /// Stamp of the full dump, for an increment.
    pub base: Option<String>,
    /// `server`, `reseller`, `client`, `subscription` or `unknown`.
    pub level: &'static str,
    /// What it is of: host name, login or domain.
    pub object: Option<String>,
    /// Directory of its metadata in the backup; empty for the root.
    pub path: String,
    /// Metadata files.
    pub metadata_files: usize,
    /// Subscriptions that they describe.
    pub subscriptions: usize,
    /// What Plesk left beside it: `status_OK` and the like.
    pub flags: Vec<String>,
    /// Whether everything is there that it names, and for an increment its base.
    pub complete: bool,
    /// Whether it was made with content, and not of settings alone.
    pub content_included: bool,
    /// Metadata that can't be read to their end, or are lost.
    pub damaged_metadata: Vec<String>,
    /// Archives that it names and the backup does not hold.
    pub missing_content: Vec<String>,
    /// Stamps of the dumps that an increment needs.
    pub needs: Vec<String>,
    /// Those of them that are not there.
    pub missing_dumps: Vec<String>,
    /// For how many subscriptions it was taken.
    pub taken_for: usize,
}

/// How an account ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Looked at, nothing written.
    Inspected,
    /// The archive is there, and was read back.
    Converted,
    /// No archive was left behind.
    Failed,
}

/// One subscription and its archive.
#[derive(Clone, Debug, Serialize)]
pub struct AccountReport {
    /// Main domain, as the backup displays it.
    pub domain: String,
    /// Stamp of the dump that it was taken from; absent when the backup holds only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dump: Option<String>,
    /// Account name on the new server.
    pub user: String,
    /// System user on the old server.
    pub system_user: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it failed.
    pub error: Option<ErrorReport>,
    /// File or directory name of the archive.
    pub archive: Option<String>,
    /// Size of the archive; absent for a directory.
    pub archive_bytes: Option<u64>,
    /// Mailboxes by address.
    pub mailboxes: Vec<MailboxReport>,
    /// What became of each setting.
    pub settings: Vec<SettingReport>,
    /// What was changed, left out, assumed or damaged.
    pub findings: Vec<Finding>,
}

/// An error and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorReport {
    /// What happened.
    pub text: String,
    /// What to do.
    pub hint: Option<String>,
}

/// One mailbox.
#[derive(Clone, Debug, Serialize)]
pub struct MailboxReport {
    /// Address on the old server.
    pub address: String,
    /// Address on the new server, where it had to change.
    pub new_address: Option<String>,
    /// Whether the owner's password goes on working.
    pub login: LoginReport,
    /// Bytes; absent for no limit.
    pub quota_bytes: Option<u64>,
    /// Which server's state was found, and which counts.
    pub server: ServerReport,
    /// Messages in all folders.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages in the inbox by how sure their UIDL is.
    pub uidl_certainty: BTreeMap<String, u64>,
    /// What became of the listing that the old server gave of the inbox, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uidl_listing: Option<ListingReport>,
    /// Messages by how sure their UID is.
    pub uid_certainty: BTreeMap<String, u64>,
    /// Messages that POP3 clients are expected to fetch though they may have them.
    pub pop3_downloads_expected: u64,
    /// Messages that IMAP clients are expected to fetch though they may have them.
    pub imap_downloads_expected: u64,
    /// Messages whose headers are not as they should be; counted by `inspect`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub malformed: Option<u64>,
    /// Folders in the order of their names.
    pub folders: Vec<FolderReport>,
}

/// What became of a listing of UIDLs.
#[derive(Clone, Debug, Serialize)]
pub struct ListingReport {
    /// Messages that it names.
    pub entries: u64,
    /// Those of them that are here, by what showed it: `uid`, `value`, `number`.
    pub matched: BTreeMap<&'static str, u64>,
    /// Those of them that no message here can be shown to be.
    pub unmatched: u64,
    /// Matched messages of which the listing tells another size.
    pub sizes_differ: u64,
    /// UIDLs of the inbox by where they are from; `listing` are those of this listing.
    pub evidence: BTreeMap<String, u64>,
}

/// What became of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginReport {
    /// The hash of the backup was taken as it is.
    HashKept,
    /// The password was known and hashed anew.
    Hashed,
    /// A usable password, switched off as on the old server.
    Suspended,
    /// Nobody can log in until a password is set.
    Locked,
}

/// Which server's state files a mailbox holds.
#[derive(Clone, Debug, Serialize)]
pub struct ServerReport {
    /// State of these was found.
    pub found: Vec<&'static str>,
    /// The one whose names count.
    pub live: Option<&'static str>,
    /// Why that one.
    pub because: String,
    /// Its rule for UIDLs, where one is needed.
    pub uidl_format: Option<String>,
    /// Whether somebody said so or it is the server's default.
    pub uidl_format_assumed: bool,
}

/// One folder.
#[derive(Clone, Debug, Serialize)]
pub struct FolderReport {
    /// Name for people, levels separated by `/`.
    pub name: String,
    /// As clients know it.
    pub uidvalidity: u32,
    /// The old server's next UID, raised where it must be.
    pub uid_next: u32,
    /// Messages in it.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// One setting of the old server and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SettingReport {
    /// Address or domain.
    pub object: String,
    /// Name of the setting.
    pub setting: String,
    /// What became of it.
    pub outcome: SettingOutcome,
    /// What it was, or how it changed, or why it is gone.
    pub detail: String,
}

/// What became of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SettingOutcome {
    /// The same on the new server.
    Converted,
    /// As near as the new server can hold it.
    Adapted,
    /// Not there.
    Skipped,
}

/// Sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Subscriptions looked at.
    pub accounts: u64,
    /// Those with an archive.
    pub converted: u64,
    /// Those without.
    pub failed: u64,
    /// Mailboxes.
    pub mailboxes: u64,
    /// Messages.
    pub messages: u64,
    /// Bytes of messages.
    pub bytes: u64,
    /// Messages that POP3 clients are expected to fetch again.
    pub pop3_downloads_expected: u64,
    /// Messages that IMAP clients are expected to fetch again.
    pub imap_downloads_expected: u64,
    /// Findings that need a person.
    pub attention: u64,
}

impl Report {
    /// Adds up the accounts and derives the exit status: the one place where it is decided.
    pub fn new(
        backup: BackupFacts,
        accounts: Vec<AccountReport>,
        findings: Vec<Finding>,
    ) -> Report {
        let mut totals = Totals { accounts: accounts.len() as u64, ..Totals::default() };
        for account in &accounts {
            match account.outcome {
                Outcome::Failed => totals.failed += 1,
                Outcome::Converted => totals.converted += 1,
                Outcome::Inspected => {}
            }
            for mailbox in &account.mailboxes {
                totals.mailboxes += 1;
                totals.messages += mailbox.messages;
                totals.bytes += mailbox.bytes;
                totals.pop3_downloads_expected += mailbox.pop3_downloads_expected;
                totals.imap_downloads_expected += mailbox.imap_downloads_expected;
            }
        }
        totals.attention = accounts
            .iter()
            .flat_map(|account| &account.findings)
            .chain(&findings)
            .filter(|finding| finding.severity >= Severity::Warning)
            .count() as u64;
        // A failed account beside converted ones is something that needs a person: archives
        // are there, so it is not the status that promises there are none.
        let exit_status = if totals.failed > 0 && totals.failed == totals.accounts {
            1
        } else if totals.failed > 0 || totals.attention > 0 {
            3
        } else {
            0
        };
        Report {
            schema: SCHEMA,
            program: format!("plesk2cpanel {}", env!("CARGO_PKG_VERSION")),
            backup,
            accounts,
            findings,
            totals,
            exit_status,
        }
    }

    /// All findings with the account that they belong to.
    pub fn all_findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().chain(self.accounts.iter().flat_map(|account| &account.findings))
    }

    /// The report as it is written beside the archives.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a report has only text keys");
        text.push('\n');
        text
    }
}

impl MailboxReport {
    /// Counts one message into the sums by certainty.
    pub(crate) fn count(sums: &mut BTreeMap<String, u64>, certainty: Certainty) {
        *sums.entry(certainty.to_string()).or_default() += 1;
    }
}
