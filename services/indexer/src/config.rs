//! What the settings say, as this tier needs it.

use std::time::Duration;

use forebay_delivery::{Backoff, Commits, PaceLimits, WorkerLimits};
use forebay_kafka::{IntakeOptions, PollLimits};
use forebay_settings::Settings;
use forebay_settings::sections::KafkaSettings;
use forebay_worker::{COMMIT_AGAIN, COMMIT_EVERY, Gather, PATIENCE, Retention, WorkerOptions};
use forebay_writing::Options;

use crate::metrics::STAGE;

/// The settings of the tier, in its own terms.
#[derive(Clone, Debug)]
pub(crate) struct IndexerConfig {
    pub(crate) kafka: KafkaSettings,
    pub(crate) group: String,
    /// How much one load takes, and how long its first record waits for more.
    pub(crate) gather: Gather,
    pub(crate) options: Options,
    /// What every index of ours begins with.
    pub(crate) prefix: String,
    pub(crate) backoff: Backoff,
    revoke_timeout: Duration,
    drain_timeout: Duration,
}

// === impl IndexerConfig ===

impl IndexerConfig {
    pub(crate) fn new(settings: &Settings) -> Self {
        let indexer = &settings.indexer;
        let bytes = indexer.bulk_bytes.as_usize();
        Self {
            kafka: settings.kafka.clone(),
            group: indexer.group.clone(),
            gather: Gather {
                limits: PollLimits { records: indexer.bulk_documents, bytes },
                wait: indexer.bulk_wait.0,
            },
            options: Options {
                // An action line is a little longer than a record's key, and a full load is to stay one request.
                pace: PaceLimits { requests: indexer.requests_in_flight, bytes: bytes.saturating_mul(5) / 4 },
                documents: indexer.bulk_documents,
                in_flight: indexer.max_in_flight.as_usize(),
                retry_initial: indexer.retry_initial.0,
                retry_max: indexer.retry_max.0,
                divert_after: indexer.divert_after.0,
                max_refused_share: indexer.max_refused_share,
            },
            prefix: settings.search.index_prefix.clone(),
            backoff: Backoff::new(indexer.retry_initial.0, indexer.retry_max.0),
            revoke_timeout: indexer.revoke_timeout.0,
            drain_timeout: indexer.drain_timeout.0,
        }
    }

    /// How the poll loop is set up.
    pub(crate) fn worker(&self, retention: Retention) -> WorkerOptions {
        let bytes = self.gather.limits.bytes;
        WorkerOptions {
            name: STAGE.to_owned(),
            stage: STAGE,
            kafka: self.kafka.clone(),
            intake: IntakeOptions {
                group: self.group.clone(),
                topic: self.kafka.topics.events.clone(),
                client_id: "forebay-indexer".to_owned(),
                prefetch_bytes: bytes.saturating_mul(2),
            },
            limits: WorkerLimits {
                in_flight: self.options.in_flight,
                // A load holds its records and the request that is made of them.
                batch: bytes.saturating_mul(2),
                patience: PATIENCE,
                commit_every: COMMIT_EVERY,
                commit_again: COMMIT_AGAIN,
                drain: self.drain_timeout,
                commits: Commits::ByWorker,
            },
            revoke_timeout: self.revoke_timeout,
            retention,
        }
    }
}
