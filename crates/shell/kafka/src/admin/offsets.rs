//! What partitions hold, and how far a group has come.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tokio::time::{Instant, sleep};

use super::{Admin, CLIENT_ID, REQUEST_TIMEOUT, Shared};
use crate::client::{Connection, PlainContext};
use crate::error::KafkaError;
use crate::properties::Properties;

/// How soon a broker is asked again that doesn't know a group yet.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// The offsets that a partition holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OffsetRange {
    /// The partition.
    pub partition: i32,
    /// The first offset that is still there.
    pub start: i64,
    /// The offset that the next record will get.
    pub end: i64,
}

/// How far a group has come in a partition.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GroupLag {
    /// What the partition holds.
    pub range: OffsetRange,
    /// The offset that the group reads next, if it has ever committed one.
    pub committed: Option<i64>,
}

impl OffsetRange {
    /// How many offsets there are: about as many records, since transactions use up offsets too.
    #[must_use]
    pub fn len(&self) -> i64 {
        self.end.saturating_sub(self.start).max(0)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl GroupLag {
    /// The offset that the group reads next: the first one that is there, if it has committed none or one that is gone.
    #[must_use]
    pub fn next_offset(&self) -> i64 {
        self.committed.unwrap_or(self.range.start).max(self.range.start)
    }

    /// How many records the group has still to read. Without a commit it starts at the first one.
    #[must_use]
    pub fn lag(&self) -> i64 {
        self.range.end.saturating_sub(self.next_offset()).max(0)
    }

    /// How many records were deleted before the group had read them, by retention or by somebody. Known until the group commits
    /// again.
    #[must_use]
    pub fn deleted_unread(&self) -> i64 {
        self.committed.map_or(0, |next| self.range.start.saturating_sub(next).max(0))
    }

    /// Whether the group has come further than the topic reaches: the topic was made anew, and the group would leave out what
    /// comes first in it.
    #[must_use]
    pub fn is_beyond(&self) -> bool {
        self.committed.is_some_and(|next| next > self.range.end)
    }
}

// === impl Admin ===

impl Admin {
    /// What each partition of a topic holds, in the order of their numbers.
    ///
    /// # Errors
    /// When the topic isn't there, or no broker answers.
    pub async fn offsets(&self, topic: &str) -> Result<Vec<OffsetRange>, KafkaError> {
        let topic = topic.to_owned();
        self.blocking(move |shared| shared.offsets(&topic)).await
    }

    /// How far a group has come in each partition of a topic.
    ///
    /// # Errors
    /// When the topic isn't there, or no broker answers. A group that doesn't exist has simply committed nothing.
    pub async fn group_lag(&self, group: &str, topic: &str) -> Result<Vec<GroupLag>, KafkaError> {
        let start = Instant::now();
        loop {
            let (group, topic) = (group.to_owned(), topic.to_owned());
            match self.blocking(move |shared| shared.group_lag(&group, &topic)).await {
                // A broker that is new, or has just taken the group over, says first that it doesn't know.
                Err(KafkaError::Busy(_)) if start.elapsed() < REQUEST_TIMEOUT => sleep(ASK_AGAIN).await,
                answer => return answer,
            }
        }
    }
}

impl Shared {
    fn offsets(&self, topic: &str) -> Result<Vec<OffsetRange>, KafkaError> {
        let info = self.topic(topic)?.ok_or_else(|| KafkaError::UnknownTopic { topic: topic.to_owned() })?;
        (0..info.partitions)
            .map(|partition| {
                let (start, end) = self
                    .client
                    .inner()
                    .fetch_watermarks(topic, partition, REQUEST_TIMEOUT)
                    .map_err(|error| KafkaError::of(&error, topic))?;
                Ok(OffsetRange { partition, start, end })
            })
            .collect()
    }

    fn group_lag(&self, group: &str, topic: &str) -> Result<Vec<GroupLag>, KafkaError> {
        let info = self.topic(topic)?.ok_or_else(|| KafkaError::UnknownTopic { topic: topic.to_owned() })?;
        let failed = |error| KafkaError::of(&error, topic);
        // It carries the group's name to ask in its name; it never subscribes, so that it never joins.
        let consumer: BaseConsumer<PlainContext> = Properties::new(&self.settings, CLIENT_ID)
            .without_membership()
            .with("group.id", group)
            .with("enable.auto.commit", "false")
            // Otherwise the broker has no answer while a transaction with offsets of this group is open, which in a parser
            // that hands on exactly once is nearly always.
            .with("isolation.level", "read_uncommitted")
            .build(&self.settings)?
            .create_with_context(PlainContext(Connection::new(&self.settings.bootstrap_servers, topic)))
            .map_err(failed)?;
        let mut asked = TopicPartitionList::new();
        for partition in 0..info.partitions {
            let _entry = asked.add_partition(topic, partition);
        }
        // Before the ends: a group that keeps up would otherwise seem to be beyond them.
        let committed = consumer.committed_offsets(asked, REQUEST_TIMEOUT).map_err(failed)?;
        let offset_of = |partition| match committed.find_partition(topic, partition)?.offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        };
        Ok(self
            .offsets(topic)?
            .into_iter()
            .map(|range| GroupLag { range, committed: offset_of(range.partition) })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_counts_only_what_is_still_there() {
        let range = OffsetRange { partition: 0, start: 10, end: 25 };
        assert_eq!(GroupLag { range, committed: Some(20) }.lag(), 5);
        assert_eq!(GroupLag { range, committed: None }.lag(), 15);
        assert_eq!(
            GroupLag { range, committed: Some(3) }.lag(),
            15,
            "retention has removed what it had not read"
        );
        assert_eq!(GroupLag { range, committed: Some(30) }.lag(), 0);
    }

    #[test]
    fn what_was_deleted_unread_is_counted() {
        let range = OffsetRange { partition: 0, start: 10, end: 25 };
        let of = |committed| GroupLag { range, committed };
        let deleted = [None, Some(3), Some(10), Some(25), Some(30)].map(|at| of(at).deleted_unread());
        assert_eq!(deleted, [0, 7, 0, 0, 0]);
        assert_eq!([None, Some(25), Some(26)].map(|at| of(at).is_beyond()), [false, false, true]);
    }
}
