//! Tests to conditions.

use super::arguments::{Arguments, Strings, once, unknown};
use crate::Text;
use crate::condition::{
    AddressPart, BodyTransform, Comparator, Comparison, Condition, Index, Matching, Relation, Zone,
};
use crate::syntax::{Test, Tests};
use crate::unsupported::{Reason, Unsupported};

/// Turns tests into conditions, and collects what it does not understand.
pub(super) struct Conditions<'a> {
    pub(super) script: &'a [u8],
    pub(super) strings: Strings,
    pub(super) unsupported: Vec<Unsupported>,
}

impl Conditions<'_> {
    /// The condition that a test is. Recursion is as deep as the parser let tests be.
    pub(super) fn condition(&mut self, test: &Test) -> Condition {
        match self.understood(test) {
            Ok(condition) => condition,
            Err(reason) => {
                let text = self.script.get(test.source.clone()).unwrap_or_default().into();
                let unsupported = Unsupported { source: test.source.clone(), text, reason };
                self.unsupported.push(unsupported.clone());
                Condition::Unsupported(unsupported)
            }
        }
    }

    fn understood(&mut self, test: &Test) -> Result<Condition, Reason> {
        let mut arguments = Arguments::new(&test.arguments, self.strings);
        match test.name.as_str() {
            "allof" | "anyof" => {
                arguments.end()?;
                let Tests::List(tests) = &test.tests else {
                    return Err(Reason::Missing { expected: "a list of tests" });
                };
                let conditions = tests.iter().map(|test| self.condition(test)).collect();
                return Ok(match test.name.as_str() {
                    "allof" => Condition::AllOf(conditions),
                    _ => Condition::AnyOf(conditions),
                });
            }
            "not" => {
                arguments.end()?;
                let Tests::One(test) = &test.tests else {
                    return Err(Reason::Missing { expected: "a test" });
                };
                return Ok(Condition::Not(Box::new(self.condition(test))));
            }
            _ => {}
        }
        let condition = simple(&test.name, &mut arguments)?;
        arguments.end()?;
        match test.tests {
            Tests::None => Ok(condition),
            _ => Err(Reason::TooMany { unexpected: "a test" }),
        }
    }
}

/// A test with no tests inside.
fn simple(name: &str, arguments: &mut Arguments<'_>) -> Result<Condition, Reason> {
    match name {
        "true" => Ok(Condition::True),
        "false" => Ok(Condition::False),
        "size" => size(arguments),
        "exists" => Ok(Condition::Exists { names: arguments.list("the header fields")? }),
        "header" => {
            let tags = Tags::read(arguments, &["index", "last"])?;
            let (index, comparison) = (tags.index()?, tags.comparison);
            let names = arguments.list("the header fields")?;
            Ok(Condition::Header { names, index, comparison: comparison.with_keys(arguments)? })
        }
        "address" => {
            let tags = Tags::read(arguments, &["index", "last", "part"])?;
            let (index, part, comparison) = (tags.index()?, tags.part(), tags.comparison);
            let names = arguments.list("the header fields")?;
            let comparison = comparison.with_keys(arguments)?;
            Ok(Condition::Address { part, names, index, comparison })
        }
        "envelope" => {
            let tags = Tags::read(arguments, &["part"])?;
            let (part, comparison) = (tags.part(), tags.comparison);
            let names = arguments.list("the envelope parts")?;
            Ok(Condition::Envelope { part, names, comparison: comparison.with_keys(arguments)? })
        }
        "body" => {
            let tags = Tags::read(arguments, &["transform"])?;
            let comparison = tags.comparison.with_keys(arguments)?;
            Ok(Condition::Body { transform: tags.transform.unwrap_or_default(), comparison })
        }
        "date" => {
            let tags = Tags::read(arguments, &["index", "last", "zone", "originalzone"])?;
            let index = tags.index()?;
            let name = arguments.text("the header field")?;
            let part = arguments.text("the part of the date")?;
            let comparison = tags.comparison.with_keys(arguments)?;
            let zone = tags.zone.unwrap_or_default();
            Ok(Condition::Date { name, zone, index, part, comparison })
        }
        "currentdate" => {
            let tags = Tags::read(arguments, &["zone"])?;
            let part = arguments.text("the part of the date")?;
            let comparison = tags.comparison.with_keys(arguments)?;
            Ok(Condition::CurrentDate { zone: tags.zone.unwrap_or_default(), part, comparison })
        }
        _ => Err(Reason::UnknownTest { name: name.to_owned() }),
    }
}

fn size(arguments: &mut Arguments<'_>) -> Result<Condition, Reason> {
    let over = match arguments.tag()? {
        Some("over") => true,
        Some("under") => false,
        Some(tag) => return Err(unknown(tag)),
        None => return Err(Reason::Missing { expected: "`:over` or `:under`" }),
    };
    let limit = arguments.number("the size")?;
    Ok(if over { Condition::SizeOver(limit) } else { Condition::SizeUnder(limit) })
}

/// A comparison that has no keys yet.
#[derive(Default)]
struct Keyless {
    matching: Option<Matching>,
    comparator: Option<Comparator>,
}

impl Keyless {
    fn with_keys(self, arguments: &mut Arguments<'_>) -> Result<Comparison, Reason> {
        Ok(Comparison {
            matching: self.matching.unwrap_or_default(),
            comparator: self.comparator.unwrap_or_default(),
            keys: arguments.list("what to compare with")?,
        })
    }
}

/// The tags of a test that compares.
#[derive(Default)]
struct Tags {
    comparison: Keyless,
    number: Option<u64>,
    last: bool,
    part: Option<AddressPart>,
    transform: Option<BodyTransform>,
    zone: Option<Zone>,
}

impl Tags {
    /// Takes all tags; `more` says which groups the test has beyond comparator and match type.
    fn read(arguments: &mut Arguments<'_>, more: &[&str]) -> Result<Self, Reason> {
        let mut tags = Self::default();
        while let Some(tag) = arguments.tag()? {
            let group = match tag {
                "all" | "localpart" | "domain" | "user" | "detail" => "part",
                "raw" | "text" | "content" => "transform",
                _ => tag,
            };
            match group {
                "comparator" => {
                    let comparator = comparator(arguments.text("the comparator")?)?;
                    tags.comparison.comparator = Some(comparator);
                }
                "is" | "contains" | "matches" | "regex" | "value" | "count" => {
                    let matching = matching(tag, arguments)?;
                    once(&mut tags.comparison.matching, matching, tag)?;
                }
                _ if !more.contains(&group) => return Err(unknown(tag)),
                "index" => tags.number = Some(arguments.number("the number of the field")?),
                "last" => tags.last = true,
                "part" => once(&mut tags.part, part(tag), tag)?,
                "transform" => {
                    let transform = transform(tag, arguments)?;
                    once(&mut tags.transform, transform, tag)?;
                }
                "zone" => {
                    let zone = Zone::Given(arguments.text("the time zone")?);
                    once(&mut tags.zone, zone, tag)?;
                }
                _ => once(&mut tags.zone, Zone::Original, tag)?,
            }
        }
        Ok(tags)
    }

    fn part(&self) -> AddressPart {
        self.part.unwrap_or_default()
    }

    fn index(&self) -> Result<Option<Index>, Reason> {
        match (self.number, self.last) {
            (Some(number), last) => Ok(Some(Index { number, last })),
            (None, false) => Ok(None),
            (None, true) => Err(Reason::Missing { expected: "`:index` beside `:last`" }),
        }
    }
}

fn comparator(name: Text) -> Result<Comparator, Reason> {
    match name.to_ascii_lowercase().as_slice() {
        b"i;octet" => Ok(Comparator::Octet),
        b"i;ascii-casemap" => Ok(Comparator::AsciiCasemap),
        b"i;ascii-numeric" => Ok(Comparator::AsciiNumeric),
        _ => Err(Reason::Value { kind: "comparator of the subset", value: name }),
    }
}

fn matching(tag: &str, arguments: &mut Arguments<'_>) -> Result<Matching, Reason> {
    Ok(match tag {
        "contains" => Matching::Contains,
        "matches" => Matching::Matches,
        "regex" => Matching::Regex,
        "value" => Matching::Value(relation(arguments)?),
        "count" => Matching::Count(relation(arguments)?),
        _ => Matching::Is,
    })
}

fn relation(arguments: &mut Arguments<'_>) -> Result<Relation, Reason> {
    let text = arguments.text("the relation")?;
    match &*text {
        b"gt" => Ok(Relation::Greater),
        b"ge" => Ok(Relation::GreaterOrEqual),
        b"lt" => Ok(Relation::Less),
        b"le" => Ok(Relation::LessOrEqual),
        b"eq" => Ok(Relation::Equal),
        b"ne" => Ok(Relation::NotEqual),
        _ => Err(Reason::Value { kind: "relation", value: text }),
    }
}

fn part(tag: &str) -> AddressPart {
    match tag {
        "localpart" => AddressPart::LocalPart,
        "domain" => AddressPart::Domain,
        "user" => AddressPart::User,
        "detail" => AddressPart::Detail,
        _ => AddressPart::All,
    }
}

fn transform(tag: &str, arguments: &mut Arguments<'_>) -> Result<BodyTransform, Reason> {
    Ok(match tag {
        "raw" => BodyTransform::Raw,
        "content" => BodyTransform::Content(arguments.list("the content types")?),
        _ => BodyTransform::Text,
    })
}
