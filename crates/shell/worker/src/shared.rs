//! What a worker's thread shares with its rebalance callback and with whoever works on its batches.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

use forebay_delivery::{Worker, WorkerLimits};

/// The decisions of one life of a client; clones share them. Locked a few times per batch.
#[derive(Clone, Debug)]
pub struct Shared {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    worker: Mutex<Worker>,
    thread: Thread,
    began: Instant,
}

// === impl Shared ===

impl Shared {
    /// For a worker on the current thread.
    #[must_use]
    pub fn new(limits: WorkerLimits) -> Self {
        let worker = Mutex::new(Worker::new(limits));
        Self { inner: Arc::new(Inner { worker, thread: std::thread::current(), began: Instant::now() }) }
    }

    /// The decisions. Don't hold on to them while polling: a rebalance needs them.
    pub fn lock(&self) -> MutexGuard<'_, Worker> {
        // The state is whole between any two statements that could panic.
        self.inner.worker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time that the worker's decisions go by: since the beginning of this life.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.inner.began.elapsed()
    }

    /// Something has changed: the worker's thread looks at it now rather than in a moment.
    pub fn wake(&self) {
        self.inner.thread.unpark();
    }
}
