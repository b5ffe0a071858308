//! Chains of mailboxes that were no maildirs: what a message was stored as tells which are the same.

use std::collections::BTreeSet;

use plesk_fixture::{MailLayout, MailStore, MailboxSource, MemoryFile, Spec, System};

use super::findings;
use super::made::{Converted, chain, convert, message};
use super::members;

fn texts(converted: &Converted) -> Vec<(String, String)> {
    let members = members(&converted.place.path("out/cpmove-examplecom.tar.gz"));
    let inside = "homedir/mail/example.com/anna/";
    let mut texts: Vec<(String, String)> = members
        .iter()
        .filter_map(|(path, stored)| {
            let rest = path.strip_prefix(inside)?;
            let (folder, name) = rest.split_once("cur/")?;
            let text = String::from_utf8_lossy(&stored.bytes).into_owned();
            (!name.is_empty()).then(|| (folder.to_owned(), text))
        })
        .collect();
    texts.sort();
    texts
}

fn of(folder: &str, texts: &[&str]) -> Vec<(String, String)> {
    let text = |text: &&str| (folder.to_owned(), format!("Subject: {text}\n\n{text}\n"));
    texts.iter().map(text).collect()
}

#[test]
fn a_message_of_mail_enable_is_its_file() {
    let later = |file: MemoryFile| MemoryFile { mtime: file.mtime + 5, ..file };
    let before = vec![
        message("cur/1.a:2,", "one"),
        message("cur/2.b:2,", "two"),
        message("cur/3.c:2,", "three"),
    ];
    // The second is packed again for its time, and the third was deleted.
    let after = vec![
        message("cur/1.a:2,", "one"),
        later(message("cur/2.b:2,", "two")),
        message("cur/4.d:2,", "four"),
    ];
    let specs = chain(vec![before, after]).into_iter().map(|spec| Spec {
        system: System::Windows,
        mail_store: MailStore::MailEnable,
        ..spec
    });
    let converted = convert(&specs.collect::<Vec<_>>());
    assert_eq!(texts(&converted), of("", &["four", "one", "three", "two"]));
    assert!(converted.text("mailenable-converted").starts_with("4 messages"));
    // Nothing tells which of the first and the third is gone.
    assert!(converted.text("maybe-deleted-in-chain").starts_with("2 messages"));
}

/// A chain of mboxes: by dump, the path of each and its messages.
fn mboxes(dumps: &[&[(&str, &[&str])]]) -> Converted {
    let dates = ["one", "two", "three", "four", "five"];
    let mut specs = chain(vec![vec![]; dumps.len()]);
    let times: Vec<i64> = (1_700_000_000..).take(dumps.len()).collect();
    for ((spec, mboxes), time) in specs.iter_mut().zip(dumps).zip(&times) {
        let files = mboxes.iter().map(|(path, messages)| {
            let text = messages.iter().map(|text| {
                let second = dates.iter().position(|it| it == text).unwrap();
                let date = format!("Thu Nov 29 22:33:{second:02} 2001 +0000");
                format!("From bob@example.org {date}\nSubject: {text}\n\n{text}\n\n")
            });
            // The same file is packed in the first dump that has it.
            let known = dumps.iter().position(|dump| dump.contains(&(path, messages)));
            let time = known.map_or(time, |known| &times[known]);
            MemoryFile::file(*path, *time, text.collect::<String>())
        });
        spec.subscriptions[0].mailboxes[0].source = Some(MailboxSource::Raw(files.collect()));
        spec.mail_layout = MailLayout::Mailbox;
    }
    convert(&specs)
}

#[test]
fn a_newer_mbox_takes_the_place_of_an_older_one() {
    let converted = mboxes(&[
        &[("mbox", &["one", "two", "three", "four"]), ("mail/Sent", &["one"])],
        &[("mbox", &["two", "three", "four", "five"]), ("mail/Sent", &["one"])],
        &[("mbox", &["three", "four", "five"]), ("mail/Sent", &["one"])],
    ]);
    let expected = [of("", &["five", "four", "three"]), of(".Sent/", &["one"])].concat();
    assert_eq!(texts(&converted), expected);
    let text = converted.text("mbox-converted");
    assert!(text.starts_with("4 messages in 2 mboxes"), "{text}");
    let text = converted.text("deleted-in-chain");
    assert!(text.starts_with("2 messages of older dumps were deleted"), "{text}");
    assert_eq!(converted.codes(), ["deleted-in-chain"]);
}

#[test]
fn folders_of_older_dumps_stay_subscribed() {
    let converted = mboxes(&[
        &[("mail/Sent", &["one"]), ("mail/Work", &["two"])],
        &[("mail/Sent", &["one", "three"]), ("mail/Work", &["two"])],
    ]);
    let members = members(&converted.place.path("out/cpmove-examplecom.tar.gz"));
    let list = &members["homedir/mail/example.com/anna/subscriptions"].bytes;
    let list: BTreeSet<&str> = str::from_utf8(list).unwrap().lines().collect();
    assert_eq!(list, BTreeSet::from(["Sent", "Work"]), "{:?}", findings(&converted.report));
}

#[test]
fn an_mbox_that_was_emptied_brings_nothing_back() {
    let converted = mboxes(&[&[("mbox", &["one", "two"])], &[("mbox", &[])]]);
    assert_eq!(texts(&converted), []);
    assert!(converted.text("deleted-in-chain").starts_with("2 messages"));
}
