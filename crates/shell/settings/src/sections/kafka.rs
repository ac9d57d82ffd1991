//! `kafka:` the cluster that joins the tiers.

use std::collections::BTreeMap;

use forebay_record::topic;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::Period;

/// The Kafka cluster that joins the tiers.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct KafkaSettings {
    /// Where to find the cluster: `host:port`, several separated by commas.
    pub bootstrap_servers: String,
    /// The topics. Every process of one installation must name the same ones.
    pub topics: TopicSettings,
    /// How batches are compressed on the way to the broker: `lz4`, `zstd`, `snappy`, `gzip` or `none`.
    pub compression: String,
    /// How long a producer gathers records into a batch before it sends it.
    pub linger: Period,
    /// How long a record may wait for the broker's acknowledgement before it counts as failed.
    pub delivery_timeout: Period,
    /// How partitions are shared out in a consumer group: `cooperative-sticky`, `range` or `roundrobin`.
    pub assignment_strategy: String,
    /// How long the group waits for a silent member before its partitions go to others.
    pub session_timeout: Period,
    /// Further settings for librdkafka, by its own names; they win over Forebay's. A value of the form `file:/path`
    /// is read from that file, which keeps passwords out of this one.
    #[schemars(extend("x-dotted-names" = true))]
    pub properties: BTreeMap<String, String>,
}

/// The topics that join the tiers.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TopicSettings {
    /// Events as they came.
    pub raw: String,
    /// Documents ready to index.
    pub events: String,
    /// Dead letters.
    pub dead_letters: String,
    /// Dead letters that were replayed too often.
    pub parked: String,
    /// How many partitions `forebay bootstrap` gives a topic that it creates.
    #[schemars(range(min = 1))]
    pub partitions: i32,
    /// How many replicas it gives it.
    #[schemars(range(min = 1))]
    pub replication: i32,
    /// How long it keeps records of `raw` and `events`.
    pub retention: Period,
    /// How long it keeps dead letters.
    pub dead_letter_retention: Period,
}

impl Default for KafkaSettings {
    fn default() -> Self {
        Self {
            bootstrap_servers: "127.0.0.1:9092".to_owned(),
            topics: TopicSettings::default(),
            compression: "lz4".to_owned(),
            linger: Period::from_millis(20),
            delivery_timeout: Period::from_secs(30),
            assignment_strategy: "cooperative-sticky".to_owned(),
            session_timeout: Period::from_secs(45),
            properties: BTreeMap::new(),
        }
    }
}

impl Default for TopicSettings {
    fn default() -> Self {
        Self {
            raw: topic::RAW.to_owned(),
            events: topic::EVENTS.to_owned(),
            dead_letters: topic::DEAD_LETTERS.to_owned(),
            parked: topic::PARKED.to_owned(),
            partitions: 12,
            replication: 1,
            retention: Period::from_secs(3 * 86_400),
            dead_letter_retention: Period::from_secs(30 * 86_400),
        }
    }
}
