//! Looks at the newest dead letters.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use forebay_deadletters::wording::kind;
use forebay_kafka::{KafkaError, ReadFrom, TopicReader, dead_letter};
use forebay_settings::sections::KafkaSettings;
use tokio::task::spawn_blocking;

use crate::status::report::{DeadLetters, Reason};

/// The most dead letters of a partition that are looked at: letters may be large, and this is done while somebody waits.
const LOOK_AT: i64 = 500;

/// The most kinds of failure that are told.
const REASONS: usize = 10;

/// What was seen counts for this long.
const FRESH: Duration = Duration::from_secs(10);

/// What was seen last.
#[derive(Debug, Default)]
pub(super) struct Letters {
    last: Option<(Instant, DeadLetters)>,
}

impl Letters {
    /// What is in the topic, as known within the last seconds.
    pub(super) async fn look(&mut self, settings: &KafkaSettings, is_reachable: bool) -> DeadLetters {
        if !is_reachable {
            return problem("not known".to_owned());
        }
        if let Some((at, seen)) = &self.last
            && at.elapsed() < FRESH
        {
            return seen.clone();
        }
        let settings = settings.clone();
        let seen = match spawn_blocking(move || count(&settings)).await {
            Ok(Ok(seen)) => seen,
            Ok(Err(error)) => problem(error.to_string()),
            Err(error) => problem(error.to_string()),
        };
        self.last = Some((Instant::now(), seen.clone()));
        seen
    }
}

fn problem(text: String) -> DeadLetters {
    DeadLetters { problem: Some(text), ..DeadLetters::default() }
}

fn count(settings: &KafkaSettings) -> Result<DeadLetters, KafkaError> {
    let topic = &settings.topics.dead_letters;
    let mut seen = DeadLetters {
        total: TopicReader::open(settings, topic, ReadFrom::Beginning)?.remaining(),
        ..DeadLetters::default()
    };
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    let mut reader = TopicReader::open(settings, topic, ReadFrom::Last(LOOK_AT))?;
    while let Some(record) = reader.next_record()? {
        seen.looked_at += 1;
        let stage = match dead_letter::read(&record) {
            Ok(letter) => {
                *reasons.entry(kind(&letter)).or_default() += 1;
                letter.stage.name()
            }
            Err(_) => "unreadable",
        };
        *seen.by_stage.entry(stage.to_owned()).or_default() += 1;
    }
    // The end may have been taken a little earlier or later than the count.
    seen.total = seen.total.max(seen.looked_at);
    let mut reasons: Vec<Reason> =
        reasons.into_iter().map(|(reason, letters)| Reason { reason, letters }).collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.letters));
    reasons.truncate(REASONS);
    seen.reasons = reasons;
    Ok(seen)
}
