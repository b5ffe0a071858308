//! What is read from each script, written down by hand.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking")]

mod subset;
mod webmails;

use sieve_rules::*;

fn script(name: &str) -> (Vec<u8>, Script) {
    let path = format!("{}/tests/scripts/{name}.sieve", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let script = parse(&bytes).unwrap_or_else(|error| panic!("{path}: {error}"));
    (bytes, script)
}

fn texts(texts: &[&str]) -> Vec<Text> {
    texts.iter().map(|text| Text::from(*text)).collect()
}

fn is(matching: Matching, keys: &[&str]) -> Comparison {
    Comparison { matching, comparator: Comparator::AsciiCasemap, keys: texts(keys) }
}

fn numeric(matching: Matching, keys: &[&str]) -> Comparison {
    Comparison { comparator: Comparator::AsciiNumeric, ..is(matching, keys) }
}

fn header(names: &[&str], comparison: Comparison) -> Condition {
    Condition::Header { names: texts(names), index: None, comparison }
}

fn address(part: AddressPart, names: &[&str], comparison: Comparison) -> Condition {
    Condition::Address { part, names: texts(names), index: None, comparison }
}

fn exists(names: &[&str]) -> Condition {
    Condition::Exists { names: texts(names) }
}

fn not(condition: Condition) -> Condition {
    Condition::Not(Box::new(condition))
}

fn into(folder: &str) -> Action {
    let folder = FolderName::from(Text::from(folder));
    Action::FileInto { folder, copy: false, create: false, flags: None }
}

fn copy_into(folder: &str) -> Action {
    let folder = FolderName::from(Text::from(folder));
    Action::FileInto { folder, copy: true, create: false, flags: None }
}

const KEEP: Action = Action::Keep { flags: None };

/// Name, whether enabled, condition, actions.
type Expected<'a> = (Option<&'a str>, bool, Condition, Vec<Action>);

fn assert_rules(script: &Script, expected: &[Expected<'_>]) {
    for (at, (rule, (name, enabled, condition, actions))) in
        script.rules.iter().zip(expected).enumerate()
    {
        assert_eq!(rule.name, name.map(Text::from), "rule {at}");
        assert_eq!(rule.enabled, *enabled, "rule {at}");
        assert_eq!(rule.condition, *condition, "rule {at}");
        assert_eq!(rule.actions, *actions, "rule {at}");
        assert_eq!(rule.stops, actions.contains(&Action::Stop), "rule {at}");
    }
    assert_eq!(script.rules.len(), expected.len());
}
