//! Starts the tier on a free port, talks to it, and reads back what it wrote.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use forebay_ingest::start;
use forebay_kafka::testing::TestCluster;
use forebay_kafka::{ReadFrom, TopicReader};
use forebay_record::RawEvent;
use forebay_service::{Context, Running};
use forebay_settings::{ByteSize, Period, Settings};
use futures_util::{StreamExt, stream};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

pub(crate) const TOPIC: &str = "forebay.raw";

/// A running tier and the cluster behind it.
pub(crate) struct Ingest {
    pub(crate) cluster: TestCluster,
    pub(crate) settings: Settings,
    pub(crate) context: Context,
    pub(crate) address: SocketAddr,
    pub(crate) running: Running,
    pub(crate) shutdown: CancellationToken,
    pub(crate) client: reqwest::Client,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: Value,
}

/// One event as it stands in Kafka.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Stored {
    pub(crate) partition: i32,
    pub(crate) key: String,
    pub(crate) id: String,
    pub(crate) tenant: String,
    pub(crate) source: String,
    pub(crate) format: String,
    pub(crate) stream: String,
    pub(crate) observed_at: u64,
    pub(crate) received_at: u64,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) traceparent: String,
    pub(crate) trace: String,
    pub(crate) body: Vec<u8>,
}

/// Starts with small limits on a cluster that has the topic, and waits until it is ready.
pub(crate) async fn started(change: impl FnOnce(&mut Settings)) -> Ingest {
    let cluster = TestCluster::start(1).unwrap();
    cluster.create_topic(TOPIC, 4).unwrap();
    let ingest = started_on(cluster, change).await;
    ingest.until_ready().await;
    ingest
}

/// The same on a cluster as it is, without waiting.
pub(crate) async fn started_on(cluster: TestCluster, change: impl FnOnce(&mut Settings)) -> Ingest {
    let mut settings = Settings { kafka: cluster.settings(), ..Settings::default() };
    settings.ingest.listen = "127.0.0.1:0".to_owned();
    settings.ingest.ack_timeout = Period::from_secs(10);
    settings.ingest.read_timeout = Period::from_secs(5);
    settings.ingest.drain_timeout = Period::from_secs(10);
    change(&mut settings);
    let context = Context::new(&settings);
    let shutdown = CancellationToken::new();
    let running = start(&settings, &context, shutdown.clone()).await.unwrap();
    let address = running.address().unwrap();
    Ingest { cluster, settings, context, address, running, shutdown, client: reqwest::Client::new() }
}

/// Starts with 1 MiB of memory for requests, which everybody waits for for a minute.
pub(crate) async fn started_with_little_memory() -> Ingest {
    started(|settings| {
        settings.ingest.max_in_flight = ByteSize::mib(1);
        settings.ingest.ack_timeout = Period::from_secs(60);
        settings.ingest.read_timeout = Period::from_secs(60);
    })
    .await
}

/// Waits for a condition, at most 20 s.
pub(crate) async fn eventually(what: &str, holds: impl AsyncFnMut() -> bool) {
    forebay_testkit::eventually(what, Duration::from_secs(20), holds).await.unwrap();
}

impl Ingest {
    pub(crate) async fn until_ready(&self) {
        eventually("ready", async || self.context.health.readyz().passes()).await;
    }

    /// A POST of `body` to `/v1/ingest` and this query.
    pub(crate) fn request(&self, query: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        self.client.post(format!("http://{}/v1/ingest{query}", self.address)).body(body)
    }

    /// Sends NDJSON.
    pub(crate) async fn ndjson(&self, query: &str, body: impl Into<reqwest::Body>) -> Answer {
        answer(self.request(query, body).header("content-type", "application/x-ndjson")).await
    }

    /// Fills the tenant's memory with bodies that begin and never end, until `ingest.max_in_flight` of 1 MiB has no room for
    /// another 40 kB of it. It is free again when they are dropped.
    pub(crate) async fn filled(&self, token: Option<&str>) -> tokio::task::JoinSet<Option<u16>> {
        let endless = || {
            let begin = stream::iter([Ok::<_, std::io::Error>("x".repeat(40_000))]);
            let request = self.request("", reqwest::Body::wrap_stream(begin.chain(stream::pending())));
            let request = match token {
                Some(token) => request.bearer_auth(token),
                None => request,
            };
            async move { request.send().await.ok().map(|answer| answer.status().as_u16()) }
        };
        let mut bodies = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let _task = bodies.spawn(endless());
        }
        eventually("the memory is full", async || {
            let _task = bodies.spawn(endless());
            // Who is let in is never answered.
            let answered = tokio::time::timeout(Duration::from_millis(500), bodies.join_next()).await;
            matches!(answered, Ok(Some(Ok(Some(429)))))
        })
        .await;
        bodies
    }

    /// Stops the tier and gives what it has left in the topic, ordered by partition and offset.
    pub(crate) async fn stop(self) -> Vec<Stored> {
        // With its client go the connections that it keeps, which the stop would give another three seconds.
        drop(self.client);
        self.shutdown.cancel();
        self.running.stopped().await.unwrap();
        stored(&self.settings)
    }

    /// What is in the topic now.
    pub(crate) fn stored(&self) -> Vec<Stored> {
        stored(&self.settings)
    }
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let retry_after =
        response.headers().get("retry-after").map(|value| value.to_str().unwrap().parse().unwrap());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    Answer { status, retry_after, body }
}

impl Answer {
    /// Accepted and rejected.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let count = |name| self.body[name].as_u64().unwrap_or_else(|| panic!("no receipt: {self:?}"));
        (count("accepted"), count("rejected"))
    }

    /// The stable name of the refusal.
    pub(crate) fn error(&self) -> &str {
        self.body["error"]["type"].as_str().unwrap()
    }

    /// Whether it says when to come again: after at least a second, and at most the double of the least.
    pub(crate) fn comes_again(&self) -> bool {
        matches!(self.retry_after, Some(1 | 2))
    }

    pub(crate) fn reason(&self) -> &str {
        self.body["error"]["reason"].as_str().unwrap()
    }

    /// The refused lines and their stable names.
    pub(crate) fn lines(&self) -> Vec<(u64, &str)> {
        let errors = self.body["errors"].as_array().unwrap();
        errors.iter().map(|one| (one["line"].as_u64().unwrap(), one["error"].as_str().unwrap())).collect()
    }
}

fn stored(settings: &Settings) -> Vec<Stored> {
    let mut reader = TopicReader::open(&settings.kafka, TOPIC, ReadFrom::Beginning).unwrap();
    let mut found = BTreeMap::new();
    while let Some(record) = reader.next_record().unwrap() {
        let event = RawEvent::read(&record.value).unwrap();
        let stored = Stored {
            partition: record.partition,
            key: String::from_utf8(record.key.clone()).unwrap(),
            id: event.id.to_owned(),
            tenant: event.tenant.to_owned(),
            source: event.source.to_owned(),
            format: event.format.to_owned(),
            stream: event.stream.to_owned(),
            observed_at: event.observed_at,
            received_at: event.received_at,
            attributes: event.attributes.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            traceparent: event.traceparent.to_owned(),
            trace: event.trace.to_owned(),
            body: event.body.to_vec(),
        };
        let _before = found.insert((record.partition, record.offset), stored);
    }
    found.into_values().collect()
}
