//! What the first conversion wrote, from its report or from the backup that it read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use mail_model::folder::FolderName;
use mail_model::identity::merge::{Before, Had};

use super::names::KnownFolders;
use super::sides::of_backup;
use crate::account::{Resolved, Run};
use crate::error::Error;
use crate::finding::{ARCHIVE_DAMAGED, CHAIN_GAP, CONTENT_MISSING};
use crate::job::{Job, REPORT, thread_pool};
use crate::progress::{Interrupt, Progress};
use crate::report::{AccountReport, LeftOut, MailboxReport, Outcome, Report, Sureness};

/// The first conversion.
pub enum Since {
    /// Its report.
    Report {
        /// The report.
        report: Box<Report>,
        /// Its path.
        path: PathBuf,
    },
    /// The backup that it read.
    Backup {
        /// The backup.
        job: Box<Job>,
        /// What was given to convert as `--reserve-uids`, where that is known.
        reserved: Option<u32>,
    },
}

/// A mailbox as it was converted.
pub(super) struct BeforeMailbox {
    /// Its folders. The reserve is 0 where nobody said how large it was.
    pub(super) folders: KnownFolders,
    /// Subscribed folders, where they are known.
    pub(super) subscriptions: Option<Vec<FolderName>>,
}

/// All mailboxes of the first conversion, by their old addresses.
pub(super) struct BeforeAll {
    pub(super) mailboxes: BTreeMap<String, BeforeMailbox>,
    /// How many UIDs were left free, where that is known.
    pub(super) reserved: Option<u32>,
}

impl Since {
    /// Whether a path is a report, or a directory that `convert` wrote one into.
    ///
    /// # Errors
    /// When it looks like a report and can't be read as one.
    pub fn report(path: &Path) -> Result<Option<Since>, Error> {
        let inner = path.join(REPORT);
        let file = if path.is_dir() && inner.is_file() { inner } else { path.to_owned() };
        if !file.is_file() {
            return Ok(None);
        }
        let failed = |source| Error::ReportFile { path: file.clone(), source };
        let mut head = [0; 64];
        let mut open = std::fs::File::open(&file).map_err(failed)?;
        let read = std::io::Read::read(&mut open, &mut head).map_err(failed)?;
        if head[..read].trim_ascii_start().first() != Some(&b'{') {
            return Ok(None);
        }
        let bytes = std::fs::read(&file).map_err(failed)?;
        let report = Report::from_json(&bytes)
            .map_err(|source| Error::Report { path: file.clone(), source })?;
        Ok(Some(Since::Report { report: Box::new(report), path: file }))
    }

    /// What a report of the synchronisation calls it.
    pub(super) fn name(&self) -> String {
        match self {
            Since::Report { report, path } => {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
                format!("{} of {}", name.unwrap_or_default(), report.backup.name)
            }
            Since::Backup { job, .. } => job.name.clone(),
        }
    }

    pub(super) fn read(
        &self,
        jobs: usize,
        progress: &dyn Progress,
        interrupt: &Interrupt,
    ) -> Result<BeforeAll, Error> {
        match self {
            Since::Report { report, .. } => Ok(of_report(report)),
            Since::Backup { job, reserved } => {
                let mailboxes = of_job(job, reserved.unwrap_or(0), jobs, progress, interrupt)?;
                Ok(BeforeAll { mailboxes, reserved: *reserved })
            }
        }
    }
}

fn of_report(report: &Report) -> BeforeAll {
    let converted = report.accounts.iter().filter(|it| it.outcome == Outcome::Converted);
    let reserved = report.reserved_uids;
    let mailboxes = converted.flat_map(|account| {
        let whole = is_whole(report, account);
        account.mailboxes.iter().map(move |mailbox| {
            let folders = KnownFolders::Shown(folders(mailbox, whole, reserved.unwrap_or(0)));
            let before = BeforeMailbox { folders, subscriptions: None };
            (mailbox.address.to_lowercase(), before)
        })
    });
    BeforeAll { mailboxes: mailboxes.collect(), reserved }
}

/// Whether all messages that the old server had then were converted.
fn is_whole(report: &Report, account: &AccountReport) -> bool {
    let lacking = [CONTENT_MISSING.code, ARCHIVE_DAMAGED.code, CHAIN_GAP.code];
    let damaged = crate::finding::BACKUP_DAMAGED.code;
    !account.findings.iter().any(|finding| lacking.contains(&&*finding.code))
        && !report.findings.iter().any(|finding| finding.code == damaged)
}

fn folders(mailbox: &MailboxReport, whole: bool, reserved: u32) -> Vec<(String, Before)> {
    let lacks = |why: &LeftOut| matches!(why, LeftOut::Cut | LeftOut::LinkDangling);
    let whole = whole && !mailbox.left_out.keys().any(lacks);
    let folders = mailbox.folders.iter().map(|folder| {
        let count = |sureness| folder.uid_certainty.get(&sureness).copied().unwrap_or(0);
        let unsure = count(Sureness::Predicted) + count(Sureness::Lost);
        let sure = whole && folder.uidvalidity_certainty == Sureness::Exact;
        let below = u32::try_from(unsure).ok().and_then(|it| folder.uid_next.checked_sub(it));
        // A report that does not say what its backup lacked says nothing of any message.
        let complete_below = folder.complete_below.unwrap_or(0);
        let before = Before {
            uidvalidity: folder.uidvalidity,
            next_uid: folder.uid_next,
            reserved,
            had: Had::Below(if sure { below.unwrap_or(0).min(complete_below) } else { 0 }),
        };
        (folder.name.clone(), before)
    });
    folders.collect()
}

fn of_job(
    job: &Job,
    reserved: u32,
    jobs: usize,
    progress: &dyn Progress,
    interrupt: &Interrupt,
) -> Result<BTreeMap<String, BeforeMailbox>, Error> {
    let found: Mutex<BTreeMap<String, BeforeMailbox>> = Mutex::default();
    let look = |resolved: &Resolved<'_>| {
        for mailbox in resolved.mailboxes {
            let folders = mailbox.model.folders.iter().map(|folder| {
                let side = of_backup(folder, mailbox.scanned);
                let before = Before {
                    uidvalidity: side.uidvalidity,
                    next_uid: side.next_uid,
                    reserved,
                    had: Had::Messages(side.messages),
                };
                (folder.name.to_dir(), before)
            });
            let before = BeforeMailbox {
                folders: KnownFolders::Named(folders.collect()),
                subscriptions: Some(mailbox.model.subscriptions.clone()),
            };
            let mut all = found.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert(mailbox.plan.address.to_lowercase(), before);
        }
        Ok(())
    };
    let pool = thread_pool(jobs)?;
    let run = Run { look: Some(&look), ..job.run(false, &pool, progress, interrupt, None) };
    for account in job.each(jobs, &run)? {
        if let Some(error) = account.error {
            return Err(Error::NotVerified { text: error.text, hint: error.hint });
        }
    }
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}
