//! A consumer group: who is in it, who has which partition, and how far the group is.
//!
//! The model is what the cooperative protocol (KIP-429) and the new one (KIP-848) have in common. A partition changes hands
//! in two steps: its old owner gives it up at its next poll, then the new one gets it at its own. Every change gives the
//! members it concerns a new epoch, and commits of an older epoch are refused. Who isn't heard of for the session's time, or
//! doesn't give up what it should, is thrown out, and learns of it when it polls.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A member, by a number that is never used again.
pub type MemberId = u64;

/// After how long without a heartbeat a member is thrown out.
pub const SESSION: Duration = Duration::from_millis(1_000);
/// How long a member may take to give partitions up.
pub const REBALANCE_TIMEOUT: Duration = Duration::from_millis(2_000);

/// What a member learns when it polls.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum News {
    /// Nothing.
    Nothing,
    /// It is no member, or none any more: all that it had is gone.
    Lost,
    /// It has to give these up.
    Revoke(Vec<i32>),
    /// It gets these.
    Assign(Vec<i32>),
}

/// A group.
#[derive(Debug)]
pub struct Group {
    partitions: i32,
    members: BTreeMap<MemberId, Member>,
    last_member: MemberId,
    generation: u64,
    committed: Vec<i64>,
    /// Offsets in open transactions: partition, transaction.
    pending: Vec<(i32, u64)>,
}

#[derive(Debug)]
struct Member {
    /// Its name, if it keeps one.
    instance: Option<u64>,
    epoch: u64,
    has: BTreeSet<i32>,
    target: BTreeSet<i32>,
    /// Since when it has not been heard of.
    silent_since: Option<Duration>,
}

// === impl Group ===

impl Group {
    /// Without members.
    #[must_use]
    pub fn new(partitions: i32) -> Self {
        Self {
            partitions,
            members: BTreeMap::new(),
            last_member: 0,
            generation: 0,
            committed: vec![0; usize::try_from(partitions).unwrap_or(0)],
            pending: Vec::new(),
        }
    }

    /// Somebody joins. Who comes back under a name takes over what the name has.
    pub fn join(&mut self, instance: Option<u64>) -> MemberId {
        self.last_member += 1;
        let id = self.last_member;
        let before = instance.and_then(|instance| {
            self.members.iter().find(|(_, member)| member.instance == Some(instance)).map(|(id, _)| *id)
        });
        let target = before.and_then(|before| self.members.remove(&before)).map(|member| member.target);
        let is_new = target.is_none();
        let member = Member {
            instance,
            epoch: self.generation,
            has: BTreeSet::new(),
            target: target.unwrap_or_default(),
            silent_since: None,
        };
        let _none = self.members.insert(id, member);
        if is_new {
            self.rebalance();
        }
        id
    }

    /// A member leaves, or is thrown out.
    pub fn remove(&mut self, id: MemberId) -> bool {
        let was = self.members.remove(&id).is_some();
        if was {
            self.rebalance();
        }
        was
    }

    /// It is heard of, or not from now on.
    pub fn heard(&mut self, id: MemberId, silent_since: Option<Duration>) {
        if let Some(member) = self.members.get_mut(&id) {
            member.silent_since = silent_since;
        }
    }

    /// Since when it has not been heard of.
    #[must_use]
    pub fn silent_since(&self, id: MemberId) -> Option<Duration> {
        self.members.get(&id)?.silent_since
    }

    /// Which rebalance is the last one.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Throws out who still has what it should have given up since that rebalance. Answers how many.
    pub fn expel_slow(&mut self, generation: u64) -> usize {
        let is_slow = |member: &Member| member.epoch < generation && !member.has.is_subset(&member.target);
        let slow: Vec<MemberId> =
            self.members.iter().filter(|(_, member)| is_slow(member)).map(|(id, _)| *id).collect();
        slow.iter().filter(|id| self.remove(**id)).count()
    }

    /// What a member has to know.
    pub fn poll(&mut self, id: MemberId) -> News {
        let generation = self.generation;
        let Some(member) = self.members.get_mut(&id) else { return News::Lost };
        if member.has == member.target {
            member.epoch = generation;
            return News::Nothing;
        }
        let Some(member) = self.members.get(&id) else { return News::Lost };
        let revoke: Vec<i32> = member.has.difference(&member.target).copied().collect();
        if !revoke.is_empty() {
            return News::Revoke(revoke);
        }
        let taken: BTreeSet<i32> =
            self.members.values().flat_map(|member| member.has.iter().copied()).collect();
        let assign: Vec<i32> = member.target.difference(&taken).copied().collect();
        if let Some(member) = self.members.get_mut(&id) {
            member.epoch = generation;
            member.has.extend(&assign);
        }
        if assign.is_empty() { News::Nothing } else { News::Assign(assign) }
    }

    /// It has given these up.
    pub fn gave_up(&mut self, id: MemberId, partitions: &[i32]) {
        let generation = self.generation;
        if let Some(member) = self.members.get_mut(&id) {
            member.has.retain(|partition| !partitions.contains(partition));
            if member.has.is_subset(&member.target) {
                member.epoch = generation;
            }
        }
    }

    /// The epoch of a member, if it is one.
    #[must_use]
    pub fn epoch(&self, id: MemberId) -> Option<u64> {
        self.members.get(&id).map(|member| member.epoch)
    }

    /// Where to begin to read. `None` while a transaction stands open that would change it.
    #[must_use]
    pub fn fetch(&self, partition: i32) -> Option<i64> {
        let is_pending = self.pending.iter().any(|(pending, _)| *pending == partition);
        (!is_pending).then(|| self.committed(partition))
    }

    /// How far the group is.
    #[must_use]
    pub fn committed(&self, partition: i32) -> i64 {
        usize::try_from(partition).ok().and_then(|at| self.committed.get(at)).copied().unwrap_or(0)
    }

    /// Moves the group; answers where it was.
    pub fn commit(&mut self, partition: i32, offset: i64) -> i64 {
        let at = usize::try_from(partition).ok().and_then(|at| self.committed.get_mut(at));
        at.map_or(offset, |committed| std::mem::replace(committed, offset))
    }

    /// A transaction holds an offset of this partition.
    pub fn pend(&mut self, partition: i32, transaction: u64) {
        if !self.pending.contains(&(partition, transaction)) {
            self.pending.push((partition, transaction));
        }
    }

    pub(super) fn settle_pending(&mut self, transaction: u64) {
        self.pending.retain(|(_, of)| *of != transaction);
    }

    /// Spreads the partitions over the members; who has one keeps it, unless it has too many.
    fn rebalance(&mut self) {
        self.generation += 1;
        let mut free: BTreeSet<i32> = (0..self.partitions).collect();
        for member in self.members.values_mut() {
            let keeps = member.has.union(&member.target).copied().filter(|one| free.contains(one));
            member.target = keeps.collect();
            free.retain(|one| !member.target.contains(one));
        }
        for one in free {
            if let Some(least) = self.members.values_mut().min_by_key(|member| member.target.len()) {
                let _new = least.target.insert(one);
            }
        }
        loop {
            let Some((most, least)) = self.extremes() else { return };
            let moved = self.members.get_mut(&most).and_then(|member| member.target.pop_last());
            if let (Some(one), Some(member)) = (moved, self.members.get_mut(&least)) {
                let _new = member.target.insert(one);
            }
        }
    }

    /// Who has the most and who the least, if one of them should have more.
    fn extremes(&self) -> Option<(MemberId, MemberId)> {
        let sizes = || self.members.iter().map(|(id, member)| (member.target.len(), *id));
        let (most, least) = (sizes().max()?, sizes().min()?);
        (most.0 > least.0 + 1).then_some((most.1, least.1))
    }
}
