//! Runs rules over a message, in so far as the subset has one meaning everywhere.

use super::message::{Message, addresses, split};
use sieve_rules::*;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Who sent a message to whom.
pub(crate) struct Envelope<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
}

/// What became of a message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Flags by folder.
    pub(crate) stored: BTreeMap<String, BTreeSet<String>>,
    pub(crate) redirected: BTreeSet<String>,
    /// The text, in one line.
    pub(crate) rejected: Option<String>,
    /// The text, its lines put together.
    pub(crate) answered: Option<String>,
}

fn utf8(text: &Text) -> String {
    text.as_utf8().unwrap().to_owned()
}

fn flags(texts: &[Text]) -> BTreeSet<String> {
    texts.iter().map(|text| utf8(text).to_ascii_lowercase()).collect()
}

pub(crate) fn evaluate(script: &Script, message: &Message<'_>, to: &Envelope<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut keep = true;
    let mut current = BTreeSet::new();
    for (index, rule) in script.rules.iter().enumerate() {
        let runs = script
            .requirements(index)
            .all(|required| holds(required.condition, message, to) == required.holds);
        if !runs {
            continue;
        }
        for action in &rule.actions {
            match action {
                Action::FileInto { folder, copy, flags: own, .. } => {
                    let own = own.as_deref().map_or_else(|| current.clone(), flags);
                    outcome.stored.entry(folder.as_utf8().unwrap().to_owned()).or_insert(own);
                    keep &= copy;
                }
                Action::Redirect { address, copy } => {
                    outcome.redirected.insert(utf8(address));
                    keep &= copy;
                }
                Action::Keep { flags: own } => {
                    let own = own.as_deref().map_or_else(|| current.clone(), flags);
                    outcome.stored.entry("INBOX".to_owned()).or_insert(own);
                    keep = false;
                }
                Action::Discard => keep = false,
                Action::Stop => break,
                Action::Reject { text, .. } => {
                    // `sieve-test` prints a CR and an LF as a question mark each.
                    let text = utf8(text).replace("\r\n", "\n").replace('\n', "??");
                    outcome.rejected = Some(text);
                    keep = false;
                }
                Action::Vacation(vacation) => {
                    outcome.answered = Some(utf8(&vacation.reason).lines().collect());
                }
                Action::AddFlag(texts) => current.extend(flags(texts)),
                Action::SetFlag(texts) => current = flags(texts),
                Action::RemoveFlag(texts) => {
                    let removed = flags(texts);
                    current.retain(|flag| !removed.contains(flag));
                }
                Action::Notify(_) | Action::Unsupported(_) => panic!("not evaluated: {action:?}"),
            }
        }
        if rule.stops {
            break;
        }
    }
    if keep {
        outcome.stored.entry("INBOX".to_owned()).or_insert(current);
    }
    outcome
}

fn holds(condition: &Condition, message: &Message<'_>, envelope: &Envelope<'_>) -> bool {
    match condition {
        Condition::True => true,
        Condition::False => false,
        Condition::AllOf(all) => all.iter().all(|one| holds(one, message, envelope)),
        Condition::AnyOf(any) => any.iter().any(|one| holds(one, message, envelope)),
        Condition::Not(one) => !holds(one, message, envelope),
        Condition::SizeOver(limit) => message.size > *limit,
        Condition::SizeUnder(limit) => message.size < *limit,
        Condition::Exists { names } => names.iter().all(|name| message.raw(name).next().is_some()),
        Condition::Header { names, index, comparison } => {
            let values = names.iter().flat_map(|name| message.decoded(name));
            compare(comparison, &pick(values.collect(), *index))
        }
        Condition::Address { part, names, index, comparison } => {
            let fields = names.iter().flat_map(|name| message.raw(name).map(addresses));
            let values = pick(fields.collect(), *index).into_iter().flatten();
            compare(comparison, &parts(values, *part))
        }
        Condition::Envelope { part, names, comparison } => {
            let values = names.iter().map(|name| match name.to_ascii_lowercase().as_slice() {
                b"from" => envelope.from.to_owned(),
                b"to" => envelope.to.to_owned(),
                _ => panic!("not evaluated: {condition:?}"),
            });
            compare(comparison, &parts(values, *part))
        }
        Condition::Body { transform: BodyTransform::Raw, comparison } => {
            compare(comparison, &[message.body.to_vec()])
        }
        _ => panic!("not evaluated: {condition:?}"),
    }
}

/// Those of several fields that count.
fn pick<T>(mut values: Vec<T>, index: Option<Index>) -> Vec<T> {
    let Some(Index { number, last }) = index else { return values };
    if last {
        values.reverse();
    }
    let at = usize::try_from(number).unwrap() - 1;
    if at < values.len() { vec![values.swap_remove(at)] } else { vec![] }
}

/// The parts of addresses that count; an address without a detail has none to compare.
fn parts(addresses: impl Iterator<Item = String>, part: AddressPart) -> Vec<Vec<u8>> {
    let parts = addresses.filter_map(|address| {
        if part == AddressPart::All {
            return Some(address.into_bytes());
        }
        let (local, domain) = split(&address)?;
        let split = local.split_once('+');
        let part = match part {
            AddressPart::All | AddressPart::LocalPart => local,
            AddressPart::Domain => domain,
            AddressPart::User => split.map_or(local, |(user, _)| user),
            AddressPart::Detail => split?.1,
        };
        Some(part.as_bytes().to_vec())
    });
    parts.collect()
}

fn compare(comparison: &Comparison, values: &[Vec<u8>]) -> bool {
    let number = values.len().to_string().into_bytes();
    let values = if matches!(comparison.matching, Matching::Count(_)) {
        std::slice::from_ref(&number)
    } else {
        values
    };
    let any = |key: &Text| values.iter().any(|value| fits(comparison, value, key));
    comparison.keys.iter().any(any)
}

fn fits(comparison: &Comparison, value: &[u8], key: &[u8]) -> bool {
    let fold = |text: &[u8]| match comparison.comparator {
        Comparator::AsciiCasemap => text.to_ascii_lowercase(),
        Comparator::Octet | Comparator::AsciiNumeric => text.to_vec(),
    };
    let (value, key) = (fold(value), fold(key));
    match comparison.matching {
        Matching::Is if comparison.comparator == Comparator::AsciiNumeric => {
            order(comparison.comparator, &value, &key) == Ordering::Equal
        }
        Matching::Is => value == key,
        Matching::Contains => {
            key.is_empty() || value.windows(key.len()).any(|part| part == key.as_slice())
        }
        Matching::Matches => matches(&value, &key),
        Matching::Value(relation) | Matching::Count(relation) => {
            let order = order(comparison.comparator, &value, &key);
            match relation {
                Relation::Greater => order.is_gt(),
                Relation::GreaterOrEqual => order.is_ge(),
                Relation::Less => order.is_lt(),
                Relation::LessOrEqual => order.is_le(),
                Relation::Equal => order.is_eq(),
                Relation::NotEqual => order.is_ne(),
            }
        }
        Matching::Regex => panic!("not evaluated: {comparison:?}"),
    }
}

/// By number, where what begins with no digit is above all; otherwise by bytes.
fn order(comparator: Comparator, value: &[u8], key: &[u8]) -> Ordering {
    if comparator != Comparator::AsciiNumeric {
        return value.cmp(key);
    }
    let number = |text: &[u8]| {
        let digits: Vec<u8> = text.iter().copied().take_while(u8::is_ascii_digit).collect();
        let number = String::from_utf8(digits).unwrap().parse::<u128>().ok();
        (number.is_none(), number)
    };
    number(value).cmp(&number(key))
}

/// `*` for any bytes, `?` for one, a backslash before one of them for itself.
fn matches(value: &[u8], pattern: &[u8]) -> bool {
    match pattern {
        [] => value.is_empty(),
        [b'*', rest @ ..] => (0..=value.len()).any(|at| matches(&value[at..], rest)),
        [b'?', rest @ ..] => !value.is_empty() && matches(&value[1..], rest),
        [b'\\', escaped, rest @ ..] => value.first() == Some(escaped) && matches(&value[1..], rest),
        [byte, rest @ ..] => value.first() == Some(byte) && matches(&value[1..], rest),
    }
}
