//! Pushes in JSON: `{"streams": [{"stream": {"app": "web"}, "values": [["1795251598000000000", "a line", {"id": "7"}]]}]}`.

use std::borrow::Cow;
use std::fmt;

use forebay_record::raw::MAX_ATTRIBUTES;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::LokiError;
use super::labels::{self, Label, LabelsError};
use super::push::Push;
use crate::batch::{Batch, Limits};
use crate::json::{EachError, each};
use crate::rejections::Reason;

pub(super) fn read(body: &[u8], limits: Limits) -> Result<Batch, LokiError> {
    #[derive(Deserialize)]
    struct Request<'a> {
        #[serde(borrow)]
        streams: &'a RawValue,
    }
    let request: Request<'_> = serde_json::from_slice(body)?;
    let mut push = Push::new(limits, body.len());
    each(request.streams, |stream: Stream<'_>| {
        push.stream(labels_of(stream.labels));
        each(stream.values, |Entry { time, text, metadata }: Entry<'_>| {
            push.entry(time, text.0.as_bytes(), metadata).map_err(LokiError::from)
        })
        .map_err(LokiError::from)
    })?;
    Ok(push.finish())
}

/// The order of the two members is the sender's, so that lines wait as JSON until the labels are known.
#[derive(Deserialize)]
struct Stream<'a> {
    #[serde(rename = "stream", deserialize_with = "pairs")]
    labels: Vec<Label>,
    #[serde(borrow)]
    values: &'a RawValue,
}

/// Text, borrowed unless it has escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

struct Entry<'a> {
    time: Result<u64, Reason>,
    text: Text<'a>,
    metadata: Vec<Label>,
}

#[derive(Deserialize)]
struct Metadata(#[serde(deserialize_with = "pairs")] Vec<Label>);

fn labels_of(pairs: Vec<Label>) -> Result<Vec<Label>, LabelsError> {
    let mut checked = Vec::with_capacity(pairs.len());
    for (name, value) in pairs {
        labels::add(&mut checked, name, value)?;
    }
    Ok(checked)
}

/// Nanoseconds since the Unix epoch, as digits in a string; numbers are taken, too.
fn nanoseconds(text: &str) -> Result<u64, Reason> {
    text.parse()
        .map_err(|_| Reason::Malformed("the time is not a number of nanoseconds since 1970".to_owned()))
}

impl<'de: 'a, 'a> Deserialize<'de> for Entry<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time, a line and metadata")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Entry<'de>, A::Error> {
        let short = |len| A::Error::invalid_length(len, &self);
        let time: &RawValue = elements.next_element()?.ok_or_else(|| short(0))?;
        let text = elements.next_element()?.ok_or_else(|| short(1))?;
        let metadata = elements.next_element()?.map(|Metadata(pairs)| pairs).unwrap_or_default();
        if elements.next_element::<&RawValue>()?.is_some() {
            return Err(A::Error::invalid_length(4, &self));
        }
        Ok(Entry { time: nanoseconds(time.get().trim_matches('"')), text, metadata })
    }
}

/// The members of an object whose values are strings, in their order. Of those that are too many, one is kept, to be refused by.
fn pairs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Label>, D::Error> {
    struct Pairs;
    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<Label>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object whose values are strings")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while pairs.len() <= MAX_ATTRIBUTES
                && let Some(pair) = members.next_entry()?
            {
                pairs.push(pair);
            }
            while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(pairs)
        }
    }
    deserializer.deserialize_map(Pairs)
}

impl From<serde_json::Error> for LokiError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error.to_string())
    }
}

impl From<EachError<Self>> for LokiError {
    fn from(error: EachError<Self>) -> Self {
        match error {
            EachError::Json(error) => error.into(),
            EachError::Stopped(error) => error,
        }
    }
}
