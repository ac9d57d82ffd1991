//! Client settings that suit the embedded broker.

use std::collections::BTreeMap;

/// librdkafka settings, by its own names, that clients of the embedded broker should use.
///
/// All else may stay as it is for Kafka: `acks=all`, `enable.idempotence`, `isolation.level=read_committed`,
/// compression, any assignment strategy. The new group protocol (KIP-848) is not spoken.
#[must_use]
pub fn recommended_properties() -> BTreeMap<String, String> {
    PROPERTIES.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

const PROPERTIES: [(&str, &str); 5] = [
    // The broker has no other. A client would find that out by itself, but a little later.
    ("group.protocol", "classic"),
    // The broker holds a fetch until something arrives, so the wait costs no latency, and a longer one less CPU.
    ("fetch.wait.max.ms", "2000"),
    // A broker in the same machine is either there or starting.
    ("reconnect.backoff.max.ms", "500"),
    // A member that was killed holds its partitions for this long.
    ("session.timeout.ms", "10000"),
    ("topic.metadata.refresh.interval.ms", "60000"),
];
