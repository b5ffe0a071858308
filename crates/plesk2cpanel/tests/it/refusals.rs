//! What is refused, and how that reads.

use plesk_fixture::{Spec, SubscriptionSpec};

use crate::support::{Place, one_mailbox, served_messages};

#[test]
fn no_backup() {
    let place = Place::new();
    place.write("empty.tar", b"");
    place.write("photo.tar", b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01");
    place.write("notes.txt", b"Dear diary, no backup today.\n");
    place.write("backup.tar.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0");
    insta::assert_snapshot!("missing-file", place.run(&["inspect", "nowhere.tar"]).transcript());
    insta::assert_snapshot!("empty-file", place.run(&["inspect", "empty.tar"]).transcript());
    insta::assert_snapshot!("a-photo", place.run(&["inspect", "photo.tar"]).transcript());
    insta::assert_snapshot!("a-text", place.run(&["inspect", "notes.txt"]).transcript());
    insta::assert_snapshot!("a-gzip", place.run(&["inspect", "backup.tar.gz"]).transcript());
    for name in ["nowhere.tar", "empty.tar", "photo.tar", "notes.txt", "backup.tar.gz"] {
        let run = place.run(&["convert", name, "--output", "out"]);
        assert_eq!(run.status, Some(1), "{name}");
        assert_eq!(run.stderr.lines().filter(|line| line.starts_with("error")).count(), 1);
    }
    assert!(!place.path("out").exists(), "a refused backup leaves no directory behind");
}

#[test]
fn a_tar_of_something_else() {
    let place = Place::new();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(5);
    header.set_mode(0o644);
    tar.append_data(&mut header, "src/main.rs", &b"fn ma"[..]).unwrap();
    place.write("source.tar", &tar.into_inner().unwrap());
    insta::assert_snapshot!(
        "a-tar-of-something-else",
        place.run(&["inspect", "source.tar"]).transcript()
    );
}

#[test]
fn a_backup_of_settings_of_the_server_alone() {
    let place = Place::new();
    place.pack("backup.tar", &Spec::default());
    insta::assert_snapshot!("no-subscription", place.run(&["inspect", "backup.tar"]).transcript());
}

#[test]
fn options_that_name_what_is_not_there() {
    let place = Place::new();
    let mut spec = Spec::sample();
    spec.subscriptions.push(SubscriptionSpec::new("example.net"));
    place.pack("backup.tar", &spec);
    insta::assert_snapshot!(
        "unknown-domain",
        place.run(&["inspect", "backup.tar", "--only", "example.invalid"]).transcript()
    );
    insta::assert_snapshot!(
        "unknown-subscription",
        place.run(&["inspect", "backup.tar", "--user", "example.invalid=abc"]).transcript()
    );
    insta::assert_snapshot!(
        "one-account-name-twice",
        place
            .run(&[
                "inspect",
                "backup.tar",
                "--user",
                "example.com=abc",
                "--user",
                "example.net=abc"
            ])
            .transcript()
    );
    insta::assert_snapshot!(
        "no-key-file",
        place.run(&["inspect", "backup.tar", "--secret-key", "nowhere"]).transcript()
    );
    place.write("key", b"too short");
    insta::assert_snapshot!(
        "key-of-wrong-length",
        place.run(&["inspect", "backup.tar", "--secret-key", "key"]).transcript()
    );
}

#[test]
fn nothing_is_overwritten_unasked() {
    let place = Place::new();
    place.pack("backup.tar", &one_mailbox(served_messages(2)));
    let convert = ["convert", "backup.tar", "--output", "out"];
    assert_eq!(place.run(&convert).status, Some(3));
    insta::assert_snapshot!("report-exists", place.run(&convert).transcript());

    std::fs::remove_file(place.path("out/report.json")).unwrap();
    let run = place.run(&convert);
    assert!(run.stderr.starts_with("error: out/report.html exists already\n"), "{}", run.stderr);
    std::fs::remove_file(place.path("out/report.html")).unwrap();
    insta::assert_snapshot!("archive-exists", place.run(&convert).transcript());
    assert_eq!(place.run(&[&convert[..], &["--force"]].concat()).status, Some(3));

    // The report of what failed is the same, wherever it is written.
    let out = place.path("out");
    for name in ["report.json", "report.html"] {
        std::fs::remove_file(out.join(name)).unwrap();
    }
    place.run(&["convert", "backup.tar", "--output", out.to_str().unwrap()]);
    let error = &place.report("out")["accounts"][0]["error"];
    assert_eq!(error["text"], "cpmove-examplecom.tar.gz exists already");

    place.write("file", b"");
    insta::assert_snapshot!(
        "output-is-a-file",
        place.run(&["convert", "backup.tar", "--output", "file"]).transcript()
    );
}
