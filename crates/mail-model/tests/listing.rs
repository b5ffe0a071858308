//! Listings as people take them, and what is none.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking")]

use mail_model::uidl::{ListedUidl, Listing, ListingError, ListingForm, ListingProblem};
use proptest::prelude::*;

fn read(text: &str) -> Result<Listing, ListingError> {
    Listing::parse(text.as_bytes())
}

/// (number, size, uidl) of each entry.
fn rows(listing: &Listing) -> Vec<(Option<u32>, Option<u64>, String)> {
    let text = |entry: &ListedUidl| String::from_utf8(entry.uidl.clone()).unwrap();
    listing.entries.iter().map(|entry| (entry.number, entry.size, text(entry))).collect()
}

fn row(number: u32, size: Option<u64>, uidl: &str) -> (Option<u32>, Option<u64>, String) {
    (Some(number), size, uidl.to_owned())
}

/// What the answers of a session are, whatever is around them.
fn two() -> Vec<(Option<u32>, Option<u64>, String)> {
    vec![row(1, Some(875), "a-7"), row(2, Some(1363), "b-7")]
}

#[test]
fn a_session_with_sizes() {
    let listing = read(
        "+OK\r\n1 a-7\r\n2 b-7\r\n.\r\n+OK 2 messages:\r\n1 875\r\n2 1363\r\n.\r\n+OK Logging out.\r\n",
    );
    let listing = listing.unwrap();
    assert_eq!((listing.form, rows(&listing)), (ListingForm::Session, two()));
    assert_eq!(listing.problems, []);
}

#[test]
fn sizes_may_come_first() {
    let listing = read("+OK 2 messages:\n1 875\n2 1363\n.\n+OK\n1 a-7\n2 b-7\n.\n").unwrap();
    assert_eq!(rows(&listing), two());
}

#[test]
fn a_terminal_with_everything_on_it() {
    let text = "\
Trying 192.0.2.1...
Connected to mail.example.com.
Escape character is '^]'.
+OK Dovecot ready.
CAPA
+OK
TOP
UIDL
SASL PLAIN LOGIN
.
USER anna@example.com
+OK
PASS hunter2
+OK Logged in.
STAT
+OK 2 2238
UIDL
+OK
1 a-7
2 b-7
.
LIST
+OK
1 875
2 1363
.
UIDL 2
+OK 2 b-7
QUIT
+OK Logging out.
Connection closed by foreign host.
";
    let listing = read(text).unwrap();
    assert_eq!((rows(&listing), listing.problems), (two(), vec![]));
}

#[test]
fn bodies_alone() {
    let listing = read("1 a-7\r\n2 b-7\r\n").unwrap();
    assert_eq!(listing.form, ListingForm::Bodies);
    assert_eq!(rows(&listing), [row(1, None, "a-7"), row(2, None, "b-7")]);
    // One answer behind the other in one file.
    assert_eq!(rows(&read("1 a-7\n2 b-7\n1 875\n2 1363\n").unwrap()), two());
    assert_eq!(rows(&read("\u{feff}1 875\n2 1363\n1 a-7\n2 b-7").unwrap()), two());
}

#[test]
fn columns() {
    let text = "# dovecot anna@example.com 2024-01-15T10:30:00Z\n1 875 a-7\n2 1363 b-7\n";
    let listing = read(text).unwrap();
    assert_eq!((listing.form, rows(&listing)), (ListingForm::Columns, two()));
}

#[test]
fn uidls_that_look_like_sizes() {
    // `%u`: the typed command, else the place decides.
    let sizes = |uidls: &str| read(uidls).unwrap().entries[1].size;
    assert_eq!(sizes("UIDL\n+OK\n1 8\n2 9\n.\nLIST\n+OK\n1 875\n2 1363\n.\n"), Some(1363));
    assert_eq!(sizes("LIST\n+OK\n1 875\n2 1363\n.\nUIDL\n+OK\n1 8\n2 9\n.\n"), Some(1363));
    assert_eq!(sizes("+OK\n1 8\n2 9\n.\n+OK 2 messages:\n1 875\n2 1363\n.\n"), Some(1363));
    assert_eq!(sizes("1 8\n2 9\n1 875\n2 1363\n"), Some(1363));
    assert_eq!(rows(&read("1 8\n2 9\n").unwrap()), [row(1, None, "8"), row(2, None, "9")]);
}

#[test]
fn a_uidl_with_a_space_is_whole() {
    let listing = read("+OK\n1 17.host one\n2 18 two\n.\n").unwrap();
    assert_eq!(rows(&listing), [row(1, None, "17.host one"), row(2, None, "18 two")]);
}

#[test]
fn an_empty_mailbox_is_a_listing() {
    let listing = read("+OK\r\n.\r\n+OK 0 messages:\r\n.\r\n+OK Logging out.\r\n").unwrap();
    assert_eq!((listing.entries, listing.problems), (vec![], vec![]));
}

#[test]
fn what_is_no_listing_says_why() {
    assert_eq!(read(" \n"), Err(ListingError::Empty));
    assert_eq!(read("no such user\n"), Err(ListingError::NoUidl));
    assert_eq!(read("+OK Hello there.\n"), Err(ListingError::NoUidl));
    assert_eq!(read("+OK 2 messages:\n1 875\n2 1363\n.\n"), Err(ListingError::SizesOnly));
    let answer = "-ERR [AUTH] no\\x1b]0;".to_owned();
    assert_eq!(read("+OK\n-ERR [AUTH] no\x1b]0;\n"), Err(ListingError::Refused { answer }));
    assert_eq!(
        read("1 a-7\n2 b-7\n1 a-8\n2 b-8\n"),
        Err(ListingError::Several { first: 1, second: 3 })
    );
    // The same twice is one.
    assert_eq!(read("1 a-7\n2 b-7\n1 a-7\n2 b-7\n").unwrap().entries.len(), 2);
}

#[test]
fn what_is_odd_is_said_and_no_line_is_shown() {
    let listing = read("+OK\n1 a-7\npassword: hunter2\n3 c-7\n").unwrap();
    assert_eq!(
        listing.problems,
        [
            ListingProblem::NotUnderstood { first: 3, lines: 1 },
            ListingProblem::NoEnd { line: 1 },
            ListingProblem::Numbering { line: 4, before: 1, number: 3 },
        ]
    );
    let all: String = listing.problems.iter().map(ToString::to_string).collect();
    assert!(!all.contains("hunter2"), "{all}");
    let listing = read("+OK\n1 a-7\n2 b-7\n.\n+OK 3 messages:\n1 875\n2 1363\n3 9\n.\n").unwrap();
    assert_eq!(listing.problems, [ListingProblem::OtherSizes { uidls: 2, sizes: 3 }]);
    assert_eq!(listing.entries[0].size, None);
}

#[test]
fn doveadm_in_its_forms() {
    let expected = [
        ListedUidl { number: None, uid: Some(8), size: Some(875), uidl: b"a-7".to_vec() },
        ListedUidl { number: None, uid: Some(11), size: Some(1363), uidl: b"b-7".to_vec() },
    ];
    let page = |uid, uidl, size| format!("uid: {uid}\npop3.uidl: {uidl}\nsize.virtual: {size}\n");
    let pages = [page(8, "a-7", 875), page(9, "", 12), page(11, "b-7", 1363)].join("\x0c\n");
    let tab = "uid\tpop3.uidl\tsize.virtual\n8\ta-7\t875\n9\t\t12\n11\tb-7\t1363\n";
    let flow = "uid=8 pop3.uidl=a-7 size.virtual=875\nuid=9 pop3.uidl= size.virtual=12\n\
                uid=11 pop3.uidl=b-7 size.virtual=1363\n";
    for text in [pages.as_str(), tab, flow] {
        let listing = read(text).unwrap();
        assert_eq!(
            (listing.form, listing.entries.as_slice()),
            (ListingForm::Doveadm, &expected[..])
        );
        assert_eq!(listing.problems, [ListingProblem::NotStored { messages: 1 }]);
    }
    let nothing = "uid\tpop3.uidl\n8\t\n9\t\n";
    assert_eq!(read(nothing), Err(ListingError::NothingStored { messages: 2 }));
    let table = "uid pop3.uidl     size.virtual\n8   a-7           875         \n";
    assert_eq!(read(table), Err(ListingError::DoveadmForm));
    let json = "[{\"uid\":\"8\",\"pop3.uidl\":\"a-7\"}]";
    assert_eq!(read(json), Err(ListingError::DoveadmForm));
}

fn uidl() -> impl Strategy<Value = String> {
    prop_oneof!["[!-~]{1,12}", "[0-9]{1,9}", "[a-z]{1,5} [a-z]{1,5}"]
}

proptest! {
    /// Whatever is in the file, it is read or refused.
    #[test]
    fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Listing::parse(&bytes);
    }

    #[test]
    fn nothing_that_looks_like_a_session_panics(
        lines in proptest::collection::vec(
            "(\\+OK( 2 messages:)?|-ERR no|\\.|UIDL|LIST|CAPA|[0-9]{1,3} [a-z0-9]{0,4}|pop3.uidl: a|\x0c|uid=1)\r?",
            0..20,
        ),
    ) {
        if let Ok(listing) = Listing::parse(lines.join("\n").as_bytes()) {
            prop_assert!(listing.entries.iter().all(|entry| !entry.uidl.is_empty()));
        }
    }

    /// A session says what the server said, wherever its line ends are.
    #[test]
    fn a_session_is_read_as_it_was_spoken(
        messages in proptest::collection::vec((uidl(), 1..999_999u64), 1..9),
        typed in any::<bool>(),
        sizes_first in any::<bool>(),
        end in prop_oneof![Just("\n"), Just("\r\n")],
    ) {
        let list = |name: &str, say: &str, lines: Vec<String>| {
            let typed = if typed { format!("{name}{end}") } else { String::new() };
            format!("{typed}+OK{say}{end}{}.{end}", lines.concat())
        };
        let numbered = || messages.iter().enumerate();
        let uidls = list(
            "UIDL",
            "",
            numbered().map(|(at, (uidl, _))| format!("{} {uidl}{end}", at + 1)).collect(),
        );
        let sizes = list(
            "LIST",
            &format!(" {} messages:", messages.len()),
            numbered().map(|(at, (_, size))| format!("{} {size}{end}", at + 1)).collect(),
        );
        let text = if sizes_first { [sizes, uidls] } else { [uidls, sizes] }.concat();
        let listing = Listing::parse(text.as_bytes()).unwrap();
        let expected: Vec<_> = messages
            .iter()
            .zip(1..)
            .map(|((uidl, size), number)| row(number, Some(*size), uidl))
            .collect();
        prop_assert_eq!(rows(&listing), expected);
        prop_assert_eq!(listing.problems, []);
    }
}
