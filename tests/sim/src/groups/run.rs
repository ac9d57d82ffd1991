//! A run: the group comes to rest, something happens, it comes to rest again.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::figures::Figures;
use super::process::Process;
use super::scenario::{Fault, Pid, Scenario};
use super::setup::{Membership, Setup};
use super::watch::Owner;
use super::world::{Event, World};

/// How long nothing may happen before it is clear that nothing will, beyond the time of a session.
const QUIET: Duration = Duration::from_secs(15);
/// How long a run may last: an end to one that finds none.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// How many violations are told.
const TELL: usize = 5;

struct Run {
    world: World,
    processes: Vec<Option<Process>>,
    lives: u64,
    live: usize,
}

/// Runs a scenario. The same setup gives the same figures, but for what the coordinator took.
///
/// # Errors
/// When the coordinator can't be run, or says what isn't modelled. What must not be is part of the figures.
pub fn run(scenario: Scenario, setup: &Setup) -> Result<Figures> {
    let mut run = Run { world: World::new(setup)?, processes: Vec::new(), lives: 0, live: 0 };
    if scenario != Scenario::Form {
        run.begin(Scenario::Form);
        run.rest(setup.workers)?;
    }
    let began = run.world.now;
    run.world.watch.measure(began);
    (run.world.refused, run.world.cut_short) = (0, 0);
    let (beats, cost) = run.world.coordinator.cost(began)?;
    let epoch = run.epoch();
    run.begin(scenario);
    run.rest(scenario.workers_after(setup))?;
    let ended = run.world.now;
    // Offsets are committed every second.
    run.world.watch.at_the_end(ended, setup.outcome.1 + Duration::from_secs(3));
    let (beats_after, cost_after) = run.world.coordinator.cost(ended)?;
    let beats = beats_after - beats;
    let (moved, still) = run.world.watch.moved();
    let shares = run.world.watch.shares(run.pids());
    let epoch_after = run.epoch();
    let Run { world, .. } = run;
    let mut violations = world.watch.violations;
    let more = violations.len().saturating_sub(TELL);
    violations.truncate(TELL);
    if more > 0 {
        violations.push(format!("and {more} more"));
    }
    Ok(Figures {
        scenario,
        membership: setup.membership,
        rebalanced_after: world.watch.changed_at.saturating_sub(began),
        rounds: epoch_after - epoch,
        moved,
        still,
        read_twice: world.watch.read_twice,
        done_twice: world.watch.done_twice,
        refused: world.refused,
        cut_short: world.cut_short,
        shares: (shares.iter().copied().min().unwrap_or(0), shares.iter().copied().max().unwrap_or(0)),
        heartbeats: rate(beats, ended.saturating_sub(began)),
        cost: (cost_after - cost).checked_div(u32::try_from(beats)?).unwrap_or_default(),
        violations,
        trace: world.trace,
    })
}

// === impl Run ===

impl Run {
    /// What a scenario has happens from now on.
    fn begin(&mut self, scenario: Scenario) {
        let faults = scenario.faults(&self.world.setup.clone(), &mut self.world.rng);
        for (after, fault) in faults {
            self.world.at(self.world.now + after, Event::Fault(fault));
        }
    }

    /// Until so many workers are there, and no partition has changed hands for longer than a session.
    fn rest(&mut self, workers: usize) -> Result<()> {
        let quiet = self.world.setup.session + QUIET;
        let mut since = self.world.now;
        loop {
            let is_over = self.world.faults == 0 && self.live == workers;
            if !is_over {
                since = self.world.now;
            }
            if self.world.now.saturating_sub(since.max(self.world.watch.changed_at)) >= quiet {
                return Ok(());
            }
            let event = self.world.next().context("nothing happens any more")?;
            ensure!(self.world.now < LONGEST, "the group comes to no rest");
            self.happen(event)?;
        }
    }

    fn happen(&mut self, event: Event) -> Result<()> {
        let owner = match event {
            Event::Fault(fault) => return self.fault(fault),
            Event::Done(spans) => {
                for (partition, from, to) in spans {
                    self.world.watch.done(partition, (from, to));
                }
                return Ok(());
            }
            Event::Arrives(owner, request) => {
                let answer = self.world.ask(request)?;
                if let Some(process) = living(&mut self.processes, owner) {
                    process.expect(answer, &mut self.world);
                }
                return Ok(());
            }
            Event::Turn(owner, _)
            | Event::Beat(owner, _)
            | Event::Anew(owner)
            | Event::Answer(owner, _)
            | Event::Acknowledged(owner, _) => owner,
        };
        let Some(process) = living(&mut self.processes, owner) else { return Ok(()) };
        process.happen(event, &mut self.world)?;
        if process.is_gone() {
            let back = process.back;
            self.end(owner.0, back);
        }
        Ok(())
    }

    fn fault(&mut self, fault: Fault) -> Result<()> {
        match fault {
            Fault::Start(pid) => {
                if self.processes.len() <= pid {
                    self.processes.resize_with(pid + 1, || None);
                }
                self.lives += 1;
                self.live += 1;
                let is_named = self.world.setup.membership == Membership::Static;
                let name = is_named.then(|| format!("worker-{pid}"));
                let process = Process::start((pid, self.lives), name, &mut self.world);
                let place = self.processes.get_mut(pid).context("no place for a worker")?;
                ensure!(place.replace(process).is_none(), "worker {pid} runs already");
            }
            Fault::Terminate(pid, back) => {
                if let Some(Some(process)) = self.processes.get_mut(pid) {
                    process.stop(back, &mut self.world);
                }
            }
            Fault::Kill(pid, back) => self.end(pid, back),
        }
        Ok(())
    }

    /// A worker is no more.
    fn end(&mut self, pid: Pid, back: Option<Duration>) {
        let Some(process) = self.processes.get_mut(pid).and_then(Option::take) else { return };
        self.live -= 1;
        for partition in process.partitions() {
            self.world.watch.given_up(partition, self.world.now);
        }
        if let Some(back) = back {
            self.world.at(self.world.now + back, Event::Fault(Fault::Start(pid)));
        }
    }

    fn epoch(&self) -> i32 {
        self.processes.iter().flatten().map(Process::epoch).max().unwrap_or(0)
    }

    fn pids(&self) -> impl Iterator<Item = Pid> {
        self.processes.iter().enumerate().filter_map(|(pid, process)| process.as_ref().map(|_| pid))
    }
}

/// A worker, if it is still in that life.
fn living(processes: &mut [Option<Process>], owner: Owner) -> Option<&mut Process> {
    processes.get_mut(owner.0)?.as_mut().filter(|process| process.owner == owner)
}

/// So many a second.
fn rate(count: u64, within: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let count = count as f64;
    count / within.as_secs_f64().max(1.0)
}
