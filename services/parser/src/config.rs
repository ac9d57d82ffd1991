//! What the settings say, as this tier needs it.

use std::thread::available_parallelism;
use std::time::Duration;

use forebay_parse::{NamedRegex, OnUnparsed, ParseConfig};
use forebay_settings::Settings;
use forebay_settings::sections::{KafkaSettings, parser as settings};

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
    pub(crate) drain_timeout: Duration,
    pub(crate) prefix: String,
    pub(crate) parse: ParseConfig,
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
            drain_timeout: parser.drain_timeout.0,
            prefix: settings.search.index_prefix.clone(),
            parse: parse_config(settings),
        }
    }
}

fn parse_config(settings: &Settings) -> ParseConfig {
    let parser = &settings.parser;
    ParseConfig {
        default_format: parser.default_format.clone(),
        on_unparsed: match parser.on_unparsed {
            settings::OnUnparsed::DeadLetter => OnUnparsed::DeadLetter,
            settings::OnUnparsed::PassRaw => OnUnparsed::PassRaw,
        },
        regexes: parser
            .regexes
            .iter()
            .map(|(name, pattern)| NamedRegex { name: name.clone(), pattern: pattern.clone() })
            .collect(),
        timezone: parser.timezone.clone(),
        max_age_ms: milliseconds(parser.max_age.0),
        max_future_ms: milliseconds(parser.max_future.0),
        ..ParseConfig::default()
    }
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
