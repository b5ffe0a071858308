//! How Dovecot 2.3.19.1 reads its lists, case by case.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking")]

use mail_model::dovecot::*;
use mail_model::maildir::Place;
use mail_model::uidl::UidlFormat;

fn parse(text: &str) -> (UidList, Vec<UidListProblem>) {
    UidList::parse(text.as_bytes()).unwrap()
}

fn uids(list: &UidList) -> Vec<u32> {
    list.records.iter().map(|record| record.uid).collect()
}

#[test]
fn header_fields_come_in_any_order() {
    let guid = "fc335507406e036b8534000083ecc375";
    let (list, problems) = parse(&format!("3 N54 P%08Xu G{guid} V1795386944 Zx\n"));
    assert_eq!(problems, []);
    assert_eq!((list.uidvalidity, list.next_uid), (1_795_386_944, 54));
    assert_eq!(list.guid.as_deref(), Some(guid.as_bytes()));
    assert_eq!(list.header_extra, [(b'P', b"%08Xu".to_vec()), (b'Z', b"x".to_vec())]);
    assert_eq!(list.to_bytes(), format!("3 V1795386944 N54 G{guid} P%08Xu Zx\n").as_bytes());
}

#[test]
fn lists_that_cannot_be_used() {
    let cases: [(&[u8], &str); 10] = [
        (b"", "holds no whole line (0 bytes)"),
        (b"3 V1 N1", "holds no whole line (7 bytes)"),
        (b"2 V1 N1\n", "version 2, but only 1 and 3 can be read"),
        (b"\n", "header is not that of a uidlist: begins with ``"),
        (b"33 V1 N1\n", "header is not that of a uidlist: begins with `33 V1 N1`"),
        (
            b"3 V0 N1\n",
            "header is not that of a uidlist: uidvalidity 0 and next uid 1, 0 is neither",
        ),
        (b"3 N5\n", "header is not that of a uidlist: uidvalidity 0 and next uid 5, 0 is neither"),
        (
            b"3 V4294967296 N5\n",
            "header is not that of a uidlist: `V4294967296` is no 32-bit number",
        ),
        (b"3 V1 N5 Gxyz\n", "header is not that of a uidlist: `Gxyz` is not 32 hexadecimal digits"),
        (b"1 77\n", "header is not that of a uidlist: two numbers should follow the version"),
    ];
    for (bytes, message) in cases {
        let error = UidList::parse(bytes).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn a_broken_line_ends_the_list_and_keeps_what_is_before() {
    let cases = [
        ("5 :c", LineFault::NotAscending { uid: 5, previous: 5 }, 6),
        ("4 :c", LineFault::NotAscending { uid: 4, previous: 5 }, 6),
        ("", LineFault::NotANumber, 6),
        ("x :c", LineFault::NotANumber, 6),
        ("7:c", LineFault::NotANumber, 6),
        ("0 :c", LineFault::UidZero, 6),
        ("4294967295 :c", LineFault::UidTooLarge, 6),
        // The UID of a line that fails behind it still counts for the next one.
        ("8 W1 c", LineFault::NoName, 9),
        ("8 W1 :", LineFault::NoName, 9),
        ("8 :a/b", LineFault::SlashInName, 9),
    ];
    for (line, reason, next_uid) in cases {
        let (list, problems) = parse(&format!("3 V9 N6\n2 :a\n5 :b\n{line}\n9 :d\n10 :e\nhalf"));
        assert_eq!(uids(&list), [2, 5], "{line}");
        assert_eq!(list.uidvalidity, 9);
        assert_eq!(list.next_uid, next_uid, "{line}");
        assert!(
            problems.contains(&UidListProblem::BrokenAt { line: 4, reason, dropped_lines: 4 }),
            "{line}"
        );
    }
}

#[test]
fn the_last_line_without_line_feed_is_ignored() {
    let (list, problems) = parse("3 V9 N8\n2 :a\n5 Pxyz W7 :160000");
    assert_eq!((uids(&list), list.next_uid), (vec![2], 8));
    assert_eq!(
        problems,
        [UidListProblem::CutLastLine {
            uid: Some(5),
            fields: vec![(b'P', b"xyz".to_vec()), (b'W', b"7".to_vec())],
            name: b"160000".to_vec(),
        }]
    );
    // A field that may be cut itself is not told.
    let (_, problems) = parse("3 V9 N8\n5 Pxy");
    let nothing = UidListProblem::CutLastLine { uid: Some(5), fields: vec![], name: vec![] };
    assert_eq!(problems, [nothing]);
    let (_, problems) = parse("3 V9 N8\n52");
    assert_eq!(problems, [UidListProblem::CutLastLine { uid: None, fields: vec![], name: vec![] }]);
}

#[test]
fn of_two_lines_for_one_file_the_later_counts() {
    let (list, problems) = parse("3 V9 N8\n2 Pold :a:2,S\n4 :b\n5 Pnew :a\n");
    assert_eq!(uids(&list), [4, 5]);
    assert_eq!(list.records[1].get(b'P'), Some(&b"new"[..]));
    assert_eq!(
        problems,
        [UidListProblem::DuplicateName { name: b"a".to_vec(), dropped_uid: 2, kept_uid: 5 }]
    );
}

#[test]
fn fields() {
    let (list, problems) =
        parse("3 V9 N8\n2 Pa b Pc O7  xq W3 :n:2,RF\n3 P :m\n4 P:\"%\u{e9} :k\n");
    let first = &list.records[0];
    // Cut at the space; the rest begins with no valid letter. The first of two counts.
    assert_eq!(first.get(b'P'), Some(&b"a"[..]));
    assert_eq!((first.get(b'O'), first.get(b'W')), (Some(&b"7"[..]), Some(&b"3"[..])));
    assert_eq!(first.base, b"n");
    assert_eq!(list.records[1].get(b'P'), Some(&b""[..]));
    assert_eq!(list.records[2].get(b'P'), Some("\u{3a}\"%\u{e9}".as_bytes()));
    assert_eq!(
        problems,
        [
            UidListProblem::FieldRemoved { line: 2, key: b'b', value: vec![] },
            UidListProblem::FieldRemoved { line: 2, key: b'x', value: b"q".to_vec() },
        ]
    );
}

#[test]
fn a_next_uid_that_is_too_low_is_corrected() {
    let (list, problems) = parse("3 V9 N3\n2 :a\n7 :b\n");
    assert_eq!(list.next_uid, 8);
    assert_eq!(problems, [UidListProblem::NextUidRaised { from: 3, to: 8 }]);
}

#[test]
fn carriage_returns_and_nul_bytes() {
    let (list, problems) = parse("3 V9 N8\r\n2 :a\r\n3 :b\0junk\n");
    assert_eq!(list.records[1].base, b"b");
    assert_eq!(
        problems,
        [UidListProblem::CarriageReturns { lines: 2 }, UidListProblem::NulBytes { lines: 1 },]
    );
}

#[test]
fn version_1() {
    let (list, problems) = parse("1 1234 9\n2 a:2,S\n5 b\n");
    assert_eq!((list.version, list.uidvalidity, list.next_uid), (1, 1234, 9));
    assert_eq!(list.records[0].base, b"a");
    assert_eq!(problems, []);
    assert_eq!(list.to_bytes(), b"3 V1234 N9\n2 :a\n5 :b\n");
    let (list, problems) = parse("1 1234 5\n2 a\n5 b\n6 c\n");
    assert_eq!((uids(&list), list.next_uid), (vec![2], 6));
    let reason = LineFault::BeyondNextUid { uid: 5, next_uid: 5 };
    assert_eq!(problems[0], UidListProblem::BrokenAt { line: 3, reason, dropped_lines: 2 });
}

fn serve_names(text: &str, names: &[(Place, &str)], duplicates: Duplicates) -> Served {
    let (list, _) = parse(text);
    let files: Vec<MaildirFile<'_>> = names
        .iter()
        .map(|(place, name)| MaildirFile { place: *place, name: name.as_bytes(), x_uidl: None })
        .collect();
    serve(&ServeInput {
        uidlist: Some(&list),
        files: &files,
        format: &UidlFormat::uid_dash_validity(),
        reuse_x_uidl: true,
        duplicates,
        new_uidvalidity: 1,
    })
}

fn answers(served: &Served) -> Vec<(u32, String)> {
    served
        .pop3_order
        .iter()
        .map(|at| &served.messages[*at])
        .map(|m| (m.uid, String::from_utf8(m.uidl.clone()).unwrap()))
        .collect()
}

fn expected(answers: &[(u32, &str)]) -> Vec<(u32, String)> {
    answers.iter().map(|(uid, uidl)| (*uid, (*uidl).to_owned())).collect()
}

#[test]
fn unlisted_files_follow_by_time_microseconds_and_bytes() {
    let served = serve_names(
        "3 V9 N20\n7 P :100.a\n8 Px :200.b\n9 :gone\n",
        &[
            (Place::New, "300.M20P1.h"),
            (Place::Cur, "200.b:2,S"),
            (Place::Cur, "300.M3P1.h:2,"),
            (Place::New, "99.z"),
            (Place::Cur, "100.a:2,"),
            (Place::Cur, ".hidden"),
            (Place::New, "200.b"),
        ],
        Duplicates::Allow,
    );
    assert_eq!(served.next_uid, 23);
    let all = [(7, "100.a"), (8, "x"), (20, "UID20-9"), (21, "UID21-9"), (22, "UID22-9")];
    assert_eq!(answers(&served), expected(&all));
    let files: Vec<usize> = served.messages.iter().map(|m| m.file).collect();
    assert_eq!(files, [4, 1, 3, 2, 0]);
    assert_eq!(served.not_served, [5, 6]);
}

#[test]
fn pop3_order_is_by_o_then_those_without() {
    let list = "3 V9 N20\n1 :a\n2 O5 :b\n3 O0 :c\n4 O2 :d\n5 Ox :e\n";
    let names = ["a", "b", "c", "d", "e"].map(|name| (Place::Cur, name));
    let served = serve_names(list, &names, Duplicates::Allow);
    let order: Vec<u32> = answers(&served).iter().map(|(uid, _)| *uid).collect();
    assert_eq!(order, [3, 4, 2, 1, 5]);
}

#[test]
fn equal_uidls_are_served_or_renamed() {
    let list = "3 V9 N20\n1 Pq :a\n2 Pq :b\n3 Pq :c\n4 Pq-2 :d\n";
    let names = ["a", "b", "c", "d"].map(|name| (Place::Cur, name));
    let uidls = |duplicates| -> Vec<String> {
        answers(&serve_names(list, &names, duplicates)).into_iter().map(|(_, uidl)| uidl).collect()
    };
    assert_eq!(uidls(Duplicates::Allow), ["q", "q", "q", "q-2"]);
    assert_eq!(uidls(Duplicates::Rename), ["q", "q-2", "q-3", "q-2-2"]);
}

#[test]
fn a_stored_uidl_wins_over_the_header() {
    let (list, _) = parse("3 V9 N20\n1 Pstored :a\n2 :b\n");
    let file = |name| MaildirFile { place: Place::Cur, name, x_uidl: Some(&b"header"[..]) };
    let files = [file(b"a"), file(b"b")];
    let format = UidlFormat::parse("%g").unwrap();
    let mut input = ServeInput {
        uidlist: Some(&list),
        files: &files,
        format: &format,
        reuse_x_uidl: true,
        duplicates: Duplicates::Allow,
        new_uidvalidity: 1,
    };
    let served = serve(&input);
    assert_eq!(served.messages[0].uidl, b"stored");
    assert_eq!(
        (served.messages[1].uidl.as_slice(), served.messages[1].uidl_from),
        (&b"header"[..], UidlSource::XUidl)
    );
    input.reuse_x_uidl = false;
    assert_eq!(serve(&input).messages[1].uidl, b"b");
}

#[test]
fn long_lists_take_no_quadratic_time() {
    let mut text = b"3 V9 N2000000\n".to_vec();
    for uid in 1..=200_000u32 {
        text.extend_from_slice(format!("{uid} :{}.same\n", uid % 100_000).as_bytes());
    }
    let start = std::time::Instant::now();
    let (list, problems) = UidList::parse(&text).unwrap();
    assert_eq!((list.records.len(), problems.len()), (100_000, 100_000));
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}
