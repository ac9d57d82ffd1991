//! The stamp of the Common Log Format: `10/Oct/2000:13:55:36 -0700`.
//!
//! Source: <https://httpd.apache.org/docs/2.4/logs.html#common>.

use super::civil::{Civil, month_from_name};
use super::digits::Cursor;

/// Reads a stamp as milliseconds since the Unix epoch.
pub(crate) fn read(text: &[u8]) -> Option<i64> {
    let mut cursor = Cursor(text);
    let civil = read_civil(&mut cursor)?;
    let _space = cursor.take_if(|byte| byte == b' ')?;
    let offset = cursor.offset()?;
    cursor.0.is_empty().then(|| civil.utc_ms() - offset)
}

/// Reads what stands before the zone.
pub(crate) fn read_civil(cursor: &mut Cursor<'_>) -> Option<Civil> {
    let day = cursor.number(2)?;
    let _slash = cursor.take_if(|byte| byte == b'/')?;
    let month = month_from_name(cursor.take(3)?)?;
    let _slash = cursor.take_if(|byte| byte == b'/')?;
    let year = cursor.number(4)?;
    let _colon = cursor.take_if(|byte| byte == b':')?;
    let time = cursor.clock()?;
    let milli = cursor.fraction()?;
    Civil::new((year, month, day), time, milli)
}
