//! mbox files, by a writer of our own and by hand.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

use mail_model::maildir::Flags;
use mail_model::mbox::{Base, Cut, Form, Mbox, Plain, Splitter, begins};
use proptest::prelude::*;

const FROM: &str = "From anna@example.com Thu Nov 29 22:33:52 2001";

/// Splits a file that comes in pieces of this size.
fn split(file: &[u8], piece: usize) -> Mbox {
    let mut splitter = Splitter::new();
    file.chunks(piece).for_each(|piece| splitter.push(piece));
    splitter.finish()
}

/// Each message as it is read out of the file, in pieces of this size.
fn read(file: &[u8], mbox: &Mbox, piece: usize) -> Vec<Vec<u8>> {
    let message = |message: &mail_model::mbox::Message| {
        let start = usize::try_from(message.start).unwrap();
        let end = usize::try_from(message.end).unwrap();
        let mut plain = Plain::new(message.form);
        let mut out = vec![];
        file[start..end].chunks(piece).for_each(|piece| plain.push(piece, &mut out));
        plain.finish(&mut out);
        let bare = out
            .iter()
            .enumerate()
            .filter(|(at, byte)| **byte == b'\n' && (*at == 0 || out[at - 1] != b'\r'))
            .count();
        assert_eq!(message.size, out.len() as u64);
        assert_eq!(message.virtual_size, (out.len() + bare) as u64);
        out
    };
    mbox.messages.iter().map(message).collect()
}

/// The messages of a file that is given line by line.
fn messages(lines: &[&str]) -> Vec<String> {
    let file = lines.join("\n").into_bytes();
    let mbox = split(&file, usize::MAX);
    read(&file, &mbox, usize::MAX).into_iter().map(|m| String::from_utf8(m).unwrap()).collect()
}

#[test]
fn a_separator_stands_behind_an_empty_line() {
    let found = messages(&[
        FROM,
        "Subject: one",
        "",
        "text",
        FROM,
        ">From here",
        ">>From there",
        "",
        "From Thursday on",
        "",
        FROM,
        "",
        FROM,
        "Subject: three",
        "",
        "end",
        "",
        "",
    ]);
    assert_eq!(
        found,
        [
            format!("Subject: one\n\ntext\n{FROM}\nFrom here\n>From there\n\nFrom Thursday on\n"),
            String::new(),
            "Subject: three\n\nend\n".to_owned(),
        ]
    );
    // The empty line between is the separator's, not that of the first message.
    assert_eq!(messages(&[FROM, "A: b", "", FROM, "C: d", ""]), ["A: b\n", "C: d\n"]);
    assert_eq!(messages(&["", "", FROM, "A: b"]), ["A: b"]);
    assert_eq!(messages(&[]), [""; 0]);
}

#[test]
fn what_stands_before_the_first_separator_is_counted() {
    let mbox = split(format!("no mail\n\n{FROM}\nA: b\n").as_bytes(), 7);
    assert_eq!((mbox.leading, mbox.messages.len()), (8, 1));
    assert!(begins(format!("{FROM}\r\nA: b\n").as_bytes()));
    for other in ["", "From: a@b\n", "From the beginning\n", "\n", "MZ", "\u{feff}", "x\n\nFrom"] {
        assert!(!begins(other.as_bytes()));
    }
}

#[test]
fn empty_lines_and_a_mark_of_utf_8_stand_before_it() {
    for before in ["\n", "\r\n\n", "\u{feff}", "\u{feff}\n"] {
        let file = format!("{before}{FROM}\nA: b\n\nx\n\n{FROM}\nC: d\n");
        assert!(begins(file.as_bytes()), "{before:?}");
        let mbox = split(file.as_bytes(), 2);
        assert_eq!(mbox.leading, 0, "{before:?}");
        assert_eq!(read(file.as_bytes(), &mbox, 3), ["A: b\n\nx\n", "C: d\n"].map(Vec::from));
    }
}

#[test]
fn lines_in_crlf_become_lines_in_lf() {
    let file = format!(
        "{FROM}\r\nA: b\r\n\r\nx\r\r\ny\nz\r\n\r\n{FROM}\nC: d\n\nwith CR\r\n\r\n{FROM}\nE: f"
    );
    let mbox = split(file.as_bytes(), 1);
    let found = read(file.as_bytes(), &mbox, 1);
    assert_eq!(found[0], b"A: b\n\nx\r\ny\nz\n");
    // A message whose own separator ends in LF stays as it is.
    assert_eq!(found[1], b"C: d\n\nwith CR\r\n");
    assert_eq!(found[2], b"E: f");
    assert_eq!(mbox.messages.iter().map(|m| m.form.crlf).collect::<Vec<_>>(), [true, false, false]);
}

#[test]
fn a_length_counts_where_it_proves_right() {
    let body = format!("a\n\n{FROM}\nB: c\n\n>From d\n\n{FROM}\nE: f\n");
    let length = body.len();
    let right = [FROM, &format!("Content-Length: {length}"), "", &body, FROM, "G: h", ""];
    let found = messages(&right);
    // No server kept its state in the file, so the field stays.
    assert_eq!(found, [format!("Content-Length: {length}\n\n{body}"), "G: h\n".to_owned()]);
    let last = messages(&right[..4]);
    assert_eq!(last, [format!("Content-Length: {length}\n\n{body}")]);

    for wrong in [length - 1, length + 1, length + 2, 0, 3, 1_000_000, usize::MAX] {
        let wrong = format!("Content-Length: {wrong}");
        let found = messages(&[FROM, &wrong, "", &body, FROM, "G: h", ""]);
        let expected =
            [&format!("{wrong}\n\na\n"), "B: c\n\nFrom d\n", "E: f\n", "G: h\n"].map(str::to_owned);
        assert_eq!(found, expected, "{wrong}");
    }
}

#[test]
fn lengths_within_a_message_prove_nothing_of_their_own() {
    // The second message of the inner mbox claims to end where the inner one ends, and the outer
    // one does so too: the outer one goes before.
    let inner = format!("{FROM}\nContent-Length: 2\n\ni\n\n{FROM}\nContent-Length: 2\n\nj\n");
    let body = format!("outer\n\n{inner}");
    let claim = format!("Content-Length: {}", body.len());
    let found = messages(&[FROM, &claim, "", &body, FROM, "Z: z", ""]);
    assert_eq!(found, [format!("{claim}\n\n{body}"), "Z: z\n".to_owned()]);
    // An outer claim that fails leaves the inner messages, with claims of their own.
    let found = messages(&[FROM, "Content-Length: 7000", "", &body, FROM, "Z: z", ""]);
    assert_eq!(found.len(), 4);
    assert_eq!(found[1], "Content-Length: 2\n\ni\n");
}

/// A file as a server leaves it, with state in its headers.
fn kept(fields: &[&str]) -> Mbox {
    let messages: Vec<String> =
        fields.iter().map(|fields| format!("{FROM}\n{fields}Subject: x\n\nbody\n\n")).collect();
    let file = messages.concat();
    let mbox = split(file.as_bytes(), 5);
    for message in read(file.as_bytes(), &mbox, 3) {
        if mbox.base.is_some() {
            assert_eq!(message, b"Subject: x\n\nbody\n");
        }
    }
    mbox
}

/// UIDVALIDITY, next UID, and by message the listed UID.
type Numbers = (u32, u32, Vec<(String, u32)>);

fn numbers(mbox: &Mbox) -> Option<Numbers> {
    let list = mbox.uid_list(|index| index.to_string().into_bytes())?;
    let listed = list.records.into_iter();
    let listed = listed.map(|record| (String::from_utf8(record.base).unwrap(), record.uid));
    Some((list.uidvalidity, list.next_uid, listed.collect()))
}

#[test]
fn numbers_as_dovecot_takes_them() {
    // Each was given to a Dovecot 2.3.19.1, which served the listed UIDs and gave new ones to the
    // other messages.
    const BASE: &str = "X-IMAPbase: 1000000000 9\n";
    for (fields, next, listed) in [
        (vec!["X-UID: 3\n", "X-UID: 5\n", "", ""], 10, vec![(0, 3), (1, 5)]),
        (vec!["X-UID: 3\n", "", "X-UID: 7\n"], 10, vec![(0, 3)]),
        (vec!["X-UID: 7\n", "X-UID: 5\n", "X-UID: 8\n"], 10, vec![(0, 7)]),
        (vec!["", "X-UID: 5\n"], 10, vec![]),
        (vec!["X-UID: 3\nX-UID: 4\n", "X-UID: 5\n"], 10, vec![(0, 3), (1, 5)]),
        (vec!["X-UID: 3 abc\n", "X-UID: 5\n"], 10, vec![]),
        (vec!["X-UID: 0\n", "X-UID: 5\n"], 10, vec![]),
        (vec!["X-UID: 3\n", "X-UID: 55\n", ""], 10, vec![(0, 3)]),
        (vec!["X-UID: 4294967295\n", "X-UID: 4294967297\n"], 10, vec![]),
        (vec!["x-uid : 3\n", "X-UID:5\n"], 10, vec![(0, 3), (1, 5)]),
    ] {
        let mut with_base: Vec<String> = fields.iter().map(|f| (*f).to_owned()).collect();
        with_base[0].insert_str(0, BASE);
        let mbox = kept(&with_base.iter().map(String::as_str).collect::<Vec<_>>());
        let listed = listed.into_iter().map(|(at, uid): (usize, u32)| (at.to_string(), uid));
        assert_eq!(numbers(&mbox), Some((1_000_000_000, next, listed.collect())), "{fields:?}");
    }
    for without in [
        vec!["X-UID: 3\n", "X-UID: 5\n"],
        vec!["X-UID: 3\n", "X-IMAPbase: 1000000000 9\nX-UID: 5\n"],
        vec!["X-IMAPbase: 0 9\nX-UID: 3\n"],
    ] {
        assert_eq!(numbers(&kept(&without)), None, "{without:?}");
    }
    let late = kept(&["X-UID: 3\nX-IMAPbase: 1000000000 9\n", "X-UID: 5\n"]);
    assert_eq!(numbers(&late), Some((1_000_000_000, 10, vec![])));
    let twice = kept(&["X-IMAPbase: 1000000000 9\nX-IMAPbase: 2000000000 19\nX-UID: 3\n"]);
    assert_eq!(twice.base, Some(Base { uidvalidity: 1_000_000_000, last_uid: 9 }));
    let full = kept(&["X-IMAPbase: 1000000000 4294967295\nX-UID: 3\n"]);
    assert_eq!(numbers(&full), None);
}

#[test]
fn the_message_that_c_client_keeps_its_state_in_is_none() {
    let internal = "From MAILER-DAEMON Thu Nov 29 22:33:52 2001\n\
        From: Mail System Internal Data <MAILER-DAEMON@host>\n\
        Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n\
        X-IMAP: 1000000000 0000000009 Foo\nStatus: RO\n\nThis text is part of the format.\n\n";
    let file =
        format!("{internal}{FROM}\nX-UID: 5\nX-Keywords: Foo Bar foo\nSubject: x\n\nbody\n\n");
    let mbox = split(file.as_bytes(), 11);
    assert!(mbox.internal);
    assert_eq!(read(file.as_bytes(), &mbox, 2), [b"Subject: x\n\nbody\n"]);
    assert_eq!(numbers(&mbox), Some((1_000_000_000, 10, vec![("0".to_owned(), 5)])));
    assert_eq!(mbox.messages[0].keywords, [b"Foo".to_vec(), b"Bar".to_vec()]);
    // A message of somebody's that happens to have the field is mail.
    let file = file.replace("DON'T", "DO");
    assert_eq!(split(file.as_bytes(), 11).messages.len(), 2);
}

#[test]
fn flags() {
    let base = "X-IMAPbase: 7 9\n";
    let found = |fields: &str| {
        let mbox = kept(&[fields]);
        (mbox.messages[0].flags, mbox.messages[0].old)
    };
    let mut all = Flags::SEEN;
    for flag in [Flags::REPLIED, Flags::FLAGGED, Flags::DRAFT, Flags::TRASHED] {
        all.insert(flag);
    }
    assert_eq!(found(&format!("{base}Status: RO\nX-Status: AFTD\n")), (all, true));
    assert_eq!(found("Status: RO\nX-Status: AFTD\n"), (all, true));
    assert_eq!(found(&format!("{base}STATUS: O\nstatus: R\n")), (Flags::SEEN, true));
    assert_eq!(found(&format!("{base}Status: ro\n")), (Flags::default(), false));
    // Dovecot takes every letter for a flag. Where it was not at work, a word is a word.
    assert_eq!(found(&format!("{base}Status: Rejected\n")), (Flags::SEEN, false));
    assert_eq!(found("Status: Rejected\n"), (Flags::default(), false));
}

#[test]
fn fields_stay_where_no_server_kept_its_state() {
    let file = format!("{FROM}\nX-UID: 3\nStatus: RO\nX-Keywords: a\n b\nSubject: x\n\nbody\n");
    let mbox = split(file.as_bytes(), 4);
    assert_eq!(
        read(file.as_bytes(), &mbox, 4),
        [b"X-UID: 3\nStatus: RO\nX-Keywords: a\n b\nSubject: x\n\nbody\n".to_vec()]
    );
    assert_eq!(mbox.messages[0].flags, Flags::SEEN);
    assert_eq!(mbox.messages[0].keywords.len(), 2);
}

#[test]
fn a_cut_file_names_its_last_message() {
    let file = format!("{FROM}\nA: b\n\nwhole\n\n{FROM}\nC: d\n\nha");
    let mut splitter = Splitter::new();
    splitter.push(file.as_bytes());
    let mbox = splitter.finish_cut();
    assert_eq!(mbox.messages.len(), 1);
    let start = file.find("C: d").unwrap() as u64;
    assert_eq!(mbox.cut, Some(Cut { start, read: file.len() as u64 - start }));

    // Dovecot's message that goes on behind the cut is one, for all the separators in it.
    let file = format!(
        "{FROM}\nX-IMAPbase: 7 9\nX-UID: 1\nA: b\n\nwhole\n\n{FROM}\nX-UID: 2\nContent-Length: \
         4000\n\nfwd\n\n{FROM}\nC: d\n\nha"
    );
    let mut splitter = Splitter::new();
    splitter.push(file.as_bytes());
    let mbox = splitter.finish_cut();
    assert_eq!(mbox.messages.len(), 1);
    assert_eq!(mbox.cut.unwrap().start, file.find("X-UID: 2").unwrap() as u64);
}

#[test]
fn hostile_files() {
    // A gigabyte without a line end, NULs, and a line that begins with a megabyte of `>`.
    let mut splitter = Splitter::new();
    splitter.push(format!("{FROM}\nSubject: ").as_bytes());
    let piece = vec![0; 1 << 20];
    (0..1024).for_each(|_| splitter.push(&piece));
    splitter.push(format!("\n\n{FROM}\nC: d\n\n").as_bytes());
    (0..4).for_each(|_| splitter.push(&vec![b'>'; 1 << 20]));
    splitter.push(b"From me\n");
    let mbox = splitter.finish();
    assert_eq!(mbox.messages.len(), 2);
    assert_eq!(mbox.messages[0].size, (1 << 30) + 10);
    assert_eq!(mbox.messages[1].size, 6 + (4 << 20) + 8);

    let mut plain = Plain::new(Form { quoted: true, crlf: true, hides_fields: true });
    let mut out = vec![];
    for _ in 0..64 {
        plain.push(&vec![b'>'; 1 << 20], &mut out);
        assert!(out.len() <= (1 << 20) + 1100, "{}", out.len());
        out.clear();
    }

    // Claims that lead nowhere, by the hundred thousand.
    let mut splitter = Splitter::new();
    for number in 0..200_000u64 {
        let length = if number % 2 == 0 { 1u64 << 40 } else { 2 };
        splitter.push(format!("{FROM}\nContent-Length: {length}\n\nx\n\n").as_bytes());
    }
    assert_eq!(splitter.finish().messages.len(), 200_000);
}

/// Lines of mail: some of them meant to mislead.
fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(vec![]),
        Just(FROM.as_bytes().to_vec()),
        Just(b">From a".to_vec()),
        Just(b">>From ".to_vec()),
        Just(b"> From".to_vec()),
        Just(b">".to_vec()),
        Just(b"X-UID: 5".to_vec()),
        Just(b"X-Keywords: a b".to_vec()),
        Just(b"Status: RO".to_vec()),
        Just(b" continued".to_vec()),
        Just(b"\r".to_vec()),
        "[ -~]{0,40}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>().prop_filter("no LF", |b| *b != b'\n'), 0..40),
    ]
}

/// A message that ends in a line end, as delivery programs make it.
fn message() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(line(), 0..12).prop_map(|lines| {
        lines
            .into_iter()
            .flat_map(|mut line| {
                line.push(b'\n');
                line
            })
            .collect()
    })
}

/// The reference: what qmail-local writes.
fn quoted(message: &[u8]) -> Vec<u8> {
    let mut out = vec![];
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        let arrows = line.iter().take_while(|byte| **byte == b'>').count();
        if line[arrows..].starts_with(b"From ") {
            out.push(b'>');
        }
        out.extend_from_slice(line);
    }
    out
}

proptest! {
    #[test]
    fn what_was_quoted_comes_back(
        sent in proptest::collection::vec(message(), 0..6),
        crlf in any::<bool>(),
        piece in 1..50usize,
    ) {
        let mut file = vec![];
        for message in &sent {
            let mut part = format!("{FROM}\n").into_bytes();
            part.extend(quoted(message));
            part.push(b'\n');
            for byte in part {
                if crlf && byte == b'\n' {
                    file.push(b'\r');
                }
                file.push(byte);
            }
        }
        let mbox = split(&file, piece);
        prop_assert_eq!(&mbox, &split(&file, usize::MAX));
        prop_assert_eq!(read(&file, &mbox, piece), sent);
    }

    #[test]
    fn what_was_counted_comes_back(
        sent in proptest::collection::vec(message(), 1..6),
        piece in 1..50usize,
    ) {
        // As Dovecot writes: state in the headers, the body as it is, and its length.
        let mut file = vec![];
        for (number, body) in (1..).zip(&sent) {
            let base = if number == 1 { "X-IMAPbase: 1000000000 0000000099 a b\n" } else { "" };
            let length = body.len();
            file.extend(format!(
                "{FROM}\nSubject: {number}\n{base}X-UID: {number}\nContent-Length: {length}\n\n"
            ).into_bytes());
            file.extend(body);
            file.push(b'\n');
        }
        let mbox = split(&file, piece);
        let expected: Vec<Vec<u8>> = (1..)
            .zip(&sent)
            .map(|(number, body)| [format!("Subject: {number}\n\n").as_bytes(), body].concat())
            .collect();
        prop_assert_eq!(read(&file, &mbox, piece), expected);
        let (_, next, listed) = numbers(&mbox).unwrap();
        prop_assert_eq!((next, listed.len()), (100, sent.len()));
    }

    #[test]
    fn nothing_in_a_file_matters_to_the_reader(
        file in proptest::collection::vec(line(), 0..40),
        piece in 1..50usize,
    ) {
        let file = file.join(&b'\n');
        let mbox = split(&file, piece);
        prop_assert_eq!(&mbox, &split(&file, usize::MAX));
        read(&file, &mbox, piece);
        let ends: Vec<u64> = mbox.messages.iter().flat_map(|m| [m.start, m.end]).collect();
        prop_assert!(ends.is_sorted());
    }
}
