//! Old UIDLs for a mailbox that was moved without them: into the list that a new Dovecot made.
//!
//! UIDs and UIDVALIDITY stay, because IMAP clients have learned them. Only `P` fields are written,
//! and the next UID is raised where the new server would give out a UIDL a second time.

use super::{Certainty, HIGHEST_NEXT_UID};
use crate::dovecot::{Duplicates, MaildirFile, ServeInput, Served, UidList, UidRecord, serve};
use crate::uidl::{UidlFormat, UidlProblem, problem};
use std::collections::{HashMap, HashSet};

/// A message of the old server's INBOX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldName {
    /// What clients know it by.
    pub uidl: Vec<u8>,
    /// How sure that is.
    pub certainty: Certainty,
}

/// A message of INBOX on the new server.
#[derive(Clone, Copy, Debug)]
pub struct Moved<'a> {
    /// Its file.
    pub file: MaildirFile<'a>,
    /// Which of the old messages it is; None when it is none of them, or that is not known.
    pub old: Option<usize>,
    /// A client may have loaded it under the UIDL that the new server gave it.
    pub was_loaded: bool,
    /// It was compared with all old messages, and is none of them.
    pub is_new: bool,
}

/// A mailbox after its move.
#[derive(Clone, Copy, Debug)]
pub struct RescueInput<'a> {
    /// The list of the new server.
    pub list: &'a UidList,
    /// The files of INBOX.
    pub messages: &'a [Moved<'a>],
    /// What the old server called its messages, each once.
    pub old: &'a [OldName],
    /// UIDLs that the old server gave to messages that are not among these.
    pub given_out: &'a [Vec<u8>],
    /// `pop3_uidl_format` of the new server.
    pub format: &'a UidlFormat,
    /// Whether messages that are not in the list may be put there, with the UIDs that the server
    /// would give them. Only where no index knows better.
    pub lists_more: bool,
}

/// What becomes of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fate {
    /// It is served under its old UIDL already.
    Already,
    /// It gets its old UIDL back.
    Restored,
    /// It keeps what the new server called it: a client may have loaded it under that.
    Kept,
    /// Its old UIDL is served for another message, and that one keeps it.
    Taken,
    /// Its old UIDL can't be written into a list.
    Unwritable,
    /// It stands in no list yet, so that there is no line to write its UIDL to.
    Unlisted,
    /// It stands in no list yet, and did not on the old server: nobody has seen it.
    Unseen,
    /// It is one of the old messages, but nothing says what that was called.
    Nameless,
    /// It is none of the old messages.
    New,
    /// It is none of the old messages, and was about to be served under the UIDL of one, so that
    /// clients would never have loaded it. It gets one that nobody knows.
    Renamed,
    /// It is none of the old messages, is served under the UIDL of one, and keeps that, because a
    /// client may have loaded it so.
    Mistaken,
    /// The server does not show it: a second file of a name, or one that is no message.
    NotServed,
}

/// A mailbox with its old UIDLs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rescue {
    /// The list to write.
    pub list: UidList,
    /// What becomes of each message.
    pub fates: Vec<Fate>,
    /// What each message is served under now; None when it is not served.
    pub before: Vec<Option<Vec<u8>>>,
    /// What it is served under with the new list.
    pub after: Vec<Option<Vec<u8>>>,
    /// The next UID before, when it was raised.
    pub next_uid_was: Option<u32>,
    /// Whether the list is another than before.
    pub changes: bool,
}

/// Decides what each message is served under.
///
/// No UIDL is given to two messages. Nothing that a client may have loaded changes its name.
/// A UIDL that was only predicted is given back, too: nobody knows it, or somebody does after all.
pub fn rescue(input: &RescueInput<'_>) -> Rescue {
    let mut list = UidList { version: 3, ..input.list.clone() };
    let old = input.old.iter().map(|old| old.uidl.as_slice());
    let given_out = old.chain(input.given_out.iter().map(Vec::as_slice));
    // Before anything else: messages without a line get UIDs from there on.
    keep_clear(&mut list, given_out, input.format);
    let next_uid_was = (list.next_uid != input.list.next_uid).then_some(input.list.next_uid);
    let served = served(&list, input.messages, input.format);
    let mut decision = Decision::new(input, &served);
    decision.settle();
    let Decision { finals, fates, before, .. } = decision;

    let changed = |file: usize| matches!(fates[file], Fate::Restored | Fate::Renamed);
    let lists_more =
        input.lists_more && served.messages.iter().any(|m| !m.uid_listed && changed(m.file));
    let at: HashMap<u32, usize> =
        list.records.iter().enumerate().map(|(at, record)| (record.uid, at)).collect();
    for message in &served.messages {
        let base = input.messages[message.file].base();
        let value = finals[message.file].as_deref().filter(|_| changed(message.file));
        let field = value.map(|value| stored(value, base));
        if message.uid_listed {
            if let Some(value) = field
                && let Some(record) = at.get(&message.uid)
            {
                set_p(&mut list.records[*record], value);
            }
        } else if lists_more {
            let fields = field.map(|value| (b'P', value)).into_iter().collect();
            list.records.push(UidRecord { uid: message.uid, fields, base: base.to_vec() });
            list.next_uid = message.uid + 1;
        }
    }
    let changes = list != UidList { version: 3, ..input.list.clone() };

    let mut after = vec![None; input.messages.len()];
    for message in self::served(&list, input.messages, input.format).messages {
        after[message.file] = Some(message.uidl);
    }
    Rescue { list, fates, before, after, next_uid_was, changes }
}

impl<'a> Moved<'a> {
    fn base(&self) -> &'a [u8] {
        crate::maildir::base_name(self.file.name)
    }
}

fn served(list: &UidList, messages: &[Moved<'_>], format: &UidlFormat) -> Served {
    let files: Vec<MaildirFile<'_>> = messages.iter().map(|message| message.file).collect();
    serve(&ServeInput {
        uidlist: Some(list),
        files: &files,
        format,
        reuse_x_uidl: false,
        duplicates: Duplicates::Allow,
        new_uidvalidity: list.uidvalidity,
    })
}

struct Decision<'a> {
    input: &'a RescueInput<'a>,
    fates: Vec<Fate>,
    before: Vec<Option<Vec<u8>>>,
    finals: Vec<Option<Vec<u8>>>,
    /// Whether the message has a line to write to, or gets one.
    writable: Vec<bool>,
    /// Who is to be served under a value.
    users: HashMap<Vec<u8>, Vec<usize>>,
}

impl<'a> Decision<'a> {
    fn new(input: &'a RescueInput<'a>, served: &Served) -> Decision<'a> {
        let number = input.messages.len();
        let mut decision = Decision {
            input,
            fates: vec![Fate::NotServed; number],
            before: vec![None; number],
            finals: vec![None; number],
            writable: vec![false; number],
            users: HashMap::with_capacity(number),
        };
        for message in &served.messages {
            let file = message.file;
            decision.before[file] = Some(message.uidl.clone());
            decision.writable[file] = message.uid_listed || input.lists_more;
            let (fate, value) = decision.first_thought(file, &message.uidl);
            decision.fates[file] = fate;
            decision.users.entry(value.clone()).or_default().push(file);
            decision.finals[file] = Some(value);
        }
        decision
    }

    /// What would become of a message if it were alone.
    fn first_thought(&self, file: usize, now: &[u8]) -> (Fate, Vec<u8>) {
        let message = &self.input.messages[file];
        let keep = |fate| (fate, now.to_vec());
        let Some(old) = message.old else { return keep(Fate::New) };
        let OldName { uidl, certainty } = &self.input.old[old];
        if *certainty == Certainty::Lost {
            keep(Fate::Nameless)
        } else if uidl == now {
            keep(Fate::Already)
        } else if message.was_loaded {
            keep(Fate::Kept)
        } else if !can_be_stored(uidl, message.base()) {
            keep(Fate::Unwritable)
        } else if !self.writable[file] {
            let is_known = *certainty < Certainty::Predicted;
            keep(if is_known { Fate::Unlisted } else { Fate::Unseen })
        } else {
            (Fate::Restored, uidl.clone())
        }
    }

    fn settle(&mut self) {
        // Those that are about to be served under a UIDL of another message, and can give way.
        let known: HashSet<&[u8]> = self
            .input
            .old
            .iter()
            .filter(|old| old.certainty < Certainty::Predicted)
            .map(|old| old.uidl.as_slice())
            .collect();
        for file in 0..self.fates.len() {
            let Some(now) = self.before[file].clone() else { continue };
            if self.fates[file] != Fate::New || !known.contains(now.as_slice()) {
                continue;
            }
            let message = &self.input.messages[file];
            if message.was_loaded {
                self.fates[file] = Fate::Mistaken;
            } else if message.is_new && self.writable[file] {
                let value = self.unused(&now);
                self.change(file, value, Fate::Renamed);
            }
        }
        // What wants a value that another has goes back to what it has, which may be what a third
        // one wants.
        let mut open: Vec<usize> =
            (0..self.fates.len()).filter(|file| self.fates[*file] == Fate::Restored).collect();
        open.reverse();
        while let Some(file) = open.pop() {
            if self.fates[file] != Fate::Restored {
                continue;
            }
            let Some(value) = self.finals[file].clone() else { continue };
            let users = self.users.get(&value).cloned().unwrap_or_default();
            let stays = |other: &usize| *other != file && self.fates[*other] != Fate::Restored;
            let first = users.iter().copied().filter(|other| self.fates[*other] == Fate::Restored);
            let is_first = first.min() == Some(file);
            if users.len() < 2 || (is_first && !users.iter().any(stays)) {
                continue;
            }
            let Some(now) = self.before[file].clone() else { continue };
            self.change(file, now.clone(), Fate::Taken);
            // Somebody may want what this one keeps.
            open.extend(self.users.get(&now).into_iter().flatten().filter(|other| **other != file));
        }
    }

    fn change(&mut self, file: usize, value: Vec<u8>, fate: Fate) {
        if let Some(old) = self.finals[file].take()
            && let Some(users) = self.users.get_mut(&old)
        {
            users.retain(|user| *user != file);
        }
        self.users.entry(value.clone()).or_default().push(file);
        self.finals[file] = Some(value);
        self.fates[file] = fate;
    }

    /// A value that nobody has, had or wants.
    fn unused(&self, taken: &[u8]) -> Vec<u8> {
        let old: HashSet<&[u8]> = self.input.old.iter().map(|old| old.uidl.as_slice()).collect();
        let more: HashSet<&[u8]> = self.input.given_out.iter().map(Vec::as_slice).collect();
        let now: HashSet<&[u8]> = self.before.iter().flatten().map(Vec::as_slice).collect();
        (2u64..)
            .map(|number| [taken, format!("-{number}").as_bytes()].concat())
            .find(|value| {
                let value = value.as_slice();
                let free = |set: &HashSet<&[u8]>| !set.contains(value);
                free(&old)
                    && free(&more)
                    && free(&now)
                    && self.users.get(value).is_none_or(Vec::is_empty)
            })
            .unwrap_or_else(|| taken.to_vec())
    }
}

/// Whether a UIDL can be written for a file of this base name. An empty `P` stands for the name, and
/// is the only way to write a space.
pub(super) fn can_be_stored(uidl: &[u8], base: &[u8]) -> bool {
    uidl == base || !problem(uidl).is_some_and(UidlProblem::prevents_writing)
}

fn stored(uidl: &[u8], base: &[u8]) -> Vec<u8> {
    if uidl == base && problem(uidl).is_some_and(UidlProblem::prevents_writing) {
        return vec![];
    }
    uidl.to_vec()
}

fn set_p(record: &mut UidRecord, value: Vec<u8>) {
    match record.fields.iter_mut().find(|(key, _)| *key == b'P') {
        Some((_, old)) => *old = value,
        None => record.fields.insert(0, (b'P', value)),
    }
}

/// Raises the next UID above every UID from which the server would make a UIDL that was given out.
pub(super) fn keep_clear<'a>(
    list: &mut UidList,
    given_out: impl Iterator<Item = &'a [u8]>,
    format: &UidlFormat,
) {
    let highest = given_out.filter_map(|uidl| format.uid_of(uidl, list.uidvalidity)).max();
    let stored = list.records.iter().filter_map(|record| record.get(b'P'));
    let stored = stored.filter_map(|uidl| format.uid_of(uidl, list.uidvalidity)).max();
    if let Some(highest) = highest.max(stored)
        && highest >= list.next_uid
        && highest < HIGHEST_NEXT_UID
    {
        list.next_uid = highest + 1;
    }
}
