//! Sends lines to ingest: cut into batches, each posted until it is taken or refused for good.

mod answer;
mod batches;
mod destination;
mod key;
mod poster;
mod trouble;

pub(crate) use answer::Taken;
pub(crate) use batches::{Batch, Batches, Limits};
pub(crate) use destination::{Destination, ingest_url};
pub(crate) use key::KeyBase;

/// Counts of everything that was sent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    pub(crate) batches: u64,
    pub(crate) bytes: u64,
    pub(crate) accepted: u64,
    pub(crate) rejected: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, batch: &Batch, taken: &Taken) {
        self.batches += 1;
        self.bytes += batch.body.len() as u64;
        self.accepted += taken.accepted;
        self.rejected += taken.rejected;
    }
}
