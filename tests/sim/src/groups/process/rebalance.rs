//! What a worker does when partitions come and go, as in `crates/shell/worker` and `crates/shell/kafka`, and how it leaves.

use std::mem;
use std::time::Duration;

use anyhow::{Result, bail};

use super::{Doing, Process, member};
use crate::groups::client::{Change, Client, Next};
use crate::groups::setup::ANEW;
use crate::groups::world::{Answer, Event, Request, World};

/// How soon a heartbeat that was due while another was under way is looked at again.
const AGAIN: Duration = Duration::from_millis(100);

impl Process {
    /// A poll tells of a rebalance.
    pub(super) fn change(&mut self, change: Change, world: &mut World) {
        match change {
            Change::Assign(partitions) => {
                self.worker.assigned(&partitions);
                for partition in &partitions {
                    let _unknown = self.positions.insert(*partition, None);
                    world.watch.taken_up(*partition, self.owner, world.now);
                }
                let is_due = self.client.took_up(&partitions);
                self.ask_what_is_committed(partitions, world);
                self.has_changed(is_due, world);
            }
            Change::Revoke(partitions) => {
                self.doing = Doing::Concluding(partitions, world.now + world.setup.revoke_timeout);
                self.wake(world.now, world);
            }
            Change::Lost(partitions) => {
                self.worker.lost(&partitions);
                self.forget(&partitions, world);
                self.client.lost();
                self.has_changed(true, world);
            }
        }
    }

    /// Gives partitions up, if what is under way for them has ended or had its time.
    pub(super) fn conclude(&mut self, world: &mut World) -> Result<()> {
        let Doing::Concluding(partitions, until) = &self.doing else { return Ok(()) };
        let (is_open, until) = (self.worker.has_open(partitions), *until);
        if is_open && world.now < until {
            self.wake(until, world);
            return Ok(());
        }
        world.cut_short += u64::from(is_open);
        let Doing::Concluding(partitions, _) = mem::replace(&mut self.doing, Doing::Working) else {
            return Ok(());
        };
        let offsets = self.worker.revoked(&partitions);
        if self.commit(offsets, true, world) {
            self.doing = Doing::LastCommit(partitions);
        } else {
            self.give_up(&partitions, world);
        }
        Ok(())
    }

    /// The coordinator has answered.
    pub(super) fn answered(&mut self, answer: Answer, world: &mut World) -> Result<()> {
        match answer {
            Answer::Beaten(beaten) => match self.client.answered(beaten) {
                Next::Wait => {}
                Next::Beat => self.beat_at(world.now, world),
                Next::Anew => world.at(world.now + ANEW, Event::Anew(self.owner)),
                Next::Failed(code) => bail!("a heartbeat fails with {code}, which isn't modelled"),
            },
            Answer::Committed { offsets, waits: true, done } => {
                self.last_commit(&offsets, done.is_ok(), world);
            }
            // Nobody hears of it.
            Answer::Committed { waits: false, .. } => {}
            Answer::Fetched { partitions, offsets: Err(_refused) } => {
                // Its epoch is an old one: it learns the new one by a heartbeat.
                self.beat_at(world.now, world);
                self.ask_what_is_committed(partitions, world);
            }
            Answer::Fetched { offsets: Ok(offsets), .. } => {
                for (partition, offset) in offsets {
                    if let Some(position @ None) = self.positions.get_mut(&partition) {
                        *position = Some(offset.max(0));
                    }
                }
                // The first fetch goes to the broker and back.
                let at = world.now + world.way() + world.way();
                self.wake(at, world);
            }
        }
        if self.client.has_changes() && matches!(self.doing, Doing::Working) {
            self.wake(world.now, world);
        }
        Ok(())
    }

    fn last_commit(&mut self, offsets: &[(i32, i64)], is_done: bool, world: &mut World) {
        match mem::replace(&mut self.doing, Doing::Working) {
            Doing::LastCommit(partitions) => self.give_up(&partitions, world),
            Doing::StopCommit => {
                if !is_done {
                    self.worker.commit_failed(offsets);
                }
                self.wake(world.now, world);
            }
            Doing::Closing => self.close(world),
            doing => self.doing = doing,
        }
    }

    fn give_up(&mut self, partitions: &[i32], world: &mut World) {
        self.forget(partitions, world);
        let is_due = self.client.gave_up(partitions);
        self.has_changed(is_due, world);
    }

    fn forget(&mut self, partitions: &[i32], world: &mut World) {
        for partition in partitions {
            let _position = self.positions.remove(partition);
            world.watch.given_up(*partition, world.now);
        }
    }

    fn has_changed(&mut self, heartbeat_is_due: bool, world: &mut World) {
        if heartbeat_is_due {
            self.beat_at(world.now, world);
        }
        self.wake(world.now, world);
    }

    /// Leaves the group: the client asks once more what is to be committed.
    pub(super) fn leave(&mut self, world: &mut World) {
        let offsets = self.worker.revoked(&self.partitions());
        if self.commit(offsets, true, world) {
            self.doing = Doing::Closing;
        } else {
            self.close(world);
        }
    }

    fn close(&mut self, world: &mut World) {
        self.forget(&self.partitions(), world);
        let beat = self.client.leave();
        self.send(Request::Beat(beat), world);
        self.doing = Doing::Gone;
    }

    /// A heartbeat is due.
    pub(super) fn send_beat(&mut self, world: &mut World) {
        let every = match self.client.beat() {
            Some(beat) => {
                self.send(Request::Beat(beat), world);
                world.setup.heartbeat
            }
            None => AGAIN,
        };
        self.beat_at(world.now + every, world);
    }

    /// The group didn't let it in: it tries again under another name.
    pub(super) fn make_client_anew(&mut self, world: &mut World) {
        let partitions = self.partitions();
        self.worker.lost(&partitions);
        self.forget(&partitions, world);
        self.client = Client::new(member(world), self.name.clone());
        self.beat_at(world.now, world);
    }

    fn ask_what_is_committed(&mut self, partitions: Vec<i32>, world: &mut World) {
        if !partitions.is_empty() {
            let of = self.client.member();
            self.send(Request::Fetch { of, partitions }, world);
        }
    }

    /// An answer sets out; they stay in order.
    pub(in crate::groups) fn expect(&mut self, answer: Answer, world: &mut World) {
        let at = self.on_its_way.1.max(world.now + world.writing() + world.way());
        self.on_its_way.1 = at;
        world.at(at, Event::Answer(self.owner, answer));
    }
}
