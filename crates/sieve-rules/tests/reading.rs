//! What is read from each script, written down by hand.

use sieve_rules::*;

fn script(name: &str) -> (Vec<u8>, Script) {
    let path = format!("{}/tests/scripts/{name}.sieve", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let script = parse(&bytes).unwrap_or_else(|error| panic!("{path}: {error}"));
    (bytes, script)
}

fn texts(texts: &[&str]) -> Vec<Text> {
    texts.iter().map(|text| Text::from(*text)).collect()
}

fn is(matching: Matching, keys: &[&str]) -> Comparison {
    Comparison { matching, comparator: Comparator::AsciiCasemap, keys: texts(keys) }
}

fn numeric(matching: Matching, keys: &[&str]) -> Comparison {
    Comparison { comparator: Comparator::AsciiNumeric, ..is(matching, keys) }
}

fn header(names: &[&str], comparison: Comparison) -> Condition {
    Condition::Header { names: texts(names), index: None, comparison }
}

fn address(part: AddressPart, names: &[&str], comparison: Comparison) -> Condition {
    Condition::Address { part, names: texts(names), index: None, comparison }
}

fn exists(names: &[&str]) -> Condition {
    Condition::Exists { names: texts(names) }
}

fn not(condition: Condition) -> Condition {
    Condition::Not(Box::new(condition))
}

fn into(folder: &str) -> Action {
    let folder = FolderName::from(Text::from(folder));
    Action::FileInto { folder, copy: false, create: false, flags: None }
}

fn copy_into(folder: &str) -> Action {
    let folder = FolderName::from(Text::from(folder));
    Action::FileInto { folder, copy: true, create: false, flags: None }
}

const KEEP: Action = Action::Keep { flags: None };

/// Name, whether enabled, condition, actions.
type Expected<'a> = (Option<&'a str>, bool, Condition, Vec<Action>);

fn assert_rules(script: &Script, expected: Vec<Expected<'_>>) {
    for (at, (rule, (name, enabled, condition, actions))) in
        script.rules.iter().zip(&expected).enumerate()
    {
        assert_eq!(rule.name, name.map(Text::from), "rule {at}");
        assert_eq!(rule.enabled, *enabled, "rule {at}");
        assert_eq!(rule.condition, *condition, "rule {at}");
        assert_eq!(rule.actions, *actions, "rule {at}");
        assert_eq!(rule.stops, actions.contains(&Action::Stop), "rule {at}");
    }
    assert_eq!(script.rules.len(), expected.len());
}

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
        (
            Some("Refused"),
            true,
            header(&["Subject"], is(Matching::Is, &["27 plaintext + (HTML + embedded image)"])),
            vec![
                Action::Reject { text: "Please write\nplain text.\n".into(), extended: false },
                Action::Stop,
            ],
        ),
        (Some("No test"), true, Condition::True, vec![Action::RemoveFlag(texts(&["\\Flagged"]))]),
    ];
    assert_rules(&script, expected);
    assert!(script.requires("regex") && !script.requires("vacation"));
    assert_eq!(script.requires.len(), 10);
    assert_eq!((script.unsupported.as_slice(), script.comments.as_slice()), (&[][..], &[][..]));
    let off = &bytes[script.rules[4].source.clone()];
    assert!(off.starts_with(b"if false # allof (") && off.ends_with(b"stop;\n}"));
    assert_eq!(script.rules[4].tested(), &Condition::False);
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
    assert_rules(&script, vec![(Some("Away"), true, condition, vec![Action::Vacation(vacation)])]);
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
    assert_rules(&script, expected);
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
    assert_rules(&script, expected);
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
    assert_rules(&script, expected);
    let inside: Vec<Option<usize>> = script.rules.iter().map(|rule| rule.inside).collect();
    assert_eq!(inside, [None, Some(0), Some(1), None]);
    let requirements: Vec<Requirement<'_>> = script.requirements(2).collect();
    let holds = |condition| Requirement { condition, holds: true };
    assert_eq!(requirements, [holds(&days), holds(&year), holds(&outer)]);
}

#[test]
fn branches_know_what_they_are_behind_and_inside() {
    let (bytes, script) = script("branches");
    let found: Vec<_> = script
        .rules
        .iter()
        .map(|rule| {
            let folder = rule.actions.iter().find_map(|action| match action {
                Action::FileInto { folder, .. } => folder.as_utf8(),
                _ => None,
            });
            (folder.unwrap_or("-"), rule.inside, rule.else_of, rule.enabled, rule.stops)
        })
        .collect();
    let expected = [
        ("before", None, None, true, false),
        ("e", None, None, true, false),
        ("e and a", Some(1), None, true, false),
        ("e, no a, large", Some(1), Some(2), true, false),
        ("e, no a, small", Some(1), Some(3), true, false),
        ("with a path", Some(4), None, true, true),
        ("without a path", Some(4), None, true, false),
        ("behind", Some(1), None, true, false),
        ("elsif", None, Some(1), true, false),
        ("never", None, Some(8), false, false),
        ("else", None, Some(9), true, false),
        ("after", None, None, true, false),
    ];
    assert_eq!(found, expected);
    let holds: Vec<(bool, &Condition)> =
        script.requirements(10).map(|one| (one.holds, one.condition)).collect();
    let subject = |key| header(&["Subject"], is(Matching::Contains, &[key]));
    let elsif = Condition::AllOf(vec![exists(&["From", "To"]), not(Condition::SizeUnder(600))]);
    // The third one is switched off: what it would ask for plays no part.
    let expected = [
        (true, &Condition::True),
        (false, &Condition::False),
        (false, &elsif),
        (false, &subject("e")),
    ];
    assert_eq!(holds, expected);
    assert_eq!(script.requirements(12).count(), 0);
    let text = |at: usize| Text::from(&bytes[script.rules[at].source.clone()]);
    assert_eq!(text(7), "fileinto :copy \"behind\";");
    assert_eq!(text(5), "if exists \"Return-Path\" { fileinto :copy \"with a path\"; stop; }");
}

#[test]
fn what_is_outside_is_kept_with_its_reason() {
    let (bytes, script) = script("outside");
    let found: Vec<(String, String)> = script
        .unsupported
        .iter()
        .map(|piece| {
            assert_eq!(*piece.text, bytes[piece.source.clone()]);
            (String::from_utf8(piece.text.to_vec()).unwrap(), piece.reason.to_string())
        })
        .collect();
    let expected = [
        ("set \"subject\" \"\";", "the command `set` is not known"),
        ("set \"subject\" \"${1}\";", "the command `set` is not known"),
        ("header :is \"From\" \"${boss}\"", "\"${boss}\" holds a variable"),
        ("hasflag \"\\\\Seen\"", "the test `hasflag` is not known"),
        ("fileinto \"Lists.${1}\";", "\"Lists.${1}\" holds a variable"),
        ("fileinto \"${hex: 24}\";", "\"${hex: 24}\" holds an encoded character"),
        ("include :personal \"more\";", "the command `include` is not known"),
        (
            "redirect :copy :copy \"a@b.example\";",
            "the tag `:copy` stands beside itself or one that excludes it",
        ),
        ("string :is \"${subject}\" \"x\"", "the test `string` is not known"),
    ];
    let expected: Vec<(String, String)> =
        expected.iter().map(|(text, reason)| ((*text).to_owned(), (*reason).to_owned())).collect();
    assert_eq!(found, expected);
    // What is not understood stands where it was, among what is.
    let third = &script.rules[2];
    let Condition::AnyOf(conditions) = &third.condition else { panic!("{third:?}") };
    assert!(conditions.iter().all(|one| matches!(one, Condition::Unsupported(_))));
    assert!(matches!(third.actions[0], Action::FileInto { create: true, .. }));
    assert!(matches!(&third.actions[1], Action::Unsupported(_)));
    assert_eq!(third.actions[2], into("costs ${ 5 }"));
    assert_eq!(third.actions.len(), 4);
}

/// Each script asks for something in a form that its command or test does not have.
#[test]
fn forms_that_the_subset_does_not_have() {
    let cases = [
        ("foo;", "the command `foo` is not known"),
        ("fileinto;", "the folder is missing"),
        ("fileinto [\"a\"];", "the folder is missing"),
        ("fileinto \"a\" \"b\";", "an argument too many"),
        ("fileinto \"a\" :copy;", "the tag `:copy` is not known here"),
        ("fileinto :specialuse \"\\\\Junk\" \"a\";", "the tag `:specialuse` is not known here"),
        ("keep { stop; }", "a block too many"),
        ("keep true;", "a test too many"),
        (
            "vacation :days 1 :seconds 2 \"x\";",
            "the tag `:seconds` stands beside itself or one that excludes it",
        ),
        ("vacation :days \"1\" \"x\";", "the number of days is missing"),
        ("notify :importance \"4\" \"mailto:a@b\";", "\"4\" is no importance"),
        ("notify :high :low;", "the tag `:low` stands beside itself or one that excludes it"),
        (
            "notify :method \"mailto\" \"mailto:a@b\";",
            "the tag `:method` stands beside itself or one that excludes it",
        ),
        ("addflag \"name\" \"\\\\Seen\";", "an argument too many"),
        ("elsif true {}", "there is no `if` before it"),
        ("if true {} keep; else {}", "there is no `if` before it"),
        ("if true {} else {} else {}", "there is no `if` before it"),
        ("if true {} elsif {}", "a single test is missing"),
        ("if true {} else true {}", "a test too many"),
        ("if true;", "a block is missing"),
        ("if (true) {}", "a single test is missing"),
        ("if \"a\" true {}", "an argument too many"),
        ("keep; require \"fileinto\";", "it stands behind other commands"),
        ("require 1;", "a list of extensions is missing"),
        ("if not (true) {}", "a test is missing"),
        ("if anyof true {}", "a list of tests is missing"),
        ("if true \"x\" {}", "an argument too many"),
        ("if true (false) {}", "a test too many"),
        ("if size 1 {}", "`:over` or `:under` is missing"),
        ("if size :over :under 1 {}", "the size is missing"),
        ("if size :big 1 {}", "the tag `:big` is not known here"),
        ("if header \"a\" {}", "what to compare with is missing"),
        (
            "if header :is :contains \"a\" \"b\" {}",
            "the tag `:contains` stands beside itself or one that excludes it",
        ),
        ("if header :localpart \"a\" \"b\" {}", "the tag `:localpart` is not known here"),
        ("if header :last \"a\" \"b\" {}", "`:index` beside `:last` is missing"),
        (
            "if header :comparator \"i;basic\" \"a\" \"b\" {}",
            "\"i;basic\" is no comparator of the subset",
        ),
        ("if header :value \"xx\" \"a\" \"b\" {}", "\"xx\" is no relation"),
        ("if header :mime \"a\" \"b\" {}", "the tag `:mime` is not known here"),
        (
            "if address :all :domain \"a\" \"b\" {}",
            "the tag `:domain` stands beside itself or one that excludes it",
        ),
        ("if envelope :index 1 \"from\" \"b\" {}", "the tag `:index` is not known here"),
        (
            "if body :raw :text \"b\" {}",
            "the tag `:text` stands beside itself or one that excludes it",
        ),
        (
            "if currentdate :originalzone \"date\" \"b\" {}",
            "the tag `:originalzone` is not known here",
        ),
        (
            "if date :zone \"+0000\" :originalzone \"date\" \"date\" \"b\" {}",
            "the tag `:originalzone` stands beside itself or one that excludes it",
        ),
        ("if virustest :value \"ge\" \"1\" {}", "the test `virustest` is not known"),
    ];
    for (script, expected) in cases {
        let read = parse(script.as_bytes()).unwrap_or_else(|error| panic!("{script}: {error}"));
        let reasons: Vec<String> =
            read.unsupported.iter().map(|piece| piece.reason.to_string()).collect();
        assert_eq!(reasons, [expected], "{script}");
    }
}

#[test]
fn only_what_follows_false_disables() {
    let read = |script: &str| parse(script.as_bytes()).unwrap();
    let cases = [
        ("if false # true\n{ keep; }", false, Condition::True, 0),
        ("if FALSE#size :over 1\r\n{ keep; }", false, Condition::SizeOver(1), 0),
        // Roundcube takes any comment there for tests; what is none stays a comment.
        ("if false # not yet (\n{ keep; }", false, Condition::False, 1),
        ("if false # true, true\n{ keep; }", false, Condition::False, 1),
        ("if false { keep; # true\n }", true, Condition::False, 1),
        ("if false /* true */ { keep; }", true, Condition::False, 1),
        ("if true # false\n { keep; }", true, Condition::True, 1),
        ("if false { # size :over 1\n keep; }", true, Condition::False, 1),
    ];
    for (script, enabled, condition, comments) in cases {
        let read = read(script);
        let rule = &read.rules[0];
        let found = (rule.enabled, &rule.condition, read.comments.len());
        assert_eq!(found, (enabled, &condition, comments), "{script}");
        assert_eq!(rule.actions, [KEEP], "{script}");
    }
}

/// Words of a remark can look like tests, and are none that is known.
#[test]
fn a_remark_behind_false_is_kept() {
    let read = parse(b"if false # by the admin\n{ keep; }").unwrap();
    assert!(!read.rules[0].enabled);
    assert_eq!(read.unsupported[0].text, "by the admin");
    assert_eq!(read.rules[0].condition, Condition::Unsupported(read.unsupported[0].clone()));
}

#[test]
fn names_belong_to_the_next_command_at_top_level() {
    let names = |script: &str| -> Vec<Option<Text>> {
        let read = parse(script.as_bytes()).unwrap();
        read.rules.into_iter().map(|rule| rule.name).collect()
    };
    let some = |name: &str| Some(Text::from(name));
    assert_eq!(names("# rule:[a]\n# other\nkeep;"), [some("a")]);
    assert_eq!(names("# rule:[a]\n# rule:[b]\nkeep;"), [some("b")]);
    assert_eq!(names("# rule:[]\nkeep;\n# rule:[c]\nstop;"), [some(""), some("c")]);
    assert_eq!(names("keep; # rule:[x]y]\nif true { # rule:[no]\nstop; }"), [None, some("x]y")]);
    assert_eq!(names("#rule:[a]\n# rule:a]\n/* rule:[a] */ # Rule:[a]\nkeep;"), [None]);
    let ingo = "# by Ingo (http://www.horde.org/ingo/)\n# first\nkeep;\nif true {}\n# second\nif true { # no\n stop; }\nstop;";
    assert_eq!(names(ingo), [some("first"), some("first"), some("second"), some("second")]);
}

#[test]
fn folder_names_have_two_readings() {
    let both = |bytes: &[u8]| {
        let name = FolderName::from(Text::from(bytes));
        (name.as_utf8().map(str::to_owned), name.as_mutf7())
    };
    let pair = |utf8: Option<&str>, mutf7: Option<&str>| {
        (utf8.map(str::to_owned), mutf7.map(str::to_owned))
    };
    assert_eq!(both(b"INBOX.Work"), pair(Some("INBOX.Work"), Some("INBOX.Work")));
    assert_eq!(both("Entwürfe".as_bytes()), pair(Some("Entwürfe"), None));
    assert_eq!(both(b"Entw&APw-rfe"), pair(Some("Entw&APw-rfe"), Some("Entwürfe")));
    assert_eq!(both(b"R&D"), pair(Some("R&D"), None));
    assert_eq!(both(b"R&-D"), pair(Some("R&-D"), Some("R&D")));
    assert_eq!(both(b"&ZeVnLIqe-"), pair(Some("&ZeVnLIqe-"), Some("日本語")));
    assert_eq!(both(b"&2D3cqQ-"), pair(Some("&2D3cqQ-"), Some("💩")));
    assert_eq!(both(b"\xff"), pair(None, None));
    // Half a surrogate pair, bits left over, a letter too many, NUL, what stands for itself,
    // letters outside of the alphabet.
    for bad in ["&2D0-", "&APx-", "&APwA-", "&AAA-", "&AGE-", "&AP!-", "&AP/-", "&A-"] {
        assert_eq!(both(bad.as_bytes()), pair(Some(bad), None), "{bad}");
    }
}
