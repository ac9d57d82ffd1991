//! Answers, and refusals as Splunk's codes.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use forebay_wire::hec::{Code, HecError};

use crate::http::answer::{refused, status};
use crate::refusal::{Kind, Refusal};

/// Why nothing of a request was taken, or nobody knows what.
#[derive(Debug)]
pub(super) struct Failure {
    status: u16,
    error: HecError,
    refusal: Box<Refusal>,
}

impl Failure {
    /// A refusal that has a code and words of its own.
    pub(super) fn new(error: HecError, refusal: Refusal) -> Self {
        Self { status: error.status(), error, refusal: Box::new(refusal) }
    }

    /// The answer that says it.
    pub(super) fn said(&self) -> Response {
        refused(said(self.status, &self.error.answer()), &self.refusal)
    }
}

impl AsMut<Refusal> for Failure {
    fn as_mut(&mut self) -> &mut Refusal {
        &mut self.refusal
    }
}

impl From<HecError> for Failure {
    fn from(error: HecError) -> Self {
        let kind = match error.code {
            _ if error.too_large => Kind::TooLarge,
            Code::NoData => Kind::EmptyBody,
            Code::ChannelMissing | Code::InvalidChannel => Kind::BadRequest,
            _ => Kind::MalformedBody,
        };
        Self::new(error, Refusal::new(kind, "", ""))
    }
}

impl From<Refusal> for Failure {
    /// Whatever may be sent again gets the code and the status that clients know for that.
    fn from(refusal: Refusal) -> Self {
        let status = status(refusal.kind).as_u16();
        let (status, code) = match status {
            _ if refusal.may_come_again() => (Code::ServerBusy.status(), Code::ServerBusy),
            401 => (401, Code::InvalidAuthorization),
            403 => (403, Code::TokenDisabled),
            500.. => (status, Code::InternalError),
            _ => (status, Code::InvalidDataFormat),
        };
        let reason = match refusal.hint.as_str() {
            "" => refusal.reason.clone(),
            hint => format!("{}; {hint}", refusal.reason),
        };
        Self { status, error: HecError::new(code, reason), refusal: Box::new(refusal) }
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
