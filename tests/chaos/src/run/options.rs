//! What a run is to be.

use std::time::Duration;

use forebay_testkit::servers::Kind;

use crate::tier::Tier;

/// What a run is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long faults come.
    pub duration: Duration,
    /// What the schedule is made from.
    pub seed: u64,
    /// Which faults.
    pub faults: Faults,
    /// Events per second.
    pub rate: u64,
    /// Kafka transactions between the parser's topics.
    pub exactly_once: bool,
    /// Whether consumers have names that outlive them, so that their groups know them again.
    pub static_members: bool,
    /// Whether there are rules, which change all the time, and events for them.
    pub rules: bool,
    /// The search server.
    pub search: Kind,
    /// Environment variables of all tiers, such as `FOREBAY__INDEXER__BULK_WAIT=1s`.
    pub environment: Vec<(String, String)>,
}

/// Which faults a run has.
#[derive(Clone, Copy, Debug)]
pub enum Faults {
    /// All kinds, on a random schedule.
    Chaos,
    /// A kill -9 of one tier's processes, again and again.
    Kills {
        /// Which tier.
        tier: Tier,
        /// How often.
        every: Duration,
    },
}

// === impl Options ===

impl Options {
    /// What a process gets in its environment, besides its file of settings.
    #[must_use]
    pub fn environment(&self, tier: Tier, seat: usize) -> Vec<(String, String)> {
        let mut environment = self.environment.clone();
        if self.static_members {
            environment.push(("FOREBAY__KAFKA__INSTANCE_ID".to_owned(), format!("{tier}-{seat}")));
        }
        if self.exactly_once {
            environment.push(("FOREBAY__PARSER__DELIVERY".to_owned(), "exactly_once".to_owned()));
        }
        environment
    }
}
