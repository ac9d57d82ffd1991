//! The figures that the model rests on: each with where it comes from.
//!
//! CPU time is that of the bench's machine (AMD EPYC, 2 cores): another's is measured by `make bench`. Where a hop was measured more
//! than once, the dearer of the latest results stands here. What is marked as assumed was measured by nobody here.

use crate::plan::{Parsing, Protocol};

/// The CPU time of an event on its way through one tier.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cost {
    /// What it does there.
    pub what: &'static str,
    /// CPU time of one event, in nanoseconds: CPU-seconds per million events, times a thousand.
    pub nanoseconds: u64,
    /// Bytes of the event that was measured.
    pub bytes: u64,
    /// Where the result stands, from the root of the project.
    pub source: &'static str,
}

/// What of an event's bytes is left where it is stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Share {
    /// What is stored.
    pub what: &'static str,
    /// Bytes there for a thousand bytes of events.
    pub per_mille: u64,
    /// Where the result stands, from the root of the project.
    pub source: &'static str,
}

const INGEST_RESULTS: &str = "load/results/2026-11-22-ingest.md";
const RULES_RESULTS: &str = "load/results/2026-11-22-rules.md";
const FIRST_RESULTS: &str = "load/results/2026-11-21.md";
const STORAGE_RESULTS: &str = "load/results/2026-11-22-storage.md";

/// Bytes of the application's JSON line, and of the access log's, that the bench sends.
const APP: u64 = 315;
const ACCESS: u64 = 163;

const fn cost(what: &'static str, nanoseconds: u64, bytes: u64, source: &'static str) -> Cost {
    Cost { what, nanoseconds, bytes, source }
}

/// What `forebay-ingest` costs by this protocol.
#[must_use]
pub const fn ingest(protocol: Protocol) -> Cost {
    let (what, nanoseconds) = match protocol {
        Protocol::Http => ("HTTP (NDJSON)", 1_660),
        Protocol::Bulk => ("Elasticsearch's `_bulk`", 1_680),
        Protocol::Otlp => ("OTLP over gRPC", 2_760),
        Protocol::Forward => ("Fluent Forward, packed", 2_060),
        Protocol::Beats => ("Beats (Lumberjack 2)", 1_720),
        Protocol::Syslog => ("syslog over TCP", 1_320),
    };
    cost(what, nanoseconds, APP, INGEST_RESULTS)
}

/// What `forebay-parser` costs with this to do.
#[must_use]
pub const fn parser(parsing: Parsing) -> Cost {
    match parsing {
        Parsing::Json => cost("JSON", 4_740, APP, RULES_RESULTS),
        Parsing::Access => cost("access log", 3_160, ACCESS, FIRST_RESULTS),
        Parsing::Vrl => cost("JSON, a VRL program", 8_060, APP, RULES_RESULTS),
        Parsing::Masks => cost("JSON, all masks", 7_140, APP, RULES_RESULTS),
        Parsing::Enrich => cost("access log, places and agents", 10_320, ACCESS, RULES_RESULTS),
    }
}

/// `forebay-indexer`.
pub const INDEXER: Cost = cost("bulk requests", 1_100, APP, FIRST_RESULTS);

/// The search cluster, for each copy. An upper bound, not a measurement of it alone: 10,839 events a second went through all tiers,
/// Kafka and one node of Elasticsearch on two cores, and all that Forebay itself didn't use is counted here.
pub const SEARCH: Cost = cost("a document indexed, at most", 174_600, APP, FIRST_RESULTS);

/// Both topics together, lz4, before replication: the most of what was measured, as below. Measured on lines that are made up, which
/// compress better than real ones.
pub const KAFKA_BYTES: Share = Share {
    what: "Kafka: `raw` and `events` together, lz4, one copy",
    per_mille: 640,
    source: STORAGE_RESULTS,
};

/// An index, before replication.
pub const INDEX_BYTES: Share = Share { what: "an index, one copy", per_mille: 570, source: STORAGE_RESULTS };

/// What is used of a core at the mean rate, in percent. The other half is for peaks of twice the mean, for the way back after an
/// outage, and for neighbours on the machine, which make CPU-seconds swell by up to 1.7 times. Chosen.
pub const UTILISATION: u64 = 50;

/// What is used of a disk, in percent: below the low watermark of Elasticsearch (85 %), with room to merge. Chosen.
pub const DISK_FILL: u64 = 70;

/// How many partitions there are for each lane, so that the tiers can grow without new partitions. Chosen.
pub const GROWTH: u64 = 2;

/// Partitions come in multiples of this, which 2, 3, 4, 6 and 12 members share evenly. Chosen.
pub const PARTITION_STEP: u64 = 12;

/// Cores of a pod of ingest and of the parser. Chosen.
pub const POD_CORES: u64 = 2;

/// Cores of a pod of the indexer, which has one thread that polls. Chosen.
pub const INDEXER_POD_CORES: u64 = 1;

/// One pod may go away. Chosen.
pub const LEAST_PODS: u64 = 2;

/// Write-equivalent bytes a second that a broker's core takes when it does nothing else; writes and reads count with all copies,
/// reads a quarter. Assumed, from
/// <https://docs.cloud.google.com/managed-service-for-apache-kafka/docs/plan-cluster-size>.
pub const KAFKA_BYTES_PER_CORE: u64 = 20_000_000;

/// Cores of a broker. Chosen.
pub const BROKER_CORES: u64 = 8;

/// Cores of a node of the search cluster. Chosen.
pub const SEARCH_CORES: u64 = 16;

/// The disk of a broker or a node, in bytes. Chosen.
pub const NODE_DISK: u64 = 8_000_000_000_000;

/// Where there are copies, one of three nodes may go away. Chosen.
pub const LEAST_NODES: u64 = 3;

/// The largest shard, in bytes and in documents. Assumed, from
/// <https://www.elastic.co/docs/deploy-manage/production-guidance/optimize-performance/size-shards>.
pub const SHARD_BYTES: u64 = 50_000_000_000;
/// See [`SHARD_BYTES`].
pub const SHARD_DOCUMENTS: u64 = 200_000_000;

/// The most shards of a node: what a cluster allows if nothing else is set (`cluster.max_shards_per_node`).
pub const SHARDS_PER_NODE: u64 = 1_000;

/// Beyond so many shards a day's index becomes 24 of an hour. Chosen.
pub const SHARDS_OF_DAY: u64 = 24;

/// The lengths of retention whose storage is told, in days.
pub const MONTHLY: [u64; 5] = [7, 14, 30, 90, 365];
