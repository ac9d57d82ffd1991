//! Chaos on real servers: the tiers as the processes that ship, a real Kafka, a real search server, and everything between
//! them broken on a schedule. At the end every acknowledged event must be there once.
//!
//! - [`plan`]: which faults, when: a function of the seed, of nothing else.
//! - [`events`]: what is sent: a function of the batch's number, so that a batch is the same however often it is sent.
//! - [`ledger`]: what the tiers count, and what must hold between counts and contents.
//! - [`rules`]: rules for some of it, which change while everything breaks.
//! - [`bed`]: servers, proxies and settings; [`fleet`]: the tiers' processes; [`inject`]: faults carried out.
//! - [`sender`]: the client that remembers what was acknowledged; [`audit`]: the search for it afterwards;
//!   [`probe`]: how long events take.
//! - [`run`]: one run from its start to its [`report`]; [`cli`]: the command.
//!
//! Beside it, on the same servers and processes and with the same judge, what an operator does every day, with nothing broken:
//! - [`scale`]: parsers and indexers join and leave under load; what more of them do.
//! - [`roll`]: all processes are replaced under load, one after the other, behind a [`spreader`].
//!
//! What a run proves: with these faults at these times, on one machine, nothing that was acknowledged was lost, and nothing
//! is in the index twice. What it doesn't: other interleavings (the simulation of the delivery core looks at millions), loss
//! of a disk, clusters of several nodes, clocks that jump.

pub mod audit;
pub mod bed;
pub mod cli;
pub mod events;
pub mod fleet;
pub mod inject;
pub mod ledger;
pub mod plan;
pub mod probe;
pub mod report;
pub mod roll;
pub mod rules;
pub mod run;
pub mod scale;
mod scene;
pub mod sender;
pub mod spreader;
pub mod tier;
