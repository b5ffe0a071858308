use std::io::{Read, Write};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;
use crate::tree::{Source, Tree};

fn bytes(content: &[u8]) -> Bytes {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    Bytes::one(file).unwrap()
}

/// Indexed with a buffer of that many bytes: name and content of the parts, and what is wrong.
struct Reading {
    parts: Vec<(String, Vec<u8>)>,
    damage: Vec<String>,
    tree: Tree,
}

fn read_with(content: &[u8], capacity: usize) -> Option<Reading> {
    let bytes = bytes(content);
    let head = find_head(&bytes).unwrap()?;
    let scanner = Scanner::with_capacity(&bytes, capacity);
    let indexed = Indexer::new(&bytes, scanner).run(&head).unwrap();
    let damage = indexed.damage.iter().map(ToString::to_string).collect();
    let (entries, _damage, psadump) = indexed.apart();
    let tree = Tree::new(vec![Source::Bytes(Arc::new(bytes))], entries).with_psadump(Some(psadump));
    let parts = tree
        .iter()
        .map(|(id, entry)| {
            let mut content = Vec::new();
            tree.open(id).unwrap().read_to_end(&mut content).unwrap();
            assert_eq!(content.len() as u64, entry.available);
            (String::from_utf8(entry.path.clone()).unwrap(), content)
        })
        .collect();
    Some(Reading { parts, damage, tree })
}

fn read(content: &[u8]) -> Reading {
    read_with(content, 0).unwrap()
}

fn names(read: &Reading) -> Vec<&str> {
    read.parts.iter().map(|(name, _)| name.as_str()).collect()
}

fn metadata(read: &Reading) -> Option<String> {
    let id = read.tree.psadump().unwrap().metadata?;
    Some(printable(&read.tree.get(id).path))
}

const HEAD: &str =
    "Content-Type: multipart/mixed; boundary=\"B\"\r\nDumped-Psa-Version: 8.6.0\r\n\r\n";

fn dump(parts: &str) -> Vec<u8> {
    [HEAD, parts].concat().into_bytes()
}

#[test]
fn names_come_from_the_header() {
    let read = read(&dump(
        "--B\r\nContent-Type: text/xml\r\nContent-Disposition: attachment; filename=\"dump.xml\"\r\n\r\n<x/>\r\n\
         --B\r\nContent-Disposition: attachment; name=info@a.example\r\n\r\none\r\n\
         --B\r\nContent-Type: application/octet-stream; name=\"three\"\r\n\r\nthree\r\n\
         --B\r\nContent-ID: <id@host>\r\n\r\n\r\n\r\n\
         --B\r\n\r\nnameless\r\n\
         --B\r\nContent-Disposition: attachment; filename=file\r\nContent-Id: other\r\n\r\n--B\r\n\
         \r\n\r\n--B--\r\n",
    ));
    let parts: Vec<(&str, &[u8])> =
        read.parts.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
    assert_eq!(
        parts,
        [
            ("dump.xml", &b"<x/>"[..]),
            ("info@a.example", b"one"),
            ("three", b"three"),
            ("id@host", b"\r\n"),
            ("part-5", b"nameless"),
            ("file", b""),
            ("part-7", b""),
        ]
    );
    assert_eq!(read.damage, [""; 0]);
    assert_eq!(metadata(&read).as_deref(), Some("dump.xml"));
    assert_eq!(read.tree.find("other"), read.tree.find("file"));
    assert_eq!(read.tree.psadump().unwrap().version.as_deref(), Some("8.6.0"));
}

#[test]
fn plesk_7_goes_by_identifiers() {
    let head = HEAD.replace("8.6.0", "7.5.4").replace("\r\n", "\n");
    let parts = "--B\nContent-Type: text/xml; charset=UTF-8\nContent-ID: <x>\n\n<a/>\n\
         --B\nContent-ID: <one>\nContent-Disposition: attachment; filename=home.tgz\n\n1\n\
         --B\nContent-ID: two\nContent-Disposition: attachment; filename=home.tgz\n\n2\n--B--\n";
    let read = read(format!("{head}{parts}").as_bytes());
    assert_eq!(names(&read), ["dump.xml", "one", "two"]);
    assert_eq!(metadata(&read).as_deref(), Some("dump.xml"));
    assert_eq!(read.damage, [""; 0]);
}

#[test]
fn one_file_name_twice_is_two_parts_if_identifiers_differ() {
    let parts = "--B\nContent-ID: <one>\nContent-Disposition: attachment; filename=a\n\n1\n\
         --B\nContent-ID: <two>\nContent-Disposition: attachment; filename=a\n\n2\n\
         --B\nContent-Disposition: attachment; filename=a\n\n3\n\
         --B\nContent-Disposition: attachment; filename=../a\n\n4\n--B--\n";
    let read = read(&dump(parts));
    assert_eq!(names(&read), ["a", "two"]);
    assert_eq!(read.parts[0].1, b"3");
    let [twice, outside] = read.damage.as_slice() else { panic!("{:?}", read.damage) };
    assert!(twice.contains("`a` is in the backup twice") && twice.contains("(1 bytes)"), "{twice}");
    assert!(outside.contains("`../a`") && outside.contains("leads out"), "{outside}");
}

#[test]
fn a_signed_backup_is_a_multipart_in_another() {
    let content = "Dumped-Psa-Version: 8.4.0\nContent-Type: multipart/signed;\n\tboundary=Outer\n\n\
         This is a signed backup.\n\
         --Outer\nContent-Type: multipart/mixed; boundary=\"In ner\"\n\n\n\
         --In ner\nContent-Disposition: attachment; filename=dump.xml\n\n<x/>\n\
         --In ner\nContent-Disposition: attachment; filename=a\n\nhalf\n--Inner\n--Outer-\n\
         --In ner--\n\n\
         --Outer\nContent-Type: application/pkcs7-signature; name=smime.p7s\n\nsigned\n\
         --Outer--\n\0\0";
    let read = read(content.as_bytes());
    assert_eq!(names(&read), ["dump.xml", "a", "smime.p7s"]);
    assert_eq!(read.parts[1].1, b"half\n--Inner\n--Outer-");
    assert_eq!(read.damage, [""; 0]);
    let signature = read.tree.find("smime.p7s").unwrap();
    assert_eq!(read.tree.psadump().unwrap().signatures, [signature]);
    // Without its own end, the inner multipart ends where the outer one goes on.
    let content = content.replace("--In ner--\n", "");
    let read = self::read(content.as_bytes());
    assert_eq!(names(&read), ["dump.xml", "a", "smime.p7s"]);
}

#[test]
fn encoded_parts_are_decoded() {
    let xml = STANDARD.encode("<migration-dump/>");
    let (first, second) = xml.split_at(10);
    let parts = format!(
        "--B\nContent-Transfer-Encoding: BASE64\nContent-Type: text/xml\n\n{first}\n{second}\n\n\
         --B\nContent-Disposition: attachment; filename=q\nContent-Transfer-Encoding: quoted-printable\n\na=3Db=\n\n\
         --B\nContent-Disposition: attachment; filename=bad\nContent-Transfer-Encoding: base64\n\nQUJDR!VG\n\
         --B\nContent-Disposition: attachment; filename=odd\nContent-Transfer-Encoding: x-uuencode\n\nM\n\
         --B--\n"
    );
    let read = read(&dump(&parts));
    let contents: Vec<&[u8]> = read.parts.iter().map(|(_, content)| content.as_slice()).collect();
    assert_eq!(contents, [&b"<migration-dump/>"[..], b"a=b", b"ABC", b"M"]);
    let [bad, odd] = read.damage.as_slice() else { panic!("{:?}", read.damage) };
    assert!(bad.contains("`bad`") && bad.contains("byte 5 of the encoded text: `!`"), "{bad}");
    assert!(odd.contains("`odd`") && odd.contains("`x-uuencode` is not known"), "{odd}");
    let bad = read.tree.get(read.tree.find("bad").unwrap());
    assert_eq!((bad.size, bad.available), (4, 3));
}

#[test]
fn what_is_cut_is_told_with_its_place() {
    let whole = dump("--B\nContent-Disposition: attachment; filename=a\n\n0123456789\n--B--\n");
    let start = HEAD.len() + "--B\nContent-Disposition: attachment; filename=a\n\n".len();
    for cut in 0..whole.len() - 1 {
        let Some(read) = read_with(&whole[..cut], 0) else {
            assert!(cut <= HEAD.find("Dumped").unwrap() + "Dumped-Psa-Version: 8".len(), "{cut}");
            continue;
        };
        // The line break at the very end of the file adds nothing.
        if cut == start + "0123456789\n--B--".len() {
            assert_eq!(read.damage, [""; 0]);
            continue;
        }
        let last = read.damage.last().unwrap();
        assert!(last.starts_with(&format!("the backup ends at byte {cut}")), "{cut}: {last}");
        if cut >= start {
            let entry = read.tree.get(read.tree.find("a").unwrap());
            let boundary = start + "0123456789\n--B".len();
            let is_whole = cut >= boundary && whole[cut - 1] == b'B';
            assert_eq!(entry.available == entry.size, is_whole, "{cut}");
            if !is_whole {
                assert_eq!(entry.available, (cut - start) as u64, "{cut}");
                let text = format!("`a` (at byte {start}) is cut: the {} bytes", cut - start);
                assert!(read.damage[0].starts_with(&text), "{:?}", read.damage);
            }
        }
    }
}

#[test]
fn the_boundary_in_use_counts_as_well_as_the_one_that_is_named() {
    let parts = "--B\nContent-Disposition: attachment; filename=a\n\none\n\
                 --B\nContent-Disposition: attachment; filename=b\n\ntwo\n--B--\n";
    let whole = dump(parts);
    let told = |content: &[u8], named: &str, found: &str| {
        let read = read(content);
        assert_eq!(names(&read), ["a", "b"], "{:?}", read.damage);
        let [damage] = read.damage.as_slice() else { panic!("{:?}", read.damage) };
        assert!(damage.contains(named) && damage.contains(&format!("`{found}`")), "{damage}");
    };
    let text = String::from_utf8(whole.clone()).unwrap();
    told(text.replace("boundary=\"B\"", "boundary=\"C\"").as_bytes(), "`C`", "B");
    told(text.replace("; boundary=\"B\"", "").as_bytes(), "no boundary", "B");
    told(text.replacen("--B\n", "--X\n", 1).as_bytes(), "`B`", "X");
    // Two dashes in the text before the first part are no boundary.
    let remark = dump(&format!("-- \nnot a part\n--\n{parts}"));
    assert_eq!(read(&remark).damage, [""; 0]);
}

#[test]
fn text_that_belongs_to_nothing_is_told() {
    let part = "--B\nContent-Disposition: attachment; filename=a\n\none\n--B--\n";
    let remark = "x".repeat(2000);
    let before = format!("Unable to getpwnam for user\nroot: no\n{HEAD}");
    let read1 = read(&[before.as_bytes(), part.as_bytes()].concat());
    assert_eq!(names(&read1), ["a"]);
    assert!(read1.damage[0].contains("before the head"), "{:?}", read1.damage);
    assert!(read1.damage[0].contains("28 bytes were skipped"), "{:?}", read1.damage);
    let read2 = read(&dump(&format!("{remark}\n{part}")));
    assert!(read2.damage[0].contains("2000 bytes were skipped"), "{:?}", read2.damage);
    let read3 = read(&dump(&format!("{part}something else")));
    assert!(read3.damage[0].contains("14 bytes follow the end"), "{:?}", read3.damage);
    // A header without an end does not need memory for all of it.
    let endless = dump(&format!("--B\nA: b\n{}\n--B--\n", " c\n".repeat(30_000)));
    let read4 = read(&endless);
    assert!(read4.damage[0].contains("longer than 65536 bytes"), "{:?}", read4.damage);
    assert_eq!(names(&read4), ["part-1"]);
}

#[test]
fn other_files_are_none() {
    for content in [
        &b""[..],
        b"Dear diary,\nno backup today.\n",
        b"From: a@b.example\nSubject: x\n\nDumped-Psa-Version is a word.\n",
        b"Content-Type: multipart/mixed\n\nbut it has no boundary",
        b"Content-Type: text/plain; boundary=B\n\n--B\n",
        b"\x7fELF\x02\x01\x01\0\0\0",
        vec![0; 70_000].as_slice(),
        vec![b'x'; 70_000].as_slice(),
    ] {
        assert!(find_head(&bytes(content)).unwrap().is_none(), "{}", content.escape_ascii());
    }
}

/// Lines that look nearly like a boundary, and anything else; never a boundary line itself.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let near: Vec<&[u8]> = vec![
        b"\n--B",
        b"-",
        b"\r\n--B-",
        b"\n--B---\n",
        b"--B ",
        b"\n --B\n",
        b"\r",
        b"\n",
        b"\r\n",
        b"\n--BB\n",
        b"A: b\n\n",
        b"\n--b\n",
        b"=",
        b"\0",
    ];
    let piece = prop_oneof![
        3 => proptest::sample::select(near).prop_map(<[u8]>::to_vec),
        2 => proptest::collection::vec(any::<u8>(), 0..20),
    ];
    proptest::collection::vec(piece, 0..10).prop_map(|pieces| {
        let mut body = pieces.concat();
        // What stands here is no boundary line: its text is taken apart.
        for at in 0..body.len().saturating_sub(2) {
            let is_line = at == 0 || body[at - 1] == b'\n';
            let rest = &body[at..];
            let ends = |rest: &[u8]| matches!(rest, [] | [b'\n' | b'\r', ..]);
            let tail = rest.strip_prefix(b"--B");
            if is_line
                && tail.is_some_and(|tail| ends(tail) || tail.strip_prefix(b"--").is_some_and(ends))
            {
                body[at + 2] = b'D';
            }
        }
        body
    })
}

proptest! {
    #[test]
    fn any_parts_come_out_as_they_went_in(
        bodies in proptest::collection::vec((body(), 0..3_u8), 0..6),
        crlf in any::<bool>(), capacity in prop_oneof![0_usize..60, Just(BUFFER_OF_TESTS)],
        closed in any::<bool>(),
    ) {
        let ends: &[u8] = if crlf { b"\r\n" } else { b"\n" };
        let mut content = b"Dumped-Psa-Version: 8.0\nContent-Type: multipart/mixed; boundary=B\n\n".to_vec();
        let mut expected = Vec::new();
        for (index, (body, encoding)) in bodies.iter().enumerate() {
            content.extend_from_slice(b"--B");
            content.extend_from_slice(ends);
            content.extend_from_slice(format!("Content-Disposition: attachment; filename=\"{index}\"").as_bytes());
            content.extend_from_slice(ends);
            let name = ["binary", "base64", "quoted-printable"][usize::from(*encoding)];
            content.extend_from_slice(format!("Content-Transfer-Encoding: {name}").as_bytes());
            content.extend_from_slice(ends);
            content.extend_from_slice(ends);
            match encoding {
                0 => content.extend_from_slice(body),
                1 => {
                    let text = STANDARD.encode(body);
                    let lines: Vec<&[u8]> = text.as_bytes().chunks(7).collect();
                    content.extend_from_slice(&lines.join(ends));
                }
                _ => for byte in body {
                    content.extend_from_slice(format!("={byte:02x}").as_bytes());
                    if byte % 5 == 0 {
                        content.push(b'=');
                        content.extend_from_slice(ends);
                    }
                },
            }
            content.extend_from_slice(ends);
            expected.push((index.to_string(), body.clone()));
        }
        content.extend_from_slice(b"--B--");
        if closed {
            content.extend_from_slice(ends);
        }
        let read = read_with(&content, capacity).unwrap();
        prop_assert_eq!(&read.parts, &expected);
        prop_assert!(read.damage.is_empty(), "{:?}", read.damage);
    }

    #[test]
    fn no_bytes_make_it_panic(
        pieces in proptest::collection::vec(
            "(--(B|C)(--)?|Content-Type: multipart/x; boundary=C|Content-ID: <[a-c./]{0,3}>|Content-Transfer-Encoding: base64|[ -~]{0,6})(\r?\n){0,2}",
            0..20,
        ),
        capacity in 0_usize..60,
    ) {
        let content = dump(&pieces.concat());
        let read = read_with(&content, capacity).unwrap();
        for (_, entry) in read.tree.iter() {
            prop_assert!(entry.available <= entry.size);
            prop_assert!(entry.offset <= content.len() as u64);
        }
    }
}

const BUFFER_OF_TESTS: usize = 4096;
