//! Chains and repositories that were made up: what real servers rarely leave behind.

use std::fs;

use plesk_fixture::{
    Compression, Generation, Hosting, Level, MailLayout, MailboxSpec, MemoryFile, PasswordSpec,
    Root, Spec, SubscriptionSpec, corrupt, pack_directory, pack_dumps_directory,
};

use super::{chain_codes, findings, mailboxes, members};
use crate::support::Place;

const FULL: &str = "2401150000";
const FIRST: &str = "2401160000";
const SECOND: &str = "2401170000";

pub fn message(name: &str, text: &str) -> MemoryFile {
    MemoryFile::file(
        format!("Maildir/{name}"),
        1_700_000_000,
        format!("Subject: {text}\n\n{text}\n"),
    )
}

pub fn list(time: i64, text: &str) -> MemoryFile {
    MemoryFile::file("Maildir/dovecot-uidlist", time, text)
}

pub fn subscription(domain: &str, files: Vec<MemoryFile>) -> SubscriptionSpec {
    let mut subscription = SubscriptionSpec::new(domain);
    subscription.hosting = Hosting::None;
    subscription.guid = Some(format!("guid of {domain}"));
    let anna = MailboxSpec::new("anna").with_files(files);
    subscription.mailboxes.push(anna.with_password(PasswordSpec::plain("open sesame")));
    subscription
}

pub fn dump(stamp: &str, base: Option<&str>, subscriptions: Vec<SubscriptionSpec>) -> Spec {
    Spec {
        stamp: stamp.into(),
        base_stamp: base.map(str::to_owned),
        subscriptions,
        ..Spec::default()
    }
}

/// A chain of one subscription, `example.com`.
pub fn chain(moments: Vec<Vec<MemoryFile>>) -> Vec<Spec> {
    let stamps = [FULL, FIRST, SECOND];
    moments
        .into_iter()
        .zip(stamps)
        .map(|(files, stamp)| {
            let base = (stamp != FULL).then_some(FULL);
            let spec = dump(stamp, base, vec![subscription("example.com", files)]);
            Spec { level: Level::Subscription, ..spec }
        })
        .collect()
}

pub struct Converted {
    pub place: Place,
    pub report: serde_json::Value,
}

pub fn convert(specs: &[Spec]) -> Converted {
    let place = Place::new();
    pack_dumps_directory(specs, &place.path("tree")).unwrap();
    convert_tree(place)
}

fn convert_tree(place: Place) -> Converted {
    let run = place.run(&["convert", "tree", "--output", "out", "--old-server", "dovecot:%u-%v"]);
    assert!(matches!(run.status, Some(0 | 3)), "{}", run.transcript());
    let report = place.report("out");
    Converted { place, report }
}

impl Converted {
    /// Names of the messages in a folder, without flags and with their UIDs.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let members = members(&self.place.path("out/cpmove-examplecom.tar.gz"));
        let inside = format!("homedir/mail/example.com/anna/{folder}");
        let mut names: Vec<String> = members
            .keys()
            .filter_map(|path| {
                let rest = path.strip_prefix(&inside)?;
                let name = rest.strip_prefix("cur/").or_else(|| rest.strip_prefix("new/"))?;
                (!name.is_empty()).then(|| name.to_owned())
            })
            .collect();
        names.sort();
        names
    }

    pub fn text(&self, code: &str) -> String {
        let found = findings(&self.report).into_iter().find(|(of, ..)| of == code);
        found.unwrap_or_else(|| panic!("no {code}: {:?}", findings(&self.report))).2
    }

    pub fn codes(&self) -> Vec<String> {
        chain_codes(&self.report).into_iter().collect()
    }
}

/// A mailbox of which no list and no index tells anything.
fn without_state() -> Vec<Vec<MemoryFile>> {
    vec![
        vec![
            message("cur/1.a:2,", "stays"),
            message("cur/2.b:2,", "goes"),
            message(".Gone/cur/3.c:2,", "goes with its folder"),
            message(".Stays/cur/4.d:2,", "stays"),
            MemoryFile::file("sieve/old.sieve", 1_700_000_000, "keep;\n"),
        ],
        vec![
            message("cur/1.a:2,", "stays"),
            message(".Stays/cur/4.d:2,", "stays"),
            message("new/5.e", "came"),
            message("cur/6.f:2,", "came and was seen"),
        ],
    ]
}

#[test]
fn the_list_of_files_of_a_dump_tells_what_is_gone() {
    let indexed = chain(without_state()).into_iter().map(|spec| Spec { file_index: true, ..spec });
    let converted = convert(&indexed.collect::<Vec<_>>());
    assert_eq!(converted.names(""), ["1.a:2,", "5.e", "6.f:2,"]);
    assert_eq!(converted.names(".Stays/"), ["4.d:2,"]);
    let all = members(&converted.place.path("out/cpmove-examplecom.tar.gz"));
    assert!(all.keys().all(|path| !path.contains("Gone") && !path.contains("old.sieve")));
    assert_eq!(
        converted.text("deleted-in-chain"),
        "2 messages of older dumps were deleted before the newest, and do not come back; for 2 of \
         them this is assumed from the dump's list of files; folders: `.Gone` was deleted"
    );
    // Without it, everything stays, and the report tells of what may have been deleted.
    let converted = convert(&chain(without_state()));
    assert_eq!(converted.names(""), ["1.a:2,", "2.b:2,", "5.e", "6.f:2,"]);
    assert_eq!(converted.names(".Gone/"), ["3.c:2,"]);
    assert_eq!(converted.codes(), ["maybe-deleted-in-chain"]);
    assert!(converted.text("maybe-deleted-in-chain").starts_with("4 messages of older dumps"));
}

#[test]
fn a_list_of_changes_alone_is_not_taken_for_a_list_of_all_files() {
    let place = Place::new();
    let specs = chain(without_state());
    pack_dumps_directory(&specs, &place.path("tree")).unwrap();
    let index = place
        .path("tree/.discovered")
        .join(format!("backup_info_{FULL}_{FIRST}/cid_domainmail_472"));
    assert!(index.exists());
    let row = |path: &str| format!("anna/Maildir/{path}\tf\t10\t1700000000\t1\n");
    fs::write(&index, row("new/5.e")).unwrap();
    let converted = convert_tree(place);
    assert_eq!(converted.names(""), ["1.a:2,", "2.b:2,", "5.e", "6.f:2,"]);
    // One of another form is none at all.
    fs::write(&index, "v1\nsomething else\n").unwrap();
    fs::remove_dir_all(converted.place.path("out")).unwrap();
    let converted = convert_tree(converted.place);
    assert_eq!(converted.names("").len(), 4);
}

#[test]
fn a_dovecot_list_alone_can_not_tell_what_is_gone() {
    let messages = || [message("cur/1.a:2,", "one"), message("cur/2.b:2,", "two")];
    let listed = "3 V1700000000 N3\n1 :1.a\n2 :2.b\n";
    let mut before = messages().to_vec();
    before.push(list(1, listed));
    // The list keeps the name of the one that was expunged, and no index is there.
    let after = vec![
        message("cur/1.a:2,", "one"),
        message("cur/3.c:2,", "three"),
        list(2, &format!("{}3 :3.c\n", listed.replace("N3", "N4"))),
    ];
    let converted = convert(&chain(vec![before, after]));
    assert_eq!(converted.names(""), ["1.a:2,", "2.b:2,", "3.c:2,"]);
    assert_eq!(converted.codes(), ["maybe-deleted-in-chain"]);
    assert!(converted.text("maybe-deleted-in-chain").starts_with("2 messages of older dumps"));
}

#[test]
fn a_message_that_a_newer_list_dropped_does_not_come_back() {
    let before = vec![
        message("cur/1.a:2,", "one"),
        message("cur/2.b:2,", "two"),
        message("cur/9.unlisted:2,", "nine"),
        list(1, "3 V1700000000 N3\n1 :1.a\n2 :2.b\n"),
    ];
    let after = vec![
        message("cur/1.a:2,S", "one"),
        message("cur/9.unlisted:2,", "nine"),
        list(2, "3 V1700000000 N3\n1 :1.a\n"),
    ];
    let converted = convert(&chain(vec![before, after]));
    assert_eq!(converted.names(""), ["1.a:2,S", "9.unlisted:2,"]);
    assert!(converted.codes().contains(&"deleted-in-chain".to_owned()));
}

#[test]
fn what_a_broken_list_lacks_is_not_gone() {
    let before = vec![
        message("cur/1.a:2,", "one"),
        message("cur/2.b:2,", "two"),
        list(1, "3 V1700000000 N3\n1 :1.a\n2 :2.b\n"),
    ];
    // Dovecot reads nothing from the bad line on.
    let after = vec![
        message("cur/1.a:2,", "one"),
        message("cur/2.b:2,", "two"),
        message("new/3.c", "three"),
        list(2, "3 V1700000000 N4\n1 :1.a\nbroken\n2 :2.b\n3 :3.c\n"),
    ];
    let converted = convert(&chain(vec![before, after]));
    assert_eq!(converted.names(""), ["1.a:2,", "2.b:2,", "3.c"]);
}

#[test]
fn a_newest_archive_that_is_cut_takes_lists_and_messages_from_older_dumps() {
    let text = "long ".repeat(2000);
    let before = vec![
        message("cur/1.a:2,", &text),
        message("cur/2.b:2,", "two"),
        list(1, "3 V1700000000 N3\n1 :1.a\n2 :2.b\n"),
    ];
    let after = vec![
        message("cur/0.z:2,", "zero"),
        message("cur/1.a:2,S", &text),
        message("cur/2.b:2,", "two"),
        list(2, "3 V1700000000 N4\n1 :1.a\n2 :2.b\n3 :0.z\n"),
    ];
    let place = Place::new();
    let plain = |spec: Spec| Spec { compression: Compression::Tar, ..spec };
    let specs: Vec<Spec> = chain(vec![before, after]).into_iter().map(plain).collect();
    pack_dumps_directory(&specs, &place.path("tree")).unwrap();
    let archive = place.path("tree").join(format!("backup_domainmail_{FULL}_{FIRST}.tar"));
    let member = corrupt::member_range(&archive, "anna/Maildir/cur/1.a:2,S").unwrap();
    corrupt::truncate(&archive, member.start + 2000).unwrap();
    let converted = convert_tree(place);
    // With the flags that it had; nothing is lost.
    assert_eq!(converted.names(""), ["0.z:2,", "1.a:2,", "2.b:2,"]);
    assert!(converted.codes().contains(&"list-from-older-dump".to_owned()));
    let texts: Vec<String> = findings(&converted.report)
        .into_iter()
        .filter(|(code, ..)| code == "list-from-older-dump" || code == "archive-damaged")
        .map(|(code, _, text)| format!("{code}: {text}"))
        .collect();
    let has = |part: &str| texts.iter().any(|text| text.contains(part));
    assert!(has("the list of UIDs is that of dump 2401150000"), "{texts:?}");
    assert!(has("1 message is cut in a newer dump"), "{texts:?}");
    assert!(has("archive-damaged"), "{texts:?}");
    let found = mailboxes(&members(&converted.place.path("out/cpmove-examplecom.tar.gz")));
    let inbox = &found["anna@example.com"]["INBOX"];
    let uids: Vec<u32> = inbox.messages.iter().map(|message| message.uid).collect();
    assert_eq!((inbox.uidvalidity, uids), (1_700_000_000, vec![1, 2, 3]));
}

#[test]
fn files_beside_the_mail_are_those_of_the_newest_dump() {
    let sieve = |time: i64, text: &str| MemoryFile::file("sieve/a.sieve", time, text);
    let before = vec![
        message("cur/1.a:2,", "one"),
        sieve(1, "discard;\n"),
        MemoryFile::file("@attachments/list.pdf", 1, "old"),
        MemoryFile::symbolic_link(".dovecot.sieve", 1, "sieve/a.sieve"),
    ];
    let after = vec![
        message("cur/1.a:2,", "one"),
        sieve(2, "keep;\n"),
        MemoryFile::file("@attachments/list.pdf", 1, "old"),
        MemoryFile::symbolic_link(".dovecot.sieve", 1, "sieve/a.sieve"),
    ];
    let converted = convert(&chain(vec![before, after]));
    let all = members(&converted.place.path("out/cpmove-examplecom.tar.gz"));
    let kept = |name: &str| {
        let path = format!("homedir/from-plesk/example.com/anna/{name}");
        String::from_utf8(all[&path].bytes.clone()).unwrap()
    };
    assert_eq!(kept("sieve/a.sieve"), "keep;\n");
    assert_eq!(kept("@attachments/list.pdf"), "old");
    assert!(findings(&converted.report).iter().all(|(code, ..)| code != "files-not-carried"));
}

#[test]
fn each_subscription_is_of_its_own_dump() {
    let files = |text: &str| vec![message("cur/1.a:2,", text)];
    let place = Place::new();
    let alone = Spec {
        level: Level::Subscription,
        root: Root::Repository,
        ..dump(SECOND, None, vec![subscription("b.test", files("second"))])
    };
    let server = |stamp: &str, text: &str| {
        let both = ["a.test", "b.test"].map(|domain| subscription(domain, files(text)));
        dump(stamp, None, both.into())
    };
    let specs = [server(FULL, "full"), server(FIRST, "first"), alone];
    pack_dumps_directory(&specs, &place.path("tree")).unwrap();
    fs::remove_file(
        place.path("tree/domains/a.test").join(format!("backup_domainmail_{FIRST}.tzst")),
    )
    .unwrap();
    insta::assert_snapshot!("repository-inspect", place.run(&["inspect", "tree"]).transcript());
    let run = place.run(&["convert", "tree", "--output", "out"]);
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    // A mailbox without lists gets the time of its own backup for UIDVALIDITY, and salts differ.
    for (account, dump, seconds, text) in
        [("atest", FULL, 1_705_276_800, "full"), ("btest", SECOND, 1_705_449_600, "second")]
    {
        let all = members(&place.path("out").join(format!("cpmove-{account}.tar.gz")));
        let found = mailboxes(&all);
        let inbox = &found.values().next().unwrap()["INBOX"];
        assert_eq!(inbox.uidvalidity, seconds, "{account}");
        let stored = all.iter().find(|(path, _)| path.ends_with("cur/1.a:2,")).unwrap().1;
        assert!(String::from_utf8_lossy(&stored.bytes).contains(text), "{account}");
        let report = place.report("out");
        let accounts = report["accounts"].as_array().unwrap();
        let mine = accounts.iter().find(|it| it["user"] == account).unwrap();
        assert_eq!(mine["dump"], dump);
    }
    let listed = place.report("out")["backup"]["dumps"].clone();
    let taken: Vec<(String, u64)> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["stamp"].as_str().unwrap().to_owned(), it["taken_for"].as_u64().unwrap()))
        .collect();
    assert_eq!(taken, [(FULL.to_owned(), 1), (FIRST.to_owned(), 0), (SECOND.to_owned(), 1)]);
}

#[test]
fn an_increment_that_needs_what_is_not_there() {
    let before = vec![message("cur/1.a:2,", "one"), list(1, "3 V1700000000 N2\n1 :1.a\n")];
    let mut after = before.clone();
    after.pop();
    after.extend([message("cur/2.b:2,", "two"), list(2, "3 V1700000000 N3\n1 :1.a\n2 :2.b\n")]);
    let place = Place::new();
    pack_dumps_directory(&chain(vec![before, after]), &place.path("tree")).unwrap();
    for entry in fs::read_dir(place.path("tree")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_file() && !name.contains(FIRST) {
            fs::remove_file(path).unwrap();
        }
    }
    insta::assert_snapshot!(
        "increment-alone-convert",
        place
            .run(&["convert", "tree", "--output", "out", "--old-server", "dovecot:%u-%v"])
            .transcript()
    );
}

#[test]
fn an_archive_of_the_dump_below_that_is_not_there_is_named() {
    let before = vec![message("cur/1.a:2,", "one"), list(1, "3 V1700000000 N2\n1 :1.a\n")];
    let mut after = before.clone();
    after.pop();
    after.extend([message("cur/2.b:2,", "two"), list(2, "3 V1700000000 N3\n1 :1.a\n2 :2.b\n")]);
    let place = Place::new();
    pack_dumps_directory(&chain(vec![before, after]), &place.path("tree")).unwrap();
    fs::remove_file(place.path(&format!("tree/backup_domainmail_{FULL}.tzst"))).unwrap();
    let run = place.run(&["convert", "tree", "--output", "out"]);
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    let all = findings(&place.report("out"));
    let missing: Vec<&str> = all
        .iter()
        .filter(|(code, ..)| code == "content-missing")
        .map(|(.., text)| text.as_str())
        .collect();
    let expected = format!(
        "the metadata of the dump {FULL} name the mail archive `backup_domainmail_{FULL}.tzst`, and \
         the backup does not hold it"
    );
    assert_eq!(missing, [expected]);
}

#[test]
fn an_increment_in_which_nothing_changed_and_that_is_all_there_is() {
    let files = vec![message("cur/1.a:2,", "one")];
    let place = Place::new();
    pack_dumps_directory(&chain(vec![files.clone(), files]), &place.path("tree")).unwrap();
    for name in ["info", "domainmail"] {
        fs::remove_dir_all(place.path(&format!("tree/.discovered/backup_{name}_{FULL}"))).ok();
        for extension in ["xml", "tzst"] {
            fs::remove_file(place.path(&format!("tree/backup_{name}_{FULL}.{extension}"))).ok();
        }
    }
    let run = place.run(&["convert", "tree", "--output", "out"]);
    assert_eq!(run.status, Some(1), "{}", run.transcript());
    assert!(run.stdout.contains("no mail of example.com can be read"), "{}", run.transcript());
}

#[test]
fn a_converted_backup_of_plesk_9() {
    let mut mailbox = MailboxSpec::new("Anna")
        .with_files(vec![message("cur/1.a:2,S", "one"), message(".Sent/cur/2.b:2,S", "two")])
        .with_password(PasswordSpec::plain("open sesame"));
    mailbox.aliases.push("info".into());
    let mut of = SubscriptionSpec::new("example.com");
    of.owner = "mydomains".into();
    of.system_user = "olduser".into();
    of.mailboxes.push(mailbox);
    let spec = Spec {
        prefix: "converted".into(),
        stamp: "0812121508".into(),
        plesk_version: "9.0.0".into(),
        generation: Generation::Plesk9,
        mail_layout: MailLayout::Mailbox,
        compression: Compression::Tgz,
        subscriptions: vec![of],
        ..Spec::default()
    };
    let place = Place::new();
    pack_directory(&spec, &place.path("tree")).unwrap();
    let run = place.run(&["convert", "tree", "--output", "out"]);
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    let found = mailboxes(&members(&place.path("out/cpmove-olduser.tar.gz")));
    let anna = &found["anna@example.com"];
    assert_eq!(anna["INBOX"].messages.len() + anna["Sent"].messages.len(), 2);
    let report = place.report("out");
    assert_eq!(report["accounts"][0]["mailboxes"][0]["login"], "hashed");
    let codes: Vec<String> = findings(&report).into_iter().map(|(code, ..)| code).collect();
    assert!(!codes.contains(&"metadata-problem".to_owned()), "{codes:?}");
    assert!(!codes.contains(&"archive-unreferenced".to_owned()), "{codes:?}");
}
