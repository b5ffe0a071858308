//! What can't be rescued in place.

use plesk_fixture::{Compression, corrupt};

use super::{ANNA, LATER, Moved, codes};
use crate::support::{one_mailbox, served_messages};

#[test]
fn mdbox_is_refused_with_the_way_round() {
    let moved = Moved::new();
    std::fs::remove_dir_all(moved.place.path(ANNA)).unwrap();
    moved.write("storage/m.1", "x");
    insta::assert_snapshot!(
        "rescue-mdbox",
        moved.run(&["--trust-files", "--since", LATER, "--write"]).transcript()
    );
}

#[test]
fn an_archive_is_looked_at_and_not_written() {
    let moved = Moved::new();
    moved.renumber();
    let script = "mkdir cpmove-anna && cp -a home cpmove-anna/homedir && tar czf cpmove-anna.tar.gz cpmove-anna";
    let status = std::process::Command::new("sh")
        .args(["-c", script])
        .current_dir(moved.place.path(""))
        .status();
    assert!(status.unwrap().success());
    let of_home = moved.report(0, &["--trust-files", "--since", LATER]);
    for archive in ["cpmove-anna.tar.gz", "cpmove-anna"] {
        let run = |more: &[&str]| {
            let all = ["rescue", "backup.tar", archive, "--trust-files", "--since", LATER];
            let old = ["--old-server", "dovecot:%08Xu%08Xv"];
            moved.place.run(&[&all[..], &old, more].concat())
        };
        let looked = run(&["--json"]);
        assert_eq!(looked.status, Some(0), "{}", looked.transcript());
        let report: serde_json::Value = serde_json::from_str(&looked.stdout).unwrap();
        assert_eq!(report["mailboxes"][0]["fates"], of_home["fates"]);
        let wrote = run(&["--write"]);
        assert_eq!(wrote.status, Some(2), "{}", wrote.transcript());
        assert!(wrote.stderr.contains("unpack it and name the `homedir` in it"));
    }
}

#[test]
fn a_list_that_the_server_would_not_read_is_left_alone() {
    for list in ["", "garbage\n", "3 V0 N0\n", "3 V1 N9\n5 :a\n4 :b\n", "3 V1 N9\nx :a\n"] {
        let moved = Moved::new();
        moved.write("dovecot-uidlist", list);
        let found = moved.report(3, &["--trust-files", "--since", LATER, "--write"]);
        assert_eq!(codes(&found), ["rescue-list-broken"], "{list:?}");
        assert_eq!(moved.list(), list);
    }
}

#[test]
fn links_are_not_followed_and_named() {
    let moved = Moved::new();
    moved.renumber();
    let list = moved.list();
    std::fs::rename(moved.path("dovecot-uidlist"), moved.place.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(moved.place.path("elsewhere"), moved.path("dovecot-uidlist"))
        .unwrap();
    std::os::unix::fs::symlink("/etc/hostname", moved.path("cur/1.link:2,S")).unwrap();
    let found = moved.report(1, &["--trust-files", "--since", LATER, "--write"]);
    assert_eq!(codes(&found), ["rescue-links", "rescue-failed"]);
    assert_eq!(std::fs::read_to_string(moved.place.path("elsewhere")).unwrap(), list);
}

#[test]
fn messages_that_no_list_names_need_the_server_first() {
    let moved = Moved::new();
    moved.write("dovecot-uidlist", "3 V1800000000 N2\n1 :1700000001.M1P1.old\n");
    moved.write("dovecot.index.log", "x");
    let found = moved.report(3, &["--trust-files", "--since", LATER, "--write"]);
    assert_eq!(codes(&found), ["rescue-unlisted"]);
    assert_eq!((&found["fates"]["restored"], &found["fates"]["unlisted"]), (&1.into(), &4.into()));
    assert!(
        found["findings"][1]["remedy"]
            .as_str()
            .unwrap()
            .contains("doveadm index -u anna@example.com")
    );
    // Without an index nobody can know better: they are put into the list.
    std::fs::remove_file(moved.path("dovecot.index.log")).unwrap();
    let found = moved.report(0, &["--trust-files", "--since", LATER, "--write"]);
    assert_eq!((&found["fates"]["restored"], &found["fates"]["already"]), (&4.into(), &1.into()));
    assert!(moved.list().contains("\n5 P000000056553f100 :1700000005.M1P1.old\n"));
    assert!(moved.list().starts_with("3 V1800000000 N6\n"));
}

/// Three mailboxes, of two domains of one subscription.
fn two_domains() -> Moved {
    let mut spec = crate::support::one_mailbox(crate::support::served_messages(2));
    let mut other = spec.subscriptions[0].mailboxes[0].clone();
    "bert".clone_into(&mut other.name);
    spec.subscriptions[0].mailboxes.push(other.clone());
    let mut site = plesk_fixture::SiteSpec::new("other.example");
    site.hosting = plesk_fixture::Hosting::None;
    site.mailboxes.push(other);
    spec.subscriptions[0].sites.push(site);
    let moved = Moved { place: crate::support::Place::new() };
    moved.place.pack("backup.tar", &spec);
    moved.copy_as_it_is();
    moved
}

#[test]
fn a_mailbox_without_an_inbox_and_a_domain_that_is_missing_are_told() {
    let moved = two_domains();
    std::fs::create_dir_all(moved.place.path("home/mail/example.com/bert/.Work/cur")).unwrap();
    let run = moved.run(&["--since", LATER, "--json"]);
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let missing = serde_json::json!(["bert@example.com", "bert@other.example"]);
    assert_eq!(report["not_found"], missing, "{}", run.transcript());
}

#[test]
fn a_damaged_backup_is_told() {
    let moved = Moved::new();
    let mut spec = one_mailbox(served_messages(5));
    spec.compression = Compression::Tar;
    let path = moved.place.pack("backup_example.com_2401151030.tar", &spec);
    let archive = corrupt::member_range(&path, "backup_domainmail_2401151030.tar").unwrap();
    corrupt::truncate(&path, archive.start + (archive.end - archive.start) / 2).unwrap();
    let run = |more: &[&str]| {
        moved.place.run(&[&["rescue", "backup_example.com_2401151030.tar", "home"], more].concat())
    };
    let looked = run(&["--json"]);
    assert_eq!(looked.status, Some(3), "{}", looked.transcript());
    let report: serde_json::Value = serde_json::from_str(&looked.stdout).unwrap();
    assert!(codes(&report).contains(&"backup-damaged"), "{report:#}");
    let text = run(&[]);
    assert!(text.stdout.contains("error backup-damaged\n"), "{}", text.transcript());
}
