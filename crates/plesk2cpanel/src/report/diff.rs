//! What changed between two reports: by what an entry is about, not by where it stands.
//!
//! Walks the JSON form and not the types, so that a field which comes later is compared without
//! anybody thinking of it. What needs to be known is said in `Key::of`: by what the entries of a list
//! are told apart. Any other list is compared as a set.

mod text;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::Report;

/// Everything that differs between two reports.
#[derive(Clone, Debug, Serialize)]
pub struct Diff {
    /// Program that wrote the old report. Not compared: who writes is no result.
    pub old_program: String,
    /// Program that wrote the new report.
    pub new_program: String,
    /// In the order of the old report, then what is new.
    pub differences: Vec<Difference>,
}

/// One field or entry that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// What it belongs to.
    pub place: Place,
    /// Name of the field, with those of the fields around it: `server.live`. Absent for an entry
    /// that came or went as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What stood there; absent for what is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// What stands there now; absent for what went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
}

/// What a difference is about, from the account down.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Stamp and directory of the dump.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dump: Option<String>,
    /// Main domain of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Address of the mailbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<String>,
    /// Name of the folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// Address or domain, and the setting's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setting: Option<[String; 2]>,
    /// Code of the finding, and what it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<[String; 2]>,
}

/// By what the entries of a list are told apart; in the order in which lists are compared.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Dump,
    Account,
    Mailbox,
    Folder,
    Setting,
    Finding,
}

impl Key {
    fn of(list: &str) -> Option<Key> {
        Some(match list {
            "backup.dumps" => Key::Dump,
            "accounts" => Key::Account,
            "mailboxes" => Key::Mailbox,
            "folders" => Key::Folder,
            "settings" => Key::Setting,
            "findings" => Key::Finding,
            _ => return None,
        })
    }

    /// The place of an entry. Several entries may have one: findings of one kind about one mailbox.
    fn place(self, around: &Place, entry: &Value) -> Place {
        let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
        let mut place = around.clone();
        match self {
            Key::Dump => {
                place.dump = Some(format!("{} {}", text("stamp"), text("path")).trim().to_owned());
            }
            Key::Account => place.account = Some(text("domain")),
            Key::Mailbox => place.mailbox = Some(text("address")),
            Key::Folder => place.folder = Some(text("name")),
            Key::Setting => place.setting = Some([text("object"), text("setting")]),
            Key::Finding => place.finding = Some([text("code"), text("object")]),
        }
        place
    }
}

impl Diff {
    /// Compares two reports.
    pub fn new(old: &Report, new: &Report) -> Diff {
        let tree = |report: &Report| -> Map<String, Value> {
            let value = serde_json::to_value(report).expect("a report has only text keys");
            serde_json::from_value(value).expect("a report is an object")
        };
        let mut diff = Diff {
            old_program: old.program.clone(),
            new_program: new.program.clone(),
            differences: Vec::new(),
        };
        let (mut before, mut after) = (tree(old), tree(new));
        before.remove("program");
        after.remove("program");
        diff.fields(&Place::default(), "", &before, &after);
        diff
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty()
    }

    /// As JSON, for programs.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a difference has only text keys");
        text.push('\n');
        text
    }

    fn fields(
        &mut self,
        place: &Place,
        around: &str,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
    ) {
        let came = new.keys().filter(|name| !old.contains_key(*name));
        let mut names: Vec<&String> = old.keys().chain(came).collect();
        // What belongs to the thing itself goes before what it contains.
        names.sort_by_key(|name| Key::of(name));
        for name in names {
            let field = if around.is_empty() { name.clone() } else { format!("{around}.{name}") };
            self.field(place, &field, old.get(name), new.get(name));
        }
    }

    fn field(&mut self, place: &Place, field: &str, old: Option<&Value>, new: Option<&Value>) {
        match (old, new) {
            (Some(Value::Object(old)), Some(Value::Object(new))) => {
                self.fields(place, field, old, new);
            }
            (old, new) if old == new => {}
            (Some(Value::Array(old)), Some(Value::Array(new)))
                if Key::of(field).is_none() && sorted(old) == sorted(new) => {}
            (old, new) => match Key::of(field) {
                Some(key) => self.entries(key, place, entries(old), entries(new)),
                None => self.push(place, Some(field), old.cloned(), new.cloned()),
            },
        }
    }

    /// Entries of a list: those of one place together, and among them equal ones first.
    fn entries(&mut self, key: Key, around: &Place, old: &[Value], new: &[Value]) {
        let mut order: Vec<Place> = Vec::new();
        let mut places: BTreeMap<String, (Vec<&Value>, Vec<&Value>)> = BTreeMap::new();
        let name = |place: &Place| serde_json::to_string(place).expect("a place is text");
        for (entries, is_new) in [(old, false), (new, true)] {
            for entry in entries {
                let place = key.place(around, entry);
                let sides = places.entry(name(&place)).or_insert_with(|| {
                    order.push(place);
                    Default::default()
                });
                if is_new { sides.1.push(entry) } else { sides.0.push(entry) }
            }
        }
        for place in order {
            let Some((mut old, mut new)) = places.remove(&name(&place)) else { continue };
            old.retain(|entry| match new.iter().position(|other| other == entry) {
                Some(equal) => {
                    new.remove(equal);
                    false
                }
                None => true,
            });
            if let ([Value::Object(old)], [Value::Object(new)]) = (old.as_slice(), new.as_slice()) {
                self.fields(&place, "", old, new);
                continue;
            }
            for entry in old {
                self.push(&place, None, Some(entry.clone()), None);
            }
            for entry in new {
                self.push(&place, None, None, Some(entry.clone()));
            }
        }
    }

    fn push(&mut self, place: &Place, field: Option<&str>, old: Option<Value>, new: Option<Value>) {
        let field = field.map(str::to_owned);
        self.differences.push(Difference { place: place.clone(), field, old, new });
    }
}

/// Those of a list, which may be left out when it is empty.
fn entries(list: Option<&Value>) -> &[Value] {
    list.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn sorted(list: &[Value]) -> Vec<String> {
    let mut texts: Vec<String> = list.iter().map(Value::to_string).collect();
    texts.sort_unstable();
    texts
}
