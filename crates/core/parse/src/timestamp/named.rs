//! Stamps with the name of the month, without a numeric layout: syslog's `Nov 21 09:00:00` that has no year, the same
//! with one (`Nov 21 2026 09:00:00`), and the C library's `Sat Nov 21 09:00:00.123456 2026` (Apache's error log).
//!
//! A stamp without a year gets the one that brings it nearest to the time of receipt: on New Year's Day a line from
//! December belongs to the year before, and a clock that runs ahead may already be in the next.
//!
//! Source: RFC 3164 section 4.1.2, <https://www.rfc-editor.org/rfc/rfc3164#section-4.1.2>.

use super::civil::{Civil, month_from_name};
use super::digits::Cursor;

/// A stamp whose zone is still to be found, and whose year may be missing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named {
    year: Option<i64>,
    month: i64,
    day: i64,
    time: (i64, i64, i64),
    milli: i64,
}

impl Named {
    /// Takes `Mmm dd [yyyy] hh:mm:ss[.fraction] [yyyy]`, with or without the name of a weekday before it.
    pub(crate) fn take(cursor: &mut Cursor<'_>) -> Option<Self> {
        let month = match month_from_name(cursor.0.get(..3)?) {
            Some(month) if cursor.0.get(3) == Some(&b' ') => month,
            _ => {
                let weekday = cursor.take(3)?;
                weekday.iter().all(u8::is_ascii_alphabetic).then_some(())?;
                let _space = cursor.take_if(|byte| byte == b' ')?;
                month_from_name(cursor.0.get(..3)?)?
            }
        };
        let _name = cursor.take(3)?;
        let _space = cursor.take_if(|byte| byte == b' ')?;
        let day = cursor.padded_day()?;
        let _space = cursor.take_if(|byte| byte == b' ')?;
        let mut year = take_year(cursor, |rest| rest.get(4) == Some(&b' '));
        if year.is_some() {
            let _space = cursor.take_if(|byte| byte == b' ')?;
        }
        let time = cursor.clock()?;
        let milli = cursor.fraction()?;
        if year.is_none() && cursor.peek() == Some(b' ') {
            let mut after = Cursor(cursor.0.get(1..)?);
            year = take_year(
                &mut after,
                |rest| !matches!(rest.get(4), Some(byte) if byte.is_ascii_alphanumeric()),
            );
            if year.is_some() {
                *cursor = after;
            }
        }
        Some(Self { year, month, day, time, milli })
    }

    /// Takes `mmdd hh:mm:ss[.fraction]` or `yyyymmdd hh:mm:ss[.fraction]`, as Google's loggers write it.
    pub(crate) fn take_compact(cursor: &mut Cursor<'_>) -> Option<Self> {
        let has_year = cursor.0.get(4) != Some(&b' ');
        let year = if has_year { Some(cursor.number(4)?) } else { None };
        let (month, day) = (cursor.number(2)?, cursor.number(2)?);
        let _space = cursor.take_if(|byte| byte == b' ')?;
        let time = cursor.clock()?;
        let milli = cursor.fraction()?;
        Some(Self { year, month, day, time, milli })
    }

    /// The time in milliseconds, where `resolve` knows the zone and `received` is the time of receipt.
    pub(crate) fn ms(
        &self,
        received: i64,
        received_year: i64,
        resolve: impl Fn(Civil) -> Option<i64>,
    ) -> Option<i64> {
        let of_year = |year| resolve(Civil::new((year, self.month, self.day), self.time, self.milli)?);
        match self.year {
            Some(year) => of_year(year),
            None => (received_year - 1..=received_year + 1)
                .filter_map(of_year)
                .min_by_key(|ms| ms.saturating_sub(received).unsigned_abs()),
        }
    }
}

fn take_year(cursor: &mut Cursor<'_>, ends: impl Fn(&[u8]) -> bool) -> Option<i64> {
    let mut ahead = *cursor;
    let year = ahead.number(4).filter(|_| ends(cursor.0))?;
    *cursor = ahead;
    Some(year)
}
