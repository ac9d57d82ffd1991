//! Questions and orders to the cluster: topics, offsets, and how far groups are.
//!
//! librdkafka's calls block, so each runs on a thread for blocking work; the methods here are for commands and start-up,
//! not for hot paths.

mod ages;
mod delete;
mod offsets;
mod topics;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use forebay_settings::sections::KafkaSettings;
use rdkafka::admin::AdminClient;
use tokio::time::Instant;

pub use self::ages::Oldest;
pub use self::offsets::{GroupLag, OffsetRange};
pub use self::topics::{Difference, TopicAction, TopicInfo, TopicPlan, TopicSpec, wanted_topics};
use crate::client::{Connection, PlainContext};
use crate::error::KafkaError;
use crate::properties::Properties;

/// How long a single request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// How often an absent broker is asked again, and the caller told.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// The name that these clients have in the broker's logs.
const CLIENT_ID: &str = "forebay-admin";

/// A client for questions and orders. Clones share it.
#[derive(Clone)]
pub struct Admin {
    shared: Arc<Shared>,
}

struct Shared {
    client: AdminClient<PlainContext>,
    settings: KafkaSettings,
}

impl Admin {
    /// Makes the client. Nothing waits for the broker here.
    ///
    /// # Errors
    /// When the settings can't be used.
    pub fn new(settings: &KafkaSettings) -> Result<Self, KafkaError> {
        let config = Properties::new(settings, CLIENT_ID).build(settings)?;
        let context = PlainContext(Connection::new(&settings.bootstrap_servers, ""));
        let client = config.create_with_context(context).map_err(|error| KafkaError::of(&error, ""))?;
        Ok(Self { shared: Arc::new(Shared { client, settings: settings.clone() }) })
    }

    /// Waits until a broker answers. `progress` hears about once a second how long that has taken so far.
    ///
    /// # Errors
    /// When none has answered after `timeout`.
    pub async fn wait_for_broker(
        &self,
        timeout: Duration,
        mut progress: impl FnMut(Duration) + Send,
    ) -> Result<(), KafkaError> {
        let start = Instant::now();
        loop {
            let probe =
                PROBE_EVERY.min(timeout.saturating_sub(start.elapsed())).max(Duration::from_millis(50));
            let answer = self.blocking(move |shared| shared.metadata(probe)).await;
            match answer {
                Ok(_) => return Ok(()),
                Err(error) if start.elapsed() >= timeout => {
                    let servers = &self.shared.settings.bootstrap_servers;
                    let reason = match error {
                        KafkaError::Unreachable(reason) | KafkaError::Timeout(reason) => reason,
                        other => other.to_string(),
                    };
                    return Err(KafkaError::Unreachable(format!("nobody answers at {servers}: {reason}")));
                }
                Err(_) => progress(start.elapsed()),
            }
            // A refused connection comes back at once, a silent one took its time already.
            let next = start + PROBE_EVERY * u32::try_from(start.elapsed().as_secs() + 1).unwrap_or(u32::MAX);
            tokio::time::sleep_until(next.min(start + timeout)).await;
        }
    }

    /// Runs a blocking call where it holds up nobody.
    async fn blocking<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Shared) -> Result<T, KafkaError> + Send + 'static,
    ) -> Result<T, KafkaError> {
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || call(&shared))
            .await
            .unwrap_or_else(|error| Err(KafkaError::Other(error.to_string())))
    }
}

impl Shared {
    /// All topics of the cluster. Asking for all, rather than for one, never makes a broker create it.
    fn metadata(&self, timeout: Duration) -> Result<Vec<TopicInfo>, KafkaError> {
        let metadata =
            self.client.inner().fetch_metadata(None, timeout).map_err(|error| KafkaError::of(&error, ""))?;
        self.client.inner().context().0.succeeded();
        Ok(metadata.topics().iter().map(topics::info).collect())
    }

    fn topic(&self, name: &str) -> Result<Option<TopicInfo>, KafkaError> {
        Ok(self.metadata(REQUEST_TIMEOUT)?.into_iter().find(|topic| topic.name == name))
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").field("bootstrap_servers", &self.shared.settings.bootstrap_servers).finish()
    }
}
