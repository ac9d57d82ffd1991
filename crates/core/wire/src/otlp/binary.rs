//! The protobuf encoding, walked in place.
//!
//! Fields may come in any order, so a message is walked once for what comes first in JSON and once for its repeated
//! fields; walking jumps over what it doesn't need.

use crate::batch::{Batch, Limits};
use crate::json::write;
use crate::protobuf::{Fields, ProtobufError, Value};
use crate::rejections::Reason;

use super::OtlpError;
use super::record::{Depth, Records, UID, is_uid};

/// Reads an `ExportLogsServiceRequest`, which is also what a `LogsData` looks like.
///
/// # Errors
/// When nothing of it can be taken.
pub fn protobuf(body: &[u8], limits: Limits) -> Result<Batch, OtlpError> {
    // JSON has the names of fields, of which protobuf has numbers.
    let mut records = Records::new(limits, body.len().saturating_mul(2));
    each(body, 1, "the request", |resource_logs| self::resource_logs(resource_logs, &mut records))?;
    Ok(records.finish())
}

fn resource_logs(message: &[u8], records: &mut Records) -> Result<(), OtlpError> {
    let (limits, place) = (records.limits(), "ResourceLogs");
    let schema_url = last(message, 3).map_err(broken(place))?;
    records.resource(|out| {
        let depth = Depth::inside(limits, 3);
        shared(out, "resource", message, schema_url, |out, resource| {
            attributes(out, resource, 1, depth, &mut None)?;
            dropped(out, resource, 2)
        })
    });
    each(message, 2, place, |scope_logs| self::scope_logs(scope_logs, records))
}

fn scope_logs(message: &[u8], records: &mut Records) -> Result<(), OtlpError> {
    let (limits, place) = (records.limits(), "ScopeLogs");
    let schema_url = last(message, 3).map_err(broken(place))?;
    records.scope(|out| {
        let depth = Depth::inside(limits, 3);
        shared(out, "scope", message, schema_url, |out, scope| {
            let mut fields = Fields::of(scope);
            while let Some(field) = fields.read().map_err(malformed)? {
                match field {
                    (1, Value::Bytes(name)) => text(out, "name", name),
                    (2, Value::Bytes(version)) => text(out, "version", version),
                    _ => {}
                }
            }
            attributes(out, scope, 3, depth, &mut None)?;
            dropped(out, scope, 4)
        })
    });
    each(message, 2, place, |record| self::record(record, records))
}

/// Takes the messages of a repeated field.
fn each(
    message: &[u8],
    of: u32,
    place: &'static str,
    mut take: impl FnMut(&[u8]) -> Result<(), OtlpError>,
) -> Result<(), OtlpError> {
    let mut fields = Fields::of(message);
    while let Some((field, value)) = fields.read().map_err(broken(place))? {
        if let (true, Value::Bytes(bytes)) = (field == of, value) {
            take(bytes)?;
        }
    }
    Ok(())
}

/// The bytes of a field that isn't repeated: the last ones, as protobuf has it; none if it isn't there.
fn last(message: &[u8], of: u32) -> Result<&[u8], ProtobufError> {
    let mut last = &b""[..];
    let mut fields = Fields::of(message);
    while let Some((field, value)) = fields.read()? {
        if let (true, Value::Bytes(found)) = (field == of, value) {
            last = found;
        }
    }
    Ok(last)
}

/// Writes a resource or a scope, field 1 of its message, as a member; nothing if it says nothing.
fn shared(
    out: &mut Vec<u8>,
    name: &str,
    message: &[u8],
    schema_url: &[u8],
    write: impl FnOnce(&mut Vec<u8>, &[u8]) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let said = last(message, 1).map_err(malformed)?;
    write::string(out, name);
    out.extend_from_slice(b":{");
    let start = out.len();
    write(out, said)?;
    text(out, "schema_url", schema_url);
    if out.len() == start {
        out.clear();
    } else {
        out.push(b'}');
    }
    Ok(())
}

/// The fields of a record that aren't repeated.
#[derive(Debug, Default)]
struct Head<'a> {
    time: u64,
    observed: u64,
    severity: u64,
    severity_text: &'a [u8],
    body: Option<&'a [u8]>,
    dropped: u64,
    flags: u32,
    trace: &'a [u8],
    span: &'a [u8],
    event: &'a [u8],
    has_attributes: bool,
    /// The attribute that is its id: looked for only where its name comes first, as every encoder writes it.
    uid: Option<&'a [u8]>,
}

impl<'a> Head<'a> {
    fn read(record: &'a [u8]) -> Result<Self, ProtobufError> {
        let mut head = Self::default();
        let mut fields = Fields::of(record);
        while let Some(field) = fields.read()? {
            match field {
                (1, Value::Fixed64(time)) => head.time = time,
                (11, Value::Fixed64(time)) => head.observed = time,
                (2, Value::Varint(number)) => head.severity = number,
                (3, Value::Bytes(text)) => head.severity_text = text,
                (5, Value::Bytes(body)) => head.body = Some(body),
                (6, Value::Bytes(pair)) => {
                    head.has_attributes = true;
                    if pair.get(2..2 + UID.len()) == Some(UID.as_bytes()) {
                        head.uid = Some(pair);
                    }
                }
                (7, Value::Varint(count)) => head.dropped = count,
                (8, Value::Fixed32(flags)) => head.flags = flags,
                (9, Value::Bytes(id)) => head.trace = id,
                (10, Value::Bytes(id)) => head.span = id,
                (12, Value::Bytes(name)) => head.event = name,
                _ => {}
            }
        }
        Ok(head)
    }

    fn write(&self, record: &[u8], limits: Limits, has_uid: bool, out: &mut Vec<u8>) -> Result<(), Reason> {
        out.push(b'{');
        number(out, "time_unix_nano", self.time);
        number(out, "severity_number", self.severity);
        text(out, "severity_text", self.severity_text);
        for (name, id, len) in [("trace_id", self.trace, 16), ("span_id", self.span, 8)] {
            if id.len() == len && id.iter().any(|byte| *byte != 0) {
                write::member(out, name);
                write::hex(out, id);
            }
        }
        number(out, "flags", self.flags.into());
        text(out, "event_name", self.event);
        if let Some(body) = self.body {
            let start = out.len();
            write::member(out, "body");
            if !any(out, body, Depth::inside(limits, 1))? {
                out.truncate(start);
            }
        }
        if self.has_attributes {
            attributes(out, record, 6, Depth::inside(limits, 2), &mut has_uid.then_some(UID))?;
        }
        number(out, "dropped_attributes_count", self.dropped);
        Ok(())
    }
}

fn record(record: &[u8], records: &mut Records) -> Result<(), OtlpError> {
    let limits = records.limits();
    let head = match Head::read(record) {
        Ok(head) => head,
        Err(error) => return Ok(records.refuse(malformed(error))?),
    };
    let uid = head.uid.and_then(uid);
    records.record(record.len(), head.observed, uid, |out| head.write(record, limits, uid.is_some(), out))?;
    Ok(())
}

/// The id in this pair, if it is a valid one.
fn uid(pair: &[u8]) -> Option<&str> {
    let (key, value) = key_value(pair).ok()?;
    let Some((1, Value::Bytes(text))) = one_of(value).ok()? else { return None };
    std::str::from_utf8(text).ok().filter(|text| key == UID.as_bytes() && is_uid(text))
}

/// Writes the pairs of a repeated field as the member `attributes`; nothing if there are none. The first that is
/// called `but` is left out.
fn attributes(
    out: &mut Vec<u8>,
    message: &[u8],
    of: u32,
    depth: Depth,
    but: &mut Option<&str>,
) -> Result<(), Reason> {
    let begin = out.len();
    write::member(out, "attributes");
    out.push(b'{');
    let start = out.len();
    pairs(out, message, of, depth, but)?;
    if out.len() == start {
        out.truncate(begin);
    } else {
        out.push(b'}');
    }
    Ok(())
}

fn pairs(
    out: &mut Vec<u8>,
    message: &[u8],
    of: u32,
    depth: Depth,
    but: &mut Option<&str>,
) -> Result<(), Reason> {
    let mut fields = Fields::of(message);
    while let Some((field, value)) = fields.read().map_err(malformed)? {
        let Value::Bytes(pair) = value else { continue };
        if field != of {
            continue;
        }
        let (key, value) = key_value(pair)?;
        if but.is_some_and(|but| but.as_bytes() == key) {
            *but = None;
            continue;
        }
        if out.last() != Some(&b'{') {
            out.push(b',');
        }
        let _replaced = write::lossy(out, key);
        out.push(b':');
        let _is_null = any(out, value, depth)?;
    }
    Ok(())
}

fn key_value(pair: &[u8]) -> Result<(&[u8], &[u8]), Reason> {
    let (mut key, mut value) = (&b""[..], &b""[..]);
    let mut fields = Fields::of(pair);
    while let Some(field) = fields.read().map_err(malformed)? {
        match field {
            (1, Value::Bytes(bytes)) => key = bytes,
            (2, Value::Bytes(bytes)) => value = bytes,
            _ => {}
        }
    }
    Ok((key, value))
}

/// The value of an `AnyValue` and which of its fields it is: the last one, as protobuf has it.
fn one_of(message: &[u8]) -> Result<Option<(u32, Value<'_>)>, Reason> {
    let mut last = None;
    let mut fields = Fields::of(message);
    while let Some((field, value)) = fields.read().map_err(malformed)? {
        if (1..=7).contains(&field) {
            last = Some((field, value));
        }
    }
    Ok(last)
}

/// Writes an `AnyValue`, and returns whether it is anything else than null. Recurses as deep as the limit allows.
fn any(out: &mut Vec<u8>, message: &[u8], depth: Depth) -> Result<bool, Reason> {
    match one_of(message)? {
        Some((1, Value::Bytes(text))) => {
            let _replaced = write::lossy(out, text);
        }
        Some((2, Value::Varint(bool))) => write::bool(out, bool != 0),
        Some((3, Value::Varint(number))) => write::int(out, number.cast_signed()),
        Some((4, Value::Fixed64(bits))) => write::float(out, f64::from_bits(bits)),
        Some((5, Value::Bytes(array))) => {
            let depth = depth.enter(out.len())?;
            out.push(b'[');
            let mut fields = Fields::of(array);
            while let Some(field) = fields.read().map_err(malformed)? {
                let (1, Value::Bytes(element)) = field else { continue };
                if out.last() != Some(&b'[') {
                    out.push(b',');
                }
                let _is_null = any(out, element, depth)?;
            }
            out.push(b']');
        }
        Some((6, Value::Bytes(list))) => {
            let depth = depth.enter(out.len())?;
            out.push(b'{');
            pairs(out, list, 1, depth, &mut None)?;
            out.push(b'}');
        }
        Some((7, Value::Bytes(bytes))) => write::base64(out, bytes),
        Some((field, _)) => {
            return Err(Reason::Malformed(format!("field {field} of AnyValue has another type")));
        }
        None => {
            write::null(out);
            return Ok(false);
        }
    }
    Ok(true)
}

fn dropped(out: &mut Vec<u8>, message: &[u8], of: u32) -> Result<(), Reason> {
    let mut last = 0;
    let mut fields = Fields::of(message);
    while let Some((field, value)) = fields.read().map_err(malformed)? {
        if let (true, Value::Varint(count)) = (field == of, value) {
            last = count;
        }
    }
    number(out, "dropped_attributes_count", last);
    Ok(())
}

fn number(out: &mut Vec<u8>, name: &str, value: u64) {
    if value != 0 {
        write::member(out, name);
        write::uint(out, value);
    }
}

fn text(out: &mut Vec<u8>, name: &str, text: &[u8]) {
    if !text.is_empty() {
        write::member(out, name);
        let _replaced = write::lossy(out, text);
    }
}

fn broken(message: &'static str) -> impl Fn(ProtobufError) -> OtlpError {
    move |error| OtlpError::Protobuf { message, error }
}

fn malformed(error: ProtobufError) -> Reason {
    Reason::Malformed(format!("the record's protobuf is broken: {error}"))
}
