//! Branches, comments, names, and what is outside of the subset.

use super::*;

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

/// ManageSieve clients send lines that end in CRLF.
#[test]
fn line_ends_make_no_difference() {
    for name in ["roundcube", "roundcube-dates", "ingo", "ingo-vacation", "branches"] {
        let (bytes, unix) = script(name);
        let text = String::from_utf8(bytes).unwrap().replace('\n', "\r\n");
        let network = parse(text.as_bytes()).unwrap();
        assert_eq!(network.rules.len(), unix.rules.len(), "{name}");
        for (theirs, ours) in network.rules.iter().zip(&unix.rules) {
            assert_eq!(theirs.name, ours.name);
            assert_eq!(theirs.enabled, ours.enabled);
            assert_eq!(theirs.condition, ours.condition);
            assert_eq!(theirs.actions.len(), ours.actions.len());
        }
        let lines = |comment: &std::ops::Range<usize>| text[comment.clone()].lines().count();
        assert_eq!(network.comments.len(), unix.comments.len());
        assert!(
            network.comments.iter().all(|one| lines(one) > 0 && !text[one.clone()].ends_with('\r'))
        );
    }
    let read = parse(b"require \"reject\";\r\nreject text:\r\n..a\r\n.\r\n;\r\n").unwrap();
    assert_eq!(read.rules[0].actions, [Action::Reject { text: ".a\r\n".into(), extended: false }]);
}
