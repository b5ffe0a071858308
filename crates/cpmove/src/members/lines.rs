//! Text files, line by line.

use std::fmt;

/// Appends a line: `line(&mut text, format_args!("{key}={value}"))`.
pub(super) fn line(text: &mut String, content: fmt::Arguments<'_>) {
    // Writing into a string fails only if a `Display` does, and those of names do not.
    let _infallible = fmt::Write::write_fmt(text, content);
    text.push('\n');
}
