//! What the program says of itself.

use crate::support::Place;

#[test]
fn help() {
    let place = Place::new();
    insta::assert_snapshot!("help", place.run(&["--help"]).transcript());
    insta::assert_snapshot!("help-inspect", place.run(&["inspect", "--help"]).transcript());
    insta::assert_snapshot!("help-verify", place.run(&["verify", "--help"]).transcript());
    insta::assert_snapshot!("help-convert", place.run(&["convert", "--help"]).transcript());
    insta::assert_snapshot!("help-report", place.run(&["report", "--help"]).transcript());
    insta::assert_snapshot!("help-diff", place.run(&["report", "diff", "--help"]).transcript());
    insta::assert_snapshot!("help-html", place.run(&["report", "html", "--help"]).transcript());
    insta::assert_snapshot!("help-rescue", place.run(&["rescue", "--help"]).transcript());
    insta::assert_snapshot!("help-sync", place.run(&["sync", "--help"]).transcript());
    insta::assert_snapshot!("help-uidl", place.run(&["uidl", "--help"]).transcript());
}

#[test]
fn wrong_usage_is_status_2() {
    let place = Place::new();
    insta::assert_snapshot!("usage-nothing", place.run(&[]).transcript());
    insta::assert_snapshot!("usage-no-output", place.run(&["convert", "b.tar"]).transcript());
    insta::assert_snapshot!(
        "usage-dovecot-without-format",
        place.run(&["inspect", "b.tar", "--old-server", "dovecot"]).transcript()
    );
    insta::assert_snapshot!(
        "usage-format-that-cannot-be",
        place.run(&["inspect", "b.tar", "--old-server", "dovecot:%m"]).transcript()
    );
    insta::assert_snapshot!(
        "usage-reserved-account-name",
        place.run(&["inspect", "b.tar", "--user", "example.com=root"]).transcript()
    );
    for arguments in [
        &["inspect", "b.tar", "--jobs", "0"][..],
        &["inspect", "b.tar", "--user", "example.com"],
        &["convert", "b.tar", "--output", "o", "--as", "zip"],
        &["verify"],
    ] {
        assert_eq!(place.run(arguments).status, Some(2), "{arguments:?}");
    }
}
