//! A mailbox that was moved by a plain copy gets its old names back.
//!
//! The backup says what the old server called each message, the home which messages there are now
//! and what the new server calls them. Messages are paired, and the `P` fields of the old UIDLs go
//! into the lists that are there. UIDs and UIDVALIDITY stay: IMAP clients have learned them.

mod digest;
mod inbox;
mod line;
mod log;
mod mailbox;
mod matching;
mod pair;
mod report;
pub mod text;
mod visits;
mod when;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mail_model::uidl::UidlFormat;

pub use self::log::Pop3Log;
pub use self::report::{
    FailedSubscription, Fates, FolderRescue, MailboxRescue, Matched, RescueReport, Seen, State,
    Visited,
};
pub use self::when::typed as parse_time;

use self::mailbox::MailboxWork;
use self::visits::Since;
use crate::account::{Resolved, Run};
use crate::error::Error;
use crate::finding::{ARCHIVE_DAMAGED, BACKUP_DAMAGED, CHAIN_GAP, CONTENT_MISSING, Finding};
use crate::home::Home;
use crate::job::{Job, thread_pool};
use crate::progress::{Interrupt, Progress};
use crate::report::AccountReport;

/// What the backup lacks: messages that it should have are counted as not in it. Single ones stand
/// with their mailbox.
const LACKING: [&str; 4] =
    [ARCHIVE_DAMAGED.code, BACKUP_DAMAGED.code, CHAIN_GAP.code, CONTENT_MISSING.code];

/// How to rescue.
#[derive(Clone, Debug)]
pub struct RescueOptions {
    /// Homes, their `mail` directories, or archives of accounts.
    pub homes: Vec<PathBuf>,
    /// Write; else only say what would be written.
    pub write: bool,
    /// When clients could first reach the new server, in seconds since 1970.
    pub since: Option<i64>,
    /// The new server's logs.
    pub log: Option<Pop3Log>,
    /// Files without a trace count as nobody having been there.
    pub trusts_files: bool,
    /// The time of the run, in seconds since 1970: logs must reach until then, more or less.
    pub now: i64,
    /// `pop3_uidl_format` of the new server.
    pub new_format: UidlFormat,
    /// How long to wait for Dovecot's lock of a list.
    pub lock_wait: Duration,
    /// Threads to read the backup with.
    pub jobs: usize,
}

impl Job {
    /// Gives the messages of mailboxes that were moved by a plain copy their old names back, or says
    /// what would be done.
    ///
    /// # Errors
    /// When a home can't be read, an archive is to be written, or the run is interrupted. What goes
    /// wrong with a mailbox stands in the report.
    pub fn rescue(
        &self,
        options: &RescueOptions,
        progress: &dyn Progress,
        interrupt: &Interrupt,
    ) -> Result<RescueReport, Error> {
        if options.write && options.since.is_none() && options.log.is_none() {
            return Err(Error::RescueBlind);
        }
        let mut homes = Vec::new();
        for path in &options.homes {
            let home = Home::open(path, interrupt)?;
            if options.write && !home.is_writable() {
                return Err(Error::HomeIsArchive { path: path.clone() });
            }
            homes.push(home);
        }
        let mut domains = Vec::new();
        for home in &homes {
            domains.extend(home.domains()?);
        }
        let pool = thread_pool(options.jobs)?;
        let run = self.run(false, &pool, progress, interrupt, None);
        let found: Mutex<(Vec<MailboxRescue>, Vec<String>)> = Mutex::default();
        let look = |resolved: &Resolved<'_>| {
            for mailbox in resolved.mailboxes {
                let mut is_somewhere = false;
                for home in &homes {
                    let work = MailboxWork {
                        run: &run,
                        resolved,
                        mailbox,
                        home,
                        options,
                        since: Since {
                            time: options.since,
                            log: options.log.as_ref(),
                            backup: resolved.plan.stamp(),
                            now: options.now,
                            trusts_files: options.trusts_files,
                        },
                    };
                    if let Some(rescued) = work.rescue()? {
                        is_somewhere = true;
                        found.lock().unwrap_or_else(PoisonError::into_inner).0.push(rescued);
                    }
                }
                // Another domain of the account is there, so that this one should be, too.
                if !is_somewhere {
                    let address = mailbox.plan.address.clone();
                    found.lock().unwrap_or_else(PoisonError::into_inner).1.push(address);
                }
            }
            Ok(())
        };
        let with_look = Run { look: Some(&look), ..run };
        let mut failed = Vec::new();
        let mut accounts = Vec::new();
        for index in &self.selected {
            let subscription = &self.description.subscriptions[*index];
            // A backup of a whole server need not be read for one account.
            let is_there = subscription
                .domains()
                .any(|domain| domains.iter().any(|there| there == domain.ascii_name.as_bytes()));
            if !is_there {
                continue;
            }
            let report = with_look.account(subscription, &self.names[*index])?;
            if let Some(error) = &report.error {
                let (domain, text) = (report.domain.clone(), error.text.clone());
                failed.push(FailedSubscription { domain, text });
            }
            accounts.push(report);
        }
        let (mailboxes, not_found) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        if mailboxes.is_empty() && failed.is_empty() {
            return Err(Error::NothingToRescue { backup: self.name.clone() });
        }
        Ok(RescueReport::new(
            self.name.clone(),
            homes.iter().map(|home| home.name().to_owned()).collect(),
            options.write,
            mailboxes,
            not_found,
            failed,
            self.lacking(accounts),
        ))
    }

    /// What is damaged or missing in the backup, as far as these accounts go.
    fn lacking(&self, accounts: Vec<AccountReport>) -> Vec<Finding> {
        let report = self.report(accounts);
        let of_accounts = report.accounts.into_iter().flat_map(|account| account.findings);
        let all = report.findings.into_iter().chain(of_accounts);
        all.filter(|finding| LACKING.contains(&&*finding.code)).collect()
    }
}
