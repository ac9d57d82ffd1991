//! What a worker does with its records, as its shell's loop sees it: the same trait as in production, without threads.

use std::fmt;
use std::time::Duration;

use forebay_delivery::{Gate, Worker};

use crate::cluster::Reply;
use crate::node::consumer::{Consumer, Polled};
use crate::node::context::{Context, End};

/// How much is gathered before a stage takes it.
#[derive(Clone, Copy, Debug)]
pub struct Gather {
    /// So many records.
    pub records: usize,
    /// Or whatever has come after so long.
    pub wait: Duration,
}

/// A stage. Times are those of the worker.
pub trait Stage: fmt::Debug {
    /// How much it wants at once.
    fn gather(&self) -> Gather;

    /// Whether it could use another batch.
    fn gate(&self, now: Duration) -> Gate;

    /// Opens a batch, and begins to work on it.
    ///
    /// # Errors
    /// When the process ends.
    fn take(
        &mut self,
        worker: &mut Worker,
        records: Vec<Polled>,
        now: Duration,
        context: &mut Context<'_, '_>,
    ) -> Result<(), End>;

    /// Looks after what is under way.
    ///
    /// # Errors
    /// When the process ends.
    fn advance(
        &mut self,
        worker: &mut Worker,
        consumer: &Consumer,
        now: Duration,
        context: &mut Context<'_, '_>,
    ) -> Result<(), End>;

    /// What is under way is to end soon.
    fn finish(&mut self) {}

    /// What is under way will not end in time.
    ///
    /// # Errors
    /// When the process is killed.
    fn give_up(&mut self, context: &mut Context<'_, '_>) -> Result<(), End> {
        let _unused = context;
        Ok(())
    }

    /// An answer of the cluster has come.
    fn reply(&mut self, number: u64, reply: Reply) {
        let _unused = (number, reply);
    }

    /// When to look again if nothing happens.
    fn next_at(&self) -> Option<Duration> {
        None
    }

    /// The most bytes that its worker may hold.
    fn may_hold(&self) -> usize;
}
