//! `report.json` and what is made of it.

mod counts;
mod diff;
mod digests;
mod page;
mod schema;
mod workflow;

use serde_json::Value;

use crate::support::Place;

/// A report with several accounts, mailboxes, folders, settings and findings, as it was written.
pub fn recorded() -> (Place, Value) {
    let place = Place::new();
    let backup = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/recorded/courier/backup.tar");
    let run = place.run(&["convert", backup, "--output", "out"]);
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    let report = place.report("out");
    (place, report)
}

/// Writes a report for the program to read.
pub fn write(place: &Place, name: &str, report: &Value) {
    place.write(name, serde_json::to_string(report).unwrap().as_bytes());
}
