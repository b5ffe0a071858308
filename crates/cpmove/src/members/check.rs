//! Values that must fit into one line of a file.

use std::net::IpAddr;

use crate::{Account, AccountError, DomainName};

/// Checks what concerns the account as a whole.
pub(super) fn account(account: &Account) -> Result<(), AccountError> {
    for (field, seconds) in [("the account's start", account.created), ("the stamp", account.stamp)]
    {
        if seconds < 0 {
            return Err(AccountError::NegativeTime { field, seconds });
        }
    }
    if let Some(contact) = &account.contact_email {
        address(contact).map_err(|reason| value("contact address", contact, &reason))?;
    }
    if let Some(ip) = &account.ip
        && let Err(reason) = ip.parse::<IpAddr>()
    {
        return Err(value("ip address", ip, &reason.to_string()));
    }
    let owner = &account.owner;
    if owner.is_empty() || !owner.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
    {
        return Err(value("owner", owner, "it must be one or more of a-z, A-Z, 0-9, -, . and _"));
    }
    if let Some(plan) = &account.plan
        && (plan.is_empty() || plan.chars().any(char::is_control))
    {
        return Err(value("plan", plan, "it must not be empty or hold control characters"));
    }
    let shell = &account.shell;
    if !shell.starts_with('/') || !shell.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(value("shell", shell, "it must be an absolute path of printable ASCII"));
    }
    Ok(())
}

/// The disk quota in blocks of one KiB, as `cp/USER` wants it; 0 is no limit.
pub(super) fn disk_blocks(account: &Account) -> Result<u64, AccountError> {
    let megabytes = account.disk_quota_megabytes.unwrap_or(0);
    megabytes.checked_mul(1024).ok_or_else(|| {
        value("disk quota", &megabytes.to_string(), "its number of KiB is over 2^64")
    })
}

/// Web roots stand unquoted in YAML, and their directories are made in the home directory, where
/// `etc` and `mail` are cPanel's.
pub(super) fn document_root(path: &str) -> Result<(), AccountError> {
    let refused = |reason: &str| Err(value("document root", path, reason));
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._/+@~".contains(&b);
    if !path.bytes().all(allowed) {
        return refused("it holds something else than letters, digits and - . _ / + @ ~");
    }
    if let Err(reason) = crate::archive::check_member_path(path.as_bytes()) {
        return refused(&reason.to_string());
    }
    if matches!(path.split('/').next(), Some("etc" | "mail")) {
        return refused("the directories etc and mail are not for web sites");
    }
    Ok(())
}

/// Checks an address, and returns it with its domain in lower case. What stands before the `@`
/// is another server's to interpret and stays as it is.
pub(crate) fn address(text: &str) -> Result<String, String> {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return Err("it is no address".to_owned());
    };
    if local.is_empty() {
        return Err("nothing stands before the @".to_owned());
    }
    if let Some(character) = local.chars().find(|c| !is_address_character(*c)) {
        return Err(format!("it holds {character:?}"));
    }
    // To Exim, these begin a comment, a file and a command.
    if local.starts_with(['#', '/', '|']) {
        return Err("its first character means something else there".to_owned());
    }
    let domain = DomainName::new(domain).map_err(|error| error.to_string())?;
    Ok(format!("{local}@{domain}"))
}

/// What an unquoted local part may hold, dots included.
pub(crate) fn is_address_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(character)
}

fn value(field: &'static str, value: &str, reason: &str) -> AccountError {
    AccountError::Value { field, value: value.to_owned(), reason: reason.to_owned() }
}
