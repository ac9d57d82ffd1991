//! Going back to an offset, also where librdkafka can't do it yet.
//!
//! Right after an assignment a partition has no position that could be changed: the committed offset is still being asked
//! for. So what was asked for is kept and tried again with each poll, and what comes of the partition meanwhile is left
//! out. Once it has been given up, its new owner reads from what is committed, and nothing is kept.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::TopicPartitionList;

use super::rebalance::Context;
use crate::error::KafkaError;

/// How long a seek may take.
const SEEK_TIMEOUT: Duration = Duration::from_secs(5);

/// Where to read again from, of partitions where that was not possible so far.
#[derive(Debug, Default)]
pub(super) struct Rewind(BTreeMap<i32, i64>);

impl Rewind {
    /// Notes where to go.
    ///
    /// # Errors
    /// When an offset can't be one; then none is noted.
    pub(super) fn ask(&mut self, offsets: &[(i32, i64)]) -> Result<(), KafkaError> {
        if let Some((partition, offset)) = offsets.iter().find(|(_, offset)| *offset < 0) {
            return Err(KafkaError::Other(format!("{offset} is no offset (partition {partition})")));
        }
        self.0.extend(offsets.iter().copied());
        Ok(())
    }

    /// Whether a partition's records are still those from before.
    pub(super) fn waits_for(&self, partition: i32) -> bool {
        self.0.contains_key(&partition)
    }

    /// These partitions were given up.
    pub(super) fn forget(&mut self, partitions: &[i32]) {
        self.0.retain(|partition, _| !partitions.contains(partition));
    }

    /// Goes where that is possible by now, among the partitions that are ours.
    pub(super) fn go(&mut self, consumer: &BaseConsumer<Context>) {
        if self.0.is_empty() {
            return;
        }
        let context = consumer.context();
        self.0.retain(|partition, _| context.owned().contains(partition));
        let offsets: Vec<(i32, i64)> =
            self.0.iter().map(|(partition, offset)| (*partition, *offset)).collect();
        let sought = context
            .still_owned(&offsets)
            .and_then(|list| list.map(|list| consumer.seek_partitions(list, SEEK_TIMEOUT)).transpose());
        match sought {
            Ok(done) => {
                for partition in done.iter().flat_map(TopicPartitionList::elements) {
                    match partition.error() {
                        Ok(()) => self.forget(&[partition.partition()]),
                        Err(error) => tracing::debug!(
                            topic = context.topic(),
                            partition = partition.partition(),
                            error = %error,
                            "can't go back yet"
                        ),
                    }
                }
            }
            Err(error) => tracing::debug!(topic = context.topic(), error = %error, "can't go back yet"),
        }
    }
}
