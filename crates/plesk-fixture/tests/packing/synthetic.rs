//! Mail made while packing: true to its own state files, readable, and not to be compressed away.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use plesk_fixture::{MailboxSource, MailboxSpec, SyntheticServer};

use super::{listing, mail_archive, run, text, unpack};

fn mailbox(messages: u64, message_bytes: u64, seed: u64, server: SyntheticServer) -> MailboxSpec {
    let source = MailboxSource::Synthetic { messages, message_bytes, seed, server };
    MailboxSpec { source: Some(source), ..MailboxSpec::new("info") }
}

/// Unpacks a mailbox and gives back its Maildir.
fn unpacked(mailbox: MailboxSpec, directory: &Path) -> PathBuf {
    let archive = mail_archive(mailbox, &directory.join("out"));
    unpack(&archive, directory);
    directory.join("info/Maildir")
}

/// Names in a directory, sorted.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn without_flags(name: &str) -> &str {
    name.split_once(":2,").map_or(name, |(base, _)| base)
}

fn line_ends(content: &[u8]) -> usize {
    content.split(|byte| *byte == b'\n').count() - 1
}

#[test]
fn dovecots_lists_name_every_message_once_in_rising_order() {
    let directory = tempfile::tempdir().unwrap();
    let maildir = unpacked(mailbox(200, 3000, 5, SyntheticServer::Dovecot), directory.path());
    let mut listed = 0;
    for folder in ["", ".Sent", ".Archive"] {
        let folder = maildir.join(folder);
        let list = fs::read_to_string(folder.join("dovecot-uidlist")).unwrap();
        assert!(list.ends_with('\n'));
        let mut lines = list.lines();
        let header: Vec<_> = lines.next().unwrap().split(' ').collect();
        assert_eq!(header[0], "3");
        let next: u64 = header[2].strip_prefix('N').unwrap().parse().unwrap();
        let entries: BTreeMap<u64, &str> = lines
            .clone()
            .map(|line| line.split_once(" :").unwrap())
            .map(|(uid, name)| (uid.parse().unwrap(), name))
            .collect();
        assert_eq!(entries.len(), lines.clone().count());
        let in_order: Vec<&str> = lines.map(|line| line.split_once(" :").unwrap().1).collect();
        assert_eq!(entries.values().copied().collect::<Vec<_>>(), in_order);
        assert_eq!(*entries.last_key_value().unwrap().0 + 1, next);
        let on_disk = names(&folder.join("cur"));
        let mut sorted: Vec<_> = in_order.clone();
        sorted.sort_unstable();
        assert_eq!(on_disk.iter().map(|name| without_flags(name)).collect::<Vec<_>>(), sorted);
        listed += sorted.len();
    }
    // The newest one came when nobody looked any more.
    assert_eq!((listed, names(&maildir.join("new")).len()), (199, 1));
}

#[test]
fn couriers_lists_agree_with_the_files() {
    let directory = tempfile::tempdir().unwrap();
    let maildir = unpacked(mailbox(100, 20_000, 5, SyntheticServer::Courier), directory.path());
    let pop3 = fs::read_to_string(maildir.join("courierpop3dsizelist")).unwrap();
    assert!(pop3.starts_with("/3 "), "{pop3}");
    for line in pop3.lines().skip(1) {
        let (name, rest) = line.split_once(' ').unwrap();
        let content = fs::read(maildir.join("cur").join(name)).unwrap();
        let lines = line_ends(&content);
        let (size, _) = rest.split_once(' ').unwrap();
        assert_eq!(size, (content.len() + lines).to_string());
    }
    let imap = fs::read_to_string(maildir.join("courierimapuiddb")).unwrap();
    let names_in = |list: &str, field: usize| {
        let mut names: Vec<_> = list
            .lines()
            .skip(1)
            .map(|line| without_flags(line.split(' ').nth(field).unwrap()).to_owned())
            .collect();
        names.sort();
        names
    };
    let on_disk = names(&maildir.join("cur"));
    let on_disk: Vec<_> = on_disk.iter().map(|name| without_flags(name)).collect();
    assert_eq!(names_in(&imap, 1), on_disk);
    assert_eq!(names_in(&pop3, 0), on_disk);
    assert!(!maildir.join("dovecot-uidlist").exists());
}

#[test]
fn sizes_in_names_are_true_and_their_mean_is_what_was_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let maildir = unpacked(mailbox(100, 20_000, 9, SyntheticServer::Dovecot), directory.path());
    let (mut total, mut count) = (0, 0);
    for folder in ["cur", "new", ".Sent/cur", ".Archive/cur"] {
        for name in names(&maildir.join(folder)) {
            let content = fs::read(maildir.join(folder).join(&name)).unwrap();
            let lines = line_ends(&content);
            let (_, sizes) = without_flags(&name).split_once(",S=").unwrap();
            assert_eq!(sizes, format!("{},W={}", content.len(), content.len() + lines), "{name}");
            assert!(content.ends_with(b"\n") && !content.contains(&b'\r'));
            total += content.len();
            count += 1;
        }
    }
    assert_eq!((total, count), (100 * 20_000, 100));
}

#[test]
fn messages_are_mail_to_another_parser() {
    let directory = tempfile::tempdir().unwrap();
    let maildir = unpacked(mailbox(50, 30_000, 1, SyntheticServer::None), directory.path());
    let script = "
import collections, email, email.policy, os, sys
kinds, identifiers = collections.Counter(), set()
for directory, _, files in os.walk(sys.argv[1]):
    for name in files:
        if os.path.basename(directory) not in ('cur', 'new'):
            continue
        message = email.message_from_bytes(open(os.path.join(directory, name), 'rb').read(),
                                           policy=email.policy.default)
        identifiers.add(message['Message-ID'])
        parts = list(message.walk())
        for part in parts:
            assert not part.defects, part.defects
        for attachment in message.iter_attachments():
            assert len(attachment.get_content()) % 57 == 0
        assert message.get_body().get_content().count(' ') > 3
        kinds[message.get_content_type()] += 1
print(len(identifiers), sorted(kinds.items()))
";
    // Of ten messages six are a tenth of the mean, too small for an attachment.
    let expected = "50 [('multipart/mixed', 20), ('text/plain', 30)]\n";
    assert_eq!(run("python3", &["-c", script, text(&maildir)]), expected);
}

#[test]
fn even_a_large_window_finds_little_that_repeats() {
    let directory = tempfile::tempdir().unwrap();
    let maildir = unpacked(mailbox(80, 100_000, 3, SyntheticServer::None), directory.path());
    let tar = directory.path().join("plain.tar");
    run("tar", &["-c", "-f", text(&tar), "-C", text(&maildir), "."]);
    let packed = directory.path().join("packed.zst");
    run("zstd", &["-q", "-12", "--long=27", text(&tar), "-o", text(&packed)]);
    let size = |path: &Path| fs::metadata(path).unwrap().len();
    assert!(size(&tar) > 8_000_000);
    // Six bits of eight of the base64 and a third of the text cannot be had for less.
    assert!(size(&packed) * 100 > size(&tar) * 60, "{} of {}", size(&packed), size(&tar));
}

#[test]
fn the_same_numbers_give_the_same_bytes_and_others_give_others() {
    let pack = |seed| {
        let directory = tempfile::tempdir().unwrap();
        let mailbox = mailbox(20, 9000, seed, SyntheticServer::Dovecot);
        fs::read(mail_archive(mailbox, directory.path())).unwrap()
    };
    let first = pack(1);
    assert!(first == pack(1), "the same seed gave other bytes");
    assert!(first != pack(2), "another seed gave the same bytes");
}

#[test]
fn members_are_sorted_as_a_walk_over_the_tree_gives_them() {
    for server in [SyntheticServer::Dovecot, SyntheticServer::Courier] {
        let directory = tempfile::tempdir().unwrap();
        let archive = mail_archive(mailbox(30, 500, 2, server), directory.path());
        let list = listing(&archive);
        // Comparing parts, not whole paths: "cur/" comes before everything below it.
        let mut sorted = list.clone();
        sorted.sort_by(|one, other| one.split('/').cmp(other.split('/')));
        assert_eq!(list, sorted);
    }
}

#[test]
fn a_mailbox_without_messages_is_packed() {
    let directory = tempfile::tempdir().unwrap();
    let maildir = unpacked(mailbox(0, 500, 2, SyntheticServer::Dovecot), directory.path());
    let list = fs::read_to_string(maildir.join("dovecot-uidlist")).unwrap();
    assert_eq!(list.split(' ').nth(2).unwrap(), "N1");
    assert_eq!(list.lines().count(), 1);
    assert!(names(&maildir.join("cur")).is_empty());
}
