//! Answers, and refusals as Splunk's codes.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use forebay_wire::hec::{Code, HecError};

use crate::http::answer::{retry_after, status};
use crate::intake::{Intake, Sender};
use crate::refusal::{Kind, Refusal};

/// Why nothing of a request was taken, or nobody knows what.
#[derive(Debug)]
pub(super) struct Failure {
    status: u16,
    error: HecError,
    kind: Kind,
    retry_after: Option<Duration>,
}

impl Failure {
    /// The answer that says it.
    pub(super) fn said(&self) -> Response {
        let mut response = said(self.status, &self.error.answer());
        if let Some(wait) = self.retry_after {
            let _before = response.headers_mut().insert(header::RETRY_AFTER, retry_after(wait));
        }
        response
    }

    /// Counts what no other part of the intake has counted.
    pub(super) fn counted(self, intake: &Intake, sender: &Sender) -> Self {
        let mut refusal = Refusal::new(self.kind, "", "");
        refusal.retry_after = self.retry_after;
        let _counted = intake.refuse(sender, refusal);
        self
    }
}

impl From<HecError> for Failure {
    fn from(error: HecError) -> Self {
        let kind = match error.code {
            _ if error.too_large => Kind::TooLarge,
            Code::NoData => Kind::EmptyBody,
            _ => Kind::MalformedBody,
        };
        Self { status: error.status(), error, kind, retry_after: None }
    }
}

impl From<Refusal> for Failure {
    /// Whatever may be sent again gets the code and the status that clients know for that.
    fn from(refusal: Refusal) -> Self {
        let Refusal { kind, reason, hint, retry_after, .. } = refusal;
        let status = status(kind).as_u16();
        let (status, code) = match status {
            _ if retry_after.is_some() => (Code::ServerBusy.status(), Code::ServerBusy),
            401 => (401, Code::InvalidAuthorization),
            403 => (403, Code::TokenDisabled),
            500.. => (status, Code::InternalError),
            _ => (status, Code::InvalidDataFormat),
        };
        let reason = if hint.is_empty() { reason } else { format!("{reason}; {hint}") };
        Self { status, error: HecError::new(code, reason), kind, retry_after }
    }
}

/// An answer with its status.
pub(super) fn said(status: u16, answer: &forebay_wire::hec::Answer<'_>) -> Response {
    json(status, answer.to_json())
}

/// JSON with its status.
pub(super) fn json(status: u16, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = HeaderValue::from_static("application/json; charset=UTF-8");
    let _before = response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
