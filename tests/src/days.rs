//! Days of events. They are near today, whatever day that is: an event's own time counts only within `parser.max_age` and
//! `parser.max_future`.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// The day so many days before today, in UTC.
#[must_use]
pub fn days_ago(days: i32) -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date().saturating_sub(days.days())
}
