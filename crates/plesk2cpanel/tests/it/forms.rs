//! One set of real mailboxes in every form in which people have a Plesk backup: the accounts that
//! come out are compared member by member with that of a plain export, and what may differ is listed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::support::Place;

/// The export that all others are compared with.
const PLAIN: &str = "subscription.tar";

/// Members that differ from the plain export's, with the reason; `*` stands for anything.
type Differences = &'static [(&'static str, &'static str)];

/// A backup of more than one subscription knows the owner.
const OF_THE_OWNER: Differences = &[
    ("/cp/exampleuser", "it has the owner's address"),
    ("/homedir/.contactemail", "it is the owner's address"),
];
const OF_THE_SERVER: Differences = &[
    ("/cp/exampleuser", "it has the owner's address"),
    ("/homedir/.contactemail", "it is the owner's address"),
    ("/homedir/etc/*/shadow", "salts are made of the server's name, too"),
];
/// Before Plesk 10 a subscription had no add-on domains: `bücher.example` is an account of its own.
const BEFORE_PLESK_10: Differences = &[
    ("/addons", "no add-on domain"),
    ("/cp/exampleuser", "no add-on domain"),
    ("/sds*", "no add-on domain"),
    ("/userdata/*", "no add-on domain"),
    ("/va/xn--bcher-kva.example.example.com", "no add-on domain"),
    ("/vad/xn--bcher-kva.example.example.com", "no add-on domain"),
    ("/vf/xn--bcher-kva.example.example.com", "no add-on domain"),
    ("/homedir/etc/xn--bcher-kva.example/passwd", "the home is another account's"),
    ("/homedir/etc/*/shadow", "salts are made of the identifier, which is not there"),
    ("/cp/exampleuser2", "the other account"),
    ("/cpmove-exampleuser2/*", "the other account"),
];
/// MailEnable keeps messages and folders; what flags they have stands in a file whose form is not
/// published, and its IMAP and POP3 numbers are its own.
const OF_MAILENABLE: Differences = &[
    ("/homedir/mail/*/cur/*", "other file names, and no flags"),
    ("/homedir/mail/*/new/*", "everything is in cur/"),
    ("/homedir/mail/*/dovecot-uidlist", "other UIDs, and folders without a message"),
    ("/homedir/mail/*/maildirfolder", "folders without a message"),
    ("/homedir/mail/*/dovecot-keywords", "no keywords"),
    ("/homedir/mail/*/subscriptions", "every folder is subscribed"),
    ("/homedir/from-plesk/*", "MailEnable's own files are kept"),
];

const OF_PLESK_8_FOR_WINDOWS: Differences =
    &[("/va/example.com", "where it keeps aliases is not known")];

struct Form {
    name: &'static str,
    differ: &'static [Differences],
    /// Messages are compared by folder and bytes alone.
    only_bytes: bool,
}

const fn form(name: &'static str, differ: &'static [Differences]) -> Form {
    Form { name, differ, only_bytes: false }
}

const fn same(name: &'static str) -> Form {
    form(name, &[])
}

const FORMS: &[Form] = &[
    form("server.tar", &[OF_THE_SERVER]),
    form("client.tar", &[OF_THE_OWNER]),
    form("repository", &[OF_THE_SERVER]),
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
    form("plesk9.tar", &[OF_THE_SERVER]),
    form("plesk8", &[BEFORE_PLESK_10]),
    form("plesk8.gz", &[BEFORE_PLESK_10]),
    form("plesk7", &[BEFORE_PLESK_10]),
    Form { only_bytes: true, ..form("windows.zip", &[OF_MAILENABLE]) },
    Form {
        only_bytes: true,
        ..form("windows8.zip", &[OF_MAILENABLE, BEFORE_PLESK_10, OF_PLESK_8_FOR_WINDOWS])
    },
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

/// Folder and bytes of every message, sorted.
fn messages(members: &BTreeMap<String, Member>) -> Vec<(String, &[u8])> {
    let mut messages: Vec<(String, &[u8])> = members
        .iter()
        .filter(|(_, member)| member.date.is_some())
        .map(|(path, member)| {
            let (directory, _name) = path.rsplit_once('/').unwrap();
            (directory.rsplit_once('/').unwrap().0.to_owned(), member.bytes.as_slice())
        })
        .collect();
    messages.sort();
    messages
}

/// What differs and may not, and what may and does not.
fn wrong(form: &Form, plain: &BTreeMap<String, Member>) -> Vec<String> {
    let found = convert(form.name);
    let allowed: Vec<&str> =
        form.differ.iter().copied().flatten().map(|(pattern, _why)| *pattern).collect();
    let mut unused: BTreeSet<&str> = allowed.iter().copied().collect();
    let mut wrong = Vec::new();
    let paths: BTreeSet<&String> = plain.keys().chain(found.keys()).collect();
    for path in paths {
        let what = match (plain.get(path), found.get(path)) {
            (before, after) if before == after => continue,
            (Some(_), None) => "missing",
            (None, Some(_)) => "added",
            _ => "differs",
        };
        match allowed.iter().find(|pattern| matches(pattern, path)) {
            Some(pattern) => {
                unused.remove(pattern);
            }
            None => wrong.push(format!("{}: {path}: {what}", form.name)),
        }
    }
    wrong.extend(unused.iter().map(|pattern| format!("{}: {pattern}: the same", form.name)));
    if form.only_bytes && messages(plain) != messages(&found) {
        wrong.push(format!("{}: the messages differ", form.name));
    }
    wrong
}

#[test]
fn every_form_gives_the_same_account() {
    let plain = convert(PLAIN);
    assert!(messages(&plain).len() > 20);
    let wrong: Vec<String> = FORMS.iter().flat_map(|form| wrong(form, &plain)).collect();
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
