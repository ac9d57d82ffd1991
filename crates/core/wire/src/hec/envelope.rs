//! One JSON event with what stands around it.

use std::borrow::Cow;

use super::metadata::attribute;
use super::{Code, HecError, Metadata, time};
use crate::batch::Facts;
use crate::json::{self, JsonError, Validator, members};

/// The most `fields` of one event: a record has room for 128 attributes.
const MAX_FIELDS: usize = 120;

/// The members, as they are written. Those that are `null` are as good as missing.
#[derive(Clone, Debug, Default)]
pub(super) struct Envelope<'a> {
    /// `host`, `source`, `sourcetype`, `index`, in the order of [`SHARED`].
    shared: [Option<&'a [u8]>; 4],
    fields: Option<&'a [u8]>,
    time: Option<&'a [u8]>,
    event: Option<&'a [u8]>,
}

/// The event itself.
pub(super) struct Content<'a> {
    /// As it is written.
    pub(super) json: &'a [u8],
    /// Whether it is a string.
    pub(super) is_text: bool,
}

const SHARED: [&str; 4] = ["host", "source", "sourcetype", "index"];

impl<'a> Envelope<'a> {
    /// Reads the event that begins at `at`; returns where it ends, too.
    pub(super) fn read(
        validator: &mut Validator,
        body: &'a [u8],
        at: usize,
    ) -> Result<(Self, usize), HecError> {
        let mut envelope = Self::default();
        let end = members(validator, body, at, |name, value| {
            let value = body.get(value).filter(|value| *value != b"null");
            let [host, source, sourcetype, index] = &mut envelope.shared;
            let slot = match &*json::text(name) {
                "host" => host,
                "source" => source,
                "sourcetype" => sourcetype,
                "index" => index,
                "fields" => &mut envelope.fields,
                "time" => &mut envelope.time,
                "event" => &mut envelope.event,
                _ => return Ok::<_, JsonError>(()),
            };
            *slot = value;
            Ok(())
        })?;
        Ok((envelope, end))
    }

    /// Whether the other one has the same facts.
    pub(super) fn shares_with(&self, other: &Self) -> bool {
        let is_text = |one: &Self| one.event.is_some_and(|event| event.starts_with(b"\""));
        self.shared == other.shared && self.fields == other.fields && is_text(self) == is_text(other)
    }

    /// The facts that it states, and those of the request that it leaves open.
    pub(super) fn facts(&self, validator: &mut Validator, request: &Metadata) -> Result<Facts, HecError> {
        let is_text = self.event.is_some_and(|event| event.starts_with(b"\""));
        let mut facts = Facts::of_format(if is_text { "" } else { "json" });
        let defaults = [&request.host, &request.source, &request.sourcetype, &request.index];
        for ((name, value), default) in SHARED.into_iter().zip(self.shared).zip(defaults) {
            let text = match value {
                Some(value) => scalar(value).ok_or_else(|| {
                    HecError::new(Code::InvalidDataFormat, format!("`{name}` is no string"))
                })?,
                None => Cow::Borrowed(default.as_deref().unwrap_or_default()),
            };
            if !text.is_empty() {
                facts.attributes.push((attribute(name, &text).to_owned(), text.into_owned()));
            }
        }
        if let Some(fields) = self.fields {
            push_fields(validator, fields, &mut facts)?;
        }
        Ok(facts)
    }

    /// When it happened, in nanoseconds since the Unix epoch; 0 if it doesn't say.
    pub(super) fn time(&self) -> Result<u64, HecError> {
        let Some(value) = self.time else { return Ok(0) };
        let text = scalar(value).filter(|text| !text.trim().is_empty());
        let Some(text) = text else { return Ok(0) };
        let unreadable = || HecError::new(Code::InvalidDataFormat, "`time` is no number of seconds");
        time::nanos(&text).ok_or_else(unreadable)
    }

    /// The event.
    pub(super) fn event(&self) -> Result<Content<'a>, HecError> {
        let json = self.event.ok_or_else(|| HecError::new(Code::EventRequired, "there is no `event`"))?;
        let is_text = json.starts_with(b"\"");
        if is_text && json.get(1..json.len() - 1).unwrap_or_default().trim_ascii().is_empty() {
            return Err(HecError::new(Code::EventBlank, "`event` is empty"));
        }
        Ok(Content { json, is_text })
    }
}

/// The members of `fields` as attributes. Several values of one field stay the array that they are.
fn push_fields(validator: &mut Validator, fields: &[u8], facts: &mut Facts) -> Result<(), HecError> {
    let odd = |reason: &'static str| HecError::new(Code::IndexedFields, reason);
    if !fields.starts_with(b"{") {
        return Err(odd("`fields` is no object"));
    }
    let mut count = 0;
    let _end = members(validator, fields, 0, |name, value| {
        let value = fields.get(value).unwrap_or_default();
        count += 1;
        if count > MAX_FIELDS {
            return Err(odd("there are more than 120 `fields`"));
        }
        let text = match value.first() {
            Some(b'n') => return Ok(()),
            Some(b'[') => String::from_utf8_lossy(value),
            _ => scalar(value).ok_or_else(|| odd("`fields` has an object in it: they have to be flat"))?,
        };
        facts.attributes.push((json::text(name).into_owned(), text.into_owned()));
        Ok(())
    })?;
    Ok(())
}

/// The text of a scalar.
fn scalar(value: &[u8]) -> Option<Cow<'_, str>> {
    match value.first() {
        Some(b'"') => Some(json::text(value)),
        Some(b'{' | b'[') | None => None,
        Some(_) => Some(String::from_utf8_lossy(value)),
    }
}
