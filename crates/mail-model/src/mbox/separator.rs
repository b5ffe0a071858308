//! The line that begins a message: `From sender date`.

use mail_parser::DateTime;

/// As much of a line as is looked at. What is longer is judged by its beginning.
pub(super) const LOOKED_AT: usize = 1024;

/// What a separator says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Separator {
    /// Seconds since 1970. A time without a zone that is known is read as UTC: the server meant its
    /// own local time, and nothing in the file says which that was.
    pub date: i64,
    /// Whether the line names the zone: `+0300`, `GMT`, `UTC`. Other names are not told apart
    /// (`EST` is two zones), which is how Dovecot reads them too.
    pub zone_known: bool,
}

const MONTHS: [&[u8]; 12] = [
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
];
const WEEKDAYS: [&[u8]; 7] = [b"sun", b"mon", b"tue", b"wed", b"thu", b"fri", b"sat"];

impl Separator {
    /// Reads a line, with or without its end. None when it is no separator.
    ///
    /// The date is what C's `asctime` writes, with or without seconds, a zone before or behind the
    /// year; or as in a `Date` field (`Thu, 29 Nov 2001 22:33:52 +0300`). Anything may follow it
    /// (`remote from host`), and the sender may hold spaces or be missing.
    ///
    /// ```
    /// use mail_model::mbox::Separator;
    ///
    /// let line = b"From anna@example.com Thu Nov 29 22:33:52 2001";
    /// assert_eq!(Separator::parse(line).unwrap().date, 1_007_073_232);
    /// assert_eq!(Separator::parse(b"From Thursday on we meet at 10"), None);
    /// ```
    pub fn parse(line: &[u8]) -> Option<Separator> {
        let rest = line.strip_prefix(b"From ")?;
        let rest = &rest[..rest.len().min(LOOKED_AT)];
        let words: Vec<&[u8]> = rest
            .split(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
            .filter(|word| !word.is_empty())
            .collect();
        // Senders are chosen by strangers: the last thing that reads as a date is the date.
        (0..words.len()).rev().find_map(|at| {
            let weekday = words[at].strip_suffix(b",").unwrap_or(words[at]);
            is_one_of(&WEEKDAYS, weekday)?;
            let date = &words[at + 1..];
            asctime(date).or_else(|| header_date(date))
        })
    }
}

/// `Nov 29 22:33:52 2001`, with a zone before or behind the year.
fn asctime(words: &[&[u8]]) -> Option<Separator> {
    let [month, day, time, rest @ ..] = words else { return None };
    let (year, before, behind) = match rest {
        [year, rest @ ..] if number(year, 4, 4).is_some() => (year, None, rest.first()),
        [zone, year, ..] => (year, Some(zone), None),
        _ => return None,
    };
    let offset = before.or(behind).and_then(|word| zone(word));
    date(month, day, year, time, offset)
}

/// `29 Nov 2001 22:33:52 +0300`.
fn header_date(words: &[&[u8]]) -> Option<Separator> {
    let [day, month, year, time, rest @ ..] = words else { return None };
    date(month, day, year, time, rest.first().and_then(|word| zone(word)))
}

/// `offset` in minutes east of Greenwich.
fn date(
    month: &[u8],
    day: &[u8],
    year: &[u8],
    time: &[u8],
    offset: Option<i64>,
) -> Option<Separator> {
    let month = is_one_of(&MONTHS, month)? + 1;
    let mut parts = time.split(|byte| *byte == b':');
    let hour = number(parts.next()?, 1, 2)?;
    let minute = number(parts.next()?, 2, 2)?;
    let second = parts.next().map_or(Some(0), |second| number(second, 2, 2))?;
    let (day, year) = (number(day, 1, 2)?, number(year, 4, 4)?);
    let is_date = (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    if !is_date || parts.next().is_some() {
        return None;
    }
    let small = |number: u16| u8::try_from(number).ok();
    let local = DateTime {
        year,
        month: u8::try_from(month).ok()?,
        day: small(day)?,
        hour: small(hour)?,
        minute: small(minute)?,
        second: small(second)?,
        tz_before_gmt: false,
        tz_hour: 0,
        tz_minute: 0,
    };
    Some(Separator {
        date: local.to_timestamp() - offset.unwrap_or(0) * 60,
        zone_known: offset.is_some(),
    })
}

fn zone(word: &[u8]) -> Option<i64> {
    match word {
        b"GMT" | b"UTC" | b"UT" | b"Z" => Some(0),
        [sign @ (b'+' | b'-'), digits @ ..] if digits.len() == 4 => {
            let (hours, minutes) = digits.split_at(2);
            let minutes = i64::from(number(hours, 2, 2)?) * 60 + i64::from(number(minutes, 2, 2)?);
            Some(if *sign == b'-' { -minutes } else { minutes })
        }
        _ => None,
    }
}

fn is_one_of(names: &[&[u8]], word: &[u8]) -> Option<usize> {
    names.iter().position(|name| word.eq_ignore_ascii_case(name))
}

/// A number of so many digits.
fn number(word: &[u8], fewest: usize, most: usize) -> Option<u16> {
    let is_number = (fewest..=most).contains(&word.len()) && word.iter().all(u8::is_ascii_digit);
    is_number.then(|| word.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::Separator;

    fn date(line: &str) -> Option<(i64, bool)> {
        Separator::parse(line.as_bytes()).map(|found| (found.date, found.zone_known))
    }

    #[test]
    fn dates_in_all_their_forms() {
        // Each was given to a Dovecot 2.3.19.1 in UTC too, whose INTERNALDATE is the same.
        let noon = 1_007_073_232;
        for (line, expected) in [
            ("From bob@x.net Thu Nov 29 22:33:52 2001", (noon, false)),
            ("From bob@x.net Thu Nov 29 22:33:52 2001\r\n", (noon, false)),
            ("From bob@x.net Thu Nov 29 22:33 2001", (noon - 52, false)),
            ("From bob@x.net Thu Nov 29 22:33:52 2001 +0300", (noon - 10_800, true)),
            ("From bob@x.net Thu Nov 29 22:33:52 EEST 2001", (noon, false)),
            ("From bob@x.net Thu Nov 29 22:33:52 GMT+1 2001", (noon, false)),
            ("From bob@x.net Thu Nov 29 22:33:52 2001 remote from host", (noon, false)),
            ("From bob@x.net Thu, 29 Nov 2001 22:33:52 +0100", (noon - 3600, true)),
            ("From - Thu Nov 29 22:33:52 2001", (noon, false)),
            ("From bob@x.net  Thu Nov  9 22:33:52 2001", (noon - 20 * 86_400, false)),
            ("From bob@x.net Thu Nov 09 22:33:52 2001", (noon - 20 * 86_400, false)),
            ("From bob@x.net Thu Nov 29 22:33:52 2001 PST", (noon, false)),
        ] {
            assert_eq!(date(line), Some(expected), "{line}");
        }
        // These Dovecot passes over, and UW-IMAP takes.
        for (line, expected) in [
            ("From Joe User Thu Nov 29 22:33:52 2001", (noon, false)),
            ("From bob@x.net thu nov 29 22:33:52 2001", (noon, false)),
            ("From bob@x.net Thu Nov 29 22:33:52 UTC 2001", (noon, true)),
            ("From bob@x.net Thu Nov 29 22:33:52 2001 -0130", (noon + 5400, true)),
            ("From Sat Jan 1 Thu Nov 29 22:33:52 2001", (noon, false)),
        ] {
            assert_eq!(date(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn prose_is_no_separator() {
        for line in [
            "From ",
            "From bob@x.net",
            "From Thu Nov on we meet at 10:30 in 2001",
            "From bob@x.net Thu Nov 29 22:33:52",
            "From bob@x.net Thu Nov 29 22:33:52 01",
            "From bob@x.net Thu Nov 32 22:33:52 2001",
            "From bob@x.net Thu Nov 29 24:33:52 2001",
            "From bob@x.net Thu Nov 29 22:33:52:1 2001",
            "From bob@x.net Xxx Nov 29 22:33:52 2001",
            ">From bob@x.net Thu Nov 29 22:33:52 2001",
            "from bob@x.net Thu Nov 29 22:33:52 2001",
            "From: bob@x.net Thu Nov 29 22:33:52 2001",
        ] {
            assert_eq!(date(line), None, "{line}");
        }
    }
}
