//! A finished archive that the disk gives back otherwise.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::common::{STAMP, write};
use cpmove::*;

fn small(directory: &Path, form: Form) -> FinishedArchive {
    let user = UserName::new("acct").unwrap();
    let compressor = Compressor::new(1).unwrap();
    let mut writer =
        ArchiveWriter::create(directory, &user, form, &compressor, false, STAMP).unwrap();
    writer.directory(b"a", 0o700).unwrap();
    writer.file(b"a/b", 0o600, 5, 0, &mut &b"hello"[..]).unwrap();
    writer.finish().unwrap()
}

fn read(archive: &FinishedArchive) -> Result<(), ReadBackError> {
    archive.read_back(|member| io::copy(member.data, &mut io::sink()).map(|_| ()))
}

#[test]
fn any_end_but_the_right_one() {
    for form in [Form::TarGz, Form::Tar] {
        let directory = tempfile::tempdir().unwrap();
        let archive = small(directory.path(), form);
        let whole = fs::read(archive.temporary_path()).unwrap();
        read(&archive).unwrap();
        for length in 0..whole.len() {
            fs::write(archive.temporary_path(), &whole[..length]).unwrap();
            assert!(read(&archive).is_err(), "{form:?} cut to {length} of {}", whole.len());
        }
        let mut longer = whole.clone();
        longer.push(0);
        fs::write(archive.temporary_path(), &longer).unwrap();
        assert_eq!(
            read(&archive).unwrap_err().to_string(),
            format!("1 bytes or more follow the end of {}", archive.temporary_path().display())
        );
        fs::write(archive.temporary_path(), whole.repeat(2)).unwrap();
        assert!(matches!(read(&archive), Err(ReadBackError::Trailing { .. })));
    }
}

type Content = Vec<(Vec<u8>, u32, i64, Vec<u8>)>;

fn content(archive: &FinishedArchive) -> Result<Content, ReadBackError> {
    let mut members = Content::new();
    archive.read_back(|member| {
        let mut data = Vec::new();
        member.data.read_to_end(&mut data)?;
        members.push((member.path.to_vec(), member.mode, member.mtime, data));
        Ok(())
    })?;
    Ok(members)
}

/// Some bits mean nothing: the time in gzip's header, say, or which of two equal zeros a match
/// points to. All others are errors, and none changes what is read.
#[test]
fn no_wrong_bit_changes_what_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let archive = small(directory.path(), Form::TarGz);
    let whole = fs::read(archive.temporary_path()).unwrap();
    let written = content(&archive).unwrap();
    assert_eq!(written.len(), 2);
    let mut errors = 0;
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << bit;
            fs::write(archive.temporary_path(), &damaged).unwrap();
            match content(&archive) {
                Ok(found) => assert_eq!(found, written, "bit {bit} of byte {at}"),
                Err(_) => errors += 1,
            }
        }
    }
    // The eight bytes of checksum and length, and nearly all between them and the header.
    assert!(errors > whole.len() * 8 * 3 / 4, "{errors} of {} bits", whole.len() * 8);
}

#[test]
fn members_that_are_gone() {
    let directory = tempfile::tempdir().unwrap();
    let archive = small(directory.path(), Form::Tar);
    let whole = fs::read(archive.temporary_path()).unwrap();
    // Two headers (the top directory and a/) and the end: the last file is cut out.
    let without = [&whole[..1024], &[0; 1024][..]].concat();
    fs::write(archive.temporary_path(), without).unwrap();
    assert_eq!(
        read(&archive).unwrap_err().to_string(),
        "1 members came back of 2 that were written"
    );
}

#[test]
fn a_directory_that_was_touched() {
    type Touch = fn(&Path);
    let touched: [(&str, Touch); 4] = [
        ("could not read", |root| fs::remove_file(root.join("a/b")).unwrap()),
        ("member a/b came back otherwise than it was written: its size was 5 and is 6", |root| {
            fs::write(root.join("a/b"), "hello!").unwrap();
        }),
        (
            "member a/b came back otherwise than it was written: its mode was 384 and is 420",
            |root| {
                fs::set_permissions(root.join("a/b"), Permissions::from_mode(0o644)).unwrap();
            },
        ),
        ("member a/b came back otherwise than it was written: it is no file", |root| {
            fs::remove_file(root.join("a/b")).unwrap();
            std::os::unix::fs::symlink("/etc/passwd", root.join("a/b")).unwrap();
        }),
    ];
    for (message, touch) in touched {
        let directory = tempfile::tempdir().unwrap();
        let archive = small(directory.path(), Form::Directory);
        touch(archive.temporary_path());
        let found = read(&archive).unwrap_err().to_string();
        assert!(found.starts_with(message), "{found}");
    }
}

#[test]
fn what_the_visitor_says_is_named_with_its_member() {
    for form in [Form::TarGz, Form::Tar, Form::Directory] {
        let directory = tempfile::tempdir().unwrap();
        let archive = write(directory.path(), form, 1);
        let error = archive
            .read_back(|member| match member.path {
                b"homedir/mail/size513" => Err(io::Error::other("not mine")),
                _ => Ok(()),
            })
            .unwrap_err();
        assert_eq!(error.to_string(), "could not check member homedir/mail/size513");
    }
}
