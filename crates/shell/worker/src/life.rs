//! One life of a Kafka client: from its making to its end, with one stage.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use forebay_delivery::Task;
use forebay_kafka::{CommitMode, Intake, KafkaError, PollLimits, RecordBatch};
use forebay_telemetry::{Component, CounterName, GaugeName, Label, SecondsCounter, counter, gauge};
use metrics::{Counter, Gauge};
use tokio_util::sync::CancellationToken;

use crate::backlog::Backlog;
use crate::rebalance::Watch;
use crate::{Gather, PAUSE, POLL_WAIT, Shared, Stage, WorkerError, WorkerOptions};

/// How often health and gauges are told.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// How often the broker is asked how large the backlog is, while intake is paused, and for how long.
const LOOK_EVERY: Duration = Duration::from_secs(5);
const LOOK_FOR: Duration = Duration::from_secs(1);

pub(crate) struct Life<'a, S> {
    options: &'a WorkerOptions,
    health: &'a Component,
    shared: Shared,
    watch: Arc<Watch<S>>,
    intake: Intake,
    /// The batch in the making, and since when. It isn't open: its records are read again unless the stage takes them.
    records: RecordBatch,
    since: Option<Instant>,
    waited_since: Option<Instant>,
    told: Instant,
    looked: Instant,
    troubled: bool,
    figures: Figures,
    backlog: Backlog,
}

struct Figures {
    received: Counter,
    received_bytes: Counter,
    abandoned: Counter,
    in_flight: Gauge,
    backpressure: SecondsCounter,
    /// What of both was told.
    held_told: usize,
    abandoned_told: u64,
}

// === impl Life ===

impl<'a, S: Stage> Life<'a, S> {
    pub(crate) fn begin(
        options: &'a WorkerOptions,
        health: &'a Component,
        make: &mut impl FnMut(Shared) -> Result<S, WorkerError>,
    ) -> Result<Self, WorkerError> {
        let shared = Shared::new(options.limits);
        let mut stage = make(shared.clone())?;
        let records = stage.spare();
        let watch = Watch::new(stage, shared.clone(), health.clone(), options.revoke_timeout);
        let assignment: Arc<Watch<S>> = Arc::clone(&watch);
        let intake = Intake::new(&options.kafka, options.intake.clone(), assignment)?;
        Ok(Self {
            options,
            health,
            shared,
            watch,
            intake,
            records,
            since: None,
            waited_since: None,
            told: Instant::now(),
            looked: Instant::now(),
            troubled: false,
            figures: Figures::new(options.stage),
            backlog: Backlog::new(&options.intake.topic, options.retention.clone()),
        })
    }

    /// Works until it is told to stop and has drained.
    pub(crate) fn live(mut self, shutdown: &CancellationToken) -> Result<(), WorkerError> {
        let outcome = self.work(shutdown);
        if outcome.is_err() {
            self.watch.stage().give_up();
        }
        let left = !self.shared.lock().is_idle();
        if outcome.is_ok() && left {
            tracing::warn!(
                worker = self.options.name,
                "drain ran out of time, what is under way will be read again"
            );
        }
        self.tell_figures();
        self.watch.leave();
        self.intake.close();
        outcome
    }

    fn work(&mut self, shutdown: &CancellationToken) -> Result<(), WorkerError> {
        loop {
            if shutdown.is_cancelled() && !self.shared.lock().is_stopping() {
                self.watch.stage().finish();
                self.shared.lock().stop(self.shared.now());
            }
            if let Some(error) = self.watch.take_error() {
                return Err(error);
            }
            let gate = {
                let mut stage = self.watch.stage();
                stage.advance(&self.intake.member())?;
                stage.gate()
            };
            if self.told.elapsed() >= TELL_EVERY {
                self.tell();
            }
            let task = self.shared.lock().next(self.shared.now(), gate);
            self.count_waiting(&task);
            if task == Task::Leave {
                return Ok(());
            }
            self.carry_out(task)?;
        }
    }

    fn carry_out(&mut self, task: Task) -> Result<(), WorkerError> {
        match task {
            Task::Poll => self.take(),
            Task::Resume => {
                tracing::info!(worker = self.options.name, "intake resumes");
                self.intake.resume();
                self.take()
            }
            Task::Wait => {
                thread::park_timeout(PAUSE);
                Ok(())
            }
            Task::Pause => {
                if !self.shared.lock().is_stopping() {
                    let held = self.shared.lock().held();
                    tracing::warn!(
                        worker = self.options.name,
                        held,
                        "what follows takes no more, intake pauses"
                    );
                }
                self.intake.pause();
                self.keep_membership()
            }
            Task::KeepMembership => self.keep_membership(),
            Task::Commit { offsets, wait } => {
                self.commit(&offsets, wait);
                Ok(())
            }
            Task::Rewind(from) => self.rewind(&from),
            Task::Leave => Ok(()),
        }
    }

    /// Polls into the batch in the making, and hands it on when it is due.
    fn take(&mut self) -> Result<(), WorkerError> {
        let Gather { limits, wait } = self.watch.stage().gather();
        let waited = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        let poll_wait =
            if self.records.is_empty() { POLL_WAIT } else { wait.saturating_sub(waited).min(POLL_WAIT) };
        self.intake.poll(&mut self.records, limits, poll_wait)?;
        if self.records.is_empty() {
            self.since = None;
            return Ok(());
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        let full = self.records.len() >= limits.records || self.records.bytes() >= limits.bytes;
        if full || since.elapsed() >= wait {
            self.hand_on()?;
        }
        Ok(())
    }

    fn hand_on(&mut self) -> Result<(), WorkerError> {
        self.since = None;
        let mut stage = self.watch.stage();
        let next = stage.spare();
        let records = std::mem::replace(&mut self.records, next);
        self.figures.received.increment(records.len() as u64);
        self.figures.received_bytes.increment(records.bytes() as u64);
        self.backlog.took(&records);
        stage.take(records)?;
        drop(stage);
        self.health.busy(true);
        Ok(())
    }

    /// A poll that takes nothing, since all partitions are paused, but keeps the membership. Whatever the client still hands
    /// out belongs to the batch in the making.
    fn keep_membership(&mut self) -> Result<(), WorkerError> {
        let limits = PollLimits { records: self.records.len() + 1, bytes: usize::MAX };
        Ok(self.intake.poll(&mut self.records, limits, POLL_WAIT)?)
    }

    fn commit(&mut self, offsets: &[(i32, i64)], wait: bool) {
        let mode = if wait { CommitMode::Sync } else { CommitMode::Async };
        if let Err(error) = self.intake.commit(offsets, mode) {
            match error {
                // The client and `/readyz` say so already, and this comes back every second.
                KafkaError::Unreachable(_) => {
                    tracing::debug!(worker = self.options.name, %error, "nothing can be committed for now");
                }
                _ => tracing::warn!(worker = self.options.name, %error, "commit failed, it is tried again"),
            }
            self.shared.lock().commit_failed(offsets);
        }
    }

    fn rewind(&mut self, from: &[(i32, i64)]) -> Result<(), WorkerError> {
        tracing::warn!(worker = self.options.name, ?from, "work was given up, partitions are read again");
        let partitions: Vec<i32> = from.iter().map(|(partition, _)| *partition).collect();
        self.records.remove_partitions(&partitions);
        Ok(self.intake.seek(from)?)
    }

    fn tell(&mut self) {
        if self.looked.elapsed() >= LOOK_EVERY {
            self.intake.look_at_ends(LOOK_FOR);
            self.looked = Instant::now();
        }
        self.told = Instant::now();
        self.tell_health();
        self.tell_figures();
    }

    fn tell_figures(&mut self) {
        let (held, abandoned, idle, heads) = {
            let worker = self.shared.lock();
            (worker.held(), worker.abandoned(), worker.is_idle(), worker.heads())
        };
        self.backlog.tell(&heads, &self.intake.unread());
        self.figures.tell_held(held);
        self.figures.abandoned.increment(abandoned.saturating_sub(self.figures.abandoned_told));
        self.figures.abandoned_told = abandoned;
        self.health.busy(!idle);
    }

    /// What stands in the way at the broker is told in `/readyz`, and that it is over.
    fn tell_health(&mut self) {
        match self.intake.trouble() {
            // Other kinds pass without a word, so that nothing would say when they are over.
            Some(trouble @ (KafkaError::Unreachable(_) | KafkaError::UnknownTopic { .. })) => {
                self.health.not_ready(trouble.to_string());
                self.troubled = true;
            }
            _ if self.intake.is_reachable() && std::mem::take(&mut self.troubled) => self.health.ready(),
            _ => {}
        }
    }

    /// Counted while it lasts, not when it is over: an outage is what this metric is looked at for.
    fn count_waiting(&mut self, task: &Task) {
        if let Some(since) = self.waited_since.take() {
            self.figures.backpressure.add(since.elapsed());
        }
        let waits = matches!(task, Task::Wait | Task::Pause | Task::KeepMembership);
        self.waited_since = waits.then(Instant::now);
    }
}

// === impl Figures ===

impl Figures {
    fn new(stage: &'static str) -> Self {
        let labels = [(Label::Stage, stage)];
        Self {
            received: counter(CounterName::RecordsReceived, &labels),
            received_bytes: counter(CounterName::ReceivedBytes, &labels),
            abandoned: counter(CounterName::ReceiptsAbandoned, &labels),
            in_flight: gauge(GaugeName::InFlightBytes, &labels),
            backpressure: SecondsCounter::new(CounterName::BackpressureSeconds, &labels),
            held_told: 0,
            abandoned_told: 0,
        }
    }

    /// The workers of a process share the gauge, so each adds and takes away what is its own.
    #[expect(clippy::cast_precision_loss, reason = "a gauge; far below 2^52")]
    fn tell_held(&mut self, held: usize) {
        self.in_flight.increment(held as f64 - self.held_told as f64);
        self.held_told = held;
    }
}

impl Drop for Figures {
    fn drop(&mut self) {
        self.tell_held(0);
    }
}
