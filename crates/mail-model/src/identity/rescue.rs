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

/// How the old server numbered its messages, and how far it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldNumbers {
    /// How it made a UIDL of a UID.
    pub format: UidlFormat,
    /// Its UIDVALIDITY.
    pub uidvalidity: u32,
    /// The UID that it would have given next.
    pub next_uid: u32,
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
    /// Its file is called as one that the old server listed: what it is called by is its own, also
    /// where it is not among the old messages.
    pub has_old_name: bool,
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
    /// What it may have given to messages that are gone.
    pub numbers: &'a [OldNumbers],
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
    /// It is not known to be one of the old messages, is served under a UIDL that the old server gave
    /// to one, and keeps that, because a client may have loaded it so, or it can't have another.
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
    /// The old server gave out a UIDL from which the next UID can't be kept clear: no UID is left
    /// above it. When the new server comes to it, it gives it out a second time.
    pub is_near_end: bool,
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
    let is_near_end = !keep_clear(&mut list, given_out, input.format);
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
    Rescue { list, fates, before, after, next_uid_was, is_near_end, changes }
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
        };
        for message in &served.messages {
            let file = message.file;
            decision.before[file] = Some(message.uidl.clone());
            decision.writable[file] = message.uid_listed || input.lists_more;
            let (fate, value) = decision.first_thought(file, &message.uidl);
            decision.fates[file] = fate;
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
        self.give_way();
        // Who keeps a value, and who wants it; the first of them may get it.
        let mut keepers: HashMap<Vec<u8>, usize> = HashMap::with_capacity(self.fates.len());
        let mut wanted: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        for (file, value) in self.finals.iter().enumerate() {
            let Some(value) = value.clone() else { continue };
            if self.fates[file] == Fate::Restored {
                wanted.entry(value).or_default().push(file);
            } else {
                *keepers.entry(value).or_default() += 1;
            }
        }
        let mut open: Vec<Vec<u8>> = wanted.keys().cloned().collect();
        while let Some(value) = open.pop() {
            let Some(files) = wanted.get_mut(&value) else { continue };
            let winners = usize::from(!keepers.contains_key(&value)).min(files.len());
            for file in files.split_off(winners) {
                // It keeps what it has, which another may want.
                self.fates[file] = Fate::Taken;
                self.finals[file].clone_from(&self.before[file]);
                if let Some(now) = self.before[file].clone() {
                    *keepers.entry(now.clone()).or_default() += 1;
                    open.push(now);
                }
            }
        }
    }

    /// New messages that are about to be served under the UIDL of an old one get another.
    fn give_way(&mut self) {
        let input = self.input;
        let known = input.old.iter().filter(|old| old.certainty < Certainty::Predicted);
        let known = known.map(|old| old.uidl.as_slice());
        let known: HashSet<&[u8]> =
            known.chain(input.given_out.iter().map(Vec::as_slice)).collect();
        let predicted = input.old.iter().filter(|old| old.certainty == Certainty::Predicted);
        let predicted: HashSet<&[u8]> = predicted.map(|old| old.uidl.as_slice()).collect();
        // Of messages that are gone nothing is left but the number that came next.
        let is_known = |uidl: &[u8]| {
            known.contains(uidl)
                || !predicted.contains(uidl)
                    && input.numbers.iter().any(|old| {
                        let uid = old.format.uid_of(uidl, old.uidvalidity);
                        uid.is_some_and(|uid| uid < old.next_uid)
                    })
        };
        let mut taken: Option<HashSet<Vec<u8>>> = None;
        for file in 0..self.fates.len() {
            let Some(now) = &self.before[file] else { continue };
            let message = &input.messages[file];
            if self.fates[file] != Fate::New || message.has_old_name || !is_known(now) {
                continue;
            }
            if message.was_loaded || !message.is_new || !self.writable[file] {
                self.fates[file] = Fate::Mistaken;
            } else {
                // All values that anybody has, had or wants.
                let taken = taken.get_or_insert_with(|| {
                    let old = input.old.iter().map(|old| &old.uidl);
                    let now = self.before.iter().flatten();
                    old.chain(input.given_out).chain(now).cloned().collect()
                });
                let mut number = 2u64;
                let mut value = now.clone();
                while taken.contains(&value) {
                    value = [now.as_slice(), format!("-{number}").as_bytes()].concat();
                    number += 1;
                }
                taken.insert(value.clone());
                self.finals[file] = Some(value);
                self.fates[file] = Fate::Renamed;
            }
        }
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
/// False when there is none above.
pub(super) fn keep_clear<'a>(
    list: &mut UidList,
    given_out: impl Iterator<Item = &'a [u8]>,
    format: &UidlFormat,
) -> bool {
    let highest = given_out.filter_map(|uidl| format.uid_of(uidl, list.uidvalidity)).max();
    let stored = list.records.iter().filter_map(|record| record.get(b'P'));
    let stored = stored.filter_map(|uidl| format.uid_of(uidl, list.uidvalidity)).max();
    let Some(highest) = highest.max(stored).filter(|uid| *uid >= list.next_uid) else {
        return true;
    };
    if highest >= HIGHEST_NEXT_UID {
        return false;
    }
    list.next_uid = highest + 1;
    true
}
