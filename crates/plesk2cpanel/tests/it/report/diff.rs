//! `report diff`: what changed, by what it is about.

use serde_json::{Value, json};

use super::{recorded, write};
use crate::support::Place;

struct Pair {
    place: Place,
    old: Value,
}

impl Pair {
    fn new() -> Pair {
        let (place, old) = recorded();
        write(&place, "old.json", &old);
        Pair { place, old }
    }

    /// What is said of the report with something changed in it, and the status.
    fn text(&self, change: impl FnOnce(&mut Value)) -> (Option<i32>, String) {
        let mut new = self.old.clone();
        change(&mut new);
        write(&self.place, "new.json", &new);
        let run = self.place.run(&["report", "diff", "old.json", "new.json"]);
        assert_eq!(run.stderr, "");
        (run.status, run.stdout)
    }

    fn json(&self) -> Value {
        let run = self.place.run(&["report", "diff", "old.json", "new.json", "--json"]);
        serde_json::from_str(&run.stdout).unwrap()
    }
}

fn alice(report: &mut Value) -> &mut Value {
    let mailboxes = report["accounts"][0]["mailboxes"].as_array_mut().unwrap();
    mailboxes.iter_mut().find(|mailbox| mailbox["address"] == "alice@example.com").unwrap()
}

/// Turns every list around.
fn turn(value: &mut Value) {
    match value {
        Value::Array(values) => {
            values.reverse();
            values.iter_mut().for_each(turn);
        }
        Value::Object(fields) => fields.values_mut().for_each(turn),
        _ => {}
    }
}

#[test]
fn equal_reports_say_nothing() {
    let pair = Pair::new();
    assert_eq!(pair.text(|_| {}), (Some(0), String::new()));
    assert_eq!(pair.json()["differences"], json!([]));
    assert_eq!(pair.text(turn), (Some(0), String::new()), "order is no difference");
    let (status, text) = pair.text(|report| report["program"] = json!("plesk2cpanel 9.9.9"));
    assert_eq!((status, text.as_str()), (Some(0), ""), "who wrote it is no result");
    assert_eq!(pair.json()["new_program"], "plesk2cpanel 9.9.9");
}

#[test]
fn each_kind_of_change_is_said() {
    let pair = Pair::new();
    let (status, text) = pair.text(|report| {
        report["exit_status"] = json!(0);
        report["backup"]["plesk_version"] = json!("18.0.70");
        report["totals"]["messages"] = json!(83);
        let account = &mut report["accounts"][0];
        account["archive_bytes"] = Value::Null;
        account["settings"][0]["outcome"] = json!("skipped");
        account["settings"].as_array_mut().unwrap().remove(1);
        account["settings"].as_array_mut().unwrap().push(json!({
            "object": "alice@example.com", "setting": "new", "outcome": "adapted",
            "detail": "with a \u{1b}[31mcolour",
        }));
        let findings = account["findings"].as_array_mut().unwrap();
        findings[0]["text"] = json!("another text");
        findings.remove(1);
        findings.push(json!({
            "code": "uidlist-cut", "severity": "info", "object": "alice@example.com INBOX",
            "text": "the last line is cut", "remedy": "nothing to do",
        }));
        account["mailboxes"].as_array_mut().unwrap().pop();
        let mailbox = alice(report);
        mailbox["messages"] = json!(49);
        mailbox["uidl_certainty"]["exact"] = json!(27);
        mailbox["uidl_certainty"]["lost"] = json!(1);
        mailbox["server"]["found"] = json!(["dovecot", "courier"]);
        mailbox["quota_bytes"] = json!(1000);
        mailbox["folders"][0]["uidvalidity"] = json!(1);
        mailbox["folders"][0]["digest"] = json!("0".repeat(64));
        mailbox["folders"].as_array_mut().unwrap().remove(1);
    });
    assert_eq!(status, Some(1));
    insta::assert_snapshot!("report-diff", text);
    let differences = pair.json()["differences"].as_array().unwrap().clone();
    assert_eq!(text.lines().last().unwrap(), format!("{} differences", differences.len()));
    assert!(differences.contains(&json!({
        "place": {"account": "example.com", "mailbox": "alice@example.com"},
        "field": "messages", "old": 50, "new": 49,
    })));
    assert!(differences.contains(&json!({
        "place": {"account": "example.com", "mailbox": "alice@example.com"},
        "field": "uidl_certainty.lost", "new": 1,
    })));
}

#[test]
fn an_account_that_came_or_went_is_one_difference() {
    let pair = Pair::new();
    let (status, text) = pair.text(|report| {
        report["accounts"][0]["domain"] = json!("example.net");
    });
    assert_eq!(status, Some(1));
    assert_eq!(
        text,
        "- account example.com (6 mailboxes)\n+ account example.net (6 mailboxes)\n\n2 differences\n"
    );
}

#[test]
fn several_findings_of_one_kind_about_one_thing_are_told_apart_by_their_text() {
    let pair = Pair::new();
    let finding = |number: u32| {
        json!({
            "code": "message-damaged", "severity": "error", "object": "alice@example.com",
            "text": format!("message {number} is cut"), "remedy": "look",
        })
    };
    let (_, text) = pair.text(|report| {
        let findings = report["findings"].as_array_mut().unwrap();
        findings.extend([1, 2, 3].map(finding));
    });
    assert_eq!(text.matches("+ error[message-damaged] alice@example.com: message").count(), 3);
    std::fs::copy(pair.place.path("new.json"), pair.place.path("old.json")).unwrap();
    let (_, text) = pair.text(|report| {
        report["findings"].as_array_mut().unwrap().extend([3, 1].map(finding));
    });
    assert_eq!(
        text,
        "- error[message-damaged] alice@example.com: message 2 is cut\n\n1 difference\n"
    );
}

/// Nothing of a report is left uncompared: each value that changes is a difference.
#[test]
fn every_field_counts() {
    let pair = Pair::new();
    let mut leaves = Vec::new();
    paths(&pair.old, String::new(), &mut leaves);
    // One of each field is enough.
    let mut seen = std::collections::BTreeSet::new();
    leaves.retain(|path| {
        let fields: Vec<&str> =
            path.split('/').filter(|part| part.parse::<usize>().is_err()).collect();
        seen.insert(fields.join("/"))
    });
    assert!(leaves.len() > 50, "{leaves:?}");
    for path in leaves.iter().filter(|path| *path != "/schema" && *path != "/program") {
        let mut new = pair.old.clone();
        let value = new.pointer_mut(path).unwrap();
        *value = match value {
            Value::Number(number) => json!(number.as_u64().unwrap() ^ 1),
            Value::Bool(is) => json!(!*is),
            Value::Null => continue,
            Value::String(word) => match word.as_str() {
                "exact" => json!("lost"),
                "predicted" | "lost" => json!("exact"),
                "converted" => json!("adapted"),
                "locked" | "hashed" => json!("suspended"),
                "courier" => json!("dovecot"),
                "info" | "warning" => json!("error"),
                text => json!(format!("{text}!")),
            },
            other => panic!("{other} is no leaf"),
        };
        if path == "/accounts/0/outcome" {
            *new.pointer_mut(path).unwrap() = json!("failed");
        }
        write(&pair.place, "new.json", &new);
        let run = pair.place.run(&["report", "diff", "old.json", "new.json"]);
        assert_eq!(run.status, Some(1), "{path}: {}", run.transcript());
    }
}

fn paths(value: &Value, path: String, leaves: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| paths(value, format!("{path}/{name}"), leaves));
        }
        Value::Array(values) => {
            values
                .iter()
                .enumerate()
                .for_each(|(index, value)| paths(value, format!("{path}/{index}"), leaves));
        }
        _ => leaves.push(path),
    }
}

#[test]
fn what_is_no_report_is_refused() {
    let pair = Pair::new();
    let place = &pair.place;
    let mut old_schema = pair.old.clone();
    old_schema["schema"] = json!(1);
    write(place, "schema-1.json", &old_schema);
    let mut more = pair.old.clone();
    more["accounts"][0]["unheard_of"] = json!(1);
    write(place, "more.json", &more);
    place.write("package.json", b"{\"name\": \"something else\"}");
    place.write("cut.json", b"{\"schema\": 2, \"program\"");
    for name in ["schema-1.json", "more.json", "package.json", "cut.json", "nowhere.json"] {
        let run = place.run(&["report", "diff", "old.json", name]);
        assert_eq!(run.status, Some(2));
        insta::assert_snapshot!(format!("report-diff-{name}"), run.transcript());
        assert_eq!(place.run(&["report", "diff", name, "old.json"]).status, Some(2));
        assert_eq!(place.run(&["report", "html", name]).status, Some(2));
    }
}

#[test]
fn dumps_are_told_apart_by_their_stamps() {
    let place = Place::new();
    let recording =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/recorded/chain-courier/backup.tar");
    let run = place.run(&["inspect", recording, "--json"]);
    let old: Value = serde_json::from_str(&run.stdout).unwrap();
    let mut new = old.clone();
    let dumps = new["backup"]["dumps"].as_array_mut().unwrap();
    assert_eq!(dumps.len(), 3);
    dumps[0]["complete"] = json!(false);
    dumps.remove(1);
    write(&place, "old.json", &old);
    write(&place, "new.json", &new);
    let run = place.run(&["report", "diff", "old.json", "new.json"]);
    assert_eq!(run.status, Some(1));
    assert_eq!(
        run.stdout,
        "dump 2411230100\n  complete: true -> false\n- dump 2411240100\n\n2 differences\n"
    );
    // A report of a backup with one dump has no list of them.
    new["backup"].as_object_mut().unwrap().remove("dumps");
    write(&place, "new.json", &new);
    let run = place.run(&["report", "diff", "old.json", "new.json"]);
    assert_eq!(
        run.stdout,
        "- dump 2411230100\n- dump 2411240100\n- dump 2411250100\n\n3 differences\n"
    );
}
