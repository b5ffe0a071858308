//! Keywords, subscriptions, and Courier's files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking")]

use mail_model::courier::*;
use mail_model::dovecot::{Keywords, KeywordsProblem, Subscriptions};
use mail_model::folder::FolderName;
use mail_model::maildir::Place;

#[test]
fn many_keywords_take_no_quadratic_time() {
    let lines: Vec<String> = (0..300_000).map(|number| format!("0 name{number}\n")).collect();
    let text = lines.concat();
    let start = std::time::Instant::now();
    let (keywords, problems) = Keywords::parse(text.as_bytes());
    assert_eq!((keywords.len(), problems.len()), (1, 299_999));
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[test]
fn dovecot_keywords() {
    let text = b"0 $Label1\nnonsense\n3 Paid up\n26 Late\n4 $LABEL1\n3 Other\n5 \n6 cut";
    let (keywords, problems) = Keywords::parse(text);
    assert_eq!(keywords.iter().collect::<Vec<_>>(), [(0, &b"$Label1"[..]), (3, &b"Other"[..])]);
    assert_eq!(
        problems,
        [
            KeywordsProblem::BadLine { line: 2, text: b"nonsense".to_vec() },
            KeywordsProblem::IndexTooLarge { line: 4, index: 26, name: b"Late".to_vec() },
            KeywordsProblem::Duplicate { line: 5, name: b"$LABEL1".to_vec() },
            KeywordsProblem::Replaced { line: 6, index: 3, name: b"Paid up".to_vec() },
            KeywordsProblem::BadLine { line: 7, text: b"5 ".to_vec() },
            KeywordsProblem::CutLastLine { text: b"6 cut".to_vec() },
        ]
    );
    assert_eq!(keywords.to_bytes(), b"0 $Label1\n3 Other\n");
}

#[test]
fn there_are_26_letters() {
    let mut keywords = Keywords::default();
    for number in 0..26u8 {
        assert_eq!(keywords.intern(&[b'k', number]), Some(number));
    }
    assert_eq!(keywords.intern(b"one more"), None);
    assert_eq!(keywords.intern(&[b'K', 7]), Some(7));
}

#[test]
fn subscriptions_of_both_versions() {
    let names = |list: &Subscriptions| -> Vec<String> {
        list.names.iter().map(ToString::to_string).collect()
    };
    let one = Subscriptions::parse(b"INBOX\nWork.2020\n\n&ANw-bung\nWork.2020\nlast", false);
    assert_eq!(names(&one), ["INBOX", "Work/2020", "Übung", "last"]);
    let two = Subscriptions::parse(b"V\t2\n\ninbox\nWork\t2020\nx\x01ty\n", false);
    assert_eq!(names(&two), ["INBOX", "Work/2020", "x\\ty"]);
    assert_eq!(one.to_bytes(), b"INBOX\nWork.2020\n&ANw-bung\nlast\n");
    let prefixed = Subscriptions::parse(b"INBOX.Work.2020\n", true);
    assert_eq!(names(&prefixed), ["Work/2020"]);
    let kept = Subscriptions::parse(b"INBOX.Work\n", false);
    assert_eq!(kept.names[0], FolderName::from_levels(vec!["INBOX".into(), "Work".into()]));
}

#[test]
fn every_version_of_the_pop3_list() {
    let uidls = |text: &[u8]| -> Vec<String> {
        let (list, bad) = Pop3SizeList::parse(text).unwrap();
        assert_eq!(bad, []);
        list.entries.iter().map(|e| String::from_utf8(e.uidl()).unwrap()).collect()
    };
    assert_eq!(uidls(b"a'b+c:2,S 10\nd e 11\n"), ["a+27b+2Bc", "d+20e"]);
    assert_eq!(uidls(b"/1 4\na:2, 10 0\nb:2, 11 3\n"), ["a", "UID3"]);
    assert_eq!(
        uidls(b"/2 4 99\na:2, 10 0:99\nb:2, 11 3:99\nc:2, 12 2:0\n"),
        ["a", "UID3-99", "UID2"]
    );
    assert_eq!(uidls(b"/3 4 99\na b:2, 10 2:99:1\nb:2, 11 3:98:0\n"), ["UID2-99", "UID3-98"]);
    let (list, bad) =
        Pop3SizeList::parse(b"/3 4 99\nhalf a li\n:2, x 1:2\nb:2, 11 3:98:0\n").unwrap();
    assert_eq!((list.version, list.next, list.uidv, list.entries.len()), (3, 4, Some(99), 1));
    assert_eq!(bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [2, 3]);
    for (text, message) in [
        (&b""[..], "empty"),
        (b"/4 5 6\n", "version 4 is not known"),
        (b"/2 5\n", "header `/2 5` is not what it should be"),
        (b"/x\n", "header `/x` is not what it should be"),
    ] {
        assert_eq!(Pop3SizeList::parse(text).unwrap_err().to_string(), message);
    }
}

#[test]
fn what_courier_serves_over_pop3() {
    let (list, _) =
        Pop3SizeList::parse(b"/2 7 99\n100.a:2,S 1 0:99\n200.b 1 5:99\n50.c:2, 1 6:99\n").unwrap();
    let files: [(Place, &[u8]); 5] = [
        (Place::Cur, b"200.b:2,"),
        (Place::New, b"50.c"),
        (Place::Cur, b"100.a:2,RS"),
        (Place::Cur, b"200.b"),
        (Place::New, b"300.d"),
    ];
    let served = served_pop3(Some(&list), &files);
    let answers: Vec<(usize, &str)> = served
        .iter()
        .map(|m| (m.file, std::str::from_utf8(m.uidl.as_ref().unwrap()).unwrap()))
        .collect();
    // A listed name without a colon is another than one with it.
    let expected = [(1, "UID6-99"), (2, "100.a"), (3, "UID5-99"), (0, "UID7-99"), (4, "UID8-99")];
    assert_eq!(answers, expected);
    assert_eq!(served[3].source, Pop3Source::NextCounter);
    let without = served_pop3(None, &files);
    assert!(without.iter().all(|m| m.uidl.is_none() && m.source == Pop3Source::NoList));
}

#[test]
fn the_imap_list() {
    let (db, bad) = ImapUidDb::parse(b"1 795387225 49\n1 a\n2 b c\nx y\n0 z\n7 \n").unwrap();
    assert_eq!(db.entries, [(1, b"a".to_vec()), (2, b"b c".to_vec())]);
    assert_eq!(bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [4, 5, 6]);
    assert!(ImapUidDb::parse(b"2 1 1\n").is_err());
    assert!(ImapUidDb::parse(b"1 99999999999 1\n").is_err());
    assert!(ImapUidDb::parse(b"1 5\n").is_err());
}

#[test]
fn updates_of_keywords_override_the_list() {
    let file = |name: &str, text: &str| (name.as_bytes().to_vec(), text.as_bytes().to_vec());
    let (keywords, bad) = read_keywords(&[
        file(".7.b", "late\n"),
        file(":list", "one\ntwo\n\na:0 1 1\nb:0\nc:1\nd:9\nnocolon\ne:\n"),
        file(".12.b", "later\nmost\n"),
        file(".3.c", ""),
        file(".5.a", "older\n"),
        file("a", "two\n"),
        file(".tmp.99.x", "half"),
        file(".x.y", "odd"),
    ]);
    let names = |base: &[u8]| -> Vec<&str> {
        keywords.get(base).into_iter().flatten().map(|n| std::str::from_utf8(n).unwrap()).collect()
    };
    assert_eq!(names(b"a"), ["two"]);
    assert_eq!(names(b"b"), ["later", "most"]);
    assert_eq!(names(b"c"), [""; 0]);
    assert_eq!(names(b"e"), [""; 0]);
    assert_eq!(bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [7, 8, 0]);
}
