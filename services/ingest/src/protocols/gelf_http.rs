//! GELF over HTTP: `POST /gelf` with one message, or several in an array or in lines, compressed or not.
//!
//! Source: <https://go2docs.graylog.org/current/getting_in_log_data/gelf.html>. As Graylog does, 202 answers what was taken, here
//! only after the brokers have it; a message that can't be read is counted, and harms no other.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::Protocol;
use super::events::take;
use super::ingest::receipt::Receipt;
use crate::intake::{self, Intake};

/// The paths.
pub(crate) fn routes() -> Router<Arc<Intake>> {
    Router::new().route("/gelf", post(take_messages))
}

async fn take_messages(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    take(&intake, request, Protocol::Gelf, "gelf", said).await
}

fn said(receipt: intake::Receipt) -> Response {
    if receipt.rejections.count() == 0 {
        return StatusCode::ACCEPTED.into_response();
    }
    let mut response = Receipt::new(receipt.accepted, &receipt.rejections).into_response();
    if receipt.accepted > 0 {
        *response.status_mut() = StatusCode::ACCEPTED;
    }
    response
}
