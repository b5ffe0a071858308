//! One set of real mailboxes in every form in which people have a Plesk backup: the accounts that
//! come out are compared member by member with that of a plain export, and what may differ is listed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::support::Place;

/// The export that all others are compared with.
const PLAIN: &str = "subscription.tar";

/// A form, and the members that differ from the plain export's; `*` stands for anything.
struct Form {
    name: &'static str,
    differ: &'static [(&'static str, &'static str)],
}

const fn same(name: &'static str) -> Form {
    Form { name, differ: &[] }
}

const FORMS: &[Form] = &[
    same("server.tar"),
    same("client.tar"),
    same("repository"),
    same("wrapped.tar"),
    same("uncompressed.tar"),
    same("gzip-inside.tar"),
    same("one-archive-a-mailbox.tar"),
    same("volumes.tar"),
    same("compressed.tar.gz"),
    same("compressed.tar.zst"),
    same("parts.tar.001"),
    same("linux.zip"),
    same("zips.zip"),
    same("signed.tar"),
    same("increments.tar"),
    same("plesk9.tar"),
    same("plesk8"),
    same("plesk8.gz"),
    same("plesk7"),
    same("windows.zip"),
    same("windows8.zip"),
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/forms")
}

/// A member: its bytes, and the time of a message, which is its date.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    bytes: Vec<u8>,
    date: Option<std::time::SystemTime>,
}

/// All files of the accounts that a form gives, by their path below the account's directory. An old
/// form has an account for each domain: where two have a path, the second's begins with its name.
fn convert(name: &str) -> BTreeMap<String, Member> {
    let place = Place::new();
    place.write("secret_key", b"0123456789abcdef");
    let backup = fixtures().join(name);
    let run = place.run(&[
        "convert",
        backup.to_str().unwrap(),
        "--output",
        "out",
        "--as",
        "dir",
        "--old-server",
        "dovecot:%08Xu%08Xv",
        "--secret-key",
        "secret_key",
    ]);
    assert!(matches!(run.status, Some(0 | 3)), "{name}: {}", run.transcript());
    let mut members = BTreeMap::new();
    for account in place.entries("out").iter().filter(|name| name.starts_with("cpmove-")) {
        let mut own = BTreeMap::new();
        collect(&place.path("out").join(account), "", &mut own);
        for (path, member) in own {
            let path = if members.contains_key(&path) { format!("/{account}{path}") } else { path };
            members.insert(path, member);
        }
    }
    members
}

fn collect(directory: &Path, below: &str, members: &mut BTreeMap<String, Member>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{below}/{}", entry.file_name().into_string().unwrap());
        let metadata = entry.metadata().unwrap();
        if metadata.is_dir() {
            collect(&entry.path(), &path, members);
            continue;
        }
        let is_message = path.contains("/cur/") || path.contains("/new/");
        let date = is_message.then(|| metadata.modified().unwrap());
        let member = Member { bytes: std::fs::read(entry.path()).unwrap(), date };
        members.insert(path, member);
    }
}

fn matches(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((start, rest)) => {
            let Some(tail) = path.strip_prefix(start) else { return false };
            (0..=tail.len())
                .filter(|at| tail.is_char_boundary(*at))
                .any(|at| matches(rest, &tail[at..]))
        }
    }
}

#[test]
fn every_form_gives_the_same_account() {
    let plain = convert(PLAIN);
    assert!(plain.keys().filter(|path| path.contains("/cur/")).count() > 15);
    let mut wrong = Vec::new();
    for form in FORMS {
        let found = convert(form.name);
        let paths: BTreeSet<&String> = plain.keys().chain(found.keys()).collect();
        let mut unused: BTreeSet<&str> = form.differ.iter().map(|(pattern, _)| *pattern).collect();
        for path in paths {
            let (before, after) = (plain.get(path), found.get(path));
            if before == after {
                continue;
            }
            let allowed = form.differ.iter().find(|(pattern, _)| matches(pattern, path));
            match allowed {
                Some((pattern, _)) => {
                    unused.remove(pattern);
                }
                None => wrong.push(format!(
                    "{}: {path}: {}",
                    form.name,
                    match (before, after) {
                        (Some(_), None) => "missing".to_owned(),
                        (None, Some(_)) => "added".to_owned(),
                        _ => "differs".to_owned(),
                    }
                )),
            }
        }
        wrong.extend(
            unused
                .into_iter()
                .map(|pattern| format!("{}: nothing differs any more at {pattern}", form.name)),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A form that is recorded is compared.
#[test]
fn no_form_is_forgotten() {
    let recorded: BTreeSet<String> = std::fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md" && name != PLAIN && name != "parts.tar.002")
        .collect();
    let compared: BTreeSet<String> = FORMS.iter().map(|form| form.name.to_owned()).collect();
    assert_eq!(recorded, compared);
}
