//! The JSON encoding: protobuf's with hexadecimal ids, numbers for enums, and 64-bit integers as strings, which may be
//! numbers too. Unknown fields are passed over.
//!
//! A resource may come behind its records, so elements are read as a whole before what is in them. Reading goes through
//! the text a handful of times, holds one record at a time, and nests no deeper than `serde_json` allows (128).

mod object;
mod value;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::batch::{Batch, Limits};
use crate::json::write;
use crate::rejections::Reason;

use super::OtlpError;
use super::record::Records;
use object::{Kind, Object};
use value::Text;

/// Reads an `ExportLogsServiceRequest` in JSON.
///
/// # Errors
/// When nothing of it can be taken.
pub fn json(body: &[u8], limits: Limits) -> Result<Batch, OtlpError> {
    let text = simdutf8::compat::from_utf8(body).map_err(|error| OtlpError::Json {
        place: "the request",
        reason: format!("broken UTF-8 at byte {}", error.valid_up_to()),
    })?;
    let mut walk = Walk { records: Records::new(limits, body.len()), scratch: Vec::new(), stopped: None };
    walk.members(text, "the request", "resourceLogs")?;
    Ok(walk.records.finish())
}

/// What there is of a request.
struct Walk {
    records: Records,
    /// The record in hand.
    scratch: Vec<u8>,
    /// Why it goes no further, where that isn't the text itself.
    stopped: Option<OtlpError>,
}

/// One of `resourceLogs`.
#[derive(Deserialize)]
struct ResourceLogs<'a> {
    #[serde(borrow, default)]
    resource: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "scopeLogs")]
    scopes: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "schemaUrl")]
    schema_url: Option<&'a RawValue>,
}

/// One of `scopeLogs`.
#[derive(Deserialize)]
struct ScopeLogs<'a> {
    #[serde(borrow, default)]
    scope: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "logRecords")]
    records: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "schemaUrl")]
    schema_url: Option<&'a RawValue>,
}

// === impl Walk ===

impl Walk {
    /// Takes the elements of a member of the object that `text` is.
    fn members(&mut self, text: &str, place: &'static str, name: &'static str) -> Result<(), OtlpError> {
        self.read(text, place, |walk, json| Member { name, walk }.deserialize(json))
    }

    /// Takes the elements of the array that `text` is.
    fn elements(&mut self, text: &str, place: &'static str, of: Of) -> Result<(), OtlpError> {
        self.read(text, place, |walk, json| Elements { of, walk }.deserialize(json))
    }

    fn read<'t>(
        &mut self,
        text: &'t str,
        place: &'static str,
        read: impl FnOnce(
            &mut Self,
            &mut serde_json::Deserializer<serde_json::de::StrRead<'t>>,
        ) -> serde_json::Result<()>,
    ) -> Result<(), OtlpError> {
        let mut json = serde_json::Deserializer::from_str(text);
        let outcome = read(self, &mut json).and_then(|()| json.end());
        match (self.stopped.take(), outcome) {
            (Some(error), _) => Err(error),
            (None, Err(error)) => Err(OtlpError::Json { place, reason: reason(&error) }),
            (None, Ok(())) => Ok(()),
        }
    }

    fn resource(&mut self, part: &ResourceLogs<'_>) -> Result<(), OtlpError> {
        let limits = self.records.limits();
        let url = part.schema_url;
        self.records.resource(|out| shared(out, limits, Kind::Resource, part.resource, url));
        match part.scopes {
            Some(scopes) => self.elements(scopes.get(), "scopeLogs", Of::Scopes),
            None => Ok(()),
        }
    }

    fn scope(&mut self, part: &ScopeLogs<'_>) -> Result<(), OtlpError> {
        let limits = self.records.limits();
        let url = part.schema_url;
        self.records.scope(|out| shared(out, limits, Kind::Scope, part.scope, url));
        match part.records {
            Some(records) => self.elements(records.get(), "logRecords", Of::Records),
            None => Ok(()),
        }
    }

    fn record(&mut self, record: &RawValue) -> Result<(), OtlpError> {
        let limits = self.records.limits();
        self.scratch.clear();
        self.scratch.push(b'{');
        let object = match Object::read(record.get(), Kind::Record, limits, &mut self.scratch) {
            Ok(object) => object,
            Err(reason) => return Ok(self.records.refuse(reason)?),
        };
        let written = &self.scratch;
        self.records.record(written.len(), object.observed, object.uid.as_deref(), |out| {
            out.extend_from_slice(written);
            Ok(())
        })?;
        Ok(())
    }
}

/// Writes a resource or scope as a member; nothing if it says nothing.
fn shared(
    out: &mut Vec<u8>,
    limits: Limits,
    kind: Kind,
    text: Option<&RawValue>,
    schema_url: Option<&RawValue>,
) -> Result<(), Reason> {
    let name = if kind == Kind::Scope { "scope" } else { "resource" };
    write::string(out, name);
    out.extend_from_slice(b":{");
    let start = out.len();
    if let Some(text) = text {
        let _neither_time_nor_id = Object::read(text.get(), kind, limits, out)?;
    }
    if let Some(url) = schema_url {
        let url: Text<'_> =
            serde_json::from_str(url.get()).map_err(|error| Reason::Malformed(reason(&error)))?;
        if !url.0.is_empty() {
            write::member(out, "schema_url");
            write::string(out, &url.0);
        }
    }
    if out.len() == start {
        out.clear();
    } else {
        out.push(b'}');
    }
    Ok(())
}

/// What `serde_json` says, without what the sender wrote: its words on types quote that.
fn reason(error: &serde_json::Error) -> String {
    if error.is_data() {
        format!(
            "a value of another type than the schema has at line {} column {}",
            error.line(),
            error.column()
        )
    } else {
        error.to_string()
    }
}

/// What the elements of an array are.
#[derive(Clone, Copy)]
enum Of {
    Resources,
    Scopes,
    Records,
}

/// An object of which one member is an array.
struct Member<'w> {
    name: &'static str,
    walk: &'w mut Walk,
}

struct Elements<'w> {
    of: Of,
    walk: &'w mut Walk,
}

impl<'de> DeserializeSeed<'de> for Member<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Member<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Text<'_>>()? {
            if name.0 == self.name {
                map.next_value_seed(Elements { of: Of::Resources, walk: &mut *self.walk })?;
            } else {
                let _unknown: IgnoredAny = map.next_value()?;
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Elements<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        loop {
            let outcome = match self.of {
                Of::Resources => match elements.next_element::<ResourceLogs<'_>>()? {
                    Some(part) => self.walk.resource(&part),
                    None => return Ok(()),
                },
                Of::Scopes => match elements.next_element::<ScopeLogs<'_>>()? {
                    Some(part) => self.walk.scope(&part),
                    None => return Ok(()),
                },
                Of::Records => match elements.next_element::<&RawValue>()? {
                    Some(record) => self.walk.record(record),
                    None => return Ok(()),
                },
            };
            if let Err(error) = outcome {
                self.walk.stopped = Some(error);
                return Err(A::Error::custom("stopped"));
            }
        }
    }
}
