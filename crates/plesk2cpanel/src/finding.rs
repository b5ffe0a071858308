//! What the report lists: something that was changed, left out, assumed or damaged.
//!
//! A finding never interrupts. Its code is stable: scripts match on it and
//! `docs/findings.md` has a section for each (a test holds both together).

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// How much a finding matters to the person who runs the conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know; nothing to do.
    Info,
    /// Somebody should look before the cutover. Makes the exit status 3.
    Warning,
    /// Something of the user's is missing or would be wrong. Makes the exit status 3.
    Error,
}

/// One kind of finding: its code, how much it matters, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Stable name, as it stands in `report.json`.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What to do, in a line.
    pub remedy: &'static str,
}

/// One entry of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Stable name of the kind.
    pub code: Cow<'static, str>,
    /// How much it matters.
    pub severity: Severity,
    /// What it is about: an address, a domain, a folder of a mailbox, a member of an archive.
    pub object: String,
    /// What happened, with names and numbers.
    pub text: String,
    /// What to do about it.
    pub remedy: String,
}

impl Kind {
    /// An entry of this kind about `object`.
    pub fn about(&self, object: impl Into<String>, text: impl Into<String>) -> Finding {
        Finding {
            code: Cow::Borrowed(self.code),
            severity: self.severity,
            object: object.into(),
            text: text.into(),
            remedy: self.remedy.to_owned(),
        }
    }

    /// An entry of this kind whose remedy is more exact than the general one.
    pub fn with_remedy(
        &self,
        object: impl Into<String>,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Finding {
        Finding { remedy: remedy.into(), ..self.about(object, text) }
    }
}

/// Findings of one kind that ask for the same, together: the gravest kinds first, then by code,
/// then in the order of the first of each.
pub(crate) fn grouped<'a>(
    findings: impl IntoIterator<Item = &'a Finding>,
) -> Vec<Vec<&'a Finding>> {
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        let place = *places.entry((&finding.code, &finding.remedy)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups.sort_by_key(|group| (Reverse(group[0].severity), group[0].code.as_ref()));
    groups
}

macro_rules! kinds {
    ($($name:ident = $code:literal, $severity:ident, $remedy:literal;)*) => {
        $(
            #[doc = concat!("`", $code, "`: ", $remedy)]
            pub const $name: Kind =
                Kind { code: $code, severity: Severity::$severity, remedy: $remedy };
        )*
        /// Every kind there is, in the order of the documentation.
        pub const KINDS: &[&Kind] = &[$(&$name),*];
    };
}

kinds! {
    // What clients would see.
    UIDL_FORMAT_ASSUMED = "uidl-format-assumed", Warning,
        "ask the old server for its pop3_uidl_format and pass the answer with --old-server";
    SERVER_UNCLEAR = "server-unclear", Warning,
        "say which server was in use with --old-server dovecot:FORMAT or --old-server courier";
    SERVER_SWITCHED = "server-switched", Info,
        "nothing to do: the state of the server that was used last counts, folder by folder";
    STATE_MISSING = "state-missing", Warning,
        "tell the owner: the clients of this folder fetch it once more; or take a new backup that has the server's state files";
    UIDLIST_BROKEN = "uidlist-broken", Warning,
        "nothing can be done for the messages after the broken line; the old server would have renumbered them too";
    UIDLIST_CUT = "uidlist-cut", Info,
        "nothing to do unless the report says that the message could not be named";
    UIDL_TRUTH_DIFFERS = "uidl-truth-differs", Warning,
        "nothing to do if the listing is of this mailbox and of the server that was in use last: it was followed";
    UIDL_TRUTH_UNMATCHED = "uidl-truth-unmatched", Warning,
        "look whether the message was deleted, or came after the backup; else make the backup again";
    UIDL_TRUTH_ODD = "uidl-truth-odd", Warning,
        "take the listing again, by the commands that `plesk2cpanel uidl --how` prints";
    DUPLICATE_UIDLS = "duplicate-uidls", Warning,
        "nothing to do for most clients; getmail refuses such a mailbox, on the old server too";
    UNUSUAL_UIDL = "unusual-uidl", Info,
        "nothing to do: what the old server served is kept";
    UIDL_NOT_KEPT = "uidl-not-kept", Warning,
        "tell the owner: POP3 clients fetch these messages once more";
    NEXT_UID_RAISED = "next-uid-raised", Info,
        "nothing to do: no number that a client has seen is given out again";
    UID_SPACE_FULL = "uid-space-full", Error,
        "choose a smaller --reserve-uids, or renumber the folder on the old server";
    HIDDEN_MESSAGES = "hidden-by-pop3-deleted-flag", Warning,
        "tell the owner: messages that POP3 had hidden on the old server show up again";
    // Messages, folders, keywords.
    MESSAGE_DAMAGED = "message-damaged", Error,
        "take the message from the old server or from another backup: a cut message is never written as if it were whole";
    ARCHIVE_DAMAGED = "archive-damaged", Error,
        "make a new backup of the subscription, or convert an older one for what is missing";
    CONTENT_MISSING = "content-missing", Error,
        "make the backup again with mail content included";
    LINK_DANGLING = "link-dangling", Error,
        "take the message from the old server: the archive names it but does not hold it";
    SAME_MESSAGE_TWICE = "same-message-twice", Info,
        "nothing to do: the backup caught the message while the server moved it; one copy is kept";
    MESSAGES_UNPACKED = "messages-unpacked", Info,
        "nothing to do: the new server gets the messages themselves, under the same names";
    MBOX_CONVERTED = "mbox-converted", Info,
        "nothing to do: flags, keywords and dates are kept; look at a few dates if the old server's clock was not UTC";
    MBOX_NOT_READ = "mbox-not-read", Warning,
        "look at the files, which are kept in the account's home; an mbox begins with a line `From sender date`";
    MAILENABLE_CONVERTED = "mailenable-converted", Info,
        "nothing to do: a maildir holds lines that end in LF, and clients see no difference";
    MESSAGE_RENAMED = "message-renamed", Warning,
        "nothing to do: two different messages had one name; the second is a new message to clients";
    KEYWORDS_DROPPED = "keywords-dropped", Warning,
        "tell the owner which keywords are gone: a maildir holds 26 for each folder";
    KEYWORDS_FULL = "keywords-full", Warning,
        "ask the owner to check: keywords beyond the 26th live only in the old server's index";
    KEYWORD_UNNAMED = "keyword-unnamed", Info,
        "nothing to do: the letter stays in the file name, but no keyword stands behind it";
    STATE_FILE_ODD = "state-file-odd", Info,
        "nothing to do: the rest of the file is used";
    FOLDER_RENAMED = "folder-renamed", Info,
        "nothing to do: people see the same name, only its form on disk changes";
    FOLDER_ODD = "folder-odd", Warning,
        "look at the folder in webmail after the restore";
    FILES_LEFT_OUT = "files-left-out", Info,
        "nothing to do: the server makes these files anew, or never showed them";
    FILES_KEPT = "files-kept", Info,
        "nothing to do: the files are in the account's home, for whoever misses something";
    FILES_NOT_CARRIED = "files-not-carried", Warning,
        "look at the files: they are no part of what this program converts";
    FORMAT_UNSUPPORTED = "mailbox-format-unsupported", Error,
        "make a maildir of it on the old server with doveadm backup, then make the backup again";
    CHAIN_GAP = "chain-gap", Warning,
        "export the dump together with its increments (pmm-ras --export-dump-as-file --include-increments), put the missing dumps beside it, or make a full backup";
    DELETED_IN_CHAIN = "deleted-in-chain", Info,
        "nothing to do: this is how the mailbox was at the time of the newest dump";
    MAYBE_DELETED_IN_CHAIN = "maybe-deleted-in-chain", Warning,
        "tell the owner that deleted messages may show up again, or make a full backup and convert that";
    LIST_FROM_OLDER_DUMP = "list-from-older-dump", Info,
        "nothing to do unless the report names damage of the newer dump's archive: then make a full backup";
    ORPHANED_MAIL = "orphaned-mail", Warning,
        "if the mail is wanted, create the mailbox in Plesk and make the backup again";
    // Accounts, domains, logins.
    ACCOUNT_RENAMED = "account-renamed", Info,
        "use --user DOMAIN=NAME to choose another name";
    LOGIN_LOCKED = "login-locked", Warning,
        "set a password for the mailbox after the restore";
    LOGIN_SUSPENDED = "login-suspended", Warning,
        "the mail is kept and the login is off; switch it on after the restore if that is wanted";
    PASSWORD_WEAK = "password-weak", Warning,
        "set a new password: cPanel 132 and later refuse this kind of hash";
    LOCAL_PART_ADAPTED = "local-part-adapted", Warning,
        "tell the owner the mailbox's new name";
    ADDRESS_NOT_CARRIED = "address-not-carried", Warning,
        "create the address by hand in a form that cPanel takes";
    DOMAIN_ADAPTED = "domain-adapted", Warning,
        "look at the domain after the restore";
    MAIL_ROUTING = "mail-routing", Warning,
        "check where the domain's MX points, and set the mail routing of the domain accordingly";
    QUOTA_DEFAULTED = "quota-defaulted", Info,
        "nothing to do: the subscription's limit is the mailbox's";
    SETTING_ADAPTED = "setting-adapted", Warning,
        "tell the owner, or set it up otherwise after the restore";
    SETTING_NOT_CARRIED = "setting-not-carried", Warning,
        "set it up by hand after the restore";
    CONTENT_NOT_CARRIED = "content-not-carried", Warning,
        "move it by hand: this program carries mail";
    // A mailbox that was moved before.
    RESCUE_NOT_MAILDIR = "rescue-not-maildir", Error,
        "copy it to a maildir, rescue that, and copy it back, as docs/rescue.md says";
    RESCUE_INDEX = "rescue-index-without-list", Warning,
        "close the logins, remove the dovecot.index files of this folder, and run this command again";
    RESCUE_LIST_BROKEN = "rescue-list-broken", Warning,
        "let the server mend the list (doveadm index -u ADDRESS FOLDER), and run this command again";
    RESCUE_UNLISTED = "rescue-unlisted", Warning,
        "let the server list them (doveadm index -u ADDRESS INBOX), and run this command again";
    RESCUE_NOTHING_MATCHED = "rescue-nothing-matched", Warning,
        "look whether this is the mailbox of the backup: another dump, or another home?";
    RESCUE_CONFLICT = "rescue-conflict", Warning,
        "tell the owner that clients load these messages once more, or passed over them";
    RESCUE_LINKS = "rescue-links", Warning,
        "look at these files, links and devices: nothing in a mailbox should be one";
    RESCUE_VISITS_ASSUMED = "rescue-visits-assumed", Info,
        "give --since with the time of the move, and the new server's log from then until now with \
         --pop3-log; without a log, --trust-files takes files without a trace for nobody's visit";
    RESCUE_FAILED = "rescue-failed", Error,
        "mend what the text says, and run this command again: what was done already stays";
    // The backup itself.
    BACKUP_DAMAGED = "backup-damaged", Error,
        "copy or download the backup again, or make a new one";
    FILES_NOT_USED = "files-not-used", Info,
        "nothing to do unless one of them is a backup that should be converted; then give it by itself";
    METADATA_PROBLEM = "metadata-problem", Warning,
        "compare the account with the old server";
    OLDER_DUMP = "older-dump", Warning,
        "to convert another dump, name it with --dump STAMP; `inspect` lists the dumps and what each lacks";
    METADATA_UNKNOWN = "metadata-unknown", Info,
        "nothing to do: elements that this program does not know, counted";
    UNREFERENCED = "archive-unreferenced", Warning,
        "nothing in the backup says what this archive belongs to; open it by hand if something is missing";
    NO_MAIL = "no-mail", Info,
        "nothing to do if the subscription has no mail; else make the backup with mail content included";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_each_says_what_to_do() {
        let mut codes: Vec<_> = KINDS.iter().map(|kind| kind.code).collect();
        codes.sort_unstable();
        let count = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), count);
        assert!(KINDS.iter().all(|kind| kind.remedy.len() > 20));
    }

    #[test]
    fn every_code_is_documented() {
        let documentation = include_str!("../../../docs/findings.md");
        for kind in KINDS {
            assert!(
                documentation.contains(&format!("### `{}`", kind.code)),
                "docs/findings.md has no section for {}",
                kind.code
            );
        }
        let sections = documentation.lines().filter(|line| line.starts_with("### `")).count();
        assert_eq!(sections, KINDS.len(), "docs/findings.md documents a code that is gone");
    }
}
