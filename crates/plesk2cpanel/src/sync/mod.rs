//! The final synchronisation: a second backup of mailboxes that were converted before, merged into
//! what the new server has by then.
//!
//! Two ways lead there. A script with staged maildirs has `doveadm` do it while the mailboxes are
//! served; and `--merge-into` changes the files of a home that nobody uses. What should be there is
//! decided by [`mail_model::identity::merge`] in both.

mod before;
mod into;
mod letters;
mod moves;
mod names;
mod ours;
mod plan;
mod report;
mod script;
mod sides;
mod stage;
mod stream;
mod work;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use mail_model::folder::FolderName;

use crate::account::{Resolved, Run};
use crate::error::Error;
use crate::finding::{
    ARCHIVE_DAMAGED, CHAIN_GAP, CONTENT_MISSING, DUPLICATE_UIDLS, FORMAT_UNSUPPORTED, Finding,
    KEYWORDS_DROPPED, LINK_DANGLING, MESSAGE_DAMAGED, SERVER_UNCLEAR, STATE_MISSING,
    UIDL_FORMAT_ASSUMED, UIDL_NOT_KEPT, UIDLIST_BROKEN,
};
use crate::home::{Dir, Home, HomeError};
use crate::job::{Job, thread_pool};
use crate::mail_findings::count;
use crate::mailbox::ResolvedMailbox;
use crate::progress::{Interrupt, Progress, Stage};
use crate::report::{AccountReport, Outcome};

pub use self::before::Since;
pub use self::report::{SYNC_SCHEMA, SyncFolder, SyncMailbox, SyncOutcome, SyncReport, Way};

use self::before::BeforeAll;
use self::names::Key;
use self::ours::Ours;
use self::plan::{Evidence, FolderPlan, MailboxMerge, Refusal, merge_mailbox};

/// Where a synchronisation writes.
#[derive(Clone, Debug)]
pub struct SyncOptions {
    /// Directory for staged maildirs, script and report. It must not exist.
    pub output: Option<PathBuf>,
    /// Home whose files are changed instead.
    pub merge_into: Option<PathBuf>,
    /// Threads to work with.
    pub jobs: usize,
}

/// Findings of a conversion that matter to whoever merges mail.
const OF_MAIL: [&str; 13] = [
    ARCHIVE_DAMAGED.code,
    CHAIN_GAP.code,
    CONTENT_MISSING.code,
    DUPLICATE_UIDLS.code,
    FORMAT_UNSUPPORTED.code,
    KEYWORDS_DROPPED.code,
    LINK_DANGLING.code,
    MESSAGE_DAMAGED.code,
    SERVER_UNCLEAR.code,
    STATE_MISSING.code,
    UIDL_FORMAT_ASSUMED.code,
    UIDL_NOT_KEPT.code,
    UIDLIST_BROKEN.code,
];

/// Names in the output directory.
const SCRIPT: &str = "sync.sh";
/// Name of the folder that each mailbox has.
const INBOX: &str = "INBOX";
const STAGED: &str = "staged";
const PLAN: &str = "plan";
const REPORT: &str = "sync-report.json";

/// What the looks at accounts collect, by address.
type Found = Mutex<Collected>;

#[derive(Default)]
struct Collected {
    mailboxes: BTreeMap<String, SyncMailbox>,
    findings: Vec<Finding>,
}

impl Job {
    /// Stages what is new in this backup, deleted or changed since a conversion, with a script that
    /// merges it; or merges it into a home.
    ///
    /// # Errors
    /// When the first conversion can't be read, the output can't be used, or the run is interrupted.
    pub fn sync(
        &self,
        since: &Since,
        options: &SyncOptions,
        progress: &dyn Progress,
        interrupt: &Interrupt,
    ) -> Result<SyncReport, Error> {
        let output = options.output.as_deref().map(Fresh::new).transpose()?;
        let before = since.read(options.jobs, progress, interrupt)?;
        let pool = thread_pool(options.jobs)?;
        let home = options.merge_into.as_deref();
        let home = home.map(|path| open_home(path, interrupt)).transpose()?;
        let way = if home.is_some() { Way::Home } else { Way::Script };
        let found = Found::default();
        let look = |resolved: &Resolved<'_>| {
            let run = self.run(false, &pool, progress, interrupt, None);
            if let Some(home) = &home {
                self.merge_into(&run, resolved, &before, home, &found)?;
            }
            if let Some(output) = &output {
                self.stage(&run, resolved, &before, output.path(), &found)?;
            }
            Ok(())
        };
        let run = Run { look: Some(&look), ..self.run(false, &pool, progress, interrupt, None) };
        let accounts = self.each(options.jobs, &run)?;
        let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let (Some(home), Some(path)) = (&home, &options.merge_into)
            && found.mailboxes.is_empty()
            && accounts.iter().all(|account| account.outcome != Outcome::Failed)
        {
            let text = format!("{} has no mailbox of {} in it", home.name(), self.name);
            return Err(HomeError::new(path, &text).into());
        }
        let report = self.sync_report(since, way, accounts, found, &before);
        if let Some(output) = output {
            let addresses: Vec<String> = report
                .mailboxes
                .iter()
                .filter(|mailbox| mailbox.outcome == SyncOutcome::Staged)
                .map(|it| it.new_address.as_ref().unwrap_or(&it.address).clone())
                .collect();
            let text = script::script(&self.name, &report.since, &addresses);
            let path = output.path().join(SCRIPT);
            stage::put(&path, text.as_bytes())?;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700))
                .map_err(|source| stage::failed(&path, source))?;
            stage::put(&output.path().join(REPORT), report.to_json().as_bytes())?;
            output.publish()?;
        }
        Ok(report)
    }

    fn stage(
        &self,
        run: &Run<'_>,
        resolved: &Resolved<'_>,
        before: &BeforeAll,
        output: &Path,
        found: &Found,
    ) -> Result<(), Error> {
        let mut merges: Vec<Option<MailboxMerge>> = Vec::new();
        let mut reports = Vec::new();
        for mailbox in resolved.mailboxes {
            let (address, new) = (&mailbox.plan.address, mailbox.plan.new_address.as_ref());
            let merge = self.merge_of(run, resolved, mailbox, before, None);
            let merge = merge.and_then(|merge| {
                let known = before.mailboxes.get(&address.to_lowercase());
                // A report does not tell what was deleted.
                let subscribed = known.and_then(|known| known.subscriptions.as_deref());
                let changed = merge.folders.iter().any(|it| it.is_changed() || it.is_behind())
                    || !merge.folders.is_empty()
                        && subscribed.is_none_or(|it| !same(it, &mailbox.model.subscriptions));
                if changed {
                    merge.can_be_staged()?;
                    script::can_be_scripted(mailbox, &merge)?;
                }
                Ok((merge, changed))
            });
            let (merge, report) = match merge {
                Err(refusal) => (None, SyncMailbox::refused(address, new, refusal)),
                Ok((merge, false)) => {
                    let report = SyncMailbox::new(address, new, SyncOutcome::Unchanged);
                    (None, report.with(&merge))
                }
                Ok((merge, true)) => {
                    let report = SyncMailbox::new(address, new, SyncOutcome::Staged).with(&merge);
                    (Some(merge), report)
                }
            };
            merges.push(merge);
            reports.push(report);
        }
        let bytes = resolved.mailboxes.iter().map(ResolvedMailbox::bytes).sum();
        run.progress.stage(&resolved.plan.domain, Stage::Writing, Some(bytes));
        let mut targets = Vec::new();
        for (mailbox, merge) in resolved.mailboxes.iter().zip(&merges) {
            let address = server_address(resolved, mailbox);
            if let Some(merge) = merge {
                let known = before.mailboxes.get(&mailbox.plan.address.to_lowercase());
                let known = script::Known {
                    reserved: before.reserved,
                    subscribed: known.and_then(|known| known.subscriptions.as_deref()),
                };
                script::plan(&output.join(PLAN).join(&address), mailbox, merge, &known)?;
            }
            targets.push(merge.as_ref().map(|merge| (output.join(STAGED).join(&address), merge)));
        }
        stage::stage(run, resolved, &targets)?;
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        found.add(reports);
        Ok(())
    }

    fn merge_into(
        &self,
        run: &Run<'_>,
        resolved: &Resolved<'_>,
        before: &BeforeAll,
        home: &Home,
        found: &Found,
    ) -> Result<(), Error> {
        let domains = home.domains()?;
        let here = |name: &str| domains.iter().any(|domain| domain == name.as_bytes());
        if !resolved.plan.domains.iter().any(|domain| here(&domain.name.to_string())) {
            return Ok(());
        }
        let mut plans: Vec<Result<(Dir, MailboxMerge), Refusal>> = Vec::new();
        for mailbox in resolved.mailboxes {
            plans.push(self.plan_into(run, resolved, mailbox, before, home)?);
        }
        let bytes = resolved.mailboxes.iter().map(ResolvedMailbox::bytes).sum();
        run.progress.stage(&resolved.plan.domain, Stage::Writing, Some(bytes));
        let mut targets = Vec::new();
        for plan in &plans {
            targets.push(match plan {
                Ok((dir, merge)) => Some((dir.again()?, merge)),
                Err(_) => None,
            });
        }
        into::fetch(run, resolved, &targets)?;
        let (mut reports, mut findings) = (Vec::new(), Vec::new());
        for (mailbox, plan) in resolved.mailboxes.iter().zip(plans) {
            let (address, new) = (&mailbox.plan.address, mailbox.plan.new_address.as_ref());
            if run.interrupt.is_raised() {
                return Err(Error::Interrupted);
            }
            let known = before.mailboxes.get(&address.to_lowercase());
            let subscribed = known.and_then(|known| known.subscriptions.as_deref());
            let done = match plan {
                Err(refusal) => Err(refusal),
                Ok((dir, merge)) => {
                    into::apply(&dir, mailbox, subscribed, &merge, &|ours: &Ours| {
                        self.merge_of(run, resolved, mailbox, before, Some(&ours.folders))
                    })?
                }
            };
            reports.push(match done {
                Err(refusal) => SyncMailbox::refused(address, new, refusal),
                Ok(done) => {
                    let changed = done.merge.folders.iter().any(FolderPlan::is_changed);
                    let outcome =
                        if changed { SyncOutcome::Merged } else { SyncOutcome::Unchanged };
                    if done.keywords_dropped > 0 {
                        findings.push(KEYWORDS_DROPPED.about(
                            address,
                            format!(
                                "{} could not be kept: a folder has no letter left for them",
                                count(done.keywords_dropped, "keyword of late messages")
                            ),
                        ));
                    }
                    SyncMailbox::new(address, new, outcome).with(&done.merge)
                }
            });
        }
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        found.add(reports);
        found.findings.extend(findings);
        Ok(())
    }

    /// What becomes of a mailbox of a home, and its directory there.
    fn plan_into(
        &self,
        run: &Run<'_>,
        resolved: &Resolved<'_>,
        mailbox: &ResolvedMailbox<'_>,
        before: &BeforeAll,
        home: &Home,
    ) -> Result<Result<(Dir, MailboxMerge), Refusal>, Error> {
        let domain = resolved.plan.domains[mailbox.plan.domain].name.to_string();
        let local = mailbox.plan.local.as_str();
        let Some(there) = home.mailbox(domain.as_bytes(), local.as_bytes())? else {
            return Ok(Err(Refusal::new(
                format!("the home has no mail/{domain}/{local}"),
                "restore the converted archive first, or name the home of this account",
            )));
        };
        let Some(dir) = there.dir().map(Dir::again).transpose()? else {
            return Ok(Err(Refusal::new("it lies in an archive", "name the home itself")));
        };
        let merge = Ours::new(there)
            .and_then(|ours| self.merge_of(run, resolved, mailbox, before, Some(&ours.folders)));
        Ok(merge.map(|merge| (dir, merge)))
    }

    /// What becomes of a mailbox.
    fn merge_of(
        &self,
        run: &Run<'_>,
        resolved: &Resolved<'_>,
        mailbox: &ResolvedMailbox<'_>,
        before: &BeforeAll,
        ours: Option<&BTreeMap<Key, plan::OurFolder>>,
    ) -> Result<MailboxMerge, Refusal> {
        let Some(known) = before.mailboxes.get(&mailbox.plan.address.to_lowercase()) else {
            return Err(Refusal::new(
                "it was not in the first conversion",
                "make the mailbox on the new server, convert this backup into another directory, \
                 and take the mailbox from that archive",
            ));
        };
        if ours.is_some_and(|ours| !ours.contains_key(&Key::default())) && known.folders.has_inbox()
        {
            return Err(Refusal::new(
                "its INBOX has no dovecot-uidlist",
                "restore the converted archive first: nothing of it is there",
            ));
        }
        let Some(scanned) = mailbox.scanned else {
            // Nobody has ever used it.
            if known.folders.is_empty() {
                return Ok(MailboxMerge { folders: Vec::new(), absence_counts: true });
            }
            return Err(Refusal::new(
                "the backup holds no mail of it",
                "nothing to do if it has none; else make the backup again, with mail content included",
            ));
        };
        if !scanned.no_maildir.mboxes.is_empty() || scanned.no_maildir.mail_enable > 0 {
            return Err(Refusal::new(
                "it is no maildir on the old server, and such messages have no names that stay",
                "convert the last backup alone, after the old server has stopped to receive mail",
            ));
        }
        let subscription = self
            .description
            .subscriptions
            .iter()
            .find(|subscription| subscription.domain.name == resolved.plan.domain);
        let evidence = match subscription {
            Some(subscription) => Evidence::of(run, resolved, subscription, mailbox),
            None => Evidence { absence_counts: false },
        };
        merge_mailbox(mailbox, known, &evidence, before.reserved, ours)
    }

    fn sync_report(
        &self,
        since: &Since,
        way: Way,
        accounts: Vec<AccountReport>,
        found: Collected,
        before: &BeforeAll,
    ) -> SyncReport {
        let Collected { mailboxes: mut found, findings: more } = found;
        let mut failed = false;
        for account in accounts.iter().filter(|it| it.outcome == Outcome::Failed) {
            failed = true;
            let (text, hint) = account
                .error
                .clone()
                .map_or_else(|| ("it failed".to_owned(), None), |error| (error.text, error.hint));
            let mut report = SyncMailbox::new(&account.domain, None, SyncOutcome::Refused);
            report.why = Some(text);
            report.remedy = hint;
            found.insert(account.domain.clone(), report);
        }
        // Converted before, of a domain that is looked at now, and not in the backup any more.
        let looked: Vec<&str> =
            found.values().filter_map(|it| it.address.split('@').nth(1)).collect();
        let gone: Vec<String> = before
            .mailboxes
            .keys()
            .filter(|address| !found.contains_key(*address))
            .filter(|address| address.split('@').nth(1).is_some_and(|it| looked.contains(&it)))
            .cloned()
            .collect();
        for address in gone {
            let refusal = Refusal::new(
                "it was converted, and the backup has no such mailbox any more",
                "delete it on the new server if it is not wanted there",
            );
            found.insert(address.clone(), SyncMailbox::refused(&address, None, refusal));
        }
        let report = self.report(accounts);
        let of_mail = |finding: &&Finding| OF_MAIL.contains(&&*finding.code);
        let of_backup = report.findings.iter();
        let findings: Vec<Finding> = of_backup
            .chain(report.accounts.iter().flat_map(|it| it.findings.iter().filter(of_mail)))
            .filter(|finding| finding.severity >= crate::finding::Severity::Warning)
            .cloned()
            .chain(more)
            .collect();
        let mailboxes = found.into_values().collect();
        SyncReport::new(self.name.clone(), since.name(), way, mailboxes, findings, failed)
    }
}

impl Collected {
    fn add(&mut self, reports: Vec<SyncMailbox>) {
        let by_address = reports.into_iter().map(|it| (it.address.to_lowercase(), it));
        self.mailboxes.extend(by_address);
    }
}

/// Opens a home that can be changed.
fn open_home(path: &Path, interrupt: &Interrupt) -> Result<Home, Error> {
    let home = Home::open(path, interrupt)?;
    if home.is_writable() {
        return Ok(home);
    }
    let text = "it is an archive; --merge-into changes the home of an account";
    Err(HomeError::new(path, text).into())
}

/// A mailbox's address on the new server.
fn server_address(resolved: &Resolved<'_>, mailbox: &ResolvedMailbox<'_>) -> String {
    let domain = &resolved.plan.domains[mailbox.plan.domain].name;
    format!("{}@{domain}", mailbox.plan.local.as_str())
}

/// Whether two lists name the same folders.
fn same(one: &[FolderName], other: &[FolderName]) -> bool {
    let all_in =
        |these: &[FolderName], those: &[FolderName]| these.iter().all(|it| those.contains(it));
    all_in(one, other) && all_in(other, one)
}

/// A directory that gets its name when all is in it.
struct Fresh {
    temporary: tempfile::TempDir,
    path: PathBuf,
}

impl Fresh {
    fn new(path: &Path) -> Result<Fresh, Error> {
        if path.exists() {
            return Err(Error::OutputExists { path: path.to_owned() });
        }
        let failed = |source| Error::Output { path: path.to_owned(), source };
        let parent = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        std::fs::create_dir_all(parent).map_err(failed)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".plesk2cpanel-sync-");
        Ok(Fresh { temporary: builder.tempdir_in(parent).map_err(failed)?, path: path.to_owned() })
    }

    fn path(&self) -> &Path {
        self.temporary.path()
    }

    fn publish(self) -> Result<(), Error> {
        let failed = |source| Error::Output { path: self.path.clone(), source };
        std::fs::File::open(self.temporary.path()).and_then(|it| it.sync_all()).map_err(failed)?;
        if self.path.exists() {
            return Err(Error::OutputExists { path: self.path });
        }
        let path = self.temporary.keep();
        std::fs::rename(&path, &self.path).map_err(failed)
    }
}
