//! A simulation of the whole delivery path, from a client's event to the index, on seeded schedules.
//!
//! The production core runs unchanged: [`forebay_delivery`] (worker, tracker, receipts, forwarding, transactions, backoff,
//! breaker, pace), [`forebay_writing`] (what becomes of documents), [`forebay_bulk`] (requests and answers as bytes) and
//! [`forebay_record`] and [`forebay_convert`] (raw events, what becomes of them, keys, dead letters). Around it everything is played: brokers, cluster, processes, time,
//! and chance. A schedule is a function of its seed; a thousand of them and more run in a second.
//!
//! ```text
//!  client ──► raw ──► parsers ──► events ──► indexers ──► cluster
//!    ▲ played          │ core        ▲ played    │ core       ▲ played
//!    │                 └──► letters ◄────────────┘            │
//!    │                         └──► replay ──► raw, events    │
//!    └───────────────── the oracle watches all of it ─────────┘
//! ```
//!
//! # What is modelled
//! - **Brokers** ([`broker`]): logs, read up to the last stable offset; records that are acknowledged late, refused, or written
//!   though their producer was told otherwise; groups in which partitions change hands in two steps, members with epochs and
//!   names, sessions that expire, members that are thrown out, commits of an old epoch refused; transactions with fencing, an
//!   abort by the coordinator, offsets that count only with the commit, and readers of offsets that wait for it.
//! - **Cluster** ([`cluster`]): documents created under their ids, 409 for one that is there; 429, 503, 401 for documents and
//!   for whole requests, with `Retry-After` or without; blocked and closed indices, mapping errors, 413; no answer although all
//!   was written; answers cut off, or short of an item; slow ones.
//! - **Processes** ([`node`]): killed between any two steps that others can see, and what they had queued may be gone;
//!   stopped and continued, cut off from the brokers, told to end, added; clients that fail and are made anew.
//! - **Rules** ([`convert`]): events that they refuse until they are mended, in half of the schedules also events that they
//!   drop, or split into up to three documents.
//! - **Clients**: send an event again, under its id, until they hear that it is safe. Dead letters are replayed, with what
//!   was wrong mended or not.
//!
//! # What is watched
//! After every step, by the [`oracle`] and in [`node::life`]: see [`oracle::Invariant`]. Once faults have stopped, everything
//! has to come to rest within bounded time, every acknowledged event in the index once with each of its documents, or among
//! the dead letters, or dropped.
//!
//! # What isn't modelled, and so not proved
//! - The shells themselves: their calls of the core are mirrored here in the same order, by hand. Chaos tests on real servers
//!   are for that.
//! - Threads: a process does one thing at a time. Shared state is behind one lock in production, so that its steps are these.
//! - The wire, client libraries, and the eager protocol, which isn't configured. Offsets out of range, retention, brokers or
//!   indices that lose what they acknowledged.
//! - A transaction's end is one step, while real markers reach partitions one after another; readers wait for that as well.
//! - The formats: bodies are the simulation's own. Ingest is no more than its acknowledgement.
//! - Times are scaled to tenths and less of production's, so that more happens in a schedule. How a large group behaves in
//!   production's own times is what [`groups`] is for.

pub mod broker;
pub mod campaign;
pub mod cluster;
pub mod command;
pub mod convert;
pub mod fault;
pub mod groups;
pub mod indexer;
pub mod mutation;
pub mod node;
pub mod oracle;
pub mod parser;
pub mod plan;
pub mod queue;
pub mod rng;
pub mod run;
pub mod seam;
pub mod shrink;
pub mod trace;
pub mod world;
