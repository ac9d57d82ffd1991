//! Retention of the embedded store, which one process alone may write to: so `forebay dev` sees to it itself.
//!
//! As with `forebay retention`, each deletion is recorded before it is done, and a clock that runs ahead deletes nothing. The
//! store has no clock of its own to compare with, but it has what the clock said when the newest documents came: time is taken
//! to be no later than that.

use std::sync::Arc;
use std::time::Duration;

use forebay_audit_log::actor;
use forebay_kafka::KafkaError;
use forebay_retention::Policy;
use forebay_settings::Settings;
use forebay_settings::sections::KafkaSettings;
use forebay_store::{Hit, SearchError, SearchRequest, Store};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::output::{note, warn};
use crate::retention::book::Book;
use crate::retention::{Due, survey};

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);

/// How many of the latest documents are asked when they came: the latest alone may be one that was sent with a time ahead.
const ASKED: usize = 10;

/// What writers of its records are called, and whom they name.
const KIND: &str = "dev";

/// When a document came, by this machine's clock then.
#[derive(Deserialize)]
struct Came {
    event: Option<Ingested>,
}

#[derive(Deserialize)]
struct Ingested {
    ingested: Option<String>,
}

/// A task that looks at once and then every hour; none where everything is kept.
pub(crate) fn start(
    store: Arc<dyn Store>,
    settings: &Settings,
    shutdown: CancellationToken,
) -> Option<JoinHandle<()>> {
    let policy = settings.search.retention_policy();
    if !policy.acts() {
        return None;
    }
    let kafka = settings.kafka.clone();
    Some(tokio::spawn(async move {
        loop {
            match due(&*store, &policy, Timestamp::now().as_millisecond()).await {
                Ok(due) => {
                    if let Err(error) = delete(&*store, &kafka, &due).await {
                        warn(format!(
                            "the audit topic can't be written, so that what is old is kept for another hour: {error}"
                        ));
                    }
                }
                Err(error) => warn(format!("the store doesn't tell what is old: {error}")),
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }))
}

/// What is due at `now_ms`, or at the time when the newest documents came, if that is earlier.
async fn due(store: &dyn Store, policy: &Policy, now_ms: i64) -> Result<Vec<Due>, SearchError> {
    let newest = SearchRequest { limit: ASKED, ..SearchRequest::default() };
    let Some(came_ms) = store.search(&newest).await?.hits.iter().map(came_ms).max() else {
        return Ok(Vec::new());
    };
    let there = store.targets().await?;
    Ok(survey(policy, now_ms.min(came_ms), there.targets, None).due)
}

/// In milliseconds since the Unix epoch. Documents that aren't laid out by ECS don't say it; their own time stands in.
fn came_ms(hit: &Hit) -> i64 {
    let came = serde_json::from_str::<Came>(hit.document.get()).ok();
    let ingested = came.and_then(|came| came.event).and_then(|event| event.ingested);
    ingested
        .and_then(|time| time.parse::<Timestamp>().ok())
        .map_or(hit.timestamp_ms, Timestamp::as_millisecond)
}

/// An error means that what is left can't be recorded, and stays.
async fn delete(store: &dyn Store, kafka: &KafkaSettings, due: &[Due]) -> Result<(), KafkaError> {
    if due.is_empty() {
        return Ok(());
    }
    let mut book = Book::open(kafka, KIND, &actor::service(KIND)).await?;
    for due in due {
        let name = &due.target.name;
        match book.carry_out(store, due).await? {
            Ok(()) => note(format!("`{name}` was {}: its time has come (search.retention)", due.task.done())),
            Err(error) => warn(format!("`{name}` was not {}: {error}", due.task.done())),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use forebay_bulk::BulkBuilder;
    use forebay_embedded_store::EmbeddedStore;
    use forebay_retention::Rule;

    use super::*;

    /// A clock that is a hundred years ahead.
    const AHEAD_MS: i64 = 157 * 365 * 86_400_000;

    const OLD: &str = "forebay-acme-2026.01.01";

    fn policy() -> Policy {
        let rule = Rule { delete_after: Some(Duration::from_secs(30 * 86_400)), ..Rule::default() };
        Policy::new("forebay", rule)
    }

    /// A store with the old target, and a document of a later one.
    async fn store(folder: &std::path::Path, target: &str, document: &str) -> EmbeddedStore {
        let store = EmbeddedStore::open(folder).unwrap();
        let mut bulk = BulkBuilder::default();
        let old = br#"{"@timestamp":"2026-01-01T12:00:00Z","event":{"ingested":"2026-01-01T12:00:01Z"}}"#;
        bulk.push(OLD, "old", old, 0).unwrap();
        bulk.push(target, "new", document.as_bytes(), 1).unwrap();
        let _written = store.write(&bulk.finish()).await.unwrap();
        store
    }

    async fn names(store: &EmbeddedStore, now_ms: i64) -> Vec<String> {
        due(store, &policy(), now_ms).await.unwrap().into_iter().map(|due| due.target.name).collect()
    }

    /// Scenario: a clock that is a century ahead, over documents of this month; of two months, of which the newer came with a time
    /// that is ahead as well; and of two months in a schema that doesn't say when they came.
    /// Guarantees: what is due goes by when the newest came, and never by a clock that is ahead of that.
    #[tokio::test]
    async fn a_clock_that_runs_ahead_deletes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let of = |name: &str| dir.path().join(name);
        let young = r#"{"@timestamp":"2026-01-20T12:00:00Z","event":{"ingested":"2026-01-20T12:00:01Z"}}"#;
        let young = store(&of("young"), "forebay-acme-2026.01.20", young).await;
        assert_eq!(names(&young, AHEAD_MS).await, Vec::<String>::new());
        let ahead = r#"{"@timestamp":"2026-03-20T12:00:00Z","event":{"ingested":"2026-01-20T12:00:01Z"}}"#;
        let ahead = store(&of("ahead"), "forebay-acme-2026.03.20", ahead).await;
        assert_eq!(names(&ahead, AHEAD_MS).await, Vec::<String>::new());
        let later = r#"{"@timestamp":"2026-03-20T12:00:00Z","event":{"ingested":"2026-03-20T12:00:01Z"}}"#;
        let later = store(&of("later"), "forebay-acme-2026.03.20", later).await;
        assert_eq!(names(&later, AHEAD_MS).await, [OLD]);
        assert_eq!(names(&later, 0).await, Vec::<String>::new());
        let otel = r#"{"@timestamp":"2026-03-20T12:00:00Z","body":{"text":"x"}}"#;
        let otel = store(&of("otel"), "forebay-acme.otel-2026.03.20", otel).await;
        assert_eq!(names(&otel, AHEAD_MS).await, [OLD]);
    }

    /// Guarantees: what can't be recorded isn't deleted.
    #[tokio::test]
    async fn nothing_is_deleted_without_a_record() {
        let dir = tempfile::tempdir().unwrap();
        let later = r#"{"@timestamp":"2026-03-20T12:00:00Z"}"#;
        let store = store(dir.path(), "forebay-acme-2026.03.20", later).await;
        let due = due(&store, &policy(), AHEAD_MS).await.unwrap();
        assert_eq!(due.len(), 1);
        // Nobody listens on the port of `discard`.
        let kafka = KafkaSettings { bootstrap_servers: "127.0.0.1:9".to_owned(), ..KafkaSettings::default() };
        assert!(delete(&store, &kafka, &due).await.is_err());
        assert_eq!(store.targets().await.unwrap().targets.len(), 2);
    }
}
