//! `kafka:` addresses, topics, and librdkafka's own settings that the delivery rule rests on.

use super::address;
use super::findings::Findings;
use crate::sections::{GroupProtocol, KafkaSettings, TopicSettings};
use crate::units::{ByteSize, Period};
use forebay_yaml::suggest;

const COMPRESSIONS: &[&str] = &["lz4", "zstd", "snappy", "gzip", "none"];
const STRATEGIES: &[&str] = &["cooperative-sticky", "range", "roundrobin"];

/// librdkafka's settings that are Forebay's own business: with other values, records would count as done before they
/// are, or lag and connections couldn't be watched.
const RESERVED: &[&str] = &[
    "auto.commit.enable",
    "bootstrap.servers",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "group.id",
    "group.instance.id",
    "metadata.broker.list",
    "statistics.interval.ms",
    "transaction.timeout.ms",
    "transactional.id",
];

/// librdkafka's settings that the new group protocol doesn't know, and refuses.
const CLASSIC_ONLY: &[&str] =
    &["session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy", "group.protocol.type"];

/// The longest instance id, in bytes: what tells the members of one process apart is appended, and Kafka takes 249.
const MAX_INSTANCE_ID: usize = 180;

/// librdkafka's settings with which an acknowledged event could be lost or stored twice, each with the only values that
/// keep the delivery rule.
const GUARANTEES: &[(&str, &[&str])] = &[
    ("acks", &["all", "-1"]),
    ("request.required.acks", &["all", "-1"]),
    ("enable.idempotence", &["true"]),
    ("auto.offset.reset", &["earliest", "smallest", "beginning"]),
    ("isolation.level", &["read_committed"]),
];

pub(super) fn check(kafka: &KafkaSettings, findings: &mut Findings) {
    bootstrap_servers(&kafka.bootstrap_servers, findings);
    topics(&kafka.topics, findings);
    word("kafka.compression", &kafka.compression, COMPRESSIONS, findings);
    word("kafka.assignment_strategy", &kafka.assignment_strategy, STRATEGIES, findings);
    findings.period("kafka.linger", kafka.linger, Period::from_millis(0), Period::from_secs(60));
    findings.period(
        "kafka.delivery_timeout",
        kafka.delivery_timeout,
        Period::from_secs(1),
        Period::from_secs(3_600),
    );
    findings.require(
        kafka.linger < kafka.delivery_timeout,
        "kafka.linger",
        format!("{} is not shorter than kafka.delivery_timeout ({})", kafka.linger, kafka.delivery_timeout),
        "shorten it, or every record fails before it is sent",
    );
    // The range that brokers accept unless told otherwise: group.min.session.timeout.ms, group.max.session.timeout.ms.
    findings.period(
        "kafka.session_timeout",
        kafka.session_timeout,
        Period::from_secs(6),
        Period::from_secs(1_800),
    );
    instance_id(&kafka.instance_id, findings);
    for (name, value) in &kafka.properties {
        property(name, value, findings);
    }
    group_protocol(kafka, findings);
}

fn bootstrap_servers(servers: &str, findings: &mut Findings) {
    for server in servers.split(',') {
        let split = address::split(server.trim());
        let answer = split.and_then(|(_, port)| match port {
            0 => Err(format!("`{}` has port 0", server.trim())),
            _ => Ok(()),
        });
        let remedy = "write `host:port`, several separated by commas, such as `kafka-0:9092,kafka-1:9092`";
        findings.check("kafka.bootstrap_servers", answer, remedy);
    }
}

fn topics(topics: &TopicSettings, findings: &mut Findings) {
    let state = topics.dead_letter_state();
    let names = [
        ("kafka.topics.raw", &topics.raw),
        ("kafka.topics.events", &topics.events),
        ("kafka.topics.dead_letters", &topics.dead_letters),
        ("kafka.topics.parked", &topics.parked),
        ("kafka.topics.audit", &topics.audit),
        // Last, so that a name that is wrong already is named by its own setting first.
        ("kafka.topics.dead_letters", &state),
    ];
    for (n, (path, name)) in names.iter().enumerate() {
        findings.require(
            is_topic(name),
            path,
            format!("`{}` can't be a topic's name", name.escape_debug()),
            "use 1 to 249 of letters, digits, `.`, `_` and `-`",
        );
        if let Some((other, _)) = names.iter().take(n).find(|(_, other)| *other == *name) {
            let what = format!("`{name}` is {other} too");
            findings.add(path, what, "give each its own topic, or a tier reads its own output");
        }
    }
    findings.number("kafka.topics.partitions", topics.partitions, 1, 10_000);
    findings.number("kafka.topics.replication", topics.replication, 1, 100);
    let (least, greatest) = (Period::from_secs(60), Period::from_secs(3_650 * 86_400));
    findings.period("kafka.topics.retention", topics.retention, least, greatest);
    findings.period("kafka.topics.dead_letter_retention", topics.dead_letter_retention, least, greatest);
    let (least, greatest) = (ByteSize::mib(1), ByteSize::mib(100 * 1_024 * 1_024));
    findings.size("kafka.topics.dead_letter_bytes", topics.dead_letter_bytes, least, greatest);
}

/// The rule of Kafka's brokers for topics and instances (`org.apache.kafka.common.internals.Topic`).
fn is_topic(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=249).contains(&name.len()) && name.bytes().all(allowed) && name != "." && name != ".."
}

fn instance_id(id: &str, findings: &mut Findings) {
    findings.require(
        id.is_empty() || is_topic(id) && id.len() <= MAX_INSTANCE_ID,
        "kafka.instance_id",
        format!("`{}` can't be the id of an instance", id.escape_debug()),
        format!("use 1 to {MAX_INSTANCE_ID} of letters, digits, `.`, `_` and `-`, or leave it empty"),
    );
}

fn group_protocol(kafka: &KafkaSettings, findings: &mut Findings) {
    let property = kafka.properties.get("group.protocol").map(String::as_str);
    if let Some(protocol) = property {
        word("kafka.properties.group.protocol", protocol, &["consumer", "classic"], findings);
    }
    let is_new = property.map_or(kafka.group_protocol == GroupProtocol::Consumer, |name| name == "consumer");
    for name in CLASSIC_ONLY.iter().filter(|name| is_new && kafka.properties.contains_key(**name)) {
        findings.add(
            &format!("kafka.properties.{name}"),
            "is not known to the group protocol `consumer`, in which the brokers decide it",
            "leave it out, or set kafka.group_protocol to `classic`",
        );
    }
}

fn word(path: &str, word: &str, known: &[&str], findings: &mut Findings) {
    let what = format!("`{word}` is not known here");
    findings.require(known.contains(&word), path, what, suggest::remedy(word, known));
}

fn property(name: &str, value: &str, findings: &mut Findings) {
    let path = format!("kafka.properties.{name}");
    findings.require(
        !RESERVED.contains(&name),
        &path,
        "can't be set here, since Forebay goes by what it sets itself",
        "leave it out; see kafka.bootstrap_servers, kafka.instance_id, parser.group and indexer.group",
    );
    if let Some((_, only)) = GUARANTEES.iter().find(|(guarantee, _)| *guarantee == name) {
        let holds = only.contains(&value.trim());
        let what = format!("with `{value}`, acknowledged events could be lost or stored twice");
        findings.require(holds, &path, what, "leave it out; Forebay sets what its guarantees need");
    }
}
