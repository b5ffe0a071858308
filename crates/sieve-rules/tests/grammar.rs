//! The grammar: what is read from each notation, and where each error is.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking")]

use sieve_rules::syntax::{Argument, MAX_DEPTH, MAX_SIZE, Tests, Value, parse, print};
use sieve_rules::{ParseErrorKind, Text};

/// The arguments of the one command of a script.
fn values(script: &[u8]) -> Vec<Value> {
    let syntax = parse(script).unwrap_or_else(|error| panic!("{}: {error}", script.escape_ascii()));
    assert_eq!(syntax.commands.len(), 1, "{}", script.escape_ascii());
    let values = syntax.commands[0].arguments.iter();
    values.map(|argument: &Argument| argument.value.clone()).collect()
}

fn text(bytes: &[u8]) -> Value {
    Value::Text(bytes.into())
}

#[test]
fn strings_lose_their_notation_and_nothing_else() {
    let cases: &[(&[u8], &[u8])] = &[
        (b"x \"\";", b""),
        (b"x \"a\\\"b\\\\c\\d\";", b"a\"b\\cd"),
        (b"x \"\\\\*\";", b"\\*"),
        (b"x \"\xc3\xbc\xff\";", b"\xc3\xbc\xff"),
        (b"x \"one\ntwo\r\nthree\";", b"one\ntwo\r\nthree"),
        (b"x \"/* # */\";", b"/* # */"),
        (b"x text:\n.\n;", b""),
        (b"x text:\nhi\n.\n;", b"hi\n"),
        (b"x TEXT: \t # why\r\nhi\r\n.\r\n;", b"hi\r\n"),
        (b"x text:\n..\n...a\n.b\n. \n\\\"\n.\n;", b".\n..a\n.b\n. \n\\\"\n"),
    ];
    for (script, expected) in cases {
        assert_eq!(values(script), [text(expected)], "{}", script.escape_ascii());
    }
}

#[test]
fn numbers_are_multiplied_out() {
    let cases: &[(&str, u64)] = &[
        ("0", 0),
        ("007", 7),
        ("1k", 1024),
        ("3M", 3_145_728),
        ("2g", 2_147_483_648),
        ("18446744073709551615", u64::MAX),
        ("00000000000000000000000000000000000001K", 1024),
    ];
    for (written, expected) in cases {
        assert_eq!(values(format!("x {written};").as_bytes()), [Value::Number(*expected)]);
    }
}

#[test]
fn arguments_need_no_blanks_between_them() {
    let expected = [
        Value::Tag("is".into()),
        Value::List(vec!["a".into(), "b".into()]),
        text(b"c"),
        text(b"d"),
    ];
    assert_eq!(values(b"X:IS[\"a\",\"b\"]\"c\"\"d\";"), expected);
    assert_eq!(values(b"x /* 1 */ :is # 2\n [ \"a\" , \"b\" ] \r \"c\"\t\"d\" ;"), expected);
}

#[test]
fn tests_and_blocks_keep_their_place() {
    let script = b"IF not AllOf (true, size :over 1K) { stop; } # end\nkeep;";
    let syntax = parse(script).unwrap();
    let [branch, keep] = syntax.commands.as_slice() else { panic!("{syntax:?}") };
    assert_eq!((branch.name.as_str(), &script[branch.source.clone()]), ("if", &script[..44]));
    assert_eq!(&script[keep.source.clone()], b"keep;");
    assert_eq!(&script[syntax.comments[0].source.clone()], b"# end");
    let Tests::One(not) = &branch.tests else { panic!("{branch:?}") };
    let Tests::One(all) = &not.tests else { panic!("{not:?}") };
    let Tests::List(list) = &all.tests else { panic!("{all:?}") };
    assert_eq!(all.name, "allof");
    assert_eq!(&script[list[1].source.clone()], b"size :over 1K");
    assert_eq!(branch.block.as_ref().unwrap()[0].name, "stop");
    assert!(keep.block.is_none());
}

#[test]
fn each_error_has_its_place_and_both_sides() {
    let cases: &[(&[u8], &str)] = &[
        (b"\xef\xbb\xbfkeep;", "line 1, column 1: byte 0xef begins nothing that Sieve knows"),
        (b"keep;\n \x0b", "line 2, column 2: byte 0x0b begins nothing that Sieve knows"),
        (b"keep;\n/* a\nb", "line 2, column 1: the comment that begins here has no end"),
        (b"x \"a", "line 1, column 3: the string that begins here has no end"),
        (b"x \"a\\", "line 1, column 3: the string that begins here has no end"),
        (b"x \"a\rb\";", "line 1, column 5: a carriage return without a line feed"),
        (b"x \"a\0b\";", "line 1, column 5: a NUL"),
        (b"# \0", "line 1, column 3: a NUL"),
        (b"/*\0*/", "line 1, column 3: a NUL"),
        (
            b"x text:\na\n.",
            "line 1, column 3: the text that begins here has no line with a single dot at its end",
        ),
        (
            b"x text:\na\n.;",
            "line 1, column 3: the text that begins here has no line with a single dot at its end",
        ),
        (
            b"x text: /**/\n.\n;",
            "line 1, column 9: byte 0x2f between `text:` and the end of the line",
        ),
        (b"x text:\na\rb\n.\n;", "line 2, column 2: a carriage return without a line feed"),
        (
            b"x 18446744073709551616;",
            "line 1, column 3: the number is larger than 18446744073709551615",
        ),
        (b"x 17179869184G;", "line 1, column 3: the number is larger than 18446744073709551615"),
        (b"x 1T;", "line 1, column 4: byte 0x54 behind a number"),
        (b"x 1KB;", "line 1, column 5: byte 0x42 behind a number"),
        (b"keep", "line 1, column 5: `;` or `{` must stand here, but there is the end"),
        (b"if true {keep}", "line 1, column 14: `;` or `{` must stand here, but there is `}`"),
        (b"if true {", "line 1, column 10: a command or `}` must stand here, but there is the end"),
        (b"keep;;", "line 1, column 6: a command must stand here, but there is `;`"),
        (b"keep; }", "line 1, column 7: a command must stand here, but there is `}`"),
        (b"\"a\";", "line 1, column 1: a command must stand here, but there is a string"),
        (b"x [];", "line 1, column 4: a string must stand here, but there is `]`"),
        (b"x [\"a\",];", "line 1, column 8: a string must stand here, but there is `]`"),
        (b"x [\"a\", 1];", "line 1, column 9: a string must stand here, but there is the number 1"),
        (b"x [\"a\" :b];", "line 1, column 8: `,` or `]` must stand here, but there is `:b`"),
        (b"if allof () {}", "line 1, column 11: a test must stand here, but there is `)`"),
        (b"if a, b {}", "line 1, column 5: `;` or `{` must stand here, but there is `,`"),
        (b"if a (b {}", "line 1, column 9: `,` or `)` must stand here, but there is `{`"),
        (b"x : is;", "line 1, column 3: byte 0x3a begins nothing that Sieve knows"),
        (b"x :1a;", "line 1, column 3: byte 0x3a begins nothing that Sieve knows"),
    ];
    for (script, expected) in cases {
        let error = parse(script).unwrap_err();
        assert_eq!(error.to_string(), *expected, "{}", script.escape_ascii());
    }
}

#[test]
fn depth_ends_in_an_error_and_not_in_the_stack() {
    let blocks = |depth: usize| ["if a {".repeat(depth), "}".repeat(depth)].concat();
    assert!(parse(blocks(MAX_DEPTH - 1).as_bytes()).is_ok());
    let error = parse(blocks(100_000).as_bytes()).unwrap_err();
    assert_eq!(error.kind, ParseErrorKind::TooDeep { limit: 64 });
    let tests = |depth: usize| format!("if {}a {{}}", "not ".repeat(depth - 2));
    assert!(parse(tests(MAX_DEPTH).as_bytes()).is_ok());
    let error = parse(tests(MAX_DEPTH + 1).as_bytes()).unwrap_err();
    assert_eq!(error.kind, ParseErrorKind::TooDeep { limit: 64 });
    let lists = "if ".to_owned() + &"a(".repeat(200_000);
    assert_eq!(parse(lists.as_bytes()).unwrap_err().kind, ParseErrorKind::TooDeep { limit: 64 });
}

#[test]
fn size_has_a_limit() {
    let mut script = b"keep;".to_vec();
    script.resize(MAX_SIZE, b' ');
    assert!(parse(&script).is_ok());
    script.push(b' ');
    let error = parse(&script).unwrap_err();
    assert_eq!(error.kind.to_string(), "the script has 1048577 bytes, more than 1048576");
}

#[test]
fn print_writes_every_notation() {
    let script = b"a:b[\"x\\\"\",\"\\\\\"]2K text:\n.\n;if not anyof(true,c\"d\"){e{}f;}";
    let expected = "a :b [\"x\\\"\", \"\\\\\"] 2048 \"\";\n\
        if not anyof (true, c \"d\") {\n    e {\n    }\n    f;\n}\n";
    let printed = print(&parse(script).unwrap().commands);
    assert_eq!(Text::from(printed), expected);
}
