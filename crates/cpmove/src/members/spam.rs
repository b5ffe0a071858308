//! What SpamAssassin reads, and the empty files by which cPanel turns it on.

use super::lines::line;
use super::tree::Tree;
use crate::{Account, AccountError};

pub(super) fn write(tree: &mut Tree, account: &Account) -> Result<(), AccountError> {
    let Some(spam) = &account.spam else { return Ok(()) };
    let mut text = String::new();
    if let Some(tenths) = spam.required_score_tenths {
        let (points, tenth) = (tenths / 10, tenths % 10);
        if tenth == 0 {
            line(&mut text, format_args!("required_score {points}"));
        } else {
            line(&mut text, format_args!("required_score {points}.{tenth}"));
        }
    }
    let lists = [
        ("whitelist_from", "entry of the white list", &spam.whitelist),
        ("blacklist_from", "entry of the black list", &spam.blacklist),
    ];
    for (keyword, field, entries) in lists {
        for entry in entries {
            check(field, entry)?;
            line(&mut text, format_args!("{keyword} {entry}"));
        }
    }
    tree.directory("homedir/.spamassassin", 0o700);
    tree.file("homedir/.spamassassin/user_prefs", text);
    if spam.enabled {
        tree.file("homedir/.spamassassinenable", "");
    }
    if spam.spam_box {
        tree.file("homedir/.spamassassinboxenable", "");
    }
    Ok(())
}

/// Several entries may stand on a line, and `#` begins a comment: an entry that holds either
/// would be another one.
fn check(field: &'static str, entry: &str) -> Result<(), AccountError> {
    let forbidden = |c: &char| !c.is_ascii_graphic() || matches!(c, '#' | '\\');
    let reason = match entry.chars().find(forbidden) {
        Some(character) => format!("it holds {character:?}"),
        None if entry.is_empty() => "it is empty".to_owned(),
        None => return Ok(()),
    };
    Err(AccountError::Value { field, value: entry.to_owned(), reason })
}
