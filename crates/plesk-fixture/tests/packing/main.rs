//! Checks with other programs' eyes that what is packed is what was meant: GNU tar, zstd, gzip and
//! Python's XML and mail parsers. A program that is missing fails the tests.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod command_line;
mod corruption;
mod dumps;
mod forms;
mod levels;
mod metadata;
mod psadump;
mod synthetic;
mod trees;
mod zips;

use std::path::{Path, PathBuf};
use std::process::Command;

use plesk_fixture::{MailboxSpec, MemoryFile, Spec, SubscriptionSpec, pack_directory};

/// Runs a program and gives back what it printed; it must succeed.
fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .output()
        .unwrap_or_else(|error| panic!("{program} cannot be run: {error}"));
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {complaints}");
    String::from_utf8(output.stdout).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Names of the members as GNU tar shows them.
fn listing(archive: &Path) -> Vec<String> {
    run("tar", &["-t", "-f", text(archive)]).lines().map(str::to_owned).collect()
}

/// Unpacks with GNU tar, which tells the compression itself.
fn unpack(archive: &Path, directory: &Path) {
    std::fs::create_dir_all(directory).unwrap();
    run("tar", &["-x", "-f", text(archive), "-C", text(directory)]);
}

/// A backup of one subscription, `example.com`, with one mailbox.
fn one_mailbox(mailbox: MailboxSpec) -> Spec {
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.mailboxes.push(mailbox);
    Spec { subscriptions: vec![subscription], ..Spec::default() }
}

/// Packs one mailbox and gives back the path of its domain's mail archive.
fn mail_archive(mailbox: MailboxSpec, directory: &Path) -> PathBuf {
    pack_directory(&one_mailbox(mailbox), directory).unwrap();
    directory.join("domains/example.com/backup_domainmail_2401151030.tzst")
}

fn message(name: &str) -> MemoryFile {
    MemoryFile::file(format!("Maildir/{name}"), 1_705_310_001, "Subject: x\n\ny\n")
}
