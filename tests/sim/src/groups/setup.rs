//! How large a group is, and the world around it.

use std::fmt;
use std::time::Duration;

/// How long a poll waits for records, as in `crates/shell/worker`.
pub(super) const POLL_WAIT: Duration = Duration::from_millis(50);
/// How long a parser's lane takes for a record: 5 CPU-seconds per million.
pub(super) const PER_RECORD: Duration = Duration::from_micros(5);
/// How many records a batch has at most, as in a parser's lane.
pub(super) const BATCH: i64 = 5_000;
/// How many bytes of a record count as held.
pub(super) const RECORD_BYTES: i64 = 300;
/// How long a stop waits for it (`parser.drain_timeout`).
pub(super) const DRAIN_TIMEOUT: Duration = Duration::from_secs(20);
/// What librdkafka tells as the time that giving partitions up may take: its `max.poll.interval.ms`.
pub(super) const REBALANCE_TIMEOUT: Duration = Duration::from_secs(300);
/// How long to wait before a client is made anew that the group doesn't let in, as in `crates/shell/kafka`.
pub(super) const ANEW: Duration = Duration::from_secs(2);

/// What the group knows workers by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Membership {
    /// A new member each time: pods of a Deployment.
    Dynamic,
    /// Its name, over restarts (`kafka.instance_id`): pods of a StatefulSet.
    Static,
}

/// How large a group is, and the world around it.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Which run.
    pub seed: u64,
    /// How many workers there are to begin with.
    pub workers: usize,
    /// How many partitions.
    pub partitions: i32,
    /// Records a second and partition.
    pub rate: u64,
    /// What the group knows workers by.
    pub membership: Membership,
    /// How often members are heard of (`group.consumer.heartbeat.interval.ms`, of the brokers).
    pub heartbeat: Duration,
    /// How long a silent member stays one (`group.consumer.session.timeout.ms`, of the brokers).
    pub session: Duration,
    /// How often a worker takes what is there.
    pub poll: Duration,
    /// How long a batch is under way, at least and at most.
    pub outcome: (Duration, Duration),
    /// How long partitions that are given up wait for what is under way (`parser.revoke_timeout`).
    pub revoke_timeout: Duration,
    /// How long a worker that ended is away.
    pub down: Duration,
    /// How many workers a rolling restart ends at once.
    pub at_once: usize,
}

// === impl Membership ===

impl fmt::Display for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dynamic => "new each time",
            Self::Static => "by name",
        })
    }
}

// === impl Setup ===

impl Setup {
    /// A group of so many workers and partitions, with the defaults of brokers and of Forebay.
    #[must_use]
    pub const fn new(seed: u64, workers: usize, partitions: i32) -> Self {
        Self {
            seed,
            workers,
            partitions,
            rate: 500,
            membership: Membership::Dynamic,
            heartbeat: Duration::from_secs(5),
            session: Duration::from_secs(45),
            poll: Duration::from_millis(100),
            outcome: (Duration::from_millis(20), Duration::from_millis(60)),
            revoke_timeout: Duration::from_secs(5),
            down: Duration::from_secs(10),
            at_once: 10,
        }
    }

    /// The broker's settings, in its own words.
    pub(super) fn of_brokers(&self) -> Vec<String> {
        let (heartbeat, session) = (self.heartbeat.as_millis(), self.session.as_millis());
        vec![
            format!("group.consumer.heartbeat.interval.ms={heartbeat}"),
            format!("group.consumer.min.heartbeat.interval.ms={}", heartbeat.min(5_000)),
            format!("group.consumer.max.heartbeat.interval.ms={}", heartbeat.max(15_000)),
            format!("group.consumer.session.timeout.ms={session}"),
            format!("group.consumer.min.session.timeout.ms={}", session.min(45_000)),
            format!("group.consumer.max.session.timeout.ms={}", session.max(60_000)),
        ]
    }
}
