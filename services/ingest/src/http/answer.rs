//! Refusals as HTTP answers, for protocols that have no form of their own: status, name, reason and hint in JSON.
//! 429 and 503 carry `Retry-After`: nothing is lost by sending again.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::refusal::{Kind, Refusal};

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

/// The status that a kind of refusal is answered with.
#[must_use]
pub(crate) const fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::BadRequest
        | Kind::EmptyBody
        | Kind::IncompleteBody
        | Kind::BrokenCompression
        | Kind::MalformedBody => StatusCode::BAD_REQUEST,
        Kind::Unauthorized => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Kind::SlowBody => StatusCode::REQUEST_TIMEOUT,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::TooManyAttempts | Kind::Quota | Kind::Busy | Kind::TenantFull | Kind::KafkaSlow => {
            StatusCode::TOO_MANY_REQUESTS
        }
        Kind::KafkaUnavailable | Kind::KafkaTimeout => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// What a refusal leaves with its answer, for who counts it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused {
    /// What kind it is.
    pub(crate) kind: Kind,
    /// Whether it is counted already.
    pub(crate) is_counted: bool,
}

/// The credentials that are taken, at all paths alike (RFC 6750, RFC 7617, and Elasticsearch's own).
const CHALLENGES: [HeaderValue; 3] = [
    HeaderValue::from_static("Bearer realm=\"forebay\""),
    HeaderValue::from_static("Basic realm=\"forebay\", charset=\"UTF-8\""),
    HeaderValue::from_static("ApiKey"),
];

/// Makes an answer in a protocol's own words that of a refusal: with when to come again, and what to show, as HTTP says it.
pub(crate) fn refused(mut response: Response, refusal: &Refusal) -> Response {
    let is_unauthorized = response.status() == StatusCode::UNAUTHORIZED;
    // As gRPC answers, which says when to come again in its own way.
    let is_success = response.status().is_success();
    let headers = response.headers_mut();
    if is_unauthorized {
        for challenge in CHALLENGES {
            let _more = headers.append(header::WWW_AUTHENTICATE, challenge);
        }
    }
    if let Some(wait) = refusal.retry_after.filter(|_| !is_success) {
        let _before = headers.insert(header::RETRY_AFTER, retry_after(wait));
    }
    let mark = Refused { kind: refusal.kind, is_counted: refusal.is_counted };
    let _before = response.extensions_mut().insert(mark);
    response
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error =
            ErrorDetail { r#type: self.kind.name(), reason: &self.reason, hint: &self.hint, line: self.line };
        refused(json(status(self.kind), &ErrorBody { error }), &self)
    }
}

/// The value of `Retry-After` (RFC 9110, section 10.2.3): whole seconds, rounded up, since 0 would mean "at once".
fn retry_after(wait: Duration) -> HeaderValue {
    let seconds = wait.as_millis().div_ceil(1000).max(1);
    HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX))
}

/// An answer in JSON.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
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
}
