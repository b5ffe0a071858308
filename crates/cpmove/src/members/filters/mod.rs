//! `homedir/etc/DOMAIN/LOCAL/`: the filters of a mailbox, as they are shown and as they run.

mod folder;
mod program;
mod yaml;

use std::collections::BTreeSet;

use super::exim_string::{is_unsayable, literal};
use super::tree::Tree;
use crate::filter::check_regular_expression;
use crate::{AccountError, Action, DomainName, Mailbox, MailboxFilter, Part, Rule};
use folder::Folder;

/// By this line cPanel knows a mailbox that takes no mail.
const SUSPENDED: &str = "SUSPEND RECEPTION OF NEW MESSAGES";

/// Checked, and as it will be written.
struct Filter<'a> {
    name: &'a str,
    enabled: bool,
    rules: Vec<Question<'a>>,
    actions: Vec<Written>,
}

/// A rule, and what Exim makes of it.
struct Question<'a> {
    rule: &'a Rule,
    condition: String,
}

/// An action, in both of its forms.
struct Written {
    /// cPanel's word for it.
    word: &'static str,
    /// What the word takes, if it takes something.
    destination: Option<String>,
    /// The line that Exim runs.
    command: String,
}

pub(super) fn write(
    tree: &mut Tree,
    domain: &DomainName,
    mailbox: &Mailbox,
) -> Result<(), AccountError> {
    let address = format!("{}@{domain}", mailbox.local);
    let mut filters = Vec::new();
    let mut names = BTreeSet::new();
    for filter in &mailbox.filters {
        let failed = |reason| AccountError::Filter {
            mailbox: address.clone(),
            filter: filter.name.clone(),
            reason,
        };
        if !names.insert(filter.name.as_str()) {
            return Err(failed("another filter has this name".to_owned()));
        }
        filters.push(checked(domain, mailbox, filter).map_err(failed)?);
    }
    if filters.is_empty() && !mailbox.refuses_mail {
        return Ok(());
    }
    let place = format!("homedir/etc/{domain}/{}", mailbox.local);
    tree.directory(&place, 0o750);
    let mut add = |name: &str, text| tree.file_with_mode(&format!("{place}/{name}"), 0o640, text);
    add("filter", program::text(&filters, mailbox.refuses_mail));
    if !filters.is_empty() {
        add("filter.yaml", yaml::text(&filters));
    }
    if mailbox.refuses_mail {
        let flag = format!("homedir/etc/.{address}.suspended_incoming");
        tree.file_with_mode(&flag, 0o640, String::new());
    }
    Ok(())
}

fn checked<'a>(
    domain: &DomainName,
    mailbox: &Mailbox,
    filter: &'a MailboxFilter,
) -> Result<Filter<'a>, String> {
    let name = filter.name.as_str();
    if name.trim().is_empty() {
        return Err("a filter must have a name".to_owned());
    }
    if let Some(character) = name.chars().find(|c| is_unsayable(*c) || c.is_control()) {
        return Err(format!("its name holds {character:?}"));
    }
    if name.contains(SUSPENDED) {
        return Err("cPanel takes the name for the mark of a suspended mailbox".to_owned());
    }
    if filter.rules.is_empty() {
        return Err("it has no rule, and cPanel leaves such filters out".to_owned());
    }
    if filter.actions.is_empty() {
        return Err("it has no action".to_owned());
    }
    let mut rules = Vec::new();
    for (number, rule) in (1..).zip(&filter.rules) {
        let condition = condition(rule).map_err(|reason| format!("rule {number}: {reason}"))?;
        rules.push(Question { rule, condition });
    }
    let mut actions = Vec::new();
    for (number, action) in (1..).zip(&filter.actions) {
        let written = written(domain, mailbox, action);
        actions.push(written.map_err(|reason| format!("action {number}: {reason}"))?);
    }
    Ok(Filter { name, enabled: filter.enabled, rules, actions })
}

fn condition(rule: &Rule) -> Result<String, String> {
    if let Part::Header(name) = &rule.part {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if name.is_empty() || !name.bytes().all(allowed) {
            return Err(format!("header {name:?} is not made of letters, digits, - and _"));
        }
    }
    if rule.comparison.is_regular() {
        check_regular_expression(&rule.value)
            .map_err(|reason| format!("regular expression {:?}: {reason}", rule.value))?;
    }
    if rule.comparison.is_numeric() {
        if rule.part == Part::AnyRecipient {
            return Err("addresses are not compared with numbers".to_owned());
        }
        let digits = rule.value.strip_prefix('-').unwrap_or(&rule.value);
        // Exim counts in 32 bits.
        if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("{:?} is no whole number of at most nine digits", rule.value));
        }
    }
    let (part, words) = (rule.part.text(), rule.comparison.words());
    let value = literal(&rule.value)?;
    Ok(if rule.part == Part::AnyRecipient {
        format!("{part} ( $thisaddress {words} {value} )")
    } else if rule.comparison.is_numeric() {
        // Exim gives up on the filter if it finds no number there.
        format!("({part} matches \\N^-?\\d+$\\N and {part} {words} {value})")
    } else {
        format!("{part} {words} {value}")
    })
}

fn written(domain: &DomainName, mailbox: &Mailbox, action: &Action) -> Result<Written, String> {
    let deliver = |address: String| {
        let quoted = literal(&address)?;
        let command = format!("deliver {quoted}");
        Ok(Written { word: "deliver", destination: Some(address), command })
    };
    match action {
        Action::Save(name) => match Folder::new(name)? {
            Folder::Inbox => deliver(format!("{}@{domain}", mailbox.local)),
            folder => {
                let path = format!("$home/mail/{domain}/{}/.{name}", mailbox.local);
                let command = folder.command(domain, &mailbox.local, name)?;
                Ok(Written { word: "save", destination: Some(path), command })
            }
        },
        Action::Deliver(address) => deliver(super::address(address)?),
        Action::Discard => {
            let destination = Some("/dev/null".to_owned());
            Ok(Written { word: "save", destination, command: DISCARD.to_owned() })
        }
        Action::Fail(text) => {
            if let Some(character) = text.chars().find(|c| !(c.is_ascii_graphic() || *c == ' ')) {
                return Err(format!("the text holds {character:?}"));
            }
            if text.trim().is_empty() {
                return Err("the refusal has no text".to_owned());
            }
            let quoted = literal(text)?;
            let command = format!("if error_message then {DISCARD} else fail {quoted} endif");
            Ok(Written { word: "fail", destination: Some(text.clone()), command })
        }
        Action::Finish => {
            Ok(Written { word: "finish", destination: None, command: "finish".to_owned() })
        }
    }
}

const DISCARD: &str = "save \"/dev/null\" 660";
