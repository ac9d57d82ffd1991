//! Who has used the cores.

use std::collections::BTreeMap;
use std::ops::Sub;
use std::time::Duration;

use anyhow::Result;
use forebay_testkit::machine;
use forebay_testkit::procs::Usage;
use tokio::time::Instant;

use crate::bed::Destination;
use crate::scene::Scene;
use crate::tier::Tier;

/// Time on a CPU, by who used it: since the start of each, or, as a difference, between two moments.
#[derive(Clone, Debug)]
pub struct Times {
    /// Of each tier, all its processes together.
    pub tiers: BTreeMap<Tier, Duration>,
    /// Of Kafka.
    pub kafka: Duration,
    /// Of the search server; nothing for a fake, whose work is this process's.
    pub search: Duration,
    /// Of this process, which sends.
    pub own: Duration,
    /// Of the whole machine.
    pub machine: Duration,
    /// How much time it was on the clock.
    pub clock: Duration,
}

// === impl Times ===

impl Times {
    /// As of now, on a clock that began then.
    pub(super) async fn now(scene: &Scene, began: Instant) -> Result<Self> {
        scene.fleet.lives.read_surely().await?;
        let search = match &scene.bed.search {
            Destination::Server(server) => server.lock().await.usage()?.cpu,
            Destination::Fake(_) => Duration::ZERO,
        };
        Ok(Self {
            tiers: scene.fleet.lives.cpu(),
            kafka: scene.bed.kafka.lock().await.usage()?.cpu,
            search,
            own: Usage::of(std::process::id())?.cpu,
            machine: machine::busy()?,
            clock: began.elapsed(),
        })
    }

    /// Of a tier.
    #[must_use]
    pub fn of(&self, tier: Tier) -> Duration {
        self.tiers.get(&tier).copied().unwrap_or_default()
    }

    /// What was used by who has no part in the run.
    #[must_use]
    pub fn others(&self) -> Duration {
        let ours = self.tiers.values().sum::<Duration>() + self.kafka + self.search + self.own;
        self.machine.saturating_sub(ours)
    }

    /// A time, as cores that were busy with it all the while.
    #[must_use]
    pub fn cores(&self, used: Duration) -> f64 {
        used.as_secs_f64() / self.clock.as_secs_f64().max(f64::EPSILON)
    }
}

impl Sub for Times {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        let tiers = self.tiers.iter().map(|(tier, time)| (*tier, time.saturating_sub(before.of(*tier))));
        Self {
            tiers: tiers.collect(),
            kafka: self.kafka.saturating_sub(before.kafka),
            search: self.search.saturating_sub(before.search),
            own: self.own.saturating_sub(before.own),
            machine: self.machine.saturating_sub(before.machine),
            clock: self.clock.saturating_sub(before.clock),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(seconds: u64) -> Times {
        let of = |share: u64| Duration::from_secs(seconds * share);
        Times {
            tiers: [(Tier::Parser, of(4)), (Tier::Indexer, of(2))].into(),
            kafka: of(1),
            search: of(1),
            own: of(1),
            machine: of(12),
            clock: of(6),
        }
    }

    #[test]
    fn what_is_nobodys_is_others() {
        let used = times(3) - times(2);
        assert_eq!((used.of(Tier::Parser), used.of(Tier::Ingest)), (Duration::from_secs(4), Duration::ZERO));
        assert_eq!(used.others(), Duration::from_secs(3));
        assert!((used.cores(used.machine) - 2.0).abs() < 1e-9);
    }
}
