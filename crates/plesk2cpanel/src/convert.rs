//! The way of a backup through the program: read, plan, resolve, write, read back, name.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cpmove::Compressor;
use mail_model::identity::{Rules, ServerKind};
use mail_model::uidl::UidlFormat;
use plesk_backup::{Backup, Description, MailServer, Subscription, printable};
use rayon::prelude::*;

use crate::error::Error;
use crate::finding::{
    ARCHIVE_DAMAGED, BACKUP_DAMAGED, CONTENT_MISSING, FILES_NOT_CARRIED, Finding, METADATA_PROBLEM,
    METADATA_UNKNOWN, NO_MAIL, UNREFERENCED,
};
use crate::mail_findings::{count, some};
use crate::mailbox::ResolvedMailbox;
use crate::options::{ReadOptions, WriteOptions};
use crate::plan::{
    AccountName, AccountPlan, Context, OnDisk, account_names, known_domains, plan_account,
};
use crate::progress::{Interrupt, Progress, Stage};
use crate::read_back::read_back;
use crate::report::{AccountReport, BackupFacts, ErrorReport, Outcome, Report};
use crate::scan::{
    ArchiveToScan, Depth, ScannedDomain, archive_name, archives_of, entry_name, scan_domain,
};
use crate::write::{Sources, write_account};

/// Name of the report beside the archives.
pub const REPORT: &str = "report.json";

/// An opened and described backup.
pub struct Job {
    backup: Backup,
    name: String,
    description: Description,
    names: Vec<AccountName>,
    selected: Vec<usize>,
    options: ReadOptions,
}

impl Job {
    /// Opens a backup, reads its metadata, and chooses the subscriptions.
    ///
    /// # Errors
    /// When it is no backup, or an option names something that it does not hold.
    pub fn open(path: &Path, options: ReadOptions) -> Result<Job, Error> {
        let backup = Backup::open(path)?;
        let name = path
            .file_name()
            .map_or_else(|| path.display().to_string(), |name| printable(name.as_encoded_bytes()));
        let description = backup.describe()?;
        let names = account_names(&name, &description.subscriptions, &options.users)?;
        let selected = select(&name, &description.subscriptions, &options.only)?;
        Ok(Job { backup, name, description, names, selected, options })
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
        let depth = Depth { x_uidl: self.options.reuse_x_uidl, malformed: true };
        let pool = thread_pool(jobs)?;
        let accounts = self.each(jobs, interrupt, |index| {
            self.one(index, depth, &pool, progress, interrupt, &|_, _, _| Ok(None))
        })?;
        Ok(self.report(accounts))
    }

    /// Converts, and writes the report beside the archives.
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
        let report_path = options.output.join(REPORT);
        if !options.force && report_path.exists() {
            return Err(Error::Exists { path: report_path });
        }
        let depth = Depth { x_uidl: self.options.reuse_x_uidl, malformed: false };
        let pool = thread_pool(options.jobs)?;
        let compressor = Compressor::new(options.jobs).map_err(failed)?;
        let write = |plan: &AccountPlan,
                     scanned: &[ScannedDomain],
                     mailboxes: &[ResolvedMailbox<'_>]| {
            let account = pool.install(|| plan.account())?;
            let sources =
                Sources { backup: &self.backup, plan, account: &account, scanned, mailboxes };
            let bytes = mailboxes.iter().map(ResolvedMailbox::bytes).sum();
            progress.stage(&plan.domain, Stage::Writing, Some(bytes));
            let written = write_account(&sources, options, &compressor, progress, interrupt)?;
            progress.stage(&plan.domain, Stage::Checking, Some(bytes));
            read_back(&sources, &written, progress, interrupt)?;
            let size = (options.form != cpmove::Form::Directory).then(|| written.archive.size());
            let path = written.archive.publish()?;
            let name = path
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            Ok(Some(Archive { name, size, findings: written.findings }))
        };
        let accounts = self.each(options.jobs, interrupt, |index| {
            self.one(index, depth, &pool, progress, interrupt, &write)
        })?;
        let report = self.report(accounts);
        write_report(&options.output, &report_path, &report).map_err(failed)?;
        Ok(report)
    }

    /// Runs `work` for each selected subscription, `jobs` at a time, results in order.
    ///
    /// Plain threads, not the pool: an account spends its time waiting for the blocks that the
    /// pool deflates, and a pool whose threads all wait for its own work would stand still.
    fn each(
        &self,
        jobs: usize,
        interrupt: &Interrupt,
        work: impl Fn(usize) -> Result<AccountReport, Error> + Sync,
    ) -> Result<Vec<AccountReport>, Error> {
        let next = AtomicUsize::new(0);
        let results: Mutex<BTreeMap<usize, Result<AccountReport, Error>>> = Mutex::default();
        std::thread::scope(|scope| {
            for _ in 0..jobs.clamp(1, self.selected.len().max(1)) {
                scope.spawn(|| {
                    loop {
                        let position = next.fetch_add(1, Ordering::Relaxed);
                        let Some(index) = self.selected.get(position) else { break };
                        let result = work(*index);
                        let ends = matches!(result, Err(Error::Interrupted));
                        if let Ok(mut results) = results.lock() {
                            results.insert(position, result);
                        }
                        if ends || interrupt.is_raised() {
                            break;
                        }
                    }
                });
            }
        });
        if interrupt.is_raised() {
            return Err(Error::Interrupted);
        }
        let results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        results.into_values().collect()
    }

    /// One subscription: what is wrong with it goes into its report, only an interruption out.
    fn one(
        &self,
        index: usize,
        depth: Depth,
        pool: &rayon::ThreadPool,
        progress: &dyn Progress,
        interrupt: &Interrupt,
        write: &(
             dyn Fn(
            &AccountPlan,
            &[ScannedDomain],
            &[ResolvedMailbox<'_>],
        ) -> Result<Option<Archive>, Error>
                 + Sync
         ),
    ) -> Result<AccountReport, Error> {
        let subscription = &self.description.subscriptions[index];
        let mut report = AccountReport {
            domain: subscription.domain.name.clone(),
            user: self.names[index].user.as_str().to_owned(),
            system_user: subscription.system_user.as_ref().map(|user| user.name.clone()),
            outcome: Outcome::Inspected,
            error: None,
            archive: None,
            archive_bytes: None,
            mailboxes: Vec::new(),
            settings: Vec::new(),
            findings: Vec::new(),
        };
        let result = self.fill(index, depth, pool, progress, interrupt, write, &mut report);
        progress.done(&report.domain);
        match result {
            Ok(()) => {}
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(error) => {
                report.outcome = Outcome::Failed;
                report.error = Some(ErrorReport { text: error.to_string(), hint: error.hint() });
            }
        }
        Ok(report)
    }

    #[expect(clippy::too_many_arguments, reason = "the two passes share one way through")]
    fn fill(
        &self,
        index: usize,
        depth: Depth,
        pool: &rayon::ThreadPool,
        progress: &dyn Progress,
        interrupt: &Interrupt,
        write: &(
             dyn Fn(
            &AccountPlan,
            &[ScannedDomain],
            &[ResolvedMailbox<'_>],
        ) -> Result<Option<Archive>, Error>
                 + Sync
         ),
        report: &mut AccountReport,
    ) -> Result<(), Error> {
        let subscription = &self.description.subscriptions[index];
        progress.stage(&report.domain, Stage::Reading, None);
        let archives: Vec<Vec<ArchiveToScan>> = subscription
            .domains()
            .map(|domain| domain.mail.as_ref().map_or_else(Vec::new, archives_of))
            .collect();
        let scanned: Vec<ScannedDomain> = pool.install(|| {
            archives
                .par_iter()
                .map(|archives| scan_domain(&self.backup, archives, depth, interrupt))
                .collect::<Result<_, _>>()
        })?;
        self.content_findings(subscription, &scanned, &mut report.findings);

        // An account without a single message of those that it should have would look whole to
        // whoever restores it.
        let holds = |scanned: &ScannedDomain| !scanned.mailboxes.is_empty();
        let lost = report.findings.iter().find(|finding| {
            finding.code == CONTENT_MISSING.code || finding.code == ARCHIVE_DAMAGED.code
        });
        if let Some(lost) = lost.filter(|_| !scanned.iter().any(holds)) {
            return Err(Error::NoMail {
                domain: report.domain.clone(),
                text: format!("{}: {}", lost.object, lost.text),
            });
        }

        let on_disk: Vec<_> = scanned.iter().map(on_disk).collect();
        let context = Context {
            description: &self.description,
            name: &self.names[index],
            key: self.options.secret_key.as_ref(),
            on_disk: &on_disk,
        };
        let plan = plan_account(subscription, &context)?;
        report.settings.clone_from(&plan.settings);
        report.findings.extend(plan.findings.iter().cloned());

        let rules = self.rules(&plan);
        let mailboxes: Vec<ResolvedMailbox<'_>> = pool.install(|| {
            plan.mailboxes
                .par_iter()
                .map(|mailbox| {
                    let source = plan.domains[mailbox.domain].source;
                    let scanned = source.and_then(|source| {
                        scanned[source].mailboxes.get(mailbox.directory.as_ref()?)
                    });
                    ResolvedMailbox::new(mailbox, scanned, &rules)
                })
                .collect()
        });
        for mailbox in &mailboxes {
            report.mailboxes.push(mailbox.report(depth.malformed));
            report.findings.extend(mailbox.findings());
        }
        if mailboxes.is_empty() {
            report.findings.push(NO_MAIL.about(&report.domain, "the subscription has no mailbox"));
        }
        if let Some(archive) = write(&plan, &scanned, &mailboxes)? {
            report.outcome = Outcome::Converted;
            report.archive = Some(archive.name);
            report.archive_bytes = archive.size;
            report.findings.extend(archive.findings);
        }
        Ok(())
    }

    fn rules(&self, plan: &AccountPlan) -> Rules {
        Rules {
            old_server: self.options.old_server.clone(),
            installed: self.description.installed_mail_server().map(|server| match server {
                MailServer::Dovecot => ServerKind::Dovecot,
                MailServer::Courier => ServerKind::Courier,
            }),
            reuse_x_uidl: self.options.reuse_x_uidl,
            // The time of the backup: no folder of any server had it before, and a second run
            // gives it again.
            new_uidvalidity: u32::try_from(plan.stamp().max(1)).unwrap_or(1),
            target_format: UidlFormat::uid_dash_validity(),
        }
    }

    /// What the content archives of a subscription lack.
    fn content_findings(
        &self,
        subscription: &Subscription,
        scanned: &[ScannedDomain],
        findings: &mut Vec<Finding>,
    ) {
        for (domain, scanned) in subscription.domains().zip(scanned) {
            let Some(mail) = &domain.mail else { continue };
            let references = mail.content.iter().chain(
                mail.mailusers
                    .iter()
                    .filter_map(|user| user.mailbox.as_ref())
                    .flat_map(|mailbox| &mailbox.content),
            );
            let mut missing: Vec<&str> = references
                .flat_map(|reference| &reference.files)
                .filter(|file| file.entry.is_none())
                .map(|file| file.name.as_str())
                .collect();
            missing.sort_unstable();
            missing.dedup();
            for name in missing {
                findings.push(CONTENT_MISSING.about(
                    &domain.name,
                    format!("the metadata name the mail archive `{name}`, and the backup does not hold it"),
                ));
            }
            for (name, why) in &scanned.unreadable {
                findings.push(ARCHIVE_DAMAGED.about(name, why));
            }
            for archive in &scanned.archives {
                let name = archive_name(&self.backup, &archive.content);
                for damage in &archive.damage {
                    findings.push(ARCHIVE_DAMAGED.about(&name, damage.to_string()));
                }
                if archive.leading_garbage > 0 {
                    findings.push(METADATA_PROBLEM.with_remedy(
                        &name,
                        format!(
                            "the archive begins with {} bytes that are not its own, usually an \
                             error message of the backup; they are skipped",
                            archive.leading_garbage
                        ),
                        "nothing to do if the numbers of messages are as expected",
                    ));
                }
            }
            if !scanned.elsewhere.is_empty() {
                findings.push(FILES_NOT_CARRIED.about(
                    &domain.name,
                    format!(
                        "{} of the mail archives belong to no mailbox: {}",
                        count(scanned.elsewhere.len(), "file"),
                        some(scanned.elsewhere.iter().map(|(path, _)| printable(path)))
                    ),
                ));
            }
        }
    }

    fn report(&self, accounts: Vec<AccountReport>) -> Report {
        let mut findings: Vec<Finding> = self
            .backup
            .damage()
            .iter()
            .map(|damage| BACKUP_DAMAGED.about(&self.name, damage.to_string()))
            .collect();
        findings.extend(
            self.description
                .problems
                .iter()
                .map(|problem| METADATA_PROBLEM.about(&self.name, problem.to_string())),
        );
        if !self.description.unknown_elements.is_empty() {
            let list = self
                .description
                .unknown_elements
                .iter()
                .map(|(path, times)| format!("{path} ({times})"));
            findings.push(METADATA_UNKNOWN.about(&self.name, some(list)));
        }
        for entry in &self.description.unreferenced {
            findings.push(
                UNREFERENCED.about(
                    entry_name(&self.backup, *entry),
                    "no metadata name this content archive",
                ),
            );
        }
        let facts = BackupFacts {
            name: self.name.clone(),
            container: match self.backup.container() {
                plesk_backup::Container::Directory => "directory".to_owned(),
                _ => "tar".to_owned(),
            },
            stamp: self.description.stamp.as_ref().map(|stamp| stamp.as_str().to_owned()),
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

/// A published archive.
struct Archive {
    name: String,
    size: Option<u64>,
    findings: Vec<Finding>,
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

fn on_disk(domain: &ScannedDomain) -> BTreeMap<Vec<u8>, OnDisk> {
    domain
        .mailboxes
        .iter()
        .map(|(name, mailbox)| {
            let mut disk = OnDisk::default();
            for file in mailbox.raw.folders.iter().flat_map(|folder| &folder.files) {
                disk.messages += 1;
                disk.bytes += file.size;
            }
            (name.clone(), disk)
        })
        .collect()
}

fn thread_pool(jobs: usize) -> Result<rayon::ThreadPool, Error> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .thread_name(|index| format!("read-{index}"))
        .build()
        .map_err(|error| Error::Threads { text: error.to_string() })
}

/// Under a temporary name first, so that a killed run leaves no half report.
fn write_report(directory: &Path, path: &Path, report: &Report) -> std::io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(report.to_json().as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
