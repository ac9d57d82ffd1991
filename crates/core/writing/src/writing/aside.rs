//! Documents for shut targets: set aside, and sent a few at a time to see whether they are taken again.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Writing;
use super::review::unavailable;
use crate::batch::Batch;
use crate::event::Way;
use crate::options::{ACTIVE, PROBE};
use crate::part::{Part, Sending};
use crate::recent::Moment;

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
    pub(super) fn set_aside(
        &mut self,
        part: &Part,
        documents: Vec<(u32, usize)>,
        refused: bool,
        now: Duration,
    ) {
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

    pub(super) fn hold(&mut self, number: u32, part: Part, refused: bool) {
        let Some(target) = self.targets.get(number) else { return };
        if target.way == Way::Diverted {
            let unavailable = unavailable(&target.error);
            if refused || !target.held.is_empty() || target.breaker.is_probing() {
                return self.dead_letter_part(&part, &unavailable);
            }
            // A few are kept to probe it with.
            let (probe, rest) = self.cut_off(&part, self.pace.bytes());
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

    /// So many documents of a part as probe a target, within so many bytes, and the rest; each with records of its own.
    fn cut_off(&mut self, part: &Part, bytes: usize) -> (Option<Part>, Option<Part>) {
        let (first, _) = part.with(part.request.clone()).cut(bytes, PROBE);
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
            let left = self.pace.bytes().saturating_sub(bytes);
            let Some(target) = self.targets.get_mut(number) else { continue };
            let Some(first) = target.held.front().and_then(|part| part.request.item_bytes(0)) else {
                continue;
            };
            if (first > left && !parts.is_empty()) || !target.breaker.probe(now) {
                continue;
            }
            let Some(part) = self.unkeep(number) else { continue };
            let (probe, rest) = self.cut_off(&part, left);
            if let (Some(rest), Some(target)) = (rest, self.targets.get_mut(number)) {
                target.held.push_front(rest);
                self.recount(number);
            }
            if let Some(probe) = probe {
                bytes += probe.bytes();
                parts.push(probe);
                probes.push(number);
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

    /// After loads have gone: what was set aside of them goes too.
    pub(super) fn forget_held(&mut self) {
        for number in self.shut.iter().copied().collect::<Vec<_>>() {
            if let Some(target) = self.targets.get_mut(number) {
                target.held.retain(|part| self.sources.contains_key(&part.source));
            }
            self.recount(number);
        }
    }

    pub(super) fn recount(&mut self, number: u32) {
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
