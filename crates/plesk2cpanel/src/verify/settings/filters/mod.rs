//! `homedir/etc/DOMAIN/LOCAL/filter.yaml`, which cPanel's pages show, and `filter`, which Exim runs:
//! both must say what was planned.

mod program;

use std::collections::BTreeSet;

use cpmove::{Action, Join, MailboxFilter, Match, Part, Rule};
use plesk_backup::printable;

use self::program::{Block, Program, Token, VARIABLE};
use super::Settings;
use super::addresses::lower_domain;
use super::yaml::Yaml;
use crate::plan::MailboxPlan;
use crate::verify::ledger::{Class, Ledger};

/// What the sender of mail reads that is refused.
const REFUSAL: &str = "This address does not take mail at present.";

/// A mailbox's place.
struct Place<'a> {
    domain: &'a str,
    local: &'a str,
}

pub(super) fn compare(settings: &Settings<'_>, ledger: &mut Ledger) {
    let mut meant = BTreeSet::new();
    for mailbox in &settings.plan.mailboxes {
        let domain = settings.plan.domains[mailbox.domain].name.as_str();
        let place = Place { domain, local: mailbox.local.as_str() };
        let directory = format!("homedir/etc/{domain}/{}", mailbox.local);
        let (shown, run) = (format!("{directory}/filter.yaml"), format!("{directory}/filter"));
        if !mailbox.filters.is_empty() {
            if let Some(text) = settings.text(Class::Filter, &shown, ledger) {
                compare_shown(&place, mailbox, &shown, &text, ledger);
            }
            meant.insert(shown.into_bytes());
        }
        if !mailbox.filters.is_empty() || mailbox.refuses_mail {
            if let Some(text) = settings.text(Class::Filter, &run, ledger) {
                compare_run(&place, mailbox, &run, &text, ledger);
            }
            meant.insert(run.into_bytes());
        }
    }
    for path in settings.found.texts.keys() {
        let is_filter = path.ends_with(b"/filter") || path.ends_with(b"/filter.yaml");
        if is_filter && path.starts_with(b"homedir/etc/") {
            ledger.check(Class::Filter, &printable(path), meant.contains(path), || {
                "the mailbox had no filters".to_owned()
            });
        }
    }
}

/// The part of a message, in cPanel's words.
fn part(part: &Part) -> String {
    match part {
        Part::From => "$header_from:",
        Part::Subject => "$header_subject:",
        Part::To => "$header_to:",
        Part::ReplyTo => "$header_reply-to:",
        Part::Body => "$message_body",
        Part::AnyHeader => "$message_headers",
        Part::AnyRecipient => "foranyaddress $h_to:,$h_cc:,$h_bcc:",
        Part::ListId => "$h_List-Id:",
        Part::SpamStatus => "$h_X-Spam-Status:",
        Part::SpamBar => "$h_X-Spam-Bar:",
        Part::SpamScore => "$h_X-Spam-Score:",
        Part::Header(name) => return format!("$h_{name}:"),
    }
    .to_owned()
}

/// The comparison, in cPanel's words.
fn comparison(comparison: Match) -> &'static str {
    match comparison {
        Match::Is => "is",
        Match::Matches => "matches",
        Match::DoesNotMatch => "does not match",
        Match::Contains => "contains",
        Match::DoesNotContain => "does not contain",
        Match::Begins => "begins",
        Match::DoesNotBegin => "does not begin",
        Match::Ends => "ends",
        Match::DoesNotEnd => "does not end",
        Match::IsAbove => "is above",
        Match::IsNotAbove => "is not above",
        Match::IsBelow => "is below",
        Match::IsNotBelow => "is not below",
    }
}

/// Whether Exim compares numbers, and stops at what is none.
fn is_numeric(comparison: Match) -> bool {
    matches!(comparison, Match::IsAbove | Match::IsNotAbove | Match::IsBelow | Match::IsNotBelow)
}

fn join(join: Join) -> &'static str {
    match join {
        Join::And => "and",
        Join::Or => "or",
    }
}

/// An action as `filter.yaml` has it: word, and what it takes.
fn shown_action(place: &Place<'_>, action: &Action) -> (&'static str, Option<String>) {
    let Place { domain, local } = place;
    match action {
        Action::Save(folder) if folder.eq_ignore_ascii_case("INBOX") => {
            ("deliver", Some(format!("{local}@{domain}")))
        }
        Action::Save(folder) => ("save", Some(format!("$home/mail/{domain}/{local}/.{folder}"))),
        Action::Deliver(to) => ("deliver", Some(lower_domain(to))),
        Action::Discard => ("save", Some("/dev/null".to_owned())),
        Action::Fail(text) => ("fail", Some(text.clone())),
        Action::Finish => ("finish", None),
    }
}

fn compare_shown(
    place: &Place<'_>,
    mailbox: &MailboxPlan,
    path: &str,
    text: &str,
    ledger: &mut Ledger,
) {
    let class = Class::Filter;
    let found = match Yaml::parse(text) {
        Ok(found) => found,
        Err(why) => {
            ledger.differs(class, path, || format!("it can't be read: {why}"));
            return;
        }
    };
    ledger.check(class, path, found.keys() == ["filter", "version"], || {
        format!("it has the keys {:?} instead of filter and version", found.keys())
    });
    ledger.equal_or_none(class, path, "version", Some(&"2.2"), found.text("version").as_ref());
    let items = found.items("filter");
    ledger.equal(class, path, "the number of filters", &mailbox.filters.len(), &items.len());
    for (meant, found) in mailbox.filters.iter().zip(items) {
        compare_shown_filter(place, meant, found, path, ledger);
    }
}

fn compare_shown_filter(
    place: &Place<'_>,
    meant: &MailboxFilter,
    found: &Yaml,
    path: &str,
    ledger: &mut Ledger,
) {
    // Every field, so that a new one is not forgotten.
    let MailboxFilter { name, enabled, rules, actions } = meant;
    let class = Class::Filter;
    let is = |key: &str| found.text(key).map(str::to_owned);
    let what = |key: &str| format!("`{name}`: {key}");
    for (key, value) in [
        ("filtername", name.as_str()),
        ("enabled", if *enabled { "1" } else { "0" }),
        ("unescaped", "1"),
    ] {
        let value = value.to_owned();
        ledger.equal_or_none(class, path, &what(key), Some(&value), is(key).as_ref());
    }
    let keys: BTreeSet<&str> = found.keys().into_iter().collect();
    let all = BTreeSet::from(["actions", "enabled", "filtername", "rules", "unescaped"]);
    ledger.check(class, path, keys == all, || format!("`{name}` has the keys {keys:?}"));
    let shown: Vec<[Option<String>; 4]> = found
        .items("rules")
        .iter()
        .map(|rule| ["part", "match", "val", "opt"].map(|key| rule.text(key).map(str::to_owned)))
        .collect();
    let wanted: Vec<[Option<String>; 4]> = rules
        .iter()
        .map(|rule| {
            let Rule { part, comparison, value, join } = rule;
            let words = [
                self::part(part),
                self::comparison(*comparison).to_owned(),
                value.clone(),
                self::join(*join).to_owned(),
            ];
            words.map(Some)
        })
        .collect();
    ledger.check(class, path, shown == wanted, || {
        format!("the rules of `{name}` are {shown:?} instead of {wanted:?}")
    });
    for (what, known) in
        [("rules", &["part", "match", "val", "opt"][..]), ("actions", &["action", "dest"])]
    {
        let other = |item: &Yaml| item.keys().iter().any(|key| !known.contains(key));
        ledger.check(class, path, !found.items(what).iter().any(other), || {
            format!("the {what} of `{name}` have keys beside {known:?}")
        });
    }
    let shown: Vec<(Option<String>, Option<String>)> = found
        .items("actions")
        .iter()
        .map(|action| {
            let text = |key: &str| action.text(key).map(str::to_owned);
            (text("action"), text("dest"))
        })
        .collect();
    let wanted: Vec<(Option<String>, Option<String>)> = actions
        .iter()
        .map(|action| shown_action(place, action))
        .map(|(word, to)| (Some(word.to_owned()), to))
        .collect();
    ledger.check(class, path, shown == wanted, || {
        format!("the actions of `{name}` are {shown:?} instead of {wanted:?}")
    });
}

fn compare_run(
    place: &Place<'_>,
    mailbox: &MailboxPlan,
    path: &str,
    text: &str,
    ledger: &mut Ledger,
) {
    let class = Class::Filter;
    let running: Vec<&MailboxFilter> =
        mailbox.filters.iter().filter(|filter| filter.enabled).collect();
    if running.is_empty() && !mailbox.refuses_mail {
        ledger.check(class, path, text.trim().is_empty(), || {
            "something runs, and all filters are switched off".to_owned()
        });
        return;
    }
    let program = match Program::parse(text) {
        Ok(program) => program,
        Err(why) => {
            ledger.differs(class, path, || format!("it can't be run: {why}"));
            return;
        }
    };
    let mut outside = words("headers charset");
    outside.push(Token::Text("UTF-8".to_owned()));
    let refuses = matches!(
        program.outside.as_slice(),
        [Token::Word(fail), Token::Text(_), ..] if fail == "fail"
    );
    ledger.check(Class::Incoming, path, refuses == mailbox.refuses_mail, || {
        if refuses { "it refuses mail" } else { "it does not refuse mail" }.to_owned()
    });
    if refuses && mailbox.refuses_mail {
        // Senders read it, and Exim runs what is in it.
        let same = program.outside.get(1) == Some(&literal(REFUSAL));
        ledger.check(Class::Incoming, path, same, || {
            format!("it refuses mail with another text than `{REFUSAL}`")
        });
    }
    let others = program.outside.get(if refuses { 2 } else { 0 }..).unwrap_or_default();
    ledger.check(class, path, others == outside, || {
        "it should say `headers charset \"UTF-8\"`, and nothing else outside of its filters"
            .to_owned()
    });
    let mut blocks = program.blocks.iter();
    // An error report that could not be delivered at once goes to the inbox.
    let guard = blocks.next().is_some_and(|block| {
        block.condition == words("not first_delivery and error_message")
            && block.commands == words("finish")
    });
    ledger.check(class, path, guard, || "error reports are not let through first".to_owned());
    let found: Vec<&Block> = blocks.collect();
    ledger.equal(class, path, "the number of filters", &running.len(), &found.len());
    for (meant, found) in running.iter().zip(found) {
        let name = meant.name.as_str();
        ledger.equal(class, path, "the name of a filter", &name, &found.name.as_str());
        ledger.check(class, path, found.condition == condition(&meant.rules), || {
            format!("`{name}` asks for something else when it runs")
        });
        let commands: Vec<Token> =
            meant.actions.iter().flat_map(|action| command(place, action)).collect();
        ledger.check(class, path, found.commands == commands, || {
            format!("`{name}` does something else when it runs")
        });
    }
}

fn words(text: &str) -> Vec<Token> {
    text.split(' ').map(|word| Token::Word(word.to_owned())).collect()
}

/// A text of which nothing is a variable.
fn literal(text: &str) -> Token {
    Token::Text(text.to_owned())
}

fn condition(rules: &[Rule]) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut before = None;
    for rule in rules {
        if let Some(join) = before {
            tokens.extend(words(self::join(join)));
        }
        before = Some(rule.join);
        let (part, comparison) = (self::part(&rule.part), self::comparison(rule.comparison));
        let value = literal(&rule.value);
        let compared = |part: &str| {
            let mut tokens = words(part);
            tokens.extend(words(comparison));
            tokens.push(value.clone());
            tokens
        };
        if rule.part == Part::AnyRecipient {
            tokens.extend(words(&part));
            tokens.extend(words("("));
            tokens.extend(compared("$thisaddress"));
            tokens.extend(words(")"));
        } else if is_numeric(rule.comparison) {
            tokens.extend(words(&format!("( {part} matches \\N^-?\\d+$\\N and")));
            tokens.extend(compared(&part));
            tokens.extend(words(")"));
        } else {
            tokens.extend(compared(&part));
        }
    }
    tokens
}

fn command(place: &Place<'_>, action: &Action) -> Vec<Token> {
    let Place { domain, local } = place;
    let with = |word: &str, text: Token| vec![Token::Word(word.to_owned()), text];
    let discard = || {
        let mut tokens = with("save", literal("/dev/null"));
        tokens.extend(words("660"));
        tokens
    };
    match action {
        Action::Save(folder) if folder.eq_ignore_ascii_case("INBOX") => {
            with("deliver", literal(&format!("{local}@{domain}")))
        }
        Action::Save(folder) => {
            if let Some(name) = plain_name(folder) {
                let to = format!("\"{VARIABLE}local_part+{name}\"@{VARIABLE}domain");
                return with("deliver", Token::Text(to));
            }
            let to = format!("{VARIABLE}home/mail/{domain}/{local}/.{folder}/");
            let mut tokens = with("save", Token::Text(to));
            tokens.extend(words("660"));
            tokens
        }
        Action::Deliver(to) => with("deliver", literal(&lower_domain(to))),
        Action::Discard => discard(),
        Action::Fail(text) => {
            let mut tokens = words("if error_message then");
            tokens.extend(discard());
            tokens.extend(words("else"));
            tokens.extend(with("fail", literal(text)));
            tokens.extend(words("endif"));
            tokens
        }
        Action::Finish => words("finish"),
    }
}

/// The name of a folder as people see it, where it can stand behind the `+` of an address: printable
/// ASCII that nothing on the way takes for something else.
fn plain_name(folder: &str) -> Option<String> {
    let mut name = String::new();
    let mut rest = folder;
    while let Some((before, behind)) = rest.split_once('&') {
        name.push_str(before);
        name.push('&');
        rest = behind.strip_prefix('-')?;
    }
    name.push_str(rest);
    let fits = |letter: char| letter.is_ascii_alphanumeric() || " -_.&#!'()=,".contains(letter);
    (name.trim() == name && name.chars().all(fits)).then_some(name)
}
