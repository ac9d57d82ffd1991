//! Three times as much comes in as the line to Kafka takes, most of it from one tenant.
//!
//! Layer: end to end, with the ingest that ships and a real Kafka behind a line of one megabyte a second. It lasts 20 seconds,
//! or as many as `FOREBAY_OVERLOAD_SECONDS` says.
//! Does not prove: anything about several instances of ingest, each of which learns the rate of its own line.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use forebay_kafka::{ReadFrom, TopicReader};
use forebay_operators::tokens::issue;
use forebay_record::{RawEvent, Tenant};
use forebay_settings::{ByteSize, Period, Settings};
use forebay_testkit::free_port;
use forebay_testkit::oracle::Oracle;
use forebay_testkit::proxy::{Mode, Proxy, Shape};
use forebay_testkit::servers::Server;
use forebay_tests::backend::bootstrap_topics;
use forebay_tests::processes::Tier;
use forebay_tests::stack::settings_of_its_own;
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinSet;

/// What the line to Kafka carries in a second, in bytes.
const LINE: u64 = 1_000_000;
/// Events in a request; each has about this many bytes, and as a record 150 more.
const EVENTS: usize = 100;
const EVENT_BYTES: usize = 500;
/// Requests a second: the line carries some 15 of them.
const GREEDY: u64 = 42;
const MODEST: u64 = 1;
/// How long ingest may take to learn what the line carries. Until then it lets in what any line should carry.
const LEARNING: Duration = Duration::from_secs(5);
/// What accepted events may wait, by the settings, and by the client's clock on a busy machine; with no limit but that on
/// memory it would be more than ten seconds.
const MAX_LATENCY: Period = Period::from_secs(2);
const P99: Duration = Duration::from_secs(5);
/// What ingest may hold by the settings, and what the process may use at its peak.
const MAX_IN_FLIGHT: ByteSize = ByteSize::mib(64);
const PEAK: u64 = 96 << 20;
const TOKENS: &str = "access.yaml";

/// Scenario: a greedy tenant sends 42 requests a second, whatever the answers; two modest ones send one each. The line
/// carries 15.
/// Guarantees: memory stays within its bound; what was acknowledged is in Kafka, once, and what was refused with 429 isn't;
/// every refusal names its limit and a time to come again; the modest tenants get nearly all of theirs accepted; after five
/// seconds, in which ingest learns what the line carries, accepted requests are answered in time, and the line never idles.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overload_costs_the_greedy_and_nobody_else() -> Result<()> {
    let seconds: u64 =
        std::env::var("FOREBAY_OVERLOAD_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let folder = TempDir::new()?;
    let port = free_port()?;
    let line = Proxy::to_port(port).await?;
    let kafka = Server::kafka().listener("LINE", port, line.port()).start().await?;
    let direct = settings(kafka.address(), folder.path())?;
    bootstrap_topics(&direct).await?;
    let senders = [("greedy", GREEDY), ("modest-a", MODEST), ("modest-b", MODEST)]
        .map(|(tenant, per_second)| Sender::new(tenant, per_second, &direct, folder.path()));
    let mut through_the_line = direct.clone();
    through_the_line.kafka.bootstrap_servers = line.address().to_string();
    let ingest = Tier::start("forebay-ingest", &through_the_line, folder.path()).await?;
    line.set(Mode::Slow(Shape { to_server: Some(LINE), ..Shape::default() }));

    let (carried_before, began) = (line.counters().to_server, Instant::now());
    let mut sending = JoinSet::new();
    for sender in senders {
        let _task = sending.spawn(sender?.send(seconds));
    }
    let mut backlog = Vec::new();
    let watching = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(250));
        loop {
            let _at = ticks.tick().await;
            backlog.push((began.elapsed(), ingest.metric("forebay_ingest_backlog_bytes", "").await?));
        }
    };
    let answers: Vec<Vec<Seen>> = tokio::select! {
        answers = sending.join_all() => answers.into_iter().collect::<Result<_>>()?,
        failed = watching => return failed,
    };
    let answers: Vec<Seen> = answers.into_iter().flatten().collect();
    let took = began.elapsed();
    let carried = line.counters().to_server - carried_before;
    let usage = ingest.process.usage()?;
    line.set(Mode::Pass);

    let accepted: Vec<&Seen> = answers.iter().filter(|seen| seen.status == 200).collect();
    let mut latencies: Vec<Duration> =
        accepted.iter().filter(|seen| seen.at >= began + LEARNING).map(|seen| seen.took).collect();
    latencies.sort_unstable();
    let percentile =
        |percent: usize| latencies.get(latencies.len() * percent / 100).copied().unwrap_or_default();
    let mut refusals: BTreeMap<(u16, &str), usize> = BTreeMap::new();
    for seen in answers.iter().filter(|seen| seen.status != 200) {
        *refusals.entry((seen.status, &seen.error)).or_default() += 1;
    }
    let share = |tenant: &str| {
        let sent = answers.iter().filter(|seen| seen.tenant == tenant);
        let taken = sent.clone().filter(|seen| seen.status == 200).count();
        (taken, sent.count())
    };
    println!(
        "overload for {took:?}: {} of {} requests accepted, refused {refusals:?}; greedy {:?}, modest {:?} {:?}; \
         accepted after p50 {:?} p99 {:?} max {:?}; line {} of {} kB/s; peak {} MiB",
        accepted.len(),
        answers.len(),
        share("greedy"),
        share("modest-a"),
        share("modest-b"),
        percentile(50),
        percentile(99),
        latencies.last().unwrap_or(&Duration::ZERO),
        carried / u64::try_from(took.as_millis())?,
        LINE / 1_000,
        usage.peak_memory >> 20
    );

    everything_is_there(&answers, &direct).await?;
    let put_off = ingest.metric("forebay_ingest_put_off_requests_total", "").await?;
    ensure!(put_off == (answers.len() - accepted.len()) as f64, "{put_off} were counted as put off");
    let counted = ingest.metric("forebay_events_accepted_total", "").await?;
    ensure!(counted == (accepted.len() * EVENTS) as f64, "{counted} were counted as accepted");
    let other = answers.iter().find(|seen| !(seen.status == 200 || seen.is_busy()));
    if let Some(Seen { status, error, reason, at, .. }) = other {
        bail!("{status} {error} after {:?}: {reason}; {refusals:?}", *at - began);
    }
    ensure!(refusals.keys().count() > 0, "this was no overload");
    // Ten seconds at most, up to twice as long by chance.
    ensure!(
        answers.iter().filter(|seen| seen.status != 200).all(|seen| (1..=20).contains(&seen.retry_after))
    );
    ensure!(percentile(99) <= P99, "p99 is {:?}", percentile(99));
    let worked = backlog.iter().filter(|(at, _)| (LEARNING..Duration::from_secs(seconds)).contains(at));
    ensure!(
        worked.clone().count() > 0 && worked.clone().all(|(_, bytes)| *bytes > 0.0),
        "it idled: {backlog:?}"
    );
    ensure!(usage.peak_memory <= PEAK, "{usage:?}");
    for tenant in ["modest-a", "modest-b"] {
        let (taken, sent) = share(tenant);
        ensure!(taken * 10 >= sent * 9, "{tenant}: {taken} of {sent}");
    }
    Ok(())
}

/// What was acknowledged is in the topic, once; what was refused with 429 isn't.
async fn everything_is_there(answers: &[Seen], direct: &Settings) -> Result<()> {
    let oracle = Oracle::new();
    for seen in answers {
        match seen.status {
            200 => seen.ids().for_each(|id| oracle.acknowledged(id)),
            503 => seen.ids().for_each(|id| oracle.attempted(id)),
            _ => {}
        }
    }
    let (kafka, topic) = (direct.kafka.clone(), direct.kafka.topics.raw.clone());
    let audit = tokio::task::spawn_blocking(move || {
        let mut audit = oracle.audit();
        let mut reader = TopicReader::open(&kafka, &topic, ReadFrom::Beginning)?;
        while let Some(record) = reader.next_record()? {
            audit.indexed(RawEvent::read(&record.value)?.id);
        }
        anyhow::Ok(audit)
    });
    audit.await??.finish().assert_clean();
    Ok(())
}

/// One tenant's client.
struct Sender {
    tenant: &'static str,
    per_second: u64,
    url: String,
    token: String,
    http: reqwest::Client,
}

/// One answer, as its client saw it.
struct Seen {
    tenant: &'static str,
    request: u64,
    status: u16,
    error: String,
    reason: String,
    retry_after: u64,
    at: Instant,
    took: Duration,
}

impl Sender {
    fn new(tenant: &'static str, per_second: u64, settings: &Settings, folder: &Path) -> Result<Self> {
        let token = issue(&folder.join(TOKENS), &Tenant::new(tenant)?, tenant, None)?.token;
        let url = format!("http://{}/v1/ingest?id_field=id", settings.ingest.listen);
        Ok(Self {
            tenant,
            per_second,
            url,
            token,
            http: reqwest::Client::builder().timeout(Duration::from_secs(120)).build()?,
        })
    }

    /// Sends for so many seconds, each request at its time, whatever became of those before.
    async fn send(self, seconds: u64) -> Result<Vec<Seen>> {
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / u32::try_from(self.per_second)?);
        let (sender, mut requests) = (Arc::new(self), JoinSet::new());
        for request in 0..sender.per_second * seconds {
            let _at = ticks.tick().await;
            let sender = Arc::clone(&sender);
            let _task = requests.spawn(async move { sender.one(request).await });
        }
        requests.join_all().await.into_iter().collect()
    }

    async fn one(&self, request: u64) -> Result<Seen> {
        let line = |event| {
            let id = id(self.tenant, request, event);
            format!("{{\"id\":\"{id}\",\"message\":\"{}\"}}\n", "x".repeat(EVENT_BYTES))
        };
        let body: String = (0..EVENTS).map(line).collect();
        let started = Instant::now();
        let builder = self.http.post(&self.url).bearer_auth(&self.token);
        let response = builder.header("content-type", "application/x-ndjson").body(body).send().await?;
        let status = response.status().as_u16();
        let retry_after =
            response.headers().get("retry-after").map(|value| value.to_str().unwrap_or("").parse());
        let retry_after = retry_after.transpose()?.unwrap_or(0);
        let answer: Value = response.json().await?;
        let took = started.elapsed();
        ensure!(status != 200 || answer["accepted"] == EVENTS, "{answer}");
        let [error, reason] =
            ["type", "reason"].map(|member| answer["error"][member].as_str().unwrap_or_default().to_owned());
        Ok(Seen { tenant: self.tenant, request, status, error, reason, retry_after, at: started, took })
    }
}

impl Seen {
    /// Refused since there is too much.
    fn is_busy(&self) -> bool {
        self.status == 429 && ["kafka_slow", "tenant_full"].contains(&self.error.as_str())
    }

    fn ids(&self) -> impl Iterator<Item = String> {
        (0..EVENTS).map(|event| id(self.tenant, self.request, event))
    }
}

fn id(tenant: &str, request: u64, event: usize) -> String {
    format!("{tenant}-{request}-{event}")
}

fn settings(kafka: String, folder: &Path) -> Result<Settings> {
    let mut settings = settings_of_its_own();
    settings.kafka.bootstrap_servers = kafka;
    settings.kafka.compression = "none".to_owned();
    settings.ingest.listen = format!("127.0.0.1:{}", free_port()?);
    settings.ingest.access_file = Some(folder.join(TOKENS));
    settings.ingest.max_in_flight = MAX_IN_FLIGHT;
    settings.ingest.max_latency = MAX_LATENCY;
    Ok(settings)
}
