//! One index of several isn't written, as an operator or a full disk blocks it.
//!
//! Layer: end to end, on a real Kafka and a real Elasticsearch, the tiers in this process.
//! Does not prove: anything about an index whose shards are away; `forebay-writing` has that as a model.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use forebay_settings::Period;
use forebay_testkit::eventually;
use forebay_tests::days::days_ago;
use forebay_tests::{Backend, Stack};
use serde_json::json;

/// Events of each day in a round.
const EVENTS: usize = 100;
/// How long an event of the other index may take until it is found: some times a batch's wait and the refresh interval, on a
/// busy machine. If it waited for the blocked one, it would for ever.
const DELAY: Duration = Duration::from_secs(60);

/// The two days, and with them the indices.
struct Days {
    blocked: String,
    fine: String,
}

/// Scenario: one of two indices is made read-only while events for both come in, and writable again later.
/// Guarantees: events for the other one are found with hardly a delay; in the end all are found, each once, and there is
/// no dead letter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_index_delays_no_other() -> Result<()> {
    let days = Days { blocked: days_ago(2).to_string(), fine: days_ago(1).to_string() };
    let never = Period::from_secs(0);
    let stack =
        Stack::start(Backend::Elasticsearch, |settings| settings.indexer.divert_after = never).await?;
    send(&stack, &days, 0).await?;
    let _all = stack.wait_for_documents(2 * EVENTS).await?;
    block(&stack, &days.blocked, true).await?;
    let mut longest = Duration::ZERO;
    for round in 1..=10 {
        let began = Instant::now();
        send(&stack, &days, round).await?;
        let wanted = (round + 1) * EVENTS;
        eventually(&format!("round {round} is found"), DELAY, async || {
            count(&stack, &days.fine).await.is_ok_and(|found| found == wanted)
        })
        .await?;
        longest = longest.max(began.elapsed());
    }
    println!("a read-only index: the others' events were found after {longest:?} at most");
    ensure!(count(&stack, &days.blocked).await? == EVENTS, "the index was not blocked");
    block(&stack, &days.blocked, false).await?;
    let all = stack.wait_for_documents(22 * EVENTS).await?;
    assert_eq!(all.len(), 22 * EVENTS);
    assert!(stack.dead_letters().await?.is_empty());
    stack.stop().await
}

/// Sends events of both days in turns.
async fn send(stack: &Stack, days: &Days, round: usize) -> Result<()> {
    let line = |n: usize| {
        let day = if n.is_multiple_of(2) { &days.blocked } else { &days.fine };
        let event =
            json!({"@timestamp": format!("{day}T10:00:00Z"), "key": format!("{day}-{round}-{n}"), "n": n});
        event.to_string() + "\n"
    };
    let body: String = (0..2 * EVENTS).map(line).collect();
    stack.send_ok("?id_field=key", "application/x-ndjson", body).await
}

/// How many events of a day are found.
async fn count(stack: &Stack, day: &str) -> Result<usize> {
    Ok(stack.documents().await?.keys().filter(|id| id.starts_with(day)).count())
}

/// Makes the index of a day read-only, or writable.
async fn block(stack: &Stack, day: &str, is_blocked: bool) -> Result<()> {
    let settings = &stack.settings;
    let (prefix, tenant) = (&settings.search.index_prefix, &settings.ingest.default_tenant);
    let url = format!("{}/{prefix}-{tenant}-{}/_settings", settings.search.url, day.replace('-', "."));
    let body = json!({"index.blocks.write": is_blocked});
    let answer = reqwest::Client::new().put(url).json(&body).send().await?;
    ensure!(answer.status() == 200, "{}", answer.text().await?);
    Ok(())
}
