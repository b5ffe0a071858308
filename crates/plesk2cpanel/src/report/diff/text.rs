//! Differences for a terminal: under the account, mailbox and folder that they are about.

use std::fmt::Write;

use serde_json::Value;

use super::{Diff, Difference, Place};
use crate::wording::{Paint, bytes, clean, number};

impl Diff {
    /// What a person reads; empty for nothing.
    pub fn to_text(&self, colour: bool) -> String {
        let paint = Paint(colour);
        let mut text = String::new();
        let mut shown: Vec<String> = Vec::new();
        for difference in &self.differences {
            let whole = difference.field.is_none();
            let mut headings = headings(&difference.place);
            // An entry that came or went is its own heading.
            if whole {
                headings.pop();
            }
            let same = headings.iter().zip(&shown).take_while(|(one, other)| one == other).count();
            for (level, heading) in headings.iter().enumerate().skip(same) {
                let _ =
                    writeln!(text, "{:indent$}{}", "", paint.strong(heading), indent = 2 * level);
            }
            let indent = 2 * headings.len();
            let line = if whole { entry(difference, paint) } else { field(difference, paint) };
            let _ = writeln!(text, "{:indent$}{line}", "");
            shown = headings;
        }
        if !text.is_empty() {
            let _ = writeln!(text, "\n{}", number(self.differences.len() as u64, "difference"));
        }
        text
    }
}

fn headings(place: &Place) -> Vec<String> {
    let named = |kind: &str, name: &Option<String>| {
        name.as_ref().map(|name| format!("{kind} {}", clean(name)))
    };
    let both = |kind: &str, names: &Option<[String; 2]>| {
        names.as_ref().map(|[one, two]| format!("{kind} {} {}", clean(one), clean(two)))
    };
    let headings = [
        named("dump", &place.dump),
        named("account", &place.account),
        named("mailbox", &place.mailbox),
        named("folder", &place.folder),
        both("setting", &place.setting),
        both("finding", &place.finding),
    ];
    let headings: Vec<String> = headings.into_iter().flatten().collect();
    if headings.is_empty() { vec!["report".to_owned()] } else { headings }
}

/// `- folder Archive (3 messages, 1.2 kB)`.
fn entry(difference: &Difference, paint: Paint) -> String {
    let what = headings(&difference.place).pop().unwrap_or_default();
    let (sign, value) = match (&difference.old, &difference.new) {
        (Some(old), _) => (paint.bad("-"), old),
        (None, new) => (paint.good("+"), new.as_ref().unwrap_or(&Value::Null)),
    };
    let text = |field: &str| clean(value[field].as_str().unwrap_or_default());
    if difference.place.finding.is_some() {
        let (severity, code) = (text("severity"), text("code"));
        return format!("{sign} {severity}[{code}] {}: {}", text("object"), text("text"));
    }
    if difference.place.setting.is_some() {
        let detail = text("detail");
        let comma = if detail.is_empty() { "" } else { ", " };
        return format!("{sign} {what}: {}{comma}{detail}", text("outcome"));
    }
    let mut facts = Vec::new();
    if let Some(mailboxes) = value["mailboxes"].as_array() {
        facts.push(number(mailboxes.len() as u64, "mailbox"));
    }
    if let Some(messages) = value["messages"].as_u64() {
        facts.push(number(messages, "message"));
    }
    if let Some(size) = value["bytes"].as_u64() {
        facts.push(bytes(size));
    }
    if facts.is_empty() {
        format!("{sign} {what}")
    } else {
        format!("{sign} {what} ({})", facts.join(", "))
    }
}

/// `messages: 31 -> 30 (-1)`.
fn field(difference: &Difference, paint: Paint) -> String {
    let name = difference.field.as_deref().unwrap_or_default();
    let side = |value: &Option<Value>| match value {
        None | Some(Value::Null) => "none".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "\"\"".to_owned(),
        Some(Value::String(text)) if name.ends_with("digest") => {
            format!("{}…", clean(text).chars().take(12).collect::<String>())
        }
        Some(Value::String(text)) => clean(text),
        Some(value) => clean(&value.to_string()),
    };
    let by = |value: &Option<Value>| value.as_ref().map_or(Some(0), Value::as_u64).map(i128::from);
    let change = match (by(&difference.old), by(&difference.new)) {
        (Some(old), Some(new)) => format!(" ({:+})", new - old),
        _ => String::new(),
    };
    format!(
        "{}: {} -> {}{change}",
        clean(name),
        paint.bad(&side(&difference.old)),
        paint.good(&side(&difference.new)),
    )
}
