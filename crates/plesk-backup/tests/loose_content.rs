//! Content that is no archive: a directory of the backup, and files that are read as they are.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::convert::Infallible;
use std::fs;
use std::io::Read;

use plesk_backup::{ArchiveError, ArchiveFormat, Backup, ContentFile, ContentRef};

fn backup() -> (tempfile::TempDir, Backup) {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    for (path, content) in [
        ("backup_info_2401151030.xml", "<migration-dump/>"),
        ("mail/anna/Inbox/1.MAI", "first"),
        ("mail/anna/Sent Items/2.MAI", "second"),
        ("mail/annabel/3.MAI", "of another"),
        ("anna.mbox", "From a\n\nthe be"),
        ("anna.mbox.2", "ginning\n"),
    ] {
        fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        fs::write(root.join(path), content).unwrap();
    }
    let backup = Backup::open(root).unwrap();
    (directory, backup)
}

fn reference() -> ContentRef {
    ContentRef {
        kind: "mailbox".to_owned(),
        path: String::new(),
        offset: None,
        referrer: false,
        files: Vec::new(),
        directory: None,
    }
}

fn members(archive: plesk_backup::ContentArchive) -> Vec<(String, String)> {
    let mut members = Vec::new();
    let end = archive
        .walk(|member| {
            let mut text = String::new();
            member.read_to_string(&mut text).unwrap();
            assert_eq!(member.size, text.len() as u64);
            members.push((String::from_utf8(member.path.clone()).unwrap(), text));
            Ok::<(), Infallible>(())
        })
        .unwrap();
    assert_eq!((end.members, end.damage), (members.len() as u64, None));
    members
}

#[test]
fn files_below_a_directory_are_members() {
    let (_directory, backup) = backup();
    let content = ContentRef { directory: Some(b"mail/anna".to_vec()), ..reference() };
    let archive = backup.open_content(&content).unwrap();
    assert_eq!(archive.format, ArchiveFormat::Files);
    let expected = [("Inbox/1.MAI", "first"), ("Sent Items/2.MAI", "second")]
        .map(|(path, text)| (path.to_owned(), text.to_owned()));
    assert_eq!(members(archive), expected);

    let none = ContentRef { directory: Some(b"mail/ann".to_vec()), ..reference() };
    let error = backup.open_content(&none).unwrap_err();
    assert_eq!(error.to_string(), "`mail/ann` is not in the backup");
}

#[test]
fn raw_files_are_one_member() {
    let (_directory, backup) = backup();
    let file = |name: &str| ContentFile {
        name: name.to_owned(),
        size: None,
        entry: backup.tree().find(name),
    };
    let files = vec![file("anna.mbox"), file("anna.mbox.2")];
    let archive = backup.open_raw(&ContentRef { files, ..reference() }).unwrap();
    assert_eq!(archive.format, ArchiveFormat::Files);
    let whole = ("anna.mbox".to_owned(), "From a\n\nthe beginning\n".to_owned());
    assert_eq!(members(archive), [whole]);

    let files = vec![file("anna.mbox"), file("anna.mbox.3")];
    let error = backup.open_raw(&ContentRef { files, ..reference() }).unwrap_err();
    assert!(matches!(error, ArchiveError::Missing { archive } if archive == "anna.mbox.3"));
}
