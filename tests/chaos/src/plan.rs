//! The schedule of faults: what breaks, when, and for how long. A function of the seed, so that a run can be had again.
//!
//! Faults come on three tracks side by side: processes, servers, lines. So a worker is killed while Elasticsearch is away
//! and while a connection elsewhere hangs. Within a track, kinds are dealt from a shuffled deck, so that even a short run
//! sees each of them.
//!
//! Invariant: every fault is over when the duration is, as far as the plan goes; a server that starts slowly may be late.

mod deck;
mod fault;

use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::tier::Tier;
use deck::Deck;
pub use fault::{Fault, Line, Outage, Server, Trouble};

/// How long the pipeline runs undisturbed at first.
const LEAD: Duration = Duration::from_secs(4);

/// The group's session time-out in a run: short, so that a worker which is frozen for longer loses its partitions.
pub const SESSION: Duration = Duration::from_secs(6);

/// Every so many kills, all processes of the tier die at once.
const ALL_AT_ONCE: usize = 4;

/// Of so many changes of the rules one doesn't compile.
const BROKEN_EVERY: usize = 6;

/// A fault and its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// When it begins, from the run's start.
    pub at: Duration,
    /// What it is.
    pub fault: Fault,
}

/// Faults that come one after the other.
struct Track {
    /// Its own randomness, so that a change of one track leaves the others as they were.
    stream: u64,
    /// The least time between two faults, and how much longer it may be.
    pause: Duration,
    more: Duration,
    makers: Vec<fault::Maker>,
}

/// The faults of a run, by their time.
///
/// `full_disk` says whether the broker's disk can be filled here.
#[must_use]
pub fn chaos(seed: u64, duration: Duration, full_disk: bool) -> Vec<Step> {
    let seconds = Duration::from_secs;
    let tracks = [
        Track { stream: 1, pause: seconds(3), more: seconds(4), makers: fault::of_processes() },
        Track { stream: 2, pause: seconds(9), more: seconds(6), makers: fault::of_servers(full_disk) },
        Track { stream: 3, pause: seconds(3), more: seconds(5), makers: fault::of_lines() },
    ];
    let mut steps = Vec::new();
    for Track { stream, pause, more, makers } in tracks {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        let mut deck = Deck::new(makers);
        let mut at = LEAD + more.mul_f64(random.random());
        while let Some(maker) = deck.deal(&mut random) {
            let fault = maker(&mut random);
            if at + fault.lasts() > duration {
                break;
            }
            steps.push(Step { at, fault });
            at += fault.holds_up() + pause + more.mul_f64(random.random());
        }
    }
    steps.sort_by_key(|step| step.at);
    steps
}

/// A kill -9 of one tier's processes again and again: of one at random, and each fourth time of all at once.
#[must_use]
pub fn kills(seed: u64, tier: Tier, every: Duration, duration: Duration) -> Vec<Step> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let times = (1..).map(|n| every * n).take_while(|at| *at < duration);
    let away = Duration::ZERO;
    times
        .enumerate()
        .map(|(n, at)| {
            let member = random.random_range(0..Tier::MEMBERS);
            let fault = match (n + 1) % ALL_AT_ONCE {
                0 => Fault::KillAll { tier, away },
                _ => Fault::Kill { tier, member, away },
            };
            Step { at, fault }
        })
        .collect()
}

/// Changes of the rules, one every few seconds; some don't compile for a while.
#[must_use]
pub fn reloads(seed: u64, duration: Duration) -> Vec<Step> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(4);
    let mut steps = Vec::new();
    let mut at = LEAD;
    loop {
        let broken = steps.len() % BROKEN_EVERY == BROKEN_EVERY - 1;
        let lasts =
            if broken { Duration::from_millis(random.random_range(500..2_000)) } else { Duration::ZERO };
        if at + lasts > duration {
            return steps;
        }
        steps.push(Step { at, fault: Fault::Reload { broken, lasts } });
        at += lasts + Duration::from_millis(random.random_range(1_000..4_000));
    }
}

#[cfg(test)]
mod tests;
