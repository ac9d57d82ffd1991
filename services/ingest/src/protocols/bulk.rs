//! Elasticsearch's API, as far as shippers need it: bulk requests, single documents, and what they ask for at the start
//! (`probes`). Whatever ships to Elasticsearch ships here by changing its URL.
//!
//! Sources: <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk>,
//! <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-index>; what items mean here is said in
//! [`forebay_wire::bulk`].
//!
//! A request that can't be taken now is refused as a whole: 429 with `es_rejected_execution_exception` if there is no room, 503 if
//! Kafka is away. Clients send it again; documents that have an `_id` are then never indexed twice.
//!
//! A few clients give up a request that is refused as a whole, rsyslog's omelasticsearch among them, and send only single items
//! again. They can ask with the parameter `timeout` for what it asks of Elasticsearch: to wait so long before failing (`patience`).
//! A request that still isn't taken then is answered with 429 for each item.

mod failure;
mod head;
mod patience;
mod probes;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawPathParams, Request, State};
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::{MethodRouter, post, put};
use bytes::Bytes;
use forebay_wire::bulk::answer::{self, Answer};
use forebay_wire::bulk::{BulkError, Defaults, Item, decode, single};

use self::failure::failed;
use self::head::Head;
use crate::http::body::{discard, read_body};
use crate::http::take::{self, decoded};
use crate::intake::Intake;
use crate::refusal::{Kind, Refusal};

/// The paths.
pub(crate) fn routes() -> Router<Arc<Intake>> {
    let many = || post(bulk).put(bulk);
    let one: fn() -> MethodRouter<Arc<Intake>> = || post(document).put(document);
    Router::new()
        .route("/_bulk", many())
        .route("/_bulk/", many())
        .route("/{index}/_bulk", many())
        .route("/{index}/_bulk/", many())
        // Types are gone, but not from the addresses that old shippers know.
        .route("/{index}/{type}/_bulk", many())
        .route("/{index}/_doc", post(document))
        .route("/{index}/_doc/", post(document))
        .route("/{index}/_doc/{id}", one())
        .route("/{index}/_create/{id}", put(document).post(document))
        .merge(probes::routes())
        .method_not_allowed_fallback(not_allowed)
        .layer(from_fn(head::as_elasticsearch))
}

/// Takes many documents.
async fn bulk(State(intake): State<Arc<Intake>>, params: RawPathParams, request: Request) -> Response {
    let (parts, mut body) = request.into_parts();
    let outcome = match Head::read(&parts, &params, &intake) {
        Ok(head) => take(&intake, head, &mut body).await,
        Err(refusal) => Err(refusal),
    };
    match outcome {
        Ok(answer) => json(StatusCode::OK, answer),
        Err(refusal) => {
            discard(body, &parts.headers).await;
            failed(&refusal)
        }
    }
}

async fn take(intake: &Arc<Intake>, head: Head, body: &mut Body) -> Result<Vec<u8>, Refusal> {
    let started = Instant::now();
    let Head { head: take::Head { sender, encoding }, index, pipeline, filter, patience, .. } = head;
    let mut admitted = match &patience {
        Some(patience) => patience.enter(intake, &sender).await?,
        None => intake.admit(&sender)?,
    };
    let raw = read_body(intake, &mut admitted, body).await?;
    let ids = intake.new_ids();
    let mut shown = ids.clone();
    let is_patient = patience.is_some();
    let decoding = decoded(intake, admitted, raw, encoding, move |body: Bytes, room| {
        let defaults = Defaults { index: &index, pipeline: &pipeline };
        let mut bulk = decode(&body, defaults, &room.limits()).map_err(|error| of_bulk(&error))?;
        room.hold(bulk.weight())?;
        let answer = Answer::new(&bulk, &index, filter, &mut shown);
        room.hold(bulk.weight().saturating_add(answer.weight()))?;
        let items = if is_patient { std::mem::take(&mut bulk.items) } else { Vec::new() };
        Ok::<_, Refusal>((bulk.batch, answer, items))
    });
    let ((batch, answer, items), mut admitted) = decoding.await?;
    // The answer waits for Kafka, and what waits has to count: with the batch, so that a request that is alone is alone with both.
    let waiting = answer.weight().saturating_add(items.capacity() * size_of::<Item>());
    let taken = batch.bytes.len().saturating_add(batch.weight());
    intake.hold(&mut admitted, taken.saturating_add(waiting))?;
    admitted.set_aside(waiting);
    let took = || u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match &patience {
        None => {
            let _receipt = intake.ship(admitted, batch, ids).await?;
        }
        Some(patience) => match patience.ship(intake, admitted, batch, ids).await {
            Ok(_receipt) => {}
            Err(refusal) if refusal.may_come_again() => {
                return Ok(answer::put_off(&items, &refusal.reason, took()));
            }
            Err(refusal) => return Err(refusal),
        },
    }
    Ok(answer.finish(took()))
}

/// Takes one document.
async fn document(State(intake): State<Arc<Intake>>, params: RawPathParams, request: Request) -> Response {
    let (parts, mut body) = request.into_parts();
    let outcome = match Head::read(&parts, &params, &intake) {
        Ok(head) => take_one(&intake, head, &mut body).await,
        Err(refusal) => Err(refusal),
    };
    match outcome {
        Ok(answer) => json(StatusCode::CREATED, answer),
        Err(refusal) => {
            discard(body, &parts.headers).await;
            failed(&refusal)
        }
    }
}

async fn take_one(intake: &Arc<Intake>, head: Head, body: &mut Body) -> Result<Vec<u8>, Refusal> {
    let Head { head, index, id, .. } = head;
    let ids = intake.new_ids();
    let shown = id.clone().unwrap_or_else(|| ids.clone().next(1).to_owned());
    let answer = answer::single(&index, &shown);
    let taking = head.take(intake, body, move |body: Bytes, room| {
        single(&body, &index, id.as_deref(), &room.limits()).map_err(|reason| {
            let kind = if answer::error_of(&reason).0 == 413 { Kind::TooLarge } else { Kind::MalformedBody };
            Refusal::new(kind, reason.to_string(), "nothing was taken")
        })
    });
    let (batch, admitted) = taking.await?;
    let _receipt = intake.ship(admitted, batch, ids).await?;
    Ok(answer)
}

/// The answer for other methods than a path takes, which `Allow` names.
async fn not_allowed(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    discard(body, &parts.headers).await;
    failed(&Refusal::new(Kind::MethodNotAllowed, "this path doesn't take this method", ""))
}

fn of_bulk(error: &BulkError) -> Refusal {
    let (kind, hint) = match error {
        BulkError::Empty => (Kind::EmptyBody, "send lines of actions and documents"),
        BulkError::TooMany(_) => (Kind::TooLarge, "send smaller batches, or raise ingest.max_events"),
        BulkError::NoIndex(_) => (Kind::BadRequest, "nothing was taken; name an index"),
        BulkError::NotTerminated | BulkError::Action { .. } => (Kind::MalformedBody, "nothing was taken"),
    };
    Refusal::new(kind, error.to_string(), hint)
}

fn json(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
}
