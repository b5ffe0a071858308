//! `sync`.

use std::path::PathBuf;

use clap::Args;
use plesk_backup::Stamp;

use super::{Read, default_jobs, parse_jobs, parse_stamp};
use crate::error::Error;
use crate::job::Job;
use crate::options::ReadOptions;
use crate::progress::{Interrupt, Progress};
use crate::sync::{Since, SyncOptions};

/// `sync`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
plesk2cpanel sync backup_2401181030.tar --since restore/report.json --output late\n  \
plesk2cpanel sync backup_2401181030.tar --since backup_2401151030.tar --output late --old-server dovecot:%08Xu%08Xv\n  \
plesk2cpanel sync backup_2401181030.tar --since restore/report.json --merge-into /home/exampleuser\n\n\
Give the options that the conversion had: names come out the same then. The conversion should have been made with \
--reserve-uids 1000000; docs/sync.md says what happens without.\n\n\
Exit status:\n  0  all staged or merged\n  1  failed\n  2  wrong usage\n  3  done, and something needs a person")]
pub struct Sync {
    #[command(flatten)]
    read: Read,
    /// The first conversion: its report.json, the directory with it, or the backup that it read
    ///
    /// The backup tells more: flags as they were, and each message by name. May be given more than once,
    /// for a backup in several files.
    #[arg(long, value_name = "OLD", required = true)]
    pub since: Vec<PathBuf>,
    /// The dump that the first conversion read, where OLD is a backup with several
    #[arg(long, value_name = "STAMP", value_parser = parse_stamp)]
    pub since_dump: Option<Stamp>,
    /// The --reserve-uids of the first conversion, where OLD is a backup; a report says it
    #[arg(long, value_name = "N")]
    pub reserve_uids: Option<u32>,
    /// Directory for the staged mailboxes, the script that merges them, and the report; it must not exist
    #[arg(long, value_name = "DIR", required_unless_present = "merge_into")]
    pub output: Option<PathBuf>,
    /// Merge into the files of this home, its mail directory, while its mailboxes are not served
    ///
    /// Nobody may use a mailbox meanwhile, and no mail may arrive: stop Dovecot and the delivery, or
    /// suspend the account. A run that was ended in the middle is repeated as it is.
    #[arg(long, value_name = "HOME", conflicts_with = "output")]
    pub merge_into: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// Threads to work with, by default one for each processor
    #[arg(long, value_name = "N", default_value_t = default_jobs(), hide_default_value = true, value_parser = parse_jobs)]
    pub jobs: usize,
}

impl Sync {
    /// The backup to read.
    pub fn backup(&self) -> &[PathBuf] {
        &self.read.backup
    }

    /// What to read and how.
    ///
    /// # Errors
    /// When a file that an option names can't be read.
    pub fn read_options(&self) -> Result<ReadOptions, Error> {
        self.read.options()
    }

    /// Where to write.
    pub fn sync_options(&self) -> SyncOptions {
        SyncOptions {
            output: self.output.clone(),
            merge_into: self.merge_into.clone(),
            jobs: self.jobs,
        }
    }

    /// The first conversion.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn since(&self, progress: &dyn Progress, interrupt: &Interrupt) -> Result<Since, Error> {
        if let [only] = self.since.as_slice()
            && let Some(since) = Since::report(only)?
        {
            return Ok(since);
        }
        // A listing from the living server is of another day.
        let options =
            ReadOptions { dump: self.since_dump.clone(), uidl_truth: None, ..self.read_options()? };
        let job = Job::open_all(&self.since, options, progress, interrupt)?;
        Ok(Since::Backup { job: Box::new(job), reserved: self.reserve_uids })
    }
}
