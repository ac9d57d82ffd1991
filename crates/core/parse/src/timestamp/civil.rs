//! Calendar arithmetic on the proleptic Gregorian calendar: civil time to milliseconds since the Unix epoch and back.
//!
//! Done by hand, since two of these stand in every document; the day count is the usual era arithmetic (400 years have
//! 146,097 days, years begin in March). A property test holds it against the calendar library.

/// Milliseconds of one day.
const DAY_MS: i64 = 86_400_000;

/// A civil date and time that exists: every field has been checked by [`Civil::new`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    pub(crate) milli: i64,
}

impl Civil {
    /// A date and time, if it exists. A leap second (60) counts as the last second of its minute, at its end.
    pub(crate) fn new(date: (i64, i64, i64), time: (i64, i64, i64), milli: i64) -> Option<Self> {
        let ((year, month, day), (hour, minute, second)) = (date, time);
        let valid = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && (0..=23).contains(&hour)
            && (0..=59).contains(&minute)
            && (0..=60).contains(&second);
        let (second, milli) = if second == 60 { (59, 999) } else { (second, milli) };
        valid.then_some(Self { year, month, day, hour, minute, second, milli })
    }

    /// Milliseconds since the Unix epoch, taken as UTC.
    pub(crate) fn utc_ms(&self) -> i64 {
        let seconds = (self.hour * 60 + self.minute) * 60 + self.second;
        days_from_civil(self.year, self.month, self.day) * DAY_MS + seconds * 1000 + self.milli
    }
}

/// Days since the Unix epoch.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a count of days since the Unix epoch.
pub(crate) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// The number of a month from its English abbreviation, in any case.
pub(crate) fn month_from_name(name: &[u8]) -> Option<i64> {
    const NAMES: [&[u8; 3]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    let lower = [*name.first()? | 0x20, *name.get(1)? | 0x20, *name.get(2)? | 0x20];
    (1..).zip(NAMES).find(|(_, known)| **known == lower).map(|(month, _)| month)
}

/// Appends `2026-11-21T09:00:00.000Z`.
///
/// Years outside 0 to 9999 have no RFC 3339 form; such a time is written as the nearest one that has.
pub(crate) fn push_rfc3339(out: &mut Vec<u8>, ms: i64) {
    const FIRST: i64 = -62_167_219_200_000;
    const LAST: i64 = 253_402_300_799_999;
    let ms = ms.clamp(FIRST, LAST);
    let (year, month, day) = civil_from_days(ms.div_euclid(DAY_MS));
    let of_day = ms.rem_euclid(DAY_MS);
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let [y1, y2, y3, y4, _, m1, m2, _, d1, d2, _, h1, h2, _, n1, n2, _, s1, s2, _, f1, f2, f3, _] = &mut text;
    (*y1, *y2, *y3, *y4) = (digit(year / 1000), digit(year / 100), digit(year / 10), digit(year));
    (*m1, *m2, *d1, *d2) = (digit(month / 10), digit(month), digit(day / 10), digit(day));
    let (hour, minute, second) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60);
    (*h1, *h2, *n1, *n2) = (digit(hour / 10), digit(hour), digit(minute / 10), digit(minute));
    (*s1, *s2) = (digit(second / 10), digit(second));
    (*f1, *f2, *f3) = (digit(of_day / 100), digit(of_day / 10), digit(of_day));
    out.extend_from_slice(&text);
}

/// The last decimal digit of a number that isn't negative, as ASCII.
fn digit(number: i64) -> u8 {
    b'0' + (number % 10) as u8
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Scenario: any time of the years 0 to 9999.
        /// Guarantees: our arithmetic and our text are those of the calendar library, in both directions.
        #[test]
        fn agrees_with_the_calendar_library(ms in -62_135_596_800_000_i64..253_402_207_200_000) {
            let mut text = Vec::new();
            push_rfc3339(&mut text, ms);
            let text = String::from_utf8(text).unwrap();
            prop_assert_eq!(text.parse::<Timestamp>().unwrap().as_millisecond(), ms);
            let (year, month, day) = civil_from_days(ms.div_euclid(DAY_MS));
            prop_assert_eq!(days_from_civil(year, month, day), ms.div_euclid(DAY_MS));
        }
    }

    #[test]
    fn refuses_days_that_do_not_exist() {
        assert!(Civil::new((2025, 2, 29), (0, 0, 0), 0).is_none());
        assert!(Civil::new((2024, 2, 29), (23, 59, 60), 0).is_some());
        assert!(Civil::new((2024, 4, 31), (0, 0, 0), 0).is_none());
        assert!(Civil::new((2024, 4, 30), (24, 0, 0), 0).is_none());
    }

    #[test]
    fn times_without_a_text_form_are_cut() {
        let mut text = Vec::new();
        push_rfc3339(&mut text, i64::MAX);
        push_rfc3339(&mut text, i64::MIN);
        assert_eq!(text, b"9999-12-31T23:59:59.999Z0000-01-01T00:00:00.000Z");
    }
}
