//! All tiers at once, from HTTP to a real Elasticsearch. Done when it finds every event.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use forebay_elastic::ElasticStore;
use forebay_store::Store as _;
use forebay_testkit::eventually;
use forebay_testkit::servers::Server;
use serde_json::Value;

use super::{Care, PATIENCE};
use crate::bed::Bed;
use crate::http;
use crate::lines::{Lines, Payload};
use crate::machine::quiet;
use crate::measure::{Measured, Watch};

/// The tiers, in the order of the results.
pub const TIERS: [&str; 3] = ["forebay-ingest", "forebay-parser", "forebay-indexer"];

/// Sends events through all tiers: what they cost each of [`TIERS`].
///
/// # Errors
/// When Elasticsearch doesn't find as many documents as events were acknowledged.
pub async fn run(bed: &mut Bed, events: u64, care: Care) -> Result<Vec<Measured>> {
    let search = Server::elasticsearch().for_speed().heap("1g").start().await?;
    let mut settings = bed.run("e2e").await?;
    settings.search.url = search.url();
    let _changes =
        ElasticStore::connect(&settings.search)?.bootstrap(false).await.context("index templates")?;
    let bodies = http::bodies(&Lines::ending_now(Payload::App, events), events);
    quiet(care.patience).await?;

    let watch = Watch::start(&[bed.kafka_pid()?, search.pid().context("elasticsearch has ended")?])?;
    let mut tiers = TIERS.map(|tier| bed.start(tier, &settings)).into_iter().collect::<Result<Vec<_>>>()?;
    tiers.first_mut().context("ingest")?.ready().await?;
    let sent = http::send_all(&format!("http://{}/v1/ingest", settings.ingest.listen), bodies).await?;
    let mut found = 0;
    let waited = eventually("every event is found", PATIENCE, async || {
        found = count(&settings.search.url, "bench-*").await.unwrap_or(found);
        found >= sent.accepted
    })
    .await;
    waited.with_context(|| format!("{found} of {} are found", sent.accepted))?;
    let pids: Vec<u32> = tiers.iter().map(crate::bed::Tier::pid).collect();
    let results = watch.stop(events, &pids)?;
    for tier in tiers {
        tier.stop().await?;
    }
    let found = count(&settings.search.url, "bench-*").await?;
    let letters = bed.count(&settings.kafka.topics.dead_letters).await?;
    ensure!(sent.accepted == events, "{} of {events} events were acknowledged", sent.accepted);
    ensure!(found == events && letters == 0, "{events} in, {found} documents, {letters} dead letters");
    Ok(results)
}

/// How many documents a search finds in these indices.
pub(crate) async fn count(url: &str, indices: &str) -> Result<u64> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(30)).build()?;
    let _refreshed = client.post(format!("{url}/{indices}/_refresh")).send().await?.error_for_status()?;
    let answer = client.get(format!("{url}/{indices}/_count")).send().await?.error_for_status()?;
    let answer: Value = serde_json::from_str(&answer.text().await?)?;
    answer["count"].as_u64().context("no count")
}
