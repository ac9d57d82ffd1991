//! What is told of a worker's backlog: how old it is, and how long Kafka still keeps it.

use std::collections::{BTreeMap, BTreeSet};

use forebay_delivery::ages::Ages;
use forebay_delivery::tracker::Head;
use forebay_kafka::RecordBatch;
use forebay_service::clock::now_ms;
use forebay_telemetry::{GaugeName, Label, gauge};
use metrics::Gauge;

use crate::Retention;

/// The gauges of the partitions that a worker has.
#[derive(Debug)]
pub(crate) struct Backlog {
    topic: String,
    retention: Retention,
    ages: Ages,
    gauges: BTreeMap<i32, (Gauge, Gauge)>,
}

// === impl Backlog ===

impl Backlog {
    pub(crate) fn new(topic: &str, retention: Retention) -> Self {
        Self { topic: topic.to_owned(), retention, ages: Ages::default(), gauges: BTreeMap::new() }
    }

    /// A batch is handed on.
    pub(crate) fn took(&mut self, records: &RecordBatch) {
        let records = records.iter().map(|record| (record.partition, record.offset, record.timestamp_ms));
        self.ages.took(records, now_ms());
    }

    /// How far the worker is; `unread` are the partitions that have records which it hasn't polled.
    pub(crate) fn tell(&mut self, heads: &[Head], unread: &BTreeSet<i32>) {
        self.ages.keep(heads);
        let given_up: Vec<i32> = self.gauges.keys().copied().collect();
        for partition in given_up.iter().filter(|known| !heads.iter().any(|head| head.partition == **known)) {
            self.show(*partition, 0.0);
            let _gauges = self.gauges.remove(partition);
        }
        let now_ms = now_ms();
        for head in heads {
            let oldest = self.ages.oldest_ms(*head, unread.contains(&head.partition), now_ms);
            #[expect(clippy::cast_precision_loss, reason = "a gauge; 2^53 ms are 285,000 years")]
            let age = oldest.map_or(0.0, |at| now_ms.saturating_sub(at).max(0) as f64 / 1_000.0);
            self.show(head.partition, age);
        }
    }

    /// The new owner of a partition tells its own age, so that of one that was given up is 0.
    fn show(&mut self, partition: i32, age: f64) {
        let (oldest, left) = self.gauges.entry(partition).or_insert_with(|| {
            let number = partition.to_string();
            let labels = [(Label::Topic, self.topic.as_str()), (Label::Partition, number.as_str())];
            (gauge(GaugeName::ConsumerAge, &labels), gauge(GaugeName::ConsumerRetentionLeft, &labels))
        });
        oldest.set(age);
        left.set(self.retention.seconds().map_or(f64::INFINITY, |retention| retention - age));
    }
}

impl Drop for Backlog {
    fn drop(&mut self) {
        self.tell(&[], &BTreeSet::new());
    }
}
