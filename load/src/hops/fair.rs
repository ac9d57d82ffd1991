//! Two tenants: the greedy one has a quota, the modest one none. What the modest one waits while the greedy one sends nothing, what
//! it may, and ten times of that, in turns, so that whatever else the machine does is in all three.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use forebay_access::secret::TokenHash;
use forebay_testkit::Latencies;
use tokio::task::JoinSet;

use super::busy::{Pace, Seen, client};
use crate::bed::Bed;
use crate::keep_alive::post;
use crate::lines::{Lines, Payload};
use crate::machine::quiet;
use crate::measure::{Measured, Watch};

/// What the greedy tenant may send, in events a second.
const QUOTA: u64 = 10_000;
/// How many lines a request of either has.
const LINES: u64 = 100;
/// How many clients each has.
const CLIENTS: u32 = 20;
/// How often each of the modest tenant's clients sends: together 10,000 events a second.
const BEAT: Duration = Duration::from_millis(200);
/// How long a turn is.
const TURN: Duration = Duration::from_secs(5);
/// How many turns each has.
const TURNS: usize = 6;

/// What was found.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What all of it cost.
    pub measured: Option<Measured>,
    /// The modest tenant's times by how many times of its quota the greedy one sends: none, once, ten times.
    pub modest: [Latencies; 3],
    /// Events of the greedy tenant that were taken in a second, at ten times its quota.
    pub taken: u64,
    /// Its requests that were refused.
    pub refused: u64,
}

/// Runs the hop.
///
/// # Errors
/// When the modest tenant is refused, or the greedy one is not.
pub async fn run(bed: &mut Bed, patience: Duration) -> Result<Outcome> {
    let mut settings = bed.run("fair").await?;
    let file = bed.path("access.yaml");
    std::fs::write(&file, access())?;
    settings.ingest.access_file = Some(file);
    let body = Lines::ending_now(Payload::App, LINES).body(0..LINES);
    quiet(patience).await?;
    let watch = Watch::start(&[bed.kafka_pid()?])?;
    let mut tier = bed.start("forebay-ingest", &settings)?;
    tier.ready().await?;
    let address = settings.ingest.listen.as_str();
    let mut times: [Vec<Duration>; 3] = Default::default();
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..TURNS {
        for (times, factor) in times.iter_mut().zip([0, 1, 10]) {
            let modest = send(address, "modest", &body, BEAT);
            let greedy = async {
                if factor == 0 {
                    return Ok(Seen::default());
                }
                let pause =
                    Duration::from_secs_f64(f64::from(CLIENTS) * LINES as f64 / (QUOTA * factor) as f64);
                send(address, "greedy", &body, pause).await
            };
            let (modest, greedy) = tokio::try_join!(modest, greedy)?;
            ensure!(modest.refused == 0, "{} requests of the modest tenant were refused", modest.refused);
            times.extend(modest.times);
            if factor == 10 {
                taken += greedy.times.len() as u64 * LINES;
                refused += greedy.refused;
            }
        }
    }
    ensure!(refused > 0, "the greedy tenant was never refused");
    let accepted = tier.metric("forebay_events_accepted_total").await?;
    let measured = watch.stop_one(accepted, tier.pid())?;
    tier.stop().await?;
    Ok(Outcome {
        measured: Some(measured),
        modest: times.map(|times| times.into_iter().collect()),
        taken: taken / (TURNS as u64 * (TURN - TURN / 5).as_secs()),
        refused,
    })
}

async fn send(address: &str, tenant: &'static str, body: &[u8], pause: Duration) -> Result<Seen> {
    let request = post(Some(tenant), body);
    let mut running = JoinSet::new();
    for n in 0..CLIENTS {
        let (address, request) = (address.to_owned(), request.clone());
        let pace = Pace::Every { pause, first: pause / CLIENTS * n };
        let _handle = running.spawn(async move { client(&address, &request, pace, TURN).await });
    }
    let mut all = Seen::default();
    while let Some(ended) = running.join_next().await {
        let seen = ended.context("a client panicked")??;
        all.times.extend(seen.times);
        all.refused += seen.refused;
    }
    Ok(all)
}

/// Both tenants, each with its name as token.
fn access() -> String {
    let [greedy, modest] = ["greedy", "modest"].map(|name| TokenHash::of(name.as_bytes()).to_text());
    format!(
        "tenants:\n  greedy: {{events_per_second: {QUOTA}, burst: 1s}}\n  modest: {{}}\ncredentials:\n\
         \x20 - {{name: greedy, tenant: greedy, token: \"{greedy}\"}}\n\
         \x20 - {{name: modest, tenant: modest, token: \"{modest}\"}}\n"
    )
}
