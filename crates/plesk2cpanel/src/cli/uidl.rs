//! `uidl`.

use std::path::PathBuf;

use clap::Args;
use mail_model::identity::OldServer;

use super::{default_jobs, parse_jobs, parse_old_server};
use crate::options::ReadOptions;

/// `uidl`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
plesk2cpanel uidl backup_2401151030.tar anna@example.com\n  \
plesk2cpanel uidl --how backup_2401151030.tar anna@example.com\n  \
plesk2cpanel uidl backup_2401151030.tar anna@example.com --compare anna@example.com.txt\n\n\
Exit status:\n  0  listed; with --compare: all equal\n  1  failed\n  2  wrong usage\n  \
3  messages may be missing; with --compare: something differs")]
pub struct Uidl {
    /// The backup: a directory tree, or the .tar that Plesk exports
    #[arg(value_name = "BACKUP", required_unless_present = "how", requires = "address")]
    pub backup: Option<PathBuf>,
    /// The mailbox, or an alias of it
    #[arg(value_name = "ADDRESS")]
    pub address: Option<String>,
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
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Threads to read with, by default one for each processor
    #[arg(long, value_name = "N", default_value_t = default_jobs(), hide_default_value = true, value_parser = parse_jobs)]
    pub jobs: usize,
}

impl Uidl {
    /// How to read.
    pub fn read_options(&self) -> ReadOptions {
        ReadOptions {
            old_server: self.old_server.clone(),
            reuse_x_uidl: self.reuse_x_uidl,
            ..ReadOptions::default()
        }
    }
}
