//! What the settings say, as this tier needs it.

use std::time::Duration;

use forebay_delivery::Backoff;
use forebay_kafka::PollLimits;
use forebay_settings::Settings;
use forebay_settings::sections::KafkaSettings;

/// The settings of the tier, in its own terms.
#[derive(Clone, Debug)]
pub(crate) struct IndexerConfig {
    pub(crate) kafka: KafkaSettings,
    pub(crate) group: String,
    /// How much one load takes.
    pub(crate) load: PollLimits,
    /// How long a load's first record waits for more.
    pub(crate) wait: Duration,
    pub(crate) loads_in_flight: usize,
    pub(crate) max_in_flight: usize,
    pub(crate) backoff: Backoff,
    pub(crate) drain_timeout: Duration,
}

impl IndexerConfig {
    pub(crate) fn new(settings: &Settings) -> Self {
        let indexer = &settings.indexer;
        Self {
            kafka: settings.kafka.clone(),
            group: indexer.group.clone(),
            load: PollLimits { records: indexer.bulk_documents, bytes: indexer.bulk_bytes.as_usize() },
            wait: indexer.bulk_wait.0,
            loads_in_flight: indexer.requests_in_flight,
            max_in_flight: indexer.max_in_flight.as_usize(),
            backoff: Backoff::new(indexer.retry_initial.0, indexer.retry_max.0),
            drain_timeout: indexer.drain_timeout.0,
        }
    }
}
