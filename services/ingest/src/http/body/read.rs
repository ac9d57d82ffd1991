//! Reads a body from its connection: never more than the limit, and never longer than the timeout, whether it comes
//! with a length or in chunks.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use thiserror::Error;
use tokio::time::{Instant, timeout_at};

use crate::admission::{Refused, Reservation};
use crate::config::Limits;
use crate::intake::overload::no_room;
use crate::intake::{Admitted, Intake};
use crate::refusal::{Kind, Refusal};

/// Why a body could not be read.
#[derive(Debug, Error)]
pub(crate) enum ReadError {
    /// Larger than allowed.
    #[error("the body has more than {max} bytes")]
    TooLarge {
        /// The limit, in bytes.
        max: usize,
    },
    /// It did not come in time.
    #[error("the body did not come within {} s", .0.as_secs())]
    Slow(Duration),
    /// The client went away, or broke the protocol.
    #[error("the body ended early: {0}")]
    Broken(axum::Error),
    /// There is no room to hold it.
    #[error("too many bytes are in flight")]
    Refused(Refused),
}

/// Reads the whole body. `len` is its length as far as the client has told it.
///
/// # Errors
/// When it is too large, too slow, incomplete, or there is no room for it now.
pub(crate) async fn read(
    body: &mut Body,
    len: Option<u64>,
    max: usize,
    within: Duration,
    reservation: &mut Reservation,
) -> Result<Bytes, ReadError> {
    let len = usize::try_from(len.unwrap_or(0)).unwrap_or(usize::MAX);
    // What is too large is refused before any of it is read; a client that waits for `100 Continue` never sends it.
    if len > max {
        return Err(ReadError::TooLarge { max });
    }
    // Bytes count once they are here: an announced length costs its sender nothing, and a few of them that never follow
    // would keep everybody else out until the timeout.
    let deadline = Instant::now() + within;
    let mut whole = Collected::default();
    loop {
        let frame = timeout_at(deadline, body.frame()).await.map_err(|_| ReadError::Slow(within))?;
        let Some(frame) = frame else { break };
        let Ok(data) = frame.map_err(ReadError::Broken)?.into_data() else { continue };
        let so_far = whole.len().saturating_add(data.len());
        if so_far > max {
            return Err(ReadError::TooLarge { max });
        }
        reservation.grow_to(so_far).map_err(ReadError::Refused)?;
        whole.push(data, len);
    }
    Ok(whole.finish())
}

/// Reads the whole body of somebody who was let in.
///
/// # Errors
/// When it is too large, too slow, incomplete, or there is no room for it now.
pub(crate) async fn read_body(
    intake: &Intake,
    admitted: &mut Admitted,
    body: &mut Body,
) -> Result<Bytes, Refusal> {
    let announced = body.size_hint().exact();
    let limits = &intake.limits;
    let whole = read(body, announced, limits.max_body, limits.read_timeout, admitted.reservation()).await;
    match whole {
        Ok(whole) => {
            intake.meters.received(whole.len());
            Ok(whole)
        }
        Err(error) => Err(intake.refuse(admitted.sender(), refusal(&error, limits))),
    }
}

fn refusal(error: &ReadError, limits: &Limits) -> Refusal {
    let reason = error.to_string();
    match error {
        ReadError::TooLarge { .. } => {
            Refusal::new(Kind::TooLarge, reason, "send smaller batches, or raise ingest.max_body")
        }
        ReadError::Slow(_) => Refusal::new(
            Kind::SlowBody,
            reason,
            "nothing was taken; send smaller batches, or raise ingest.read_timeout",
        ),
        ReadError::Broken(_) => {
            Refusal::new(Kind::IncompleteBody, reason, "nothing was taken; send it again")
        }
        ReadError::Refused(refused) => no_room(refused, limits),
    }
}

/// The pieces of a body. One that comes in a single piece is not copied.
#[derive(Default)]
struct Collected {
    first: Bytes,
    rest: BytesMut,
}

impl Collected {
    fn len(&self) -> usize {
        self.first.len() + self.rest.len()
    }

    fn push(&mut self, piece: Bytes, expected: usize) {
        if self.len() == 0 {
            self.first = piece;
            return;
        }
        if self.rest.is_empty() {
            self.rest.reserve(expected.max(self.first.len() + piece.len()));
            self.rest.extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.rest.extend_from_slice(&piece);
    }

    fn finish(self) -> Bytes {
        if self.rest.is_empty() { self.first } else { self.rest.freeze() }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use futures_util::stream;

    use super::*;
    use crate::admission::Admission;

    fn chunks(pieces: &[&'static str]) -> Body {
        let pieces: Vec<Result<Bytes, std::io::Error>> =
            pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect();
        Body::from_stream(stream::iter(pieces))
    }

    fn reservation(admission: &Admission) -> Reservation {
        admission.reserve(&forebay_record::Tenant::new("acme").unwrap()).unwrap()
    }

    async fn read_all(mut body: Body, len: Option<u64>, max: usize) -> Result<Bytes, ReadError> {
        let admission = Admission::new(1000, Duration::from_secs(2));
        read(&mut body, len, max, Duration::from_secs(5), &mut reservation(&admission)).await
    }

    #[tokio::test]
    async fn pieces_become_one_body() {
        assert_eq!(read_all(chunks(&["ab", "", "c", "def"]), None, 6).await.unwrap(), "abcdef");
        assert_eq!(read_all(chunks(&["abc"]), Some(3), 6).await.unwrap(), "abc");
        assert_eq!(read_all(Body::empty(), None, 6).await.unwrap(), "");
    }

    #[tokio::test]
    async fn size_is_limited_with_and_without_a_length() {
        let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        assert!(matches!(read_all(never, Some(7), 6).await, Err(ReadError::TooLarge { max: 6 })));
        assert!(matches!(
            read_all(chunks(&["abcd", "efg"]), None, 6).await,
            Err(ReadError::TooLarge { max: 6 })
        ));
    }

    /// Scenario: the client sends a little and then nothing. Guarantees: given up after the timeout.
    #[tokio::test(start_paused = true)]
    async fn a_slow_body_is_given_up() {
        let piece = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"ab"))]);
        let body = Body::from_stream(futures_util::StreamExt::chain(piece, stream::pending()));
        assert!(matches!(read_all(body, None, 100).await, Err(ReadError::Slow(_))));
    }

    #[tokio::test]
    async fn an_interrupted_body_is_no_body() {
        let broken = stream::iter([Ok(Bytes::from_static(b"ab")), Err(std::io::Error::other("gone"))]);
        assert!(matches!(read_all(Body::from_stream(broken), None, 100).await, Err(ReadError::Broken(_))));
    }

    #[tokio::test]
    async fn there_must_be_room_for_it() {
        let admission = Admission::new(10, Duration::from_secs(2));
        let mut other = reservation(&admission);
        assert!(other.grow_to(8).is_ok());
        let within = Duration::from_secs(5);
        let refused = read(&mut chunks(&["ab", "cd"]), None, 100, within, &mut reservation(&admission)).await;
        assert!(matches!(refused, Err(ReadError::Refused(_))));
        drop(other);
        let taken = read(&mut chunks(&["ab", "cd"]), None, 100, within, &mut reservation(&admission)).await;
        assert!(taken.is_ok());
    }
}
