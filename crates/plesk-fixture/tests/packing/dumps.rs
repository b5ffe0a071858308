//! Several dumps in one tree: increments hold what changed, and name the dumps that hold the rest.

use std::fs;
use std::path::Path;

use plesk_fixture::{
    Generation, Level, MailLayout, MailboxSpec, MemoryFile, Root, Spec, pack_dumps_directory,
    pack_dumps_tar,
};

use super::{listing, one_mailbox, run, text, unpack};

fn file(name: &str, mtime: i64, content: &str) -> MemoryFile {
    MemoryFile::file(format!("Maildir/{name}"), mtime, content)
}

/// One mailbox at four moments: a full dump and three increments.
fn moments() -> Vec<Spec> {
    let kept = || file("cur/1.a:2,S", 10, "kept");
    let moments = [
        vec![kept(), file("cur/2.b:2,", 20, "read later"), file("cur/3.c:2,", 30, "deleted later")],
        vec![kept(), file("cur/2.b:2,S", 20, "read later"), file("list", 40, "one")],
        // Nothing happened.
        vec![kept(), file("cur/2.b:2,S", 20, "read later"), file("list", 40, "one")],
        vec![kept(), file("list", 41, "two"), file("new/4.d", 50, "came")],
    ];
    moments
        .into_iter()
        .enumerate()
        .map(|(day, files)| Spec {
            level: Level::Subscription,
            stamp: format!("240115000{day}"),
            base_stamp: (day > 0).then(|| "2401150000".to_owned()),
            file_index: true,
            ..one_mailbox(MailboxSpec::new("info").with_files(files))
        })
        .collect()
}

fn messages(archive: &Path) -> Vec<String> {
    listing(archive).into_iter().filter(|name| !name.ends_with('/')).collect()
}

fn related(xml: &Path) -> String {
    run("sh", &["-c", "grep -o '<related-dump>[0-9]*' \"$0\" | cut -d'>' -f2 | xargs", text(xml)])
}

#[test]
fn increments_hold_what_changed() {
    let directory = tempfile::tempdir().unwrap();
    pack_dumps_directory(&moments(), directory.path()).unwrap();
    let archive = |stamps: &str| directory.path().join(format!("backup_domainmail_{stamps}.tzst"));
    assert_eq!(
        messages(&archive("2401150000")),
        ["info/Maildir/cur/1.a:2,S", "info/Maildir/cur/2.b:2,", "info/Maildir/cur/3.c:2,"]
    );
    assert_eq!(
        messages(&archive("2401150000_2401150001")),
        ["info/Maildir/cur/2.b:2,S", "info/Maildir/list"]
    );
    assert!(!archive("2401150000_2401150002").exists(), "nothing changed, nothing is packed");
    assert_eq!(
        messages(&archive("2401150000_2401150003")),
        ["info/Maildir/list", "info/Maildir/new/4.d"]
    );
    let xml = |stamps: &str| directory.path().join(format!("backup_info_{stamps}.xml"));
    assert_eq!(related(&xml("2401150000")), "\n");
    assert_eq!(related(&xml("2401150000_2401150001")), "2401150000\n");
    assert_eq!(related(&xml("2401150000_2401150002")), "2401150000 2401150001\n");
    // The file that the first increment holds was deleted, and the one beside it changed again.
    assert_eq!(related(&xml("2401150000_2401150003")), "2401150000\n");
    let index =
        directory.path().join(".discovered/backup_info_2401150000_2401150003/cid_domainmail_472");
    let index = fs::read_to_string(index).unwrap();
    let rows: Vec<Vec<&str>> = index.lines().map(|row| row.split('\t').collect()).collect();
    let row = rows.iter().find(|row| row[0] == "info/Maildir/cur/1.a:2,S").unwrap();
    assert_eq!(row[1..4], ["f", "4", "10"]);
    assert_eq!(row.last(), Some(&"2401150000"));
    assert!(rows.iter().all(|row| !row[0].contains("2.b")), "{index}");
}

#[test]
fn one_tar_holds_all_dumps() {
    let directory = tempfile::tempdir().unwrap();
    let (tree, tar) = (directory.path().join("tree"), directory.path().join("all.tar"));
    let specs: Vec<Spec> =
        moments().into_iter().map(|spec| Spec { export_index: false, ..spec }).collect();
    pack_dumps_directory(&specs, &tree).unwrap();
    pack_dumps_tar(&specs, &tar).unwrap();
    let unpacked = directory.path().join("unpacked");
    unpack(&tar, &unpacked);
    assert_eq!(run("diff", &["-r", text(&tree), text(&unpacked)]), "");
}

#[test]
fn times_on_disk_count_with_all_their_digits() {
    let directory = tempfile::tempdir().unwrap();
    let maildir = directory.path().join("info/Maildir/cur");
    fs::create_dir_all(&maildir).unwrap();
    let message = maildir.join("1.h:2,");
    let set = |content: &str, nanoseconds: u32| {
        fs::write(&message, content).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::new(1_700_000_000, nanoseconds);
        fs::File::options().write(true).open(&message).unwrap().set_modified(time).unwrap();
    };
    let spec = |stamp: &str, base: Option<&str>, snapshot: &str| {
        let copy = directory.path().join(snapshot);
        run("cp", &["-a", text(&directory.path().join("info")), text(&copy)]);
        Spec {
            level: Level::Subscription,
            stamp: stamp.into(),
            base_stamp: base.map(str::to_owned),
            ..one_mailbox(MailboxSpec::new("info").with_tree(copy))
        }
    };
    set("one", 1);
    let full = spec("2401150000", None, "before");
    set("two", 2);
    fs::hard_link(&message, maildir.join("2.h:2,")).unwrap();
    let increment = spec("2401150001", Some("2401150000"), "after");
    let tree = directory.path().join("tree");
    pack_dumps_directory(&[full, increment], &tree).unwrap();
    let archive = tree.join("backup_domainmail_2401150000_2401150001.tzst");
    let verbose = run("tar", &["-t", "-v", "-f", text(&archive)]);
    assert!(verbose.contains("cur/1.h:2,\n"), "{verbose}");
    assert!(verbose.contains("cur/2.h:2, link to info/Maildir/cur/1.h:2,"), "{verbose}");
}

#[test]
fn a_subscription_of_the_repository_lies_in_its_directory() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Spec::sample();
    server.subscriptions[0].owner = "john".into();
    let alone = Spec {
        level: Level::Subscription,
        root: Root::Repository,
        stamp: "2401160000".into(),
        ..server.clone()
    };
    pack_dumps_directory(&[server, alone], directory.path()).unwrap();
    let domain = directory.path().join("clients/john/domains/example.com");
    for name in ["backup_info_2401151030.xml", "backup_info_2401160000.xml"] {
        assert!(domain.join(name).exists(), "{name}");
    }
    let props = domain.join(".discovered/backup_info_2401160000/props");
    assert!(fs::read_to_string(props).unwrap().ends_with("dump_full"));
    assert!(!directory.path().join("backup_info_2401160000.xml").exists());
}

#[test]
fn plesk_9_has_files_of_its_own_for_mailboxes_and_the_hosting() {
    let directory = tempfile::tempdir().unwrap();
    let mut spec = Spec {
        prefix: "converted".into(),
        generation: Generation::Plesk9,
        mail_layout: MailLayout::Mailbox,
        ..Spec::sample()
    };
    spec.subscriptions[0].owner = "john".into();
    spec.subscriptions[0].sites.clear();
    pack_dumps_directory(&[spec], directory.path()).unwrap();
    let client = directory.path().join("clients/john");
    let domain = client.join("domains/example.com");
    for name in [
        client.join("converted_john_info_2401151030.xml"),
        domain.join("converted_example.com_info_2401151030.xml"),
        domain.join("phosting/converted_info_2401151030.xml"),
        domain.join("mailnames/info/converted_info_info_2401151030.xml"),
        domain.join("mailnames/info/converted_info_mdir_2401151030.tzst"),
    ] {
        assert!(name.exists(), "{}", name.display());
    }
    let xml = fs::read_to_string(domain.join("converted_example.com_info_2401151030.xml")).unwrap();
    assert!(!xml.contains("<mailuser ") && !xml.contains("<phosting"), "{xml}");
}

#[test]
fn an_increment_needs_its_base() {
    let directory = tempfile::tempdir().unwrap();
    let specs = &moments()[1..];
    let error = pack_dumps_directory(specs, directory.path()).unwrap_err();
    assert_eq!(error.to_string(), "dump 2401150001: its base 2401150000 is not there");
}
