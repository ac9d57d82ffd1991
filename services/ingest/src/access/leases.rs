//! What goes on for long by a credential, and ends with it: connections and streams, each under the stamp of what it was let in by. So
//! that one credential that is revoked ends nothing of the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_access::Stamp;
use tokio_util::sync::CancellationToken;

/// All that goes on.
#[derive(Clone, Debug, Default)]
pub(super) struct Leases(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    /// The number of the next one.
    next: u64,
    by_stamp: HashMap<Stamp, HashMap<u64, CancellationToken>>,
}

/// Something that goes on until this is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    ends: CancellationToken,
    /// Where it is held; nowhere, if it is by no credential.
    of: Option<(Leases, Stamp, u64)>,
}

// === impl Leases ===

impl Leases {
    /// Something goes on by this credential; `ends` is cancelled when it has to end.
    pub(super) fn begin(&self, stamp: Stamp, ends: CancellationToken) -> Lease {
        let mut held = self.held();
        let number = held.next;
        held.next += 1;
        let _none = held.by_stamp.entry(stamp).or_default().insert(number, ends.clone());
        Lease { ends, of: Some((self.clone(), stamp, number)) }
    }

    /// Ends what goes on by credentials that aren't kept; says how much that was.
    pub(super) fn end_unless(&self, keeps: impl Fn(Stamp) -> bool) -> usize {
        let lapsed: Vec<CancellationToken> = {
            let mut held = self.held();
            let lapsed = held.by_stamp.extract_if(|stamp, _| !keeps(*stamp));
            lapsed.flat_map(|(_, all)| all.into_values()).collect()
        };
        lapsed.iter().for_each(CancellationToken::cancel);
        lapsed.len()
    }

    /// How much goes on.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.held().by_stamp.values().map(HashMap::len).sum()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Lease ===

impl Lease {
    /// Of what goes on by no credential, and so is ended by none.
    pub(super) const fn of_nobody(ends: CancellationToken) -> Self {
        Self { ends, of: None }
    }

    /// Ends it.
    pub(super) fn end(&self) {
        self.ends.cancel();
    }

    /// Waits until it has to end.
    pub(crate) async fn ended(&self) {
        self.ends.cancelled().await;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some((leases, stamp, number)) = &self.of else { return };
        let mut held = leases.held();
        if let Some(all) = held.by_stamp.get_mut(stamp) {
            let _mine = all.remove(number);
            if all.is_empty() {
                let _none_left = held.by_stamp.remove(stamp);
            }
        }
    }
}
