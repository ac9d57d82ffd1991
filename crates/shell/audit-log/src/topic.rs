//! The topic, read to the end that it has now.

use std::time::Duration;

use forebay_audit::{Anchor, Place, Verdict, Verifier};
use forebay_kafka::{Admin, KafkaError, ReadFrom, TopicReader};
use forebay_settings::sections::KafkaSettings;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

/// How long brokers may be at something else, such as an election: the topic may have been made a moment ago.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait before they are asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// How long brokers that are at something else are asked again.
struct Patience {
    until: Instant,
}

/// Hands each record to `each`, those of a partition in their order, with `state`, which comes back at the end.
///
/// # Errors
/// When the topic isn't there, or can't be read.
pub async fn read<T: Send + 'static>(
    settings: &KafkaSettings,
    mut state: T,
    mut each: impl FnMut(&mut T, Place, &[u8]) + Send + 'static,
) -> Result<T, KafkaError> {
    let mut reader = open(settings, ReadFrom::Beginning).await?;
    on_a_thread(move || {
        while let Some(record) = reader.next_record()? {
            let place = Place { partition: record.partition, offset: record.offset };
            each(&mut state, place, &record.value);
        }
        Ok(state)
    })
    .await
}

/// Looks at all records there are, and compares them with an anchor where there is one.
///
/// # Errors
/// When the topic isn't there, or can't be read.
pub async fn verify(settings: &KafkaSettings, anchor: Option<Anchor>) -> Result<Verdict, KafkaError> {
    let admin = Admin::new(settings)?;
    // Before it is read: what is written meanwhile may be there or not.
    let patience = Patience::begin();
    let offsets = loop {
        let answer = admin.offsets(&settings.topics.audit).await;
        if !is_passing(&answer) || !patience.pause().await {
            break answer?;
        }
    };
    let ends: Vec<(i32, i64)> = offsets.iter().map(|range| (range.partition, range.end)).collect();
    let verifier = read(settings, Verifier::new(anchor), Verifier::add).await?;
    Ok(verifier.finish(&ends))
}

/// Begins to read.
pub(crate) async fn open(settings: &KafkaSettings, from: ReadFrom) -> Result<TopicReader, KafkaError> {
    let patience = Patience::begin();
    loop {
        let settings = settings.clone();
        let answer = on_a_thread(move || TopicReader::open(&settings, &settings.topics.audit, from)).await;
        if !is_passing(&answer) || !patience.pause().await {
            return answer;
        }
    }
}

/// A call that blocks, where it holds up nobody.
pub(crate) async fn on_a_thread<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, KafkaError> + Send + 'static,
) -> Result<T, KafkaError> {
    spawn_blocking(call).await.unwrap_or_else(|error| Err(KafkaError::Other(error.to_string())))
}

const fn is_passing<T>(answer: &Result<T, KafkaError>) -> bool {
    matches!(answer, Err(KafkaError::Busy(_)))
}

// === impl Patience ===

impl Patience {
    fn begin() -> Self {
        Self { until: Instant::now() + PATIENCE }
    }

    /// Waits a little; answers whether it is worth to ask again.
    async fn pause(&self) -> bool {
        sleep(PAUSE).await;
        Instant::now() < self.until
    }
}
