//! What compiled filters do, said by the Exim that runs them (`exim -bf`, `exim -bF`).

use proptest::prelude::*;

use cpmove::*;

use crate::exim::Exim;
use crate::filters::{filter, rule, with};
use crate::mail_settings::members;

/// What Exim would run for a mailbox with these filters.
fn compiled(filters: Vec<MailboxFilter>) -> String {
    members(&with(filters)).0.remove("homedir/etc/main.example/anna/filter").unwrap()
}

/// One filter for each rule, that delivers to the number of the rule.
fn numbered(rules: impl IntoIterator<Item = Rule>) -> String {
    let filters = (0..).zip(rules).map(|(number, rule)| {
        let action = Action::Deliver(format!("{number}@else.example"));
        filter(&number.to_string(), vec![rule], vec![action])
    });
    compiled(filters.collect())
}

/// The numbers of the rules that are true.
#[track_caller]
fn true_rules(exim: &Exim, rules: &[Rule], message: &[u8]) -> Vec<usize> {
    let lines = exim.filter("-bf", &numbered(rules.iter().cloned()), message);
    lines
        .iter()
        .filter_map(|line| line.strip_prefix("Deliver message to: "))
        .map(|address| address.strip_suffix("@else.example").unwrap().parse().unwrap())
        .collect()
}

/// A part that reads `alpha beta gamma` or something like it in one message, and 51 in another.
struct Sample {
    part: Part,
    message: String,
    /// All of it, its beginning, something within, and its end.
    texts: [&'static str; 4],
    /// For parts that can be a number and nothing else: Exim makes an address of one in `From`.
    number: Option<String>,
}

fn samples() -> Vec<Sample> {
    const TEXTS: [&str; 4] = ["alpha beta gamma", "alpha b", "beta", "a gamma"];
    let text = |part, name: &str| Sample {
        part,
        message: format!("{name}: Alpha Beta Gamma\n\nx\n"),
        texts: TEXTS,
        number: None,
    };
    let header = |part, name: &str| Sample {
        number: Some(format!("{name}: 51\n\nx\n")),
        ..text(part, name)
    };
    // Without the date and the others, Exim would add them.
    let headers = "X-One: Alpha\nDate: Mon, 1 Jan 2024 00:00:00 +0000\nMessage-Id: <1@b.example>\n\
                   From: a@b.example\nSubject: Béta";
    vec![
        text(Part::From, "From"),
        text(Part::To, "To"),
        text(Part::ReplyTo, "Reply-To"),
        header(Part::Subject, "Subject"),
        header(Part::ListId, "List-Id"),
        header(Part::SpamStatus, "X-Spam-Status"),
        header(Part::SpamBar, "X-Spam-Bar"),
        header(Part::SpamScore, "X-Spam-Score"),
        header(Part::Header("x-ray_1".to_owned()), "X-Ray_1"),
        // Encoded words are decoded, and the sum of two headers is a line each.
        Sample {
            part: Part::Subject,
            message: "Subject: =?iso-8859-1?q?Gr=FC=DFe?=\nSubject: Zwei\n\n".to_owned(),
            texts: ["Grüße\nZwei", "grü", "üße\nZ", "ße\nzwei"],
            number: None,
        },
        Sample {
            part: Part::Body,
            message: "Subject: x\n\nAlpha\nBeta Gamma".to_owned(),
            texts: TEXTS,
            number: Some("Subject: x\n\n51".to_owned()),
        },
        Sample {
            part: Part::AnyHeader,
            message: format!("{}\n\nx\n", headers.replace("Béta", "=?utf-8?q?B=C3=A9ta?=")),
            texts: [headers, "x-one", "alpha\nda", "béta"],
            number: None,
        },
        Sample {
            part: Part::AnyRecipient,
            message: "Cc: Anna <Alpha.Beta@gamma.example>\n\nx\n".to_owned(),
            texts: ["alpha.beta@gamma.example", "alpha.", "beta@gamma", "gamma.example"],
            number: None,
        },
    ]
}

/// What each comparison is compared with, and what it should say.
fn questions(texts: [&str; 4]) -> Vec<(Match, String, bool)> {
    let [all, beginning, within, end] = texts;
    let regular = |text: &str| {
        let escape =
            |c: char| if c.is_ascii_punctuation() { format!("\\{c}") } else { c.to_string() };
        text.chars().map(escape).collect::<String>()
    };
    let mut questions = vec![
        (Match::Is, all.to_owned(), true),
        (Match::Is, beginning.to_owned(), false),
        (Match::Is, end.to_owned(), false),
        (Match::Is, String::new(), false),
    ];
    for (positive, negative, value, says) in [
        (Match::Contains, Match::DoesNotContain, within, true),
        (Match::Contains, Match::DoesNotContain, all, true),
        (Match::Contains, Match::DoesNotContain, "delta", false),
        (Match::Begins, Match::DoesNotBegin, beginning, true),
        (Match::Begins, Match::DoesNotBegin, within, false),
        (Match::Ends, Match::DoesNotEnd, end, true),
        (Match::Ends, Match::DoesNotEnd, within, false),
    ] {
        questions.push((positive, value.to_owned(), says));
        questions.push((negative, value.to_owned(), !says));
    }
    for (value, says) in [
        (regular(within), true),
        (format!("\\A{}\\z", regular(all)), true),
        (format!("\\A{}", regular(within)), false),
        (format!("({}|nothing)", regular(end)), true),
        ("[0-9]{5}|delta".to_owned(), false),
    ] {
        questions.push((Match::Matches, value.clone(), says));
        questions.push((Match::DoesNotMatch, value, !says));
    }
    questions
}

#[test]
fn every_part_is_compared_as_the_words_say() {
    let exim = Exim::new("");
    for sample in samples() {
        let questions = questions(sample.texts);
        let rules: Vec<Rule> = questions
            .iter()
            .map(|(comparison, value, _)| rule(sample.part.clone(), *comparison, value))
            .collect();
        let said = true_rules(&exim, &rules, sample.message.as_bytes());
        for (number, (comparison, value, says)) in questions.iter().enumerate() {
            let part = &sample.part;
            assert_eq!(said.contains(&number), *says, "{part:?} {comparison:?} {value:?}");
        }
    }
}

#[test]
fn numbers() {
    let exim = Exim::new("");
    // For 51.
    let questions = [
        (Match::IsAbove, "50", true),
        (Match::IsAbove, "51", false),
        (Match::IsAbove, "-60", true),
        (Match::IsNotAbove, "51", true),
        (Match::IsNotAbove, "50", false),
        (Match::IsBelow, "52", true),
        (Match::IsBelow, "51", false),
        (Match::IsBelow, "999999999", true),
        (Match::IsNotBelow, "51", true),
        (Match::IsNotBelow, "52", false),
    ];
    for sample in samples() {
        if sample.part == Part::AnyRecipient {
            continue;
        }
        let rules: Vec<Rule> = questions
            .iter()
            .map(|(comparison, value, _)| rule(sample.part.clone(), *comparison, value))
            .collect();
        // A text is neither above nor below.
        let part = &sample.part;
        assert_eq!(true_rules(&exim, &rules, sample.message.as_bytes()), [0; 0], "{part:?}");
        if let Some(message) = &sample.number {
            let expected: Vec<usize> =
                (0..questions.len()).filter(|number| questions[*number].2).collect();
            assert_eq!(true_rules(&exim, &rules, message.as_bytes()), expected, "{part:?}");
        }
    }
    let rules = [rule(Part::SpamScore, Match::IsBelow, "-5")];
    assert_eq!(true_rules(&exim, &rules, b"X-Spam-Score: -6\n\n"), [0]);
}

/// A comparison of all recipients is true if it is for one of them, the negative ones too.
#[test]
fn recipients() {
    let exim = Exim::new("");
    let rules = [
        rule(Part::AnyRecipient, Match::Is, "b@x.example"),
        rule(Part::AnyRecipient, Match::Is, "c@x.example"),
        rule(Part::AnyRecipient, Match::Is, "d@x.example"),
        rule(Part::AnyRecipient, Match::DoesNotContain, "b@"),
        rule(Part::AnyRecipient, Match::DoesNotContain, "x.example"),
        rule(Part::AnyRecipient, Match::Contains, "Bob"),
    ];
    let message = b"To: Bob <b@x.example>, c@x.example\nBcc: d@x.example\n\nx\n";
    assert_eq!(true_rules(&exim, &rules, message), [0, 1, 2, 3]);
    assert_eq!(true_rules(&exim, &rules, b"Subject: x\n\nb@x.example\n"), [0; 0]);
}

#[test]
fn joins() {
    let exim = Exim::new("");
    let word = |value: &str, join| Rule { join, ..rule(Part::Subject, Match::Contains, value) };
    // Written as A or B and C, A and B or C.
    let cases = [
        (Join::Or, Join::And, [false, true, false, false, true, true]),
        (Join::And, Join::Or, [false, false, false, true, true, true]),
        (Join::And, Join::And, [false, false, false, false, false, true]),
        (Join::Or, Join::Or, [false, true, true, true, true, true]),
    ];
    let subjects = ["none", "aaa", "bbb", "ccc", "aaa ccc", "aaa bbb ccc"];
    for (first, second, expected) in cases {
        let rules = vec![word("aaa", first), word("bbb", second), word("ccc", Join::And)];
        let program = compiled(vec![filter("f", rules, vec![Action::Discard])]);
        for (subject, expected) in subjects.iter().zip(expected) {
            let message = format!("Subject: {subject}\n\n");
            let lines = exim.filter("-bf", &program, message.as_bytes());
            let discarded = lines.iter().any(|line| line.starts_with("Save message to: /dev/null"));
            assert_eq!(discarded, expected, "{first:?} {second:?} {subject}");
        }
    }
}

/// What a line begins with that says what becomes of the message.
const SAID: [&str; 4] = ["Deliver message", "Save message", "Fail text", "Normal delivery"];

#[track_caller]
fn does(actions: Vec<Action>, message: &str, expected: &[&str]) {
    let program = compiled(vec![
        filter("first", vec![Rule::always()], actions),
        filter("second", vec![Rule::always()], vec![Action::Deliver("z@else.example".to_owned())]),
    ]);
    let exim = Exim::new("");
    let lines = exim.filter("-bF", &program, message.as_bytes());
    let said = |line: &&String| SAID.iter().any(|start| line.starts_with(start));
    // `$home` is that of whoever runs the test.
    let done: Vec<String> = lines
        .iter()
        .filter(said)
        .map(|line| match line.split_once("/mail/main.example/") {
            Some((_home, folder)) => format!("Save message to: HOME/mail/main.example/{folder}"),
            None => line.clone(),
        })
        .collect();
    assert_eq!(done, expected);
}

#[test]
fn actions() {
    const MESSAGE: &str = "Subject: x\n\nx\n";
    let save = |name: &str| Action::Save(name.to_owned());
    let second = "Deliver message to: z@else.example";
    for (name, expected) in [
        ("Work", r#"Deliver message to: "anna+Work"@main.example"#),
        ("Work.Old Ones", r#"Deliver message to: "anna+Work.Old Ones"@main.example"#),
        ("R&-D, (#1)", r#"Deliver message to: "anna+R&D, (#1)"@main.example"#),
        // By their directories: names that no address can say.
        ("Entw&APw-rfe", "Save message to: HOME/mail/main.example/anna/.Entw&APw-rfe/ 0660"),
        ("a$home\"\\b", "Save message to: HOME/mail/main.example/anna/.a$home\"\\b/ 0660"),
        ("~x@y", "Save message to: HOME/mail/main.example/anna/.~x@y/ 0660"),
        ("plus+", "Save message to: HOME/mail/main.example/anna/.plus+/ 0660"),
        ("a & b", "Save message to: HOME/mail/main.example/anna/.a & b/ 0660"),
        (" a", "Save message to: HOME/mail/main.example/anna/. a/ 0660"),
        ("raw ü", "Save message to: HOME/mail/main.example/anna/.raw ü/ 0660"),
        ("inbox", "Deliver message to: anna@main.example"),
    ] {
        does(vec![save(name)], MESSAGE, &[expected, second]);
        does(vec![save(name), Action::Finish], MESSAGE, &[expected]);
    }
    does(
        vec![Action::Deliver("O'Neil+a{b}$c@Else.Example".to_owned())],
        MESSAGE,
        &["Deliver message to: O'Neil+a{b}$c@else.example", second],
    );
    does(vec![Action::Discard, Action::Finish], MESSAGE, &["Save message to: /dev/null 0660"]);
    does(vec![Action::Finish], MESSAGE, &["Normal delivery will occur."]);
    does(
        vec![Action::Fail("No \"$home\" \\ ${run{id}}".to_owned())],
        MESSAGE,
        &["Fail text \"No \"$home\" \\ ${run{id}}\""],
    );
}

#[test]
fn a_mailbox_that_refuses_mail_refuses_it() {
    let account = crate::mail_settings::account(|account| {
        let mailbox = &mut account.domains[0].mail.mailboxes[0];
        mailbox.refuses_mail = true;
        mailbox.filters = vec![filter("f", vec![Rule::always()], vec![Action::Discard])];
    });
    let program = &members(&account).0["homedir/etc/main.example/anna/filter"];
    let lines = Exim::new("").filter("-bF", program, b"Subject: x\n\n");
    let refusal = "Fail text \"This address does not take mail at present.\"";
    assert_eq!(lines, [refusal, "Filtering ended by \"fail\"."]);
}

#[test]
fn spam_is_deleted_from_the_score_on() {
    let exim = Exim::new("");
    let program = compiled(vec![MailboxFilter::delete_spam(72)]);
    for (bar, deleted) in [("", false), ("+++++++", false), ("++++++++", true), ("+++++++++", true)]
    {
        let message = format!("X-Spam-Bar: {bar}\n\n");
        let lines = exim.filter("-bf", &program, message.as_bytes());
        let found = lines.iter().any(|line| line.starts_with("Save message to: /dev/null"));
        assert_eq!(found, deleted, "{bar}");
    }
}

/// Values that are programs, quotes and comments to Exim are none in a filter.
#[test]
fn hostile_values_are_nothing_but_themselves() {
    let exim = Exim::new("");
    let mark = exim.place.path().join("mark");
    let run = format!("${{run{{/usr/bin/touch {}}}}}", mark.display());
    let mut values: Vec<String> = [
        "\"",
        "\\",
        "\\\\",
        "\\\"",
        "$",
        "$$",
        "$home",
        "${home}",
        "$h_subject:",
        "\\$home",
        "\\N",
        "\\N$home\\N",
        "\\n",
        "\\x41",
        "\\101",
        "a \\",
        "{",
        "}",
        "${",
        "${if",
        "# x",
        "\" then fail \"x\" endif #",
        ") then finish endif if (",
        "%s%n",
        "`id`",
        "it's",
        "ü€😀",
        "$1",
        "${readfile{/etc/passwd}}",
        "${perl{x}}",
    ]
    .map(str::to_owned)
    .to_vec();
    values.push(run.clone());
    values.push(format!("\\\\{run}"));
    values.push(format!("\"{run}\""));
    values.push((' '..='~').collect());
    for value in &values {
        check_value(&exim, &format!("x{value}x"));
    }
    assert!(!mark.exists());
    // The mark would be there if a value had run.
    assert_eq!(exim.expand(&[run]), [""]);
    assert!(mark.exists());
}

/// A header that holds the value, and one that holds a little more.
#[track_caller]
fn check_value(exim: &Exim, value: &str) {
    let part = || Part::Header("X-Value".to_owned());
    let rules = [
        rule(part(), Match::Is, value),
        rule(part(), Match::Contains, value),
        rule(part(), Match::Begins, value),
        rule(part(), Match::Ends, value),
        Rule::is_not(part(), value),
    ];
    let message = |value: &str| format!("X-Value: {value}\n\nbody\n").into_bytes();
    assert_eq!(true_rules(exim, &rules, &message(value)), [0, 1, 2, 3], "{value:?}");
    let more = format!("y{value}y");
    assert_eq!(true_rules(exim, &rules, &message(&more)), [1, 4], "{more:?}");
    assert_eq!(true_rules(exim, &rules, &message("other")), [4], "{value:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn any_value_is_nothing_but_itself(value in "[ -~]{0,60}|[ -~äßЖ€]{0,20}|[\\\\$\"{}N#h_:]{0,30}") {
        let exim = Exim::new("");
        // Exim cuts spaces off the ends of a header.
        check_value(&exim, &format!("<{value}>"));
    }

    /// What is let through as a regular expression compiles, and one that does not would show.
    #[test]
    fn regular_expressions_compile(
        expressions in prop::collection::vec("[ab.^$|()\\[\\]?*+{},0-9\\\\dwbAz:=-]{1,12}|\\[[ab.^:=\\\\-]{1,5}\\]", 200)
    ) {
        let taken: Vec<String> = expressions
            .into_iter()
            .filter(|expression| {
                let rules = vec![rule(Part::Subject, Match::Matches, expression)];
                account_members(&with(vec![filter("f", rules, vec![Action::Discard])])).is_ok()
            })
            .map(|expression| format!("${{if match{{aab}}{{\\N{expression}\\N}}{{yes}}{{no}}}}"))
            .collect();
        let answers = Exim::new("").expand(&taken);
        prop_assert_eq!(answers.len(), taken.len());
        for (answer, expression) in answers.iter().zip(&taken) {
            prop_assert!(matches!(answer.as_str(), "yes" | "no"), "{}: {}", expression, answer);
        }
    }
}

/// The oracle of the test above does tell.
#[test]
fn exim_names_expressions_that_do_not_compile() {
    let lines = ["${if match{a}{\\Na(\\N}{yes}{no}}".to_owned()];
    assert!(Exim::new("").expand(&lines)[0].starts_with("Failed: "));
}
