//! `doveadm fetch`, as Dovecot 2.3 and 2.4 print it.

use super::{ListedUidl, Listing, ListingError, ListingForm, ListingProblem, lines, number};

const UIDL: &[u8] = b"pop3.uidl";

/// Whether the first line that says something is doveadm's.
pub(super) fn is_it(bytes: &[u8]) -> bool {
    // The fields come in the order in which they were asked for: all of the first record counts.
    let first = bytes.split(|byte| *byte == b'\x0c').next().unwrap_or_default();
    lines(first).take(16).any(|(_, line)| {
        let names = line.split(|byte| matches!(byte, b'\t' | b' ' | b':' | b'=' | b'"'));
        names.into_iter().any(|name| name == UIDL)
    })
}

/// One message: the values by the names of the fields.
#[derive(Default)]
struct Record {
    uid: Option<u32>,
    size: Option<u64>,
    uidl: Vec<u8>,
}

impl Record {
    fn set(&mut self, field: &[u8], value: &[u8]) {
        match field {
            b"uid" => self.uid = number(value),
            b"size.virtual" => self.size = number(value),
            UIDL => self.uidl = value.to_vec(),
            _ => {}
        }
    }
}

pub(super) fn read(bytes: &[u8]) -> Result<Listing, ListingError> {
    let mut problems = vec![];
    let first = lines(bytes).map(|(_, line)| line).find(|line| !line.trim_ascii().is_empty());
    let first = first.unwrap_or_default();
    let records = if first.split(|byte| *byte == b'\t').any(|name| name == UIDL) {
        tab(bytes, &mut problems)
    } else if first.windows(UIDL.len() + 1).any(|part| part == b"pop3.uidl=") {
        flow(bytes)
    } else if first.contains(&b':') && !first.starts_with(b"[") {
        pages(bytes)
    } else {
        return Err(ListingError::DoveadmForm);
    };
    let messages = records.len();
    let (named, unnamed): (Vec<Record>, Vec<Record>) =
        records.into_iter().partition(|record| !record.uidl.is_empty());
    if named.is_empty() {
        return Err(ListingError::NothingStored { messages });
    }
    if !unnamed.is_empty() {
        problems.push(ListingProblem::NotStored { messages: unnamed.len() });
    }
    let entries = named
        .into_iter()
        .map(|Record { uid, size, uidl }| ListedUidl { number: None, uid, size, uidl })
        .collect();
    Ok(Listing { form: ListingForm::Doveadm, entries, problems })
}

/// `-f tab`: a line of names, then a line for each message.
fn tab(bytes: &[u8], problems: &mut Vec<ListingProblem>) -> Vec<Record> {
    let mut rows = lines(bytes).filter(|(_, line)| !line.is_empty());
    let fields = |line: &[u8]| -> Vec<Vec<u8>> {
        line.split(|byte| *byte == b'\t').map(<[u8]>::to_vec).collect()
    };
    let names = rows.next().map(|(_, line)| fields(line)).unwrap_or_default();
    let mut odd: Option<(usize, usize)> = None;
    let mut records = vec![];
    for (at, line) in rows {
        let values = fields(line);
        if values.len() != names.len() {
            let (_, lines) = odd.get_or_insert((at, 0));
            *lines += 1;
            continue;
        }
        let mut record = Record::default();
        for (name, value) in names.iter().zip(&values) {
            record.set(name, value);
        }
        records.push(record);
    }
    if let Some((first, lines)) = odd {
        problems.push(ListingProblem::NotUnderstood { first, lines });
    }
    records
}

/// `-f flow`: `name=value` after `name=value`. A value may hold spaces.
fn flow(bytes: &[u8]) -> Vec<Record> {
    let rows = lines(bytes).filter(|(_, line)| !line.is_empty());
    rows.map(|(_, line)| {
        let mut record = Record::default();
        for part in line.split(|byte| *byte == b' ') {
            if let Some(at) = part.iter().position(|byte| *byte == b'=') {
                record.set(&part[..at], &part[at + 1..]);
            }
        }
        record
    })
    .collect()
}

/// Its own form: `name: value` lines, and a form feed between messages.
fn pages(bytes: &[u8]) -> Vec<Record> {
    bytes
        .split(|byte| *byte == b'\x0c')
        .filter(|page| !page.trim_ascii().is_empty())
        .map(|page| {
            let mut record = Record::default();
            for (_, line) in lines(page) {
                if let Some(at) = line.iter().position(|byte| *byte == b':') {
                    record.set(&line[..at], line[at + 1..].trim_ascii());
                }
            }
            record
        })
        .collect()
}
