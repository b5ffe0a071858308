//! Runs the program and shows what a user would see.

use std::path::{Path, PathBuf};
use std::process::Command;

use plesk_fixture::{MailboxSpec, MemoryFile, PasswordSpec, Spec, SubscriptionSpec, pack_tar};
use tempfile::TempDir;

/// A directory of the test's own.
pub struct Place {
    directory: TempDir,
}

impl Place {
    pub fn new() -> Place {
        Place { directory: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Packs a backup as an exported tar.
    pub fn pack(&self, name: &str, spec: &Spec) -> PathBuf {
        let path = self.path(name);
        pack_tar(spec, &path).unwrap();
        path
    }

    /// Runs the program in this directory; what came out, with the directory's name taken out.
    pub fn run(&self, arguments: &[&str]) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_plesk2cpanel"))
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .output()
            .unwrap();
        let plain = |bytes: &[u8]| {
            String::from_utf8(bytes.to_vec())
                .unwrap()
                .replace(&self.directory.path().display().to_string(), "[DIR]")
                .replace(env!("CARGO_PKG_VERSION"), "[VERSION]")
        };
        Run {
            arguments: arguments.join(" "),
            status: output.status.code(),
            stdout: plain(&output.stdout),
            stderr: plain(&output.stderr),
        }
    }

    pub fn entries(&self, name: &str) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.path(name))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub fn report(&self, output: &str) -> serde_json::Value {
        let bytes = std::fs::read(self.path(output).join("report.json")).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }
}

/// What one run did.
pub struct Run {
    arguments: String,
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// All that a user sees, for a snapshot.
    pub fn transcript(&self) -> String {
        let status = self.status.map_or_else(|| "a signal".to_owned(), |status| status.to_string());
        format!(
            "$ plesk2cpanel {}\nexit status: {status}\n----- stdout -----\n{}----- stderr -----\n{}",
            self.arguments, self.stdout, self.stderr
        )
    }
}

/// A backup of one subscription with one mailbox that a Dovecot served; its files from `files`.
pub fn one_mailbox(files: Vec<MemoryFile>) -> Spec {
    let mailbox = MailboxSpec::new("anna")
        .with_files(files)
        .with_password(PasswordSpec::plain("open sesame"));
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.hosting = plesk_fixture::Hosting::None;
    subscription.mailboxes.push(mailbox);
    Spec {
        level: plesk_fixture::Level::Subscription,
        subscriptions: vec![subscription],
        ..Spec::default()
    }
}

/// `count` messages in `cur/`, seen, with UIDs 1, 2, … in the list.
pub fn served_messages(count: u32) -> Vec<MemoryFile> {
    let mut list = format!("3 V1700000000 N{}\n", count + 1);
    let mut files = Vec::new();
    for number in 1..=count {
        let name = format!("{}.M1P1.old", 1_700_000_000 + number);
        let text = format!(
            "From: a@example.net\nSubject: number {number}\nMessage-ID: <{number}@example.net>\n\n{}\n",
            "text ".repeat(200)
        );
        files.push(MemoryFile::file(
            format!("Maildir/cur/{name}:2,S"),
            i64::from(1_700_000_000 + number),
            text,
        ));
        list.push_str(&format!("{number} :{name}\n"));
    }
    files.push(MemoryFile::file("Maildir/dovecot-uidlist", 1_700_000_900, list));
    files
}

/// Members of a gzipped tar, read by GNU tar: `tar tzf` and `tar xzOf`.
pub fn tar(arguments: &[&str], archive: &Path) -> Vec<u8> {
    let output = Command::new("tar")
        .args(arguments)
        .arg(archive)
        .env("LC_ALL", "C")
        .output()
        .expect("GNU tar is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
