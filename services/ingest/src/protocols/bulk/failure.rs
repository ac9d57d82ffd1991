//! Refusals as Elasticsearch says them: clients decide by the status, people read the type and the reason.

use axum::http::StatusCode;
use axum::response::Response;
use forebay_wire::bulk::answer::failure;

use super::json;
use crate::http::answer::{refused, status};
use crate::refusal::Refusal;

/// The answer to a request of which nothing was taken, or nobody knows what.
pub(super) fn failed(refusal: &Refusal) -> Response {
    let status = status(refusal.kind);
    let reason = match refusal.hint.as_str() {
        "" => refusal.reason.clone(),
        hint => format!("{}; {hint}", refusal.reason),
    };
    refused(json(status, failure(status.as_u16(), name(status), &reason)), refusal)
}

/// The type of error that Elasticsearch has for a status.
const fn name(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 | 403 => "security_exception",
        404 => "resource_not_found_exception",
        406 | 415 => "media_type_header_exception",
        408 => "timeout_exception",
        413 => "content_too_long_exception",
        429 => "es_rejected_execution_exception",
        503 => "unavailable_shards_exception",
        _ => "illegal_argument_exception",
    }
}
