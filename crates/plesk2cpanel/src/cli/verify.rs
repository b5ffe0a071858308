//! `verify`.

use std::path::PathBuf;

use clap::Args;

use super::{Read, default_jobs, parse_jobs};
use crate::error::Error;
use crate::options::ReadOptions;

/// `verify`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
plesk2cpanel verify backup_2401151030.tar cpmove-exampleuser.tar.gz --old-server dovecot:%08Xu%08Xv\n  \
plesk2cpanel verify backup_2401151030.tar /home/exampleuser --secret-key secret_key\n\n\
Give the options that the conversion had: they are part of what should be there.\n\n\
Exit status:\n  0  nothing differs\n  1  something differs, or one side can't be read\n  2  wrong usage")]
pub struct Verify {
    #[command(flatten)]
    read: Read,
    /// cpmove-USER.tar.gz or .tar, the directory unpacked from it, or the account's home
    ///
    /// Of a home that is in use, flags, keywords, new mail, new folders, subscriptions and what a
    /// client deleted may differ from the backup; what names a message to clients may not.
    #[arg(value_name = "ARCHIVE")]
    pub archive: PathBuf,
    /// Print what was found as JSON
    #[arg(long)]
    pub json: bool,
    /// Threads to read the backup with, by default one for each processor
    #[arg(long, value_name = "N", default_value_t = default_jobs(), hide_default_value = true, value_parser = parse_jobs)]
    pub jobs: usize,
}

impl Verify {
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
}
