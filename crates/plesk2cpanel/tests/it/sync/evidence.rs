//! What is no evidence of a deletion, and folders that seem to be the same.

use super::*;

/// Takes files away from a backup.
pub(crate) fn without(old: &Old, gone: impl Fn(&str) -> bool) -> Vec<MemoryFile> {
    let mut files = old.files();
    files.retain(|file| !gone(&String::from_utf8_lossy(&file.path)));
    files
}

fn is_file_of(path: &str, number: u32) -> bool {
    path.contains(&format!("cur/{}", base(number)))
}

fn add(old: &mut Old, dir: &str) {
    old.folders.insert(dir.to_owned(), OldFolder { next: 1, messages: Vec::new() });
}

/// Both are shown as INBOX.
#[test]
fn a_folder_that_is_called_inbox_is_not_inbox() {
    for since in ["one.tar", "first"] {
        let place = Place::new();
        let mut old = Old::new(1..=2);
        add(&mut old, ".INBOX");
        old.deliver(".INBOX", 31, "S");
        let mailbox = restored(&place, &old, "1000", OTHER);
        old.deliver("", 3, "");
        old.deliver(".INBOX", 32, "");
        place.pack("two.tar", &old.spec(SECOND));
        let run = sync(&place, OTHER, &["--since", since, "--merge-into", "home"]);
        if since == "first" {
            // The report has two folders of that name.
            assert_eq!(run.status, Some(3), "{}", run.stdout);
            assert!(run.stdout.contains("two folders are called INBOX"), "{}", run.stdout);
            continue;
        }
        assert_eq!(run.status, Some(0), "{}", run.stdout);
        let new = New(&mailbox);
        assert_eq!(numbers(&new, ""), [1, 2, 3]);
        assert_eq!(numbers(&new, ".INBOX"), [31, 32]);
        let run = sync(&place, OTHER, &["--since", since, "--output", "late"]);
        // `doveadm` takes INBOX.INBOX for INBOX itself.
        assert_eq!(run.status, Some(3), "{}", run.stdout);
        assert!(run.stdout.contains("has names that doveadm can't be told"), "{}", run.stdout);
    }
}

/// Numbers of a folder's messages.
pub(crate) fn numbers(new: &New<'_>, dir: &str) -> Vec<u32> {
    let lines = new.show(dir);
    let numbers = lines.lines().skip(1).map(|line| line.split(' ').nth(1).unwrap());
    numbers.map(|number| number.parse().unwrap()).collect()
}

/// A server that lives renames files while they are read: the first backup has the name, and not the
/// message.
#[test]
fn what_the_first_backup_lacked_comes_in() {
    for since in ["first/report.json", "one.tar"] {
        let place = Place::new();
        let mut old = Old::new(1..=5);
        place.pack("one.tar", &spec(without(&old, |path| is_file_of(path, 4)), FIRST));
        let convert = ["convert", "one.tar", "--output", "first", "--as", "dir"];
        place.run(&[&convert[..], &["--reserve-uids", "1000", "--old-server", OTHER]].concat());
        copy(&place.path("first/cpmove-examplecom/homedir"), &place.path("home"));
        let mailbox = place.path("home/mail/example.com/anna");
        old.deliver("", 6, "");
        place.pack("two.tar", &old.spec(SECOND));
        let new = New(&mailbox);
        new.delete("", 1);
        let run = sync(&place, OTHER, &["--since", since, "--merge-into", "home"]);
        assert_eq!(run.status, Some(0), "{}", run.stdout);
        let mut found = numbers(&new, "");
        found.sort_unstable();
        // Of 5 a report can't tell whether it was there; it still is.
        assert_eq!(found, [2, 3, 4, 5, 6], "{since}");
    }
    // An older report does not say what its backup lacked.
    let place = Place::new();
    let mut old = Old::new(1..=3);
    let mailbox = restored(&place, &old, "1000", OTHER);
    let path = place.path("first/report.json");
    let report = std::fs::read_to_string(&path).unwrap();
    let lines = report.lines().filter(|line| !line.contains("complete_below"));
    std::fs::write(&path, lines.collect::<Vec<_>>().join("\n")).unwrap();
    New(&mailbox).delete("", 2);
    old.deliver("", 4, "");
    place.pack("two.tar", &old.spec(SECOND));
    let run = sync(&place, OTHER, &["--since", "first/report.json", "--merge-into", "home"]);
    assert!(run.stdout.contains("added though they may have been deleted"), "{}", run.stdout);
    assert_eq!(numbers(&New(&mailbox), ""), [1, 3, 2, 4]);
}

/// The same in the second backup.
#[test]
fn what_the_second_list_names_was_not_deleted() {
    for since in ["first/report.json", "one.tar"] {
        let place = Place::new();
        let mut old = Old::new(1..=3);
        let mailbox = restored(&place, &old, "1000", OTHER);
        old.delete("", 3);
        old.deliver("", 4, "");
        old.deliver("", 5, "");
        let lacks = |path: &str| is_file_of(path, 2) || is_file_of(path, 5);
        place.pack("two.tar", &spec(without(&old, lacks), SECOND));
        let staged = sync(&place, OTHER, &["--since", since, "--output", "late"]);
        assert_eq!(staged.status, Some(3), "{}", staged.stdout);
        assert!(staged.stdout.contains("would take them for deleted"), "{}", staged.stdout);
        assert!(!place.path("late/staged").exists());
        let run = sync(&place, OTHER, &["--since", since, "--merge-into", "home"]);
        assert_eq!(run.status, Some(3), "{}", run.stdout);
        let words = "1 added, 1 removed, 1 kept though the backup lacks them, 1 named by the old \
                     server's list and not in the backup";
        assert!(run.stdout.contains(words), "{}", run.stdout);
        assert_eq!(numbers(&New(&mailbox), ""), [1, 2, 4]);
    }
}

/// An increment without what it is of: nothing is known of what it lacks.
#[test]
fn a_gap_deletes_nothing() {
    let place = Place::new();
    let mut old = Old::new(1..=6);
    let mailbox = restored(&place, &old, "1000", OTHER);
    std::fs::write(mailbox.join("subscriptions"), "Work\n").unwrap();
    let first = old.spec(FIRST);
    old.deliver("", 7, "S");
    let second = Spec { base_stamp: Some(FIRST.to_owned()), ..old.spec(SECOND) };
    plesk_fixture::pack_dumps_directory(&[first, second], &place.path("tree")).unwrap();
    let gone = ["backup_domainmail_2401150001.tzst", "backup_info_2401150001.xml"];
    for name in gone {
        std::fs::remove_file(place.path("tree").join(name)).unwrap();
    }
    let arguments = ["sync", "tree", "--old-server", OTHER, "--since", "one.tar"];
    let run = place.run(&[&arguments[..], &["--merge-into", "home"]].concat());
    assert_eq!(run.status, Some(3), "{}{}", run.stdout, run.stderr);
    assert!(!run.stdout.contains("folder deleted"), "{}", run.stdout);
    assert!(mailbox.join(".Work/dovecot-uidlist").exists());
    assert_eq!(std::fs::read_to_string(mailbox.join("subscriptions")).unwrap(), "Work\n");
    assert_eq!(numbers(&New(&mailbox), ""), [1, 2, 3, 4, 5, 6, 7]);
}
