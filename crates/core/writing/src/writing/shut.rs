//! Decisions about targets: which are shut, what becomes of their documents, and when they are written again.
//!
//! The evidence that tells a broken target from a broken cluster is a success of *another* target, in a request that was not
//! sent before the first refusal. Without it nothing is shut for refusing, and nothing shut is dead-lettered.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_bulk::ItemError;

use super::{TARGET_UNAVAILABLE, Writing};
use crate::batch::Batch;
use crate::event::{Event, Shut, Way};
use crate::options::{ACTIVE, FORGET, PROBE, ROUNDS};
use crate::part::{Part, Sending};
use crate::recent::Moment;
use crate::target::Totals;

impl<B: Batch> Writing<B> {
    /// Whether nothing more can be taken since what is set aside has its share of the memory. While nobody else is written,
    /// that is all of it.
    #[must_use]
    pub fn is_stalled(&self, now: Duration) -> bool {
        let is_active = |pass: Moment| now.saturating_sub(pass.answered) <= ACTIVE;
        let others = self.passes.anywhere().is_some_and(is_active);
        let share = if others { self.options.in_flight / 2 } else { self.options.in_flight };
        self.held_bytes > 0 && self.held_bytes >= share
    }

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
            let _since = target.partly_since.get_or_insert(moment.answered);
        } else if totals.done >= PROBE as u64 {
            target.partly_since = None;
        }
        // What may pass by itself gets a few tries; a block is somebody's decision.
        let rounds = if matches!(target.error.status, 401 | 429 | 500..) { ROUNDS } else { 1 };
        let (streak, since) = (target.streak, target.streak_sent);
        let (is_let_through, is_well) = (target.way == Way::LetThrough, !is_small && !target.window.exceeds(share));
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
    fn reopen(&mut self, number: u32) {
        self.release_held(number);
        if let Some(target) = self.targets.get_mut(number) {
            target.shut = None;
            target.way = Way::Held;
            target.streak = 0;
            self.events.push(Event::TargetOpened { target: target.name.to_string() });
        }
        let _was = self.shut.remove(&number);
    }

    fn release_held(&mut self, number: u32) {
        if let Some(target) = self.targets.get_mut(number) {
            target.breaker.passed();
            target.window.clear();
            self.held_bytes = self.held_bytes.saturating_sub(std::mem::take(&mut target.held_bytes));
            target.held_documents = 0;
            let held = std::mem::take(&mut target.held);
            held.into_iter().rev().for_each(|part| self.ready.push_front(part));
        }
    }

    /// Takes documents for shut targets out of a part; the rest comes back, if there is any.
    pub(super) fn sift(&mut self, part: Part, now: Duration) -> Option<Part> {
        let source = self.sources.get(&part.source)?;
        if self.shut.is_empty() {
            return Some(part);
        }
        let load = self.loads.get(&source.load)?;
        if !load.rows.iter().any(|row| self.is_shut(row.target)) {
            return Some(part);
        }
        let (mut pass, mut aside) = (Vec::new(), Vec::new());
        for index in 0..part.request.len() {
            let row = part.request.tag(index).and_then(|tag| source.row_of.get(tag as usize));
            match row.and_then(|row| load.rows.get(*row as usize)) {
                Some(row) if self.is_shut(row.target) => aside.push((row.target, index)),
                _ => pass.push(index),
            }
        }
        if aside.is_empty() {
            return Some(part);
        }
        self.set_aside(&part, aside, false, now);
        (!pass.is_empty()).then(|| part.with(part.request.select(pass)))
    }

    /// Sets documents of a part aside, by target and position. `refused` says whether they were just refused.
    pub(super) fn set_aside(&mut self, part: &Part, documents: Vec<(u32, usize)>, refused: bool, now: Duration) {
        let mut by_target: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (target, index) in documents {
            by_target.entry(target).or_default().push(index);
        }
        for (number, indices) in by_target {
            if let Some(own) = self.copy_out(part, &indices) {
                self.hold(number, own, refused);
            }
            if let Some(target) = self.targets.get_mut(number) {
                target.used_at = now;
            }
        }
    }

    fn hold(&mut self, number: u32, part: Part, refused: bool) {
        let Some(target) = self.targets.get(number) else { return };
        if target.way == Way::Diverted {
            let unavailable = unavailable(&target.error);
            if refused || !target.held.is_empty() || target.breaker.is_probing() {
                return self.dead_letter_part(&part, &unavailable);
            }
            // A few are kept to probe it with.
            let (probe, rest) = self.cut_off(&part);
            if let Some(rest) = rest {
                self.dead_letter_part(&rest, &unavailable);
            }
            return probe.into_iter().for_each(|probe| self.keep(number, probe));
        }
        self.keep(number, part);
    }

    fn keep(&mut self, number: u32, part: Part) {
        let bytes = self.bytes_of(&part);
        if let Some(target) = self.targets.get_mut(number) {
            self.held_bytes += bytes;
            target.held_bytes += bytes;
            target.held_documents += part.request.len();
            target.held.push_back(part);
        }
    }

    /// The first of what is set aside.
    fn unkeep(&mut self, number: u32) -> Option<Part> {
        let part = self.targets.get_mut(number)?.held.pop_front()?;
        let bytes = self.bytes_of(&part);
        let target = self.targets.get_mut(number)?;
        self.held_bytes = self.held_bytes.saturating_sub(bytes);
        target.held_bytes = target.held_bytes.saturating_sub(bytes);
        target.held_documents = target.held_documents.saturating_sub(part.request.len());
        Some(part)
    }

    /// So many documents of a part as probe a target, and the rest, each with records of its own.
    fn cut_off(&mut self, part: &Part) -> (Option<Part>, Option<Part>) {
        let (first, _) = part.with(part.request.clone()).cut(self.pace.bytes(), PROBE);
        let (count, all) = (first.request.len(), part.request.len());
        let indices: Vec<usize> = (0..all).collect();
        let (probe, rest) = indices.split_at(count.min(all));
        let probe = self.copy_out(part, probe);
        (probe, if rest.is_empty() { None } else { self.copy_out(part, rest) })
    }

    /// A few documents of each shut target whose time has come, in one request.
    pub(super) fn next_probe(&mut self, now: Duration) -> Option<Sending> {
        let (mut parts, mut probes, mut bytes) = (Vec::new(), Vec::new(), 0);
        for number in self.shut.iter().copied().collect::<Vec<_>>() {
            let Some(target) = self.targets.get_mut(number) else { continue };
            if target.held.is_empty() || !target.breaker.probe(now) {
                continue;
            }
            let Some(part) = self.unkeep(number) else { continue };
            let (probe, rest) = self.cut_off(&part);
            if let (Some(rest), Some(target)) = (rest, self.targets.get_mut(number)) {
                target.held.push_front(rest);
                self.recount(number);
            }
            if let Some(probe) = probe {
                bytes += probe.bytes();
                parts.push(probe);
                probes.push(number);
            }
            if bytes >= self.pace.bytes() {
                break;
            }
        }
        (!parts.is_empty()).then(|| Sending::new(parts, now, false, probes))
    }

    pub(super) fn next_probe_at(&self) -> Option<Duration> {
        let shut = self.shut.iter().filter_map(|number| self.targets.get(*number));
        shut.filter(|target| !target.held.is_empty()).filter_map(|target| target.breaker.probe_at()).min()
    }

    /// These probes have no verdict.
    pub(super) fn probes_unanswered(&mut self, probes: &[u32], now: Duration) {
        for number in probes {
            if let Some(target) = self.targets.get_mut(*number) {
                target.breaker.unanswered(now);
            }
        }
    }

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
    fn others_are_written(&self, number: u32, now: Duration) -> bool {
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

    /// After loads have gone: what was set aside of them goes too.
    pub(super) fn forget_held(&mut self) {
        for number in self.shut.iter().copied().collect::<Vec<_>>() {
            if let Some(target) = self.targets.get_mut(number) {
                target.held.retain(|part| self.sources.contains_key(&part.source));
            }
            self.recount(number);
        }
    }

    fn recount(&mut self, number: u32) {
        let Some(target) = self.targets.get(number) else { return };
        let bytes: usize = target.held.iter().map(|part| self.bytes_of(part)).sum();
        let documents = target.held.iter().map(|part| part.request.len()).sum();
        if let Some(target) = self.targets.get_mut(number) {
            self.held_bytes = (self.held_bytes + bytes).saturating_sub(target.held_bytes);
            target.held_bytes = bytes;
            target.held_documents = documents;
        }
    }
}

/// What a dead letter says whose target took none for too long.
pub(super) fn unavailable(error: &ItemError) -> ItemError {
    let reason = format!("{}: {}", error.error_type, error.reason);
    ItemError { status: error.status, error_type: TARGET_UNAVAILABLE.to_owned(), reason }
}
