//! One subscription's way through: read, plan, resolve, write, read back, name.

use std::collections::{BTreeMap, BTreeSet};

use cpmove::Compressor;
use mail_model::identity::{Rules, ServerKind};
use mail_model::uidl::UidlFormat;
use plesk_backup::{Backup, Description, EntryId, MailServer, Subscription, printable};
use rayon::prelude::*;

use crate::chain::{chain_findings, gap_finding, has_gap};
use crate::content::content_findings;
use crate::error::Error;
use crate::finding::{
    ARCHIVE_DAMAGED, CHAIN_GAP, CONTENT_MISSING, FILES_KEPT, FILES_NOT_CARRIED, Finding, NO_MAIL,
    ORPHANED_MAIL, SETTING_ADAPTED,
};
use crate::job::write_beside;
use crate::mail_findings::{count, some};
use crate::mailbox::ResolvedMailbox;
use crate::options::{ReadOptions, WriteOptions};
use crate::plan::{AccountName, AccountPlan, Context, OnDisk, plan_account};
use crate::progress::{Interrupt, Progress, Stage};
use crate::read_back::read_back;
use crate::report::{AccountReport, ErrorReport, Outcome, digest};
use crate::scan::{
    Chain, Depth, HomeFile, Layer, ScannedDomain, Users, can_be_written, layers_of, scan_domain,
};
use crate::write::{BAYES, BESIDE, Sources, write_account};

/// What all subscriptions of a run share.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a> {
    pub(crate) backup: &'a Backup,
    pub(crate) description: &'a Description,
    pub(crate) options: &'a ReadOptions,
    pub(crate) depth: Depth,
    /// Inflates and hashes.
    pub(crate) pool: &'a rayon::ThreadPool,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) interrupt: &'a Interrupt,
    /// Where to write; nothing is written without.
    pub(crate) output: Option<Output<'a>>,
    /// Who looks at what was read and resolved.
    pub(crate) look: Option<&'a Look<'a>>,
}

/// Looks at an account that was read and resolved.
pub(crate) type Look<'a> = dyn Fn(&Resolved<'_>) -> Result<(), Error> + Sync + 'a;

/// An account with everything decided, as it is to be written.
pub(crate) struct Resolved<'a> {
    pub(crate) plan: &'a AccountPlan,
    /// By the index of the domain.
    pub(crate) scanned: &'a [ScannedDomain],
    /// In the order of the plan.
    pub(crate) mailboxes: &'a [ResolvedMailbox<'a>],
    /// Address of the mailbox whose Bayes data becomes the account's.
    pub(crate) bayes: Option<&'a str>,
}

/// Where a run writes.
#[derive(Clone, Copy)]
pub(crate) struct Output<'a> {
    pub(crate) options: &'a WriteOptions,
    pub(crate) compressor: &'a Compressor,
}

impl Run<'_> {
    /// Does one subscription. What is wrong with it goes into its report, only an interruption out.
    pub(crate) fn account(
        &self,
        subscription: &Subscription,
        name: &AccountName,
    ) -> Result<AccountReport, Error> {
        let mut report = AccountReport {
            domain: subscription.domain.name.clone(),
            dump: subscription
                .dump
                .as_ref()
                .filter(|_| self.description.dumps.len() > 1)
                .map(ToString::to_string),
            user: name.user.as_str().to_owned(),
            system_user: subscription.system_user.as_ref().map(|user| user.name.clone()),
            outcome: Outcome::Inspected,
            error: None,
            archive: None,
            archive_bytes: None,
            orphaned_messages: 0,
            mailboxes: Vec::new(),
            settings: Vec::new(),
            findings: Vec::new(),
        };
        let result = self.fill(subscription, name, &mut report);
        self.progress.done(&report.domain);
        match result {
            Ok(()) => {}
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(error) => {
                report.outcome = Outcome::Failed;
                let output = self.output.map(|output| output.options.output.as_path());
                report.error =
                    Some(ErrorReport { text: error.report_text(output), hint: error.hint() });
            }
        }
        Ok(report)
    }

    fn fill(
        &self,
        subscription: &Subscription,
        name: &AccountName,
        report: &mut AccountReport,
    ) -> Result<(), Error> {
        self.progress.stage(&report.domain, Stage::Reading, None);
        let mut scanned = self.scan(subscription)?;
        report.findings.extend(content_findings(self.backup, subscription, &scanned));
        report.findings.extend(gap_finding(subscription, &scanned));
        refuse_without_mail(report, &scanned)?;

        let on_disk: Vec<_> = scanned.iter().map(on_disk).collect();
        let context = Context {
            description: self.description,
            name,
            key: self.options.secret_key.as_ref(),
            on_disk: &on_disk,
            dkim: &self.dkim_keys(subscription),
            lists_as_forwarders: self.options.lists_as_forwarders,
        };
        let plan = plan_account(subscription, &context)?;
        report.settings.clone_from(&plan.settings);
        report.findings.extend(plan.findings.iter().cloned());

        report.findings.extend(keep_of_addresses(subscription, &plan, &mut scanned));
        if let Some(truth) = &self.options.uidl_truth {
            report.findings.extend(truth.attach(self, &plan, &mut scanned)?);
        }
        let mailboxes = self.resolve(&plan, &scanned);
        if let Some(address) = most_learned(&mailboxes) {
            report.findings.push(SETTING_ADAPTED.with_remedy(
                address,
                "cPanel has one set of what the spam filter learned for the whole account: this \
                 mailbox's is used; what others learned is kept as files",
                "nothing to do: the filter goes on learning",
            ));
        }
        report.findings.extend(unplanned(subscription, &plan, &scanned));
        report.orphaned_messages = orphaned_messages(&plan, &scanned);
        for mailbox in &mailboxes {
            report.mailboxes.push(mailbox.report(self.depth.malformed));
            report.findings.extend(mailbox.findings());
            if let Some(scanned) = mailbox.scanned {
                report.findings.extend(chain_findings(&mailbox.plan.address, &scanned.chain));
            }
        }
        if mailboxes.is_empty() {
            let text = "the subscription has no mailbox";
            report.findings.push(NO_MAIL.about(&report.domain, text));
        }
        if let Some(output) = &self.output {
            self.write(output, &plan, &scanned, &mailboxes, report)?;
        }
        if let Some(look) = self.look {
            let bayes = most_learned(&mailboxes);
            look(&Resolved { plan: &plan, scanned: &scanned, mailboxes: &mailboxes, bayes })?;
        }
        Ok(())
    }

    fn scan(&self, subscription: &Subscription) -> Result<Vec<ScannedDomain>, Error> {
        let stamp = subscription.dump.as_ref();
        let gap = has_gap(subscription);
        let domains: Vec<(Vec<Layer>, Option<EntryId>, Users)> = subscription
            .domains()
            .map(|domain| match &domain.mail {
                Some(mail) => (layers_of(mail, stamp), mail.file_index, Users::of(Some(mail))),
                None => (Vec::new(), None, Users::of(None)),
            })
            .collect();
        let scan = |(layers, index, users): &(Vec<Layer>, Option<EntryId>, Users)| {
            // Of use only to tell what older dumps hold and the newest does not.
            let index = index.filter(|_| layers.len() > 1);
            // A list that can't be read says nothing, as one of another form does.
            let index = index.and_then(|index| self.backup.read_file_index(index).ok().flatten());
            let chain = Chain { layers, gap, index: index.as_ref() };
            scan_domain(self.backup, &chain, users, self.depth, self.interrupt)
        };
        self.pool.install(|| domains.par_iter().map(scan).collect())
    }

    /// The private DKIM keys, one file each in an archive of its own.
    fn dkim_keys(&self, subscription: &Subscription) -> Vec<Option<Result<Vec<u8>, String>>> {
        const LARGEST: u64 = 64 << 10;
        subscription
            .domains()
            .map(|domain| {
                let content = domain.mail.as_ref()?.dkim.as_ref()?.content.first()?;
                Some(
                    self.backup
                        .read_single_file(content, LARGEST)
                        .map_err(|error| error.to_string()),
                )
            })
            .collect()
    }

    fn resolve<'a>(
        &self,
        plan: &'a AccountPlan,
        scanned: &'a [ScannedDomain],
    ) -> Vec<ResolvedMailbox<'a>> {
        let rules = self.rules(plan);
        self.pool.install(|| {
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
        })
    }

    /// How to read the state of its mailboxes.
    pub(crate) fn rules(&self, plan: &AccountPlan) -> Rules {
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

    fn write(
        &self,
        output: &Output<'_>,
        plan: &AccountPlan,
        scanned: &[ScannedDomain],
        mailboxes: &[ResolvedMailbox<'_>],
        report: &mut AccountReport,
    ) -> Result<(), Error> {
        let account = self.pool.install(|| plan.account())?;
        let sources = Sources {
            backup: self.backup,
            plan,
            account: &account,
            scanned,
            mailboxes,
            bayes: most_learned(mailboxes),
        };
        let bytes = mailboxes.iter().map(ResolvedMailbox::bytes).sum();
        self.progress.stage(&plan.domain, Stage::Writing, Some(bytes));
        let written = write_account(
            &sources,
            output.options,
            output.compressor,
            self.progress,
            self.interrupt,
        )?;
        self.progress.stage(&plan.domain, Stage::Checking, Some(bytes));
        read_back(&sources, &written, self.progress, self.interrupt)?;
        let is_file = output.options.form != cpmove::Form::Directory;
        report.archive_bytes = is_file.then(|| written.archive.size());
        if let Some(table) = &plan.list_members {
            let path = output.options.output.join(format!("list-members-{}.csv", account.user));
            write_beside(&path, table.as_bytes())
                .map_err(|source| Error::Output { path: path.clone(), source })?;
        }
        let path = written.archive.publish()?;
        report.archive = path.file_name().map(|name| name.to_string_lossy().into_owned());
        report.outcome = Outcome::Converted;
        report.findings.extend(written.findings);
        digest::enter(&mut report.mailboxes, mailboxes, &written.sums);
        Ok(())
    }
}

/// An account without a single message of those that it should have would look whole to whoever
/// restores it.
fn refuse_without_mail(report: &AccountReport, scanned: &[ScannedDomain]) -> Result<(), Error> {
    if scanned.iter().any(|domain| !domain.mailboxes.is_empty()) {
        return Ok(());
    }
    let lost = report.findings.iter().find(|finding| {
        [CONTENT_MISSING.code, ARCHIVE_DAMAGED.code, CHAIN_GAP.code].contains(&&*finding.code)
    });
    lost.map_or(Ok(()), |lost| {
        Err(Error::NoMail {
            domain: report.domain.clone(),
            text: format!("{}: {}", lost.object, lost.text),
        })
    })
}

/// Address of the mailbox with the most Bayes data, the first by address among equals.
fn most_learned<'a>(mailboxes: &'a [ResolvedMailbox<'_>]) -> Option<&'a str> {
    let learned = |mailbox: &ResolvedMailbox<'_>| -> u64 {
        let files = mailbox.kept().filter(|(_, file)| file.path.starts_with(BAYES));
        files.map(|(_, file)| file.source.stored).sum()
    };
    let sums = mailboxes.iter().map(|mailbox| (learned(mailbox), mailbox.plan.address.as_str()));
    let most = sums.filter(|(bytes, _)| *bytes > 0);
    most.min_by_key(|(bytes, address)| (std::cmp::Reverse(*bytes), *address))
        .map(|(_, address)| address)
}

/// Files that lie with an address that has no mailbox, such as what its autoresponder attached, go
/// into the home as those of a mailbox do.
fn keep_of_addresses(
    subscription: &Subscription,
    plan: &AccountPlan,
    scanned: &mut [ScannedDomain],
) -> Vec<Finding> {
    let planned = planned(plan);
    let mut findings = Vec::new();
    for (index, (domain, scanned)) in subscription.domains().zip(scanned).enumerate() {
        if plan.domains.iter().all(|plan| plan.source != Some(index)) {
            continue;
        }
        let users = domain.mail.iter().flat_map(|mail| &mail.mailusers);
        for local in users.map(|user| &user.local_part) {
            let directory = local.as_bytes();
            if planned.contains(&(Some(index), Some(directory))) {
                continue;
            }
            let Some(mailbox) = scanned.mailboxes.get_mut(directory) else { continue };
            let (kept, odd) =
                std::mem::take(&mut mailbox.beside).into_iter().partition::<Vec<_>, _>(|file| {
                    can_be_written(directory) && can_be_written(&file.path)
                });
            mailbox.beside = odd;
            if kept.is_empty() {
                continue;
            }
            findings.push(FILES_KEPT.about(
                format!("{local}@{}", domain.ascii_name),
                format!(
                    "{} of an address without a mailbox are kept in the account's home below \
                     {BESIDE}/: {}",
                    count(kept.len() as u64, "file"),
                    some(kept.iter().map(|file| printable(&file.path)))
                ),
            ));
            scanned.of_domain.extend(kept.into_iter().map(|file| HomeFile {
                path: [directory, b"/", file.path.as_slice()].concat(),
                ..file
            }));
        }
    }
    findings
}

/// Directories of the archives that become mailboxes, with the index of their domain.
fn planned(plan: &AccountPlan) -> BTreeSet<(Option<usize>, Option<&[u8]>)> {
    plan.mailboxes
        .iter()
        .map(|mailbox| (plan.domains[mailbox.domain].source, mailbox.directory.as_deref()))
        .collect()
}

/// Messages in directories of the archives that become no mailbox.
fn orphaned_messages(plan: &AccountPlan, scanned: &[ScannedDomain]) -> u64 {
    let planned = planned(plan);
    let domains = scanned.iter().enumerate();
    domains
        .flat_map(|(index, domain)| {
            domain.mailboxes.iter().map(move |(directory, mailbox)| (index, directory, mailbox))
        })
        .filter(|(index, directory, _)| {
            !planned.contains(&(Some(*index), Some(directory.as_slice())))
        })
        .map(|(_, _, mailbox)| mailbox.messages())
        .sum()
}

/// What the archives hold below directories that become no mailbox. Messages of a mailbox that the
/// metadata do not name are told by the plan; its other files, and all of a domain that is left out,
/// are told here.
fn unplanned(
    subscription: &Subscription,
    plan: &AccountPlan,
    scanned: &[ScannedDomain],
) -> Vec<Finding> {
    let planned = planned(plan);
    let mut findings = Vec::new();
    for (index, (domain, scanned)) in subscription.domains().zip(scanned).enumerate() {
        let left_out = plan.domains.iter().all(|plan| plan.source != Some(index));
        for (directory, mailbox) in &scanned.mailboxes {
            if planned.contains(&(Some(index), Some(directory.as_slice()))) {
                continue;
            }
            let object = format!("{}@{}", printable(directory), domain.ascii_name);
            let messages: usize = mailbox.raw.folders.iter().map(|folder| folder.files.len()).sum();
            if left_out && messages > 0 {
                findings.push(ORPHANED_MAIL.with_remedy(
                    &object,
                    format!("{} are left out with the domain", count(messages as u64, "message")),
                    "rename or mend the domain in Plesk and make the backup again",
                ));
            }
            let files: Vec<String> = mailbox
                .beside
                .iter()
                .map(|file| &file.path)
                .chain(mailbox.not_carried.iter().map(|(path, _)| path))
                .map(|path| printable(path))
                .collect();
            if !files.is_empty() {
                findings.push(FILES_NOT_CARRIED.with_remedy(
                    &object,
                    format!(
                        "{} of a directory that becomes no mailbox are left out: {}",
                        count(files.len() as u64, "file"),
                        some(files.into_iter())
                    ),
                    "take them from the old server if they are wanted, such as the files that an \
                     autoresponder attached",
                ));
            }
        }
    }
    findings
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
            disk.sieve = mailbox.sieve().map(<[u8]>::to_vec);
            (name.clone(), disk)
        })
        .collect()
}
