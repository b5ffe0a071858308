//! What a synchronisation did, for programs and for people.

use std::fmt::Write;

use serde::Serialize;

use super::plan::{FolderPlan, MailboxMerge, Refusal};
use crate::finding::Finding;
use crate::wording::{Paint, clean, number};

/// Version of the shape.
pub const SYNC_SCHEMA: u32 = 1;

/// Everything that one synchronisation did.
#[derive(Clone, Debug, Serialize)]
pub struct SyncReport {
    /// Version of the shape, [`SYNC_SCHEMA`].
    pub schema: u32,
    /// Name and version of the program.
    pub program: String,
    /// The backup that was read.
    pub backup: String,
    /// What the first conversion is known from.
    pub since: String,
    /// How the mail goes into the new server's mailboxes.
    pub way: Way,
    /// Mailboxes by account and address.
    pub mailboxes: Vec<SyncMailbox>,
    /// What the report of a conversion says of the backup's mail, and what concerns all of it.
    pub findings: Vec<Finding>,
    /// 0 all done, 1 failed, 3 something needs a person.
    pub exit_status: u8,
}

/// How the mail goes into the new server's mailboxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// By `sync.sh` and staged maildirs.
    Script,
    /// Into the files of a home.
    Home,
}

/// What became of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SyncOutcome {
    /// Staged, for the script.
    Staged,
    /// Merged into the home.
    Merged,
    /// There is nothing to do.
    Unchanged,
    /// Left as it is.
    Refused,
}

/// One mailbox.
#[derive(Clone, Debug, Serialize)]
pub struct SyncMailbox {
    /// Address on the old server.
    pub address: String,
    /// Address on the new server, where it had to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_address: Option<String>,
    /// What became of it.
    pub outcome: SyncOutcome,
    /// Why it is left as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What to do then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Folders in which something changes, or of which something is to be said.
    pub folders: Vec<SyncFolder>,
}

/// One folder, in messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SyncFolder {
    /// Name for people.
    pub name: String,
    /// Added: late mail.
    pub added: u64,
    /// Taken away, because they were deleted on the old server.
    pub removed: u64,
    /// Deleted on the new server; they stay so.
    pub stay_deleted: u64,
    /// With other flags or keywords than before.
    pub flagged: u64,
    /// What they were before is not known, so that flags of both sides are put together.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub flags_united: bool,
    /// Known by another UID on the old server by now; the new server's stays.
    pub other_uid: u64,
    /// Added though they may have been deleted on the new server.
    pub maybe_deleted: u64,
    /// Kept though the backup lacks them, because the backup is no evidence.
    pub absent_but_kept: u64,
    /// Late mail that the old server's list names and that the backup does not hold.
    #[serde(skip_serializing_if = "is_zero")]
    pub lacking: u64,
    /// With a new UID, because clients of the old server know another message by theirs.
    pub renumbered: u64,
    /// With a new UIDL, because both servers gave theirs to different messages.
    pub renamed: u64,
    /// With the UIDL that the old server says by now.
    pub corrected: u64,
    /// The new server has the folder no more, or gets it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made: Option<bool>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl SyncFolder {
    fn new(plan: &FolderPlan) -> SyncFolder {
        let count = |list: &[Vec<u8>]| list.len() as u64;
        let notes = &plan.merge.notes;
        let is_made = plan.new.is_none() && plan.theirs.is_some();
        SyncFolder {
            name: plan.name.to_string(),
            added: plan.added().count() as u64,
            removed: plan.merge.removed.len() as u64,
            stay_deleted: plan.merge.stay_deleted.len() as u64,
            flagged: count(&notes.flagged),
            flags_united: notes.flags_united && !notes.flagged.is_empty(),
            other_uid: count(&notes.other_uid),
            maybe_deleted: count(&notes.maybe_deleted),
            absent_but_kept: count(&notes.absent_but_kept),
            lacking: count(&notes.lacking),
            renumbered: count(&notes.renumbered),
            renamed: count(&notes.renamed),
            corrected: count(&notes.corrected),
            made: (is_made || plan.is_gone()).then_some(is_made),
        }
    }

    fn is_worth_a_word(&self) -> bool {
        *self != SyncFolder { name: self.name.clone(), ..SyncFolder::default() }
    }

    /// What is to be said, in words.
    fn words(&self) -> String {
        let flagged =
            if self.flags_united { "with the flags of both sides" } else { "with new flags" };
        let counts = [
            (self.added, "added"),
            (self.removed, "removed"),
            (self.flagged, flagged),
            (self.stay_deleted, "deleted here, and stay so"),
            (self.maybe_deleted, "added though they may have been deleted here"),
            (self.absent_but_kept, "kept though the backup lacks them"),
            (self.lacking, "named by the old server's list and not in the backup"),
            (self.other_uid, "with another UID on the old server"),
            (self.renumbered, "with a new UID"),
            (self.renamed, "with a new UIDL"),
            (self.corrected, "with a corrected UIDL"),
        ];
        let mut words: Vec<String> = counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        match self.made {
            Some(true) => words.insert(0, "new folder".to_owned()),
            Some(false) => words.insert(0, "folder deleted".to_owned()),
            None => {}
        }
        words.join(", ")
    }
}

impl SyncMailbox {
    pub(super) fn new(address: &str, new_address: Option<&String>, outcome: SyncOutcome) -> Self {
        SyncMailbox {
            address: address.to_owned(),
            new_address: new_address.cloned(),
            outcome,
            why: None,
            remedy: None,
            folders: Vec::new(),
        }
    }

    pub(super) fn refused(
        address: &str,
        new_address: Option<&String>,
        refusal: Refusal,
    ) -> SyncMailbox {
        SyncMailbox {
            why: Some(refusal.text),
            remedy: Some(refusal.remedy),
            ..SyncMailbox::new(address, new_address, SyncOutcome::Refused)
        }
    }

    pub(super) fn with(self, merge: &MailboxMerge) -> SyncMailbox {
        let folders = merge.folders.iter().map(SyncFolder::new);
        SyncMailbox { folders: folders.filter(SyncFolder::is_worth_a_word).collect(), ..self }
    }
}

impl SyncReport {
    pub(super) fn new(
        backup: String,
        since: String,
        way: Way,
        mailboxes: Vec<SyncMailbox>,
        findings: Vec<Finding>,
        failed: bool,
    ) -> SyncReport {
        let needs = |mailbox: &SyncMailbox| {
            mailbox.outcome == SyncOutcome::Refused
                || mailbox
                    .folders
                    .iter()
                    .any(|it| it.renamed > 0 || it.absent_but_kept > 0 || it.lacking > 0)
        };
        let attention = findings.iter().any(|it| it.severity >= crate::finding::Severity::Warning)
            || mailboxes.iter().any(needs);
        SyncReport {
            schema: SYNC_SCHEMA,
            program: format!("plesk2cpanel {}", env!("CARGO_PKG_VERSION")),
            backup,
            since,
            way,
            mailboxes,
            findings,
            exit_status: if failed {
                1
            } else if attention {
                3
            } else {
                0
            },
        }
    }

    /// The report as it is written.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a report has only text keys");
        text.push('\n');
        text
    }

    /// The report as text for a terminal; `output` names the directory that was written.
    pub fn to_text(&self, output: Option<&str>, colour: bool) -> String {
        let paint = Paint(colour);
        let mut text =
            format!("{}, since {}\n\n", paint.strong(&clean(&self.backup)), clean(&self.since));
        for mailbox in &self.mailboxes {
            let address = mailbox.new_address.as_ref().unwrap_or(&mailbox.address);
            let label = match mailbox.outcome {
                SyncOutcome::Staged => paint.good("staged"),
                SyncOutcome::Merged => paint.good("merged"),
                SyncOutcome::Unchanged => "unchanged".to_owned(),
                SyncOutcome::Refused => paint.bad("left as it is"),
            };
            let _ = writeln!(text, "{label} {}", paint.strong(&clean(address)));
            if let Some(why) = &mailbox.why {
                let _ = writeln!(text, "  {}", clean(why));
            }
            if let Some(remedy) = &mailbox.remedy {
                let _ = writeln!(text, "  {}: {}", paint.hint("hint"), clean(remedy));
            }
            for folder in &mailbox.folders {
                let _ = writeln!(text, "  {}: {}", clean(&folder.name), folder.words());
            }
        }
        text.push('\n');
        for finding in &self.findings {
            let (code, object) = (&finding.code, clean(&finding.object));
            let _ = writeln!(text, "{}[{code}] {object}", paint.careful("warning"));
            let _ = writeln!(text, "  {}", clean(&finding.text));
            let _ = writeln!(text, "  {}: {}", paint.hint("hint"), clean(&finding.remedy));
        }
        let sum = |of: fn(&SyncFolder) -> u64| -> u64 {
            self.mailboxes.iter().flat_map(|mailbox| &mailbox.folders).map(of).sum()
        };
        let (add, remove) = match self.way {
            Way::Script => ("to add", "to remove"),
            Way::Home => ("added", "removed"),
        };
        let _ = writeln!(
            text,
            "{}: {} {add}, {} {remove}, {} with new flags",
            number(self.mailboxes.len() as u64, "mailbox"),
            number(sum(|folder| folder.added), "message"),
            sum(|folder| folder.removed),
            sum(|folder| folder.flagged),
        );
        if let Some(output) = output {
            let output = clean(output);
            let staged = self.mailboxes.iter().any(|it| it.outcome == SyncOutcome::Staged);
            if staged {
                let _ = writeln!(
                    text,
                    "Copy {output} to the new server, read sync.sh there, and run it as root."
                );
            }
        }
        text
    }
}
