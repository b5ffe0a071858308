//! Filters of a mailbox: both of their texts, and what is refused.

use std::io::Write;
use std::process::{Command, Stdio};

use cpmove::*;

use crate::mail_settings::{account, members};

pub(crate) fn rule(part: Part, comparison: Match, value: &str) -> Rule {
    Rule { part, comparison, value: value.to_owned(), join: Join::Or }
}

pub(crate) fn filter(name: &str, rules: Vec<Rule>, actions: Vec<Action>) -> MailboxFilter {
    MailboxFilter { name: name.to_owned(), enabled: true, rules, actions }
}

/// An account whose mailbox anna has these.
pub(crate) fn with(filters: Vec<MailboxFilter>) -> Account {
    account(|account| account.domains[0].mail.mailboxes[0].filters = filters)
}

const PROGRAM: &str = "homedir/etc/main.example/anna/filter";
const YAML: &str = "homedir/etc/main.example/anna/filter.yaml";

const HEAD: &str = "\
# Exim filter
#
# Compiled from filter.yaml, which cPanel's pages show. cPanel writes this file anew when a
# filter is saved there; changes made here are lost then.
#
";

fn examples() -> Vec<MailboxFilter> {
    let mut invoices = filter(
        "Owner's invoices: \"all\"",
        vec![
            rule(Part::Subject, Match::Contains, "invoice $5 \\ \"x\""),
            rule(Part::AnyRecipient, Match::Is, "billing@main.example"),
            rule(Part::SpamScore, Match::IsNotAbove, "-5"),
        ],
        vec![Action::Save("Work.Invoices 2023".to_owned()), Action::Finish],
    );
    invoices.rules[0].join = Join::And;
    let drafts = filter(
        "Entwürfe",
        vec![
            rule(Part::Header("X-Loop".to_owned()), Match::Matches, "^a\\.b$"),
            rule(Part::AnyHeader, Match::Contains, "\nX-A: b\tc"),
        ],
        vec![
            Action::Save("Entw&APw-rfe".to_owned()),
            Action::Save("INBOX".to_owned()),
            Action::Deliver("x@Else.Example".to_owned()),
        ],
    );
    let mut off =
        filter("off", vec![Rule::always()], vec![Action::Fail("Not \"here\", $ir".to_owned())]);
    off.enabled = false;
    let fail = MailboxFilter { enabled: true, name: "fail".to_owned(), ..off.clone() };
    vec![invoices, drafts, off, MailboxFilter::delete_spam(75), fail]
}

#[test]
fn program() {
    let (files, modes) = members(&with(examples()));
    let expected = r#"
headers charset "UTF-8"

if not first_delivery and error_message then finish endif

#Owner's invoices: "all"
if
 $header_subject: contains "invoice \\$5 \\\\ \"x\""
 and foranyaddress $h_to:,$h_cc:,$h_bcc: ( $thisaddress is "billing@main.example" )
 or ($h_X-Spam-Score: matches \N^-?\d+$\N and $h_X-Spam-Score: is not above "-5")
then
 deliver "\"$local_part+Work.Invoices 2023\"@$domain"
 finish
endif

#Entwürfe
if
 $h_X-Loop: matches "^a\\\\.b\\$"
 or $message_headers contains "\nX-A: b\tc"
then
 save "$home/mail/main.example/anna/.Entw&APw-rfe/" 660
 deliver "anna@main.example"
 deliver "x@else.example"
endif

#Delete spam
if
 $h_X-Spam-Bar: contains "++++++++"
then
 save "/dev/null" 660
 finish
endif

#fail
if
 $message_headers contains ":"
then
 if error_message then save "/dev/null" 660 else fail "Not \"here\", \\$ir" endif
endif
"#;
    assert_eq!(files[PROGRAM], format!("{HEAD}{expected}"));
    assert_eq!(modes[PROGRAM], 0o640);
    assert_eq!(modes[YAML], 0o640);
    assert_eq!(modes["homedir/etc/main.example/anna"], 0o750);
}

#[test]
fn yaml() {
    let (files, _) = members(&with(examples()));
    let expected = r#"---
filter:
  -
    actions:
      -
        action: save
        dest: '$home/mail/main.example/anna/.Work.Invoices 2023'
      -
        action: finish
    enabled: 1
    filtername: 'Owner''s invoices: "all"'
    rules:
      -
        match: 'contains'
        opt: 'and'
        part: '$header_subject:'
        val: 'invoice $5 \ "x"'
      -
        match: 'is'
        opt: 'or'
        part: 'foranyaddress $h_to:,$h_cc:,$h_bcc:'
        val: 'billing@main.example'
      -
        match: 'is not above'
        opt: 'or'
        part: '$h_X-Spam-Score:'
        val: '-5'
    unescaped: 1
  -
    actions:
      -
        action: save
        dest: '$home/mail/main.example/anna/.Entw&APw-rfe'
      -
        action: deliver
        dest: 'anna@main.example'
      -
        action: deliver
        dest: 'x@else.example'
    enabled: 1
    filtername: 'Entwürfe'
    rules:
      -
        match: 'matches'
        opt: 'or'
        part: '$h_X-Loop:'
        val: '^a\.b$'
      -
        match: 'contains'
        opt: 'or'
        part: '$message_headers'
        val: "\nX-A: b\tc"
    unescaped: 1
  -
    actions:
      -
        action: fail
        dest: 'Not "here", $ir'
    enabled: 0
    filtername: 'off'
    rules:
      -
        match: 'contains'
        opt: 'or'
        part: '$message_headers'
        val: ':'
    unescaped: 1
  -
    actions:
      -
        action: save
        dest: '/dev/null'
      -
        action: finish
    enabled: 1
    filtername: 'Delete spam'
    rules:
      -
        match: 'contains'
        opt: 'or'
        part: '$h_X-Spam-Bar:'
        val: '++++++++'
    unescaped: 1
  -
    actions:
      -
        action: fail
        dest: 'Not "here", $ir'
    enabled: 1
    filtername: 'fail'
    rules:
      -
        match: 'contains'
        opt: 'or'
        part: '$message_headers'
        val: ':'
    unescaped: 1
version: '2.2'
"#;
    assert_eq!(files[YAML], expected);
}

/// Perl, which cPanel is written in, reads back what is hard to quote.
#[test]
fn perl_reads_the_yaml() {
    const SCRIPT: &str = r#"use CPAN::Meta::YAML; local $/; binmode STDIN, ":utf8"; binmode STDOUT, ":utf8";
        my $y = CPAN::Meta::YAML->read_string(<STDIN>)->[0];
        for my $f (@{$y->{filter}}) {
            print join("|", $f->{filtername}, map { "$_->{match} <$_->{val}>" } @{$f->{rules}}), "\0";
        }"#;
    let hard =
        ["'", "''", "\\", "\"\\n\"", "- a: b", "# c", "~", " ends ", "%&*!|>@`", "ü€", "a\n\tb"];
    let filters: Vec<_> = hard
        .iter()
        .map(|value| {
            let name = value.replace(['\n', '\t'], "_");
            filter(&name, vec![rule(Part::To, Match::Is, value)], vec![Action::Discard])
        })
        .collect();
    let yaml = members(&with(filters)).0.remove(YAML).unwrap();
    let mut perl = Command::new("perl")
        .args(["-e", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    perl.stdin.take().unwrap().write_all(yaml.as_bytes()).unwrap();
    let output = perl.wait_with_output().unwrap();
    assert!(output.status.success());
    let expected: Vec<String> = hard
        .iter()
        .map(|value| format!("{}|is <{value}>\0", value.replace(['\n', '\t'], "_")))
        .collect();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected.concat());
}

#[test]
fn a_mailbox_that_refuses_mail() {
    let suspended = |filters: Vec<MailboxFilter>| {
        members(&account(|account| {
            let mailbox = &mut account.domains[0].mail.mailboxes[0];
            mailbox.filters = filters;
            mailbox.refuses_mail = true;
        }))
        .0
    };
    let files = suspended(vec![]);
    assert_eq!(
        files[PROGRAM],
        format!(
            "{HEAD}# SUSPEND RECEPTION OF NEW MESSAGES
fail \"This address does not take mail at present.\"

headers charset \"UTF-8\"

if not first_delivery and error_message then finish endif
"
        )
    );
    assert!(!files.contains_key(YAML));
    assert_eq!(files["homedir/etc/.anna@main.example.suspended_incoming"], "");
    // Its own filters are kept for the day when it takes mail again.
    let files = suspended(vec![MailboxFilter::delete_spam(50)]);
    assert!(files[YAML].contains("'+++++'"));
    assert!(files[PROGRAM].contains("SUSPEND RECEPTION OF NEW MESSAGES\nfail "));
}

#[test]
fn nothing_to_run() {
    let mut off = MailboxFilter::delete_spam(50);
    off.enabled = false;
    let (files, _) = members(&with(vec![off]));
    assert_eq!(files[PROGRAM], "");
    assert!(files[YAML].contains("enabled: 0"));
    let (files, modes) = members(&with(vec![]));
    assert!(!files.contains_key(PROGRAM) && !files.contains_key(YAML));
    assert!(!modes.contains_key("homedir/etc/main.example/anna"));
}

#[test]
fn rounding_of_scores() {
    for (tenths, points) in [(0, 1), (1, 1), (10, 1), (11, 2), (70, 7), (75, 8), (u32::MAX, 1000)] {
        assert_eq!(Rule::spam_score(tenths).value, "+".repeat(points), "{tenths}");
    }
}

#[track_caller]
fn refused(filters: Vec<MailboxFilter>) -> String {
    account_members(&with(filters)).unwrap_err().to_string()
}

#[test]
fn refused_filters() {
    let always = || vec![Rule::always()];
    let discard = || vec![Action::Discard];
    let message = |name: &str, reason: &str| {
        format!("filter {name:?} of anna@main.example cannot be written: {reason}")
    };
    for (name, reason) in [
        ("", "a filter must have a name"),
        ("  ", "a filter must have a name"),
        ("a\nfinish", "its name holds '\\n'"),
        ("a\u{2028}b", "its name holds '\\u{2028}'"),
        (
            " SUSPEND RECEPTION OF NEW MESSAGES",
            "cPanel takes the name for the mark of a suspended mailbox",
        ),
    ] {
        assert_eq!(refused(vec![filter(name, always(), discard())]), message(name, reason));
    }
    assert_eq!(
        refused(vec![filter("f", vec![], discard())]),
        message("f", "it has no rule, and cPanel leaves such filters out")
    );
    assert_eq!(refused(vec![filter("f", always(), vec![])]), message("f", "it has no action"));
    let twice = || filter("f", always(), discard());
    assert_eq!(refused(vec![twice(), twice()]), message("f", "another filter has this name"));

    let long = "x".repeat(1024);
    for (bad, reason) in [
        (rule(Part::To, Match::Is, "a\rb"), "it holds '\\r'"),
        (rule(Part::To, Match::Is, "a\0b"), "it holds '\\0'"),
        (rule(Part::To, Match::Is, &long), "it takes 1024 bytes, and Exim reads at most 1023"),
        (rule(Part::To, Match::Matches, "a("), "regular expression \"a(\": a group is not closed"),
        (
            rule(Part::To, Match::DoesNotMatch, "(a+)+$"),
            "regular expression \"(a+)+$\": a group is repeated",
        ),
        (
            rule(Part::SpamScore, Match::IsAbove, "5.5"),
            "\"5.5\" is no whole number of at most nine digits",
        ),
        (
            rule(Part::SpamScore, Match::IsBelow, "10K"),
            "\"10K\" is no whole number of at most nine digits",
        ),
        (
            rule(Part::SpamScore, Match::IsNotBelow, "4294967297"),
            "\"4294967297\" is no whole number of at most nine digits",
        ),
        (
            rule(Part::AnyRecipient, Match::IsNotAbove, "5"),
            "addresses are not compared with numbers",
        ),
        (
            rule(Part::Header("X: ${run{id}}".to_owned()), Match::Is, "x"),
            "header \"X: ${run{id}}\" is not made of letters, digits, - and _",
        ),
        (
            rule(Part::Header(String::new()), Match::Is, "x"),
            "header \"\" is not made of letters, digits, - and _",
        ),
    ] {
        let rules = vec![Rule::always(), bad];
        let reason = format!("rule 2: {reason}");
        assert_eq!(refused(vec![filter("f", rules, discard())]), message("f", &reason));
    }
    let too_long = "y".repeat(255);
    for (bad, reason) in [
        (Action::Save(String::new()), "folder \"\": one of its levels has no name".to_owned()),
        (
            Action::Save("a..b".to_owned()),
            "folder \"a..b\": one of its levels has no name".to_owned(),
        ),
        (Action::Save(".a".to_owned()), "folder \".a\": one of its levels has no name".to_owned()),
        (Action::Save("../../x".to_owned()), "folder \"../../x\": its name holds '/'".to_owned()),
        (Action::Save("a\nb".to_owned()), "folder \"a\\nb\": its name holds '\\n'".to_owned()),
        (
            Action::Save(too_long.clone()),
            format!("folder {too_long:?}: its name has 255 bytes, and 254 are possible"),
        ),
        (Action::Deliver("|/bin/sh".to_owned()), "it is no address".to_owned()),
        (
            Action::Deliver("/etc/x@b.example".to_owned()),
            "its first character means something else there".to_owned(),
        ),
        (Action::Fail("geschloßen".to_owned()), "the text holds 'ß'".to_owned()),
        (Action::Fail("a\nb".to_owned()), "the text holds '\\n'".to_owned()),
        (Action::Fail(" ".to_owned()), "the refusal has no text".to_owned()),
    ] {
        let reason = format!("action 1: {reason}");
        assert_eq!(refused(vec![filter("f", always(), vec![bad])]), message("f", &reason));
    }
}
