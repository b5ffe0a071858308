//! One backup: opened, described, and its subscriptions sent on their way.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cpmove::Compressor;
use plesk_backup::{
    Backup, DescribeOptions, Description, MailServer, OpenError, OpenOptions, Problem,
    Subscription, printable,
};

use crate::account::{Output, Run};
use crate::converted_before::refuse_second;
use crate::dumps::dump_reports;
use crate::error::Error;
use crate::finding::{
    BACKUP_DAMAGED, FILES_NOT_USED, Finding, METADATA_PROBLEM, METADATA_UNKNOWN, OLDER_DUMP,
    UNREFERENCED,
};
use crate::html;
use crate::mail_findings::some;
use crate::options::{ReadOptions, WriteOptions};
use crate::plan::{AccountName, account_names, known_domains};
use crate::progress::{Interrupt, Progress, Silent, Stage};
use crate::report::{AccountReport, BackupFacts, Report};
use crate::scan::{Depth, entry_name};
use crate::verify::{Verification, verify};

/// Name of the report beside the archives.
pub const REPORT: &str = "report.json";
/// Name of the same report as a page for people.
pub const REPORT_PAGE: &str = "report.html";

/// An opened and described backup.
pub struct Job {
    backup: Backup,
    pub(crate) name: String,
    /// The paths that were named, for a command that names them again.
    given: String,
    pub(crate) description: Description,
    pub(crate) names: Vec<AccountName>,
    pub(crate) selected: Vec<usize>,
    options: ReadOptions,
}

impl Job {
    /// Opens a backup, reads its metadata, and chooses the subscriptions.
    ///
    /// # Errors
    /// When it is no backup, or an option names something that it does not hold.
    pub fn open(path: &Path, options: ReadOptions) -> Result<Job, Error> {
        Job::open_all(&[path.to_owned()], options, &Silent, &Interrupt::default())
    }

    /// The same with a backup that is in several files: parts of one export, or exports that belong
    /// together.
    ///
    /// # Errors
    /// As [`Job::open`]; when the spool cannot take a compressed backup, and when the run is
    /// interrupted while that is filled.
    pub fn open_all(
        paths: &[PathBuf],
        mut options: ReadOptions,
        progress: &dyn Progress,
        interrupt: &Interrupt,
    ) -> Result<Job, Error> {
        let backup = open(paths, &options, progress, interrupt)?;
        let name = names(&backup, paths);
        let describe = DescribeOptions { dump: options.dump.clone() };
        let description = backup.describe_with(&describe)?;
        if description.subscriptions.is_empty() {
            return Err(Error::NoSubscription { backup: name });
        }
        let names = account_names(&name, &description.subscriptions, &options.users)?;
        let selected = select(&name, &description.subscriptions, &options.only)?;
        if let Some(truth) = &mut options.uidl_truth {
            truth.settle(&description.subscriptions)?;
        }
        let given = paths.iter().map(|path| path.display().to_string());
        let given = given.collect::<Vec<_>>().join(" ");
        Ok(Job { backup, name, given, description, names, selected, options })
    }

    /// Looks at everything and writes nothing.
    ///
    /// # Errors
    /// When the run is interrupted. What is wrong with a subscription stands in the report.
    pub fn inspect(
        &self,
        jobs: usize,
        progress: &dyn Progress,
        interrupt: &Interrupt,
    ) -> Result<Report, Error> {
        let pool = thread_pool(jobs)?;
        let run = self.run(true, &pool, progress, interrupt, None);
        let accounts = self.each(jobs, &run)?;
        Ok(self.report(accounts))
    }

    /// Converts, and writes the report beside the archives, for programs and for people.
    ///
    /// # Errors
    /// When the output can't be used or the run is interrupted. An account that fails stands in
    /// the report and leaves no archive.
    pub fn convert(
        &self,
        options: &WriteOptions,
        progress: &dyn Progress,
        interrupt: &Interrupt,
    ) -> Result<Report, Error> {
        let failed = |source| Error::Output { path: options.output.clone(), source };
        std::fs::create_dir_all(&options.output).map_err(failed)?;
        let [report_path, page_path] = [REPORT, REPORT_PAGE].map(|name| options.output.join(name));
        let subscriptions = &self.description.subscriptions;
        let selected: Vec<&Subscription> =
            self.selected.iter().map(|index| &subscriptions[*index]).collect();
        refuse_second(&report_path, &self.name, &self.given, &self.description, &selected)?;
        for path in [&report_path, &page_path] {
            if !options.force && path.exists() {
                return Err(Error::Exists { path: path.clone() });
            }
        }
        let pool = thread_pool(options.jobs)?;
        let compressor = Compressor::new(options.jobs).map_err(failed)?;
        let output = Output { options, compressor: &compressor };
        let run = self.run(false, &pool, progress, interrupt, Some(output));
        let accounts = self.each(options.jobs, &run)?;
        let mut report = self.report(accounts);
        report.reserved_uids = Some(options.reserve_uids);
        write_beside(&report_path, report.to_json().as_bytes()).map_err(failed)?;
        write_beside(&page_path, html::page(&report).as_bytes()).map_err(failed)?;
        Ok(report)
    }

    /// A run over this backup; nothing is written without `output`.
    pub(crate) fn run<'a>(
        &'a self,
        malformed: bool,
        pool: &'a rayon::ThreadPool,
        progress: &'a dyn Progress,
        interrupt: &'a Interrupt,
        output: Option<Output<'a>>,
    ) -> Run<'a> {
        Run {
            backup: &self.backup,
            description: &self.description,
            options: &self.options,
            depth: Depth { x_uidl: self.options.reuse_x_uidl, malformed, gone: true },
            pool,
            progress,
            interrupt,
            output,
            look: None,
        }
    }

    /// Compares an archive, or the home that was restored from one, with the subscription of this
    /// backup whose account it is.
    ///
    /// # Errors
    /// When either side can't be read, the archive is of no subscription that was chosen, or the run
    /// is interrupted. What differs stands in the result.
    pub fn verify(
        &self,
        archive: &Path,
        jobs: usize,
        progress: &dyn Progress,
        interrupt: &Interrupt,
    ) -> Result<Verification, Error> {
        let pool = thread_pool(jobs)?;
        let run = self.run(false, &pool, progress, interrupt, None);
        let chosen: Vec<(&Subscription, &AccountName)> = self
            .selected
            .iter()
            .map(|index| (&self.description.subscriptions[*index], &self.names[*index]))
            .collect();
        verify(&run, &self.name, &chosen, archive)
    }

    /// Does each selected subscription, `jobs` at a time, results in order.
    ///
    /// Plain threads, not the pool: an account spends its time waiting for the blocks that the
    /// pool deflates, and a pool whose threads all wait for its own work would stand still.
    pub(crate) fn each(&self, jobs: usize, run: &Run<'_>) -> Result<Vec<AccountReport>, Error> {
        let next = AtomicUsize::new(0);
        let results: Mutex<BTreeMap<usize, Result<AccountReport, Error>>> = Mutex::default();
        std::thread::scope(|scope| {
            for _ in 0..jobs.clamp(1, self.selected.len().max(1)) {
                scope.spawn(|| {
                    loop {
                        let position = next.fetch_add(1, Ordering::Relaxed);
                        let Some(index) = self.selected.get(position) else { break };
                        let result = run
                            .account(&self.description.subscriptions[*index], &self.names[*index]);
                        let ends = matches!(result, Err(Error::Interrupted));
                        results
                            .lock()
                            .unwrap_or_else(std::sync::PoisonError::into_inner)
                            .insert(position, result);
                        if ends || run.interrupt.is_raised() {
                            break;
                        }
                    }
                });
            }
        });
        if run.interrupt.is_raised() {
            return Err(Error::Interrupted);
        }
        let results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        results.into_values().collect()
    }

    pub(crate) fn report(&self, accounts: Vec<AccountReport>) -> Report {
        let mut findings: Vec<Finding> = self
            .backup
            .damage()
            .iter()
            .map(|damage| BACKUP_DAMAGED.about(&self.name, damage.to_string()))
            .collect();
        findings.extend(self.backup.unused().iter().map(|file| {
            let name = file_name(&file.path);
            FILES_NOT_USED.about(name, format!("it is no part of a backup, but {}", file.what))
        }));
        findings.extend(self.description.problems.iter().filter_map(|problem| {
            let kind = match problem {
                // Each account says what it lacks, with numbers.
                Problem::ChainGap { .. } => return None,
                Problem::OlderTaken { .. }
                | Problem::NotInNewer { .. }
                | Problem::Superseded { .. } => &OLDER_DUMP,
                _ => &METADATA_PROBLEM,
            };
            Some(kind.about(&self.name, problem.to_string()))
        }));
        if !self.description.unknown_elements.is_empty() {
            let list = self
                .description
                .unknown_elements
                .iter()
                .map(|(path, times)| format!("{path} ({times})"));
            findings.push(METADATA_UNKNOWN.about(&self.name, some(list)));
        }
        for entry in &self.description.unreferenced {
            findings.push(UNREFERENCED.about(
                entry_name(&self.backup, *entry),
                "no metadata name this content archive, or none that were taken",
            ));
        }
        findings.extend(self.description.unnamed.iter().map(|files| {
            let text = format!("no metadata name these files: {}", files.count);
            let is_top = files.directory.is_empty();
            UNREFERENCED.about(if is_top { &self.name } else { &files.directory }, text)
        }));
        if let Some(truth) = &self.options.uidl_truth {
            let subscriptions = &self.description.subscriptions;
            let selected = self.selected.iter().map(|index| &subscriptions[*index]);
            findings.extend(truth.of_nobody(subscriptions, selected.zip(&accounts)));
        }
        let spooled = self.backup.origins().iter().filter_map(|origin| origin.spooled.as_ref());
        let facts = BackupFacts {
            name: self.name.clone(),
            container: joined(self.backup.origins().iter().map(ToString::to_string)),
            parts: self
                .backup
                .origins()
                .iter()
                .flat_map(|origin| &origin.parts)
                .map(|part| file_name(part))
                .collect(),
            spool_bytes: spooled.clone().map(|spooled| spooled.bytes).reduce(u64::saturating_add),
            spool_directory: spooled.map(|spooled| spooled.directory.display().to_string()).next(),
            stamp: self.description.stamp.as_ref().map(|stamp| stamp.as_str().to_owned()),
            dumps: dump_reports(&self.description),
            plesk_version: self.description.plesk_version.clone(),
            installed_server: self.description.installed_mail_server().map(|server| {
                match server {
                    MailServer::Dovecot => "dovecot",
                    MailServer::Courier => "courier",
                }
                .to_owned()
            }),
        };
        Report::new(facts, accounts, findings)
    }
}

fn open(
    paths: &[PathBuf],
    options: &ReadOptions,
    progress: &dyn Progress,
    interrupt: &Interrupt,
) -> Result<Backup, Error> {
    let title = joined(paths.iter().map(|path| file_name(path)));
    let told = Cell::new(None);
    let advance = |done: u64, total: u64| {
        // A file smaller than before is the next one.
        let before = told.get().filter(|before| *before <= done);
        if before.is_none() {
            progress.stage(&title, Stage::Spooling, Some(total));
        }
        progress.advance(&title, done - before.unwrap_or_default());
        told.set(Some(done));
    };
    let cancelled = || interrupt.is_raised();
    let opened = Backup::open_with(
        paths,
        &OpenOptions { spool: options.spool.clone(), progress: &advance, cancelled: &cancelled },
    );
    if told.get().is_some() {
        progress.done(&title);
    }
    opened.map_err(|error| match error {
        OpenError::Cancelled => Error::Interrupted,
        error => error.into(),
    })
}

/// What the report calls the backup.
fn names(backup: &Backup, paths: &[PathBuf]) -> String {
    match paths {
        // A directory of exports is known by its own name, also when it holds many.
        [only] if only.is_dir() => file_name(only),
        _ => joined(backup.origins().iter().map(|origin| file_name(&origin.path))),
    }
}

fn file_name(path: &Path) -> String {
    let name = path.file_name();
    name.map_or_else(|| path.display().to_string(), |name| printable(name.as_encoded_bytes()))
}

fn joined(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<String>>().join(" + ")
}

fn select(
    backup: &str,
    subscriptions: &[Subscription],
    only: &[String],
) -> Result<Vec<usize>, Error> {
    if only.is_empty() {
        return Ok((0..subscriptions.len()).collect());
    }
    let mut selected = Vec::new();
    for domain in only {
        let wanted = domain.to_lowercase();
        let index = subscriptions.iter().position(|subscription| {
            subscription
                .domains()
                .any(|domain| domain.ascii_name == wanted || domain.name.to_lowercase() == wanted)
        });
        selected.push(index.ok_or_else(|| Error::UnknownDomain {
            backup: backup.to_owned(),
            domain: domain.clone(),
            known: known_domains(subscriptions),
        })?);
    }
    selected.sort_unstable();
    selected.dedup();
    Ok(selected)
}

pub(crate) fn thread_pool(jobs: usize) -> Result<rayon::ThreadPool, Error> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .thread_name(|index| format!("read-{index}"))
        .build()
        .map_err(|error| Error::Threads { text: error.to_string() })
}

/// A file beside the archives: under a temporary name first, so that a killed run leaves no half one.
pub(crate) fn write_beside(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
