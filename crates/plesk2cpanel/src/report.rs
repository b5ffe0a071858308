//! `report.json`: what went in, what came out, and how sure each name is.
//!
//! Holds no time, no absolute path and no password, so that the same input
//! gives the same report, and a report can be shown to a customer.
//!
//! `docs/report.schema.json` is these types as JSON Schema, and `docs/report.md` says what each
//! means.

mod backup;
mod certainty;
pub mod diff;
pub(crate) mod digest;
mod read;
#[cfg(test)]
mod schema;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::backup::{BackupFacts, DumpReport};
pub use self::certainty::Sureness;
pub use self::read::ReadError;

use crate::finding::{BACKUP_DAMAGED, Finding, Severity};

/// Version of the report's shape; raised when a field comes, goes, or changes its meaning.
pub const SCHEMA: u32 = 3;

/// Everything that one run did.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Version of the shape, [`SCHEMA`].
    pub schema: u32,
    /// Name and version of the program.
    pub program: String,
    /// The backup that was read.
    pub backup: BackupFacts,
    /// How many UIDs the conversion left free in each folder, for a later `sync`. Absent where
    /// nothing was converted, and in reports of schema 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "u32"))]
    pub reserved_uids: Option<u32>,
    /// One entry for each subscription, by domain.
    pub accounts: Vec<AccountReport>,
    /// What concerns the backup as a whole.
    pub findings: Vec<Finding>,
    /// Sums over the accounts.
    pub totals: Totals,
    /// The exit status that follows from all this.
    pub exit_status: u8,
}

/// How an account ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccountReport {
    /// Main domain, as the backup displays it.
    pub domain: String,
    /// Stamp of the dump that it was taken from; absent when the backup holds only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    /// Size of the archive; null for a directory.
    pub archive_bytes: Option<u64>,
    /// Messages that the backup holds in directories that become no mailbox; a finding names each
    /// directory.
    pub orphaned_messages: u64,
    /// Mailboxes by address.
    pub mailboxes: Vec<MailboxReport>,
    /// What became of each setting.
    pub settings: Vec<SettingReport>,
    /// What was changed, left out, assumed or damaged.
    pub findings: Vec<Finding>,
}

/// An error and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ErrorReport {
    /// What happened.
    pub text: String,
    /// What to do.
    pub hint: Option<String>,
}

/// One mailbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MailboxReport {
    /// Address on the old server.
    pub address: String,
    /// Address on the new server, where it had to change.
    pub new_address: Option<String>,
    /// Whether the owner's password goes on working.
    pub login: LoginReport,
    /// Bytes; null for no limit.
    pub quota_bytes: Option<u64>,
    /// Which server's state was found, and which counts.
    pub server: ServerReport,
    /// Messages that the backup holds of the mailbox, whole or not: `messages` and all of `left_out`.
    pub messages_found: u64,
    /// Messages that are found and not carried, by why; findings name them.
    #[cfg_attr(test, schemars(schema_with = "schema::counts_by::<LeftOut>"))]
    pub left_out: BTreeMap<LeftOut, u64>,
    /// Messages in all folders.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// SHA-256 over the folders: their names, UIDVALIDITY, next UID and digests.
    /// `docs/report.md` has the recipe. Absent where nothing was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String", regex(pattern = "^[0-9a-f]{64}$")))]
    pub digest: Option<String>,
    /// Messages in the inbox by how sure their UIDL is.
    #[cfg_attr(test, schemars(schema_with = "schema::counts_by::<Sureness>"))]
    pub uidl_certainty: BTreeMap<Sureness, u64>,
    /// What became of the listing that the old server gave of the inbox, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uidl_listing: Option<ListingReport>,
    /// Messages by how sure their UID is.
    #[cfg_attr(test, schemars(schema_with = "schema::counts_by::<Sureness>"))]
    pub uid_certainty: BTreeMap<Sureness, u64>,
    /// Messages that POP3 clients are expected to fetch though they may have them.
    pub pop3_downloads_expected: u64,
    /// Messages that IMAP clients are expected to fetch though they may have them.
    pub imap_downloads_expected: u64,
    /// Messages whose headers are not as they should be; counted by `inspect`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "u64"))]
    pub malformed: Option<u64>,
    /// Folders in the order of their names.
    pub folders: Vec<FolderReport>,
}

/// What became of a listing of UIDLs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListingReport {
    /// Messages that it names.
    pub entries: u64,
    /// Those of them that are here, by what showed it: `uid`, `value`, `number`.
    pub matched: BTreeMap<String, u64>,
    /// Those of them that no message here can be shown to be.
    pub unmatched: u64,
    /// Matched messages of which the listing tells another size.
    pub sizes_differ: u64,
    /// UIDLs of the inbox by where they are from; `listing` are those of this listing.
    pub evidence: BTreeMap<String, u64>,
}

/// What became of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ServerReport {
    /// State of these was found.
    pub found: Vec<StateFound>,
    /// The one whose names count.
    pub live: Option<MailServerName>,
    /// Why that one.
    pub because: String,
    /// Its rule for UIDLs, where one is needed.
    pub uidl_format: Option<String>,
    /// Whether the rule is the server's default, and nobody said so.
    pub uidl_format_assumed: bool,
}

/// One folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FolderReport {
    /// Name for people, levels separated by `/`.
    pub name: String,
    /// As clients know it.
    pub uidvalidity: u32,
    /// How sure that is.
    pub uidvalidity_certainty: Sureness,
    /// The old server's next UID, raised where it must be.
    pub uid_next: u32,
    /// The backup holds all messages with a UID below this one that the old server's list names and
    /// that were not deleted. Absent in reports of older programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete_below: Option<u32>,
    /// Messages in it.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages by how sure their UID is.
    #[cfg_attr(test, schemars(schema_with = "schema::counts_by::<Sureness>"))]
    pub uid_certainty: BTreeMap<Sureness, u64>,
    /// SHA-256, in hexadecimal, over the content, flags, keywords, date, UID and UIDL of all
    /// messages; `docs/report.md` has the recipe. Absent where nothing was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String", regex(pattern = "^[0-9a-f]{64}$")))]
    pub digest: Option<String>,
}

/// Where a mailbox tells what its messages were called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum StateFound {
    /// Dovecot's files.
    Dovecot,
    /// Courier's files.
    Courier,
    /// The messages of an mbox themselves.
    Mbox,
}

/// A mail server that Plesk installs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum MailServerName {
    /// Dovecot.
    Dovecot,
    /// Courier.
    Courier,
}

/// Why a message that the backup holds is not carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LeftOut {
    /// The archive holds it only in part.
    Cut,
    /// The archive holds a second name of it, and not the message.
    LinkDangling,
    /// It is another one of the folder, caught twice while the server moved it.
    SameMessageTwice,
    /// It lies among the messages under a name that no server serves.
    NotServed,
}

/// One setting of the old server and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Subscriptions looked at.
    pub accounts: u64,
    /// Those with an archive.
    pub converted: u64,
    /// Those without.
    pub failed: u64,
    /// Mailboxes.
    pub mailboxes: u64,
    /// Messages that the backup holds, whole or not, also of directories that become no mailbox.
    pub messages_found: u64,
    /// Messages of the mailboxes.
    pub messages: u64,
    /// Those of them that stand in an archive.
    pub messages_written: u64,
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
            totals.messages_found += account.orphaned_messages;
            for mailbox in &account.mailboxes {
                totals.mailboxes += 1;
                totals.messages_found += mailbox.messages_found;
                totals.messages += mailbox.messages;
                if account.outcome == Outcome::Converted {
                    totals.messages_written += mailbox.messages;
                }
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
            reserved_uids: None,
            accounts,
            findings,
            totals,
            exit_status,
        }
    }

    /// The same for some accounts alone, by their main domains, with the sums of these. Of what is
    /// found outside the accounts only damage of the backup itself stays: the rest may name other
    /// customers' domains, mailboxes and files.
    ///
    /// # Errors
    /// The first domain that no account has.
    pub fn only(mut self, domains: &[String]) -> Result<Report, String> {
        let is =
            |account: &AccountReport, domain: &str| account.domain.eq_ignore_ascii_case(domain);
        let unknown =
            domains.iter().find(|domain| !self.accounts.iter().any(|account| is(account, domain)));
        if let Some(domain) = unknown {
            return Err(domain.clone());
        }
        self.accounts.retain(|account| domains.iter().any(|domain| is(account, domain)));
        self.findings.retain(|finding| finding.code == BACKUP_DAMAGED.code);
        let sums = Report::new(self.backup, self.accounts, self.findings);
        Ok(Report { program: self.program, reserved_uids: self.reserved_uids, ..sums })
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

impl LeftOut {
    /// The name as it stands in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            LeftOut::Cut => "cut",
            LeftOut::LinkDangling => "link-dangling",
            LeftOut::SameMessageTwice => "same-message-twice",
            LeftOut::NotServed => "not-served",
        }
    }
}

impl MailServerName {
    /// The name as it stands in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            MailServerName::Dovecot => "dovecot",
            MailServerName::Courier => "courier",
        }
    }
}
