//! Attacks by requests: one after the other, on a few connections.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::{Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::{Client, RequestBuilder};
use tokio::task::JoinSet;

use super::{Arrivals, Targets};

/// How many send at once.
const CLIENTS: usize = 4;

/// Sends what `request` makes of a number again and again, on each connection, for ever. Answers are read and forgotten.
async fn send(
    targets: Targets,
    path: &str,
    request: impl Fn(RequestBuilder, u64) -> RequestBuilder + Send + Sync + 'static,
) -> Result<()> {
    let (url, request) = (format!("http://{}{path}", targets.http), Arc::new(request));
    let (mut clients, arrivals) = (JoinSet::new(), Arrivals::default());
    for first in 0..CLIENTS as u64 {
        let (url, request, arrivals) = (url.clone(), Arc::clone(&request), arrivals.clone());
        // At an address that isn't the honest client's.
        let client = Client::builder().local_address(std::net::IpAddr::from([127, 0, 0, 6])).build()?;
        let _task = clients.spawn(async move {
            let mut number = first;
            loop {
                if let Ok(answer) = request(client.post(&url), number).send().await {
                    let _forgotten = answer.bytes().await;
                    arrivals.one();
                }
                number += CLIENTS as u64;
                // A refused connection fails without ever waiting.
                tokio::task::yield_now().await;
            }
        });
    }
    arrivals.under_way_at(CLIENTS).await?;
    let _none_ends = clients.join_next().await;
    bail!("all clients have ended")
}

pub(super) async fn wrong_tokens(targets: Targets) -> Result<()> {
    send(targets, "/v1/ingest", |request, number| request.bearer_auth(format!("fbt_{number:043}")).body("{}"))
        .await
}

pub(super) async fn wrong_passwords(targets: Targets) -> Result<()> {
    send(targets, "/v1/ingest", |request, number| {
        request.basic_auth("ann", Some(format!("guess {number}"))).body("{}")
    })
    .await
}

pub(super) async fn gzip_bombs(targets: Targets) -> Result<()> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&vec![0; 1 << 20])?;
    let bomb = encoder.finish()?.repeat(500);
    let token = targets.token.clone();
    send(targets, "/v1/ingest", move |request, _| {
        request.bearer_auth(&token).header("content-encoding", "gzip").body(bomb.clone())
    })
    .await
}

pub(super) async fn deep_json(targets: Targets) -> Result<()> {
    let deep = format!("{{\"a\":{}", "[".repeat(800_000));
    let token = targets.token.clone();
    send(targets, "/v1/ingest", move |request, _| request.bearer_auth(&token).body(deep.clone())).await
}

pub(super) async fn large_bodies(targets: Targets) -> Result<()> {
    let token = targets.token.clone();
    let body = vec![b' '; 3 << 20];
    send(targets, "/_bulk", move |request, _| request.bearer_auth(&token).body(body.clone())).await
}
