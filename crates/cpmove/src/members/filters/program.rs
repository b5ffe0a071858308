//! `filter`: what Exim runs.

use super::{Filter, SUSPENDED};
use crate::members::lines::line;

/// Exim knows a filter by the first two words. What follows is for people.
const HEAD: &str = "\
# Exim filter
#
# Compiled from filter.yaml, which cPanel's pages show. cPanel writes this file anew when a
# filter is saved there; changes made here are lost then.
#
";

/// Empty if there is nothing to run, as cPanel leaves the file then.
pub(super) fn text(filters: &[Filter<'_>], refuses_mail: bool) -> String {
    let mut running = filters.iter().filter(|filter| filter.enabled).peekable();
    if running.peek().is_none() && !refuses_mail {
        return String::new();
    }
    let mut text = HEAD.to_owned();
    if refuses_mail {
        line(&mut text, format_args!("# {SUSPENDED}"));
        line(&mut text, format_args!("fail \"This address does not take mail at present.\""));
    }
    text.push_str("\nheaders charset \"UTF-8\"\n");
    // An error report that could not be delivered at once goes to the inbox.
    text.push_str("\nif not first_delivery and error_message then finish endif\n");
    for filter in running {
        text.push('\n');
        line(&mut text, format_args!("#{}", filter.name));
        text.push_str("if\n");
        let mut join = None;
        for question in &filter.rules {
            let joined = join.map_or_else(String::new, |word| format!("{word} "));
            line(&mut text, format_args!(" {joined}{}", question.condition));
            join = Some(question.rule.join.word());
        }
        text.push_str("then\n");
        for action in &filter.actions {
            line(&mut text, format_args!(" {}", action.command));
        }
        text.push_str("endif\n");
    }
    text
}
