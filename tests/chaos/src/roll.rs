//! A rolling restart of all tiers under load: SIGTERM to one process after the other, and a new one ready before the next.
//!
//! Clients know one address, that of a [`Spreader`] before all ingests, as they know a Service of Kubernetes. Before an ingest gets
//! its SIGTERM it is taken out there, and it is put back when the new one is ready. Connections that it has stay with it: clients
//! keep them, and are to notice nothing of its end but the answer which says that it was the last one there.
//!
//! Held against the promises: every acknowledged event is in the index, once; what was written twice was in flight at a restart;
//! no client saw anything but success, or an answer that says to come again.

mod outcome;
mod page;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use forebay_kafka::admin::GroupLag;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::audit;
use crate::bed::{Bed, Ground, Search};
use crate::events::Events;
use crate::fleet::{Fleet, Outfit};
use crate::scale::{PARTITIONS, STREAMS};
use crate::scene::{Scene, WARM};
use crate::spreader::Spreader;
use crate::tier::{Crew, Tier};
pub use outcome::{Outcome, Repeated, Restart};
pub use page::Page;

/// What a run is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many processes of each tier there are: two or more, so that somebody takes what comes while one is away.
    pub members: usize,
    /// How often each of them is restarted.
    pub rounds: usize,
    /// Events a second, a hundred in a request.
    pub rate: u64,
    /// Over so many connections: few enough that each is used more often than every three seconds, since one that is silent for
    /// longer may end while its client begins to speak.
    pub connections: usize,
    /// What takes the documents.
    pub search: Search,
    /// Whether servers start slower and run faster.
    pub for_speed: bool,
    /// Where the tiers' programs are; none: beside this one.
    pub binaries: Option<PathBuf>,
}

/// Makes one run. `say` is told what happens, a line at a time. If something is wrong, the files are kept.
///
/// # Errors
/// When a server or a process doesn't do what it must for the run to mean anything. What the run shows is no error.
pub async fn run(options: Options, say: fn(&str)) -> Result<Outcome> {
    let crew = Crew::each(|_| options.members);
    let ground = Ground {
        search: options.search,
        rules: false,
        partitions: PARTITIONS,
        seats: crew,
        breaks: false,
        for_speed: options.for_speed,
        binaries: options.binaries.clone(),
    };
    let bed = Bed::on(ground).await.context("servers")?;
    let fleet = Fleet::with(&bed, crew, |_, _| Outfit::default()).await;
    let spreader = Spreader::start().await?;
    for seat in 0..options.members {
        spreader.join(bed.ingest_port(seat)?);
    }
    let events = Events::before(Timestamp::now(), false).in_streams(STREAMS);
    let mut scene = Scene::set(bed, fleet, events, |_| Ok(vec![spreader.url()]), say)?;
    scene.sender = scene.sender.over(options.connections);
    let mut run = Run { scene, spreader, options };
    let outcome = run.scene.watched(Box::pin(run.through())).await;
    if !outcome.as_ref().is_ok_and(|outcome| outcome.failures().is_empty()) {
        run.scene.keep().await?;
    }
    outcome
}

/// A run under way.
struct Run {
    scene: Scene,
    spreader: Spreader,
    options: Options,
}

// === impl Run ===

impl Run {
    async fn through(&self) -> Result<Outcome> {
        let Self { scene, options, .. } = self;
        scene.warm_up(false).await?;
        let (before, began) = (scene.sender.owed().events, Instant::now());
        let restarts = scene.under_load(options.rate, self.roll()).await?;
        let (took, acknowledged) = (began.elapsed(), scene.sender.owed().events - before);
        (scene.say)(&format!("all are restarted after {took:.0?}: {acknowledged} events acknowledged"));
        let drained_in = audit::drained(&scene.bed, false, WARM).await?;
        let lives = &scene.fleet.lives;
        lives.read_surely().await?;
        Ok(Outcome {
            findings: audit::search(&scene.bed, &scene.oracle).await?,
            conflicts: audit::conflicts(&scene.bed).await?,
            restarts,
            took,
            acknowledged,
            drained_in,
            answers: scene.sender.answers(),
            slowest: scene.sender.slowest(),
            counts: lives.counts(),
            owed: scene.sender.owed(),
            surprises: lives.surprises(),
            options: options.clone(),
        })
    }

    async fn roll(&self) -> Result<Vec<Restart>> {
        let mut restarts = Vec::new();
        for _round in 0..self.options.rounds {
            for (tier, seat) in Crew::each(|_| self.options.members).places() {
                let restart = self.restart(tier, seat).await.with_context(|| format!("{tier} {seat}"))?;
                (self.scene.say)(&format!("{restart:?}"));
                restarts.push(restart);
            }
        }
        Ok(restarts)
    }

    async fn restart(&self, tier: Tier, number: usize) -> Result<Restart> {
        let Self { scene, spreader, .. } = self;
        if tier == Tier::Ingest {
            spreader.leave(scene.bed.ingest_port(number)?).await;
        }
        let before = self.progress(tier).await?;
        let mut seat = scene.fleet.seat(tier, number).await?;
        let began = Instant::now();
        let clean = seat.stop().await?;
        let stopped_in = began.elapsed();
        seat.ready().await?;
        let ready_in = began.elapsed().saturating_sub(stopped_in);
        drop(seat);
        if tier == Tier::Ingest {
            spreader.join(scene.bed.ingest_port(number)?);
        }
        let in_flight = in_flight(&before, &self.progress(tier).await?);
        Ok(Restart { tier, number, clean, stopped_in, ready_in, in_flight })
    }

    /// How far a tier's group has come in each partition; nothing for ingest, which has none.
    async fn progress(&self, tier: Tier) -> Result<Vec<GroupLag>> {
        let Bed { settings, admin, .. } = &self.scene.bed;
        let topics = &settings.kafka.topics;
        Ok(match tier {
            Tier::Ingest => Vec::new(),
            Tier::Parser => admin.group_lag(&settings.parser.group, &topics.raw).await?,
            Tier::Indexer => admin.group_lag(&settings.indexer.group, &topics.events).await?,
        })
    }
}

/// The most records that a restart may have had done twice: what was not committed before it, and was there when it was over.
fn in_flight(before: &[GroupLag], after: &[GroupLag]) -> u64 {
    let of = |(before, after): (&GroupLag, &GroupLag)| after.range.end - before.next_offset();
    let records = before.iter().zip(after).map(of).sum::<i64>();
    u64::try_from(records).unwrap_or(0)
}

/// How long something took, to a tenth of a second.
fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use forebay_kafka::admin::OffsetRange;

    use super::*;

    #[test]
    fn in_flight_is_what_was_not_committed_before_and_is_there_after() {
        let at = |committed, end| GroupLag { range: OffsetRange { partition: 0, start: 0, end }, committed };
        assert_eq!(in_flight(&[at(Some(10), 15), at(None, 5)], &[at(Some(18), 20), at(Some(5), 5)]), 15);
        assert_eq!(in_flight(&[], &[]), 0);
    }
}
