//! An mbox that a real Dovecot kept, and what it served: fixtures/mbox.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use mail_model::folder::{Convention, FolderName};
use mail_model::identity::*;
use mail_model::maildir::{Flags, Place};
use mail_model::mbox::{Mbox, Plain, Splitter};
use mail_model::uidl::UidlFormat;
use serde_json::Value;
use sha2::{Digest, Sha256};

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/mbox")
}

fn truth() -> Value {
    serde_json::from_slice(&fs::read(fixture().join("truth.json")).unwrap()).unwrap()
}

/// The folders in the order of the truth, each with its file.
fn folders(truth: &Value) -> Vec<(String, Vec<u8>)> {
    let read = |name: &String| {
        let dir = FolderName::from_levels(vec![name.clone()]).to_subscription();
        let file = if name == "INBOX" { "inbox".into() } else { String::from_utf8(dir).unwrap() };
        (name.clone(), fs::read(fixture().join(file)).unwrap())
    };
    truth["folders"].as_object().unwrap().keys().map(read).collect()
}

fn split(file: &[u8], piece: usize) -> Mbox {
    let mut splitter = Splitter::new();
    file.chunks(piece).for_each(|piece| splitter.push(piece));
    splitter.finish()
}

fn plain(file: &[u8], message: &mail_model::mbox::Message) -> Vec<u8> {
    let range = usize::try_from(message.start).unwrap()..usize::try_from(message.end).unwrap();
    let mut plain = Plain::new(message.form);
    let mut out = vec![];
    plain.push(&file[range], &mut out);
    plain.finish(&mut out);
    assert_eq!(out.len() as u64, message.size);
    out
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[test]
fn every_message_is_what_the_server_served() {
    let truth = truth();
    let mut unquoted = 0;
    for (name, file) in folders(&truth) {
        let mbox = split(&file, 100);
        assert_eq!(mbox, split(&file, usize::MAX));
        assert_eq!((mbox.leading, mbox.internal, mbox.cut), (0, false, None));
        let expected = truth["folders"][&name]["messages"].as_array().unwrap();
        assert_eq!(mbox.messages.len(), expected.len(), "{name}");
        for (message, expected) in mbox.messages.iter().zip(expected) {
            let found = hex(&plain(&file, message));
            // Where another program had quoted the message, what was sent is what counts.
            let digest = expected.get("sent").inspect(|_| unquoted += 1);
            assert_eq!(
                found,
                digest.unwrap_or(&expected["digest"]).as_str().unwrap(),
                "{expected}"
            );
            assert_eq!(message.separator.date, expected["date"], "{name}");
            if expected.get("sent").is_none() {
                assert_eq!(message.virtual_size, expected["size"], "{expected}");
            }
        }
    }
    assert_eq!(unquoted, 1);
}

/// The mailbox as the folders that its files become.
fn raw(truth: &Value) -> RawMailbox {
    let folder = |(name, file): (String, Vec<u8>)| {
        let inbox = name == "INBOX";
        let dir = if inbox { vec![] } else { FolderName::from_levels(vec![name]).to_dir() };
        let mut folder = RawFolder { dir, ..RawFolder::default() };
        split(&file, usize::MAX).add_to(&mut folder);
        folder
    };
    let subscriptions = fs::read(fixture().join("subscriptions")).unwrap();
    RawMailbox {
        folders: folders(truth).into_iter().map(folder).collect(),
        dovecot_subscriptions: Some(StateFile { bytes: subscriptions, mtime: 0 }),
        ..RawMailbox::default()
    }
}

#[test]
fn numbers_flags_and_names_are_the_server_s() {
    let truth = truth();
    let format = UidlFormat::parse(truth["server"]["uidl_format"].as_str().unwrap()).unwrap();
    let rules = Rules { old_server: OldServer::Dovecot(format), ..Rules::default() };
    let found = resolve(&raw(&truth), &rules);
    assert_eq!(found.findings, []);
    assert_eq!(found.server.because, Because::InMessages);
    for folder in &found.folders {
        let expected = &truth["folders"][folder.name.to_string()];
        assert_eq!(folder.uidvalidity, expected["uidvalidity"]);
        assert_eq!(folder.next_uid, expected["uidnext"]);
        let expected = expected["messages"].as_array().unwrap();
        assert_eq!(folder.messages.len(), expected.len());
        for (message, expected) in folder.messages.iter().zip(expected) {
            assert_eq!(message.uid, expected["uid"]);
            let certainty =
                if expected["listed"] == true { Certainty::Exact } else { Certainty::Predicted };
            assert_eq!(message.uid_certainty, certainty, "{expected}");
            assert_eq!(Value::from(flags(folder, message)), expected["flags"], "{expected}");
            let is_new = expected["listed"] == false;
            assert_eq!(message.place == Place::New, is_new, "{expected}");
        }
    }
    let inbox = found.folders.iter().find(|folder| folder.name.is_inbox()).unwrap();
    let listing = truth["pop3"].as_array().unwrap();
    assert_eq!(inbox.messages.len(), listing.len());
    for (message, expected) in inbox.messages.iter().zip(listing) {
        let uidl = message.uidl.as_ref().unwrap();
        assert_eq!(str::from_utf8(&uidl.value).unwrap(), expected["uidl"]);
    }
    let subscribed: Vec<String> = found.subscriptions.iter().map(ToString::to_string).collect();
    assert_eq!(subscribed.len(), truth["subscribed"].as_array().unwrap().len());
    for name in truth["subscribed"].as_array().unwrap() {
        assert!(subscribed.iter().any(|found| found == name.as_str().unwrap()), "{name}");
    }
    let encoded = FolderName::from_dir(b".Entw&APw-rfe", Convention::Auto).0;
    assert!(found.subscriptions.contains(&encoded));
}

/// Flags and keywords as IMAP names them, in order.
fn flags(folder: &Folder, message: &Message) -> Vec<String> {
    let names = [
        (Flags::SEEN, "\\Seen"),
        (Flags::REPLIED, "\\Answered"),
        (Flags::FLAGGED, "\\Flagged"),
        (Flags::DRAFT, "\\Draft"),
        (Flags::TRASHED, "\\Deleted"),
    ];
    let flags = names.into_iter().filter(|(flag, _)| message.name.flags.contains(*flag));
    let keyword = |index| String::from_utf8(folder.keywords.name(index).unwrap().to_vec()).unwrap();
    let mut all: Vec<String> = flags.map(|(_, name)| name.to_owned()).collect();
    all.extend(message.name.keywords.iter().map(keyword));
    all.sort();
    all
}
