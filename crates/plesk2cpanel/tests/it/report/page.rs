//! `report.html`, as far as no browser is needed; tests/browser drives it in one.

use serde_json::json;

use super::{recorded, write};

/// The page without its style and script, which are files of their own.
fn content(page: &str) -> String {
    let mut text = page.to_owned();
    for (begin, end) in [("<style>", "</style>"), ("<script>", "</script>"), ("sha256-", "'")] {
        let mut rest = text.as_str();
        let mut kept = String::new();
        while let Some(at) = rest.find(begin) {
            let (before, after) = rest.split_at(at + begin.len());
            kept.push_str(before);
            kept.push('…');
            rest = &after[after.find(end).or_else(|| after.find("&#39;")).unwrap()..];
        }
        text = kept + rest;
    }
    text.replace(env!("CARGO_PKG_VERSION"), "[VERSION]")
}

#[test]
fn the_page_of_a_recorded_backup() {
    let (place, _) = recorded();
    let page = std::fs::read_to_string(place.path("out/report.html")).unwrap();
    insta::assert_snapshot!("report-page", content(&page));
    // It can be made again from what is written beside it.
    let made = place.run(&["report", "html", "out/report.json"]);
    assert_eq!(made.status, Some(0));
    assert!(made.stdout == page.replace(env!("CARGO_PKG_VERSION"), "[VERSION]"));
    // And names nothing that a browser would load.
    for foreign in ["http:", "https:", "//", "url(", "@import", "src=", "href="] {
        assert!(!content(&page).contains(foreign), "{foreign}");
    }
}

#[test]
fn the_policy_names_the_style_and_the_script() {
    let (place, _) = recorded();
    let page = std::fs::read_to_string(place.path("out/report.html")).unwrap();
    for (begin, end) in [("<style>", "</style>"), ("<script>", "</script>")] {
        let (_, rest) = page.split_once(begin).unwrap();
        let (part, _) = rest.split_once(end).unwrap();
        place.write("part", part.as_bytes());
        let output = std::process::Command::new("sh")
            .args(["-c", "openssl dgst -sha256 -binary part | base64"])
            .current_dir(place.path(""))
            .output()
            .unwrap();
        let hash = String::from_utf8(output.stdout).unwrap();
        let policy = page.lines().find(|line| line.contains("Content-Security-Policy")).unwrap();
        assert!(hash.trim().len() == 44 && policy.contains(hash.trim()), "{begin} {hash}");
    }
}

#[test]
fn a_page_of_one_account_has_its_sums_alone() {
    let (place, mut report) = recorded();
    let mut other = report["accounts"][0].clone();
    other["domain"] = json!("example.net");
    other["outcome"] = json!("failed");
    report["accounts"].as_array_mut().unwrap().push(other);
    write(&place, "two.json", &report);
    let both = place.run(&["report", "html", "two.json"]).stdout;
    assert!(both.contains("example.net"));
    let one = place.run(&["report", "html", "two.json", "--only", "Example.com"]).stdout;
    let alone = place.run(&["report", "html", "out/report.json"]).stdout;
    assert!(one == alone, "{one}");
    let run = place.run(&["report", "html", "two.json", "--only", "example.org"]);
    assert_eq!(run.status, Some(2));
    insta::assert_snapshot!("report-html-unknown-account", run.transcript());
}

/// Such a page is for one customer, and says nothing of others.
#[test]
fn a_page_of_one_account_names_nothing_of_others() {
    let (place, mut report) = recorded();
    let kinds = [
        ("backup-damaged", "error"),
        ("archive-unreferenced", "warning"),
        ("files-not-used", "warning"),
        ("metadata-problem", "warning"),
        ("metadata-unknown", "info"),
        ("older-dump", "warning"),
    ];
    let findings = kinds.map(|(code, severity)| {
        json!({
            "code": code,
            "severity": severity,
            "object": "backup.tar",
            "text": format!("{code} of theirs.example"),
            "remedy": "",
        })
    });
    report["findings"] = json!(findings);
    write(&place, "report.json", &report);
    let shown = |options: &[&str]| {
        let page = place.run(&[&["report", "html", "report.json"], options].concat()).stdout;
        let is_shown = |code: &&str| page.contains(&format!("{code} of theirs.example"));
        kinds.map(|(code, _)| code).into_iter().filter(is_shown).collect::<Vec<_>>()
    };
    assert_eq!(shown(&[]), kinds.map(|(code, _)| code));
    assert_eq!(shown(&["--only", "example.com"]), ["backup-damaged"]);
}

#[test]
fn a_page_is_not_written_over_unasked() {
    let (place, _) = recorded();
    let arguments = ["report", "html", "out/report.json", "--output", "page.html"];
    assert_eq!(place.run(&arguments).status, Some(0));
    let page = std::fs::read(place.path("page.html")).unwrap();
    assert!(page == std::fs::read(place.path("out/report.html")).unwrap());
    place.write("page.html", b"mine");
    let run = place.run(&arguments);
    assert_eq!(run.status, Some(1));
    insta::assert_snapshot!("report-html-exists", run.transcript());
    assert_eq!(std::fs::read(place.path("page.html")).unwrap(), b"mine");
    assert_eq!(place.run(&[&arguments[..], &["--force"]].concat()).status, Some(0));
    assert!(page == std::fs::read(place.path("page.html")).unwrap());
    let run = place.run(&["report", "html", "out/report.json", "--output", "no/where.html"]);
    assert_eq!(run.status, Some(1));
    assert!(run.stderr.starts_with("error: cannot write no/where.html: "), "{}", run.stderr);
}

/// The verdict for each way that a run can end.
#[test]
fn verdicts() {
    let (place, report) = recorded();
    let verdict = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut report = report.clone();
        change(&mut report);
        write(&place, "report.json", &report);
        let page = place.run(&["report", "html", "report.json"]).stdout;
        let part = |begin: &str, end: &str| {
            let from = page.find(begin).unwrap() + begin.len();
            page[from..from + page[from..].find(end).unwrap()].to_owned()
        };
        format!(
            "{}: {}\n  {}\n",
            part("<header class=\"verdict ", "\""),
            part("</span>", "</h1>"),
            part("<p class=\"lead\">", "</p>")
        )
    };
    let totals = |values: serde_json::Value| {
        move |report: &mut serde_json::Value| {
            for (name, value) in values.as_object().unwrap() {
                report["totals"][name] = value.clone();
            }
        }
    };
    let verdicts = [
        verdict(&|_| {}),
        verdict(&totals(json!({"attention": 0}))),
        verdict(&totals(json!({"attention": 1, "pop3_downloads_expected": 1234}))),
        verdict(&totals(json!({"accounts": 4, "failed": 1, "converted": 3}))),
        verdict(&totals(json!({"failed": 1, "converted": 0, "messages_written": 0}))),
        verdict(&totals(json!({"converted": 0, "messages_written": 0}))),
        verdict(&totals(json!({"converted": 0, "messages_written": 0, "attention": 0}))),
        verdict(&totals(json!({"accounts": 2, "converted": 0, "failed": 1}))),
        verdict(&totals(json!({"messages_found": 90, "messages_written": 84}))),
        verdict(&totals(json!({"messages_found": 0, "messages_written": 0}))),
        verdict(&|report| {
            report["accounts"][0]["mailboxes"][0]["uidl_certainty"] = json!({"assumed": 3});
        }),
    ];
    insta::assert_snapshot!("report-verdicts", verdicts.concat());
}
