//! What no client has seen is never given a name that one knows, and what cannot be read is never
//! taken for what was never there.

#![allow(clippy::unwrap_used, reason = "a test ends by panicking")]
#![allow(clippy::unnecessary_wraps, reason = "a helper that fills optional fields")]

use mail_model::identity::*;
use mail_model::maildir::Place;
use mail_model::uidl::UidlFormat;

fn state(text: &str) -> Option<StateFile> {
    Some(StateFile { bytes: text.as_bytes().to_vec(), mtime: 1 })
}

fn file(place: Place, name: &str, size: u64) -> RawFile {
    RawFile { place, name: name.as_bytes().to_vec(), size, mtime: 0, x_uidl: None }
}

fn rules() -> Rules {
    Rules {
        new_uidvalidity: 1000,
        old_server: OldServer::Dovecot(UidlFormat::parse("%08Xu%08Xv").unwrap()),
        ..Rules::default()
    }
}

fn inbox(files: Vec<RawFile>) -> RawFolder {
    RawFolder { files, ..RawFolder::default() }
}

fn resolved(folder: RawFolder, rules: &Rules) -> Mailbox {
    resolve(&RawMailbox { folders: vec![folder], ..RawMailbox::default() }, rules)
}

#[test]
fn a_second_message_of_one_name_takes_no_deleted_messages_place() {
    let mut folder =
        inbox(vec![file(Place::Cur, "1.host:2,S", 10), file(Place::New, "1.host", 20)]);
    folder.uidlist = state("3 V100 N9\n7 PY :1.host\n8 PX :1.host_2\n");
    let mailbox = resolved(folder, &rules());
    let messages = &mailbox.folders[0].messages;
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0].uidl.as_ref().unwrap().value, b"Y");
    let second = &messages[1];
    assert_eq!(second.name.base, b"1.host_3");
    assert!(second.uid >= 9, "{}", second.uid);
    assert_ne!(second.uidl.as_ref().unwrap().value, b"X");
}

#[test]
fn a_name_that_no_field_can_hold_keeps_its_wrong_size() {
    let mut folder = inbox(vec![file(Place::Cur, "1.host a,S=5:2,S", 6)]);
    folder.uidlist = state("3 V100 N9\n8 :1.host a,S=5\n");
    let mailbox = resolved(folder, &rules());
    let folder = &mailbox.folders[0];
    assert_eq!(folder.messages[0].name.base, b"1.host a,S=5");
    assert!(mailbox.findings.contains(&Finding::SizeInNameWrong {
        folder: folder.name.clone(),
        mended: 0,
        left: 1
    }));
    let written = emit(folder, &EmitOptions::default());
    let names: Vec<_> = vec![(Place::Cur, b"1.host a,S=5:2,S".to_vec())];
    let format = UidlFormat::uid_dash_validity();
    let differences = verify_folder(folder, &written.uidlist.to_bytes(), None, &names, &format);
    assert!(differences.is_empty(), "{differences:?}");
}

#[test]
fn an_x_uidl_of_a_message_that_nobody_saw_is_no_certainty() {
    let mut new = file(Place::New, "2.host", 5);
    new.x_uidl = Some(b"4711".to_vec());
    let mut folder = inbox(vec![file(Place::Cur, "1.host:2,S", 10), new]);
    folder.uidlist = state("3 V100 N9\n7 P4711 :1.host\n");
    let mailbox = resolved(folder, &Rules { reuse_x_uidl: true, ..rules() });
    let messages = &mailbox.folders[0].messages;
    let uidl = |at: usize| messages[at].uidl.as_ref().unwrap();
    assert_eq!((uidl(0).value.as_slice(), uidl(0).certainty), (&b"4711"[..], Certainty::Exact));
    assert_ne!(uidl(1).value, b"4711");
    assert_eq!(uidl(1).certainty, Certainty::Predicted);
}

#[test]
fn lists_that_cannot_be_read_were_served_all_the_same() {
    let mut folder = inbox(vec![file(Place::Cur, "1.host:2,S", 10)]);
    folder.uiddb = state("1 100 3\n2 1.host\n");
    let raw = RawMailbox {
        folders: vec![folder],
        pop3_sizelist: state("/9 54 1\n1.host:2,S 10 1:100\n"),
        ..RawMailbox::default()
    };
    let mailbox = resolve(&raw, &Rules { new_uidvalidity: 1000, ..Rules::default() });
    let message = &mailbox.folders[0].messages[0];
    assert_eq!((message.uid, message.uid_certainty), (2, Certainty::Exact));
    assert_eq!(message.uidl.as_ref().unwrap().certainty, Certainty::Lost);

    let mut folder = inbox(vec![file(Place::Cur, "1.host:2,S", 10)]);
    folder.uiddb = state("garbage\n");
    let raw = RawMailbox {
        folders: vec![folder],
        pop3_sizelist: state("/2 9 100\n1.host:2,S 10 1:100\n"),
        ..RawMailbox::default()
    };
    let mailbox = resolve(&raw, &Rules { new_uidvalidity: 1000, ..Rules::default() });
    let message = &mailbox.folders[0].messages[0];
    assert_eq!(message.uid_certainty, Certainty::Lost);
    assert_eq!(message.uidl.as_ref().unwrap().certainty, Certainty::Exact);
}
