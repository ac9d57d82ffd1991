//! From an input to a plan.

use serde::Serialize;

use crate::figures::{self, Cost};

const DAY: u64 = 86_400;

/// The longest retention that is told whatever is asked for, in days.
const LONGEST: u64 = figures::MONTHLY[figures::MONTHLY.len() - 1];

/// What comes in, and how long it is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Input {
    /// Events a second, the mean of a busy day.
    pub events_per_sec: u64,
    /// Bytes of an event as its sender writes it.
    pub bytes: u64,
    /// How senders send.
    pub protocol: Protocol,
    /// What the parser does.
    pub parsing: Parsing,
    /// How many days indices are kept.
    pub retention_days: u64,
    /// Copies of an index besides the first.
    pub replicas: u64,
    /// How many tenants share that evenly.
    pub tenants: u64,
    /// How many days Kafka keeps records: how long the search cluster may be away.
    pub kafka_days: u64,
    /// How many copies Kafka keeps.
    pub kafka_replicas: u64,
}

/// How senders send.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// NDJSON over HTTP.
    Http,
    /// Elasticsearch's `_bulk`.
    Bulk,
    /// OTLP over gRPC.
    Otlp,
    /// Fluent Forward, packed.
    Forward,
    /// Lumberjack 2, compressed.
    Beats,
    /// Syslog over TCP.
    Syslog,
}

/// What the parser does with an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Parsing {
    /// JSON, laid out by ECS; no rule looks into it.
    Json,
    /// An access log, by a built-in format.
    Access,
    /// JSON and a program in VRL.
    Vrl,
    /// JSON and all masks.
    Masks,
    /// An access log with places of addresses and user agents.
    Enrich,
}

/// What is needed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Plan {
    /// What it was made from.
    pub input: Input,
    /// What comes in, in bytes a second.
    pub bytes_per_sec: u64,
    /// `forebay-ingest`.
    pub ingest: Tier,
    /// `forebay-parser`.
    pub parser: Tier,
    /// `forebay-indexer`.
    pub indexer: Tier,
    /// The brokers.
    pub kafka: Kafka,
    /// The search cluster.
    pub search: Search,
}

/// One of our tiers.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Tier {
    /// What it uses at the mean rate, in thousandths of a core.
    pub busy_millicores: u64,
    /// What it is to have, in cores.
    pub cores: u64,
    /// How many pods.
    pub pods: u64,
    /// How many cores each may use.
    pub pod_cores: u64,
}

/// The brokers.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Kafka {
    /// Partitions of `raw` and of `events`, each.
    pub partitions: u64,
    /// How many brokers.
    pub brokers: u64,
    /// Cores of all brokers.
    pub cores: u64,
    /// What stands on their disks, with all copies, in bytes.
    pub stored: u64,
    /// What their disks are to have together, in bytes.
    pub disk: u64,
}

/// The search cluster.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Search {
    /// How many data nodes.
    pub nodes: u64,
    /// Cores of all data nodes.
    pub cores: u64,
    /// Whether targets are to be hourly (`search.target_period`).
    pub hourly: bool,
    /// Primary shards of an index (`search.shards`).
    pub shards: u64,
    /// Indices at any time.
    pub indices: u64,
    /// Shards at any time, with their copies.
    pub all_shards: u64,
    /// What stands on the nodes' disks, with all copies, in bytes.
    pub stored: u64,
    /// What their disks are to have together, in bytes.
    pub disk: u64,
    /// What is stored for other lengths of retention: days, and bytes with all copies. That much is held all month.
    pub monthly: Vec<(u64, u64)>,
}

// === impl Protocol ===

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Http, Self::Bulk, Self::Otlp, Self::Forward, Self::Beats, Self::Syslog];
}

// === impl Parsing ===

impl Parsing {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Json, Self::Access, Self::Vrl, Self::Masks, Self::Enrich];
}

// === impl Input ===

impl Default for Input {
    /// A thousand events of 300 bytes a second by HTTP, in JSON, from one tenant; 30 days, one replica; three days and three
    /// copies in Kafka.
    fn default() -> Self {
        Self {
            events_per_sec: 1_000,
            bytes: 300,
            protocol: Protocol::Http,
            parsing: Parsing::Json,
            retention_days: 30,
            replicas: 1,
            tenants: 1,
            kafka_days: 3,
            kafka_replicas: 3,
        }
    }
}

impl Input {
    /// Whether its plan's numbers are what they say: beyond that they stay at their greatest.
    #[must_use]
    pub fn is_in_reach(&self) -> bool {
        let days = self.retention_days.max(self.kafka_days).max(LONGEST).saturating_add(1);
        let copies = self.replicas.saturating_add(1).max(self.kafka_replicas);
        // An event costs as much as the measured one, at least; a disk has less than twice what stands on it.
        let stored = [self.events_per_sec, self.bytes.max(figures::INDEXER.bytes), DAY, days, copies, 2];
        let shards = [self.tenants, 24, days, copies];
        let product =
            |factors: &[u64]| factors.iter().try_fold(1_u64, |product, one| product.checked_mul(*one));
        // An index has a shard more than its share of the documents, at most.
        product(&stored)
            .zip(product(&shards))
            .is_some_and(|(stored, shards)| stored.checked_add(shards).is_some())
    }
}

/// What `input` needs. No number overflows: what is too large for the arithmetic stays at its greatest.
#[must_use]
pub fn plan(input: &Input) -> Plan {
    let parser = tier(input, &figures::parser(input.parsing), figures::POD_CORES);
    let indexer = tier(input, &figures::INDEXER, figures::INDEXER_POD_CORES);
    // A partition is one consumer's at a time: as many as there may be lanes once the tier has grown.
    let lanes = (parser.pods.saturating_mul(parser.pod_cores)).max(indexer.pods);
    let partitions = up_to_multiple(lanes.saturating_mul(figures::GROWTH), figures::PARTITION_STEP);
    Plan {
        input: *input,
        bytes_per_sec: input.events_per_sec.saturating_mul(input.bytes),
        ingest: tier(input, &figures::ingest(input.protocol), figures::POD_CORES),
        parser,
        indexer,
        kafka: kafka(input, partitions),
        search: search(input),
    }
}

fn tier(input: &Input, cost: &Cost, pod_cores: u64) -> Tier {
    let busy_millicores = busy(input, cost).div_ceil(1_000_000);
    let cores = cores(busy_millicores);
    let pods = cores.div_ceil(pod_cores).max(figures::LEAST_PODS);
    Tier { busy_millicores, cores, pods, pod_cores }
}

/// Nanoseconds of CPU time a second.
fn busy(input: &Input, cost: &Cost) -> u64 {
    let bytes = input.bytes.max(cost.bytes);
    let per_event = cost.nanoseconds.saturating_mul(bytes).div_ceil(cost.bytes.max(1));
    input.events_per_sec.saturating_mul(per_event)
}

/// The cores that are busy with so much as long as [`figures::UTILISATION`] of each is used.
fn cores(busy_millicores: u64) -> u64 {
    busy_millicores.div_ceil(10 * figures::UTILISATION).max(1)
}

fn kafka(input: &Input, partitions: u64) -> Kafka {
    // Both topics hold every event, and each is read once.
    let written = input.events_per_sec.saturating_mul(per_mille(input.bytes, figures::KAFKA_BYTES.per_mille));
    let copies = input.kafka_replicas.max(1);
    let writes = written.saturating_mul(copies);
    let reads = written.saturating_add(written.saturating_mul(copies - 1));
    let write_equivalent = writes.saturating_add(reads / 4);
    let cores = cores(write_equivalent.div_ceil(figures::KAFKA_BYTES_PER_CORE / 1_000));
    let stored = writes.saturating_mul(DAY).saturating_mul(input.kafka_days);
    let disk = disk(stored);
    let brokers = cores.div_ceil(figures::BROKER_CORES).max(disk.div_ceil(figures::NODE_DISK)).max(copies);
    Kafka { partitions, brokers, cores: cores.max(brokers), stored, disk }
}

fn search(input: &Input) -> Search {
    let copies = input.replicas.saturating_add(1);
    let document = per_mille(input.bytes, figures::INDEX_BYTES.per_mille);
    let day_events = input.events_per_sec.saturating_mul(DAY);
    let of_days = |days: u64| day_events.saturating_mul(document).saturating_mul(days).saturating_mul(copies);
    let tenants = input.tenants.max(1);
    let shards_of = |events: u64| {
        let by_bytes = events.saturating_mul(document).div_ceil(figures::SHARD_BYTES);
        by_bytes.max(events.div_ceil(figures::SHARD_DOCUMENTS)).max(1)
    };
    let (day, hour) = (day_events.div_ceil(tenants), day_events.div_ceil(tenants).div_ceil(24));
    let hourly = shards_of(day) > figures::SHARDS_OF_DAY;
    let shards = shards_of(if hourly { hour } else { day });
    // One more than is kept: a day's index goes when the day has ended and its time has passed.
    let spans = input.retention_days.saturating_add(1).saturating_mul(if hourly { 24 } else { 1 });
    let indices = tenants.saturating_mul(spans);
    let all_shards = indices.saturating_mul(shards).saturating_mul(copies);
    // Every copy of a shard indexes by itself.
    let busy_millicores = busy(input, &figures::SEARCH).saturating_mul(copies).div_ceil(1_000_000);
    let cores = cores(busy_millicores);
    let stored = of_days(input.retention_days.saturating_add(1));
    let disk = disk(stored);
    let nodes = cores
        .div_ceil(figures::SEARCH_CORES)
        .max(disk.div_ceil(figures::NODE_DISK))
        .max(all_shards.div_ceil(figures::SHARDS_PER_NODE))
        .max(if copies > 1 { figures::LEAST_NODES } else { 1 });
    let monthly = figures::MONTHLY.map(|days| (days, of_days(days.saturating_add(1)))).to_vec();
    Search { nodes, cores: cores.max(nodes), hourly, shards, indices, all_shards, stored, disk, monthly }
}

fn disk(stored: u64) -> u64 {
    (stored / figures::DISK_FILL).saturating_mul(100)
}

/// So many thousandths of a number, rounded up.
fn per_mille(number: u64, share: u64) -> u64 {
    number.saturating_mul(share).div_ceil(1_000)
}

fn up_to_multiple(number: u64, step: u64) -> u64 {
    number.div_ceil(step).max(1).saturating_mul(step)
}

#[cfg(test)]
mod tests;
