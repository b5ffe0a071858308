//! Chains of real servers: a full dump and two increments, with what the server answered at the end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{Folder, chain_codes, findings, mailboxes, members};
use crate::support::{Place, Run};

const FULL: &str = "2411230100";
const FIRST: &str = "2411240100";
const SECOND: &str = "2411250100";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/recorded").join(name)
}

fn truth(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(fixture(name).join("truth.json")).unwrap()).unwrap()
}

struct Chain {
    place: Place,
    truth: Value,
}

impl Chain {
    /// The export as a tree, as it lies in a server's repository.
    fn unpacked(name: &str) -> Chain {
        let place = Place::new();
        std::fs::create_dir(place.path("tree")).unwrap();
        let status = Command::new("tar")
            .args(["-xf", fixture(name).join("backup.tar").to_str().unwrap(), "-C"])
            .arg(place.path("tree"))
            .status()
            .unwrap();
        assert!(status.success());
        Chain { place, truth: truth(name) }
    }

    /// Removes the files of a dump, as when they were never copied.
    fn without(&self, dump: &str) {
        let output = Command::new("find")
            .arg(self.place.path("tree"))
            .args(["-type", "f", "-path", &format!("*{dump}*"), "-print", "-delete"])
            .output()
            .unwrap();
        assert!(!output.stdout.is_empty(), "there is no dump {dump}");
    }

    fn convert(&self, backup: &str, more: &[&str]) -> Run {
        let option = self.truth["server"]["option"].as_str().unwrap();
        let mut arguments = vec!["convert", backup, "--output", "out", "--old-server", option];
        arguments.extend(more);
        // Another dump of mailboxes that a report there names would be refused.
        let _ = std::fs::remove_dir_all(self.place.path("out"));
        let run = self.place.run(&arguments);
        assert!(matches!(run.status, Some(0 | 3)), "{}", run.transcript());
        run
    }

    fn result(&self) -> BTreeMap<String, BTreeMap<String, Folder>> {
        mailboxes(&members(&self.place.path("out/cpmove-exampleuser.tar.gz")))
    }

    fn report(&self) -> Value {
        self.place.report("out")
    }

    /// The messages that a server had, by address.
    fn addresses(&self) -> impl Iterator<Item = (&str, &Value)> {
        let all = self.truth["mailboxes"].as_object().unwrap();
        all.iter().map(|(address, truth)| (address.as_str(), truth))
    }
}

/// SHA-256 and modification second of each message, once for each time that it is there.
type Files = Vec<(String, u64)>;

fn files_of(truth: &Value) -> Files {
    let mut files = Files::new();
    for file in truth.as_array().unwrap() {
        let (sha, second) = (file[0].as_str().unwrap(), file[1].as_u64().unwrap());
        for _ in 0..file[2].as_u64().unwrap() {
            files.push((sha.to_owned(), second));
        }
    }
    files.sort();
    files
}

fn files_in(folders: &BTreeMap<String, Folder>) -> Files {
    let messages = folders.values().flat_map(|folder| &folder.messages);
    let mut files: Files =
        messages.map(|message| (message.sha256.clone(), message.mtime)).collect();
    files.sort();
    files
}

/// Every number, flag and name as the server had it. `left` are folders that stay although they
/// were deleted, because nothing in the backup tells of it.
fn assert_as_served(
    truth: &Value,
    address: &str,
    folders: &BTreeMap<String, Folder>,
    left: &[&str],
) {
    if let Some(pop3) = truth["pop3"].as_array() {
        let known: Vec<&str> = pop3.iter().map(|it| it["uidl"].as_str().unwrap()).collect();
        assert_eq!(folders["INBOX"].pop3, known, "{address}");
        for it in pop3 {
            let uidl = it["uidl"].as_str().unwrap();
            let message =
                folders["INBOX"].messages.iter().find(|message| message.uidl == uidl).unwrap();
            assert_eq!(message.digest, it["digest"].as_str().unwrap(), "{address} {uidl}");
        }
    }
    let Some(known) = truth["imap"]["folders"].as_object() else { return };
    let names: Vec<&String> =
        folders.keys().filter(|name| !left.contains(&name.as_str())).collect();
    let mut known_names: Vec<&String> = known.keys().collect();
    known_names.sort();
    assert_eq!(names, known_names, "{address}");
    for (name, served) in known {
        let folder = &folders[name];
        assert_eq!(u64::from(folder.uidvalidity), served["uidvalidity"], "{address} {name}");
        assert_eq!(u64::from(folder.next_uid), served["uidnext"], "{address} {name}");
        let served = served["messages"].as_array().unwrap();
        let uids: Vec<u64> =
            served.iter().map(|message| message["uid"].as_u64().unwrap()).collect();
        let found: Vec<u64> =
            folder.messages.iter().map(|message| u64::from(message.uid)).collect();
        assert_eq!(found, uids, "{address} {name}");
        for (message, served) in folder.messages.iter().zip(served) {
            let flags: Vec<&str> = served["flags"]
                .as_array()
                .unwrap()
                .iter()
                .map(|flag| flag.as_str().unwrap())
                .collect();
            assert_eq!(message.flags, flags, "{address} {name} {}", message.uid);
            assert_eq!(message.mtime, served["date"], "{address} {name} {}", message.uid);
            assert_eq!(message.digest, served["digest"], "{address} {name} {}", message.uid);
        }
    }
}

#[test]
fn dovecot() {
    let chain = Chain::unpacked("chain-dovecot");
    chain.convert("tree", &[]);
    let result = chain.result();
    for (address, truth) in chain.addresses() {
        assert_as_served(truth, address, &result[address], &[]);
        assert_eq!(files_in(&result[address]), files_of(&truth["files"]), "{address}");
    }
    let report = chain.report();
    let codes = chain_codes(&report);
    assert!(codes.contains("deleted-in-chain"), "{codes:?}");
    assert!(!codes.contains("maybe-deleted-in-chain") && !codes.contains("chain-gap"), "{codes:?}");
    let of_alice: Vec<String> = findings(&report)
        .into_iter()
        .filter(|(code, object, _)| code == "deleted-in-chain" && object == "alice@example.com")
        .map(|(.., text)| text)
        .collect();
    assert!(
        of_alice[0].ends_with(
            "folders: `.Work` became `.Projects`, `.Lists` was deleted and made again, `.Old` was \
             deleted"
        ),
        "{of_alice:?}"
    );
}

#[test]
fn courier() {
    let chain = Chain::unpacked("chain-courier");
    let backup = fixture("chain-courier").join("backup.tar").canonicalize().unwrap();
    chain.convert(backup.to_str().unwrap(), &[]);
    let result = chain.result();
    for (address, truth) in chain.addresses() {
        // Courier leaves nothing behind that tells of a deleted folder.
        let left = chain.truth["left"][address].as_array();
        let left: Vec<&str> = left.into_iter().flatten().map(|it| it.as_str().unwrap()).collect();
        assert_as_served(truth, address, &result[address], &left);
        let mut folders = result[address].clone();
        let old = folders.remove("Old");
        assert_eq!(old.map_or(0, |old| old.messages.len()), 3 * left.len(), "{address}");
        assert_eq!(files_in(&folders), files_of(&truth["files"]), "{address}");
    }
    let codes = chain_codes(&chain.report());
    assert!(codes.contains("deleted-in-chain"), "{codes:?}");
    assert!(!codes.contains("maybe-deleted-in-chain") && !codes.contains("chain-gap"), "{codes:?}");
}

#[test]
fn the_base_alone_is_taken_when_it_is_asked_for() {
    for name in ["chain-dovecot", "chain-courier"] {
        let chain = Chain::unpacked(name);
        for (at, dump) in [FULL, FIRST].into_iter().enumerate() {
            chain.convert("tree", &["--dump", dump, "--force"]);
            let known = &chain.truth["dumps"][at];
            assert_eq!(known["stamp"], dump);
            let result = chain.result();
            for (address, files) in known["files"].as_object().unwrap() {
                let mut folders = result[address].clone();
                if name == "chain-courier" && dump == FIRST {
                    folders.remove("Old");
                }
                assert_eq!(files_in(&folders), files_of(files), "{name} {dump} {address}");
            }
            let report = chain.report();
            assert_eq!(report["backup"]["stamp"], dump);
            assert_eq!(report["accounts"][0]["dump"], dump);
            assert!(!chain_codes(&report).contains("chain-gap"));
        }
    }
}

/// Files that are in one list and not in the other.
fn without(files: &Files, other: &Files) -> Files {
    let mut rest = other.clone();
    let is_new = |file: &&(String, u64)| match rest.iter().position(|known| known == *file) {
        Some(at) => {
            rest.remove(at);
            false
        }
        None => true,
    };
    files.iter().filter(is_new).cloned().collect()
}

#[test]
fn a_chain_without_its_middle() {
    for name in ["chain-dovecot", "chain-courier"] {
        let chain = Chain::unpacked(name);
        chain.without(&format!("{FULL}_{FIRST}"));
        chain.convert("tree", &[]);
        let result = chain.result();
        let mut missing = 0;
        for (address, truth) in chain.addresses() {
            let mut folders = result[address].clone();
            // What tells that these were deleted is in the missing dump.
            for folder in ["Old", "Lists"] {
                folders.remove(folder);
            }
            // The messages of a folder that was renamed in between are found under its old name.
            if address.starts_with("alice") {
                assert_eq!(folders["Projects"].messages.len(), 2, "{name}");
                assert!(!folders.contains_key("Work"), "{name}");
            }
            let (found, known) = (files_in(&folders), files_of(&truth["files"]));
            let back = without(&found, &known);
            assert_eq!(back, [], "{name} {address}: no deleted message comes back");
            missing += without(&known, &found).len();
            // What is there is served as before.
            for (folder, served) in truth["imap"]["folders"].as_object().into_iter().flatten() {
                let Some(folder) = folders.get(folder) else { continue };
                for message in &folder.messages {
                    let mut known = served["messages"].as_array().unwrap().iter();
                    let same = known.find(|it| it["uid"] == message.uid);
                    let same = same.map(|it| it["digest"].as_str().unwrap());
                    assert_eq!(same, Some(message.digest.as_str()), "{name} {address}");
                }
            }
        }
        // What came in between and stayed as it was.
        assert!(missing > 0, "{name}");
        let report = chain.report();
        let gaps: Vec<String> = findings(&report)
            .into_iter()
            .filter(|(code, ..)| code == "chain-gap")
            .map(|(.., text)| text)
            .collect();
        let [gap] = gaps.as_slice() else { panic!("{gaps:?}") };
        assert!(gap.contains(&format!("lacks {FIRST}, which it needs")), "{gap}");
        let said = gap.split_once('(').and_then(|(_, rest)| rest.split_once(" message"));
        assert!(said.unwrap().0.parse::<usize>().unwrap() > 0, "{gap}");
    }
}

#[test]
fn an_increment_alone() {
    let chain = Chain::unpacked("chain-dovecot");
    chain.without(&format!("{FULL}_{FIRST}"));
    chain.without(&format!("_{FULL}."));
    chain.convert("tree", &[]);
    let result = chain.result();
    for (address, truth) in chain.addresses() {
        let found = files_in(&result[address]);
        assert_eq!(without(&found, &files_of(&truth["files"])), [], "{address}");
    }
    // What changed since the dump before is there, as it was.
    let inbox = &result["alice@example.com"]["INBOX"];
    assert!(!inbox.messages.is_empty());
    let truth = &chain.truth["mailboxes"]["alice@example.com"]["imap"]["folders"]["INBOX"];
    assert_eq!(u64::from(inbox.uidvalidity), truth["uidvalidity"]);
    assert_eq!(u64::from(inbox.next_uid), truth["uidnext"]);
    let report = chain.report();
    let gap = findings(&report).into_iter().find(|(code, ..)| code == "chain-gap").unwrap();
    assert!(gap.2.contains(&format!("lacks {FULL}, {FIRST}, which it needs")), "{gap:?}");
    assert_eq!(report["backup"]["stamp"], SECOND);
}

#[test]
fn a_dump_that_is_not_there() {
    let chain = Chain::unpacked("chain-dovecot");
    let run = chain.place.run(&["inspect", "tree", "--dump", "2401010000"]);
    insta::assert_snapshot!("unknown-dump", run.transcript());
    let run = chain.place.run(&["inspect", "tree", "--dump", "yesterday"]);
    insta::assert_snapshot!("no-stamp", run.transcript());
}
