//! Dovecot's files in a maildir, and what a Dovecot over them answers.

mod index;
mod keywords;
mod mailbox_log;
mod serve;
mod subscriptions;
mod uidlist;
mod uidlist_parse;

pub use index::GoneUids;
pub use keywords::{Keywords, KeywordsProblem};
pub use mailbox_log::deleted_folders;
pub use serve::{Duplicates, MaildirFile, ServeInput, Served, ServedMessage, UidlSource, serve};
pub use subscriptions::Subscriptions;
pub use uidlist::{UidList, UidRecord};
pub use uidlist_parse::{LineFault, UidListError, UidListProblem};

/// Splits into lines that end in LF, and what is left after the last LF. A CR before the LF
/// belongs to the line end, as it does to Dovecot's reader of lines.
fn lines(bytes: &[u8]) -> (impl Iterator<Item = Line<'_>>, &[u8]) {
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let (whole, rest) = bytes.split_at(end);
    let lines = whole.split_inclusive(|byte| *byte == b'\n').map(|line| {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        match text.strip_suffix(b"\r") {
            Some(text) => Line { text, carriage_return: true },
            None => Line { text, carriage_return: false },
        }
    });
    (lines, rest)
}

#[derive(Clone, Copy)]
struct Line<'a> {
    text: &'a [u8],
    carriage_return: bool,
}
