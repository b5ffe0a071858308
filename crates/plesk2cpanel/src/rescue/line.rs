//! Lines of Dovecot's log.

use memchr::memmem;

/// What only lines of Dovecot's have.
const OF_DOVECOT: [&str; 11] = [
    "dovecot: ",
    "dovecot[",
    "pop3-login: ",
    "pop3(",
    "POP3(",
    "imap-login: ",
    "imap(",
    "IMAP(",
    "lmtp(",
    "managesieve-login: ",
    "master: Info: Dovecot",
];

/// What a logger says that left lines out.
const HOLES: [&str; 4] = ["rate-limiting", "rate limiting", "Suppressed ", "messages lost"];

/// Whether a line is one of Dovecot's: a log without any would tell of no session, whoever came.
pub(super) fn is_of_dovecot(line: &[u8]) -> bool {
    OF_DOVECOT.iter().any(|word| memmem::find(line, word.as_bytes()).is_some())
}

/// Whether a line says that lines are missing.
pub(super) fn is_hole(line: &[u8]) -> bool {
    HOLES.iter().any(|word| memmem::find(line, word.as_bytes()).is_some())
}

/// User of a line that tells of a login, and what names the session: its name and its process.
pub(super) fn login(line: &str) -> Option<(String, Vec<String>)> {
    let (_, text) = split_once(line, "pop3-login:")?;
    let names = || {
        let session = split_once(text, "session=").map(|(_, name)| value(name).to_owned());
        let process = number(text, "mpid=").map(|process| process.to_string());
        session.into_iter().chain(process).collect()
    };
    let by_words = ["login: user=", "logged in: user="]
        .iter()
        .find_map(|words| split_once(text, words))
        .map(|(_, user)| value(user));
    // Here the mail is fetched from another server; what was loaded there is not told.
    let proxied = || {
        split_once(text, "started proxying")?;
        let (_, user) = split_once(text, "proxy(")?;
        user.split([')', ',']).next()
    };
    let user = by_words.or_else(proxied).filter(|user| !user.is_empty())?;
    Some((user_name(user), names()))
}

/// User of a line that tells of a session's end, what names the session, and whether it may have
/// loaded messages.
pub(super) fn logout(line: &str) -> Option<(String, Vec<String>, bool)> {
    let (_, text) = split_once(line, "pop3(")?;
    let (user, mut rest) = text.split_once(')')?;
    let user = user.split(',').next().unwrap_or_default();
    // `pop3(USER)<PROCESS><SESSION>: `
    let mut names = Vec::new();
    while let Some(inner) = rest.strip_prefix('<') {
        let (value, after) = inner.split_once('>')?;
        names.push(value.to_owned());
        rest = after;
    }
    let rest = rest.strip_prefix(':')?;
    let is_end = ["Disconnected", "Logged out", "retr="].iter().any(|word| rest.contains(word));
    if !is_end {
        return None;
    }
    // A client may also load whole messages by TOP, and fetchmail does.
    let none = ["retr=", "top="].iter().all(|word| number(rest, word) == Some(0));
    Some((user_name(user), names, !none))
}

/// Splits at a word in lower case, which may stand there in any.
fn split_once<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    // Lower case by ASCII has each letter at the same place.
    let at = text.to_ascii_lowercase().find(word)?;
    Some((&text[..at], &text[at + word.len()..]))
}

/// `<VALUE>`, also where something on the way has put other signs around it.
fn value(text: &str) -> &str {
    let text = text.trim_start_matches(['<', '\u{2039}', '"', '\'']);
    let is_end = |letter: char| {
        matches!(letter, '>' | '\u{203a}' | ',' | '"' | '\'') || letter.is_whitespace()
    };
    text.split(is_end).next().unwrap_or_default()
}

fn number(text: &str, word: &str) -> Option<u64> {
    let (_, after) = text.split_once(word)?;
    let end = after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len());
    after[..end].parse().ok()
}

/// cPanel lets people log in as `anna+example.com` and the like, too.
fn user_name(user: &str) -> String {
    let user = user.to_lowercase();
    if user.contains('@') { user } else { user.replacen(['+', '%', ':'], "@", 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_and_ends_are_told_in_other_forms() {
        for line in [
            "pop3-login: proxy(anna@example.com): Started proxying to 10.0.0.2:110: user=<anna@example.com>, session=<s>",
            "pop3-login: Info: proxy(anna@example.com): started proxying to 10.0.0.2:110, session=<s>",
            "POP3-LOGIN: Login: user=<Anna%example.com>, session=<s>",
            "pop3-login: Login: user=\u{2039}anna@example.com\u{203a}, session=\u{2039}s\u{203a}",
            "pop3-login: Login: user=anna@example.com, session=s",
        ] {
            let found = login(line).unwrap();
            assert_eq!(found, ("anna@example.com".to_owned(), vec!["s".to_owned()]), "{line}");
        }
        assert_eq!(
            login("pop3-login: Disconnected: Connection closed: user=<>, session=<s>"),
            None
        );
        assert_eq!(login("pop3-login: Login: user=<>, session=<s>"), None);
        for line in [
            "POP3(anna@example.com): Disconnected: Logged out top=0/0, retr=3/99, del=0/3, size=1",
            "pop3(anna@example.com, 192.0.2.1): Info: Logged out top=0/0, retr=3/99, del=0/3",
        ] {
            assert_eq!(logout(line), Some(("anna@example.com".to_owned(), vec![], true)), "{line}");
        }
    }
}
