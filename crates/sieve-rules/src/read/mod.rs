//! From the grammar to rules.

mod actions;
mod arguments;
mod comments;
mod conditions;

use crate::Text;
use crate::action::Action;
use crate::condition::Condition;
use crate::error::ParseError;
use crate::script::{Rule, Script};
use crate::syntax::{self, Command, Tests, Value};
use crate::unsupported::{Reason, Unsupported};
use arguments::Strings;
use comments::Comments;
use conditions::Conditions;
use std::ops::Range;

/// A name that goes on to the rules after its own is no longer than this; a longer one names a
/// single rule.
const LONGEST_NAME: usize = 1 << 10;

/// Reads a script.
///
/// # Errors
/// When the script does not follow the grammar, or is beyond [`MAX_SIZE`](crate::MAX_SIZE) or
/// [`MAX_DEPTH`](crate::MAX_DEPTH). What follows the grammar but is not understood is no error: it
/// is in [`Script::unsupported`].
pub fn parse(script: &[u8]) -> Result<Script, ParseError> {
    let syntax = syntax::parse(script)?;
    let requires = requires(&syntax.commands);
    let asks = |name: &str| requires.iter().any(|extension| *extension == *name);
    let strings =
        Strings { variables: asks("variables"), encoded_characters: asks("encoded-character") };
    let first_command = syntax.commands.first().map_or(script.len(), |first| first.source.start);
    let mut reader = Reader {
        script,
        rules: vec![],
        comments: Comments::new(script, &syntax.comments, first_command),
        conditions: Conditions { script, strings, unsupported: vec![] },
        name: None,
    };
    reader.top(&syntax.commands);
    let mut unsupported = reader.conditions.unsupported;
    unsupported.sort_by_key(|unsupported| unsupported.source.start);
    Ok(Script { requires, rules: reader.rules, unsupported, comments: reader.comments.unused() })
}

/// The extensions of the `require` commands at the beginning.
fn requires(commands: &[Command]) -> Vec<Text> {
    commands.iter().map_while(required).flatten().collect()
}

/// The extensions of a `require`, if it is one in good form.
fn required(command: &Command) -> Option<Vec<Text>> {
    let plain =
        command.name == "require" && command.tests == Tests::None && command.block.is_none();
    match command.arguments.as_slice() {
        [one] if plain => match &one.value {
            Value::Text(text) => Some(vec![text.clone()]),
            Value::List(texts) => Some(texts.clone()),
            Value::Tag(_) | Value::Number(_) => None,
        },
        _ => None,
    }
}

struct Reader<'a> {
    script: &'a [u8],
    rules: Vec<Rule>,
    comments: Comments<'a>,
    conditions: Conditions<'a>,
    /// The name from the last comment, where names go on.
    name: Option<Text>,
}

impl Reader<'_> {
    fn top(&mut self, commands: &[Command]) {
        let skipped = commands.iter().take_while(|command| required(command).is_some()).count();
        let before = commands[..skipped].last().map_or(0, |last| last.source.end);
        self.commands(&commands[skipped..], None, before);
    }

    /// The commands of a block, or of the script. `before` is where the one before them ended.
    fn commands(&mut self, commands: &[Command], inside: Option<usize>, mut before: usize) {
        // The branch that an `elsif` or `else` would belong to, and the rule that takes commands
        // outside of all branches.
        let mut chain = None;
        let mut open = inside;
        for command in commands {
            // Webmails name what stands at top level.
            let name = match inside {
                None => self.comments.name(before..command.source.start),
                Some(_) => None,
            };
            before = command.source.end;
            if self.comments.names_go_on() && name.is_some() {
                // Each rule that follows gets a copy: a comment of any length would be paid once
                // for each.
                self.name = name.clone().filter(|name| name.len() <= LONGEST_NAME);
            }
            if let Some((condition, enabled)) = self.branch(command, chain) {
                let goes_on = if inside.is_none() { self.name.clone() } else { None };
                let index = self.rules.len();
                self.rules.push(Rule {
                    name: name.or(goes_on),
                    enabled,
                    source: command.source.clone(),
                    condition,
                    actions: vec![],
                    stops: false,
                    inside,
                    else_of: if command.name == "if" { None } else { chain },
                });
                let block = command.block.as_deref().unwrap_or_default();
                self.commands(block, Some(index), command.source.start);
                chain = (command.name != "else").then_some(index);
                open = None;
                continue;
            }
            let action = self.action(command, chain);
            chain = None;
            if name.is_some() {
                open = None;
            }
            self.add(action, &command.source, name, inside, &mut open);
        }
    }

    /// Adds an action to the open rule, or to a new one.
    fn add(
        &mut self,
        action: Action,
        source: &Range<usize>,
        name: Option<Text>,
        inside: Option<usize>,
        open: &mut Option<usize>,
    ) {
        let goes_on = if inside.is_none() { self.name.clone() } else { None };
        let index = *open.get_or_insert(self.rules.len());
        if index == self.rules.len() {
            self.rules.push(Rule {
                name: name.or(goes_on),
                enabled: true,
                source: source.clone(),
                condition: Condition::True,
                actions: vec![],
                stops: false,
                inside,
                else_of: None,
            });
        }
        let rule = &mut self.rules[index];
        rule.source.end = rule.source.end.max(source.end);
        rule.stops |= action == Action::Stop;
        rule.actions.push(action);
    }

    /// The condition of a branch and whether it is enabled; nothing for any other command, and for
    /// a branch that is not in its form.
    fn branch(&mut self, command: &Command, chain: Option<usize>) -> Option<(Condition, bool)> {
        if !well_formed(command, chain) {
            return None;
        }
        let Tests::One(test) = &command.tests else { return Some((Condition::True, true)) };
        let condition = self.conditions.condition(test);
        if condition == Condition::False {
            let (disabled, commented) = self.comments.disabled(test.source.end);
            let meant = commented.map(|test| self.conditions.condition(&test));
            return Some((meant.unwrap_or(Condition::False), !disabled));
        }
        Some((condition, true))
    }

    fn action(&mut self, command: &Command, chain: Option<usize>) -> Action {
        let reason = match command.name.as_str() {
            "elsif" | "else" if chain.is_none() => Reason::WithoutIf,
            "if" | "elsif" | "else" => misshapen(command),
            "require" if required(command).is_some() => Reason::LateRequire,
            "require" => Reason::Missing { expected: "a list of extensions" },
            _ => match actions::action(command, self.conditions.strings) {
                Ok(action) => return action,
                Err(reason) => reason,
            },
        };
        let text = self.script.get(command.source.clone()).unwrap_or_default().into();
        let unsupported = Unsupported { source: command.source.clone(), text, reason };
        self.conditions.unsupported.push(unsupported.clone());
        Action::Unsupported(unsupported)
    }
}

/// A branch with a test, or without for `else`, with a block, nothing else, and with what it
/// belongs to before it.
fn well_formed(command: &Command, chain: Option<usize>) -> bool {
    let tested = matches!(command.tests, Tests::One(_));
    let placed = match command.name.as_str() {
        "if" => tested,
        "elsif" => tested && chain.is_some(),
        "else" => command.tests == Tests::None && chain.is_some(),
        _ => false,
    };
    placed && command.arguments.is_empty() && command.block.is_some()
}

/// What keeps a branch from being one.
fn misshapen(command: &Command) -> Reason {
    if !command.arguments.is_empty() {
        Reason::TooMany { unexpected: "an argument" }
    } else if command.block.is_none() {
        Reason::Missing { expected: "a block" }
    } else if command.name == "else" {
        Reason::TooMany { unexpected: "a test" }
    } else {
        Reason::Missing { expected: "a single test" }
    }
}
