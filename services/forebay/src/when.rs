//! Points in time: as arguments, and as they are shown to people.

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub(crate) use forebay_settings::units::moment::argument;

/// A moment as it is shown to people: local time, to the millisecond.
pub(crate) fn local(unix_ms: i64, zone: &TimeZone) -> String {
    match Timestamp::from_millisecond(unix_ms) {
        Ok(moment) => moment.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(),
        Err(_) => unix_ms.to_string(),
    }
}
