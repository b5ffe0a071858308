//! Scripts of the subset by chance, with names and keys that the messages have.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const FIELDS: &[&str] = &[
    "Subject",
    "subject",
    "To",
    "Content-Type",
    "MIME-Version",
    "X-Priority",
    "Received-SPF",
    "Return-Path",
    "List-Id",
    "X-Nothing",
    "Content-Transfer-Encoding",
    "X-Mailer",
];
const ADDRESS_FIELDS: &[&str] = &["From", "to", "Cc", "Reply-To", "Sender", "Bcc"];
const KEYS: &[&str] = &[
    "",
    "test",
    "Test",
    "e",
    "example",
    "1.0",
    "3",
    "2",
    "invoice",
    "こん",
    "ß",
    "7bit",
    "*",
    "?",
    "multipart/mixed;",
    "Small Image",
    "small image",
    "\\\\*",
    "custom_header1",
    "=?",
    "What?",
    "\\\"",
];
const PATTERNS: &[&str] = &[
    "*",
    "",
    "?.?",
    "*test*",
    "T*st",
    "*",
    "??",
    "*e*e*e*",
    "\\\\*",
    "*\\\\?",
    "[test]*",
    "*image",
    "multipart/*;*",
    "1.0",
    "*ß*",
];
const ADDRESS_KEYS: &[&str] = &[
    "example.com",
    "alice",
    "alice@example.com",
    "EXAMPLE",
    "@",
    "test",
    "news",
    "root",
    "nsb@nsb.fv.com",
    "nsb",
    "",
    "billing",
    "net",
    "Root@Example.NET",
];

fn list(items: &'static [&'static str]) -> impl Strategy<Value = String> {
    vec(select(items), 1..4).prop_map(|items| match items.as_slice() {
        [one] => format!("\"{one}\""),
        many => format!("[\"{}\"]", many.join("\", \"")),
    })
}

fn plain_matching() -> impl Strategy<Value = &'static str> {
    select(
        &[
            "",
            ":is ",
            ":contains ",
            ":contains ",
            ":is :comparator \"i;octet\" ",
            ":comparator \"i;octet\" :contains ",
            ":value \"ge\" ",
            ":value \"lt\" :comparator \"i;octet\" ",
            ":value \"ne\" :comparator \"i;ascii-numeric\" ",
            ":value \"ge\" :comparator \"i;ascii-numeric\" ",
            ":value \"le\" :comparator \"i;ascii-numeric\" ",
            ":is :comparator \"i;ascii-numeric\" ",
            ":count \"ge\" :comparator \"i;ascii-numeric\" ",
            ":count \"eq\" :comparator \"i;ascii-numeric\" ",
            ":count \"lt\" :comparator \"i;ascii-numeric\" ",
        ][..],
    )
}

/// A match type, and sometimes which field counts. Not both `:index` and `:count`: Pigeonhole
/// 0.5.19 counts no field when the one that the index names is the only one.
fn how() -> impl Strategy<Value = String> {
    let index = vec![":index 1 ", ":index 2 ", ":index 1 :last ", ":last :index 2 "];
    (proptest::option::weighted(0.4, select(index)), plain_matching()).prop_map(
        |(index, matching)| match index {
            Some(index) if !matching.starts_with(":count") => format!("{index}{matching}"),
            _ => matching.to_owned(),
        },
    )
}

fn part() -> impl Strategy<Value = &'static str> {
    select(&["", ":all ", ":localpart ", ":domain ", ":user ", ":detail "][..])
}

/// Sizes of messages of the corpus and their neighbours.
fn size() -> impl Strategy<Value = String> {
    select(&["159", "160", "161", "806", "807", "808", "1K", "2K", "60K", "181924", "1M"][..])
        .prop_flat_map(|size| select(vec![format!("over {size}"), format!("under {size}")]))
}

fn test() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        1 => select(vec!["true".to_owned(), "false".to_owned()]),
        2 => list(FIELDS).prop_map(|fields| format!("exists {fields}")),
        2 => size().prop_map(|size| format!("size :{size}")),
        6 => (how(), list(FIELDS), list(KEYS))
            .prop_map(|(how, fields, keys)| format!("header {how}{fields} {keys}")),
        4 => (list(FIELDS), list(PATTERNS))
            .prop_map(|(fields, keys)| format!("header :matches {fields} {keys}")),
        5 => (part(), how(), list(ADDRESS_FIELDS), list(ADDRESS_KEYS))
            .prop_map(|(part, how, fields, keys)| format!("address {part}{how}{fields} {keys}")),
        4 => (part(), plain_matching(), list(&["from", "To"]), list(ADDRESS_KEYS))
            .prop_map(|(part, how, names, keys)| format!("envelope {how}{part}{names} {keys}")),
        2 => list(&["multipart", "hello", "Hello", "--"])
            .prop_map(|keys| format!("body :raw :contains {keys}")),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|test| format!("not {test}")),
            vec(inner.clone(), 1..4).prop_map(|tests| format!("allof ({})", tests.join(", "))),
            vec(inner, 1..4).prop_map(|tests| format!("anyof ({})", tests.join(", "))),
        ]
    })
}

/// A command; each `FOLDER` becomes a folder of its own.
fn command() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        8 => Just("fileinto :copy \"FOLDER\";".to_owned()),
        2 => Just("fileinto \"FOLDER\";".to_owned()),
        1 => Just("fileinto :flags [\"$Own\", \"\\\\Seen\"] \"FOLDER\";".to_owned()),
        1 => Just("discard;".to_owned()),
        1 => Just("redirect :copy \"box-NUMBER@example.com\";".to_owned()),
        2 => select(&[
            "addflag \"\\\\Seen\";", "setflag [\"\\\\Flagged $Label1\"];", "removeflag \"$LABEL1\";",
        ][..]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let block = vec(inner, 0..4).prop_map(|commands| commands.join(" "));
        let end = select(&["", "", "", "", " stop;"][..]);
        (
            test(),
            block.clone(),
            vec((test(), block.clone()), 0..3),
            proptest::option::of(block),
            end,
        )
            .prop_map(|(first, then, more, last, end)| {
                let mut text = vec![format!("if {first} {{ {then}{end} }}")];
                for (test, then) in more {
                    text.push(format!("elsif {test} {{ {then} }}"));
                }
                if let Some(then) = last {
                    text.push(format!("else {{ {then} }}"));
                }
                text.join("\n")
            })
    })
}

/// A whole script.
pub(crate) fn script() -> impl Strategy<Value = String> {
    vec(command(), 1..16).prop_map(|commands| {
        let text = commands.join("\n");
        let pieces = text.split("FOLDER").enumerate().map(|(number, piece)| match number {
            0 => piece.to_owned(),
            _ => format!("folder {number}{}", piece.replace("-NUMBER", &format!("-{number}"))),
        });
        format!(
            "require [\"body\", \"copy\", \"envelope\", \"fileinto\", \"imap4flags\", \"index\", \
             \"relational\", \"subaddress\", \"comparator-i;ascii-numeric\"];\n{}",
            pieces.collect::<String>()
        )
    })
}
