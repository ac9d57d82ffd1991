//! A consumer group at its largest: how long partitions stand still when workers come and go, and what is done twice.
//!
//! Where [the rest of the simulation](crate) asks whether anything is lost, on schedules as wild as can be, this asks how a group
//! of hundreds of workers and thousands of partitions behaves on an ordinary day. Nothing is scaled down: times are those of
//! production. A run is a function of its seed.
//!
//! # What is real
//! - **The group's coordinator**, with the assignor: Kafka's own class, fed with requests
//!   (`tests/servers/kafka/Coordinator.java`). Which partitions go where and when, epochs, sessions, names that are kept, refused
//!   commits, and what is committed: all of it is said by the code that brokers run. The protocol is the one that consumers of
//!   ours speak first (`kafka.group_protocol: auto`, KIP-848), and the assignor what brokers take unless told otherwise
//!   (`uniform`).
//! - **The delivery core**: each worker has a [`Worker`](forebay_delivery::Worker) and a
//!   [`Forwarding`](forebay_delivery::Forwarding), as a lane of the parser does.
//!
//! # What is modelled
//! - The client library's part in the protocol (`client`), after librdkafka 2.12: when heartbeats are sent, what they say, and
//!   in which order partitions are given up, taken up and acknowledged.
//! - The poll loop and its rebalance callback (`process`), as in `crates/shell/worker`: what is under way is waited for, its
//!   offsets are committed, then partitions are given up.
//! - Times: ways to the broker and back, how long it writes, how long a batch is under way; what ends there before a worker is
//!   killed counts, whether or not the worker hears of it. Records come at an even rate.
//!
//! # What isn't modelled, and so not proved
//! The classic protocol, in which a member shares partitions out; transactions; what the indexer does with documents (a longer
//! `outcome` stands for it); brokers that fail, or a coordinator that moves or is slow: its CPU time is told beside the figures.
//! Workers that are frozen and come back are a matter of the rest of the simulation, and of the chaos tests.

mod client;
mod command;
mod coordinator;
mod figures;
mod process;
mod run;
mod scenario;
mod setup;
mod spans;
mod watch;
mod world;

pub use command::{Options, all};
pub use figures::Figures;
pub use run::run;
pub use scenario::Scenario;
pub use setup::{Membership, Setup};
