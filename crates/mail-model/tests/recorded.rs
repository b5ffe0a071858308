//! Predictions from recorded state files against what the servers really answered.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking")]

use mail_model::dovecot::UidList;
use mail_model::identity::*;
use mail_model::maildir::{FileName, Place};
use mail_model::uidl::UidlFormat;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/identity").join(path)
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(fixture(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn state(path: &str) -> Option<StateFile> {
    fixture(path).exists().then(|| StateFile { bytes: read(path), mtime: 1_795_387_300 })
}

/// The message id of a file, by the rule in the README of the fixtures.
/// The files themselves are not recorded: each has the size that its name claims.
fn claimed_size(name: &[u8]) -> u64 {
    FileName::parse(name).size().unwrap_or(1)
}

fn key(base: &[u8]) -> String {
    let seconds: u64 = std::str::from_utf8(&base[..10]).unwrap().parse().unwrap();
    format!("<m{:04}@gen.test>", (seconds - 1_600_000_000) / 60)
}

struct Truth {
    /// UIDLs in POP3 order, with message ids.
    pop3: Vec<(String, String)>,
    uidvalidity: u64,
    /// UIDNEXT, which Courier did not tell.
    next_uid: Option<u64>,
    /// UID and flags by message id.
    imap: BTreeMap<String, (u64, Vec<String>)>,
}

fn truth(name: &str) -> Truth {
    let json: Value = serde_json::from_slice(&read(&format!("{name}/truth.json"))).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let pop3 = json["pop3"].as_array().unwrap();
    let inbox = &json["imap"]["boxes"]["INBOX"];
    let imap = inbox["msgs"].as_array().unwrap().iter().map(|message| {
        let mut flags: Vec<String> =
            message["flags"].as_array().unwrap().iter().map(text).collect();
        flags.sort();
        (text(&message["key"]), (message["uid"].as_u64().unwrap(), flags))
    });
    Truth {
        pop3: pop3.iter().map(|m| (text(&m["uidl"]), text(&m["key"]))).collect(),
        uidvalidity: inbox["uidvalidity"].as_u64().unwrap(),
        next_uid: inbox["uidnext"].as_u64(),
        imap: imap.collect(),
    }
}

/// The INBOX of a recording. File names come from the list that was emitted for it, flags from the
/// truth; the two messages that nobody had listed lie in `new/`.
fn inbox(name: &str, truth: &Truth, letters: &[(&str, char)]) -> RawFolder {
    let (list, _) = UidList::parse(&read(&format!("{name}/emitted-dovecot-uidlist"))).unwrap();
    let files = list.records.iter().map(|record| {
        let key = key(&record.base);
        let unseen = matches!(key.as_str(), "<m0061@gen.test>" | "<m0062@gen.test>");
        let mut name = record.base.clone();
        if !unseen {
            name.extend_from_slice(b":2,");
            let mut flags: Vec<char> = vec![];
            for flag in &truth.imap[&key].1 {
                match flag.as_str() {
                    "\\Answered" => flags.push('R'),
                    "\\Seen" => flags.push('S'),
                    "\\Flagged" => flags.push('F'),
                    "\\Deleted" => flags.push('T'),
                    "\\Recent" => {}
                    keyword => {
                        flags.extend(letters.iter().find(|(k, _)| *k == keyword).map(|l| l.1));
                    }
                }
            }
            flags.sort_unstable();
            name.extend(flags.into_iter().map(|flag| u8::try_from(flag).unwrap()));
        }
        let place = if unseen { Place::New } else { Place::Cur };
        let size = claimed_size(&name);
        RawFile { place, name, size, mtime: 0, x_uidl: None }
    });
    RawFolder {
        files: files.collect(),
        uidlist: if name == "dovecot-old" { state("dovecot-old/dovecot-uidlist") } else { None },
        dovecot_keywords: if letters.is_empty() {
            None
        } else {
            state(&format!("{name}/dovecot-keywords"))
        },
        uiddb: state(&format!("{name}/courierimapuiddb")),
        courier_keywords: match state(&format!("{name}/courierimapkeywords/:list")) {
            Some(list) => vec![(b":list".to_vec(), list.bytes)],
            None => vec![],
        },
        ..RawFolder::default()
    }
}

fn mailbox(name: &str, truth: &Truth, letters: &[(&str, char)]) -> RawMailbox {
    RawMailbox {
        folders: vec![inbox(name, truth, letters)],
        pop3_sizelist: state(&format!("{name}/courierpop3dsizelist")),
        dovecot_subscriptions: if name == "dovecot-old" {
            state("dovecot-old/subscriptions")
        } else {
            None
        },
        courier_subscribed: state(&format!("{name}/courierimapsubscribed")),
        listing: None,
    }
}

/// Every record of the truth is compared: UIDL and order, UID, flags and keywords.
fn assert_true(name: &str, mailbox: &Mailbox, truth: &Truth) {
    let folder = &mailbox.folders[0];
    assert_eq!(u64::from(folder.uidvalidity), truth.uidvalidity, "{name}");
    if let Some(next) = truth.next_uid {
        assert_eq!(u64::from(folder.next_uid), next, "{name}");
    }
    let mut by_position: Vec<&Message> = folder.messages.iter().collect();
    by_position.sort_by_key(|message| message.pop3_position);
    let pop3: Vec<(String, String)> = by_position
        .iter()
        .map(|message| {
            let uidl = message.uidl.as_ref().unwrap().value.clone();
            (String::from_utf8(uidl).unwrap(), key(&message.name.base))
        })
        .collect();
    assert_eq!(pop3, truth.pop3, "{name}");
    assert_eq!(folder.messages.len(), truth.imap.len(), "{name}");
    for message in &folder.messages {
        let key = key(&message.name.base);
        let (uid, flags) = &truth.imap[&key];
        assert_eq!(u64::from(message.uid), *uid, "{name} {key}");
        let mut found: Vec<String> = message
            .name
            .flags
            .iter_letters()
            .map(|letter| match letter {
                b'R' => "\\Answered".to_owned(),
                b'S' => "\\Seen".to_owned(),
                b'F' => "\\Flagged".to_owned(),
                b'T' => "\\Deleted".to_owned(),
                other => panic!("{other}"),
            })
            .collect();
        found.extend(message.name.keywords.iter().map(|index| {
            String::from_utf8(folder.keywords.name(index).unwrap().to_vec()).unwrap()
        }));
        found.sort();
        let flags: Vec<&String> = flags.iter().filter(|flag| *flag != "\\Recent").collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), flags, "{name} {key}");
    }
}

fn files_of(folder: &Folder) -> Vec<(Place, Vec<u8>)> {
    folder.messages.iter().map(|m| (m.place, m.name.to_bytes())).collect()
}

/// What is written is what served the same answers when it was recorded, byte for byte, and reads
/// back without a difference.
fn assert_emitted(name: &str, folder: &Folder) {
    let files = emit(folder, &EmitOptions::default());
    let bytes = files.uidlist.to_bytes();
    let recorded = read(&format!("{name}/emitted-dovecot-uidlist"));
    assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&recorded), "{name}");
    let keywords = files.keywords.map(|keywords| keywords.to_bytes());
    assert_eq!(keywords.as_deref(), Some(&read(&format!("{name}/dovecot-keywords"))[..]), "{name}");
    let format = UidlFormat::uid_dash_validity();
    let differences =
        verify_folder(folder, &bytes, keywords.as_deref(), &files_of(folder), &format);
    assert_eq!(differences, [], "{name}");
}

#[test]
fn dovecot_with_its_default_format() {
    let truth = truth("dovecot-old");
    let raw = mailbox("dovecot-old", &truth, &[("$Label1", 'a'), ("Invoice", 'b')]);
    let assumed = resolve(&raw, &Rules::default());
    assert_true("dovecot-old", &assumed, &truth);
    assert_eq!(
        assumed.findings,
        [Finding::FormatAssumed { format: UidlFormat::dovecot_default(), messages: 47 }]
    );
    assert_eq!(assumed.server.because, Because::OnlyState);
    let sure = |m: &&Message| m.uidl.as_ref().unwrap().certainty == Certainty::Exact;
    assert_eq!(assumed.folders[0].messages.iter().filter(sure).count(), 0);

    let format = UidlFormat::parse("%08Xu%08Xv").unwrap();
    let rules = Rules { old_server: OldServer::Dovecot(format), ..Rules::default() };
    let stated = resolve(&raw, &rules);
    assert_true("dovecot-old", &stated, &truth);
    assert_eq!(stated.findings, []);
    assert_eq!(stated.folders[0].messages.iter().filter(sure).count(), 47);
    let unseen: Vec<&Message> =
        stated.folders[0].messages.iter().filter(|m| m.place == Place::New).collect();
    assert_eq!(unseen.len(), 2);
    for message in unseen {
        let uidl = message.uidl.as_ref().unwrap();
        assert_eq!((uidl.certainty, uidl.evidence), (Certainty::Predicted, UidlEvidence::NextUid));
        assert_eq!(message.uid_evidence, UidEvidence::Next);
    }
    assert_emitted("dovecot-old", &stated.folders[0]);
    let subscribed: Vec<String> = stated.subscriptions.iter().map(ToString::to_string).collect();
    assert_eq!(
        subscribed,
        ["Sent", "Work", "Work/2020", "Trash", "Übung/Gelöscht", "Drafts", "Spam"]
    );
}

#[test]
fn a_wrong_statement_is_seen_in_the_uidls() {
    let truth = truth("dovecot-old");
    let format = UidlFormat::parse("%u-%v").unwrap();
    let rules = Rules { old_server: OldServer::Dovecot(format), ..Rules::default() };
    let resolved =
        resolve(&mailbox("dovecot-old", &truth, &[("$Label1", 'a'), ("Invoice", 'b')]), &rules);
    let uidls = resolved.folders[0].messages.iter().map(|m| &m.uidl.as_ref().unwrap().value);
    let known: Vec<&[u8]> = truth.pop3.iter().map(|(uidl, _)| uidl.as_bytes()).collect();
    assert_eq!(uidls.filter(|uidl| known.contains(&uidl.as_slice())).count(), 0);
}

#[test]
fn both_generations_of_courier() {
    for name in ["courier-old", "courier2013-old"] {
        let truth = truth(name);
        let resolved = resolve(&mailbox(name, &truth, &[]), &Rules::default());
        assert_true(name, &resolved, &truth);
        assert_eq!(resolved.findings, [], "{name}");
        assert_eq!(resolved.server.live, Some(ServerKind::Courier));
        assert_eq!(resolved.server.format, None);
        assert_emitted(name, &resolved.folders[0]);
        let subscribed: Vec<String> =
            resolved.subscriptions.iter().map(ToString::to_string).collect();
        assert_eq!(subscribed, ["Sent", "Work", "Work/2020", "Trash", "Übung/Gelöscht"], "{name}");
    }
    let truth = truth("courier2013-old");
    let numbered = truth.pop3.iter().filter(|(uidl, _)| uidl.starts_with("UID")).count();
    assert!(numbered > 2 && numbered < truth.pop3.len(), "the recording mixes both kinds");
}

#[test]
fn a_server_that_was_switched_by_the_usual_script() {
    let list = state("switched/dovecot-uidlist");
    let (parsed, problems) = UidList::parse(&list.as_ref().unwrap().bytes).unwrap();
    assert_eq!(problems, []);
    let files = parsed.records.iter().map(|record| RawFile {
        place: Place::Cur,
        name: [record.base.as_slice(), b":2,S"].concat(),
        size: claimed_size(&record.base),
        mtime: 0,
        x_uidl: None,
    });
    let inbox = RawFolder {
        files: files.collect(),
        uidlist: list.clone(),
        // The leftover of Courier, from before the switch.
        uiddb: state("courier-old/courierimapuiddb").map(|file| StateFile { mtime: 1, ..file }),
        ..RawFolder::default()
    };
    let raw = RawMailbox {
        folders: vec![inbox],
        pop3_sizelist: state("courier-old/courierpop3dsizelist")
            .map(|file| StateFile { mtime: 1, ..file }),
        ..RawMailbox::default()
    };
    let resolved = resolve(&raw, &Rules::default());
    assert_eq!(resolved.server.because, Because::Migrated);
    let folder = &resolved.folders[0];
    assert_eq!((folder.uidvalidity, folder.next_uid), (795_387_225, 55));
    // The first 47 have Courier's names in Courier's order, the six after the switch Dovecot's.
    let stored: Vec<&Message> = folder
        .messages
        .iter()
        .filter(|m| m.uidl.as_ref().unwrap().evidence == UidlEvidence::PField)
        .collect();
    assert_eq!(stored.len(), 47);
    assert_eq!(stored[2].uidl.as_ref().unwrap().value, b"UID5-1795387223");
    assert_eq!(stored[2].pop3_position, Some(3));
    let last = folder.messages.last().unwrap();
    // uid 54 = 0x36, uidvalidity 795387225 = 0x2f68a559
    assert_eq!(last.uidl.as_ref().unwrap().value, b"000000362f68a559");
    assert_eq!(last.pop3_position, Some(53));
    assert_eq!(last.uidl.as_ref().unwrap().certainty, Certainty::Assumed);
    let text = emit(folder, &EmitOptions::default()).uidlist.to_bytes();
    // POP3 order is that of the UIDs, so no `O` is needed.
    assert!(
        String::from_utf8_lossy(&text)
            .contains("\n3 PUID5-1795387223 W2804 :1600000300.20005_0.plesk.example.net\n")
    );
}

#[test]
fn a_folder_list_with_guids_and_a_low_next_uid() {
    // Recorded while being written: its header says N1.
    let (list, problems) = UidList::parse(&read("dovecot-old/Work.dovecot-uidlist")).unwrap();
    assert_eq!(list.next_uid, 8);
    assert_eq!(problems, [mail_model::dovecot::UidListProblem::NextUidRaised { from: 1, to: 8 }]);
    assert_eq!(list.records[0].get(b'G'), Some(&b"1600000780.20013_0.plesk.example.net"[..]));
}

#[test]
fn what_the_new_server_wrote_back_reads_the_same() {
    let (ours, _) = UidList::parse(&read("dovecot-old/emitted-dovecot-uidlist")).unwrap();
    let (after, problems) =
        UidList::parse(&read("dovecot-old/emitted-after-new-server-ran")).unwrap();
    assert_eq!(problems, []);
    assert_eq!(ours.uidvalidity, after.uidvalidity);
    let known = |list: &UidList| -> Vec<(u32, Option<Vec<u8>>, Vec<u8>)> {
        let record = |r: &mail_model::dovecot::UidRecord| {
            (r.uid, r.get(b'P').map(<[u8]>::to_vec), r.base.clone())
        };
        list.records.iter().map(record).collect()
    };
    assert_eq!(known(&ours), known(&after));
    assert!(FileName::parse(&ours.records[5].base).size().is_some());
}
