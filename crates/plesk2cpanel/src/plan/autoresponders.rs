//! Plesk's autoresponders as cPanel's: one for each address.

use std::fmt::Write;

use cpmove::{Account, Autoresponder, ContentType, Destination};
use plesk_backup::{Domain, MailUser};

use super::addresses::full_address;
use super::extras::{Extra, Extras};
use super::mailboxes::MailboxPlan;
use crate::finding::{Finding, SETTING_ADAPTED};
use crate::mail_findings::some;
use crate::report::{SettingOutcome, SettingReport};

/// Hours between two answers to one sender where the backup does not say: once a day.
const DAY: u32 = 24;
/// No autoresponder waits longer; `ans-freq` is a small number in every backup seen.
const LONGEST: u32 = 24 * 365;

/// What a domain's autoresponders become.
#[derive(Default)]
pub(crate) struct Answers {
    /// At most one for each address.
    pub autoresponders: Vec<Autoresponder>,
    /// Addresses that an autoresponder forwarded to, by local part.
    pub redirects: Vec<(String, Destination)>,
}

/// Plans the autoresponders of a domain.
///
/// cPanel has one for each address: the first that is switched on. What else there is goes into
/// the home as text, with all that the backup says of it.
pub(crate) fn plan_autoresponders(
    domain: &Domain,
    users: &[&MailUser],
    mailboxes: &[MailboxPlan],
    scratch: &Account,
    settings: &mut Vec<SettingReport>,
    findings: &mut Vec<Finding>,
    extras: &mut Extras,
) -> Answers {
    let mut answers = Answers::default();
    for user in users {
        let Some(planned) = &user.autoresponders else { continue };
        let address = format!("{}@{}", user.local_part, domain.ascii_name);
        let local = mailboxes
            .iter()
            .find(|mailbox| mailbox.address == address)
            .map_or(user.local_part.as_str(), |mailbox| mailbox.local.as_str());
        let mut done = false;
        for (number, item) in planned.items.iter().enumerate() {
            let name = item.name.clone().unwrap_or_else(|| format!("number {}", number + 1));
            let mut record = |outcome, detail: String| {
                settings.push(SettingReport {
                    object: address.clone(),
                    setting: "autoresponder".to_owned(),
                    outcome,
                    detail,
                });
            };
            let answer = convert(local, item);
            let why_not = if !item.enabled {
                Some("it was switched off".to_owned())
            } else if done {
                Some("cPanel has one for each address, and another goes before it".to_owned())
            } else {
                can_be_written(scratch, &answer).err()
            };
            if let Some(why) = why_not {
                let file = format!("autoresponder-{}.txt", number + 1);
                extras.files.push(Extra::beside(domain, local, &file, as_text(item)));
                record(
                    SettingOutcome::Skipped,
                    format!("{name}: {why}; its text is kept in the home as {file}"),
                );
                if item.enabled {
                    findings.push(SETTING_ADAPTED.about(
                        &address,
                        format!("the autoresponder {name} is not set up: {why}; its text is kept as {file}"),
                    ));
                }
                continue;
            }
            done = true;
            let mut changes = changes(item, &answer);
            for target in &item.redirect {
                match Destination::address(&full_address(domain, target)) {
                    Ok(destination) => answers.redirects.push((local.to_owned(), destination)),
                    Err(error) => changes.push(format!(
                        "it forwarded to `{target}`, which can't be written: {error}"
                    )),
                }
            }
            if changes.is_empty() {
                record(SettingOutcome::Converted, name);
            } else {
                record(SettingOutcome::Adapted, format!("{name}: {}", changes.join("; ")));
                findings.push(
                    SETTING_ADAPTED.about(
                        &address,
                        format!("the autoresponder {name}: {}", changes.join("; ")),
                    ),
                );
            }
            answers.autoresponders.push(answer);
        }
    }
    answers
}

fn convert(local: &str, item: &plesk_backup::Autoresponder) -> Autoresponder {
    Autoresponder {
        local: local.to_owned(),
        from_name: None,
        subject: Some(placeholders(&item.subject)).filter(|subject| !subject.trim().is_empty()),
        content_type: if item.is_html() { ContentType::Html } else { ContentType::Plain },
        charset: "utf-8".to_owned(),
        body: placeholders(&item.text),
        interval_hours: interval(item.answer_frequency.as_deref()),
        start: None,
        stop: item.end_date_epoch.filter(|end| *end >= 0),
    }
}

/// Plesk's placeholder for the subject that is answered, in cPanel's words.
fn placeholders(text: &str) -> String {
    text.replace("<request_subject>", "%subject%")
}

/// Whether Plesk's number is answers in a day or days between answers is not established. The
/// second sends fewer, and one answer too few is better than one too many.
fn interval(frequency: Option<&str>) -> u32 {
    match frequency.map(str::trim).and_then(|text| text.parse::<u32>().ok()) {
        Some(days) if days > 0 => days.saturating_mul(DAY).min(LONGEST),
        _ => DAY,
    }
}

/// What is not as it was.
fn changes(item: &plesk_backup::Autoresponder, answer: &Autoresponder) -> Vec<String> {
    let mut changes = Vec::new();
    if let Some(frequency) = &item.answer_frequency {
        changes.push(format!(
            "ans-freq {frequency} becomes {} hours between two answers to one sender",
            answer.interval_hours
        ));
    }
    if item.end_date.is_some() && answer.stop.is_none() {
        changes.push(format!(
            "its end, {}, is not understood: it has none",
            item.end_date.as_deref().unwrap_or_default()
        ));
    }
    if !item.attachments.is_empty() {
        changes.push(format!(
            "cPanel's autoresponders attach nothing; the files are in the home: {}",
            some(item.attachments.iter().cloned())
        ));
    }
    if item.undecoded.is_some() {
        changes.push("its text could not be decoded whole".to_owned());
    }
    if answer.body.contains("<request_") {
        changes.push("a placeholder that cPanel does not know stays in the text".to_owned());
    }
    changes
}

/// Whether cPanel's files can hold it: asked of the writer itself, with an account of its own.
fn can_be_written(scratch: &Account, answer: &Autoresponder) -> Result<(), String> {
    let mut account = scratch.clone();
    account.domains[0].mail.autoresponders.push(answer.clone());
    cpmove::account_members(&account).map(drop).map_err(|error| error.to_string())
}

fn as_text(item: &plesk_backup::Autoresponder) -> Vec<u8> {
    let mut text = format!("Subject: {}\nContent-Type: {}\n", item.subject, item.content_type);
    for (name, value) in [("Answer frequency", &item.answer_frequency), ("End", &item.end_date)] {
        if let Some(value) = value {
            let _ = writeln!(text, "{name}: {value}");
        }
    }
    for attachment in &item.attachments {
        let _ = writeln!(text, "Attachment: {attachment}");
    }
    text.push('\n');
    text.push_str(&item.text);
    text.into_bytes()
}
