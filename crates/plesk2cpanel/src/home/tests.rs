//! Homes on disk and in archives, the lock, and the replacement of a list.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use mail_model::maildir::Place;

use super::*;

const LIST_TEXT: &str = "3 V1700000000 N4\n1 :1.M1P1.old\n2 :2.M1P1.old\n";

fn write(path: &Path, text: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A home with one mailbox of three messages, and a folder.
fn home(root: &Path) {
    let mailbox = root.join("mail/example.com/anna");
    write(&mailbox.join("cur/1.M1P1.old:2,S"), "Subject: one\n\n1\n");
    write(&mailbox.join("cur/2.M1P1.old:2,"), "Subject: two\n\n2\n");
    write(&mailbox.join("new/3.M1P1.old"), "Subject: three\n\n3\n");
    write(&mailbox.join("dovecot-uidlist"), LIST_TEXT);
    write(&mailbox.join("dovecot.index.log"), "x");
    write(&mailbox.join(".Sent/cur/4.M1P1.old:2,S"), "Subject: four\n\n4\n");
    write(&mailbox.join(".Sent/maildirfolder"), "");
    write(&mailbox.join("tmp/5"), "half");
}

fn subjects(home: &Home, mailbox: &HomeMailbox) -> Vec<(usize, String)> {
    let wanted: Vec<MessageAt> = mailbox
        .folders
        .iter()
        .enumerate()
        .flat_map(|(at, folder)| (0..folder.raw.files.len()).map(move |file| (at, file)))
        .collect();
    let mut found = Vec::new();
    home.read_messages(mailbox, &wanted, &Interrupt::default(), &mut |numbers, bytes| {
        let mut text = String::new();
        plain(bytes.unwrap()).unwrap().read_to_string(&mut text).unwrap();
        found.extend(numbers.iter().map(|number| (*number, text.clone())));
        Ok(())
    })
    .unwrap();
    found.sort();
    found
}

fn check(home: &Home) {
    assert_eq!(home.domains().unwrap(), [b"example.com"]);
    assert!(home.mailbox(b"example.com", b"bert").unwrap().is_none());
    let mailbox = home.mailbox(b"example.com", b"anna").unwrap().unwrap();
    assert_eq!(mailbox.format, Format::Maildir);
    let dirs: Vec<&[u8]> = mailbox.folders.iter().map(|folder| &*folder.raw.dir).collect();
    assert_eq!(dirs, [&b""[..], b".Sent"]);
    let inbox = &mailbox.folders[0];
    let names: Vec<(Place, &[u8], u64)> =
        inbox.raw.files.iter().map(|file| (file.place, &*file.name, file.size)).collect();
    assert_eq!(
        names,
        [
            (Place::Cur, &b"1.M1P1.old:2,S"[..], 16),
            (Place::Cur, b"2.M1P1.old:2,", 16),
            (Place::New, b"3.M1P1.old", 18)
        ]
    );
    assert_eq!(inbox.raw.uidlist.as_ref().unwrap().bytes, LIST_TEXT.as_bytes());
    assert!(inbox.raw.index_log_mtime.is_some() && inbox.cur_mtime.is_some());
    assert!(mailbox.folders[1].raw.uidlist.is_none());
    let subjects = subjects(home, &mailbox);
    let texts: Vec<&str> = subjects.iter().map(|(_, text)| &text[9..12]).collect();
    assert_eq!(texts, ["one", "two", "thr", "fou"]);
}

#[test]
fn a_home_is_read_from_each_place() {
    let place = tempfile::tempdir().unwrap();
    home(&place.path().join("anna"));
    let open = |path: &str| Home::open(&place.path().join(path), &Interrupt::default()).unwrap();
    for path in ["anna", "anna/mail"] {
        check(&open(path));
        assert!(open(path).is_writable());
    }
    std::fs::create_dir(place.path().join("cpmove-anna")).unwrap();
    std::fs::rename(place.path().join("anna"), place.path().join("cpmove-anna/homedir")).unwrap();
    check(&open("cpmove-anna"));
    assert!(!open("cpmove-anna").is_writable());
    for (arguments, name) in [("cf", "a.tar"), ("czf", "a.tar.gz")] {
        let status = std::process::Command::new("tar")
            .args([arguments, name, "cpmove-anna"])
            .current_dir(place.path())
            .status();
        assert!(status.unwrap().success());
        check(&open(name));
        assert!(!open(name).is_writable());
    }
}

#[test]
fn a_second_name_in_an_archive_has_the_bytes_of_the_first() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("cpmove-anna/homedir");
    home(&root);
    let mailbox = root.join("mail/example.com/anna");
    let first = mailbox.join("cur/1.M1P1.old:2,S");
    std::fs::hard_link(&first, mailbox.join(".Sent/cur/9.M1P1.old:2,S")).unwrap();
    let tar = std::process::Command::new("tar")
        .args(["cf", "a.tar", "cpmove-anna"])
        .current_dir(place.path())
        .status();
    assert!(tar.unwrap().success());
    let home = Home::open(&place.path().join("a.tar"), &Interrupt::default()).unwrap();
    let mailbox = home.mailbox(b"example.com", b"anna").unwrap().unwrap();
    let texts = subjects(&home, &mailbox);
    assert_eq!(texts.len(), 5);
    assert_eq!(texts[0].1, texts[4].1);
    assert_eq!(mailbox.folders[1].raw.files[1].size, 16);
}

#[test]
fn what_is_no_home_is_said() {
    let place = tempfile::tempdir().unwrap();
    let open = |path: &Path| Home::open(path, &Interrupt::default()).err().unwrap().to_string();
    assert!(open(place.path()).contains("no home of a cPanel account"));
    assert!(open(&place.path().join("nowhere")).contains("nowhere: No such file"));
    let file = place.path().join("file");
    write(&file, "no archive");
    assert!(open(&file).starts_with(&file.display().to_string()));
}

#[test]
fn no_link_leads_out_of_a_home() {
    let place = tempfile::tempdir().unwrap();
    let elsewhere = place.path().join("elsewhere");
    home(&elsewhere);
    let root = place.path().join("anna");
    home(&root);
    let mail = root.join("mail");
    symlink(elsewhere.join("mail/example.com"), mail.join("example.net")).unwrap();
    symlink(elsewhere.join("mail/example.com/anna"), mail.join("example.com/bert")).unwrap();
    let anna = mail.join("example.com/anna");
    symlink(elsewhere.join("mail/example.com/anna/.Sent"), anna.join(".Work")).unwrap();
    symlink("/etc/hostname", anna.join("cur/6.M1P1.old:2,S")).unwrap();
    std::fs::remove_file(anna.join("dovecot-uidlist")).unwrap();
    symlink("/etc/passwd", anna.join("dovecot-uidlist")).unwrap();
    let home = Home::open(&root, &Interrupt::default()).unwrap();
    assert_eq!(home.domains().unwrap(), [b"example.com"]);
    assert!(home.mailbox(b"example.net", b"anna").unwrap().is_none());
    assert!(home.mailbox(b"example.com", b"bert").unwrap().is_none());
    assert!(home.mailbox(b"..", b"..").unwrap().is_none());
    let mailbox = home.mailbox(b"example.com", b"anna").unwrap().unwrap();
    assert_eq!(mailbox.folders.len(), 2);
    assert_eq!(mailbox.folders[0].raw.files.len(), 3);
    assert!(mailbox.folders[0].raw.uidlist.is_none());
    assert_eq!(mailbox.passed_over, [&b".Work"[..], b"cur/6.M1P1.old:2,S"]);
}

#[test]
fn other_formats_are_told() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path();
    for (local, made) in [("a", "storage"), ("b", "mailboxes"), ("c", "cur")] {
        std::fs::create_dir_all(root.join("mail/example.com").join(local).join(made)).unwrap();
    }
    write(&root.join("mail/example.com/d/mailbox_format.cpanel"), "mdbox");
    let home = Home::open(root, &Interrupt::default()).unwrap();
    let formats = [b"a", b"b", b"c", b"d"]
        .map(|local| home.mailbox(b"example.com", local).unwrap().unwrap().format);
    assert_eq!(formats, [Format::Mdbox, Format::Sdbox, Format::Maildir, Format::Mdbox]);
}

fn locked_by(dir: &Path, holder: &str) {
    std::fs::write(dir.join("dovecot-uidlist.lock"), holder).unwrap();
}

fn set_age(path: &Path, seconds: u64) {
    let time = std::time::SystemTime::now() - Duration::from_secs(seconds);
    std::fs::File::open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn a_lock_is_held_by_one() {
    let place = tempfile::tempdir().unwrap();
    let dir = Dir::open(place.path()).unwrap();
    let lock_file = place.path().join("dovecot-uidlist.lock");
    let short = Duration::from_millis(100);
    let lock = ListLock::take(&dir, short).unwrap();
    let text = std::fs::read_to_string(&lock_file).unwrap();
    assert!(text.starts_with(&format!("{}:", std::process::id())));
    let error = ListLock::take(&dir, short).unwrap_err().to_string();
    assert!(error.contains("holds it for more than"), "{error}");
    drop(lock);
    assert!(!lock_file.exists());
    // Another's lock is not removed with ours.
    let lock = ListLock::take(&dir, short).unwrap();
    std::fs::remove_file(&lock_file).unwrap();
    locked_by(place.path(), "1:elsewhere");
    assert!(!lock.is_held());
    drop(lock);
    assert!(lock_file.exists());
}

#[test]
fn a_lock_that_was_left_behind_counts_for_nothing() {
    let place = tempfile::tempdir().unwrap();
    let dir = Dir::open(place.path()).unwrap();
    let lock_file = place.path().join("dovecot-uidlist.lock");
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let taken = || ListLock::take(&dir, Duration::from_millis(400)).is_ok();
    // No process has such a number.
    locked_by(place.path(), &format!("2147483646:{host}"));
    assert!(!taken(), "it is young");
    set_age(&lock_file, 10);
    assert!(taken());
    locked_by(place.path(), &format!("1:{host}"));
    set_age(&lock_file, 1000);
    assert!(!taken(), "process 1 lives");
    locked_by(place.path(), "77:elsewhere");
    set_age(&lock_file, 60);
    assert!(!taken());
    set_age(&lock_file, 130);
    assert!(taken());
    // While the list changes, its lock is in use.
    write(&place.path().join("dovecot-uidlist"), LIST_TEXT);
    locked_by(place.path(), "77:elsewhere");
    set_age(&lock_file, 130);
    assert!(!taken());
}

#[test]
fn a_list_is_replaced_whole_and_the_old_one_kept() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    write(&at("dovecot-uidlist"), LIST_TEXT);
    std::fs::set_permissions(at("dovecot-uidlist"), PermissionsExt::from_mode(0o640)).unwrap();
    let dir = Dir::open(place.path()).unwrap();
    let lock = ListLock::take(&dir, PATIENCE).unwrap();
    // A killed run left these.
    write(&at("dovecot-uidlist.new-rescue"), "half");
    std::fs::hard_link(at("dovecot-uidlist"), at("dovecot-uidlist.before-rescue")).unwrap();
    let kept = replace_list(&dir, &lock, b"second", "rescue").unwrap();
    assert_eq!(kept.as_deref(), Some(&b"dovecot-uidlist.before-rescue"[..]));
    let kept = replace_list(&dir, &lock, b"third", "rescue").unwrap();
    assert_eq!(kept.as_deref(), Some(&b"dovecot-uidlist.before-rescue-2"[..]));
    drop(lock);
    let text = |name: &str| std::fs::read_to_string(at(name)).unwrap();
    assert_eq!(text("dovecot-uidlist"), "third");
    assert_eq!(text("dovecot-uidlist.before-rescue"), LIST_TEXT);
    assert_eq!(text("dovecot-uidlist.before-rescue-2"), "second");
    let mode = std::fs::metadata(at("dovecot-uidlist")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 3);
}

#[test]
fn a_lost_lock_leaves_the_list_alone() {
    let place = tempfile::tempdir().unwrap();
    write(&place.path().join("dovecot-uidlist"), LIST_TEXT);
    let dir = Dir::open(place.path()).unwrap();
    let lock = ListLock::take(&dir, PATIENCE).unwrap();
    std::fs::remove_file(place.path().join("dovecot-uidlist.lock")).unwrap();
    assert!(replace_list(&dir, &lock, b"new", "rescue").is_err());
    let text = std::fs::read_to_string(place.path().join("dovecot-uidlist")).unwrap();
    assert_eq!(text, LIST_TEXT);
    assert!(!place.path().join("dovecot-uidlist.new-rescue").exists());
}

#[test]
fn a_lock_that_is_made_again_and_again_is_waited_for_no_longer() {
    let place = tempfile::tempdir().unwrap();
    let dir = Dir::open(place.path()).unwrap();
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let interrupt = Interrupt::default();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let aside = place.path().join("aside");
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                write(&aside, format!("2147483646:{host}"));
                set_age(&aside, 1000);
                let _ = std::fs::rename(&aside, place.path().join("dovecot-uidlist.lock"));
            }
        });
        let begun = std::time::Instant::now();
        drop(ListLock::take(&dir, Duration::from_millis(100)));
        assert!(begun.elapsed() < Duration::from_secs(10));
        interrupt.raise();
        assert!(ListLock::wait(&dir, PATIENCE, &interrupt).unwrap().is_none());
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn a_list_without_measure_is_refused() {
    let place = tempfile::tempdir().unwrap();
    write(&place.path().join("mail/a.b/c/cur/1.M1P1.old:2,S"), "x");
    let list = place.path().join("mail/a.b/c/dovecot-uidlist");
    let read = || {
        let home = Home::open(place.path(), &Interrupt::default()).unwrap();
        home.mailbox(b"a.b", b"c").map(|mailbox| mailbox.unwrap().folders.len())
    };
    write(&list, format!("3 V1 N9\n1 {}:1.M1P1.old\n", "W1 ".repeat(9)));
    assert_eq!(read().unwrap(), 1);
    write(&list, format!("3 V1 N9\n1 {}:1.M1P1.old\n", "W1 ".repeat(100)));
    assert!(read().unwrap_err().text.contains("more fields"));
    write(&list, format!("3 V1 N9\n1 :{}\n", "x".repeat(2 << 20)));
    assert!(read().unwrap_err().text.contains("larger than"));
}

#[test]
fn a_home_stays_one_whatever_its_user_puts_into_it() {
    let place = tempfile::tempdir().unwrap();
    write(&place.path().join("mail/a.b/c/cur/1.M1P1.old:2,S"), "x");
    write(&place.path().join("mail/a.b/c/cur/:2,S"), "x");
    write(&place.path().join("homedir/mail/other.example/c/cur/1.M1P1.old:2,S"), "x");
    let home = Home::open(place.path(), &Interrupt::default()).unwrap();
    assert!(home.is_writable());
    assert_eq!(home.domains().unwrap(), [b"a.b"]);
    let mailbox = home.mailbox(b"a.b", b"c").unwrap().unwrap();
    assert_eq!(mailbox.folders[0].raw.files.len(), 1);
    assert_eq!(mailbox.passed_over, [b"cur/:2,S"], "a name that is none");
}
