//! Trees on disk and files from memory, compared with what GNU tar makes of them.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use plesk_fixture::{
    Compression, MailboxSource, MailboxSpec, MemoryFile, MemoryKind, UnlistedSpec, pack_directory,
};

use super::{listing, mail_archive, message, one_mailbox, run, text};

/// A mailbox's directory with everything that archives have trouble with.
fn make_tree(mailbox: &Path) {
    let maildir = mailbox.join("Maildir");
    let long = "n".repeat(150);
    for directory in ["cur", "new", "tmp", ".Sent/cur", ".Entw&APw-rfe/new"] {
        fs::create_dir_all(maildir.join(directory)).unwrap();
    }
    let first = maildir.join("cur/1.M1P1.host,S=3:2,S");
    fs::write(&first, "hi\n").unwrap();
    fs::hard_link(&first, maildir.join(".Sent/cur/2.M2P2.host,S=3:2,")).unwrap();
    fs::hard_link(&first, maildir.join("new/3.M3P3.host")).unwrap();
    fs::write(maildir.join("cur").join(&long), vec![b'x'; 70_000]).unwrap();
    fs::hard_link(maildir.join("cur").join(&long), maildir.join("new").join(&long)).unwrap();
    fs::write(maildir.join(OsStr::from_bytes(b"r\xe9sum\xe9")), "not UTF-8").unwrap();
    fs::write(maildir.join("empty"), "").unwrap();
    fs::write(maildir.join("block"), [b'b'; 512]).unwrap();
    symlink(format!("../{long}/{long}"), maildir.join("link")).unwrap();
    symlink("sieve/rules", mailbox.join(".dovecot.sieve")).unwrap();
    // Modes are Plesk's, whatever the tree on disk has.
    run("chmod", &["-R", "u=rwX,go=", text(mailbox)]);
    for (time, path) in [
        ("@1600000000.75", &first),
        ("1960-01-01", &maildir.join("empty")),
        ("2400-01-01", &maildir.join("block")),
        ("2001-02-03", &maildir.join(".Sent")),
    ] {
        run("touch", &["-d", time, text(path)]);
    }
}

#[test]
fn a_tree_is_packed_to_the_byte_as_gnu_tar_does() {
    let directory = tempfile::tempdir().unwrap();
    let tree = directory.path().join("tree");
    make_tree(&tree.join("info"));
    let expected = directory.path().join("expected.tar");
    let owner = ["--owner=popuser:30", "--group=popuser:31"];
    let arguments = ["--format=gnu", "--sort=name", owner[0], owner[1], "-C", text(&tree)];
    run("tar", &[&["-c", "-f", text(&expected)], &arguments[..], &["info"]].concat());

    let mut spec = one_mailbox(MailboxSpec::new("info").with_tree(tree.join("info")));
    spec.compression = Compression::Tar;
    let out = directory.path().join("out");
    pack_directory(&spec, &out).unwrap();
    let packed = out.join("domains/example.com/backup_domainmail_2401151030.tar");
    assert_eq!(fs::read(&expected).unwrap().len(), fs::read(&packed).unwrap().len());
    assert!(fs::read(expected).unwrap() == fs::read(packed).unwrap(), "the archives differ");
}

#[test]
fn modes_are_plesks() {
    let directory = tempfile::tempdir().unwrap();
    let mailbox = directory.path().join("info");
    make_tree(&mailbox);
    let file = mailbox.join("Maildir/empty");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let archive = mail_archive(MailboxSpec::new("info").with_tree(mailbox), directory.path());
    let listing = run("tar", &["-t", "-v", "-f", text(&archive)]);
    let line = listing.lines().find(|line| line.ends_with("/empty")).unwrap();
    assert!(line.starts_with("-rw------- popuser/popuser "), "{line}");
}

#[test]
fn a_maildir_alone_gets_its_directory() {
    let directory = tempfile::tempdir().unwrap();
    let maildir = directory.path().join("anything");
    fs::create_dir_all(maildir.join("cur")).unwrap();
    fs::write(maildir.join("cur/1.h:2,S"), "x").unwrap();
    let mailbox = MailboxSpec { maildir: Some(maildir), ..MailboxSpec::new("Info") };
    let archive = mail_archive(mailbox, &directory.path().join("out"));
    let expected = ["info/", "info/Maildir/", "info/Maildir/cur/", "info/Maildir/cur/1.h:2,S"];
    assert_eq!(listing(&archive), expected);
}

#[test]
fn a_missing_tree_is_an_error_that_names_it() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("nowhere");
    let spec = one_mailbox(MailboxSpec::new("info").with_tree(&missing));
    let error = pack_directory(&spec, &directory.path().join("out")).unwrap_err();
    assert!(format!("{error:#}").contains(text(&missing)), "{error:#}");
}

#[test]
fn files_from_memory_are_sorted_and_get_their_directories() {
    let files = vec![
        message("new/3.h"),
        message(".Sent/cur/2.h:2,S"),
        MemoryFile::directory("Maildir/tmp", 7),
        message("cur/1.h:2,S"),
        MemoryFile::hard_link("Maildir/cur/9.h:2,", 7, "info/Maildir/cur/1.h:2,S"),
    ];
    let directory = tempfile::tempdir().unwrap();
    let archive = mail_archive(MailboxSpec::new("info").with_files(files), directory.path());
    let expected = "\
info/
info/Maildir/
info/Maildir/.Sent/
info/Maildir/.Sent/cur/
info/Maildir/.Sent/cur/2.h:2,S
info/Maildir/cur/
info/Maildir/cur/1.h:2,S
info/Maildir/cur/9.h:2,
info/Maildir/new/
info/Maildir/new/3.h
info/Maildir/tmp/";
    assert_eq!(listing(&archive), expected.lines().collect::<Vec<_>>());
    let long = run("tar", &["-t", "-v", "-f", text(&archive)]);
    assert!(long.contains("cur/9.h:2, link to info/Maildir/cur/1.h:2,S\n"), "{long}");
}

#[test]
fn raw_members_keep_names_and_order() {
    let files = vec![
        MemoryFile::file("../../etc/x", 0, "1"),
        MemoryFile::file("/etc/passwd", -5, "2"),
        MemoryFile::symbolic_link("info/Maildir/cur", 0, "/etc"),
        MemoryFile { path: b"info/pipe".to_vec(), mtime: 0, kind: MemoryKind::Other(b'6') },
    ];
    let source = Some(MailboxSource::Raw(files));
    let directory = tempfile::tempdir().unwrap();
    let archive =
        mail_archive(MailboxSpec { source, ..MailboxSpec::new("info") }, directory.path());
    let listing = run("tar", &["-P", "-t", "-v", "-f", text(&archive)]);
    let kinds_and_names: Vec<_> = listing
        .lines()
        .map(|line| (&line[..1], line.splitn(6, char::is_whitespace).last().unwrap()))
        .map(|(kind, rest)| format!("{kind} {}", rest.split_once(' ').map_or(rest, |two| two.1)))
        .collect();
    for (line, (kind, name)) in kinds_and_names.iter().zip([
        ("-", "../../etc/x"),
        ("-", "/etc/passwd"),
        ("l", "info/Maildir/cur -> /etc"),
        ("p", "info/pipe"),
    ]) {
        assert!(line.starts_with(kind) && line.ends_with(name), "{line}");
    }
    assert_eq!(kinds_and_names.len(), 4);
}

#[test]
fn directories_that_no_xml_names_are_packed_too() {
    let mut spec = one_mailbox(MailboxSpec::new("info").with_files(vec![message("cur/1.h:2,")]));
    let source = MailboxSource::Files(vec![message("cur/2.h:2,")]);
    spec.subscriptions[0].unlisted.push(UnlistedSpec { name: "gone".into(), source });
    let directory = tempfile::tempdir().unwrap();
    pack_directory(&spec, directory.path()).unwrap();
    let domain = directory.path().join("domains/example.com");
    let list = listing(&domain.join("backup_domainmail_2401151030.tzst"));
    assert_eq!(list[..2], ["gone/", "gone/Maildir/"]);
    let xml = fs::read_to_string(domain.join("backup_info_2401151030.xml")).unwrap();
    assert!(!xml.contains("gone"));
}
