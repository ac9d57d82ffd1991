//! Reading the time of an event, in whatever layout it comes, as milliseconds since the Unix epoch (UTC).
//!
//! The common layouts are read by hand, without allocation; the calendar library resolves time zones and reads RFC 2822.
//! Nothing here knows today's date: the time of receipt comes in as an argument, so that the same event gives the same
//! document however often it is parsed. Finer than a millisecond is cut, not rounded.

pub(crate) mod civil;
mod clf;
mod digits;
mod epoch;
mod iso;
mod named;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use civil::Civil;
pub(crate) use clf::read as read_clf;
use digits::Cursor;
pub(crate) use epoch::read as read_epoch;
use named::Named;

/// The longest text that is tried as a stamp, in bytes.
const MAX_LEN: usize = 64;

/// Reads stamps; knows the zone of those that name none.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    zone: TimeZone,
    is_utc: bool,
}

impl Clock {
    /// A reader for the zone of this IANA name.
    pub(crate) fn new(zone: &str) -> Result<Self, jiff::Error> {
        let zone = if zone.is_empty() { TimeZone::UTC } else { TimeZone::get(zone)? };
        Ok(Self { is_utc: zone == TimeZone::UTC || zone.iana_name() == Some("UTC"), zone })
    }

    /// Reads a stamp of any known layout that fills the whole text.
    pub(crate) fn read(&self, text: &[u8], received: i64) -> Option<i64> {
        if text.len() > MAX_LEN {
            return None;
        }
        match text.first()? {
            b'0'..=b'9' => match (text.get(2), text.get(4)) {
                (_, Some(b'-' | b'/')) => self.read_iso(text),
                (Some(b'/'), _) => clf::read(text),
                (_, Some(b'0'..=b'9')) if text.get(8) == Some(&b'T') => self.read_basic(text),
                _ => epoch::read(text).or_else(|| read_rfc2822(text)),
            },
            byte if byte.is_ascii_alphabetic() => {
                let mut cursor = Cursor(text);
                match Named::take(&mut cursor) {
                    Some(named) if cursor.0.is_empty() => self.resolve_named(&named, received),
                    _ => read_rfc2822(text),
                }
            }
            _ => None,
        }
    }

    /// Reads an ISO 8601 or RFC 3339 stamp, or nginx's with slashes.
    pub(crate) fn read_iso(&self, text: &[u8]) -> Option<i64> {
        match iso::read(text)? {
            (civil, Some(offset)) => Some(civil.utc_ms() - offset),
            (civil, None) => self.resolve(civil),
        }
    }

    /// Reads a stamp with the month's name off the front of `text`; gives what follows it too.
    pub(crate) fn read_named<'a>(&self, text: &'a [u8], received: i64) -> Option<(i64, &'a [u8])> {
        let mut cursor = Cursor(text);
        let named = Named::take(&mut cursor)?;
        Some((self.resolve_named(&named, received)?, cursor.0))
    }

    /// Reads `mmdd hh:mm:ss.ffffff` or `yyyymmdd hh:mm:ss.ffffff` off the front of `text`; gives what follows it too.
    pub(crate) fn read_compact<'a>(&self, text: &'a [u8], received: i64) -> Option<(i64, &'a [u8])> {
        let mut cursor = Cursor(text);
        let named = Named::take_compact(&mut cursor)?;
        Some((self.resolve_named(&named, received)?, cursor.0))
    }

    /// Reads the Common Log Format's stamp without its zone, `21/Nov/2026:08:59:58.655`.
    pub(crate) fn read_clf_local(&self, text: &[u8]) -> Option<i64> {
        let mut cursor = Cursor(text);
        let civil = clf::read_civil(&mut cursor)?;
        if cursor.0.is_empty() { self.resolve(civil) } else { None }
    }

    /// ISO 8601's basic form, `20261121T090000Z`; too rare for a reader by hand.
    fn read_basic(&self, text: &[u8]) -> Option<i64> {
        let text = std::str::from_utf8(text).ok()?;
        match text.parse::<Timestamp>() {
            Ok(stamp) => Some(stamp.as_millisecond()),
            Err(_) => self.zoned(text.parse::<DateTime>().ok()?),
        }
    }

    fn resolve_named(&self, named: &Named, received: i64) -> Option<i64> {
        let (year, ..) = civil::civil_from_days(received.div_euclid(86_400_000));
        named.ms(received, year, |civil| self.resolve(civil))
    }

    /// The instant of a civil time in the configured zone. In a gap the time after it is meant, in a fold the earlier.
    fn resolve(&self, civil: Civil) -> Option<i64> {
        if self.is_utc {
            return Some(civil.utc_ms());
        }
        let Civil { year, month, day, hour, minute, second, milli } = civil;
        let small = |number: i64| i8::try_from(number).ok();
        let time = (small(hour)?, small(minute)?, small(second)?);
        let nano = i32::try_from(milli * 1_000_000).ok()?;
        let date = (i16::try_from(year).ok()?, small(month)?, small(day)?);
        self.zoned(DateTime::new(date.0, date.1, date.2, time.0, time.1, time.2, nano).ok()?)
    }

    fn zoned(&self, civil: DateTime) -> Option<i64> {
        self.zone.to_ambiguous_timestamp(civil).compatible().ok().map(Timestamp::as_millisecond)
    }
}

/// `Sat, 21 Nov 2026 09:00:00 +0000`.
fn read_rfc2822(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp().as_millisecond())
}
