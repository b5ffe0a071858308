//! `report`: what can be asked of a report that was written earlier.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::error::Error;
use crate::html;
use crate::job::write_beside;
use crate::report::Report;

/// `report`.
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct ReportArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: ReportCommand,
}

/// What can be done with reports.
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// Show what differs between two reports, by account, mailbox, folder, setting and finding
    Diff(ReportDiff),
    /// Make a page for people of a report: one file that loads nothing
    Html(ReportHtml),
}

/// `report diff`.
#[derive(Debug, Args)]
#[command(
    after_help = "The order of entries and the version of the program that wrote a report don't count.\n\n\
Exit status:\n  0  nothing differs\n  1  something differs\n  2  wrong usage, or a file that is no report of this schema"
)]
pub struct ReportDiff {
    /// The report to compare with: report.json, or what --json printed
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The report to compare
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// Print the differences as JSON
    #[arg(long)]
    pub json: bool,
}

/// `report html`.
#[derive(Debug, Args)]
pub struct ReportHtml {
    /// The report: report.json, or what --json printed
    #[arg(value_name = "REPORT")]
    pub report: PathBuf,
    /// Where to write the page, instead of to standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Take only the account with this main domain, such as for a customer; may be given more than once
    #[arg(long, value_name = "DOMAIN")]
    pub only: Vec<String>,
    /// Replace a file that is there
    #[arg(long, requires = "output")]
    pub force: bool,
}

impl ReportHtml {
    /// Writes the page to the file that `--output` names, or gives it back where there is none.
    ///
    /// # Errors
    /// When the report can't be read or has no such account, or the file is there already or can't
    /// be written.
    pub fn run(&self) -> Result<Option<String>, Error> {
        let mut report = read_report(&self.report)?;
        if !self.only.is_empty() {
            report = report
                .only(&self.only)
                .map_err(|domain| Error::UnknownAccount { path: self.report.clone(), domain })?;
        }
        let page = html::page(&report);
        let Some(path) = &self.output else { return Ok(Some(page)) };
        if !self.force && path.exists() {
            return Err(Error::Exists { path: path.clone() });
        }
        write_beside(path, page.as_bytes())
            .map_err(|source| Error::Page { path: path.clone(), source })?;
        Ok(None)
    }
}

/// Reads a report that the command line names.
///
/// # Errors
/// When there is no such file, or it is no report that this program reads.
pub fn read_report(path: &Path) -> Result<Report, Error> {
    let unreadable = |source| Error::ReportFile { path: path.to_owned(), source };
    let bytes = std::fs::read(path).map_err(unreadable)?;
    Report::from_json(&bytes).map_err(|source| Error::Report { path: path.to_owned(), source })
}
