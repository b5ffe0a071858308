//! `homedir/etc/DOMAIN/`: which mailboxes there are, their logins and quotas, and whether they take
//! mail.

use std::collections::{BTreeMap, BTreeSet};

use super::{Settings, logins};
use crate::plan::MailboxPlan;
use crate::verify::ledger::{Change, Class, Ledger};

const DAY: i64 = 24 * 60 * 60;

/// The user that stands for the account's in an archive.
const NOBODY: u32 = 65_534;

/// By this line cPanel knows a mailbox that takes no mail.
const SUSPENDED: &str = "SUSPEND RECEPTION OF NEW MESSAGES";

/// The files of lines of a domain.
const FILES: [&str; 3] = ["passwd", "shadow", "quota"];

pub(super) fn compare(settings: &Settings<'_>, ledger: &mut Ledger) {
    let mut flags = BTreeSet::new();
    let mut looked_at = BTreeSet::new();
    for (index, domain) in settings.account.domains.iter().enumerate() {
        let domain = domain.name.as_str();
        let mailboxes: Vec<&MailboxPlan> =
            settings.plan.mailboxes.iter().filter(|mailbox| mailbox.domain == index).collect();
        let paths = FILES.map(|file| format!("homedir/etc/{domain}/{file}"));
        let has_files = paths.iter().any(|path| settings.found.text(path).is_some());
        looked_at.extend(paths.map(String::into_bytes));
        if mailboxes.is_empty() && !has_files {
            continue;
        }
        lines(settings, domain, "passwd", &mailboxes, ledger, passwd);
        lines(settings, domain, "shadow", &mailboxes, ledger, shadow);
        lines(settings, domain, "quota", &mailboxes, ledger, quota);
        for mailbox in mailboxes {
            incoming(settings, domain, mailbox, &mut flags, ledger);
        }
    }
    elsewhere(settings, &looked_at, ledger);
    // A mailbox that another program made counts by its `shadow` line alone.
    for path in settings.found.texts.keys().filter(|path| path.ends_with(b".suspended_incoming")) {
        ledger.check(Class::Incoming, &plesk_backup::printable(path), flags.contains(path), || {
            "it takes mail on the old server".to_owned()
        });
    }
}

/// A file of logins is one wherever it lies below `etc/`, and opens a domain that nobody had there.
fn elsewhere(settings: &Settings<'_>, looked_at: &BTreeSet<Vec<u8>>, ledger: &mut Ledger) {
    let place = b"homedir/etc/".to_vec();
    let texts = settings.found.texts.range(place.clone()..).map(|(path, _)| path);
    for path in texts.take_while(|path| path.starts_with(&place)) {
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
        if !FILES.iter().any(|file| file.as_bytes() == name) || looked_at.contains(path) {
            continue;
        }
        let shown = plesk_backup::printable(path);
        if settings.is_archive {
            ledger.differs(Class::Mailbox, &shown, || "no domain has mailboxes there".to_owned());
        } else {
            ledger.changed(Change::Mailbox, &shown, || "the file is new".to_owned());
        }
    }
}

type OneLine = fn(&Settings<'_>, &str, &MailboxPlan, Option<&str>, &mut Ledger);

/// A file of lines `LOCAL:REST`.
fn lines(
    settings: &Settings<'_>,
    domain: &str,
    file: &str,
    mailboxes: &[&MailboxPlan],
    ledger: &mut Ledger,
    compare: OneLine,
) {
    let path = format!("homedir/etc/{domain}/{file}");
    let class = if file == "quota" { Class::Quota } else { Class::Mailbox };
    let Some(text) = settings.text(class, &path, ledger) else { return };
    let mut found: BTreeMap<&str, &str> = BTreeMap::new();
    for line in text.lines() {
        let (local, rest) = line.split_once(':').unwrap_or((line, ""));
        if found.insert(local, rest).is_some() {
            ledger.differs(class, &path, || format!("`{local}` stands there twice"));
        }
    }
    for mailbox in mailboxes {
        compare(settings, domain, mailbox, found.remove(mailbox.local.as_str()), ledger);
    }
    for local in found.into_keys() {
        if settings.is_archive {
            ledger.differs(class, &path, || format!("`{local}` is no mailbox of the backup"));
        } else {
            ledger.changed(Change::Mailbox, &path, || format!("`{local}` is new"));
        }
    }
}

fn passwd(
    settings: &Settings<'_>,
    domain: &str,
    mailbox: &MailboxPlan,
    line: Option<&str>,
    ledger: &mut Ledger,
) {
    let object = mailbox.address.as_str();
    ledger.check(Class::Mailbox, object, line.is_some(), || {
        "the mailbox has no line in passwd".to_owned()
    });
    let Some(line) = line else { return };
    let fields: Vec<&str> = line.split(':').collect();
    let [password, user, group, comment, directory, home] = fields[..] else {
        ledger.differs(Class::Mailbox, object, || {
            format!("its line in passwd has {} fields instead of 7", fields.len() + 1)
        });
        return;
    };
    // A restore leaves the numbers as they are, and those of root would be more than a placeholder.
    let number = |text: &str| {
        let number = text.parse::<u32>().ok();
        number.is_some_and(|number| number > 0 && (!settings.is_archive || number == NOBODY))
    };
    let fits = password == "x" && number(user) && number(group) && comment.is_empty();
    ledger.check(Class::Mailbox, object, fits, || {
        format!("its line in passwd is not `LOCAL:x:NUMBER:NUMBER::`, in an archive {NOBODY}")
    });
    let below = format!("mail/{domain}/{}", mailbox.local);
    // A restore may put the home elsewhere, and leaves the line as it is or not.
    let expected = if settings.is_archive { settings.home() } else { home.to_owned() };
    ledger.equal(Class::Mailbox, object, "its home in passwd", &expected.as_str(), &home);
    let place = format!("{home}/{below}");
    ledger.equal(Class::Mailbox, object, "its directory in passwd", &place.as_str(), &directory);
}

fn shadow(
    settings: &Settings<'_>,
    _: &str,
    mailbox: &MailboxPlan,
    line: Option<&str>,
    ledger: &mut Ledger,
) {
    let object = mailbox.address.as_str();
    ledger.check(Class::Mailbox, object, line.is_some(), || {
        "the mailbox has no line in shadow: cPanel does not know it".to_owned()
    });
    let Some(line) = line else { return };
    let fields: Vec<&str> = line.split(':').collect();
    logins::compare(&mailbox.login, fields[0], object, ledger);
    let day = (settings.account.stamp / DAY).to_string();
    let rest = [day.as_str(), "", "", "", "", "", ""];
    ledger.check(Class::Login, object, fields[1..] == rest, || {
        format!(
            "what follows the password is `{}` instead of `{}`",
            fields[1..].join(":"),
            rest.join(":")
        )
    });
}

fn quota(
    _: &Settings<'_>,
    _: &str,
    mailbox: &MailboxPlan,
    line: Option<&str>,
    ledger: &mut Ledger,
) {
    let meant = mailbox.quota_bytes.filter(|bytes| *bytes > 0).map(|bytes| bytes.to_string());
    let found = line.map(str::to_owned);
    let object = mailbox.address.as_str();
    ledger.equal_or_none(Class::Quota, object, "the quota", meant.as_ref(), found.as_ref());
}

/// A mailbox that takes no mail has a mark in its filter, and a file by which cPanel's pages know.
fn incoming(
    settings: &Settings<'_>,
    domain: &str,
    mailbox: &MailboxPlan,
    flags: &mut BTreeSet<Vec<u8>>,
    ledger: &mut Ledger,
) {
    let filter = settings.found.text(&format!("homedir/etc/{domain}/{}/filter", mailbox.local));
    let refuses = filter.is_some_and(|text| {
        String::from_utf8_lossy(text)
            .lines()
            .any(|line| line.strip_prefix('#').is_some_and(|comment| comment.contains(SUSPENDED)))
    });
    let flag = format!("homedir/etc/.{}@{domain}.suspended_incoming", mailbox.local);
    let object = mailbox.address.as_str();
    ledger.check(Class::Incoming, object, refuses == mailbox.refuses_mail, || {
        if mailbox.refuses_mail {
            "its filter does not say that it takes no mail".to_owned()
        } else {
            "its filter says that it takes no mail".to_owned()
        }
    });
    if mailbox.refuses_mail {
        ledger.check(Class::Incoming, object, settings.found.text(&flag).is_some(), || {
            format!("the file {flag} is missing")
        });
        flags.insert(flag.into_bytes());
    }
}
