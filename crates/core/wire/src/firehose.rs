//! Amazon Data Firehose, both of its ends: the API that producers put records with ([`put`]), and the requests that
//! Firehose itself sends to HTTP endpoints ([`delivery`]).
//!
//! A record is bytes of any kind in base64, and one event, without the line's end that producers put behind it. Producers
//! that join events write JSON objects as lines of one record; these are events of their own. Text with several lines
//! stays one event, since it may be a stack trace.
//!
//! Sources: <https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html>,
//! <https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecord.html>,
//! <https://docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html>.

mod records;
mod signature;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::batch::{Batch, Facts, Limits};
use crate::json::{EachError, each};
use crate::writer::Overflow;

pub use records::Record;
use records::Records;
pub use signature::{Signature, Signed};

/// The most records that a producer may put at once.
pub const MAX_RECORDS: usize = 500;

/// The longest name of a stream.
const MAX_NAME: usize = 64;

/// What a producer asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// One record.
    PutRecord,
    /// Up to [`MAX_RECORDS`].
    PutRecordBatch,
}

/// What was put.
#[derive(Debug)]
pub struct Put {
    /// The events.
    pub batch: Batch,
    /// What became of each record, in their order.
    pub records: Vec<Record>,
}

/// What Firehose delivers.
#[derive(Debug)]
pub struct Delivery {
    /// The events.
    pub batch: Batch,
    /// What became of each record, in their order.
    pub records: Vec<Record>,
    /// The request's id, which stays the same when it is sent again.
    pub request_id: String,
}

/// A body of which nothing can be taken.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum FirehoseError {
    /// Not JSON, or not with the members that it has to have.
    #[error("{0}")]
    Json(String),
    /// A name that no stream can have.
    #[error("DeliveryStreamName has to be 1 to 64 of A-Z, a-z, 0-9, `_`, `.` and `-`")]
    Name,
    /// Nothing to put.
    #[error("there are no records")]
    Empty,
    /// More records than may be put at once.
    #[error("more than {0} records at once")]
    TooMany(usize),
    /// Too much of it.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

impl Action {
    /// What the header `X-Amz-Target` asks for, if it is one of the two.
    #[must_use]
    pub fn from_target(target: &str) -> Option<Self> {
        match target.strip_prefix("Firehose_20150804.")? {
            "PutRecord" => Some(Self::PutRecord),
            "PutRecordBatch" => Some(Self::PutRecordBatch),
            _ => None,
        }
    }
}

/// Reads what a producer puts.
///
/// # Errors
/// When nothing of the body can be taken. Records are refused one by one.
pub fn put(action: Action, body: &[u8], limits: Limits) -> Result<Put, FirehoseError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct One<'a> {
        #[serde(borrow)]
        delivery_stream_name: Cow<'a, str>,
        #[serde(borrow)]
        record: Data<'a>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Many<'a> {
        #[serde(borrow)]
        delivery_stream_name: Cow<'a, str>,
        #[serde(borrow)]
        records: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Data<'a> {
        #[serde(borrow, rename = "Data")]
        data: Cow<'a, str>,
    }
    let mut records = Records::new(limits, body.len(), MAX_RECORDS);
    match action {
        Action::PutRecord => {
            let one: One<'_> = serde_json::from_slice(body)?;
            records.facts(facts(&one.delivery_stream_name)?);
            records.take(&one.record.data)?;
        }
        Action::PutRecordBatch => {
            let many: Many<'_> = serde_json::from_slice(body)?;
            records.facts(facts(&many.delivery_stream_name)?);
            each(many.records, |record: Data<'_>| records.take(&record.data))?;
        }
    }
    let (batch, records) = records.finish();
    if records.is_empty() { Err(FirehoseError::Empty) } else { Ok(Put { batch, records }) }
}

/// Reads what Firehose delivers. `facts` are what its headers say; the time of the request is added to them.
///
/// # Errors
/// When nothing of the body can be taken. Records are refused one by one.
pub fn delivery(body: &[u8], facts: Facts, limits: Limits) -> Result<Delivery, FirehoseError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Request<'a> {
        request_id: String,
        #[serde(default)]
        timestamp: u64,
        #[serde(borrow)]
        records: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Data<'a> {
        #[serde(borrow)]
        data: Cow<'a, str>,
    }
    let request: Request<'_> = serde_json::from_slice(body)?;
    let mut records = Records::new(limits, body.len(), limits.max_events);
    // Milliseconds there.
    let observed_at = request.timestamp.saturating_mul(1_000_000);
    records.facts(Facts { observed_at, ..facts });
    each(request.records, |record: Data<'_>| records.take(&record.data))?;
    let (batch, records) = records.finish();
    Ok(Delivery { batch, records, request_id: request.request_id })
}

fn facts(name: &str) -> Result<Facts, FirehoseError> {
    let is_char = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(is_char) {
        return Err(FirehoseError::Name);
    }
    let attributes = vec![("aws.firehose.delivery_stream".to_owned(), name.to_owned())];
    Ok(Facts { attributes, ..Facts::default() })
}

impl From<serde_json::Error> for FirehoseError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error.to_string())
    }
}

impl From<EachError<Self>> for FirehoseError {
    fn from(error: EachError<Self>) -> Self {
        match error {
            EachError::Json(error) => error.into(),
            EachError::Stopped(error) => error,
        }
    }
}

#[cfg(test)]
mod tests;
