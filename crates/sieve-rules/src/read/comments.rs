//! What comments say: names of rules, and the tests of disabled rules.

use crate::Text;
use crate::syntax::{Comment, Test, parse_test};
use std::ops::Range;

/// The comments of a script, and which of them were put to use.
pub(super) struct Comments<'a> {
    script: &'a [u8],
    all: &'a [Comment],
    used: Vec<bool>,
    /// Whether Ingo wrote the script.
    ingo: bool,
}

impl<'a> Comments<'a> {
    /// `first_command` is where the comments at the top end.
    pub(super) fn new(script: &'a [u8], comments: &'a [Comment], first_command: usize) -> Self {
        let mut found =
            Self { script, all: comments, used: vec![false; comments.len()], ingo: false };
        let top = found.between(0..first_command);
        // Ingo's first lines hold its address: horde.org/ingo/, later horde.org/apps/ingo/.
        found.ingo = found.all[top].iter().any(|comment| {
            let text = &script[comment.source.clone()];
            let has = |part: &[u8]| text.windows(part.len()).any(|window| window == part);
            comment.hash && has(b"horde.org/") && has(b"/ingo")
        });
        found
    }

    /// Whether a comment names all rules up to the next comment, as in Ingo's scripts.
    pub(super) fn names_go_on(&self) -> bool {
        self.ingo
    }

    /// The places of the comments that begin in `range`.
    fn between(&self, range: Range<usize>) -> Range<usize> {
        let first_from = |offset| self.all.partition_point(|comment| comment.source.start < offset);
        let start = first_from(range.start);
        start..first_from(range.end).max(start)
    }

    /// The name for a rule that the bytes before it, back to the command before, hold.
    pub(super) fn name(&mut self, before: Range<usize>) -> Option<Text> {
        let places = self.between(before);
        let roundcube = places.clone().rev().find_map(|at| Some((at, self.roundcube_name(at)?)));
        let (at, name) =
            roundcube.or_else(|| places.rev().find_map(|at| Some((at, self.ingo_name(at)?))))?;
        self.used[at] = true;
        Some(name)
    }

    fn hash_text(&self, at: usize) -> Option<&'a [u8]> {
        let comment = self.all.get(at).filter(|comment| comment.hash && !self.used[at])?;
        self.script[comment.source.clone()].strip_prefix(b"#")
    }

    /// `# rule:[name]`, where the name ends at the last bracket.
    fn roundcube_name(&self, at: usize) -> Option<Text> {
        let text = self.hash_text(at)?.strip_prefix(b" rule:[")?;
        let end = text.iter().rposition(|byte| *byte == b']')?;
        Some(text[..end].into())
    }

    fn ingo_name(&self, at: usize) -> Option<Text> {
        let text = self.hash_text(at)?.strip_prefix(b" ").filter(|_| self.ingo)?;
        Some(text.into())
    }

    /// For `if false`: the test in the comment right behind it, and whether there is a comment at
    /// all, by which Roundcube takes the rule for disabled.
    pub(super) fn disabled(&mut self, behind: usize) -> (bool, Option<Test>) {
        let at = self.between(0..behind).end;
        let Some(comment) = self.all.get(at).filter(|comment| {
            let gap = self.script.get(behind..comment.source.start).unwrap_or_default();
            comment.hash && gap.iter().all(u8::is_ascii_whitespace)
        }) else {
            return (false, None);
        };
        // A comment that is no test is a remark, and stays in the list of comments.
        let range = comment.source.start + 1..comment.source.end;
        let test = parse_test(self.script, range).ok();
        self.used[at] |= test.is_some();
        (true, test)
    }

    /// Those that nobody put to use.
    pub(super) fn unused(self) -> Vec<Range<usize>> {
        let unused = self.all.iter().zip(self.used).filter(|(_, used)| !used);
        unused.map(|(comment, _)| comment.source.clone()).collect()
    }
}
