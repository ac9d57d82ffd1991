//! One run: the clients side by side, Kafka stopped and started once while they send, then the search for what they believe.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use forebay_testkit::eventually;
use forebay_testkit::oracle::Report;

use crate::bed::Bed;
use crate::clients::{Client, Delivers, Tells};
use crate::found::{self, Found};
use crate::sender::Sender;

/// How long Kafka stays away, beside what its stop and its start take: longer than ingest waits for it.
const AWAY: Duration = Duration::from_secs(5);
/// How long clients may take until the first of their events are delivered: most of that is Python's start, of all at once.
const BEGIN: Duration = Duration::from_secs(120);
/// How long they may take for the rest: what was put off has waits that double.
const END: Duration = Duration::from_secs(240);

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The clients.
    pub clients: Vec<&'static Client>,
    /// How many events each of them sends.
    pub events: usize,
    /// Over so many seconds, beside those for which they wait for the outage.
    pub seconds: u64,
}

/// What came of a client.
#[derive(Debug)]
pub struct Outcome {
    /// Which.
    pub client: &'static Client,
    /// How many events it sent.
    pub events: usize,
    /// How many it believed delivered when Kafka was stopped.
    pub before: usize,
    /// What it believes, against what is in Kafka.
    pub report: Report,
    /// Events that are in Kafka more than once under one key, which become one document.
    pub repeated: usize,
    /// Events that are in Kafka more than once under different keys, which become several.
    pub doubled: usize,
    /// Events under another tenant than that of the client's credential.
    pub strayed: usize,
    /// Why it ended badly, if it did.
    pub error: Option<String>,
}

/// Runs the clients; `say` is told what happens.
///
/// # Errors
/// When a server fails, or no client gets anything through. What a client does wrong is in its outcome.
pub async fn run(options: &Options, say: impl Fn(&str)) -> Result<Vec<Outcome>> {
    let (mut bed, orders) = Bed::make(&options.clients, options.events, options.seconds).await?;
    let senders = options.clients.iter().zip(orders).map(|(client, order)| Sender::start(client, order));
    let mut senders = senders.collect::<Result<Vec<_>>>()?;
    say(&format!("{} clients send {} events each", senders.len(), options.events));
    begun(&mut senders, &bed).await?;
    let before: Vec<usize> = senders.iter().map(Sender::believed).collect();
    say("kafka is stopped");
    let stopped = Instant::now();
    bed.begin_outage().await?;
    tokio::time::sleep(AWAY).await;
    bed.kafka.restart().await?;
    say(&format!("kafka is back after {:.1?}", stopped.elapsed()));
    let until = Instant::now() + END;
    let mut errors = Vec::new();
    for sender in &mut senders {
        let ended = sender.wait(until.saturating_duration_since(Instant::now())).await;
        if let Err(error) = &ended {
            say(&format!("{error:#}"));
        }
        errors.push(ended.err().map(|error| format!("{error:#}")));
    }
    bed.end_ingest().await?;
    let mut found: HashMap<String, Vec<Found>> = HashMap::new();
    for one in found::all(&bed.settings.kafka).await? {
        let prefix = one.id.rsplit_once('-').map_or("", |(prefix, _)| prefix).to_owned();
        found.entry(prefix).or_default().push(one);
    }
    let parts = senders.iter().zip(before).zip(errors);
    Ok(parts
        .map(|((sender, before), error)| {
            let found = found.remove(&sender.order.prefix).unwrap_or_default();
            Outcome::of(sender, before, found, error)
        })
        .collect())
}

/// Waits until every client has something delivered, as far as that can be known, and none has ended.
async fn begun(senders: &mut [Sender], bed: &Bed) -> Result<()> {
    let waited = eventually("every client has begun", BEGIN, async || {
        let told = |sender: &Sender| sender.client.tells == Tells::AtTheEnd || sender.believed() > 0;
        senders.iter_mut().any(Sender::has_ended)
            || senders.iter().all(told) && bed.accepted().await.is_ok_and(|events| events > 0.0)
    })
    .await;
    // One that has ended in good order will be asked for what it has delivered like all others.
    let silent =
        senders.iter().filter(|sender| sender.believed() == 0 && sender.client.tells == Tells::AsItGoes);
    let silent: Vec<String> =
        silent.map(|sender| format!("{}:\n{}", sender.client.name, sender.said())).collect();
    if waited.is_err() && silent.len() == senders.len() {
        bail!("no client has begun:\n{}", silent.join("\n"));
    }
    Ok(())
}

impl Outcome {
    fn of(sender: &Sender, before: usize, mut found: Vec<Found>, error: Option<String>) -> Self {
        found.sort();
        let strayed = found.iter().filter(|one| one.tenant != sender.order.prefix).count();
        let all = found.len();
        found.dedup_by(|a, b| a.id == b.id && a.key == b.key);
        let repeated = all - found.len();
        let keys = found.len();
        found.dedup_by(|a, b| a.id == b.id);
        let doubled = keys - found.len();
        let report = sender.oracle.check(found.iter().map(|one| &one.id), [], []);
        Self {
            client: sender.client,
            events: sender.order.events,
            before,
            report,
            repeated,
            doubled,
            strayed,
            error,
        }
    }

    /// What of the promises doesn't hold.
    ///
    /// # Errors
    /// Says so.
    pub fn check(&self) -> Result<()> {
        let (believed, events) = (self.report.acknowledged, self.events);
        if let Some(error) = &self.error {
            bail!("{error}");
        }
        ensure!(self.report.lost.count == 0, "lost: {:?}", self.report.lost);
        ensure!(self.report.unexpected.count == 0, "never sent: {:?}", self.report.unexpected);
        ensure!(self.strayed == 0, "{} events are another tenant's", self.strayed);
        ensure!(self.before < events, "it was done before the outage, which proves nothing");
        match self.client.delivers {
            Delivers::All => ensure!(believed == events, "it believes {believed} of {events} delivered"),
            Delivers::Some => ensure!(believed > self.before, "nothing was delivered after the outage"),
        }
        Ok(())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<22} {} sent, {} believed delivered ({} before the outage), {} in kafka, {} lost, {} repeated, {} doubled",
            self.client.name,
            self.events,
            self.report.acknowledged,
            self.before,
            self.report.indexed,
            self.report.lost.count,
            self.repeated,
            self.doubled
        )
    }
}

/// Fails if any outcome breaks a promise, and names all that do.
///
/// # Errors
/// Says which, and how.
pub fn check(outcomes: &[Outcome]) -> Result<()> {
    let broken = outcomes.iter().filter_map(|one| Some((one.client.name, one.check().err()?)));
    let broken: Vec<String> = broken.map(|(name, error)| format!("{name}: {error:#}")).collect();
    ensure!(
        broken.is_empty(),
        "{} of {} clients failed:\n{}",
        broken.len(),
        outcomes.len(),
        broken.join("\n")
    );
    Ok(())
}
