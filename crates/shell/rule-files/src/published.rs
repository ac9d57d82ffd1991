//! What lanes work with. A lane looks once a batch; a batch is of one revision from its first event to its last.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use forebay_rules::{Candidate, Rules};

/// The rules that are in force, for all lanes of a process.
#[derive(Debug)]
pub struct Published(ArcSwap<InForce>);

/// The rules of one moment.
#[derive(Debug)]
pub struct InForce {
    /// These make the documents.
    pub rules: Arc<Rules>,
    /// These are tried beside them, on a part of the events; what they make is compared and thrown away.
    pub candidate: Option<Arc<Candidate>>,
}

// === impl Published ===

impl Published {
    /// These rules are in force.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self(ArcSwap::from_pointee(InForce { rules: Arc::new(rules), candidate: None }))
    }

    /// What is in force now.
    #[must_use]
    pub fn load(&self) -> Guard<Arc<InForce>> {
        self.0.load()
    }

    /// Puts rules in force, for each lane from its next batch on.
    pub(crate) fn store(&self, in_force: InForce) {
        self.0.store(Arc::new(in_force));
    }
}
