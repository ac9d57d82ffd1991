//! Whether a lane's results reach the next topic, as `/readyz` says it.

use forebay_telemetry::Component;

/// How many batches in a row are refused until people are told: fewer are an election.
const MANY: u32 = 3;

/// The part `parser-N.delivery` of the process.
#[derive(Debug)]
pub(super) struct Readiness {
    health: Component,
    /// Batches that were refused since the last one that was taken.
    refused: u32,
}

// === impl Readiness ===

impl Readiness {
    /// Says nothing yet.
    pub(super) const fn new(health: Component) -> Self {
        Self { health, refused: 0 }
    }

    /// Kafka did not take a batch. One that it never takes is sent again for ever: nothing is lost, and nothing moves.
    pub(super) fn refused(&mut self, error: &str) {
        self.refused = self.refused.saturating_add(1);
        if self.refused >= MANY {
            self.health
                .not_ready(format!("kafka takes no batch, {} refused in a row: {error}", self.refused));
        }
    }

    /// Kafka has taken a batch.
    pub(super) fn taken(&mut self) {
        self.refused = 0;
        self.health.ready();
    }

    /// The way is open, as far as is known.
    pub(super) fn open(&self) {
        if self.refused < MANY {
            self.health.ready();
        }
    }

    /// The way is shut.
    pub(super) fn shut(&self, reason: String) {
        self.health.not_ready(reason);
    }
}
