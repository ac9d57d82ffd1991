//! What all clients have in common: whether a broker answers, and librdkafka's log in ours.
//!
//! librdkafka reconnects by itself and for ever. All there is to do is to know the state and to speak of it, not too
//! often: once when the brokers are lost, then every ten seconds, and once when they are back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use forebay_telemetry::{CounterName, Label, counter};
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode as Code};
use serde::Deserialize;

use crate::error::KafkaError;

/// At most one warning of a kind in this time.
const WARN_EVERY: Duration = Duration::from_secs(10);

/// The state of a client's connections.
#[derive(Debug)]
pub(crate) struct Connection {
    bootstrap: String,
    topic: String,
    reachable: AtomicBool,
    trouble: Mutex<Option<KafkaError>>,
    /// Whether there is any, so that success needs no lock. Changed under the lock alone.
    in_trouble: AtomicBool,
    /// Why the client has failed for good, which nothing mends.
    failed: OnceLock<KafkaError>,
    warned: RateLimit,
}

/// Lets one through per interval.
#[derive(Debug)]
struct RateLimit {
    start: Instant,
    /// Milliseconds after `start` when the next one may pass.
    next: AtomicU64,
}

/// The part of librdkafka's statistics that is of use here
/// (<https://github.com/confluentinc/librdkafka/blob/master/STATISTICS.md>).
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Statistics {
    /// Bytes of records that a producer holds.
    #[serde(default)]
    pub(crate) msg_size: u64,
    #[serde(default)]
    brokers: BTreeMap<String, BrokerStatistics>,
    #[serde(default)]
    pub(crate) topics: BTreeMap<String, TopicStatistics>,
}

#[derive(Debug, Deserialize)]
struct BrokerStatistics {
    state: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TopicStatistics {
    pub(crate) partitions: BTreeMap<String, PartitionStatistics>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct PartitionStatistics {
    /// The partition's number; -1 for librdkafka's own.
    pub(crate) partition: i32,
    /// The first offset that the broker has, negative while unknown.
    lo_offset: i64,
    /// The end that a reader of committed records sees, negative while unknown.
    ls_offset: i64,
    /// What the group has committed, negative when it has not.
    committed_offset: i64,
    /// Where fetching goes on, negative while unknown.
    #[serde(default = "unknown")]
    next_offset: i64,
    /// How many records were fetched and not polled.
    #[serde(default)]
    fetchq_cnt: u64,
}

const fn unknown() -> i64 {
    -1
}

/// The context of clients that need nothing else.
#[derive(Debug)]
pub(crate) struct PlainContext(pub(crate) Connection);

// === impl Connection ===

impl Connection {
    /// The state of a client that is about to connect to `bootstrap`, for the sake of `topic` (empty: of none).
    pub(crate) fn new(bootstrap: &str, topic: &str) -> Self {
        Self {
            bootstrap: bootstrap.to_owned(),
            topic: topic.to_owned(),
            reachable: AtomicBool::new(false),
            trouble: Mutex::new(None),
            in_trouble: AtomicBool::new(false),
            failed: OnceLock::new(),
            warned: RateLimit::new(),
        }
    }

    /// Whether a broker answers, as far as is known.
    pub(crate) fn is_reachable(&self) -> bool {
        self.reachable.load(Ordering::Relaxed)
    }

    /// What stands in the way at the moment, or for good.
    pub(crate) fn trouble(&self) -> Option<KafkaError> {
        self.failed().or_else(|| self.lock_trouble().clone())
    }

    /// Why the client has failed for good.
    pub(crate) fn failed(&self) -> Option<KafkaError> {
        self.failed.get().cloned()
    }

    /// The client has failed for good. ERROR, since it serves nobody until it is made anew.
    pub(crate) fn fail(&self, error: KafkaError) {
        if self.failed.set(error.clone()).is_ok() {
            counter(CounterName::KafkaErrors, &[(Label::Reason, error.name())]).increment(1);
            tracing::error!(
                bootstrap_servers = %self.bootstrap,
                topic = %self.topic,
                error = %error,
                "the kafka client has failed for good"
            );
        }
    }

    /// What keeps every broker from answering, while that lasts.
    pub(crate) fn unreachable(&self) -> Option<KafkaError> {
        self.trouble().filter(|trouble| matches!(trouble, KafkaError::Unreachable(_)))
    }

    /// A broker has answered. Trouble of another kind than not being reachable may last.
    pub(crate) fn answered(&self) {
        // Read first: this is on the path of every delivery report, and the line stays shared while nothing changes.
        if self.reachable.load(Ordering::Relaxed) {
            return;
        }
        let mut trouble = self.lock_trouble();
        if matches!(*trouble, Some(KafkaError::Unreachable(_))) {
            *trouble = None;
            self.in_trouble.store(false, Ordering::Relaxed);
        }
        if !self.reachable.swap(true, Ordering::Relaxed) {
            tracing::info!(bootstrap_servers = %self.bootstrap, "kafka is reachable");
        }
    }

    /// What was asked for has worked, so that earlier trouble is over.
    pub(crate) fn succeeded(&self) {
        self.answered();
        if self.in_trouble.load(Ordering::Relaxed) {
            *self.lock_trouble() = None;
            self.in_trouble.store(false, Ordering::Relaxed);
        }
    }

    /// Something has gone wrong; it is waited out. WARN, since nothing is lost by it.
    pub(crate) fn troubled(&self, error: KafkaError) {
        counter(CounterName::KafkaErrors, &[(Label::Reason, error.name())]).increment(1);
        if self.warned.passes() {
            tracing::warn!(
                bootstrap_servers = %self.bootstrap,
                topic = %self.topic,
                error = %error,
                "kafka can't serve this client, waiting"
            );
        }
        let mut trouble = self.lock_trouble();
        if matches!(error, KafkaError::Unreachable(_)) {
            self.reachable.store(false, Ordering::Relaxed);
        }
        *trouble = Some(error);
        self.in_trouble.store(true, Ordering::Relaxed);
    }

    /// librdkafka's error callback.
    pub(crate) fn on_error(&self, error: &ClientError, reason: &str) {
        match error.rdkafka_error_code() {
            // One broker of several, or one attempt of many: `AllBrokersDown` follows if it matters.
            Some(Code::BrokerTransportFailure | Code::Resolve) => {
                tracing::debug!(error = %error, reason, "a broker is not reachable");
            }
            Some(Code::AllBrokersDown) => self.troubled(KafkaError::Unreachable(reason.to_owned())),
            Some(Code::Fatal | Code::Fenced) => self.fail(KafkaError::Fatal(reason.to_owned())),
            Some(code) => self.troubled(KafkaError::of_code(code, &self.topic)),
            None => tracing::warn!(error = %error, reason, "kafka client error"),
        }
    }

    /// librdkafka's statistics callback. Statistics that can't be read are of no use and do no harm.
    pub(crate) fn on_statistics(&self, json: &[u8]) -> Statistics {
        let statistics: Statistics = serde_json::from_slice(json).unwrap_or_default();
        if statistics.brokers.values().any(|broker| broker.state == "UP") {
            self.answered();
        }
        statistics
    }

    fn lock_trouble(&self) -> MutexGuard<'_, Option<KafkaError>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// librdkafka's log callback. Failures for good are told where it is known what follows from them. Its warnings about
    /// connections repeat what `on_error` says better; that an asynchronous commit has failed stands nowhere else.
    pub(crate) fn on_log(level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg if facility == "FATAL" => {
                tracing::debug!(target: "librdkafka", facility, "{message}");
            }
            RDKafkaLogLevel::Warning if facility == "COMMITFAIL" => {
                tracing::warn!(target: "librdkafka", facility, "{message}");
            }
            RDKafkaLogLevel::Warning if is_offset_reset(level, facility) => {
                tracing::error!(
                    target: "librdkafka",
                    "a position is not in its topic any more: records were deleted before they were read, or the topic was made \
                     anew: {message}"
                );
            }
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                tracing::warn!(target: "librdkafka", facility, "{message}");
            }
            RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning | RDKafkaLogLevel::Notice => {
                tracing::debug!(target: "librdkafka", facility, "{message}");
            }
            RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
                tracing::trace!(target: "librdkafka", facility, "{message}");
            }
        }
    }
}

/// Whether librdkafka tells that it reads on elsewhere, since the broker doesn't have what it asked for. It tells by a log line
/// alone.
pub(crate) fn is_offset_reset(level: RDKafkaLogLevel, facility: &str) -> bool {
    matches!(level, RDKafkaLogLevel::Warning) && facility == "OFFSET"
}

// === impl PartitionStatistics ===

impl PartitionStatistics {
    /// The same with the ends that the broker told when it was asked, where they lie further on: those of librdkafka stand still
    /// while nothing is fetched.
    pub(crate) fn with_ends(&self, ends: Option<(i64, i64)>) -> Self {
        let (low, high) = ends.unwrap_or((self.lo_offset, self.ls_offset));
        Self { lo_offset: self.lo_offset.max(low), ls_offset: self.ls_offset.max(high), ..*self }
    }

    /// How many records the group has not committed; `None` while that is unknown. librdkafka's own figure is missing
    /// until the first commit, which is when it matters most.
    pub(crate) fn lag(&self) -> Option<i64> {
        let next = self.committed_offset.max(self.lo_offset);
        (self.ls_offset >= 0 && next >= 0).then(|| self.ls_offset.saturating_sub(next).max(0))
    }

    /// Whether there are records that nobody has polled. A lag alone doesn't say so: at the end of a partition that is written
    /// in transactions stands the mark of the last one, which is never polled and never committed.
    pub(crate) fn is_unread(&self, is_paused: bool) -> bool {
        let is_at_end = self.next_offset >= 0 && self.next_offset >= self.ls_offset && self.fetchq_cnt == 0;
        // What was fetched ahead is thrown away by a pause, so that the place of fetching says nothing then.
        self.lag().is_some_and(|lag| lag > 0) && (is_paused || !is_at_end)
    }
}

// === impl RateLimit ===

impl RateLimit {
    fn new() -> Self {
        Self { start: Instant::now(), next: AtomicU64::new(0) }
    }

    fn passes(&self) -> bool {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let next = self.next.load(Ordering::Relaxed);
        let after = now.saturating_add(u64::try_from(WARN_EVERY.as_millis()).unwrap_or(u64::MAX));
        now >= next && self.next.compare_exchange(next, after, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

// === impl PlainContext ===

impl ClientContext for PlainContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        Connection::on_log(level, facility, message);
    }

    fn stats_raw(&self, json: &[u8]) {
        let _unused = self.0.on_statistics(json);
    }

    fn error(&self, error: ClientError, reason: &str) {
        self.0.on_error(&error, reason);
    }
}

impl rdkafka::consumer::ConsumerContext for PlainContext {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: the brokers go and come back. Guarantees: the state follows, and the trouble doesn't outlive it.
    #[test]
    fn follows_the_brokers() {
        let connection = Connection::new("broker:9092", "t");
        assert!(!connection.is_reachable(), "nobody has answered yet");
        let _statistics = connection.on_statistics(br#"{"brokers":{"b:9092/1":{"state":"UP"}}}"#);
        assert!(connection.is_reachable());
        connection.on_error(&ClientError::Global(Code::AllBrokersDown), "1/1 brokers are down");
        assert!(!connection.is_reachable());
        assert!(matches!(connection.trouble(), Some(KafkaError::Unreachable(_))));
        let _statistics = connection.on_statistics(br#"{"brokers":{"b:9092/1":{"state":"UP"}}}"#);
        assert!(connection.is_reachable());
        assert_eq!(connection.trouble(), None);
    }

    /// Scenario: the brokers answer, but refuse. Guarantees: that they answer doesn't hide it; that it works ends it.
    #[test]
    fn refusals_last_until_something_works() {
        let connection = Connection::new("broker:9092", "t");
        connection.answered();
        connection.troubled(KafkaError::Denied("no".to_owned()));
        connection.answered();
        assert!(connection.is_reachable() && connection.trouble().is_some());
        connection.succeeded();
        assert_eq!(connection.trouble(), None);
    }

    #[test]
    fn a_warning_is_not_repeated_at_once() {
        let limit = RateLimit::new();
        assert!(limit.passes());
        assert!(!limit.passes());
    }

    fn statistics(lo_offset: i64, ls_offset: i64, committed_offset: i64) -> PartitionStatistics {
        let (next_offset, fetchq_cnt) = (ls_offset, 0);
        PartitionStatistics { partition: 0, lo_offset, ls_offset, committed_offset, next_offset, fetchq_cnt }
    }

    #[test]
    fn ends_that_were_asked_for_count_while_nothing_is_fetched() {
        let stale = statistics(0, 10, 7);
        assert_eq!(stale.with_ends(Some((8, 30))).lag(), Some(22), "some are gone, and more came");
        assert_eq!(stale.with_ends(Some((0, 9))).lag(), Some(3), "the answer is older than what was fetched");
        assert_eq!(stale.with_ends(None).lag(), Some(3));
    }

    #[test]
    fn the_mark_of_a_transaction_is_no_record_that_waits() {
        let at_end = statistics(0, 10, 9);
        assert_eq!((at_end.lag(), at_end.is_unread(false), at_end.is_unread(true)), (Some(1), false, true));
        let fetched = PartitionStatistics { fetchq_cnt: 1, ..statistics(0, 10, 9) };
        assert!(fetched.is_unread(false));
        let behind = PartitionStatistics { next_offset: 9, ..statistics(0, 10, 9) };
        assert!(behind.is_unread(false));
        assert!(!statistics(0, 10, 10).is_unread(true), "all is committed");
    }

    #[test]
    fn lag_counts_from_the_commit_or_else_from_the_first_record() {
        let lag =
            |lo_offset, ls_offset, committed_offset| statistics(lo_offset, ls_offset, committed_offset).lag();
        assert_eq!(lag(0, 10, 7), Some(3));
        assert_eq!(lag(2, 10, -1001), Some(8), "nothing committed yet");
        assert_eq!(lag(9, 10, 7), Some(1), "retention has removed what was not read");
        assert_eq!(lag(-1001, -1001, -1001), None);
        assert_eq!(lag(-1001, 10, -1001), None);
    }

    #[test]
    fn strange_statistics_do_no_harm() {
        let connection = Connection::new("broker:9092", "t");
        assert!(connection.on_statistics(b"{\"brokers\":7").topics.is_empty());
        assert!(!connection.is_reachable());
    }
}
