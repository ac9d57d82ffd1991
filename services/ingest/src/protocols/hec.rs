//! Splunk's HTTP Event Collector.
//!
//! Sources: <https://docs.splunk.com/Documentation/Splunk/latest/RESTREF/RESTinput#services.2Fcollector> and those of
//! [`forebay_wire::hec`], which says what events mean here.
//!
//! A request that can't be taken now gets code 9, "Server is busy", with 503, since that is what its clients try again after. A
//! request that names a channel is answered with an `ackId` once the brokers have its events, so that asking for it finds it
//! acknowledged at once. Tokens in the query are refused: addresses end up in logs.

mod answer;
mod head;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use forebay_wire::Batch;
use forebay_wire::hec::{Code, HecError, Metadata, ack, events, raw};

use self::answer::{Failure, json, said};
use self::head::{Head, sender};
use crate::http::body::{discard, read_body};
use crate::http::unpack::Room;
use crate::intake::Intake;

/// The largest question for acknowledgements, in bytes.
const MAX_QUESTION: usize = 1024 * 1024;

/// The number of the next request that names a channel. One count for all channels: a channel needs no numbers in a row.
static NEXT_ACK: AtomicU64 = AtomicU64::new(0);

/// The paths.
pub(crate) fn routes() -> Router<Arc<Intake>> {
    let mut router = Router::new();
    for path in [
        "/services/collector",
        "/services/collector/",
        "/services/collector/event",
        "/services/collector/event/1.0",
    ] {
        router = router.route(path, post(take_events));
    }
    for path in ["/services/collector/raw", "/services/collector/raw/1.0"] {
        router = router.route(path, post(take_lines));
    }
    for path in ["/services/collector/health", "/services/collector/health/1.0"] {
        router = router.route(path, get(health));
    }
    router.route("/services/collector/ack", post(acknowledgements))
}

async fn take_events(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let decode = |body: Bytes, metadata: &Metadata, room: &mut Room<'_>| {
        // The events are written beside the body.
        room.hold(body.len())?;
        let batch = events(&body, metadata, &room.limits())?;
        room.hold(body.len().saturating_add(batch.weight()))?;
        Ok(batch)
    };
    take(&intake, request, decode).await
}

async fn take_lines(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let decode = |body: Bytes, metadata: &Metadata, room: &mut Room<'_>| {
        let batch = raw(&body, metadata, &room.limits())?;
        room.hold(batch.weight())?;
        Ok(batch)
    };
    take(&intake, request, decode).await
}

type Decode = fn(Bytes, &Metadata, &mut Room<'_>) -> Result<Batch, Failure>;

async fn take(intake: &Arc<Intake>, request: Request, decode: Decode) -> Response {
    let (parts, mut body) = request.into_parts();
    let outcome = match Head::read(&parts, intake) {
        Ok(head) => ship(intake, head, &mut body, decode).await,
        Err(failure) => Err(failure),
    };
    match outcome {
        Ok(ack) => {
            let success = Code::Success.answer();
            said(
                200,
                &match ack {
                    Some(ack) => success.acknowledged_as(ack),
                    None => success,
                },
            )
        }
        Err(failure) => {
            discard(body, &parts.headers).await;
            failure.said()
        }
    }
}

/// Takes a body's events; the number of its acknowledgement, if the request names a channel.
async fn ship(
    intake: &Arc<Intake>,
    head: Head,
    body: &mut Body,
    decode: Decode,
) -> Result<Option<u64>, Failure> {
    let Head { head, metadata, has_channel } = head;
    let (batch, admitted) = head.take(intake, body, move |body, room| decode(body, &metadata, room)).await?;
    let _receipt = intake.ship(admitted, batch, intake.new_ids()).await?;
    Ok(has_channel.then(|| NEXT_ACK.fetch_add(1, Ordering::Relaxed)))
}

/// Whether requests are acknowledged.
async fn acknowledgements(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let (parts, mut body) = request.into_parts();
    let answer = match Head::read(&parts, &intake) {
        Ok(head) => acknowledged(&intake, &head, &mut body).await,
        Err(failure) => Err(failure),
    };
    match answer {
        Ok(answer) => json(200, answer),
        Err(failure) => {
            discard(body, &parts.headers).await;
            failure.said()
        }
    }
}

async fn acknowledged(intake: &Arc<Intake>, head: &Head, body: &mut Body) -> Result<Vec<u8>, Failure> {
    if !head.has_channel {
        let reason = "name it in the header `X-Splunk-Request-Channel`";
        return Err(HecError::new(Code::ChannelMissing, reason).into());
    }
    let mut admitted = intake.admit(&head.head.sender)?;
    let question = read_body(intake, &mut admitted, body).await?;
    if question.len() > MAX_QUESTION {
        return Err(HecError::too_large("ask for fewer `acks` at once").into());
    }
    // Numbers become larger, as numbers and in the answer.
    intake.hold(&mut admitted, question.len().saturating_mul(16))?;
    Ok(ack::answer(&question)?)
}

/// Whether requests would be taken now. Load balancers ask without a token; one that is there has to be right, since some
/// clients check theirs by this.
async fn health(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if parts.headers.contains_key(AUTHORIZATION)
        && let Err(failure) = sender(&parts, &intake)
    {
        return failure.said();
    }
    let code = if intake.upstream.is_there() { Code::Healthy } else { Code::Unhealthy };
    said(code.status(), &code.answer())
}
