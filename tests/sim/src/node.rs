//! A process: the shell's part of a worker, played without threads.
//!
//! It mirrors the production shells, call by call: the poll loop, the callback in which partitions are given up, the stop.
//! What those decide is the core's, and runs here as it is.

pub mod acks;
pub mod consumer;
pub mod context;
pub mod life;
pub mod stage;

use std::time::Duration;

use forebay_delivery::Backoff;

use crate::broker::Tier;
use crate::cluster::Reply;
use crate::queue::{Life as LifeNumber, Pid};
use crate::world::World;
use context::{Context, End};
use life::Life;

/// The pauses before a failed client is made anew.
const RESTART: Backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(300));

/// A process, or the place of one that is to come back.
#[derive(Debug)]
pub struct Process {
    /// Its place.
    pub pid: Pid,
    /// What it is.
    pub tier: Tier,
    /// Whether it is stopped (`SIGSTOP`).
    pub is_stopped: bool,
    /// Whether it was told to end, and when it comes back.
    pub ends: Option<Duration>,
    /// After how many more steps it is killed, and when it comes back.
    pub killed_in: Option<(u32, Duration)>,
    /// Which of its turns counts: it was told another time since the others.
    pub ticket: u64,
    /// When that is.
    pub turn_at: Duration,
    life: Option<Life>,
    number: LifeNumber,
    backoff: Backoff,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug)]
pub enum Turned {
    /// It goes on after so long.
    GoesOn(Duration),
    /// It was killed, or ended as it was told, and comes back after so long.
    Ended(Duration),
}

// === impl Process ===

impl Process {
    /// Not started.
    #[must_use]
    pub const fn new(pid: Pid, tier: Tier) -> Self {
        Self {
            pid,
            tier,
            is_stopped: false,
            ends: None,
            killed_in: None,
            ticket: 0,
            turn_at: Duration::ZERO,
            life: None,
            number: 0,
            backoff: RESTART,
        }
    }

    /// Whether it runs, stopped or not.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.number != 0
    }

    /// Its life at the moment.
    #[must_use]
    pub const fn number(&self) -> LifeNumber {
        self.number
    }

    /// The group's member that it is.
    #[must_use]
    pub fn member(&self) -> Option<u64> {
        self.life.as_ref()?.member()
    }

    /// It begins, with nothing in its memory.
    pub fn start(&mut self, number: LifeNumber, world: &mut World<'_>) {
        (self.is_stopped, self.ends, self.killed_in) = (false, None, None);
        self.backoff = RESTART;
        self.begin(number, world);
    }

    fn begin(&mut self, number: LifeNumber, world: &mut World<'_>) {
        self.number = number;
        let _new = world.alive.insert(number);
        self.life = Some(Life::new(self.tier, self.pid, number, world));
    }

    /// It is killed at once.
    pub fn kill(&mut self, world: &mut World<'_>) {
        world.trace.note(world.now, "killed", &[self.pid as u64], || format!("process {}", self.pid));
        if let Some(member) = self.member() {
            world.goes_silent(self.tier, member);
        }
        let _was = world.alive.remove(&self.number);
        self.life = None;
        self.number = 0;
    }

    /// An answer of the cluster has come.
    pub fn reply(&mut self, number: u64, reply: Reply) {
        if let Some(life) = &mut self.life {
            life.reply(number, reply);
        }
    }

    /// It was paused for so long: its own clock has gone on, and it isn't to blame for it.
    pub fn continues(&mut self, now: Duration) {
        self.is_stopped = false;
        if let Some(life) = &mut self.life {
            life.continues(now);
        }
    }

    /// One turn of its loop.
    pub fn turn(&mut self, world: &mut World<'_>, next_life: &mut LifeNumber) -> Turned {
        let Some(life) = &mut self.life else {
            // Its client failed, and a new one is made now.
            *next_life += 1;
            let number = *next_life;
            self.begin(number, world);
            return Turned::GoesOn(Duration::ZERO);
        };
        let mut steps = self.killed_in.map(|(steps, _)| steps);
        let mut context = Context::new(world, self.pid, self.number, self.tier, &mut steps);
        let turned = life.turn(self.ends.is_some(), &mut context);
        let busy = context.busy;
        if let (Some(left), Some((steps, _))) = (steps, &mut self.killed_in) {
            *steps = left;
        }
        match turned {
            Ok(pause) => Turned::GoesOn(pause + busy),
            Err(End::Left) => {
                self.life = None;
                self.number = 0;
                Turned::Ended(self.ends.unwrap_or_default())
            }
            Err(End::Killed) => {
                let back = self.killed_in.take().map_or(Duration::ZERO, |(_, back)| back);
                self.kill(world);
                Turned::Ended(back)
            }
            Err(End::Failed(why)) => {
                life.close(&mut Context::new(world, self.pid, self.number, self.tier, &mut None));
                let pid = self.pid as u64;
                world.trace.note(world.now, "fails", &[pid], || format!("process {pid}: {why}"));
                self.life = None;
                let pause = self.backoff.refused(world.rng.draw(), None);
                if let Some(back) = self.ends {
                    self.number = 0;
                    return Turned::Ended(back);
                }
                Turned::GoesOn(pause)
            }
        }
    }
}
