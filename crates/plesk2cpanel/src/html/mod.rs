//! `report.html`: a report as a page for people, in one file that loads nothing.
//!
//! The page is complete without its script, which only filters and sorts. Nothing in it runs or
//! loads but its own style and script: a policy in its head names both by their hashes, so that
//! even text which got past the escaping could do nothing.

mod accounts;
mod findings;
mod names;
mod verdict;
mod words;

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use self::accounts::{AccountView, Scale};
use self::findings::Group;
use self::names::Names;
use self::verdict::Verdict;
use crate::finding::Severity;
use crate::report::Report;

const STYLE: &str = include_str!("../../templates/report.css");
const SCRIPT: &str = include_str!("../../templates/report.js");

/// Mailboxes up to which each account's list stands open.
const OPEN: u64 = 200;

/// Mailboxes up to which folders and converted settings are shown one by one. Each of them is some
/// nodes of the page, and a browser goes over all nodes for each word that is searched.
const DETAILED: u64 = 1000;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    style: &'static str,
    script: &'static str,
    policy: String,
    report: &'a Report,
    verdict: Verdict,
    /// What needs a person.
    needing: Vec<Group<'a>>,
    /// Good to know.
    informing: Vec<Group<'a>>,
    names: [Names; 2],
    accounts: Vec<AccountView<'a>>,
    /// Whether the accounts' lists stand open.
    open: bool,
    /// Whether each folder and each setting is shown.
    detailed: bool,
}

/// The page of a report.
pub fn page(report: &Report) -> String {
    let report = &visible(report);
    let scale = Scale::of(report);
    let (needing, informing) =
        findings::groups(report).into_iter().partition(|group| group.severity > Severity::Info);
    let accounts =
        report.accounts.iter().map(|account| AccountView::new(account, &scale)).collect();
    Page {
        style: STYLE,
        script: SCRIPT,
        policy: policy(),
        report,
        verdict: Verdict::of(report),
        needing,
        informing,
        names: names::of(report),
        accounts,
        open: report.totals.mailboxes <= OPEN,
        detailed: report.totals.mailboxes <= DETAILED,
    }
    .render()
    .expect("writing into a text in memory does not fail")
}

/// What the page may do: show its own style and run its own script.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

/// The report with all that would act upon a screen spelled out: control characters, and marks
/// that turn the direction of text. Over its JSON form, so that no field is forgotten.
fn visible(report: &Report) -> Report {
    let value = serde_json::to_value(report).expect("a report has only text keys");
    serde_json::from_value(words::visible(value)).expect("only the characters of texts change")
}
