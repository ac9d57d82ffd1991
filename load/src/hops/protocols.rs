//! Every protocol to Kafka: 1,000 events a request, chunk or window over 8 connections. Done when ingest has acknowledged
//! everything, which it does only once the brokers have it; for syslog, which has no acknowledgements, when Kafka has it.

use anyhow::{Result, ensure};

use super::{Care, PATIENCE};
use crate::bed::Bed;
use crate::lines::{Lines, Payload};
use crate::machine::quiet;
use crate::measure::{Measured, Watch};
use crate::senders::Sender;

/// Runs the hop.
///
/// # Errors
/// When an event was acknowledged and is not there, or the other way round.
pub async fn run(bed: &mut Bed, sender: Sender, events: u64, care: Care) -> Result<Vec<Measured>> {
    let mut results = Vec::new();
    let lines = Lines::ending_now(Payload::App, events);
    for _ in 0..care.repeat {
        let mut settings = bed.run("protocols").await?;
        let address = sender.listen(&mut settings)?;
        let loads = sender.loads(&lines, events)?;
        quiet(care.patience).await?;
        let watch = Watch::start(&[bed.kafka_pid()?])?;
        let mut tier = bed.start("forebay-ingest", &settings)?;
        tier.ready().await?;
        sender.send(&address, loads).await?;
        let raw = settings.kafka.topics.raw.as_str();
        if !sender.is_acknowledged() {
            bed.wait_for(&[raw], events, &mut tier, PATIENCE).await?;
        }
        let mut measured = watch.stop_one(events, tier.pid())?;
        tier.stop().await?;
        let there = bed.count(raw).await?;
        ensure!(there >= events, "{events} sent, {there} in kafka");
        measured.repeated = there - events;
        results.push(measured);
    }
    Ok(results)
}
