//! What Firehose delivers to an HTTP endpoint, at `/firehose`.
//!
//! Source: <https://docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html>.
//!
//! Only 200 is a success there, and 413 loses the records for good; after everything else Firehose tries again, and keeps them in
//! its backup bucket in the end. So a delivery with a record that can't be taken is refused as a whole, and never with 413. The
//! request's id, which stays the same, keeps what is sent again from making second documents.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use bytes::Bytes;
use forebay_record::raw::MAX_ATTRIBUTES;
use forebay_wire::firehose::{Record, delivery};
use forebay_wire::{Facts, Ids};
use serde::{Deserialize, Serialize};

use super::put::of_firehose;
use crate::http::answer::{json, refused, status};
use crate::http::body::discard;
use crate::http::request::text;
use crate::http::take;
use crate::http::unpack::Room;
use crate::intake::Intake;
use crate::protocols::Protocol;
use crate::refusal::{Kind, Refusal};

/// The longest header with attributes, in bytes: they travel with every event.
const MAX_ATTRIBUTE_BYTES: usize = 8 * 1024;

/// What a request's head says.
#[derive(Debug)]
struct Head {
    head: take::Head,
    facts: Facts,
}

/// The answer that Firehose wants.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    request_id: &'a str,
    timestamp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
}

/// Takes a delivery.
pub(super) async fn deliver(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let (parts, mut body) = request.into_parts();
    let outcome = match Head::read(&parts, &intake) {
        Ok(head) => take(&intake, head, &mut body).await,
        Err(refusal) => Err(refusal),
    };
    let request_id = text(&parts, "x-amz-firehose-request-id").ok().flatten().unwrap_or_default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let timestamp = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    match outcome {
        Ok(request_id) => {
            json(StatusCode::OK, &Answer { request_id: &request_id, timestamp, error_message: None })
        }
        Err(refusal) => {
            discard(body, &parts.headers).await;
            failed(&refusal, request_id, timestamp)
        }
    }
}

async fn take(intake: &Arc<Intake>, head: Head, body: &mut Body) -> Result<String, Refusal> {
    let Head { head, facts } = head;
    let taking = head.take(intake, body, move |body: Bytes, room: &mut Room<'_>| {
        // The records are decoded beside the body.
        room.hold(body.len())?;
        let delivery = delivery(&body, facts, room.limits()).map_err(|error| of_firehose(&error))?;
        room.hold(delivery.batch.bytes.len().saturating_add(delivery.batch.weight()))?;
        let refused = delivery.records.iter().zip(1usize..).find_map(|(record, number)| match record {
            Record::Refused(reason) => Some(format!("record {number}: {reason}")),
            Record::Taken(_) => None,
        });
        match refused {
            Some(reason) => Err(Refusal::new(Kind::BadRequest, reason, "nothing was taken")),
            None => Ok((delivery.batch, delivery.request_id)),
        }
    });
    let ((batch, request_id), admitted) = taking.await?;
    let ids = Ids::from_key(&request_id).unwrap_or_else(|_| intake.new_ids());
    let _receipt = intake.ship(admitted, batch, ids).await?;
    Ok(request_id)
}

fn failed(refusal: &Refusal, request_id: &str, timestamp: u64) -> Response {
    let status = match status(refusal.kind) {
        StatusCode::PAYLOAD_TOO_LARGE => StatusCode::BAD_REQUEST,
        status => status,
    };
    let error_message = Some(format!("{}; {}", refusal.reason, refusal.hint));
    refused(json(status, &Answer { request_id, timestamp, error_message }), refusal)
}

impl Head {
    fn read(parts: &Parts, intake: &Intake) -> Result<Self, Refusal> {
        Ok(Self { head: take::Head::read(parts, intake, Protocol::Firehose)?, facts: facts(parts)? })
    }
}

/// The stream's name and what its owner says of it.
fn facts(parts: &Parts) -> Result<Facts, Refusal> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Common {
        common_attributes: BTreeMap<String, String>,
    }
    let bad = |reason: &str| Refusal::new(Kind::BadRequest, reason, "nothing was taken");
    let mut attributes = Vec::new();
    if let Some(arn) = text(parts, "x-amz-firehose-source-arn")? {
        attributes.push(("aws.firehose.arn".to_owned(), arn.to_owned()));
    }
    if let Some(common) = text(parts, "x-amz-firehose-common-attributes")? {
        if common.len() > MAX_ATTRIBUTE_BYTES {
            return Err(bad("`X-Amz-Firehose-Common-Attributes` has more than 8192 bytes"));
        }
        let common: Common = serde_json::from_str(common)
            .map_err(|_| bad("`X-Amz-Firehose-Common-Attributes` is no JSON object of texts"))?;
        attributes.extend(common.common_attributes);
    }
    if attributes.len() > MAX_ATTRIBUTES {
        return Err(bad("`X-Amz-Firehose-Common-Attributes` has too many attributes"));
    }
    Ok(Facts { attributes, ..Facts::default() })
}
