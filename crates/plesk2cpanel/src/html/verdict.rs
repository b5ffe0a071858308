//! The verdict in a sentence, and the numbers behind it.

use std::collections::BTreeMap;

use super::words::{count, digits};
use crate::report::{LeftOut, Outcome, Report, Sureness};

/// What stands at the head of the page.
pub(super) struct Verdict {
    /// `good`, `look` or `bad`: the class of its colour and mark.
    pub(super) mood: &'static str,
    pub(super) title: String,
    pub(super) text: String,
    /// Why messages that were found are in no archive: how many, and the reason.
    pub(super) left_out: Vec<(u64, &'static str)>,
    /// Messages in inboxes, which is what POP3 shows.
    pub(super) inbox_messages: u64,
    /// Whether the expected downloads hang on a rule that nobody confirmed.
    pub(super) assumed: bool,
    /// Nothing was to be written.
    pub(super) inspected: bool,
}

impl Verdict {
    pub(super) fn of(report: &Report) -> Verdict {
        let totals = &report.totals;
        let inspected = totals.failed < totals.accounts && totals.converted == 0;
        let open = count(totals.attention, "thing");
        let (mood, title) = if totals.accounts == 0 {
            ("look", "The backup holds no account".to_owned())
        } else if totals.failed == totals.accounts {
            (
                "bad",
                if inspected { "Nothing can be converted" } else { "Nothing was converted" }
                    .to_owned(),
            )
        } else if totals.failed > 0 {
            let failed = count(totals.failed, "account");
            ("bad", format!("{failed} of {} failed", digits(totals.accounts)))
        } else if totals.attention > 0 {
            let done = if inspected { "Readable" } else { "Converted" };
            ("look", format!("{done}, with {open} to look at"))
        } else if inspected {
            ("good", "Ready to be converted".to_owned())
        } else {
            ("good", "Converted, and nothing is open".to_owned())
        };
        let sums = || report.accounts.iter().flat_map(|account| &account.mailboxes);
        let of = |certainty| {
            sums().filter_map(|mailbox| mailbox.uidl_certainty.get(&certainty)).sum::<u64>()
        };
        Verdict {
            mood,
            title,
            text: sentence(report, inspected),
            left_out: left_out(report),
            inbox_messages: Sureness::ALL.into_iter().map(of).sum(),
            assumed: of(Sureness::Assumed) > 0,
            inspected,
        }
    }
}

fn sentence(report: &Report, inspected: bool) -> String {
    let totals = &report.totals;
    let carried = if inspected { totals.messages } else { totals.messages_written };
    let found = count(totals.messages_found, "message");
    if totals.messages_found == 0 {
        return "The backup holds no message.".to_owned();
    }
    if carried == 0 && !inspected {
        return format!("None of the backup's {found} stands in an archive.");
    }
    let carries = match (carried == totals.messages_found, inspected) {
        (true, true) => format!("All of the backup's {found} can be carried over."),
        (true, false) => format!("All of the backup's {found} stand in the archives."),
        (false, true) => {
            format!("Of the backup's {found}, {} can be carried over.", digits(carried))
        }
        (false, false) => {
            format!("Of the backup's {found}, {} stand in the archives.", digits(carried))
        }
    };
    let (pop3, imap) = (totals.pop3_downloads_expected, totals.imap_downloads_expected);
    if pop3 == 0 && imap == 0 {
        return format!("{carries} No mail client is expected to download a message again.");
    }
    format!(
        "{carries} Mail clients are expected to download {} again over POP3 and {} over IMAP.",
        digits(pop3),
        digits(imap)
    )
}

fn left_out(report: &Report) -> Vec<(u64, &'static str)> {
    let mut reasons: BTreeMap<LeftOut, u64> = BTreeMap::new();
    let (mut orphaned, mut failed) = (0, 0);
    for account in &report.accounts {
        orphaned += account.orphaned_messages;
        for mailbox in &account.mailboxes {
            for (reason, messages) in &mailbox.left_out {
                *reasons.entry(*reason).or_default() += messages;
            }
            if account.outcome == Outcome::Failed {
                failed += mailbox.messages;
            }
        }
    }
    let reasons = reasons.into_iter().map(|(reason, messages)| {
        let words = match reason {
            LeftOut::Cut => "held by the backup only in part",
            LeftOut::LinkDangling => "named by the backup and not in it",
            LeftOut::SameMessageTwice => {
                "caught twice while the server moved them; one copy is kept"
            }
            LeftOut::NotServed => "under names that no mail server serves",
        };
        (messages, words)
    });
    let rest = [
        (orphaned, "in directories that belong to no mailbox"),
        (failed, "of accounts that failed"),
    ];
    reasons.chain(rest).filter(|(messages, _)| *messages > 0).collect()
}
