//! What the program writes is what docs/report.schema.json says, by a validator of its own.

use std::path::Path;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};

use super::recorded;
use crate::rich::rich;
use crate::support::{Place, one_mailbox, served_messages};

struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Schema {
    fn published() -> Schema {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/report.schema.json");
        let schema = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("report.schema.json", schema).unwrap();
        let index = compiler.compile("report.schema.json", &mut schemas).unwrap();
        Schema { schemas, index }
    }

    fn problem(&self, report: &Value) -> Option<String> {
        self.schemas.validate(report, self.index).err().map(|error| format!("{error:#}"))
    }
}

#[test]
fn whatever_is_written_fits_the_schema() {
    let schema = Schema::published();
    let (place, report) = recorded();
    assert_eq!(schema.problem(&report), None);

    // All settings, damage, a failure, and what `inspect` alone has.
    let mut damaged = one_mailbox(served_messages(300));
    damaged.compression = plesk_fixture::Compression::Tgz;
    plesk_fixture::pack_directory(&damaged, &place.path("tree")).unwrap();
    let archive = place.path("tree/backup_domainmail_2401151030.tgz");
    plesk_fixture::corrupt::truncate(&archive, std::fs::metadata(&archive).unwrap().len() / 2)
        .unwrap();
    let mut lost = one_mailbox(served_messages(1));
    lost.content = false;
    place.pack("rich.tar", &rich());
    place.pack("lost.tar", &lost);
    for backup in ["rich.tar", "tree", "lost.tar"] {
        for command in [
            &["inspect", backup, "--json"][..],
            &["convert", backup, "--output", "o", "--force", "--json"],
            &["convert", backup, "--output", "d", "--as", "dir", "--force", "--json"],
        ] {
            let run = place.run(command);
            let report = serde_json::from_str(&run.stdout).unwrap();
            assert_eq!(schema.problem(&report), None, "{command:?}");
        }
    }
}

#[test]
fn the_schema_refuses_what_the_program_does_not_write() {
    let schema = Schema::published();
    let (_, report) = recorded();
    let objects = objects(&report);
    assert!(objects.len() > 50);
    for path in &objects {
        let mut more = report.clone();
        more.pointer_mut(path).unwrap()["unheard of"] = json!(1);
        assert!(schema.problem(&more).is_some(), "a new field at {path:?}");
        // What is counted by a word may miss any of them.
        let counted = path.ends_with("_certainty") || path.ends_with("left_out");
        let fields = report.pointer(path).unwrap().as_object().unwrap().keys();
        let may_be_missing =
            |field: &str| matches!(field, "digest" | "reserved_uids" | "complete_below");
        for field in fields.filter(|field| !counted && !may_be_missing(field)) {
            let mut less = report.clone();
            less.pointer_mut(path).unwrap().as_object_mut().unwrap().remove(field);
            assert!(schema.problem(&less).is_some(), "{path}/{field} missing");
        }
    }
    for (path, value) in [
        ("/schema", json!(1)),
        ("/exit_status", json!(-1)),
        ("/accounts/0/outcome", json!("done")),
        ("/accounts/0/mailboxes/0/digest", json!("ABC")),
        ("/accounts/0/mailboxes/0/digest", Value::Null),
        ("/accounts/0/mailboxes/0/login", json!("open")),
        ("/accounts/0/mailboxes/0/uid_certainty", json!({"certain": 1})),
        ("/accounts/0/mailboxes/0/uid_certainty/exact", json!(0)),
        ("/accounts/0/mailboxes/0/left_out", json!({"lost": 1})),
        ("/accounts/0/mailboxes/0/server/live", json!("exim")),
        ("/accounts/0/findings/0/severity", json!("fatal")),
        ("/accounts/0/settings/0/outcome", json!("kept")),
    ] {
        let mut other = report.clone();
        *other.pointer_mut(path).unwrap() = value;
        assert!(schema.problem(&other).is_some(), "{path}");
    }
}

/// Paths of all objects in a value.
fn objects(value: &Value) -> Vec<String> {
    let within = |name: &str, value: &Value| -> Vec<String> {
        objects(value).iter().map(|path| format!("/{name}{path}")).collect()
    };
    match value {
        Value::Object(fields) => std::iter::once(String::new())
            .chain(fields.iter().flat_map(|(name, value)| within(name, value)))
            .collect(),
        Value::Array(values) => values
            .iter()
            .enumerate()
            .flat_map(|(index, value)| within(&index.to_string(), value))
            .collect(),
        _ => Vec::new(),
    }
}

#[test]
fn a_report_reads_back_as_it_was_written() {
    let place = Place::new();
    place.pack("rich.tar", &rich());
    for command in [
        &["convert", "rich.tar", "--output", "out", "--json"][..],
        &["inspect", "rich.tar", "--json"],
    ] {
        let text = place.run(command).stdout.replace("[VERSION]", "1");
        let report = plesk2cpanel::report::Report::from_json(text.as_bytes()).unwrap();
        assert!(report.to_json() == text);
    }
}
