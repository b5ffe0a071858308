//! Several dumps in one tree: which one each subscription is taken from, and what an increment needs.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod chains;
mod choice;
mod damaged;
mod names;

use std::fs;
use std::path::Path;

use plesk_backup::{
    Backup, DescribeError, DescribeOptions, Description, DumpLevel, Problem, Stamp, printable,
};
use plesk_fixture::{
    Compression, Generation, Hosting, Level, MailLayout, MailboxSpec, MemoryFile, Root, SiteSpec,
    Spec, SubscriptionSpec, pack_directory, pack_dumps_directory,
};

/// A subscription with one mailbox that got a message with each of `stamps`.
fn subscription(name: &str, stamps: &[&str]) -> SubscriptionSpec {
    let message =
        |stamp: &&str| MemoryFile::file(format!("Maildir/cur/{stamp}.h:2,"), 1, "A: b\n\nc\n");
    let mut subscription = SubscriptionSpec::new(name);
    subscription.guid = Some(format!("guid-{name}"));
    subscription.hosting = Hosting::None;
    let files = stamps.iter().map(message).collect();
    subscription.mailboxes.push(MailboxSpec::new("info").with_files(files));
    subscription
}

/// A dump of the server.
fn server(stamp: &str, base: Option<&str>, subscriptions: Vec<SubscriptionSpec>) -> Spec {
    Spec {
        stamp: stamp.to_owned(),
        base_stamp: base.map(str::to_owned),
        subscriptions,
        ..Spec::default()
    }
}

/// A dump of one subscription, in the server's repository.
fn alone(stamp: &str, base: Option<&str>, of: SubscriptionSpec) -> Spec {
    Spec { level: Level::Subscription, root: Root::Repository, ..server(stamp, base, vec![of]) }
}

/// A full dump and two increments of two subscriptions.
fn chain() -> Vec<Spec> {
    let both =
        |stamps: &[&str]| vec![subscription("a.test", stamps), subscription("b.test", stamps)];
    vec![
        server(FULL, None, both(&["1"])),
        server(FIRST, Some(FULL), both(&["1", "2"])),
        server(SECOND, Some(FULL), both(&["1", "2", "3"])),
    ]
}

const FULL: &str = "2401010000";
const FIRST: &str = "2401020000";
const SECOND: &str = "2401030000";

struct Packed {
    directory: tempfile::TempDir,
}

impl Packed {
    fn new(specs: &[Spec]) -> Packed {
        let directory = tempfile::tempdir().unwrap();
        pack_dumps_directory(specs, directory.path()).unwrap();
        Packed { directory }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Removes all files whose path holds one of the words, as when they were never copied.
    fn without(self, words: &[&str]) -> Packed {
        let mut pending = vec![self.path().to_owned()];
        while let Some(directory) = pending.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let entry = entry.unwrap();
                let path = entry.path();
                let inside = path.strip_prefix(self.path()).unwrap().to_str().unwrap().to_owned();
                if entry.file_type().unwrap().is_dir() {
                    pending.push(path);
                } else if words.iter().any(|word| inside.contains(word)) {
                    fs::remove_file(path).unwrap();
                }
            }
        }
        self
    }

    fn describe(&self) -> Description {
        Backup::open(self.path()).unwrap().describe().unwrap()
    }

    fn describe_dump(&self, stamp: &str) -> Result<Description, DescribeError> {
        let options = DescribeOptions { dump: Stamp::parse(stamp) };
        Backup::open(self.path()).unwrap().describe_with(&options)
    }
}

fn problems(description: &Description) -> Vec<String> {
    description.problems.iter().map(ToString::to_string).collect()
}

fn texts(stamps: &[Stamp]) -> Vec<&str> {
    stamps.iter().map(Stamp::as_str).collect()
}

/// Main domain, stamp of the chosen dump, and stamps of the earlier archives of its mail that are
/// needed.
fn chosen(description: &Description) -> Vec<(&str, &str, Vec<&str>)> {
    description
        .subscriptions
        .iter()
        .map(|subscription| {
            let earlier = subscription.domain.mail.iter().flat_map(|mail| &mail.earlier);
            (
                subscription.domain.ascii_name.as_str(),
                subscription.dump.as_ref().map_or("", Stamp::as_str),
                earlier.filter(|it| it.needed).map(|it| it.stamp.as_str()).collect(),
            )
        })
        .collect()
}
