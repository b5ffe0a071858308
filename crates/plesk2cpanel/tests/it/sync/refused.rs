//! What is refused, and what is said then.

use super::*;

#[test]
fn a_second_plain_archive() {
    let place = Place::new();
    let mut old = Old::new(1..=2);
    restored(&place, &old, "1000", OTHER);
    old.deliver("", 3, "");
    place.pack("two.tar", &old.spec(SECOND));
    let convert = |backup: &str, more: &[&str]| {
        let first = ["convert", backup, "--output", "first", "--old-server", OTHER];
        place.run(&[&first[..], more].concat())
    };
    let run = convert("two.tar", &[]);
    insta::assert_snapshot!("second", run.transcript());
    assert_eq!(convert("two.tar", &["--force"]).status, Some(1));
    // The same dump again is no second one.
    assert_eq!(convert("one.tar", &["--force", "--as", "dir"]).status, Some(3));
    assert_eq!(convert("one.tar", &[]).status, Some(1));
}

#[test]
fn another_mailbox_under_the_name() {
    let place = Place::new();
    let mailbox = both_went_on(&place, "1000", OTHER);
    let list = std::fs::read_to_string(mailbox.join("dovecot-uidlist")).unwrap();
    std::fs::write(mailbox.join("dovecot-uidlist"), list.replace("V1700000000", "V1800000000"))
        .unwrap();
    let run = sync(&place, OTHER, &["--since", "first", "--merge-into", "home"]);
    insta::assert_snapshot!("other-validity", run.transcript());
    std::fs::remove_dir_all(&mailbox).unwrap();
    let run = sync(&place, OTHER, &["--since", "first", "--merge-into", "home"]);
    insta::assert_snapshot!("no-mailbox", run.transcript());
    std::fs::create_dir_all(mailbox.join("storage")).unwrap();
    let run = sync(&place, OTHER, &["--since", "first", "--merge-into", "home"]);
    insta::assert_snapshot!("mdbox", run.transcript());
}

/// What a damaged backup lacks was not deleted.
#[test]
fn a_damaged_backup_deletes_nothing() {
    let place = Place::new();
    let mut old = Old::new(1..=5);
    let mailbox = restored(&place, &old, "1000", OTHER);
    old.delete("", 2);
    old.deliver("", 6, "");
    let mut spec = old.spec(SECOND);
    spec.compression = plesk_fixture::Compression::Tar;
    place.pack("two.tar", &spec);
    let name = format!("backup_domainmail_{SECOND}.tar");
    let archive = plesk_fixture::corrupt::member_range(&place.path("two.tar"), &name).unwrap();
    // What stands last in the archive, without its end.
    let cut = archive.end - 2048;
    plesk_fixture::corrupt::overwrite(&place.path("two.tar"), cut, &[b'x'; 1024]).unwrap();
    let run = sync(&place, OTHER, &["--since", "first", "--merge-into", "home"]);
    assert_ne!(run.status, Some(0), "{}", run.stdout);
    let shown = New(&mailbox).show("");
    assert!(shown.contains("\n2 2 "), "{shown}");
}

#[test]
fn an_output_that_is_there() {
    let place = Place::new();
    both_went_on(&place, "1000", OTHER);
    std::fs::create_dir(place.path("late")).unwrap();
    let run = sync(&place, OTHER, &["--since", "first", "--output", "late"]);
    insta::assert_snapshot!("output-exists", run.transcript());
    for arguments in [
        &["sync", "two.tar", "--since", "first"][..],
        &["sync", "two.tar", "--output", "late"],
        &["sync", "two.tar", "--since", "first", "--output", "l", "--merge-into", "home"],
    ] {
        assert_eq!(place.run(arguments).status, Some(2), "{arguments:?}");
    }
}
