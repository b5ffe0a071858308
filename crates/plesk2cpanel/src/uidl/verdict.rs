//! Which server a listing shows, in words and as the option that says it.

use mail_model::identity::{ListedRule, ListingEvidence, ServerKind};
use mail_model::uidl::UidlFormat;
use serde::Serialize;

use crate::mail_findings::count;

/// Which server made a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether a rule explains the listing.
    pub fits: bool,
    /// What `--old-server` has to say; absent when no rule fits, or none is needed.
    pub old_server: Option<String>,
    /// Whether `--reuse-x-uidl` has to be said, too.
    pub reuse_x_uidl: bool,
    /// Other formats that explain as much: here they give the same.
    pub also: Vec<String>,
    /// Messages of the listing that the rule, or the server's stored state, explains.
    pub explained: u64,
    /// Messages of the listing.
    pub of: u64,
    /// The same in words.
    pub text: String,
}

impl Verdict {
    /// What a listing shows that was held against a mailbox.
    pub(super) fn new(listing: &ListingEvidence) -> Verdict {
        let rule = &listing.rule;
        let of = listing.matches.len() as u64;
        let explained = (rule.stored + rule.by_rule + rule.elsewhere) as u64;
        let old_server = old_server(rule);
        Verdict {
            fits: rule.fits,
            reuse_x_uidl: rule.fits && rule.reuse_x_uidl,
            also: rule.formats.iter().skip(1).map(ToString::to_string).collect(),
            text: text(rule, explained, of),
            old_server,
            explained,
            of,
        }
    }

    /// There is no inbox to hold it against.
    pub(super) fn without_inbox() -> Verdict {
        Verdict {
            fits: false,
            old_server: None,
            reuse_x_uidl: false,
            also: Vec::new(),
            explained: 0,
            of: 0,
            text: "the backup has no inbox of this mailbox, so that no rule can be tried"
                .to_owned(),
        }
    }

    /// The options of `convert` that say it, ready to paste.
    pub fn options(&self) -> Option<String> {
        let server =
            self.old_server.as_ref().map(|server| format!("--old-server {}", quoted(server)));
        let reuse = self.reuse_x_uidl.then(|| "--reuse-x-uidl".to_owned());
        let options: Vec<String> = server.into_iter().chain(reuse).collect();
        (!options.is_empty()).then(|| options.join(" "))
    }
}

fn old_server(rule: &ListedRule) -> Option<String> {
    match rule.server.filter(|_| rule.fits)? {
        ServerKind::Courier => Some("courier".to_owned()),
        ServerKind::Dovecot => rule.formats.first().map(|format| format!("dovecot:{format}")),
    }
}

fn text(rule: &ListedRule, explained: u64, of: u64) -> String {
    let messages = count(of, "message");
    let all = if explained == of {
        format!("explains all of {messages}")
    } else {
        format!("explains {explained} of {messages}")
    };
    if of == 0 {
        return "the listing is empty, and shows nothing of its server".to_owned();
    }
    match (rule.server, rule.formats.first()) {
        (None, _) if rule.fits => {
            format!("the old server names messages as is said of it, by their files: that {all}")
        }
        (None, _) => "the backup has no state file that names messages over POP3, so that no rule \
                      can be tried"
            .to_owned(),
        (Some(ServerKind::Courier), _) if rule.fits => {
            format!("the old server is Courier: its list {all}")
        }
        (Some(ServerKind::Courier), _) => {
            format!("no rule fits: Courier's list {all}")
        }
        (Some(ServerKind::Dovecot), Some(format)) if rule.fits => {
            let reuse = if rule.reuse_x_uidl { " and pop3_reuse_xuidl = yes" } else { "" };
            format!(
                "the old server is Dovecot with pop3_uidl_format = {format}{}{reuse}: that {all}",
                spelling(format)
            )
        }
        (Some(ServerKind::Dovecot), None) if rule.fits && rule.by_rule > 0 => format!(
            "the old server is Dovecot with pop3_reuse_xuidl = yes: the messages' own X-UIDL {all}, \
             and pop3_uidl_format shows in none"
        ),
        (Some(ServerKind::Dovecot), None) if rule.fits => format!(
            "all UIDLs stand in Dovecot's own list: no format is needed for {messages}, and none \
             shows"
        ),
        (Some(ServerKind::Dovecot), Some(format)) => {
            format!("no known format fits: {format}, the nearest, and what is stored {all}")
        }
        (Some(ServerKind::Dovecot), None) if explained > 0 => {
            format!("no known format fits: only what is stored in Dovecot's list {all}")
        }
        (Some(ServerKind::Dovecot), None) => format!("no known format explains any of {messages}"),
    }
}

/// The other spelling, for whoever looks at a Dovecot of today.
fn spelling(format: &UidlFormat) -> String {
    format.in_dovecot_2_4().map_or_else(String::new, |new| format!(" (in Dovecot 2.4: {new})"))
}

/// A word that a shell takes as it is.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"%.:_@+,/-".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_shell_takes_it_as_one_word() {
        assert_eq!(quoted("dovecot:%08Xu%08Xv"), "dovecot:%08Xu%08Xv");
        assert_eq!(quoted("dovecot:%u;%v"), "'dovecot:%u;%v'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted("$(reboot)@example.com"), "'$(reboot)@example.com'");
    }
}
