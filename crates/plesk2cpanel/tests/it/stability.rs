//! The same input gives the same bytes, whatever is around it.

use std::fs;
use std::process::Command;

use plesk_fixture::{MailboxSource, MailboxSpec, Spec, SubscriptionSpec, SyntheticServer};

use crate::support::Place;

/// Three subscriptions, one large enough for many blocks.
fn backup() -> Spec {
    let mut spec = Spec::sample();
    for (name, messages) in [("large.example", 400), ("small.example", 3)] {
        let mut subscription = SubscriptionSpec::new(name);
        subscription.system_user = name.replace('.', "");
        let mut mailbox = MailboxSpec::new("box");
        mailbox.source = Some(MailboxSource::Synthetic {
            messages,
            message_bytes: 8 << 10,
            seed: 7,
            server: SyntheticServer::Dovecot,
        });
        subscription.mailboxes.push(mailbox);
        spec.subscriptions.push(subscription);
    }
    spec
}

#[test]
fn threads_locale_time_zone_and_umask_change_nothing() {
    let place = Place::new();
    place.pack("backup.tar", &backup());
    let run = |output: &str, jobs: &str, umask: &str, locale: &str, zone: &str| {
        let status = Command::new("sh")
            .args(["-c", "umask $1; shift; exec \"$@\"", "sh", umask])
            .arg(env!("CARGO_BIN_EXE_plesk2cpanel"))
            .args(["convert", "backup.tar", "--output", output, "--jobs", jobs])
            .current_dir(place.path(""))
            .env("LC_ALL", locale)
            .env("TZ", zone)
            .output()
            .unwrap()
            .status;
        assert_eq!(status.code(), Some(3));
    };
    run("one", "1", "077", "C", "UTC");
    run("eight", "8", "000", "tr_TR.UTF-8", "Pacific/Chatham");
    let names = place.entries("one");
    assert_eq!(names.len(), 5, "three archives and the report in two forms: {names:?}");
    assert_eq!(names, place.entries("eight"));
    for name in names {
        let read = |output: &str| fs::read(place.path(output).join(&name)).unwrap();
        assert!(read("one") == read("eight"), "{name} differs");
    }
}

#[test]
fn the_same_form_for_tar_and_directory() {
    let place = Place::new();
    place.pack("backup.tar", &Spec::sample());
    for (form, output) in [("tar.gz", "gz"), ("tar", "tar"), ("dir", "dir")] {
        let run = place.run(&["convert", "backup.tar", "--output", output, "--as", form]);
        assert_eq!(run.status, Some(3), "{}", run.transcript());
    }
    let shell = |script: &str| {
        let output =
            Command::new("sh").args(["-c", script]).current_dir(place.path("")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    assert!(
        shell("gzip -dc gz/cpmove-exampleuser.tar.gz")
            == fs::read(place.path("tar/cpmove-exampleuser.tar")).unwrap(),
        "the gzipped archive holds the plain one"
    );
    shell("mkdir x && tar xf tar/cpmove-exampleuser.tar -C x");
    shell("diff -r x/cpmove-exampleuser dir/cpmove-exampleuser");
    // Dates of messages are their modification times.
    assert!(
        shell("cd x && find . -type f -printf '%p %T@ %m\\n' | sort")
            == shell(
                "cd dir && find . -path './report.*' -prune -o -type f -printf '%p %T@ %m\\n' | sort"
            ),
        "times and modes are equal"
    );
}
