//! Mailboxes that are no maildirs: mbox files, and MailEnable's messages.

mod mail_enable;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use plesk_fixture::{
    Compression, MailLayout, MailboxSource, MailboxSpec, MemoryFile, Spec, corrupt, pack_directory,
};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::{Place, Run, one_mailbox, tar};

const FROM: &str = "From bob@example.org Thu Nov 29 22:33:52 2001";
const DATE: i64 = 1_007_073_232;

/// A tree with the mailbox `anna`, packed for itself: members with exactly these paths.
fn tree_of_one(place: &Place, members: Vec<MemoryFile>) -> PathBuf {
    let mut spec = one_mailbox(Vec::new());
    spec.subscriptions[0].mailboxes[0].source = Some(MailboxSource::Raw(members));
    spec.mail_layout = MailLayout::Mailbox;
    spec.compression = Compression::Tar;
    let tree = place.path("tree");
    pack_directory(&spec, &tree).unwrap();
    tree
}

/// A tree with the domain's mail in one archive: members with exactly these paths.
fn tree_of_domain(place: &Place, members: Vec<MemoryFile>, others: &[&str]) -> PathBuf {
    let mut spec: Spec = one_mailbox(Vec::new());
    let mailboxes = &mut spec.subscriptions[0].mailboxes;
    mailboxes[0].source = Some(MailboxSource::Raw(members));
    mailboxes.extend(others.iter().map(|name| MailboxSpec::new(*name)));
    spec.compression = Compression::Tar;
    let tree = place.path("tree");
    pack_directory(&spec, &tree).unwrap();
    tree
}

/// The metadata say that the mailboxes are mboxes.
fn is_mbox(tree: &Path) {
    let xml = tree.join("backup_info_2401151030.xml");
    corrupt::replace(&xml, b"<mailbox type=\"mdir\"", b"<mailbox type=\"mbox\"").unwrap();
}

/// A tree whose mailbox `anna` is this file, as Plesk 8 keeps an mbox: no archive.
fn tree_of_mbox(place: &Place, mbox: &[u8]) -> PathBuf {
    let tree = tree_of_one(place, vec![MemoryFile::file("mbox", DATE, "x")]);
    is_mbox(&tree);
    fs::write(archive(&tree), mbox).unwrap();
    let size = format!("size=\"{}\"", mbox.len());
    let xml = tree.join("backup_info_2401151030.xml");
    corrupt::replace(&xml, b"size=\"10240\"", size.as_bytes()).unwrap();
    tree
}

/// The archive of the mailbox `anna`.
fn archive(tree: &Path) -> PathBuf {
    let mailnames = fs::read_dir(tree.join("mailnames")).unwrap().next().unwrap().unwrap().path();
    mailnames.join("backup_mdir_2401151030.tar")
}

fn convert(place: &Place, further: &[&str]) -> Run {
    let arguments = [&["convert", "tree", "--output", "out"], further].concat();
    place.run(&arguments)
}

/// Unpacks the account with GNU tar; the mailbox's directory.
fn unpacked(place: &Place, mailbox: &str) -> PathBuf {
    let home = place.path("home");
    fs::create_dir_all(&home).unwrap();
    let target = home.to_str().unwrap().to_owned();
    tar(&["-xz", "-C", &target, "-f"], &place.path("out/cpmove-examplecom.tar.gz"));
    let account = fs::read_dir(&home).unwrap().next().unwrap().unwrap().path();
    account.join("homedir/mail/example.com").join(mailbox)
}

/// Message files of a folder by their path below it, with their modification time and content.
fn messages(folder: &Path) -> BTreeMap<String, (i64, String)> {
    let mut found = BTreeMap::new();
    for place in ["cur", "new"] {
        for entry in fs::read_dir(folder.join(place)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{place}/{}", entry.file_name().into_string().unwrap());
            let text = String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).into_owned();
            found.insert(name, (entry.metadata().unwrap().mtime(), text));
        }
    }
    found
}

fn texts(folder: &Path) -> Vec<String> {
    messages(folder).into_values().map(|(_, text)| text).collect()
}

fn codes(report: &Value) -> Vec<&str> {
    let findings = report["accounts"][0]["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

/// A message as MailEnable keeps it.
fn mai(subject: &str) -> String {
    format!("From: bob@example.org\r\nSubject: {subject}\r\n\r\n>From here\r\nStatus: RO\r\n")
}

#[test]
fn an_mbox_becomes_a_maildir() {
    let place = Place::new();
    let mbox = format!(
        "{FROM}\nX-IMAPbase: 1000000000 9 Work\nX-UID: 3\nStatus: RO\nX-Keywords: Work\n\
         Subject: one\n\n>From here\n>>From there\n\n\
         From bob@example.org Thu Nov 29 22:33:51 2001 +0100\nSubject: two\nX-UID: 5\nStatus: O\n\n\
         {FROM}\n\n\
         {FROM}\nSubject: three\n\nnew\n"
    );
    tree_of_mbox(&place, mbox.as_bytes());
    insta::assert_snapshot!("mbox-inspect", place.run(&["inspect", "tree"]).transcript());
    let run = convert(&place, &["--old-server", "dovecot:%08Xu%08Xv"]);
    insta::assert_snapshot!("mbox-convert", run.transcript());

    let maildir = unpacked(&place, "anna");
    // The second message is the separator behind an empty line and nothing else.
    let expected = [
        (
            "cur/1007073232.M0P1.plesk2cpanel,S=36,W=40:2,Sa",
            DATE,
            "Subject: one\n\nFrom here\n>From there\n",
        ),
        ("cur/1007073232.M1P1.plesk2cpanel,S=13,W=14", DATE - 3601, "Subject: two\n"),
        ("new/1007073232.M2P1.plesk2cpanel,S=0,W=0", DATE, ""),
        ("new/1007073232.M3P1.plesk2cpanel,S=20,W=23", DATE, "Subject: three\n\nnew\n"),
    ];
    let expected: BTreeMap<String, (i64, String)> = expected
        .into_iter()
        .map(|(name, date, text)| (name.to_owned(), (date, text.to_owned())))
        .collect();
    assert_eq!(messages(&maildir), expected);
    let list = fs::read_to_string(maildir.join("dovecot-uidlist")).unwrap();
    insta::assert_snapshot!("mbox-uidlist", list);
    assert_eq!(fs::read_to_string(maildir.join("dovecot-keywords")).unwrap(), "0 Work\n");
}

#[test]
fn an_mbox_without_numbers_is_converted_and_lost_to_clients() {
    let place = Place::new();
    let mbox = format!("{FROM}\nStatus: RO\nSubject: one\n\n{FROM}\nSubject: two\n\nx\n");
    tree_of_mbox(&place, mbox.as_bytes());
    let run = convert(&place, &[]);
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    let report = place.report("out");
    assert_eq!(report["accounts"][0]["mailboxes"][0]["uidl_certainty"]["lost"], 2);
    assert!(codes(&report).contains(&"state-missing"), "{report}");
    assert!(codes(&report).contains(&"mbox-converted"), "{report}");
    // No server kept its state in the file, so nothing in it was hidden from clients.
    let maildir = unpacked(&place, "anna");
    assert_eq!(texts(&maildir)[0], "Status: RO\nSubject: one\n");
    assert!(messages(&maildir).keys().any(|name| name.ends_with(":2,S")));
}

#[test]
fn dates_at_the_ends_of_the_calendar() {
    let place = Place::new();
    let mut mbox = String::new();
    for date in ["Mon Jan 01 00:00:00 0001", "Fri Dec 31 23:59:59 9999", "Thu Jan 01 00:00:00 1970"]
    {
        mbox.push_str(&format!("From bob {date}\nSubject: {date}\n\n"));
    }
    tree_of_mbox(&place, mbox.as_bytes());
    let run = convert(&place, &[]);
    assert!(codes(&place.report("out")).contains(&"mbox-converted"), "{}", run.transcript());
    let found = messages(&unpacked(&place, "anna"));
    let dates: Vec<i64> = found.values().map(|(date, _)| *date).collect();
    // The file system of the tests holds no year 1 nor 9999; what is written is what was read.
    assert_eq!(dates.len(), 3, "{found:?}");
    let names: Vec<&str> = found.keys().map(|name| name.split('.').next().unwrap()).collect();
    assert_eq!(names, ["cur/0", "cur/253402300799", "cur/253402300799"]);
}

#[test]
fn an_empty_mbox_is_an_empty_mailbox() {
    let place = Place::new();
    tree_of_mbox(&place, b"");
    let run = convert(&place, &[]);
    // These two are of the account, which has no password here.
    let expected = ["account-renamed", "login-locked"];
    assert_eq!(codes(&place.report("out")), expected, "{}", run.transcript());
    assert_eq!(texts(&unpacked(&place, "anna")), [""; 0]);
}

#[test]
fn what_is_no_mbox_is_said() {
    let place = Place::new();
    tree_of_mbox(&place, b"From: a@b\n\nThis is a message, and no mbox.\n");
    let run = convert(&place, &[]);
    assert_eq!(run.status, Some(1), "{}", run.transcript());
    let said =
        "backup_mdir_2401151030.tar` is no tar, gzip, zstd or zip: it looks like a mail message";
    assert!(run.stdout.contains(said), "{}", run.transcript());
}

#[test]
fn an_mbox_may_begin_with_empty_lines_or_a_mark_of_utf_8() {
    for before in ["", "\n", "\r\n\n", "\u{feff}"] {
        let mbox = format!("{before}{FROM}\nSubject: one\n\nx\n");
        let place = Place::new();
        tree_of_mbox(&place, mbox.as_bytes());
        let run = convert(&place, &[]);
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        assert_eq!(texts(&unpacked(&place, "anna")), ["Subject: one\n\nx\n"], "{before:?}");
        // The same in an archive.
        let place = Place::new();
        is_mbox(&tree_of_one(&place, vec![MemoryFile::file("mbox", DATE, mbox)]));
        let run = convert(&place, &[]);
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        assert_eq!(texts(&unpacked(&place, "anna")), ["Subject: one\n\nx\n"], "{before:?}");
    }
}

#[test]
fn a_mailbox_that_should_be_an_mbox_and_is_none_is_told() {
    let place = Place::new();
    let file = MemoryFile::file("mbox", DATE, format!("garbage\n\n{FROM}\nSubject: one\n"));
    is_mbox(&tree_of_one(&place, vec![file]));
    convert(&place, &[]);
    let report = place.report("out");
    assert!(codes(&report).contains(&"mbox-not-read"), "{report}");
    assert!(codes(&report).contains(&"files-kept"), "{report}");
}

#[test]
fn a_cut_mbox_loses_its_last_message_and_says_so() {
    let place = Place::new();
    let mbox =
        format!("{FROM}\nSubject: one\n\nwhole\n\n{FROM}\nSubject: two\n\n{}", "x".repeat(5000));
    let tree = tree_of_one(&place, vec![MemoryFile::file("mbox", DATE, mbox)]);
    is_mbox(&tree);
    let path = archive(&tree);
    let range = corrupt::member_range(&path, "mbox").unwrap();
    corrupt::truncate(&path, range.start + 3000).unwrap();
    let run = convert(&place, &[]);
    insta::assert_snapshot!("mbox-cut", run.transcript());
    assert_eq!(texts(&unpacked(&place, "anna")), ["Subject: one\n\nwhole\n"]);
}

#[test]
fn several_mboxes_are_folders() {
    let place = Place::new();
    let mbox = |subject: &str| format!("{FROM}\nSubject: {subject}\n\nx\n\n");
    let file = |path: &str, text: String| MemoryFile::file(path, DATE, text);
    let tree = tree_of_domain(
        &place,
        vec![
            file("anna/inbox", mbox("inbox")),
            file("anna/mail/Sent", mbox("sent")),
            file("anna/mail/Entw&APw-rfe", mbox("drafts")),
            file("anna/mail/Work/A.B", mbox("dotted")),
            file("anna/mail/Work/A_B", mbox("not dotted")),
            file("anna/mail/.subscriptions", "Sent\nWork/A_B\n".to_owned()),
            file("anna/mail/notes.txt", "no mbox\n".to_owned()),
            file("bert/Maildir/cur/1.M1P1.h:2,S", "Subject: maildir\n\n".to_owned()),
            file("bert/old-mail", mbox("not to be read")),
        ],
        &["bert"],
    );
    // Only the first of the two mailboxes is an mbox.
    let xml = tree.join("backup_info_2401151030.xml");
    let text = fs::read_to_string(&xml).unwrap();
    fs::write(&xml, text.replacen("<mailbox type=\"mdir\"", "<mailbox type=\"mbox\"", 1)).unwrap();
    let run = convert(&place, &[]);
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    let anna = unpacked(&place, "anna");
    for (folder, subject) in [
        ("", "inbox"),
        (".Sent", "sent"),
        (".Entw&APw-rfe", "drafts"),
        (".Work.A_B", "dotted"),
        (".Work_A_B_2", "not dotted"),
    ] {
        let expected = format!("Subject: {subject}\n\nx\n");
        assert_eq!(texts(&anna.join(folder)), [expected], "{folder}");
    }
    assert_eq!(fs::read_to_string(anna.join("subscriptions")).unwrap(), "Sent\nWork.A_B\n");
    let bert = anna.with_file_name("bert");
    assert_eq!(texts(&bert), ["Subject: maildir\n\n"]);
    let beside = anna.join("../../../from-plesk/example.com");
    assert_eq!(fs::read_to_string(beside.join("anna/mail/notes.txt")).unwrap(), "no mbox\n");
    assert_eq!(fs::read_to_string(beside.join("bert/old-mail")).unwrap(), mbox("not to be read"));
    let report = place.report("out");
    let odd = report["accounts"][0]["findings"].as_array().unwrap();
    let odd: Vec<&str> = odd
        .iter()
        .filter(|finding| finding["code"] == "folder-odd")
        .map(|finding| finding["text"].as_str().unwrap())
        .collect();
    assert_eq!(
        odd,
        [
            "2 folders can't be called in a maildir as they were: `Work/A.B` -> Work/A_B, `Work/A_B` \
          -> Work_A_B_2"
        ]
    );
}

#[test]
fn long_lists_of_subscriptions_are_read_to_their_end() {
    let place = Place::new();
    let mbox = format!("{FROM}\nSubject: sent\n\nx\n\n");
    let names = (0..9000).map(|number| format!("Folder {number:04}\n"));
    let list = names.chain(["Sent\n".to_owned()]).collect::<Vec<_>>().concat();
    let file = |path: &str, text: String| MemoryFile::file(path, DATE, text);
    let files = vec![file("mail/Sent", mbox), file("mail/.subscriptions", list)];
    is_mbox(&tree_of_one(&place, files));
    let run = convert(&place, &[]);
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    let list = fs::read_to_string(unpacked(&place, "anna").join("subscriptions")).unwrap();
    assert!(list.lines().any(|name| name == "Sent"), "{}", list.len());
}

#[test]
fn what_a_real_dovecot_kept_in_mboxes() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/mbox");
    let truth: Value =
        serde_json::from_slice(&fs::read(fixture.join("truth.json")).unwrap()).unwrap();
    let place = Place::new();
    let file = |path: &str, name: &str| {
        MemoryFile::file(format!("anna/{path}"), DATE, fs::read(fixture.join(name)).unwrap())
    };
    let tree = tree_of_domain(
        &place,
        vec![
            file("inbox", "inbox"),
            file("mail/Work", "Work"),
            file("mail/Entw&APw-rfe", "Entw&APw-rfe"),
            file("mail/R&-D", "R&-D"),
            file("mail/.subscriptions", "subscriptions"),
        ],
        &[],
    );
    is_mbox(&tree);
    let run = convert(&place, &["--old-server", truth["server"]["option"].as_str().unwrap()]);
    let report = place.report("out");
    let expected = ["account-renamed", "login-locked", "mbox-converted"];
    assert_eq!(codes(&report), expected, "{}", run.transcript());
    let mailbox = &report["accounts"][0]["mailboxes"][0];
    assert_eq!(mailbox["pop3_downloads_expected"], 0);
    assert_eq!(mailbox["imap_downloads_expected"], 0);

    let anna = unpacked(&place, "anna");
    for (name, dir) in
        [("INBOX", ""), ("Work", ".Work"), ("Entwürfe", ".Entw&APw-rfe"), ("R&D", ".R&-D")]
    {
        let expected = &truth["folders"][name];
        let list = fs::read_to_string(anna.join(dir).join("dovecot-uidlist")).unwrap();
        let mut lines = list.lines();
        let header = lines.next().unwrap();
        let (validity, next) = (&expected["uidvalidity"], &expected["uidnext"]);
        assert_eq!(header, format!("3 V{validity} N{next}"), "{name}");
        let files = messages(&anna.join(dir));
        let served = expected["messages"].as_array().unwrap();
        assert_eq!(files.len(), served.len(), "{name}");
        for (position, (line, served)) in lines.zip(served).enumerate() {
            let (fields, base) = line.split_once(" :").unwrap();
            let uidl = &truth["pop3"][position]["uidl"];
            let uid = &served["uid"];
            let wanted = match name {
                "INBOX" => format!("{uid} P{}", uidl.as_str().unwrap()),
                _ => uid.to_string(),
            };
            assert_eq!(fields, wanted, "{name}");
            let (path, (mtime, _)) =
                files.iter().find(|(path, _)| path[4..].split(':').next() == Some(base)).unwrap();
            assert_eq!(*mtime, served["date"], "{path}");
            let bytes = fs::read(anna.join(dir).join(path)).unwrap();
            let digest: Vec<String> =
                Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            let wanted = served.get("sent").unwrap_or(&served["digest"]);
            assert_eq!(digest.concat(), wanted.as_str().unwrap(), "{path}");
        }
    }
}

#[test]
fn mailboxes_that_refer_into_one_archive() {
    let place = Place::new();
    let file = |path: &str, text: &str| MemoryFile::file(path, DATE, mai(text));
    let tree = tree_of_domain(
        &place,
        vec![file("anna/Inbox/1A.MAI", "of anna"), file("bert/Inbox/2A.MAI", "of bert")],
        &["bert"],
    );
    // Only the mailboxes name the archive, and the first of them with a directory in it.
    let xml = tree.join("backup_info_2401151030.xml");
    let text = fs::read_to_string(&xml).unwrap();
    let start = text.find("<content><cid type=\"domainmail\"").or_else(|| {
        let cid = text.find("<cid type=\"domainmail\"")?;
        text[..cid].rfind("<content>")
    });
    let start = start.unwrap();
    let end = start + text[start..].find("</content>").unwrap() + "</content>".len();
    let without = [&text[..start], &text[end..]].concat();
    fs::write(&xml, without.replace("offset=\"anna/Maildir\"", "offset=\"anna\"")).unwrap();
    let run = convert(&place, &[]);
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    let anna = unpacked(&place, "anna");
    let lf = |subject: &str| mai(subject).replace("\r\n", "\n");
    assert_eq!(texts(&anna), [lf("of anna")], "{}", run.transcript());
    assert_eq!(texts(&anna.with_file_name("bert")), [lf("of bert")]);
}

#[test]
fn other_stores_are_named() {
    let place = Place::new();
    let file = |path: &str| MemoryFile::file(path, DATE, "\u{1}binary");
    tree_of_domain(
        &place,
        vec![
            file("Users/anna/Mail/Inbox/0.grp"),
            file("Users/anna/Mail/Inbox/1.grp"),
            file("bert/4F/{4F2A}.eml"),
        ],
        &["bert"],
    );
    let run = convert(&place, &[]);
    insta::assert_snapshot!("other-stores", run.transcript());
}
