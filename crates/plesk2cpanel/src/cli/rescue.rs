//! `rescue`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use mail_model::identity::OldServer;
use mail_model::uidl::UidlFormat;
use plesk_backup::{Spool, Stamp};

use super::{default_jobs, parse_jobs, parse_old_server, parse_size, parse_stamp};
use crate::error::Error;
use crate::options::ReadOptions;
use crate::rescue::{Pop3Log, RescueOptions, parse_time};
use crate::uidl::Truth;

/// `rescue`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
plesk2cpanel rescue backup_2401151030.tar /home/exampleuser --since '2024-01-16 22:00'\n  \
plesk2cpanel rescue backup_2401151030.tar /home/exampleuser --since '2024-01-16 22:00' \\\n      \
--pop3-log /var/log/maillog --pop3-log /var/log/maillog-20240121 --write\n\n\
Without --write nothing is changed. With it the old list is kept beside each new one, as \
dovecot-uidlist.before-rescue. To go back, rename it, but only before any mail arrived: after that \
docs/rescue.md says what to do. The server may run meanwhile. A second run finds nothing left to do.\n\n\
Exit status:\n  0  all well; without --write: it would be\n  1  failed, or a mailbox did\n  2  wrong usage\n  \
3  something needs a person: a mailbox is no maildir, is not in the home, or the text asks for more")]
#[allow(clippy::struct_excessive_bools, reason = "each is an option")]
pub struct RescueArguments {
    /// The backup of the old server, as for inspect
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,
    /// Where the mail stands on the cPanel server now: the account's home, its `mail` directory, a
    /// copy of either, or an archive of the account (which can't be written)
    #[arg(value_name = "HOME", required = true, num_args = 1..)]
    homes: Vec<PathBuf>,
    /// Another file of the same backup, such as an increment elsewhere; may be given more than once
    #[arg(long, value_name = "BACKUP")]
    also: Vec<PathBuf>,
    /// Write the lists; needs --since or --pop3-log, and gives little back without both
    #[arg(long)]
    pub write: bool,
    /// When clients could first reach the new server: `2024-01-16 22:00` (local), with a zone, or @SECONDS
    ///
    /// What a client loaded since then under its new name keeps that. Without a log only a mailbox
    /// that nobody can have been served from counts as one where nobody was: a POP3 session need
    /// not leave a trace in its files.
    #[arg(long, value_name = "TIME", value_parser = parse_since)]
    pub since: Option<i64>,
    /// Dovecot's log of the new server, also gzipped; may be given more than once
    ///
    /// Its lines of POP3 logins and of their ends say who was there and loaded something. Give all
    /// files from --since until now: then a mailbox without such a line is rescued whatever else
    /// changed in it.
    #[arg(long = "pop3-log", value_name = "FILE")]
    pub logs: Vec<PathBuf>,
    /// Where no log tells, take a mailbox whose files did not change since --since for one where
    /// nobody was; a client that was there all the same loads its mail a third time
    #[arg(long)]
    pub trust_files: bool,
    /// pop3_uidl_format of the new server, where it is not cPanel's
    #[arg(long, value_name = "FORMAT", default_value = "UID%u-%v", value_parser = parse_format)]
    pub new_format: UidlFormat,
    /// Seconds to wait for a list that the server holds locked
    #[arg(long, value_name = "SECONDS", default_value_t = crate::home::PATIENCE.as_secs())]
    pub lock_wait: u64,
    /// Take only the subscription that has this domain; may be given more than once
    #[arg(long, value_name = "DOMAIN")]
    pub only: Vec<String>,
    /// Read the dump of this time (YYMMDDhhmm) and no other
    #[arg(long, value_name = "STAMP", value_parser = parse_stamp)]
    pub dump: Option<Stamp>,
    /// The old mail server, where its files leave that open: auto, courier, or dovecot:FORMAT
    #[arg(long, value_name = "SERVER", default_value = "auto", value_parser = parse_old_server)]
    pub old_server: OldServer,
    /// The old Dovecot had pop3_reuse_xuidl = yes: X-UIDL headers name the messages
    #[arg(long)]
    pub reuse_x_uidl: bool,
    /// Listings of UIDLs from the old server, one file for each mailbox: they count before all rules
    #[arg(long, value_name = "DIR")]
    pub uidl_truth: Option<PathBuf>,
    /// Directory in which a compressed backup is unpacked into a nameless file; by default the system's temporary one
    #[arg(long, value_name = "DIR")]
    pub spool: Option<PathBuf>,
    /// Largest size of that file, such as 50G, in powers of 1024; by default what the disk has
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub spool_limit: Option<u64>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Threads to read with, by default one for each processor
    #[arg(long, value_name = "N", default_value_t = default_jobs(), hide_default_value = true, value_parser = parse_jobs)]
    pub jobs: usize,
}

impl RescueArguments {
    /// The files of the backup.
    pub fn backup(&self) -> Vec<PathBuf> {
        std::iter::once(&self.backup).chain(&self.also).cloned().collect()
    }

    /// How to read the backup.
    ///
    /// # Errors
    /// When a file that an option names can't be read.
    pub fn read_options(&self) -> Result<ReadOptions, Error> {
        Ok(ReadOptions {
            only: self.only.clone(),
            dump: self.dump.clone(),
            old_server: self.old_server.clone(),
            reuse_x_uidl: self.reuse_x_uidl,
            uidl_truth: self.uidl_truth.as_deref().map(Truth::read).transpose()?,
            spool: Spool { directory: self.spool.clone(), limit: self.spool_limit },
            ..ReadOptions::default()
        })
    }

    /// What to do.
    ///
    /// # Errors
    /// When a log can't be read.
    pub fn rescue_options(&self) -> Result<RescueOptions, Error> {
        // Before the logs are read, since that may take long.
        let now = jiff::Timestamp::now().as_second();
        let log = match self.logs.as_slice() {
            [] => None,
            logs => Some(Pop3Log::read(logs.iter().map(PathBuf::as_path))?),
        };
        Ok(RescueOptions {
            homes: self.homes.clone(),
            write: self.write,
            since: self.since,
            log,
            trusts_files: self.trust_files,
            now,
            new_format: self.new_format.clone(),
            lock_wait: Duration::from_secs(self.lock_wait),
            jobs: self.jobs,
        })
    }
}

fn parse_since(text: &str) -> Result<i64, String> {
    let time = parse_time(text)?;
    if time > jiff::Timestamp::now().as_second() {
        return Err(
            "this time is yet to come: say when clients could first reach the server".to_owned()
        );
    }
    Ok(time)
}

fn parse_format(text: &str) -> Result<UidlFormat, String> {
    UidlFormat::parse(text).map_err(|error| error.to_string())
}
