//! Bits of each byte of a zip are changed in turn.

use plesk_backup::MemberKind;

use crate::builder::{Descriptor, File, extra, zip};
use crate::{Seen, walk_bytes};

/// What can be seen of a member.
type Facts = (String, MemberKind, i64, Result<Vec<u8>, String>);

fn facts(seen: Vec<Seen>) -> Vec<Facts> {
    seen.into_iter().map(|seen| (seen.path, seen.kind, seen.mtime, seen.bytes)).collect()
}

fn messages() -> Vec<File> {
    let of_unix = |file: File| File { host: 3, attributes: 0o100_600 << 16, ..file };
    let time = extra(0x5455, &[&[1][..], &1_705_310_001_i32.to_le_bytes()].concat());
    let text = |name: &str| format!("Subject: {name}\n\n{name} {name} {name} {name}\n");
    let stored = |name: &str| of_unix(File::new(name, text(name).as_bytes()));
    let deflated = |name: &str| of_unix(File::deflated(name, text(name).as_bytes()));
    vec![
        stored("cur/1"),
        deflated("cur/2"),
        File { descriptor: Some(Descriptor::Signed), ..stored("cur/3") },
        File { descriptor: Some(Descriptor::Signed), ..deflated("cur/4") },
        File { extra: [time.clone(), time], ..deflated("cur/5") },
        File { host: 0, attributes: 0x20, ..stored("cur/6") },
    ]
}

/// Nothing is lost and nothing changed without a word; no wrong bytes pass for a message; and one
/// bit costs one message at most.
#[test]
fn one_changed_bit_costs_one_message_at_most_and_is_told() {
    let made = zip(messages());
    check(&made.bytes, &made.list, 0..made.bytes.len());
}

#[test]
fn without_the_list_it_is_the_same() {
    let made = zip(messages());
    check(&made.bytes[..made.list[0]], &[], 0..made.list[0]);
}

fn check(whole: &[u8], list: &[usize], changed: std::ops::Range<usize>) {
    let texts: Vec<Vec<u8>> = messages().into_iter().map(|file| file.content).collect();
    let (seen, end) = walk_bytes(whole);
    assert_eq!((seen.len(), end.damage.is_none()), (texts.len(), !list.is_empty()));
    let expected = facts(seen);
    // On which system a file was written, only the list says.
    let unseen =
        |at: usize| list.iter().any(|start| at.checked_sub(*start).is_some_and(|at| at == 5));
    for at in changed {
        // All eight of them take minutes on a busy machine.
        for bit in [at % 8, (at + 5) % 8] {
            let mut bytes = whole.to_vec();
            bytes[at] ^= 1 << bit;
            let (seen, end) = walk_bytes(&bytes);
            let found = facts(seen);
            let what = format!("bit {bit} of byte {at}: {end:?}");
            let read: Vec<&Vec<u8>> = found.iter().filter_map(|it| it.3.as_ref().ok()).collect();
            assert!(read.iter().all(|bytes| texts.contains(bytes)), "{what}");
            let is_there = |text: &&Vec<u8>| read.contains(text);
            assert!(texts.iter().filter(is_there).count() + 1 >= texts.len(), "{what}");
            let is_told = end.damage.is_some();
            assert!(found == expected || is_told || unseen(at), "{what}: {found:?}");
        }
    }
}
