//! What happens on a lane when its partitions come and go.
//!
//! Called on the lane's own thread, inside its poll, so that nothing else touches the state meanwhile.

use std::sync::{Arc, Mutex};

use forebay_kafka::Assignment;
use forebay_telemetry::Component;

use super::pending::{self, LaneState};

#[derive(Debug)]
pub(super) struct LaneAssignment {
    state: Arc<Mutex<LaneState>>,
    health: Component,
}

impl LaneAssignment {
    pub(super) const fn new(state: Arc<Mutex<LaneState>>, health: Component) -> Self {
        Self { state, health }
    }
}

impl Assignment for LaneAssignment {
    fn assigned(&self, partitions: &[i32]) {
        pending::lock(&self.state).assign(partitions);
        self.health.ready();
    }

    fn revoked(&self, partitions: &[i32]) -> Vec<(i32, i64)> {
        pending::lock(&self.state).revoke(partitions)
    }

    fn lost(&self, partitions: &[i32]) {
        tracing::warn!(?partitions, "partitions lost, what is under way for them will be read again");
        let _too_late = pending::lock(&self.state).revoke(partitions);
    }
}
