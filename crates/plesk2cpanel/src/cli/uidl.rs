//! `uidl`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use mail_model::identity::OldServer;
use plesk_backup::Spool;

use super::{default_jobs, parse_jobs, parse_old_server, parse_size};
use crate::options::ReadOptions;

/// `uidl`.
#[derive(Debug, Args)]
#[command(
    override_usage = "plesk2cpanel uidl [OPTIONS] <BACKUP>... <ADDRESS>\n       \
plesk2cpanel uidl --how [<BACKUP>... <ADDRESS>]",
    after_help = "Examples:\n  \
plesk2cpanel uidl backup_2401151030.tar anna@example.com\n  \
plesk2cpanel uidl --how backup_2401151030.tar anna@example.com\n  \
plesk2cpanel uidl backup_2401151030.tar anna@example.com --compare anna@example.com.txt\n\n\
Exit status:\n  0  listed; with --compare: all equal\n  1  failed\n  2  wrong usage\n  \
3  messages may be missing; with --compare: something differs"
)]
pub struct Uidl {
    /// The backup, as for inspect, and behind it the mailbox: its address, or an alias of it
    #[arg(value_names = ["BACKUP", "ADDRESS"], num_args = 2.., required_unless_present = "how")]
    operands: Vec<OsString>,
    /// Hold the mailbox against a listing that was taken from the living old server; - reads it from standard input
    ///
    /// What a POP3 session answers to UIDL, and better to LIST, too: as its own program prints it, as
    /// curl, telnet or openssl show it; or the output of doveadm fetch with pop3.uidl. --how prints
    /// the commands. The verdict says which server and format the listing shows, and the value of
    /// --old-server that says so.
    #[arg(long, value_name = "FILE")]
    pub compare: Option<PathBuf>,
    /// Print the commands that take such a listing, ready to paste; for a mailbox of a backup, those
    /// for its server
    #[arg(long, conflicts_with_all = ["compare", "json"])]
    pub how: bool,
    /// The old mail server, where its files leave that open: auto, courier, or dovecot:FORMAT
    #[arg(long, value_name = "SERVER", default_value = "auto", value_parser = parse_old_server)]
    pub old_server: OldServer,
    /// The old Dovecot had pop3_reuse_xuidl = yes: X-UIDL headers name the messages
    #[arg(long)]
    pub reuse_x_uidl: bool,
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

impl Uidl {
    /// The files of the backup, and the address; none when only commands are asked for.
    pub fn mailbox(&self) -> Option<(Vec<PathBuf>, String)> {
        let (address, backup) = self.operands.split_last()?;
        let backup = backup.iter().map(PathBuf::from).collect();
        Some((backup, address.to_string_lossy().into_owned()))
    }

    /// How to read.
    pub fn read_options(&self) -> ReadOptions {
        ReadOptions {
            old_server: self.old_server.clone(),
            reuse_x_uidl: self.reuse_x_uidl,
            spool: Spool { directory: self.spool.clone(), limit: self.spool_limit },
            ..ReadOptions::default()
        }
    }
}
