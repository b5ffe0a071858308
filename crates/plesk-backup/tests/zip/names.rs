//! Names: two that are alike, those of Windows, and their encodings.

use plesk_backup::MemberKind;

use crate::builder::{File, backup, crc32, extra, zip};
use crate::hostile::good;
use crate::{METADATA, all_damage, damage, files, names, open, walk_bytes};

#[test]
fn two_files_of_one_name() {
    let all = vec![File::new("a", b"one"), File::new("b", b"b"), File::deflated("a", b"second")];
    let made = backup(all);
    let (_directory, opened) = open(&made.bytes);
    assert_eq!(files(&opened), [good("a", b"second"), good("b", b"b")]);
    let places: Vec<usize> = made.data.iter().map(|data| data.start).collect();
    assert_eq!(
        damage(&opened),
        [format!(
            "`a` is in the backup twice, with data at byte {} (3 bytes) and at byte {} (6 bytes); \
             the latter was taken",
            places[1], places[3]
        )]
    );
    // As in a tar, both are members of an archive: they may be two messages.
    let (seen, end) = walk_bytes(&made.bytes);
    assert_eq!(names(&seen), [METADATA.0, "a", "b", "a"]);
    let bytes = [&seen[1], &seen[3]].map(|seen| seen.bytes.as_deref());
    assert_eq!(bytes, [Ok(&b"one"[..]), Ok(&b"second"[..])]);
    assert_eq!(all_damage(&end), Vec::<String>::new());
    // Which of them is damaged, its name does not tell.
    let mut made = made;
    let first = made.data[1].start;
    made.bytes[first] ^= 1;
    let (_, end) = walk_bytes(&made.bytes);
    let damage = end.damage.unwrap();
    assert_eq!((damage.member, damage.ordinal), (Some(b"a".to_vec()), Some(1)));
}

#[test]
fn one_that_cannot_be_read_does_not_hide_one_that_can() {
    let mut second = File::new("a", b"secret");
    second.flags = 1;
    let (_directory, opened) = open(&backup(vec![File::new("a", b"one"), second]).bytes);
    assert_eq!(files(&opened), [good("a", b"one")]);
}

#[test]
fn names_of_windows() {
    let (_directory, opened) = open(
        &backup(vec![
            File::new("domains\\a.example\\x", b"one"),
            File::new("dir\\", b""),
            File::new("C:\\x", b""),
            File::new("\\\\server\\x", b""),
            File::new("a\\..\\..\\b", b""),
        ])
        .bytes,
    );
    assert_eq!(files(&opened), [good("domains/a.example/x", b"one")]);
    let outside = ["C:/x", "//server/x", "a/../../b"];
    for (text, name) in damage(&opened).iter().zip(outside) {
        assert!(text.starts_with(&format!("member `{name}` at byte ")), "{text}");
        assert!(text.ends_with("its name leads out of the backup"), "{text}");
    }
    assert_eq!(damage(&opened).len(), outside.len());
}

#[test]
fn a_backslash_in_a_name_of_unix_is_part_of_it() {
    let of = |host, name: &str| File { host, ..File::new(name, b"one") };
    let names = [
        of(3, "anna/Maildir/.A\\B/cur/1"),
        of(3, "anna\\Maildir\\cur\\1"),
        of(0, "anna/Maildir\\.A\\cur/1"),
    ];
    let made = zip(names);
    let seen = |bytes: &[u8]| -> Vec<String> {
        walk_bytes(bytes).0.into_iter().map(|seen| seen.path).collect()
    };
    let unix = ["anna/Maildir/.A\\B/cur/1", "anna/Maildir/cur/1"];
    let read = seen(&made.bytes);
    assert_eq!(read[..2], unix);
    assert_eq!(read[2], "anna/Maildir/.A/cur/1");
    // Without the list nothing tells the system.
    assert_eq!(seen(&made.bytes[..made.list[0]])[..2], unix);
}

#[test]
fn what_has_bytes_is_no_directory() {
    let message = File::new("cur/1/", b"message");
    let made = backup(vec![File::new("cur/", b""), message.clone()]);
    let (_directory, opened) = open(&made.bytes);
    assert_eq!(files(&opened), [good("cur/1", b"message")]);
    let header = made.headers[2];
    let why = "its name is that of a directory, and it has bytes; it was taken for a file";
    assert_eq!(damage(&opened), [format!("`cur/1/` (header at byte {header}): {why}")]);
    for attributes in [0, 0x10, 0o040_755 << 16] {
        let made = zip([File { host: 3, attributes, ..message.clone() }]);
        let (seen, end) = walk_bytes(&made.bytes);
        assert_eq!((&*seen[0].path, &seen[0].kind), ("cur/1", &MemberKind::File));
        assert_eq!(seen[0].bytes.as_deref(), Ok(&b"message"[..]));
        assert_eq!(all_damage(&end), [format!("`cur/1/`: {why} at byte 0")]);
    }
}

#[test]
fn encodings_of_names() {
    let raw =
        |name: &[u8], flags, host| File { name: name.to_vec(), flags, host, ..File::new("", b"x") };
    let unicode = |name: &[u8], checksum_of: &[u8]| {
        let field = [&[1][..], &crc32(checksum_of).to_le_bytes(), "Entwürfe/2".as_bytes()].concat();
        let mut file = raw(name, 0, 0);
        file.extra = [extra(0x7075, &field), extra(0x7075, &field)];
        file
    };
    let made = backup(vec![
        raw("Entwürfe/0".as_bytes(), 1 << 11, 0),
        raw("Entwürfe/1".as_bytes(), 0, 0),
        unicode(b"Entw\x81rfe/2", b"Entw\x81rfe/2"),
        // Of another name: left aside.
        unicode(b"Entw\x81rfe/3", b"Entw"),
        raw(b"Entw\x81rfe/4", 0, 0),
        raw(b"\x80\xff\xe1", 0, 11),
    ]);
    let (_directory, opened) = open(&made.bytes);
    let names: Vec<String> = files(&opened).into_iter().map(|(name, _)| name).collect();
    let expected =
        ["Entwürfe/0", "Entwürfe/1", "Entwürfe/2", "Entwürfe/3", "Entwürfe/4", "Ç\u{a0}ß"];
    assert_eq!(names, expected);
    assert_eq!(
        damage(&opened),
        [format!(
            "`Entwürfe/3` (header at byte {}) and 2 more files of the zip: nothing says how its \
             name is encoded; it was read as code page 437",
            made.headers[4]
        )]
    );
    // On Unix a name is bytes.
    let made = backup(vec![raw(b"caf\xe9", 0, 3)]);
    let (_directory, opened) = open(&made.bytes);
    assert!(opened.tree().find(b"caf\xe9").is_some() && damage(&opened).is_empty());
}
