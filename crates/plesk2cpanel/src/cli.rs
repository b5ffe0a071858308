//! The command line: what can be typed, and what it means.

mod report;
mod rescue;
mod sync;
mod uidl;
mod verify;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use cpmove::{Form, UserName};
use mail_model::identity::OldServer;
use mail_model::uidl::UidlFormat;
use plesk_backup::{SecretKey, Spool, Stamp};

pub use self::rescue::RescueArguments;
pub use self::uidl::Uidl;

pub use self::report::{ReportArguments, ReportCommand, ReportDiff, ReportHtml, read_report};

use crate::error::Error;
use crate::options::{ReadOptions, WriteOptions};
use crate::uidl::Truth;

pub use self::sync::Sync;
pub use self::verify::Verify;

/// Turns a Plesk backup into cPanel account archives, so that no mail client downloads a message twice.
///
/// Works from the backup file alone: no panel, no server, no network. Nothing is unpacked to disk but
/// a backup that is compressed as a whole.
/// Every mailbox keeps its UIDVALIDITY and UIDs (what IMAP clients remember) and the UIDLs that
/// the old server gave its messages (what POP3 clients remember).
#[derive(Debug, Parser)]
#[command(
    name = "plesk2cpanel",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Start with `plesk2cpanel inspect BACKUP`: it writes nothing, and says what to ask the old server before it is gone.\n\n\
Exit status (`verify`, `sync` and `rescue` have their own, see their --help):\n  0  all converted, and sure\n  1  failed; no archive was left behind\n  2  wrong usage\n  3  converted, and the report lists something that needs a person"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what a backup holds, and how sure each message's UIDL is; writes nothing
    Inspect(Inspect),
    /// Convert a backup: one cpmove archive for each subscription, report.json and report.html
    Convert(Convert),
    /// Merge a later backup into mailboxes that were converted before and are in use since
    Sync(Sync),
    /// List the UIDLs that the old server gave a mailbox's messages, or hold them against a listing from it
    Uidl(Uidl),
    /// Compare an archive, or the home restored from it, with the backup; writes nothing
    Verify(Verify),
    /// Give mailboxes that were moved by a plain copy their old UIDLs back
    Rescue(RescueArguments),
    /// Compare reports, or make a page of one
    Report(ReportArguments),
}

/// `inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    #[command(flatten)]
    read: Read,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// Threads to read with, by default one for each processor
    #[arg(long, value_name = "N", default_value_t = default_jobs(), hide_default_value = true, value_parser = parse_jobs)]
    pub jobs: usize,
}

/// `convert`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
plesk2cpanel convert backup_2401151030.tar --output /home/restore\n  \
plesk2cpanel convert /var/lib/psa/dumps --output out --only example.com --old-server dovecot:%08Xu%08Xv\n  \
plesk2cpanel convert backup.tar --output out --secret-key secret_key --user example.com=examplec\n\n\
Restore on the cPanel server with `/usr/local/cpanel/scripts/restorepkg cpmove-USER.tar.gz`, before anybody can log in there.")]
pub struct Convert {
    #[command(flatten)]
    read: Read,
    /// Directory that takes the archives, report.json and report.html; made if it is missing
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
    /// Leave N UIDs free in each folder, for a later `sync` with a second backup; 1000000 is a good number
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub reserve_uids: u32,
    /// Form of the archives; cPanel restores all three
    #[arg(long = "as", value_name = "FORM", value_enum, default_value_t = FormArgument::TarGz)]
    pub form: FormArgument,
    /// Threads to work with, by default one for each processor; the output is the same for any number
    #[arg(long, value_name = "N", default_value_t = default_jobs(), hide_default_value = true, value_parser = parse_jobs)]
    pub jobs: usize,
    /// Replace archives and the reports of an earlier run of the same dump
    ///
    /// Mailboxes that the report there says were converted from another dump are refused all the same:
    /// what came since is merged with `sync`.
    #[arg(long)]
    pub force: bool,
    /// Print the report as JSON, instead of the summary
    #[arg(long)]
    pub json: bool,
}

/// Options that say how to read.
#[derive(Debug, Args)]
pub struct Read {
    /// The backup: a directory tree, or the file that Plesk exports, also compressed or in parts
    ///
    /// What a file is, is told by its content. Of a file in parts any one is enough when the others
    /// lie beside it. Give a full backup and its increments together, or the directory that they lie in.
    #[arg(value_name = "BACKUP", required = true, num_args = 1..)]
    pub backup: Vec<PathBuf>,
    /// Take only the subscription that has this domain; may be given more than once
    #[arg(long, value_name = "DOMAIN")]
    pub only: Vec<String>,
    /// Read the dump of this time (YYMMDDhhmm) and no other
    ///
    /// A tree may hold many dumps: by default each subscription is taken from the newest that is
    /// complete for it, an increment together with the dumps below it. `inspect` lists the dumps.
    #[arg(long, value_name = "STAMP", value_parser = parse_stamp)]
    pub dump: Option<Stamp>,
    /// Name of the account for a subscription; may be given more than once
    #[arg(long = "user", value_name = "DOMAIN=NAME", value_parser = parse_user)]
    pub users: Vec<(String, UserName)>,
    /// /etc/psa/private/secret_key of the old server, to recover passwords (raw, hex or base64)
    #[arg(long, value_name = "FILE")]
    pub secret_key: Option<PathBuf>,
    /// The old mail server, where its files leave that open: auto, courier, or dovecot:FORMAT
    ///
    /// FORMAT is the old server's pop3_uidl_format, in the spelling of Dovecot 2.3 or 2.4. Ask it
    /// as root with: doveconf -f protocol=pop3 pop3_uidl_format
    #[arg(long, value_name = "SERVER", default_value = "auto", value_parser = parse_old_server)]
    pub old_server: OldServer,
    /// The old Dovecot had pop3_reuse_xuidl = yes: X-UIDL headers name the messages
    #[arg(long)]
    pub reuse_x_uidl: bool,
    /// Listings of UIDLs from the living old server, one file for each mailbox: they count before all rules
    ///
    /// A file is called as the mailbox, with or without .txt; those that begin with a dot are passed
    /// over. `plesk2cpanel uidl --how` prints the commands that take them.
    #[arg(long, value_name = "DIR")]
    pub uidl_truth: Option<PathBuf>,
    /// Directory in which a compressed backup is unpacked into a nameless file; by default the system's temporary one
    #[arg(long, value_name = "DIR")]
    pub spool: Option<PathBuf>,
    /// Largest size of that file, such as 50G, in powers of 1024; by default what the disk has
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub spool_limit: Option<u64>,
    /// Make a forwarder to all members of each mailing list, which cPanel would need made by hand
    #[arg(long)]
    pub lists_as_forwarders: bool,
}

/// How archives are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormArgument {
    /// cpmove-USER.tar.gz
    #[value(name = "tar.gz")]
    TarGz,
    /// cpmove-USER.tar: no compression: faster, and for another compressor
    Tar,
    /// A directory cpmove-USER
    Dir,
}

impl Inspect {
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

impl Convert {
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

    /// What to write and how.
    pub fn write_options(&self) -> WriteOptions {
        WriteOptions {
            output: self.output.clone(),
            form: match self.form {
                FormArgument::TarGz => Form::TarGz,
                FormArgument::Tar => Form::Tar,
                FormArgument::Dir => Form::Directory,
            },
            reserve_uids: self.reserve_uids,
            jobs: self.jobs,
            force: self.force,
        }
    }
}

impl Read {
    fn options(&self) -> Result<ReadOptions, Error> {
        let secret_key = match &self.secret_key {
            None => None,
            Some(path) => {
                let bytes = std::fs::read(path).map_err(|error| Error::OptionFile {
                    option: "--secret-key",
                    path: path.clone(),
                    text: error.to_string(),
                })?;
                let key = SecretKey::read(&bytes)
                    .map_err(|source| Error::SecretKey { path: path.clone(), source })?;
                Some(key)
            }
        };
        Ok(ReadOptions {
            only: self.only.clone(),
            dump: self.dump.clone(),
            old_server: self.old_server.clone(),
            reuse_x_uidl: self.reuse_x_uidl,
            uidl_truth: self.uidl_truth.as_deref().map(Truth::read).transpose()?,
            lists_as_forwarders: self.lists_as_forwarders,
            secret_key,
            spool: Spool { directory: self.spool.clone(), limit: self.spool_limit },
            users: self.users.iter().cloned().collect(),
        })
    }
}

fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn parse_jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least one thread is needed".to_owned()),
        Ok(jobs) if jobs <= 1024 => Ok(jobs),
        Ok(jobs) => Err(format!("{jobs} threads are more than the 1024 that make sense")),
        Err(_) => Err("not a whole number".to_owned()),
    }
}

fn parse_stamp(text: &str) -> Result<Stamp, String> {
    Stamp::parse(text).ok_or_else(|| {
        "a dump is named by the ten digits YYMMDDhhmm that stand in its file names, for example \
         2401151030"
            .to_owned()
    })
}

fn parse_user(text: &str) -> Result<(String, UserName), String> {
    let (domain, name) =
        text.split_once('=').ok_or("write it as DOMAIN=NAME, for example example.com=examplec")?;
    let name = UserName::new(name).map_err(|error| error.to_string())?;
    Ok((domain.to_lowercase(), name))
}

fn parse_size(text: &str) -> Result<u64, String> {
    let units = [('K', 10_u32), ('M', 20), ('G', 30), ('T', 40)];
    let unit = units
        .iter()
        .find(|(unit, _)| text.ends_with(*unit) || text.ends_with(unit.to_ascii_lowercase()));
    let (number, shift) = unit.map_or((text, 0), |(_, shift)| (&text[..text.len() - 1], *shift));
    let number: u64 = number
        .parse()
        .map_err(|_| "write it as a number of bytes, or like 500M or 50G".to_owned())?;
    number
        .checked_mul(1 << shift)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "a size between 1 byte and 16 EiB is needed".to_owned())
}

fn parse_old_server(text: &str) -> Result<OldServer, String> {
    match text.split_once(':') {
        None if text == "auto" => Ok(OldServer::Auto),
        None if text == "courier" => Ok(OldServer::Courier),
        None if text == "dovecot" => Err("name its pop3_uidl_format too, for example \
             dovecot:%08Xu%08Xv; on the old server, `doveconf -f protocol=pop3 pop3_uidl_format` \
             prints it"
            .to_owned()),
        Some(("dovecot", format)) => {
            UidlFormat::parse(format).map(OldServer::Dovecot).map_err(|error| error.to_string())
        }
        _ => Err("use auto, courier, or dovecot:FORMAT".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse_size("1"), Ok(1));
        assert_eq!(parse_size("50G"), Ok(50 << 30));
        assert_eq!(parse_size("2k"), Ok(2048));
        for wrong in ["", "G", "0", "1.5G", "-1", "50GB", "99999999999T"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_old_dovecot_needs_its_format() {
        assert!(parse_old_server("dovecot").unwrap_err().contains("doveconf"));
        assert!(matches!(parse_old_server("dovecot:%u-%v"), Ok(OldServer::Dovecot(_))));
        assert!(parse_old_server("cyrus").is_err());
    }
}
