//! Whether somebody was there since the move and loaded messages under their new names.

use super::log::{Pop3Log, Visits};
use super::report::Visited;
use crate::home::HomeFolder;
use crate::mail_findings::count;

/// What is known of the time since the move.
#[derive(Clone, Copy, Debug)]
pub(super) struct Since<'a> {
    /// When clients could first reach the new server.
    pub(super) time: Option<i64>,
    /// The new server's log.
    pub(super) log: Option<&'a Pop3Log>,
    /// When the backup was made, for want of something better.
    pub(super) backup: i64,
    /// The time of the run: a log that ends long before says nothing of yesterday.
    pub(super) now: i64,
    /// Files without a trace count as nobody having been there.
    pub(super) trusts_files: bool,
}

/// What the messages and the list of INBOX show.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Traces {
    /// A message that was unread in the backup is read now.
    pub(super) has_read_more: bool,
    /// The list is the backup's, so that no server has changed it since.
    pub(super) has_old_list: bool,
}

/// The verdict on a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) visited: Visited,
    pub(super) because: String,
    /// When somebody was there last, where the log says so and says all.
    pub(super) last: Option<i64>,
    /// Whether that rests on what was given, and not on a guess at the time of the move.
    pub(super) is_sure: bool,
    /// The time of the run.
    pub(super) now: i64,
}

impl Verdict {
    /// Whether a message may have been loaded under its new name. `name` is that of its file; where
    /// the new server made it, it begins with the second in which the message came.
    pub(super) fn may_have_loaded(&self, name: &[u8], is_old_name: bool) -> bool {
        match (self.visited, self.last) {
            (Visited::No, _) => false,
            (_, None) => true,
            (_, Some(last)) => delivered(name)
                .filter(|delivered| !is_old_name && *delivered <= self.now)
                .is_none_or(|delivered| delivered <= last.saturating_add(60)),
        }
    }
}

/// The seconds that a name begins with.
fn delivered(name: &[u8]) -> Option<i64> {
    let end = name.iter().position(|byte| !byte.is_ascii_digit())?;
    let seconds = name.get(..end).filter(|_| name[end] == b'.')?;
    str::from_utf8(seconds).ok()?.parse().ok()
}

/// Judges a mailbox by the log, where that tells of all the time since the move, and by its files.
/// `later` is what was logged while this ran.
pub(super) fn judge(
    addresses: &[&str],
    inbox: &HomeFolder,
    later: Visits,
    traces: Traces,
    since: &Since<'_>,
) -> Verdict {
    let (cur, index) = (inbox.cur_mtime, inbox.raw.index_log_mtime);
    let newest = cur.max(index);
    let now = since.now;
    let verdict =
        |visited, because: String, last, is_sure| Verdict { visited, because, last, is_sure, now };
    if inbox.raw.uidlist.is_none() && index.is_none() {
        // The first session makes a list.
        return verdict(Visited::No, "nobody was served: INBOX has no list".to_owned(), None, true);
    }
    if later.loaded > 0 {
        let because = "the log tells of a POP3 session while this ran".to_owned();
        return verdict(Visited::Maybe, because, None, true);
    }
    let visits = since.log.map(|log| log.of(addresses)).unwrap_or_default();
    if let (Some(log), Some(time)) = (since.log, since.time)
        && log.covers(time, newest, now)
    {
        return match visits.loaded {
            0 if visits.idle > 0 => verdict(
                Visited::No,
                format!("the log tells of {} that loaded nothing", sessions(visits.idle)),
                None,
                true,
            ),
            0 => verdict(Visited::No, "the log tells of no POP3 login".to_owned(), None, true),
            loaded => verdict(
                Visited::Yes,
                format!("the log tells of {}", sessions(loaded)),
                visits.last(),
                true,
            ),
        };
    }
    if visits.loaded > 0 {
        let because = format!("the log tells of {}", sessions(visits.loaded));
        return verdict(Visited::Yes, because, None, true);
    }
    let from = since.time.unwrap_or(since.backup);
    let than = if since.time.is_some() { "--since" } else { "the backup" };
    let is_later = |time: Option<i64>| time.is_some_and(|time| time >= from);
    let is_sure = since.time.is_some();
    let signs: Vec<String> = [
        (is_later(cur), format!("cur/ changed after {than}")),
        (is_later(index), format!("Dovecot's index changed after {than}")),
        (traces.has_read_more, "a message was read that the backup has as unread".to_owned()),
    ]
    .into_iter()
    .filter_map(|(holds, sign)| holds.then_some(sign))
    .collect();
    let more = if since.log.is_some() && since.time.is_some() {
        "; the logs do not tell of all the time since then"
    } else {
        ""
    };
    if !signs.is_empty() {
        return verdict(Visited::Maybe, format!("{}{more}", signs.join(", ")), None, is_sure);
    }
    let nothing = format!("nothing in INBOX changed after {than}");
    // The first session makes an index. With one, a session that loads what was read before, or
    // loads by TOP, need not change any file.
    if traces.has_old_list && index.is_none() {
        return verdict(Visited::No, format!("{nothing}{more}"), None, is_sure);
    }
    if since.trusts_files {
        let because = format!("{nothing}, which --trust-files takes for nobody{more}");
        return verdict(Visited::No, because, None, false);
    }
    let because = format!("{nothing}, but a POP3 session need not leave a trace there{more}");
    verdict(Visited::Maybe, because, None, false)
}

fn sessions(number: u64) -> String {
    count(number, "POP3 session")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_time_only_where_it_can_be_trusted() {
        let verdict = Verdict {
            visited: Visited::Yes,
            because: String::new(),
            last: Some(1_700_000_000),
            is_sure: true,
            now: 1_700_009_000,
        };
        assert!(!verdict.may_have_loaded(b"1700005000.M1P1.new:2,", false));
        assert!(verdict.may_have_loaded(b"1700005000.M1P1.new:2,", true), "the old server's name");
        assert!(verdict.may_have_loaded(b"1700000010.M1P1.new:2,", false));
        for odd in ["1700005000123.M1.new", "1800000000.M1P1.new", "1700005000M1", "17", "x.1", ""]
        {
            assert!(verdict.may_have_loaded(odd.as_bytes(), false), "{odd}");
        }
    }
}
