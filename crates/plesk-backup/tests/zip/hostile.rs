//! What nobody should write, and what each of it leads to.

use plesk_backup::{DamageKind, MemberKind, OpenError};

use crate::builder::{
    DATE, Descriptor, File, TIME, backup, crc32, extra, with_comment, with_end_64, zip,
};
use crate::{METADATA, Read1, all_damage, damage, files, names, open, walk_bytes};

pub(crate) fn good(path: &str, bytes: &[u8]) -> Read1 {
    (path.to_owned(), Ok(bytes.to_vec()))
}

fn bad(path: &str, why: &str) -> Read1 {
    (path.to_owned(), Err(why.to_owned()))
}

const LONG: &[u8] = &[b'x'; 5000];

#[test]
fn all_ways_to_write_a_file_come_to_the_same() {
    let mut all = Vec::new();
    let mut expected = Vec::new();
    let descriptors =
        [None, Some(Descriptor::Signed), Some(Descriptor::Bare), Some(Descriptor::Signed64)];
    for (number, descriptor) in descriptors.into_iter().enumerate() {
        for deflated in [false, true] {
            for zip64 in [false, true] {
                for content in [&b""[..], b"x", LONG] {
                    let name = format!("{number}{deflated}{zip64}{}", content.len());
                    all.push(File { deflated, descriptor, zip64, ..File::new(&name, content) });
                    expected.push(good(&name, content));
                }
            }
        }
    }
    for made in [
        backup(all.clone()),
        with_comment(
            backup(all.clone()),
            b"a comment, and PK\x05\x06 in it, which is no end record",
        ),
        with_end_64(backup(all)),
    ] {
        let (_directory, opened) = open(&made.bytes);
        assert_eq!((files(&opened), damage(&opened)), (expected.clone(), Vec::new()));
    }
}

#[test]
fn more_files_than_sixteen_bits_count() {
    let all: Vec<File> = (0..66_000).map(|number| File::new(&number.to_string(), b"")).collect();
    let (_directory, opened) = open(&backup(all).bytes);
    assert_eq!((opened.tree().len(), damage(&opened).len()), (66_001, 0));
}

#[test]
fn what_is_not_listed_of_much_damage_is_counted() {
    // Without a list, a stray byte before each header.
    let one = zip([File::new("a", b"")]);
    let file = [&one.bytes[..one.list[0]], b"?"].concat();
    let (seen, end) = walk_bytes(&file.repeat(1500));
    assert_eq!(seen.len(), 1500);
    let listed = end.all_damage().count();
    assert!((1000..1500).contains(&listed), "{listed}");
    // The list that is not there, and each stray byte.
    assert_eq!(listed as u64 + end.unlisted_damage, 1501);
}

#[test]
fn headers_that_differ() {
    let mut renamed = File::new("real", b"data");
    renamed.local_name = Some(b"other".to_vec());
    let mut made = backup(vec![renamed, File::new("sized", b"data"), File::new("summed", b"data")]);
    let (sized, summed) = (made.headers[2], made.headers[3]);
    made.put32(sized + 22, 5);
    made.put32(summed + 14, 7);
    let (_directory, opened) = open(&made.bytes);
    // The list is right, as the checksums show.
    let expected = ["real", "sized", "summed"].map(|name| good(name, b"data"));
    assert_eq!(files(&opened), expected);
    let text = format!(
        "`real` (header at byte {}) and 2 more files of the zip: its own header calls it `other`, \
         unlike the list at byte {}; the list was believed",
        made.headers[1], made.list[1]
    );
    assert_eq!(damage(&opened), [text]);

    // Each of them alone.
    let mut made = backup(vec![File::new("sized", b"data")]);
    let at = made.headers[1];
    made.put32(at + 22, 5);
    let (_directory, opened) = open(&made.bytes);
    let text = damage(&opened).remove(0);
    assert!(text.contains("says 5 bytes, 4 of them stored, where the list says 4 and 4"), "{text}");
    let mut made = backup(vec![File::deflated("x", LONG)]);
    let at = made.headers[1];
    made.put16(at + 8, 0);
    let (_directory, opened) = open(&made.bytes);
    let text = damage(&opened).remove(0);
    assert!(text.contains("packed by method 0, where the list says 8"), "{text}");
}

/// No checksum covers a time, and for a message it is the one of its delivery.
#[test]
fn times_that_differ() {
    let extended = |time: i32| extra(0x5455, &[&[1][..], &time.to_le_bytes()].concat());
    let plain = File::new("x", b"data");
    let streamed = File { descriptor: Some(Descriptor::Signed), ..plain.clone() };
    let timed = File { extra: [extended(1_700_000_000), extended(1_700_000_000)], ..plain.clone() };
    for (file, at, own, list) in [
        (plain, 15, 1_705_314_620, 1_736_937_020),
        (streamed, 15, 1_705_314_620, 1_736_937_020),
        (timed, 53, 1_700_000_000, 1_700_000_512),
    ] {
        let mut made = zip([file]);
        let at = made.list[0] + at;
        made.bytes[at] ^= 2;
        let (seen, end) = walk_bytes(&made.bytes);
        assert_eq!(seen[0].mtime, list);
        let text = format!(
            "`x`: its own header is of a file changed {own} seconds after 1970, where the list has \
             {list} at byte {}; the list was believed at byte 0",
            made.list[0]
        );
        assert_eq!(all_damage(&end), [text]);
    }
    // One that has no time in one of them, or another kind of it, contradicts nothing.
    for extra in [[extended(1_700_000_000), Vec::new()], [Vec::new(), extended(1_700_000_000)]] {
        let made = zip([File { extra, ..File::new("x", b"data") }]);
        let (seen, end) = walk_bytes(&made.bytes);
        assert_eq!((seen[0].mtime, end.damage), (1_700_000_000, None));
    }
    let mut made = zip([File::new("x", b"data")]);
    made.put32(10, 0);
    assert_eq!(walk_bytes(&made.bytes).1.damage, None);
}

#[test]
fn a_header_that_is_not_there() {
    let mut made = backup(vec![File::new("a", b"one"), File::new("b", b"two")]);
    let (lost, unsigned) = (made.headers[1], made.headers[2]);
    made.bytes[lost..lost + 31].fill(0xee);
    made.bytes[unsigned] = b'p';
    let (_directory, opened) = open(&made.bytes);
    let why = "where the zip's list of files places it, there is no header of it";
    assert_eq!(files(&opened), [bad("a", why), good("b", b"two")]);
    assert_eq!(
        damage(&opened),
        [
            format!("`a` (header at byte {lost}): cannot be read: {why}"),
            format!(
                "`b` (header at byte {unsigned}): its own header lacks its signature; it was used \
                 all the same"
            ),
        ]
    );
    // Beyond the end of the file, with 32 bits and with 64.
    let mut made = backup(vec![File::new("a", b"one")]);
    let at = made.list[1];
    made.put32(at + 42, 0x7fff_ffff);
    let (_directory, opened) = open(&made.bytes);
    assert_eq!(files(&opened), [bad("a", why)]);
    let mut wide = File::new("a", b"one");
    wide.zip64 = true;
    let mut made = backup(vec![wide]);
    let offset = made.end - 8;
    made.bytes[offset..made.end].fill(0xff);
    let (_directory, opened) = open(&made.bytes);
    assert_eq!(files(&opened), [bad("a", why)]);
}

#[test]
fn encrypted_files_and_methods_of_others() {
    let mut secret = File::new("secret", b"0123456789ab");
    secret.flags = 1;
    let mut made = backup(vec![secret, File::new("other", b"data"), File::new("open", b"data")]);
    for at in [made.headers[2] + 8, made.list[2] + 10] {
        made.put16(at, 9);
    }
    let (_directory, opened) = open(&made.bytes);
    let secret = "it is encrypted; unpack the zip with its password, and give the directory";
    let other = "it is compressed by method 9 (Deflate64), where stored and deflated files are \
                 read; unpack the zip with another program, and give the directory";
    assert_eq!(files(&opened), [bad("secret", secret), bad("other", other), good("open", b"data")]);
    assert_eq!(
        damage(&opened),
        [
            format!("`secret` (header at byte {}): cannot be read: {secret}", made.headers[1]),
            format!("`other` (header at byte {}): cannot be read: {other}", made.headers[2]),
        ]
    );
    // In an archive it is the damage of that member, and of no other.
    let (seen, end) = walk_bytes(&made.bytes);
    assert_eq!(seen[3].bytes.as_deref(), Ok(&b"data"[..]));
    let kinds: Vec<_> =
        end.all_damage().map(|damage| (damage.what, damage.member.clone().unwrap())).collect();
    let unsupported = DamageKind::Unsupported;
    assert_eq!(kinds, [(unsupported, b"secret".to_vec()), (unsupported, b"other".to_vec())]);
    assert!(all_damage(&end)[0].starts_with(secret), "{end:?}");
}

#[test]
fn a_backup_that_is_encrypted_as_a_whole_says_so() {
    let mut metadata = File::new(METADATA.0, METADATA.1);
    metadata.flags = 1;
    let (_directory, opened) = open(&zip([metadata]).bytes);
    let error = opened.describe().unwrap_err().to_string();
    assert!(error.contains("it is encrypted; unpack the zip with its password"), "{error}");
}

#[test]
fn links_and_devices() {
    let with_mode = |name: &str, mode: u32, content: &[u8]| File {
        host: 3,
        attributes: mode << 16,
        ..File::new(name, content)
    };
    let made = backup(vec![
        with_mode("link", 0o120_777, b"/etc/passwd"),
        with_mode("pipe", 0o010_644, b""),
        with_mode("directory", 0o040_755, b""),
        with_mode("file", 0o100_644, b"x"),
        File { attributes: 0x10, ..File::new("dos", b"") },
        File { host: 0, ..with_mode("no-unix", 0o120_777, b"y") },
    ]);
    let (_directory, opened) = open(&made.bytes);
    assert_eq!(files(&opened), [good("file", b"x"), good("no-unix", b"y")]);
    assert_eq!(
        damage(&opened),
        [
            "`link` was left out: a symbolic link",
            "`pipe` was left out: neither a file nor a directory"
        ]
    );
    let (seen, end) = walk_bytes(&made.bytes);
    let kinds: Vec<_> = seen.iter().skip(1).map(|seen| seen.kind.clone()).collect();
    assert_eq!(
        kinds,
        [
            MemberKind::SymbolicLink(b"/etc/passwd".to_vec()),
            MemberKind::Other(b'6'),
            MemberKind::Directory,
            MemberKind::File,
            MemberKind::Directory,
            MemberKind::File,
        ]
    );
    assert_eq!(end.damage, None);
}

/// One bit in the list says what a file is, and nothing else does.
#[test]
fn a_message_is_no_link_and_no_device_whatever_its_mode_says() {
    let short = b"Subject: x\n\ntext\n".as_slice();
    for content in [short, LONG] {
        for mode in [0o120_600_u32, 0o020_600, 0o060_600, 0o010_600, 0o140_600, 0o040_700] {
            let file = File { host: 3, attributes: mode << 16, ..File::new("cur/1", content) };
            let (seen, end) = walk_bytes(&zip([file.clone()]).bytes);
            assert_eq!((&seen[0].kind, seen[0].bytes.as_deref()), (&MemberKind::File, Ok(content)));
            assert_eq!(end.damage, None);
            // In a backup nothing is read that nobody asks for.
            if mode != 0o120_600 || content == LONG {
                let (_directory, opened) = open(&backup(vec![file]).bytes);
                assert_eq!(files(&opened), [good("cur/1", content)]);
            }
        }
    }
}

#[test]
fn bytes_that_belong_to_two_files() {
    // The first file says that it goes on over the second.
    let mut made = backup(vec![File::new("a", b"one"), File::new("b", b"two")]);
    let (at, length) = (made.list[1], made.data[2].end - made.data[1].start);
    for field in [20, 24] {
        made.put32(at + field, u32::try_from(length).unwrap());
    }
    let (_directory, opened) = open(&made.bytes);
    let why = "its bytes overlap those of the next file";
    assert_eq!(files(&opened), [bad("a", why), good("b", b"two")]);
    assert!(
        damage(&opened)
            .contains(&format!("`a` (header at byte {}): cannot be read: {why}", made.headers[1]))
    );
    // All of them are the same bytes: only one is read.
    let mut made = backup((0..50).map(|n| File::deflated(&n.to_string(), LONG)).collect());
    let kernel = u32::try_from(made.headers[1]).unwrap();
    for at in made.list.clone().into_iter().skip(1) {
        made.put32(at + 42, kernel);
    }
    let (_directory, opened) = open(&made.bytes);
    let read = files(&opened).into_iter().filter(|(_, bytes)| bytes.is_ok()).count();
    assert_eq!(read, 1);
    // The last one reaches into the list.
    let mut made = backup(vec![File::new("a", b"one")]);
    let at = made.list[1];
    for field in [20, 24] {
        made.put32(at + field, 40);
    }
    let (_directory, opened) = open(&made.bytes);
    assert_eq!(files(&opened), [bad("a", why)]);
}

#[test]
fn sizes_and_checksums_that_lie() {
    let more = |found: usize| format!("it has more than the {found} bytes that the zip says");
    let lie = |deflated: bool, field: usize, value: u32| {
        let file = File { deflated, ..File::new("a", LONG) };
        let mut made = backup(vec![file, File::new("b", b"two")]);
        let (list, header) = (made.list[1], made.headers[1]);
        made.put32(list + field, value);
        made.put32(header + field - 2, value);
        let (_directory, opened) = open(&made.bytes);
        let mut files = files(&opened);
        assert_eq!(files.pop(), Some(good("b", b"two")));
        files.remove(0).1.unwrap_err()
    };
    for deflated in [false, true] {
        assert_eq!(lie(deflated, 24, 4999), more(4999));
        assert_eq!(lie(deflated, 24, 5001), "its stored bytes give 5000 of 5001 bytes");
        assert_eq!(lie(deflated, 24, 0), more(0));
        // Nothing is allocated for what is claimed.
        assert_eq!(
            lie(deflated, 24, u32::MAX - 1),
            "its stored bytes give 5000 of 4294967294 bytes"
        );
        let text = lie(deflated, 16, 7);
        assert_eq!(
            text,
            format!("its bytes have the checksum {:08x}, where the zip says 00000007", crc32(LONG))
        );
    }
    assert_eq!(lie(false, 20, 4000), "its stored bytes give 4000 of 5000 bytes");
}

#[test]
fn a_bad_byte_costs_one_member() {
    for deflated in [false, true] {
        let content: Vec<u8> = (0..20_000_u32).flat_map(|n| (n * n).to_le_bytes()).collect();
        let member = |name: &str| File { deflated, ..File::new(name, &content) };
        let mut made = zip(["a", "b", "c"].map(member));
        // In a deflated file this begins a block of a kind that there is not.
        let start = made.data[1].start;
        made.bytes[start] = 0xff;
        let (seen, end) = walk_bytes(&made.bytes);
        let whole: Vec<bool> = seen.iter().map(|seen| seen.bytes.is_ok()).collect();
        assert_eq!(whole, [true, false, true]);
        let damage = end.damage.unwrap();
        assert_eq!(damage.member.as_deref(), Some(&b"b"[..]));
        assert_eq!((damage.what, damage.offset), (DamageKind::BadBlock, made.data[1].start as u64));
        assert!(end.further_damage.is_empty());
    }
}

#[test]
fn each_damaged_member_is_named_however_many_there_are() {
    let mut made = zip((0..3000).map(|number| File::new(&number.to_string(), b"data")));
    for data in made.data.clone() {
        made.bytes[data.start] = b'D';
    }
    let (seen, end) = walk_bytes(&made.bytes);
    assert_eq!((seen.len(), end.all_damage().count()), (3000, 3000));
}

#[test]
fn few_bytes_that_inflate_to_many_are_read_as_a_stream() {
    let zeros = vec![0; 64 << 20];
    let made = zip([File::deflated("zeros", &zeros)]);
    assert!(made.bytes.len() < 100_000);
    let (_directory, backup) = crate::with_archive(&made.bytes);
    let mut total = 0;
    let end = crate::archive(&backup, crate::STAMPED)
        .walk(|member| {
            total += std::io::copy(member, &mut std::io::sink())?;
            Ok::<(), std::io::Error>(())
        })
        .unwrap();
    assert_eq!((total, end.damage), (64 << 20, None));
}

#[test]
fn what_follows_and_what_precedes() {
    let mut made = backup(vec![File::new("a", b"one")]);
    let length = made.bytes.len();
    made.bytes.extend(b"junk");
    let (_directory, opened) = open(&made.bytes);
    assert_eq!(files(&opened), [good("a", b"one")]);
    let text = format!("4 bytes follow the end of the backup at byte {length}; they were not read");
    assert_eq!(damage(&opened), [text]);
    // Filled up to a whole block.
    made.bytes.truncate(length);
    made.bytes.resize(length.next_multiple_of(512), 0);
    let (_directory, opened) = open(&made.bytes);
    assert_eq!((files(&opened), damage(&opened)), (vec![good("a", b"one")], Vec::new()));
    // Error text before an archive is looked past, as before a tar. One inside of it is not meant.
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(3);
    builder.append_data(&mut header, "x", &b"one"[..]).unwrap();
    let tar = builder.into_inner().unwrap();
    for comment in [&b""[..], b"comment"] {
        let files = [File::new("a", b"one"), File::deflated("b", LONG), File::new("c.tar", &tar)];
        let inner = with_comment(zip(files), comment);
        let text = b"Unable to getpwnam for user x\r\n";
        let stored = [&text[..], &inner.bytes].concat();
        let (_directory, backup) = crate::with_archive(&stored);
        let archive = crate::archive(&backup, crate::STAMPED);
        assert_eq!(archive.leading_garbage, text.len() as u64);
        let (seen, end) = crate::walk(archive);
        assert_eq!((names(&seen), end.damage), (vec!["a", "b", "c.tar"], None));
        assert_eq!(seen[1].bytes.as_deref(), Ok(LONG));
    }
}

#[test]
fn times() {
    let at = |name: &str, date: u16, time: u16, fields: Vec<u8>| File {
        date,
        time,
        extra: [fields.clone(), fields],
        ..File::new(name, b"")
    };
    let (date, time) = (DATE, TIME);
    let extended = extra(0x5455, &[&[3][..], &1_705_310_001_i32.to_le_bytes(), &[0; 4]].concat());
    let before_1970 = extra(0x5455, &[&[1][..], &(-5_i32).to_le_bytes()].concat());
    // date -ud '2024-01-15 10:30:21' +%s is 1705314621.
    let ticks = (1_705_314_621_u64 + 11_644_473_600) * 10_000_000 + 9_999_999;
    let ntfs =
        extra(0x000a, &[&[0; 4][..], &[1, 0, 24, 0], &ticks.to_le_bytes(), &[0; 16]].concat());
    let old = extra(0x5855, &[&[0; 4][..], &1_600_000_000_i32.to_le_bytes()].concat());
    let made = zip([
        at("dos", date, time, Vec::new()),
        at("extended", date, time, [ntfs.clone(), extended].concat()),
        at("before", date, time, before_1970),
        at("ntfs", date, time, ntfs.clone()),
        at("old", date, time, old),
        at("nonsense", 0xffff, 0xffff, Vec::new()),
        at("none", 0, 0, Vec::new()),
        // The access time alone, and fields that are cut.
        at("atime", date, time, extra(0x5455, &[2, 1, 2, 3, 4])),
        at("short", date, time, extra(0x5455, &[1, 2])),
        at("cut", date, time, ntfs[..20].to_vec()),
    ]);
    let (seen, end) = walk_bytes(&made.bytes);
    assert_eq!(end.damage, None);
    let times: Vec<(&str, i64)> = seen.iter().map(|seen| (&*seen.path, seen.mtime)).collect();
    assert_eq!(
        times,
        [
            ("dos", 1_705_314_620),
            ("extended", 1_705_310_001),
            ("before", -5),
            ("ntfs", 1_705_314_621),
            ("old", 1_600_000_000),
            ("nonsense", 315_532_800),
            ("none", 315_532_800),
            ("atime", 1_705_314_620),
            ("short", 1_705_314_620),
            ("cut", 1_705_314_620),
        ]
    );
}

#[test]
fn an_empty_zip_and_one_of_something_else() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.zip");
    for (made, expected) in [
        (zip([]), "among 0 files"),
        (zip([File::new("photo.jpg", b"x")]), "among 1 files (the first is `photo.jpg`)"),
    ] {
        std::fs::write(&path, &made.bytes).unwrap();
        let error = plesk_backup::Backup::open(&path).unwrap_err();
        assert!(matches!(error, OpenError::NoPleskFiles { .. }));
        let told = error.to_string();
        assert!(told.ends_with(&*format!("{expected}; it looks like a ZIP archive")), "{told}");
    }
}
