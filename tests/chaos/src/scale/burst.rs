//! Many events at once, timed until all of them are in the store or the dead-letter topic.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::times::Times;
use crate::audit;
use crate::bed::Destination;
use crate::events::BATCH;
use crate::ledger::{Contents, Owed};
use crate::scene::Scene;
use crate::sender::Load;

/// How often it is looked how much is there; a real server has to make everything searchable for it.
const LOOK: Duration = Duration::from_millis(200);
const LOOK_AT_SERVER: Duration = Duration::from_secs(1);
/// How long nothing may move.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long nothing has to move, once nothing is left to read, to say that the rest doesn't come: what is lost is found later.
const STILL: Duration = Duration::from_secs(10);

/// What became of a burst.
#[derive(Clone, Debug)]
pub struct Burst {
    /// Its events.
    pub events: u64,
    /// Until all were acknowledged.
    pub sent_in: Duration,
    /// Until all were in the store.
    pub took: Duration,
    /// The most records that parsers and indexers together had still to read.
    pub highest_lag: u64,
    /// What it took of the machine.
    pub times: Times,
}

// === impl Burst ===

impl Burst {
    /// Events a second, from the first request to the last document.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.events as f64 / self.took.as_secs_f64()
    }
}

/// Sends so many events as fast as it goes, does `meanwhile` something, and waits until both is done and all events are where
/// they belong.
pub(super) async fn send(
    scene: &Scene,
    events: u64,
    meanwhile: impl Future<Output = Result<()>>,
) -> Result<Burst> {
    let clock = Instant::now();
    let times = Times::now(scene, clock).await?;
    let began = Instant::now();
    let load = Load {
        rate: None,
        batches: Some(events / BATCH),
        stop: CancellationToken::new(),
        give_up: CancellationToken::new(),
    };
    let is_done = AtomicBool::new(false);
    let working = async {
        let sending = async {
            scene.sender.send(load).await?;
            anyhow::Ok(began.elapsed())
        };
        let (sent_in, ()) = tokio::try_join!(sending, meanwhile)?;
        is_done.store(true, Ordering::Relaxed);
        anyhow::Ok(sent_in)
    };
    let owed = || is_done.load(Ordering::Relaxed).then(|| scene.sender.owed());
    let (sent_in, (took, highest_lag)) = tokio::try_join!(working, settled(scene, began, owed))?;
    let times = Times::now(scene, clock).await? - times;
    Ok(Burst { events, sent_in, took, highest_lag, times })
}

/// Waits until as much is there as is owed, once that is known; how long that took, and the highest lag.
async fn settled(scene: &Scene, began: Instant, owed: impl Fn() -> Option<Owed>) -> Result<(Duration, u64)> {
    let (mut last, mut moved, mut highest) = ((0, Contents::default()), Instant::now(), 0);
    let mut ticks = interval(match &scene.bed.search {
        Destination::Fake(_) => LOOK,
        Destination::Server(_) => LOOK_AT_SERVER,
    });
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let _at = ticks.tick().await;
        let owed = owed();
        let seen = tokio::try_join!(audit::lag(&scene.bed), audit::contents(&scene.bed))?;
        if seen != last {
            (last, moved) = (seen, Instant::now());
        }
        let (lag, there) = seen;
        highest = lag.max(highest);
        let is_all = |owed: Owed| there.documents + there.letters >= owed.documents + owed.letters;
        if owed.is_some_and(is_all) {
            return Ok((began.elapsed(), highest));
        }
        if owed.is_some() && lag == 0 && moved.elapsed() >= STILL {
            return Ok((moved.duration_since(began), highest));
        }
        ensure!(moved.elapsed() < PATIENCE, "nothing has moved for {PATIENCE:?}: lag {lag}, {there:?}");
    }
}
