//! Findings, with what is equal said once.

use std::collections::HashMap;

use super::words::title;
use crate::finding::{Severity, grouped};
use crate::report::Report;

/// Findings of one kind that ask for the same.
pub(super) struct Group<'a> {
    pub(super) severity: Severity,
    pub(super) code: &'a str,
    pub(super) title: String,
    pub(super) remedy: &'a str,
    /// Findings in all.
    pub(super) count: u64,
    pub(super) entries: Vec<Entry<'a>>,
}

/// Findings of a group with one text.
pub(super) struct Entry<'a> {
    pub(super) text: &'a str,
    pub(super) objects: Vec<&'a str>,
}

impl Group<'_> {
    /// Whether there is something to do.
    pub(super) fn asks(&self) -> bool {
        !self.remedy.starts_with("nothing ")
    }

    /// The remedy as a sentence of its own.
    pub(super) fn sentence(&self) -> String {
        let mut letters = self.remedy.chars();
        let first = letters.next().map(|letter| letter.to_uppercase().to_string());
        first.unwrap_or_default() + letters.as_str()
    }

    pub(super) fn severity_word(&self) -> &'static str {
        match self.severity {
            Severity::Error => "Error",
            Severity::Warning => "Warning",
            Severity::Info => "Note",
        }
    }
}

/// All findings of a report, the gravest first.
pub(super) fn groups(report: &Report) -> Vec<Group<'_>> {
    grouped(report.all_findings())
        .into_iter()
        .map(|findings| {
            let first = findings[0];
            let mut places: HashMap<&str, usize> = HashMap::new();
            let mut entries: Vec<Entry<'_>> = Vec::new();
            for finding in &findings {
                let place = *places.entry(finding.text.as_str()).or_insert(entries.len());
                match entries.get_mut(place) {
                    Some(entry) => entry.objects.push(&finding.object),
                    None => {
                        entries.push(Entry { text: &finding.text, objects: vec![&finding.object] });
                    }
                }
            }
            Group {
                severity: first.severity,
                code: &first.code,
                title: title(&first.code),
                remedy: &first.remedy,
                count: findings.len() as u64,
                entries,
            }
        })
        .collect()
}
