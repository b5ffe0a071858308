//! Zips that are cut, or whose list is lost.

use plesk_backup::Damage;

use crate::builder::{Descriptor, File, Zip, backup, zip};
use crate::{METADATA, damage, files, names, open, walk_bytes};

/// Files of all kinds, with an inner zip among them that must never pass for the outer one.
fn mixed() -> (Vec<(String, Vec<u8>)>, Zip) {
    let long: Vec<u8> = (0..500_u32).flat_map(|number| (number * number).to_le_bytes()).collect();
    let inner = zip([File::new("cur/1", b"message"), File::deflated("cur/2", &long)]).bytes;
    let stream = |name: &str, content: &[u8], descriptor| File {
        descriptor: Some(descriptor),
        ..File::deflated(name, content)
    };
    let mut stored = File::new("stored", &long);
    stored.descriptor = Some(Descriptor::Signed);
    let mut wide = File::new("wide", &long);
    wide.zip64 = true;
    let all = vec![
        File::new("inner.zip", &inner),
        File::deflated("deflated", &long),
        stream("signed", &long, Descriptor::Signed),
        stream("bare", b"", Descriptor::Bare),
        stored,
        wide,
        stream("last", &long, Descriptor::Signed64),
    ];
    let contents = all
        .iter()
        .map(|file| (String::from_utf8(file.name.clone()).unwrap(), file.content.clone()))
        .collect();
    (contents, backup(all))
}

#[test]
fn wherever_it_is_cut_the_whole_files_before_are_there() {
    let (contents, made) = mixed();
    let end_of_metadata = made.data[0].end;
    // Every length would take minutes; these steps meet all headers, data and the list.
    let lengths = (end_of_metadata..made.bytes.len()).filter(|length| {
        length % 199 == 0
            || made.headers.iter().chain(&made.list).any(|at| at.abs_diff(*length) < 24)
    });
    for length in lengths {
        let (_directory, opened) = open(&made.bytes[..length]);
        let found = files(&opened);
        let whole = made.data.iter().skip(1).filter(|data| data.end <= length).count();
        for (index, (name, content)) in contents.iter().take(whole).enumerate() {
            let (found_name, bytes) = &found[index];
            // A file whose sizes follow it is only known to be whole when they are there.
            let is_last = index + 1 == whole;
            // One that is stored takes what is there of them for its own.
            let is_cut = bytes
                .as_ref()
                .is_ok_and(|bytes| content.starts_with(bytes) || bytes.starts_with(content));
            assert_eq!(found_name, name, "cut at {length}");
            assert!(bytes.as_deref() == Ok(content) || (is_last && is_cut), "{name} at {length}");
        }
        // What is cut is there in part, and nothing is there that is not of this zip.
        assert!(found.len() <= whole + 1, "cut at {length}: {found:?}");
        for (name, bytes) in &found[whole..] {
            assert_eq!(*name, contents[whole].0);
            assert!(contents[whole].1.starts_with(bytes.as_ref().unwrap()));
        }
        assert!(!damage(&opened).is_empty(), "cut at {length}");
    }
}

#[test]
fn a_cut_file_tells_how_much_of_it_is_there() {
    let content: Vec<u8> =
        (0..3000_u32).flat_map(|number| (number * number).to_le_bytes()).collect();
    for deflated in [false, true] {
        let file = File { deflated, ..File::new("mail", &content) };
        let made = backup(vec![File::new("a", b"one"), file]);
        let cut = made.data[2].start + made.data[2].len() / 2;
        let (_directory, opened) = open(&made.bytes[..cut]);
        let entry = opened.tree().get(opened.tree().find("mail").unwrap());
        assert_eq!(entry.size, content.len() as u64);
        let there = usize::try_from(entry.available).unwrap();
        assert!(there > 3000 && there < content.len());
        assert_eq!(files(&opened)[1].1.as_deref(), Ok(&content[..there]));
        let data = made.data[2].start as u64;
        let expected = [
            Damage::Zip {
                offset: cut as u64,
                detail: "its list of files cannot be read: it is not there; its files were looked \
                         for one by one"
                    .to_owned(),
            },
            Damage::Truncated { length: cut as u64, needed: made.data[2].end as u64 },
            Damage::CutEntry {
                path: b"mail".to_vec(),
                offset: data,
                size: content.len() as u64,
                available: there as u64,
            },
        ];
        assert_eq!(opened.damage(), expected);
    }
}

type Change = fn(&mut Zip);

#[test]
fn a_list_that_is_damaged_is_replaced_by_the_headers() {
    let (contents, made) = mixed();
    let expected: Vec<_> =
        contents.iter().map(|(name, bytes)| (name.clone(), Ok(bytes.clone()))).collect();
    let changes: [(&str, Change); 5] = [
        ("its end record", |zip| zip.bytes[zip.end] = 0),
        ("a header of it", |zip| zip.bytes[zip.list[3]] = 0),
        ("a length in it", |zip| zip.put16(zip.list[2] + 28, 60_000)),
        ("its place", |zip| zip.put32(zip.end + 16, 77)),
        ("a part of a zip", |zip| zip.put16(zip.end + 4, 3)),
    ];
    for (what, change) in changes {
        let mut made = Zip {
            bytes: made.bytes.clone(),
            list: made.list.clone(),
            end: made.end,
            ..Zip::default()
        };
        change(&mut made);
        let (_directory, opened) = open(&made.bytes);
        assert!(files(&opened) == expected, "{what}");
        let text = damage(&opened);
        assert_eq!(text.len(), 1, "{what}: {text:?}");
        assert!(text[0].contains("its files were looked for one by one"), "{what}: {text:?}");
    }
    // A wrong count alone is told.
    let mut made = Zip { bytes: made.bytes, end: made.end, ..Zip::default() };
    made.put16(made.end + 10, 9);
    let (_directory, opened) = open(&made.bytes);
    assert!(files(&opened) == expected);
    let text = format!(
        "the zip is damaged at byte {}: its end record counts 9 files, where its list has 8",
        made.end
    );
    assert_eq!(damage(&opened), [text]);
}

#[test]
fn bytes_that_are_lost_in_the_middle_cost_what_stood_there() {
    let content: Vec<u8> =
        (0..3000_u32).flat_map(|number| (number * number).to_le_bytes()).collect();
    let file = |name: &str| File::deflated(name, &content);
    let made = backup(vec![file("a"), file("b"), file("c")]);
    let mut bytes = made.bytes.clone();
    bytes.drain(made.headers[2]..made.headers[2] + 100);
    let (_directory, opened) = open(&bytes);
    let found = files(&opened);
    let whole: Vec<&str> = found
        .iter()
        .filter(|(_, bytes)| bytes.as_deref() == Ok(&content))
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(whole, ["a", "c"]);
    let text = damage(&opened);
    let skipped = made.headers[3] - made.headers[2] - 100;
    let header = format!(
        "no valid header at byte {}: there is no header of a file; {skipped} bytes were skipped",
        made.headers[2]
    );
    assert!(text.contains(&header), "{text:?}");
}

#[test]
fn a_bad_block_in_a_file_of_unknown_size_costs_that_file() {
    let content: Vec<u8> =
        (0..9000_u32).flat_map(|number| (number * number).to_le_bytes()).collect();
    for descriptor in [Descriptor::Signed, Descriptor::Bare] {
        let file =
            |name: &str| File { descriptor: Some(descriptor), ..File::deflated(name, &content) };
        let mut made = zip([file("a"), file("b"), file("c")]);
        // A block of a kind that there is not.
        let at = made.data[1].start;
        made.bytes[at] = 0xff;
        made.bytes.truncate(made.list[0]);
        let (seen, end) = walk_bytes(&made.bytes);
        assert_eq!(names(&seen), ["a", "b", "c"]);
        let whole: Vec<bool> =
            seen.iter().map(|seen| seen.bytes.as_deref() == Ok(&content)).collect();
        assert_eq!(whole, [true, false, true]);
        assert!(end.all_damage().any(|damage| damage.member.as_deref() == Some(b"b")), "{end:?}");
    }
}

#[test]
fn the_metadata_of_a_cut_zip_are_missing_and_its_archives_are_not() {
    let mail = zip([File::new("anna/Maildir/new/1", b"message")]).bytes;
    let made = zip([
        File::new("domains/a.example/backup_domainmail_2401151030.zip", &mail),
        File::new(METADATA.0, METADATA.1),
    ]);
    let (_directory, opened) = open(&made.bytes[..made.headers[1]]);
    let description = opened.describe().unwrap();
    let domain = &description.subscriptions[0].domain;
    assert_eq!(domain.ascii_name, "a.example");
    let content = &domain.mail.as_ref().unwrap().content[0];
    let (seen, end) = crate::walk(opened.open_content(content).unwrap());
    assert_eq!((names(&seen), end.damage), (vec!["anna/Maildir/new/1"], None));
}
