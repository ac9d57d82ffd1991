//! `POST /v1/ingest`, step by step: who, what, read, prepare, ship, answer.
//!
//! A success is answered only after the brokers have acknowledged everything that was taken. If they fail in the middle,
//! the answer is 503 and the client sends all of it again: ids that it gave, or an `Idempotency-Key`, keep that from
//! making second documents.

pub(crate) mod options;
pub(crate) mod prepare;
pub(crate) mod receipt;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use self::options::Options;
use self::prepare::{Content, decode};
use self::receipt::Receipt;
use super::Protocol;
use crate::http::body::discard;
use crate::http::request::text;
use crate::http::take;
use crate::intake::Intake;
use crate::refusal::{Kind, Refusal};

/// What a request's head says.
#[derive(Debug)]
struct Head {
    head: take::Head,
    content: Content,
    options: Options,
}

/// The paths.
pub(crate) fn routes() -> Router<Arc<Intake>> {
    Router::new().route("/v1/ingest", post(ingest))
}

/// Takes events in.
async fn ingest(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let (parts, mut body) = request.into_parts();
    let outcome = match Head::read(&parts, &intake) {
        Ok(head) => take(&intake, head, &mut body).await,
        Err(refusal) => Err(refusal),
    };
    if outcome.is_err() {
        discard(body, &parts.headers).await;
    }
    outcome.map_or_else(IntoResponse::into_response, IntoResponse::into_response)
}

async fn take(intake: &Arc<Intake>, head: Head, body: &mut Body) -> Result<Receipt, Refusal> {
    let Head { head, content, options } = head;
    let taking = head.take(intake, body, move |body, room| decode(body, content, options, room));
    let ((mut batch, options), admitted) = taking.await?;
    if options.atomic {
        batch.all_or_nothing();
    }
    let ids =
        intake.ids_by_key(&head.sender, "header `Idempotency-Key`", options.idempotency_key.as_deref())?;
    let receipt = intake.ship(admitted, batch, ids).await?;
    Ok(Receipt::new(receipt.accepted, &receipt.rejections))
}

impl Head {
    fn read(parts: &Parts, intake: &Intake) -> Result<Self, Refusal> {
        let head = take::Head::read(parts, intake, Protocol::Ingest)?;
        let options = Options::read(&parts.uri, &parts.headers)
            .map_err(|error| Refusal::new(Kind::BadRequest, error.to_string(), error.hint()))?;
        let content = Content::from_header(text(parts, "content-type")?).map_err(|error| {
            let hint = "use application/json, application/x-ndjson, application/msgpack or text/plain, or leave it out";
            Refusal::new(Kind::Unsupported, error.to_string(), hint)
        })?;
        Ok(Self { head, content, options })
    }
}
