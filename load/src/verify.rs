//! Proof by names: every id that went in is at the other end, and nothing else is. Counts alone can't tell one lost and
//! one doubled from none of either.

use anyhow::{Context as _, Result, ensure};
use forebay_kafka::{ReadFrom, TopicReader};
use forebay_record::{EventKey, RawEvent};
use forebay_settings::Settings;
use forebay_testkit::oracle::Oracle;
use memchr::memmem;

use crate::lines::request_id;
use crate::preload::event_id;

/// Checks that `forebay.events` has every event of a backlog, by the ids in the records' keys.
///
/// # Errors
/// When one is lost, or there that was never sent; the report is in the error.
pub async fn events(settings: &Settings, count: u64) -> Result<()> {
    let topic = settings.kafka.topics.events.clone();
    check(settings, topic, count, event_id, |key, _| Ok(EventKey::read(key)?.id.to_owned())).await
}

/// Checks that `forebay.raw` has every line that was sent, by the id inside the line.
///
/// # Errors
/// When one is lost, or there that was never sent; the report is in the error.
pub async fn raw(settings: &Settings, count: u64) -> Result<()> {
    let topic = settings.kafka.topics.raw.clone();
    check(settings, topic, count, request_id, |_, value| {
        let event = RawEvent::read(value)?;
        const NAME: &[u8] = br#""request_id":""#;
        let at = memmem::find(event.body, NAME).context("a line without an id")? + NAME.len();
        let id = event.body.get(at..at + 16).context("a cut line")?;
        Ok(std::str::from_utf8(id)?.to_owned())
    })
    .await
}

async fn check(
    settings: &Settings,
    topic: String,
    count: u64,
    expected: fn(u64) -> String,
    id_of: fn(&[u8], &[u8]) -> Result<String>,
) -> Result<()> {
    let settings = settings.clone();
    tokio::task::spawn_blocking(move || {
        let oracle = Oracle::new();
        (0..count).for_each(|n| oracle.acknowledged(expected(n)));
        let mut audit = oracle.audit();
        let mut reader = TopicReader::open(&settings.kafka, &topic, ReadFrom::Beginning)?;
        while let Some(record) = reader.next_record()? {
            audit.indexed(id_of(&record.key, &record.value)?);
        }
        let report = audit.finish();
        ensure!(report.lost.count == 0 && report.unexpected.count == 0, "topic {topic}: {report}");
        Ok(())
    })
    .await?
}
