//! Loki's push API: `POST /loki/api/v1/push`, protobuf with Snappy or JSON.
//!
//! Sources: <https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs>, and those of [`forebay_wire::loki`],
//! which says what labels and metadata mean here.
//!
//! 204 is answered once the brokers have every line. If single lines are refused, the others are taken, and 400 says which and why, as
//! Loki does: its clients don't send again after it. `X-Scope-OrgID` is a tenant that the client claims, and means nothing.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use forebay_wire::loki::{LokiError, push_json, push_protobuf};
use forebay_wire::{Encoding, Rejections};

use super::Protocol;
use crate::http::answer;
use crate::http::body::discard;
use crate::http::request::{encoding, sender, text};
use crate::http::take;
use crate::http::unpack::Room;
use crate::intake::Intake;
use crate::refusal::{Kind, Refusal};

/// The most refused lines that an answer lists.
const MAX_SHOWN: usize = 10;

/// What a request's head says.
#[derive(Debug)]
struct Head {
    head: take::Head,
    is_json: bool,
}

/// The paths.
pub(crate) fn routes() -> Router<Arc<Intake>> {
    Router::new().route("/loki/api/v1/push", post(push))
}

async fn push(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let (parts, mut body) = request.into_parts();
    let outcome = match Head::read(&parts, &intake) {
        Ok(head) => take(&intake, head, &mut body).await,
        Err(refusal) => Err(refusal),
    };
    match outcome {
        Ok(rejections) if rejections.count() == 0 => StatusCode::NO_CONTENT.into_response(),
        Ok(rejections) => said(StatusCode::BAD_REQUEST, refused(&rejections)),
        Err(refusal) => {
            discard(body, &parts.headers).await;
            failed(&refusal)
        }
    }
}

async fn take(intake: &Arc<Intake>, head: Head, body: &mut Body) -> Result<Rejections, Refusal> {
    let Head { head, is_json } = head;
    let decode = move |body: Bytes, room: &mut Room<'_>| {
        // The lines are written beside the body.
        room.hold(body.len())?;
        let read = if is_json { push_json } else { push_protobuf };
        let batch = read(&body, room.limits()).map_err(|error| of_loki(&error))?;
        room.hold(batch.bytes.len().saturating_add(batch.weight()))?;
        Ok::<_, Refusal>(batch)
    };
    let (batch, admitted) = head.take(intake, body, decode).await?;
    Ok(intake.ship(admitted, batch, intake.new_ids()).await?.rejections)
}

impl Head {
    fn read(parts: &Parts, intake: &Intake) -> Result<Self, Refusal> {
        let sender = sender(parts, &intake.access, Protocol::Loki)?;
        let content_type = text(parts, "content-type")?.and_then(|value| value.split(';').next());
        let essence = content_type.unwrap_or_default().trim().to_ascii_lowercase();
        let is_json = match essence.as_str() {
            "application/json" => true,
            // What is said to be nothing is protobuf, as it is for Loki.
            "" | "application/x-protobuf" => false,
            _ => {
                let reason = "a push is JSON or protobuf";
                let hint = "say application/json or application/x-protobuf";
                return Err(Refusal::new(Kind::Unsupported, reason, hint));
            }
        };
        // Protobuf comes with Snappy, whether the head says so or not.
        let encoding = if is_json { encoding(parts)? } else { Encoding::Snappy };
        Ok(Self { head: take::Head { sender, encoding }, is_json })
    }
}

fn of_loki(error: &LokiError) -> Refusal {
    let (kind, hint) = match error {
        LokiError::Json(_) | LokiError::Protobuf(_) => (Kind::MalformedBody, "nothing was taken"),
        LokiError::Overflow(_) => (Kind::TooLarge, "send smaller batches, or raise ingest.max_events"),
    };
    Refusal::new(kind, error.to_string(), hint)
}

/// Which lines were refused, in words.
fn refused(rejections: &Rejections) -> String {
    let listed = rejections.listed().iter().take(MAX_SHOWN);
    let lines: Vec<String> = listed.map(|one| format!("line {}: {}", one.line, one.reason)).collect();
    format!("{} lines were refused, the others were taken; {}", rejections.count(), lines.join("; "))
}

/// A refusal in words, as Loki answers.
fn failed(refusal: &Refusal) -> Response {
    let words = format!("{}; {}", refusal.reason, refusal.hint);
    answer::refused(said(answer::status(refusal.kind), words), refusal)
}

fn said(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text + "\n"));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    let _before = response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
