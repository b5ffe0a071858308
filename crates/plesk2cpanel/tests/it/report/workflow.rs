//! The workflow that docs/ci.md shows, run as its service runs it: each step by `bash -e`.

use std::path::{Path, PathBuf};
use std::process::Command;

use plesk_fixture::Spec;

use crate::support::{Place, one_mailbox, served_messages};

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// Names and scripts of the workflow's steps, by their indentation.
fn steps(workflow: &str) -> Vec<(String, String)> {
    let mut steps = Vec::new();
    let mut name = String::new();
    let mut lines = workflow.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(text) = line.trim_start().strip_prefix("- name: ") {
            text.clone_into(&mut name);
        }
        if line.trim() != "run: |" {
            continue;
        }
        let indent = line.len() - line.trim_start().len() + 2;
        let mut script = String::new();
        while let Some(line) = lines.next_if(|line| {
            line.is_empty() || line.len() > indent && line[..indent].trim().is_empty()
        }) {
            script.push_str(line.get(indent..).unwrap_or_default());
            script.push('\n');
        }
        steps.push((name.clone(), script));
    }
    steps
}

/// Runs the steps in a repository as the workflow expects it; how they end, and what the last prints.
fn run(place: &Place) -> (bool, String) {
    let workflow = std::fs::read_to_string(docs().join("ci/mail-conversion.yml")).unwrap();
    let steps = steps(&workflow);
    let names: Vec<&str> = steps.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["Install plesk2cpanel", "Convert the samples", "Compare with the accepted reports"]
    );
    assert!(steps[0].1.contains("--path plesk2cpanel/crates/plesk2cpanel "));
    if place.path("out").exists() {
        std::fs::remove_dir_all(place.path("out")).unwrap();
    }
    let program = Path::new(env!("CARGO_BIN_EXE_plesk2cpanel"));
    let mut printed = String::new();
    for (name, script) in &steps[1..] {
        let output = Command::new("bash")
            .args(["-e", "-c", script])
            .current_dir(place.path(""))
            .env("PATH", format!("{}:/usr/bin:/bin", program.parent().unwrap().display()))
            .output()
            .unwrap();
        printed = String::from_utf8(output.stdout).unwrap();
        printed.push_str(&String::from_utf8(output.stderr).unwrap());
        if !output.status.success() {
            assert_eq!(name, "Compare with the accepted reports", "{printed}");
            return (false, printed);
        }
    }
    (true, printed)
}

#[test]
fn a_regression_is_found_and_accepted() {
    let place = Place::new();
    for directory in ["samples", "accepted"] {
        std::fs::create_dir(place.path(directory)).unwrap();
    }
    place.pack("samples/courier-2019.tar", &Spec::sample());
    place.pack("samples/shop.tar", &one_mailbox(served_messages(5)));
    place.write("samples/shop.options", b"--old-server\ndovecot:%08Xu%08Xv\n");

    let (passed, printed) = run(&place);
    assert!(!passed, "nothing is accepted yet");
    assert_eq!(printed.matches("error: cannot read the report accepted/").count(), 2, "{printed}");

    for name in ["courier-2019", "shop"] {
        let report = place.path(&format!("out/{name}/report.json"));
        std::fs::copy(report, place.path(&format!("accepted/{name}.json"))).unwrap();
    }
    assert_eq!(run(&place), (true, "== courier-2019\n== shop\n".to_owned()));

    // Something between the two runs loses a message; here it is the sample itself.
    let mut files = served_messages(5);
    files.remove(2);
    place.pack("samples/shop.tar", &one_mailbox(files));
    let (passed, printed) = run(&place);
    assert!(!passed);
    let documentation = std::fs::read_to_string(docs().join("ci.md")).unwrap();
    let shown: String = printed
        .lines()
        .map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") })
        .collect();
    assert!(documentation.contains(&shown), "docs/ci.md shows this:\n{shown}");
}
