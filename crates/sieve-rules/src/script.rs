//! A script as rules.

use crate::{Action, Condition, Text, Unsupported};
use std::ops::Range;

/// A script as rules.
///
/// The rules stand in the order in which they run. Most scripts of webmails are a flat list; where
/// a rule stands inside another's block, or behind it in `elsif` or `else`, [`Rule::inside`] and
/// [`Rule::else_of`] say so, and [`Script::requirements`] gives all that must hold for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The extensions that the script asks for.
    pub requires: Vec<Text>,
    /// The rules, in the order in which they run.
    pub rules: Vec<Rule>,
    /// All that was not understood, in the order of the script, each once more here than where it
    /// stands in a rule.
    pub unsupported: Vec<Unsupported>,
    /// Comments that neither name a rule nor hold the tests of a disabled one: their bytes.
    pub comments: Vec<Range<usize>>,
}

/// A condition and what is done when it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The name that the webmail shows: from `# rule:[name]` as Roundcube writes, or in a script of
    /// Horde's Ingo from the comment before the rule.
    pub name: Option<Text>,
    /// False for a rule that Roundcube switched off: it is `if false`, its tests in a comment. Such
    /// a rule never runs; `condition` is what it would be about, [`Condition::False`] if the comment
    /// holds something else than a test.
    pub enabled: bool,
    /// Its bytes in the script: from `if`, `elsif` or `else` to the closing brace, or from the first
    /// to the last of the commands that stand outside of any of these.
    pub source: Range<usize>,
    /// Its own test; [`Condition::True`] for `else` and for commands without a test.
    pub condition: Condition,
    /// What is done, in order. Blocks inside are rules of their own; what stands behind such a block
    /// is another rule.
    pub actions: Vec<Action>,
    /// Whether the script ends when the rule ran.
    pub stops: bool,
    /// The rule whose block it stands in, by its place in [`Script::rules`].
    pub inside: Option<usize>,
    /// For `elsif` and `else`: the rule of the branch before, by its place in [`Script::rules`]. It
    /// must not have held, nor any before it.
    pub else_of: Option<usize>,
}

/// Something that must hold for a rule to run, or must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement<'a> {
    /// The condition.
    pub condition: &'a Condition,
    /// Whether it must hold.
    pub holds: bool,
}

impl Rule {
    /// What the script really tests: the condition, or [`Condition::False`] for a disabled rule.
    pub fn tested(&self) -> &Condition {
        if self.enabled { &self.condition } else { &Condition::False }
    }
}

impl Script {
    /// Whether the script asks for an extension.
    pub fn requires(&self, extension: &str) -> bool {
        self.requires.iter().any(|name| *name == *extension)
    }

    /// All that must hold, and must not, for the rule at `index` to run: its own condition first,
    /// then outwards. Empty when there is no such rule.
    ///
    /// That no rule before stopped the script is not among it. A chain of `elsif` is as long as the
    /// script makes it, and going through it for each of its rules is quadratic: who reads scripts of
    /// strangers stops after as many as it has a use for.
    pub fn requirements(&self, index: usize) -> impl Iterator<Item = Requirement<'_>> {
        let mut next = self.rules.get(index).map(|rule| (rule, true));
        std::iter::from_fn(move || {
            let (rule, holds) = next?;
            next = match rule.else_of {
                Some(before) => self.rules.get(before).map(|rule| (rule, false)),
                None => rule.inside.and_then(|at| self.rules.get(at)).map(|rule| (rule, true)),
            };
            Some(Requirement { condition: rule.tested(), holds })
        })
    }
}
