//! `PutRecord` and `PutRecordBatch`, as the SDKs of AWS call them.
//!
//! Sources: <https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecord.html>,
//! <https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html>.
//!
//! A bad record is refused by itself, in its place in the answer; the others are taken. The credential is an access key, whose secret
//! has to explain the signature over head and body, or a token as the id of the key.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::Response;
use bytes::Bytes;
use forebay_wire::firehose::{Action, FirehoseError, put as decode};

use super::answer::{failed, of_put, said};
use super::signer;
use crate::http::body::{discard, read_body};
use crate::http::request::{encoding, text};
use crate::http::take::{self, decoded};
use crate::http::unpack::Room;
use crate::intake::Intake;
use crate::refusal::{Kind, Refusal};

/// What a request's head says.
#[derive(Debug)]
struct Head {
    head: take::Head,
    action: Action,
}

/// Takes records.
pub(super) async fn put(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let (parts, mut body) = request.into_parts();
    let request_id = intake.new_ids().next(1).to_owned();
    let outcome = match Head::read(&parts, &intake) {
        Ok(head) => take(&intake, &parts, head, &mut body).await,
        Err(refusal) => Err(refusal),
    };
    match outcome {
        Ok(answer) => said(200, answer, &request_id),
        Err(refusal) => {
            discard(body, &parts.headers).await;
            failed(&refusal, &request_id)
        }
    }
}

async fn take(intake: &Arc<Intake>, parts: &Parts, head: Head, body: &mut Body) -> Result<Vec<u8>, Refusal> {
    let Head { head: take::Head { sender, encoding }, action } = head;
    let reader = signer::until_proved(parts, &sender);
    let mut admitted = intake.admit(&reader)?;
    let raw = read_body(intake, &mut admitted, body).await?;
    signer::prove(parts, &intake.access, &raw).map_err(|refusal| intake.refuse(&sender, refusal))?;
    if reader.tenant != sender.tenant {
        admitted = intake.admit(&sender)?;
        intake.hold(&mut admitted, raw.len())?;
    }
    let ids = intake.new_ids();
    let mut shown = ids.clone();
    let decoding = decoded(intake, admitted, raw, encoding, move |body: Bytes, room: &mut Room<'_>| {
        // The records are decoded beside the body.
        room.hold(body.len())?;
        let put = decode(action, &body, room.limits()).map_err(|error| of_firehose(&error))?;
        let answer = of_put(action, &put, &mut shown)?;
        let held = put.batch.bytes.len().saturating_add(put.batch.weight()).saturating_add(answer.len());
        room.hold(held)?;
        Ok::<_, Refusal>((put.batch, answer))
    });
    let ((batch, answer), admitted) = decoding.await?;
    let _receipt = intake.ship(admitted, batch, ids).await?;
    Ok(answer)
}

/// What a body is refused for of which nothing can be taken.
pub(super) fn of_firehose(error: &FirehoseError) -> Refusal {
    let (kind, hint) = match error {
        FirehoseError::Json(_) => (Kind::MalformedBody, "nothing was taken"),
        FirehoseError::Name | FirehoseError::Empty => (Kind::BadRequest, "nothing was taken"),
        FirehoseError::TooMany(_) => (Kind::BadRequest, "send smaller batches"),
        FirehoseError::Overflow(_) => (Kind::TooLarge, "send smaller batches, or raise ingest.max_events"),
    };
    Refusal::new(kind, error.to_string(), hint)
}

impl Head {
    fn read(parts: &Parts, intake: &Intake) -> Result<Self, Refusal> {
        let sender = signer::claimed(parts, &intake.access)?;
        let target = text(parts, "x-amz-target")?.unwrap_or_default();
        let action = Action::from_target(target).ok_or_else(|| {
            let reason = "the header `X-Amz-Target` names no call that is answered here";
            Refusal::new(Kind::NotFound, reason, "call PutRecord or PutRecordBatch of Firehose_20150804")
        })?;
        Ok(Self { head: take::Head { sender, encoding: encoding(parts)? }, action })
    }
}
