//! Spam settings: one for each mailbox in Plesk, one for the account in cPanel.

use std::collections::BTreeSet;

use cpmove::{MailboxFilter, SpamSettings};
use plesk_backup::{Domain, MailUser, SpamAction, SpamFilter};

use crate::finding::{Finding, SETTING_ADAPTED};
use crate::report::{SettingOutcome, SettingReport};

/// Collects the mailboxes' settings into the account's.
///
/// The rule: rating is on when one mailbox had it on. The threshold is the highest of theirs, so
/// that nobody loses a message to another's strictness. Lists are joined, and who stands on
/// somebody's white list is on no black list. Spam goes to a folder of its own when one mailbox had
/// that. Throwing spam away is never the account's: it is a filter of that mailbox.
#[derive(Default)]
pub(crate) struct Merged {
    mailboxes: Vec<OfMailbox>,
}

/// One mailbox's settings, for its line in the report.
struct OfMailbox {
    address: String,
    on: bool,
    threshold: Option<u32>,
    /// What it did with spam.
    moving: bool,
    deleting: bool,
    white: BTreeSet<String>,
    black: BTreeSet<String>,
    /// What is not as it was, whatever other mailboxes have.
    notes: Vec<String>,
}

impl Merged {
    /// Takes a mailbox's settings in; its filter, if it threw spam away. An address without a
    /// mailbox can have no filter.
    pub(crate) fn add(
        &mut self,
        domain: &Domain,
        user: &MailUser,
        has_mailbox: bool,
        findings: &mut Vec<Finding>,
    ) -> Option<MailboxFilter> {
        let spam = user.spam.as_ref()?;
        let mut of = OfMailbox {
            address: format!("{}@{}", user.local_part, domain.ascii_name),
            on: spam.enabled,
            threshold: None,
            moving: false,
            deleting: false,
            white: BTreeSet::new(),
            black: BTreeSet::new(),
            notes: Vec::new(),
        };
        let mut filter = None;
        if spam.enabled {
            of.score(spam);
            match &spam.action {
                SpamAction::Mark => {}
                SpamAction::Move => of.moving = true,
                SpamAction::Delete if has_mailbox => {
                    of.deleting = true;
                    filter = Some(MailboxFilter::delete_spam(of.threshold.unwrap_or(70)));
                    of.notes.push("spam is thrown away by a filter of this mailbox".to_owned());
                }
                SpamAction::Delete => of.notes.push(
                    "spam was thrown away, and is marked: only a mailbox can have a filter"
                        .to_owned(),
                ),
                SpamAction::Other(word) => {
                    of.notes.push(format!("the action `{word}` is not known: spam is marked"));
                }
            }
            if spam.modify_subject == Some(true) {
                of.notes.push(format!(
                    "cPanel marks spam in headers, not in the subject ({})",
                    spam.subject_text.as_deref().unwrap_or("no text")
                ));
            }
        }
        of.lists(spam);
        if !of.notes.is_empty() {
            findings.push(
                SETTING_ADAPTED.about(&of.address, format!("spam filter: {}", of.notes.join("; "))),
            );
        }
        self.mailboxes.push(of);
        filter
    }

    /// The account's settings, once all mailboxes are in, and the line of each.
    pub(crate) fn finish(
        self,
        account: &str,
        settings: &mut Vec<SettingReport>,
        findings: &mut Vec<Finding>,
    ) -> Option<SpamSettings> {
        if self.mailboxes.is_empty() {
            return None;
        }
        let number = |is: fn(&OfMailbox) -> bool| self.mailboxes.iter().filter(|of| is(of)).count();
        let (on, moving) = (number(|of| of.on), number(|of| of.moving));
        let off = self.mailboxes.len() - on;
        let thresholds: BTreeSet<u32> =
            self.mailboxes.iter().filter_map(|of| of.threshold).collect();
        let joined = |list: fn(&OfMailbox) -> &BTreeSet<String>| -> BTreeSet<String> {
            self.mailboxes.iter().flat_map(list).cloned().collect()
        };
        let (white, mut black) = (joined(|of| &of.white), joined(|of| &of.black));
        let mut notes = Vec::new();
        if on > 0 && off > 0 {
            notes.push(format!("{on} mailboxes had it on and {off} off: it is on for all"));
        }
        if thresholds.len() > 1 {
            notes.push("the mailboxes had different thresholds: the highest is set".to_owned());
        }
        if moving > 0 && moving < self.mailboxes.len() {
            notes
                .push("not all mailboxes moved spam to a folder of its own: all do now".to_owned());
        }
        let both: Vec<String> = black.intersection(&white).cloned().collect();
        for entry in both {
            notes.push(format!("`{entry}` was on a white list and on a black one: it is white"));
            black.remove(&entry);
        }
        if !notes.is_empty() {
            findings.push(SETTING_ADAPTED.about(
                format!("account {account}"),
                format!("cPanel has one spam filter for the account: {}", notes.join("; ")),
            ));
        }
        let merged = SpamSettings {
            enabled: on > 0,
            required_score_tenths: thresholds.last().copied(),
            whitelist: white.into_iter().collect(),
            blacklist: black.into_iter().collect(),
            spam_box: moving > 0,
        };
        settings.extend(self.mailboxes.into_iter().map(|of| of.line(&merged)));
        Some(merged)
    }
}

impl OfMailbox {
    fn score(&mut self, spam: &SpamFilter) {
        let Some(score) = &spam.required_score else { return };
        match score.tenths.map(u32::try_from) {
            Some(Ok(tenths)) => self.threshold = Some(tenths),
            Some(Err(_)) => {
                self.threshold = Some(0);
                self.notes.push(format!("the threshold {} is below 0: 0 is set", score.text));
            }
            None => self.notes.push(format!("the threshold `{}` is not understood", score.text)),
        }
    }

    fn lists(&mut self, spam: &SpamFilter) {
        for (entries, list) in
            [(&spam.white_list, &mut self.white), (&spam.black_list, &mut self.black)]
        {
            for entry in entries {
                let entry = entry.trim();
                // Anything else would be two entries, or a comment.
                let plain = !entry.is_empty()
                    && entry
                        .chars()
                        .all(|letter| letter.is_ascii_graphic() && !matches!(letter, '#' | '\\'));
                if plain {
                    list.insert(entry.to_owned());
                } else {
                    self.notes.push(format!("`{entry}` can't stand in a list of SpamAssassin's"));
                }
            }
        }
        for entry in spam.un_black_list.iter().chain(&spam.un_white_list) {
            self.notes
                .push(format!("the exception `{entry}` from the server's list is not carried"));
        }
    }

    /// What became of it: the account's settings hold for this mailbox as well.
    fn line(mut self, merged: &SpamSettings) -> SettingReport {
        if !self.on && merged.enabled {
            self.notes.push("it was off, and is on for the account".to_owned());
        }
        if let Some(tenths) = merged.required_score_tenths
            && self.on
            && self.threshold != Some(tenths)
        {
            let shown = |tenths: u32| format!("{}.{}", tenths / 10, tenths % 10);
            self.notes.push(format!(
                "the threshold was {}, and is {} for the account",
                self.threshold.map_or_else(|| "not set".to_owned(), shown),
                shown(tenths)
            ));
        }
        if merged.spam_box && !self.moving && !self.deleting {
            self.notes.push("spam goes to a folder of its own, as for the account".to_owned());
        }
        let same = |own: &BTreeSet<String>, all: &[String]| own.iter().eq(all);
        if !same(&self.white, &merged.whitelist) || !same(&self.black, &merged.blacklist) {
            self.notes.push("the account's lists are those of all its mailboxes".to_owned());
        }
        SettingReport {
            object: self.address,
            setting: "spamassassin".to_owned(),
            outcome: if self.notes.is_empty() {
                SettingOutcome::Converted
            } else {
                SettingOutcome::Adapted
            },
            detail: self.notes.join("; "),
        }
    }
}
