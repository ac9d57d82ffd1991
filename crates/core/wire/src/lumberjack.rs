//! Lumberjack, versions 1 and 2: what Beats, Logstash's outputs and Elastic Agent send.
//!
//! A sender says how many events it sends before it waits (the *window*), then sends them one by one or in compressed frames,
//! and may forget them once their sequence number is acknowledged. [`Decoder`] takes bytes as they come and yields
//! [`Portion`]s: a whole window, as a rule, or a part of one, which the protocol allows to be acknowledged by itself. A
//! window is cut where
//! - it has more events or bytes than one batch may have, so that its size needs no limit of its own;
//! - its events come in frames of different kinds, so that events stay ranges of what was received or inflated, never copied;
//! - the caller asks for what is there ([`Decoder::flush`]), since a sender of version 1 may wait without filling its window.
//!
//! The protocol can't refuse a single event, and a sender would send a refused window again and again. So JSON goes on as it
//! came, and what isn't JSON becomes a dead letter of the parser, where somebody can see to it. Only what no record of Kafka
//! holds is refused here, and counted.
//!
//! Where the protocol is described: <https://github.com/logstash-plugins/logstash-input-beats/blob/main/PROTOCOL.md> (both
//! versions). The page of the same name in `elastic/go-lumber` describes frames that neither its client nor Beats send.

mod decoder;
mod fault;
mod frame;
mod pairs;

pub use decoder::{Decoder, Portion};
pub use fault::{Broken, Failure, Fault};

/// How much is shipped and acknowledged at once of a window that goes on, in bytes: a compromise between memory and batches.
const PORTION: usize = 4 << 20;

/// An acknowledgement: all events up to a sequence number have arrived.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ack {
    /// The version of the window's frame: `b'1'` or `b'2'`.
    pub version: u8,
    /// The sequence number of the last event.
    pub sequence: u32,
}

impl Ack {
    /// Its frame.
    #[must_use]
    pub const fn encode(self) -> [u8; 6] {
        let [first, second, third, fourth] = self.sequence.to_be_bytes();
        [self.version, b'A', first, second, third, fourth]
    }

    /// The same for no event at all: the sender, who would give up after a time without any answer, sees that its events
    /// are still being worked on.
    #[must_use]
    pub const fn keepalive(self) -> Self {
        Self { sequence: 0, ..self }
    }
}

#[cfg(test)]
mod tests;
