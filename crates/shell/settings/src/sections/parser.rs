//! `parser:` how bytes become documents.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sections::RulesSettings;
use crate::units::{ByteSize, Period};

/// `forebay-parser`: turns bytes into documents.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParserSettings {
    /// The consumer group; every parser of one installation is in the same one.
    pub group: String,
    /// How many lanes parse side by side, each with partitions of its own; 0 means one for each core.
    pub lanes: usize,
    /// The format of events whose sender named none: `auto` finds it out; else one of [these](formats.md), or
    /// `regex:<name>`, `grok:<name>`, `csv:<name>`.
    pub default_format: String,
    /// What happens to an event that doesn't parse: `dead_letter`, or `pass_raw` (on as text, tagged `_unparsed`).
    pub on_unparsed: OnUnparsed,
    /// Regular expressions with named groups, by name: the format `regex:<name>`. A group `http__request__method`
    /// stands for the field `http.request.method`.
    pub regexes: BTreeMap<String, String>,
    /// Grok patterns, by name: the format `grok:<name>`. `%{IP:source.ip} %{NUMBER:took:float}`; those without linear time
    /// (look-arounds) are refused.
    pub groks: BTreeMap<String, String>,
    /// Grok patterns of your own for use in others, by name.
    pub grok_patterns: BTreeMap<String, String>,
    /// Lines of columns, by name: the format `csv:<name>`. The columns' fields in their order, with what stands between them:
    /// `time,level,user.name`, or `time;level;user.name`.
    pub csvs: BTreeMap<String, String>,
    /// The time zone of timestamps that name none, by its IANA name.
    pub timezone: String,
    /// How far in the past, before it was received, an event's own time may lie; beyond that the time of receipt is
    /// taken and the original kept.
    pub max_age: Period,
    /// How far in the future an event's own time may lie.
    pub max_future: Period,
    /// Rules: parse, enrich, mask, route.
    pub rules: RulesSettings,
    /// How many bytes are read ahead of what is acknowledged, by all lanes together; each gets an equal share, and at
    /// least 1 MiB.
    pub max_in_flight: ByteSize,
    /// How documents are handed on. `at_least_once`: a document may stand twice in the topic after a crash or a failed
    /// request, and is indexed once, since its id stays the same. `exactly_once`: each stands there once for those who read
    /// committed records, by Kafka transactions.
    pub delivery: Delivery,
    /// With `exactly_once`: how long a transaction gathers before it is committed. Readers see its documents then.
    pub transaction_interval: Period,
    /// With `exactly_once`: how long a transaction may stay open before the brokers abort it. After a crash, readers of its
    /// partitions wait as long, unless `kafka.instance_id` is set and the instance is back earlier.
    pub transaction_timeout: Period,
    /// How long partitions that go to another parser wait for what is under way for them. What isn't done by then is done
    /// again by the other one.
    pub revoke_timeout: Period,
    /// How long a stop waits for what is under way.
    pub drain_timeout: Period,
}

/// How documents are handed on to the next topic.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Repeated until it is acknowledged.
    #[default]
    AtLeastOnce,
    /// In transactions, together with the offsets that it came from.
    ExactlyOnce,
}

impl Delivery {
    /// As it stands in the settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AtLeastOnce => "at_least_once",
            Self::ExactlyOnce => "exactly_once",
        }
    }
}

/// What happens to an event that doesn't parse.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnparsed {
    /// It goes to the dead-letter topic.
    #[default]
    DeadLetter,
    /// It goes on as text, tagged.
    PassRaw,
}

impl Default for ParserSettings {
    fn default() -> Self {
        Self {
            group: "forebay-parser".to_owned(),
            lanes: 0,
            default_format: "auto".to_owned(),
            on_unparsed: OnUnparsed::DeadLetter,
            regexes: BTreeMap::new(),
            groks: BTreeMap::new(),
            grok_patterns: BTreeMap::new(),
            csvs: BTreeMap::new(),
            timezone: "UTC".to_owned(),
            max_age: Period::from_secs(365 * 86_400),
            max_future: Period::from_secs(300),
            rules: RulesSettings::default(),
            max_in_flight: ByteSize::mib(16),
            delivery: Delivery::AtLeastOnce,
            transaction_interval: Period::from_millis(200),
            transaction_timeout: Period::from_secs(20),
            revoke_timeout: Period::from_secs(5),
            drain_timeout: Period::from_secs(20),
        }
    }
}
