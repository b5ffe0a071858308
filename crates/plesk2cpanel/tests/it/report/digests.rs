//! Digests stand for what lies in the archive, and for nothing else.

use std::collections::BTreeMap;
use std::process::Command;

use plesk_fixture::{MemoryFile, MemoryKind};
use serde_json::Value;

use super::recorded;
use crate::support::{Place, one_mailbox, served_messages, tar};

/// The recipe of docs/report.md, over an unpacked archive, in another language.
const RECIPE: &str = r#"
import hashlib, json, os, sys

def sha(data):
    return hashlib.sha256(data).hexdigest()

def folder(path, inbox):
    uids, keywords = {}, {}
    with open(path + b"/dovecot-uidlist", "rb") as file:
        header, *lines = file.read().splitlines()
    for line in lines:
        fields, name = line.split(b" :", 1)
        uid, *fields = fields.split(b" ")
        uidl = [field[1:] for field in fields if field.startswith(b"P")]
        uids[name] = int(uid), uidl[0] if inbox else b""
    if os.path.exists(path + b"/dovecot-keywords"):
        for line in open(path + b"/dovecot-keywords", "rb").read().splitlines():
            index, name = line.split(b" ", 1)
            keywords[97 + int(index)] = name
    lines = []
    for place in (b"cur", b"new"):
        for name in os.listdir(path + b"/" + place):
            file = path + b"/" + place + b"/" + name
            base, _, flags = name.partition(b":2,")
            uid, uidl = uids[base]
            letters = sorted(keywords.get(letter, bytes([letter])) for letter in flags if 97 <= letter <= 122)
            flags = bytes(sorted(letter for letter in flags if letter in b"DFPRST"))
            mtime = b"%d" % os.stat(file).st_mtime
            content = sha(open(file, "rb").read()).encode()
            lines.append((uid, b"\t".join([content, b"%d" % uid, uidl, mtime, flags, b",".join(letters)]) + b"\n"))
    return sha(b"".join(line for _, line in sorted(lines)))

digests = {}
mail = os.fsencode(sys.argv[1])
for domain in os.listdir(mail):
    if domain in (b"cur", b"new", b"tmp") or not os.path.isdir(mail + b"/" + domain):
        continue
    for local in os.listdir(mail + b"/" + domain):
        box = mail + b"/" + domain + b"/" + local
        for name in [b""] + [each for each in os.listdir(box) if each.startswith(b".")]:
            if os.path.exists(box + b"/" + name + b"/dovecot-uidlist"):
                key = os.fsdecode(local + b"@" + domain + b" " + name)
                digests[key] = folder(box + b"/" + name, not name)
print(json.dumps(digests))
"#;

/// Digests of all folders of the report, by address.
fn reported(report: &Value) -> BTreeMap<String, Vec<String>> {
    let mut digests: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mailbox in report["accounts"][0]["mailboxes"].as_array().unwrap() {
        let address = mailbox["address"].as_str().unwrap().to_owned();
        let list = digests.entry(address).or_default();
        for folder in mailbox["folders"].as_array().unwrap() {
            list.push(folder["digest"].as_str().unwrap().to_owned());
        }
        list.sort();
    }
    digests
}

#[test]
fn a_digest_is_what_the_recipe_gives_over_the_archive() {
    let (place, report) = recorded();
    std::fs::create_dir(place.path("home")).unwrap();
    let home = place.path("home");
    tar(&["-C", home.to_str().unwrap(), "-xzf"], &place.path("out/cpmove-exampleuser.tar.gz"));
    let output = Command::new("python3")
        .args(["-c", RECIPE])
        .arg(home.join("cpmove-exampleuser/homedir/mail"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let computed: BTreeMap<String, String> = serde_json::from_slice(&output.stdout).unwrap();
    let mut by_address: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (folder, digest) in computed {
        let address = folder.split(' ').next().unwrap().to_owned();
        by_address.entry(address).or_default().push(digest);
    }
    for list in by_address.values_mut() {
        list.sort();
    }
    let reported: BTreeMap<String, Vec<String>> =
        reported(&report).into_iter().filter(|(_, list)| !list.is_empty()).collect();
    assert!(reported.values().map(Vec::len).sum::<usize>() > 10);
    assert_eq!(by_address, reported);
    // And a mailbox's, over what the report says of its folders.
    for mailbox in report["accounts"][0]["mailboxes"].as_array().unwrap() {
        let mut lines = String::new();
        for folder in mailbox["folders"].as_array().unwrap() {
            let text = |field: &str| folder[field].to_string().trim_matches('"').to_owned();
            lines.push_str(&["name", "uidvalidity", "uid_next", "digest"].map(text).join("\t"));
            lines.push('\n');
        }
        place.write("lines", lines.as_bytes());
        let sum = Command::new("sha256sum").arg(place.path("lines")).output().unwrap();
        let sum = String::from_utf8(sum.stdout).unwrap();
        assert_eq!(mailbox["digest"], sum[..64], "{}", mailbox["address"]);
    }
}

/// Digests of a mailbox with an inbox of three messages and a folder of one.
fn digests(files: Vec<MemoryFile>, options: &[&str]) -> Vec<Value> {
    let place = Place::new();
    place.pack("backup.tar", &one_mailbox(files));
    let run = place.run(&[&["convert", "backup.tar", "--output", "out"], options].concat());
    assert!(matches!(run.status, Some(0 | 3)), "{}", run.transcript());
    let mailbox = &place.report("out")["accounts"][0]["mailboxes"][0];
    let folders = mailbox["folders"].as_array().unwrap();
    assert_eq!(folders.len(), 2, "{folders:?}");
    std::iter::once(mailbox).chain(folders).map(|each| each["digest"].clone()).collect()
}

fn mailbox() -> Vec<MemoryFile> {
    let mut files = served_messages(3);
    let text = "Subject: work\n\nwork\n";
    let keywords = "0 $Label1\n1 $Label2\n";
    files.extend([
        MemoryFile::file("Maildir/.Work/cur/1700000009.M9P9.old:2,Sa", 1_700_000_009, text),
        MemoryFile::file(
            "Maildir/.Work/dovecot-uidlist",
            1_700_000_900,
            "3 V1700000001 N5\n4 :1700000009.M9P9.old\n",
        ),
        MemoryFile::file("Maildir/.Work/dovecot-keywords", 1_700_000_900, keywords),
    ]);
    files
}

#[test]
fn a_digest_is_the_same_for_any_form_and_number_of_threads() {
    let one = digests(mailbox(), &[]);
    for options in [&["--jobs", "1"][..], &["--as", "tar"], &["--as", "dir"]] {
        assert_eq!(digests(mailbox(), options), one, "{options:?}");
    }
}

#[test]
fn a_digest_changes_with_all_that_clients_see() {
    let before = digests(mailbox(), &[]);
    let work = "Maildir/.Work/cur/1700000009.M9P9.old:2,Sa";
    let change = |what: &str, edit: &dyn Fn(&mut MemoryFile), options: &[&str], inbox: bool| {
        let mut files = mailbox();
        files.iter_mut().for_each(edit);
        let after = digests(files, options);
        assert_ne!(after[0], before[0], "{what} is seen in the mailbox");
        assert_eq!(after[1] != before[1], inbox, "{what} in the inbox");
        assert_eq!(after[2] != before[2], !inbox, "{what} in the folder");
    };
    let replace = |file: &mut MemoryFile, path: &str, from: &str, to: &str| {
        if file.path == path.as_bytes()
            && let MemoryKind::File(bytes) = &mut file.kind
        {
            let text = String::from_utf8(bytes.clone()).unwrap();
            assert!(text.contains(from), "{text}");
            *bytes = text.replace(from, to).into_bytes();
        }
    };
    let rename = |file: &mut MemoryFile, from: &str, to: &str| {
        if file.path == from.as_bytes() {
            file.path = to.into();
        }
    };
    change("a byte", &|file| replace(file, work, "work\n\n", "wort\n\n"), &[], false);
    change("a flag", &|file| rename(file, work, &work.replace(":2,S", ":2,FS")), &[], false);
    change("a letter", &|file| rename(file, work, &work.replace("Sa", "Sb")), &[], false);
    change("a date", &|file| file.mtime += i64::from(file.path == work.as_bytes()), &[], false);
    let list = "Maildir/.Work/dovecot-uidlist";
    change("a UID", &|file| replace(file, list, "4 :", "3 :"), &[], false);
    let keywords = "Maildir/.Work/dovecot-keywords";
    change("a keyword", &|file| replace(file, keywords, "$Label1", "$Label9"), &[], false);
    change("UIDLs", &|_| {}, &["--old-server", "dovecot:%u-%v"], true);
}

#[test]
fn a_mailbox_digest_has_what_its_folders_are_called_and_numbered() {
    let before = digests(mailbox(), &[]);
    for (from, to) in [("V1700000001", "V1700000002"), ("N5", "N6")] {
        let mut files = mailbox();
        for file in &mut files {
            if file.path == b"Maildir/.Work/dovecot-uidlist"
                && let MemoryKind::File(bytes) = &mut file.kind
            {
                *bytes = String::from_utf8(bytes.clone()).unwrap().replace(from, to).into_bytes();
            }
        }
        let after = digests(files, &[]);
        assert_ne!(after[0], before[0], "{to}");
        assert_eq!(after[1..], before[1..], "{to}");
    }
}
