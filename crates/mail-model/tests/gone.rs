//! What Dovecot's index tells of messages and folders that are gone, from files of a real one.

#![allow(clippy::unwrap_used, reason = "a test ends by panicking")]

use mail_model::dovecot::{GoneUids, deleted_folders};
use proptest::prelude::*;

fn recorded(name: &str) -> Vec<u8> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/identity/dovecot-index/");
    std::fs::read(format!("{directory}{name}")).unwrap()
}

fn gone_up_to(gone: &GoneUids, last: u32) -> Vec<u32> {
    (1..=last).filter(|uid| gone.has(*uid)).collect()
}

#[test]
fn the_log_tells_what_was_expunged() {
    let gone = GoneUids::from_log(&recorded("dovecot.index.log")).unwrap();
    assert_eq!(gone.uidvalidity, Some(1_795_702_893));
    // One by IMAP and one moved away; then one by POP3 and two by IMAP.
    assert_eq!(gone_up_to(&gone, 20), [1, 3, 6, 8, 9]);
}

#[test]
fn the_index_tells_what_is_there() {
    let bytes = recorded("dovecot.index");
    let gone = GoneUids::from_index(&bytes).unwrap();
    assert_eq!(gone.uidvalidity, Some(1_795_704_375));
    // Thirty messages were there; of UIDs from 31 on it knows nothing.
    assert_eq!(gone_up_to(&gone, 40), [4, 5, 6]);
    for end in 0..bytes.len() {
        assert_eq!(GoneUids::from_index(&bytes[..end]), None, "cut at {end}");
    }
    let mut corrupted = bytes.clone();
    corrupted[20] |= 1;
    assert_eq!(GoneUids::from_index(&corrupted), None);
    let mut other = bytes;
    other[0] = 8;
    assert_eq!(GoneUids::from_index(&other), None);
}

#[test]
fn a_log_that_is_cut_tells_what_it_holds() {
    let bytes = recorded("dovecot.index.log");
    let mut known = Vec::new();
    for end in 40..=bytes.len() {
        let gone = gone_up_to(&GoneUids::from_log(&bytes[..end]).unwrap(), 20);
        assert!(known.iter().all(|uid| gone.contains(uid)), "at {end}");
        known = gone;
    }
    assert_eq!(known, [1, 3, 6, 8, 9]);
}

#[test]
fn folders_that_were_deleted() {
    // One folder was deleted, another renamed; both had been subscribed to.
    let deleted = deleted_folders(&recorded("dovecot.mailbox.log"));
    assert_eq!(deleted, [b"a3e8bd19ab40086b1b77000066c232f2"]);
}

proptest! {
    #[test]
    fn nothing_makes_reading_fail(bytes in proptest::collection::vec(any::<u8>(), 0..300), flip in any::<usize>()) {
        let _ = GoneUids::from_log(&bytes);
        let _ = GoneUids::from_index(&bytes);
        let _ = deleted_folders(&bytes);
        for name in ["dovecot.index", "dovecot.index.log"] {
            let mut file = recorded(name);
            let at = flip % file.len();
            file[at] ^= 0xff;
            let _ = GoneUids::from_log(&file).map(|gone| gone.has(7));
            let _ = GoneUids::from_index(&file).map(|gone| gone.has(7));
        }
    }
}
