//! `sync`: a second backup merged into what was converted before, and the refusal to convert twice.

mod ended;
mod evidence;
mod histories;
mod home;
mod moves;
mod refused;
mod staged;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mail_model::dovecot::UidList;
use mail_model::maildir::base_name;
use plesk_fixture::{MailboxSpec, MemoryFile, PasswordSpec, Spec, SubscriptionSpec};

use crate::support::{Place, Run};

const VALIDITY: u32 = 1_700_000_000;

/// A folder of the old server.
#[derive(Clone, Default)]
pub(crate) struct OldFolder {
    pub(crate) next: u32,
    /// UID, base name, flags.
    pub(crate) messages: Vec<(u32, String, String)>,
}

/// The old server's mailbox: folders by directory, `""` for INBOX.
#[derive(Clone, Default)]
pub(crate) struct Old {
    pub(crate) folders: BTreeMap<String, OldFolder>,
    /// Copies within a folder, which have the GUID of the first message.
    pub(crate) copies: BTreeMap<u32, u32>,
}

pub(crate) fn base(number: u32) -> String {
    format!("{}.M{number}P1.old,S={}", VALIDITY + number, text(number).len())
}

pub(crate) fn text(number: u32) -> String {
    format!("From: a@example.net\nSubject: number {number}\n\n{}\n", "text ".repeat(20))
}

fn number_of(base: &str) -> u32 {
    let rest = base.split_once(".M").unwrap().1;
    rest.split_once('P').unwrap().0.parse().unwrap()
}

impl Old {
    /// A mailbox with an INBOX of these messages, all seen, and an empty folder.
    pub(crate) fn new(messages: std::ops::RangeInclusive<u32>) -> Old {
        let mut old = Old::default();
        for dir in ["", ".Work"] {
            old.folders.insert(dir.to_owned(), OldFolder { next: 1, messages: Vec::new() });
        }
        for number in messages {
            old.deliver("", number, "S");
        }
        old
    }

    pub(crate) fn deliver(&mut self, dir: &str, number: u32, flags: &str) {
        let folder = self.folders.get_mut(dir).unwrap();
        folder.messages.push((folder.next, base(number), flags.to_owned()));
        folder.next += 1;
    }

    pub(crate) fn delete(&mut self, dir: &str, number: u32) {
        let messages = &mut self.folders.get_mut(dir).unwrap().messages;
        messages.retain(|(_, name, _)| *name != base(number));
    }

    pub(crate) fn flag(&mut self, dir: &str, number: u32, flags: &str) {
        let messages = &mut self.folders.get_mut(dir).unwrap().messages;
        let message = messages.iter_mut().find(|(_, name, _)| *name == base(number)).unwrap();
        flags.clone_into(&mut message.2);
    }

    pub(crate) fn files(&self) -> Vec<MemoryFile> {
        let mut files = Vec::new();
        for (dir, folder) in &self.folders {
            let at: u32 = dir.bytes().map(u32::from).sum();
            let top = if dir.is_empty() { "Maildir".to_owned() } else { format!("Maildir/{dir}") };
            let mut list = format!("3 V{} N{}\n", VALIDITY + at, folder.next);
            for (uid, name, flags) in &folder.messages {
                let number = number_of(name);
                let time = i64::from(VALIDITY + number);
                let path = format!("{top}/cur/{name}:2,{flags}");
                files.push(MemoryFile::file(path, time, text(number)));
                let guid = self.copies.get(&number).map(|first| format!("G{} ", base(*first)));
                list.push_str(&format!("{uid} {}:{name}\n", guid.unwrap_or_default()));
            }
            files.push(MemoryFile::file(format!("{top}/dovecot-uidlist"), 1_700_009_000, list));
            let keywords = "0 $Label1\n1 Invoice\n";
            files.push(MemoryFile::file(
                format!("{top}/dovecot-keywords"),
                1_700_009_000,
                keywords,
            ));
        }
        files
    }

    pub(crate) fn spec(&self, stamp: &str) -> Spec {
        spec(self.files(), stamp)
    }
}

pub(crate) fn spec(files: Vec<MemoryFile>, stamp: &str) -> Spec {
    let mailbox = MailboxSpec::new("anna")
        .with_files(files)
        .with_password(PasswordSpec::plain("open sesame"));
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.hosting = plesk_fixture::Hosting::None;
    subscription.mailboxes.push(mailbox);
    Spec {
        level: plesk_fixture::Level::Subscription,
        stamp: stamp.to_owned(),
        subscriptions: vec![subscription],
        ..Spec::default()
    }
}

pub(crate) const FIRST: &str = "2401150001";
pub(crate) const SECOND: &str = "2401180001";

/// Converts the first backup, and unpacks the account as cPanel does.
pub(crate) fn restored(place: &Place, old: &Old, reserve: &str, server: &str) -> PathBuf {
    place.pack("one.tar", &old.spec(FIRST));
    let arguments = ["convert", "one.tar", "--output", "first", "--as", "dir"];
    let more = ["--reserve-uids", reserve, "--old-server", server];
    let run = place.run(&[&arguments[..], &more[..]].concat());
    // The account's own login has no password.
    assert_eq!(run.status, Some(3), "{}", run.stdout);
    let home = place.path("home");
    copy(&place.path("first/cpmove-examplecom/homedir"), &home);
    home.join("mail/example.com/anna")
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
            let time = entry.metadata().unwrap().modified().unwrap();
            std::fs::File::options()
                .append(true)
                .open(&target)
                .unwrap()
                .set_modified(time)
                .unwrap();
        }
    }
}

/// A mailbox on the new server: what came in there, what its owner did.
pub(crate) struct New<'a>(pub(crate) &'a Path);

impl New<'_> {
    fn folder(&self, dir: &str) -> PathBuf {
        self.0.join(dir)
    }

    pub(crate) fn list(&self, dir: &str) -> UidList {
        let bytes = std::fs::read(self.folder(dir).join("dovecot-uidlist")).unwrap();
        let (list, problems) = UidList::parse(&bytes).unwrap();
        assert_eq!(problems, []);
        list
    }

    pub(crate) fn open(&self, dir: &str) {
        std::fs::write(self.folder(dir).join("dovecot.index.log"), "log").unwrap();
    }

    pub(crate) fn receive(&self, dir: &str, number: u32) {
        self.open(dir);
        let name = base(number).replace("old", "new");
        std::fs::write(self.folder(dir).join("new").join(&name), text(number)).unwrap();
        let mut list = self.list(dir);
        let record = mail_model::dovecot::UidRecord {
            uid: list.next_uid,
            fields: vec![],
            base: name.into(),
        };
        list.records.push(record);
        list.next_uid += 1;
        std::fs::write(self.folder(dir).join("dovecot-uidlist"), list.to_bytes()).unwrap();
    }

    fn path_of(&self, dir: &str, number: u32) -> PathBuf {
        let folder = self.folder(dir);
        let inner = ["cur", "new"].map(|inner| std::fs::read_dir(folder.join(inner)).unwrap());
        let mut paths = inner.into_iter().flatten().map(|entry| entry.unwrap().path());
        let is = |path: &PathBuf| number_of(path.file_name().unwrap().to_str().unwrap()) == number;
        paths.find(is).unwrap()
    }

    pub(crate) fn delete(&self, dir: &str, number: u32) {
        self.open(dir);
        std::fs::remove_file(self.path_of(dir, number)).unwrap();
    }

    pub(crate) fn flag(&self, dir: &str, number: u32, flags: &str) {
        self.open(dir);
        let path = self.path_of(dir, number);
        let name = path.file_name().unwrap().to_str().unwrap().split(":2,").next().unwrap();
        let new = self.folder(dir).join("cur").join(format!("{name}:2,{flags}"));
        std::fs::rename(&path, new).unwrap();
    }

    /// What the folder has: for each message its UID, number, flags and UIDL.
    pub(crate) fn show(&self, dir: &str) -> String {
        let list = self.list(dir);
        let mut lines = vec![format!("V{} N{}", list.uidvalidity, list.next_uid)];
        let mut files: BTreeMap<Vec<u8>, (String, String)> = BTreeMap::new();
        for inner in ["cur", "new"] {
            for entry in std::fs::read_dir(self.folder(dir).join(inner)).unwrap() {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                let flags = name.split_once(":2,").map_or("", |(_, flags)| flags).to_owned();
                let content = std::fs::read_to_string(entry.path()).unwrap();
                assert_eq!(content, text(number_of(&name)));
                let base = base_name(name.as_bytes()).to_vec();
                let known = files.insert(base, (inner.to_owned(), flags));
                assert!(known.is_none(), "{name} twice");
            }
        }
        for record in &list.records {
            let Some((inner, flags)) = files.remove(&record.base) else { continue };
            let name = String::from_utf8(record.base.clone()).unwrap();
            let uidl = record.get(b'P').map_or("-".into(), String::from_utf8_lossy);
            lines.push(format!("{} {} {inner}:{flags} {uidl}", record.uid, number_of(&name)));
        }
        for (name, (inner, flags)) in files {
            let name = String::from_utf8(name).unwrap();
            lines.push(format!("- {} {inner}:{flags}", number_of(&name)));
        }
        lines.join("\n")
    }
}

/// Runs `sync` of the second backup with these arguments.
pub(crate) fn sync(place: &Place, server: &str, arguments: &[&str]) -> Run {
    let first = ["sync", "two.tar", "--old-server", server];
    place.run(&[&first[..], arguments].concat())
}

/// Both sides go on after the first backup. The mailbox on the new server.
pub(crate) fn both_went_on(place: &Place, reserve: &str, server: &str) -> PathBuf {
    let mut old = Old::new(1..=5);
    old.deliver(".Work", 21, "");
    let mailbox = restored(place, &old, reserve, server);
    old.deliver("", 6, "");
    old.deliver("", 7, "Fb");
    old.delete("", 2);
    old.flag("", 3, "RS");
    old.deliver(".Work", 22, "S");
    place.pack("two.tar", &old.spec(SECOND));
    let new = New(&mailbox);
    new.receive("", 11);
    new.delete("", 4);
    new.flag("", 3, "FS");
    new.flag("", 5, "");
    mailbox
}

/// Dovecot's own format, and cPanel's.
pub(crate) const OTHER: &str = "dovecot:%08Xu%08Xv";
pub(crate) const SAME: &str = "dovecot:UID%u-%v";
