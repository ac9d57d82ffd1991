//! The reasons for dead letters, the most frequent ones first.

use std::collections::HashMap;

use anyhow::Result;
use forebay_kafka::{ReadFrom, TopicReader, dead_letter};
use forebay_settings::Settings;

/// The `most` frequent kinds of failure, each with its count and the reason of one letter.
pub(super) async fn top(settings: &Settings, most: usize) -> Result<Vec<(String, (u64, String))>> {
    let kafka = settings.kafka.clone();
    tokio::task::spawn_blocking(move || {
        let mut kinds: HashMap<String, (u64, String)> = HashMap::new();
        let mut reader = TopicReader::open(&kafka, &kafka.topics.dead_letters, ReadFrom::Beginning)?;
        while let Some(record) = reader.next_record()? {
            let letter = dead_letter::read(&record)?;
            // Reasons quote the event, so that nearly each is different; their kind is not.
            let kind = kinds.entry(format!("{} by {}", letter.error_type, letter.rule)).or_default();
            kind.0 += 1;
            kind.1 = letter.reason;
        }
        let mut kinds: Vec<_> = kinds.into_iter().collect();
        kinds.sort_by(|(name, (count, _)), (other, (others, _))| others.cmp(count).then(name.cmp(other)));
        kinds.truncate(most);
        Ok(kinds)
    })
    .await?
}
