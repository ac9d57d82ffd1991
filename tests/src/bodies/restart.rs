//! Tiers stop and start again: nothing is lost, nothing is found twice.

use std::time::Duration;

use anyhow::Result;
use forebay_settings::Period;

use crate::{Backend, Stack};

const NDJSON: &str = "application/x-ndjson";

/// Scenario: tiers are stopped as by SIGTERM in the middle of their work, three times, and started again.
/// Guarantees: every acknowledged event is found exactly once.
/// Does not prove: anything about a kill -9; see the chaos tests.
///
/// # Errors
/// When that doesn't hold.
pub async fn a_restart_loses_nothing(backend: Backend) -> Result<()> {
    let mut stack = Stack::start(backend, |_| {}).await?;
    let (rounds, lines) = (3, 1_000);
    for round in 0..rounds {
        let body: String = (0..lines).map(|n| format!("{{\"n\":{n},\"round\":{round}}}\n")).collect();
        stack.send_ok("", NDJSON, body).await?;
        stack.stop_tiers().await?;
        stack.start_tiers().await?;
    }
    let documents = stack.wait_for_documents(rounds * lines).await?;
    assert_eq!(documents.len(), rounds * lines);
    assert!(stack.dead_letters().await?.is_empty());
    stack.stop().await
}

/// Scenario: the tiers get no time to drain.
/// Guarantees: what was under way is read again; every acknowledged event is found exactly once.
///
/// # Errors
/// When that doesn't hold.
pub async fn a_stop_without_time_loses_nothing(backend: Backend) -> Result<()> {
    let mut stack = Stack::start(backend, |settings| {
        settings.parser.drain_timeout = Period(Duration::ZERO);
        settings.indexer.drain_timeout = Period(Duration::ZERO);
    })
    .await?;
    let lines = 2_000;
    let body: String = (0..lines).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    stack.send_ok("", NDJSON, body).await?;
    stack.stop_tiers().await?;
    stack.start_tiers().await?;
    let documents = stack.wait_for_documents(lines).await?;
    assert_eq!(documents.len(), lines);
    stack.stop().await
}
