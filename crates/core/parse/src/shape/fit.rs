//! Whether a value fits a field's type, and what it becomes there.

use std::borrow::Cow;
use std::net::IpAddr;

use super::Shape;
use crate::ecs::{FieldType, When};
use crate::json::unquote;
use crate::tree::{Kind, NodeId, Value};

impl<'a> Shape<'a, '_> {
    /// The value as the type wants it; none where it doesn't fit.
    pub(super) fn fitted(&self, kind: FieldType, id: NodeId) -> Option<Value<'a>> {
        let value = self.tree.value(id);
        match (kind, value) {
            (FieldType::Flattened, Value::Object(_, source)) => source.clean.then(|| value.clone()),
            (FieldType::Keyword | FieldType::Text, Value::Array(_, source)) => {
                let holds_scalars = !matches!(source.elements, Kind::Object | Kind::Mixed);
                (source.clean && holds_scalars).then(|| value.clone())
            }
            (FieldType::Ip, Value::Array(_, source)) => {
                let inner = source.raw.strip_prefix('[')?.strip_suffix(']')?;
                inner.split(',').all(|item| is_ip(item.trim().trim_matches('"'))).then(|| value.clone())
            }
            (FieldType::Flattened, _) | (_, Value::Object(..) | Value::Array(..) | Value::Huge(_)) => None,
            (FieldType::Keyword | FieldType::Text, _) => Some(value.clone()),
            (FieldType::Long, Value::Integer(_)) => Some(value.clone()),
            (FieldType::Long, _) => long(value),
            (FieldType::Ip, _) => text_of(value).filter(|text| is_ip(text)).map(|_| value.clone()),
            (FieldType::Date, Value::Time(_)) => Some(value.clone()),
            (FieldType::Date, _) => self.time_of(value).map(Value::Time),
            (FieldType::Boolean, _) => match text_of(value).as_deref() {
                Some("true") => Some(Value::Json(Cow::Borrowed("true"))),
                Some("false") => Some(Value::Json(Cow::Borrowed("false"))),
                _ if value.kind() == Kind::Bool => Some(value.clone()),
                _ => None,
            },
        }
    }

    /// The time that a value tells, if it tells one.
    pub(super) fn time_of(&self, value: &Value<'a>) -> Option<i64> {
        match value {
            Value::Json(json) if value.kind() == Kind::Number => {
                crate::timestamp::read_epoch(json.as_bytes())
            }
            _ => self.clock.read(text_of(value)?.trim().as_bytes(), self.received),
        }
    }

    /// Whether a value is what makes a name an alias.
    pub(super) fn holds(when: When, value: &Value<'_>) -> bool {
        const METHODS: [&str; 10] =
            ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "CONNECT", "TRACE", "PROPFIND"];
        match when {
            When::Always => value.is_scalar(),
            When::HttpMethod => text_of(value).is_some_and(|text| METHODS.contains(&&*text)),
            When::HttpStatus => {
                let digits = match value {
                    Value::Json(json) if value.kind() == Kind::Number => Cow::Borrowed(&**json),
                    _ => match text_of(value) {
                        Some(text) => text,
                        None => return false,
                    },
                };
                matches!(digits.as_bytes(), [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9'])
            }
        }
    }
}

/// The text of a string.
pub(crate) fn text_of<'v>(value: &'v Value<'_>) -> Option<Cow<'v, str>> {
    match value {
        Value::Text(text) => Some(Cow::Borrowed(text)),
        Value::Json(json) if json.starts_with('"') => Some(unquote(json)),
        _ => None,
    }
}

fn is_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

/// A whole number, out of a number or of a string of digits.
fn long<'a>(value: &Value<'a>) -> Option<Value<'a>> {
    if value.kind() == Kind::Number {
        return match value {
            Value::Json(json) if !json.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) => {
                Some(value.clone())
            }
            _ => None,
        };
    }
    text_of(value)?.parse().ok().map(Value::Integer)
}
