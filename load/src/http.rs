//! The sender of the HTTP hop: bodies of NDJSON over a few connections, each kept busy.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use tokio::task::JoinSet;

use crate::lines::Lines;

/// How many lines a body has.
pub const LINES: u64 = 1000;
/// How many connections send at once.
pub const CONNECTIONS: usize = 8;

/// What ingest answers.
#[derive(Deserialize)]
struct Receipt {
    accepted: u64,
    rejected: u64,
}

/// What came of sending.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    /// Events that ingest answered success for.
    pub accepted: u64,
    /// Requests that were answered with 429 or 503, and sent again.
    pub repeated: u64,
}

/// Bodies of `events` lines, made before anything is measured.
#[must_use]
pub fn bodies(lines: &Lines, events: u64) -> Vec<Bytes> {
    let starts = (0..events).step_by(usize::try_from(LINES).unwrap_or(1));
    starts.map(|start| lines.body(start..events.min(start + LINES))).collect()
}

/// Sends all bodies and waits for all answers.
///
/// # Errors
/// When an answer is no success, 429 or 503, or refuses a line.
pub async fn send_all(url: &str, bodies: Vec<Bytes>) -> Result<Sent> {
    let client = Client::builder().pool_max_idle_per_host(CONNECTIONS).tcp_nodelay(true).build()?;
    let bodies = Arc::new(bodies);
    let next = Arc::new(AtomicUsize::new(0));
    let (accepted, repeated) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut senders = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (client, url, bodies, next) =
            (client.clone(), url.to_owned(), Arc::clone(&bodies), Arc::clone(&next));
        let (accepted, repeated) = (Arc::clone(&accepted), Arc::clone(&repeated));
        let _handle = senders.spawn(async move {
            while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                let (taken, times) = send(&client, &url, body).await?;
                let _sum = accepted.fetch_add(taken, Ordering::Relaxed);
                let _sum = repeated.fetch_add(times, Ordering::Relaxed);
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = senders.join_next().await {
        ended.context("a sender panicked")??;
    }
    Ok(Sent { accepted: accepted.load(Ordering::Relaxed), repeated: repeated.load(Ordering::Relaxed) })
}

/// Sends a body until it is taken; how many events were, and how often it was sent again.
async fn send(client: &Client, url: &str, body: &Bytes) -> Result<(u64, u64)> {
    let mut repeated = 0;
    loop {
        let request = client.post(url).header(CONTENT_TYPE, "application/x-ndjson").body(body.clone());
        let answer = request.send().await.context("no answer from ingest")?;
        let status = answer.status();
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            repeated += 1;
            let seconds =
                answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            tokio::time::sleep(Duration::from_secs(seconds.unwrap_or(1))).await;
            continue;
        }
        let text = answer.text().await?;
        ensure!(status == StatusCode::OK, "ingest answered {status}: {text}");
        let receipt: Receipt = serde_json::from_str(&text).context("ingest's answer")?;
        ensure!(receipt.rejected == 0, "ingest refused lines: {text}");
        return Ok((receipt.accepted, repeated));
    }
}
