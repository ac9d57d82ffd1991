//! What senders write, read into batches of events: a folder or file for each protocol. No I/O, no clock, no runtime.
//!
//! Every decoder ends in the same [`Batch`]: bytes, the events as ranges of them, what the events of a group share, and
//! which events are refused and why. The intake of the service sends batches to Kafka without knowing where they are from.
//!
//! **Text stays as it came**, byte for byte: lines, JSON objects, syslog messages are ranges of what was received. Binary
//! encodings (`MessagePack`, protobuf) have no form that people, rules and dead letters could show, and a parser could read
//! without their frame: those become JSON here, written once into one buffer ([`Writer`]).
//!
//! Everything that is read is foreign: limits on size, depth and count come with [`Limits`], nothing recurses without a
//! bound, nothing panics, and what can't be read says where and why.
//!
//! Shared by decoders: [`frames`], [`delimited`] and [`datagrams`] (messages out of connections and datagrams), [`json`] (validation), [`mod@plan`], [`shape`] and [`split`] (bodies of lines and JSON), [`encoding`] and
//! [`mod@inflate`] (compression), [`ids`] (which id an event gets),
//! [`broken`] (where a connection can't be read on).

pub mod batch;
pub mod broken;
pub mod bulk;
pub mod datagrams;
pub mod declared;
pub mod delimited;
pub mod encoding;
pub mod firehose;
pub mod fluent_bit;
pub mod forward;
pub mod frames;
pub mod gelf;
pub mod grpc;
pub mod hec;
pub mod ids;
pub mod inflate;
pub mod json;
pub mod loki;
pub mod lumberjack;
pub mod msgpack;
pub mod otlp;
pub mod plan;
pub mod protobuf;
pub mod rejections;
pub mod relp;
pub mod rpc;
pub mod shape;
pub mod split;
pub mod syslog;
#[cfg(test)]
mod testing;
pub mod websocket;
pub mod writer;

pub use batch::{Batch, Event, Facts, Group, Limits};
pub use encoding::Encoding;
pub use ids::Ids;
pub use inflate::{InflateError, inflate};
pub use rejections::{Reason, Rejection, Rejections};
pub use writer::Writer;
