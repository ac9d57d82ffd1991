//! Faults as they hit, and as they pass.

use std::rc::Rc;
use std::time::Duration;

use forebay_record::raw::push_attempt;
use forebay_record::{DeadLetter, EventKey};

use super::Run;
use crate::broker::group::{MemberId, SESSION};
use crate::broker::log::Record;
use crate::broker::{Tier, Topic};
use crate::cluster::Refusal;
use crate::convert;
use crate::fault::FaultKind;
use crate::queue::{Event, Pid};

/// How many processes there are at most.
const MOST: usize = 8;

impl Run<'_> {
    pub(super) fn fault(&mut self, number: usize) {
        let Some(fault) = self.world.plan.faults.get(number) else { return };
        let kind = fault.kind;
        if self.world.calm && !matches!(kind, FaultKind::Replay { .. }) {
            return;
        }
        self.faults += 1;
        self.world.trace.note(self.world.now, "fault", &[number as u64], || format!("{kind:?}"));
        match kind {
            FaultKind::Kill { who, steps, back_after } => {
                let pid = self.victim(who);
                self.processes[pid].killed_in = Some((steps, back_after));
            }
            FaultKind::Stop { who, lasts } => {
                let pid = self.victim(who);
                self.stop(pid, lasts);
            }
            FaultKind::Terminate { who, back_after } => {
                let pid = self.victim(who);
                self.processes[pid].ends = Some(back_after);
            }
            FaultKind::Add { who } => {
                if self.processes.len() < MOST {
                    let tier = self.processes[self.victim(who)].tier;
                    self.add(tier);
                }
            }
            FaultKind::BrokerDown { lasts } => {
                self.world.broker.down_until = Some(self.world.now + lasts);
                self.world.after(lasts, Event::BrokerUp);
            }
            FaultKind::Cut { who, lasts } => {
                let pid = self.victim(who);
                self.cut(pid, lasts);
            }
            FaultKind::ClusterDown { lasts } => {
                self.world.cluster.down_until = Some(self.world.now + lasts);
                self.world.after(lasts, Event::ClusterUp);
            }
            FaultKind::ClusterBusy { lasts } => {
                self.world.cluster.busy_until = Some(self.world.now + lasts);
                self.world.after(lasts, Event::ClusterIdle);
            }
            FaultKind::IndexRefuses { tenant, closed, lasts } => {
                let refusal = if closed { Refusal::Closed } else { Refusal::Blocked };
                let until = self.world.now + lasts;
                let _before = self.world.cluster.refusals.insert(convert::target(tenant), (refusal, until));
                self.world.after(lasts, Event::IndexOpens(tenant));
            }
            FaultKind::Expel { who } => {
                let pid = self.victim(who);
                let (tier, member) = (self.processes[pid].tier, self.processes[pid].member());
                if let Some(member) = member {
                    self.remove(tier, member);
                }
            }
            FaultKind::Replay { mended } => self.replay(mended),
        }
    }

    fn victim(&self, who: u64) -> Pid {
        usize::try_from(who % self.processes.len() as u64).unwrap_or(0)
    }

    fn stop(&mut self, pid: Pid, lasts: Duration) {
        let process = &mut self.processes[pid];
        if process.is_running() && !process.is_stopped {
            process.is_stopped = true;
            self.falls_silent(pid);
            self.world.after(lasts, Event::Continue(pid));
        }
    }

    pub(super) fn continues(&mut self, pid: Pid) {
        let Some(process) = self.processes.get_mut(pid) else { return };
        if !process.is_stopped {
            return;
        }
        process.continues(self.world.now);
        self.is_heard(pid);
        self.schedule(pid, Duration::ZERO);
    }

    fn cut(&mut self, pid: Pid, lasts: Duration) {
        if self.world.cut.insert(pid) {
            self.falls_silent(pid);
            self.world.after(lasts, Event::Joined(pid));
        }
    }

    pub(super) fn joined(&mut self, pid: Pid) {
        if self.world.cut.remove(&pid) {
            self.is_heard(pid);
        }
    }

    fn falls_silent(&mut self, pid: Pid) {
        let process = &self.processes[pid];
        if let Some(member) = process.member() {
            self.world.goes_silent(process.tier, member);
        }
    }

    /// Unless something else keeps it from being heard.
    fn is_heard(&mut self, pid: Pid) {
        let process = &self.processes[pid];
        if let Some(member) = process.member()
            && !process.is_stopped
            && !self.world.cut.contains(&pid)
        {
            self.world.broker.group_mut(process.tier).heard(member, None);
        }
    }

    pub(super) fn expire(&mut self, tier: Tier, member: MemberId) {
        let Some(since) = self.world.broker.group(tier).silent_since(member) else { return };
        if self.world.broker.is_down() {
            self.world.after(SESSION, Event::Expire(tier, member));
        } else if self.world.now >= since + SESSION {
            self.remove(tier, member);
        }
    }

    pub(super) fn expel(&mut self, tier: Tier, generation: u64) {
        if self.world.broker.is_down() {
            self.world.after(SESSION, Event::Expel(tier, generation));
        } else if self.world.broker.group_mut(tier).expel_slow(generation) > 0 {
            self.world.watch_rebalance(tier);
        }
    }

    fn remove(&mut self, tier: Tier, member: MemberId) {
        if self.world.broker.group_mut(tier).remove(member) {
            self.world
                .trace
                .note(self.world.now, "expelled", &[member], || format!("{tier:?} member {member}"));
            self.world.watch_rebalance(tier);
        }
    }

    pub(super) fn broker_up(&mut self) {
        let broker = &mut self.world.broker;
        if broker.down_until.is_some_and(|until| until <= self.world.now || self.world.calm) {
            broker.down_until = None;
        }
    }

    pub(super) fn cluster_up(&mut self) {
        let cluster = &mut self.world.cluster;
        if cluster.down_until.is_some_and(|until| until <= self.world.now || self.world.calm) {
            cluster.down_until = None;
        }
    }

    pub(super) fn cluster_idle(&mut self) {
        let cluster = &mut self.world.cluster;
        if cluster.busy_until.is_some_and(|until| until <= self.world.now || self.world.calm) {
            cluster.busy_until = None;
        }
    }

    pub(super) fn index_opens(&mut self, tenant: u8) {
        let (now, target) = (self.world.now, convert::target(tenant));
        if self.world.cluster.refusals.get(&target).is_some_and(|(_, until)| *until <= now) {
            let _refusal = self.world.cluster.refusals.remove(&target);
        }
    }

    /// All dead letters so far go back to where they came from, as `forebay dlq replay` sends them.
    fn replay(&mut self, mended: bool) {
        self.world.rules_mended |= mended;
        self.world.cluster.mended |= mended;
        let log = self.world.broker.log(Topic::Letters, 0);
        let letters: Vec<Rc<Record>> = log.read(0, usize::MAX).map(|(_, letter)| Rc::clone(letter)).collect();
        let mut replayed = std::collections::BTreeSet::new();
        for letter in letters {
            let find = |name: &str| letter.header(name).map(str::as_bytes);
            let Ok(envelope) = DeadLetter::from_headers(find) else { continue };
            if envelope.source_topic == name_of(Topic::Raw) {
                let mut value = letter.value.clone();
                push_attempt(&mut value, envelope.replay_count + 1);
                if replayed.insert((letter.event, letter.part, envelope.replay_count)) {
                    self.replay_to(
                        Topic::Raw,
                        envelope.source_partition,
                        letter.key.clone(),
                        value,
                        (letter.event, 0),
                    );
                }
            } else if let Ok(key) = EventKey::read(&letter.key)
                && replayed.insert((letter.event, letter.part, envelope.replay_count))
            {
                let mut text = String::new();
                EventKey { replays: key.replays + 1, ..key }.push_replayed(&mut text);
                let (partition, value) = (envelope.source_partition, letter.value.clone());
                self.replay_to(
                    Topic::Events,
                    partition,
                    text.into_bytes(),
                    value,
                    (letter.event, letter.part),
                );
            }
        }
    }

    fn replay_to(
        &mut self,
        topic: Topic,
        partition: i32,
        key: Vec<u8>,
        value: Vec<u8>,
        (event, part): (usize, u8),
    ) {
        let record = Record { key, value, headers: Vec::new(), event, part, of: None, from: None };
        self.world.append(topic, partition, Rc::new(record), None);
    }
}

const fn name_of(topic: Topic) -> &'static str {
    match topic {
        Topic::Raw => convert::RAW,
        Topic::Events | Topic::Letters => convert::EVENTS,
    }
}
