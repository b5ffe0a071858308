//! Two servers and two owners' programs in memory: what each gave out, and what each has learned.

use mail_model::identity::Certainty;
use mail_model::identity::merge::{Before, FolderMerge, Had, MergeRules, Side, SideMessage};
use mail_model::maildir::Flags;
use mail_model::uidl::{UidlFormat, UidlInputs};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What happens; numbers choose among what there is. `old` says at which server.
#[derive(Clone, Debug)]
pub enum Event {
    /// A message arrives and is numbered.
    Deliver {
        old: bool,
    },
    /// A message arrives that nobody has told the server of.
    Drop {
        old: bool,
    },
    /// A message goes away; it may come to another folder, which then is a delivery there.
    Delete {
        old: bool,
        message: u8,
    },
    Flag {
        old: bool,
        message: u8,
        flag: u8,
        on: bool,
    },
    Keyword {
        old: bool,
        message: u8,
        keyword: u8,
    },
    /// The program that goes to this server looks, over POP3 or IMAP.
    Pop3 {
        old: bool,
    },
    Imap {
        old: bool,
    },
}

pub fn events(both: bool) -> impl Strategy<Value = Vec<Event>> {
    let old = if both { any::<bool>().boxed() } else { Just(true).boxed() };
    let event = (old, 0..14u8, any::<u8>(), 0..6u8, any::<bool>()).prop_map(
        |(old, kind, message, flag, on)| match kind {
            0..=3 => Event::Deliver { old },
            4 => Event::Drop { old },
            5..=7 => Event::Delete { old, message },
            8 => Event::Flag { old, message, flag, on },
            9 => Event::Keyword { old, message, keyword: flag },
            10 | 11 => Event::Pop3 { old },
            _ => Event::Imap { old },
        },
    );
    proptest::collection::vec(event, 0..25)
}

#[derive(Clone, Debug)]
pub struct Message {
    pub guid: Vec<u8>,
    pub uid: Option<u32>,
    /// What the list says of its UIDL.
    pub stored: Option<Vec<u8>>,
    pub flags: Flags,
    pub keywords: BTreeSet<Vec<u8>>,
}

/// A folder on a server.
#[derive(Clone, Debug)]
pub struct Server {
    pub validity: u32,
    pub next: u32,
    pub format: UidlFormat,
    pub opened: bool,
    pub messages: Vec<Message>,
    /// What its index knows: UIDs, and the one that it expects next.
    indexed: HashSet<u32>,
    index_next: u32,
}

/// A mail program: it goes to one server, and to the new one in the end.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// UIDLs that it has seen.
    known: HashSet<Vec<u8>>,
    /// How often it loaded each message over POP3.
    pub loaded: HashMap<Vec<u8>, u32>,
    /// UIDs that it has seen, and whose they were.
    cache: HashMap<u32, Vec<u8>>,
}

impl Server {
    pub fn new(validity: u32, format: &UidlFormat) -> Server {
        let format = format.clone();
        let (messages, indexed) = (vec![], HashSet::new());
        Server { validity, next: 1, format, opened: false, messages, indexed, index_next: 1 }
    }

    /// Opens the folder: its index takes up what is new. What has a UID below the one that it expects
    /// is gone for it, and no program will see it.
    fn open(&mut self) {
        self.opened = true;
        self.number();
        for message in &self.messages {
            let uid = message.uid.unwrap();
            assert!(
                self.indexed.contains(&uid) || uid >= self.index_next,
                "UID {uid} can't be seen"
            );
        }
        self.indexed = self.messages.iter().filter_map(|message| message.uid).collect();
        self.index_next = self.next;
    }

    fn number(&mut self) {
        for message in &mut self.messages {
            if message.uid.is_none() {
                message.uid = Some(self.next);
                self.next += 1;
            }
        }
    }

    pub fn uidl(&self, message: &Message) -> Vec<u8> {
        let (uid, base) = (message.uid.unwrap(), message.guid.as_slice());
        let inputs = UidlInputs { uid, uidvalidity: self.validity, base, guid: base };
        message.stored.clone().unwrap_or_else(|| self.format.expand(&inputs))
    }

    pub fn happen(&mut self, event: &Event, clock: &mut u32, program: &mut Program) {
        let pick = |messages: &[Message], number: u8| {
            (!messages.is_empty()).then(|| usize::from(number) % messages.len())
        };
        match *event {
            Event::Deliver { .. } | Event::Drop { .. } => {
                *clock += 1;
                let guid = format!("{}.M{clock}P1.host", 1_600_000_000 + *clock).into_bytes();
                let (flags, keywords) = (Flags::default(), BTreeSet::new());
                self.messages.push(Message { guid, uid: None, stored: None, flags, keywords });
                if matches!(event, Event::Deliver { .. }) {
                    self.open();
                }
            }
            Event::Delete { message, .. } => {
                if let Some(at) = pick(&self.messages, message) {
                    self.open();
                    self.messages.remove(at);
                }
            }
            Event::Flag { message, flag, on, .. } => {
                if let Some(at) = pick(&self.messages, message) {
                    self.open();
                    let old = self.messages[at].flags;
                    let mut flags = Flags::default();
                    for (index, letter) in b"DFPRST".iter().enumerate() {
                        let known = Flags::from_letter(*letter).unwrap();
                        let set = if index == usize::from(flag) { on } else { old.contains(known) };
                        if set {
                            flags.insert(known);
                        }
                    }
                    self.messages[at].flags = flags;
                }
            }
            Event::Keyword { message, keyword, .. } => {
                if let Some(at) = pick(&self.messages, message) {
                    self.open();
                    self.messages[at].keywords.insert(vec![b'k', b'0' + keyword]);
                }
            }
            Event::Pop3 { .. } => self.pop3(program),
            Event::Imap { .. } => self.imap(program),
        }
    }

    /// Loads what the program has not seen.
    pub fn pop3(&mut self, program: &mut Program) {
        self.open();
        for message in &self.messages {
            if program.known.insert(self.uidl(message)) {
                *program.loaded.entry(message.guid.clone()).or_default() += 1;
            }
        }
    }

    /// Mirrors the folder. A UID that the program knows is the message that it was.
    pub fn imap(&mut self, program: &mut Program) {
        self.open();
        for message in &self.messages {
            let known = program.cache.entry(message.uid.unwrap());
            let known = known.or_insert_with(|| message.guid.clone());
            assert_eq!(*known, message.guid, "UID {:?} is another message now", message.uid);
        }
    }

    /// How a backup of this server is read.
    pub fn theirs(&self) -> Side {
        self.foretold(false)
    }

    /// The same, where waiting mail may be foretold in another order than it will have.
    pub fn foretold(&self, wrongly: bool) -> Side {
        let waiting = self.messages.iter().filter(|message| message.uid.is_none()).count();
        let waiting = u32::try_from(waiting).unwrap();
        let mut next = self.next;
        let messages = self.messages.iter().map(|message| {
            let unseen = message.uid.is_none();
            let uid = message.uid.unwrap_or_else(|| {
                next += 1;
                let at = next - 1;
                if wrongly { self.next + waiting - 1 - (at - self.next) } else { at }
            });
            let named = Message { uid: Some(uid), ..message.clone() };
            SideMessage {
                guid: message.guid.clone(),
                uid: Some(uid),
                uid_unseen: unseen,
                uidl: Some(self.uidl(&named)),
                uidl_certainty: Some(if unseen { Certainty::Predicted } else { Certainty::Exact }),
                flags: message.flags,
                keywords: message.keywords.clone(),
            }
        });
        let messages = messages.collect();
        let next_uid = self.next + waiting;
        Side { uidvalidity: self.validity, next_uid, messages, ..Side::default() }
    }

    /// How the home of this server is read.
    pub fn ours(&self) -> Side {
        let messages = self.messages.iter().map(|message| SideMessage {
            guid: message.guid.clone(),
            uid: message.uid,
            uidl: message.stored.clone(),
            flags: message.flags,
            keywords: message.keywords.clone(),
            ..SideMessage::default()
        });
        let messages = messages.collect();
        Side { uidvalidity: self.validity, next_uid: self.next, messages, ..Side::default() }
    }

    /// The new server after the first conversion.
    pub fn converted(theirs: &Side, reserved: u32, format: &UidlFormat) -> Server {
        let messages = theirs.messages.iter().map(|message| Message {
            guid: message.guid.clone(),
            uid: message.uid,
            stored: message.uidl.clone(),
            flags: message.flags,
            keywords: message.keywords.clone(),
        });
        Server {
            validity: theirs.uidvalidity,
            next: theirs.next_uid + reserved,
            format: format.clone(),
            opened: false,
            messages: messages.collect(),
            indexed: HashSet::new(),
            index_next: 1,
        }
    }

    /// The new server after a merge.
    pub fn merged(&self, theirs: &Side, merge: &FolderMerge) -> Server {
        let messages = merge.messages.iter().map(|merged| Message {
            guid: match (merged.ours, merged.theirs) {
                (Some(ours), _) => self.messages[ours].guid.clone(),
                (None, theirs_at) => theirs.messages[theirs_at.unwrap()].guid.clone(),
            },
            uid: merged.uid,
            stored: merged.uidl.clone(),
            flags: merged.flags,
            keywords: merged.keywords.clone(),
        });
        let messages = messages.collect();
        let (validity, next) = (merge.uidvalidity, merge.next_uid);
        Server { validity, next, messages, ..self.clone() }
    }

    pub fn guids(&self) -> BTreeSet<Vec<u8>> {
        self.messages.iter().map(|message| message.guid.clone()).collect()
    }

    pub fn by_guid(&self) -> BTreeMap<Vec<u8>, Message> {
        self.messages.iter().map(|message| (message.guid.clone(), message.clone())).collect()
    }
}

/// A backup of a server that lives lacks files that the list names.
pub fn lacks(theirs: &mut Side, which: Option<u8>) {
    let listed = theirs.messages.iter().enumerate().filter(|(_, message)| !message.uid_unseen);
    let listed: Vec<usize> = listed.map(|(at, _)| at).collect();
    let Some(which) = which.filter(|_| !listed.is_empty()) else { return };
    let message = theirs.messages.remove(listed[usize::from(which) % listed.len()]);
    theirs.unfiled.push((message.uid.unwrap(), message.guid));
}

pub fn before(theirs: &Side, reserved: u32, by_name: bool) -> Before {
    let unseen = theirs.messages.iter().filter(|message| message.uid_unseen).count();
    let listed = theirs.next_uid - u32::try_from(unseen).unwrap();
    let had = if by_name {
        Had::Messages(theirs.messages.clone())
    } else {
        Had::Below(theirs.unfiled.iter().map(|(uid, _)| *uid).fold(listed, u32::min))
    };
    let (uidvalidity, next_uid) = (theirs.uidvalidity, theirs.next_uid);
    Before { uidvalidity, next_uid, reserved, had }
}

pub fn rules(server: &Server, old_format: &UidlFormat) -> MergeRules {
    MergeRules {
        is_inbox: true,
        target_format: server.format.clone(),
        old_format: Some(old_format.clone()),
        absence_counts: true,
        opened: server.opened,
    }
}
