//! A run that ends early leaves nothing that could be taken for an archive.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use plesk_fixture::{MailboxSource, MailboxSpec, Spec, SubscriptionSpec, SyntheticServer};

use crate::support::Place;

/// Large enough that writing takes a while, also on a fast machine.
fn backup() -> Spec {
    let mut mailbox = MailboxSpec::new("box");
    mailbox.source = Some(MailboxSource::Synthetic {
        messages: 3000,
        message_bytes: 32 << 10,
        seed: 3,
        server: SyntheticServer::Dovecot,
    });
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.mailboxes.push(mailbox);
    Spec { subscriptions: vec![subscription], ..Spec::default() }
}

/// Starts a conversion and waits until it has begun to write.
fn start(place: &Place, output: &str) -> Child {
    let child = Command::new(env!("CARGO_BIN_EXE_plesk2cpanel"))
        .args(["convert", "backup.tar", "--output", output, "--jobs", "1"])
        .current_dir(place.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while !place.path(output).exists() || place.entries(output).is_empty() {
        assert!(began.elapsed() < Duration::from_mins(1), "nothing was written");
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn a_signal_removes_what_was_begun() {
    let place = Place::new();
    place.pack("backup.tar", &backup());
    for name in ["INT", "TERM", "HUP"] {
        let child = start(&place, name);
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "SIG{name}");
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            "error: interrupted; nothing half-written was left behind\n"
        );
        assert_eq!(place.entries(name), Vec::<String>::new(), "SIG{name}");
    }
}

#[test]
fn a_killed_run_leaves_no_archive_and_the_next_one_works() {
    let place = Place::new();
    place.pack("backup.tar", &backup());
    let mut child = start(&place, "out");
    signal(&child, "KILL");
    child.wait().unwrap();
    let left = place.entries("out");
    assert!(
        left.iter().all(|name| name.contains(".partial") && name.starts_with('.')),
        "only the hidden temporary file may be left: {left:?}"
    );
    let run = place.run(&["convert", "backup.tar", "--output", "out"]);
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    assert!(place.entries("out").contains(&"cpmove-exampleuser.tar.gz".to_owned()));
}
