//! Whether a value fits a field's type, and what it becomes there.

use std::borrow::Cow;
use std::net::IpAddr;

use super::{MAX_DEPTH, MAX_KEY, Mode, Shape, is_long};
use crate::ecs::{FieldType, When};
use crate::facts::is_id;
use crate::json::unquote;
use crate::tree::{Kind, NodeId, Value};

impl<'a> Shape<'a, '_> {
    /// The value as the type wants it; none where it doesn't fit.
    pub(super) fn fitted(&self, kind: FieldType, id: NodeId) -> Option<Value<'a>> {
        let value = self.tree.value(id);
        match (kind, value) {
            (FieldType::Flattened, Value::Object(_, source)) => {
                let fits = source.clean || self.mode == Mode::Replace && self.is_free(id);
                let fits = fits && !is_long(&self.tree, value);
                fits.then(|| value.clone())
            }
            (FieldType::Keyword | FieldType::Text, Value::Array(_, source)) => {
                let holds_scalars = !matches!(source.elements, Kind::Object | Kind::Mixed);
                (source.clean && holds_scalars).then(|| value.clone())
            }
            (FieldType::Ip, Value::Array(children, source)) if source.built => {
                let mut at = children.first();
                while let Some(element) = at {
                    let _ip = text_of(self.tree.value(element)).filter(|text| is_ip(text))?;
                    at = self.tree.next(element);
                }
                children.first().map(|_| value.clone())
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

    /// Whether an object can stand where names are free: a search server refuses no name in it.
    fn is_free(&self, id: NodeId) -> bool {
        let Value::Object(children, source) = self.tree.value(id) else { return false };
        let mut at = children.first();
        while let Some(member) = at {
            let key = self.tree.key(member).as_str();
            let nested = matches!(self.tree.value(member), Value::Object(..));
            if key.len() > MAX_KEY
                || key.trim().is_empty()
                || key.contains('\0')
                || nested && !self.is_free(member)
            {
                return false;
            }
            at = self.tree.next(member);
        }
        usize::from(source.depth) <= MAX_DEPTH - 4
    }

    /// The time that a value tells, if it tells one.
    pub(super) fn time_of(&self, value: &Value<'a>) -> Option<i64> {
        match value {
            Value::Json(json) if value.kind() == Kind::Number => {
                crate::timestamp::read_epoch(json.as_bytes())
            }
            Value::Integer(number) => {
                crate::timestamp::read_epoch(itoa::Buffer::new().format(*number).as_bytes())
            }
            Value::Time(ms) => Some(*ms),
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
            When::TraceId => id_of(value).is_some_and(|text| {
                is_id(&text, 32) || is_id(&text, 16) || is_decimal_id(&text) || is_uuid(&text)
            }),
            When::SpanId => id_of(value).is_some_and(|text| is_id(&text, 16) || is_decimal_id(&text)),
            When::HttpStatus => {
                let digits = match value {
                    Value::Integer(number) => return (100..600).contains(number),
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

/// The text of what may be an id.
fn id_of<'v>(value: &'v Value<'_>) -> Option<Cow<'v, str>> {
    match value {
        Value::Integer(number) => Some(Cow::Owned(number.to_string())),
        Value::Json(json) if value.kind() == Kind::Number => Some(Cow::Borrowed(json)),
        value => text_of(value),
    }
}

fn is_decimal_id(text: &str) -> bool {
    (1..=20).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte != b'0')
}

fn is_uuid(text: &str) -> bool {
    let mut parts = text.split('-');
    let lengths = [8, 4, 4, 4, 12];
    lengths.iter().all(|length| {
        parts
            .next()
            .is_some_and(|part| part.len() == *length && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }) && parts.next().is_none()
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
