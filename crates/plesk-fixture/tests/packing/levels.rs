//! The shape of the tree at the three levels, and the formats of archives.

use std::fs;

use plesk_fixture::{
    Compression, ContentPaths, Level, MailLayout, MailboxSpec, Spec, SubscriptionSpec,
    pack_directory, pack_tar,
};

use super::{listing, message, one_mailbox, run, text, unpack};

fn pack_and_list(spec: &Spec) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let tar = directory.path().join("backup.tar");
    pack_tar(spec, &tar).unwrap();
    listing(&tar)
}

#[test]
fn a_server_is_packed_in_the_order_of_a_real_export() {
    let mut spec = Spec::sample();
    let mut owned = SubscriptionSpec::new("owned.example");
    owned.owner = "john".into();
    owned.mailboxes.push(MailboxSpec::new("info").with_files(vec![message("cur/1.h:2,")]));
    spec.subscriptions.push(owned);
    let expected = "\
domains/example.com/backup_user-data_2401151030.tzst
domains/example.com/backup_apache-files_2401151030.tzst
domains/example.com/databases/exdb_1/backup_sqldump_2401151030.tzst
domains/example.com/backup_domainmail_2401151030.tzst
domains/example.com/sites/addon.test/backup_domainmail_2401151030.tzst
clients/john/domains/owned.example/backup_user-data_2401151030.tzst
clients/john/domains/owned.example/backup_apache-files_2401151030.tzst
clients/john/domains/owned.example/backup_domainmail_2401151030.tzst
domains/example.com/.discovered/backup_info_2401151030/props
domains/example.com/.discovered/backup_info_2401151030/cid_user-data
domains/example.com/.discovered/backup_info_2401151030/cid_apache-files
domains/example.com/.discovered/backup_info_2401151030/cid_domainmail_472
domains/example.com/.discovered/backup_info_2401151030/cid_domainmail_473
domains/example.com/.discovered/backup_info_2401151030/object_index
domains/example.com/.discovered/backup_info_2401151030/status_OK
domains/example.com/backup_info_2401151030.xml
clients/john/domains/owned.example/.discovered/backup_info_2401151030/props
clients/john/domains/owned.example/.discovered/backup_info_2401151030/cid_user-data
clients/john/domains/owned.example/.discovered/backup_info_2401151030/cid_apache-files
clients/john/domains/owned.example/.discovered/backup_info_2401151030/cid_domainmail_474
clients/john/domains/owned.example/.discovered/backup_info_2401151030/object_index
clients/john/domains/owned.example/.discovered/backup_info_2401151030/status_OK
clients/john/domains/owned.example/backup_info_2401151030.xml
clients/john/.discovered/backup_info_2401151030/props
clients/john/.discovered/backup_info_2401151030/object_index
clients/john/.discovered/backup_info_2401151030/status_OK
clients/john/backup_info_2401151030.xml
.discovered/backup_info_2401151030/props
.discovered/backup_info_2401151030/object_index
.discovered/backup_info_2401151030/webcontent_index
.discovered/backup_info_2401151030/status_OK
.discovered/backup_info_2401151030/dumpresult_SUCCESS
backup_info_2401151030.xml
dump-header
dump-index
archive-index";
    assert_eq!(pack_and_list(&spec), expected.lines().collect::<Vec<_>>());
}

#[test]
fn a_client_has_its_domains_below_the_root() {
    let list = pack_and_list(&Spec { level: Level::Client, ..Spec::sample() });
    assert_eq!(list[3], "domains/example.com/backup_domainmail_2401151030.tzst");
    assert!(list.contains(&"backup_info_2401151030.xml".to_owned()));
    assert!(list.iter().all(|path| !path.starts_with("clients/")), "{list:?}");
}

#[test]
fn a_subscription_lies_at_the_root() {
    let expected = "\
backup_user-data_2401151030.tgz
backup_apache-files_2401151030.tgz
databases/exdb_1/backup_sqldump_2401151030.tgz
backup_domainmail_2401151030.tgz
sites/addon.test/backup_domainmail_2401151030.tgz
.discovered/backup_info_2401151030/props
.discovered/backup_info_2401151030/cid_user-data
.discovered/backup_info_2401151030/cid_apache-files
.discovered/backup_info_2401151030/cid_domainmail_472
.discovered/backup_info_2401151030/cid_domainmail_473
.discovered/backup_info_2401151030/object_index
.discovered/backup_info_2401151030/status_OK
.discovered/backup_info_2401151030/dumpresult_SUCCESS
backup_info_2401151030.xml";
    let spec = Spec {
        level: Level::Subscription,
        compression: Compression::Tgz,
        export_index: false,
        ..Spec::sample()
    };
    assert_eq!(pack_and_list(&spec), expected.lines().collect::<Vec<_>>());
}

#[test]
fn stamps_prefix_and_wrapping_directory_are_those_of_the_spec() {
    let spec = Spec {
        level: Level::Subscription,
        prefix: "nightly".into(),
        base_stamp: Some("2401010000".into()),
        wrap: Some("export".into()),
        ..Spec::sample()
    };
    let list = pack_and_list(&spec);
    assert_eq!(list[3], "export/nightly_domainmail_2401010000_2401151030.tzst");
    assert!(list.contains(&"export/nightly_info_2401010000_2401151030.xml".to_owned()));
}

#[test]
fn tar_and_directory_hold_the_same_files() {
    let directory = tempfile::tempdir().unwrap();
    let (tar, tree, unpacked) = (
        directory.path().join("backup.tar"),
        directory.path().join("tree"),
        directory.path().join("unpacked"),
    );
    let spec = Spec { export_index: false, ..Spec::sample() };
    pack_tar(&spec, &tar).unwrap();
    pack_directory(&spec, &tree).unwrap();
    unpack(&tar, &unpacked);
    assert_eq!(run("diff", &["-r", text(&tree), text(&unpacked)]), "");
}

#[test]
fn the_outer_tar_keeps_paths_longer_than_a_header_holds() {
    let directory = tempfile::tempdir().unwrap();
    let tar = directory.path().join("backup.tar");
    let wrap = "long-".repeat(30);
    pack_tar(&Spec { wrap: Some(wrap.clone()), ..Spec::sample() }, &tar).unwrap();
    let list = listing(&tar);
    assert_eq!(list[3], format!("{wrap}/domains/example.com/backup_domainmail_2401151030.tzst"));
    unpack(&tar, &directory.path().join("unpacked"));
    // The size was written behind the content, into the header behind the long name.
    let inner = directory.path().join("unpacked").join(&list[3]);
    assert!(listing(&inner).contains(&"info/Maildir/cur/".to_owned()));
}

#[test]
fn archives_are_what_their_names_say() {
    for (compression, extension, magic) in [
        (Compression::Tar, "tar", &b"info/\0"[..]),
        // Deflate, no flags, no time, from Unix.
        (Compression::Tgz, "tgz", &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0]),
        (Compression::Tzst, "tzst", &[0x28, 0xb5, 0x2f, 0xfd]),
    ] {
        let directory = tempfile::tempdir().unwrap();
        pack_directory(&Spec { compression, ..Spec::sample() }, directory.path()).unwrap();
        let archive = directory
            .path()
            .join(format!("domains/example.com/backup_domainmail_2401151030.{extension}"));
        let bytes = fs::read(&archive).unwrap();
        assert!(bytes.starts_with(magic), "{extension}: {:02x?}", &bytes[..8]);
        match compression {
            Compression::Tar => assert_eq!(bytes.len() % 10_240, 0),
            Compression::Tgz => drop(run("gzip", &["-t", text(&archive)])),
            Compression::Tzst => drop(run("zstd", &["-tq", text(&archive)])),
            // Has a test of its own.
            Compression::Zip => {}
        }
        assert!(listing(&archive).contains(&"sales/Maildir/.Sent/dovecot-uidlist".to_owned()));
    }
}

#[test]
fn mail_can_lie_in_an_archive_for_each_mailbox() {
    let mut mailbox = MailboxSpec::new("Info").with_files(vec![message("cur/1.h:2,")]);
    mailbox.password = None;
    let mut spec = one_mailbox(mailbox);
    spec.mail_layout = MailLayout::Mailbox;
    let directory = tempfile::tempdir().unwrap();
    pack_directory(&spec, directory.path()).unwrap();
    let domain = directory.path().join("domains/example.com");
    let archive = domain.join("mailnames/info/backup_mdir_2401151030.tzst");
    assert_eq!(listing(&archive), ["cur/", "cur/1.h:2,"]);
    let xml = fs::read_to_string(domain.join("backup_info_2401151030.xml")).unwrap();
    assert!(xml.contains("<cid type=\"mailbox\" path=\"domains/example.com/mailnames/info\">"));
}

#[test]
fn paths_of_content_are_written_three_ways() {
    for (content_paths, path) in [
        (ContentPaths::Repository, "domains/example.com/sites/addon.test"),
        (ContentPaths::Tree, "sites/addon.test"),
        (ContentPaths::Xml, "sites/addon.test"),
    ] {
        let spec = Spec { level: Level::Subscription, content_paths, ..Spec::sample() };
        let directory = tempfile::tempdir().unwrap();
        pack_directory(&spec, directory.path()).unwrap();
        let xml = fs::read_to_string(directory.path().join("backup_info_2401151030.xml")).unwrap();
        assert!(xml.contains(&format!("<cid type=\"domainmail\" path=\"{path}\">")), "{path}");
    }
    let spec = Spec { content_paths: ContentPaths::Xml, ..Spec::sample() };
    let directory = tempfile::tempdir().unwrap();
    pack_directory(&spec, directory.path()).unwrap();
    let xml = directory.path().join("domains/example.com/backup_info_2401151030.xml");
    let xml = fs::read_to_string(xml).unwrap();
    assert!(xml.contains("<cid type=\"domainmail\" path=\"\">"));
    assert!(xml.contains("<cid type=\"domainmail\" path=\"sites/addon.test\">"));
}

#[test]
fn settings_alone_have_no_archives() {
    let spec = Spec { content: false, ..Spec::sample() };
    let directory = tempfile::tempdir().unwrap();
    pack_directory(&spec, directory.path()).unwrap();
    assert_eq!(run("find", &[text(directory.path()), "-name", "*.tzst"]), "");
    let xml = directory.path().join("domains/example.com/backup_info_2401151030.xml");
    let xml = fs::read_to_string(xml).unwrap();
    assert!(xml.contains("content-included=\"false\""));
    assert!(!xml.contains("<cid "));
}

#[test]
fn contradictions_are_refused() {
    let two = Spec {
        level: Level::Subscription,
        subscriptions: vec![SubscriptionSpec::new("a.example"), SubscriptionSpec::new("b.example")],
        ..Spec::default()
    };
    let directory = tempfile::tempdir().unwrap();
    let error = pack_directory(&two, directory.path()).unwrap_err().to_string();
    assert_eq!(error, "a backup of subscription level has one subscription, the spec has 2");
    let stamp = Spec { stamp: "today".into(), ..Spec::default() };
    let error = pack_directory(&stamp, directory.path()).unwrap_err().to_string();
    assert_eq!(error, "stamp \"today\" is not ten digits YYMMDDhhmm");
}
