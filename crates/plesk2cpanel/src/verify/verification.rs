//! What a comparison found, as data and as text.

use std::collections::BTreeMap;
use std::fmt::Write;

use plesk_backup::printable;
use serde::Serialize;

use super::archive::{Archive, Shape};
use super::collect::Found;
use super::expected::Expected;
use super::ledger::{Change, Class, Group, Ledger};
use super::settings::NOT_IN_A_HOME;
use crate::mail_findings::count;

/// Version of the JSON's shape; raised when a field changes its meaning or goes.
pub const FORMAT: u32 = 1;

/// Items of a class that are printed; the JSON has more.
const SHOWN: usize = 5;

/// What a comparison found.
#[derive(Clone, Debug, Serialize)]
pub struct Verification {
    /// [`FORMAT`].
    pub format: u32,
    /// Name and version of the program.
    pub program: String,
    /// Name of the backup.
    pub backup: String,
    /// Name of the archive.
    pub archive: String,
    /// `tar.gz`, `tar`, `directory` or `home`.
    pub shape: &'static str,
    /// Main domain of the account.
    pub domain: String,
    /// Name of the account.
    pub user: String,
    /// Whether nothing differs.
    pub same: bool,
    /// How many differences there are.
    pub differing: u64,
    /// What was compared.
    pub counts: Counts,
    /// How many values of each class were compared.
    pub compared: BTreeMap<&'static str, u64>,
    /// What differs.
    pub differences: BTreeMap<&'static str, Group>,
    /// What a server that was in use since may have changed, and did.
    pub changes: BTreeMap<&'static str, Group>,
    /// Classes that could not be compared, because a home directory holds nothing of them.
    pub not_compared: Vec<Class>,
    /// The exit status that follows.
    pub exit_status: u8,
}

/// What was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Mailboxes of the backup.
    pub mailboxes: u64,
    /// Their folders.
    pub folders: u64,
    /// Their messages.
    pub messages: u64,
    /// Of these, so many were found.
    pub messages_found: u64,
    /// Bytes of the messages of the backup.
    pub bytes: u64,
    /// Files beside the mail that are kept.
    pub kept_files: u64,
}

impl Verification {
    pub(super) fn new(
        backup: &str,
        archive: &Archive,
        expected: &Expected<'_>,
        found: &Found,
        ledger: Ledger,
    ) -> Verification {
        let Ledger { compared, differences, changes } = ledger;
        let differing = differences.values().map(|group| group.count).sum();
        let plan = expected.resolved.plan;
        let home = archive.shape == Shape::Home;
        Verification {
            format: FORMAT,
            program: format!("plesk2cpanel {}", env!("CARGO_PKG_VERSION")),
            backup: backup.to_owned(),
            archive: archive.name(),
            shape: archive.shape.name(),
            domain: plan.domain.clone(),
            user: plan.planned().user.as_str().to_owned(),
            same: differing == 0,
            differing,
            counts: Counts {
                mailboxes: plan.mailboxes.len() as u64,
                folders: expected.folders.len() as u64,
                messages: expected.messages as u64,
                messages_found: found.messages,
                bytes: expected.bytes,
                kept_files: expected.kept.len() as u64,
            },
            compared: compared.into_iter().map(|(class, count)| (class.code(), count)).collect(),
            differences: by_code(differences, Class::code),
            changes: by_code(changes, Change::code),
            not_compared: if home { NOT_IN_A_HOME.to_vec() } else { Vec::new() },
            exit_status: u8::from(differing > 0),
        }
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("only text keys");
        text.push('\n');
        text
    }

    /// For a terminal: the verdict first.
    pub fn to_text(&self, colour: bool) -> String {
        let paint = |code: &str, text: &str| {
            if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
        };
        let clean = |text: &str| printable(text.as_bytes());
        let mut text = String::new();
        let (backup, archive) = (clean(&self.backup), clean(&self.archive));
        let counts = &self.counts;
        let _ = if self.same {
            let since = if self.changes.is_empty() { "" } else { ", but for what was done since" };
            writeln!(text, "{}: {archive} holds all that {backup} does{since}", paint("32", "same"))
        } else {
            writeln!(
                text,
                "{}: {archive} is not what {backup} holds: {}",
                paint("1;31", "different"),
                count(self.differing, "difference")
            )
        };
        let _ = writeln!(
            text,
            "  {} -> account {} ({})",
            clean(&self.domain),
            clean(&self.user),
            self.shape
        );
        let boxes = if counts.mailboxes == 1 { "mailbox" } else { "mailboxes" };
        let _ = writeln!(
            text,
            "  {} {boxes}, {}, {} ({} bytes, {} found), {}; {} compared",
            counts.mailboxes,
            count(counts.folders, "folder"),
            count(counts.messages, "message"),
            counts.bytes,
            counts.messages_found,
            count(counts.kept_files, "kept file"),
            count(self.compared.values().sum(), "value"),
        );
        groups(&mut text, &self.differences, |code| paint("31", code));
        if !self.changes.is_empty() {
            text.push_str("\nchanged since the restore, as mail in use does:\n");
            for (code, group) in &self.changes {
                let example = group.first.first();
                let _ = writeln!(
                    text,
                    "  {code}: {}{}",
                    group.count,
                    example.map_or_else(String::new, |item| {
                        format!(", such as {}: {}", clean(&item.object), clean(&item.text))
                    })
                );
            }
        }
        if !self.not_compared.is_empty() {
            let list: Vec<&str> = self.not_compared.iter().map(|class| class.code()).collect();
            let _ = writeln!(
                text,
                "\nnot compared, as a home directory holds nothing of it: {}",
                list.join(", ")
            );
        }
        text
    }
}

fn groups(
    text: &mut String,
    groups: &BTreeMap<&'static str, Group>,
    paint: impl Fn(&str) -> String,
) {
    for class in Class::ALL {
        let Some(group) = groups.get(class.code()) else { continue };
        let _ = writeln!(text, "\n{} ({})", paint(class.code()), group.count);
        for item in group.first.iter().take(SHOWN) {
            let _ = writeln!(
                text,
                "  {}: {}",
                printable(item.object.as_bytes()),
                printable(item.text.as_bytes())
            );
        }
        if group.count > SHOWN as u64 {
            let _ = writeln!(text, "  and {} more", group.count - SHOWN as u64);
        }
    }
}

fn by_code<K: Copy>(
    groups: BTreeMap<K, Group>,
    code: impl Fn(K) -> &'static str,
) -> BTreeMap<&'static str, Group> {
    groups.into_iter().map(|(key, group)| (code(key), group)).collect()
}
