//! Waiting for Kafka as long as that is of use, and no longer.

use std::time::{Duration, Instant};

use forebay_kafka::{SendError, TransactionError};

use crate::DeadLettersError;

/// How long to wait when the producer's queue is full, or before a step is tried again.
const PAUSE: Duration = Duration::from_millis(5);

/// Does a step of a transaction until it is done, or fails for another reason than time.
pub(super) fn step(
    most: Duration,
    call: impl Fn(Duration) -> Result<(), TransactionError>,
) -> Result<(), DeadLettersError> {
    let deadline = Instant::now() + most;
    loop {
        let left = deadline.saturating_duration_since(Instant::now()).max(PAUSE);
        match call(left) {
            Ok(()) => return Ok(()),
            Err(TransactionError::Retry(_)) if Instant::now() < deadline => std::thread::park_timeout(PAUSE),
            Err(TransactionError::Fatal(error)) => {
                return Err(DeadLettersError::TakenOver(error.to_string()));
            }
            Err(error) => return Err(error.cause().clone().into()),
        }
    }
}

/// Tries until the queue has room. It gets room, or its records time out: this ends.
pub(super) fn patiently(mut send: impl FnMut() -> Result<(), SendError>) -> Result<(), SendError> {
    loop {
        match send() {
            Err(SendError::QueueFull) => std::thread::park_timeout(PAUSE),
            other => return other,
        }
    }
}
