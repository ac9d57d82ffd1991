//! From a body as it came to a batch: decompressing and checking, which is all the CPU work of a request.

use bytes::Bytes;
use forebay_wire::plan::{PlanError, Rules, plan};
use forebay_wire::shape::Declared;
use forebay_wire::{Batch, Encoding, Group, inflate};

use super::options::Options;
use crate::config::Limits;
use crate::http::unpack::of_inflate;
use crate::intake::Admitted;
use crate::intake::overload::no_room;
use crate::refusal::{Kind, Refusal};

/// The largest bodies that are prepared where the request is served. Larger ones would hold up other requests for
/// milliseconds, so they go to a thread for blocking work.
const INLINE_PLAIN: usize = 1024 * 1024;
/// The same for compressed bodies, which are larger than they look.
const INLINE_PACKED: usize = 64 * 1024;

/// A body and what is needed to prepare it.
#[derive(Debug)]
pub struct Unprepared {
    /// As it came.
    pub body: Bytes,
    /// How it is compressed.
    pub encoding: Encoding,
    /// What the content type says.
    pub declared: Declared,
    /// What the request asks for.
    pub options: Options,
    /// The memory that it holds.
    pub admitted: Admitted,
}

/// A body's events.
#[derive(Debug)]
pub struct Prepared {
    /// The events.
    pub batch: Batch,
    /// What the request asks for, without the facts, which the batch has.
    pub options: Options,
    /// The memory that it holds.
    pub admitted: Admitted,
}

/// Prepares a body, on this thread if that is quick.
///
/// # Errors
/// When nothing of the body can be taken.
pub async fn prepare(unprepared: Unprepared, limits: &Limits) -> Result<Prepared, Refusal> {
    let inline = if unprepared.encoding == Encoding::Identity { INLINE_PLAIN } else { INLINE_PACKED };
    if unprepared.body.len() <= inline {
        return prepare_now(unprepared, limits);
    }
    let limits = limits.clone();
    match tokio::task::spawn_blocking(move || prepare_now(unprepared, &limits)).await {
        Ok(prepared) => prepared,
        // Only when the process stops: then nothing has been sent.
        Err(_) => Err(Refusal::new(Kind::KafkaUnavailable, "ingest is stopping", "send again")
            .retry_after(std::time::Duration::from_secs(1))),
    }
}

fn prepare_now(unprepared: Unprepared, limits: &Limits) -> Result<Prepared, Refusal> {
    let Unprepared { body, encoding, declared, mut options, mut admitted } = unprepared;
    let packed = if encoding == Encoding::Identity { 0 } else { body.len() };
    let body = match encoding {
        Encoding::Identity => body,
        _ => {
            let grant = |size: usize| admitted.reservation().grow_to(packed.saturating_add(size));
            let inflated = inflate(&body, encoding, limits.max_inflated_body, grant);
            Bytes::from(inflated.map_err(|error| of_inflate(&error, limits))?)
        }
    };
    let rules = Rules {
        declared,
        format: &options.facts.format,
        id_field: options.id_field.as_deref(),
        max_event: limits.max_event,
        max_depth: limits.max_depth,
        max_events: limits.max_events,
    };
    let plan = plan(&body, &rules).map_err(|error| of_plan(&error))?;
    let mut facts = std::mem::take(&mut options.facts);
    if facts.format.is_empty() && plan.shape.is_json() {
        facts.format.push_str("json");
    }
    let groups = vec![Group { facts, len: plan.events.len() }];
    let batch = Batch {
        bytes: body,
        events: plan.events,
        groups,
        given_ids: plan.given_ids,
        rejections: plan.rejections,
    };
    // What is packed is gone by now, but still counted: shares only grow.
    let held = packed.saturating_add(batch.bytes.len()).saturating_add(batch.weight());
    admitted.reservation().grow_to(held).map_err(|refused| no_room(&refused, limits))?;
    Ok(Prepared { batch, options, admitted })
}

fn of_plan(error: &PlanError) -> Refusal {
    let reason = error.to_string();
    match error {
        PlanError::Empty => {
            Refusal::new(Kind::EmptyBody, reason, "send a JSON object, an array of them, or lines")
        }
        PlanError::Array(broken) => Refusal::new(
            Kind::MalformedBody,
            reason,
            "nothing was taken; with NDJSON (application/x-ndjson) one bad line does not harm the others",
        )
        .at_line(broken.line),
        PlanError::Stream(broken) => Refusal::new(
            Kind::MalformedBody,
            reason,
            "nothing was taken; write complete JSON values, one after another",
        )
        .at_line(broken.line),
        PlanError::TooMany(_) => {
            Refusal::new(Kind::TooLarge, reason, "send smaller batches, or raise ingest.max_events")
        }
        PlanError::IdFieldOfText => {
            Refusal::new(Kind::BadRequest, reason, "use an `Idempotency-Key` header instead")
        }
    }
}
