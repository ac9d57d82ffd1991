//! `POST /v1/ingest`, step by step: who, what, read, prepare, ship, answer.
//!
//! A success is answered only after the brokers have acknowledged everything that was taken. If they fail in the middle,
//! the answer is 503 and the client sends all of it again: ids that it gave, or an `Idempotency-Key`, keep that from
//! making second documents.

pub mod options;
pub mod prepare;
pub mod receipt;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use forebay_wire::{Encoding, Ids};
use jiff::Timestamp;

use self::options::{KNOWN, Options, header};
use self::prepare::{Content, Prepared, Unprepared, prepare};
use self::receipt::Receipt;
use super::Protocol;
use crate::access::http::authorize;
use crate::config::Access;
use crate::http::body::{discard, read_body};
use crate::http::router::post_only;
use crate::intake::{Intake, Peer, Sender};
use crate::refusal::{Kind, Refusal};

/// What a request's head says.
#[derive(Debug)]
struct Head {
    sender: Sender,
    content: Content,
    encoding: Encoding,
    options: Options,
}

/// The paths.
pub(crate) fn routes() -> Router<Arc<Intake>> {
    Router::new().route("/v1/ingest", post(ingest).fallback(post_only))
}

/// Takes events in.
async fn ingest(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let started = Instant::now();
    let (parts, mut body) = request.into_parts();
    let outcome = match Head::read(&parts, &intake.access) {
        Ok(head) => take(&intake, head, &mut body).await,
        Err(refusal) => Err(refusal),
    };
    if outcome.is_err() {
        discard(body, &parts.headers).await;
    }
    let response = outcome.map_or_else(IntoResponse::into_response, IntoResponse::into_response);
    intake.answered(response.status(), started.elapsed());
    response
}

async fn take(intake: &Arc<Intake>, head: Head, body: &mut Body) -> Result<Receipt, Refusal> {
    let Head { sender, content, encoding, options } = head;
    let mut admitted = intake.admit(&sender)?;
    let raw = read_body(intake, &mut admitted, body).await?;
    let unprepared = Unprepared { body: raw, encoding, content, options, admitted };
    let prepared =
        prepare(unprepared, &intake.limits).await.map_err(|refusal| intake.refuse(&sender, refusal))?;
    let Prepared { mut batch, options, admitted } = prepared;
    if options.atomic && batch.rejections.count() > 0 {
        batch.events.clear();
        batch.groups.clear();
        batch.given_ids.clear();
    }
    let ids = match &options.idempotency_key {
        Some(key) => Ids::from_key(key).map_err(|error| {
            let reason = format!("header `Idempotency-Key`: {error}");
            intake.refuse(
                &sender,
                Refusal::new(Kind::BadRequest, reason, "use a short key of visible characters"),
            )
        })?,
        None => intake.new_ids(),
    };
    let receipt = intake.ship(admitted, batch, ids).await?;
    Ok(Receipt::new(receipt.accepted, &receipt.rejections))
}

impl Head {
    fn read(parts: &Parts, access: &Access) -> Result<Self, Refusal> {
        let tenant = authorize(access, parts, Timestamp::now())?;
        let peer = parts.extensions.get().copied().unwrap_or(Peer::Local);
        let sender = Sender { tenant, protocol: Protocol::Ingest, peer };
        let bad = |error: &dyn std::fmt::Display| {
            Refusal::new(Kind::BadRequest, error.to_string(), format!("the parameters are: {KNOWN}"))
        };
        let options = Options::read(&parts.uri, &parts.headers).map_err(|error| bad(&error))?;
        let text = |name| header(&parts.headers, name).map_err(|error| bad(&error));
        let content = Content::from_header(text("content-type")?).map_err(|error| {
            let hint = "use application/json, application/x-ndjson, application/msgpack or text/plain, or leave it out";
            Refusal::new(Kind::Unsupported, error.to_string(), hint)
        })?;
        let encoding = Encoding::from_header(text("content-encoding")?).map_err(|error| {
            Refusal::new(Kind::Unsupported, error.to_string(), "use gzip, zstd, deflate, snappy or identity")
        })?;
        Ok(Self { sender, content, encoding, options })
    }
}
