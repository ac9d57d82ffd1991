//! Topics as they should be, as they are, and the difference.
//!
//! Creating is idempotent, and nothing that exists is ever changed: more partitions would move streams to other
//! partitions, and a shorter retention would delete. Differences are reported for a person to decide.

use std::time::Duration;

use forebay_settings::sections::{KafkaSettings, TopicSettings};
use rdkafka::admin::{
    AdminOptions, ConfigResource, NewTopic, OwnedResourceSpecifier, ResourceSpecifier, TopicReplication,
};
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::metadata::MetadataTopic;
use tokio::time::Instant;

use super::{Admin, REQUEST_TIMEOUT};
use crate::MAX_RECORD_BYTES;
use crate::error::KafkaError;
use crate::producer::{BATCH_OVERHEAD_BYTES, MAX_HEADER_BYTES};

/// How long a broker may take to tell topics' configurations. One that can't doesn't answer at all.
const CONFIG_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a new topic may take until all its partitions have a leader.
const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// A topic as it should be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// How many partitions it gets.
    pub partitions: i32,
    /// How many replicas of each.
    pub replication: i32,
    /// Its configuration, by Kafka's names.
    pub configs: Vec<(String, String)>,
}

/// A topic that is there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TopicInfo {
    /// Its name.
    pub name: String,
    /// How many partitions it has.
    pub partitions: i32,
    /// How many replicas its first partition has.
    pub replication: i32,
    /// Whether every partition has a leader.
    pub ready: bool,
}

/// What is to do about a topic.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TopicPlan {
    /// The topic as it should be.
    pub topic: TopicSpec,
    /// What is to do.
    pub action: TopicAction,
}

/// What is to do about a topic.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TopicAction {
    /// It isn't there.
    Create,
    /// It is as it should be.
    Keep,
    /// It is there and differs, which is reported and left to a person.
    Differs(Vec<Difference>),
}

/// One difference.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    /// `partitions`, `replication` or the name of a configuration.
    pub what: String,
    /// As it should be.
    pub wanted: String,
    /// As it is.
    pub found: String,
}

/// The topics that an installation needs.
#[must_use]
pub fn wanted_topics(settings: &KafkaSettings) -> Vec<TopicSpec> {
    let topics = &settings.topics;
    // What a broker's own defaults may have otherwise is said too: compaction keeps one record of a stream, and a bound in bytes
    // deletes what nobody has read yet.
    let events = vec![
        ("cleanup.policy".to_owned(), "delete".to_owned()),
        ("retention.ms".to_owned(), topics.retention.0.as_millis().to_string()),
        ("retention.bytes".to_owned(), "-1".to_owned()),
    ];
    let letters = vec![
        ("cleanup.policy".to_owned(), "delete".to_owned()),
        ("retention.ms".to_owned(), topics.dead_letter_retention.0.as_millis().to_string()),
        ("retention.bytes".to_owned(), topics.dead_letter_bytes.0.to_string()),
    ];
    vec![
        wanted(topics, &topics.raw, events.clone()),
        wanted(topics, &topics.events, events),
        wanted(topics, &topics.dead_letters, letters.clone()),
        wanted(topics, &topics.parked, letters),
        dead_letter_state(topics),
        audit(topics),
    ]
}

/// What has become of each dead letter. It grows by a record for each batch of a replay, and must outlive the letters. One
/// partition, since its records have an order.
fn dead_letter_state(topics: &TopicSettings) -> TopicSpec {
    let compacted = vec![("cleanup.policy".to_owned(), "compact".to_owned())];
    TopicSpec { partitions: 1, ..wanted(topics, &topics.dead_letter_state(), compacted) }
}

/// Who did what. Nothing is ever deleted, and there is one partition, since partitions have no order between them.
fn audit(topics: &TopicSettings) -> TopicSpec {
    let kept = [("cleanup.policy", "delete"), ("retention.ms", "-1"), ("retention.bytes", "-1")];
    let kept = kept.map(|(name, value)| (name.to_owned(), value.to_owned()));
    TopicSpec { partitions: 1, ..wanted(topics, &topics.audit, kept.to_vec()) }
}

fn wanted(topics: &TopicSettings, name: &str, mut configs: Vec<(String, String)>) -> TopicSpec {
    let largest = MAX_RECORD_BYTES + MAX_HEADER_BYTES + BATCH_OVERHEAD_BYTES;
    configs.push(("max.message.bytes".to_owned(), largest.to_string()));
    if topics.replication > 2 {
        // With three replicas, one may be away: an acknowledged record then still stands on two disks.
        configs.push(("min.insync.replicas".to_owned(), "2".to_owned()));
    }
    TopicSpec {
        name: name.to_owned(),
        partitions: topics.partitions,
        replication: topics.replication,
        configs,
    }
}

/// What the cluster says about a topic.
pub(super) fn info(topic: &MetadataTopic) -> TopicInfo {
    let partitions = topic.partitions();
    TopicInfo {
        name: topic.name().to_owned(),
        partitions: i32::try_from(partitions.len()).unwrap_or(i32::MAX),
        replication: partitions
            .first()
            .map_or(0, |first| i32::try_from(first.replicas().len()).unwrap_or(i32::MAX)),
        ready: !partitions.is_empty() && partitions.iter().all(|partition| partition.leader() >= 0),
    }
}

/// Compares a topic with what it should be. `configs` is `None` where the broker can't tell.
fn compare(wanted: &TopicSpec, found: &TopicInfo, configs: Option<&ConfigResource>) -> TopicAction {
    let mut differences = Vec::new();
    let mut check = |what: &str, wanted: String, found: String| {
        if wanted != found {
            differences.push(Difference { what: what.to_owned(), wanted, found });
        }
    };
    check("partitions", wanted.partitions.to_string(), found.partitions.to_string());
    check("replication", wanted.replication.to_string(), found.replication.to_string());
    if let Some(configs) = configs {
        for (name, value) in &wanted.configs {
            let found = configs.get(name).and_then(|entry| entry.value.clone()).unwrap_or_default();
            check(name, value.clone(), found);
        }
    }
    if differences.is_empty() { TopicAction::Keep } else { TopicAction::Differs(differences) }
}

// === impl Admin ===

impl Admin {
    /// A topic, if it is there.
    ///
    /// # Errors
    /// When no broker answers.
    pub async fn topic(&self, name: &str) -> Result<Option<TopicInfo>, KafkaError> {
        let name = name.to_owned();
        self.blocking(move |shared| shared.topic(&name)).await
    }

    /// Compares the topics with what they should be.
    ///
    /// # Errors
    /// When no broker answers.
    pub async fn plan(&self, wanted: &[TopicSpec]) -> Result<Vec<TopicPlan>, KafkaError> {
        let found = self.blocking(|shared| shared.metadata(REQUEST_TIMEOUT)).await?;
        let found = |topic: &TopicSpec| found.iter().find(|found| found.name == topic.name);
        let existing: Vec<&str> =
            wanted.iter().filter(|topic| found(topic).is_some()).map(|topic| topic.name.as_str()).collect();
        let configs = self.configs(&existing).await;
        let mut plans = Vec::with_capacity(wanted.len());
        for topic in wanted {
            let owner = OwnedResourceSpecifier::Topic(topic.name.clone());
            let action = match found(topic) {
                None => TopicAction::Create,
                Some(found) => compare(topic, found, configs.iter().find(|config| config.specifier == owner)),
            };
            plans.push(TopicPlan { topic: topic.clone(), action });
        }
        Ok(plans)
    }

    /// Creates what the plans say is to be created, and waits until it can be used. A topic that somebody else has made
    /// meanwhile is fine.
    ///
    /// # Errors
    /// The first topic that could not be created, by name and reason; those before it are there.
    pub async fn apply(&self, plans: &[TopicPlan]) -> Result<(), KafkaError> {
        let missing: Vec<&TopicSpec> =
            plans.iter().filter(|plan| plan.action == TopicAction::Create).map(|plan| &plan.topic).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let new: Vec<NewTopic<'_>> = missing.iter().map(|topic| new_topic(topic)).collect();
        let options = AdminOptions::new()
            .request_timeout(Some(REQUEST_TIMEOUT))
            .operation_timeout(Some(REQUEST_TIMEOUT));
        let results = self.shared.client.create_topics(&new, &options).await;
        for result in results.map_err(|error| KafkaError::of(&error, ""))? {
            match result {
                Ok(_) | Err((_, Code::TopicAlreadyExists)) => {}
                Err((topic, code)) => {
                    return Err(KafkaError::Other(format!("can't create topic `{topic}`: {code}")));
                }
            }
        }
        for topic in missing {
            self.wait_until_ready(&topic.name).await?;
        }
        Ok(())
    }

    /// A topic's `retention.ms`, negative when it keeps records for ever; `None` where the broker doesn't tell.
    pub async fn retention_ms(&self, topic: &str) -> Option<i64> {
        let configs = self.configs(&[topic]).await;
        configs.first()?.get("retention.ms")?.value.as_ref()?.parse().ok()
    }

    /// The topics' configurations, as far as the broker tells: not all that speak the protocol can.
    async fn configs(&self, topics: &[&str]) -> Vec<ConfigResource> {
        if topics.is_empty() {
            return Vec::new();
        }
        let options = AdminOptions::new().request_timeout(Some(CONFIG_TIMEOUT));
        let asked: Vec<ResourceSpecifier<'_>> =
            topics.iter().map(|topic| ResourceSpecifier::Topic(topic)).collect();
        match self.shared.client.describe_configs(&asked, &options).await {
            Ok(resources) => resources.into_iter().filter_map(Result::ok).collect(),
            Err(error) => {
                tracing::debug!(error = %error, "the broker doesn't tell the topics' configurations");
                Vec::new()
            }
        }
    }

    async fn wait_until_ready(&self, name: &str) -> Result<(), KafkaError> {
        let deadline = Instant::now() + READY_TIMEOUT;
        loop {
            if self.topic(name).await?.is_some_and(|topic| topic.ready) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(KafkaError::Timeout(format!(
                    "topic `{name}` was created but has no leaders yet"
                )));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn new_topic(topic: &TopicSpec) -> NewTopic<'_> {
    let new = NewTopic::new(&topic.name, topic.partitions, TopicReplication::Fixed(topic.replication));
    topic.configs.iter().fold(new, |new, (name, value)| new.set(name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_takes_the_largest_record_and_dead_letters_are_bounded_in_bytes() {
        let topics = wanted_topics(&KafkaSettings::default());
        let names: Vec<&str> = topics.iter().map(|topic| topic.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "forebay.raw",
                "forebay.events",
                "forebay.dlq",
                "forebay.parked",
                "forebay.dlq.state",
                "forebay.audit"
            ]
        );
        for topic in &topics {
            let value = |name: &str| topic.configs.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
            assert!(value("max.message.bytes").unwrap().parse::<usize>().unwrap() > MAX_RECORD_BYTES);
            let is_state = topic.name.ends_with("state");
            assert_eq!(value("cleanup.policy").unwrap(), if is_state { "compact" } else { "delete" });
            let is_bounded = topic.name.ends_with("dlq") || topic.name.ends_with("parked");
            let bound = value("retention.bytes").filter(|bytes| bytes != "-1");
            assert_eq!(bound.is_some(), is_bounded);
            assert_eq!(
                value("retention.bytes").is_none(),
                is_state,
                "a broker's default is no bound of ours"
            );
            assert_eq!(value("min.insync.replicas"), None, "one replica can't have two in sync");
            let is_audit = topic.name.ends_with("audit");
            assert_eq!(
                value("retention.ms").is_some_and(|ms| ms == "-1"),
                is_audit,
                "only this one is for ever"
            );
            assert_eq!(topic.partitions == 1, is_audit || is_state, "what has an order has one partition");
        }
    }

    #[test]
    fn a_difference_names_what_was_wanted_and_found() {
        let wanted = TopicSpec { name: "t".to_owned(), partitions: 12, replication: 1, configs: Vec::new() };
        let mut found = TopicInfo { name: "t".to_owned(), partitions: 12, replication: 1, ready: true };
        assert_eq!(compare(&wanted, &found, None), TopicAction::Keep);
        found.partitions = 4;
        let difference =
            Difference { what: "partitions".to_owned(), wanted: "12".to_owned(), found: "4".to_owned() };
        assert_eq!(compare(&wanted, &found, None), TopicAction::Differs(vec![difference]));
    }
}
