//! The decision, case by case.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking")]
#![allow(clippy::unnecessary_wraps, reason = "a helper that fills optional fields")]

use mail_model::folder::FolderName;
use mail_model::identity::*;
use mail_model::maildir::Place;
use mail_model::uidl::{UidlFormat, UidlProblem};

fn state(text: &str, mtime: i64) -> Option<StateFile> {
    Some(StateFile { bytes: text.as_bytes().to_vec(), mtime })
}

fn file(name: &str) -> RawFile {
    let (place, name) = match name.strip_prefix("new/") {
        Some(name) => (Place::New, name),
        None => (Place::Cur, name),
    };
    RawFile { place, name: name.as_bytes().to_vec(), size: 9, mtime: 0, x_uidl: None }
}

fn folder(dir: &str, names: &[&str]) -> RawFolder {
    RawFolder {
        dir: dir.as_bytes().to_vec(),
        files: names.iter().map(|name| file(name)).collect(),
        ..RawFolder::default()
    }
}

fn mailbox(folders: Vec<RawFolder>) -> RawMailbox {
    RawMailbox { folders, ..RawMailbox::default() }
}

fn rules() -> Rules {
    Rules { new_uidvalidity: 1000, ..Rules::default() }
}

fn stated(format: &str) -> Rules {
    Rules { old_server: OldServer::Dovecot(UidlFormat::parse(format).unwrap()), ..rules() }
}

/// (base name, uid, uidl, certainty of the UIDL) by uid.
fn rows(folder: &Folder) -> Vec<(String, u32, String, Certainty)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    folder
        .messages
        .iter()
        .map(|m| {
            let uidl = m.uidl.as_ref().unwrap();
            (text(&m.name.base), m.uid, text(&uidl.value), uidl.certainty)
        })
        .collect()
}

fn row(base: &str, uid: u32, uidl: &str, certainty: Certainty) -> (String, u32, String, Certainty) {
    (base.to_owned(), uid, uidl.to_owned(), certainty)
}

use Certainty::{Exact, Lost, Predicted};

#[test]
fn without_any_state() {
    let raw = mailbox(vec![
        folder("", &["20.b:2,S", "new/30.c", "10.a:2,"]),
        folder(".Old", &["5.z:2,S"]),
        folder(".Kept", &[]),
        folder(".Work", &["1.w:2,"]),
    ]);
    let mut raw = raw;
    raw.folders[3].uidlist = state("3 V1001 N9\n4 :1.w\n", 5);
    let resolved = resolve(&raw, &rules());
    let validities: Vec<u32> = resolved.folders.iter().map(|f| f.uidvalidity).collect();
    assert_eq!(validities, [1000, 1002, 1003, 1001]);
    assert_eq!(
        rows(&resolved.folders[0]),
        [
            row("10.a", 1, "UID1-1000", Lost),
            row("20.b", 2, "UID2-1000", Lost),
            // Nobody has seen what still lies in new/.
            row("30.c", 3, "UID3-1000", Predicted),
        ]
    );
    let evidence: Vec<_> = resolved.folders[0].messages.iter().map(|m| m.uid_evidence).collect();
    assert_eq!(evidence, [UidEvidence::NoState, UidEvidence::NoState, UidEvidence::NeverServed]);
    let missing = |folder, messages, in_new| Finding::StateMissing { folder, messages, in_new };
    assert_eq!(
        resolved.findings,
        [
            missing(FolderName::inbox(), 2, 1),
            missing(FolderName::from_levels(vec!["Old".into()]), 1, 0),
        ]
    );
    assert_eq!(resolve(&mailbox(vec![]), &rules()).server.because, Because::NoState);
}

#[test]
fn a_mailbox_that_nobody_ever_opened_has_nothing_to_lose() {
    let resolved = resolve(&mailbox(vec![folder("", &["new/20.b", "new/10.a"])]), &rules());
    assert_eq!(resolved.findings, []);
    assert_eq!(
        rows(&resolved.folders[0]),
        [row("10.a", 1, "UID1-1000", Predicted), row("20.b", 2, "UID2-1000", Predicted)]
    );
}

#[test]
fn pop3_only_courier() {
    let mut raw = mailbox(vec![folder("", &["10.a:2,S", "new/20.b"])]);
    raw.pop3_sizelist = state("/3 8 77\n10.a:2,S 9 4:77:0\n", 1);
    let resolved = resolve(&raw, &rules());
    assert_eq!(resolved.findings, []);
    assert_eq!(
        rows(&resolved.folders[0]),
        [row("10.a", 1, "UID4-77", Exact), row("20.b", 2, "UID8-77", Predicted),]
    );
    assert_eq!(resolved.folders[0].messages[0].uid_evidence, UidEvidence::NeverServed);
}

#[test]
fn imap_only_courier() {
    let mut inbox = folder("", &["10.a:2,S", "20.b:2,"]);
    inbox.uiddb = state("1 555 9\n7 10.a\n", 1);
    let resolved = resolve(&mailbox(vec![inbox]), &rules());
    assert_eq!(resolved.findings, []);
    assert_eq!(
        rows(&resolved.folders[0]),
        [row("10.a", 7, "UID7-555", Predicted), row("20.b", 9, "UID9-555", Predicted),]
    );
    let uidl = resolved.folders[0].messages[0].uidl.as_ref().unwrap();
    assert_eq!(uidl.evidence, UidlEvidence::NeverServed);
    assert_eq!(resolved.folders[0].messages[0].uid_certainty, Exact);
}

/// INBOX and a folder opened by both servers, one folder that only Courier ever opened.
fn switched(dovecot_time: i64, courier_time: i64) -> RawMailbox {
    let mut inbox = folder("", &["10.a:2,S", "20.b:2,S"]);
    inbox.uiddb = state("1 555 3\n1 10.a\n", courier_time);
    inbox.uidlist = state("3 V900 N6\n4 :10.a\n5 :20.b\n", dovecot_time);
    let mut unopened = folder(".Old", &["1.x:2,"]);
    unopened.uiddb = state("1 556 42\n41 1.x\n", courier_time);
    let mut raw = mailbox(vec![inbox, unopened]);
    raw.pop3_sizelist = state("/3 8 77\n10.a:2,S 9 4:77:0\n", courier_time);
    raw
}

#[test]
fn switched_servers() {
    let resolved = resolve(&switched(200, 100), &stated("%u-%v"));
    assert_eq!(
        (resolved.server.live, resolved.server.because),
        (Some(ServerKind::Dovecot), Because::Stated)
    );
    assert_eq!(
        rows(&resolved.folders[0]),
        [row("10.a", 4, "4-900", Exact), row("20.b", 5, "5-900", Exact)]
    );
    // Not opened since the switch: clients know Courier's numbers.
    let old = &resolved.folders[1];
    assert_eq!((old.uidvalidity, old.next_uid, old.messages[0].uid), (556, 42, 41));
    let old_name = FolderName::from_levels(vec!["Old".into()]);
    let switched_finding =
        Finding::ServerSwitched { live: ServerKind::Dovecot, from_other: vec![old_name] };
    assert_eq!(resolved.findings, [switched_finding]);

    let by_time = resolve(&switched(200, 100), &rules());
    assert_eq!(
        (by_time.server.live, by_time.server.because),
        (Some(ServerKind::Dovecot), Because::Newer)
    );

    let installed = Rules { installed: Some(ServerKind::Courier), ..rules() };
    let courier = resolve(&switched(200, 100), &installed);
    assert_eq!(
        (courier.server.live, courier.server.because),
        (Some(ServerKind::Courier), Because::Installed)
    );
    assert_eq!(
        rows(&courier.folders[0]),
        [row("10.a", 1, "UID4-77", Exact), row("20.b", 3, "UID8-77", Predicted)]
    );

    // The older list knows the newer message: somebody has to say.
    let unclear = resolve(&switched(100, 200), &rules());
    assert_eq!(unclear.server.because, Because::Contradiction);
    assert_eq!(
        unclear.findings[0],
        Finding::ServerUnclear {
            taken: ServerKind::Dovecot,
            dovecot_newest: Some(100),
            courier_newest: Some(200)
        }
    );
}

#[test]
fn evidence_before_labels() {
    let mut raw = switched(200, 100);
    raw.folders[0].uidlist = None;
    let resolved = resolve(&raw, &stated("%u-%v"));
    assert_eq!(resolved.server.live, Some(ServerKind::Courier));
    assert_eq!(rows(&resolved.folders[0])[0], row("10.a", 1, "UID4-77", Exact));
    let differs = Finding::ServerDiffers {
        said: ServerKind::Dovecot,
        found: ServerKind::Courier,
        stated: true,
    };
    assert_eq!(resolved.findings, [differs]);
}

#[test]
fn uids_and_uidls_may_come_from_different_servers() {
    // Since the switch to Dovecot nobody opened INBOX, but a folder was opened.
    let mut raw = switched(200, 100);
    raw.folders[0].uidlist = None;
    raw.folders[1].uidlist = state("3 V901 N2\n1 :1.x\n", 200);
    let resolved = resolve(&raw, &stated("%u-%v"));
    assert_eq!(resolved.server.live, Some(ServerKind::Dovecot));
    assert_eq!(rows(&resolved.folders[0])[0], row("10.a", 1, "UID4-77", Exact));
    assert_eq!(resolved.folders[1].uidvalidity, 901);
    // Courier lives, POP3 was last used under Dovecot.
    let mut raw = switched(100, 200);
    raw.pop3_sizelist = None;
    let rules = Rules { installed: Some(ServerKind::Courier), ..rules() };
    let resolved = resolve(&raw, &rules);
    let first = &resolved.folders[0].messages[0];
    assert_eq!((first.uid, resolved.folders[0].uidvalidity), (1, 555));
    assert_eq!(first.uidl.as_ref().unwrap().value, b"0000000400000384");
}

#[test]
fn a_stored_uidl_tells_the_format() {
    let mut inbox = folder("", &["1.a:2,", "2.b:2,"]);
    inbox.uidlist = state("3 V900 N6\n4 P4.900 :1.a\n5 :2.b\n", 1);
    let resolved = resolve(&mailbox(vec![inbox]), &rules());
    assert_eq!(
        rows(&resolved.folders[0]),
        [row("1.a", 4, "4.900", Exact), row("2.b", 5, "5.900", Certainty::Assumed)]
    );
    let format = UidlFormat::parse("%u.%v").unwrap();
    assert_eq!(resolved.findings, [Finding::FormatAssumed { format, messages: 1 }]);
}

#[test]
fn uidls_given_out_are_never_made_again() {
    let mut inbox = folder("", &["1.a:2,", "2.b:2,"]);
    inbox.uidlist = state("3 V900 N6\n4 PUID70-900 :1.a\n5 PUID80-901 :2.b\n", 1);
    let resolved = resolve(&mailbox(vec![inbox.clone()]), &rules());
    assert_eq!(resolved.folders[0].next_uid, 71);
    let why = NextUidReason::UidlGivenOut;
    let raised = Finding::NextUidRaised { folder: FolderName::inbox(), from: 6, to: 71, why };
    assert_eq!(resolved.findings, [raised]);
    // Courier's counter tells of messages that are gone.
    let mut courier = folder("", &["1.a:2,"]);
    courier.uiddb = state("1 900 6\n4 1.a\n", 1);
    let mut raw = mailbox(vec![courier]);
    raw.pop3_sizelist = state("/3 31 900\n1.a:2, 9 2:900:0\n", 1);
    assert_eq!(resolve(&raw, &rules()).folders[0].next_uid, 31);
    // Out of reach.
    inbox.uidlist = state("3 V900 N6\n4 PUID4294967290-900 :1.a\n5 Pq :2.b\n", 1);
    let resolved = resolve(&mailbox(vec![inbox]), &rules());
    assert_eq!(resolved.folders[0].next_uid, 6);
    let overflow = Finding::NextUidOverflow { folder: FolderName::inbox(), wanted: 4_294_967_291 };
    assert_eq!(resolved.findings, std::slice::from_ref(&overflow));
    let reserved = emit(&resolved.folders[0], &EmitOptions { reserve_uids: u32::MAX });
    assert_eq!((reserved.uidlist.next_uid, reserved.findings.len()), (6, 1));
    assert_eq!(
        emit(&resolved.folders[0], &EmitOptions { reserve_uids: 1_000_000 }).uidlist.next_uid,
        1_000_006
    );
}

#[test]
fn predicted_uidls_give_way_and_known_duplicates_stay() {
    let mut inbox = folder("", &["1.a:2,", "2.b:2,", "3.c:2,", "new/4.d"]);
    inbox.uidlist = state("3 V900 N6\n3 PUID6-900 :1.a\n4 Pq :2.b\n5 Pq :3.c\n", 1);
    let resolved = resolve(&mailbox(vec![inbox]), &stated("UID%u-%v"));
    assert_eq!(rows(&resolved.folders[0])[3], row("4.d", 7, "UID7-900", Predicted));
    assert_eq!(resolved.folders[0].next_uid, 8);
    assert_eq!(
        resolved.findings,
        [
            Finding::DuplicateUidls { uidl: b"q".to_vec(), count: 2 },
            Finding::UidlMoved {
                name: b"4.d".to_vec(),
                from: b"UID6-900".to_vec(),
                to: b"UID7-900".to_vec()
            },
        ]
    );
    // Courier: the list's counter lags behind its entries.
    let mut raw = mailbox(vec![folder("", &["1.a:2,", "2.b:2,", "new/3.c"])]);
    raw.pop3_sizelist = state("/3 5 77\n1.a:2, 9 5:77:0\n2.b:2, 9 6:77:0\n", 1);
    assert_eq!(rows(&resolve(&raw, &rules()).folders[0])[2], row("3.c", 3, "UID7-77", Predicted));
    // A new server's format that tells messages apart by nothing.
    let target = Rules { target_format: UidlFormat::parse("%v").unwrap(), ..rules() };
    let resolved = resolve(&mailbox(vec![folder("", &["1.a:2,", "2.b:2,", "3.c:2,"])]), &target);
    let uidls: Vec<String> = rows(&resolved.folders[0]).into_iter().map(|row| row.2).collect();
    assert_eq!(uidls, ["1000", "1000-2", "1000-3"]);
}

#[test]
fn uidls_that_no_list_can_hold() {
    let mut inbox = folder("", &["1.a b:2,", "2.c:2,", "3.d:2,"]);
    inbox.files[1].x_uidl = Some(b"two words".to_vec());
    inbox.files[2].x_uidl = Some(b"caf\xe9".to_vec());
    inbox.uidlist = state("3 V900 N9\n4 :1.a b\n5 :2.c\n6 :3.d\n", 1);
    let rules = Rules { reuse_x_uidl: true, ..stated("%f") };
    let resolved = resolve(&mailbox(vec![inbox]), &rules);
    assert_eq!(
        resolved.findings,
        [
            Finding::UnusualUidl {
                name: b"1.a b".to_vec(),
                uidl: b"1.a b".to_vec(),
                problem: UidlProblem::SpaceOrControl
            },
            Finding::UidlCannotBeKept {
                name: b"2.c".to_vec(),
                uidl: b"two words".to_vec(),
                problem: UidlProblem::SpaceOrControl,
                replacement: b"UID5-900".to_vec(),
            },
            Finding::UnusualUidl {
                name: b"3.d".to_vec(),
                uidl: b"caf\xe9".to_vec(),
                problem: UidlProblem::OutsideAscii
            },
        ]
    );
    // A file name with a space is written as an empty `P`, which means just that.
    let bytes = emit(&resolved.folders[0], &EmitOptions::default()).uidlist.to_bytes();
    assert_eq!(bytes, b"3 V900 N9\n4 P :1.a b\n5 PUID5-900 :2.c\n6 Pcaf\xe9 :3.d\n");
    let files: Vec<(Place, Vec<u8>)> =
        resolved.folders[0].messages.iter().map(|m| (m.place, m.name.to_bytes())).collect();
    let format = UidlFormat::uid_dash_validity();
    assert_eq!(verify_folder(&resolved.folders[0], &bytes, None, &files, &format), []);
}

#[test]
fn damaged_lists() {
    let mut inbox = folder("", &["1.a:2,", "2.b:2,", "3.c:2,"]);
    inbox.uidlist = state("3 V900 N9\n4 Pp :1.a\nx\n6 Pr :3.c\n", 1);
    let resolved = resolve(&mailbox(vec![inbox.clone()]), &stated("%u"));
    assert_eq!(
        rows(&resolved.folders[0]),
        [row("1.a", 4, "p", Exact), row("2.b", 9, "9", Predicted), row("3.c", 10, "10", Predicted),]
    );
    assert!(matches!(resolved.findings[0], Finding::UidListBroken { line: 3, lost: 2, .. }));

    // Cut within a name: only one file can be meant.
    inbox.uidlist = state("3 V900 N9\n4 Pp :1.a\n6 Pr :3.", 1);
    let resolved = resolve(&mailbox(vec![inbox.clone()]), &stated("%u"));
    assert_eq!(rows(&resolved.folders[0])[1], row("3.c", 6, "r", Certainty::Assumed));
    assert_eq!(rows(&resolved.folders[0])[2], row("2.b", 9, "9", Predicted));
    let cut = |name: &str, uid, repaired| Finding::UidListCutLine {
        folder: FolderName::inbox(),
        name: name.as_bytes().to_vec(),
        uid,
        repaired,
    };
    assert_eq!(resolved.findings, [cut("3.", Some(6), true)]);
    inbox.files.push(file("3.cc:2,"));
    let resolved = resolve(&mailbox(vec![inbox.clone()]), &stated("%u"));
    assert_eq!(resolved.findings, [cut("3.", Some(6), false)]);

    inbox.uidlist = state("", 1);
    let resolved = resolve(&mailbox(vec![inbox]), &rules());
    assert!(matches!(
        resolved.findings[0],
        Finding::StateFileUnusable { file: StateFileKind::UidList, .. }
    ));
    assert!(matches!(resolved.findings[1], Finding::StateMissing { messages: 4, in_new: 0, .. }));
}

#[test]
fn uids_that_have_run_out() {
    let mut inbox = folder("", &["1.a:2,", "2.b:2,", "3.c:2,"]);
    inbox.uidlist = state("3 V900 N4294967294\n4 Pp :1.a\n", 1);
    let resolved = resolve(&mailbox(vec![inbox]), &stated("%u"));
    assert_eq!(resolved.folders[0].uidvalidity, 1000);
    assert_eq!(resolved.folders[0].next_uid, 4);
    assert_eq!(
        resolved.findings[0],
        Finding::UidsExhausted { folder: FolderName::inbox(), messages: 1 }
    );
    assert_eq!(rows(&resolved.folders[0])[0].2, "p", "the stored UIDL stays");
}

#[test]
fn one_name_twice() {
    let mut inbox =
        folder("", &["new/1.a,S=9", "1.a,S=9:2,S", "1.a,S=9:2,SF", "1.a,S=9:2,R", "odd\n", ".dot"]);
    inbox.files[3].size = 77;
    inbox.uidlist = state("3 V900 N9\n4 Pp :1.a,S=9\n", 1);
    let resolved = resolve(&mailbox(vec![inbox]), &stated("%u"));
    let names: Vec<Vec<u8>> =
        resolved.folders[0].messages.iter().map(|m| m.name.to_bytes()).collect();
    // The first has not the size that it claims.
    assert_eq!(names, [b"1.a:2,R".to_vec(), b"1.a_2,S=9:2,SF".to_vec()]);
    let folder = FolderName::inbox;
    let twice = |kept: &str, dropped: &str| Finding::SameMessageTwice {
        folder: folder(),
        kept: kept.as_bytes().to_vec(),
        dropped: dropped.as_bytes().to_vec(),
    };
    assert_eq!(
        resolved.findings,
        [
            Finding::FileNotServed { folder: folder(), name: b"odd\n".to_vec() },
            Finding::FileNotServed { folder: folder(), name: b".dot".to_vec() },
            Finding::SameNameDifferentMessage {
                folder: folder(),
                name: b"1.a,S=9:2,SF".to_vec(),
                renamed_to: b"1.a_2,S=9:2,SF".to_vec()
            },
            twice("1.a,S=9:2,SF", "1.a,S=9:2,S"),
            twice("1.a,S=9:2,SF", "new/1.a,S=9".trim_start_matches("new/")),
            Finding::SizeInNameWrong { folder: folder(), mended: 1, left: 0 },
        ]
    );
}

#[test]
fn names_from_windows() {
    let mut inbox = folder("", &["1.a;2,S", "2.b;2,S"]);
    inbox.uidlist = state("3 V900 N9\n4 :1.a\n5 :2.b;2,S\n", 1);
    let resolved = resolve(&mailbox(vec![inbox]), &stated("%u"));
    let names: Vec<Vec<u8>> =
        resolved.folders[0].messages.iter().map(|m| m.name.to_bytes()).collect();
    assert_eq!(names, [b"1.a:2,S".to_vec(), b"2.b;2,S".to_vec()]);
    assert_eq!(
        resolved.findings,
        [Finding::MessageNameOdd {
            folder: FolderName::inbox(),
            name: b"1.a;2,S".to_vec(),
            written: b"1.a:2,S".to_vec()
        }]
    );
}

#[test]
fn a_wrong_size_leaves_the_name_and_nothing_else() {
    let mut inbox = folder("", &["10.a,S=99,W=100:2,S", "20.b,S=3:2,"]);
    inbox.files[0].size = 5;
    inbox.files[1].size = 3;
    inbox.uidlist = state("3 V77 N9\n4 Pold :10.a,S=99,W=100\n5 :20.b,S=3\n", 1);
    let resolved = resolve(&mailbox(vec![inbox]), &rules());
    let messages = &resolved.folders[0].messages;
    assert_eq!(messages[0].name.to_bytes(), b"10.a:2,S");
    assert_eq!((messages[0].uid, &messages[0].uidl.as_ref().unwrap().value[..]), (4, &b"old"[..]));
    // The GUID was the base name, and stays it.
    assert_eq!(messages[0].fields, [(b'G', b"10.a,S=99,W=100".to_vec())]);
    assert_eq!(messages[1].name.to_bytes(), b"20.b,S=3:2,");
    assert!(messages[1].fields.is_empty());
    assert!(resolved.findings.contains(&Finding::SizeInNameWrong {
        folder: FolderName::inbox(),
        mended: 1,
        left: 0
    }));
}
