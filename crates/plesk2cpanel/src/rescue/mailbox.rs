//! One mailbox: read, judged, decided, written.

use std::collections::HashMap;

use mail_model::dovecot::UidList;
use mail_model::folder::{Convention, FolderName};
use mail_model::identity::{Certainty, Fate, Folder, RawFolder, Rescue};
use mail_model::maildir::{FileName, Flags, base_name};
use plesk_backup::printable;

use super::RescueOptions;
use super::inbox::{Decision, Left, Old, decide, fates, fault, served_files};
use super::log::Visits;
use super::matching::{Matching, Sides};
use super::report::{Fates, FolderRescue, MailboxRescue, Matched, Seen, State, Visited};
use super::visits::{Since, Traces, Verdict, judge};
use crate::account::{Resolved, Run};
use crate::error::Error;
use crate::finding::{
    Finding, RESCUE_CONFLICT, RESCUE_FAILED, RESCUE_INDEX, RESCUE_LINKS, RESCUE_LIST_BROKEN,
    RESCUE_NOT_MAILDIR, RESCUE_NOTHING_MATCHED, RESCUE_UNLISTED, RESCUE_VISITS_ASSUMED, Severity,
};
use crate::home::{
    Format, Home, HomeError, HomeFolder, HomeMailbox, ListLock, read_folder, replace_list,
};
use crate::mail_findings::{count, some};
use crate::mailbox::ResolvedMailbox;
use crate::uidl::ABOUT_MESSAGES;

/// What old lists are kept as: `dovecot-uidlist.before-rescue`.
const KEPT_AS: &str = "rescue";

/// A mailbox of the backup and a home that may have it.
pub(super) struct MailboxWork<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) resolved: &'a Resolved<'a>,
    pub(super) mailbox: &'a ResolvedMailbox<'a>,
    pub(super) home: &'a Home,
    pub(super) options: &'a RescueOptions,
    pub(super) since: Since<'a>,
}

impl MailboxWork<'_> {
    /// Does it. None when the home has no such mailbox.
    pub(super) fn rescue(&self) -> Result<Option<MailboxRescue>, Error> {
        if self.run.interrupt.is_raised() {
            return Err(Error::Interrupted);
        }
        let plan = self.mailbox.plan;
        let mut report = MailboxRescue {
            address: plan.address.clone(),
            new_address: plan.new_address.clone(),
            home: self.home.name().to_owned(),
            state: State::Unchanged,
            visited: Visited::No,
            visited_because: String::new(),
            in_backup: 0,
            in_home: 0,
            matched: Matched::default(),
            fates: Fates::default(),
            seen: Seen::default(),
            next_uid: None,
            folders: Vec::new(),
            kept_lists: Vec::new(),
            findings: Vec::new(),
        };
        match self.fill(&mut report) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            // The other mailboxes have nothing to do with it.
            Err(Error::Home(error)) => {
                report.state = State::Failed;
                let name = error.path.file_name().map(|name| printable(name.as_encoded_bytes()));
                let text = format!("{}: {}", name.unwrap_or_default(), error.text);
                report.findings.push(RESCUE_FAILED.about(&plan.address, text));
            }
            Err(error) => return Err(error),
        }
        Ok(Some(report))
    }

    fn fill(&self, report: &mut MailboxRescue) -> Result<bool, Error> {
        let Some(home_mailbox) = self.find()? else { return Ok(false) };
        let address = &self.mailbox.plan.address;
        if home_mailbox.format != Format::Maildir {
            report.state = State::Refused;
            report.findings.push(not_maildir(self.login(), home_mailbox.format));
            return Ok(true);
        }
        // A directory of this name that holds no INBOX is not the mailbox.
        if !home_mailbox.folders.iter().any(|folder| folder.raw.dir.is_empty()) {
            return Ok(false);
        }
        if !home_mailbox.passed_over.is_empty() {
            let names = some(home_mailbox.passed_over.iter().map(|path| printable(path)));
            report.findings.push(RESCUE_LINKS.about(address, format!("not read: {names}")));
        }
        let about_names = self.mailbox.findings().into_iter().filter(|finding| {
            finding.severity > Severity::Info && ABOUT_MESSAGES.contains(&&*finding.code)
        });
        report.findings.extend(about_names);
        for folder in &self.mailbox.model.folders {
            let here = home_mailbox.folders.iter().position(|home| {
                let (name, _) = FolderName::from_dir(&home.raw.dir, Convention::Auto);
                name == folder.name
            });
            if let Some(here) = here {
                self.folder(folder, &home_mailbox, here, report)?;
            }
        }
        if report.state == State::Unchanged && has_work(report) {
            report.state = if self.options.write { State::Written } else { State::Planned };
        }
        Ok(true)
    }

    /// Where the plan puts the mailbox, else where it was called as on the old server.
    fn find(&self) -> Result<Option<HomeMailbox>, HomeError> {
        let plan = self.mailbox.plan;
        let domain = self.resolved.plan.domains[plan.domain].name.as_str().as_bytes();
        let old = plan.address.split('@').next().unwrap_or_default();
        for local in [plan.local.as_str(), old] {
            if let Some(found) = self.home.mailbox(domain, local.as_bytes())? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn folder(
        &self,
        folder: &Folder,
        home_mailbox: &HomeMailbox,
        here: usize,
        report: &mut MailboxRescue,
    ) -> Result<(), Error> {
        let raw = &home_mailbox.folders[here].raw;
        let is_inbox = folder.name.is_inbox();
        let can_be_written = is_inbox || (raw.uidlist.is_none() && raw.index_log_mtime.is_none());
        let sides = Sides {
            run: self.run,
            resolved: self.resolved,
            mailbox: self.mailbox,
            home: self.home,
            home_mailbox,
        };
        let matching = sides.matching(folder, here, can_be_written)?;
        let old = Old::new(self.mailbox, folder);
        if !is_inbox && !can_be_written {
            if raw.uidlist.is_none() {
                self.left(&Left::Index, folder, report);
            }
            let again = imap_again(folder, raw, None, &matching);
            report.seen.imap_not_connected += again;
            report.seen.imap_not_connected_before += again;
            return Ok(());
        }
        let mut verdict = if is_inbox {
            self.judge(folder, &home_mailbox.folders[here], Visits::default(), &matching, report)
        } else {
            // Without a list nobody was served.
            Verdict {
                visited: Visited::No,
                because: String::new(),
                last: None,
                is_sure: true,
                now: self.since.now,
            }
        };
        let format = &self.options.new_format;
        let mut raw = raw.clone();
        let mut decision = decide(&raw, &old, &matching, &verdict, format);
        if self.options.write && changes(&decision) {
            let dir = home_mailbox.folder_dir(&raw.dir)?;
            let gone = || HomeError::new(std::path::Path::new("cur"), "the folder is gone");
            let dir = dir.ok_or_else(gone)?;
            let lock = ListLock::wait(&dir, self.options.lock_wait, self.run.interrupt)?;
            let lock = lock.ok_or(Error::Interrupted)?;
            // As it is now, while nobody else changes the list.
            let now = read_folder(&dir, &raw.dir, &mut Vec::new())?.ok_or_else(gone)?;
            if is_inbox {
                let log = self.options.log.as_ref();
                let later = log.map(|log| log.later(&self.addresses())).unwrap_or_default();
                verdict = self.judge(folder, &now, later, &matching, report);
            }
            raw = now.raw;
            decision = decide(&raw, &old, &matching, &verdict, format);
            if let Some(list) = new_list(&decision).filter(|_| changes(&decision)) {
                if let Some(fault) = fault(&raw, &decision, format) {
                    return Err(HomeError::new(dir.path(), &fault).into());
                }
                if let Some(kept) = replace_list(&dir, &lock, &list.to_bytes(), KEPT_AS)? {
                    let path = [&raw.dir[..], &kept].join(&b'/');
                    report.kept_lists.push(printable(path.strip_prefix(b"/").unwrap_or(&path)));
                }
            }
        } else if let Some(fault) = fault(&raw, &decision, format) {
            return Err(HomeError::new(std::path::Path::new("dovecot-uidlist"), &fault).into());
        }
        self.tell(folder, &old, &raw, &matching, &decision, report);
        Ok(())
    }

    /// The address by which its owner logs in.
    fn login(&self) -> &str {
        let plan = self.mailbox.plan;
        plan.new_address.as_ref().unwrap_or(&plan.address)
    }

    /// The addresses by which somebody may have logged in since the move.
    fn addresses(&self) -> [&str; 2] {
        [self.login(), &self.mailbox.plan.address]
    }

    fn judge(
        &self,
        folder: &Folder,
        inbox: &HomeFolder,
        later: Visits,
        matching: &Matching,
        report: &mut MailboxRescue,
    ) -> Verdict {
        let has_read_more = inbox.raw.files.iter().any(|file| {
            let name = FileName::parse(&file.name);
            let old = matching.of(&name.base).map(|old| &folder.messages[old].name);
            old.is_some_and(|old| {
                name.flags.contains(Flags::SEEN) && !old.flags.contains(Flags::SEEN)
            })
        });
        let old_list = self.mailbox.scanned.and_then(|scanned| {
            scanned.raw.folders.get(folder.source)?.uidlist.as_ref().map(|state| &state.bytes)
        });
        let has_old_list = inbox.raw.uidlist.as_ref().map(|state| &state.bytes) == old_list;
        let traces = Traces { has_read_more, has_old_list };
        let verdict = judge(&self.addresses(), inbox, later, traces, &self.since);
        report.visited = verdict.visited;
        report.visited_because.clone_from(&verdict.because);
        report.findings.retain(|finding| finding.code != RESCUE_VISITS_ASSUMED.code);
        if !verdict.is_sure && inbox.raw.uidlist.is_some() {
            report.findings.push(RESCUE_VISITS_ASSUMED.about(
                &self.mailbox.plan.address,
                format!(
                    "whether clients were there since the move is a guess: {}",
                    verdict.because
                ),
            ));
        }
        verdict
    }

    /// Puts what was decided into the report.
    fn tell(
        &self,
        folder: &Folder,
        old: &Old<'_>,
        raw: &RawFolder,
        matching: &Matching,
        decision: &Decision,
        report: &mut MailboxRescue,
    ) {
        let is_inbox = folder.name.is_inbox();
        if is_inbox {
            report.in_backup = folder.messages.len() as u64;
            report.in_home = raw.files.len() as u64;
            report.matched = matching.counts();
        }
        report.seen.imap_not_connected += imap_again(folder, raw, new_list(decision), matching);
        report.seen.imap_not_connected_before += imap_again(folder, raw, None, matching);
        match decision {
            Decision::Leave(left) => {
                self.left(left, folder, report);
                if is_inbox {
                    let again = fetched(old, matching, raw);
                    report.seen.pop3_not_connected = again;
                    report.seen.pop3_not_connected_before = again;
                }
            }
            Decision::Restore { restored, new, .. } => {
                if is_inbox {
                    report.fates.restored = *restored;
                    report.fates.new = *new;
                    report.seen.pop3_not_connected_before = fetched(old, matching, raw);
                }
                report.folders.push(FolderRescue {
                    name: folder.name.to_string(),
                    restored: *restored,
                    new: *new,
                });
            }
            Decision::Rescue(rescue) => {
                report.fates = fates(rescue, raw, old, matching);
                report.next_uid = rescue.next_uid_was.map(|before| (before, rescue.list.next_uid));
                pop3_seen(rescue, old, raw, matching, &mut report.seen);
                self.questions(rescue.is_near_end, report);
            }
        }
        if is_inbox && matched_nothing(report) {
            report.findings.push(RESCUE_NOTHING_MATCHED.about(
                &self.mailbox.plan.address,
                format!(
                    "none of the {} of the backup is among the {} of the home",
                    count(report.in_backup, "message"),
                    report.in_home
                ),
            ));
        }
    }

    fn left(&self, left: &Left, folder: &Folder, report: &mut MailboxRescue) {
        let place = format!("{} {}", self.mailbox.plan.address, folder.name);
        report.findings.push(match left {
            Left::Index => RESCUE_INDEX.about(
                place,
                "there is no dovecot-uidlist, and dovecot.index files are there: a list beside them \
                 would make messages invisible",
            ),
            Left::Broken(fault) => {
                RESCUE_LIST_BROKEN.about(place, format!("dovecot-uidlist: {fault}"))
            }
            Left::Full => RESCUE_CONFLICT.about(
                place,
                "the old server gave out the highest UIDs: a list would have no UID left for new mail",
            ),
            // What the conversion would have said, too; it has its finding.
            Left::Nothing => return,
        });
    }

    /// What asks for a person.
    fn questions(&self, is_near_end: bool, report: &mut MailboxRescue) {
        let (address, login) = (&self.mailbox.plan.address, self.login());
        let Fates { unlisted, taken, mistaken, unwritable, .. } = report.fates;
        if unlisted > 0 {
            report.findings.push(RESCUE_UNLISTED.with_remedy(
                address,
                format!(
                    "in no list yet, so that nothing can be written for them: {}",
                    count(unlisted, "message")
                ),
                format!(
                    "close the logins, run `doveadm index -u {login} INBOX`, which gives them UIDs, \
                     and then this command again"
                ),
            ));
        }
        if is_near_end {
            let text = "the old server gave out a UIDL of the highest UIDs: the next UID can't be raised \
                        above it, and the new server may give it out a second time";
            report.findings.push(RESCUE_CONFLICT.about(address, text));
        }
        for (number, text) in [
            (taken, "the old UIDL is another message's now, so that the new one stays"),
            (
                mistaken,
                "not in the backup, and served under a UIDL that the old server gave to another: a \
                 client that had that one passes over this one",
            ),
            (unwritable, "no list can hold the old UIDL, so that the new one stays"),
        ] {
            if number > 0 {
                let text = format!("{}: {text}", count(number, "message"));
                report.findings.push(RESCUE_CONFLICT.about(address, text));
            }
        }
    }
}

fn has_work(report: &MailboxRescue) -> bool {
    let changed = report.fates.restored + report.fates.renamed > 0;
    changed || report.next_uid.is_some() || !report.folders.is_empty()
}

fn matched_nothing(report: &MailboxRescue) -> bool {
    let Matched { by_name, by_content, by_headers } = report.matched;
    report.in_backup > 0 && report.in_home > 0 && by_name + by_content + by_headers == 0
}

fn changes(decision: &Decision) -> bool {
    match decision {
        Decision::Rescue(rescue) => rescue.changes,
        Decision::Restore { .. } => true,
        Decision::Leave(_) => false,
    }
}

fn new_list(decision: &Decision) -> Option<&UidList> {
    match decision {
        Decision::Rescue(rescue) => Some(&rescue.list),
        Decision::Restore { list, .. } => Some(list),
        Decision::Leave(_) => None,
    }
}

fn not_maildir(address: &str, format: Format) -> Finding {
    let name = if format == Format::Mdbox { "mdbox" } else { "sdbox" };
    RESCUE_NOT_MAILDIR.with_remedy(
        address,
        format!("the mailbox is stored as {name}, which has no list that could be changed"),
        format!(
            "docs/rescue.md has the commands: a copy as maildir (`doveadm sync -1 -u {address} \
             maildir:COPY`), this command over the copy, and back into the emptied mailbox"
        ),
    )
}

/// Messages of INBOX that clients know by a UIDL of the old server.
fn fetched(old: &Old<'_>, matching: &Matching, raw: &RawFolder) -> u64 {
    let partners = raw.files.iter().filter_map(|file| matching.of(base_name(&file.name)));
    partners.filter(|partner| is_known(old, *partner)).count() as u64
}

fn is_known(old: &Old<'_>, message: usize) -> bool {
    old.known.get(message) == Some(&true)
}

fn pop3_seen(
    rescue: &Rescue,
    old: &Old<'_>,
    raw: &RawFolder,
    matching: &Matching,
    seen: &mut Seen,
) {
    for (at, file) in raw.files.iter().enumerate() {
        let (before, after) = (&rescue.before[at], &rescue.after[at]);
        if rescue.fates[at] != Fate::NotServed && before != after {
            seen.pop3_connected += 1;
        }
        let partner = matching.of(base_name(&file.name)).filter(|old_at| is_known(old, *old_at));
        if let Some(partner) = partner {
            let known = Some(&old.names[partner].uidl).filter(|uidl| !uidl.is_empty());
            seen.pop3_not_connected += u64::from(after.as_ref() != known);
            seen.pop3_not_connected_before += u64::from(before.as_ref() != known);
        }
    }
}

/// Messages of a folder that an IMAP client knows from the old server, and has to load again.
fn imap_again(
    folder: &Folder,
    raw: &RawFolder,
    list: Option<&UidList>,
    matching: &Matching,
) -> u64 {
    let parsed = raw.uidlist.as_ref().and_then(|state| UidList::parse(&state.bytes).ok());
    let list = list.or(parsed.as_ref().map(|(list, _)| list));
    let uids: HashMap<&[u8], u32> = list
        .iter()
        .flat_map(|list| &list.records)
        .map(|record| (record.base.as_slice(), record.uid))
        .collect();
    let same_validity = list.is_some_and(|list| list.uidvalidity == folder.uidvalidity);
    let again = served_files(raw).into_iter().filter(|file| {
        let base = base_name(file.name);
        let Some(old) = matching.of(base) else { return false };
        let old = &folder.messages[old];
        let is_known = matches!(old.uid_certainty, Certainty::Exact | Certainty::Assumed);
        is_known && !(same_validity && uids.get(base) == Some(&old.uid))
    });
    again.count() as u64
}
