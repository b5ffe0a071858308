//! `filter.yaml`: what cPanel's pages show, and what it compiles when the owner saves a filter.
//!
//! Keys stand in the order of cPanel's own files. Every text is in quotes: a file of a known shape
//! that any YAML reader takes in the same way, whatever a filter is called.

use super::{Filter, Written};
use crate::Rule;
use crate::members::lines::line;

pub(super) fn text(filters: &[Filter<'_>]) -> String {
    let mut text = "---\nfilter:\n".to_owned();
    for filter in filters {
        text.push_str("  -\n    actions:\n");
        for action in &filter.actions {
            write_action(&mut text, action);
        }
        line(&mut text, format_args!("    enabled: {}", u8::from(filter.enabled)));
        line(&mut text, format_args!("    filtername: {}", scalar(filter.name)));
        text.push_str("    rules:\n");
        for question in &filter.rules {
            write_rule(&mut text, question.rule);
        }
        // Values stand as they are meant, and not as Exim wants them.
        text.push_str("    unescaped: 1\n");
    }
    text.push_str("version: '2.2'\n");
    text
}

fn write_action(text: &mut String, action: &Written) {
    line(text, format_args!("      -\n        action: {}", action.word));
    if let Some(destination) = &action.destination {
        line(text, format_args!("        dest: {}", scalar(destination)));
    }
}

fn write_rule(text: &mut String, rule: &Rule) {
    line(text, format_args!("      -\n        match: {}", scalar(rule.comparison.words())));
    line(text, format_args!("        opt: {}", scalar(rule.join.word())));
    line(text, format_args!("        part: {}", scalar(&rule.part.text())));
    line(text, format_args!("        val: {}", scalar(&rule.value)));
}

/// Between single quotes only the quote itself means something; control characters need double
/// ones. Of these, only newlines and tabs come so far.
fn scalar(text: &str) -> String {
    if text.contains(char::is_control) {
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
        return format!("\"{}\"", escaped.replace('\n', "\\n").replace('\t', "\\t"));
    }
    format!("'{}'", text.replace('\'', "''"))
}
