//! The dumps of a backup that holds several, for the report and for people.

use std::fmt::Write;

use plesk_backup::{Description, Dump, DumpLevel, Stamp};

use crate::mail_findings::{count, some};
use crate::report::{BackupFacts, DumpReport};

/// The dumps; none when there is no choice between several.
pub(crate) fn dump_reports(description: &Description) -> Vec<DumpReport> {
    let dumps = description.dumps.as_slice();
    if dumps.len() < 2 { Vec::new() } else { dumps.iter().map(dump_report).collect() }
}

fn dump_report(dump: &Dump) -> DumpReport {
    let texts = |stamps: &[Stamp]| stamps.iter().map(ToString::to_string).collect();
    DumpReport {
        stamp: dump.stamp.as_ref().map(ToString::to_string),
        base: dump.base.as_ref().map(ToString::to_string),
        level: match dump.level {
            DumpLevel::Server => "server",
            DumpLevel::Reseller => "reseller",
            DumpLevel::Client => "client",
            DumpLevel::Subscription => "subscription",
            DumpLevel::Unknown => "unknown",
        },
        object: dump.object.clone(),
        path: dump.path.clone(),
        metadata_files: dump.metadata_files,
        subscriptions: dump.subscriptions,
        flags: dump.flags.clone(),
        complete: dump.is_complete(),
        content_included: dump.content_included,
        damaged_metadata: dump.damaged_metadata.clone(),
        missing_content: dump.missing_content.clone(),
        needs: texts(&dump.needs),
        missing_dumps: texts(&dump.missing_dumps),
        taken_for: dump.chosen_for,
    }
}

/// The list of dumps for a terminal; what was taken is marked. Nothing when there is only one.
/// Texts are as the backup has them.
pub(crate) fn dump_lines(backup: &BackupFacts) -> Vec<String> {
    let mut lines = Vec::new();
    if !backup.dumps.is_empty() {
        lines.push(format!("{} dumps, `*` marks what is taken:", backup.dumps.len()));
    }
    lines.extend(backup.dumps.iter().map(dump_line));
    lines
}

fn dump_line(dump: &DumpReport) -> String {
    let mark = if dump.taken_for > 0 { '*' } else { ' ' };
    let stamp = dump.stamp.as_deref().unwrap_or("no stamp");
    let kind = match &dump.base {
        Some(base) => format!("increment of {base}"),
        None => "full".to_owned(),
    };
    let object = match (dump.level, &dump.object) {
        ("unknown", _) if dump.path.is_empty() => "unknown object".to_owned(),
        ("unknown", _) => dump.path.clone(),
        (level, Some(object)) => format!("{level} {object}"),
        (level, None) => level.to_owned(),
    };
    let mut line = format!(
        "{mark} {stamp:<10}  {kind:<23}  {object}, {}",
        count(dump.subscriptions as u64, "subscription")
    );
    if dump.taken_for > 0 && dump.taken_for < dump.subscriptions {
        // Writing into a String does not fail.
        let _ = write!(line, ", {} of them taken", dump.taken_for);
    }
    for lack in lacks(dump) {
        line.push_str("; ");
        line.push_str(&lack);
    }
    line
}

/// What speaks against a dump.
fn lacks(dump: &DumpReport) -> Vec<String> {
    let mut lacks = Vec::new();
    if !dump.content_included {
        lacks.push("settings alone".to_owned());
    }
    if !dump.damaged_metadata.is_empty() {
        lacks.push(format!("damaged: {}", some(dump.damaged_metadata.iter().cloned())));
    }
    if !dump.missing_content.is_empty() {
        lacks.push(format!("without {}", some(dump.missing_content.iter().cloned())));
    }
    if !dump.missing_dumps.is_empty() {
        lacks.push(format!("needs the missing {}", some(dump.missing_dumps.iter().cloned())));
    }
    let bad = dump
        .flags
        .iter()
        .filter(|flag| !matches!(flag.as_str(), "status_OK" | "dumpresult_SUCCESS"));
    lacks.extend(bad.cloned());
    lacks
}
