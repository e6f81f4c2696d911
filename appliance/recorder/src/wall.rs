//! Time of day: only ever recorded and shown, never used to order shots.

use crate::error::RecorderError;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

const DAY_MS: i64 = 86_400_000;

/// Milliseconds since 1970-01-01 in UTC, as the box believed at that moment.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(transparent)]
pub struct WallTime {
    ms: i64,
}

impl WallTime {
    /// From milliseconds since 1970.
    #[must_use]
    pub const fn from_ms(ms: i64) -> Self {
        Self { ms }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn ms(self) -> i64 {
        self.ms
    }

    /// Now, as the box believes.
    #[must_use]
    pub fn now() -> Self {
        Self::from(SystemTime::now())
    }

    /// Midnight UTC of a day written `YYYY-MM-DD`.
    ///
    /// # Errors
    /// When the text is not such a day.
    pub fn from_day(text: &str) -> Result<Self, RecorderError> {
        let wrong = || RecorderError::Date(text.to_owned());
        let mut parts = text.splitn(3, '-').map(str::parse::<i64>);
        let mut next = || parts.next().and_then(Result::ok).ok_or_else(wrong);
        let (year, month, day) = (next()?, next()?, next()?);
        if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || day < 1 {
            return Err(wrong());
        }
        let days = days_before(year, month) + day - 1;
        let (next_year, next_month) = (year + month / 12, month % 12 + 1);
        if days >= days_before(next_year, next_month) {
            return Err(wrong());
        }
        Ok(Self { ms: days * DAY_MS })
    }

    /// The day after, at the same time of day.
    #[must_use]
    pub const fn next_day(self) -> Self {
        Self {
            ms: self.ms.saturating_add(DAY_MS),
        }
    }
}

impl From<SystemTime> for WallTime {
    fn from(time: SystemTime) -> Self {
        let ms = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
        };
        Self { ms }
    }
}

/// Days from 1970-01-01 to the first of a month, after Hinnant, *chrono-compatible low-level date
/// algorithms* (2013): years begin in March, so the leap day comes last.
const fn days_before(year: i64, month: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// ISO 8601, UTC, milliseconds.
impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, ms) = (self.ms.div_euclid(DAY_MS), self.ms.rem_euclid(DAY_MS));
        let z = days + 719_468;
        let (era, day_of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let (s, ms) = (ms / 1000, ms % 1000);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{ms:03}Z",
            s / 3600,
            s / 60 % 60,
            s % 60
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_moments_are_written_as_the_calendar_has_them() {
        assert_eq!(WallTime::from_ms(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            WallTime::from_ms(951_827_696_789).to_string(),
            "2000-02-29T12:34:56.789Z"
        );
        assert_eq!(
            WallTime::from_ms(-1).to_string(),
            "1969-12-31T23:59:59.999Z"
        );
        assert_eq!(
            WallTime::from_day("2000-02-29").unwrap().ms(),
            951_782_400_000
        );
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for text in [
            "2026-02-29",
            "2026-13-01",
            "2026-04-31",
            "2026-1",
            "x",
            "2026-00-10",
            "2026-12-32",
        ] {
            assert!(WallTime::from_day(text).is_err(), "{text}");
        }
        assert!(WallTime::from_day("2026-12-31").is_ok());
    }

    proptest! {
        #[test]
        fn a_day_reads_back_as_it_was_written(day in 0..2_900_000_i64) {
            let time = WallTime::from_ms(day * DAY_MS);
            let text = time.to_string();
            prop_assert_eq!(WallTime::from_day(&text[..10]).unwrap(), time);
        }
    }
}
