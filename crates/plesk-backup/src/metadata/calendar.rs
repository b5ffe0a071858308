//! Days of the calendar as seconds.

/// Days from 1970-01-01 to a date of the civil calendar, with years that begin in March (Howard
/// Hinnant's algorithm). The date itself is not checked.
pub(crate) fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Seconds since 1970 of the start of a day `YYYY-MM-DD` as if it were UTC, of a time
/// `YYYY-MM-DD hh:mm:ss` likewise, or of a number of seconds that is written out.
pub(super) fn epoch_of(text: &str) -> Option<i64> {
    // Fewer digits are the time of a day long ago, or a date that is spelled in another way.
    if text.len() >= 9 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let (date, time) = match text.split_once([' ', 'T']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=days).contains(&day) {
        return None;
    }
    let seconds = match time {
        None => 0,
        Some(time) => {
            let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
            if hour > 23 || minute > 59 || second > 59 {
                return None;
            }
            hour * 3600 + minute * 60 + second
        }
    };
    Some(days_since_1970(year, month, day) * 86_400 + seconds)
}

/// Three numbers of so many digits each.
fn numbers(text: &str, separator: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next()?;
        if part.len() != digits || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::epoch_of;

    #[test]
    fn dates_and_seconds() {
        // date -ud 2024-02-01 +%s, date -ud '2024-02-29 23:59:59' +%s, date -ud 1969-12-31 +%s
        assert_eq!(epoch_of("2024-02-01"), Some(1_706_745_600));
        assert_eq!(epoch_of("2024-02-29 23:59:59"), Some(1_709_251_199));
        assert_eq!(epoch_of("2024-02-29T23:59:59"), Some(1_709_251_199));
        assert_eq!(epoch_of("1969-12-31"), Some(-86_400));
        assert_eq!(epoch_of("1706745600"), Some(1_706_745_600));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "0",
            "20240201",
            "2023-02-29",
            "1900-02-29",
            "2024-04-31",
            "2024-13-01",
            "2024-00-01",
            "2024-1-01",
            "2024-01-01-01",
            "+024-01-01",
            "2024-01-01 24:00:00",
            "2024-01-01 12:00",
            "01.02.2024",
            "99999999999999999999",
        ] {
            assert_eq!(epoch_of(text), None, "{text}");
        }
    }
}
