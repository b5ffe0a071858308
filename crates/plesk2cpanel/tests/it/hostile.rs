//! Odd and hostile mail archives: nothing is lost silently, and nothing gets out of its place.

use std::collections::BTreeSet;
use std::path::Path;

use plesk_fixture::{
    AutoresponderSpec, Compression, MailLayout, MailboxSource, MailboxSpec, MailingListSpec,
    MemoryFile, NamedFile, Spec,
};

use crate::support::{Place, one_mailbox, tar};

const TEXT: &str = "From: a@example.net\nSubject: hello\n\nA message.\n";
const ARCHIVE: &str = "out/cpmove-examplecom.tar.gz";

fn file(path: &str) -> MemoryFile {
    MemoryFile::file(path, 1_700_000_000, TEXT)
}

fn convert(place: &Place, spec: &Spec) -> serde_json::Value {
    place.pack("backup.tar", spec);
    let run = place.run(&["convert", "backup.tar", "--output", "out"]);
    assert!(matches!(run.status, Some(0 | 3)), "{}", run.transcript());
    place.report("out")
}

/// Members below the home's `mail/`, without the account's directories.
fn mail(place: &Place) -> Vec<String> {
    String::from_utf8(tar(&["tzf"], &place.path(ARCHIVE)))
        .unwrap()
        .lines()
        .filter_map(|line| line.split_once("/homedir/mail/example.com/anna/"))
        .map(|(_, name)| name.to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

fn codes(report: &serde_json::Value) -> BTreeSet<String> {
    report["accounts"][0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_copy_that_is_a_hard_link_stays_one_message_in_two_folders() {
    let place = Place::new();
    let copy = MemoryFile::hard_link(
        "Maildir/cur/1700000000.M1P1.old:2,S",
        1_700_000_000,
        "anna/Maildir/.Work/cur/1700000000.M1P1.old:2,",
    );
    let report =
        convert(&place, &one_mailbox(vec![file("Maildir/.Work/cur/1700000000.M1P1.old:2,"), copy]));
    assert_eq!(report["totals"]["messages"], 2);
    assert_eq!(report["totals"]["bytes"], 2 * TEXT.len());
    for name in [".Work/cur/1700000000.M1P1.old:2,", "cur/1700000000.M1P1.old:2,S"] {
        assert!(mail(&place).contains(&name.to_owned()), "{:?}", mail(&place));
    }
    // What a restore makes of it: two files with the same bytes.
    let out = place.path("unpacked");
    std::fs::create_dir(&out).unwrap();
    tar(&["-C", out.to_str().unwrap(), "-xzf"], &place.path(ARCHIVE));
    let home = out.join("cpmove-examplecom/homedir/mail/example.com/anna");
    let read = |name: &str| std::fs::read_to_string(home.join(name)).unwrap();
    assert_eq!(read(".Work/cur/1700000000.M1P1.old:2,"), TEXT);
    assert_eq!(read("cur/1700000000.M1P1.old:2,S"), TEXT);
}

#[test]
fn a_link_to_nothing_is_said() {
    let place = Place::new();
    let mut spec = one_mailbox(Vec::new());
    spec.subscriptions[0].mailboxes[0].source = Some(MailboxSource::Raw(vec![
        file("anna/Maildir/cur/1.good:2,S"),
        MemoryFile::hard_link("anna/Maildir/cur/2.lost:2,S", 1, "anna/Maildir/cur/9.gone:2,S"),
    ]));
    let report = convert(&place, &spec);
    assert!(codes(&report).contains("link-dangling"));
    assert_eq!(report["totals"]["messages"], 1);
}

#[test]
fn names_that_lead_out_of_their_place() {
    let place = Place::new();
    let mut spec = one_mailbox(Vec::new());
    spec.subscriptions[0].mailboxes[0].source = Some(MailboxSource::Raw(vec![
        file("anna/Maildir/cur/1.good:2,S"),
        file("../../etc/passwd"),
        file("anna/Maildir/cur/../../../../root/.ssh/authorized_keys"),
        file("anna/../bert/Maildir/cur/1.x:2,S"),
        MemoryFile::symbolic_link("anna/Maildir/.Evil", 1, "/etc"),
        file("anna/Maildir/.Evil/cur/2.x:2,S"),
        file("anna/Maildir/cur/3.new\nline:2,S"),
        file("anna/Maildir/cur/.hidden"),
        file("anna/Maildir/.../cur/4.x:2,S"),
        file("anna/Maildir/cur/deep/er/5.x:2,S"),
    ]));
    let report = convert(&place, &spec);
    let members = String::from_utf8(tar(&["tzf"], &place.path(ARCHIVE))).unwrap();
    for member in members.lines() {
        assert!(member.starts_with("cpmove-examplecom/"), "{member}");
        assert!(!member.split('/').any(|part| part == ".."), "{member}");
    }
    let kept = mail(&place);
    assert!(kept.contains(&"cur/1.good:2,S".to_owned()), "{kept:?}");
    assert!(kept.contains(&".Evil/cur/2.x:2,S".to_owned()), "{kept:?}");
    assert!(
        kept.iter()
            .all(|name| !name.contains("new") || name.starts_with("new") || name.contains("/new/"))
    );
    // Whatever did not come along is named.
    let text = report["accounts"][0]["findings"].to_string();
    for name in
        ["etc/passwd", "authorized_keys", "bert", "3.new\\\\x0aline", ".hidden", "deep/er/5.x"]
    {
        assert!(text.contains(name), "{name} is not in {text}");
    }
}

#[test]
fn one_message_under_two_names_and_two_messages_under_one() {
    let place = Place::new();
    let mut other = file("Maildir/.Other/new/2.b");
    other.kind = plesk_fixture::MemoryKind::File(
        b"Subject: another\n\nlonger than the first, by far\n".to_vec(),
    );
    let report = convert(
        &place,
        &one_mailbox(vec![
            file("Maildir/cur/1.a:2,S"),
            file("Maildir/new/1.a"),
            file("Maildir/.Other/cur/2.b:2,S"),
            other,
        ]),
    );
    assert!(codes(&report).is_superset(&BTreeSet::from([
        "same-message-twice".to_owned(),
        "message-renamed".to_owned()
    ])));
    assert_eq!(report["totals"]["messages"], 3);
}

#[test]
fn folders_in_every_spelling_stay_apart() {
    let place = Place::new();
    let mut files = vec![file("Maildir/cur/1.a:2,S")];
    for (number, folder) in
        [".Entw&APw-rfe", ".Spam", ".spam", ".a..b", ".&", ".&!!!-", ".~", ".Work.2020"]
            .iter()
            .enumerate()
    {
        files.push(file(&format!("Maildir/{folder}/cur/{number}.x:2,S")));
    }
    let report = convert(&place, &one_mailbox(files));
    assert_eq!(report["totals"]["messages"], 9);
    let kept: BTreeSet<String> = mail(&place)
        .iter()
        .filter(|name| name.contains("/cur/") && !name.ends_with('/'))
        .map(|name| name.split('/').next().unwrap().to_owned())
        .collect();
    assert_eq!(kept.len(), 8, "{kept:?}");
}

#[test]
fn a_bomb_ends_without_filling_the_memory() {
    // 256 MiB of NUL in one message deflate to some hundred kilobytes.
    let place = Place::new();
    let mut spec = one_mailbox(vec![MemoryFile::file(
        "Maildir/cur/1.bomb:2,S",
        1_700_000_000,
        vec![0_u8; 256 << 20],
    )]);
    spec.compression = Compression::Tgz;
    place.pack("backup.tar", &spec);
    drop(spec);
    let output = std::process::Command::new("sh")
        .args(["-c", "ulimit -v 700000; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_plesk2cpanel")])
        .args(["convert", "backup.tar", "--output", "out", "--jobs", "2"])
        .current_dir(place.path(""))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_mailbox_named_like_a_directory_of_a_maildir() {
    let place = Place::new();
    let mut spec = one_mailbox(vec![file("Maildir/cur/1.a:2,S")]);
    for name in ["cur", "new", "dovecot", "maildir"] {
        spec.subscriptions[0]
            .mailboxes
            .push(MailboxSpec::new(name).with_files(vec![file("Maildir/cur/1.a:2,S")]));
    }
    let report = convert(&place, &spec);
    assert_eq!(report["totals"]["mailboxes"], 5);
    assert_eq!(report["totals"]["messages"], 5);
}

#[test]
fn messages_that_the_server_stored_compressed_come_out_plain() {
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/compressed");
    let read = |name: &str| std::fs::read(recorded.join(name)).unwrap();
    let truth: serde_json::Value = serde_json::from_slice(&read("truth.json")).unwrap();
    let messages = truth["messages"].as_object().unwrap();
    assert_eq!(messages.len(), 4);
    let mut files = Vec::new();
    let mut expected = Vec::new();
    for (method, message) in messages {
        let name = message["name"].as_str().unwrap().to_owned();
        // As sent over IMAP; in a file lines end with LF.
        let mut plain = read(&format!("{method}.eml"));
        assert_eq!(message["size"], plain.len());
        plain.retain(|byte| *byte != b'\r');
        assert!(name.contains(&format!(",S={},", plain.len())), "{name}");
        files.push((name, read(&format!("{method}.stored"))));
        expected.push(plain);
    }
    files.push(("1.plain:2,S".to_owned(), expected[0].clone()));
    expected.push(expected[0].clone());
    // What can't be unpacked is not thrown away.
    let mut broken = read("zstd.stored");
    broken.truncate(1000);
    files.push(("2.broken:2,S".to_owned(), broken.clone()));
    expected.push(broken);

    let place = Place::new();
    let report = convert(
        &place,
        &one_mailbox(
            files
                .iter()
                .map(|(name, bytes)| {
                    MemoryFile::file(format!("Maildir/cur/{name}"), 1_700_000_000, &bytes[..])
                })
                .collect(),
        ),
    );
    let codes = codes(&report);
    assert!(codes.contains("messages-unpacked") && codes.contains("message-damaged"), "{codes:?}");
    let text = report["accounts"][0]["findings"].to_string();
    assert!(text.contains("1 as bzip2, 1 as gzip, 1 as lz4, 1 as zstd"), "{text}");
    for ((name, _), bytes) in files.iter().zip(expected) {
        let member = format!("cpmove-examplecom/homedir/mail/example.com/anna/cur/{name}");
        assert!(tar(&["-xzO", &member, "-f"], &place.path(ARCHIVE)) == bytes, "{name}");
    }
}

#[test]
fn what_lies_beside_the_mail_is_kept_in_the_home() {
    let place = Place::new();
    let report = convert(
        &place,
        &one_mailbox(vec![
            file("Maildir/cur/1.a:2,S"),
            MemoryFile::file("sieve/rules.sieve", 1_700_000_000, "keep;\n"),
            MemoryFile::symbolic_link(".dovecot.sieve", 1, "sieve/rules.sieve"),
            MemoryFile::file(".dovecot.svbin", 1, "compiled"),
            MemoryFile::file("@attachments/price list.pdf", 1_700_000_000, "PDF"),
            MemoryFile::file("Maildir/notes", 1_700_000_000, "a note"),
            MemoryFile::file("Maildir/dovecot.index.log", 1_700_000_000, "an index"),
        ]),
    );
    let codes = codes(&report);
    assert!(codes.contains("files-kept") && codes.contains("files-left-out"), "{codes:?}");
    let members = String::from_utf8(tar(&["tzf"], &place.path(ARCHIVE))).unwrap();
    let mut kept: Vec<&str> = members
        .lines()
        .filter(|name| !name.ends_with('/'))
        .filter_map(|name| name.split_once("/homedir/from-plesk/example.com/anna/"))
        .map(|(_, name)| name)
        .collect();
    kept.sort_unstable();
    assert_eq!(kept, ["@attachments/price list.pdf", "Maildir/notes", "sieve/rules.sieve"]);
}

#[test]
fn files_of_a_directory_that_becomes_no_mailbox_are_named() {
    let place = Place::new();
    let mut spec = one_mailbox(Vec::new());
    spec.subscriptions[0].mailboxes[0].source = Some(MailboxSource::Raw(vec![
        file("anna/Maildir/cur/1.a:2,S"),
        MemoryFile::file("gone/@attachments/price list.pdf", 1_700_000_000, "PDF"),
    ]));
    let report = convert(&place, &spec);
    let findings = report["accounts"][0]["findings"].as_array().unwrap();
    let finding = findings
        .iter()
        .find(|finding| finding["object"] == "gone@example.com")
        .expect("a finding about the directory");
    assert_eq!(finding["code"], "files-not-carried");
    assert!(finding["text"].as_str().unwrap().contains("price list.pdf"));
}

#[test]
fn odd_names_beyond_those_that_are_named_are_counted() {
    let place = Place::new();
    let files = (0..30).map(|number| file(&format!("Maildir/cur/{number}.x;2,S"))).collect();
    let report = convert(&place, &one_mailbox(files));
    let findings = report["accounts"][0]["findings"].as_array().unwrap();
    let renamed: Vec<&str> = findings
        .iter()
        .filter(|finding| finding["code"] == "message-renamed")
        .map(|finding| finding["text"].as_str().unwrap())
        .collect();
    assert_eq!(renamed.len(), 21, "{renamed:?}");
    assert!(renamed[20].starts_with("10 messages more"), "{}", renamed[20]);
}

/// Names of addresses and lists become directories of the home; whatever they are, they cost no
/// account.
#[test]
fn a_name_that_no_directory_can_have_costs_no_account() {
    let place = Place::new();
    let mut spec = one_mailbox(vec![file("Maildir/cur/1.good:2,S")]);
    spec.mail_layout = MailLayout::Mailbox;
    let subscription = &mut spec.subscriptions[0];
    for name in ["..", "a/b"] {
        subscription.mailboxes.push(MailboxSpec {
            mailbox: false,
            autoresponders: vec![AutoresponderSpec {
                enabled: false,
                attachments: vec!["plan.txt".into()],
                ..AutoresponderSpec::default()
            }],
            attachments: vec![NamedFile::new("plan.txt", "the plan")],
            ..MailboxSpec::new(name)
        });
    }
    let long = "n".repeat(300);
    for name in ["..", ".", "c/d", &long] {
        let list = MailingListSpec { name: name.into(), ..MailingListSpec::default() };
        subscription.mailing_lists.push(list);
    }
    let report = convert(&place, &spec);
    assert_eq!(report["totals"]["messages_written"], 1);
    let names = String::from_utf8(tar(&["tzf"], &place.path(ARCHIVE))).unwrap();
    let beside: BTreeSet<&str> = names
        .lines()
        .filter_map(|line| line.split_once("/homedir/from-plesk/example.com/"))
        .map(|(_, name)| name)
        .filter(|name| !name.is_empty() && !name.ends_with('/'))
        .collect();
    let long = format!("{}/list-members.csv", "n".repeat(255));
    assert_eq!(
        beside,
        BTreeSet::from([
            "-/autoresponder-1.txt",
            "a-b/autoresponder-1.txt",
            "a/b/@attachments/plan.txt",
            "-/list-members.csv",
            "-/list-members.csv.2",
            "c-d/list-members.csv",
            &long,
        ])
    );
    assert!(codes(&report).contains("files-not-carried"), "what .. attached");
}
