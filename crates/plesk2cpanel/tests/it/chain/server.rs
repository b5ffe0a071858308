//! A mail server in memory, as far as its files go: which names stand in lists and when lists are
//! written anew, and what the index log says. Dovecot and Courier.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use plesk_fixture::MemoryFile;
use proptest::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Dovecot,
    Courier,
}

/// What happens; numbers choose among what there is.
#[derive(Clone, Debug)]
pub enum Event {
    /// The server's own delivery agent puts a message into `new/` and, with Dovecot, into the list.
    Deliver {
        folder: u8,
    },
    /// Another program puts a message into `new/` and tells nobody.
    Drop {
        folder: u8,
    },
    /// A mail program opens a folder.
    Open {
        folder: u8,
    },
    Flag {
        folder: u8,
        message: u8,
        flag: u8,
    },
    Expunge {
        folder: u8,
        message: u8,
    },
    Move {
        folder: u8,
        message: u8,
        to: u8,
    },
    Rename,
    Remake,
    Dump,
}

pub fn events() -> impl Strategy<Value = Vec<Event>> {
    let folder = || 0_u8..3;
    let event = prop_oneof![
        4 => folder().prop_map(|folder| Event::Deliver { folder }),
        2 => folder().prop_map(|folder| Event::Drop { folder }),
        4 => folder().prop_map(|folder| Event::Open { folder }),
        3 => (folder(), any::<u8>(), 0_u8..3)
            .prop_map(|(folder, message, flag)| Event::Flag { folder, message, flag }),
        4 => (folder(), any::<u8>())
            .prop_map(|(folder, message)| Event::Expunge { folder, message }),
        2 => (folder(), any::<u8>(), folder())
            .prop_map(|(folder, message, to)| Event::Move { folder, message, to }),
        1 => Just(Event::Rename),
        1 => Just(Event::Remake),
        4 => Just(Event::Dump),
    ];
    proptest::collection::vec(event, 5..60)
}

#[derive(Clone)]
struct Message {
    base: String,
    flags: BTreeSet<char>,
    is_new: bool,
    uid: Option<u32>,
    time: i64,
    text: String,
}

#[derive(Clone, Default)]
pub struct Folder {
    pub dir: String,
    pub guid: u32,
    validity: u32,
    next: u32,
    /// UID and base name, as the list has them; `None` before there is a list.
    pub list: Option<Vec<(u32, String)>>,
    list_time: i64,
    /// What the index log says is gone; `None` before there is an index.
    expunged: Option<Vec<u32>>,
    index_time: i64,
    messages: Vec<Message>,
}

pub struct Server {
    kind: Kind,
    pub folders: Vec<Folder>,
    deleted: Vec<u32>,
    deleted_time: i64,
    clock: i64,
}

/// A file of a snapshot, and the message that it is: GUID of its folder and base name.
pub type Snapshot = BTreeMap<String, (MemoryFile, Option<(u32, String)>)>;

impl Server {
    pub fn new(kind: Kind) -> Server {
        let (folders, deleted) = (Vec::new(), Vec::new());
        let mut server = Server { kind, folders, deleted, deleted_time: 0, clock: 1_700_000_000 };
        for dir in ["", ".A", ".B"] {
            let folder = server.make(dir);
            server.folders.push(folder);
        }
        server
    }

    fn tick(&mut self) -> i64 {
        self.clock += 1;
        self.clock
    }

    /// A new folder. Dovecot writes its list at once; that of INBOX when somebody comes.
    fn make(&mut self, dir: &str) -> Folder {
        let time = self.tick();
        let number = u32::try_from(time).unwrap();
        let is_listed = !dir.is_empty();
        Folder {
            dir: dir.to_owned(),
            guid: number,
            validity: number,
            next: 1,
            list: is_listed.then(Vec::new),
            list_time: time,
            expunged: is_listed.then(Vec::new),
            index_time: time,
            messages: Vec::new(),
        }
    }

    pub fn happen(&mut self, event: &Event) {
        let time = self.tick();
        let is_dovecot = self.kind == Kind::Dovecot;
        match *event {
            Event::Deliver { folder } => {
                self.deliver(usize::from(folder), time);
                if is_dovecot {
                    self.folders[usize::from(folder)].list_last(time);
                }
            }
            Event::Drop { folder } => self.deliver(usize::from(folder), time),
            Event::Open { folder } => self.folders[usize::from(folder)].open(time),
            Event::Flag { folder, message, flag } => {
                let folder = &mut self.folders[usize::from(folder)];
                folder.open(time);
                if let Some(at) = folder.pick(message) {
                    folder.messages[at].flags.insert(['F', 'R', 'S'][usize::from(flag)]);
                    // Dovecot notes it in its log.
                    folder.index_time = time;
                }
            }
            Event::Expunge { folder, message } => {
                let folder = &mut self.folders[usize::from(folder)];
                folder.open(time);
                if let Some(at) = folder.pick(message) {
                    folder.take(at, time, is_dovecot);
                }
            }
            Event::Move { folder, message, to } if folder != to => {
                let from = &mut self.folders[usize::from(folder)];
                from.open(time);
                let Some(at) = from.pick(message) else { return };
                let mut message = from.take(at, time, is_dovecot);
                if !is_dovecot {
                    message.base = format!("{time}.M1P2.host");
                }
                let to = &mut self.folders[usize::from(to)];
                to.messages.push(Message { uid: None, ..message });
                to.open(time);
            }
            // Courier's list tells of another folder only as long as it shares a message with it.
            Event::Rename if is_dovecot => {
                let folder = &mut self.folders[1];
                folder.dir = if folder.dir == ".A" { ".C".into() } else { ".A".into() };
            }
            Event::Remake => {
                let folder = self.make(".B");
                let old = std::mem::replace(&mut self.folders[2], folder);
                self.deleted.push(old.guid);
                self.deleted_time = time;
            }
            Event::Move { .. } | Event::Rename | Event::Dump => {}
        }
    }

    fn deliver(&mut self, folder: usize, time: i64) {
        self.folders[folder].messages.push(Message {
            base: format!("{time}.M1P1.host,S={}", 40 + time % 3),
            flags: BTreeSet::new(),
            is_new: true,
            uid: None,
            time,
            text: format!(
                "Subject: {time}\n\n{}\n",
                "x".repeat(usize::try_from(time % 50).unwrap())
            ),
        });
    }

    pub fn snapshot(&self) -> Snapshot {
        let mut files = Snapshot::new();
        let mut add = |path: String, time: i64, bytes: Vec<u8>, message| {
            let path = format!("Maildir/{path}");
            files.insert(path.clone(), (MemoryFile::file(path, time, bytes), message));
        };
        for folder in &self.folders {
            let prefix = match folder.dir.as_str() {
                "" => String::new(),
                dir => format!("{dir}/"),
            };
            if !folder.dir.is_empty() {
                add(format!("{prefix}maildirfolder"), i64::from(folder.guid), Vec::new(), None);
            }
            for message in &folder.messages {
                let flags: String = message.flags.iter().collect();
                let (place, suffix) = if message.is_new {
                    ("new", String::new())
                } else {
                    ("cur", format!(":2,{flags}"))
                };
                add(
                    format!("{prefix}{place}/{}{suffix}", message.base),
                    message.time,
                    message.text.clone().into_bytes(),
                    Some((folder.guid, message.base.clone())),
                );
            }
            let Some(list) = &folder.list else { continue };
            let (name, mut text, colon) = match self.kind {
                Kind::Dovecot => {
                    let (validity, next, guid) = (folder.validity, folder.next, folder.guid);
                    let head = format!("3 V{validity} N{next} G{guid:032x}\n");
                    ("dovecot-uidlist", head, ":")
                }
                Kind::Courier => {
                    let head = format!("1 {} {}\n", folder.validity, folder.next);
                    ("courierimapuiddb", head, "")
                }
            };
            for (uid, base) in list {
                text.push_str(&format!("{uid} {colon}{base}\n"));
            }
            add(format!("{prefix}{name}"), folder.list_time, text.into_bytes(), None);
            if let (Kind::Dovecot, Some(expunged)) = (self.kind, &folder.expunged) {
                let log = index_log(folder.validity, expunged);
                add(format!("{prefix}dovecot.index.log"), folder.index_time, log, None);
            }
        }
        if self.kind == Kind::Dovecot && !self.deleted.is_empty() {
            let records = self.deleted.iter().flat_map(|guid| {
                let mut record = vec![1, 0, 0, 0];
                record.extend(u128::from(*guid).to_be_bytes());
                record.extend([0; 4]);
                record
            });
            add("dovecot.mailbox.log".into(), self.deleted_time, records.collect(), None);
        }
        files
    }
}

impl Folder {
    /// A message in `cur/`.
    fn pick(&self, number: u8) -> Option<usize> {
        let listed: Vec<usize> =
            (0..self.messages.len()).filter(|at| self.messages[*at].uid.is_some()).collect();
        let listed: Vec<usize> =
            listed.into_iter().filter(|at| !self.messages[*at].is_new).collect();
        (!listed.is_empty()).then(|| listed[usize::from(number) % listed.len()])
    }

    fn give_uid(&mut self, at: usize) {
        let uid = self.next;
        self.next += 1;
        let message = &mut self.messages[at];
        message.uid = Some(uid);
        let list = self.list.get_or_insert_default();
        // A name that comes again is the new message's.
        list.retain(|(_, base)| *base != message.base);
        list.push((uid, message.base.clone()));
    }

    fn list_last(&mut self, time: i64) {
        self.give_uid(self.messages.len() - 1);
        (self.list_time, self.index_time) = (time, time);
        self.expunged.get_or_insert_default();
    }

    fn open(&mut self, time: i64) {
        let unlisted: Vec<usize> =
            (0..self.messages.len()).filter(|at| self.messages[*at].uid.is_none()).collect();
        if self.list.is_none() || !unlisted.is_empty() {
            self.list.get_or_insert_default();
            self.expunged.get_or_insert_default();
            (self.list_time, self.index_time) = (time, time);
        }
        for at in unlisted {
            self.give_uid(at);
        }
        for message in &mut self.messages {
            message.is_new = false;
        }
    }

    /// Takes a message out.
    fn take(&mut self, at: usize, time: i64, is_dovecot: bool) -> Message {
        let message = self.messages.remove(at);
        let there: HashSet<&String> = self.messages.iter().map(|message| &message.base).collect();
        let list = self.list.get_or_insert_default();
        let left = list.iter().filter(|(_, base)| there.contains(base)).count();
        if is_dovecot {
            self.expunged.get_or_insert_default().extend(message.uid);
            self.index_time = time;
            // Dovecot writes the list anew when a quarter of it is gone.
            if list.len() * 75 / 100 >= left {
                list.retain(|(_, base)| there.contains(base));
                self.list_time = time;
            }
        } else {
            list.retain(|(_, base)| there.contains(base));
            self.list_time = time;
        }
        message
    }
}

/// The records of a log that matter: UIDVALIDITY, and what was expunged.
fn index_log(validity: u32, expunged: &[u32]) -> Vec<u8> {
    let mut log = vec![1, 3, 40, 0];
    log.extend(validity.to_le_bytes());
    log.resize(32, 0);
    log.push(1);
    log.resize(40, 0);
    let mut record = |kind: u32, data: &[u8]| {
        let size = u32::try_from(8 + data.len()).unwrap() / 4;
        let digits = [21, 14, 7, 0].map(|shift| 0x80 | u8::try_from(size >> shift & 0x7f).unwrap());
        log.extend(digits);
        log.extend(kind.to_le_bytes());
        log.extend(data);
    };
    let mut update = vec![24, 0, 4, 0];
    update.extend(validity.to_le_bytes());
    record(0x1000_0020, &update);
    for uid in expunged {
        let mut data = uid.to_le_bytes().to_vec();
        data.resize(20, 0);
        record(0x1000_ed90, &data);
    }
    log
}
