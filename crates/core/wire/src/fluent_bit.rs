//! Chunks of Fluent Bit, as its `http` output sends them with `format msgpack`: entries one after another.
//!
//! An entry is `[time, record]`, or `[[time, metadata], record]` since version 2.1; a record alone is taken, too. Times are
//! Fluent's `EventTime`, whole seconds or fractions of them, and become the time at which the sender saw the event.
//! Metadata, and the entries that begin and end groups, which have times before 1970, are passed over, as Fluent Bit
//! itself does when it writes JSON.
//!
//! Sources: <https://docs.fluentbit.io/manual/data-pipeline/outputs/http>,
//! <https://github.com/fluent/fluent-bit/blob/master/DEVELOPER_GUIDE.md>.

use thiserror::Error;

use crate::batch::{Batch, Facts, Limits};
use crate::ids;
use crate::json::Validator;
use crate::msgpack::{Head, MsgpackError, Reader, Transcriber, time};
use crate::rejections::Reason;
use crate::writer::{Overflow, Writer};

/// A second that ends or begins a group: -1 and -2 where there is no sign.
const MARKERS: std::ops::RangeInclusive<i128> = 0xffff_fffe..=0xffff_ffff;

/// Nanoseconds in a second.
const SECOND: i128 = 1_000_000_000;

/// A body of which nothing can be taken.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ChunkError {
    /// No entries.
    #[error("the body is empty")]
    Empty,
    /// It isn't MessagePack, or no row of entries. After a broken one nobody knows where the next begins.
    #[error("entry {line}: {error}")]
    Entry {
        /// The entry, from 1.
        line: usize,
        /// What is wrong, and where in the body.
        error: MsgpackError,
    },
    /// Too much of it.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

/// Whether a `Content-Type` header says that a body is `MessagePack`.
#[must_use]
pub fn is_msgpack(content_type: Option<&str>) -> bool {
    let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    ["application/msgpack", "application/x-msgpack", "application/vnd.msgpack"]
        .iter()
        .any(|name| essence.eq_ignore_ascii_case(name))
}

/// Reads a chunk. The events are JSON objects; those that have an id take it from their top-level member `id_field`.
///
/// # Errors
/// When nothing of the body can be taken.
pub fn chunk(body: &[u8], limits: Limits, id_field: Option<&str>) -> Result<Batch, ChunkError> {
    if body.is_empty() {
        return Err(ChunkError::Empty);
    }
    // JSON is a little larger.
    let mut writer = Writer::new(limits, body.len().saturating_add(body.len() / 4));
    writer.group(Facts::of_format("json"));
    let mut reading = Reading {
        body,
        writer,
        transcriber: Transcriber::new(limits.max_depth, limits.max_event),
        validator: Validator::new(limits.max_depth),
        id_field,
        given_ids: Vec::new(),
    };
    let mut reader = Reader::new(body);
    let mut line = 1;
    while !reader.is_empty() {
        let time = head(&mut reader).map_err(|error| ChunkError::Entry { line, error })?;
        reading.record(line, time, &mut reader)?;
        line += 1;
    }
    let mut batch = reading.writer.finish();
    batch.given_ids = reading.given_ids;
    Ok(batch)
}

/// What stands before a record.
#[derive(Clone, Copy, Debug)]
enum Time {
    /// When it was seen, in nanoseconds since the Unix epoch; 0 if nobody says.
    At(u64),
    /// The record is none: it begins or ends a group.
    Marker,
}

/// A chunk in the making.
struct Reading<'a> {
    body: &'a [u8],
    writer: Writer,
    transcriber: Transcriber,
    validator: Validator,
    id_field: Option<&'a str>,
    given_ids: Vec<String>,
}

impl<'a> Reading<'a> {
    fn record(&mut self, line: usize, time: Time, reader: &mut Reader<'a>) -> Result<(), ChunkError> {
        let at = reader.at();
        reader.skip().map_err(|error| ChunkError::Entry { line, error })?;
        let Time::At(observed_at) = time else { return Ok(()) };
        let before = self.taken();
        let mut id = None;
        self.writer.event(line, observed_at, |out| {
            let start = out.len();
            let _end = self.transcriber.value(self.body, at, out)?;
            let object = out.get(start..).unwrap_or_default();
            if object.first() != Some(&b'{') {
                return Err(Reason::NotAnObject);
            }
            id = self.id_field.map(|field| ids::given(&mut self.validator, object, field)).transpose()?;
            Ok(())
        })?;
        if self.taken() > before {
            self.given_ids.extend(id);
        }
        Ok(())
    }

    fn taken(&self) -> usize {
        self.writer.count() - self.writer.rejections().count()
    }
}

/// Reads what stands before a record.
fn head(reader: &mut Reader<'_>) -> Result<Time, MsgpackError> {
    if reader.clone().map().is_ok() {
        return Ok(Time::At(0));
    }
    let at = reader.at();
    let expected = |what| MsgpackError { at, fault: crate::msgpack::Fault::Expected(what) };
    if reader.array()? != 2 {
        return Err(expected("a time and a record"));
    }
    match reader.clone().array() {
        Ok(2) => {
            let _length = reader.array()?;
            let time = moment(reader)?;
            reader.skip()?;
            Ok(time)
        }
        Ok(_) => Err(expected("a time and metadata before the record")),
        Err(_) => moment(reader),
    }
}

/// Reads a time.
fn moment(reader: &mut Reader<'_>) -> Result<Time, MsgpackError> {
    let at = reader.at();
    let nanoseconds = match reader.head()? {
        Head::Ext(kind, data) => time(kind, data),
        Head::Uint(seconds) => Some(i128::from(seconds) * SECOND),
        Head::Int(seconds) => Some(i128::from(seconds) * SECOND),
        // Saturates, and NaN is 0.
        #[expect(clippy::cast_possible_truncation, reason = "parts of a nanosecond are nothing")]
        Head::Float(seconds) => Some((seconds * 1e9).round() as i128),
        Head::Nil => Some(0),
        _ => None,
    };
    let Some(nanoseconds) = nanoseconds else {
        return Err(MsgpackError { at, fault: crate::msgpack::Fault::Expected("a time") });
    };
    if nanoseconds < 0 || MARKERS.contains(&(nanoseconds / SECOND)) {
        return Ok(Time::Marker);
    }
    Ok(Time::At(u64::try_from(nanoseconds).unwrap_or(0)))
}

#[cfg(test)]
mod tests;
