//! Random lives of a mailbox, dumped now and then: a chain of increments gives the same account as
//! one full dump of the end.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use plesk_fixture::{
    Hosting, Level, MailboxSpec, PasswordSpec, Spec, SubscriptionSpec, pack_dumps_directory,
    pack_dumps_tar,
};
use plesk2cpanel::{Interrupt, Job, ReadOptions, Silent, WriteOptions};
use proptest::prelude::*;

use super::server::{Event, Kind, Server, Snapshot, events};
use super::{Stored, chain_codes, members};
use crate::support::Place;

/// A mailbox that lived, and what it was at each dump.
struct Life {
    kind: Kind,
    snapshots: Vec<Snapshot>,
    /// The directory of each folder by its GUID, at each dump.
    directories: Vec<BTreeMap<u32, String>>,
    /// Names that stood in a list when a dump was made, by the GUID of the folder.
    listed: HashSet<(u32, String)>,
}

const MOST_DUMPS: usize = 6;

fn live(kind: Kind, events: &[Event]) -> Life {
    let mut server = Server::new(kind);
    let mut life =
        Life { kind, snapshots: Vec::new(), directories: Vec::new(), listed: HashSet::new() };
    let mut dump = |server: &Server| {
        life.snapshots.push(server.snapshot());
        let directories = server.folders.iter().map(|folder| (folder.guid, folder.dir.clone()));
        life.directories.push(directories.collect());
        for folder in &server.folders {
            let names = folder.list.iter().flatten();
            life.listed.extend(names.map(|(_, base)| (folder.guid, base.clone())));
        }
    };
    let mut dumps = 0;
    for event in events {
        server.happen(event);
        if matches!(event, Event::Dump) && dumps < MOST_DUMPS {
            dump(&server);
            dumps += 1;
        }
    }
    dump(&server);
    life
}

impl Life {
    fn spec(&self, at: usize, base: Option<&str>) -> Spec {
        let files = self.snapshots[at].values().map(|(file, _)| file.clone()).collect();
        let mailbox = MailboxSpec::new("anna")
            .with_files(files)
            .with_password(PasswordSpec::plain("open sesame"));
        let mut subscription = SubscriptionSpec::new("example.com");
        subscription.hosting = Hosting::None;
        subscription.mailboxes.push(mailbox);
        Spec {
            level: Level::Subscription,
            stamp: format!("24011500{at:02}"),
            base_stamp: base.map(str::to_owned),
            components: vec![
                if self.kind == Kind::Dovecot { "dovecot" } else { "courier-imap" }.into(),
            ],
            subscriptions: vec![subscription],
            ..Spec::default()
        }
    }

    fn chain(&self) -> Vec<Spec> {
        let first = self.spec(0, None);
        let base = first.stamp.clone();
        let rest = (1..self.snapshots.len()).map(|at| self.spec(at, Some(&base)));
        std::iter::once(first).chain(rest).collect()
    }

    /// Messages of earlier dumps that are gone at the end and never stood in a list that was dumped:
    /// nothing in the backup tells what became of them, unless their folder was packed anew under
    /// another name since, or the dump that holds them is not needed for anything that is left.
    /// Courier's lists have all that lies in a folder.
    fn untold(&self) -> usize {
        if self.kind == Kind::Courier {
            return 0;
        }
        let last = self.snapshots.len() - 1;
        let there: HashSet<&(u32, String)> = messages(&self.snapshots[last]).collect();
        let needed: BTreeSet<usize> =
            self.snapshots[last].keys().map(|path| self.packed_in(path, last)).chain([0]).collect();
        let mut seen: HashMap<&(u32, String), (usize, usize)> = HashMap::new();
        for (at, snapshot) in self.snapshots.iter().enumerate() {
            for (path, (_, message)) in snapshot {
                if let Some(message) = message {
                    seen.insert(message, (at, self.packed_in(path, at)));
                }
            }
        }
        let is_untold = |(message, (at, packed)): &(&(u32, String), (usize, usize))| {
            let directory = |dump: usize| self.directories[dump].get(&message.0);
            needed.contains(packed)
                && directory(last).is_some()
                && (*at..last).all(|dump| directory(dump) == directory(dump + 1))
                && !there.contains(message)
                && !self.listed.contains(*message)
        };
        seen.into_iter().filter(is_untold).count()
    }
}

fn messages(snapshot: &Snapshot) -> impl Iterator<Item = &(u32, String)> {
    snapshot.values().filter_map(|(_, message)| message.as_ref())
}

impl Life {
    /// The dump that holds the file which a path is in the dump `at`.
    fn packed_in(&self, path: &str, at: usize) -> usize {
        let file = |dump: usize| {
            self.snapshots[dump].get(path).map(|(file, _)| (file.mtime, format!("{:?}", file.kind)))
        };
        (1..=at).rev().find(|dump| file(*dump) != file(*dump - 1)).unwrap_or(0)
    }
}

/// Converts, and returns the archive's members and the report.
fn convert(place: &Place, backup: &str) -> (BTreeMap<String, Stored>, serde_json::Value) {
    let output = place.path(&format!("{backup}-out"));
    let job = Job::open(&place.path(backup), ReadOptions::default()).unwrap();
    let options = WriteOptions {
        output: output.clone(),
        form: cpmove::Form::Tar,
        reserve_uids: 0,
        jobs: 1,
        force: false,
    };
    let report = job.convert(&options, &Silent, &Interrupt::default()).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    assert!(report["accounts"][0]["error"].is_null(), "{report}");
    (members(&output.join("cpmove-examplecom.tar")), report)
}

/// Texts of all messages, with their directories.
fn texts(members: &BTreeMap<String, Stored>) -> BTreeSet<(String, String)> {
    let is_message = |path: &&String| {
        path.contains("/mail/") && (path.contains("/cur/1") || path.contains("/new/1"))
    };
    let paths = members.keys().filter(is_message);
    paths
        .map(|path| {
            let (above, _) = path.rsplit_once('/').unwrap();
            let (directory, _) = above.rsplit_once('/').unwrap();
            (directory.to_owned(), String::from_utf8(members[path].bytes.clone()).unwrap())
        })
        .collect()
}

fn check(kind: Kind, events: &[Event]) -> Result<(), TestCaseError> {
    let life = live(kind, events);
    let place = Place::new();
    let chain = life.chain();
    pack_dumps_tar(&chain, &place.path("chain")).unwrap();
    let full = life.spec(life.snapshots.len() - 1, None);
    plesk_fixture::pack_tar(&full, &place.path("full")).unwrap();
    let (full, _) = convert(&place, "full");
    let (found, report) = convert(&place, "chain");
    let uncertain = chain_codes(&report).contains("maybe-deleted-in-chain");
    if life.untold() == 0 {
        let names = |of: &BTreeMap<String, Stored>, other: &BTreeMap<String, Stored>| {
            of.keys().filter(|path| !other.contains_key(*path)).cloned().collect::<Vec<String>>()
        };
        prop_assert_eq!(names(&full, &found), [""; 0], "lost");
        prop_assert_eq!(names(&found, &full), [""; 0], "come back");
        for (path, stored) in &full {
            prop_assert_eq!(&found[path], stored, "{}", path);
        }
    } else {
        prop_assert!(uncertain, "{:?}", super::findings(&report));
        let (found, full) = (texts(&found), texts(&full));
        prop_assert!(full.is_subset(&found));
        prop_assert_eq!(found.len(), full.len() + life.untold());
    }
    Ok(())
}

/// A dump in the middle is missing: nothing is lost that another dump holds.
fn check_gap(kind: Kind, events: &[Event], missing: usize) -> Result<(), TestCaseError> {
    let life = live(kind, events);
    let count = life.snapshots.len();
    prop_assume!(count > 2);
    let missing = 1 + missing % (count - 2);
    let place = Place::new();
    pack_dumps_directory(&life.chain(), &place.path("chain")).unwrap();
    let stamp = format!("2401150000_24011500{missing:02}");
    for entry in std::fs::read_dir(place.path("chain")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && path.to_str().unwrap().contains(&stamp) {
            std::fs::remove_file(path).unwrap();
        }
    }
    let (found, report) = convert(&place, "chain");
    // Where nothing of that dump was needed, nothing is missing.
    let has_gap = chain_codes(&report).contains("chain-gap");
    let found = texts(&found);
    let last = life.snapshots.last().unwrap();
    for (file, message) in last.values() {
        let Some(message) = message else { continue };
        let is_at_hand = (0..count).filter(|at| *at != missing || !has_gap).any(|at| {
            let mut here = life.snapshots[at].iter();
            here.any(|(path, (_, it))| {
                it.as_ref() == Some(message) && life.packed_in(path, at) == at
            })
        });
        if let (true, plesk_fixture::MemoryKind::File(text)) = (is_at_hand, &file.kind) {
            let text = String::from_utf8(text.clone()).unwrap();
            let is_there = found.iter().any(|(_, found)| *found == text);
            prop_assert!(is_there, "{:?} is lost", message);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn dovecot_as_one_full_dump(events in events()) {
        check(Kind::Dovecot, &events)?;
    }

    #[test]
    fn courier_as_one_full_dump(events in events()) {
        check(Kind::Courier, &events)?;
    }

    #[test]
    fn a_missing_dump_costs_only_what_it_alone_holds(
        events in events(),
        missing in any::<usize>(),
        courier in any::<bool>(),
    ) {
        check_gap(if courier { Kind::Courier } else { Kind::Dovecot }, &events, missing)?;
    }
}
