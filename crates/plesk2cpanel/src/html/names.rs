//! How sure the names are by which clients know messages, in words and as a bar.

use std::collections::BTreeMap;

use crate::report::{MailboxReport, Report, Sureness};

/// The names of one protocol.
pub(super) struct Names {
    pub(super) protocol: &'static str,
    /// What the name is called.
    pub(super) name: &'static str,
    pub(super) total: u64,
    /// From the surest on; without those that no message has.
    pub(super) parts: Vec<Part>,
}

/// Messages of one certainty.
pub(super) struct Part {
    pub(super) certainty: Sureness,
    pub(super) count: u64,
    /// In hundredths of a percent of the bar.
    from: u64,
    width: u64,
}

impl Part {
    /// Where the part begins in the bar, which is 100 wide.
    pub(super) fn start(&self) -> String {
        hundredths(self.from)
    }

    /// How wide it is.
    pub(super) fn width(&self) -> String {
        hundredths(self.width)
    }

    /// What the certainty means for a client.
    pub(super) fn meaning(&self) -> &'static str {
        match self.certainty {
            Sureness::Exact => {
                "The old server's own files hold the name. Clients know the message by it and \
                 leave it alone."
            }
            Sureness::Assumed => {
                "The name follows from the old server's files by its default rule, and nobody \
                 confirmed that rule. If the server used another, clients download these messages \
                 again."
            }
            Sureness::Predicted => {
                "No client has seen the message yet. It gets the name that the old server would \
                 have given next, and clients download it once, as they would have there."
            }
            Sureness::Lost => {
                "Nothing in the backup says what the old server called the message. Clients take \
                 it for a new one and download it once more."
            }
        }
    }
}

/// `12.5` for 1250.
pub(super) fn hundredths(value: u64) -> String {
    let text = format!("{}.{:02}", value / 100, value % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What part of `whole` a number is, in hundredths of a percent.
pub(super) fn share(number: u64, whole: u64) -> u64 {
    let share = u128::from(number) * 10_000 / u128::from(whole.max(1));
    u64::try_from(share).unwrap_or(10_000)
}

/// POP3's and IMAP's names.
pub(super) fn of(report: &Report) -> [Names; 2] {
    [
        names(report, "POP3", "UIDL", |mailbox| &mailbox.uidl_certainty),
        names(report, "IMAP", "UID", |mailbox| &mailbox.uid_certainty),
    ]
}

fn names(
    report: &Report,
    protocol: &'static str,
    name: &'static str,
    sums: impl Fn(&MailboxReport) -> &BTreeMap<Sureness, u64>,
) -> Names {
    let mailboxes = || report.accounts.iter().flat_map(|account| &account.mailboxes);
    let counts = Sureness::ALL.map(|certainty| {
        let count = mailboxes().filter_map(|mailbox| sums(mailbox).get(&certainty)).sum::<u64>();
        (certainty, count)
    });
    let total = counts.iter().map(|(_, count)| count).sum();
    let mut before = 0;
    let mut parts = Vec::new();
    for (certainty, count) in counts {
        let (from, to) = (share(before, total), share(before + count, total));
        before += count;
        if count > 0 {
            parts.push(Part { certainty, count, from, width: to - from });
        }
    }
    Names { protocol, name, total, parts }
}

#[cfg(test)]
mod tests {
    use super::{hundredths, share};

    #[test]
    fn widths_are_short_numbers() {
        assert_eq!(hundredths(share(1, 3)), "33.33");
        assert_eq!(hundredths(share(1, 8)), "12.5");
        assert_eq!(hundredths(share(7, 7)), "100");
        assert_eq!(hundredths(share(0, 0)), "0");
        assert_eq!(hundredths(share(u64::MAX, u64::MAX)), "100");
    }
}
