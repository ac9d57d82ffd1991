//! What a client is told: an `ExportLogsServiceResponse` with a partial success where records were refused, and a
//! `google.rpc.Status` where the request was, both as protobuf and as JSON.
//!
//! A refused record must not be sent again, which is what a partial success means; a request that may be has a
//! `RetryInfo`.
//!
//! Source: <https://opentelemetry.io/docs/specs/otlp/#partial-success>,
//! <https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto>.

use std::time::Duration;

use crate::json::write;
use crate::protobuf::{push_bytes, push_text, push_varint};
use crate::rejections::Rejections;

/// The most refused records that are told of; the others are counted.
const TOLD: usize = 3;

/// Why records were refused, in words; empty if none were.
#[must_use]
pub fn message(rejections: &Rejections) -> String {
    let mut text = String::new();
    for rejection in rejections.listed().iter().take(TOLD) {
        let joint = if text.is_empty() { "" } else { "; " };
        text.push_str(&format!("{joint}log record {}: {}", rejection.line, rejection.reason));
    }
    let left = rejections.count().saturating_sub(TOLD);
    if left > 0 {
        text.push_str(&format!("; and {left} more"));
    }
    text
}

/// A response as protobuf. Without refused records it is empty.
#[must_use]
pub fn response(rejections: &Rejections) -> Vec<u8> {
    let mut out = Vec::new();
    if rejections.count() > 0 {
        let mut partial = Vec::new();
        push_varint(&mut partial, 1, rejections.count() as u64);
        push_text(&mut partial, 2, &message(rejections));
        push_bytes(&mut out, 1, &partial);
    }
    out
}

/// The same as JSON.
#[must_use]
pub fn response_json(rejections: &Rejections) -> Vec<u8> {
    let mut out = b"{".to_vec();
    if rejections.count() > 0 {
        write::member(&mut out, "partialSuccess");
        out.push(b'{');
        write::member(&mut out, "rejectedLogRecords");
        // 64-bit integers are strings in protobuf's JSON.
        write::string(&mut out, &rejections.count().to_string());
        write::member(&mut out, "errorMessage");
        write::string(&mut out, &message(rejections));
        out.push(b'}');
    }
    out.push(b'}');
    out
}

/// A status as protobuf: a code of gRPC, a message, and after which time to come again.
#[must_use]
pub fn status(code: u32, message: &str, retry_after: Option<Duration>) -> Vec<u8> {
    let mut out = Vec::new();
    push_varint(&mut out, 1, code.into());
    push_text(&mut out, 2, message);
    if let Some(after) = retry_after {
        let (mut time, mut info, mut any) = (Vec::new(), Vec::new(), Vec::new());
        push_varint(&mut time, 1, after.as_secs());
        push_varint(&mut time, 2, after.subsec_nanos().into());
        push_bytes(&mut info, 1, &time);
        push_text(&mut any, 1, "type.googleapis.com/google.rpc.RetryInfo");
        push_bytes(&mut any, 2, &info);
        push_bytes(&mut out, 3, &any);
    }
    out
}

/// The same as JSON, without details.
#[must_use]
pub fn status_json(code: u32, message: &str) -> Vec<u8> {
    let mut out = b"{".to_vec();
    write::member(&mut out, "code");
    write::uint(&mut out, code.into());
    write::member(&mut out, "message");
    write::string(&mut out, message);
    out.push(b'}');
    out
}
