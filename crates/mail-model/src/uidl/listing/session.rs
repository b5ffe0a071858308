//! POP3 sessions, with all that is around them or without.

use super::{ListedUidl, Listing, ListingError, ListingForm, ListingProblem, lines, number};
use std::collections::HashMap;

/// What a list holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Uidl,
    List,
}

/// Lines of a number and a value, as one answer holds them.
struct Section<'a> {
    /// Its first line.
    line: usize,
    /// What was asked for, or what the answer's first line says.
    said: Option<Kind>,
    entries: Vec<(usize, u32, &'a [u8])>,
    /// It began with `+OK`.
    answered: bool,
    /// It ended with a dot.
    ended: bool,
    /// It is the answer to `CAPA`.
    capabilities: bool,
}

impl Section<'_> {
    fn new(line: usize, said: Option<Kind>, answered: bool) -> Self {
        Section { line, said, entries: vec![], answered, ended: false, capabilities: false }
    }

    fn is_all_numbers(&self) -> bool {
        self.entries.iter().all(|(_, _, value)| number::<u64>(value).is_some())
    }

    /// What it holds, where that is certain.
    fn kind(&self) -> Option<Kind> {
        let known = self.said.filter(|kind| *kind == Kind::Uidl || self.is_all_numbers());
        known.or_else(|| (!self.is_all_numbers()).then_some(Kind::Uidl))
    }
}

/// What was read of a file.
struct Reading<'a> {
    sections: Vec<Section<'a>>,
    /// A section is under way.
    open: bool,
    /// The command that was last seen.
    asked: Option<Kind>,
    /// `CAPA` was asked, or is being answered: its lines look like commands.
    capabilities: bool,
    /// `curl -v` prints the first line of an answer, and the rest without its dot.
    curl: bool,
    refused: Option<String>,
    not_understood: Option<(usize, usize)>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Listing, ListingError> {
    let mut reading = Reading {
        sections: vec![],
        open: false,
        asked: None,
        capabilities: false,
        curl: false,
        refused: None,
        not_understood: None,
    };
    for (at, line) in lines(bytes) {
        reading.line(at, line);
    }
    reading.finish()
}

impl<'a> Reading<'a> {
    fn line(&mut self, at: usize, line: &'a [u8]) {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") || is_around_it(line) {
            return;
        }
        let (line, sent) = match (line.strip_prefix(b"< "), line.strip_prefix(b"> ")) {
            (Some(line), _) => (line.trim_ascii(), false),
            (_, Some(line)) => (line.trim_ascii(), true),
            _ => (line, false),
        };
        self.curl |= sent;
        if line.starts_with(b"+OK") {
            self.begin(at, line);
        } else if line.starts_with(b"-ERR") {
            (self.open, self.capabilities) = (false, false);
            self.refused.get_or_insert_with(|| line.escape_ascii().to_string());
        } else if line == b"." {
            self.end();
        } else if self.capabilities {
            // `UIDL` here is a capability.
        } else if let Some(command) = command(line) {
            self.asked = match command {
                Command::Asks(kind) => Some(kind),
                Command::Other => None,
            };
            self.capabilities = line.eq_ignore_ascii_case(b"CAPA");
            self.open = false;
        } else if let Some((number, value)) = entry(line) {
            self.entry(at, number, value);
        } else if !sent && !line.starts_with(b"+") {
            let (_, lines) = self.not_understood.get_or_insert((at, 0));
            *lines += 1;
        }
    }

    fn begin(&mut self, at: usize, line: &[u8]) {
        let text = line[3..].trim_ascii();
        // Dovecot says `+OK 31 messages:`.
        let of_sizes = text.ends_with(b"messages:") || text.ends_with(b"octets)");
        let said = self.asked.take().or(of_sizes.then_some(Kind::List));
        self.sections.push(Section::new(at, said, true));
        self.open = true;
    }

    fn end(&mut self) {
        if let Some(section) = self.sections.last_mut().filter(|_| self.open) {
            section.ended = true;
            section.capabilities = self.capabilities;
        }
        (self.open, self.capabilities) = (false, false);
    }

    fn entry(&mut self, at: usize, number: u32, value: &'a [u8]) {
        let last = self.sections.last();
        // Without `+OK` a new list is told by its numbers, which begin anew.
        let begins_anew = last.is_some_and(|section| {
            !section.answered && section.entries.last().is_some_and(|(_, last, _)| number <= *last)
        });
        if !self.open || begins_anew {
            let said = self.asked.take();
            self.sections.push(Section::new(at, said, false));
            self.open = true;
        }
        if let Some(section) = self.sections.last_mut() {
            section.entries.push((at, number, value));
        }
    }

    fn finish(self) -> Result<Listing, ListingError> {
        let session = self.sections.iter().any(|section| section.answered);
        let empty = self.sections.iter().any(|section| {
            section.entries.is_empty()
                && section.ended
                && !section.capabilities
                && section.said != Some(Kind::List)
        });
        let lists: Vec<&Section<'_>> =
            self.sections.iter().filter(|section| !section.entries.is_empty()).collect();
        let refused = || self.refused.clone().map(|answer| ListingError::Refused { answer });
        if lists.is_empty() && !empty {
            return Err(refused().unwrap_or(ListingError::NoUidl));
        }
        let mut problems = vec![];
        if let Some((first, lines)) = self.not_understood {
            problems.push(ListingProblem::NotUnderstood { first, lines });
        }
        if lists.is_empty() {
            return Ok(Listing { form: ListingForm::Session, entries: vec![], problems });
        }
        if let Some(entries) = columns(&lists, session) {
            let section = lists[0];
            check_numbers(section, &mut problems);
            return Ok(Listing { form: ListingForm::Columns, entries, problems });
        }
        let (uidls, sizes) = tell_apart(&lists);
        let uidls = only(&uidls)?.ok_or_else(|| refused().unwrap_or(ListingError::SizesOnly))?;
        let sizes = only(&sizes)?;
        for section in [Some(uidls), sizes].into_iter().flatten() {
            if section.answered && !section.ended && !self.curl {
                problems.push(ListingProblem::NoEnd { line: section.line });
            }
        }
        check_numbers(uidls, &mut problems);
        let by_number: HashMap<u32, u64> = sizes
            .iter()
            .flat_map(|section| &section.entries)
            .filter_map(|(_, at, size)| Some((*at, number(size)?)))
            .collect();
        let same = uidls.entries.len() == by_number.len()
            && uidls.entries.iter().all(|(_, number, _)| by_number.contains_key(number));
        if sizes.is_some() && !same {
            let (uidls, sizes) = (uidls.entries.len(), by_number.len());
            problems.push(ListingProblem::OtherSizes { uidls, sizes });
        }
        let entries = uidls
            .entries
            .iter()
            .map(|(_, number, uidl)| ListedUidl {
                number: Some(*number),
                uid: None,
                size: by_number.get(number).copied().filter(|_| same),
                uidl: uidl.to_vec(),
            })
            .collect();
        let form = if session { ListingForm::Session } else { ListingForm::Bodies };
        Ok(Listing { form, entries, problems })
    }
}

/// The lists of UIDLs and those of sizes.
fn tell_apart<'a, 'b>(lists: &[&'b Section<'a>]) -> (Vec<&'b Section<'a>>, Vec<&'b Section<'a>>) {
    let (mut uidls, mut sizes, mut open) = (vec![], vec![], vec![]);
    for section in lists {
        match section.kind() {
            Some(Kind::Uidl) => uidls.push(*section),
            Some(Kind::List) => sizes.push(*section),
            None => open.push(*section),
        }
    }
    for section in open {
        if uidls.is_empty() { uidls.push(section) } else { sizes.push(section) }
    }
    (uidls, sizes)
}

/// The one list of its kind; several that say the same are one.
fn only<'a, 'b>(lists: &[&'b Section<'a>]) -> Result<Option<&'b Section<'a>>, ListingError> {
    let values = |section: &Section<'a>| -> Vec<(u32, &'a [u8])> {
        section.entries.iter().map(|(_, number, value)| (*number, *value)).collect()
    };
    let Some(first) = lists.first() else { return Ok(None) };
    match lists.iter().find(|other| values(other) != values(first)) {
        Some(other) => Err(ListingError::Several { first: first.line, second: other.line }),
        None => Ok(Some(first)),
    }
}

/// Number, size and UIDL in each line.
fn columns(lists: &[&Section<'_>], session: bool) -> Option<Vec<ListedUidl>> {
    let [section] = lists else { return None };
    if session {
        return None;
    }
    section
        .entries
        .iter()
        .map(|(_, at, value)| {
            let end = value.iter().position(u8::is_ascii_whitespace)?;
            let uidl = value[end..].trim_ascii_start().to_vec();
            Some(ListedUidl {
                number: Some(*at),
                uid: None,
                size: Some(number(&value[..end])?),
                uidl,
            })
        })
        .collect()
}

fn check_numbers(section: &Section<'_>, problems: &mut Vec<ListingProblem>) {
    let mut before = 0;
    for (line, number, _) in &section.entries {
        if *number != before + 1 {
            problems.push(ListingProblem::Numbering { line: *line, before, number: *number });
            return;
        }
        before = *number;
    }
}

/// A number and what follows it.
fn entry(line: &[u8]) -> Option<(u32, &[u8])> {
    let end = line.iter().position(|byte| matches!(byte, b' ' | b'\t'))?;
    let number = number(&line[..end])?;
    let value = line[end..].trim_ascii_start();
    (!value.is_empty() && number > 0 && number < u32::MAX).then_some((number, value))
}

/// What a client typed.
enum Command {
    Asks(Kind),
    Other,
}

/// None for what is no command.
fn command(line: &[u8]) -> Option<Command> {
    const OTHERS: [&str; 17] = [
        "USER", "PASS", "QUIT", "STAT", "CAPA", "AUTH", "NOOP", "APOP", "STLS", "RETR", "TOP",
        "DELE", "RSET", "UTF8", "LANG", "LAST", "XCLIENT",
    ];
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let word = words.next()?.to_ascii_uppercase();
    // With a number it asks for one message, and the answer is no list.
    let of_all = words.next().is_none();
    match word.as_slice() {
        b"UIDL" if of_all => Some(Command::Asks(Kind::Uidl)),
        b"LIST" if of_all => Some(Command::Asks(Kind::List)),
        b"UIDL" | b"LIST" => Some(Command::Other),
        other => OTHERS.iter().any(|name| name.as_bytes() == other).then_some(Command::Other),
    }
}

/// What programs print around a session.
fn is_around_it(line: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 6] = [
        b"* ",
        b"Trying ",
        b"Connected to ",
        b"Escape character is ",
        b"Connection closed by foreign host",
        b"% Total ",
    ];
    // The last is curl's progress, which may stand in front of something else on its line.
    BEGINNINGS.iter().any(|beginning| line.starts_with(beginning))
        || line.windows(8).any(|part| part == b"--:--:--")
}
