//! `kafka:` the cluster that joins the tiers.

use std::collections::BTreeMap;

use forebay_record::topic;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{ByteSize, Period};

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
    /// Which protocol consumer groups speak: `consumer`, in which the brokers share out the partitions and a rebalance
    /// touches only what moves (KIP-848, Kafka 4.0 and later); `classic`, in which a member shares them out; `auto`:
    /// `consumer` where the brokers have it, `classic` elsewhere, or where `properties` has what only `classic` knows
    /// (`session.timeout.ms`, `heartbeat.interval.ms`, `partition.assignment.strategy`). A rolling restart moves a living
    /// group from `consumer` to `classic`, and from `classic` to `consumer` if its `assignment_strategy` is `range` or
    /// `roundrobin`; Kafka refuses that for `cooperative-sticky`, and `auto` then stays with `classic` until all members of
    /// the group have been stopped once.
    pub group_protocol: GroupProtocol,
    /// How partitions are shared out in a group that speaks `classic`: `cooperative-sticky`, `range` or `roundrobin`. In
    /// `consumer` the brokers decide (`group.consumer.assignors`).
    pub assignment_strategy: String,
    /// How long a group that speaks `classic` waits for a silent member before its partitions go to others. In `consumer`
    /// the brokers decide (`group.consumer.session.timeout.ms`, 45 s by default).
    pub session_timeout: Period,
    /// What the consumer groups know this process by over restarts (KIP-345), such as the name of a StatefulSet's pod; empty:
    /// a new member each time. With it, a clean restart that is over within the session time-out moves no partition.
    /// Every process needs one of its own. After a crash, `classic` goes on at once, while in `consumer` the new process
    /// waits until the session of the old one is over.
    pub instance_id: String,
    /// Further settings for librdkafka, by its own names; they win over Forebay's. A value of the form `file:/path`
    /// is read from that file, which keeps passwords out of this one.
    #[schemars(extend("x-dotted-names" = true))]
    pub properties: BTreeMap<String, String>,
}

/// Which protocol consumer groups speak.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupProtocol {
    /// The new one where the brokers have it.
    #[default]
    Auto,
    /// The new one (KIP-848).
    Consumer,
    /// The one that all brokers have.
    Classic,
}

/// The topics that join the tiers.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TopicSettings {
    /// Events as they came.
    pub raw: String,
    /// Documents ready to index.
    pub events: String,
    /// Dead letters. What has become of each is kept beside it, in a topic of the same name with `.state` at its end.
    pub dead_letters: String,
    /// Dead letters that were replayed too often.
    pub parked: String,
    /// Audit records: who made and revoked credentials, replayed dead letters, changed access and rules. It has one partition
    /// and is kept for ever; allow Forebay to write to it, and nobody to delete from it or to alter it.
    pub audit: String,
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
    /// How many bytes of dead letters it keeps in a partition. Beyond that Kafka deletes the oldest, whether or not they were
    /// brought home: make it as large as the disks allow.
    pub dead_letter_bytes: ByteSize,
}

impl TopicSettings {
    /// The name of the topic that says which dead letters were replayed, parked or purged, and by whom.
    #[must_use]
    pub fn dead_letter_state(&self) -> String {
        format!("{}.state", self.dead_letters)
    }
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
            group_protocol: GroupProtocol::Auto,
            instance_id: String::new(),
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
            audit: topic::AUDIT.to_owned(),
            partitions: 12,
            replication: 1,
            retention: Period::from_secs(3 * 86_400),
            dead_letter_retention: Period::from_secs(30 * 86_400),
            dead_letter_bytes: ByteSize::mib(10 * 1_024),
        }
    }
}
