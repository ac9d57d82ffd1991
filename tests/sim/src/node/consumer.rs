//! What a client library keeps for its consumer: membership, positions, what is paused.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::broker::Tier;
use crate::broker::group::{MemberId, News};
use crate::broker::log::Record;
use crate::node::context::{Context, End};

/// A record that was polled.
#[derive(Clone, Debug)]
pub struct Polled {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// What it is.
    pub record: Rc<Record>,
}

/// A consumer.
#[derive(Debug)]
pub struct Consumer {
    tier: Tier,
    instance: Option<u64>,
    /// As of its last poll.
    member: Option<(MemberId, u64)>,
    /// Where it reads on; `None` until it knows what is committed.
    positions: BTreeMap<i32, Option<i64>>,
    is_paused: bool,
}

// === impl Consumer ===

impl Consumer {
    pub(crate) const fn new(tier: Tier, instance: Option<u64>) -> Self {
        Self { tier, instance, member: None, positions: BTreeMap::new(), is_paused: false }
    }

    /// Which member it is, and of which epoch.
    pub(crate) const fn member_and_epoch(&self) -> Option<(MemberId, u64)> {
        self.member
    }

    /// Whether a partition is its own.
    pub(crate) fn owns(&self, partition: i32) -> bool {
        self.positions.contains_key(&partition)
    }

    /// All partitions of its own.
    pub(crate) fn partitions(&self) -> Vec<i32> {
        self.positions.keys().copied().collect()
    }

    pub(crate) const fn pause(&mut self) {
        self.is_paused = true;
    }

    pub(crate) const fn resume(&mut self) {
        self.is_paused = false;
    }

    pub(crate) fn seek(&mut self, to: &[(i32, i64)]) {
        for (partition, offset) in to {
            if let Some(position) = self.positions.get_mut(partition) {
                *position = Some(*offset);
            }
        }
    }

    /// Joins if it has to, and asks what is new.
    pub(crate) fn news(&mut self, context: &mut Context<'_, '_>) -> Result<News, End> {
        if context.is_away() {
            return Ok(News::Nothing);
        }
        let (tier, instance) = (self.tier, self.instance);
        let member = match self.member {
            Some((member, _)) => member,
            None => {
                context.step()?;
                let member = context.world.broker.group_mut(tier).join(instance);
                context.note("joins", || format!("as member {member}"));
                context.world.watch_rebalance(tier);
                member
            }
        };
        let group = context.world.broker.group_mut(tier);
        let news = group.poll(member);
        self.member = group.epoch(member).map(|epoch| (member, epoch));
        Ok(news)
    }

    /// These are its own from now on.
    pub(crate) fn assigned(&mut self, partitions: &[i32]) {
        self.positions.extend(partitions.iter().map(|partition| (*partition, None)));
    }

    /// These aren't any more, and the group is told.
    pub(crate) fn give_up(&mut self, partitions: &[i32], context: &mut Context<'_, '_>) {
        self.positions.retain(|partition, _| !partitions.contains(partition));
        let Some((member, _)) = self.member else { return };
        if !context.is_away() {
            // One connection: commits that were sent before arrive before.
            context.world.commits_arrive(context.life, true);
        }
        let group = context.world.broker.group_mut(self.tier);
        group.gave_up(member, partitions);
        // Whether it still is a member it learns when it polls.
        if let Some(epoch) = group.epoch(member) {
            self.member = Some((member, epoch));
        }
    }

    /// Nothing is its own any more.
    pub(crate) fn lost(&mut self) -> Vec<i32> {
        self.member = None;
        std::mem::take(&mut self.positions).into_keys().collect()
    }

    /// Leaves the group. Who keeps a name stays in it, until it comes back or its session ends.
    pub(crate) fn leave(&mut self, context: &mut Context<'_, '_>) {
        self.positions.clear();
        let Some((member, _)) = self.member.take() else { return };
        if self.instance.is_some() || context.is_away() {
            context.world.goes_silent(self.tier, member);
        } else if context.world.broker.group_mut(self.tier).remove(member) {
            context.world.watch_rebalance(self.tier);
        }
    }

    /// Up to `most` records that are there.
    pub(crate) fn fetch(&mut self, most: usize, context: &mut Context<'_, '_>) -> Vec<Polled> {
        let mut polled = Vec::new();
        if context.is_away() {
            return polled;
        }
        // What is under way when a client pauses may still come out.
        let leaks = self.is_paused && !context.world.calm && context.world.rng.chance(20);
        let most = match (self.is_paused, leaks) {
            (false, _) => context.world.rng.size(1, most.max(1)).min(most),
            (true, true) => most.min(1),
            (true, false) => 0,
        };
        let broker = &context.world.broker;
        for (partition, position) in &mut self.positions {
            if position.is_none() {
                *position = broker.group(self.tier).fetch(*partition);
            }
            let Some(from) = *position else { continue };
            let log = broker.log(self.tier.topic(), *partition);
            for (offset, record) in log.read(from, most - polled.len()) {
                *position = Some(offset + 1);
                polled.push(Polled { partition: *partition, offset, record: Rc::clone(record) });
            }
        }
        polled
    }
}
