//! Scripts as Roundcube and Ingo write them.

use super::*;

#[test]
fn roundcube() {
    let (bytes, script) = script("roundcube");
    let mailing_list = header(&["List-Id"], is(Matching::Is, &["<all.example.com>"]));
    let expected: Vec<Expected<'_>> = vec![
        (
            Some("Spam"),
            true,
            header(&["X-Spam-Flag"], is(Matching::Contains, &["YES"])),
            vec![into("INBOX.Spam"), Action::Stop],
        ),
        (
            Some("Refused"),
            true,
            header(&["Subject"], is(Matching::Is, &["27 plaintext + (HTML + embedded image)"])),
            vec![
                Action::Reject { text: "Please write\nplain text.\n".into(), extended: false },
                Action::Stop,
            ],
        ),
        (
            Some("Lists [work]"),
            true,
            Condition::AnyOf(vec![
                header(&["To", "Cc"], is(Matching::Contains, &["shapelib@lists.maptools.org"])),
                mailing_list,
            ]),
            vec![copy_into("INBOX.Lists"), Action::SetFlag(texts(&["\\Seen", "$Label1"]))],
        ),
        (
            Some("Invoices"),
            true,
            Condition::AllOf(vec![
                address(AddressPart::Domain, &["From"], is(Matching::Is, &["supplier.example"])),
                not(header(&["Subject"], is(Matching::Matches, &["*reminder*"]))),
            ]),
            vec![
                Action::Redirect { address: "books@example.com".into(), copy: true },
                Action::AddFlag(texts(&["\\Flagged"])),
                into("INBOX.Bills \"2024\""),
                Action::Stop,
            ],
        ),
        (Some("Large"), true, Condition::SizeOver(102_400), vec![into("INBOX.Large")]),
        (
            Some("Off"),
            false,
            Condition::AllOf(vec![
                header(&["Subject"], is(Matching::Contains, &["holiday"])),
                Condition::SizeUnder(2_097_152),
            ]),
            vec![Action::Discard, Action::Stop],
        ),
        (
            Some("Detail"),
            true,
            Condition::Envelope {
                part: AddressPart::Detail,
                names: texts(&["to"]),
                comparison: is(Matching::Is, &["news"]),
            },
            vec![KEEP],
        ),
        (
            Some("Score"),
            true,
            header(&["X-Priority"], numeric(Matching::Value(Relation::GreaterOrEqual), &["3"])),
            vec![into("INBOX.Priority")],
        ),
        (
            Some("Two of them"),
            true,
            header(&["Received-SPF"], numeric(Matching::Count(Relation::GreaterOrEqual), &["2"])),
            vec![into("INBOX.Twice")],
        ),
        (
            Some("Raw"),
            true,
            Condition::Body {
                transform: BodyTransform::Raw,
                comparison: is(Matching::Contains, &["multipart"]),
            },
            vec![into("INBOX.Raw")],
        ),
        (Some("No test"), true, Condition::True, vec![Action::RemoveFlag(texts(&["\\Flagged"]))]),
    ];
    assert_rules(&script, &expected);
    assert!(script.requires("regex") && !script.requires("vacation"));
    assert_eq!(script.requires.len(), 10);
    assert_eq!((script.unsupported.as_slice(), script.comments.as_slice()), (&[][..], &[][..]));
    let off = &bytes[script.rules[5].source.clone()];
    assert!(off.starts_with(b"if false # allof (") && off.ends_with(b"stop;\n}"));
    assert_eq!(script.rules[5].tested(), &Condition::False);
}

#[test]
fn roundcube_vacation() {
    let (_, script) = script("roundcube-vacation");
    let vacation = Vacation {
        days: Some(3),
        addresses: texts(&["alice@example.com", "info@example.com"]),
        subject: Some("Gone \"fishing\"".into()),
        handle: Some("away".into()),
        from: Some("Alice <alice@example.com>".into()),
        reason: "Back on Monday.\n.and a line with a dot\n\nAlice\n".into(),
        ..Vacation::default()
    };
    let condition = Condition::AllOf(vec![
        not(header(&["Precedence"], is(Matching::Contains, &["bulk", "list"]))),
        not(header(&["Auto-Submitted"], is(Matching::Is, &["auto-replied"]))),
    ]);
    assert_rules(&script, &[(Some("Away"), true, condition, vec![Action::Vacation(vacation)])]);
    assert_eq!(script.unsupported, []);
}

#[test]
fn roundcube_dates() {
    let (bytes, script) = script("roundcube-dates");
    let vacation = Vacation {
        seconds: Some(3600),
        mime: true,
        // No letter behind a backslash means anything but itself.
        reason: "Content-Type: text/plainrnrnbye".into(),
        ..Vacation::default()
    };
    let now = |zone: Zone, part: &str, comparison| Condition::CurrentDate {
        zone,
        part: part.into(),
        comparison,
    };
    let expected: Vec<Expected<'_>> = vec![
        (
            Some("Between"),
            true,
            Condition::AllOf(vec![
                now(
                    Zone::Server,
                    "year",
                    numeric(Matching::Value(Relation::GreaterOrEqual), &["2020"]),
                ),
                now(
                    Zone::Given("+0100".into()),
                    "iso8601",
                    is(Matching::Value(Relation::Less), &["2099-01-01T00:00:00+01:00"]),
                ),
            ]),
            vec![Action::Vacation(vacation)],
        ),
        (
            Some("Old"),
            true,
            Condition::Date {
                name: "date".into(),
                zone: Zone::Original,
                index: Some(Index { number: 1, last: true }),
                part: "date".into(),
                comparison: is(Matching::Value(Relation::Less), &["2010-01-01"]),
            },
            vec![into("Old")],
        ),
        (
            Some("Sunday"),
            false,
            Condition::Date {
                name: "received".into(),
                zone: Zone::Given("-0500".into()),
                index: None,
                part: "weekday".into(),
                comparison: is(Matching::Is, &["0"]),
            },
            vec![Action::Reject { text: "Not on Sundays".into(), extended: true }],
        ),
    ];
    assert_rules(&script, &expected);
    let comments: Vec<&[u8]> = script.comments.iter().map(|range| &bytes[range.clone()]).collect();
    assert_eq!(comments, [&b"# Made by hand"[..], b"/* EDITOR Roundcube\n */"]);
}

#[test]
fn ingo() {
    let (_, script) = script("ingo");
    let senders = ["From", "Sender", "Resent-From"];
    let from = |matching, keys: &[&str]| address(AddressPart::All, &senders, is(matching, keys));
    let sprint =
        Comparison { comparator: Comparator::Octet, ..is(Matching::Contains, &["Sprint"]) };
    let expected: Vec<Expected<'_>> = vec![
        (
            Some("Whitelisted Addresses"),
            true,
            from(Matching::Is, &["nsb@nsb.fv.com"]),
            vec![KEEP, Action::Stop],
        ),
        (
            Some("Blacklisted Addresses"),
            true,
            from(Matching::Is, &["dummy@xyz-webserver.abcd-gestion.local", "sender@example.com"]),
            vec![Action::Discard, Action::Stop],
        ),
        // One comment names all rules that Ingo made of one filter.
        (
            Some("Blacklisted Addresses"),
            true,
            from(Matching::Matches, &["*@moneytrack.top"]),
            vec![
                Action::AddFlag(texts(&["\\Deleted"])),
                KEEP,
                Action::RemoveFlag(texts(&["\\Deleted"])),
                Action::Stop,
            ],
        ),
        (
            Some("Project"),
            true,
            Condition::AllOf(vec![header(&["Subject"], sprint), not(exists(&["X-Nothing"]))]),
            vec![
                Action::AddFlag(texts(&["\\Flagged", "\\Seen"])),
                into("INBOX.Entw&APw-rfe"),
                Action::RemoveFlag(texts(&["\\Flagged", "\\Seen"])),
                Action::Stop,
            ],
        ),
        (
            Some("Spam Filter"),
            true,
            Condition::AllOf(vec![
                not(header(&["X-Priority"], is(Matching::Contains, &["-"]))),
                header(&["X-Priority"], numeric(Matching::Value(Relation::GreaterOrEqual), &["3"])),
            ]),
            vec![into("INBOX.Spam"), Action::Stop],
        ),
        (
            Some("Forwards"),
            true,
            Condition::True,
            vec![Action::Redirect { address: "alice@other.example".into(), copy: false }],
        ),
        (
            Some("Copies"),
            true,
            Condition::AnyOf(vec![
                address(AddressPart::All, &["To", "Cc"], is(Matching::Contains, &["example.com"])),
                Condition::SizeOver(51_200),
            ]),
            vec![KEEP, into("INBOX.Copies")],
        ),
        (Some("Forward Keep Action"), true, Condition::True, vec![KEEP, Action::Stop]),
    ];
    assert_rules(&script, &expected);
    assert_eq!(script.unsupported, []);
    assert_eq!(script.comments.len(), 2, "the two lines at the top");
}

#[test]
fn ingo_vacation_in_blocks_and_the_old_notification() {
    let (_, script) = script("ingo-vacation");
    let received = |key| header(&["Received"], is(Matching::Regex, &[key]));
    let outer = Condition::AllOf(vec![
        not(exists(&["List-Help", "List-Id", "Mailing-List"])),
        not(header(&["Precedence"], is(Matching::Is, &["list", "bulk", "junk"]))),
        not(header(&["To"], is(Matching::Matches, &["Multiple recipients of*"]))),
    ]);
    let year = received("^.*(2024) (\\(.*\\) )?..:..:..$");
    let days = Condition::AnyOf(vec![
        received("^.*(Jul) ....$"),
        Condition::AllOf(vec![received("^.*(Aug) ....$"), received("^.*([0 ]1|[0 ]2) ... ....$")]),
    ]);
    let vacation = Vacation {
        days: Some(7),
        addresses: texts(&["alice@example.com", "a.smith@example.com"]),
        subject: Some("Holiday".into()),
        reason: "I am away.".into(),
        ..Vacation::default()
    };
    let notify = Notify {
        form: NotifyForm::Draft,
        method: Some("mailto".into()),
        options: texts(&["pager@example.com"]),
        message: Some("You have a new message\nFrom: $from$".into()),
        from: None,
        importance: Some(1),
        id: None,
    };
    let alarm = header(&["Subject"], is(Matching::Contains, &["alarm"]));
    let expected: Vec<Expected<'_>> = vec![
        (Some("Vacation"), true, outer.clone(), vec![]),
        (None, true, year.clone(), vec![]),
        (None, true, days.clone(), vec![Action::Vacation(vacation)]),
        (Some("Tell me"), true, alarm, vec![Action::Notify(notify)]),
    ];
    assert_rules(&script, &expected);
    let inside: Vec<Option<usize>> = script.rules.iter().map(|rule| rule.inside).collect();
    assert_eq!(inside, [None, Some(0), Some(1), None]);
    let requirements: Vec<Requirement<'_>> = script.requirements(2).collect();
    let holds = |condition| Requirement { condition, holds: true };
    assert_eq!(requirements, [holds(&days), holds(&year), holds(&outer)]);
}
