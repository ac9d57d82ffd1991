//! gRPC over HTTP/2, as far as servers of few methods need it: who calls, one message in, one out, a status.
//!
//! Messages are read as other bodies are, under the same limits and counted as they come, and go to the decoders as they are.
//!
//! Source: <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>, codes:
//! <https://grpc.io/docs/guides/status-codes/>, what may be retried:
//! <https://opentelemetry.io/docs/specs/otlp/#failures>.

mod said;

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Version, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use forebay_wire::grpc::GrpcError;
use forebay_wire::otlp::answer::status;
use forebay_wire::{Encoding, grpc};

pub(crate) use self::said::{Said, Saying, Unheard, channel};
use crate::http::answer;
use crate::http::body::read_body;
use crate::intake::{Admitted, Intake, Sender};
use crate::refusal::{Kind, Refusal};

/// The content type of every answer.
const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
/// What messages may be compressed with.
const ENCODINGS: HeaderValue = HeaderValue::from_static("identity,gzip,zstd,deflate");

/// What is wrong with nothing.
pub(crate) const OK: u32 = 0;
/// A message or a header can't be used.
const INVALID_ARGUMENT: u32 = 3;
/// The deadline of a call has passed.
pub(crate) const DEADLINE_EXCEEDED: u32 = 4;
/// The credential may not do this.
const PERMISSION_DENIED: u32 = 7;
/// There is no room, or a quota is used up.
const RESOURCE_EXHAUSTED: u32 = 8;
/// The server doesn't do that.
const UNIMPLEMENTED: u32 = 12;
/// Come again.
pub(crate) const UNAVAILABLE: u32 = 14;
/// No credential, or one that isn't known.
const UNAUTHENTICATED: u32 = 16;

/// What the head of a call says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    /// What its messages are compressed with, where they say that they are.
    pub(crate) encoding: Encoding,
    /// How long the client waits.
    pub(crate) timeout: Option<Duration>,
}

/// A message as it came, and what it was let in with.
#[derive(Debug)]
pub(crate) struct Packed {
    pub(crate) body: Bytes,
    pub(crate) encoding: Encoding,
    pub(crate) admitted: Admitted,
}

impl Call {
    /// Reads the head.
    pub(crate) fn read(parts: &Parts) -> Result<Self, Refusal> {
        let unsupported = |reason: &str, hint: &str| Refusal::new(Kind::Unsupported, reason, hint);
        if parts.version != Version::HTTP_2 {
            return Err(unsupported("gRPC needs HTTP/2", "use a client of gRPC"));
        }
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let content_type = text("content-type").unwrap_or_default();
        if !matches!(content_type, "application/grpc" | "application/grpc+proto") {
            return Err(unsupported("the content type is not application/grpc", "use a client of gRPC"));
        }
        let encoding = Encoding::from_header(text("grpc-encoding"))
            .map_err(|error| unsupported(&error.to_string(), "use gzip, zstd, deflate or identity"))?;
        Ok(Self { encoding, timeout: text("grpc-timeout").and_then(grpc::timeout) })
    }
}

/// Reads the only message of a call.
pub(crate) async fn message(
    intake: &Intake,
    sender: &Sender,
    call: Call,
    body: &mut Body,
) -> Result<Packed, Refusal> {
    let mut admitted = intake.admit(sender)?;
    let body = read_body(intake, &mut admitted, body).await?;
    let message =
        grpc::only(&body, intake.limits.max_body).map_err(|error| intake.refuse(sender, broken(&error)))?;
    let encoding = if message.compressed { call.encoding } else { Encoding::Identity };
    Ok(Packed { body: message.bytes, encoding, admitted })
}

/// What is wrong with a call's bytes.
pub(crate) fn broken(error: &GrpcError) -> Refusal {
    let (kind, hint) = match error {
        GrpcError::TooLarge { .. } => (Kind::TooLarge, "send smaller batches, or raise ingest.max_body"),
        GrpcError::Truncated => (Kind::IncompleteBody, "nothing was taken; send it again"),
        GrpcError::Flag(_) => (Kind::BadRequest, "use a client of gRPC"),
    };
    Refusal::new(kind, error.to_string(), hint)
}

/// What comes of a call within its deadline; nothing if that passes before.
pub(crate) async fn in_time<T>(timeout: Option<Duration>, call: impl Future<Output = T>) -> Option<T> {
    match timeout {
        Some(timeout) => tokio::time::timeout(timeout, call).await.ok(),
        None => Some(call.await),
    }
}

/// The answer to a call whose deadline has passed: before its body had come, or before Kafka had it. What was on its way to Kafka goes on.
pub(crate) fn too_late(body: &Body) -> Response {
    let refusal = if body.is_end_stream() {
        let reason = "the deadline of the call has passed before kafka had everything";
        Refusal::new(Kind::KafkaTimeout, reason, "some of it may be there: send it again, or wait longer")
    } else {
        let reason = "the deadline of the call has passed before its message had come";
        Refusal::new(Kind::SlowBody, reason, "nothing was taken; send smaller batches, or wait longer")
    };
    answer::refused(failed(DEADLINE_EXCEEDED, &words(&refusal), None), &refusal)
}

/// The code of a refusal.
pub(crate) const fn code(kind: Kind) -> u32 {
    match kind {
        Kind::BadRequest
        | Kind::EmptyBody
        | Kind::IncompleteBody
        | Kind::BrokenCompression
        | Kind::MalformedBody
        | Kind::TooLarge => INVALID_ARGUMENT,
        Kind::SlowBody => DEADLINE_EXCEEDED,
        Kind::Forbidden => PERMISSION_DENIED,
        // Clients take it for something to retry only together with a `RetryInfo`.
        Kind::TooManyAttempts | Kind::Quota | Kind::Busy | Kind::TenantFull | Kind::KafkaSlow => {
            RESOURCE_EXHAUSTED
        }
        Kind::NotFound | Kind::MethodNotAllowed | Kind::Unsupported => UNIMPLEMENTED,
        Kind::KafkaUnavailable | Kind::KafkaTimeout => UNAVAILABLE,
        Kind::Unauthorized => UNAUTHENTICATED,
    }
}

/// An answer of one message.
pub(crate) fn reply(message: &[u8]) -> Response {
    let (saying, said) = channel(2);
    // There is room for both.
    let _sent =
        saying.try_message(grpc::framed(message)).is_ok() && saying.try_end(trailers(OK, "", None)).is_ok();
    stream(said)
}

/// An answer that goes on.
pub(crate) fn stream(said: Said) -> Response {
    let mut response = Response::new(Body::new(said));
    let headers = response.headers_mut();
    let _before = headers.insert(header::CONTENT_TYPE, GRPC);
    let _before = headers.insert("grpc-accept-encoding", ENCODINGS);
    response
}

/// An answer that is a refusal.
pub(crate) fn refused(refusal: &Refusal) -> Response {
    answer::refused(failed(code(refusal.kind), &words(refusal), refusal.retry_after), refusal)
}

/// Whether a request is a call, by what it says it sends.
pub(crate) fn is_call(parts: &Parts) -> bool {
    let content_type = parts.headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    content_type.is_some_and(|content_type| content_type.starts_with(b"application/grpc"))
}

/// What a refusal says in one text.
pub(crate) fn words(refusal: &Refusal) -> String {
    format!("{}: {}: {}", refusal.kind.name(), refusal.reason, refusal.hint)
}

/// An answer without a message.
pub(crate) fn failed(code: u32, message: &str, retry_after: Option<Duration>) -> Response {
    let mut response = Response::new(Body::empty());
    *response.headers_mut() = trailers(code, message, retry_after);
    let headers = response.headers_mut();
    let _before = headers.insert(header::CONTENT_TYPE, GRPC);
    let _before = headers.insert("grpc-accept-encoding", ENCODINGS);
    response
}

/// What a call ends with.
pub(crate) fn trailers(code: u32, message: &str, retry_after: Option<Duration>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(4);
    let _before = headers.insert("grpc-status", HeaderValue::from(code));
    if code == OK {
        return headers;
    }
    if let Ok(message) = HeaderValue::from_str(&grpc::message_header(message)) {
        let _before = headers.insert("grpc-message", message);
    }
    let details = STANDARD_NO_PAD.encode(status(code, message, retry_after));
    if let Ok(details) = HeaderValue::from_str(&details) {
        let _before = headers.insert("grpc-status-details-bin", details);
    }
    headers
}
