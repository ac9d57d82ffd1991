//! Fluent Forward, versions 0 and 1: what Fluentd, Fluent Bit, Docker and the `fluent-logger` libraries send.
//!
//! [`Decoder`] takes bytes as they come and yields [`Portion`]s: all messages that are there, whatever their mode (message,
//! forward, packed, compressed with gzip or zstd), as one batch, and the bytes that acknowledge those that ask for it. A message
//! with more events than a batch may have comes in several portions, and is acknowledged by the last.
//! [`handshake`] has the messages by which both sides prove that they know a key.
//!
//! **What becomes of an event:** its record is JSON (how, says [`msgpack`](crate::msgpack)), its time is
//! [`Event::observed_at`](crate::Event::observed_at), its tag the attribute `fluent.tag`, as the OpenTelemetry collector calls it.
//! The metadata that Fluent Bit 2 may put beside the time is passed over. A record that can't be an event (no map, too large, nested
//! too deep) is refused and counted, and the chunk acknowledged all the same, since its sender would send it for ever. A
//! chunk that can't be read at all is not: the connection has to be closed.
//!
//! Specification: <https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1>, and for the metadata and signals of
//! Fluent Bit <https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1.5>. One difference: values other than arrays and
//! `nil` are faults here instead of being ignored, since the bytes of another protocol are such values, and its sender should learn of it.

mod decoder;
mod entries;
mod fault;
pub mod handshake;
mod message;

pub use decoder::{Decoder, Portion};
pub use fault::{Broken, Failure, Fault};

/// The name of the attribute that has the tag.
pub const TAG: &str = "fluent.tag";

/// What a UDP heartbeat is, and its answer.
pub const HEARTBEAT: [u8; 1] = [0];

/// How many bytes of JSON are shipped at once of what goes on: a compromise between memory and batches.
const PORTION: usize = 4 << 20;

#[cfg(test)]
mod tests;
