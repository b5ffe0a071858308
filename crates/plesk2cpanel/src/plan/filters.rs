//! A mailbox's Sieve script as cPanel's filters, as far as these can say it.
//!
//! A filter of cPanel's is a list of rules joined by `and`, which binds tighter, and `or`: so a
//! condition is brought into that form (a list of alternatives, each of which is a list of rules
//! that must all hold). What can't be said so is left to the person who reads the report; the script
//! itself is kept in the home.

use std::collections::{BTreeMap, BTreeSet};

use cpmove::{Account, Action, Autoresponder, ContentType, Join, MailboxFilter, Match, Part, Rule};
use mail_model::folder::mutf7;
use sieve_rules::{AddressPart, Comparator, Comparison, Condition, FolderName, Matching};

/// Rules that one filter may have; more would be no filter that a person wrote.
const MOST_RULES: usize = 60;

/// What became of a script.
#[derive(Default)]
pub(crate) struct Converted {
    /// In the order of the script.
    pub filters: Vec<ConvertedFilter>,
    /// The script's vacation rule.
    pub vacation: Option<Autoresponder>,
    /// Rules that can't be said: name, why, and text.
    pub left: Vec<(String, String, String)>,
}

/// A rule as a filter.
pub(crate) struct ConvertedFilter {
    /// As it is written.
    pub filter: MailboxFilter,
    /// What is not as it was.
    pub change: Option<String>,
}

/// Converts a script for the mailbox `local` of the scratch account's only domain.
///
/// A rule that can't be said and that ends the script keeps messages from the rules behind it. Where
/// its condition can be said, a filter that only ends the filters does the same. Where it can't, the
/// rules behind it see messages that they never saw: those that would throw such a message away,
/// refuse it or send it elsewhere are switched off, the others are said to see more.
pub(crate) fn convert_script(
    script: &[u8],
    local: &str,
    scratch: &Account,
) -> Result<Converted, String> {
    let parsed = sieve_rules::parse(script).map_err(|error| error.to_string())?;
    let mut result = Converted::default();
    let mut names = BTreeSet::new();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut unsaid_stop: Option<String> = None;
    let blocks: BTreeSet<usize> = parsed.rules.iter().filter_map(|rule| rule.inside).collect();
    for (number, rule) in parsed.rules.iter().enumerate() {
        if rule.actions.is_empty() && !rule.stops && blocks.contains(&number) {
            continue; // only a block around other rules, which have its condition
        }
        let shown = rule
            .name
            .as_ref()
            .map_or_else(|| format!("rule {}", number + 1), |name| one_line(&shown(name)));
        let mut name = shown.clone();
        while !names.insert(name.clone()) {
            // Counted on from the last one: a script may have thousands of one name.
            let copy = seen.entry(shown.clone()).or_insert(1);
            *copy += 1;
            name = format!("{shown} ({copy})");
        }
        let text = || {
            let source = script.get(rule.source.clone()).unwrap_or_default();
            String::from_utf8_lossy(source).into_owned()
        };
        let mut actions: Vec<&sieve_rules::Action> = rule.actions.iter().collect();
        let mut unsaid = None;
        match vacation(rule, local) {
            Some(Ok(answer)) if result.vacation.is_none() => {
                result.vacation = Some(answer);
                // What else the rule does is a filter. To end the script is nothing in its last rule.
                actions.retain(|action| !matches!(action, sieve_rules::Action::Vacation(_)));
                let is_last = number + 1 == parsed.rules.len();
                let does = |action: &&sieve_rules::Action| **action != sieve_rules::Action::Stop;
                if actions.is_empty() || (is_last && !actions.iter().any(does)) {
                    continue;
                }
            }
            Some(Ok(_)) => unsaid = Some("cPanel has one answer for each address".to_owned()),
            Some(Err(why)) => unsaid = Some(why),
            None => {}
        }
        let written = |filter: Result<MailboxFilter, String>| {
            filter.and_then(|filter| can_be_written(scratch, &filter).map(|()| filter))
        };
        let said = conditions(&parsed, number);
        let whole = match unsaid {
            Some(why) => Err(why),
            None => said.clone().and_then(|rules| filter(rule, &actions, &name, rules)),
        };
        match written(whole) {
            Ok(filter) => {
                let mut converted = behind(filter, unsaid_stop.as_deref());
                if copies(rule) && others_move(&parsed, number) {
                    converted.change.get_or_insert_with(|| {
                        "a copy stays in the inbox, also where another rule takes the message \
                         elsewhere"
                            .to_owned()
                    });
                }
                result.filters.push(converted);
            }
            Err(why) => {
                if rule.stops && rule.enabled {
                    let rest = said.map(|rules| only_ends(&name, rules));
                    match written(rest) {
                        Ok(filter) => {
                            let change =
                                format!("only that it ends the filters is left of it ({why})");
                            result.filters.push(ConvertedFilter { filter, change: Some(change) });
                        }
                        Err(_) => unsaid_stop = unsaid_stop.or_else(|| Some(name.clone())),
                    }
                }
                result.left.push((name, why, text()));
            }
        }
    }
    for rest in &parsed.unsupported {
        let text = shown(&rest.text);
        let why = rest.reason.to_string();
        let named = result.left.iter().any(|(_, _, known)| known.contains(&text));
        if !named {
            result.left.push((format!("at byte {}", rest.source.start), why, text));
        }
    }
    Ok(result)
}

fn shown(text: &sieve_rules::Text) -> String {
    String::from_utf8_lossy(text).into_owned()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// All that must hold for a rule to run: its own condition, that of the block around it, and that
/// no branch before an `elsif` or `else` was taken.
fn conditions(script: &sieve_rules::Script, number: usize) -> Result<Vec<Rule>, String> {
    let Some(rule) = script.rules.get(number) else { return Ok(Vec::new()) };
    let mut all = alternatives(&rule.condition, true)?;
    // A switched off rule never runs; its filter is switched off, too, with what it is about.
    for (place, outer) in script.requirements(number).enumerate().skip(1) {
        if place > MOST_RULES {
            return Err("it depends on too many other rules".to_owned());
        }
        let outer = alternatives(outer.condition, outer.holds)
            .map_err(|why| format!("it depends on another rule, and there {why}"))?;
        all = both(&all, &outer)?;
    }
    let mut rules = Vec::new();
    for mut all in all {
        let Some(last) = all.len().checked_sub(1) else { return Err("it never holds".to_owned()) };
        for (position, rule) in all.iter_mut().enumerate() {
            rule.join = if position == last { Join::Or } else { Join::And };
        }
        rules.append(&mut all);
    }
    if rules.is_empty() {
        return Err("it never holds".to_owned());
    }
    Ok(rules)
}

/// Whether the rule acts on a copy and leaves the message where it would have gone. A filter can
/// only say that it goes to the inbox.
fn copies(rule: &sieve_rules::Rule) -> bool {
    use sieve_rules::Action::{FileInto, Redirect};
    rule.actions
        .iter()
        .any(|action| matches!(action, FileInto { copy: true, .. } | Redirect { copy: true, .. }))
}

/// Whether another rule can take a message out of the inbox that this one acts on.
fn others_move(script: &sieve_rules::Script, number: usize) -> bool {
    use sieve_rules::Action::{Discard, FileInto, Redirect};
    let stops = script.rules.get(number).is_some_and(|rule| rule.stops);
    script.rules.iter().enumerate().any(|(other, rule)| {
        let runs = rule.enabled && if stops { other < number } else { other != number };
        runs && rule.actions.iter().any(|action| {
            matches!(action, Discard | FileInto { copy: false, .. } | Redirect { copy: false, .. })
        })
    })
}

/// A filter that keeps messages from those behind it.
fn only_ends(name: &str, rules: Vec<Rule>) -> MailboxFilter {
    MailboxFilter { name: name.to_owned(), enabled: true, rules, actions: vec![Action::Finish] }
}

/// A filter that stands behind a rule which can't be said and ended the script.
fn behind(mut filter: MailboxFilter, unsaid_stop: Option<&str>) -> ConvertedFilter {
    let Some(before) = unsaid_stop.filter(|_| filter.enabled) else {
        return ConvertedFilter { filter, change: None };
    };
    let keeps = filter.actions.iter().any(|action| matches!(action, Action::Save(_)));
    let takes_away = filter.actions.iter().any(|action| {
        matches!(action, Action::Discard | Action::Fail(_))
            || (!keeps && matches!(action, Action::Deliver(_)))
    });
    filter.enabled = !takes_away;
    let change = if takes_away {
        format!(
            "switched off: it would take away messages that `{before}`, which can't be said, kept \
             from it"
        )
    } else {
        format!("it also sees messages that `{before}`, which can't be said, kept from it")
    };
    ConvertedFilter { filter, change: Some(change) }
}

/// A rule as a filter, with those of its actions that are not said otherwise.
fn filter(
    rule: &sieve_rules::Rule,
    own: &[&sieve_rules::Action],
    name: &str,
    rules: Vec<Rule>,
) -> Result<MailboxFilter, String> {
    let mut actions = Vec::new();
    for action in own {
        convert_action(action, &mut actions)?;
    }
    if rule.stops && !matches!(actions.last(), Some(Action::Finish | Action::Fail(_))) {
        actions.push(Action::Finish);
    }
    if actions.is_empty() {
        return Err("it does nothing".to_owned());
    }
    Ok(MailboxFilter { name: name.to_owned(), enabled: rule.enabled, rules, actions })
}

/// A condition as alternatives, each a list of rules that must all hold; `holds` false asks for the
/// opposite.
fn alternatives(condition: &Condition, holds: bool) -> Result<Vec<Vec<Rule>>, String> {
    match (condition, holds) {
        (Condition::Not(inner), _) => alternatives(inner, !holds),
        (Condition::True, true) | (Condition::False, false) => Ok(vec![vec![Rule::always()]]),
        (Condition::True, false) | (Condition::False, true) => Ok(Vec::new()),
        (Condition::AnyOf(parts), true) | (Condition::AllOf(parts), false) => {
            let mut any = Vec::new();
            for part in parts {
                any.extend(alternatives(part, holds)?);
                limit(&any)?;
            }
            Ok(any)
        }
        (Condition::AllOf(parts), true) | (Condition::AnyOf(parts), false) => {
            let mut all: Vec<Vec<Rule>> = vec![Vec::new()];
            for part in parts {
                all = both(&all, &alternatives(part, holds)?)?;
            }
            Ok(all)
        }
        (Condition::Header { names, index: None, comparison }, _) => {
            let parts: Vec<Part> = names.iter().map(|name| header(&shown(name))).collect();
            compare(&parts, comparison, holds)
        }
        (Condition::Address { part: AddressPart::All, names, index: None, comparison }, _) => {
            // Parts of cPanel's look at whole headers, so that only "contains" means the same.
            if comparison.matching != Matching::Contains {
                return Err("cPanel compares whole headers, not addresses".to_owned());
            }
            let parts: Vec<Part> = names.iter().map(|name| header(&shown(name))).collect();
            compare(&parts, comparison, holds)
        }
        (Condition::Exists { names }, _) => {
            let rule = |name: &sieve_rules::Text| Rule {
                part: header(&shown(name)),
                comparison: if holds { Match::Matches } else { Match::DoesNotMatch },
                value: ".".to_owned(),
                join: Join::Or,
            };
            // All must exist; the opposite is that one does not.
            Ok(if holds {
                vec![names.iter().map(rule).collect()]
            } else {
                names.iter().map(|name| vec![rule(name)]).collect()
            })
        }
        (Condition::SizeOver(_) | Condition::SizeUnder(_), _) => {
            Err("cPanel's filters do not know a message's size".to_owned())
        }
        (Condition::Body { .. }, _) => {
            Err("cPanel's filters look at the first bytes of a body, not decoded".to_owned())
        }
        (Condition::Unsupported(unsupported), _) => Err(unsupported.reason.to_string()),
        _ => Err("it asks for something that cPanel's filters do not know".to_owned()),
    }
}

/// Where both of two conditions hold.
fn both(left: &[Vec<Rule>], right: &[Vec<Rule>]) -> Result<Vec<Vec<Rule>>, String> {
    let all: Vec<Vec<Rule>> = left
        .iter()
        .flat_map(|left| right.iter().map(|right| [left.as_slice(), right].concat()))
        .collect();
    limit(&all)?;
    Ok(all)
}

fn limit(alternatives: &[Vec<Rule>]) -> Result<(), String> {
    let rules: usize = alternatives.iter().map(Vec::len).sum();
    if rules > MOST_RULES {
        return Err(format!("said in cPanel's terms it has more than {MOST_RULES} rules"));
    }
    Ok(())
}

fn header(name: &str) -> Part {
    match name.to_ascii_lowercase().as_str() {
        "from" => Part::From,
        "subject" => Part::Subject,
        "to" => Part::To,
        "reply-to" => Part::ReplyTo,
        "list-id" => Part::ListId,
        "x-spam-status" => Part::SpamStatus,
        _ => Part::Header(name.to_owned()),
    }
}

/// A comparison of any of some parts with any of some keys.
fn compare(parts: &[Part], comparison: &Comparison, holds: bool) -> Result<Vec<Vec<Rule>>, String> {
    if comparison.comparator != Comparator::AsciiCasemap {
        return Err("cPanel's filters do not tell capitals from small letters".to_owned());
    }
    let mut rules = Vec::new();
    for part in parts {
        for key in &comparison.keys {
            let Some(key) = key.as_utf8() else {
                return Err("a text in it is no UTF-8".to_owned());
            };
            rules.push(one(part, comparison.matching, key, holds)?);
        }
    }
    // Any of them; and the opposite of that is none of them.
    Ok(if holds { rules.into_iter().map(|rule| vec![rule]).collect() } else { vec![rules] })
}

fn one(part: &Part, matching: Matching, key: &str, holds: bool) -> Result<Rule, String> {
    let rule = |comparison, value: &str| Rule {
        part: part.clone(),
        comparison,
        value: value.to_owned(),
        join: Join::Or,
    };
    let either = |yes, no| if holds { yes } else { no };
    let is = |value: &str| {
        if holds { rule(Match::Is, value) } else { Rule::is_not(part.clone(), value) }
    };
    if key.is_empty() {
        return Err("it compares with an empty text".to_owned());
    }
    match matching {
        Matching::Contains => Ok(rule(either(Match::Contains, Match::DoesNotContain), key)),
        Matching::Is => Ok(is(key)),
        Matching::Regex => Ok(rule(either(Match::Matches, Match::DoesNotMatch), key)),
        Matching::Matches => {
            let inner = key.trim_matches('*');
            if inner.is_empty() || inner.contains(['*', '?', '\\']) {
                return Err("it has a pattern that cPanel's filters do not know".to_owned());
            }
            Ok(match (key.starts_with('*'), key.ends_with('*')) {
                (false, false) => is(inner),
                (false, true) => rule(either(Match::Begins, Match::DoesNotBegin), inner),
                (true, false) => rule(either(Match::Ends, Match::DoesNotEnd), inner),
                (true, true) => rule(either(Match::Contains, Match::DoesNotContain), inner),
            })
        }
        Matching::Value(_) | Matching::Count(_) => Err("it compares numbers or counts".to_owned()),
    }
}

fn convert_action(action: &sieve_rules::Action, actions: &mut Vec<Action>) -> Result<(), String> {
    use sieve_rules::Action as Sieve;
    let inbox = || Action::Save("INBOX".to_owned());
    match action {
        Sieve::FileInto { folder, copy, flags: None, .. } => {
            actions.push(Action::Save(folder_name(folder)?));
            // A copy leaves the message where it would have gone.
            if *copy {
                actions.push(inbox());
            }
        }
        Sieve::Redirect { address, copy } => {
            let address = address.as_utf8().ok_or("an address in it is no UTF-8")?;
            actions.push(Action::Deliver(address.trim().to_owned()));
            if *copy {
                actions.push(inbox());
            }
        }
        Sieve::Keep { flags: None } => actions.push(inbox()),
        Sieve::Discard => actions.push(Action::Discard),
        Sieve::Stop => actions.push(Action::Finish),
        Sieve::Reject { text, .. } => {
            let text = text.as_utf8().ok_or("a text in it is no UTF-8")?;
            actions.push(Action::Fail(one_line(text)));
        }
        Sieve::FileInto { .. }
        | Sieve::Keep { .. }
        | Sieve::AddFlag(_)
        | Sieve::SetFlag(_)
        | Sieve::RemoveFlag(_) => {
            return Err("cPanel's filters set no flags".to_owned());
        }
        Sieve::Vacation(_) => return Err("it answers only some messages".to_owned()),
        Sieve::Notify(_) => return Err("cPanel's filters notify nobody".to_owned()),
        Sieve::Unsupported(unsupported) => return Err(unsupported.reason.to_string()),
    }
    Ok(())
}

/// A folder as its directory is called on the new server, without the namespace's prefix.
///
/// Sieve names folders in UTF-8; an old Ingo wrote modified UTF-7, which shows in an `&…-`.
fn folder_name(folder: &FolderName) -> Result<String, String> {
    let name = folder.as_utf8().ok_or("the name of a folder in it is no UTF-8")?;
    let plain = name.strip_prefix("INBOX.").unwrap_or(name);
    Ok(if plain.eq_ignore_ascii_case("INBOX") {
        "INBOX".to_owned()
    } else if plain.contains('&') && mutf7::decode(plain.as_bytes()).is_ok() {
        plain.to_owned()
    } else {
        mutf7::encode(plain)
    })
}

/// The answer of a rule that answers everything.
fn vacation(rule: &sieve_rules::Rule, local: &str) -> Option<Result<Autoresponder, String>> {
    let mut answers = rule.actions.iter().filter_map(|action| match action {
        sieve_rules::Action::Vacation(vacation) => Some(vacation),
        _ => None,
    });
    let (Some(vacation), None) = (answers.next(), answers.next()) else { return None };
    if !matches!(rule.condition, Condition::True) || rule.inside.is_some() || rule.else_of.is_some()
    {
        return Some(Err("it answers only some messages, or for some time".to_owned()));
    }
    if !rule.enabled {
        return Some(Err("it was switched off".to_owned()));
    }
    if vacation.mime {
        return Some(Err("its text is a MIME part of its own".to_owned()));
    }
    let Some(reason) = vacation.reason.as_utf8() else {
        return Some(Err("its text is no UTF-8".to_owned()));
    };
    // RFC 5230: seven days where the script does not say.
    let hours = match (vacation.seconds, vacation.days) {
        (Some(seconds), _) => seconds.div_ceil(3600),
        (None, days) => days.unwrap_or(7).saturating_mul(24),
    };
    Some(Ok(Autoresponder {
        local: local.to_owned(),
        from_name: None,
        subject: vacation.subject.as_ref().and_then(|subject| subject.as_utf8()).map(one_line),
        content_type: ContentType::Plain,
        charset: "utf-8".to_owned(),
        body: reason.to_owned(),
        interval_hours: u32::try_from(hours.clamp(1, 24 * 365)).unwrap_or(24),
        start: None,
        stop: None,
    }))
}

/// Whether cPanel's files can hold it: asked of the writer itself, with an account of its own.
fn can_be_written(scratch: &Account, filter: &MailboxFilter) -> Result<(), String> {
    let mut account = scratch.clone();
    for mailbox in &mut account.domains[0].mail.mailboxes {
        mailbox.filters.push(filter.clone());
    }
    cpmove::account_members(&account).map(drop).map_err(|error| error.to_string())
}
