//! What the settings say, as this tier needs it.

use std::thread::available_parallelism;
use std::time::Duration;

use forebay_record::target::Span;
use forebay_settings::Settings;
use forebay_settings::sections::KafkaSettings;
use forebay_settings::sections::parser::Delivery;

/// A lane that may hold less than a batch would wait after each one.
const LEAST_IN_FLIGHT: usize = 1024 * 1024;

/// The settings of all lanes.
#[derive(Clone, Debug)]
pub(crate) struct ParserConfig {
    pub(crate) kafka: KafkaSettings,
    pub(crate) group: String,
    pub(crate) lanes: usize,
    /// What one lane may read ahead of what is acknowledged, in bytes.
    pub(crate) lane_in_flight: usize,
    pub(crate) delivery: Delivery,
    pub(crate) transaction_interval: Duration,
    pub(crate) transaction_timeout: Duration,
    pub(crate) revoke_timeout: Duration,
    pub(crate) drain_timeout: Duration,
    pub(crate) prefix: String,
    pub(crate) span: Span,
}

impl ParserConfig {
    pub(crate) fn new(settings: &Settings) -> Self {
        let parser = &settings.parser;
        let lanes = match parser.lanes {
            0 => available_parallelism().map_or(1, usize::from),
            lanes => lanes,
        };
        Self {
            kafka: settings.kafka.clone(),
            group: parser.group.clone(),
            lanes,
            lane_in_flight: (parser.max_in_flight.as_usize() / lanes).max(LEAST_IN_FLIGHT),
            delivery: parser.delivery,
            transaction_interval: parser.transaction_interval.0,
            transaction_timeout: parser.transaction_timeout.0,
            revoke_timeout: parser.revoke_timeout.0,
            drain_timeout: parser.drain_timeout.0,
            prefix: settings.search.index_prefix.clone(),
            span: settings.search.target_period.span(),
        }
    }
}
