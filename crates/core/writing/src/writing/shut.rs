//! Which targets are shut: what the answers to their documents say.
//!
//! The evidence that tells a broken target from a broken cluster is a success of *another* target, in a request that was not
//! sent before the first refusal. Without it nothing is shut for refusing, and nothing shut is dead-lettered.

use std::time::Duration;

use super::Writing;
use crate::batch::Batch;
use crate::event::{Event, Shut, Way};
use crate::options::{ACTIVE, PROBE, ROUNDS};
use crate::recent::Moment;
use crate::target::Totals;

impl<B: Batch> Writing<B> {
    pub(super) fn is_shut(&self, target: u32) -> bool {
        self.shut.contains(&target)
            && self.targets.get(target).is_some_and(|target| !target.breaker.is_closed())
    }

    /// Draws the conclusions from the answer that was just counted.
    pub(super) fn judge(&mut self, probes: &[u32], moment: Moment, random: u64) {
        let touched = std::mem::take(&mut self.touched);
        // First who was written, as the others are judged by it.
        for number in &touched {
            let passed = self.targets.get(*number).is_some_and(|target| target.totals.done > 0);
            if passed && (!self.is_shut(*number) || probes.contains(number)) {
                self.passes.note(*number, moment);
            }
        }
        for number in &touched {
            let Some(target) = self.targets.get_mut(*number) else { continue };
            let totals = std::mem::take(&mut target.totals);
            if target.breaker.is_closed() {
                self.judge_open(*number, &totals, moment, random);
            } else if probes.contains(number) {
                self.judge_probe(*number, &totals, moment.answered, random);
            }
        }
        // What is left of the probes had no answer: its load has gone.
        self.probes_unanswered(probes, moment.answered);
        self.touched = touched;
        self.touched.clear();
    }

    fn judge_probe(&mut self, number: u32, totals: &Totals, now: Duration, random: u64) {
        let share = self.options.max_refused_share;
        let Some(target) = self.targets.get_mut(number) else { return };
        let answered = totals.done + totals.refused;
        #[expect(clippy::cast_precision_loss, reason = "a probe has a few documents")]
        let passes = match target.shut {
            Some(Shut::RefusedShare) => answered > 0 && totals.refused as f64 <= share * answered as f64,
            Some(Shut::Refused) | None => answered > 0,
        };
        if passes {
            self.reopen(number);
        } else {
            target.breaker.refused(now, random);
        }
    }

    fn judge_open(&mut self, number: u32, totals: &Totals, moment: Moment, random: u64) {
        let share = self.options.max_refused_share;
        let Some(target) = self.targets.get_mut(number) else { return };
        let answered = totals.done + totals.refused;
        target.window.add(answered, totals.refused);
        let is_small = !target.window.is_full();
        if is_small {
            self.small.add(answered, totals.refused);
        }
        let enough = !is_small || (self.small.is_full() && self.small.exceeds(share));
        let exceeds = share < 1.0 && totals.refused > 0 && enough && target.window.exceeds(share);
        if answered > 0 {
            target.streak = 0;
        } else if totals.again > 0 {
            if target.streak == 0 {
                target.streak_sent = moment.sent;
            }
            target.streak += 1;
        }
        // A few documents prove nothing: one shard of many may be the one that refuses.
        if totals.again > 0 && totals.done > 0 {
            let now = moment.answered;
            let since = target.partly.filter(|(_, last)| now.saturating_sub(*last) <= 2 * ACTIVE);
            target.partly = Some((since.map_or(now, |(since, _)| since), now));
        } else if totals.done >= PROBE as u64 {
            target.partly = None;
        }
        // What may pass by itself gets a few tries; a block is somebody's decision.
        let rounds = if matches!(target.error.status, 401 | 429 | 500..) { ROUNDS } else { 1 };
        let (streak, since) = (target.streak, target.streak_sent);
        let (is_let_through, is_well) =
            (target.way == Way::LetThrough, !is_small && !target.window.exceeds(share));
        if streak >= rounds && self.passes.elsewhere(number).is_some_and(|pass| pass.sent >= since) {
            self.shut(number, Shut::Refused, moment, random);
        } else if is_let_through && is_well {
            self.reopen(number);
        } else if exceeds && (!is_let_through || !self.others_are_written(number, moment.answered)) {
            self.shut(number, Shut::RefusedShare, moment, random);
        } else if streak > 0 {
            self.refusals.note(number, moment);
        }
    }

    fn shut(&mut self, number: u32, why: Shut, moment: Moment, random: u64) {
        let Some(target) = self.targets.get_mut(number) else { return };
        target.breaker.trip(moment.answered, random);
        if target.shut != Some(why) {
            target.since = moment.answered;
            target.waits_since = moment.answered;
        }
        if why == Shut::RefusedShare {
            target.streak_sent = moment.sent;
        }
        target.shut = Some(why);
        target.way = Way::Held;
        let (name, detail) = (target.name.to_string(), target.detail());
        self.events.push(Event::TargetShut { target: name, why, detail });
        let _new = self.shut.insert(number);
        self.passes.forget(number);
        self.refusals.forget(number);
    }

    /// Written again as it should be; what was set aside goes first.
    pub(super) fn reopen(&mut self, number: u32) {
        self.release_held(number);
        if let Some(target) = self.targets.get_mut(number) {
            target.shut = None;
            target.way = Way::Held;
            target.streak = 0;
            self.events.push(Event::TargetOpened { target: target.name.to_string() });
        }
        let _was = self.shut.remove(&number);
    }

    pub(super) fn release_held(&mut self, number: u32) {
        if let Some(target) = self.targets.get_mut(number) {
            target.breaker.passed();
            target.window.clear();
            self.held_bytes = self.held_bytes.saturating_sub(std::mem::take(&mut target.held_bytes));
            target.held_documents = 0;
            let held = std::mem::take(&mut target.held);
            held.into_iter().rev().for_each(|part| self.ready.push_front(part));
        }
    }
}
