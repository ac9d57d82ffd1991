//! How old a backlog is: when the first record was written that a group has yet to read.
//!
//! Offsets don't say so, and a group that doesn't run says nothing. So the record itself is looked at, one of each partition,
//! without joining the group.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::offsets::GroupLag;
use super::{Admin, CLIENT_ID, Shared};
use crate::client::{Connection, PlainContext};
use crate::error::KafkaError;
use crate::properties::Properties;

/// The oldest record that a group has yet to read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Oldest {
    /// Its timestamp by Kafka, in milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// The partition it stands in.
    pub partition: i32,
    /// Whether every partition with a lag was looked at in time; an older one may be in those that were not.
    pub is_certain: bool,
}

// === impl Admin ===

impl Admin {
    /// The oldest record of a topic that a group with these lags has yet to read, found within `patience`; `None` when there is
    /// none, or none was found.
    ///
    /// # Errors
    /// When the settings can't be used, or the group may not read the topic.
    pub async fn oldest_unread(
        &self,
        topic: &str,
        lags: &[GroupLag],
        patience: Duration,
    ) -> Result<Option<Oldest>, KafkaError> {
        let (topic, lags) = (topic.to_owned(), lags.to_vec());
        self.blocking(move |shared| shared.oldest_unread(&topic, &lags, patience)).await
    }
}

impl Shared {
    fn oldest_unread(
        &self,
        topic: &str,
        lags: &[GroupLag],
        patience: Duration,
    ) -> Result<Option<Oldest>, KafkaError> {
        let failed = |error| KafkaError::of(&error, topic);
        let mut open = BTreeSet::new();
        let mut list = TopicPartitionList::new();
        for lag in lags.iter().filter(|lag| lag.lag() > 0) {
            let partition = lag.range.partition;
            list.add_partition_offset(topic, partition, Offset::Offset(lag.next_offset())).map_err(failed)?;
            let _new = open.insert(partition);
        }
        if open.is_empty() {
            return Ok(None);
        }
        let consumer: BaseConsumer<PlainContext> = Properties::new(&self.settings, CLIENT_ID)
            .without_membership()
            // librdkafka wants a name before it assigns partitions by hand. The group is never joined.
            .with("group.id", CLIENT_ID)
            .with("enable.auto.commit", "false")
            .with("enable.partition.eof", "true")
            .with("auto.offset.reset", "earliest")
            // A transaction that is open has its age too.
            .with("isolation.level", "read_uncommitted")
            // One record of each partition is wanted.
            .with("fetch.message.max.bytes", 16 * 1024)
            .with("queued.min.messages", 1)
            .with("queued.max.messages.kbytes", 1024)
            .build(&self.settings)?
            .create_with_context(PlainContext(Connection::new(&self.settings.bootstrap_servers, topic)))
            .map_err(failed)?;
        consumer.assign(&list).map_err(failed)?;
        let deadline = Instant::now() + patience;
        let mut oldest: Option<(i64, i32)> = None;
        while !open.is_empty() {
            match consumer.poll(deadline.saturating_duration_since(Instant::now())) {
                Some(Ok(message)) => {
                    let partition = message.partition();
                    if open.remove(&partition) {
                        let found = message.timestamp().to_millis().map(|at| (at, partition));
                        oldest = [oldest, found].into_iter().flatten().min();
                        leave(&consumer, topic, partition);
                    }
                }
                // What is left are the marks of transactions.
                Some(Err(ClientError::PartitionEOF(partition))) => drop(open.remove(&partition)),
                Some(Err(error)) => match KafkaError::of(&error, topic) {
                    error @ (KafkaError::Fatal(_)
                    | KafkaError::Denied(_)
                    | KafkaError::UnknownTopic { .. }) => return Err(error),
                    error => tracing::debug!(topic, %error, "looking at the oldest goes on after an error"),
                },
                None => {}
            }
            if Instant::now() >= deadline {
                break;
            }
        }
        let is_certain = open.is_empty();
        Ok(oldest.map(|(timestamp_ms, partition)| Oldest { timestamp_ms, partition, is_certain }))
    }
}

/// Fetches no more of a partition. Where that fails, more is fetched and thrown away.
fn leave(consumer: &BaseConsumer<PlainContext>, topic: &str, partition: i32) {
    let mut one = TopicPartitionList::with_capacity(1);
    let _entry = one.add_partition(topic, partition);
    if let Err(error) = consumer.pause(&one) {
        tracing::debug!(topic, partition, %error, "a partition goes on being fetched");
    }
}
