//! One run: start, warm up, break things, mend them, wait, and count.

mod options;
mod outcome;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::audit;
use crate::bed::Bed;
use crate::events::{BATCH, Events};
use crate::fleet::Fleet;
use crate::inject::{Injected, inject};
use crate::ledger::Counts;
use crate::plan::{self, Step};
use crate::probe::Probe;
use crate::scene::{Scene, WARM};
use crate::sender::Load;

pub use options::{Faults, Options};
pub use outcome::{Outcome, Tally};

/// How long faults may go on after the planned end: a server's start, a drain.
const MENDING: Duration = Duration::from_secs(300);
/// How long the calm phase sends.
const CALM: Duration = Duration::from_secs(5);

/// A run under way.
struct Run {
    scene: Scene,
    probe: Arc<Probe>,
}

/// Makes one run. `say` is told what happens, a line at a time. If something is wrong, the files are kept.
///
/// # Errors
/// When a server or a process doesn't do what it must for the run to mean anything. What the run shows is no error.
pub async fn run(options: Options, say: fn(&str)) -> Result<Outcome> {
    let bed = Bed::make(options.search, options.rules).await.context("servers")?;
    let events = Events::before(Timestamp::now(), options.rules);
    let fleet = Fleet::start(&bed, &options).await;
    let scene = Scene::set(bed, fleet, events, Bed::ingest_urls, say)?;
    let probe = Probe::new(&scene.bed.settings.search);
    let mut run = Run { scene, probe };
    let stop = CancellationToken::new();
    let outcome = {
        let _stop = stop.clone().drop_guard();
        tokio::select! {
            outcome = run.through(options) => outcome,
            broken = run.watch(&stop) => Err(broken),
        }
    };
    if !outcome.as_ref().is_ok_and(|outcome| outcome.failures().is_empty()) {
        run.scene.keep().await?;
    }
    outcome
}

// === impl Run ===

impl Run {
    /// Watches processes and samples events, beside everything else. It ends only with an error.
    async fn watch(&self, stop: &CancellationToken) -> anyhow::Error {
        let probing = Arc::clone(&self.probe).watch(|| self.scene.sender.latest(), stop);
        tokio::select! {
            broken = self.scene.watch(stop) => broken,
            () = probing => anyhow::anyhow!("nobody watches any more"),
        }
    }

    async fn through(&self, options: Options) -> Result<Outcome> {
        let say = self.scene.say;
        let transactions = options.exactly_once;
        self.scene.warm_up(transactions).await?;
        let left_out = (matches!(options.faults, Faults::Chaos) && self.scene.bed.disk.is_none())
            .then(|| "a full disk for the broker: it takes the right to mount one".to_owned());

        let before = self.scene.sender.owed();
        let start = Instant::now();
        let (injected, sent) = tokio::join!(self.faults(&options, start), self.load(&options, start));
        let injected = injected?;
        sent?;
        let took = start.elapsed();
        let acknowledged_in_faults = (self.scene.sender.owed() - before).events;
        say(&format!("faults are over after {took:.0?}: {acknowledged_in_faults} events acknowledged"));
        let drained_in = audit::drained(&self.scene.bed, transactions, MENDING).await?;
        say(&format!("the pipeline is empty after {drained_in:.0?}"));

        let (calm, mut ledger) = self.calm(&options).await?;
        let findings = audit::search(&self.scene.bed, &self.scene.oracle).await?;
        let lives = &self.scene.fleet.lives;
        let counts = lives.counts();
        ledger.extend(counts.beyond(&findings.contents));
        Ok(Outcome {
            injected,
            left_out,
            findings,
            answers: self.scene.sender.answers(),
            acknowledged_in_faults,
            took,
            drained_in,
            counts,
            ledger,
            calm,
            owed: self.scene.sender.owed(),
            latency: [0.5, 0.99].map(|share| self.probe.quantile(share)),
            peaks: lives.peaks(),
            lives: lives.count(),
            surprises: lives.surprises(),
            options,
        })
    }

    /// Sends while there are faults, and until what is under way then is acknowledged.
    async fn load(&self, options: &Options, start: Instant) -> Result<()> {
        let (stop, give_up) = (CancellationToken::new(), CancellationToken::new());
        let load =
            Load { rate: Some(options.rate), batches: None, stop: stop.clone(), give_up: give_up.clone() };
        let clock = async {
            sleep_until(start + options.duration).await;
            stop.cancel();
            sleep_until(start + options.duration + MENDING).await;
            give_up.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            sent = self.scene.sender.send(load) => sent,
            () = clock => Ok(()),
        }
    }

    /// Injects the planned faults, and waits until all are mended and every tier is ready again.
    async fn faults(&self, options: &Options, start: Instant) -> Result<BTreeMap<String, Tally>> {
        let mut steps = match options.faults {
            Faults::Chaos => plan::chaos(options.seed, options.duration, self.scene.bed.disk.is_some()),
            Faults::Kills { tier, every } => plan::kills(options.seed, tier, every, options.duration),
        };
        if options.rules {
            steps.extend(plan::reloads(options.seed, options.duration));
        }
        let tallies = Mutex::new(BTreeMap::<String, Tally>::new());
        let injecting =
            futures_util::future::try_join_all(steps.iter().map(|step| self.step(*step, start, &tallies)));
        let _all: Vec<()> = tokio::time::timeout(options.duration + MENDING, injecting)
            .await
            .context("a fault isn't mended in time")??;
        self.scene.fleet.ready().await?;
        Ok(tallies.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    async fn step(
        &self,
        Step { at, fault }: Step,
        start: Instant,
        tallies: &Mutex<BTreeMap<String, Tally>>,
    ) -> Result<()> {
        sleep_until(start + at).await;
        (self.scene.say)(&format!("{:>6.1} s  {} {fault:?}", start.elapsed().as_secs_f64(), fault.kind()));
        let injected =
            inject(fault, &self.scene.bed, &self.scene.fleet).await.with_context(|| format!("{fault:?}"))?;
        let mut tallies = tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = tallies.entry(fault.kind()).or_default();
        tally.count += 1;
        tally.unclean += u64::from(injected == Injected::Unclean);
        tally.halted += u64::from(injected == Injected::Halted);
        Ok(())
    }

    /// Sends for a while with no fault at all, at half the rate, so that nothing is refused; what was counted meanwhile, and
    /// what of it doesn't add up.
    async fn calm(&self, options: &Options) -> Result<(Counts, Vec<String>)> {
        let lives = &self.scene.fleet.lives;
        lives.read_surely().await?;
        let before = (lives.counts(), self.scene.sender.owed());
        let lives_before = lives.count();
        let rate = options.rate / 2;
        let batches = rate * CALM.as_secs() / BATCH;
        let load = Load {
            rate: Some(rate),
            batches: Some(batches),
            stop: CancellationToken::new(),
            give_up: CancellationToken::new(),
        };
        tokio::time::timeout(WARM, self.scene.sender.send(load)).await.context("the calm phase")??;
        let _took =
            audit::drained(&self.scene.bed, options.exactly_once, WARM).await.context("the calm phase")?;
        lives.read_surely().await?;
        ensure!(lives.count() == lives_before, "a process ended in the calm phase: {:#?}", lives.surprises());
        let calm = lives.counts() - before.0;
        let ledger = calm.unlike_calm(&(self.scene.sender.owed() - before.1));
        Ok((calm, ledger))
    }
}
