//! A resource, a scope or a record: its members, written as they come.

use std::fmt;

use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use crate::batch::Limits;
use crate::json::write;
use crate::rejections::Reason;

use super::super::record::Depth;
use super::value::{Int, Pairs, Text, Value};

/// Which object of the schema it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Resource,
    Scope,
    Record,
}

/// What is known of an object besides what was written.
#[derive(Debug)]
pub(super) struct Object {
    /// When a record was seen, in nanoseconds since the Unix epoch; 0 if it doesn't say.
    pub(super) observed: u64,
    /// The id that a record brings along.
    pub(super) uid: Option<String>,
}

struct Reading<'o> {
    kind: Kind,
    limits: Limits,
    out: &'o mut Vec<u8>,
    object: Object,
    /// Why it is refused, where that isn't the text itself.
    refused: &'o mut Option<Reason>,
}

impl Object {
    /// Appends the members of the object that `text` is.
    pub(super) fn read(text: &str, kind: Kind, limits: Limits, out: &mut Vec<u8>) -> Result<Self, Reason> {
        let mut refused = None;
        let object = Self { observed: 0, uid: None };
        let mut json = serde_json::Deserializer::from_str(text);
        let reading = Reading { kind, limits, out, object, refused: &mut refused };
        let outcome = json.deserialize_map(reading);
        match (refused, outcome) {
            (Some(reason), _) => Err(reason),
            (None, Err(error)) => Err(Reason::Malformed(super::reason(&error))),
            (None, Ok(object)) => Ok(object),
        }
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Object, A::Error> {
        while let Some(name) = map.next_key::<Text<'_>>()? {
            match (self.kind, &*name.0) {
                (_, "attributes") => self.attributes(&mut map)?,
                (_, "droppedAttributesCount") => self.number("dropped_attributes_count", &mut map)?,
                (Kind::Scope, "name") => self.text("name", &mut map)?,
                (Kind::Scope, "version") => self.text("version", &mut map)?,
                (Kind::Record, "timeUnixNano") => self.number("time_unix_nano", &mut map)?,
                (Kind::Record, "observedTimeUnixNano") => {
                    let time: Int = map.next_value()?;
                    self.object.observed = u64::try_from(time.0).unwrap_or(0);
                }
                (Kind::Record, "severityNumber") => self.number("severity_number", &mut map)?,
                (Kind::Record, "severityText") => self.text("severity_text", &mut map)?,
                (Kind::Record, "flags") => self.number("flags", &mut map)?,
                (Kind::Record, "eventName") => self.text("event_name", &mut map)?,
                (Kind::Record, "traceId") => self.id("trace_id", 32, &mut map)?,
                (Kind::Record, "spanId") => self.id("span_id", 16, &mut map)?,
                (Kind::Record, "body") => self.body(&mut map)?,
                _ => {
                    let _unknown: IgnoredAny = map.next_value()?;
                }
            }
        }
        Ok(self.object)
    }
}

impl Reading<'_> {
    fn number<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let Int(value) = map.next_value()?;
        match u64::try_from(value) {
            Ok(0) => Ok(()),
            Ok(value) => {
                write::member(self.out, name);
                write::uint(self.out, value);
                Ok(())
            }
            Err(_) => Err(A::Error::custom("a number out of range")),
        }
    }

    fn text<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let Text(text) = map.next_value()?;
        if !text.is_empty() {
            write::member(self.out, name);
            write::string(self.out, &text);
        }
        Ok(())
    }

    /// An id in hexadecimal digits. One that is none counts as missing, as in protobuf.
    fn id<'de, A: MapAccess<'de>>(&mut self, name: &str, digits: usize, map: &mut A) -> Result<(), A::Error> {
        let Text(text) = map.next_value()?;
        let is_id = text.len() == digits
            && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            && text.bytes().any(|byte| byte != b'0');
        if is_id {
            write::member(self.out, name);
            write::string(self.out, &text.to_ascii_lowercase());
        }
        Ok(())
    }

    fn body<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<(), A::Error> {
        let start = self.out.len();
        write::member(self.out, "body");
        let depth = Depth::inside(self.limits, 1);
        let is_null = !map.next_value_seed(Value { out: self.out, depth, refused: self.refused })?;
        if is_null {
            self.out.truncate(start);
        }
        Ok(())
    }

    fn attributes<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<(), A::Error> {
        let begin = self.out.len();
        write::member(self.out, "attributes");
        self.out.push(b'{');
        let start = self.out.len();
        let is_record = self.kind == Kind::Record;
        let depth = Depth::inside(self.limits, if is_record { 2 } else { 3 });
        let uid = is_record.then_some(&mut self.object.uid);
        map.next_value_seed(Pairs { out: self.out, depth, refused: self.refused, uid })?;
        if self.out.len() == start {
            self.out.truncate(begin);
        } else {
            self.out.push(b'}');
        }
        Ok(())
    }
}
