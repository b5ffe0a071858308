//! A report as text for a terminal: what a tired admin reads at night.
//!
//! The meaning survives without colour, and nothing that came out of the backup reaches the
//! terminal with control characters in it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use crate::dumps::dump_lines;
use crate::finding::{Finding, Severity, grouped};
use crate::job::{REPORT, REPORT_PAGE};
use crate::report::{
    AccountReport, LoginReport, MailServerName, MailboxReport, Outcome, Report, Sureness,
};
use crate::wording::{Paint, bytes, clean, number};

/// Findings of one kind that are shown; the rest is in the report.
const SHOWN: usize = 5;

/// What `inspect` prints.
pub fn inspection(report: &Report, colour: bool) -> String {
    let paint = Paint(colour);
    let mut text = head(report, paint);
    let dumps = dump_lines(&report.backup);
    for line in &dumps {
        let _ = writeln!(text, "{}", clean(line));
    }
    if !dumps.is_empty() {
        text.push('\n');
    }
    for account in &report.accounts {
        account_lines(&mut text, account, paint);
    }
    totals(&mut text, report);
    findings(&mut text, report, paint);
    text
}

/// What `convert` prints at its end.
pub fn conversion(report: &Report, output: &Path, colour: bool) -> String {
    let paint = Paint(colour);
    let mut text = head(report, paint);
    for account in &report.accounts {
        let name = clean(&account.domain);
        let _ = match (&account.archive, &account.error) {
            (Some(archive), _) => {
                let size = account.archive_bytes.map(|size| format!(" ({})", bytes(size)));
                writeln!(
                    text,
                    "{} {name} -> {}{}",
                    paint.good("converted"),
                    clean(&output.join(archive).display().to_string()),
                    size.unwrap_or_default()
                )
            }
            (None, Some(error)) => {
                let hint = error
                    .hint
                    .as_deref()
                    .map(|hint| format!("\n  {}: {}", paint.hint("hint"), clean(hint)));
                writeln!(
                    text,
                    "{}    {name}: {}{}",
                    paint.bad("failed"),
                    clean(&error.text),
                    hint.unwrap_or_default()
                )
            }
            (None, None) => writeln!(text, "skipped   {name}"),
        };
    }
    text.push('\n');
    totals(&mut text, report);
    logins(&mut text, report);
    findings(&mut text, report, paint);
    let _ = writeln!(
        text,
        "Everything that was converted, adapted or left out stands in {}, for programs in {REPORT}",
        clean(&output.join(REPORT_PAGE).display().to_string())
    );
    text
}

fn head(report: &Report, paint: Paint) -> String {
    let backup = &report.backup;
    let mut facts = Vec::new();
    if let Some(version) = &backup.plesk_version {
        facts.push(format!("Plesk {}", clean(version)));
    }
    if let Some(stamp) = &backup.stamp {
        facts.push(format!("stamp {}", clean(stamp)));
    }
    let container = match backup.parts.len() {
        0 => clean(&backup.container),
        count => format!("{} ({count})", clean(&backup.container)),
    };
    facts.push(container);
    if let Some(server) = &backup.installed_server {
        facts.push(format!("{server} installed"));
    }
    let spool = backup.spool_bytes.map_or_else(String::new, |size| {
        let place = backup.spool_directory.as_deref().unwrap_or("the spool");
        format!("unpacked to {} in {} meanwhile\n", bytes(size), clean(place))
    });
    format!("{} ({})\n{spool}\n", paint.strong(&clean(&backup.name)), facts.join(", "))
}

fn account_lines(text: &mut String, account: &AccountReport, paint: Paint) {
    let old = account
        .system_user
        .as_ref()
        .map_or_else(String::new, |user| format!(" (system user {})", clean(user)));
    let dump = account.dump.as_ref().map_or_else(String::new, |dump| format!(", dump {dump}"));
    let _ = writeln!(
        text,
        "{} -> account {}{old}{dump}",
        paint.strong(&clean(&account.domain)),
        clean(&account.user)
    );
    if account.outcome == Outcome::Failed
        && let Some(error) = &account.error
    {
        let _ = writeln!(text, "  {}: {}", paint.bad("failed"), clean(&error.text));
        if let Some(hint) = &error.hint {
            let _ = writeln!(text, "  {}: {}", paint.hint("hint"), clean(hint));
        }
    }
    for mailbox in &account.mailboxes {
        mailbox_lines(text, mailbox);
    }
    text.push('\n');
}

fn mailbox_lines(text: &mut String, mailbox: &MailboxReport) {
    let _ = writeln!(
        text,
        "  {}: {}, {}{}{}",
        clean(&mailbox.address),
        number(mailbox.messages, "message"),
        bytes(mailbox.bytes),
        mailbox
            .malformed
            .filter(|count| *count > 0)
            .map_or_else(String::new, |count| { format!(", {count} with malformed headers") }),
        match mailbox.login {
            LoginReport::HashKept | LoginReport::Hashed => "",
            LoginReport::Suspended => ", login switched off",
            LoginReport::Locked => ", login locked",
        }
    );
    if mailbox.folders.is_empty() {
        return;
    }
    let server = &mailbox.server;
    let format = server.uidl_format.as_ref().map_or_else(String::new, |format| {
        format!(
            ", UIDL format {}{}",
            clean(format),
            if server.uidl_format_assumed { " assumed" } else { "" }
        )
    });
    let _ = writeln!(
        text,
        "    served by {}{format} ({})",
        server.live.map_or("an unknown server", MailServerName::as_str),
        server.because
    );
    let _ = writeln!(
        text,
        "    UIDLs {}; UIDs {}",
        certainties(&mailbox.uidl_certainty),
        certainties(&mailbox.uid_certainty)
    );
    if let Some(listing) = &mailbox.uidl_listing {
        let matched: u64 = listing.matched.values().sum();
        let _ = writeln!(
            text,
            "    listing from the old server: {matched} of {} are here",
            number(listing.entries, "message")
        );
    }
    let width =
        mailbox.folders.iter().map(|folder| folder.name.chars().count()).max().unwrap_or(0).min(40);
    for folder in &mailbox.folders {
        let _ = writeln!(
            text,
            "    {:width$}  {:>7}  {:>9}  UIDVALIDITY {}, next UID {}",
            clean(&folder.name),
            folder.messages,
            bytes(folder.bytes),
            folder.uidvalidity,
            folder.uid_next,
        );
    }
}

fn totals(text: &mut String, report: &Report) {
    let totals = &report.totals;
    let _ = writeln!(
        text,
        "{}, {}, {}, {}",
        number(totals.accounts, "account"),
        number(totals.mailboxes, "mailbox"),
        number(totals.messages, "message"),
        bytes(totals.bytes)
    );
    let mut uidl: BTreeMap<Sureness, u64> = BTreeMap::new();
    for mailbox in report.accounts.iter().flat_map(|account| &account.mailboxes) {
        for (certainty, count) in &mailbox.uidl_certainty {
            *uidl.entry(*certainty).or_default() += count;
        }
    }
    let _ = writeln!(text, "UIDLs: {}", certainties(&uidl));
    let again = |count: u64| {
        if count == 0 { "none".to_owned() } else { number(count, "message") }
    };
    let _ = writeln!(
        text,
        "expected to be downloaded again: POP3 {}, IMAP {}{}\n",
        again(totals.pop3_downloads_expected),
        again(totals.imap_downloads_expected),
        if uidl.contains_key(&Sureness::Assumed) { ", if the assumption below holds" } else { "" }
    );
}

fn logins(text: &mut String, report: &Report) {
    let locked: Vec<String> = report
        .accounts
        .iter()
        .flat_map(|account| &account.mailboxes)
        .filter(|mailbox| mailbox.login == LoginReport::Locked)
        .map(|mailbox| clean(&mailbox.address))
        .collect();
    if !locked.is_empty() {
        let _ = writeln!(
            text,
            "logins that need a new password: {}\n",
            crate::mail_findings::some(locked.into_iter())
        );
    }
}

/// Findings that need a person, by kind; the rest is only counted.
fn findings(text: &mut String, report: &Report, paint: Paint) {
    let (informational, needing): (Vec<&Finding>, Vec<&Finding>) =
        report.all_findings().partition(|finding| finding.severity == Severity::Info);
    let informational = informational.len() as u64;
    for list in grouped(needing) {
        let first = list[0];
        let label = match first.severity {
            Severity::Error => paint.bad("error"),
            _ => paint.careful("warning"),
        };
        let _ = writeln!(text, "{label}[{}]", first.code);
        for finding in list.iter().take(SHOWN) {
            let _ = writeln!(text, "  {}: {}", clean(&finding.object), clean(&finding.text));
        }
        if list.len() > SHOWN {
            let _ = writeln!(text, "  and {} more", list.len() - SHOWN);
        }
        let _ = writeln!(text, "  {}: {}\n", paint.hint("hint"), clean(&first.remedy));
    }
    if informational > 0 {
        let _ = writeln!(
            text,
            "{} for information only; --json shows {}\n",
            number(informational, "more finding"),
            if informational == 1 { "it" } else { "them" }
        );
    }
}

pub(crate) fn certainties(sums: &BTreeMap<Sureness, u64>) -> String {
    if sums.is_empty() {
        return "none".to_owned();
    }
    let words: Vec<_> =
        sums.iter().map(|(certainty, count)| format!("{count} {certainty}")).collect();
    words.join(", ")
}
