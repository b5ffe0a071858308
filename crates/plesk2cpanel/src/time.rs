//! Seconds since 1970 and the days that people write.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// `2024-01-15 10:30 UTC`; the number itself where no calendar reaches.
pub(crate) fn utc(epoch: i64) -> String {
    Timestamp::from_second(epoch).map_or_else(
        |_| format!("second {epoch}"),
        |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    )
}

/// `2024-01-15` as the seconds of its first moment, as if it were UTC.
pub(crate) fn date(text: &str) -> Option<i64> {
    let date: Date = text.trim().parse().ok()?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::{date, utc};

    #[test]
    fn known_days() {
        assert_eq!(utc(0), "1970-01-01 00:00 UTC");
        assert_eq!(utc(1_705_314_600), "2024-01-15 10:30 UTC");
        assert_eq!(utc(i64::MAX), format!("second {}", i64::MAX));
        assert_eq!(date("2024-01-15"), Some(1_705_276_800));
        assert_eq!(date("2020-13-01"), None);
        assert_eq!(date("yesterday"), None);
    }
}
