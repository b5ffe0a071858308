//! Accounts, mailboxes and settings, with the lengths of their bars.

use std::collections::HashMap;

use super::names::{hundredths, share};
use crate::finding::Severity;
use crate::report::{
    AccountReport, FolderReport, LoginReport, MailboxReport, Outcome, Report, SettingOutcome,
    SettingReport, Sureness,
};

/// What the longest bars stand for.
pub(super) struct Scale {
    messages: u64,
    bytes: u64,
}

impl Scale {
    pub(super) fn of(report: &Report) -> Scale {
        let mailboxes = || report.accounts.iter().flat_map(|account| &account.mailboxes);
        Scale {
            messages: mailboxes().map(|mailbox| mailbox.messages).max().unwrap_or(0),
            bytes: mailboxes().map(|mailbox| mailbox.bytes).max().unwrap_or(0),
        }
    }
}

/// A length in a bar of 100; what is there is seen, however small.
fn bar(number: u64, longest: u64) -> String {
    hundredths(if number == 0 { 0 } else { share(number, longest).max(100) })
}

/// An account.
pub(super) struct AccountView<'a> {
    pub(super) report: &'a AccountReport,
    pub(super) messages: u64,
    pub(super) bytes: u64,
    /// Messages that clients of either protocol are expected to download again.
    pub(super) again: u64,
    pub(super) mailboxes: Vec<MailboxView<'a>>,
    pub(super) settings: Settings<'a>,
}

impl<'a> AccountView<'a> {
    pub(super) fn new(report: &'a AccountReport, scale: &Scale) -> AccountView<'a> {
        // A finding about a folder names the mailbox first.
        let mut findings: HashMap<&str, u64> = HashMap::new();
        for finding in &report.findings {
            if finding.severity > Severity::Info {
                let address = finding.object.split(' ').next().unwrap_or_default();
                *findings.entry(address).or_default() += 1;
            }
        }
        let mailboxes: Vec<MailboxView<'_>> = report
            .mailboxes
            .iter()
            .map(|mailbox| MailboxView {
                report: mailbox,
                findings: findings.get(mailbox.address.as_str()).copied().unwrap_or(0),
                again: mailbox.pop3_downloads_expected + mailbox.imap_downloads_expected,
                messages_bar: bar(mailbox.messages, scale.messages),
                bytes_bar: bar(mailbox.bytes, scale.bytes),
            })
            .collect();
        AccountView {
            report,
            messages: report.mailboxes.iter().map(|mailbox| mailbox.messages).sum(),
            bytes: report.mailboxes.iter().map(|mailbox| mailbox.bytes).sum(),
            again: mailboxes.iter().map(|mailbox| mailbox.again).sum(),
            mailboxes,
            settings: Settings::of(&report.settings),
        }
    }

    pub(super) fn outcome_word(&self) -> &'static str {
        match self.report.outcome {
            Outcome::Inspected => "readable",
            Outcome::Converted => "converted",
            Outcome::Failed => "failed",
        }
    }

    pub(super) fn failed(&self) -> bool {
        self.report.outcome == Outcome::Failed
    }
}

/// A mailbox.
pub(super) struct MailboxView<'a> {
    pub(super) report: &'a MailboxReport,
    /// Findings about it that need a person.
    pub(super) findings: u64,
    pub(super) again: u64,
    pub(super) messages_bar: String,
    pub(super) bytes_bar: String,
}

impl MailboxView<'_> {
    /// Words by which the page's script filters.
    pub(super) fn marks(&self) -> String {
        let login = matches!(self.report.login, LoginReport::Locked | LoginReport::Suspended);
        let marks = [(self.findings > 0, "look"), (self.again > 0, "again"), (login, "login")];
        let marks: Vec<_> = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect();
        marks.join(" ")
    }

    pub(super) fn login_tag(&self) -> Option<&'static str> {
        match self.report.login {
            LoginReport::HashKept | LoginReport::Hashed => None,
            LoginReport::Suspended => Some("login off"),
            LoginReport::Locked => Some("needs a password"),
        }
    }

    pub(super) fn login_words(&self) -> &'static str {
        match self.report.login {
            LoginReport::HashKept => "the old password goes on working; its hash is kept",
            LoginReport::Hashed => "the old password goes on working",
            LoginReport::Suspended => "switched off, as on the old server",
            LoginReport::Locked => "nobody can log in until a password is set",
        }
    }

    /// `28 exact, 3 predicted`, for the inbox's UIDLs.
    pub(super) fn uidls(&self) -> String {
        certainties(self.report.uidl_certainty.iter())
    }

    /// The same for the UIDs of all folders.
    pub(super) fn uids(&self) -> String {
        certainties(self.report.uid_certainty.iter())
    }

    pub(super) fn left_out(&self) -> String {
        let reasons = self.report.left_out.iter();
        let words = reasons.map(|(reason, count)| format!("{count} {}", reason.as_str()));
        words.collect::<Vec<_>>().join(", ")
    }
}

/// `exact` where all UIDs of a folder are; else each certainty with its number.
pub(super) fn folder_names(folder: &FolderReport) -> String {
    match folder.uid_certainty.len() {
        0 => String::new(),
        1 => folder.uid_certainty.keys().map(|certainty| certainty.as_str()).collect(),
        _ => certainties(folder.uid_certainty.iter()),
    }
}

fn certainties<'a>(sums: impl Iterator<Item = (&'a Sureness, &'a u64)>) -> String {
    sums.map(|(certainty, count)| format!("{count} {certainty}")).collect::<Vec<_>>().join(", ")
}

/// What became of an account's settings.
pub(super) struct Settings<'a> {
    /// Skipped and adapted ones.
    pub(super) changed: Vec<&'a SettingReport>,
    pub(super) converted: Vec<&'a SettingReport>,
    pub(super) adapted: u64,
    pub(super) skipped: u64,
}

impl<'a> Settings<'a> {
    fn of(settings: &'a [SettingReport]) -> Settings<'a> {
        let of = |outcome| settings.iter().filter(move |setting| setting.outcome == outcome);
        Settings {
            changed: of(SettingOutcome::Skipped).chain(of(SettingOutcome::Adapted)).collect(),
            converted: of(SettingOutcome::Converted).collect(),
            adapted: of(SettingOutcome::Adapted).count() as u64,
            skipped: of(SettingOutcome::Skipped).count() as u64,
        }
    }
}

/// What became of a setting, in a word.
pub(super) fn outcome(setting: &SettingReport) -> &'static str {
    match setting.outcome {
        SettingOutcome::Converted => "converted",
        SettingOutcome::Adapted => "adapted",
        SettingOutcome::Skipped => "skipped",
    }
}
