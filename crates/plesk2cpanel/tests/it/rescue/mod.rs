//! Homes that were moved by a plain copy, and what `rescue` makes of them.

mod copies;
mod plain;
mod recorded;
mod refused;
mod visits;
mod writing;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use plesk_fixture::MemoryFile;
use serde_json::Value;

use crate::support::{Place, Run, one_mailbox, served_messages};

/// Where anna's mailbox lies.
const ANNA: &str = "home/mail/example.com/anna";
/// [`age`] makes all files older than this.
const LATER: &str = "@1700002000";
/// The old server's UIDLs: `%08Xu%08Xv` with UIDVALIDITY 1700000000.
fn old_uidl(uid: u32) -> String {
    format!("{uid:08x}6553f100")
}

/// A backup of anna's mailbox, and the home that it was copied to.
pub struct Moved {
    pub place: Place,
}

impl Moved {
    /// With five messages, copied as they are.
    pub fn new() -> Moved {
        Moved::of(served_messages(5))
    }

    pub fn of(files: Vec<MemoryFile>) -> Moved {
        let moved = Moved { place: Place::new() };
        moved.place.pack("backup.tar", &one_mailbox(files));
        moved.copy_as_it_is();
        moved
    }

    fn copy_as_it_is(&self) {
        let script = r#"
set -eu
mkdir -p in home/mail/example.com
tar xf backup.tar -C in
for archive in $(find in -name 'backup_domainmail*'); do tar xf "$archive" -C in; done
cp -a "$(find in -name Maildir | head -n 1)" home/mail/example.com/anna
mkdir -p home/mail/example.com/anna/new home/mail/example.com/anna/cur
"#;
        let status = std::process::Command::new("bash")
            .args(["-c", script])
            .current_dir(self.place.path(""))
            .status();
        assert!(status.unwrap().success());
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.place.path(&format!("{ANNA}/{name}"))
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn list(&self) -> String {
        self.read("dovecot-uidlist")
    }

    pub fn names(&self, directory: &str) -> Vec<String> {
        self.place.entries(&format!("{ANNA}/{directory}"))
    }

    /// Puts another list there, as the new server made it: UIDs from 101 on.
    pub fn renumber(&self) {
        let mut names: Vec<String> = [self.names("cur"), self.names("new")].concat();
        names.sort();
        let mut list = format!("3 V1800000000 N{} G{}\n", 101 + names.len(), "ab".repeat(16));
        for (uid, name) in (101..).zip(&names) {
            list.push_str(&format!("{uid} W9 :{}\n", name.split(':').next().unwrap()));
        }
        self.write("dovecot-uidlist", list);
    }

    /// Runs it over files of which none changed lately.
    pub fn run(&self, arguments: &[&str]) -> Run {
        age(&self.place.path("home"));
        let all = ["rescue", "backup.tar", "home", "--old-server", "dovecot:%08Xu%08Xv"];
        self.place.run(&[&all[..], arguments].concat())
    }

    /// Runs it, expects the status, and gives anna's part of the report.
    pub fn report(&self, status: i32, arguments: &[&str]) -> Value {
        let run = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(run.status, Some(status), "{}", run.transcript());
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        report["mailboxes"][0].clone()
    }
}

/// As if no client had changed anything since the move.
fn age(directory: &Path) {
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_001_001);
    for entry in std::fs::read_dir(directory).into_iter().flatten() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let is_directory = entry.file_type().unwrap().is_dir();
        if is_directory {
            age(&entry.path());
        }
        if is_directory || name.starts_with("dovecot.index") {
            std::fs::File::open(entry.path()).unwrap().set_modified(old).unwrap();
        }
    }
}

/// Codes of the findings, but for the one that `--trust-files` brings.
fn codes(mailbox: &Value) -> Vec<&str> {
    let findings = mailbox["findings"].as_array().unwrap();
    let codes = findings.iter().map(|finding| finding["code"].as_str().unwrap());
    codes.filter(|code| *code != "rescue-visits-assumed").collect()
}
