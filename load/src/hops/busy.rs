//! A thousand clients at once: first as fast as ingest lets them, which is what the hop can do here, then at half of that, when
//! each sends at its own beat and the time counts from when it was due, whether or not the answer before had come.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use forebay_testkit::Latencies;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::bed::Bed;
use crate::keep_alive::{KeepAlive, post};
use crate::lines::{Lines, Payload};
use crate::machine::quiet;
use crate::measure::{Measured, Watch, whole};

/// How many clients there are.
pub const CLIENTS: u32 = 1000;
/// How many lines a request has.
const LINES: u64 = 100;
/// How long each half runs.
const DURING: Duration = Duration::from_secs(20);
/// What isn't looked at, at the begin of each half.
const WARM: Duration = Duration::from_secs(3);

/// What was found.
#[derive(Debug)]
pub struct Outcome {
    /// What both halves together cost.
    pub measured: Measured,
    /// Events a second as fast as it goes.
    pub capacity: f64,
    /// Times at half of it.
    pub latencies: Latencies,
    /// Requests that were not taken at half of it.
    pub refused: u64,
}

/// How a client sends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pace {
    /// The next request as soon as the last one is answered.
    Unpaced,
    /// One every so often, the first after `first`.
    Every { pause: Duration, first: Duration },
}

/// What a client has seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// How long each request took that was taken.
    pub(super) times: Vec<Duration>,
    /// How many were not.
    pub(super) refused: u64,
}

/// Runs the hop.
///
/// # Errors
/// When a connection breaks, or an acknowledged event isn't in Kafka.
pub async fn run(bed: &mut Bed, patience: Duration) -> Result<Outcome> {
    let settings = bed.run("busy").await?;
    let lines = Lines::ending_now(Payload::App, LINES);
    let request = Arc::new(post(None, &lines.body(0..LINES)));
    quiet(patience).await?;
    let watch = Watch::start(&[bed.kafka_pid()?])?;
    let mut tier = bed.start("forebay-ingest", &settings)?;
    tier.ready().await?;
    let address = settings.ingest.listen.as_str();
    let fast = clients(address, &request, |_| Pace::Unpaced).await?;
    let taken: u64 = fast.iter().map(|seen| seen.times.len() as u64).sum();
    let capacity = whole(taken * LINES) / (DURING - WARM).as_secs_f64();

    let pause = Duration::from_secs_f64(f64::from(CLIENTS) * whole(LINES) / (capacity / 2.0));
    let half = clients(address, &request, |n| Pace::Every { pause, first: pause / CLIENTS * n }).await?;
    let accepted = tier.metric("forebay_events_accepted_total").await?;
    let measured = watch.stop_one(accepted, tier.pid())?;
    tier.stop().await?;
    let there = bed.count(&settings.kafka.topics.raw).await?;
    ensure!(there >= accepted, "{accepted} accepted, {there} in kafka");
    Ok(Outcome {
        measured,
        capacity,
        refused: half.iter().map(|seen| seen.refused).sum(),
        latencies: half.into_iter().flat_map(|seen| seen.times).collect(),
    })
}

/// All clients at once, each on a connection of its own.
async fn clients(address: &str, request: &Arc<Vec<u8>>, pace: impl Fn(u32) -> Pace) -> Result<Vec<Seen>> {
    let mut running = JoinSet::new();
    for n in 0..CLIENTS {
        let (address, request, pace) = (address.to_owned(), Arc::clone(request), pace(n));
        let _handle = running.spawn(async move { client(&address, &request, pace, DURING).await });
    }
    let mut all = Vec::new();
    while let Some(ended) = running.join_next().await {
        all.push(ended.context("a client panicked")??);
    }
    Ok(all)
}

/// Sends until the time is over; only what was due after the warm-up counts.
pub(super) async fn client(address: &str, request: &[u8], pace: Pace, during: Duration) -> Result<Seen> {
    let stream = TcpStream::connect(address).await.context("no connection to ingest")?;
    stream.set_nodelay(true)?;
    let mut connection = KeepAlive::new(stream);
    let started = Instant::now();
    let mut due = match pace {
        Pace::Unpaced => started,
        Pace::Every { first, .. } => started + first,
    };
    let mut seen = Seen::default();
    while due < started + during {
        sleep_until(due).await;
        let status = connection.ask(request).await?;
        let counts = due >= started + WARM.min(during / 5);
        match status {
            200 if counts => seen.times.push(due.elapsed()),
            200 => {}
            429 | 503 => {
                seen.refused += u64::from(counts);
                if matches!(pace, Pace::Unpaced) {
                    sleep(Duration::from_millis(500)).await;
                }
            }
            other => anyhow::bail!("ingest answered {other}"),
        }
        due = match pace {
            Pace::Unpaced => Instant::now(),
            Pace::Every { pause, .. } => due + pause,
        };
    }
    Ok(seen)
}
