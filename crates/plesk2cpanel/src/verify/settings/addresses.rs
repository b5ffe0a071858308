//! `va/` and `vad/`: where mail for each address goes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use cpmove::{CatchAll, Destination, DomainMail, DomainName};

use super::Settings;
use super::lines::none_beside;
use crate::verify::ledger::{Class, Ledger};

/// Where mail goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Address(String),
    /// A name without a domain: a user of the system's.
    User(String),
    Pipe(String),
    Fail(String),
    Discard,
    Unknown(String),
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Address(text) | Target::User(text) | Target::Unknown(text) => {
                out.write_str(text)
            }
            Target::Pipe(command) => write!(out, "|{command}"),
            Target::Fail(text) => write!(out, ":fail: {text}"),
            Target::Discard => out.write_str(":blackhole:"),
        }
    }
}

/// Everything else in a domain.
const ELSE: &str = "*";

pub(super) fn compare(settings: &Settings<'_>, ledger: &mut Ledger) {
    let no_mail = DomainMail::default();
    let (mut va, mut vad, mut vf) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (name, domain) in settings.names() {
        let mail = domain.map_or(&no_mail, |domain| &domain.mail);
        let path = format!("va/{name}");
        aliases(settings, &path, name, mail, ledger);
        va.insert(path.into_bytes());
        let path = format!("vad/{name}");
        forward(settings, &path, name, mail, ledger);
        vad.insert(path.into_bytes());
        let path = format!("vf/{name}");
        if let Some(text) = settings.text(Class::Archive, &path, ledger) {
            ledger.check(Class::Filter, &path, text.trim().is_empty(), || {
                "a filter for the whole domain, which nobody had".to_owned()
            });
        }
        vf.insert(path.into_bytes());
    }
    none_beside(settings, "va/", &va, Class::Alias, ledger);
    none_beside(settings, "vad/", &vad, Class::DomainForward, ledger);
    none_beside(settings, "vf/", &vf, Class::Filter, ledger);
}

fn forward(
    settings: &Settings<'_>,
    path: &str,
    name: &DomainName,
    mail: &DomainMail,
    ledger: &mut Ledger,
) {
    let Some(text) = settings.text(Class::DomainForward, path, ledger) else { return };
    let line = |target: &DomainName| format!("{name}: {target}");
    let meant = mail.forward_domain_to.as_ref().map(line).unwrap_or_default();
    ledger.equal(Class::DomainForward, path, "its text", &meant.as_str(), &text.trim_end());
}

fn aliases(
    settings: &Settings<'_>,
    path: &str,
    name: &DomainName,
    mail: &DomainMail,
    ledger: &mut Ledger,
) {
    let Some(text) = settings.text(Class::Alias, path, ledger) else { return };
    let mut found: BTreeMap<String, BTreeSet<Target>> = BTreeMap::new();
    for line in text.lines() {
        let Some((left, right)) = line.split_once(':') else {
            ledger.differs(Class::Alias, path, || format!("the line `{line}` has no colon"));
            continue;
        };
        let mut targets = BTreeSet::new();
        for target in destinations(right.trim()) {
            let shown = target.to_string();
            if !targets.insert(target) {
                ledger.differs(Class::Alias, path, || format!("{left} goes to `{shown}` twice"));
            }
        }
        if found.insert(left.to_owned(), targets).is_some() {
            ledger.differs(Class::Alias, path, || format!("{left} stands there twice"));
        }
    }
    let mut meant: BTreeMap<String, BTreeSet<Target>> = BTreeMap::new();
    for alias in &mail.aliases {
        let targets = meant.entry(address(&alias.local, name)).or_default();
        targets.extend(alias.destinations.iter().map(|to| target(settings, to)));
    }
    for answer in &mail.autoresponders {
        let left = address(&answer.local, name);
        let command = hook(settings, &left);
        meant.entry(left).or_default().insert(Target::Pipe(command));
    }
    meant.insert(ELSE.to_owned(), BTreeSet::from([catch_all(settings, &mail.default)]));

    for (left, targets) in &meant {
        let class = if left == ELSE { Class::CatchAll } else { Class::Alias };
        let got = found.remove(left);
        ledger.check(class, path, got.is_some(), || format!("{left} is missing"));
        let Some(got) = got else { continue };
        for target in targets {
            let class = class_of(class, target);
            ledger.check(class, path, got.contains(target), || {
                format!("{left} does not go to `{target}`")
            });
        }
        for target in got.difference(targets) {
            ledger.differs(class_of(class, target), path, || {
                format!("{left} goes to `{target}`, and should not")
            });
        }
    }
    for left in found.into_keys() {
        ledger.differs(Class::Alias, path, || format!("{left} should not be there"));
    }
}

fn class_of(class: Class, target: &Target) -> Class {
    if matches!(target, Target::Pipe(_)) { Class::Autoresponder } else { class }
}

fn address(local: &str, domain: &DomainName) -> String {
    format!("{}@{domain}", local.to_ascii_lowercase())
}

/// The command that answers for an address.
fn hook(settings: &Settings<'_>, address: &str) -> String {
    format!("/usr/local/cpanel/bin/autorespond {address} {}/.autorespond", settings.home())
}

fn target(settings: &Settings<'_>, destination: &Destination) -> Target {
    match destination {
        Destination::Address(text) => Target::Address(lower_domain(text)),
        Destination::Account => Target::User(settings.account.user.to_string()),
        Destination::Pipe(command) => Target::Pipe(command.clone()),
        Destination::Fail(text) => Target::Fail(text.trim().to_owned()),
        Destination::Blackhole => Target::Discard,
    }
}

fn catch_all(settings: &Settings<'_>, default: &CatchAll) -> Target {
    match default {
        CatchAll::Reject { text } => Target::Fail(text.trim().to_owned()),
        CatchAll::Discard => Target::Discard,
        CatchAll::Address(text) => Target::Address(lower_domain(text)),
        CatchAll::SystemAccount => Target::User(settings.account.user.to_string()),
    }
}

/// The part before the `@` is another server's to interpret.
pub(super) fn lower_domain(address: &str) -> String {
    address.rsplit_once('@').map_or_else(
        || address.to_owned(),
        |(local, domain)| format!("{local}@{}", domain.to_ascii_lowercase()),
    )
}

/// What stands right of the colon: destinations between commas, and a refusal up to the end of the
/// line, commas included.
fn destinations(right: &str) -> Vec<Target> {
    if let Some(text) = right.strip_prefix(":fail:") {
        return vec![Target::Fail(text.trim().to_owned())];
    }
    let mut parts: Vec<String> = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for letter in right.chars() {
        let Some(part) = parts.last_mut() else { continue };
        match letter {
            _ if escaped => {
                part.push(letter);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => {
                quoted = !quoted;
                part.push(letter);
            }
            ',' if !quoted => parts.push(String::new()),
            _ => part.push(letter),
        }
    }
    parts.iter().map(|part| destination(part.trim())).collect()
}

fn destination(text: &str) -> Target {
    let plain = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if let Some(command) = plain.strip_prefix('|') {
        Target::Pipe(command.trim().to_owned())
    } else if plain == ":blackhole:" {
        Target::Discard
    } else if plain.contains('@') && !plain.starts_with([':', '/']) {
        Target::Address(plain.to_owned())
    } else if !plain.is_empty() && plain.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Target::User(plain.to_owned())
    } else {
        Target::Unknown(plain.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_real_archives() {
        let address = |text: &str| Target::Address(text.to_owned());
        assert_eq!(destinations("box3@example.tld"), [address("box3@example.tld")]);
        assert_eq!(destinations(":blackhole:"), [Target::Discard]);
        assert_eq!(destinations("acct"), [Target::User("acct".to_owned())]);
        let command = "/usr/local/cpanel/bin/autorespond b@e.tld /home/a/.autorespond";
        assert_eq!(
            destinations(&format!("\"|{command}\",x@e.tld")),
            [Target::Pipe(command.to_owned()), address("x@e.tld")]
        );
        assert_eq!(
            destinations(":fail: Nobody here, ask info"),
            [Target::Fail("Nobody here, ask info".to_owned())]
        );
        assert_eq!(destinations("/dev/null"), [Target::Unknown("/dev/null".to_owned())]);
        assert_eq!(destinations(":include:/a@b"), [Target::Unknown(":include:/a@b".to_owned())]);
    }
}
