//! What a connection has sent and nobody has taken yet, within the memory that it gets.
//!
//! A few KiB are a connection's own, as its socket is: thousands of idle ones need no more. Whatever goes beyond that counts against
//! the memory of all requests before it is taken, with what its events will need on their way to Kafka.

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use super::ship::{PER_BYTE, Route};
use crate::intake::room::Holding;
use crate::listen::Stream;
use crate::refusal::Kind;

/// What a connection may have without asking, in bytes.
const OWN: usize = 4 * 1024;

/// What it asks for first, in bytes; then twice as much as before, as long as it is filled.
const FIRST: usize = 4 * OWN;

/// The most that is read ahead while a batch is on its way, in bytes.
const AHEAD: usize = 512 * 1024;

/// What a message may take beside its bytes: a count, or the header of a frame.
const HEADER: usize = 64;

/// What came of reading.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Came {
    /// There is more than before.
    Some,
    /// The sender has ended the connection, or it is gone.
    End,
    /// A message that takes memory is not completed.
    Late,
    /// There is no room for the rest of a message.
    NoRoom(Kind),
}

/// The reading side of a connection, and the writing side.
#[derive(Debug)]
pub(super) struct Inlet {
    stream: Stream,
    buffer: BytesMut,
    /// How large the buffer may become.
    limit: usize,
    /// The memory for that, beyond [`OWN`].
    held: Holding,
    /// Since when that is held for a message that isn't whole yet.
    since: Option<Instant>,
    route: Route,
}

impl Inlet {
    pub(super) fn new(stream: Stream, route: Route) -> Self {
        let held = route.holding();
        Self { stream, buffer: BytesMut::new(), limit: OWN, held, since: None, route }
    }

    /// What is read.
    pub(super) const fn stream(&self) -> &Stream {
        &self.stream
    }

    /// What nobody has taken yet.
    pub(super) fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    /// Drops `used` bytes of it.
    pub(super) fn pass(&mut self, used: usize) {
        drop(self.buffer.split_to(used.min(self.buffer.len())));
        self.settle();
    }

    /// Takes `used` bytes out of it, with the memory that is held for them.
    pub(super) fn split(&mut self, used: usize) -> (Bytes, Holding) {
        let bytes = self.buffer.split_to(used.min(self.buffer.len())).freeze();
        let held = self.held.split();
        (self.limit, self.since) = (OWN, None);
        self.let_go();
        (bytes, held)
    }

    /// Reads what is there, or waits until something is. While a batch is on its way, it waits for ever where there is no
    /// memory to read ahead: the end of the batch ends that.
    ///
    /// Nothing is lost when the future is dropped.
    pub(super) async fn read(&mut self, is_shipping: bool) -> Came {
        while self.buffer.len() >= self.limit {
            if is_shipping {
                if self.limit >= AHEAD || !self.grow() {
                    return std::future::pending().await;
                }
            } else if let Err(kind) = self.grow_in_time().await {
                return Came::NoRoom(kind);
            }
        }
        let room = self.limit - self.buffer.len();
        self.buffer.reserve(room.min(64 * 1024));
        let mut buffer = (&mut self.buffer).limit(room);
        let read = self.stream.read_buf(&mut buffer);
        let read = if self.limit > OWN && !is_shipping {
            // From the first byte on: a byte now and then keeps no memory.
            let since = *self.since.get_or_insert_with(Instant::now);
            match timeout_at(since + self.route.intake.limits.read_timeout, read).await {
                Ok(read) => read,
                Err(_) => return Came::Late,
            }
        } else {
            read.await
        };
        match read {
            Ok(0) | Err(_) => Came::End,
            Ok(_) => Came::Some,
        }
    }

    /// Writes the answers and clears them; says whether that went well.
    pub(super) async fn write(&mut self, answers: &mut Vec<u8>) -> bool {
        if answers.is_empty() {
            return true;
        }
        // Who sends and doesn't read would hold what is ours for ever.
        let written = timeout(self.route.intake.limits.read_timeout, self.stream.write_all(answers)).await;
        answers.clear();
        matches!(written, Ok(Ok(())))
    }

    /// Writes the last answers, and closes the connection.
    pub(super) async fn close(mut self, answers: &mut Vec<u8>) {
        if self.write(answers).await {
            let _gone = timeout(self.route.intake.limits.read_timeout, self.stream.shutdown()).await;
        }
    }

    /// Gives memory back that is not needed any more.
    fn settle(&mut self) {
        if self.buffer.len() < OWN {
            self.held.let_go();
            (self.limit, self.since) = (OWN, None);
        }
        self.let_go();
    }

    /// Lets a large buffer go of which little is used: what was taken out of it keeps it only as long as it needs.
    fn let_go(&mut self) {
        if self.buffer.len() < OWN && self.buffer.capacity() > OWN {
            self.buffer = BytesMut::from(&self.buffer[..]);
        }
    }

    async fn grow_in_time(&mut self) -> Result<(), Kind> {
        let limit = self.next_limit();
        let give_up = &self.route.stop.give_up;
        // Or connections that all wait for more would keep from each other what they have, until none of them has time left.
        let _until_there_is_some = self.held.lend();
        self.held.grow_to(limit.saturating_mul(PER_BYTE), give_up).await.map_err(|refusal| refusal.kind)?;
        self.limit = limit;
        Ok(())
    }

    /// Makes room for about twice as much, if there is memory for it.
    fn grow(&mut self) -> bool {
        let limit = self.next_limit();
        let grows = self.held.try_grow_to(limit.saturating_mul(PER_BYTE)).is_ok();
        if grows {
            self.limit = limit;
        }
        grows
    }

    fn next_limit(&self) -> usize {
        let most = AHEAD.max(self.route.intake.limits.max_event + HEADER);
        (self.limit * 2).max(self.buffer.len() * 2).clamp(FIRST, most.max(self.buffer.len() + HEADER))
    }
}
