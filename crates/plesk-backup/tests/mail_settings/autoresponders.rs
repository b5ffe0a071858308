//! The element `autoresponders`.

use plesk_backup::Autoresponder;

use super::{problems, unknown, user, with_preferences};

fn answer(attributes: &str, children: &str) -> (Autoresponder, Vec<String>) {
    let description = with_preferences(&format!(
        "<autoresponders><autoresponder status='on' {attributes}>{children}</autoresponder></autoresponders>"
    ));
    (user(&description).autoresponders.clone().unwrap().items.remove(0), problems(&description))
}

#[test]
fn autoresponder_with_everything() {
    let description = with_preferences(
        "<autoresponders><attach file='brochure.pdf'/><attach file='map &amp; way.png'/>\
         <autoresponder status='on' content-type='text/html' name='holiday' subject='R3LDvMOfZQo='\
           redirect='a@x.example, b@x.example'>\
         <text charset='UTF-8'>\n  R3LD\n  vMOf\n  ZQo=\n</text>\
         <autoresponder-limit name='ans-freq'>1</autoresponder-limit>\
         <autoresponder-limit name='end-date'>2024-02-01</autoresponder-limit>\
         <attach file='brochure.pdf'/></autoresponder>\
         <autoresponder status='off' subject='SsO8cmdlbg=='><text>aGVsbG8gdGhlcmU=</text>\
         </autoresponder></autoresponders>",
    );
    assert_eq!(problems(&description), [""; 0]);
    assert_eq!(unknown(&description), []);
    let user = user(&description);
    let answers = user.autoresponders.as_ref().unwrap();
    assert_eq!(answers.attachments, ["brochure.pdf", "map & way.png"]);
    assert_eq!(answers.content, []);
    let [first, second] = answers.items.as_slice() else { panic!() };
    assert_eq!(
        *first,
        Autoresponder {
            name: Some("holiday".to_owned()),
            enabled: true,
            subject: "Gr\u{fc}\u{df}e".to_owned(),
            content_type: "text/html".to_owned(),
            charset: Some("UTF-8".to_owned()),
            text: "Gr\u{fc}\u{df}e\n".to_owned(),
            undecoded: None,
            answer_frequency: Some("1".to_owned()),
            end_date: Some("2024-02-01".to_owned()),
            // date -ud 2024-02-01 +%s
            end_date_epoch: Some(1_706_745_600),
            redirect: vec!["a@x.example".to_owned(), "b@x.example".to_owned()],
            attachments: vec!["brochure.pdf".to_owned()],
        }
    );
    assert!(first.is_html());
    assert!(!second.enabled && !second.is_html());
    assert_eq!(second.subject, "J\u{fc}rgen");
    assert_eq!((second.content_type.as_str(), second.text.as_str()), ("text/plain", "hello there"));
    // The report goes on naming it, as one line.
    assert_eq!(user.settings.len(), 1);
    assert_eq!(user.settings[0].name, "autoresponders");
}

#[test]
fn subjects_are_base64_or_literal() {
    for (subject, expected) in [
        ("R3LDvMOfZQo=", "Gr\u{fc}\u{df}e"),
        // Broken into lines of 76, as Perl does; an attribute has blanks for them.
        (
            "TcO8bGxlciAmIFPDtmhuZSwgYSByYXRoZXIgbG9uZyBuYW1lIG9mIGEgY29tcGFueSB0aGF0IG5l \
             ZWRzIG1vcmUgdGhhbiBvbmUgbGluZQ==",
            "M\u{fc}ller & S\u{f6}hne, a rather long name of a company that needs more than one line",
        ),
        // In the charset of the text.
        ("R3L832U=", "Gr\u{fc}\u{df}e"),
        ("Re: &lt;request_subject>", "Re: <request_subject>"),
        ("Urlaub", "Urlaub"),
        // The letters of these three words without their blanks would be base64.
        ("I am away now", "I am away now"),
        ("", ""),
    ] {
        let (answer, problems) =
            answer(&format!("subject='{subject}'"), "<text charset='iso-8859-1'/>");
        assert_eq!(answer.subject, expected);
        assert_eq!(problems, [""; 0], "{subject}");
    }
    // A word that is base64, and not of a text: it stays, and that is said.
    let (away, problems) = answer("subject='Away'", "");
    assert_eq!(away.subject, "Away");
    assert_eq!(
        problems,
        [
            "`autoresponder` (Info@a.example) was not understood: `subject`: it is base64 of 3 bytes \
          that are no text in UTF-8; it was taken as it stands"
        ]
    );
}

#[test]
fn a_subject_never_has_a_second_line() {
    let (answer, problems) = answer("subject='bGluZTENCkJjYzogeEB5LmV4YW1wbGUK'", "");
    assert_eq!(answer.subject, "line1  Bcc: x@y.example");
    assert_eq!(
        problems,
        ["`autoresponder` (Info@a.example) was altered: `subject` holds 2 control characters; \
          each was read as ` `"]
    );
}

#[test]
fn texts_are_decoded_from_their_charset() {
    for (charset, base64, expected) in [
        ("windows-1251", "z/Do4uXy", "\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442}"),
        ("ISO-2022-JP", "GyRCJDMkcyRLJEEkTxsoQg==", "\u{3053}\u{3093}\u{306b}\u{3061}\u{306f}"),
        ("Shift_JIS", "k/qWew==", "\u{65e5}\u{672c}"),
        ("utf-16", "/v8AaADp", "h\u{e9}"),
        ("latin1", "R3L832U=", "Gr\u{fc}\u{df}e"),
        ("us-ascii", "aGVsbG8gdGhlcmU", "hello there"),
    ] {
        let (answer, problems) = answer("", &format!("<text charset='{charset}'>{base64}</text>"));
        assert_eq!((answer.text.as_str(), answer.undecoded), (expected, None));
        assert_eq!(problems, [""; 0]);
    }
}

#[test]
fn charsets_that_do_not_fit_are_told() {
    let prefix = "`autoresponder` (Info@a.example) was not understood: `text`: ";
    // UTF-8 under a wrong label, and under one that nobody knows.
    for (charset, why) in [
        ("iso-8859-1", "the charset is said to be `iso-8859-1`"),
        ("x-none", "the charset `x-none` is not known"),
        ("iso-2022-jp", "it is no `iso-2022-jp`"),
    ] {
        let (answer, problems) =
            answer("", &format!("<text charset='{charset}'>R3LDvMOfZQo=</text>"));
        assert_eq!((answer.text.as_str(), answer.undecoded), ("Gr\u{fc}\u{df}e\n", None));
        assert_eq!(problems, [format!("{prefix}{why}; it is valid UTF-8 and was read as such")]);
    }
    // "абвг" in UTF-8, which are four signs in EUC-KR as well.
    let (russian, problems) = answer("", "<text charset='euc-kr'>0LDQsdCy0LM=</text>");
    assert_eq!(russian.text, "\u{430}\u{431}\u{432}\u{433}");
    assert_eq!(
        problems,
        [format!(
            "{prefix}the charset is said to be `euc-kr`; it is valid UTF-8 and was read as such"
        )]
    );
    // Two letters may be both: then the label decides.
    let (korean, problems) = answer("", "<text charset='euc-kr'>w7zDnw==</text>");
    assert_eq!((korean.text.as_str(), problems.len()), ("\u{ccb4}\u{d6a9}", 0));
    for (charset, why) in [
        ("", "it names no charset and is no UTF-8"),
        ("utf-8", "it is no UTF-8"),
        ("x-none", "the charset `x-none` is not known"),
    ] {
        let (answer, problems) = answer("", &format!("<text charset='{charset}'>R3L832U=</text>"));
        assert_eq!(answer.text, "Gr\u{fffd}\u{fffd}e");
        assert_eq!(answer.undecoded.as_deref(), Some(&b"Gr\xfc\xdfe"[..]));
        assert_eq!(problems, [format!("{prefix}its 5 bytes cannot be decoded: {why}")]);
    }
}

#[test]
fn hostile_answers() {
    let prefix = "`autoresponder` (Info@a.example) was";
    let (literal, found) = answer("", "<text>Gone fishing,\nback soon</text>");
    assert_eq!(literal.text, "Gone fishing,\nback soon");
    assert_eq!(
        found,
        [format!("{prefix} not understood: `text`: it is no base64 and was taken as it stands")]
    );
    // An escape sequence of terminals.
    let (escape, found) = answer("", "<text>QsO8cm8bWzJKCg==</text>");
    assert_eq!(escape.text, "B\u{fc}ro?[2J\n");
    assert_eq!(
        found,
        [format!("{prefix} altered: `text` holds 1 control characters; each was read as `?`")]
    );
    // 4/3 of 1.5 MiB, of which all is `i`.
    let (long, found) = answer("", &format!("<text>{}</text>", "aWlp".repeat(512 * 1024)));
    assert_eq!(long.text.len(), 1024 * 1024);
    assert_eq!(
        found,
        [format!("{prefix} altered: `text` has 1572864 bytes; the first 1048576 were kept")]
    );
    // The cut never splits a character: 4095 bytes and one of two bytes.
    let subject = format!("{}\u{fc} and more", "-".repeat(4095));
    let (long, found) = answer(&format!("subject='{subject}'"), "");
    assert_eq!(long.subject, "-".repeat(4095));
    assert_eq!(
        found,
        [format!("{prefix} altered: `subject` has 4106 bytes; the first 4095 were kept")]
    );
    let (odd, found) = answer(
        "redirect=' ,;,'",
        "<text>aGVsbG8gdGhlcmU=</text><text>AAH//g==</text><attach file=' '/><attach/>\
         <autoresponder-limit name='end-date'>next week</autoresponder-limit>",
    );
    assert_eq!(odd.text, "hello there");
    assert_eq!((odd.redirect.len(), odd.attachments.len()), (0, 0));
    assert_eq!((odd.end_date.as_deref(), odd.end_date_epoch), (Some("next week"), None));
    assert_eq!(
        found,
        [
            format!("{prefix} not understood: it has several texts; the first was taken"),
            format!(
                "{prefix} not understood: its end date `next week` is no date that is known"
            ),
            "`attach` (Info@a.example) was not understood: 2 of them hold nothing and were left out"
                .to_owned(),
        ]
    );
}

#[test]
fn without_a_date_there_is_no_end() {
    for date in ["0", "0000-00-00", ""] {
        let limit = format!("<autoresponder-limit name='end-date'>{date}</autoresponder-limit>");
        let (answer, problems) = answer("", &limit);
        assert_eq!((answer.end_date, answer.end_date_epoch), (None, None));
        assert_eq!(problems, [""; 0]);
    }
}

#[test]
fn an_answer_that_nobody_switched_on_is_off() {
    let description = with_preferences(
        "<autoresponders status='off'><autoresponder status='on'/></autoresponders>\
         <autoresponders><autoresponder/><autoresponder status='maybe'/></autoresponders>",
    );
    let answers = user(&description).autoresponders.as_ref().unwrap();
    assert_eq!(answers.items.iter().map(|item| item.enabled).collect::<Vec<_>>(), [false; 3]);
    assert_eq!(
        problems(&description),
        [
            "`autoresponder` (Info@a.example) was not understood: it has no `status` and was taken \
             for switched off",
            "`autoresponder` (Info@a.example) was not understood: `status` is `maybe`, neither on \
             nor off",
        ]
    );
}
