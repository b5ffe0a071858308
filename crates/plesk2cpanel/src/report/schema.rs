//! The types of the report as JSON Schema.
//!
//! Generated from the types, and only in tests: a schema written by hand would say more (and
//! could say something else than what is written), and one that the program carries would cost
//! every user for what stands in `docs/`. What the program really writes is validated against the
//! file by tests of the whole program, with a validator that knows nothing of these types.

use std::collections::BTreeSet;
use std::path::Path;

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Report, SCHEMA};

/// Counts by the words of `K`; a word that counts nothing is not there.
pub(super) fn counts_by<K: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "propertyNames": generator.subschema_for::<K>(),
        "additionalProperties": { "type": "integer", "minimum": 1 },
    })
}

/// Documentation comments as text for people who read no Rust: without links, in one line.
struct PlainDescriptions;

impl Transform for PlainDescriptions {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(serde_json::Value::String(text)) = schema.get_mut("description") {
            *text = text.replace('\n', " ").replace("[`", "`").replace("`]", "`");
        }
        transform_subschemas(self, schema);
    }
}

#[test]
fn the_published_schema_is_that_of_the_types() {
    // What is written: a field that can be null is there all the same.
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Report>();
    PlainDescriptions.transform(&mut schema);
    schema.insert("title".to_owned(), "report.json of plesk2cpanel".into());
    let version = schema
        .pointer_mut("/properties/schema")
        .and_then(|property| property.as_object_mut())
        .expect("a report has a field `schema`");
    version.insert("const".to_owned(), SCHEMA.into());
    let mut text = serde_json::to_string_pretty(&schema).unwrap();
    text.push('\n');
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/report.schema.json");
    if std::env::var_os("UPDATE_REPORT_SCHEMA").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap_or_default() == text,
        "the types have changed: if the new shape is meant, raise SCHEMA, and run this test with \
         UPDATE_REPORT_SCHEMA=1 to write docs/report.schema.json"
    );
}

/// A field that is not always written is not always there to be read: it has a `default`.
#[test]
fn whatever_is_written_can_be_read_again() {
    let written = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<Report>();
    let read = SchemaSettings::draft2020_12()
        .for_deserialize()
        .into_generator()
        .into_root_schema_for::<Report>();
    let required = |schema: &Schema, path: &str| -> BTreeSet<String> {
        let names = schema.pointer(&format!("{path}/required")).and_then(|names| names.as_array());
        names.into_iter().flatten().filter_map(|name| name.as_str()).map(str::to_owned).collect()
    };
    let types = written.pointer("/$defs").and_then(|types| types.as_object()).unwrap();
    assert!(types.len() > 10);
    for path in types.keys().map(|name| format!("/$defs/{name}")).chain([String::new()]) {
        let (written, read) = (required(&written, &path), required(&read, &path));
        assert!(read.is_subset(&written), "{path}: {:?}", read.difference(&written));
    }
}
