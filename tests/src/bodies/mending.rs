//! What a search server refuses comes back once its mapping is mended.

use anyhow::{Context as _, Result};
use forebay_deadletters::{Delivery, Filter, Job, Report, Task, run};
use forebay_record::Stage;
use reqwest::Client;
use serde_json::json;
use std::ops::ControlFlow;

use crate::days::days_ago;
use crate::{Backend, Stack};

const EVENTS: usize = 1_000;
const WRONG: usize = 500;

/// Scenario: of 1,000 events one has a word where the index has numbers. The mapping is mended, and the dead letter
/// replayed, twice.
/// Guarantees: 999 are found exactly once and one is dead-lettered with the server's reason; after the replay all 1,000 are
/// found exactly once. The second replay sends nothing, since the letter is closed, and neither does a dry run.
///
/// # Errors
/// When that doesn't hold.
pub async fn a_refused_document_comes_back(backend: Backend) -> Result<()> {
    let stack = Stack::start(backend, |settings| settings.kafka.topics.partitions = 1).await?;
    let time = format!("{}T10:00:00Z", days_ago(1));
    let mut body = String::new();
    for n in 0..EVENTS {
        let size = if n == WRONG { json!("many") } else { json!(n) };
        body += &format!("{}\n", json!({"@timestamp": time, "size": size, "key": format!("k{n}")}));
    }
    stack.send_ok("?id_field=key", "application/x-ndjson", body).await?;

    let letters = stack.wait_for_dead_letters(1).await?;
    let (letter, _) = letters.first().context("no letter")?;
    assert_eq!((letter.event_id.as_str(), letter.stage, letter.status), ("k500", Stage::Index, 400));
    assert!(letter.reason.contains("size"), "{}", letter.reason);
    assert!(!letter.error_type.is_empty());
    let documents = stack.wait_for_documents(EVENTS - 1).await?;
    assert_eq!((documents.len(), documents.contains_key("k500")), (EVENTS - 1, false));

    let dry = run_replay(&stack, true).await?;
    assert_eq!((dry.matched, dry.failed), (1, 0), "{dry:?}");
    mend(&stack, &letter.target).await?;
    for open in [1, 0] {
        let report = run_replay(&stack, false).await?;
        assert_eq!((report.replayed, report.failed), (open, 0), "{report:?}");
        let documents = stack.wait_for_documents(EVENTS).await?;
        assert_eq!((documents.len(), documents.contains_key("k500")), (EVENTS, true));
    }
    assert_eq!(stack.dead_letters().await?.len(), 1);
    stack.stop().await
}

async fn run_replay(stack: &Stack, dry_run: bool) -> Result<Report> {
    let filter = Filter { id: Some("k500".to_owned()), ..Filter::default() };
    // The embedded broker has no transactions.
    let delivery = Delivery::AtLeastOnce;
    let job = Job { filter, dry_run, delivery, ..Job::new(Task::REPLAY, "test") };
    Ok(run(&stack.settings, job, |_| ControlFlow::Continue(())).await?)
}

/// Lets the field take what is no number.
async fn mend(stack: &Stack, index: &str) -> Result<()> {
    let mapping = json!({"properties": {"size": {"type": "long", "ignore_malformed": true}}});
    let url = format!("{}/{index}/_mapping", stack.settings.search.url);
    let _acknowledged = Client::new().put(url).json(&mapping).send().await?.error_for_status()?;
    Ok(())
}
