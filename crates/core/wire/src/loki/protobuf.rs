//! Pushes in protobuf: a `PushRequest` of streams of entries.

use forebay_record::raw::MAX_ATTRIBUTES;

use super::LokiError;
use super::labels::{self, Label, LabelsError};
use super::push::Push;
use crate::batch::{Batch, Limits};
use crate::protobuf::{Fields, ProtobufError, Value};

pub(super) fn read(body: &[u8], limits: Limits) -> Result<Batch, LokiError> {
    let mut push = Push::new(limits, body.len());
    let mut request = Fields::of(body);
    while let Some(field) = request.read()? {
        if let (1, Value::Bytes(stream)) = field {
            read_stream(stream, &mut push)?;
        }
    }
    Ok(push.finish())
}

fn read_stream(stream: &[u8], push: &mut Push) -> Result<(), LokiError> {
    // The order of fields is the sender's, and the last of several labels counts.
    let mut labels: &[u8] = b"";
    let mut fields = Fields::of(stream);
    while let Some(field) = fields.read()? {
        if let (1, Value::Bytes(text)) = field {
            labels = text;
        }
    }
    let parsed = std::str::from_utf8(labels)
        .map_err(|error| LabelsError::Expected("UTF-8", error.valid_up_to()))
        .and_then(labels::parse);
    push.stream(parsed);
    let mut fields = Fields::of(stream);
    while let Some(field) = fields.read()? {
        if let (2, Value::Bytes(entry)) = field {
            read_entry(entry, push)?;
        }
    }
    Ok(())
}

fn read_entry(entry: &[u8], push: &mut Push) -> Result<(), LokiError> {
    let (mut time, mut line): (_, &[u8]) = (0, b"");
    let mut metadata = Vec::new();
    let mut fields = Fields::of(entry);
    while let Some(field) = fields.read()? {
        match field {
            (1, Value::Bytes(timestamp)) => time = read_time(timestamp)?,
            (2, Value::Bytes(text)) => line = text,
            // One more than may be is enough to be refused by.
            (3, Value::Bytes(pair)) if metadata.len() <= MAX_ATTRIBUTES => metadata.push(read_pair(pair)?),
            _ => {}
        }
    }
    Ok(push.entry(Ok(time), line, metadata)?)
}

/// A `google.protobuf.Timestamp` in nanoseconds since the Unix epoch; 0 for what is earlier, or later than fits.
fn read_time(timestamp: &[u8]) -> Result<u64, ProtobufError> {
    let (mut seconds, mut nanoseconds) = (0, 0);
    let mut fields = Fields::of(timestamp);
    while let Some(field) = fields.read()? {
        match field {
            (1, Value::Varint(value)) => seconds = value,
            (2, Value::Varint(value)) => nanoseconds = value,
            _ => {}
        }
    }
    let whole = seconds.checked_mul(1_000_000_000);
    Ok(whole.and_then(|whole| whole.checked_add(nanoseconds)).unwrap_or(0))
}

fn read_pair(pair: &[u8]) -> Result<Label, ProtobufError> {
    let mut label = Label::default();
    let mut fields = Fields::of(pair);
    while let Some(field) = fields.read()? {
        match field {
            (1, Value::Bytes(name)) => label.0 = String::from_utf8_lossy(name).into_owned(),
            (2, Value::Bytes(value)) => label.1 = String::from_utf8_lossy(value).into_owned(),
            _ => {}
        }
    }
    Ok(label)
}
