//! The search server takes nothing for a while, under load: it is away, it stands still, or it refuses everything.
//!
//! Layer: end to end, with the processes that ship, a real Kafka, and a real Elasticsearch for the first two; a real one
//! can't be told to answer 429 for minutes. The outage lasts 15 seconds, or as many as `FOREBAY_OUTAGE_SECONDS` says.
//! Does not prove: anything about a kill -9 of our own processes.
#![allow(clippy::print_stdout, reason = "a test, which tells its figures")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use forebay_elastic::ElasticStore;
use forebay_settings::sections::SearchSettings;
use forebay_settings::{ByteSize, Period, Settings};
use forebay_store::{Order, SearchRequest, Store};
use forebay_testkit::fake_bulk::{FakeBulk, RequestFault};
use forebay_testkit::oracle::Oracle;
use forebay_testkit::servers::{Server, shared};
use forebay_testkit::{eventually, free_port};
use forebay_tests::backend::bootstrap_topics;
use forebay_tests::days::days_ago;
use forebay_tests::processes::Tier;
use forebay_tests::stack::settings_of_its_own;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Lines in a request, and requests in a second.
const LINES: usize = 100;
const PER_SECOND: u64 = 10;
/// What the indexer may hold, and what one load of it takes: less than what comes in during the shortest outage.
const MAX_IN_FLIGHT: ByteSize = ByteSize::mib(2);
const BULK: ByteSize = ByteSize::kib(256);
/// How much more memory the indexer may use at the outage's end than soon after its beginning, when what it may hold is
/// full: what an allocator keeps, not what a backlog of minutes would add.
const FLAT: u64 = 16 << 20;
/// What a worker may use at its peak.
const PEAK: u64 = 256 << 20;

/// What becomes of the search server.
enum Search {
    /// It is stopped, and started again.
    Away(Server),
    /// It accepts connections and never answers, as when its disk hangs.
    Still(Server),
    /// It answers 429, whatever it is asked.
    Busy(FakeBulk),
}

/// Scenario: events come in all the time, while Elasticsearch is stopped, stays away, and is started again.
/// Guarantees: every acknowledged event is indexed exactly once, none is dead-lettered; there is no rebalance; the indexer's
/// memory is flat.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_costs_nothing_but_time() -> Result<()> {
    outage(Search::Away(Server::elasticsearch().start().await?)).await
}

/// Scenario: the same, while Elasticsearch is frozen. Guarantees: the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still_costs_nothing_but_time() -> Result<()> {
    outage(Search::Still(Server::elasticsearch().start().await?)).await
}

/// Scenario: the same, while the server is too busy for anything. Guarantees: the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_refuses_costs_nothing_but_time() -> Result<()> {
    outage(Search::Busy(FakeBulk::start().await?)).await
}

async fn outage(mut search: Search) -> Result<()> {
    let seconds: u64 =
        std::env::var("FOREBAY_OUTAGE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(15);
    let folder = TempDir::new()?;
    let settings = settings(&search.url()).await?;
    // Who looks for the events may wait for longer than who writes them.
    let patient = SearchSettings { request_timeout: Period::from_secs(120), ..settings.search.clone() };
    let store = ElasticStore::connect(&patient)?;
    bootstrap_topics(&settings).await?;
    let _changes = store.bootstrap(false).await?;
    let _ingest = Tier::start("forebay-ingest", &settings, folder.path()).await?;
    let _parser = Tier::start("forebay-parser", &settings, folder.path()).await?;
    let indexer = Tier::start("forebay-indexer", &settings, folder.path()).await?;

    let oracle = Arc::new(Oracle::new());
    let stop = Arc::new(AtomicBool::new(false));
    let url = format!("http://{}/v1/ingest?id_field=key", settings.ingest.listen);
    let load = tokio::spawn(send(url, Arc::clone(&oracle), Arc::clone(&stop)));

    let indexed = || async { indexer.metric("forebay_events_indexed_total", "").await.unwrap_or(0.0) };
    eventually("events are indexed", Duration::from_secs(60), async || indexed().await > 2_000.0).await?;
    let rebalances = indexer.metric("forebay_consumer_rebalances_total", "").await?;

    search.begin().await?;
    let ready = || async { indexer.metric("forebay_component_ready", "search").await.unwrap_or(1.0) };
    eventually("the indexer says that it can't", Duration::from_secs(120), async || ready().await == 0.0)
        .await?;
    let paused = || async { indexer.metric("forebay_consumer_paused", "").await.unwrap_or(0.0) };
    eventually("it takes no more", Duration::from_secs(60), async || paused().await > 0.0).await?;
    tokio::time::sleep(Duration::from_secs(seconds.div_ceil(2))).await;
    let early = indexer.process.usage()?;
    tokio::time::sleep(Duration::from_secs(seconds / 2)).await;
    let late = indexer.process.usage()?;
    let held = indexer.metric("forebay_in_flight_bytes", "indexer").await?;
    search.end().await?;
    eventually("the indexer goes on", Duration::from_secs(120), async || ready().await == 1.0).await?;
    stop.store(true, Ordering::Relaxed);
    let sent = load.await??;

    // However long it was away: a second for each five hundred that wait, on a busy machine.
    let patience = Duration::from_secs(180 + sent as u64 / 500);
    let written = || async {
        indexed().await + indexer.metric("forebay_events_duplicate_total", "").await.unwrap_or(0.0)
    };
    eventually("all events are written", patience, async || written().await >= sent as f64).await?;
    let mut ids = Ok(Vec::new());
    let waited = eventually("all events are found", patience, async || {
        ids = search.ids(&store).await;
        ids.as_ref().is_ok_and(|ids| ids.len() >= sent)
    })
    .await;
    let ids = ids.context("looking for the events")?;
    waited.with_context(|| format!("{} of {sent} were found", ids.len()))?;
    oracle.check(ids.iter(), [], []).assert_clean();

    let after = indexer.process.usage()?;
    println!(
        "outage ({}) of {seconds} s: {sent} events, each once; indexer: {} MiB in its middle, {} at its end, {} at the peak",
        search.name(),
        mib(early.memory),
        mib(late.memory),
        mib(after.peak_memory)
    );
    assert_eq!(indexer.metric("forebay_consumer_rebalances_total", "").await?, rebalances, "a rebalance");
    assert_eq!(indexer.metric("forebay_events_dead_lettered_total", "").await?, 0.0);
    ensure!(
        held > 0.0 && held <= (MAX_IN_FLIGHT.as_usize() + 2 * BULK.as_usize()) as f64,
        "{held} bytes are held"
    );
    ensure!(late.memory <= early.memory + FLAT, "{early:?} -> {late:?}");
    ensure!(after.peak_memory <= PEAK, "{after:?}");
    Ok(())
}

impl Search {
    const fn name(&self) -> &'static str {
        match self {
            Self::Away(_) => "away",
            Self::Still(_) => "still",
            Self::Busy(_) => "busy",
        }
    }

    fn url(&self) -> String {
        match self {
            Self::Away(server) | Self::Still(server) => server.url(),
            Self::Busy(fake) => fake.url(),
        }
    }

    async fn begin(&mut self) -> Result<()> {
        match self {
            Self::Away(server) => server.stop().await,
            Self::Still(server) => server.pause().await,
            Self::Busy(fake) => {
                fake.fail_always(RequestFault::TooManyRequests);
                Ok(())
            }
        }
    }

    async fn end(&mut self) -> Result<()> {
        match self {
            Self::Away(server) => server.restart().await,
            Self::Still(server) => server.resume(),
            Self::Busy(fake) => {
                fake.heal();
                Ok(())
            }
        }
    }

    async fn ids(&self, store: &ElasticStore) -> Result<Vec<String>> {
        match self {
            Self::Away(_) | Self::Still(_) => all_ids(store).await,
            Self::Busy(fake) => Ok(fake.all_ids()),
        }
    }
}

/// Sends until it is told to stop; answers how many events were acknowledged.
async fn send(url: String, oracle: Arc<Oracle>, stop: Arc<AtomicBool>) -> Result<usize> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(120)).build()?;
    let day_ms = days_ago(1).to_zoned(TimeZone::UTC)?.timestamp().as_millisecond();
    let mut ticks = tokio::time::interval(Duration::from_millis(1_000 / PER_SECOND));
    let mut sent = 0;
    while !stop.load(Ordering::Relaxed) {
        let _at = ticks.tick().await;
        // A millisecond each, on one day: the store pages by time.
        let line = |n: usize| {
            let event =
                json!({"@timestamp": day_ms + n as i64, "key": format!("e{n}"), "message": "x".repeat(200)});
            event.to_string() + "\n"
        };
        let body: String = (sent..sent + LINES).map(line).collect();
        let response =
            client.post(&url).header("content-type", "application/x-ndjson").body(body).send().await?;
        let status = response.status();
        let answer: Value = response.json().await?;
        ensure!(status == 200 && answer["accepted"] == LINES, "{status}: {answer}");
        (sent..sent + LINES).for_each(|n| oracle.acknowledged(format!("e{n}")));
        sent += LINES;
    }
    Ok(sent)
}

async fn all_ids(store: &ElasticStore) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    let mut request = SearchRequest {
        query: "*".to_owned(),
        limit: 10_000,
        order: Order::OldestFirst,
        ..SearchRequest::default()
    };
    loop {
        let page = store.search(&request).await?;
        if page.hits.is_empty() {
            return Ok(ids);
        }
        ids.extend(page.hits.into_iter().map(|hit| hit.id));
        request.after = page.next;
    }
}

async fn settings(url: &str) -> Result<Settings> {
    let mut settings = settings_of_its_own();
    settings.kafka.bootstrap_servers = shared::kafka().await?.address();
    settings.ingest.listen = format!("127.0.0.1:{}", free_port()?);
    url.clone_into(&mut settings.search.url);
    settings.search.request_timeout = Period::from_secs(10);
    settings.indexer.retry_max = Period::from_secs(2);
    (settings.indexer.max_in_flight, settings.indexer.bulk_bytes) = (MAX_IN_FLIGHT, BULK);
    Ok(settings)
}

const fn mib(bytes: u64) -> u64 {
    bytes >> 20
}
