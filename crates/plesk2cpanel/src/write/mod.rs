//! An account into its archive: its files, each mailbox's lists, then the messages.

mod stream;

use std::collections::{HashMap, HashSet};

use cpmove::{
    Account, ArchiveWriter, Compressor, FinishedArchive, Member, MemberKind, account_members,
    maildir_path,
};
use mail_model::dovecot::Keywords;
use mail_model::identity::{EmitOptions, emit};
use plesk_backup::Backup;

use crate::error::Error;
use crate::finding::{Finding, SETTING_ADAPTED};
use crate::mail_findings::describe;
use crate::mailbox::ResolvedMailbox;
use crate::options::WriteOptions;
use crate::plan::AccountPlan;
use crate::progress::{Interrupt, Progress};
use crate::scan::ScannedDomain;

use self::stream::{Stream, Streamed};

/// Modes as cPanel's own permission fixer sets them below `mail/`.
const DIRECTORY: u32 = 0o751;
const FILE: u32 = 0o640;
/// Modes of what only the account reads.
const PRIVATE: u32 = 0o700;
const PRIVATE_FILE: u32 = 0o600;

/// Directory of the home that takes what lay beside the mail in Plesk: `from-plesk/DOMAIN/LOCAL/…`.
pub(crate) const BESIDE: &str = "from-plesk";
/// What SpamAssassin learned, below a mailbox's directory in Plesk and the home in cPanel.
pub(crate) const BAYES: &[u8] = b".spamassassin/bayes_";

/// Everything that one account is written from.
pub(crate) struct Sources<'a> {
    /// The backup.
    pub backup: &'a Backup,
    /// The plan.
    pub plan: &'a AccountPlan,
    /// The account with its credentials.
    pub account: &'a Account,
    /// Content archives by the index of the domain.
    pub scanned: &'a [ScannedDomain],
    /// Mailboxes, in the order of the plan.
    pub mailboxes: &'a [ResolvedMailbox<'a>],
    /// Address of the mailbox whose Bayes data becomes the account's.
    pub bayes: Option<&'a str>,
}

/// What a message's bytes sum up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// To be compared with what is read back from the same disk.
    pub crc: u32,
    /// To be compared with other conversions.
    pub sha256: [u8; 32],
}

/// A written archive, and the sums of each message as it went in.
pub(crate) struct Written {
    /// Not yet under its final name.
    pub archive: FinishedArchive,
    /// By mailbox, folder and message.
    pub sums: Vec<Vec<Vec<Sums>>>,
    /// Files beside the mail, by their path.
    pub kept: HashMap<Vec<u8>, KeptFile>,
    /// What writing the lists brought up.
    pub findings: Vec<Finding>,
}

/// A file beside the mail, as it went in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeptFile {
    /// Bytes.
    pub size: u64,
    /// Checksum of them.
    pub crc: u32,
}

/// Writes the archive of an account under a temporary name.
///
/// # Errors
/// When reading or writing fails, or the run is interrupted; nothing is left behind then.
pub(crate) fn write_account(
    sources: &Sources<'_>,
    options: &WriteOptions,
    compressor: &Compressor,
    progress: &dyn Progress,
    interrupt: &Interrupt,
) -> Result<Written, Error> {
    let account = sources.account;
    let mut writer = ArchiveWriter::create(
        &options.output,
        &account.user,
        options.form,
        compressor,
        options.force,
        account.stamp,
    )?;
    let members = account_members(account).map_err(|error| Error::Account {
        domain: sources.plan.domain.clone(),
        text: error.to_string(),
    })?;
    for member in &members {
        writer.member(member)?;
    }
    let mut findings = Vec::new();
    write_extras(&mut writer, sources, &mut findings)?;
    for mailbox in sources.mailboxes {
        write_lists(&mut writer, sources, mailbox, options, &mut findings)?;
    }
    make_places_beside(&mut writer, sources)?;
    let mut stream = Stream::new(&mut writer, sources, progress, interrupt);
    for domain in 0..sources.scanned.len() {
        stream.domain(domain)?;
    }
    let Streamed { sums, kept } = stream.finish();
    Ok(Written { archive: writer.finish()?, sums, kept, findings })
}

/// Path of a folder of a mailbox in the archive.
pub(crate) fn folder_path(
    plan: &AccountPlan,
    mailbox: &ResolvedMailbox<'_>,
    folder: &mail_model::identity::Folder,
) -> Vec<u8> {
    let mut path =
        maildir_path(&plan.domains[mailbox.plan.domain].name, &mailbox.plan.local).into_bytes();
    let dir = folder.name.to_dir();
    if !dir.is_empty() {
        path.push(b'/');
        path.extend(dir);
    }
    path
}

/// The files that the plan makes. One whose name is taken, by another or by a file of the mailbox's
/// own, gets a number: nothing is written over.
fn write_extras(
    writer: &mut ArchiveWriter,
    sources: &Sources<'_>,
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    let mut taken: HashSet<Vec<u8>> = HashSet::new();
    for mailbox in sources.mailboxes {
        taken.extend(mailbox.kept().map(|(_, file)| kept_path(sources, mailbox, &file.path)));
    }
    for (domain, scanned) in sources.scanned.iter().enumerate() {
        let files = scanned.of_domain.iter();
        taken.extend(files.map(|file| domain_path(sources.plan, domain, &file.path)));
    }
    for extra in &sources.plan.extras {
        let mut path = extra.path.clone();
        for number in 2.. {
            if taken.insert(path.clone().into_bytes()) {
                break;
            }
            path = format!("{}.{number}", extra.path);
        }
        if path != extra.path {
            findings.push(SETTING_ADAPTED.with_remedy(
                &extra.path,
                format!("the name is taken already; the file becomes `{path}`"),
                "nothing to do: look for the file under that name",
            ));
        }
        make_directories(writer, path.as_bytes())?;
        writer.member(&Member {
            path: path.into_bytes(),
            mode: PRIVATE_FILE,
            kind: MemberKind::File(extra.bytes.clone()),
        })?;
    }
    Ok(())
}

/// A mailbox's directories, lists, keywords and subscriptions.
fn write_lists(
    writer: &mut ArchiveWriter,
    sources: &Sources<'_>,
    mailbox: &ResolvedMailbox<'_>,
    options: &WriteOptions,
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    let file = |path: &[u8], name: &str, bytes: Vec<u8>| Member {
        path: [path, b"/", name.as_bytes()].concat(),
        mode: FILE,
        kind: MemberKind::File(bytes),
    };
    let domain = &sources.plan.domains[mailbox.plan.domain].name;
    let inbox = maildir_path(domain, &mailbox.plan.local);
    // A mailbox that was never used is a maildir too.
    writer.directory(format!("homedir/mail/{domain}").as_bytes(), DIRECTORY)?;
    maildir(writer, inbox.as_bytes())?;
    for folder in &mailbox.model.folders {
        let path = folder_path(sources.plan, mailbox, folder);
        if !folder.name.is_inbox() {
            maildir(writer, &path)?;
            writer.member(&file(&path, "maildirfolder", Vec::new()))?;
        }
        let files = emit(folder, &EmitOptions { reserve_uids: options.reserve_uids });
        writer.member(&file(&path, "dovecot-uidlist", files.uidlist.to_bytes()))?;
        if let Some(keywords) = &files.keywords {
            writer.member(&file(&path, "dovecot-keywords", Keywords::to_bytes(keywords)))?;
        }
        findings
            .extend(files.findings.iter().map(|finding| describe(&mailbox.plan.address, finding)));
    }
    let subscriptions = &mailbox.model.subscriptions;
    if !subscriptions.is_empty() {
        let mut bytes = Vec::new();
        for name in subscriptions {
            bytes.extend(name.to_subscription());
            bytes.push(b'\n');
        }
        writer.member(&file(inbox.as_bytes(), "subscriptions", bytes))?;
    }
    Ok(())
}

/// Path of a file beside the mail. cPanel has one set of Bayes data for the account: that of the
/// mailbox which learned most goes where it is read.
pub(crate) fn kept_path(
    sources: &Sources<'_>,
    mailbox: &ResolvedMailbox<'_>,
    file: &[u8],
) -> Vec<u8> {
    if let Some(name) = file.strip_prefix(BAYES)
        && sources.bayes == Some(mailbox.plan.address.as_str())
        && !name.contains(&b'/')
    {
        return [b"homedir/", BAYES, name].concat();
    }
    let domain = &sources.plan.domains[mailbox.plan.domain].name;
    let mut path =
        format!("homedir/{BESIDE}/{domain}/{}/", mailbox.plan.local.as_str()).into_bytes();
    path.extend(file);
    path
}

/// Path of a file of the domain; `domain` is the index among the backup's domains.
pub(crate) fn domain_path(plan: &AccountPlan, domain: usize, file: &[u8]) -> Vec<u8> {
    let name = plan
        .domains
        .iter()
        .find(|plan| plan.source == Some(domain))
        .map_or("domain", |plan| plan.name.as_str());
    [format!("homedir/{BESIDE}/{name}/").as_bytes(), file].concat()
}

/// The directories of the files beside the mail.
fn make_places_beside(writer: &mut ArchiveWriter, sources: &Sources<'_>) -> Result<(), Error> {
    for mailbox in sources.mailboxes {
        for (_, file) in mailbox.kept() {
            make_directories(writer, &kept_path(sources, mailbox, &file.path))?;
        }
    }
    for (domain, scanned) in sources.scanned.iter().enumerate() {
        for file in &scanned.of_domain {
            make_directories(writer, &domain_path(sources.plan, domain, &file.path))?;
        }
    }
    Ok(())
}

/// The directories above a file in the home.
fn make_directories(writer: &mut ArchiveWriter, path: &[u8]) -> Result<(), Error> {
    let top = "homedir/".len();
    for (end, _) in path.iter().enumerate().skip(top).filter(|(_, byte)| **byte == b'/') {
        writer.directory(&path[..end], PRIVATE)?;
    }
    Ok(())
}

fn maildir(writer: &mut ArchiveWriter, path: &[u8]) -> Result<(), Error> {
    writer.directory(path, DIRECTORY)?;
    for inner in ["cur", "new", "tmp"] {
        writer.directory(&[path, b"/", inner.as_bytes()].concat(), DIRECTORY)?;
    }
    Ok(())
}
