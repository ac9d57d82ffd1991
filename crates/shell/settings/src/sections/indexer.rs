//! `indexer:` how documents are written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{ByteSize, Period};

/// `forebay-indexer`: writes documents in bulk, under back-pressure.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct IndexerSettings {
    /// The consumer group; every indexer of one installation is in the same one.
    pub group: String,
    /// A bulk request is sent once it holds this many bytes, uncompressed. Requests get smaller while the cluster doesn't
    /// take ones of this size.
    pub bulk_bytes: ByteSize,
    /// A bulk request is sent once it holds this many documents.
    #[schemars(range(min = 1))]
    pub bulk_documents: usize,
    /// A bulk request is sent once its oldest document has waited this long.
    pub bulk_wait: Period,
    /// How many bulk requests may be under way at once. Fewer are while the cluster refuses some, or answers ever more slowly.
    #[schemars(range(min = 1))]
    pub requests_in_flight: usize,
    /// How many bytes of documents may be under way at once, requests that are being retried included; beyond that no
    /// more is taken from Kafka.
    pub max_in_flight: ByteSize,
    /// The first pause before what the cluster refused is sent again; it doubles with every refusal, with jitter.
    pub retry_initial: Period,
    /// The longest pause between two tries.
    pub retry_max: Period,
    /// How long an index may refuse documents, while others are written, before its documents become dead letters with the
    /// error type `target_unavailable`. Until then they wait, and take at most half of `max_in_flight`; when that is full,
    /// nothing more is taken from Kafka. They can be replayed once the index is back. While the cluster takes nothing at all
    /// the time stands still. 0s means never.
    pub divert_after: Period,
    /// When more than this part of an index's last 1,000 documents or more would become dead letters, the index is stopped
    /// instead and probed with a few documents until less is refused: a template or a mapping is at fault then. After
    /// `divert_after` they become dead letters all the same. 1 means that no index is ever stopped for that.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_refused_share: f64,
    /// How long partitions that are given up wait for what is under way for them.
    pub revoke_timeout: Period,
    /// How long a stop waits for what is under way.
    pub drain_timeout: Period,
}

impl Default for IndexerSettings {
    fn default() -> Self {
        Self {
            group: "forebay-indexer".to_owned(),
            bulk_bytes: ByteSize::mib(4),
            bulk_documents: 10_000,
            bulk_wait: Period::from_millis(500),
            requests_in_flight: 4,
            max_in_flight: ByteSize::mib(48),
            retry_initial: Period::from_millis(200),
            retry_max: Period::from_secs(30),
            divert_after: Period::from_secs(300),
            max_refused_share: 0.5,
            revoke_timeout: Period::from_secs(5),
            drain_timeout: Period::from_secs(20),
        }
    }
}
