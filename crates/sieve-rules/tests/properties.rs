//! Any bytes end in an answer, and what is printed is read again.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking")]

use proptest::collection::vec;
use proptest::prelude::*;
use sieve_rules::syntax::{Argument, Command, Test, Tests, Value};
use sieve_rules::{Text, parse, syntax};

/// Pieces of which scripts are made, so that chance gets beyond the first token.
const PIECES: &[&str] = &[
    "if",
    "elsif",
    "else",
    "not",
    "anyof",
    "allof",
    "true",
    "false",
    "header",
    "size",
    "vacation",
    "keep",
    "fileinto",
    "redirect",
    "require",
    "text:",
    "text:\n",
    "\n.\n",
    ".",
    "..",
    ":is",
    ":over",
    ":comparator",
    ":days",
    "\"i;octet\"",
    "\"fileinto\"",
    "\"variables\"",
    "\"${1}\"",
    "\"",
    "\\",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ",",
    ";",
    "10K",
    "99999999999999999999",
    "#",
    "# rule:[x]\n",
    "# horde.org/ingo\n",
    "/*",
    "*/",
    "\n",
    "\r",
    "\r\n",
    " ",
    "\0",
    "\u{fc}",
];

fn soup() -> impl Strategy<Value = Vec<u8>> {
    vec(proptest::sample::select(PIECES), 0..60).prop_map(|pieces| pieces.join(" ").into_bytes())
}

/// Whatever comes out of a script lies inside of it.
fn assert_sound(script: &[u8]) {
    let Ok(read) = parse(script) else { return };
    for (at, rule) in read.rules.iter().enumerate() {
        assert!(script.get(rule.source.clone()).is_some_and(|source| !source.is_empty()));
        assert!(rule.inside.is_none_or(|outer| outer < at));
        assert!(rule.else_of.is_none_or(|before| before < at));
        assert!(read.requirements(at).count() <= 2 * at + 1);
    }
    for piece in &read.unsupported {
        assert_eq!(*piece.text, script[piece.source.clone()]);
    }
    for comment in &read.comments {
        assert!(matches!(script[comment.start], b'#' | b'/'));
    }
}

fn name() -> impl Strategy<Value = String> {
    "[a-z_][a-z0-9_]{0,8}"
}

/// Any text that has a spelling: no NUL, and CR only before LF.
fn text() -> impl Strategy<Value = Text> {
    let piece = prop_oneof![
        (1_u8..=255).prop_filter("a lone CR", |byte| *byte != b'\r').prop_map(|byte| vec![byte]),
        Just(b"\r\n".to_vec()),
        Just(b"\n.\n".to_vec()),
        Just(b"\\\"".to_vec()),
        Just(b"/* # */".to_vec()),
    ];
    vec(piece, 0..8).prop_map(|pieces| Text::from(pieces.concat()))
}

fn arguments() -> impl Strategy<Value = Vec<Argument>> {
    let value = prop_oneof![
        name().prop_map(Value::Tag),
        any::<u64>().prop_map(Value::Number),
        text().prop_map(Value::Text),
        vec(text(), 1..4).prop_map(Value::List),
    ];
    vec(value.prop_map(|value| Argument { value, source: 0..0 }), 0..4)
}

fn tests() -> impl Strategy<Value = Tests> {
    let leaf = (name(), arguments()).prop_map(|(name, arguments)| Test {
        name,
        arguments,
        tests: Tests::None,
        source: 0..0,
    });
    let test = leaf.prop_recursive(4, 16, 3, |inner| {
        let tests = prop_oneof![
            inner.clone().prop_map(|test| Tests::One(Box::new(test))),
            vec(inner, 1..4).prop_map(Tests::List),
        ];
        (name(), arguments(), tests).prop_map(|(name, arguments, tests)| Test {
            name,
            arguments,
            tests,
            source: 0..0,
        })
    });
    prop_oneof![
        Just(Tests::None),
        test.clone().prop_map(|test| Tests::One(Box::new(test))),
        vec(test, 1..4).prop_map(Tests::List),
    ]
}

fn commands() -> impl Strategy<Value = Vec<Command>> {
    let leaf = (name(), arguments(), tests()).prop_map(|(name, arguments, tests)| Command {
        name,
        arguments,
        tests,
        block: None,
        source: 0..0,
    });
    let command = leaf.prop_recursive(3, 12, 3, |inner| {
        (name(), arguments(), tests(), vec(inner, 0..4)).prop_map(
            |(name, arguments, tests, block)| Command {
                name,
                arguments,
                tests,
                block: Some(block),
                source: 0..0,
            },
        )
    });
    vec(command, 0..5)
}

/// Takes the places away, which printing changes.
fn placeless(commands: &mut [Command]) {
    for command in commands {
        command.source = 0..0;
        placeless_arguments(&mut command.arguments);
        placeless_tests(&mut command.tests);
        placeless(command.block.as_deref_mut().unwrap_or_default());
    }
}

fn placeless_arguments(arguments: &mut [Argument]) {
    for argument in arguments {
        argument.source = 0..0;
    }
}

fn placeless_tests(tests: &mut Tests) {
    let list = match tests {
        Tests::None => return,
        Tests::One(test) => std::slice::from_mut(&mut **test),
        Tests::List(list) => list.as_mut_slice(),
    };
    for test in list {
        test.source = 0..0;
        placeless_arguments(&mut test.arguments);
        placeless_tests(&mut test.tests);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_end_in_an_answer(script in vec(any::<u8>(), 0..300)) {
        assert_sound(&script);
    }

    #[test]
    fn any_pieces_end_in_an_answer(script in soup()) {
        assert_sound(&script);
    }

    /// A script cut anywhere, and one with a byte changed anywhere.
    #[test]
    fn damaged_scripts_end_in_an_answer(cut in 0_usize..2000, at in 0_usize..2000, byte: u8) {
        for name in ["roundcube", "ingo", "ingo-vacation", "branches", "roundcube-dates"] {
            let path = format!("{}/tests/scripts/{name}.sieve", env!("CARGO_MANIFEST_DIR"));
            let mut script = std::fs::read(path).unwrap();
            assert_sound(&script[..cut.min(script.len())]);
            let at = at % script.len();
            script[at] = byte;
            assert_sound(&script);
        }
    }

    #[test]
    fn what_is_printed_is_read_again(commands in commands()) {
        let printed = syntax::print(&commands);
        let mut read = syntax::parse(&printed).unwrap();
        placeless(&mut read.commands);
        prop_assert_eq!(read.commands, commands);
        assert_sound(&printed);
    }
}

/// A chain of 30 000 branches, and as many commands, in time that grows with their number only.
#[test]
fn large_scripts_take_no_more_than_their_size() {
    let chain = ["if true {} ".to_owned(), "elsif true {} ".repeat(30_000)].concat();
    let read = parse(chain.as_bytes()).unwrap();
    assert_eq!(read.rules.len(), 30_001);
    assert_eq!(read.requirements(30_000).count(), 30_001);
    assert_eq!(parse("a;".repeat(300_000).as_bytes()).unwrap().unsupported.len(), 300_000);
    let list = format!("if exists [{}\"a\"] {{}}", "\"\",".repeat(300_000));
    assert_eq!(parse(list.as_bytes()).unwrap().rules.len(), 1);
    let comments = "#\n".repeat(200_000) + &"keep;#\n".repeat(80_000);
    assert_eq!(parse(comments.as_bytes()).unwrap().comments.len(), 280_000);
    let variables = format!("require \"variables\"; keep \"{}\";", "${a".repeat(300_000));
    assert_eq!(parse(variables.as_bytes()).unwrap().unsupported.len(), 1);
}
