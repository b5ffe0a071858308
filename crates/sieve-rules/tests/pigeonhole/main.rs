//! Dovecot's Sieve as the judge: what `sievec` compiles is read, and rules that are run by a small
//! evaluator do with real messages what `sieve-test` does with the script.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking")]

mod dovecot;
mod evaluator;
mod generator;
mod message;

use dovecot::Pigeonhole;
use evaluator::{Envelope, evaluate};
use message::Message;
use proptest::prop_assert_eq;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use std::cell::Cell;
use std::path::{Path, PathBuf};

fn directory(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Every file with that ending, in order.
fn files(path: &str, ending: &str) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![];
    for entry in std::fs::read_dir(directory(path)).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|found| found == ending) {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            files.push((name, std::fs::read(path).unwrap()));
        }
    }
    files.sort();
    files
}

fn messages() -> Vec<(String, Vec<u8>)> {
    let messages = files("../../fixtures/messages", "eml");
    assert_eq!(messages.len(), 33);
    messages
}

const ENVELOPES: [Envelope<'static>; 2] = [
    Envelope { from: "nsb@nsb.fv.com", to: "alice@example.com" },
    Envelope { from: "Root@Example.NET", to: "alice+news@example.com" },
];

/// Runs a script over all messages, by Dovecot and by the rules that were read. Returns how many
/// of them did not just end in the inbox.
fn compare(pigeonhole: &Pigeonhole, name: &str, script: &[u8]) -> Result<u32, TestCaseError> {
    let read = sieve_rules::parse(script).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(read.unsupported, [], "{name}");
    pigeonhole.install(script);
    let mut moved = 0;
    for (message_name, bytes) in messages() {
        let message = Message::read(&bytes);
        pigeonhole.deliver(&bytes);
        for envelope in &ENVELOPES {
            let did = pigeonhole.run(envelope);
            let predicted = evaluate(&read, &message, envelope);
            moved += u32::from(did.stored.keys().ne(["INBOX"]));
            prop_assert_eq!(predicted, did, "{} on {} to {}", name, message_name, envelope.to);
        }
    }
    Ok(moved)
}

#[test]
fn scripts_of_webmails_do_what_their_rules_say() {
    let pigeonhole = Pigeonhole::new();
    let scripts = files("tests/scripts", "sieve");
    let mut compared = 0;
    for (name, script) in &scripts {
        // The others ask for regular expressions, for extensions that this Dovecot does not have,
        // or for what is outside of the subset.
        if matches!(name.as_str(), "branches" | "ingo" | "roundcube" | "roundcube-vacation") {
            let moved = compare(&pigeonhole, name, script).unwrap();
            assert!(moved > 0 || name == "roundcube-vacation", "{name} does nothing");
            compared += 1;
        }
    }
    assert_eq!(compared, 4);
}

#[test]
fn scripts_by_chance_do_what_their_rules_say() {
    let pigeonhole = Pigeonhole::new();
    let config =
        Config { cases: 16, max_shrink_iters: 100, failure_persistence: None, ..Config::default() };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let moved = Cell::new(0);
    let outcome = runner.run(&generator::script(), |script| {
        moved.set(moved.get() + compare(&pigeonhole, &script, script.as_bytes())?);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(moved.get() > 300, "only {} of 1056 deliveries went elsewhere", moved.get());
}

/// Each notation in which `sievec` and the grammar could differ. A script that is compiled must be
/// read; what `sievec` refuses for its grammar must be an error here too.
#[test]
fn what_is_compiled_is_read() {
    let pigeonhole = Pigeonhole::new();
    let depth = |blocks: usize, tests: usize| {
        let not = "not ".repeat(tests - 1);
        let open = "if true {".repeat(blocks - 1);
        format!("{open} if {not} true {{ {} }}", "}".repeat(blocks - 1)).into_bytes()
    };
    let compiled: Vec<Vec<u8>> = vec![
        b"".into(),
        b"# x".into(),
        b"keep; # x".into(),
        b"keep;\rstop;".into(),
        b"# a\rkeep;\nstop;".into(),
        b"keep; /* x /* y */".into(),
        b"# \xff\nkeep;".into(),
        b"require \"reject\"; reject \"\xff\";".into(),
        b"require \"reject\"; reject \"a\nb\r\nc\";".into(),
        b"if size :over 1k {} if size :under 2M{} if size :over 3G {}".into(),
        b"if size :over 18446744073709551615 {}".into(),
        b"if size :over 000000000000000000000000000001 {}".into(),
        b"require \"reject\"; reject text:  \t # c\nhi\n.\n;".into(),
        b"require \"reject\"; reject TEXT:\r\nhi\r\n.\r\n;".into(),
        b"require \"reject\"; reject text:\n..\n.a\n. \n.\n;".into(),
        b"require \"reject\"; reject text:\n.\n;".into(),
        b"if allof (true) {} elsif anyof (not not true, false) {} else {}".into(),
        b"KEEP; IF TRUE {Stop;} ELSIF FALSE {} ELSE {}".into(),
        b"if header :IS :Comparator \"I;OCTET\" \"a\" \"b\" {}".into(),
        b"require \"fileinto\"; require [\"reject\"];".into(),
        b"redirect \"a\\@b.c\";".into(),
        b"redirect \"Name <a@b.c>\";".into(),
        b"if header \"a\"\"b\"{keep;}".into(),
        b"if header [\"a\"] [\"\"] {} if header \"\" \"\" {}".into(),
        b"require \"body\"; if body :is :content \"text\" \"x\" {} if body \"x\" {}".into(),
        b"require \"index\"; if header :index 1 :last \"a\" \"b\" {}".into(),
        depth(31, 30),
    ];
    for script in &compiled {
        let shown = script.escape_ascii();
        assert_eq!(pigeonhole.compile(script), Ok(()), "{shown}");
        let read = sieve_rules::parse(script).unwrap_or_else(|error| panic!("{shown}: {error}"));
        assert_eq!(read.unsupported, [], "{shown}");
    }
    let refused: Vec<Vec<u8>> = vec![
        b"\xef\xbb\xbfkeep;".into(),
        b"keep;\x0bstop;".into(),
        b"keep; /* x".into(),
        b"# a\0b\nkeep;".into(),
        b"redirect \"a@b.c\0\";".into(),
        b"require \"reject\"; reject \"a\rb\";".into(),
        b"if size :over 1T {}".into(),
        b"if size :over 1KB {}".into(),
        b"if size :over -1 {}".into(),
        b"if size :over 18446744073709551616 {}".into(),
        b"require \"reject\"; reject text: /* c */\nhi\n.\n;".into(),
        b"require \"reject\"; reject text:\nhi\n.".into(),
        b"require \"reject\"; reject text:\nhi\n.;\n".into(),
        b"require \"reject\"; reject text:\nh\ri\n.\n;".into(),
        b"require \"reject\"; reject text :\nhi\n.\n;".into(),
        b"if header [] \"a\" {}".into(),
        b"if header [\"a\",] \"a\" {}".into(),
        b"if header [[\"a\"]] \"b\" {}".into(),
        b"if allof () {}".into(),
        b"keep;;".into(),
        b"keep".into(),
        b"if true {keep}".into(),
        b"if true, false {}".into(),
        depth(64, 1),
    ];
    for script in &refused {
        let shown = script.escape_ascii();
        assert!(pigeonhole.compile(script).is_err(), "{shown}");
        assert!(sieve_rules::parse(script).is_err(), "{shown}");
    }
}

/// What this crate prints is compiled, and does the same.
#[test]
fn printed_scripts_are_compiled() {
    let pigeonhole = Pigeonhole::new();
    for name in ["branches", "ingo", "roundcube", "roundcube-vacation", "ingo-vacation"] {
        let path = directory(&format!("tests/scripts/{name}.sieve"));
        let script = std::fs::read(path).unwrap();
        let syntax = sieve_rules::syntax::parse(&script).unwrap();
        let printed = sieve_rules::syntax::print(&syntax.commands);
        assert_eq!(pigeonhole.compile(&printed), Ok(()), "{name}");
    }
}
