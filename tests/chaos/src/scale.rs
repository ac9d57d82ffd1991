//! More processes: parsers and indexers join one by one and leave again, under load.
//!
//! With each number of them a burst is sent and timed until all of it is in the store. That shows what a process more does: where
//! each may use a part of a core only, as a container with a limit does, throughput grows with their number, as it does with
//! machines; without a limit it grows until the cores that there are have no more to give. Then they leave, while another burst is
//! under way. At the end each event is looked for.
//!
//! What it doesn't show: what brokers and a search cluster of several nodes do with more.

mod burst;
pub mod cli;
mod page;
mod times;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use forebay_testkit::eventually;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::audit::{self, Findings};
use crate::bed::{Bed, Ground, Search};
use crate::events::{BATCH, Events};
use crate::fleet::{Fleet, Outfit};
use crate::ledger::Counts;
use crate::scene::{Scene, WARM};
use crate::tier::{Crew, Tier};
pub use burst::Burst;
pub use page::Page;
pub use times::Times;

/// Partitions of each topic: what can be shared out evenly among two, three, four and six.
pub const PARTITIONS: i32 = 12;

/// Streams of events: so many that each partition gets about the same.
pub(crate) const STREAMS: u64 = 4_096;

/// How long it may take until all partitions are shared out anew: members end what is under way, and brokers wait for each of
/// them in turn.
const SHARED: Duration = Duration::from_secs(180);

/// What a run is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// The most parsers, and the most indexers.
    pub most: usize,
    /// Events of a burst, for each parser that there is; without a limit, for as many as there are at most.
    pub events: u64,
    /// How much of a core each parser and indexer may use; none: all that there is.
    pub cores: Option<f64>,
    /// Events a second while processes join.
    pub rate: u64,
    /// What takes the documents.
    pub search: Search,
    /// Whether servers start slower and run faster.
    pub for_speed: bool,
    /// Where the tiers' programs are; none: beside this one.
    pub binaries: Option<PathBuf>,
}

/// What so many processes did.
#[derive(Clone, Debug)]
pub struct Step {
    /// How many parsers there were, and indexers.
    pub processes: usize,
    /// From their start until all partitions were shared out among all of them; none for the first.
    pub joined_in: Option<Duration>,
    /// The burst.
    pub burst: Burst,
}

/// What a run has shown.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What it was to be.
    pub options: Options,
    /// Each number of processes, from one on.
    pub steps: Vec<Step>,
    /// The burst while processes left, until there was one of each.
    pub leaving: Burst,
    /// What the tiers counted while processes joined, and while they left.
    pub counted: [Counts; 2],
    /// How often the store was given a document that it had, as far as it tells.
    pub conflicts: Option<u64>,
    /// Events that were acknowledged.
    pub acknowledged: u64,
    /// What the search for every event found.
    pub findings: Findings,
    /// What is wrong, in words.
    pub failures: Vec<String>,
}

/// Makes one run. `say` is told what happens, a line at a time. If something is wrong, the files are kept.
///
/// # Errors
/// When a server or a process doesn't do what it must for the run to mean anything. What the run shows is no error.
pub async fn run(options: Options, say: fn(&str)) -> Result<Outcome> {
    let ground = Ground {
        search: options.search,
        rules: false,
        partitions: PARTITIONS,
        seats: Crew { ingest: 1, parser: options.most, indexer: options.most },
        breaks: false,
        for_speed: options.for_speed,
        binaries: options.binaries.clone(),
    };
    let bed = Bed::on(ground).await.context("servers")?;
    let outfit = |tier: Tier, _seat: usize| Outfit {
        cores: options.cores.filter(|_| tier != Tier::Ingest),
        ..Outfit::default()
    };
    let fleet = Fleet::with(&bed, Crew::each(|_| 1), outfit).await;
    let events = Events::before(Timestamp::now(), false).in_streams(STREAMS);
    let scene = Scene::set(bed, fleet, events, Bed::ingest_urls, say)?;
    let mut run = Run { scene, options };
    let outcome = run.scene.watched(Box::pin(run.through())).await;
    if !outcome.as_ref().is_ok_and(|outcome| outcome.failures.is_empty()) {
        run.scene.keep().await?;
    }
    outcome
}

/// A run under way.
struct Run {
    scene: Scene,
    options: Options,
}

// === impl Run ===

impl Run {
    async fn through(&self) -> Result<Outcome> {
        let Self { scene, options } = self;
        scene.warm_up(false).await?;
        self.shared_out(1).await?;
        let lives = &scene.fleet.lives;
        let mut steps = Vec::new();
        for processes in 1..=options.most {
            let joined_in = match processes {
                1 => None,
                _ => Some(scene.under_load(options.rate, self.join(processes)).await?),
            };
            let burst = burst::send(scene, self.events_of(processes), async { Ok(()) }).await?;
            (scene.say)(&format!("{processes} of each: {:.0} events/s", burst.rate()));
            steps.push(Step { processes, joined_in, burst });
        }
        let joined = lives.counts();
        let leaving = burst::send(scene, self.events_of(options.most), self.leave()).await?;
        (scene.say)(&format!("all but one of each have left: {:.0} events/s", leaving.rate()));
        let _settled = audit::drained(&scene.bed, false, WARM).await?;
        lives.read_surely().await?;
        let all = lives.counts();
        let findings = audit::search(&scene.bed, &scene.oracle).await?;
        let mut failures = findings.failures();
        failures.extend(all.beyond(&findings.contents));
        failures.extend(lives.surprises());
        Ok(Outcome {
            steps,
            leaving,
            counted: [joined, all - joined],
            conflicts: audit::conflicts(&scene.bed).await?,
            acknowledged: scene.sender.owed().events,
            findings,
            failures,
            options: options.clone(),
        })
    }

    /// Events of a burst with so many processes: about as long for each number of them.
    fn events_of(&self, processes: usize) -> u64 {
        let times = if self.options.cores.is_some() { processes } else { self.options.most };
        (self.options.events * times as u64).next_multiple_of(BATCH)
    }

    /// One parser more and one indexer more, which makes so many; how long it took until they had their share.
    async fn join(&self, processes: usize) -> Result<Duration> {
        let began = Instant::now();
        for tier in [Tier::Parser, Tier::Indexer] {
            self.scene.fleet.seat(tier, processes - 1).await?.ready().await?;
        }
        self.shared_out(processes).await?;
        Ok(began.elapsed())
    }

    /// Parsers and indexers leave one after the other, until there is one of each.
    async fn leave(&self) -> Result<()> {
        for left in (1..self.options.most).rev() {
            for tier in [Tier::Parser, Tier::Indexer] {
                let clean = self.scene.fleet.seat(tier, left).await?.stop().await?;
                anyhow::ensure!(clean, "{tier} {left} did not end as it should");
            }
            self.shared_out(left).await?;
        }
        Ok(())
    }

    /// Waits until so many of each tier have all partitions between them, each at least one.
    async fn shared_out(&self, processes: usize) -> Result<()> {
        for tier in [Tier::Parser, Tier::Indexer] {
            let mut held = Vec::new();
            let waited = eventually("all partitions are shared out", SHARED, async || {
                held = self.scene.fleet.lives.partitions(tier);
                held.len() == processes
                    && held.iter().all(|partitions| *partitions > 0)
                    && held.iter().sum::<u64>() == u64::from(PARTITIONS.unsigned_abs())
            })
            .await;
            waited.with_context(|| format!("{processes} of {tier} have {held:?}"))?;
        }
        Ok(())
    }
}
