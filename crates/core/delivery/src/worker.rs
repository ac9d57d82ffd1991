//! What a consumer does next: the whole of its poll loop, without the loop.
//!
//! A [`Worker`] is told what happened and asked, again and again, for the next [`Task`]. A shell carries the task out. The
//! same worker drives the parser's lanes, the indexer and the simulation.
//!
//! # States
//! ```text
//!             room                  no room for longer than `patience`
//! Running: ┌─► Poll ──► Wait ─────────────────────────► Pause ──► KeepMembership ─┐
//!          └───────────────────── Resume ◄─────────── enough room ◄───────────────┘
//! stop ──► Stopping: Pause ──► KeepMembership until nothing is open, or the time is up ──► Commit (waits) ──► Leave
//! ```
//! In between, while running: `Rewind` when a batch was given up, `Commit` once in a while. What is given up during a stop is
//! read again by others. A last commit that failed is made again after another `KeepMembership`, while there is time.
//!
//! # Invariants
//! - `Poll` and `Resume` are answered only while another batch fits beside those under way, or none is, and the caller's gate
//!   isn't shut: memory is bounded by `in_flight` and one batch.
//! - No two tasks that poll lie further apart than `patience` and what the caller takes for one task: the membership of the
//!   group outlasts any outage of what comes after.
//! - `Commit` never carries an offset beyond a record without an outcome: it is what the [`OffsetTracker`] answers.
//! - What was committed without waiting is committed again after `commit_again`, since nobody hears of its failure.
//! - Where transactions commit, `Commit` is never answered: see [`Commits::InTransactions`].
//! - `Leave` comes after the last commit got through, or when the time is up; then what is open is read again by others.

use std::time::Duration;

use crate::flow::{Flow, Step};
use crate::outcome::Tally;
use crate::receipt::Receipt;
use crate::tracker::{Head, OffsetTracker, OpenError, SettleError};

/// The bounds of a worker.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WorkerLimits {
    /// How many bytes the batches under way may hold.
    pub in_flight: usize,
    /// How many bytes the next batch will take, about: there is room when it fits. One batch always fits.
    pub batch: usize,
    /// How long to go without room before partitions are paused.
    pub patience: Duration,
    /// How often offsets are committed.
    pub commit_every: Duration,
    /// How often what was committed is committed again.
    pub commit_again: Duration,
    /// How long a stop waits for what is under way.
    pub drain: Duration,
    /// Who commits offsets.
    pub commits: Commits,
}

/// Who commits offsets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Commits {
    /// The worker hands them out.
    ByWorker,
    /// Transactions alone. A commit beside them could arrive after one that was made later, since it goes to the broker on
    /// another connection, and would take the group back behind what is committed: records would be handed on twice.
    InTransactions,
}

/// What to do next.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub enum Task {
    /// Throw away what was polled of these partitions and not opened, and read on at these offsets. If that can't be
    /// done, a new client must read from what is committed.
    Rewind(Vec<(i32, i64)>),
    /// Commit these offsets. Say [`Worker::commit_failed`] if that fails.
    Commit {
        /// Of each partition, the offset of the next record to read.
        offsets: Vec<(i32, i64)>,
        /// Wait for the broker's answer.
        wait: bool,
    },
    /// Poll for records.
    Poll,
    /// Wait a moment for room, without polling.
    Wait,
    /// Pause all partitions, then poll to keep the membership.
    Pause,
    /// Still paused: poll to keep the membership.
    KeepMembership,
    /// Resume all partitions, then poll for records.
    Resume,
    /// Leave the group: all is done, or the time is up.
    Leave,
}

/// Whether the caller could use another batch, apart from the bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Gate {
    /// It could use several.
    Open,
    /// It could use one more; who was full waits until it is open.
    Ajar,
    /// Not now.
    Shut,
}

/// The decisions of one consumer. Time is a duration since any fixed moment, given by the caller.
#[derive(Debug)]
pub struct Worker {
    limits: WorkerLimits,
    tracker: OffsetTracker,
    flow: Flow,
    committed_at: Duration,
    all_committed_at: Duration,
    stopping: Option<Stopping>,
}

#[derive(Clone, Copy, Debug)]
struct Stopping {
    until: Duration,
    step: LastStep,
}

/// How far a stop is.
#[derive(Clone, Copy, Debug)]
enum LastStep {
    /// Nothing is taken in any more; what is under way gets its time.
    Drain,
    /// The last commit is to be made.
    Commit,
    /// The last commit was handed out; unless it is said to have failed, it got through.
    Committed,
    /// It failed. In the middle of a rebalance the broker refuses commits; polling gets a member through it.
    Refused,
}

// === impl Worker ===

impl Worker {
    /// A consumer without partitions.
    #[must_use]
    pub fn new(limits: WorkerLimits) -> Self {
        Self {
            limits,
            tracker: OffsetTracker::default(),
            flow: Flow::new(limits.patience),
            committed_at: Duration::ZERO,
            all_committed_at: Duration::ZERO,
            stopping: None,
        }
    }

    /// What to do now.
    pub fn next(&mut self, now: Duration, gate: Gate) -> Task {
        if let Some(stopping) = self.stopping {
            return self.next_of_stop(now, stopping);
        }
        let from = self.tracker.rewind();
        if !from.is_empty() {
            return Task::Rewind(from);
        }
        if let Some(offsets) = self.due(now) {
            return Task::Commit { offsets, wait: false };
        }
        match self.flow.next(now, self.has_room(gate), self.has_drained(gate)) {
            Step::Poll => Task::Poll,
            Step::Wait => Task::Wait,
            Step::Pause => Task::Pause,
            Step::StayPaused => Task::KeepMembership,
            Step::Resume => Task::Resume,
        }
    }

    /// What is to be committed now.
    fn due(&mut self, now: Duration) -> Option<Vec<(i32, i64)>> {
        if self.limits.commits == Commits::InTransactions {
            return None;
        }
        if now.saturating_sub(self.all_committed_at) >= self.limits.commit_again {
            self.tracker.commit_again();
            self.all_committed_at = now;
        }
        if now.saturating_sub(self.committed_at) < self.limits.commit_every {
            return None;
        }
        self.committed_at = now;
        Some(self.tracker.committable()).filter(|offsets| !offsets.is_empty())
    }

    fn next_of_stop(&mut self, now: Duration, mut stopping: Stopping) -> Task {
        let in_time = now < stopping.until;
        // What was given up is read again by others.
        let _theirs = self.tracker.rewind();
        let task = match stopping.step {
            LastStep::Drain if !self.flow.is_paused() => {
                self.flow.pause();
                return Task::Pause;
            }
            LastStep::Drain if in_time && !self.tracker.is_idle() => return Task::KeepMembership,
            LastStep::Refused if in_time => {
                stopping.step = LastStep::Commit;
                Task::KeepMembership
            }
            LastStep::Drain | LastStep::Commit if self.limits.commits == Commits::InTransactions => {
                Task::Leave
            }
            LastStep::Drain | LastStep::Commit => {
                self.tracker.commit_again();
                let offsets = self.tracker.committable();
                stopping.step = LastStep::Committed;
                if offsets.is_empty() { Task::Leave } else { Task::Commit { offsets, wait: true } }
            }
            LastStep::Refused | LastStep::Committed => Task::Leave,
        };
        self.stopping = Some(stopping);
        task
    }

    /// Nothing more is taken in; what is under way has the time of the limits to end.
    pub fn stop(&mut self, now: Duration) {
        if self.stopping.is_none() {
            self.stopping = Some(Stopping { until: now + self.limits.drain, step: LastStep::Drain });
        }
    }

    /// Whether it was told to stop.
    #[must_use]
    pub const fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }

    /// Whether partitions are paused.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.flow.is_paused()
    }

    /// A batch was polled; see [`OffsetTracker::open`].
    ///
    /// # Errors
    /// When a record's partition isn't held, or an offset comes again: only a new client can put that right.
    pub fn open(
        &mut self,
        records: impl IntoIterator<Item = (i32, i64)>,
        bytes: usize,
    ) -> Result<Receipt, OpenError> {
        self.tracker.open(records, bytes)
    }

    /// All records of a batch have their outcome; see [`OffsetTracker::settle`].
    ///
    /// # Errors
    /// When the tally doesn't add up to the batch; the receipt comes back and stays open.
    pub fn settle(&mut self, receipt: Receipt, tally: &Tally) -> Result<(), SettleError> {
        self.tracker.settle(receipt, tally)
    }

    /// A batch whose partitions were all taken away is let go; see [`OffsetTracker::forget_stale`].
    ///
    /// # Errors
    /// When a partition of it is still held; the receipt comes back.
    pub fn forget_stale(&self, receipt: Receipt) -> Result<(), Receipt> {
        self.tracker.forget_stale(receipt)
    }

    /// Whether there is use in working on a batch; see [`OffsetTracker::is_current`].
    #[must_use]
    pub fn is_current(&self, receipt: &Receipt) -> bool {
        self.tracker.is_current(receipt)
    }

    /// A commit didn't get through: its offsets are handed out again.
    pub fn commit_failed(&mut self, offsets: &[(i32, i64)]) {
        self.tracker.commit_failed(offsets);
        if let Some(Stopping { step: step @ LastStep::Committed, .. }) = &mut self.stopping {
            *step = LastStep::Refused;
        }
    }

    /// What a transaction commits that holds everything polled so far; see [`OffsetTracker::polled_to`].
    #[must_use]
    pub fn polled_to(&self) -> Vec<(i32, i64)> {
        self.tracker.polled_to()
    }

    /// A transaction has committed these offsets.
    pub fn committed_by_transaction(&mut self, offsets: &[(i32, i64)]) {
        self.tracker.committed_by_transaction(offsets);
    }

    /// Partitions are ours from now on.
    pub fn assigned(&mut self, partitions: &[i32]) {
        self.tracker.assign(partitions);
    }

    /// Partitions are taken away. Answers what is to be committed for them while they are still ours. Before, give what is
    /// [under way](Self::has_open) for them a moment to end: what hasn't is done twice.
    pub fn revoked(&mut self, partitions: &[i32]) -> Vec<(i32, i64)> {
        let offsets = self.tracker.revoke(partitions);
        if self.limits.commits == Commits::InTransactions { Vec::new() } else { offsets }
    }

    /// Partitions are gone already: nothing can be committed for them.
    pub fn lost(&mut self, partitions: &[i32]) {
        let _too_late = self.tracker.revoke(partitions);
    }

    /// Whether something is under way for any of these partitions.
    #[must_use]
    pub fn has_open(&self, partitions: &[i32]) -> bool {
        self.tracker.has_open(partitions)
    }

    /// How far each partition is.
    #[must_use]
    pub fn heads(&self) -> Vec<Head> {
        self.tracker.heads()
    }

    /// Whether nothing is under way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.tracker.is_idle()
    }

    /// The bytes that the batches under way hold.
    #[must_use]
    pub fn held(&self) -> usize {
        self.tracker.held()
    }

    /// How many receipts were dropped unsettled; see [`OffsetTracker::abandoned`].
    #[must_use]
    pub fn abandoned(&self) -> u64 {
        self.tracker.abandoned()
    }

    fn has_room(&self, gate: Gate) -> bool {
        let held = self.tracker.held();
        gate != Gate::Shut && (held == 0 || held.saturating_add(self.limits.batch) <= self.limits.in_flight)
    }

    fn has_drained(&self, gate: Gate) -> bool {
        gate == Gate::Open && self.tracker.held() <= self.limits.in_flight / 2
    }
}

#[cfg(test)]
mod tests;
