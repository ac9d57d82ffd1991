//! OTLP logs: `ExportLogsServiceRequest` as protobuf and as JSON, into one JSON object for each log record.
//!
//! Protobuf is walked in place and written once; what a resource and a scope say is written once for each of them and copied
//! behind each of their records, since a document has to stand for itself. An object has the field names of the protocol's
//! schema, and what has its default value is left out:
//!
//! ```json
//! {"time_unix_nano":1795251598250000000,"severity_number":9,"severity_text":"INFO","trace_id":"5b8e…","span_id":"eee1…",
//!  "flags":1,"event_name":"order.placed","body":"text, or any JSON","attributes":{"http.route":"/a","n":1},
//!  "dropped_attributes_count":2,
//!  "resource":{"attributes":{"service.name":"cart"},"dropped_attributes_count":1,"schema_url":"…"},
//!  "scope":{"name":"lib","version":"1","attributes":{},"dropped_attributes_count":1,"schema_url":"…"}}
//! ```
//!
//! Attributes and maps are objects; the parser copes with names that come twice. Bytes are base64. Ids of traces and spans
//! that are zero or have another length count as missing, as the protocol says. Strings that are no UTF-8 (protobuf forbids
//! them, Go and C++ send them all the same) get U+FFFD for the bytes in question: refusing the record would lose it.
//! `observed_time_unix_nano` becomes [`Event::observed_at`](crate::Event::observed_at), and a valid
//! [`log.record.uid`](https://opentelemetry.io/docs/specs/semconv/general/logs/) the event's id, in the place of the attribute.
//!
//! A record that can't be taken (too large, nested too deep, a broken message) is refused alone, for the answer's partial
//! success; broken framing around records refuses the request.
//!
//! Source: <https://opentelemetry.io/docs/specs/otlp/>,
//! <https://opentelemetry.io/docs/specs/otel/logs/data-model/>, the schema in
//! <https://github.com/open-telemetry/opentelemetry-proto>.

pub mod answer;
mod binary;
mod record;
#[cfg(test)]
mod tests;
mod text;

use thiserror::Error;

use crate::protobuf::ProtobufError;
use crate::writer::Overflow;

pub use binary::protobuf;
pub use text::json;

/// The name of the parser's format for these objects.
pub const FORMAT: &str = "otlp";

/// A request of which nothing can be taken.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum OtlpError {
    /// Not the protobuf that it should be.
    #[error("the body is no ExportLogsServiceRequest: {message}: {error}")]
    Protobuf {
        /// The message that is broken.
        message: &'static str,
        /// What is wrong with it.
        error: ProtobufError,
    },
    /// Not the JSON that it should be.
    #[error("the body is no ExportLogsServiceRequest in JSON: {place}: {reason}")]
    Json {
        /// The part that is broken, in which the reason's line and column count.
        place: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Too much at once.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}
