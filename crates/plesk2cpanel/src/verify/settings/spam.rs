//! What SpamAssassin reads, and the empty files that turn it on.

use std::collections::BTreeSet;

use cpmove::SpamSettings;

use super::Settings;
use crate::verify::ledger::{Class, Ledger};

pub(super) fn compare(settings: &Settings<'_>, ledger: &mut Ledger) {
    let spam = settings.account.spam.as_ref();
    for (file, meant) in [
        (".spamassassinenable", spam.is_some_and(|spam| spam.enabled)),
        (".spamassassinboxenable", spam.is_some_and(|spam| spam.spam_box)),
    ] {
        let path = format!("homedir/{file}");
        let is_there = settings.found.text(&path).is_some();
        ledger.check(Class::Spam, &path, is_there == meant, || {
            if meant { "the file is missing" } else { "the file should not be there" }.to_owned()
        });
    }
    let path = "homedir/.spamassassin/user_prefs";
    let Some(spam) = spam else {
        ledger.check(Class::Spam, path, settings.found.text(path).is_none(), || {
            "the backup has no settings of a spam filter".to_owned()
        });
        return;
    };
    let SpamSettings { enabled: _, required_score_tenths, whitelist, blacklist, spam_box: _ } =
        spam;
    let Some(text) = settings.text(Class::Spam, path, ledger) else { return };
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let entries = |word: &str| -> BTreeSet<String> {
        lines
            .iter()
            .filter_map(|line| line.strip_prefix(word)?.strip_prefix(' '))
            .flat_map(str::split_whitespace)
            .map(str::to_owned)
            .collect()
    };
    for (word, meant) in [("whitelist_from", whitelist), ("blacklist_from", blacklist)] {
        let found = entries(word);
        ledger.same_set(Class::Spam, path, meant, &found, |entry| format!("`{word} {entry}`"));
    }
    let score = required_score_tenths.map(|tenths| match tenths % 10 {
        0 => (tenths / 10).to_string(),
        tenth => format!("{}.{tenth}", tenths / 10),
    });
    let found = entries("required_score");
    ledger.same_set(Class::Spam, path, score.as_ref(), &found, |score| {
        format!("`required_score {score}`")
    });
    let known = ["required_score ", "whitelist_from ", "blacklist_from "];
    for line in lines.iter().filter(|line| !known.iter().any(|word| line.starts_with(word))) {
        ledger.differs(Class::Spam, path, || format!("`{line}` should not be there"));
    }
}
