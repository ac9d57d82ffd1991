//! Reading a topic from some point to the end that it has now, without a group: for listings, never for work.
//!
//! The end is taken when the reader is opened, so that it ends even while others write. Nothing is committed, and no
//! group is disturbed. Records come partition by partition as brokers deliver them, in order within each.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use forebay_settings::sections::KafkaSettings;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::client::{Connection, PlainContext};
use crate::error::KafkaError;
use crate::producer::partition_count;
use crate::properties::Properties;

/// How long one request may take, and how long the reader waits for a record before it gives up.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where to begin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReadFrom {
    /// At the first record there is.
    Beginning,
    /// At the first record whose Kafka timestamp is at or after this time, in milliseconds since the Unix epoch; at the
    /// beginning, where the broker can't look that up. Records are not filtered: timestamps needn't rise.
    Time(i64),
    /// So many offsets before the end of each partition.
    Last(i64),
    /// At this offset of this partition; the others are left out. There is nothing to read in one that isn't there.
    Offset {
        /// The partition.
        partition: i32,
        /// The offset.
        offset: i64,
    },
}

/// A record, with all that belongs to it.
#[derive(Clone, Eq, PartialEq)]
pub struct StoredRecord {
    /// The partition it stands in.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
    /// Kafka's timestamp, in milliseconds since the Unix epoch; 0 when the broker gave none.
    pub timestamp_ms: i64,
    /// The key; empty when there is none.
    pub key: Vec<u8>,
    /// The value; empty when there is none.
    pub value: Vec<u8>,
    /// The headers, in their order.
    pub headers: Vec<(String, Vec<u8>)>,
}

/// Reads a topic to its end. Its calls block: run it on a thread for blocking work.
pub struct TopicReader {
    consumer: BaseConsumer<PlainContext>,
    topic: String,
    /// Of each partition that is not read to its end: the next offset, and the end.
    open: BTreeMap<i32, (i64, i64)>,
}

// === impl TopicReader ===

impl TopicReader {
    /// Finds the topic's ends and begins to read.
    ///
    /// # Errors
    /// When the topic isn't there, or no broker answers within ten seconds.
    pub fn open(settings: &KafkaSettings, topic: &str, from: ReadFrom) -> Result<Self, KafkaError> {
        let failed = |error| KafkaError::of(&error, topic);
        let consumer: BaseConsumer<PlainContext> = Properties::new(settings, "forebay-reader")
            .without_membership()
            // librdkafka wants a name before it assigns partitions by hand. The group is never joined.
            .with("group.id", "forebay-reader")
            .with("enable.auto.commit", "false")
            .with("enable.partition.eof", "true")
            .with("auto.offset.reset", "earliest")
            .with("isolation.level", "read_committed")
            // The bound in bytes counts neither headers, of which dead letters have many, nor what the client adds to each
            // record; the one in records holds for each partition.
            .with("queued.max.messages.kbytes", 4 * 1024)
            .with("queued.min.messages", 2000)
            // What an answer holds is compressed, often eight times, and is unpacked as a whole.
            .with("fetch.message.max.bytes", 256 * 1024)
            .with("fetch.max.bytes", 4 * 1024 * 1024)
            .with("fetch.queue.backoff.ms", 20)
            .build(settings)?
            .create_with_context(PlainContext(Connection::new(&settings.bootstrap_servers, topic)))
            .map_err(failed)?;
        let mut open = BTreeMap::new();
        let starts = starts(&consumer, topic, from)?;
        let mut list = TopicPartitionList::new();
        for (partition, start) in starts {
            let (low, high) = consumer.fetch_watermarks(topic, partition, TIMEOUT).map_err(failed)?;
            let start = match from {
                ReadFrom::Last(number) => high.saturating_sub(number),
                _ => start.unwrap_or(low),
            };
            let start = start.max(low);
            if start < high {
                let _before = open.insert(partition, (start, high));
                list.add_partition_offset(topic, partition, Offset::Offset(start)).map_err(failed)?;
            }
        }
        if !open.is_empty() {
            consumer.assign(&list).map_err(failed)?;
        }
        Ok(Self { consumer, topic: topic.to_owned(), open })
    }

    /// The next record; `None` when every partition is read to its end.
    ///
    /// # Errors
    /// When nothing comes for ten seconds. The call may be repeated.
    pub fn next_record(&mut self) -> Result<Option<StoredRecord>, KafkaError> {
        let deadline = Instant::now() + TIMEOUT;
        while !self.open.is_empty() {
            match self.consumer.poll(deadline.saturating_duration_since(Instant::now())) {
                Some(Ok(message)) => {
                    let counts = advance(&mut self.open, message.partition(), message.offset());
                    if counts {
                        return Ok(Some(stored(&message)));
                    }
                }
                // The end may come before the known one: what is left are the marks of transactions.
                Some(Err(ClientError::PartitionEOF(partition))) => {
                    let _ended = self.open.remove(&partition);
                }
                Some(Err(error)) => match KafkaError::of(&error, &self.topic) {
                    error @ (KafkaError::Fatal(_)
                    | KafkaError::Denied(_)
                    | KafkaError::UnknownTopic { .. }) => {
                        return Err(error);
                    }
                    error => {
                        tracing::debug!(topic = %self.topic, error = %error, "reading goes on after an error");
                    }
                },
                None if Instant::now() >= deadline => {
                    return Err(KafkaError::Timeout(format!("no record from topic `{}`", self.topic)));
                }
                None => {}
            }
        }
        Ok(None)
    }

    /// How many offsets are left: about as many records.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.open.values().map(|(next, end)| u64::try_from(end.saturating_sub(*next)).unwrap_or(0)).sum()
    }
}

impl fmt::Debug for TopicReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopicReader")
            .field("topic", &self.topic)
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}

/// Shows the place only: records hold what customers log.
impl fmt::Debug for StoredRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, offset, value, .. } = self;
        write!(f, "StoredRecord({partition}:{offset}, {} bytes)", value.len())
    }
}

/// Notes that a record was seen; answers whether it counts, which one past the end doesn't.
fn advance(open: &mut BTreeMap<i32, (i64, i64)>, partition: i32, offset: i64) -> bool {
    let Some((next, end)) = open.get_mut(&partition) else { return false };
    let counts = offset < *end;
    *next = offset.saturating_add(1);
    if *next >= *end {
        let _ended = open.remove(&partition);
    }
    counts
}

/// Where each partition begins; `None` stands for its first record.
fn starts(
    consumer: &BaseConsumer<PlainContext>,
    topic: &str,
    from: ReadFrom,
) -> Result<Vec<(i32, Option<i64>)>, KafkaError> {
    let failed = |error| KafkaError::of(&error, topic);
    let count = partition_count(consumer.client(), topic, TIMEOUT)?;
    let partitions = 0..i32::try_from(count).unwrap_or(i32::MAX);
    match from {
        ReadFrom::Offset { partition, offset } if partitions.contains(&partition) => {
            Ok(vec![(partition, Some(offset))])
        }
        ReadFrom::Offset { .. } => Ok(Vec::new()),
        ReadFrom::Beginning | ReadFrom::Last(_) => {
            Ok(partitions.map(|partition| (partition, None)).collect())
        }
        ReadFrom::Time(time) => {
            let mut asked = TopicPartitionList::new();
            for partition in partitions.clone() {
                asked.add_partition_offset(topic, partition, Offset::Offset(time)).map_err(failed)?;
            }
            let Ok(found) = consumer.offsets_for_times(asked, TIMEOUT) else {
                // Not every broker can look up times. Reading everything brings what was asked for, and more.
                tracing::debug!(
                    topic,
                    "the broker can't look up offsets by time, reading from the beginning"
                );
                return Ok(partitions.map(|partition| (partition, None)).collect());
            };
            let start = |offset| match offset {
                Offset::Offset(offset) => Some(offset),
                // All records are older.
                Offset::End => Some(i64::MAX),
                _ => None,
            };
            Ok(found.elements().iter().map(|found| (found.partition(), start(found.offset()))).collect())
        }
    }
}

fn stored(message: &BorrowedMessage<'_>) -> StoredRecord {
    let headers = message.headers().map(|headers| {
        headers
            .iter()
            .map(|header| (header.key.to_owned(), header.value.unwrap_or_default().to_vec()))
            .collect()
    });
    StoredRecord {
        partition: message.partition(),
        offset: message.offset(),
        timestamp_ms: message.timestamp().to_millis().unwrap_or(0),
        key: message.key().unwrap_or_default().to_vec(),
        value: message.payload().unwrap_or_default().to_vec(),
        headers: headers.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a partition of which offsets 4 and 5 are to be read, while another record is written behind them.
    /// Guarantees: the two count, then the partition is done, and what comes later doesn't count.
    #[test]
    fn ends_where_the_end_was() {
        let mut open = BTreeMap::from([(0, (4, 6))]);
        assert!(advance(&mut open, 0, 4));
        assert!(advance(&mut open, 0, 5));
        assert!(open.is_empty());
        assert!(!advance(&mut open, 0, 6));
    }

    /// Scenario: a gap (compaction, a transaction's mark) reaches over the end. Guarantees: it ends all the same.
    #[test]
    fn a_gap_over_the_end_ends_the_partition() {
        let mut open = BTreeMap::from([(0, (4, 6))]);
        assert!(!advance(&mut open, 0, 9));
        assert!(open.is_empty());
    }
}
