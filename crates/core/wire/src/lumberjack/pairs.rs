//! The pairs of names and values of version 1, as a JSON object of strings.

use super::frame::number;
use crate::json::write;

/// Appends the object. Bytes that aren't UTF-8 become U+FFFD: a dead letter for one odd byte would help nobody. The pairs
/// have been looked at by the scanner, so that whatever is missing here is left out.
pub(super) fn push_object(out: &mut Vec<u8>, pairs: &[u8]) {
    out.push(b'{');
    let mut rest = pairs;
    let mut is_first = true;
    while let Some((name, value, more)) = pair(rest) {
        if !is_first {
            out.push(b',');
        }
        is_first = false;
        let _is_replaced = write::lossy(out, name);
        out.push(b':');
        let _is_replaced = write::lossy(out, value);
        rest = more;
    }
    out.push(b'}');
}

fn pair(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (name, rest) = text(bytes)?;
    let (value, rest) = text(rest)?;
    Some((name, value, rest))
}

fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = usize::try_from(number(bytes, 0)?).ok()?;
    bytes.get(4..)?.split_at_checked(len)
}
