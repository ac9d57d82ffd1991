//! JSON events at `/events`, as rsyslog's `omhttp` and Python handlers post them to `MozDef`: one object, an array of them, or
//! one in each line. The parser's format `mozdef` knows the names of their members.
//!
//! Source: <https://mozdef.readthedocs.io/en/latest/usage.html#sending-logs-to-mozdef>. The key stands in the header `X-Log-Key`, or
//! wherever else a token may stand. The answer is that of `/v1/ingest`.

use std::sync::Arc;

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
use crate::http::body::discard;
use crate::http::request::text;
use crate::http::take::Head;
use crate::http::unpack::Room;
use crate::intake::{self, Intake};
use crate::refusal::Refusal;

/// The paths.
pub(crate) fn routes() -> Router<Arc<Intake>> {
    Router::new().route("/events", post(take_events)).route("/events/", post(take_events))
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
    let (parts, mut body) = request.into_parts();
    let head = Head::read(&parts, intake, protocol)
        .and_then(|head| Ok((head, declared(text(&parts, "content-type")?))));
    let outcome = match head {
        Ok((head, declared)) => {
            let decode = move |body: Bytes, room: &mut Room<'_>| objects(body, declared, format, room);
            ship(intake, &head, &mut body, decode).await
        }
        Err(refusal) => Err(refusal),
    };
    match outcome {
        Ok(receipt) => said(receipt),
        Err(refusal) => {
            discard(body, &parts.headers).await;
            refusal.into_response()
        }
    }
}

async fn ship(
    intake: &Arc<Intake>,
    head: &Head,
    body: &mut Body,
    decode: impl FnOnce(Bytes, &mut Room<'_>) -> Result<Batch, Refusal> + Send + 'static,
) -> Result<intake::Receipt, Refusal> {
    let (batch, admitted) = head.take(intake, body, decode).await?;
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
