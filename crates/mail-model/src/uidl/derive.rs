//! A format that nobody knew, worked out from what it made.

use super::UidlInputs;
use super::format::{Field, Modifier, Part, UidlFormat, Variable};

/// Fewer messages than this may fit a format by chance.
const LEAST: usize = 3;

/// A longer UIDL holds a name, and names are not looked for.
const LONGEST: usize = 128;

/// A UIDL that is all ones has as many ways as it has letters, squared.
const MOST_CANDIDATES: usize = 2000;

/// Works out a format of UID and UIDVALIDITY with text around them, by samples of which message has
/// which UIDL. None unless it explains all samples, of at least three UIDs. A format without the
/// UIDVALIDITY is not looked for: a text that holds a small number is met by chance.
///
/// ```
/// use mail_model::uidl::{UidlInputs, derive};
///
/// let message = |uid| UidlInputs { uid, uidvalidity: 1700000000, base: b"", guid: b"" };
/// let samples: &[(UidlInputs<'_>, &[u8])] = &[
///     (message(8), b"pop-1700000000_8"),
///     (message(9), b"pop-1700000000_9"),
///     (message(31), b"pop-1700000000_31"),
/// ];
/// assert_eq!(derive(samples).unwrap().to_string(), "pop-%v_%u");
/// ```
pub fn derive(samples: &[(UidlInputs<'_>, &[u8])]) -> Option<UidlFormat> {
    let mut uids: Vec<u32> = samples.iter().map(|(inputs, _)| inputs.uid).collect();
    uids.sort_unstable();
    uids.dedup();
    if uids.len() < LEAST {
        return None;
    }
    // The longest UID is met least often by chance.
    let (inputs, served) = samples.iter().max_by_key(|(inputs, _)| inputs.uid)?;
    if served.len() > LONGEST {
        return None;
    }
    candidates(inputs, served)
        .into_iter()
        .map(|parts| UidlFormat { parts })
        .find(|format| samples.iter().all(|(inputs, served)| format.expand(inputs) == *served))
}

/// Every way in which this UIDL may have been made of these numbers.
fn candidates(inputs: &UidlInputs<'_>, served: &[u8]) -> Vec<Vec<Part>> {
    let mut formats = vec![];
    for uid in spellings(Variable::Uid) {
        for (at, end) in places(served, &uid, inputs) {
            let (before, after) = (&served[..at], &served[end..]);
            for validity in spellings(Variable::UidValidity) {
                if formats.len() > MOST_CANDIDATES {
                    return formats;
                }
                for (from, to) in places(before, &validity, inputs) {
                    let (first, second) = (literal(&before[..from]), literal(&before[to..]));
                    let numbers = [first, vec![validity.clone()], second, vec![uid.clone()]];
                    formats.push([numbers.concat(), literal(after)].concat());
                }
                for (from, to) in places(after, &validity, inputs) {
                    let (first, second) = (literal(&after[..from]), literal(&after[to..]));
                    let numbers = [vec![uid.clone()], first, vec![validity.clone()], second];
                    formats.push([literal(before), numbers.concat()].concat());
                }
            }
        }
    }
    formats
}

fn literal(text: &[u8]) -> Vec<Part> {
    if text.is_empty() { vec![] } else { vec![Part::Literal(text.to_vec())] }
}

/// The ways in which a number is usually written; of those that may make the same, the simpler first.
fn spellings(variable: Variable) -> Vec<Part> {
    let plain = Field::plain(variable);
    let hex = |modifiers, zeros| {
        let width = if zeros { 8 } else { 0 };
        Field { modifiers, width, zeros, ..Field::plain(variable) }
    };
    let padded = |width| Field { width, zeros: true, ..Field::plain(variable) };
    vec![
        hex(vec![Modifier::Hex], true),
        hex(vec![Modifier::Hex, Modifier::Upper], true),
        plain,
        padded(10),
        padded(8),
        hex(vec![Modifier::Hex], false),
        hex(vec![Modifier::Hex, Modifier::Upper], false),
    ]
    .into_iter()
    .map(Part::Field)
    .collect()
}

/// Where a text holds what a field makes.
fn places(text: &[u8], field: &Part, inputs: &UidlInputs<'_>) -> Vec<(usize, usize)> {
    let made = UidlFormat { parts: vec![field.clone()] }.expand(inputs);
    let length = made.len();
    let windows = text.windows(length).enumerate();
    windows.filter(|(_, part)| *part == made).map(|(at, _)| (at, at + length)).collect()
}
