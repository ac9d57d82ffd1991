//! The seam between the simulation and the production core.
//!
//! Every decision of the core that a fault could falsify passes through here. Each method's default is the production code's
//! own answer; [`crate::mutation`] overrides one at a time, to show that the simulation notices.

use std::fmt;
use std::time::Duration;

use forebay_bulk::{BulkAnswer, BulkRequest};
use forebay_delivery::{Commits, Converted, Handed, Receipt, Worker};

use crate::node::acks::{Acks, Answer};

/// The core as the workers of a schedule see it.
pub trait Core: fmt::Debug + Sync {
    /// What is committed, where the worker says this.
    fn to_commit(&self, worker: &Worker, offsets: Vec<(i32, i64)>) -> Vec<(i32, i64)> {
        let _unused = worker;
        offsets
    }

    /// Partitions are taken away: what is committed for them.
    fn revoked(&self, worker: &mut Worker, partitions: &[i32]) -> Vec<(i32, i64)> {
        worker.revoked(partitions)
    }

    /// Whether what is under way for partitions that are given up gets its time.
    fn waits_for_what_is_under_way(&self) -> bool {
        true
    }

    /// Partitions are gone.
    fn lost(&self, worker: &mut Worker, partitions: &[i32]) {
        worker.lost(partitions);
    }

    /// Who commits a worker's offsets.
    fn commits(&self, who: Commits) -> Commits {
        who
    }

    /// How often what was committed is committed again.
    fn commit_again(&self) -> Duration {
        Duration::from_millis(1_000)
    }

    /// Whether the offsets of partitions that were taken away are kept out of commits, as the shell does once more.
    fn knows_what_it_owns(&self) -> bool {
        true
    }

    /// What became of the records of a parser's batch.
    fn converted(&self, converted: Converted) -> Converted {
        converted
    }

    /// How the brokers answered for a batch of the parser that was converted so.
    fn handed(&self, converted: Converted, acks: &Acks) -> Option<Handed> {
        handed(converted, acks)
    }

    /// Whether a batch that is sent again is converted by the rules that it was converted by first.
    fn keeps_the_revision(&self) -> bool {
        true
    }

    /// How the brokers answered for dead letters of the indexer.
    fn letters_handed(&self, acks: &Acks) -> Answer {
        acks.answer()
    }

    /// What the cluster answered.
    fn answer(&self, answer: BulkAnswer) -> BulkAnswer {
        answer
    }

    /// How many of a request's documents are sent, from the first one. `split` says that one was too large before.
    fn documents(&self, request: &BulkRequest, split: bool) -> usize {
        let _unused = split;
        request.len()
    }

    /// The body that is sent, the so-manieth of this indexer.
    fn body(&self, body: Vec<u8>, number: u64) -> Vec<u8> {
        let _unused = number;
        body
    }

    /// Whether what was given up is read again.
    fn rewinds(&self) -> bool {
        true
    }

    /// Whether paused partitions are resumed.
    fn resumes(&self) -> bool {
        true
    }

    /// Whether a transaction's offsets are put into it.
    fn offsets_go_into_the_transaction(&self) -> bool {
        true
    }

    /// Whether the group's coordinator is told which member and epoch puts offsets into a transaction.
    fn shows_its_epoch(&self) -> bool {
        true
    }

    /// A batch is opened; what is kept here stays held for ever.
    fn opened(&self, worker: &mut Worker, bytes: usize, kept: &mut Vec<Receipt>) {
        let _unused = (worker, bytes, kept);
    }
}

/// The production core, as it is.
#[derive(Clone, Copy, Debug)]
pub struct Production;

impl Core for Production {}

/// As a lane of the parser does it.
pub fn handed(converted: Converted, acks: &Acks) -> Option<Handed> {
    match acks.answer() {
        Answer::UnderWay => None,
        Answer::Failed => Some(Handed::Failed),
        Answer::All { documents, letters } => Some(Handed::of(converted, Some(documents), Some(letters))),
    }
}
