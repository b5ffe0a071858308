//! `cp/USER`: the account's record.

use std::collections::BTreeMap;

use super::check::disk_blocks;
use super::lines::line;
use super::sites::Sites;
use crate::{Account, AccountError, MailRouting};

/// `KEY=VALUE` lines, sorted by key.
pub(super) fn text(account: &Account, sites: &Sites<'_>) -> Result<String, AccountError> {
    let mut keys = BTreeMap::new();
    let mut set = |key: &str, value: String| keys.insert(key.to_owned(), value);
    set("USER", account.user.to_string());
    set("DNS", account.main_domain.to_string());
    let others = sites.names().into_iter().filter(|name| **name != account.main_domain);
    for (number, name) in others.enumerate() {
        set(&format!("DNS{}", number + 1), name.to_string());
    }
    for name in sites.names() {
        // Nobody sends mail to a backing subdomain: there the server may look for itself.
        let routing =
            sites.domains.get(name).map_or(MailRouting::Auto, |domain| domain.mail.routing);
        set(&format!("MXCHECK-{name}"), routing_word(routing).to_owned());
    }
    set("OWNER", account.owner.clone());
    set("STARTDATE", account.created.to_string());
    set("CONTACTEMAIL", account.contact_email.clone().unwrap_or_default());
    set("CONTACTEMAIL2", String::new());
    if let Some(ip) = &account.ip {
        set("IP", ip.clone());
    }
    if let Some(plan) = &account.plan {
        set("PLAN", plan.clone());
    }
    set("DISK_BLOCK_LIMIT", disk_blocks(account)?.to_string());
    if account.suspended.is_some() {
        set("SUSPENDED", "1".to_owned());
        set("SUSPENDTIME", account.stamp.to_string());
    }
    let signs = account.domains.iter().any(|domain| domain.mail.dkim.is_some());
    set("HASDKIM", u8::from(signs).to_string());
    for (key, value) in FIXED {
        set(key, value.to_owned());
    }
    let mut text = String::new();
    for (key, value) in keys {
        line(&mut text, format_args!("{key}={value}"));
    }
    Ok(text)
}

/// What is the same for every account.
const FIXED: [(&str, &str); 19] = [
    // Absent means 0, and the account would silently drop out of the new server's backups.
    ("BACKUP", "1"),
    ("LEGACY_BACKUP", "0"),
    ("BWLIMIT", "unlimited"),
    ("DEMO", "0"),
    ("FEATURELIST", "default"),
    ("HASCGI", "1"),
    // No zone is in the archive.
    ("HASSPF", "0"),
    ("LOCALE", "en"),
    ("MAILBOX_FORMAT", "maildir"),
    // Absent means 0 for these two, which shows restored domains as over the limit.
    ("MAXADDON", "unlimited"),
    ("MAXPARK", "unlimited"),
    ("MAXFTP", "unlimited"),
    ("MAXLST", "unlimited"),
    ("MAXPOP", "unlimited"),
    ("MAXSQL", "unlimited"),
    ("MAXSUB", "unlimited"),
    ("MAX_EMAILACCT_QUOTA", "unlimited"),
    ("RS", "jupiter"),
    // Names of folders stand on the disk in modified UTF-7, as Plesk's server writes them.
    ("UTF8MAILBOX", "0"),
];

/// The words, not the numbers that old accounts have: the meaning of two of the numbers is not
/// documented.
fn routing_word(routing: MailRouting) -> &'static str {
    match routing {
        MailRouting::Local => "local",
        MailRouting::Remote => "remote",
        MailRouting::Auto => "auto",
    }
}
