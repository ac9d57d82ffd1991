//! What it takes to make an intake's client: the same each time, but for the group protocol.

use std::sync::Arc;

use forebay_settings::sections::KafkaSettings;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError as ClientError;

use super::rebalance::Context;
use super::{Assignment, IntakeOptions, Protocol};
use crate::client::Connection;
use crate::error::KafkaError;
use crate::properties::Properties;

/// The most that one fetch may bring, in bytes: beside what is queued, this much may be in memory.
const MAX_FETCH_BYTES: usize = 16 * 1024 * 1024;

/// What an intake was made from.
pub(super) struct Setup {
    pub(super) settings: KafkaSettings,
    pub(super) options: IntakeOptions,
    assignment: Arc<dyn Assignment>,
}

impl Setup {
    pub(super) fn new(
        settings: &KafkaSettings,
        options: IntakeOptions,
        assignment: Arc<dyn Assignment>,
    ) -> Self {
        Self { settings: settings.clone(), options, assignment }
    }

    /// The name under which the group knows this member over restarts; `None` when it is a new one each time.
    pub(super) fn instance(&self) -> Option<String> {
        let process = self.settings.instance_id.as_str();
        (!process.is_empty()).then(|| format!("{process}-{client}", client = self.options.client_id))
    }

    /// Makes a client that has subscribed.
    ///
    /// # Errors
    /// When the settings can't be used.
    pub(super) fn consumer(
        &self,
        protocol: Protocol,
        paused: bool,
    ) -> Result<BaseConsumer<Context>, KafkaError> {
        let IntakeOptions { group, topic, client_id, prefetch_bytes } = &self.options;
        let prefetch_bytes = *prefetch_bytes;
        let mut properties = Properties::new(&self.settings, client_id)
            .with("group.id", group)
            .with("enable.auto.commit", "false")
            .with("enable.auto.offset.store", "false")
            .with("auto.offset.reset", "earliest")
            .with("isolation.level", "read_committed")
            .with("queued.max.messages.kbytes", (prefetch_bytes / 1024).max(1024))
            .with("fetch.max.bytes", prefetch_bytes.clamp(1024 * 1024, MAX_FETCH_BYTES))
            // How soon fetching goes on after the queue was full. The default, a second, is several times as long as a
            // full queue lasts.
            .with("fetch.queue.backoff.ms", 20);
        properties = match protocol {
            Protocol::Consumer => properties.with("group.protocol", "consumer"),
            Protocol::Classic => properties
                .with("group.protocol", "classic")
                .with("partition.assignment.strategy", &self.settings.assignment_strategy)
                .with("session.timeout.ms", self.settings.session_timeout.0.as_millis()),
        };
        if let Some(instance) = self.instance() {
            properties = properties.with("group.instance.id", instance);
        }
        let connection = Connection::new(&self.settings.bootstrap_servers, topic);
        let context = Context::new(connection, topic, Arc::clone(&self.assignment), paused);
        let failed = |error: &ClientError| KafkaError::of(error, topic);
        let consumer: BaseConsumer<Context> =
            properties.build(&self.settings)?.create_with_context(context).map_err(|e| failed(&e))?;
        consumer.subscribe(&[topic]).map_err(|e| failed(&e))?;
        Ok(consumer)
    }
}
