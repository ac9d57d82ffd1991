//! The seam between the life of a connection and its protocol.

use bytes::BytesMut;
use forebay_wire::Batch;

use crate::refusal::{Kind, Refusal};

/// What a protocol is, as seen from a connection.
pub(in super::super) trait Decode: Send {
    /// Where to append what is received.
    fn buffer(&mut self) -> &mut BytesMut;

    /// How many bytes it holds.
    fn held(&self) -> usize;

    /// How many whole events wait for the rest of what they belong to.
    fn events(&self) -> usize {
        0
    }

    /// What it waits for, when there is no portion.
    fn waits(&self) -> Waits;

    /// The next portion; none if it needs more bytes. Before anything is decompressed, `grant` is asked for the memory, in bytes
    /// with all that is held; when it refuses, the same call may be made again later.
    fn next(&mut self, grant: &mut Grant<'_>) -> Result<Option<Portion>, Failure>;

    /// The events that wait for the rest of what they belong to.
    fn flush(&mut self) -> Option<Portion> {
        None
    }

    /// What a sender is told that waits for memory.
    fn keepalive(&self) -> Option<Vec<u8>> {
        None
    }
}

/// Holds so many bytes, or doesn't.
pub(in super::super) type Grant<'a> = dyn FnMut(usize) -> Result<(), Refusal> + Send + 'a;

/// Events that are answered together.
pub(in super::super) struct Portion {
    /// The events.
    pub(in super::super) batch: Batch,
    /// What is said once Kafka has them; empty for nothing.
    pub(in super::super) answer: Vec<u8>,
    /// What is said while Kafka is waited for.
    pub(in super::super) keepalive: Option<Vec<u8>>,
    /// Whether their sender waits for an answer, so that nothing is lost by giving up.
    pub(in super::super) is_awaited: bool,
}

/// Why there is no next portion.
pub(in super::super) enum Failure {
    /// There is no memory for it now.
    Refused,
    /// What was sent can't be read on, or is too large.
    Broken(Kind, String),
}

/// What the decoder of a connection waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) enum Waits {
    /// The next message.
    Idle,
    /// The rest of a message.
    ForRest,
    /// The rest of a message, of which whole events are there.
    WithEvents,
}
