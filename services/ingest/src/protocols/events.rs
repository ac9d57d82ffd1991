//! JSON events at `/events`, as rsyslog's `omhttp` and Python handlers post them to `MozDef`: one object, an array of them, or
//! one in each line. The parser's format `mozdef` knows the names of their members.
//!
//! Source: <https://mozdef.readthedocs.io/en/latest/usage.html#sending-logs-to-mozdef>. The key stands in the header `X-Log-Key`, or
//! wherever else a token may stand. The answer is that of `/v1/ingest`.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use forebay_wire::plan::{Rules, plan};
use forebay_wire::shape::Declared;
use forebay_wire::{Batch, Facts};

use super::Protocol;
use super::ingest::prepare::of_plan;
use super::ingest::receipt::Receipt;
use crate::http::body::{discard, read_body};
use crate::http::request::{encoding, sender, text};
use crate::http::router::post_only;
use crate::http::unpack::{Room, unpack};
use crate::intake::{self, Intake};
use crate::refusal::Refusal;

/// The paths.
pub(crate) fn routes() -> Router<Arc<Intake>> {
    let events = || post(take_events).fallback(post_only);
    Router::new().route("/events", events()).route("/events/", events())
}

async fn take_events(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let said = |receipt: intake::Receipt| Receipt::new(receipt.accepted, &receipt.rejections).into_response();
    take(&intake, request, Protocol::Events, "mozdef", said).await
}

/// Takes JSON objects in a format of the parser, and answers with what `said` makes of the receipt.
pub(super) async fn take(
    intake: &Arc<Intake>,
    request: Request,
    protocol: Protocol,
    format: &'static str,
    said: impl FnOnce(intake::Receipt) -> Response,
) -> Response {
    let started = Instant::now();
    let (parts, mut body) = request.into_parts();
    let head = sender(&parts, &intake.access, protocol)
        .and_then(|sender| Ok((sender, encoding(&parts)?, declared(text(&parts, "content-type")?))));
    let outcome = match head {
        Ok((sender, encoding, declared)) => {
            let decode = move |body: Bytes, room: &mut Room<'_>| objects(body, declared, format, room);
            ship(intake, sender, &mut body, encoding, decode).await
        }
        Err(refusal) => Err(refusal),
    };
    let response = match outcome {
        Ok(receipt) => said(receipt),
        Err(refusal) => {
            discard(body, &parts.headers).await;
            refusal.into_response()
        }
    };
    intake.answered(response.status(), started.elapsed());
    response
}

async fn ship(
    intake: &Arc<Intake>,
    sender: intake::Sender,
    body: &mut Body,
    encoding: forebay_wire::Encoding,
    decode: impl FnOnce(Bytes, &mut Room<'_>) -> Result<Batch, Refusal> + Send + 'static,
) -> Result<intake::Receipt, Refusal> {
    let mut admitted = intake.admit(&sender)?;
    let raw = read_body(intake, &mut admitted, body).await?;
    let decoded = unpack(admitted, raw, encoding, &intake.limits, decode).await;
    let (batch, admitted) = decoded.map_err(|refusal| intake.refuse(&sender, refusal))?;
    intake.ship(admitted, batch, intake.new_ids()).await
}

/// Senders say `text/plain` or nothing at all of lines of JSON, so only lines that say so are nothing else.
fn declared(content_type: Option<&str>) -> Declared {
    match Declared::from_content_type(content_type) {
        Ok(Declared::Ndjson) => Declared::Ndjson,
        _ => Declared::Json,
    }
}

fn objects(body: Bytes, declared: Declared, format: &str, room: &mut Room<'_>) -> Result<Batch, Refusal> {
    let limits = room.limits();
    let rules = Rules {
        declared,
        format,
        id_field: None,
        max_event: limits.max_event,
        max_depth: limits.max_depth,
        max_events: limits.max_events,
    };
    let plan = plan(&body, &rules).map_err(|error| of_plan(&error))?;
    let batch = plan.into_batch(body, Facts::of_format(format));
    room.hold(batch.weight())?;
    Ok(batch)
}
