//! Times as people type them and as logs have them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// A log that is written now may be this much ahead.
const SLACK: i64 = 24 * 3600;

/// A time in seconds since 1970, as somebody typed it; without a zone it is local.
///
/// # Errors
/// When it is none, with the forms that are.
pub fn typed(text: &str) -> Result<i64, String> {
    let text = text.trim();
    text.strip_prefix('@')
        .and_then(|seconds| seconds.parse().ok())
        .or_else(|| zoned(text))
        .or_else(|| local(text.parse().ok()?))
        .or_else(|| local(text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight())))
        .ok_or_else(|| {
            "write a time like `2026-11-26 17:30`, with a zone like `2026-11-26T17:30:00+01:00`, or \
             as seconds since 1970 like `@1795714200`"
                .to_owned()
        })
}

/// The time at the beginning of a line of a log that was last written at `written`: syslog's, which
/// has no year, or one with a date by ISO 8601.
pub(super) fn of_line(line: &[u8], written: i64) -> Option<i64> {
    let head = line.get(..line.len().min(64))?;
    let head = str::from_utf8(head)
        .unwrap_or_else(|error| str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default());
    if head.starts_with(|letter: char| letter.is_ascii_digit()) {
        let mut words = head.split_whitespace();
        let first = words.next()?;
        if let Some(time) = zoned(first) {
            return Some(time);
        }
        if let Ok(time) = first.parse::<DateTime>()
            && first.len() > 10
        {
            return local(time);
        }
        let both = format!("{first} {}", words.next()?);
        return zoned(&both).or_else(|| local(both.parse().ok()?));
    }
    syslog(head, written)
}

fn zoned(text: &str) -> Option<i64> {
    let time: Timestamp = text.parse().ok()?;
    Some(time.as_second())
}

fn local(time: DateTime) -> Option<i64> {
    let zoned = time.to_zoned(TimeZone::system()).ok()?;
    Some(zoned.timestamp().as_second())
}

/// `Nov 26 17:42:36`, in the last such day before the log was written.
fn syslog(head: &str, written: i64) -> Option<i64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = head.split_whitespace();
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let day: i8 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split([':', '.']).map(str::parse::<i8>);
    let (hour, minute, second) =
        (clock.next()?.ok()?, clock.next()?.ok()?, clock.next()?.ok()?.min(59));
    let latest = written.saturating_add(SLACK);
    let this_year = Timestamp::from_second(latest).ok()?.to_zoned(TimeZone::system()).year();
    let month = i8::try_from(month).ok()?;
    // The 29th of February is not in every year.
    (0..8).find_map(|back| {
        let time = DateTime::new(this_year - back, month, day, hour, minute, second, 0).ok()?;
        local(time).filter(|time| *time <= latest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        let local: DateTime = text.parse().unwrap();
        local.to_zoned(TimeZone::system()).unwrap().timestamp().as_second()
    }

    #[test]
    fn times_are_typed_in_many_ways() {
        assert_eq!(typed("@1700000000"), Ok(1_700_000_000));
        assert_eq!(typed("2023-11-14T22:13:20Z"), Ok(1_700_000_000));
        assert_eq!(typed("2023-11-14 23:13:20+01:00"), Ok(1_700_000_000));
        assert_eq!(typed("2023-11-14 22:13"), Ok(at("2023-11-14T22:13:00")));
        assert_eq!(typed(" 2023-11-14T22:13:20 "), Ok(at("2023-11-14T22:13:20")));
        assert_eq!(typed("2023-11-14"), Ok(at("2023-11-14T00:00:00")));
        for wrong in ["", "yesterday", "2023-13-14", "@", "22:13", "Nov 14 22:13:20"] {
            assert!(typed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn lines_begin_in_many_ways() {
        let of = |line: &str| of_line(line.as_bytes(), at("2024-01-15T12:00:00"));
        assert_eq!(of("2023-11-14T22:13:20.123456+00:00 srv dovecot: x"), Some(1_700_000_000));
        assert_eq!(of("2023-11-14 22:13:20 pop3-login: x"), Some(at("2023-11-14T22:13:20")));
        assert_eq!(of("2023-11-14T22:13:20 x"), Some(at("2023-11-14T22:13:20")));
        assert_eq!(of("Nov 14 22:13:20 srv dovecot: x"), Some(at("2023-11-14T22:13:20")));
        assert_eq!(of("Jan  5 02:03:04 pop3-login: Info: x"), Some(at("2024-01-05T02:03:04")));
        assert_eq!(of("Jan 16 02:03:04 x"), Some(at("2024-01-16T02:03:04")));
        assert_eq!(of("Jan 17 02:03:04 x"), Some(at("2023-01-17T02:03:04")));
        assert_eq!(of("Feb 29 00:00:00 x"), Some(at("2020-02-29T00:00:00")));
        for wrong in ["", "x", "Nov", "Nov 40 1:2:3", "2023", "12 34 56", "\u{fffd}"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
