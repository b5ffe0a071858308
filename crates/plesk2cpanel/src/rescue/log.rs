//! Dovecot's log of the new server: who fetched mail by POP3, and when.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use memchr::memmem;

use super::when;
use crate::error::Error;

/// A line that is longer is no line of Dovecot's.
const LONGEST_LINE: u64 = 64 << 10;
/// Logs between whose end and beginning more time lies are not one after the other.
const LARGEST_GAP: i64 = 12 * 3600;

/// What the logs say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pop3Log {
    /// By address, in lower case.
    users: BTreeMap<String, Visits>,
    /// First and last second of each file.
    spans: Vec<(i64, i64)>,
    /// Files that grow, and how far each was read.
    growing: Vec<(PathBuf, u64)>,
}

/// The POP3 sessions of one mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Visits {
    /// Sessions that may have loaded a message.
    pub(super) loaded: u64,
    /// Sessions that surely loaded none.
    pub(super) idle: u64,
    /// When the last of those that may have loaded something began or ended, by what is known.
    pub(super) last: Option<i64>,
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
            let (lines, grows) = unpacked(file).map_err(|error| failed(error.to_string()))?;
            let (span, read) =
                log.add(lines, written).map_err(|error| failed(error.to_string()))?;
            if grows {
                log.growing.push((path.to_owned(), read));
            }
            let text = "no line in it begins with a time, so that it is no log of Dovecot";
            log.spans.push(span.ok_or_else(|| failed(text.to_owned()))?);
        }
        log.spans.sort_unstable();
        Ok(log)
    }

    /// Sessions of a mailbox that were logged since this was read. A log that was replaced meanwhile
    /// tells of one that may have been.
    pub(super) fn later(&self, address: &str) -> Visits {
        let mut later = Pop3Log::default();
        for (path, read) in &self.growing {
            let more = File::open(path).and_then(|mut file| {
                if file.metadata()?.len() < *read {
                    return Err(io::Error::other("shorter than before"));
                }
                file.seek(SeekFrom::Start(*read))?;
                let written = written(&file);
                later.add(BufReader::new(file), written)
            });
            if more.is_err() {
                return Visits { loaded: 1, ..Visits::default() };
            }
        }
        later.of(address)
    }

    /// Reads one log, which was last written at this time; gives its first and last second, and the
    /// bytes of its whole lines.
    fn add(
        &mut self,
        mut lines: impl BufRead,
        written: i64,
    ) -> io::Result<(Option<(i64, i64)>, u64)> {
        let (mut all, mut whole) = (0, 0);
        let (mut first, mut last) = (None, None);
        let mut sessions = Sessions::default();
        let finder = memmem::Finder::new("pop3");
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
            if finder.find(&line).is_some()
                && let Some(time) = when::of_line(&line, written)
            {
                last = Some(time).max(last);
                self.line(&String::from_utf8_lossy(&line), time, &mut sessions);
            }
        }
        let end = when::of_line(&before, written);
        self.finish(sessions);
        let span = first.map(|first| (first, last.max(end).unwrap_or(first).max(first)));
        Ok((span, whole))
    }

    fn line(&mut self, line: &str, time: i64, sessions: &mut Sessions) {
        if let Some((user, names)) = login(line) {
            sessions.open(user, names, time);
        } else if let Some((user, names, loaded)) = logout(line) {
            let began = sessions.close(&user, &names);
            let visits = self.users.entry(user).or_default();
            if loaded {
                visits.loaded += 1;
                visits.last = visits.last.max(Some(time)).max(began);
            } else {
                visits.idle += 1;
            }
        }
    }

    /// Sessions of which no end is told may have loaded something.
    fn finish(&mut self, sessions: Sessions) {
        for (user, open) in sessions.open {
            for (_, began) in open {
                let visits = self.users.entry(user.clone()).or_default();
                visits.loaded += 1;
                visits.last = visits.last.max(Some(began));
            }
        }
    }

    /// The sessions of a mailbox.
    pub(super) fn of(&self, address: &str) -> Visits {
        self.users.get(&address.to_lowercase()).copied().unwrap_or_default()
    }

    /// Whether the logs tell of all sessions between two times.
    pub(super) fn covers(&self, from: i64, to: i64) -> bool {
        let mut reached = None;
        for (first, last) in &self.spans {
            match reached {
                None if *first > from => return false,
                Some(reached) if *first > reached + LARGEST_GAP => return false,
                _ => {}
            }
            reached = reached.max(Some(*last));
        }
        // A server's files are written a little later than its log says.
        reached.is_some_and(|reached| to <= reached.saturating_add(1800))
    }
}

/// Sessions that began and of which no end was met, by user: what names them, and when they began.
#[derive(Default)]
struct Sessions {
    open: HashMap<String, Vec<(Vec<String>, i64)>>,
}

impl Sessions {
    fn open(&mut self, user: String, names: Vec<String>, time: i64) {
        self.open.entry(user).or_default().push((names, time));
    }

    fn close(&mut self, user: &str, names: &[String]) -> Option<i64> {
        let open = self.open.get_mut(user)?;
        let is_same = |known: &[String]| known.iter().any(|name| names.contains(name));
        let named = open.iter().rposition(|(known, _)| is_same(known));
        // Older logs name no session at the end: then it is the one that began last.
        let at = named
            .or_else(|| open.iter().rposition(|(known, _)| names.is_empty() || known.is_empty()))?;
        Some(open.remove(at).1)
    }
}

/// User of a line that tells of a login, and what names the session: its name and its process.
fn login(line: &str) -> Option<(String, Vec<String>)> {
    let (_, text) = line.split_once("pop3-login:")?;
    let after =
        ["Login: user=<", "Logged in: user=<"].iter().find_map(|words| text.split_once(words))?.1;
    let (user, rest) = after.split_once('>')?;
    let session = rest.split_once("session=<").and_then(|(_, name)| name.split_once('>'));
    let process = number(rest, "mpid=").map(|process| process.to_string());
    let names = session.map(|(name, _)| name.to_owned()).into_iter().chain(process);
    Some((user_name(user), names.collect()))
}

/// User of a line that tells of a session's end, what names the session, and whether it may have
/// loaded messages.
fn logout(line: &str) -> Option<(String, Vec<String>, bool)> {
    let (_, text) = line.split_once("pop3(")?;
    let (user, mut rest) = text.split_once(')')?;
    // `pop3(USER)<PROCESS><SESSION>: `
    let mut names = Vec::new();
    while let Some(inner) = rest.strip_prefix('<') {
        let (value, after) = inner.split_once('>')?;
        names.push(value.to_owned());
        rest = after;
    }
    let rest = rest.strip_prefix(':')?;
    let is_end = ["Disconnected", "Logged out", "retr="].iter().any(|word| rest.contains(word));
    if !is_end {
        return None;
    }
    // A client may also load whole messages by TOP, and fetchmail does.
    let none = ["retr=", "top="].iter().all(|word| number(rest, word) == Some(0));
    Some((user_name(user), names, !none))
}

fn number(text: &str, word: &str) -> Option<u64> {
    let (_, after) = text.split_once(word)?;
    let end = after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len());
    after[..end].parse().ok()
}

/// cPanel lets people log in as `anna+example.com` and the like, too.
fn user_name(user: &str) -> String {
    let user = user.to_lowercase();
    if user.contains('@') { user } else { user.replacen(['+', '%', ':'], "@", 1) }
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
        let (span, read) = log.add(text.as_bytes(), 1_700_100_000).unwrap();
        assert_eq!(read, text.len() as u64);
        log.spans.push(span.unwrap());
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
            let visits = log.of(address);
            (visits.loaded, visits.idle, visits.last)
        };
        assert_eq!(all("ANNA@example.com"), (1, 0, Some(1_700_000_010)));
        assert_eq!(all("bert@example.com"), (0, 1, None));
        assert_eq!(all("carl@example.com"), (1, 0, Some(1_700_000_101)), "TOP loads messages");
        assert_eq!(all("dora@example.com"), (1, 0, Some(1_700_000_160)), "no end is told");
        assert_eq!(all("emil@example.com"), (0, 0, None));
        assert_eq!(all("fritz@example.com"), (1, 0, Some(1_700_000_290)));
        assert!(log.covers(1_700_000_000, 1_700_002_800));
        assert!(!log.covers(1_699_999_999, 1_700_000_000));
        assert!(!log.covers(1_700_000_000, 1_700_009_999));
    }

    #[test]
    fn two_sessions_at_once_are_kept_apart() {
        let log = log("\
2023-11-14T22:13:20Z pop3-login: Login: user=<a@b>, session=<1>
2023-11-14T22:13:21Z pop3-login: Login: user=<a@b>, session=<2>
2023-11-14T22:13:22Z pop3(a@b)<1><1>: Disconnected: Logged out top=0/0, retr=0/0, del=0/1
2023-11-14T22:13:23Z pop3(a@b)<2><2>: Disconnected: Logged out top=0/0, retr=1/9, del=0/1
");
        assert_eq!(log.of("a@b"), Visits { loaded: 1, idle: 1, last: Some(1_700_000_003) });
    }

    #[test]
    fn a_process_names_a_session_too() {
        let log = log("\
2023-11-14T22:13:20Z pop3-login: Login: user=<a@b>, mpid=7, session=<1>
2023-11-14T22:13:22Z pop3(a@b)<7>: Disconnected: Logged out top=0/0, retr=0/0, del=0/1
");
        assert_eq!(log.of("a@b"), Visits { loaded: 0, idle: 1, last: None });
    }

    #[test]
    fn what_is_logged_meanwhile_is_seen() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("maillog");
        let login = "2023-11-14T22:13:20Z pop3-login: Login: user=<a@b>, session=<1>\n";
        std::fs::write(&path, format!("{login}half")).unwrap();
        let log = Pop3Log::read([path.as_path()]).unwrap();
        assert_eq!((log.of("a@b").loaded, log.later("a@b").loaded), (1, 0));
        std::fs::write(&path, format!("{login}half a line\n{login}")).unwrap();
        assert_eq!(log.later("a@b").loaded, 1);
        assert_eq!(log.later("c@b").loaded, 0);
        std::fs::write(
            &path,
            format!("{login}half a line\nNov 14 22:13:20 pop3-login: Login: user=<c@b>\n"),
        )
        .unwrap();
        assert_eq!(log.later("c@b").loaded, 1);
        std::fs::write(&path, "").unwrap();
        assert_eq!(log.later("c@b").loaded, 1, "it was replaced");
    }

    #[test]
    fn logs_with_a_hole_cover_nothing_behind_it() {
        let spans = vec![(0, 1000), (1000, 2000), (100_000, 200_000)];
        let log = Pop3Log { spans, ..Pop3Log::default() };
        assert!(!log.covers(0, 150_000));
        let log = Pop3Log { spans: vec![(0, 1000), (1500, 2000)], ..Pop3Log::default() };
        assert!(log.covers(10, 2500));
        assert!(!Pop3Log::default().covers(0, 0));
    }

    #[test]
    fn a_line_without_end_is_passed_over() {
        let long = "x".repeat(200_000);
        let log = log(&format!(
            "2023-11-14T22:13:20Z {long}\n2023-11-14T22:13:21Z pop3-login: Login: user=<a@b>\n"
        ));
        assert_eq!(log.of("a@b").loaded, 1);
    }
}
