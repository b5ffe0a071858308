//! File names, folder names, UIDL formats, headers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking")]

use mail_model::folder::{Convention, FolderName, NameEncoding, mutf7};
use mail_model::headers::{Malformed, inspect};
use mail_model::maildir::*;
use mail_model::uidl::*;
use proptest::prelude::*;
use std::cmp::Ordering;

#[test]
fn flags_and_what_else_follows() {
    let name = FileName::parse(b"1.M2.host,S=12,W=13:2,SFaZ,extra");
    assert_eq!(name.base, b"1.M2.host,S=12,W=13");
    assert_eq!((name.flags.to_string(), name.keywords.to_string()), ("FS".into(), "a".into()));
    assert_eq!(name.other, b"Z,extra");
    assert_eq!((name.size(), name.virtual_size()), (Some(12), Some(13)));
    assert_eq!(name.to_bytes(), b"1.M2.host,S=12,W=13:2,SFaZ,extra");
    let mut letters = name.keywords;
    letters.insert(1);
    assert_eq!(name.with_keywords(letters).to_bytes(), b"1.M2.host,S=12,W=13:2,FSZab,extra");
}

#[test]
fn suffixes() {
    for (raw, base, flags, written) in [
        (&b"1.a"[..], &b"1.a"[..], "", &b"1.a"[..]),
        (b"1.a:2,", b"1.a", "", b"1.a:2,"),
        (b"1.a:1,S", b"1.a", "", b"1.a:1,S"),
        (b"1.a:", b"1.a", "", b"1.a:"),
        (b"1.a:x:2,S", b"1.a", "S", b"1.a:x:2,S"),
        (b"1.a;2,RS", b"1.a", "RS", b"1.a:2,RS"),
        (b"1.a%3A2,", b"1.a", "", b"1.a:2,"),
        ("1.a\u{f03a}2,S".as_bytes(), b"1.a", "S", b"1.a:2,S"),
        ("1.a\u{ff1a}2,S".as_bytes(), b"1.a", "S", b"1.a:2,S"),
        (b"1.a_2,FS", b"1.a", "FS", b"1.a:2,FS"),
        (b"1.a_2,S=5", b"1.a_2,S=5", "", b"1.a_2,S=5"),
        (b"1.a!2,T", b"1.a", "T", b"1.a:2,T"),
        (b"1.a;2,S:2,F", b"1.a;2,S", "F", b"1.a;2,S:2,F"),
    ] {
        let name = FileName::parse(raw);
        assert_eq!(
            (name.base.as_slice(), name.flags.to_string().as_str()),
            (base, flags),
            "{raw:?}"
        );
        assert_eq!(name.to_bytes(), written, "{raw:?}");
    }
    let made = FileName::made_up(-5, 7, 10, 12, Flags::SEEN);
    assert_eq!(made.to_bytes(), b"0.M7P1.plesk2cpanel,S=10,W=12:2,S");
    assert_eq!((made.size(), made.virtual_size()), (Some(10), Some(12)));
    let mut seen = FileName::parse(b"1.a:1,x");
    seen.flags.insert(Flags::SEEN);
    assert_eq!(seen.to_bytes(), b"1.a:1,x:2,S");
    assert_eq!(FileName::parse(b"x,S=99999999999999999999").size(), None);
    assert_eq!(FileName::parse(b"x,S=5k").size(), None);
}

#[test]
fn orders() {
    let sorted = |order: fn(&[u8], &[u8]) -> Ordering, names: &[&str]| -> Vec<String> {
        let mut names: Vec<&str> = names.to_vec();
        names.sort_by(|a, b| order(a.as_bytes(), b.as_bytes()));
        names.into_iter().map(str::to_owned).collect()
    };
    let names =
        ["10.M9P.h", "9.M10P.h", "9.V8M3.h", "9.M2P.h", "x", "00000000000000000000000011.b"];
    let dovecot =
        ["x", "9.M2P.h", "9.V8M3.h", "9.M10P.h", "10.M9P.h", "00000000000000000000000011.b"];
    assert_eq!(sorted(dovecot_order, &names), dovecot);
    let courier =
        ["x", "9.M10P.h", "9.M2P.h", "9.V8M3.h", "10.M9P.h", "00000000000000000000000011.b"];
    assert_eq!(sorted(courier_order, &names), courier);
    assert_eq!(dovecot_order(b"1.a:2,S", b"1.a"), Ordering::Equal);
    assert_eq!(courier_order(b"1.a:2,S", b"1.a:2,"), Ordering::Equal);
    // The bytes of C are signed.
    assert_eq!(dovecot_order(b"1.\xc3", b"1.a"), Ordering::Less);
    assert_eq!(courier_order(b"-5x", b"3"), Ordering::Less);
}

#[test]
fn an_order_that_goes_in_circles_sorts_without_panic() {
    // M9 before P before V1M5 before M9.
    let mut names: Vec<String> = vec![];
    for number in 0..300 {
        names.extend([
            format!("1.M{}", 300 - number),
            format!("1.P{number}"),
            format!("1.V{number}M150"),
        ]);
    }
    let mut forward: Vec<usize> = (0..names.len()).collect();
    let mut backward: Vec<usize> = forward.iter().rev().copied().collect();
    sort_as_dovecot(&mut forward, |at| names[at].clone().into_bytes());
    sort_as_dovecot(&mut backward, |at| names[at].clone().into_bytes());
    assert_eq!(forward, backward);
}

#[test]
fn folder_names() {
    for (dir, convention, shown, encoding, written) in [
        (&b""[..], Convention::Auto, "INBOX", NameEncoding::Ascii, &b""[..]),
        (b".Work.2020", Convention::Auto, "Work/2020", NameEncoding::Ascii, b".Work.2020"),
        (b".&ANw-b", Convention::Auto, "Üb", NameEncoding::ModifiedUtf7, b".&ANw-b"),
        (b".R&-D", Convention::Auto, "R&D", NameEncoding::ModifiedUtf7, b".R&-D"),
        (
            "..Üb".as_bytes(),
            Convention::Auto,
            "..\\xc3\\x9cb",
            NameEncoding::Verbatim,
            "..Üb".as_bytes(),
        ),
        (".Üb.x".as_bytes(), Convention::Auto, "Üb/x", NameEncoding::Utf8, b".&ANw-b.x"),
        (b".R&D", Convention::Utf8, "R&D", NameEncoding::Ascii, b".R&-D"),
        (b".R&-D", Convention::Utf8, "R&-D", NameEncoding::Ascii, b".R&--D"),
        (b".&ANw-b", Convention::Utf8, "Üb", NameEncoding::ModifiedUtf7, b".&ANw-b"),
        (b".R&D", Convention::Auto, "R&D", NameEncoding::Verbatim, b".R&D"),
        (b".&!!!-", Convention::Auto, "&!!!-", NameEncoding::Verbatim, b".&!!!-"),
        (b".\xff\n", Convention::Utf8, "\\xff\\n", NameEncoding::Verbatim, b".\xff\n"),
        (b".a\nb", Convention::Auto, "a\\nb", NameEncoding::Verbatim, b".a\nb"),
        (b".INBOX", Convention::Auto, "INBOX", NameEncoding::Ascii, b".INBOX"),
    ] {
        let (name, found) = FolderName::from_dir(dir, convention);
        assert_eq!((found, name.to_dir()), (encoding, written.to_vec()), "{}", dir.escape_ascii());
        if encoding != NameEncoding::Verbatim || !dir.starts_with(b"..") {
            assert_eq!(name.to_string(), shown);
        }
        assert_eq!(name.is_inbox(), dir.is_empty());
    }
    let odd = FolderName::from_levels(vec!["a.b".into(), String::new(), "c/\n".into()]);
    assert_eq!(odd.to_dir(), b".a_b._.c__");
}

#[test]
fn modified_utf7_is_strict() {
    use mutf7::{Mutf7Error, decode};
    assert_eq!(decode(b"~peter/mail/&U,BTFw-/&ZeVnLIqe-").unwrap(), "~peter/mail/台北/日本語");
    assert_eq!(mutf7::encode("a\u{1f600}&"), "a&2D3eAA-&-");
    for (bytes, error) in [
        (&b"&!!!-"[..], Mutf7Error::NotBase64 { at: 0 }),
        (b"&AAA-", Mutf7Error::NotCanonical { at: 0 }),
        (b"x&2D0-", Mutf7Error::LoneSurrogate { at: 1 }),
        (b"&3gA-", Mutf7Error::LoneSurrogate { at: 0 }),
        (b"&", Mutf7Error::NotClosed { at: 0 }),
        (b"&ANw", Mutf7Error::NotClosed { at: 0 }),
        (b"&AGE-", Mutf7Error::NotCanonical { at: 0 }),
        (b"&ANw-&ANw-", Mutf7Error::NotCanonical { at: 5 }),
        (b"&ANx-", Mutf7Error::NotBase64 { at: 0 }),
        (b"&AN-", Mutf7Error::NotBase64 { at: 0 }),
        (b"\xc3\x9c", Mutf7Error::Unencoded { at: 0, byte: 0xc3 }),
        (b"a\tb", Mutf7Error::Unencoded { at: 1, byte: 9 }),
    ] {
        assert_eq!(decode(bytes), Err(error));
    }
}

fn expand(format: &str) -> String {
    let inputs =
        UidlInputs { uid: 2372, uidvalidity: 1_722_480_203, base: b"1.M2.Host,S=5", guid: b"GuId" };
    String::from_utf8(UidlFormat::parse(format).unwrap().expand(&inputs)).unwrap()
}

#[test]
fn formats_of_both_generations() {
    for (old, new, expanded) in [
        ("%08Xu%08Xv", "%{uid | hex(8)}%{uidvalidity | hex(8)}", "0000094466aaf64b"),
        ("UID%u-%v", "UID%{uid}-%{uidvalidity}", "UID2372-1722480203"),
        ("%v.%u", "%{uidvalidity}.%{uid}", "1722480203.2372"),
        ("%f", "%{filename}", "1.M2.Host,S=5"),
        ("%Lg%%", "%{guid|lower}%%", "guid%"),
        ("%XUu", "%{uid | hex | upper}", "944"),
        ("%Ru", "%{uid | reverse}", "2732"),
        ("%Mg", "%{guid | md5 | hexlify}", "8a50e2c40a526cad1c3869740c856ef3"),
        ("%3f", "%{filename | truncate(3)}", "1.M"),
        ("%-4.04Xv", "%{uidvalidity | hex(4)}", "f64b"),
        ("%2.3f", "%2.3{filename}", "M2."),
        ("%0.-2u", "%0.-2{uid}", "23"),
        ("%Xf", "%X{filename}", "0"),
    ] {
        assert_eq!(expand(old), expanded, "{old}");
        assert_eq!(expand(new), expanded, "{new}");
        let (old_format, new_format) =
            (UidlFormat::parse(old).unwrap(), UidlFormat::parse(new).unwrap());
        assert_eq!(old_format, new_format, "{old} {new}");
        assert_eq!(new_format.to_string(), old);
    }
    assert_eq!(UidlFormat::dovecot_default(), UidlFormat::parse("%08Xu%08Xv").unwrap());
    assert_eq!(UidlFormat::uid_dash_validity(), UidlFormat::parse("UID%u-%v").unwrap());
}

#[test]
fn formats_that_are_refused() {
    for (format, message) in [
        (
            "%m",
            "pop3_uidl_format `%m`: has the header MD5, which Dovecot can't tell in a maildir: POP3 logins fail",
        ),
        (
            "%{md5}",
            "pop3_uidl_format `%{md5}`: has the header MD5, which Dovecot can't tell in a maildir: POP3 logins fail",
        ),
        ("", "pop3_uidl_format ``: has no variable, so all messages would have one UIDL"),
        ("%z", "pop3_uidl_format `%z`: has the unknown variable `%z`"),
        ("%", "pop3_uidl_format `%`: ends within a variable"),
        (
            "%99999999999u",
            "pop3_uidl_format `%99999999999u`: has a width of 999 or more, 255 at most",
        ),
        ("%{uid", "pop3_uidl_format `%{uid`: has a `%{` without `}`"),
        (
            "%{uid | base64}",
            "pop3_uidl_format `%{uid | base64}`: has the filter `base64`, which is not supported",
        ),
        ("%{user}", "pop3_uidl_format `%{user}`: has the unknown variable `user`"),
        ("%Hu", "pop3_uidl_format `%Hu`: has the modifier `H`, which is not supported"),
    ] {
        assert_eq!(UidlFormat::parse(format).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_format_is_recognised_by_what_it_made() {
    let inputs = |uid| UidlInputs { uid, uidvalidity: 77, base: b"b", guid: b"g" };
    for text in known_formats() {
        let format = UidlFormat::parse(text).unwrap();
        let served: Vec<Vec<u8>> = (1..9).map(|uid| format.expand(&inputs(uid))).collect();
        let mut samples: Vec<(UidlInputs<'_>, &[u8])> =
            (1..9).map(inputs).zip(served.iter().map(Vec::as_slice)).collect();
        samples.push((inputs(99), b"odd"));
        assert_eq!(recognise(&samples), Some((format, 8)), "{text}");
    }
    assert_eq!(recognise(&[(inputs(1), b"odd")]), None);
    assert_eq!(recognise(&[]), None);
}

#[test]
fn the_uid_of_a_uidl() {
    let uid =
        |format: &str, uidl: &str| UidlFormat::parse(format).unwrap().uid_of(uidl.as_bytes(), 77);
    assert_eq!(uid("UID%u-%v", "UID12-77"), Some(12));
    assert_eq!(uid("UID%u-%v", "UID12-78"), None);
    assert_eq!(uid("UID%u-%v", "UID012-77"), None);
    assert_eq!(uid("UID%u-%v", "UID4294967296-77"), None);
    assert_eq!(uid("%08Xu%08Xv", "0000000c0000004d"), Some(12));
    assert_eq!(uid("%Ru", "21"), Some(12));
    assert_eq!(uid("%f", "12"), None);
    assert_eq!(uid("%u.%f", "12."), None);
}

#[test]
fn what_is_wrong_with_a_uidl() {
    assert_eq!(problem(b"UID1-2"), None);
    assert_eq!(problem(&[b'x'; 70]), None);
    assert_eq!(problem(&[b'x'; 71]), Some(UidlProblem::TooLong(71)));
    assert_eq!(problem(b""), Some(UidlProblem::Empty));
    assert_eq!(problem(b"a b"), Some(UidlProblem::SpaceOrControl));
    assert_eq!(problem(b"a\x7f"), Some(UidlProblem::SpaceOrControl));
    assert_eq!(problem(b"a\xe9"), Some(UidlProblem::OutsideAscii));
}

#[test]
fn headers() {
    let facts = inspect(
        b"Received: x\r\nX-UIDL:  ab\r\n\t\"c \r\nDate: Sun, 13 Sep 2020 12:27:40 +0000\r\nMessage-ID: <a@b>\r\n\r\nX-UIDL: body\r\n",
    );
    assert_eq!(facts.x_uidl.as_deref(), Some(&b"ab\t\"c"[..]));
    assert_eq!((facts.date, facts.message_id.as_deref()), (Some(1_600_000_060), Some("a@b")));
    assert_eq!(facts.malformed, None);
    for (head, malformed) in [
        (&b""[..], Some(Malformed::Empty)),
        (b"\nbody\n", Some(Malformed::NoHeader)),
        (b"Hello there\n\nx", Some(Malformed::NoHeader)),
        (b"Subject: a\nnonsense\nTo: b\n\n", Some(Malformed::BrokenLine)),
        (b"Subject: a\0b\n\n", Some(Malformed::NulByte)),
        (b"Date: yesterday\n\n", Some(Malformed::BadDate)),
        (b"From me@x Mon\nSubject: a\n\n", None),
        (b"Subject: a\nTo: cut in the mid", None),
        (b"Subject: a\nTo", None),
    ] {
        assert_eq!(inspect(head).malformed, malformed, "{}", head.escape_ascii());
    }
}

proptest! {
    #[test]
    fn mutf7_round_trip(text in any::<String>().prop_filter("no NUL", |t| !t.contains('\0'))) {
        let encoded = mutf7::encode(&text);
        prop_assert!(encoded.bytes().all(|byte| matches!(byte, b' '..=b'~')));
        prop_assert_eq!(mutf7::decode(encoded.as_bytes()).unwrap(), text);
    }

    #[test]
    fn mutf7_decodes_nothing_that_it_would_write_otherwise(bytes in "[ -~]{0,4}(&[A-Za-z0-9+,]{0,9}-?){0,3}[a-z]{0,2}") {
        if let Ok(text) = mutf7::decode(bytes.as_bytes()) {
            prop_assert_eq!(mutf7::encode(&text), bytes);
        }
    }

    #[test]
    fn file_name_round_trip(raw in prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        "[0-9]{1,3}\\.[MV0-9]{0,5}[,S=0-9]{0,6}(:[12,:a-zDFPRSTZ]{0,9}){0,2}".prop_map(String::into_bytes),
    ]) {
        let name = FileName::parse(&raw);
        let written = name.to_bytes();
        if matches!(name.suffix, Suffix::Substitute(_)) {
            prop_assert_ne!(&written, &raw);
        } else {
            prop_assert_eq!(&written, &raw);
        }
        let again = FileName::parse(&written);
        prop_assert_eq!((&again.base, again.flags, again.keywords), (&name.base, name.flags, name.keywords));
        let mut letters = KeywordLetters::default();
        letters.insert(25);
        let changed = FileName::parse(&name.with_keywords(letters).to_bytes());
        prop_assert_eq!((changed.flags, changed.keywords, changed.base), (name.flags, letters, name.base));
    }

    #[test]
    fn formats_round_trip(text in "([a-zA-Z.%-]|%[-]?0?[0-9]{0,2}(\\.[0-9])?[XLURMT]{0,2}[uvfg]){1,6}") {
        if let Ok(format) = UidlFormat::parse(&text) {
            prop_assert_eq!(UidlFormat::parse(&format.to_string()).unwrap(), format);
        }
    }

    #[test]
    fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = inspect(&bytes);
        let _ = mail_model::dovecot::Subscriptions::parse(&bytes, true);
        let _ = mail_model::dovecot::Keywords::parse(&bytes);
        let _ = mail_model::courier::Pop3SizeList::parse(&bytes);
        let _ = FolderName::from_dir(&bytes, Convention::Utf8);
        let _ = UidlFormat::parse(&String::from_utf8_lossy(&bytes));
    }
}
