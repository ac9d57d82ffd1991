//! How long Kafka keeps a topic's records: what a backlog's age is held against.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use forebay_kafka::Admin;
use forebay_settings::sections::KafkaSettings;
use tokio_util::sync::CancellationToken;

/// How often the broker is asked: who lengthens a retention since a backlog nears it wants to see that it helped.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How soon it is asked again when it didn't tell.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// A topic's retention by time, as last known. Clones share it.
#[derive(Clone, Debug)]
pub struct Retention {
    /// In milliseconds; negative means for ever.
    ms: Arc<AtomicI64>,
}

// === impl Retention ===

impl Retention {
    /// What the settings say, until the broker says otherwise.
    #[must_use]
    pub fn new(settings: &KafkaSettings) -> Self {
        let ms = i64::try_from(settings.topics.retention.0.as_millis()).unwrap_or(-1);
        Self { ms: Arc::new(AtomicI64::new(ms)) }
    }

    /// Asks the broker now and then, until the shutdown. One that doesn't tell leaves things as they are.
    pub async fn watch(self, settings: KafkaSettings, topic: String, shutdown: CancellationToken) {
        let watching = async {
            loop {
                let told = ask(&settings, &topic).await;
                if let Some(ms) = told {
                    self.ms.store(ms, Ordering::Relaxed);
                }
                tokio::time::sleep(if told.is_some() { LOOK_EVERY } else { LOOK_AGAIN }).await;
            }
        };
        let _until = shutdown.run_until_cancelled(watching).await;
    }

    /// The retention in seconds; `None` when records are kept for ever.
    pub(crate) fn seconds(&self) -> Option<f64> {
        let ms = self.ms.load(Ordering::Relaxed);
        #[expect(clippy::cast_precision_loss, reason = "a gauge; 2^53 ms are 285,000 years")]
        (ms >= 0).then(|| ms as f64 / 1_000.0)
    }
}

/// The client is made anew each time: one that has nothing to do for ten minutes is a connection to hold for nothing.
async fn ask(settings: &KafkaSettings, topic: &str) -> Option<i64> {
    let admin = Admin::new(settings).ok()?;
    let told = admin.retention_ms(topic).await;
    // Its end waits for its thread.
    let _ended = tokio::task::spawn_blocking(move || drop(admin)).await;
    told
}
