//! From a body as it came to what a decoder makes of it: decompressing and decoding, which is all the CPU work of a request.

use std::time::Duration;

use bytes::Bytes;
use forebay_wire::{Encoding, InflateError, inflate};

use crate::admission::Refused;
use crate::aside::{INLINE_PACKED, elsewhere};
use crate::config::Limits;
use crate::intake::Admitted;
use crate::intake::overload::no_room;
use crate::refusal::{Kind, Refusal};

/// The largest bodies that are decoded where the request is served. Larger ones would hold up other requests for
/// milliseconds, so they go to a thread for blocking work.
const INLINE_PLAIN: usize = 1024 * 1024;

/// Memory for what a decoder makes.
#[derive(Debug)]
pub(crate) struct Room<'a> {
    admitted: &'a mut Admitted,
    limits: &'a Limits,
    /// What is held for the body, packed and not.
    body: usize,
}

impl Room<'_> {
    /// The limits that decoders keep.
    #[must_use]
    pub(crate) const fn limits(&self) -> forebay_wire::Limits {
        forebay_wire::Limits {
            max_event: self.limits.max_event,
            max_depth: self.limits.max_depth,
            max_events: self.limits.max_events,
            max_inflated: self.limits.max_inflated_body,
        }
    }

    /// Holds so many bytes beside the body's.
    ///
    /// # Errors
    /// When there is no room for them now.
    pub(crate) fn hold(&mut self, bytes: usize) -> Result<(), Refusal> {
        let held = self.admitted.reservation().grow_to(self.body.saturating_add(bytes));
        held.map_err(|refused| no_room(&refused, self.limits))
    }
}

/// Decompresses a body and has it decoded, on this thread if that is quick.
///
/// # Errors
/// When it can't be decompressed, there is no room for it, or the decoder says so.
pub(crate) async fn unpack<T, E>(
    mut admitted: Admitted,
    body: Bytes,
    encoding: Encoding,
    limits: &Limits,
    decode: impl FnOnce(Bytes, &mut Room<'_>) -> Result<T, E> + Send + 'static,
) -> Result<(T, Admitted), E>
where
    T: Send + 'static,
    E: From<Refusal> + Send + 'static,
{
    let inline = if encoding == Encoding::Identity { INLINE_PLAIN } else { INLINE_PACKED };
    if body.len() <= inline {
        let decoded = unpack_now(&mut admitted, body, encoding, limits, decode)?;
        return Ok((decoded, admitted));
    }
    let (limits, tenant) = (limits.clone(), admitted.sender().tenant.clone());
    let unpacked = elsewhere(&tenant, move || {
        let decoded = unpack_now(&mut admitted, body, encoding, &limits, decode)?;
        Ok((decoded, admitted))
    });
    match unpacked.await {
        Some(decoded) => decoded,
        // It panicked, which the log has, or the process stops: nothing has been sent.
        None => Err(Refusal::new(Kind::KafkaUnavailable, "decoding broke off", "send again")
            .retry_after(Duration::from_secs(1))
            .into()),
    }
}

fn unpack_now<T, E: From<Refusal>>(
    admitted: &mut Admitted,
    body: Bytes,
    encoding: Encoding,
    limits: &Limits,
    decode: impl FnOnce(Bytes, &mut Room<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let packed = if encoding == Encoding::Identity { 0 } else { body.len() };
    let body = match encoding {
        Encoding::Identity => body,
        _ => {
            let grant = |size: usize| admitted.reservation().grow_to(packed.saturating_add(size));
            let inflated = inflate(&body, encoding, limits.max_inflated_body, grant);
            Bytes::from(inflated.map_err(|error| of_inflate(&error, limits))?)
        }
    };
    // What is packed is gone soon, but still counted: shares only grow.
    let mut room = Room { admitted, limits, body: packed.saturating_add(body.len()) };
    decode(body, &mut room)
}

/// The refusal of a body that can't be decompressed.
pub(crate) fn of_inflate(error: &InflateError<Refused>, limits: &Limits) -> Refusal {
    let reason = error.to_string();
    match error {
        InflateError::Broken { .. } => Refusal::new(
            Kind::BrokenCompression,
            reason,
            "check that `Content-Encoding` says what the body is",
        ),
        InflateError::TooLarge { .. } => {
            Refusal::new(Kind::TooLarge, reason, "send smaller batches, or raise ingest.max_inflated_body")
        }
        InflateError::Refused(refused) => no_room(refused, limits),
    }
}
