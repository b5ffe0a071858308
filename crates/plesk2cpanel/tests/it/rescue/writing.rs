//! Locks, and runs that are killed.

use std::process::Command;
use std::time::{Duration, SystemTime};

use super::{ANNA, LATER, Moved, codes};

fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_owned()
}

#[test]
fn a_lock_that_somebody_holds_is_respected() {
    let moved = Moved::new();
    moved.renumber();
    let before = moved.list();
    moved.write("dovecot-uidlist.lock", format!("{}:{}", std::process::id(), host()));
    let lock = std::fs::File::open(moved.path("dovecot-uidlist.lock")).unwrap();
    lock.set_modified(SystemTime::now() - Duration::from_secs(1000)).unwrap();
    let found =
        moved.report(1, &["--trust-files", "--since", LATER, "--write", "--lock-wait", "1"]);
    assert_eq!(codes(&found), ["rescue-failed"]);
    assert!(found["findings"][1]["text"].as_str().unwrap().contains("holds it"));
    assert_eq!(moved.list(), before);
    assert!(moved.path("dovecot-uidlist.lock").exists());
    // It comes free while we wait.
    let path = moved.path("dovecot-uidlist.lock");
    let free = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(700));
        std::fs::remove_file(path).unwrap();
    });
    moved.report(0, &["--trust-files", "--since", LATER, "--write", "--lock-wait", "20"]);
    free.join().unwrap();
    assert_ne!(moved.list(), before);
}

#[test]
fn what_a_killed_run_left_is_no_hindrance() {
    let moved = Moved::new();
    moved.renumber();
    let before = moved.list();
    moved.write("dovecot-uidlist.lock", format!("2147483646:{}", host()));
    let lock = std::fs::File::open(moved.path("dovecot-uidlist.lock")).unwrap();
    lock.set_modified(SystemTime::now() - Duration::from_secs(10)).unwrap();
    moved.write("dovecot-uidlist.new-rescue", "half");
    std::fs::hard_link(moved.path("dovecot-uidlist"), moved.path("dovecot-uidlist.before-rescue"))
        .unwrap();
    moved.report(0, &["--trust-files", "--since", LATER, "--write"]);
    assert_eq!(moved.read("dovecot-uidlist.before-rescue"), before);
    let names: Vec<String> =
        moved.names("").into_iter().filter(|name| name.contains("uidlist")).collect();
    assert_eq!(names, ["dovecot-uidlist", "dovecot-uidlist.before-rescue"]);
}

#[test]
fn a_run_may_be_killed_at_any_moment() {
    let moved = Moved::new();
    moved.renumber();
    let before = moved.list();
    moved.run(&["--trust-files", "--since", LATER, "--write"]);
    let after = moved.list();
    assert_ne!(before, after);
    for step in 0..12 {
        for name in moved.names("").into_iter().filter(|name| name.contains("uidlist")) {
            std::fs::remove_file(moved.path(&name)).unwrap();
        }
        moved.write("dovecot-uidlist", &before);
        let mut child = Command::new(env!("CARGO_BIN_EXE_plesk2cpanel"))
            .args(["rescue", "backup.tar", "home", "--old-server", "dovecot:%08Xu%08Xv"])
            .args(["--trust-files", "--since", LATER, "--write"])
            .current_dir(moved.place.path(""))
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(step * 4));
        child.kill().unwrap();
        child.wait().unwrap();
        let list = moved.list();
        assert!(list == before || list == after, "{list}");
        if list == after {
            assert_eq!(moved.read("dovecot-uidlist.before-rescue"), before);
        }
        // Its lock is young: the next run waits until it may know that nobody holds it.
        moved.report(0, &["--trust-files", "--since", LATER, "--write", "--lock-wait", "20"]);
        assert_eq!(moved.list(), after);
    }
}

#[test]
fn owner_and_mode_stay() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    let moved = Moved::new();
    moved.renumber();
    let path = moved.path("dovecot-uidlist");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    // Only root gives files away.
    let is_root = chown(&path, Some(4711), Some(4712)).is_ok();
    let facts = |path: &std::path::Path| {
        let facts = std::fs::metadata(path).unwrap();
        (facts.mode() & 0o7777, facts.uid(), facts.gid())
    };
    let before = facts(&path);
    assert!(!is_root || before == (0o640, 4711, 4712));
    moved.report(0, &["--trust-files", "--since", LATER, "--write"]);
    assert_eq!(facts(&path), before);
    let files = moved.place.entries(ANNA);
    assert!(!files.iter().any(|name| name.contains("lock") || name.contains("new-")), "{files:?}");
}
