//! What the fake keeps: documents, templates, faults and counters.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::Value;

use super::fault::Faults;

/// What has come so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Bulk requests, those that met a fault included.
    pub requests: u64,
    /// Items of the bulk requests that were looked into.
    pub items: u64,
    /// Bytes of the bodies of bulk requests, as they came over the wire.
    pub bytes: u64,
    /// Items answered with 201.
    pub created: u64,
    /// Items answered with 409: the id was there.
    pub conflicts: u64,
    /// Items answered with another status.
    pub refused: u64,
}

/// Documents by index and id.
pub(super) type Documents = BTreeMap<String, BTreeMap<String, Bytes>>;

#[derive(Debug, Default)]
pub(super) struct State {
    /// Whether bulk requests are only counted.
    pub(super) is_sink: bool,
    pub(super) tally: Tally,
    documents: Mutex<Documents>,
    faults: Mutex<Faults>,
    traceparents: Mutex<Vec<String>>,
    /// Templates and such by path, as they were put.
    resources: Mutex<HashMap<String, Value>>,
}

/// The counters, where many connections can reach them.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) requests: AtomicU64,
    pub(super) items: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) created: AtomicU64,
    pub(super) conflicts: AtomicU64,
    pub(super) refused: AtomicU64,
}

// === impl State ===

impl State {
    /// The `traceparent` headers that came.
    pub(super) fn traceparents(&self) -> MutexGuard<'_, Vec<String>> {
        self.traceparents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sink() -> Self {
        Self { is_sink: true, ..Self::default() }
    }

    pub(super) fn documents(&self) -> MutexGuard<'_, Documents> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn resources(&self) -> MutexGuard<'_, HashMap<String, Value>> {
        self.resources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn counters(&self) -> Counters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Tally { requests, items, bytes, created, conflicts, refused } = &self.tally;
        Counters {
            requests: read(requests),
            items: read(items),
            bytes: read(bytes),
            created: read(created),
            conflicts: read(conflicts),
            refused: read(refused),
        }
    }
}

/// Adds to a counter; they are only read by tests, so no order is needed.
pub(super) fn add(counter: &AtomicU64, n: usize) {
    let _before = counter.fetch_add(n as u64, Ordering::Relaxed);
}
