//! What the readers of text formats have in common.

use crate::ecs::Field;
use crate::shape::Shape;
use crate::tree::Value;

/// Sets `text` as an IP address if it is one, else as a name.
pub(crate) fn set_address<'a>(shape: &mut Shape<'a, '_>, ip: Field, address: Field, text: &'a str) {
    let is_ip = is_ipv4(text.as_bytes()) || text.parse::<std::net::IpAddr>().is_ok();
    let _free = shape.set_text(if is_ip { ip } else { address }, text);
}

/// Sets the parts of `GET /path HTTP/1.1`, if it is that.
pub(crate) fn set_request<'a>(shape: &mut Shape<'a, '_>, request: &'a str) {
    let Some((method, rest)) = request.split_once(' ') else { return };
    let Some((url, version)) = rest.rsplit_once(' ') else { return };
    let Some(version) = version.strip_prefix("HTTP/") else { return };
    if method.is_empty()
        || url.is_empty()
        || !method.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
    {
        return;
    }
    let _free = shape.set_text(Field::HttpRequestMethod, method);
    let _free = shape.set_text(Field::UrlOriginal, url);
    let _free = shape.set_text(Field::HttpVersion, version);
}

/// Sets a field to a number of at most 18 digits. False for anything else.
pub(crate) fn set_number(shape: &mut Shape<'_, '_>, field: Field, digits: &str) -> bool {
    number(digits).is_some_and(|number| shape.set(field, Value::Integer(number)))
}

/// A number of 1 to 18 digits.
pub(crate) fn number(digits: &str) -> Option<i64> {
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    digits
        .bytes()
        .try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0')))
}

/// Whether it is four numbers from 0 to 255 with dots between, without leading zeros.
fn is_ipv4(text: &[u8]) -> bool {
    let (mut parts, mut value, mut digits) = (1, 0_u32, 0);
    for byte in text {
        match byte {
            b'0'..=b'9' if digits == 0 || value > 0 => {
                value = value * 10 + u32::from(byte - b'0');
                digits += 1;
                if value > 255 {
                    return false;
                }
            }
            b'.' if digits > 0 => (parts, value, digits) = (parts + 1, 0, 0),
            _ => return false,
        }
    }
    parts == 4 && digits > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_addresses() {
        for good in ["0.0.0.0", "1.2.3.4", "255.255.255.255", "10.0.0.10"] {
            assert!(is_ipv4(good.as_bytes()), "{good}");
        }
        for bad in
            ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1..2.3", "1.2.3.", "a.b.c.d", "1.2.3.4 "]
        {
            assert!(!is_ipv4(bad.as_bytes()), "{bad}");
        }
    }
}
