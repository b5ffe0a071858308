//! `cp/USER` and the small files about the account as a whole.

use std::collections::{BTreeMap, BTreeSet};

use cpmove::MailRouting;
use plesk_backup::printable;

use super::lines::{key_values, none_beside};
use super::{Settings, logins};
use crate::verify::ledger::{Class, Ledger};

/// Keys that are the same for every account.
const FIXED: &[(&str, &str)] = &[
    ("BACKUP", "1"),
    ("BWLIMIT", "unlimited"),
    ("CONTACTEMAIL2", ""),
    ("DEMO", "0"),
    ("FEATURELIST", "default"),
    ("HASCGI", "1"),
    ("HASSPF", "0"),
    ("LEGACY_BACKUP", "0"),
    ("LOCALE", "en"),
    ("MAILBOX_FORMAT", "maildir"),
    ("MAXADDON", "unlimited"),
    ("MAXFTP", "unlimited"),
    ("MAXLST", "unlimited"),
    ("MAXPARK", "unlimited"),
    ("MAXPOP", "unlimited"),
    ("MAXSQL", "unlimited"),
    ("MAXSUB", "unlimited"),
    ("MAX_EMAILACCT_QUOTA", "unlimited"),
    ("RS", "jupiter"),
    ("UTF8MAILBOX", "0"),
];

pub(super) fn compare(settings: &Settings<'_>, ledger: &mut Ledger) {
    record(settings, ledger);
    let account = settings.account;
    let user = account.user.as_str();
    let home = settings.home();
    for path in ["homedir_paths", "meta/homedir_paths"] {
        one_line(settings, path, &home, Class::Account, ledger);
    }
    one_line(settings, "shell", &account.shell, Class::Account, ledger);
    // In megabytes.
    let quota = account.disk_quota_megabytes.unwrap_or(0).to_string();
    one_line(settings, "quota", &quota, Class::Quota, ledger);
    if let Some(field) = settings.text(Class::Login, "shadow", ledger) {
        logins::compare(
            settings.plan.login(),
            field.trim_end(),
            &format!("account {user}"),
            ledger,
        );
    }
    let mut suspended = BTreeSet::new();
    if let Some(reason) = &account.suspended {
        let path = format!("suspended/{user}");
        one_line(settings, &path, reason, Class::Account, ledger);
        suspended.insert(path.into_bytes());
        let path = format!("suspendinfo/{user}");
        let shell = format!("shell={}", account.shell);
        one_line(settings, &path, &shell, Class::Account, ledger);
        suspended.insert(path.into_bytes());
    }
    none_beside(settings, "suspended/", &suspended, Class::Account, ledger);
    none_beside(settings, "suspendinfo/", &suspended, Class::Account, ledger);
    let path = "homedir/.contactemail";
    if let Some(address) = &account.contact_email {
        one_line(settings, path, &format!("email: {address}"), Class::Account, ledger);
    } else {
        ledger.check(Class::Account, path, settings.found.text(path).is_none(), || {
            "the backup names no contact".to_owned()
        });
    }
}

fn one_line(settings: &Settings<'_>, path: &str, meant: &str, class: Class, ledger: &mut Ledger) {
    if let Some(text) = settings.text(class, path, ledger) {
        ledger.equal(class, path, "its text", &meant.trim_end(), &text.trim_end());
    }
}

/// `cp/USER`.
fn record(settings: &Settings<'_>, ledger: &mut Ledger) {
    let account = settings.account;
    let path = format!("cp/{}", account.user);
    let only: BTreeSet<Vec<u8>> = BTreeSet::from([path.clone().into_bytes()]);
    none_beside(settings, "cp/", &only, Class::Account, ledger);
    let Some(text) = settings.text(Class::Account, &path, ledger) else { return };
    let mut found = key_values(&text, '=', &path, Class::Account, ledger);

    let mut take = |key: &str| found.remove(key);
    for (key, class, meant) in keys(settings) {
        ledger.equal_or_none(class, &path, &key, meant.as_ref(), take(&key).as_ref());
    }
    domains(settings, &path, &mut found, ledger);
    for (key, _) in found {
        ledger.differs(Class::Account, &path, || {
            format!(
                "the key `{}` is none of those that an archive needs",
                printable(key.as_bytes())
            )
        });
    }
}

/// Keys with what they must say, but for the list of domains.
fn keys(settings: &Settings<'_>) -> Vec<(String, Class, Option<String>)> {
    let account = settings.account;
    let mut keys: Vec<(String, Class, Option<String>)> = FIXED
        .iter()
        .map(|(key, value)| ((*key).to_owned(), Class::Account, Some((*value).to_owned())))
        .collect();
    let mut add = |key: &str, class, value| keys.push((key.to_owned(), class, value));
    let text = |value: &dyn std::fmt::Display| Some(value.to_string());
    add("USER", Class::Account, text(&account.user));
    add("DNS", Class::Domain, text(&account.main_domain));
    add("OWNER", Class::Account, text(&account.owner));
    add("STARTDATE", Class::Account, text(&account.created));
    let contact = account.contact_email.as_deref().unwrap_or_default();
    add("CONTACTEMAIL", Class::Account, text(&contact));
    add("IP", Class::Account, account.ip.clone());
    add("PLAN", Class::Account, account.plan.clone());
    // Blocks of one KiB.
    let blocks = u128::from(account.disk_quota_megabytes.unwrap_or(0)) * 1024;
    add("DISK_BLOCK_LIMIT", Class::Quota, text(&blocks));
    let is_suspended = account.suspended.is_some();
    add("SUSPENDED", Class::Account, is_suspended.then(|| "1".to_owned()));
    add("SUSPENDTIME", Class::Account, is_suspended.then(|| account.stamp.to_string()));
    let signs = account.domains.iter().any(|domain| domain.mail.dkim.is_some());
    add("HASDKIM", Class::Dkim, text(&u8::from(signs)));
    for (name, domain) in settings.names() {
        let routing = domain.map_or(MailRouting::Auto, |domain| domain.mail.routing);
        let word = match routing {
            MailRouting::Local => "local",
            MailRouting::Remote => "remote",
            MailRouting::Auto => "auto",
        };
        add(&format!("MXCHECK-{name}"), Class::Routing, text(&word));
    }
    keys
}

/// `DNS1`, `DNS2` and so on: every domain but the main one, in any order.
fn domains(
    settings: &Settings<'_>,
    path: &str,
    found: &mut BTreeMap<String, String>,
    ledger: &mut Ledger,
) {
    let main = settings.account.main_domain.as_str();
    let meant: BTreeSet<String> = settings
        .names()
        .keys()
        .map(|name| name.as_str().to_owned())
        .filter(|name| name != main)
        .collect();
    let mut listed = BTreeSet::new();
    for number in 1..=meant.len() + 1 {
        let Some(name) = found.remove(&format!("DNS{number}")) else { break };
        ledger.check(Class::Domain, path, listed.insert(name.clone()), || {
            format!("the domain {name} stands there twice")
        });
    }
    ledger.same_set(Class::Domain, path, &meant, &listed, |name| format!("the domain {name}"));
}
