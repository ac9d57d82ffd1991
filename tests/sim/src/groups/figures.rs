//! What came of a run.

use std::fmt;
use std::time::Duration;

use super::scenario::Scenario;
use super::setup::{Membership, Setup};

/// What came of a run, since the first thing that happened in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// What happened.
    pub scenario: Scenario,
    /// What the group knows workers by.
    pub membership: Membership,
    /// Until no partition changed hands any more.
    pub rebalanced_after: Duration,
    /// How often the coordinator shared partitions out anew.
    pub rounds: i32,
    /// Partitions that another worker has in the end.
    pub moved: usize,
    /// How long each partition wasn't looked at that was given up or lost at least once, the shortest first.
    pub still: Vec<Duration>,
    /// Records that were read again.
    pub read_twice: i64,
    /// Records that reached the next topic again: duplicates, before ids take them out.
    pub done_twice: i64,
    /// Commits that the coordinator refused.
    pub refused: u64,
    /// Times that partitions were given up with work under way.
    pub cut_short: u64,
    /// How many partitions a worker has in the end, at least and at most.
    pub shares: (usize, usize),
    /// Heartbeats a second.
    pub heartbeats: f64,
    /// The CPU time that the coordinator took for a heartbeat, on the machine that ran this; no function of the seed.
    pub cost: Duration,
    /// What must not be: records lost, offsets that went back, a partition with two owners, no rest.
    pub violations: Vec<String>,
    /// Stands for all that happened: the same for the same seed.
    pub trace: u64,
}

// === impl Figures ===

impl Figures {
    /// The head of a table of figures.
    #[must_use]
    pub const fn head() -> &'static str {
        "| what happens | members | at rest after, s | rounds | partitions moved | stood still, s: half of them, 99 %, longest | \
         read twice | handed on twice | commits refused | given up with work under way | partitions of a worker | heartbeats/s | CPU of the coordinator, us each |\n\
         |---|---|---:|---:|---:|---|---:|---:|---:|---:|---|---:|---:|"
    }

    /// How long partitions stood still that were given up or lost: so many hundredths of them no longer than this.
    #[must_use]
    pub fn stood_still(&self, hundredths: usize) -> Duration {
        let place = (self.still.len() * hundredths).div_ceil(100).saturating_sub(1);
        self.still.get(place).copied().unwrap_or_default()
    }

    /// What the first line of a run says.
    #[must_use]
    pub fn about(setup: &Setup) -> String {
        let Setup {
            seed,
            workers,
            partitions,
            rate,
            heartbeat,
            session,
            outcome,
            revoke_timeout,
            down,
            at_once,
            ..
        } = setup;
        format!(
            "seed {seed}: {workers} workers, {partitions} partitions with {rate} records/s each, heartbeats every {heartbeat:?}, \
             sessions of {session:?}, batches under way for {:?} to {:?}, waited for {revoke_timeout:?} at most; away for {down:?}, restarted {at_once} at a time",
            outcome.0, outcome.1
        )
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |time: Duration| format!("{:.1}", time.as_secs_f64());
        write!(
            f,
            "| {} | {} | {} | {} | {} | {}, {}, {} | {} | {} | {} | {} | {} to {} | {:.0} | {} |",
            self.scenario,
            self.membership,
            seconds(self.rebalanced_after),
            self.rounds,
            self.moved,
            seconds(self.stood_still(50)),
            seconds(self.stood_still(99)),
            seconds(self.stood_still(100)),
            self.read_twice,
            self.done_twice,
            self.refused,
            self.cut_short,
            self.shares.0,
            self.shares.1,
            self.heartbeats,
            self.cost.as_micros(),
        )
    }
}
