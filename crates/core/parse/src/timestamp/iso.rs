//! ISO 8601 and RFC 3339 stamps and their common variants: a space or `_` instead of `T`, a comma before the fraction, no
//! seconds, offsets with and without a colon, `/` between the parts of the date (nginx's error log), zone names `UTC`
//! and `GMT`, no zone at all, a date alone.
//!
//! Source: RFC 3339 section 5.6, <https://www.rfc-editor.org/rfc/rfc3339>.

use super::civil::Civil;
use super::digits::Cursor;

/// Reads a stamp that must end where the text ends: the civil time, and the offset from UTC in milliseconds if it has one.
pub(crate) fn read(text: &[u8]) -> Option<(Civil, Option<i64>)> {
    let mut cursor = Cursor(text);
    let civil = read_civil(&mut cursor)?;
    let zone = read_zone(&mut cursor)?;
    cursor.0.is_empty().then_some((civil, zone))
}

/// Reads date and time and leaves the zone.
pub(crate) fn read_civil(cursor: &mut Cursor<'_>) -> Option<Civil> {
    let year = cursor.number(4)?;
    let separator = cursor.take_if(|byte| matches!(byte, b'-' | b'/'))?;
    let month = cursor.number(2)?;
    let _same = cursor.take_if(|byte| byte == separator)?;
    let date = (year, month, cursor.number(2)?);
    if cursor.0.is_empty() {
        return Civil::new(date, (0, 0, 0), 0);
    }
    let _between = cursor.take_if(|byte| matches!(byte, b'T' | b't' | b' ' | b'_'))?;
    let hour = cursor.number(2)?;
    let _colon = cursor.take_if(|byte| byte == b':')?;
    let minute = cursor.number(2)?;
    if cursor.take_if(|byte| byte == b':').is_none() {
        return Civil::new(date, (hour, minute, 0), 0);
    }
    let second = cursor.number(2)?;
    let milli = cursor.fraction()?;
    Civil::new(date, (hour, minute, second), milli)
}

/// `Some(None)` when the text ends without a zone.
fn read_zone(cursor: &mut Cursor<'_>) -> Option<Option<i64>> {
    if cursor.0.is_empty() {
        return Some(None);
    }
    let _space = cursor.take_if(|byte| byte == b' ');
    match cursor.0 {
        b"Z" | b"z" | b"UTC" | b"GMT" => {
            cursor.0 = b"";
            Some(Some(0))
        }
        _ => cursor.offset().map(Some),
    }
}
