//! What was asked and answered at one moment.

use std::time::Duration;

use forebay_kafka::admin::GroupLag;

use super::page::Page;
use super::report::{DeadLetters, Part, Server};

/// One look at everything. Metrics were read before Kafka was asked, which the [ledger](super::ledger) rests on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observation {
    /// When, since the first look.
    pub(crate) at: Duration,
    /// When, in milliseconds since the Unix epoch.
    pub(crate) now_ms: i64,
    /// Kafka and the store.
    pub(crate) servers: Vec<Server>,
    /// What Kafka says; `None` when it can't be reached.
    pub(crate) kafka: Option<KafkaFacts>,
    /// The processes that were asked.
    pub(crate) processes: Vec<ProcessFacts>,
    /// The newest of the dead-letter topic.
    pub(crate) dead_letters: DeadLetters,
}

/// What Kafka says.
#[derive(Clone, Debug)]
pub(crate) struct KafkaFacts {
    /// The sum of the ends of the raw topic's partitions, or why it isn't known.
    pub(crate) raw: Result<i64, String>,
    pub(crate) parser: GroupFacts,
    pub(crate) indexer: GroupFacts,
}

/// How far a consumer group is.
#[derive(Clone, Debug)]
pub(crate) struct GroupFacts {
    pub(crate) group: String,
    pub(crate) topic: String,
    /// By partition, or why it isn't known.
    pub(crate) lags: Result<Vec<GroupLag>, String>,
    /// When the oldest record was written that it has yet to read, in milliseconds since the Unix epoch.
    pub(crate) oldest_ms: Option<i64>,
    /// How long Kafka keeps records of the topic; `None` when for ever, or not known.
    pub(crate) retention: Option<Duration>,
    /// Whether partitions end with marks of transactions, which count as a lag of 1 and are never read.
    pub(crate) has_marks: bool,
}

/// What a process says.
#[derive(Clone, Debug)]
pub(crate) struct ProcessFacts {
    pub(crate) address: String,
    /// Its metrics, or why they aren't known.
    pub(crate) page: Result<Page, String>,
    /// Its parts that aren't ready, and why.
    pub(crate) not_ready: Vec<Part>,
}

impl GroupFacts {
    /// How many records wait.
    pub(crate) fn lag(&self) -> Option<u64> {
        let lags = self.lags.as_ref().ok()?;
        let waiting = if self.is_done() { 0 } else { lags.iter().map(GroupLag::lag).sum::<i64>() };
        u64::try_from(waiting).ok()
    }

    /// How many records the group has dealt with, counted from the first offsets.
    pub(crate) fn done(&self) -> Option<i64> {
        let lags = self.lags.as_ref().ok()?;
        Some(lags.iter().map(|lag| lag.committed.unwrap_or(lag.range.start)).sum())
    }

    /// Whether nothing waits but, at most, the mark of a transaction at the end of each partition.
    pub(crate) fn is_done(&self) -> bool {
        let mark = i64::from(self.has_marks);
        self.lags.as_ref().is_ok_and(|lags| lags.iter().all(|lag| lag.lag() <= mark))
    }

    /// The sum of its partitions' ends.
    pub(crate) fn end(&self) -> i64 {
        self.lags.as_ref().map_or(0, |lags| lags.iter().map(|lag| lag.range.end).sum())
    }
}
