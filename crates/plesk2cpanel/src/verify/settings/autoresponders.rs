//! `homedir/.autorespond/`: what is answered, and until when.

use std::collections::{BTreeMap, BTreeSet};

use cpmove::{Autoresponder, ContentType, DomainName};
use serde_json::Value;

use super::Settings;
use super::lines::none_beside;
use crate::verify::ledger::{Class, Ledger};

const PLACE: &str = "homedir/.autorespond/";

pub(super) fn compare(settings: &Settings<'_>, ledger: &mut Ledger) {
    let mut paths = BTreeSet::new();
    for domain in &settings.account.domains {
        for answer in &domain.mail.autoresponders {
            let path = message(settings, &domain.name, answer, ledger);
            schedule(settings, &format!("{path}.json"), answer, ledger);
            paths.insert(format!("{path}.json").into_bytes());
            paths.insert(path.into_bytes());
        }
    }
    // A home in use has answers that were made there, and what the responder remembers.
    if settings.is_archive {
        none_beside(settings, PLACE, &paths, Class::Autoresponder, ledger);
    }
}

/// Headers, an empty line, the text; returns the path.
fn message(
    settings: &Settings<'_>,
    domain: &DomainName,
    answer: &Autoresponder,
    ledger: &mut Ledger,
) -> String {
    // Every field, so that a new one is not forgotten.
    let Autoresponder {
        local,
        from_name,
        subject,
        content_type,
        charset,
        body,
        interval_hours: _,
        start: _,
        stop: _,
    } = answer;
    let address = format!("{}@{domain}", local.to_ascii_lowercase());
    let path = format!("{PLACE}{address}");
    let class = Class::Autoresponder;
    // The text below the headers is the owner's, with whatever stands in it.
    let Some(text) = settings.any_text(class, &path, ledger) else { return path };
    let (head, found_body) = text.split_once("\n\n").unwrap_or((text.as_str(), ""));
    let mut found: BTreeMap<String, &str> = BTreeMap::new();
    for line in head.lines() {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        if found.insert(name.to_ascii_lowercase(), value.trim()).is_some() {
            ledger.differs(class, &path, || format!("the header {name} stands there twice"));
        }
    }
    let from = match from_name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
        Some(name) => {
            format!("\"{}\" <{address}>", name.replace('\\', "\\\\").replace('"', "\\\""))
        }
        None => address.clone(),
    };
    let kind = match content_type {
        ContentType::Plain => "text/plain",
        ContentType::Html => "text/html",
    };
    let kind = format!("{kind}; charset={}", charset.to_ascii_lowercase());
    let subject = subject.as_deref().map(str::trim).filter(|subject| !subject.is_empty());
    for (name, meant) in
        [("from", Some(from.as_str())), ("content-type", Some(kind.as_str())), ("subject", subject)]
    {
        let got = found.remove(name);
        ledger.equal_or_none(class, &path, name, meant.as_ref(), got.as_ref());
    }
    for name in found.into_keys() {
        ledger.differs(class, &path, || format!("the header {name} should not be there"));
    }
    let same = found_body == body.replace("\r\n", "\n");
    ledger.check(class, &path, same, || {
        format!("its text of {} bytes is another one than that of {}", found_body.len(), body.len())
    });
    path
}

fn schedule(settings: &Settings<'_>, path: &str, answer: &Autoresponder, ledger: &mut Ledger) {
    let class = Class::Autoresponder;
    let Some(text) = settings.text(class, path, ledger) else { return };
    let Ok(Value::Object(mut found)) = serde_json::from_str(&text) else {
        ledger.differs(class, path, || "it is no JSON object".to_owned());
        return;
    };
    let time = |time: Option<i64>| time.map_or(Value::Null, Value::from);
    let meant = [
        ("start", time(answer.start)),
        ("stop", time(answer.stop)),
        // A text or a number, says the format.
        ("interval", Value::from(answer.interval_hours.to_string())),
    ];
    for (key, value) in meant {
        let got = match found.remove(key) {
            Some(Value::Number(number)) if key == "interval" => {
                Some(Value::from(number.to_string()))
            }
            other => other,
        };
        ledger.equal_or_none(class, path, key, Some(&value), got.as_ref());
    }
    for key in found.into_iter().map(|(key, _)| key) {
        ledger.differs(class, path, || format!("`{key}` should not be there"));
    }
    // One importer looks for the number right behind the colon.
    let tight = !text.contains("\"stop\": ");
    ledger.check(class, path, tight, || "a space stands behind \"stop\":".to_owned());
}
