//! Asks Kafka how far each tier is.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_kafka::{Admin, KafkaError};
use forebay_settings::Settings;
use forebay_settings::sections::parser::Delivery;

use crate::status::facts::{GroupFacts, KafkaFacts};
use crate::status::report::Server;

/// How long Kafka is waited for.
const WAIT: Duration = Duration::from_secs(5);

/// How long the oldest records are looked for.
const AGES: Duration = Duration::from_secs(2);

/// Kafka, and what of it needn't be asked twice.
pub(super) struct Kafka {
    admin: Admin,
    settings: Settings,
    /// How long topics keep their records; `None` for ever.
    retention: BTreeMap<String, Option<Duration>>,
}

impl Kafka {
    pub(super) fn new(admin: Admin, settings: &Settings) -> Self {
        Self { admin, settings: settings.clone(), retention: BTreeMap::new() }
    }

    /// Whether it answers, and what.
    pub(super) async fn ask(&mut self) -> (Server, Option<KafkaFacts>) {
        let mut server = Server {
            name: "kafka",
            address: self.settings.kafka.bootstrap_servers.clone(),
            reachable: true,
            detail: String::new(),
        };
        if let Err(error) = self.admin.wait_for_broker(WAIT, |_| {}).await {
            server.reachable = false;
            server.detail = match error {
                // It names the address, which is shown already.
                KafkaError::Unreachable(reason) => reason,
                other => other.to_string(),
            };
            return (server, None);
        }
        let topics = self.settings.kafka.topics.clone();
        let raw = self.admin.offsets(&topics.raw).await;
        let raw = raw.map(|ranges| ranges.iter().map(|range| range.end).sum());
        let (parser, indexer) = (self.settings.parser.group.clone(), self.settings.indexer.group.clone());
        let in_transactions = self.settings.parser.delivery == Delivery::ExactlyOnce;
        let facts = KafkaFacts {
            raw: raw.map_err(|error| error.to_string()),
            parser: self.group(parser, topics.raw, false).await,
            indexer: self.group(indexer, topics.events, in_transactions).await,
        };
        (server, Some(facts))
    }

    async fn group(&mut self, group: String, topic: String, has_marks: bool) -> GroupFacts {
        let lags = self.admin.group_lag(&group, &topic).await.map_err(|error| error.to_string());
        let retention = self.retention(&topic).await;
        let mut facts = GroupFacts { group, topic, lags, oldest_ms: None, retention, has_marks };
        if let Ok(lags) = &facts.lags
            && !facts.is_done()
        {
            // An age that isn't known is told as such.
            let oldest = self.admin.oldest_unread(&facts.topic, lags, AGES).await.ok().flatten();
            facts.oldest_ms = oldest.map(|oldest| oldest.timestamp_ms);
        }
        facts
    }

    /// What the brokers say; else what the settings say, by which `forebay bootstrap` makes topics.
    async fn retention(&mut self, topic: &str) -> Option<Duration> {
        if let Some(known) = self.retention.get(topic) {
            return *known;
        }
        let kept = match self.admin.retention_ms(topic).await {
            Some(ms) => u64::try_from(ms).ok().map(Duration::from_millis),
            None => Some(self.settings.kafka.topics.retention.0),
        };
        let _before = self.retention.insert(topic.to_owned(), kept);
        kept
    }
}
