//! Rebalances: partitions come and go, and with them the right to commit.
//!
//! librdkafka hands a rebalance to the thread that polls, inside its poll, and nothing is fetched or delivered until it
//! is answered. That makes the order simple, and safe without a lock of ours:
//!
//! - **assigned**: the owner is told first, then the partitions are taken up, so that no record comes from a partition
//!   that the owner doesn't know.
//! - **revoked**: the owner answers how far it is; that is committed, and waited for, while the partitions are still
//!   ours; only then they are given up. Their records are taken out of the batch that the poll is filling: a batch never
//!   mixes two generations of a partition, which would let an offset move past records that nobody handled. Whoever gets
//!   the partitions starts exactly there. Records in hand are not lost by it: they are read again by the new owner, and
//!   their ids make the second writing harmless.
//! - **lost**: the group has moved on without us (a session that timed out). A commit would be refused, and rightly so.
//!
//! Both protocols are served: cooperative (KIP-429: what is named is added or removed) and eager (everything is revoked,
//! then assigned anew).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_telemetry::{CounterName, GaugeName, Label, counter, gauge};
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError as ClientError, KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList, TopicPartitionListElem};
use rdkafka::types::RDKafkaRespErr;

use super::protocol::Remedy;
use super::{Assignment, Member};
use crate::client::{Connection, PartitionStatistics, Statistics, is_offset_reset};

/// What librdkafka calls back.
pub(super) struct Context {
    pub(super) connection: Connection,
    topic: String,
    assignment: Arc<dyn Assignment>,
    owned: Mutex<BTreeSet<i32>>,
    /// What was given up and is still to be taken out of the batch in hand; the flag spares every poll the lock.
    given_up: Mutex<Vec<i32>>,
    has_given_up: AtomicBool,
    lag: Mutex<BTreeMap<i32, i64>>,
    unread: Mutex<BTreeSet<i32>>,
    /// First and last offsets that the broker told while it was asked; empty while partitions are fetched.
    ends: Mutex<BTreeMap<i32, (i64, i64)>>,
    has_been_assigned: AtomicBool,
    /// What is assigned while this is set starts paused.
    pub(super) paused: AtomicBool,
}

impl Context {
    pub(super) fn new(
        connection: Connection,
        topic: &str,
        assignment: Arc<dyn Assignment>,
        paused: bool,
    ) -> Self {
        Self {
            connection,
            topic: topic.to_owned(),
            assignment,
            owned: Mutex::default(),
            given_up: Mutex::default(),
            has_given_up: AtomicBool::new(false),
            lag: Mutex::default(),
            unread: Mutex::default(),
            ends: Mutex::default(),
            has_been_assigned: AtomicBool::new(false),
            paused: AtomicBool::new(paused),
        }
    }

    /// The topic that is read.
    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    /// Whether the group has answered at all: that this member gets partitions, or none.
    pub(super) fn has_been_assigned(&self) -> bool {
        self.has_been_assigned.load(Ordering::Relaxed)
    }

    /// The partitions that are ours now.
    pub(super) fn owned(&self) -> MutexGuard<'_, BTreeSet<i32>> {
        self.owned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The partitions that were given up since the last call.
    pub(super) fn take_given_up(&self) -> Vec<i32> {
        if !self.has_given_up.swap(false, Ordering::Relaxed) {
            return Vec::new();
        }
        std::mem::take(&mut *self.given_up.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Records behind, per partition of ours, as last known.
    pub(super) fn lag(&self) -> Vec<(i32, i64)> {
        let owned = self.owned();
        let lag = self.lag.lock().unwrap_or_else(PoisonError::into_inner);
        owned.iter().filter_map(|partition| lag.get(partition).map(|lag| (*partition, *lag))).collect()
    }

    /// The partitions of ours that have records which nobody has polled, as last known.
    pub(super) fn unread(&self) -> BTreeSet<i32> {
        let owned = self.owned();
        let unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        unread.intersection(&owned).copied().collect()
    }

    /// Where partitions begin and end, as the broker has just told; nothing when they are fetched again.
    pub(super) fn set_ends(&self, ends: BTreeMap<i32, (i64, i64)>) {
        *self.ends.lock().unwrap_or_else(PoisonError::into_inner) = ends;
    }

    /// The offsets of those partitions that are still ours, as librdkafka wants them; `None` when there are none.
    pub(super) fn still_owned(&self, offsets: &[(i32, i64)]) -> KafkaResult<Option<TopicPartitionList>> {
        let owned = self.owned();
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (partition, offset) in offsets.iter().filter(|(partition, _)| owned.contains(partition)) {
            list.add_partition_offset(&self.topic, *partition, Offset::Offset(*offset))?;
        }
        Ok((list.count() > 0).then_some(list))
    }

    /// All partitions of ours, as librdkafka wants them.
    pub(super) fn all_owned(&self) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for partition in self.owned().iter() {
            let _entry = list.add_partition(&self.topic, *partition);
        }
        list
    }

    /// Moves a gauge of this topic: the consumers of a process share it, so each adds and takes away what is its own.
    pub(super) fn shift(&self, name: GaugeName, by: f64) {
        gauge(name, &[(Label::Topic, &self.topic)]).increment(by);
    }

    fn assign(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList, numbers: &[i32]) {
        self.has_been_assigned.store(true, Ordering::Relaxed);
        self.assignment.assigned(numbers);
        self.owned().extend(numbers);
        let taken = match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_assign(list),
            RebalanceProtocol::Eager | RebalanceProtocol::None => consumer.assign(list),
        };
        self.log_failure("assign", taken);
        counter(CounterName::ConsumerRebalances, &[(Label::Topic, &self.topic)]).increment(1);
        self.shift(GaugeName::ConsumerPartitions, numbers.len() as f64);
        if self.paused.load(Ordering::Relaxed) {
            self.shift(GaugeName::ConsumerPaused, numbers.len() as f64);
            self.log_failure("pause", consumer.pause(list));
        }
        self.connection.succeeded();
        tracing::info!(topic = %self.topic, partitions = ?numbers, "partitions assigned");
    }

    fn give_up(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList, numbers: &[i32]) {
        let lost = consumer.assignment_lost();
        if lost {
            self.assignment.lost(numbers);
        } else {
            self.commit_last(consumer, &self.assignment.revoked(&Member::new(consumer), numbers));
        }
        if self.paused.load(Ordering::Relaxed) {
            // librdkafka keeps the mark on a partition that is given up. Should it come back after `resume`, which reaches
            // only what is ours then, nobody would take the mark away, and nothing would ever be fetched from it.
            self.log_failure("resume", consumer.resume(list));
        }
        self.forget(numbers);
        let given_up = match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_unassign(list),
            RebalanceProtocol::Eager | RebalanceProtocol::None => consumer.unassign(),
        };
        self.log_failure("unassign", given_up);
        tracing::info!(topic = %self.topic, partitions = ?numbers, lost, "partitions given up");
    }

    /// The client has failed for good and is gone, and with it what was ours; it says nothing of that by itself.
    pub(super) fn abandon(&self) {
        let left: Vec<i32> = self.owned().iter().copied().collect();
        if !left.is_empty() {
            self.assignment.lost(&left);
            self.forget(&left);
            tracing::info!(topic = %self.topic, partitions = ?left, lost = true, "partitions given up");
        }
    }

    /// These partitions are not ours any more.
    fn forget(&self, numbers: &[i32]) {
        self.owned().retain(|partition| !numbers.contains(partition));
        self.given_up.lock().unwrap_or_else(PoisonError::into_inner).extend(numbers);
        self.has_given_up.store(true, Ordering::Relaxed);
        self.shift(GaugeName::ConsumerPartitions, -(numbers.len() as f64));
        if self.paused.load(Ordering::Relaxed) {
            self.shift(GaugeName::ConsumerPaused, -(numbers.len() as f64));
        }
        for partition in numbers {
            // The new owner tells it from now on; two processes that both tell it would be counted twice.
            self.show_lag(*partition, 0);
        }
    }

    /// A failure here costs work done twice, never a record.
    fn commit_last(&self, consumer: &BaseConsumer<Self>, offsets: &[(i32, i64)]) {
        if let Some(trouble) = self.connection.unreachable() {
            tracing::warn!(topic = %self.topic, error = %trouble, "the last offsets can't be committed");
            return;
        }
        let committed = match self.still_owned(offsets) {
            Ok(Some(list)) => consumer.commit(&list, CommitMode::Sync),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        self.log_failure("commit", committed);
    }

    fn show_lag(&self, partition: i32, lag: i64) {
        let labels = [(Label::Topic, self.topic.as_str()), (Label::Partition, &partition.to_string())];
        gauge(GaugeName::ConsumerLag, &labels).set(lag as f64);
    }

    fn log_failure(&self, step: &'static str, result: KafkaResult<()>) {
        match result {
            Ok(()) | Err(ClientError::ConsumerCommit(Code::NoOffset)) => {}
            Err(error) => tracing::warn!(topic = %self.topic, step, error = %error, "rebalance step failed"),
        }
    }
}

/// A client that failed for good went without a word: what it had is not to be counted any longer.
impl Drop for Context {
    fn drop(&mut self) {
        let left: Vec<i32> = self.owned().iter().copied().collect();
        self.forget(&left);
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if is_offset_reset(level, facility) {
            counter(CounterName::ConsumerOffsetResets, &[(Label::Topic, &self.topic)]).increment(1);
        }
        Connection::on_log(level, facility, message);
    }

    fn stats_raw(&self, json: &[u8]) {
        let Statistics { topics, .. } = self.connection.on_statistics(json);
        let Some(topic) = topics.get(&self.topic) else { return };
        let owned = self.owned();
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = topic.partitions.values().filter(|partition| owned.contains(&partition.partition));
        let ours: Vec<PartitionStatistics> =
            ours.map(|partition| partition.with_ends(ends.get(&partition.partition).copied())).collect();
        drop(ends);
        let is_paused = self.paused.load(Ordering::Relaxed);
        let unread = ours.iter().filter(|partition| partition.is_unread(is_paused));
        let unread: BTreeSet<i32> = unread.map(|partition| partition.partition).collect();
        let known: BTreeMap<i32, i64> =
            ours.iter().filter_map(|partition| Some((partition.partition, partition.lag()?))).collect();
        drop(owned);
        *self.unread.lock().unwrap_or_else(PoisonError::into_inner) = unread;
        for (partition, lag) in &known {
            self.show_lag(*partition, *lag);
        }
        *self.lag.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }

    fn error(&self, error: ClientError, reason: &str) {
        // A failure for good comes out of the poll as well, and there it is decided what to do about it.
        let is_decided = error.rdkafka_error_code().is_some_and(Remedy::is_for);
        if !is_decided {
            self.connection.on_error(&error, reason);
        }
    }
}

impl ConsumerContext for Context {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, event: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let numbers: Vec<i32> = list.elements().iter().map(TopicPartitionListElem::partition).collect();
        match event {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => self.assign(consumer, list, &numbers),
            _ => self.give_up(consumer, list, &numbers),
        }
    }
}
