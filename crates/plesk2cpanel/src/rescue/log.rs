//! Dovecot's log of the new server: who fetched mail by POP3, and when.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use memchr::memmem;

use super::line::{is_hole, is_of_dovecot, login, logout};
use super::when;
use crate::error::Error;

/// A line that is longer is no line of Dovecot's.
const LONGEST_LINE: u64 = 64 << 10;
/// Logs between whose end and beginning more time lies may not be one after the other.
const LARGEST_GAP: i64 = 600;
/// A log whose last line is older may be a copy of one that goes on.
const OLDEST_END: i64 = 600;

/// What the logs say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pop3Log {
    /// By address, in lower case.
    users: BTreeMap<String, Visits>,
    /// First and last second of each file.
    spans: Vec<(i64, i64)>,
    /// When lines were lost, where that is known.
    holes: Vec<Option<i64>>,
    growing: Vec<Growing>,
}

/// A file that more lines may come to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Growing {
    path: PathBuf,
    /// Device and number: a log that was turned over meanwhile is another under the same name.
    identity: (u64, u64),
    /// How far it was read.
    read: u64,
}

/// The POP3 sessions of one mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Visits {
    /// Sessions that may have loaded a message.
    pub(super) loaded: u64,
    /// Sessions that surely loaded none.
    pub(super) idle: u64,
    /// When the last of those that may have loaded something began or ended, by what is known.
    last: Option<i64>,
    /// Of one of these nothing says when it was.
    is_timeless: bool,
}

impl Visits {
    fn add_loaded(&mut self, time: Option<i64>) {
        self.loaded += 1;
        self.last = self.last.max(time);
        self.is_timeless |= time.is_none();
    }

    /// After this none loaded anything.
    pub(super) fn last(&self) -> Option<i64> {
        self.last.filter(|_| !self.is_timeless)
    }
}

impl Pop3Log {
    /// Reads logs, also gzipped ones.
    ///
    /// # Errors
    /// When one can't be read, or holds no line with a time.
    pub fn read<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Result<Pop3Log, Error> {
        let mut log = Pop3Log::default();
        for path in paths {
            let failed = |text: String| Error::OptionFile {
                option: "--pop3-log",
                path: path.to_owned(),
                text,
            };
            let file = File::open(path).map_err(|error| failed(error.to_string()))?;
            let written = written(&file);
            // A pipe can't be read a second time.
            let facts = file.metadata().map_err(|error| failed(error.to_string()))?;
            let (lines, is_plain) = unpacked(file).map_err(|error| failed(error.to_string()))?;
            let found = log.add(lines, written).map_err(|error| failed(error.to_string()))?;
            if is_plain && facts.is_file() {
                let identity = (facts.dev(), facts.ino());
                log.growing.push(Growing { path: path.to_owned(), identity, read: found.whole });
            }
            let text = "no line in it begins with a time, so that it is no log of Dovecot";
            log.spans.push(found.span.ok_or_else(|| failed(text.to_owned()))?);
            if !found.is_dovecot {
                return Err(Error::NotDovecotLog { path: path.to_owned() });
            }
        }
        log.spans.sort_unstable();
        Ok(log)
    }

    /// Sessions of a mailbox that were logged since this was read. A log that was replaced meanwhile
    /// tells of one that may have been.
    pub(super) fn later(&self, addresses: &[&str]) -> Visits {
        let mut later = Pop3Log::default();
        for Growing { path, identity, read } in &self.growing {
            let more = File::open(path).and_then(|mut file| {
                let facts = file.metadata()?;
                if (facts.dev(), facts.ino()) != *identity || facts.len() < *read {
                    return Err(io::Error::other("another than before"));
                }
                file.seek(SeekFrom::Start(*read))?;
                let written = written(&file);
                later.add(BufReader::new(file), written)
            });
            if more.is_err() || !later.holes.is_empty() {
                return Visits { loaded: 1, is_timeless: true, ..Visits::default() };
            }
        }
        later.of(addresses)
    }

    /// Reads one log, which was last written at this time.
    fn add(&mut self, mut lines: impl BufRead, written: i64) -> io::Result<Found> {
        let (mut all, mut whole) = (0, 0);
        let (mut first, mut last) = (None, None);
        let mut sessions = Sessions::default();
        let mut is_dovecot = false;
        let finders = ["pop3", "POP3"].map(memmem::Finder::new);
        let mut line = Vec::new();
        let mut before = Vec::new();
        loop {
            std::mem::swap(&mut line, &mut before);
            line.clear();
            let read = (&mut lines).take(LONGEST_LINE).read_until(b'\n', &mut line)?;
            if read == 0 {
                break;
            }
            all += read as u64;
            if line.last() != Some(&b'\n') && read as u64 == LONGEST_LINE {
                all += skip_line(&mut lines)?;
            }
            if line.last() == Some(&b'\n') || read as u64 == LONGEST_LINE {
                whole = all;
            }
            if first.is_none() {
                first = when::of_line(&line, written);
            }
            is_dovecot |= !is_dovecot && is_of_dovecot(&line);
            if finders.iter().any(|finder| finder.find(&line).is_some()) {
                // A line whose time can't be read tells of a session all the same.
                let time = when::of_line(&line, written);
                last = time.max(last);
                self.line(&String::from_utf8_lossy(&line), time, &mut sessions);
            }
            if is_hole(&line) {
                self.holes.push(when::of_line(&line, written));
            }
        }
        let end = when::of_line(&before, written);
        self.finish(sessions);
        let span = first.map(|first| (first, last.max(end).unwrap_or(first).max(first)));
        Ok(Found { span, whole, is_dovecot })
    }

    fn line(&mut self, line: &str, time: Option<i64>, sessions: &mut Sessions) {
        if let Some((user, names)) = login(line) {
            sessions.open(user, names, time);
        } else if let Some((user, names, loaded)) = logout(line) {
            let began = sessions.close(&user, &names);
            let visits = self.users.entry(user).or_default();
            if loaded {
                visits.add_loaded(time);
                visits.last = visits.last.max(began.and_then(|open| open.began));
            } else {
                visits.idle += 1;
            }
        }
    }

    /// Sessions of which no end is told may have loaded something.
    fn finish(&mut self, sessions: Sessions) {
        for (user, open) in sessions.open {
            for Open { began, .. } in open {
                self.users.entry(user.clone()).or_default().add_loaded(began);
            }
        }
    }

    /// The sessions of a mailbox, which people may know by several addresses.
    pub(super) fn of(&self, addresses: &[&str]) -> Visits {
        let mut addresses: Vec<String> = addresses.iter().map(|name| name.to_lowercase()).collect();
        addresses.sort_unstable();
        addresses.dedup();
        let mut all = Visits::default();
        for visits in addresses.iter().filter_map(|address| self.users.get(address)) {
            all.loaded += visits.loaded;
            all.idle += visits.idle;
            all.last = all.last.max(visits.last);
            all.is_timeless |= visits.is_timeless;
        }
        all
    }

    /// Whether the logs tell of all sessions since a time, of a mailbox that last changed then.
    pub(super) fn covers(&self, from: i64, changed: Option<i64>, now: i64) -> bool {
        let mut reached = None;
        for (first, last) in &self.spans {
            match reached {
                None if *first > from => return false,
                Some(reached) if *first > reached + LARGEST_GAP => return false,
                _ => {}
            }
            reached = reached.max(Some(*last));
        }
        let Some(reached) = reached else { return false };
        let lost = self.holes.iter().any(|hole| hole.is_none_or(|hole| hole >= from));
        // Seconds are rounded.
        let has_change = changed.is_none_or(|changed| changed <= reached.saturating_add(1));
        !lost && has_change && now <= reached.saturating_add(OLDEST_END)
    }
}

/// What one log is.
struct Found {
    /// Its first and last second.
    span: Option<(i64, i64)>,
    /// Bytes of its whole lines.
    whole: u64,
    /// It has a line of Dovecot's.
    is_dovecot: bool,
}

/// A session that began.
struct Open {
    /// What names it.
    names: Vec<String>,
    /// When, where that can be read.
    began: Option<i64>,
}

/// Sessions that began and of which no end was met, by user.
#[derive(Default)]
struct Sessions {
    open: HashMap<String, Vec<Open>>,
}

impl Sessions {
    fn open(&mut self, user: String, names: Vec<String>, began: Option<i64>) {
        self.open.entry(user).or_default().push(Open { names, began });
    }

    fn close(&mut self, user: &str, names: &[String]) -> Option<Open> {
        let open = self.open.get_mut(user)?;
        let is_same = |known: &[String]| known.iter().any(|name| names.contains(name));
        let named = open.iter().rposition(|open| is_same(&open.names));
        // Older logs name no session at the end: then it is the one that began last.
        let at = named
            .or_else(|| open.iter().rposition(|open| names.is_empty() || open.names.is_empty()))?;
        Some(open.remove(at))
    }
}

/// When a log was last written, for times without a year.
fn written(file: &File) -> i64 {
    let time = file.metadata().and_then(|facts| facts.modified()).ok();
    let time = time.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let seconds = time.and_then(|time| i64::try_from(time.as_secs()).ok());
    seconds.unwrap_or_else(|| jiff::Timestamp::now().as_second())
}

/// Bytes up to the end of the line.
fn skip_line(lines: &mut impl BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = lines.fill_buf()?;
        if buffer.is_empty() {
            return Ok(skipped);
        }
        let end = memchr::memchr(b'\n', buffer);
        let used = end.map_or(buffer.len(), |at| at + 1);
        lines.consume(used);
        skipped += used as u64;
        if end.is_some() {
            return Ok(skipped);
        }
    }
}

/// The lines of a log, and whether more may follow: a packed one is finished.
fn unpacked(file: File) -> io::Result<(Box<dyn BufRead>, bool)> {
    let mut file = BufReader::with_capacity(1 << 16, file);
    let is_gzip = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    if !is_gzip {
        return Ok((Box::new(file), true));
    }
    let plain = flate2::bufread::MultiGzDecoder::new(file);
    Ok((Box::new(BufReader::with_capacity(1 << 16, plain)), false))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(text: &str) -> Pop3Log {
        let mut log = Pop3Log::default();
        let found = log.add(text.as_bytes(), 1_700_100_000).unwrap();
        assert_eq!(found.whole, text.len() as u64);
        log.spans.push(found.span.unwrap());
        log
    }

    #[test]
    fn sessions_are_told_in_every_form() {
        let log = log("\
2023-11-14T22:13:20.5+00:00 srv dovecot: pop3-login: Login: user=<Anna@example.com>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.2, mpid=77, TLS, session=<aBc>
2023-11-14T22:13:30.5+00:00 srv dovecot: pop3(anna@example.com)<77><aBc>: Disconnected: Logged out top=0/0, retr=3/4012, del=0/3, size=4000
2023-11-14T22:14:00+00:00 srv dovecot: pop3-login: Login: user=<bert@example.com>, session=<b1>
2023-11-14T22:14:01+00:00 srv dovecot: pop3(bert@example.com)<78><b1>: Info: Disconnected: Logged out top=0/0, retr=0/0, del=0/3, size=4000
2023-11-14T22:15:00+00:00 srv dovecot: pop3-login: Login: user=<carl@example.com>, session=<c1>
2023-11-14T22:15:01+00:00 srv dovecot: pop3(carl@example.com): Disconnected: Logged out top=4/900, retr=0/0, del=0/3, size=4000
2023-11-14T22:16:00+00:00 srv dovecot: pop3-login: Info: Logged in: user=<dora@example.com>, session=<d1>
2023-11-14T22:17:00+00:00 srv dovecot: pop3-login: Aborted login (auth failed, 1 attempts): user=<emil@example.com>, session=<e1>
2023-11-14T22:17:00+00:00 srv dovecot: imap-login: Login: user=<emil@example.com>, session=<e2>
2023-11-14T22:17:01+00:00 srv dovecot: pop3(emil@example.com)<80><e1>: Error: something
2023-11-14T22:18:00+00:00 srv dovecot: pop3-login: Login: user=<fritz+example.com>, session=<f1>
2023-11-14T22:18:10+00:00 srv dovecot: pop3(fritz+example.com)<81><f1>: Disconnected: Connection closed
2023-11-14T23:00:00+00:00 srv something else
");
        let all = |address: &str| {
            let visits = log.of(&[address]);
            (visits.loaded, visits.idle, visits.last())
        };
        assert_eq!(all("ANNA@example.com"), (1, 0, Some(1_700_000_010)));
        assert_eq!(all("bert@example.com"), (0, 1, None));
        assert_eq!(all("carl@example.com"), (1, 0, Some(1_700_000_101)), "TOP loads messages");
        assert_eq!(all("dora@example.com"), (1, 0, Some(1_700_000_160)), "no end is told");
        assert_eq!(all("emil@example.com"), (0, 0, None));
        assert_eq!(all("fritz@example.com"), (1, 0, Some(1_700_000_290)));
        // 23:00:00 is 1_700_002_800.
        assert!(log.covers(1_700_000_000, None, 1_700_002_800));
        assert!(log.covers(1_700_000_000, Some(1_700_002_800), 1_700_003_000));
        assert!(!log.covers(1_699_999_999, None, 1_700_000_000));
        assert!(!log.covers(1_700_000_000, None, 1_700_004_800), "it ends long before the run");
        assert!(
            !log.covers(1_700_000_000, Some(1_700_002_900), 1_700_003_000),
            "somebody was there after its end"
        );
    }

    #[test]
    fn two_sessions_at_once_are_kept_apart() {
        let log = log("\
2023-11-14T22:13:20Z pop3-login: Login: user=<a@b>, session=<1>
2023-11-14T22:13:21Z pop3-login: Login: user=<a@b>, session=<2>
2023-11-14T22:13:22Z pop3(a@b)<1><1>: Disconnected: Logged out top=0/0, retr=0/0, del=0/1
2023-11-14T22:13:23Z pop3(a@b)<2><2>: Disconnected: Logged out top=0/0, retr=1/9, del=0/1
");
        assert_eq!(
            log.of(&["a@b"]),
            Visits { loaded: 1, idle: 1, last: Some(1_700_000_003), is_timeless: false }
        );
    }

    #[test]
    fn a_process_names_a_session_too() {
        let log = log("\
2023-11-14T22:13:20Z pop3-login: Login: user=<a@b>, mpid=7, session=<1>
2023-11-14T22:13:22Z pop3(a@b)<7>: Disconnected: Logged out top=0/0, retr=0/0, del=0/1
");
        assert_eq!(log.of(&["a@b"]), Visits { idle: 1, ..Visits::default() });
    }

    #[test]
    fn what_is_logged_meanwhile_is_seen() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("maillog");
        let login = "2023-11-14T22:13:20Z pop3-login: Login: user=<a@b>, session=<1>\n";
        std::fs::write(&path, format!("{login}half")).unwrap();
        let log = Pop3Log::read([path.as_path()]).unwrap();
        assert_eq!((log.of(&["a@b"]).loaded, log.later(&["a@b"]).loaded), (1, 0));
        std::fs::write(&path, format!("{login}half a line\n{login}")).unwrap();
        assert_eq!(log.later(&["a@b"]).loaded, 1);
        assert_eq!(log.later(&["c@b"]).loaded, 0);
        std::fs::write(
            &path,
            format!("{login}half a line\nNov 14 22:13:20 pop3-login: Login: user=<c@b>\n"),
        )
        .unwrap();
        assert_eq!(log.later(&["c@b"]).loaded, 1);
        std::fs::write(&path, "").unwrap();
        assert_eq!(log.later(&["c@b"]).loaded, 1, "it was replaced");
    }

    #[test]
    fn logs_with_a_hole_cover_nothing_behind_it() {
        let covers = |spans: &[(i64, i64)], now| {
            let log = Pop3Log { spans: spans.to_vec(), ..Pop3Log::default() };
            log.covers(10, None, now)
        };
        assert!(!covers(&[(0, 1000), (1000, 2000), (100_000, 200_000)], 150_000));
        assert!(!covers(&[(0, 1000), (5000, 9000)], 9000));
        assert!(covers(&[(0, 1000), (1500, 2000)], 2500));
        assert!(!covers(&[], 0));
    }

    #[test]
    fn lost_lines_are_a_hole() {
        for lost in [
            "2023-11-14T22:14:00Z srv rsyslogd: imuxsock[pid: 7]: begin to drop messages due to rate-limiting",
            "2023-11-14T22:14:00Z srv systemd-journald[5]: Suppressed 731 messages from dovecot.service",
            "garbled: Suppressed 731 messages from dovecot.service",
        ] {
            let text =
                format!("2023-11-14T22:13:20Z srv dovecot: x\n{lost}\n2023-11-14T22:15:20Z x\n");
            let log = log(&text);
            assert!(!log.covers(1_700_000_000, None, 1_700_000_120), "{lost}");
            assert_eq!(
                log.covers(1_700_000_050, None, 1_700_000_120),
                !lost.starts_with("garbled")
            );
        }
    }

    #[test]
    fn a_session_of_unknown_time_is_one() {
        let log = log("\
2023-11-14T22:13:20Z pop3-login: Login: user=<a@b>, session=<1>
Tue something 22:13:20 CET srv dovecot: pop3-login: Login: user=<a@b>, session=<2>
");
        let visits = log.of(&["a@b"]);
        assert_eq!((visits.loaded, visits.last()), (2, None));
        assert_eq!(log.of(&["c@b", "A@b"]), visits);
    }

    #[test]
    fn a_log_that_was_turned_over_is_another() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("maillog");
        std::fs::write(&path, "2023-11-14T22:13:20Z srv dovecot: x\n").unwrap();
        let log = Pop3Log::read([path.as_path()]).unwrap();
        assert_eq!(log.later(&["a@b"]).loaded, 0);
        std::fs::rename(&path, place.path().join("maillog-1")).unwrap();
        std::fs::write(&path, "2023-11-14T22:13:20Z srv dovecot: x\n".repeat(9)).unwrap();
        assert_eq!(log.later(&["a@b"]).loaded, 1);
    }

    #[test]
    fn a_pipe_is_read_once() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let writer = path.clone();
        let writes = std::thread::spawn(move || {
            std::fs::write(writer, "2023-11-14T22:13:20Z srv dovecot: x\n").unwrap();
        });
        let log = Pop3Log::read([path.as_path()]).unwrap();
        writes.join().unwrap();
        assert_eq!(log.later(&["a@b"]), Visits::default());
    }

    #[test]
    fn a_log_of_another_program_proves_nothing() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("exim_mainlog");
        std::fs::write(&path, "2023-11-14 22:13:20 1r2-x <= a@b A=dovecot_login:a@b\n").unwrap();
        let error = Pop3Log::read([path.as_path()]).unwrap_err();
        assert!(matches!(error, Error::NotDovecotLog { .. }) && error.is_usage(), "{error}");
    }

    #[test]
    fn a_line_without_end_is_passed_over() {
        let long = "x".repeat(200_000);
        let log = log(&format!(
            "2023-11-14T22:13:20Z {long}\n2023-11-14T22:13:21Z pop3-login: Login: user=<a@b>\n"
        ));
        assert_eq!(log.of(&["a@b"]).loaded, 1);
    }
}
