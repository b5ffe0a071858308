//! Whether an archive, or the home that was restored from it, holds what a backup holds.
//!
//! Both sides are read anew. What must be there comes from the backup: its messages with the names
//! that the old server gave them, and the plan of its settings. What is there comes from the archive:
//! a walk over its members, Dovecot's rules for its lists, and readers of cPanel's files that stand
//! here and nowhere else. Nothing of the code that writes archives is used, so that a fault of it
//! does not agree with itself.
//!
//! The backup's mail is read twice, as for a conversion, and the archive once. Memory grows with the
//! number of messages, for their names; bytes stream by, and beyond a million messages their digests
//! lie in a temporary file.

mod archive;
mod collect;
mod digest;
mod directories;
mod expected;
mod folder;
mod ledger;
mod settings;
mod verification;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use plesk_backup::{Subscription, printable};

use self::archive::{Archive, Entry, Flow, Shape};
use self::collect::{Collector, Found};
use self::digest::DigestTable;
use self::expected::Expected;
use self::folder::FolderPair;
use self::ledger::Ledger;
pub use self::ledger::{Change, Class, Group, Item};
use self::settings::Settings;
pub use self::verification::{Counts, FORMAT, Verification};
use crate::account::{Resolved, Run};
use crate::error::Error;
use crate::plan::AccountName;
use crate::progress::Stage;

/// Members of an archive that are looked at until its account is known; it stands among the first.
const MOST_BEFORE_ACCOUNT: u64 = 10_000_000;
/// More than such a record takes.
const RECORD: u64 = 1 << 20;

/// Compares an archive with one of some subscriptions of a backup: the one whose account it is.
///
/// # Errors
/// When either side can't be read, or the archive is of no subscription.
pub(crate) fn verify(
    run: &Run<'_>,
    backup: &str,
    subscriptions: &[(&Subscription, &AccountName)],
    path: &Path,
) -> Result<Verification, Error> {
    let archive = Archive::open(path)?;
    let (subscription, name) = choose(&archive, backup, subscriptions, run)?;
    let result: Mutex<Option<Result<Verification, Error>>> = Mutex::default();
    let look = |resolved: &Resolved<'_>| {
        let verification = compare(run, resolved, &archive, backup);
        let mut result = result.lock().unwrap_or_else(PoisonError::into_inner);
        *result = Some(verification);
        Ok(())
    };
    let with_look = Run { look: Some(&look), ..*run };
    let report = with_look.account(subscription, name)?;
    let result = result.into_inner().unwrap_or_else(PoisonError::into_inner);
    result.unwrap_or_else(|| {
        // It did not come to that.
        let (text, hint) =
            report.error.map_or_else(Default::default, |error| (error.text, error.hint));
        Err(Error::NotVerified { text, hint })
    })
}

/// The subscription whose account the archive is.
fn choose<'s>(
    archive: &Archive,
    backup: &str,
    subscriptions: &[(&'s Subscription, &'s AccountName)],
    run: &Run<'_>,
) -> Result<(&'s Subscription, &'s AccountName), Error> {
    if let [only] = subscriptions {
        // Whatever else the archive is, it is compared with this one.
        return Ok(*only);
    }
    let domains = domains_of(archive, run)?;
    let shown = || Error::NoSuchAccount {
        archive: archive.name(),
        domains: if domains.is_empty() {
            "no domain".to_owned()
        } else {
            crate::mail_findings::some(domains.iter().map(|name| printable(name)))
        },
        backup: backup.to_owned(),
    };
    let matching = |subscription: &Subscription| {
        let names = subscription.domains().map(|domain| domain.ascii_name.as_bytes());
        names.filter(|name| domains.iter().any(|domain| domain == name)).count()
    };
    let most = subscriptions.iter().map(|(subscription, _)| matching(subscription)).max();
    let mut best = subscriptions
        .iter()
        .filter(|(subscription, _)| Some(matching(subscription)) == most.filter(|most| *most > 0));
    match (best.next(), best.next()) {
        (Some(one), None) => Ok(*one),
        _ => Err(shown()),
    }
}

/// The domain of `cp/USER`; of a home, those that have mail.
fn domains_of(archive: &Archive, run: &Run<'_>) -> Result<Vec<Vec<u8>>, Error> {
    let mut domains: Vec<Vec<u8>> = Vec::new();
    let mut members = 0;
    let mut visit = |entry: &mut Entry<'_>| {
        if run.interrupt.is_raised() {
            return Err(std::io::Error::other("interrupted"));
        }
        members += 1;
        if archive.shape == Shape::Home {
            for place in [&b"homedir/mail/"[..], b"homedir/etc/"] {
                let Some(name) = entry.path.strip_prefix(place) else { continue };
                if entry.kind == archive::Kind::Directory
                    && !name.contains(&b'/')
                    && !domains.iter().any(|known| known == name)
                {
                    domains.push(name.to_vec());
                }
            }
            return Ok(Flow::On);
        }
        if entry.path.starts_with(b"cp/") && entry.kind == archive::Kind::File {
            let mut text = Vec::new();
            (&mut entry.data).take(RECORD).read_to_end(&mut text)?;
            let line =
                text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"DNS="));
            domains.extend(line.map(<[u8]>::to_vec));
            return Ok(Flow::Enough);
        }
        Ok(if members < MOST_BEFORE_ACCOUNT { Flow::On } else { Flow::Enough })
    };
    walk(archive, run, &mut visit)?;
    Ok(domains)
}

fn walk(
    archive: &Archive,
    run: &Run<'_>,
    visit: &mut archive::Visit<'_>,
) -> Result<archive::Walked, Error> {
    archive.walk(visit).map_err(
        |error| {
            if run.interrupt.is_raised() { Error::Interrupted } else { error }
        },
    )
}

fn compare(
    run: &Run<'_>,
    resolved: &Resolved<'_>,
    archive: &Archive,
    backup: &str,
) -> Result<Verification, Error> {
    let mut expected = Expected::new(resolved);
    let mut digests = expected.digests(run)?;
    let mut ledger = Ledger::default();
    let domain = &resolved.plan.domain;
    run.progress.stage(domain, Stage::Checking, Some(expected.bytes));
    let mut collector =
        Collector::new(&expected, &digests, archive, &mut ledger, run.progress, run.interrupt);
    let walked = walk(archive, run, &mut |entry| collector.entry(entry))?;
    let found = collector.finish();
    container(archive, &walked, resolved, &mut ledger);
    mail(&expected, &found, archive, &mut ledger);
    extras(&expected, &found, &mut digests, &mut ledger)
        .map_err(|source| Error::Temporary { source })?;
    for path in expected.kept.keys().filter(|path| !found.kept.contains(*path)) {
        ledger.differs(Class::KeptFile, &printable(path), || "the file is missing".to_owned());
    }
    let is_archive = archive.shape != Shape::Home;
    let settings = Settings {
        plan: resolved.plan,
        account: resolved.plan.planned(),
        found: &found,
        is_archive,
    };
    settings::compare(&settings, &mut ledger);
    if is_archive {
        directories::compare(&expected, &settings, &mut ledger);
    }
    Ok(Verification::new(backup, archive, &expected, &found, ledger))
}

/// Name and top directory of the archive, and what is odd about its members.
fn container(
    archive: &Archive,
    walked: &archive::Walked,
    resolved: &Resolved<'_>,
    ledger: &mut Ledger,
) {
    for (member, text) in &walked.odd {
        let shown = if member.is_empty() { archive.name() } else { printable(member) };
        ledger.differs(Class::Archive, &shown, || text.clone());
    }
    for _ in walked.odd.len() as u64..walked.odd_members {
        ledger.differs(Class::Archive, "", String::new);
    }
    if archive.shape == Shape::Home {
        return;
    }
    let name = archive.name();
    let top = walked.top.as_deref().map(printable).unwrap_or_default();
    let wanted = format!("cpmove-{}", resolved.plan.planned().user);
    ledger.equal(Class::Archive, &name, "the top directory", &wanted, &top);
    if archive.shape.is_file() {
        let wanted = format!("{wanted}.{}", archive.shape.name());
        ledger.equal(Class::Archive, &name, "the name that the restore looks for", &wanted, &name);
    }
}

/// Mailboxes, folders and subscriptions.
fn mail(expected: &Expected<'_>, found: &Found, archive: &Archive, ledger: &mut Ledger) {
    let is_archive = archive.shape != Shape::Home;
    for (mailbox, found) in expected.resolved.mailboxes.iter().zip(&found.mailboxes) {
        let address = mailbox.plan.address.as_str();
        ledger.check(Class::Mailbox, address, found.is_there, || {
            "its directory below mail/ is missing".to_owned()
        });
        if found.is_there {
            folder::subscriptions(address, &mailbox.model.subscriptions, found, ledger);
            if mailbox.model.folders.is_empty() {
                folder::unused(address, found, ledger);
            }
        }
    }
    for (meant, at) in expected.folders.iter().zip(&found.folders) {
        let in_use = found.mailboxes[meant.mailbox].in_use;
        folder::compare(&FolderPair::new(meant, at, in_use, is_archive), ledger);
    }
    for path in &found.unknown {
        let is_folder = path.split(|byte| *byte == b'/').count() > 2;
        let in_use = path
            .rsplitn(2, |byte| *byte == b'/')
            .last()
            .and_then(|mailbox| expected.mailboxes.get(mailbox))
            .is_some_and(|mailbox| found.mailboxes[*mailbox].in_use);
        let shown = printable(path);
        match (is_folder, is_archive) {
            (true, _) if in_use => {
                ledger.changed(Change::Folder, &shown, || "the folder is new".to_owned());
            }
            (true, _) => ledger
                .differs(Class::Folder, &shown, || "the folder is none of the backup's".to_owned()),
            (false, false) => {
                ledger.changed(Change::Mailbox, &shown, || "the mailbox is new".to_owned());
            }
            (false, true) => ledger.differs(Class::Mailbox, &shown, || {
                "the mailbox is none of the backup's".to_owned()
            }),
        }
    }
}

/// Messages that the backup does not hold under that name: whether it has their bytes elsewhere.
fn extras(
    expected: &Expected<'_>,
    found: &Found,
    digests: &mut DigestTable,
    ledger: &mut Ledger,
) -> std::io::Result<()> {
    let mut by_folder: BTreeMap<usize, Vec<(&[u8], &collect::Extra)>> = BTreeMap::new();
    for (path, extra) in &found.extras {
        // Of a folder that the backup does not have, the folder itself is said.
        if let Some(folder) = extra.folder {
            by_folder.entry(folder).or_default().push((path, extra));
        }
    }
    for (at, extras) in by_folder {
        let meant = &expected.folders[at];
        if found.mailboxes[meant.mailbox].in_use {
            continue; // said as new messages
        }
        let range = meant.first..meant.first + meant.model.messages.len();
        let same = digests.find(range, extras.iter().filter_map(|(_, extra)| extra.digest))?;
        for (path, extra) in extras {
            let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
            let name = printable(name);
            match extra.digest.and_then(|digest| same.get(&digest)) {
                Some(number) if found.seen[*number] => {
                    let other = &meant.model.messages[number - meant.first].name.base;
                    ledger.differs(Class::Twice, &meant.name, || {
                        format!("`{name}` is the message `{}` once more", printable(other))
                    });
                }
                Some(number) => {
                    let other = &meant.model.messages[number - meant.first].name.base;
                    ledger.differs(Class::Extra, &meant.name, || {
                        format!("`{name}` is the message `{}` under another name", printable(other))
                    });
                }
                None => ledger.differs(Class::Extra, &meant.name, || {
                    format!("`{name}` is none of the backup's messages")
                }),
            }
        }
    }
    Ok(())
}
