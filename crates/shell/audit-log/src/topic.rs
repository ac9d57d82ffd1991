//! The topic, read to the end that it has now.

use std::thread;
use std::time::{Duration, Instant};

use forebay_audit::{Anchor, Place, Verdict, Verifier};
use forebay_kafka::{Admin, KafkaError, ReadFrom, TopicReader};
use forebay_settings::sections::KafkaSettings;
use tokio::runtime::Handle;

/// How long brokers may be at something else, such as an election: the topic may have been made a moment ago.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait before they are asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// Hands each record to `each`, those of a partition in their order. Blocks.
///
/// # Errors
/// When the topic isn't there, or can't be read.
pub fn read(settings: &KafkaSettings, mut each: impl FnMut(Place, &[u8])) -> Result<(), KafkaError> {
    let mut reader = open(settings, ReadFrom::Beginning)?;
    while let Some(record) = reader.next_record()? {
        each(Place { partition: record.partition, offset: record.offset }, &record.value);
    }
    Ok(())
}

/// Looks at all records there are, and compares them with an anchor where there is one.
///
/// # Errors
/// When the topic isn't there, or can't be read.
pub async fn verify(settings: &KafkaSettings, anchor: Option<Anchor>) -> Result<Verdict, KafkaError> {
    let admin = Admin::new(settings)?;
    let (settings, handle) = (settings.clone(), Handle::current());
    let reading = tokio::task::spawn_blocking(move || {
        // Before it is read: what is written meanwhile may be there or not.
        let offsets = patiently(|| handle.block_on(admin.offsets(&settings.topics.audit)))?;
        let ends: Vec<(i32, i64)> = offsets.iter().map(|range| (range.partition, range.end)).collect();
        let mut verifier = Verifier::default();
        read(&settings, |place, bytes| verifier.add(place, bytes))?;
        Ok(verifier.finish(&ends, anchor.as_ref()))
    });
    reading.await.unwrap_or_else(|error| Err(KafkaError::Other(error.to_string())))
}

/// Begins to read. Blocks.
pub(crate) fn open(settings: &KafkaSettings, from: ReadFrom) -> Result<TopicReader, KafkaError> {
    patiently(|| TopicReader::open(settings, &settings.topics.audit, from))
}

/// Asks again while the brokers are at something else.
fn patiently<T>(mut ask: impl FnMut() -> Result<T, KafkaError>) -> Result<T, KafkaError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask() {
            Err(KafkaError::Busy(_)) if Instant::now() < deadline => thread::sleep(PAUSE),
            answer => return answer,
        }
    }
}
