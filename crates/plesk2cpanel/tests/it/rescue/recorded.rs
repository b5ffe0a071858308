//! Recordings of real servers, copied plainly: what a new server answers after the rescue is what the
//! old one answered.

use std::path::{Path, PathBuf};

use mail_model::dovecot::{Duplicates, MaildirFile, ServeInput, UidList, serve};
use mail_model::maildir::Place as MailPlace;
use mail_model::uidl::UidlFormat;
use serde_json::Value;

use super::LATER;
use crate::support::Place;

const COPY: &str = r#"
set -eu
mkdir -p in home/mail
tar xf "$1" -C in
for archive in $(find in -name 'backup_domainmail*' -type f); do
  mkdir "$archive.d"
  tar xf "$archive" -C "$archive.d"
  mkdir -p "home/mail/$archive"
  rmdir "home/mail/$archive"
done
"#;

fn fixture(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/recorded").join(name);
    path.canonicalize().unwrap()
}

/// Puts each mailbox of the truth where cPanel has it, out of what was unpacked.
fn copy(place: &Place, name: &str, truth: &Value) {
    let script = std::process::Command::new("bash")
        .args(["-c", COPY, "bash", fixture(name).join("backup.tar").to_str().unwrap()])
        .current_dir(place.path(""))
        .status();
    assert!(script.unwrap().success());
    for address in truth["mailboxes"].as_object().unwrap().keys() {
        let (local, domain) = address.split_once('@').unwrap();
        let find = std::process::Command::new("bash")
            .args(["-c", "find in -path \"*/$1/Maildir\" -type d", "bash", local])
            .current_dir(place.path(""))
            .output()
            .unwrap();
        let found = String::from_utf8(find.stdout).unwrap();
        let Some(found) = found.lines().next() else { continue };
        let to = place.path(&format!("home/mail/{domain}"));
        std::fs::create_dir_all(&to).unwrap();
        let status = std::process::Command::new("cp")
            .arg("-a")
            .arg(place.path(found))
            .arg(to.join(local))
            .status();
        assert!(status.unwrap().success());
    }
}

/// What a Dovecot with cPanel's format answers.
fn served(mailbox: &Path) -> Vec<String> {
    let list = std::fs::read(mailbox.join("dovecot-uidlist")).unwrap();
    let (list, problems) = UidList::parse(&list).unwrap();
    assert!(problems.iter().all(|problem| !format!("{problem:?}").contains("Broken")));
    let mut files = Vec::new();
    for (place, name) in [(MailPlace::Cur, "cur"), (MailPlace::New, "new")] {
        for entry in std::fs::read_dir(mailbox.join(name)).unwrap() {
            files.push((place, entry.unwrap().file_name().into_encoded_bytes()));
        }
    }
    let files: Vec<MaildirFile<'_>> = files
        .iter()
        .map(|(place, name)| MaildirFile { place: *place, name, x_uidl: None })
        .collect();
    let served = serve(&ServeInput {
        uidlist: Some(&list),
        files: &files,
        format: &UidlFormat::uid_dash_validity(),
        reuse_x_uidl: false,
        duplicates: Duplicates::Allow,
        new_uidvalidity: 1,
    });
    let mut uidls: Vec<String> = served
        .messages
        .iter()
        .map(|message| String::from_utf8(message.uidl.clone()).unwrap())
        .collect();
    uidls.sort();
    let all = uidls.len();
    uidls.dedup();
    assert_eq!(uidls.len(), all, "each once");
    uidls
}

fn check(name: &str) {
    let place = Place::new();
    let truth = std::fs::read(fixture(name).join("truth.json")).unwrap();
    let truth: Value = serde_json::from_slice(&truth).unwrap();
    copy(&place, name, &truth);
    super::age(&place.path("home"));
    let backup = fixture(name).join("backup.tar");
    let server = truth["server"]["option"].as_str().unwrap();
    let run = place.run(&[
        "rescue",
        backup.to_str().unwrap(),
        "home",
        "--old-server",
        server,
        "--trust-files",
        "--since",
        LATER,
        "--write",
    ]);
    assert!(matches!(run.status, Some(0 | 3)), "{}", run.transcript());
    let mut compared = 0;
    for (address, mailbox) in truth["mailboxes"].as_object().unwrap() {
        let (local, domain) = address.split_once('@').unwrap();
        let Some(pop3) = mailbox["pop3"].as_array() else { continue };
        // Mail that nobody had listed gets a name when it is listed for the first time.
        let listed = pop3.iter().filter(|row| row["listed"] == true);
        let uidls: Vec<&str> = listed.map(|row| row["uidl"].as_str().unwrap()).collect();
        let found = served(&place.path(&format!("home/mail/{domain}/{local}")));
        let lost: Vec<_> = uidls.iter().filter(|uidl| !found.contains(&uidl.to_string())).collect();
        assert!(lost.is_empty(), "{address} {lost:?} {found:?}\n{}", run.stdout);
        assert_eq!(found.len(), pop3.len());
        compared += uidls.len();
    }
    assert!(compared > 30, "{compared}");
    // Nothing is left to do.
    super::age(&place.path("home"));
    let again = place.run(&[
        "rescue",
        backup.to_str().unwrap(),
        "home",
        "--old-server",
        server,
        "--trust-files",
        "--since",
        LATER,
        "--write",
        "--json",
    ]);
    let report: Value = serde_json::from_str(&again.stdout).unwrap();
    for mailbox in report["mailboxes"].as_array().unwrap() {
        assert_eq!(mailbox["state"], "unchanged", "{mailbox}");
    }
}

#[test]
fn dovecot_default() {
    check("dovecot-default");
}

#[test]
fn dovecot_with_cpanels_format() {
    check("dovecot-cpanel");
}

#[test]
fn dovecot_with_other_formats() {
    for name in ["dovecot-u-v", "dovecot-v.u", "dovecot-f", "dovecot-g"] {
        check(name);
    }
}

#[test]
fn courier_and_a_server_that_was_switched() {
    check("courier");
    check("switched");
}
