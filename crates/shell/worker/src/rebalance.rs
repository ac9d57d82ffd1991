//! What happens when partitions come and go.
//!
//! Called on the worker's own thread, inside its poll. While partitions are given up, the stage goes on with what is under
//! way, for a while: what has an outcome by then is committed with them, and isn't done twice.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use forebay_kafka::{Assignment, Member};
use forebay_telemetry::Component;

use crate::{PAUSE, Shared, Stage, WorkerError};

/// A stage, and the error it had while partitions were given up.
pub(crate) struct Watch<S> {
    pub(crate) shared: Shared,
    pub(crate) health: Component,
    pub(crate) revoke_timeout: Duration,
    stage: Mutex<S>,
    error: Mutex<Option<WorkerError>>,
    /// What is under way had its time: the client is closed now.
    leaves: AtomicBool,
}

// === impl Watch ===

impl<S: Stage> Watch<S> {
    pub(crate) fn new(stage: S, shared: Shared, health: Component, revoke_timeout: Duration) -> Arc<Self> {
        let (stage, error, leaves) = (Mutex::new(stage), Mutex::default(), AtomicBool::new(false));
        Arc::new(Self { shared, health, revoke_timeout, stage, error, leaves })
    }

    /// The stage; not to be held while polling.
    pub(crate) fn stage(&self) -> MutexGuard<'_, S> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What went wrong while partitions were given up.
    pub(crate) fn take_error(&self) -> Option<WorkerError> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The client is about to be closed: what has no outcome by now gets no more time.
    pub(crate) fn leave(&self) {
        self.leaves.store(true, Ordering::Relaxed);
    }

    /// Goes on with what is under way for these partitions; answers whether all of it has ended.
    fn conclude(&self, member: &Member<'_>, partitions: &[i32]) -> bool {
        if self.leaves.load(Ordering::Relaxed) {
            return !self.shared.lock().has_open(partitions);
        }
        let deadline = Instant::now() + self.revoke_timeout;
        self.stage().finish();
        loop {
            if let Err(error) = self.stage().advance(member) {
                *self.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                return false;
            }
            if !self.shared.lock().has_open(partitions) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            thread::park_timeout(PAUSE);
        }
    }
}

impl<S: Stage> Assignment for Watch<S> {
    fn assigned(&self, partitions: &[i32]) {
        self.shared.lock().assigned(partitions);
        self.health.ready();
    }

    fn revoked(&self, member: &Member<'_>, partitions: &[i32]) -> Vec<(i32, i64)> {
        if !self.conclude(member, partitions) {
            tracing::warn!(
                ?partitions,
                "partitions are given up with work under way, it is done again by their new owner"
            );
            self.stage().give_up();
        }
        self.shared.lock().revoked(partitions)
    }

    fn lost(&self, partitions: &[i32]) {
        tracing::warn!(?partitions, "partitions lost, what is under way for them will be read again");
        self.stage().give_up();
        self.shared.lock().lost(partitions);
    }
}
