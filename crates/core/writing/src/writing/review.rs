//! What becomes of shut targets in time: others must not wait for them for ever.

use std::time::Duration;

use forebay_bulk::ItemError;

use super::{TARGET_UNAVAILABLE, Writing};
use crate::batch::Batch;
use crate::event::{Event, Shut, Way};
use crate::options::{ACTIVE, FORGET};

impl<B: Batch> Writing<B> {
    /// What has become due for shut targets: others must not wait for them any longer, or nobody waits for them.
    pub(super) fn review_targets(&mut self, now: Duration) {
        if self.shut.is_empty() {
            return;
        }
        for number in self.shut.iter().copied().collect::<Vec<_>>() {
            let Some(target) = self.targets.get(number) else { continue };
            let (Some(why), way) = (target.shut, target.way) else { continue };
            let nobody = target.loads == 0 && now.saturating_sub(target.used_at) >= FORGET;
            if nobody && !target.breaker.is_probing() {
                self.reopen(number);
            } else if way == Way::Held && self.is_due(number, now) && self.others_are_written(number, now) {
                self.divert(number, why);
            } else if way == Way::Diverted && !self.others_are_written(number, now) {
                self.hold_again(number);
            }
        }
    }

    /// When a shut target becomes due.
    pub(super) fn next_review(&self, now: Duration) -> Option<Duration> {
        let after = self.options.divert_after;
        let shut = self.shut.iter().filter_map(|number| self.targets.get(*number));
        let held = shut.filter(|target| !after.is_zero() && target.way == Way::Held);
        held.map(|target| target.waits_since + after).filter(|at| *at > now).min()
    }

    fn is_due(&self, number: u32, now: Duration) -> bool {
        let after = self.options.divert_after;
        !after.is_zero() && self.targets.get(number).is_some_and(|target| target.waits_since + after <= now)
    }

    /// The store as a whole refuses: what waits doesn't wait for its target alone.
    pub(super) fn restart_clocks(&mut self, now: Duration) {
        for number in &self.shut {
            if let Some(target) = self.targets.get_mut(*number) {
                target.waits_since = now;
            }
        }
    }

    /// Whether the store as a whole takes documents, though not this target's.
    pub(super) fn others_are_written(&self, number: u32, now: Duration) -> bool {
        let Some(target) = self.targets.get(number) else { return false };
        let Some(pass) = self.passes.elsewhere(number) else { return false };
        let refused_since =
            self.refusals.elsewhere(number).is_some_and(|refusal| refusal.answered > pass.answered);
        pass.sent >= target.streak_sent
            && now.saturating_sub(pass.answered) <= self.options.divert_after.max(ACTIVE)
            && !refused_since
            && self.cluster.answers()
    }

    fn divert(&mut self, number: u32, why: Shut) {
        let Some(target) = self.targets.get_mut(number) else { return };
        self.events.push(Event::TargetDiverted { target: target.name.to_string(), why });
        if why == Shut::RefusedShare {
            target.way = Way::LetThrough;
            return self.release_held(number);
        }
        target.way = Way::Diverted;
        let held = std::mem::take(&mut target.held);
        self.recount(number);
        held.into_iter().for_each(|part| self.hold(number, part, false));
    }

    fn hold_again(&mut self, number: u32) {
        if let Some(target) = self.targets.get_mut(number) {
            target.way = Way::Held;
            self.events.push(Event::TargetHeld { target: target.name.to_string() });
        }
    }
}

/// What a dead letter says whose target took none for too long.
pub(super) fn unavailable(error: &ItemError) -> ItemError {
    let reason = format!("{}: {}", error.error_type, error.reason);
    ItemError { status: error.status, error_type: TARGET_UNAVAILABLE.to_owned(), reason }
}
