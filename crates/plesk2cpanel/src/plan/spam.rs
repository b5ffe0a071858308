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
    on: u64,
    off: u64,
    thresholds: BTreeSet<u32>,
    white: BTreeSet<String>,
    black: BTreeSet<String>,
    moving: u64,
}

impl Merged {
    /// Takes a mailbox's settings in; its filter, if it threw spam away.
    pub(crate) fn add(
        &mut self,
        domain: &Domain,
        user: &MailUser,
        settings: &mut Vec<SettingReport>,
        findings: &mut Vec<Finding>,
    ) -> Option<MailboxFilter> {
        let spam = user.spam.as_ref()?;
        let address = format!("{}@{}", user.local_part, domain.ascii_name);
        let mut notes = Vec::new();
        let mut filter = None;
        if spam.enabled {
            self.on += 1;
            let threshold = spam
                .required_score
                .as_ref()
                .and_then(|score| score.tenths)
                .map(|tenths| u32::try_from(tenths).unwrap_or(0));
            self.thresholds.extend(threshold);
            match &spam.action {
                SpamAction::Mark => {}
                SpamAction::Move => self.moving += 1,
                SpamAction::Delete => {
                    filter = Some(MailboxFilter::delete_spam(threshold.unwrap_or(70)));
                    notes.push("spam is thrown away by a filter of this mailbox".to_owned());
                }
                SpamAction::Other(word) => {
                    notes.push(format!("the action `{word}` is not known: spam is marked"));
                }
            }
            if spam.modify_subject == Some(true) {
                notes.push(format!(
                    "cPanel marks spam in headers, not in the subject ({})",
                    spam.subject_text.as_deref().unwrap_or("no text")
                ));
            }
        } else {
            self.off += 1;
        }
        self.lists(spam, &mut notes);
        let outcome =
            if notes.is_empty() { SettingOutcome::Converted } else { SettingOutcome::Adapted };
        settings.push(SettingReport {
            object: address.clone(),
            setting: "spamassassin".to_owned(),
            outcome,
            detail: notes.join("; "),
        });
        if !notes.is_empty() {
            findings.push(
                SETTING_ADAPTED.about(&address, format!("spam filter: {}", notes.join("; "))),
            );
        }
        filter
    }

    fn lists(&mut self, spam: &SpamFilter, notes: &mut Vec<String>) {
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
                    notes.push(format!("`{entry}` can't stand in a list of SpamAssassin's"));
                }
            }
        }
        for entry in spam.un_black_list.iter().chain(&spam.un_white_list) {
            notes.push(format!("the exception `{entry}` from the server's list is not carried"));
        }
    }

    /// The account's settings, once all mailboxes are in.
    pub(crate) fn finish(
        mut self,
        account: &str,
        findings: &mut Vec<Finding>,
    ) -> Option<SpamSettings> {
        if self.on == 0 && self.off == 0 {
            return None;
        }
        let mut notes = Vec::new();
        if self.on > 0 && self.off > 0 {
            notes.push(format!(
                "{} mailboxes had it on and {} off: it is on for all",
                self.on, self.off
            ));
        }
        if self.thresholds.len() > 1 {
            notes.push("the mailboxes had different thresholds: the highest is set".to_owned());
        }
        if self.moving > 0 && self.moving < self.on + self.off {
            notes
                .push("not all mailboxes moved spam to a folder of its own: all do now".to_owned());
        }
        let both: Vec<String> = self.black.intersection(&self.white).cloned().collect();
        for entry in both {
            notes.push(format!("`{entry}` was on a white list and on a black one: it is white"));
            self.black.remove(&entry);
        }
        if !notes.is_empty() {
            findings.push(SETTING_ADAPTED.about(
                format!("account {account}"),
                format!("cPanel has one spam filter for the account: {}", notes.join("; ")),
            ));
        }
        Some(SpamSettings {
            enabled: self.on > 0,
            required_score_tenths: self.thresholds.last().copied(),
            whitelist: self.white.into_iter().collect(),
            blacklist: self.black.into_iter().collect(),
            spam_box: self.moving > 0,
        })
    }
}
