//! `homedir/.autorespond/`: the text of each answer, and when it is sent.

use std::collections::BTreeSet;

use super::lines::line;
use super::tree::Tree;
use crate::{AccountError, Autoresponder, Domain};

const PLACE: &str = "homedir/.autorespond";

pub(super) fn write(tree: &mut Tree, domain: &Domain) -> Result<(), AccountError> {
    let mut seen = BTreeSet::new();
    for autoresponder in &domain.mail.autoresponders {
        // That the address can stand in `va/`, and so in a file name, is checked there.
        let address = format!("{}@{}", autoresponder.local.to_ascii_lowercase(), domain.name);
        let failed = |reason| AccountError::Autoresponder { address: address.clone(), reason };
        if address.contains('/') {
            return Err(failed("its file cannot have a name with a slash".to_owned()));
        }
        let message = message(autoresponder, &address).map_err(failed)?;
        let schedule = schedule(autoresponder)?;
        if !seen.insert(address.clone()) {
            return Err(AccountError::DuplicateAutoresponder { address });
        }
        tree.directory(PLACE, 0o700);
        tree.file(&format!("{PLACE}/{address}"), message);
        tree.file(&format!("{PLACE}/{address}.json"), schedule);
    }
    Ok(())
}

/// Headers, an empty line, and the text.
fn message(autoresponder: &Autoresponder, address: &str) -> Result<String, String> {
    let charset = autoresponder.charset.to_ascii_lowercase();
    if charset.is_empty()
        || !charset.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:+".contains(&b))
    {
        return Err(format!("{charset:?} is no name of a character set"));
    }
    let Autoresponder { from_name, subject, body, .. } = autoresponder;
    let texts = [from_name.as_deref(), subject.as_deref(), Some(body.as_str())];
    if !matches!(charset.as_str(), "utf-8" | "utf8")
        && !texts.iter().flatten().all(|text| text.is_ascii())
    {
        return Err(format!("it is written as UTF-8, and is to say that it is {charset}"));
    }
    for (field, text) in [("name", from_name), ("subject", subject)] {
        if let Some(character) = text.iter().flat_map(|text| text.chars()).find(|c| c.is_control())
        {
            return Err(format!("its {field} holds {character:?}"));
        }
    }
    if body.contains('\0') {
        return Err("its text holds '\\0'".to_owned());
    }
    let mut text = String::new();
    match from_name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
        Some(name) => {
            let name = name.replace('\\', "\\\\").replace('"', "\\\"");
            line(&mut text, format_args!("From: \"{name}\" <{address}>"));
        }
        None => line(&mut text, format_args!("From: {address}")),
    }
    let content_type = autoresponder.content_type.text();
    line(&mut text, format_args!("Content-type: {content_type}; charset={charset}"));
    if let Some(subject) = subject.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        line(&mut text, format_args!("Subject: {subject}"));
    }
    text.push('\n');
    text.push_str(&body.replace("\r\n", "\n"));
    Ok(text)
}

/// Without any space: one importer looks for `"stop":` with the number right behind it. The
/// interval is a text, as in cPanel's own files.
fn schedule(autoresponder: &Autoresponder) -> Result<String, AccountError> {
    let time = |field, time: Option<i64>| match time {
        None => Ok("null".to_owned()),
        Some(seconds) if seconds < 0 => Err(AccountError::NegativeTime { field, seconds }),
        Some(seconds) => Ok(seconds.to_string()),
    };
    let start = time("the autoresponder's start", autoresponder.start)?;
    let stop = time("the autoresponder's end", autoresponder.stop)?;
    let interval = autoresponder.interval_hours;
    Ok(format!("{{\"start\":{start},\"interval\":\"{interval}\",\"stop\":{stop}}}"))
}
