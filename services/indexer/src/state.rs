//! What the intake thread and the writers share: the offsets, and how much is under way.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_delivery::OffsetTracker;
use forebay_kafka::{Assignment, Member, RecordBatch};
use forebay_telemetry::Component;

/// How many empty batches are kept for their memory.
const SPARES: usize = 2;

/// Shared state of one life of the client; clones share it. It is locked a few times per load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) tracker: OffsetTracker,
    /// Loads under way.
    pub(crate) loads: usize,
    /// Bytes that they hold.
    pub(crate) bytes: usize,
    spares: Vec<RecordBatch>,
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements that could panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// An empty batch, with the memory of an earlier one where there is one.
    pub(crate) fn spare(&mut self) -> RecordBatch {
        self.spares.pop().unwrap_or_default()
    }

    pub(crate) fn reuse(&mut self, mut records: RecordBatch) {
        if self.spares.len() < SPARES {
            records.clear();
            self.spares.push(records);
        }
    }
}

/// What happens when partitions come and go.
#[derive(Debug)]
pub(crate) struct IndexerAssignment {
    pub(crate) shared: Shared,
    pub(crate) health: Component,
}

impl Assignment for IndexerAssignment {
    fn assigned(&self, partitions: &[i32]) {
        self.shared.lock().tracker.assign(partitions);
        self.health.ready();
    }

    fn revoked(&self, _member: &Member<'_>, partitions: &[i32]) -> Vec<(i32, i64)> {
        self.shared.lock().tracker.revoke(partitions)
    }

    fn lost(&self, partitions: &[i32]) {
        tracing::warn!(?partitions, "partitions lost, what is under way for them will be read again");
        let _too_late = self.shared.lock().tracker.revoke(partitions);
    }
}
