//! Mailboxes whose owner was there since the move.

use super::{LATER, Moved};

const LOGIN: &str = "2024-01-01T10:00:00+00:00 srv dovecot: pop3-login: Login: user=<anna@example.com>, \
                     method=PLAIN, session=<s1>\n";

fn log(moved: &Moved, rest: &str) {
    let begin = "2020-01-01T00:00:00+00:00 srv dovecot: master: Dovecot starting up\n";
    let end = "2090-01-01T00:00:00+00:00 srv dovecot: master: Dovecot stops\n";
    moved.place.write("maillog", format!("{begin}{rest}{end}").as_bytes());
}

#[test]
fn writing_needs_to_know_who_was_there() {
    let moved = Moved::new();
    insta::assert_snapshot!("rescue-blind", moved.run(&["--write"]).transcript());
    // A dry run says what it guesses.
    let found = moved.report(0, &[]);
    assert_eq!(found["findings"][0]["code"], "rescue-visits-assumed");
}

#[test]
fn who_loaded_mail_keeps_its_names() {
    let moved = Moved::new();
    moved.renumber();
    let before = moved.list();
    log(&moved, LOGIN);
    let found = moved.report(0, &["--since", "2021-01-01", "--pop3-log", "maillog", "--write"]);
    assert_eq!((&found["visited"], &found["fates"]["kept"]), (&"yes".into(), &5.into()));
    assert_eq!(found["seen"]["pop3_connected"], 0);
    assert_eq!(found["seen"]["pop3_not_connected"], 5);
    assert_eq!(moved.list(), before);
}

#[test]
fn a_session_that_loaded_nothing_does_not_count() {
    let moved = Moved::new();
    moved.renumber();
    let end = "2024-01-01T10:00:01+00:00 srv dovecot: pop3(anna@example.com)<7><s1>: Disconnected: \
               Logged out top=0/0, retr=0/0, del=0/5, size=5000\n";
    log(&moved, &format!("{LOGIN}{end}"));
    let found = moved.report(0, &["--since", "2021-01-01", "--pop3-log", "maillog"]);
    assert_eq!((&found["visited"], &found["fates"]["restored"]), (&"no".into(), &5.into()));
}

#[test]
fn what_came_after_the_last_session_was_not_loaded_in_it() {
    let moved = Moved::new();
    std::fs::rename(
        moved.path("cur/1700000005.M1P1.old:2,S"),
        moved.path("cur/1710000000.M1P1.new:2,S"),
    )
    .unwrap();
    moved.renumber();
    log(&moved, LOGIN);
    let found = moved.report(0, &["--since", "2021-01-01", "--pop3-log", "maillog"]);
    // 2024-01-01 is 1704067200.
    assert_eq!((&found["fates"]["kept"], &found["fates"]["restored"]), (&4.into(), &1.into()));
}

#[test]
fn a_log_that_begins_too_late_is_not_trusted_alone() {
    let moved = Moved::new();
    moved.renumber();
    moved.place.write("maillog", b"2090-01-01T00:00:00Z srv dovecot: something\n");
    let found = moved.report(0, &["--since", "2021-01-01", "--pop3-log", "maillog"]);
    assert_eq!(found["visited"], "maybe");
    assert!(found["visited_because"].as_str().unwrap().contains("do not tell of all the time"));
}

#[test]
fn a_log_that_ends_long_ago_is_not_trusted_alone() {
    let moved = Moved::new();
    moved.renumber();
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    for name in ["cur", "dovecot-uidlist"] {
        std::fs::File::open(moved.path(name)).unwrap().set_modified(old).unwrap();
    }
    let text = "2020-01-01T00:00:00Z srv dovecot: one\n2023-12-01T00:00:00Z srv two\n";
    moved.place.write("maillog", text.as_bytes());
    let found = moved.report(0, &["--since", "2023-01-01", "--pop3-log", "maillog"]);
    assert!(found["visited_because"].as_str().unwrap().contains("do not tell of all the time"));
}

#[test]
fn without_a_log_the_mailbox_itself_tells() {
    let moved = Moved::new();
    // Its list is the old server's, and there is no index: nobody was served.
    assert_eq!(moved.report(0, &["--since", LATER])["visited"], "no");
    moved.renumber();
    assert_eq!(moved.report(0, &["--since", "@1"])["visited"], "maybe");
    let run = moved.run(&["--since", "@1"]);
    assert!(run.stdout.contains("with --pop3-log, tells"), "{}", run.transcript());
    let trusted = moved.report(0, &["--since", LATER, "--trust-files"]);
    assert_eq!((&trusted["visited"], &trusted["fates"]["restored"]), (&"no".into(), &5.into()));
    assert_eq!(trusted["findings"][0]["code"], "rescue-visits-assumed");
    let unread = "cur/1700000001.M1P1.old";
    std::fs::rename(moved.path(&format!("{unread}:2,S")), moved.path(&format!("{unread}:2,")))
        .unwrap();
    assert_eq!(moved.report(0, &["--since", LATER, "--trust-files"])["visited"], "no");
    let mut files = crate::support::served_messages(3);
    files[1].path = b"Maildir/cur/1700000002.M1P1.old:2,".to_vec();
    let moved = Moved::of(files);
    std::fs::rename(
        moved.path("cur/1700000002.M1P1.old:2,"),
        moved.path("cur/1700000002.M1P1.old:2,S"),
    )
    .unwrap();
    let found = moved.report(0, &["--since", LATER, "--trust-files"]);
    assert_eq!(found["visited"], "maybe");
    assert!(found["visited_because"].as_str().unwrap().contains("a message was read"));
}

#[test]
fn files_without_a_trace_are_no_proof() {
    // A POP3 session that loads messages which were read before changes no file.
    let moved = Moved::new();
    moved.renumber();
    moved.write("dovecot.index.log", "x");
    let before = moved.list();
    let found = moved.report(0, &["--since", LATER, "--write"]);
    assert_eq!((&found["visited"], &found["fates"]["kept"]), (&"maybe".into(), &5.into()));
    assert_eq!(moved.list(), before);
    let run = moved.run(&["--since", LATER, "--write"]);
    assert!(run.stdout.contains("--pop3-log"), "{}", run.transcript());
    // A list of the old server with an index beside it is no proof either.
    let moved = Moved::new();
    moved.write("dovecot.index.log", "x");
    assert_eq!(moved.report(0, &["--since", LATER])["visited"], "maybe");
}

#[test]
fn a_log_of_another_program_is_refused() {
    let moved = Moved::new();
    moved.renumber();
    let text = "2020-01-01 00:00:00 exim 4.96 daemon started\n2099-01-01 00:00:00 x <= a@b\n";
    moved.place.write("exim_mainlog", text.as_bytes());
    let run = moved.run(&["--since", "2021-01-01", "--pop3-log", "exim_mainlog", "--write"]);
    assert_eq!(run.status, Some(2), "{}", run.transcript());
    assert!(run.stderr.contains("no line of Dovecot's"));
}

#[test]
fn a_time_to_come_is_refused() {
    let run = Moved::new().run(&["--since", "2999-01-01"]);
    assert_eq!(run.status, Some(2), "{}", run.transcript());
    assert!(run.stderr.contains("yet to come"), "{}", run.stderr);
}

#[test]
fn a_log_that_is_none_is_refused() {
    let moved = Moved::new();
    moved.place.write("maillog", b"nothing\n");
    let run = moved.run(&["--pop3-log", "maillog"]);
    assert_eq!(run.status, Some(1));
    assert!(run.stderr.contains("begins with a time"), "{}", run.stderr);
    assert_eq!(moved.run(&["--since", "yesterday"]).status, Some(2));
}
