//! The archive's own rules, and the forms in which it lies.

use std::fs;
use std::process::Command;

use plesk_fixture::{MailboxSpec, MemoryFile};
use tar::EntryType;

use super::bases::{Base, KLARA, everything, one_of_each};
use super::{Mutation, check};
use crate::support::Place;

/// A file that is kept for its owner.
const SIEVE: &str = "homedir/from-plesk/example.com/petra/sieve/roundcube.sieve";

#[rustfmt::skip]
pub const MUTATIONS: &[Mutation] = &[
    Mutation { name: "a folder without tmp", classes: &["archive"], says: "tmp/",
        apply: |tree| tree.remove(&format!("{KLARA}/.Work/tmp")) },
    Mutation { name: "a mailbox without mail and without tmp", classes: &["archive"],
        says: "idle@example.com",
        apply: |tree| tree.remove("homedir/mail/example.com/idle/tmp") },
    Mutation { name: "a folder without its mark", classes: &["archive"], says: "maildirfolder",
        apply: |tree| tree.remove(&format!("{KLARA}/.Work/maildirfolder")) },
    Mutation { name: "an inbox with a mark", classes: &["archive"], says: "klara/maildirfolder",
        apply: |tree| tree.write(&format!("{KLARA}/maildirfolder"), "") },
    Mutation { name: "a mark with something in it", classes: &["archive"], says: "empty",
        apply: |tree| tree.write(&format!("{KLARA}/.Work/maildirfolder"), "x") },
    Mutation { name: "an index", classes: &["archive"], says: "dovecot.index",
        apply: |tree| tree.write(&format!("{KLARA}/dovecot.index"), "x") },
    Mutation { name: "a file among the domains of mail", classes: &["archive"], says: "inbox",
        apply: |tree| tree.write("homedir/mail/inbox", "From x\n") },
    Mutation { name: "a link among the domains of mail", classes: &["archive"], says: "symbolic",
        apply: |tree| tree.link("homedir/mail/.klara@example_com", "example.com/klara") },
    Mutation { name: "an old file of logins", classes: &["archive"], says: "shadow.old",
        apply: |tree| tree.copy("homedir/etc/example.com/shadow", "homedir/etc/example.com/shadow.old") },
    Mutation { name: "a file of nobody's in the home", classes: &["archive"], says: "notes",
        apply: |tree| tree.write("homedir/notes", "x") },
    Mutation { name: "a file of nobody's", classes: &["archive"], says: "extra",
        apply: |tree| tree.write("meta/extra", "x") },
    Mutation { name: "another server of mail", classes: &["archive"], says: "dovecot",
        apply: |tree| tree.write("meta/mailserver", "courier") },
    Mutation { name: "another version", classes: &["archive"], says: "archive version: 4",
        apply: |tree| tree.edit("version", "version: 4", "version: 3") },
    Mutation { name: "no directory for databases", classes: &["archive"], says: "mysql",
        apply: |tree| tree.remove("mysql") },
    Mutation { name: "a directory of nobody's", classes: &["archive"], says: "apache_tls",
        apply: |tree| tree.directory("apache_tls") },
    Mutation { name: "a directory of nobody's in the home", classes: &["archive"], says: ".trash",
        apply: |tree| tree.directory("homedir/.trash") },
    Mutation { name: "a domain of mail that nobody had", classes: &["archive"], says: "evil.example",
        apply: |tree| tree.directory("homedir/mail/evil.example") },
    Mutation { name: "a domain of logins that nobody had", classes: &["archive"], says: "evil.example",
        apply: |tree| tree.directory("homedir/etc/evil.example") },
    Mutation { name: "no filter file of a domain", classes: &["archive"], says: "vf/example.com",
        apply: |tree| tree.remove("vf/example.com") },
];

#[test]
fn every_broken_rule_is_named() {
    let base = Base::new(&one_of_each());
    check(&base, MUTATIONS);
    // The directory itself has another name.
    let tree = base.copy();
    tree.rename("../cpmove-exampleuser", "../cpmove-other");
    let found = base.verify(&tree.shown.replace("exampleuser", "other"));
    assert_eq!(found.classes(), ["archive"], "{}", found.shown());
    assert!(found.of("archive")[0].contains("`cpmove-other` instead of `cpmove-exampleuser`"));
}

#[test]
fn the_unchanged_archive_passes_in_every_form() {
    let base = Base::new(&everything());
    let mut counts = Vec::new();
    let tree = base.copy();
    let parent = tree.shown.replace("/cpmove-exampleuser", "");
    for archive in [
        base.convert("tar.gz"),
        base.convert("tar"),
        "out/cpmove-exampleuser".to_owned(),
        // A directory that holds nothing else.
        parent,
        "out/cpmove-exampleuser/homedir".to_owned(),
    ] {
        let found = base.verify(&archive);
        assert_eq!(found.status, Some(0), "{archive}: {}", found.shown());
        assert_eq!(found.json()["same"], true);
        assert_eq!(found.json()["format"], 1);
        counts.push(found.json()["counts"].clone());
    }
    assert_eq!(counts[0]["messages"], counts[0]["messages_found"]);
    assert_eq!(counts[0]["messages"], 50);
    assert!(counts.iter().all(|other| *other == counts[0]));
}

/// Every file of the archive is there for something that is compared, and so are the lines of its texts,
/// of which up to four are tried in each.
#[test]
fn whatever_is_taken_out_is_missed() {
    let base = Base::new(&one_of_each());
    let listing = Command::new("find")
        .args([".", "-type", "f", "-printf", "%P\n"])
        .current_dir(base.path("out/cpmove-exampleuser"))
        .output()
        .unwrap();
    let listing = String::from_utf8(listing.stdout).unwrap();
    let mut files: Vec<&str> = listing.lines().collect();
    files.sort_unstable();
    let tree = base.copy();
    let (mut missed, mut tried) = (Vec::new(), 0);
    let mut is_missed = |what: String, status| {
        tried += 1;
        if status != Some(1) {
            missed.push(what);
        }
    };
    for file in files {
        // Other mailboxes and domains are of the same kind as these.
        let mail = file.starts_with("homedir/mail/") && !file.starts_with(KLARA);
        if mail || file.contains("remote.example") {
            continue;
        }
        tree.rename(file, "../aside");
        is_missed(format!("{file} as a whole"), tree.verify().status);
        tree.rename("../aside", file);
        let text = tree.read(file);
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        // Some of a long file's.
        let step = 1 + lines.len() / 4;
        for number in (0..lines.len()).step_by(step) {
            let mut rest = lines.clone();
            let line = rest.remove(number);
            tree.write(file, &rest.concat());
            is_missed(format!("{file}, line {}: {line}", number + 1), tree.verify().status);
            tree.write(file, &text);
        }
    }
    assert_eq!(tree.verify().status, Some(0), "everything was put back");
    // A comment in a program is for people.
    missed.retain(|what| !(what.contains("/filter, ") && what.contains(": #")));
    // An empty line between two parts of a program, and the three dashes that begin YAML.
    missed.retain(|what| !(what.contains("/filter, ") && what.ends_with(": \n")));
    missed.retain(|what| !what.contains("line 1: ---"));
    assert_eq!(missed, [""; 0]);
    assert!(tried > 250, "{tried}");
}

#[test]
fn a_file_of_the_archive_that_is_repacked_or_damaged() {
    let base = Base::new(&one_of_each());
    let archive = base.convert("tar.gz");
    let shell = |script: &str| {
        let status = Command::new("sh").args(["-ec", script]).current_dir(base.path("")).status();
        assert!(status.unwrap().success(), "{script}");
    };
    let classes = |name: &str| {
        let found = base.verify(name);
        (found.status, found.classes())
    };
    // GNU tar's own forms of names and links, and pax headers, say the same.
    for format in ["gnu", "pax"] {
        shell(&format!(
            "mkdir {format}; tar c --format={format} -C out cpmove-exampleuser | gzip > {format}/cpmove-exampleuser.tar.gz"
        ));
        let name = format!("{format}/cpmove-exampleuser.tar.gz");
        assert_eq!(classes(&name), (Some(0), vec![]), "{}", base.verify(&name).shown());
    }
    let archive_class = || (Some(1), vec!["archive".to_owned()]);
    shell("mkdir named; cp tar.gz/cpmove-exampleuser.tar.gz named/other.tar.gz");
    assert_eq!(classes("named/other.tar.gz"), archive_class());
    shell(
        "mkdir more; (cat tar.gz/cpmove-exampleuser.tar.gz; echo more) > more/cpmove-exampleuser.tar.gz",
    );
    assert_eq!(classes("more/cpmove-exampleuser.tar.gz"), archive_class());
    for mode in ["a+rw", "o+r", "u+s", "g-r"] {
        shell(&format!(
            "mkdir {mode}; tar c -C out --mode={mode} cpmove-exampleuser | gzip > {mode}/cpmove-exampleuser.tar.gz"
        ));
        let found = classes(&format!("{mode}/cpmove-exampleuser.tar.gz"));
        let expected = if mode == "g-r" { (Some(0), vec![]) } else { archive_class() };
        assert_eq!(found, expected, "{mode}");
    }
    // What stands there twice: the later counts for a restore.
    shell(
        "mkdir twice; tar cf twice/cpmove-exampleuser.tar -C out cpmove-exampleuser; \
         tar rf twice/cpmove-exampleuser.tar -C out cpmove-exampleuser/quota",
    );
    assert_eq!(classes("twice/cpmove-exampleuser.tar"), archive_class());
    // Cut anywhere, it can't be compared, and says so.
    let bytes = fs::read(base.path(&archive)).unwrap();
    for part in [1, 3, 7, 9] {
        fs::write(base.path("cut.tar.gz"), &bytes[..bytes.len() * part / 10]).unwrap();
        let found = base.verify("cut.tar.gz");
        assert_eq!(found.status, Some(1), "{}", found.shown());
        assert!(found.shown().contains("error: cut.tar.gz: "), "{}", found.shown());
        assert!(found.shown().contains("hint: "), "{}", found.shown());
    }
    // A bad byte in the middle breaks the checksum at the end, if not before.
    let mut bad = bytes.clone();
    bad[bytes.len() / 2] ^= 0x55;
    fs::write(base.path("cut.tar.gz"), &bad).unwrap();
    assert_eq!(base.verify("cut.tar.gz").status, Some(1));
}

/// Unpacked, the later member counts: an empty directory takes away the file that it is called like.
#[test]
fn a_directory_over_a_file() {
    let base = Base::new(&one_of_each());
    let archive = base.convert("tar");
    for path in ["cp/exampleuser", "homedir/etc/example.com/shadow", SIEVE] {
        let changed = base.with_member(&archive, path, EntryType::Directory, |_| {});
        let found = base.verify(&changed);
        assert_eq!(found.classes(), ["archive"], "{path}: {}", found.shown());
        assert!(found.of("archive")[0].starts_with(path), "{}", found.shown());
    }
}

/// What was one file on the old server is one here: with one date, and under names that are there.
#[test]
fn messages_that_are_one_file() {
    let one = "1700000300.M1P1.old:2,S";
    let other = "1700000301.M2P1.old:2,S";
    let mut spec = one_of_each();
    let file = |name: &str, mtime| {
        MemoryFile::file(format!("Maildir/.Same/cur/{name}"), mtime, "Subject: same\n\ntext\n")
    };
    spec.subscriptions[0].mailboxes.retain(|mailbox| mailbox.name == "anna");
    let target = format!("anna/Maildir/.Same/cur/{one}");
    let linked = MemoryFile::hard_link(format!("Maildir/.Same/cur/{other}"), 1_600_000_100, target);
    for (second, expected) in
        [(linked, vec![]), (file(other, 1_600_000_100), vec![]), (file(other, 1), vec!["date"])]
    {
        spec.subscriptions[0].mailboxes[0].source =
            MailboxSpec::new("anna").with_files(vec![file(one, 1_600_000_100), second]).source;
        let base = Base::new(&spec);
        let archive = base.convert("tar");
        assert_eq!(base.verify(&archive).status, Some(0), "{}", base.verify(&archive).shown());
        let folder = "homedir/mail/example.com/anna/.Same/cur";
        // The second one becomes a link.
        let link = |target: &str| {
            let plain = base.without_member(&archive, &format!("{folder}/{other}"));
            let path = format!("{folder}/{other}");
            let linked = base.with_member(&plain, &path, EntryType::Link, |header| {
                header.set_mtime(1);
                header.set_link_name(format!("cpmove-exampleuser/{folder}/{target}")).unwrap();
            });
            base.verify(&linked)
        };
        assert_eq!(link(one).classes(), expected, "{}", link(one).shown());
        // The name of the same message with other flags is no name that is there.
        let found = link(&one.replace(":2,S", ":2,FS"));
        assert!(found.classes().contains(&"archive".to_owned()), "{}", found.shown());
    }
}

#[test]
fn what_is_no_archive() {
    let base = Base::new(&one_of_each());
    fs::write(base.path("text"), "no archive").unwrap();
    fs::create_dir(base.path("empty")).unwrap();
    for (name, says) in [
        ("text", "neither a tar nor a gzip"),
        ("empty", "holds neither"),
        ("missing", "No such file"),
        ("/dev/null", "neither a file nor a directory"),
    ] {
        let found = base.verify(name);
        assert_eq!(found.status, Some(1), "{}", found.shown());
        assert!(found.shown().contains(says), "{}", found.shown());
    }
    // The backup is a tar, too, and no archive of cPanel's: everything differs.
    let found = base.verify("backup.tar");
    assert_eq!(found.status, Some(1));
    assert!(found.classes().contains(&"message-missing".to_owned()), "{}", found.shown());
}

/// What real servers left, in every form of UIDL and for both servers.
#[test]
fn archives_of_the_recordings_pass() {
    let recordings =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/recorded");
    let mut passed = 0;
    for entry in fs::read_dir(recordings).unwrap() {
        let directory = entry.unwrap().path();
        let Ok(truth) = fs::read_to_string(directory.join("truth.json")) else { continue };
        let truth: serde_json::Value = serde_json::from_str(&truth).unwrap();
        let server = truth["server"]["option"].as_str().unwrap();
        let backup = directory.join("backup.tar").canonicalize().unwrap();
        let backup = backup.to_str().unwrap();
        let place = Place::new();
        let options = ["--old-server", server];
        let run = place.run(&[&["convert", backup, "--output", "out"], &options[..]].concat());
        assert!(matches!(run.status, Some(0 | 3)), "{}", run.transcript());
        let verify = ["verify", backup, "out/cpmove-exampleuser.tar.gz"];
        let run = place.run(&[&verify[..], &options].concat());
        assert_eq!(run.status, Some(0), "{}", run.transcript());
        // Another rule for UIDLs is another archive.
        let other = ["--old-server", "dovecot:%v-%u"];
        let run = place.run(&[&verify[..], &other].concat());
        let stored = server == "courier";
        assert_eq!(run.status, Some(i32::from(!stored)), "{server}: {}", run.transcript());
        passed += 1;
    }
    assert_eq!(passed, 10);
}

/// What is lost with a damaged backup is said by the conversion; the rest is there, and no more.
#[test]
fn an_archive_of_a_damaged_backup_passes() {
    let whole = Place::new();
    whole.pack("backup.tar", &one_of_each());
    let bytes = fs::read(whole.path("backup.tar")).unwrap();
    let mut passed = 0;
    for part in 4..10 {
        let place = Place::new();
        place.write("backup.tar", &bytes[..bytes.len() * part / 10]);
        let run = place.run(&["convert", "backup.tar", "--output", "out"]);
        let archives: Vec<String> =
            if run.status == Some(3) { place.entries("out") } else { vec![] };
        for archive in archives.iter().filter(|name| name.ends_with(".tar.gz")) {
            let run = place.run(&["verify", "backup.tar", &format!("out/{archive}")]);
            assert_eq!(run.status, Some(0), "{part} of 10: {}", run.transcript());
            passed += 1;
        }
    }
    assert!(passed > 0);
}
