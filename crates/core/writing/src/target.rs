//! The targets that documents go to, and what is known of each.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use forebay_bulk::ItemError;
use forebay_delivery::{Backoff, Breaker};

use crate::event::{Shut, TargetStatus, Way};
use crate::load::Run;
use crate::options::IDLE_TARGETS;
use crate::part::Part;
use crate::window::Window;

/// One target.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: Box<str>,
    /// Loads with documents for it.
    pub(crate) loads: usize,
    pub(crate) breaker: Breaker,
    /// Why it isn't written as it should be; the breaker of a target that is let through is closed.
    pub(crate) shut: Option<Shut>,
    pub(crate) way: Way,
    pub(crate) since: Duration,
    /// Since when its documents wait while others are written: what `divert_after` counts from.
    pub(crate) waits_since: Duration,
    /// The first and the last answer in which some of its documents were refused for now and others written, as by a shard
    /// that is away.
    pub(crate) partly: Option<(Duration, Duration)>,
    /// When it last had documents.
    pub(crate) used_at: Duration,
    /// The last refusal.
    pub(crate) error: ItemError,
    pub(crate) window: Window,
    /// Refusals for now in a row, and when the first one's request was sent.
    pub(crate) streak: u32,
    pub(crate) streak_sent: Duration,
    pub(crate) held: VecDeque<Part>,
    pub(crate) held_documents: usize,
    pub(crate) held_bytes: usize,
    /// Of the answer that is being read.
    pub(crate) totals: Totals,
}

/// What one answer says about a target.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) done: u64,
    pub(crate) refused: u64,
    pub(crate) again: u64,
}

/// All targets that are in use or were lately, by number.
#[derive(Debug)]
pub(crate) struct Targets {
    slots: Vec<Option<Target>>,
    numbers: HashMap<Box<str>, u32>,
    free: Vec<u32>,
    /// At so many names, those not in use are forgotten.
    sweep_at: usize,
    backoff: Backoff,
}

// === impl Target ===

impl Target {
    fn new(name: &str, backoff: Backoff) -> Self {
        Self {
            name: name.into(),
            loads: 0,
            breaker: Breaker::new(backoff),
            shut: None,
            way: Way::Held,
            since: Duration::ZERO,
            waits_since: Duration::ZERO,
            partly: None,
            used_at: Duration::ZERO,
            error: ItemError::default(),
            window: Window::default(),
            streak: 0,
            streak_sent: Duration::ZERO,
            held: VecDeque::new(),
            held_documents: 0,
            held_bytes: 0,
            totals: Totals::default(),
        }
    }

    /// The store's last words about it; of a document at fault only the type, as the reason may quote its contents.
    pub(crate) fn detail(&self) -> String {
        match self.shut {
            Some(Shut::RefusedShare) => self.error.error_type.clone(),
            Some(Shut::Refused) | None => format!("{}: {}", self.error.error_type, self.error.reason),
        }
    }

    pub(crate) fn status(&self) -> Option<TargetStatus> {
        Some(TargetStatus {
            target: self.name.to_string(),
            why: self.shut?,
            way: self.way,
            since: self.since,
            detail: self.detail(),
            documents: self.held_documents,
            bytes: self.held_bytes,
        })
    }

    fn is_idle(&self) -> bool {
        self.loads == 0 && self.shut.is_none()
    }
}

// === impl Targets ===

impl Targets {
    pub(crate) fn new(backoff: Backoff) -> Self {
        Self { slots: Vec::new(), numbers: HashMap::new(), free: Vec::new(), sweep_at: IDLE_TARGETS, backoff }
    }

    /// A load has documents for this target: its number.
    pub(crate) fn enter(&mut self, name: &str, now: Duration) -> u32 {
        let number = self.numbers.get(name).copied().unwrap_or_else(|| self.insert(name));
        if let Some(target) = self.get_mut(number) {
            target.loads += 1;
            target.used_at = now;
        }
        number
    }

    /// The load has gone.
    pub(crate) fn leave(&mut self, number: u32) {
        if let Some(target) = self.get_mut(number) {
            target.loads = target.loads.saturating_sub(1);
        }
    }

    pub(crate) fn get(&self, number: u32) -> Option<&Target> {
        self.slots.get(number as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut Target> {
        self.slots.get_mut(number as usize)?.as_mut()
    }

    /// Counts a run of an answer; answers whether it is the answer's first for this target.
    pub(crate) fn count(&mut self, number: u32, run: &Run) -> bool {
        let Some(target) = self.get_mut(number) else { return false };
        let totals = &mut target.totals;
        let is_first = totals.done + totals.refused + totals.again == 0;
        totals.done += run.done();
        totals.refused += run.refused;
        totals.again += run.again;
        is_first
    }

    fn insert(&mut self, name: &str) -> u32 {
        if self.numbers.len() >= self.sweep_at {
            self.sweep();
        }
        let target = Target::new(name, self.backoff);
        let number = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            // As many as there is memory for; far fewer than 2^32.
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(slot) = self.slots.get_mut(number as usize) {
            *slot = Some(target);
        }
        let _none = self.numbers.insert(name.into(), number);
        number
    }

    fn sweep(&mut self) {
        for (number, slot) in (0..).zip(&mut self.slots) {
            if slot.as_ref().is_some_and(Target::is_idle)
                && let Some(target) = slot.take()
            {
                let _number = self.numbers.remove(&target.name);
                self.free.push(number);
            }
        }
        // So that sweeping stays rare however many are in use.
        self.sweep_at = IDLE_TARGETS.max(self.numbers.len() * 2);
    }
}
