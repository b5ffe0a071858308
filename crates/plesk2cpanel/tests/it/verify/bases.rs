//! Backups, what they are converted to, and copies of that to be changed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use plesk_fixture::{
    Level, MailboxSpec, MemoryFile, PasswordSpec, Spec, SubscriptionSpec, pack_directory,
};

use crate::rich::addresses::mailbox;
use crate::rich::rich;
use crate::support::{Place, Run};

/// Where `klara` lies.
pub const KLARA: &str = "homedir/mail/example.com/klara";

/// A backup and its conversion into a directory.
pub struct Base {
    place: Place,
    number: std::cell::Cell<u32>,
}

/// A copy of the conversion that may be changed.
pub struct Tree<'a> {
    base: &'a Base,
    /// Name in the test's directory of what `verify` is given.
    pub shown: String,
    root: PathBuf,
}

/// What `verify` found.
pub struct Found {
    pub status: Option<i32>,
    json: Option<serde_json::Value>,
    text: String,
}

/// With every setting, and a mailbox of every state.
pub fn everything() -> Spec {
    let mut spec = rich();
    spec.level = Level::Client;
    let subscription = &mut spec.subscriptions[0];
    subscription.owner = "john".into();
    subscription.limits.insert("disk_space".into(), 5 << 30);
    subscription.mailboxes.push(klara());
    subscription.mailboxes.push(MailboxSpec::new("idle"));
    spec
}

/// One of each kind: whatever is changed is looked for in all of it, so that less is quicker.
pub fn one_of_each() -> Spec {
    const MAILBOXES: [&str; 9] =
        ["anna", "bert", "forward", "group", "idle", "klara", "klaus", "off", "petra"];
    const SITES: [&str; 3] = ["addon.example", "remote.example", "shop.example.com"];
    let mut spec = everything();
    let subscription = &mut spec.subscriptions[0];
    subscription.mailboxes.retain(|mailbox| MAILBOXES.contains(&mailbox.name.as_str()));
    subscription.sites.retain(|site| SITES.contains(&site.name.as_str()));
    spec
}

/// A suspended subscription whose passwords the backup does not tell.
pub fn suspended() -> Base {
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.disabled_by = vec!["admin".into()];
    let hash = format!("$1$12345678${}", "e".repeat(22));
    let kept = mailbox("kept").with_password(PasswordSpec::new("encrypted", hash));
    let sealed = "$AES-128-CBC$AAECAwQFBgcICQoLDA0ODw==$QYE8ZOq+Gi0NB4hQ3Nb0+Q==";
    let sealed = mailbox("sealed").with_password(PasswordSpec::new("sym", sealed));
    subscription.mailboxes = vec![kept, sealed];
    let spec =
        Spec { level: Level::Subscription, subscriptions: vec![subscription], ..Spec::default() };
    let place = Place::new();
    let backup = place.path("backup.tar");
    pack_directory(&spec, &backup).unwrap();
    for entry in fs::read_dir(&backup).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "xml") {
            // Older dumps have no state of the webspace beside that of its domain.
            let text = fs::read_to_string(&path).unwrap();
            let (head, rest) = text.split_once("<webspace-status>").unwrap();
            let (_, tail) = rest.split_once("</webspace-status>").unwrap();
            fs::write(&path, [head, tail].concat()).unwrap();
        }
    }
    Base::of(place)
}

fn message(number: u32) -> String {
    format!("From: a@example.net\nSubject: number {number}\n\ntext of number {number}\n")
}

/// The base name of a message, with its size.
pub fn base_of(number: u32) -> String {
    format!("{}.M{number}P1.old,S={}", 1_700_000_100 + number, message(number).len())
}

/// A mailbox with flags, keywords, folders, an order of its own, and every field of a list.
fn klara() -> MailboxSpec {
    let file = |path: &str, number: u32| {
        MemoryFile::file(
            format!("Maildir/{path}").replace("BASE", &base_of(number)),
            i64::from(1_600_000_000 + number),
            message(number),
        )
    };
    let text =
        |path: &str, text: String| MemoryFile::file(format!("Maildir/{path}"), 1_700_000_900, text);
    let guid = "0123456789abcdef0123456789abcdef";
    let files = vec![
        file("cur/BASE:2,RSa", 1),
        file("cur/BASE:2,Fb", 2),
        file("new/BASE", 3),
        file("cur/BASE:2,S", 4),
        text("dovecot-keywords", "0 $Label1\n1 Invoice\n".to_owned()),
        text(
            "dovecot-uidlist",
            format!(
                "3 V1700000000 N30 G{guid}\n\
                 3 O2 Pfirst W99 :{}\n5 O1 Psecond G{guid} :{}\n9 O3 PUID9-1700000000 :{}\n12 O4 Pfourth :{}\n",
                base_of(1),
                base_of(2),
                base_of(3),
                base_of(4)
            ),
        ),
        text("subscriptions", "Work.2020\n&ANw-bung\n".to_owned()),
        file(".Work/cur/BASE:2,S", 5),
        text(".Work/dovecot-uidlist", format!("3 V1600000002 N8\n7 :{}\n", base_of(5))),
        file(".Work.2020/cur/BASE:2,S", 6),
        text(".Work.2020/dovecot-uidlist", format!("3 V1600000003 N8\n7 :{}\n", base_of(6))),
        file(".&ANw-bung/cur/BASE:2,S", 7),
        text(".&ANw-bung/dovecot-uidlist", format!("3 V1600000004 N8\n7 :{}\n", base_of(7))),
    ];
    MailboxSpec::new("klara").with_files(files).with_password(PasswordSpec::plain("klara's"))
}

impl Base {
    pub fn new(spec: &Spec) -> Base {
        let place = Place::new();
        place.pack("backup.tar", spec);
        Base::of(place)
    }

    fn of(place: Place) -> Base {
        let run = place.run(&["convert", "backup.tar", "--output", "out", "--as", "dir"]);
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        Base { place, number: std::cell::Cell::new(0) }
    }

    /// The archive as a file.
    pub fn convert(&self, form: &str) -> String {
        let run = self.run(&["convert", "backup.tar", "--output", form, "--as", form]);
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        format!("{form}/cpmove-exampleuser.{form}")
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        self.place.run(arguments)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.place.path(name)
    }

    /// A copy of a tar without a member.
    pub fn without_member(&self, archive: &str, path: &str) -> String {
        let bytes = fs::read(self.path(archive)).unwrap();
        let mut reader = tar::Archive::new(bytes.as_slice());
        let member = format!("cpmove-exampleuser/{path}");
        let mut entries = reader.entries().unwrap().map(|entry| entry.unwrap());
        let entry = entries.find(|entry| *entry.path_bytes() == *member.as_bytes()).unwrap();
        let end = entry.raw_file_position() + entry.size().next_multiple_of(512);
        let [start, end] =
            [entry.raw_header_position(), end].map(|at| usize::try_from(at).unwrap());
        self.tar([&bytes[..start], &bytes[end..]].concat())
    }

    fn tar(&self, bytes: Vec<u8>) -> String {
        let parent = self.directory();
        fs::create_dir(self.path(&parent)).unwrap();
        let changed = format!("{parent}/cpmove-exampleuser.tar");
        fs::write(self.path(&changed), bytes).unwrap();
        changed
    }

    /// A copy of a tar with one more member, without bytes.
    pub fn with_member(
        &self,
        archive: &str,
        path: &str,
        kind: tar::EntryType,
        change: impl FnOnce(&mut tar::Header),
    ) -> String {
        let mut bytes = fs::read(self.path(archive)).unwrap();
        while bytes.ends_with(&[0; 512]) {
            bytes.truncate(bytes.len() - 512);
        }
        let mut header = tar::Header::new_gnu();
        header.set_path(format!("cpmove-exampleuser/{path}")).unwrap();
        header.set_entry_type(kind);
        header.set_mode(0o700);
        header.set_size(0);
        header.set_mtime(0);
        change(&mut header);
        header.set_cksum();
        bytes.extend(header.as_bytes());
        bytes.resize(bytes.len() + 1024, 0);
        self.tar(bytes)
    }

    /// Looks at something in the test's directory.
    pub fn verify(&self, archive: &str) -> Found {
        let run = self.run(&["verify", "backup.tar", archive, "--json"]);
        let text = run.transcript();
        Found { status: run.status, json: serde_json::from_str(&run.stdout).ok(), text }
    }

    fn directory(&self) -> String {
        let number = self.number.get();
        self.number.set(number + 1);
        format!("changed-{number}")
    }

    /// A copy of the whole archive.
    pub fn copy(&self) -> Tree<'_> {
        let parent = self.directory();
        fs::create_dir(self.path(&parent)).unwrap();
        let shown = format!("{parent}/cpmove-exampleuser");
        let root = self.path(&shown);
        copy("--link", &self.path("out/cpmove-exampleuser"), &root);
        Tree { base: self, shown, root }
    }

    /// A copy of the home alone, as it lies after a restore.
    pub fn copy_home(&self) -> Tree<'_> {
        let shown = self.directory();
        let home = self.path("out/cpmove-exampleuser/homedir");
        copy("--link", &home, &self.path(&shown).join("exampleuser"));
        let root = self.path(&shown);
        symlink("exampleuser", root.join("homedir")).unwrap();
        Tree { base: self, shown: format!("{shown}/exampleuser"), root }
    }
}

/// With all times; by links, since what is changed is written anew.
fn copy(how: &str, from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    let status = Command::new("cp").args(["-a", how]).arg(from).arg(to).status().unwrap();
    assert!(status.success());
}

impl Drop for Tree<'_> {
    fn drop(&mut self) {
        // What can't be removed now goes with the test's directory.
        let _ = fs::remove_dir_all(self.base.path(&self.shown));
    }
}

impl Tree<'_> {
    pub fn verify(&self) -> Found {
        self.base.verify(&self.shown)
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Puts one text in place of another, which must be there, and leaves the time as it was.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no `{from}`: {text}");
        self.write(path, &text.replacen(from, to, 1));
    }

    /// Takes out a whole line that begins like this.
    pub fn without_line(&self, path: &str, start: &str) {
        let text = self.read(path);
        let kept: String =
            text.split_inclusive('\n').filter(|line| !line.starts_with(start)).collect();
        assert_ne!(kept, text, "{path} has no line `{start}`");
        self.write(path, &kept);
    }

    pub fn append(&self, path: &str, more: &str) {
        self.write(path, &(self.read(path) + more));
    }

    /// Writes a file; one that is there keeps its time.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        let time = fs::metadata(&path).ok().map(|found| found.modified().unwrap());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if time.is_some() {
            fs::remove_file(&path).unwrap();
        }
        fs::write(&path, text).unwrap();
        if let Some(time) = time {
            set_time(&path, time);
        }
    }

    pub fn set_time(&self, path: &str, epoch: u64) {
        self.write(path, &self.read(path));
        set_time(&self.path(path), SystemTime::UNIX_EPOCH + Duration::from_secs(epoch));
    }

    pub fn remove(&self, path: &str) {
        let path = self.path(path);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
    }

    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    pub fn copy(&self, from: &str, to: &str) {
        copy("--no-clobber", &self.path(from), &self.path(to));
    }

    pub fn directory(&self, path: &str) {
        fs::create_dir_all(self.path(path)).unwrap();
    }

    pub fn maildir(&self, path: &str) {
        for place in ["cur", "new", "tmp"] {
            fs::create_dir_all(self.path(path).join(place)).unwrap();
        }
    }

    pub fn link(&self, path: &str, target: &str) {
        symlink(target, self.path(path)).unwrap();
    }
}

fn set_time(path: &Path, time: SystemTime) {
    File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
}

impl Found {
    pub fn shown(&self) -> &str {
        &self.text
    }

    pub fn json(&self) -> &serde_json::Value {
        self.json.as_ref().unwrap_or_else(|| panic!("no JSON: {}", self.text))
    }

    fn groups(&self, of: &str) -> BTreeMap<String, Vec<String>> {
        self.json()[of]
            .as_object()
            .unwrap()
            .iter()
            .map(|(class, group)| {
                let lines = group["first"].as_array().unwrap().iter();
                let text =
                    |item: &serde_json::Value, key: &str| item[key].as_str().unwrap().to_owned();
                let lines = lines.map(|item| text(item, "object") + ": " + &text(item, "text"));
                (class.clone(), lines.collect())
            })
            .collect()
    }

    pub fn classes(&self) -> Vec<String> {
        self.groups("differences").into_keys().collect()
    }

    /// Differences of a class.
    pub fn of(&self, class: &str) -> Vec<String> {
        self.groups("differences").remove(class).unwrap_or_default()
    }

    /// Changes of a server in use.
    pub fn changes(&self) -> BTreeMap<String, Vec<String>> {
        self.groups("changes")
    }
}
