//! What a client gets back: the one place that gives refusals their status, name, reason and hint.
//!
//! Every refusal says what to do about it. 429 and 503 carry `Retry-After`: nothing is lost by sending again. A reason
//! never repeats what the client sent beyond names and sizes.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use forebay_wire::{Rejection, Rejections};

/// What became of the events of a request that could be read.
#[derive(Clone, Debug, Serialize)]
pub struct Receipt {
    /// Events that all in-sync replicas of the brokers have.
    pub accepted: usize,
    /// Events that were refused.
    pub rejected: usize,
    /// The first of the refused events.
    pub errors: Vec<Rejection>,
}

/// Why a request as a whole was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A parameter or header can't be used.
    BadRequest,
    /// Nothing in the body.
    EmptyBody,
    /// The body ended before it was complete.
    IncompleteBody,
    /// The body can't be decompressed.
    BrokenCompression,
    /// The body is no JSON array, though it begins like one.
    MalformedBody,
    /// No token, or an unknown one.
    Unauthorized,
    /// The token may not do this.
    Forbidden,
    /// No such path.
    NotFound,
    /// The path takes another method.
    MethodNotAllowed,
    /// The body did not come in time.
    SlowBody,
    /// A limit on size or number.
    TooLarge,
    /// Content type or encoding isn't taken.
    Unsupported,
    /// All memory for requests is in use.
    Busy,
    /// The tenant has its share under way.
    TenantFull,
    /// Kafka takes less than what comes in.
    KafkaSlow,
    /// Kafka does not take events.
    KafkaUnavailable,
    /// Kafka did not acknowledge in time.
    KafkaTimeout,
}

/// A refused request.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// What kind.
    pub kind: Kind,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
    /// The element of an array at which it broke, from 1.
    pub line: Option<usize>,
    /// When to send again, where that helps.
    pub retry_after: Option<Duration>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: ErrorDetail<'a>,
}

#[derive(Serialize)]
struct ErrorDetail<'a> {
    r#type: &'static str,
    reason: &'a str,
    hint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
}

// === impl Kind ===

impl Kind {
    /// The status that it is answered with.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest
            | Self::EmptyBody
            | Self::IncompleteBody
            | Self::BrokenCompression
            | Self::MalformedBody => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::SlowBody => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Busy | Self::TenantFull | Self::KafkaSlow => StatusCode::TOO_MANY_REQUESTS,
            Self::KafkaUnavailable | Self::KafkaTimeout => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::EmptyBody => "empty_body",
            Self::IncompleteBody => "incomplete_body",
            Self::BrokenCompression => "broken_compression",
            Self::MalformedBody => "malformed_body",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::SlowBody => "slow_body",
            Self::TooLarge => "too_large",
            Self::Unsupported => "unsupported",
            Self::Busy => "busy",
            Self::TenantFull => "tenant_full",
            Self::KafkaSlow => "kafka_slow",
            Self::KafkaUnavailable => "kafka_unavailable",
            Self::KafkaTimeout => "kafka_timeout",
        }
    }
}

// === impl Refusal ===

impl Refusal {
    /// A refusal that sending again doesn't mend.
    #[must_use]
    pub fn new(kind: Kind, reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { kind, reason: reason.into(), hint: hint.into(), line: None, retry_after: None }
    }

    /// Names the element at which the body broke.
    #[must_use]
    pub fn at_line(self, line: usize) -> Self {
        Self { line: Some(line), ..self }
    }

    /// Asks the client to send again after a while.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error =
            ErrorDetail { r#type: self.kind.name(), reason: &self.reason, hint: &self.hint, line: self.line };
        let mut response = json(self.kind.status(), &ErrorBody { error });
        let headers = response.headers_mut();
        if self.kind == Kind::Unauthorized {
            let _before = headers
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"forebay\""));
        }
        if self.kind == Kind::MethodNotAllowed {
            let _before = headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        if let Some(wait) = self.retry_after {
            // Whole seconds, rounded up: 0 would mean "at once".
            let seconds = wait.as_millis().div_ceil(1000).max(1);
            let seconds = HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX));
            let _before = headers.insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

// === impl Receipt ===

impl Receipt {
    /// What to answer when `accepted` events are in Kafka and the others were refused.
    #[must_use]
    pub fn new(accepted: usize, rejections: &Rejections) -> Self {
        Self { accepted, rejected: rejections.count(), errors: rejections.listed().to_vec() }
    }
}

impl IntoResponse for Receipt {
    /// 200, or 400 if there were events and none was taken. An empty array has none, and nothing is wrong with it: a
    /// shipper that has nothing to send must not be told that its events are bad.
    fn into_response(self) -> Response {
        let status =
            if self.accepted == 0 && self.rejected > 0 { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        json(status, &self)
    }
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    // Numbers, names and strings: this can't fail.
    let body = serde_json::to_vec(body).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    let _before = response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn text(response: Response) -> String {
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_refusal_says_what_is_wrong_and_what_to_do() {
        let refusal =
            Refusal::new(Kind::Busy, "full", "send again later").retry_after(Duration::from_millis(1200));
        let response = refusal.into_response();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "2");
        assert_eq!(
            text(response).await,
            r#"{"error":{"type":"busy","reason":"full","hint":"send again later"}}"#
        );
        let response = Refusal::new(Kind::Unauthorized, "no token", "send one").into_response();
        assert_eq!(response.headers()["www-authenticate"], "Bearer realm=\"forebay\"");
        let broken = Refusal::new(Kind::MalformedBody, "broken", "mend it").at_line(3).into_response();
        assert!(text(broken).await.contains(r#""line":3"#));
    }

    #[tokio::test]
    async fn nothing_taken_is_no_success() {
        let status =
            |accepted, rejected| Receipt { accepted, rejected, errors: Vec::new() }.into_response().status();
        assert_eq!(
            (status(1, 0), status(1, 1), status(0, 0), status(0, 1)),
            (StatusCode::OK, StatusCode::OK, StatusCode::OK, StatusCode::BAD_REQUEST)
        );
        let receipt = Receipt { accepted: 2, rejected: 0, errors: Vec::new() }.into_response();
        assert_eq!(text(receipt).await, r#"{"accepted":2,"rejected":0,"errors":[]}"#);
    }
}
