//! `va/DOMAIN`: Exim's aliases.
//!
//! `:fail:` and `:blackhole:` are written without quotes. Both forms are in use, and both refuse
//! or discard; but Exim 4.96, asked with `exim -bt`, puts the closing quote of the quoted form
//! behind the text that the sender reads, and DirectAdmin's importer misreads it.

use std::collections::BTreeMap;

use super::check::address;
use super::lines::line;
use crate::{Account, AccountError, Alias, CatchAll, Destination, DomainMail, DomainName};

/// The one program that a mail may be given to.
const AUTORESPONDER: &str = "/usr/local/cpanel/bin/autorespond";

/// One line for each alias, sorted, and always one for everything else: without it, the new
/// server's default would decide.
pub(super) fn text(
    account: &Account,
    domain: &DomainName,
    mail: &DomainMail,
) -> Result<String, AccountError> {
    let mut aliases: BTreeMap<String, Vec<Destination>> = BTreeMap::new();
    for alias in &mail.aliases {
        let left = left_side(domain, &alias.local)?;
        if alias.destinations.is_empty() {
            return Err(AccountError::NoDestination { address: left });
        }
        if aliases.insert(left.clone(), alias.destinations.clone()).is_some() {
            return Err(AccountError::DuplicateAlias { address: left });
        }
    }
    for autoresponder in &mail.autoresponders {
        let left = left_side(domain, &autoresponder.local)?;
        let hook = Destination::Pipe(hook(account, &left));
        let destinations = aliases.entry(left).or_default();
        if !destinations.contains(&hook) {
            destinations.insert(0, hook);
        }
    }
    let everything_else = catch_all(account, domain, &mail.default)?;
    let mut text = String::new();
    for (left, right) in &aliases {
        line(&mut text, format_args!("{left}: {}", destinations(account, left, right)?));
    }
    line(&mut text, format_args!("*: {everything_else}"));
    Ok(text)
}

/// The command that answers mail for an address.
fn hook(account: &Account, left: &str) -> String {
    format!("{AUTORESPONDER} {left} /home/{}/.autorespond", account.user)
}

fn left_side(domain: &DomainName, local: &str) -> Result<String, AccountError> {
    let address = format!("{}@{domain}", local.to_ascii_lowercase());
    match Alias::check_local(local) {
        Ok(()) => Ok(address),
        Err(error) => Err(AccountError::AliasName { address, reason: error.to_string() }),
    }
}

fn destinations(
    account: &Account,
    left: &str,
    destinations: &[Destination],
) -> Result<String, AccountError> {
    let count = destinations.len();
    let stands_alone = |d: &Destination| matches!(d, Destination::Fail(_) | Destination::Blackhole);
    if count > 1 && destinations.iter().any(stands_alone) {
        return Err(AccountError::NotAlone { address: left.to_owned(), count });
    }
    let written: Result<Vec<String>, AccountError> =
        destinations.iter().map(|to| destination(account, left, to)).collect();
    Ok(written?.join(","))
}

fn destination(account: &Account, left: &str, to: &Destination) -> Result<String, AccountError> {
    match to {
        Destination::Address(text) => foreign(left, text),
        Destination::Account => Ok(account.user.to_string()),
        Destination::Blackhole => Ok(":blackhole:".to_owned()),
        Destination::Fail(text) => refusal(left, text),
        Destination::Pipe(command) => {
            if *command != hook(account, left) {
                return Err(unwritable(left, command, "no program but the autoresponder is run"));
            }
            // Exim expands and splits commands; these characters have a meaning there.
            if left.contains(['$', '\'', '`', '{', '}']) {
                return Err(unwritable(left, command, "the address means something else there"));
            }
            Ok(format!("\"|{command}\""))
        }
    }
}

fn catch_all(
    account: &Account,
    domain: &DomainName,
    default: &CatchAll,
) -> Result<String, AccountError> {
    let left = format!("*@{domain}");
    match default {
        CatchAll::Reject { text } => refusal(&left, text),
        CatchAll::Discard => Ok(":blackhole:".to_owned()),
        CatchAll::Address(text) => foreign(&left, text),
        CatchAll::SystemAccount => Ok(account.user.to_string()),
    }
}

fn foreign(left: &str, text: &str) -> Result<String, AccountError> {
    address(text).map_err(|reason| unwritable(left, text, &reason))
}

/// Exim takes everything up to the end of the line for the text, commas included. Replies of
/// SMTP are ASCII; quotes and backslashes are left to nobody's interpretation.
fn refusal(left: &str, text: &str) -> Result<String, AccountError> {
    let forbidden = |c: &char| !(c.is_ascii_graphic() || *c == ' ') || matches!(c, '"' | '\\');
    if let Some(character) = text.chars().find(forbidden) {
        return Err(unwritable(left, text, &format!("it holds {character:?}")));
    }
    Ok(format!(":fail: {}", text.trim()).trim_end().to_owned())
}

fn unwritable(left: &str, destination: &str, reason: &str) -> AccountError {
    AccountError::Destination {
        address: left.to_owned(),
        destination: destination.to_owned(),
        reason: reason.to_owned(),
    }
}
