//! From Forebay's settings to librdkafka's properties (<https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md>).
//!
//! Three layers, the later one wins: what every client needs, what its role needs, what the operator wrote under
//! `kafka.properties`. The few properties that the delivery rule stands on can't be overridden.

use std::collections::BTreeMap;
use std::fs;

use forebay_settings::sections::KafkaSettings;
use rdkafka::ClientConfig;

use crate::error::KafkaError;

/// Properties that belong to Forebay: with other values, records would count as done before they are.
const RESERVED: [&str; 13] = [
    "acks",
    "request.required.acks",
    "enable.idempotence",
    "isolation.level",
    "auto.offset.reset",
    "enable.auto.commit",
    "auto.commit.enable",
    "enable.auto.offset.store",
    "group.id",
    "group.instance.id",
    "transactional.id",
    "transaction.timeout.ms",
    "statistics.interval.ms",
];

/// Other names that librdkafka accepts, with the one that is used here. Both names set at once would leave it to
/// chance which value counts.
const ALIASES: [(&str, &str); 8] = [
    ("metadata.broker.list", "bootstrap.servers"),
    ("queue.buffering.max.ms", "linger.ms"),
    ("compression.codec", "compression.type"),
    ("delivery.timeout.ms", "message.timeout.ms"),
    ("message.send.max.retries", "retries"),
    ("max.in.flight", "max.in.flight.requests.per.connection"),
    ("max.partition.fetch.bytes", "fetch.message.max.bytes"),
    ("sasl.mechanism", "sasl.mechanisms"),
];

/// Properties of members of a group. They must fit each other, which those of a client that never joins can't.
const MEMBERSHIP: [&str; 7] = [
    "group.protocol",
    "group.protocol.type",
    "group.remote.assignor",
    "heartbeat.interval.ms",
    "max.poll.interval.ms",
    "partition.assignment.strategy",
    "session.timeout.ms",
];

/// The longest value that is read from a file, in bytes: certificates are the largest.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The properties of one client.
pub(crate) struct Properties {
    values: BTreeMap<String, String>,
    left_out: &'static [&'static str],
}

impl Properties {
    /// What every client needs.
    pub(crate) fn new(settings: &KafkaSettings, client_id: &str) -> Self {
        Self { values: BTreeMap::new(), left_out: &[] }
            .with("bootstrap.servers", &settings.bootstrap_servers)
            .with("client.id", client_id)
            .with("allow.auto.create.topics", "false")
            // Feeds the lag and the state of the connections. At this rate it costs nothing that could be measured.
            .with("statistics.interval.ms", "1000")
            // Ten seconds would be the default: too long to stand still when the broker is back.
            .with("reconnect.backoff.max.ms", "2000")
            // A topic that was missing is found this soon after somebody has made it.
            .with("topic.metadata.refresh.interval.ms", "10000")
            .with("socket.nagle.disable", "true")
    }

    /// Sets one property.
    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        let _replaced = self.values.insert(name.to_owned(), value.to_string());
        self
    }

    /// Leaves out what the operator wrote for members of a group: for a consumer that never joins one.
    pub(crate) fn without_membership(mut self) -> Self {
        self.left_out = &MEMBERSHIP;
        self
    }

    /// Lays the operator's properties over these.
    ///
    /// # Errors
    /// When a property is reserved, or its file can't be read. The value is never part of the message.
    pub(crate) fn build(mut self, settings: &KafkaSettings) -> Result<ClientConfig, KafkaError> {
        for (name, value) in &settings.properties {
            if RESERVED.contains(&name.as_str()) {
                return Err(KafkaError::Settings(format!(
                    "`kafka.properties.{name}` can't be set: Forebay's delivery rule stands on it"
                )));
            }
            if self.left_out.contains(&name.as_str()) {
                continue;
            }
            let value = match value.strip_prefix("file:") {
                Some(path) => from_file(name, path)?,
                None => value.clone(),
            };
            let name =
                ALIASES.iter().find(|(alias, _)| alias == name).map_or(name.as_str(), |(_, name)| *name);
            let _replaced = self.values.insert(name.to_owned(), value);
        }
        let mut config = ClientConfig::new();
        for (name, value) in self.values {
            let _same = config.set(name, value);
        }
        Ok(config)
    }
}

fn from_file(name: &str, path: &str) -> Result<String, KafkaError> {
    let failed =
        |reason: String| KafkaError::Settings(format!("`kafka.properties.{name}`: `{path}`: {reason}"));
    let size = fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if size > MAX_FILE_BYTES {
        return Err(failed(format!("{size} bytes are more than the {MAX_FILE_BYTES} allowed")));
    }
    let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn settings(properties: &[(&str, &str)]) -> KafkaSettings {
        KafkaSettings {
            properties: properties
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..KafkaSettings::default()
        }
    }

    /// Scenario: the operator sets a property by librdkafka's other name for it.
    /// Guarantees: it replaces ours, rather than standing beside it.
    #[test]
    fn the_operators_value_wins_by_any_name() {
        let settings = settings(&[("queue.buffering.max.ms", "7")]);
        let config = Properties::new(&settings, "t").with("linger.ms", 20).build(&settings).unwrap();
        assert_eq!(config.get("linger.ms"), Some("7"));
        assert_eq!(config.get("queue.buffering.max.ms"), None);
    }

    /// Scenario: the operator has shortened the poll interval, for members. Guarantees: who never joins isn't touched by it.
    #[test]
    fn what_is_for_members_is_for_members() {
        let settings = settings(&[("max.poll.interval.ms", "6000"), ("fetch.wait.max.ms", "7")]);
        let config = Properties::new(&settings, "t").without_membership().build(&settings).unwrap();
        assert_eq!((config.get("max.poll.interval.ms"), config.get("fetch.wait.max.ms")), (None, Some("7")));
    }

    #[test]
    fn a_password_comes_from_its_file_without_the_line_end() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"s3cret\n").unwrap();
        let settings = settings(&[("sasl.password", &format!("file:{}", file.path().display()))]);
        let config = Properties::new(&settings, "t").build(&settings).unwrap();
        assert_eq!(config.get("sasl.password"), Some("s3cret"));
    }

    #[test]
    fn what_cannot_be_honoured_is_refused_by_name() {
        for name in ["enable.auto.commit", "acks", "request.required.acks", "isolation.level"] {
            let settings = settings(&[(name, "1")]);
            let error = Properties::new(&settings, "t").build(&settings).err().unwrap();
            assert!(
                error.to_string().contains(&format!("`kafka.properties.{name}` can't be set")),
                "{error}"
            );
        }
        let settings = self::settings(&[("sasl.password", "file:/nowhere/at/all")]);
        let error = Properties::new(&settings, "t").build(&settings).err().unwrap();
        assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
    }
}
