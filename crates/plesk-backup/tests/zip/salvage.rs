//! Zips without their list, of files whose sizes stand behind them.

use std::fmt::Write;

use crate::builder::{Descriptor, File, Zip, zip};
use crate::{names, walk_bytes};

const KINDS: [Descriptor; 3] = [Descriptor::Signed, Descriptor::Bare, Descriptor::Signed64];

fn text(number: usize) -> Vec<u8> {
    let mut text = format!("Subject: {number}\n\n");
    for line in 0..40 {
        writeln!(text, "line {line} of {number}").unwrap();
    }
    text.into_bytes()
}

/// Five files, and no list.
fn made(deflated: bool, descriptor: Descriptor) -> Zip {
    let mut made = zip((0..5).map(|number| File {
        deflated,
        descriptor: Some(descriptor),
        ..File::new(&format!("cur/{number}"), &text(number))
    }));
    made.bytes.truncate(made.list[0]);
    made
}

#[test]
fn every_file_is_found() {
    for descriptor in KINDS {
        for deflated in [false, true] {
            let (seen, end) = walk_bytes(&made(deflated, descriptor).bytes);
            assert_eq!(names(&seen), ["cur/0", "cur/1", "cur/2", "cur/3", "cur/4"]);
            for (number, seen) in seen.iter().enumerate() {
                assert_eq!(seen.bytes.as_deref(), Ok(&text(number)[..]));
            }
            assert_eq!(end.all_damage().count(), 1, "{end:?}");
        }
    }
}

#[test]
fn a_flipped_bit_behind_a_file_costs_that_file_at_most() {
    for descriptor in KINDS {
        for deflated in [false, true] {
            let made = made(deflated, descriptor);
            for at in made.data[1].end..made.headers[2] {
                let mut bytes = made.bytes.clone();
                bytes[at] ^= 0x10;
                let (seen, end) = walk_bytes(&bytes);
                assert_eq!(names(&seen), ["cur/0", "cur/1", "cur/2", "cur/3", "cur/4"], "{at}");
                for (number, seen) in seen.iter().enumerate() {
                    let is_same = seen.bytes.as_deref() == Ok(&text(number)[..]);
                    assert!(is_same || (number == 1 && seen.bytes.is_err()), "{number}, {at}");
                }
                assert!(end.all_damage().count() > 1, "{at}");
            }
        }
    }
}

#[test]
fn a_changed_byte_in_a_file_costs_that_file_and_never_passes() {
    for descriptor in KINDS {
        for deflated in [false, true] {
            let made = made(deflated, descriptor);
            for at in made.data[1].clone().step_by(7) {
                let mut bytes = made.bytes.clone();
                bytes[at] ^= 0x21;
                let (seen, _) = walk_bytes(&bytes);
                assert_eq!(names(&seen), ["cur/0", "cur/1", "cur/2", "cur/3", "cur/4"], "{at}");
                for (number, seen) in seen.iter().enumerate() {
                    match &seen.bytes {
                        Ok(bytes) => assert!(number != 1 && *bytes == text(number), "{at}"),
                        Err(_) => assert_eq!(number, 1, "{at}"),
                    }
                }
            }
        }
    }
}

#[test]
fn an_archive_whose_end_is_unknown_keeps_all_its_bytes() {
    let inner = zip((0..3).map(|number| File::new(&format!("cur/{number}"), &text(number)))).bytes;
    let stored = |name: &str, content: &[u8]| File {
        descriptor: Some(Descriptor::Signed),
        ..File::new(name, content)
    };
    let mut made = zip([stored("a.zip", &inner), stored("b", b"behind it")]);
    made.bytes.truncate(made.list[0]);
    let at = made.data[0].end + 8;
    made.bytes[at] ^= 1;
    let (seen, _) = walk_bytes(&made.bytes);
    assert_eq!(names(&seen), ["a.zip"]);
    assert!(seen[0].bytes.is_err());
    // Cut inside of it.
    let (_directory, opened) = crate::open(
        &zip([File::new(crate::METADATA.0, crate::METADATA.1), stored("a.zip", &inner)]).bytes
            [..inner.len()],
    );
    let found = crate::files(&opened);
    assert_eq!(found.len(), 1);
    let bytes = found[0].1.as_ref().unwrap();
    assert!(bytes.len() > inner.len() / 2 && inner.starts_with(bytes));
}

/// Files that are none, with headers that only look so: each costs no more than its own bytes.
#[test]
fn many_files_without_an_end_take_no_more_time_each() {
    for method in [0_u8, 8] {
        let mut header = b"PK\x03\x04\x14\0\x08\0".to_vec();
        header.extend([method, 0]);
        header.extend([0; 16]);
        header.extend(b"\x01\0\0\0a\xff\xff\xff\xff\xff\xff\xff\xff");
        let count = 3000;
        let (seen, end) = walk_bytes(&header.repeat(count));
        assert_eq!(seen.len(), count);
        assert!(end.damage.is_some());
    }
}
